//! Papers as people would read them: the text is taken out of the finished file (pdftotext of poppler-utils).

use domain::paper::{Block, Paper};
use print::{DATA_MAX, Fonts, PrintError, pdf};
use std::{io::Write as _, path::Path, process::Command};

/// The text of a file, page by page.
fn pages(content: &[u8]) -> Vec<String> {
    let path = std::env::temp_dir().join(format!("print-{}-{:?}.pdf", std::process::id(), std::thread::current().id()));
    std::fs::File::create(&path).and_then(|mut file| file.write_all(content)).expect("a file");
    let output =
        Command::new("pdftotext").arg("-layout").arg(&path).arg("-").output().expect("pdftotext (poppler-utils)");
    std::fs::remove_file(&path).expect("the file goes");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.trim_end_matches('\u{c}').split('\u{c}').map(|page| page.replace(char::is_whitespace, "")).collect()
}

fn printed(papers: &[Paper]) -> Vec<String> {
    let made = pdf(&Fonts::find(None), papers).expect("a file");
    assert!(made.content.starts_with(b"%PDF-"));
    let pages = pages(&made.content);
    assert_eq!(pages.len(), made.pages);
    pages
}

fn text(text: &str) -> Block {
    Block::Text { text: text.into() }
}

fn paper(blocks: Vec<Block>) -> Paper {
    Paper { title: "租赁合同".into(), number: "合同编号：HT1".into(), blocks, ..Paper::default() }
}

#[test]
fn what_is_said_stands_there() {
    let table = Block::Table {
        columns: vec!["费项".into(), "金额(元)".into()],
        words: 1,
        rows: vec![vec!["租金".into(), "111.80".into()]],
    };
    let fields =
        Block::Fields { pairs: vec![("缴款人".into(), "某甲".into()), ("方式".into(), "现金".into())] };
    let blocks = vec![
        Block::Heading { text: "第一条 当事人".into() },
        text("月租金为人民币壹佰壹拾壹元捌角整。"),
        fields,
        table,
        Block::Sign { names: vec!["甲方：".into(), "乙方：".into()] },
    ];
    let paper = Paper { mark: "补打第2次".into(), foot: "文本摘要(SHA-256)：abc123".into(), ..paper(blocks) };
    let [page] = printed(&[paper]).try_into().expect("one page");
    for said in [
        "租赁合同",
        "HT1",
        "补打第2次",
        "第一条当事人",
        "壹佰壹拾壹元捌角整",
        "缴款人：某甲",
        "方式：现金",
        "费项",
        "111.80",
        "甲方：",
        "年月日",
        "abc123",
        "第1页共1页",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains(['草', '稿']));
}

#[test]
fn names_are_never_markup() {
    let names = [
        "#panic(\"x\")",
        "*粗*",
        "[方]",
        "_斜_",
        "$x^2$",
        "`代码`",
        "\\n",
        "<标签>",
        "@引用",
        "= 题",
        "- 项",
        "https://example.org",
        "//注",
        "\"引\"",
        "#import \"papers.json\"",
        "{\"kind\":\"sign\"}",
    ];
    let mut blocks: Vec<Block> = names.iter().map(|name| text(name)).collect();
    blocks.push(Block::Fields { pairs: names.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect() });
    blocks.push(Block::Table {
        columns: vec!["#a".into()],
        words: 1,
        rows: names.iter().map(|name| vec![(*name).into()]).collect(),
    });
    let paper = Paper { title: "#t *t*".into(), mark: "#m".into(), foot: "#f [f]".into(), ..paper(blocks) };
    let all = printed(&[paper]).concat();
    for name in names {
        // Quotes may turn into typographic ones, nothing else.
        let plain = |text: &str| text.replace(char::is_whitespace, "").replace(['"', '“', '”'], "");
        assert!(plain(&all).matches(&plain(name)).count() >= 3, "{name}: {all}");
    }
    assert!(all.contains("#t*t*") && all.contains("#f[f]"));
}

#[test]
fn a_draft_says_so_on_every_page() {
    let long: Vec<Block> = (0..120).map(|nth| text(&format!("第{nth}段。条款条款条款。"))).collect();
    let draft = Paper { watermark: "草稿".into(), ..paper(long.clone()) };
    let pages = printed(&[draft]);
    assert!(pages.len() > 2, "{}", pages.len());
    // It stands at an angle, so each of its characters is on a line of its own.
    assert!(pages.iter().all(|page| page.contains('草') && page.contains('稿')), "{pages:?}");
    assert!(!printed(&[paper(long)]).concat().contains(['草', '稿']));
}

#[test]
fn every_paper_counts_its_own_pages() {
    let long = || paper((0..60).map(|nth| text(&format!("第{nth}段。"))).collect());
    let small = Paper { small: true, ..paper(vec![text("收据")]) };
    let pages = printed(&[long(), small, long()]);
    let last = pages.len() - 1;
    assert_eq!(pages.len() % 2, 1, "two of the same, and one page");
    let each = last / 2;
    assert!(pages[0].contains(&format!("第1页共{each}页")), "{}", pages[0]);
    assert!(pages[each].contains("第1页共1页") && pages[each].contains("收据"));
    assert!(pages[each + 1].contains(&format!("第1页共{each}页")));
    assert!(pages[last].contains(&format!("第{each}页共{each}页")));
}

#[test]
fn the_same_paper_is_the_same_text() {
    let paper = paper(vec![text("条款")]);
    let fonts = Fonts::find(None);
    let first = pdf(&fonts, std::slice::from_ref(&paper)).expect("a file");
    let second = pdf(&fonts, std::slice::from_ref(&paper)).expect("a file");
    assert_eq!(first.content, second.content);
    assert!(first.content.len() < 200_000, "only the characters that stand there: {}", first.content.len());
}

#[test]
fn without_a_font_one_line_says_so() {
    let missing = Fonts::find(Some(Path::new("/nowhere")));
    assert_eq!(missing.files(), Err("no Chinese font in /nowhere"));
    let refused = pdf(&missing, &[paper(vec![text("条款")])]);
    assert!(matches!(refused, Err(PrintError::Font(line)) if line.contains("/nowhere")));
    // A font of other letters is none.
    let latin = Fonts::find(Some(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))));
    assert!(matches!(pdf(&latin, &[]), Err(PrintError::Font(_))));
}

#[test]
fn too_much_is_refused_unread() {
    let huge = paper(vec![text(&"长".repeat(DATA_MAX / 3))]);
    assert!(matches!(pdf(&Fonts::find(None), &[huge]), Err(PrintError::TooLarge)));
}

#[test]
fn a_character_that_the_font_lacks_is_named() {
    let rare = paper(vec![text("承租人\u{e000}")]);
    assert!(matches!(pdf(&Fonts::find(None), &[rare]), Err(PrintError::Missing('\u{e000}'))));
    assert!(pdf(&Fonts::find(None), &[paper(vec![text("承\u{feff}租\t人")])]).is_ok());
}
