//! Reading and writing against each other, and against files that nobody should send.

use super::{
    guard::{Limits, Refusal},
    read::{count, read},
    template::{template, template_of},
    write::{failed_rows, list, rows},
};
use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};
use chrono::{DateTime, NaiveDate};
use domain::{
    import::{ImportRow, SheetKey},
    sheet::{Cell, Kind, RowError},
    value::{Area, Money},
};
use std::{
    borrow::Cow,
    io::{Cursor, Write as _},
    ops::ControlFlow,
};

const HEADERS: [&str; 4] = ["*名称", "*面积(㎡)", "日期", "备注"];

fn headers() -> Vec<String> {
    HEADERS.map(str::to_owned).to_vec()
}

/// A zip package.
fn package(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const RELATIONS: &str =
    r#"<Relationships><Relationship Id="r1" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook><sheets><sheet name="1" r:id="s1"/></sheets></workbook>"#;
const BOOK_RELATIONS: &str = r#"<Relationships><Relationship Id="s1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>
    <Relationship Id="s2" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="s3" Type="x/styles" Target="styles.xml"/></Relationships>"#;
const STYLES: &str = r#"<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/></numFmts>
    <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/></cellXfs></styleSheet>"#;

/// A workbook with this sheet data and these shared texts.
fn workbook_with(data: &str, texts: &str) -> Vec<u8> {
    package(&[
        ("_rels/.rels", RELATIONS.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", BOOK_RELATIONS.as_bytes()),
        ("xl/styles.xml", STYLES.as_bytes()),
        ("xl/sharedStrings.xml", format!("<sst>{texts}</sst>").as_bytes()),
        ("xl/worksheets/sheet1.xml", format!("<worksheet><sheetData>{data}</sheetData></worksheet>").as_bytes()),
    ])
}

fn header_row(headers: &[&str]) -> String {
    let cells: String =
        headers.iter().map(|header| format!("<c t=\"inlineStr\"><is><t>{header}</t></is></c>")).collect();
    format!("<row r=\"1\">{cells}</row>")
}

fn workbook(data: &str) -> Vec<u8> {
    workbook_with(&format!("{}{data}", header_row(&HEADERS)), "")
}

/// The rows as `row: cell|cell|cell|cell`.
fn rows_within(content: &[u8], limits: &Limits) -> Result<Vec<String>, Refusal> {
    let mut found = Vec::new();
    let count = read(content, &headers(), limits, |row| {
        found.push(format!("{}: {}", row.row_no, row.cells.join("|")));
        ControlFlow::Continue(())
    })?;
    assert_eq!(count as usize, found.len());
    Ok(found)
}

fn rows_of(content: &[u8]) -> Result<Vec<String>, Refusal> {
    rows_within(content, &Limits::BROWSER)
}

#[test]
fn cells_become_the_text_that_was_typed() {
    let data = r#"<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2"><v>43.100000000000001</v></c><c r="C2" s="1"><v>46082.5</v></c></row>
        <row r="4"><c r="A4" t="str"><f>"a"&amp;"b"</f><v>a&lt;b&gt;</v></c><c r="B4"><f>40+3</f><v>43</v></c><c r="C4" s="2"><v>46082</v></c></row>
        <row r="5"><c r="A5" t="b"><v>1</v></c><c r="B5" t="e"><v>#N/A</v></c><c r="C5" t="d"><v>2026-03-01T08:00:00</v></c><c r="D5"><f>NOW()</f></c></row>
        <row><c t="n"><v>NaN</v></c><c/><c t="inlineStr"><is><r><t>２０２６</t></r><r><t>年</t></r></is><v>7</v></c></row>
        <row r="9"><c r="D9" t="s"><v>1</v></c><c r="E9"><v>1</v></c></row>"#;
    let data = format!("{}{data}", header_row(&HEADERS));
    let content =
        workbook_with(&data, "<si><t>&lt;b&gt;甲&lt;/b&gt;</t></si><si><r><t>乙</t></r><rPh><t>x</t></rPh></si>");
    assert_eq!(
        rows_of(&content).unwrap(),
        [
            "2: <b>甲</b>|43.1|2026-03-01|",
            "4: a<b>|43|2026-03-01|",
            "5: 是||2026-03-01|",
            "6: NaN||２０２６年|",
            "9: |||乙",
        ]
    );
}

#[test]
fn example_and_empty_rows_do_not_count() {
    let cell = |text: &str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let row = |text: &str| format!("<row>{}</row>", cell(text));
    let data = [row("示例甲"), row(" \u{3000}\u{200B}"), "<row/>".to_owned(), row("示例乙"), row("丙")].concat();
    assert_eq!(rows_of(&workbook(&data)).unwrap(), ["5: 示例乙|||", "6: 丙|||"]);
    assert_eq!(rows_of(&workbook(&[row("示例甲"), row("")].concat())), Err(Refusal::Empty));
    assert_eq!(rows_of(&workbook("")), Err(Refusal::Empty));
}

#[test]
fn the_header_must_be_the_templates() {
    let with = |headers: &[&str]| {
        rows_of(&workbook_with(&format!("{}<row><c><v>1</v></c></row>", header_row(headers)), "")).map(drop)
    };
    for right in [
        ["*名称", "*面积(㎡)", "日期", "备注"].as_slice(),
        &[" 名称 ", "面积（㎡）*", "＊日期", "备注", "", " "],
        &["*名称", "*面积(㎡)", "日期", "备注", "失败原因"],
    ] {
        assert_eq!(with(right), Ok(()), "{right:?}");
    }
    for old in [["*名称", "*面积(㎡)", "日期"].as_slice(), &["名称"]] {
        assert_eq!(with(old), Err(Refusal::OldTemplate), "{old:?}");
    }
    for wrong in [
        ["*面积(㎡)", "*名称", "日期", "备注"].as_slice(),
        &["*名称", "*面积(㎡)", "日期", "备注", "其他"],
        &["*名称", "*面积", "日期", "备注"],
        &["*名称", "", "日期", "备注"],
        &["", "*名称", "*面积(㎡)", "日期", "备注"],
        &[],
    ] {
        assert_eq!(with(wrong), Err(Refusal::WrongHeader), "{wrong:?}");
    }
    let second =
        format!("<row r=\"2\">{}</row>", header_row(&HEADERS).replace("<row r=\"1\">", "").replace("</row>", ""));
    assert_eq!(rows_of(&workbook_with(&second, "")), Err(Refusal::WrongHeader));
}

#[test]
fn what_is_no_workbook_is_refused() {
    let png = b"\x89PNG\r\n\x1a\n0000";
    let text_document =
        package(&[("_rels/.rels", RELATIONS.as_bytes()), ("xl/workbook.xml", b"<document><body/></document>")]);
    let binary = package(&[("_rels/.rels", RELATIONS.as_bytes()), ("xl/workbook.xml", b"\x83\x01\xff\xfe")]);
    let photos = package(&[("photo.jpg", b"x")]);
    for wrong in
        [b"".as_slice(), b"a,b,c\n1,2,3\n", b"<html><table>", png, b"%PDF-1.7", &text_document, &binary, &photos]
    {
        assert_eq!(
            rows_of(wrong),
            Err(Refusal::WrongType),
            "{}",
            String::from_utf8_lossy(&wrong[..wrong.len().min(8)])
        );
    }
}

#[test]
fn what_is_broken_or_locked_is_refused() {
    let whole = workbook("<row><c><v>1</v></c></row>");
    assert!(rows_of(&whole).is_ok());
    for length in [4, 30, whole.len() / 2, whole.len() - 1] {
        assert_eq!(rows_of(&whole[..length]), Err(Refusal::Damaged), "{length} bytes");
    }
    let mut flipped = whole.clone();
    let sheet = flipped.windows(6).position(|name| name == b"sheet1").unwrap() + 12;
    flipped[sheet] ^= 0x55;
    assert_eq!(rows_of(&flipped), Err(Refusal::Damaged));
    for data in [
        "<row r=\"3\"/><row r=\"2\"/>",
        "<row><c t=\"s\"><v>99</v></c></row>",
        "<row><c><v>1</v>",
        "<row><c><v>&x;</v></c></row>",
    ] {
        assert_eq!(rows_of(&workbook(data)), Err(Refusal::Damaged), "{data}");
    }
    let mut locked = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    locked.create_stream("/EncryptedPackage").unwrap().write_all(&[7; 5000]).unwrap();
    assert_eq!(rows_of(&locked.into_inner().into_inner()), Err(Refusal::Damaged));
}

#[test]
fn one_row_too_many_is_refused() {
    let data: String = (0..20_000).map(|row| format!("<row><c><v>{row}</v></c></row>")).collect();
    assert_eq!(count(&workbook(&data), &headers(), &Limits::BROWSER), Ok(20_000));
    let more = format!("<row/>{data}<row><c><v>1</v></c></row>");
    assert_eq!(count(&workbook(&more), &headers(), &Limits::BROWSER), Err(Refusal::TooManyRows(20_000)));
    assert_eq!(count(&workbook(&more), &headers(), &Limits::COMMAND), Ok(20_001));
    let limits = Limits { bytes: 100, ..Limits::BROWSER };
    assert_eq!(count(&workbook(&data), &headers(), &limits), Err(Refusal::TooManyBytes(100)));
}

/// With small limits, so that the test is quick; they are the same attacks.
#[test]
fn bombs_are_refused() {
    let limits = Limits { unpacked: 2 << 20, text: 1 << 20, ..Limits::BROWSER };
    let refused = |content: &[u8]| assert_eq!(rows_within(content, &limits), Err(Refusal::TooLarge));
    let spaces = " ".repeat(3 << 20);
    refused(&workbook(&spaces));
    refused(&workbook_with(&header_row(&HEADERS), &spaces));
    refused(&package(&[("_rels/.rels", spaces.as_bytes())]));
    // A part that nobody would open counts by what it says.
    refused(&package(&[("_rels/.rels", RELATIONS.as_bytes()), ("xl/media/photo.png", spaces.as_bytes())]));
    // One text that every cell shows; and more texts than memory should hold.
    let long = format!("<si><t>{}</t></si>", "长".repeat(10_000));
    let cells = "<row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>0</v></c></row>".repeat(20);
    refused(&workbook_with(&format!("{}{cells}", header_row(&HEADERS)), &long));
    refused(&workbook_with(&header_row(&HEADERS), &"<si/>".repeat(300_000)));
    let entries: Vec<String> = (0..10_001).map(|entry| entry.to_string()).collect();
    refused(&package(&entries.iter().map(|name| (name.as_str(), b"".as_slice())).collect::<Vec<_>>()));
}

#[test]
fn a_wide_row_is_cut_off() {
    let row = format!("<row r=\"2\">{}</row>", "<c><v>7</v></c>".repeat(20_000));
    assert_eq!(rows_of(&workbook(&row)).unwrap(), ["2: 7|7|7|7"]);
    let far = "<row r=\"2\"><c r=\"XFD2\"><v>1</v></c><c r=\"B2\"><v>5</v></c></row>";
    assert_eq!(rows_of(&workbook(far)).unwrap(), ["2: |5||"]);
}

#[test]
fn names_and_paths_as_other_programs_write_them() {
    let relations = RELATIONS.replace("xl/workbook.xml", "/XL/WorkBook.xml");
    let book = r#"<?xml version="1.0" encoding="UTF-8"?><x:workbook><x:workbookPr date1904="1"/><x:sheets>
        <x:sheet name="hidden" state="veryHidden" r:id="s0"/><x:sheet name="1" r:id="s1"/></x:sheets></x:workbook>"#;
    let book_relations = r#"<Relationships><Relationship Id="s0" Type="x/worksheet" Target="/xl/worksheets/none.xml"/>
        <Relationship Id="s1" Type="x/worksheet" Target="worksheets\Sheet.xml"/><Relationship Id="s3" Type="x/styles" Target="styles.xml"/></Relationships>"#;
    let data = format!("{}<row><c s=\"1\"><v>44620</v></c></row>", header_row(&HEADERS));
    let sheet = format!("<worksheet><sheetData>{data}</sheetData></worksheet>")
        .replace("</", "</x:")
        .replace("<c", "<x:c")
        .replace("<row", "<x:row");
    let sheet = sheet
        .replace("<is", "<x:is")
        .replace("<t>", "<x:t>")
        .replace("<v>", "<x:v>")
        .replace("<sheetData", "<x:sheetData");
    let content = package(&[
        ("_rels/.rels", relations.as_bytes()),
        ("xl\\workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", book_relations.as_bytes()),
        ("xl/styles.xml", STYLES.as_bytes()),
        ("xl/worksheets/sheet.xml", sheet.as_bytes()),
    ]);
    assert_eq!(rows_of(&content).unwrap(), ["2: 2026-03-01|||"]);
}

/// Every sheet of a file as a general reader sees it.
fn seen(content: &[u8], sheet: usize) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(content)).unwrap();
    book.worksheet_range_at(sheet).unwrap().unwrap().rows().map(<[Data]>::to_vec).collect()
}

#[test]
fn every_template_is_accepted_and_explains_itself() {
    for key in SheetKey::ALL {
        let described = template_of(key);
        let content = template(&described).unwrap();
        assert_eq!(count(&content, &described.headers(), &Limits::BROWSER), Err(Refusal::Empty), "{}", key.code());
        let guide = seen(&content, 1);
        let text = guide.iter().flatten().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        for column in &described.columns {
            assert!(text.contains(column.header), "{} {}", key.code(), column.header);
            assert!(column.choices.iter().all(|choice| text.contains(choice.as_str())), "{}", column.header);
        }
    }
}

#[test]
fn failed_rows_come_back_as_they_were() {
    let described = template_of(SheetKey::Building);
    let mut raw = vec![String::new(); described.columns.len()];
    raw[0] = "=1+1".to_owned();
    raw[12] = "0401".to_owned();
    let errors = vec![RowError::says("户型", "第3行【户型】不能为空"), RowError::says("", "文件内第2行与第3行重复")];
    let content = failed_rows(&described, [ImportRow { row_no: 3, raw: raw.clone(), errors }]).unwrap();
    let mut found = Vec::new();
    read(&content, &described.headers(), &Limits::BROWSER, |row| {
        found.push(row.cells);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(found, [raw]);
    let shown = seen(&content, 0);
    assert_eq!(shown[0].last(), Some(&Data::String("失败原因".to_owned())));
    assert_eq!(shown[1].last(), Some(&Data::String("第3行【户型】不能为空；文件内第2行与第3行重复".to_owned())));
    assert_eq!(shown[1][12], Data::String("0401".to_owned()));
}

#[test]
fn a_list_keeps_its_kinds() {
    let row = vec![
        Cell::Text("=cmd|'/c calc'!A0".to_owned()),
        Cell::Number(12),
        Cell::Money(Money::from_fen(123_456)),
        Cell::Area(Area::from_hundredths(5_705)),
        Cell::Date(NaiveDate::from_ymd_opt(2026, 3, 1).unwrap()),
        Cell::Time(DateTime::from_timestamp(1_772_323_200, 0).unwrap()),
        Cell::badge("VACANT", "闲置房"),
        Cell::Empty,
    ];
    let headers = ["名称", "数", "钱", "面积", "日期", "时间", "状态", "空"];
    let kinds = [Kind::Text, Kind::Number, Kind::Number, Kind::Number, Kind::Time, Kind::Time, Kind::Badge, Kind::Text];
    let content = list("房源/列表", &headers, &kinds, [row, vec![Cell::Text("甲".repeat(40_000))]]).unwrap();
    let shown = seen(&content, 0);
    assert_eq!(shown[1][0], Data::String("=cmd|'/c calc'!A0".to_owned()));
    assert_eq!(shown[1][1..4], [Data::Float(12.0), Data::Float(1234.56), Data::Float(57.05)]);
    let Data::DateTime(date) = shown[1][4] else { panic!("{:?}", shown[1][4]) };
    assert!((date.as_f64() - 46_082.0).abs() < 1e-9);
    // Midnight in Greenwich is eight o'clock in China.
    let Data::DateTime(time) = shown[1][5] else { panic!("{:?}", shown[1][5]) };
    assert!((time.as_f64() - (46_082.0 + 8.0 / 24.0)).abs() < 1e-9);
    assert_eq!(shown[1][6], Data::String("闲置房".to_owned()));
    assert_eq!(shown[2][0].to_string().chars().count(), 32_767);
    assert!(list("", &[], &[], []).is_ok());
}

#[test]
fn plain_rows_are_read_back() {
    let written = [vec!["<甲>&\u{1}_x0041_".into(), Cow::Borrowed("43.10"), "".into(), " 丁".into()]];
    let content = rows("数据", &headers(), written).unwrap();
    assert_eq!(rows_of(&content).unwrap(), ["2: <甲>&\u{1}_x0041_|43.10|| 丁"]);
}
