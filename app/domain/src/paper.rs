//! What stands on a printed paper (domain.md S0-5, E-106, E-128), apart from how it looks: `server/print` lays it out. Texts are
//! shown as they are; nothing in them is markup.

use chrono::{Datelike as _, NaiveDate};
use serde::Serialize;

/// A paper: a contract, a receipt, a notice. Its pages are counted for themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Paper {
    pub title: String,
    /// number of the document and the like, above the text on the left
    pub number: String,
    /// 补打第n次, which copy it is and the like, on the right
    pub mark: String,
    /// across every page (草稿); empty: none
    pub watermark: String,
    /// A5 lying on its side instead of A4
    pub small: bool,
    pub blocks: Vec<Block>,
    /// at the foot of every page: digests
    pub foot: String,
}

/// A piece of a paper, from above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Block {
    /// 条款标题
    Heading { text: String },
    /// a paragraph
    Text { text: String },
    /// pairs of label and value, two beside each other
    Fields { pairs: Vec<(String, String)> },
    /// a table; behind the first `words` columns stand figures
    Table { columns: Vec<String>, words: usize, rows: Vec<Vec<String>> },
    /// places for signatures, each with a day
    Sign { names: Vec<String> },
}

impl Paper {
    /// What the digest of a paper is made of: what it says, whichever copy it is.
    #[must_use]
    pub fn content(&self) -> String {
        let mut content = format!("{}\n{}", self.title, self.number);
        for block in &self.blocks {
            content.push('\n');
            match block {
                Block::Heading { text } | Block::Text { text } => content.push_str(text),
                Block::Fields { pairs } => {
                    for (label, value) in pairs {
                        content.extend([label, "\t", value, "\n"]);
                    }
                }
                Block::Table { columns, rows, .. } => {
                    for row in std::iter::once(columns).chain(rows) {
                        content.extend([&row.join("\t"), "\n"]);
                    }
                }
                Block::Sign { names } => content.push_str(&names.join("\t")),
            }
        }
        content
    }
}

/// A mark that nobody sees: it changes what stands there, or its order, and leaves no trace on paper.
#[must_use]
pub const fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{e0100}'..='\u{e01ef}'
    )
}

/// A day as documents write it: `2026年12月1日`.
#[must_use]
pub fn day_text(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

/// A month as documents write it: `2026年12月`.
#[must_use]
pub fn month_text(month: NaiveDate) -> String {
    format!("{}年{}月", month.year(), month.month())
}
