//! How a text becomes terms, when it is indexed and when it is asked for: words cut by a dictionary, single
//! characters, numbers in one spelling, initials of the pinyin.

use domain::value::normalize;
use jieba_rs::Jieba;
use pinyin::ToPinyin as _;
use std::{collections::BTreeSet, sync::LazyLock};

/// The dictionary; read when the first text is cut, because not every process searches.
static JIEBA: LazyLock<Jieba> = LazyLock::new(|| {
    let mut jieba = Jieba::new();
    // What estates are called after, and no newspaper the dictionary was made of.
    for word in ["花苑", "家园", "佳苑", "雅苑", "新苑", "馨苑", "嘉园", "名苑", "佳园", "丽苑", "安居", "新村"]
    {
        jieba.add_word(word, None, None);
    }
    jieba
});

/// What a term must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub text: String,
    /// the whole term, not its beginning: 1号楼 is not 1号楼's neighbour 10号楼
    pub whole: bool,
}

impl Token {
    /// The terms from here …
    pub fn low(&self) -> String {
        self.text.clone()
    }

    /// … to before here are meant: a range, which an index serves also behind row-level security.
    pub fn high(&self) -> String {
        format!("{}{}", self.text, if self.whole { '\u{1}' } else { '\u{10FFFF}' })
    }
}

/// The words of a text in lower case. A number begins a word of its own: 阳光苑1号楼2单元 has three.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous = ' ';
    for character in normalize(text).to_lowercase().chars() {
        let inside = character.is_alphanumeric() || matches!(character, '-' | '_' | '.');
        let starts = character.is_ascii_alphanumeric() && !previous.is_ascii() && previous.is_alphanumeric();
        if !inside || starts {
            words.push(String::new());
        }
        if inside {
            words.last_mut().expect("there is one").push(character);
        }
        previous = character;
    }
    words.retain(|word| word.chars().any(char::is_alphanumeric));
    words
}

/// Whether a word is a number with what it counts: 1号楼, 0301室, 2单元.
pub(super) fn is_numeric(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_digit())
}

/// A numeric word in one spelling: 1栋, 1幢 and 1座 are 1号楼.
fn one_spelling(word: &str) -> String {
    let digits = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    match &word[digits.len()..] {
        "栋" | "幢" | "座" | "楼" | "号栋" | "号楼" => format!("{digits}号楼"),
        _ => word.to_owned(),
    }
}

fn is_han(word: &str) -> bool {
    !word.is_ascii()
}

/// Initials of the pinyin; letters and digits stay as they are.
fn initials(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c.to_pinyin() {
            Some(pinyin) => pinyin.plain().chars().next(),
            None => c.is_ascii_alphanumeric().then_some(c),
        })
        .collect()
}

/// The terms of a name or an address of the stock.
pub(super) fn stock_terms(text: &str, terms: &mut BTreeSet<String>) {
    for word in words(text) {
        if !is_han(&word) || is_numeric(&word) {
            terms.insert(one_spelling(&word));
            continue;
        }
        terms.extend(word.chars().map(String::from));
        let mut rest = word.as_str();
        for token in JIEBA.cut(&word, false) {
            // 苑 of 银龄花苑 is no way to call it, 花苑 is.
            terms.insert(initials(rest));
            rest = &rest[token.word.len()..];
        }
        terms.extend(JIEBA.cut_for_search(&word, false).into_iter().map(|token| token.word.to_owned()));
        let whole: String = word.as_str().to_pinyin().flatten().map(|pinyin| pinyin.plain()).collect();
        terms.extend([whole, word].into_iter().filter(|term| !term.is_empty()));
    }
    terms.retain(|term| !term.is_empty());
}

/// A building is called by its number.
pub(super) fn building_terms(no: &str, terms: &mut BTreeSet<String>) {
    for word in words(no) {
        let number = word.trim_start_matches('0');
        for word in [word.as_str(), number] {
            if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !word.is_empty() {
                terms.insert(format!("{word}号楼"));
            } else if !word.is_empty() {
                terms.insert(one_spelling(word));
            }
        }
    }
}

/// The terms of a person's name: from every character on, as people are called by the given name too, and the initials.
pub(super) fn name_terms(name: &str) -> BTreeSet<String> {
    let name: String = normalize(name).to_lowercase().split_whitespace().collect();
    let mut terms: BTreeSet<String> = name.char_indices().take(8).map(|(place, _)| name[place..].to_owned()).collect();
    terms.insert(initials(&name));
    terms.retain(|term| !term.is_empty());
    terms
}

/// What of the stock a word asks for: several tokens where the dictionary knows several words in it.
pub(super) fn tokens(word: &str, single: bool) -> Vec<Token> {
    if is_numeric(word) {
        return vec![Token { text: one_spelling(word), whole: true }];
    }
    if !is_han(word) {
        return vec![Token { text: word.to_owned(), whole: false }];
    }
    if single {
        return word.chars().map(|c| Token { text: c.to_string(), whole: false }).collect();
    }
    JIEBA.cut(word, false).into_iter().map(|token| Token { text: token.word.to_owned(), whole: false }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> BTreeSet<String> {
        let mut terms = BTreeSet::new();
        stock_terms(text, &mut terms);
        terms
    }

    #[test]
    fn an_address_is_cut_where_people_cut_it() {
        assert_eq!(words("阳光苑1号楼2单元 0301室"), ["阳光苑", "1号楼", "2单元", "0301室"]);
        assert_eq!(words("Ａ座，XQ000001-001"), ["a座", "xq000001-001"]);
        assert!(words(" ，。 - ").is_empty());
    }

    #[test]
    fn whatever_is_asked_for_is_among_the_terms() {
        let of = terms("银龄花苑二期");
        for term in ["银龄花苑二期", "花苑", "银", "ylhyeq", "yinlinghuayuanerqi"] {
            assert!(of.contains(term), "{term} in {of:?}");
        }
        for (text, query) in
            [("银龄花苑", "银龄花苑"), ("光明路1号", "光明路1号"), ("翠湖小区", "小区"), ("阳光苑", "阳光")]
        {
            let of = terms(text);
            for token in words(query).iter().flat_map(|word| tokens(word, false)) {
                let found = of.iter().any(|term| *term >= token.low() && *term < token.high());
                assert!(found, "{query} ({token:?}) finds {text}: {of:?}");
            }
        }
    }

    #[test]
    fn a_number_is_met_exactly_and_in_every_spelling() {
        let mut of = BTreeSet::new();
        building_terms("01", &mut of);
        for query in ["1栋", "1号楼", "01号楼", "1幢"] {
            let token = tokens(query, false).remove(0);
            assert!(of.iter().any(|term| *term >= token.low() && *term < token.high()), "{query}: {of:?}");
        }
        let token = tokens("1号楼", false).remove(0);
        let (low, high) = (token.low(), token.high());
        assert!(!(low.as_str()..high.as_str()).contains(&"10号楼"));
        assert!(name_terms("欧阳 小明").is_superset(&["欧阳小明", "小明", "明", "oyxm"].map(String::from).into()));
    }
}
