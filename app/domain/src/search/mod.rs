//! One search over stock, persons and contracts (S0-1a): what is found, and which texts never go into an address.

use crate::{person::PersonRow, value::normalize};
use serde::{Deserialize, Serialize};

/// Most characters of a query.
pub const QUERY_MAX: usize = 100;
/// Hits of each kind that are shown beside each other.
pub const HITS_SHOWN: usize = 10;
/// Hits that are shown of one kind alone; beyond that a longer query is the better way.
pub const HITS_LISTED: usize = 100;

/// What can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HitKind {
    Person,
    Estate,
    Building,
    Unit,
    Project,
    Contract,
}

impl HitKind {
    pub const ALL: [Self; 6] = [Self::Person, Self::Estate, Self::Building, Self::Unit, Self::Project, Self::Contract];

    /// As an address names it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Estate => "estate",
            Self::Building => "building",
            Self::Unit => "unit",
            Self::Project => "project",
            Self::Contract => "contract",
        }
    }

    /// The kind that an address names.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Person => "人员",
            Self::Estate => "小区",
            Self::Building => "楼栋",
            Self::Unit => "房源",
            Self::Project => "项目",
            Self::Contract => "合同",
        }
    }

    /// Where its records live.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Person => "/persons",
            Self::Estate => "/housing/estates",
            Self::Building => "/housing/buildings",
            Self::Unit => "/housing/units",
            Self::Project => "/housing/projects",
            Self::Contract => "/tenancy/contracts",
        }
    }
}

/// One thing that was found: what it is called, its key data and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    pub id: i64,
    pub title: String,
    pub detail: String,
    pub status: String,
}

/// What was found of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HitGroup {
    pub kind: HitKind,
    /// at most [`HITS_SHOWN`], and of one kind alone [`HITS_LISTED`]
    pub hits: Vec<Hit>,
    pub more: bool,
}

/// What a search answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Found {
    /// nothing was asked for
    Nothing,
    Things(Vec<HitGroup>),
    /// who bears a number
    Bearers(Vec<PersonRow>),
}

/// The number of a document, a telephone or an account that a query seems to hold. Such a number is never searched for
/// by address, which browsers remember and proxies write down, but by the search that is counted and logged.
///
/// Nothing of the stock looks like it: codes of projects, estates and units begin with two letters and six digits, room
/// numbers are short, numbers of certificates have 26 characters and more.
#[must_use]
pub fn personal_number(query: &str) -> Option<String> {
    let query = normalize(query);
    let joined: String = query.chars().filter(|c| !c.is_whitespace()).collect();
    let words = std::iter::once(joined.as_str()).chain(query.split_whitespace());
    words.map(str::to_uppercase).find(|word| is_number(word)).map(|word| word.replace('-', ""))
}

fn is_number(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    let hyphens = word.bytes().filter(|byte| *byte == b'-').count();
    if digits + letters + hyphens != word.len() {
        // Officers' cards: 军字第1234567号.
        return word.contains("字第") && digits >= 5;
    }
    let starts = word.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len() == digits + hyphens;
    match letters {
        0 => (7..=25).contains(&digits),
        // The check character of a citizen's number; the letter of a passport or a permit.
        1 => (7..=25).contains(&digits) && (word.ends_with('X') || starts),
        // A passport. Codes of units have two letters too, and hyphens.
        2 => digits == 7 && hyphens == 0 && starts,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_named_in_addresses() {
        for kind in HitKind::ALL {
            assert_eq!(HitKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!(HitKind::from_code("castle"), None);
        assert_eq!(personal_number("HT2026000001"), None, "a contract's number is no person's");
    }

    #[test]
    fn numbers_of_persons_are_known_and_those_of_the_stock_are_not() {
        for (query, number) in [
            ("13800001234", "13800001234"),
            ("138 0000 1234", "13800001234"),
            ("１３８００００１２３４", "13800001234"),
            ("0755-12345678", "075512345678"),
            ("81010119900307005x", "81010119900307005X"),
            ("810101 19900307 005X", "81010119900307005X"),
            ("6217 0000 1000 0000 011", "6217000010000000011"),
            ("王小明 13800001234", "13800001234"),
            ("E12345678", "E12345678"),
            ("EA1234567", "EA1234567"),
            ("110105491231002", "110105491231002"),
            ("军字第1234567号", "军字第1234567号"),
        ] {
            assert_eq!(personal_number(query).as_deref(), Some(number), "{query}");
        }
        for query in [
            "",
            "阳光苑",
            "ylhy",
            "XQ000001",
            "XQ000001-001-0001",
            "XM000012",
            "0301",
            "阳光苑1号楼2单元301室",
            "1-2-301",
            "1234567890123456789012345678",
        ] {
            assert_eq!(personal_number(query), None, "{query}");
        }
    }
}
