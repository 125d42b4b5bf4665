//! The label book: what the city calls dictionary values where it differs from the program (S1-9.4, E-06).
//!
//! It holds nothing but differences, so it is empty in most cities and small in the others. The server reads it with
//! the settings and sends it with every page; whatever turns a value into text asks it.

use super::{Dictionary, Item, find, position, unknown};
use crate::value::{Check, text::normalize};
use serde::{Deserialize, Serialize};

/// Colours that an administrator may give a value: the tones of the style sheet, and what they look like.
pub const COLORS: [(&str, &str); 10] = [
    ("vacant", "绿"),
    ("signed", "蓝"),
    ("occupied", "深蓝"),
    ("reserved", "橙"),
    ("assigned", "黄"),
    ("repair", "棕"),
    ("frozen", "紫"),
    ("sold", "粉灰"),
    ("prep", "浅灰"),
    ("offshelf", "黑"),
];

/// A value of the program as the city wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amended {
    pub dictionary: String,
    pub code: String,
    /// none: the program's
    pub label: Option<String>,
    /// a tone of [`COLORS`]; none: the program's
    pub color: Option<String>,
    /// its place among the others; none: the program's
    pub sort: Option<i32>,
    /// whether a new record begins with it
    pub is_default: bool,
    /// not offered any more, though shown where it stands
    pub off: bool,
}

/// Everything that the city has set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LabelBook(Vec<Amended>);

impl From<Vec<Amended>> for LabelBook {
    fn from(amended: Vec<Amended>) -> Self {
        Self(amended)
    }
}

/// One option of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub code: String,
    pub label: String,
    /// shown where it stands, not offered
    pub off: bool,
}

impl LabelBook {
    fn of(&self, dictionary: &str, code: &str) -> Option<&Amended> {
        // Without a dictionary there is nothing to amend, and most cities amend nothing.
        self.0.iter().find(|amended| amended.code == code && amended.dictionary == dictionary)
    }

    /// What the city calls a value.
    #[must_use]
    pub fn label(&self, item: impl Into<Item>) -> String {
        let item = item.into();
        self.label_of(item.dictionary_id(), item.code, item.label).to_owned()
    }

    /// What the city calls a value that the program calls `own`.
    #[must_use]
    pub fn label_of<'a>(&'a self, dictionary: &str, code: &str, own: &'a str) -> &'a str {
        self.of(dictionary, code).and_then(|amended| amended.label.as_deref()).unwrap_or(own)
    }

    /// The colour that the city gave a value.
    #[must_use]
    pub fn color_of(&self, dictionary: &str, code: &str) -> Option<&str> {
        self.of(dictionary, code)?.color.as_deref()
    }

    /// Values in the city's order, under its labels, the disabled ones marked.
    #[must_use]
    pub fn offers(&self, items: Vec<Item>) -> Vec<Offer> {
        let mut placed: Vec<(i32, Offer)> = (0..)
            .zip(items)
            .map(|(place, item)| {
                let amended = self.of(item.dictionary_id(), item.code);
                let sort = amended.and_then(|amended| amended.sort).unwrap_or(place * 10 + 10);
                let off = amended.is_some_and(|amended| amended.off);
                (sort, Offer { code: item.code.to_owned(), label: self.label(item), off })
            })
            .collect();
        placed.sort_by_key(|(sort, _)| *sort);
        placed.into_iter().map(|(_, offer)| offer).collect()
    }

    /// The value with which a new record begins, if the city has chosen one of these.
    #[must_use]
    pub fn default_of(&self, items: &[Item]) -> Option<&'static str> {
        let chosen = |item: &&Item| {
            self.of(item.dictionary_id(), item.code).is_some_and(|amended| amended.is_default && !amended.off)
        };
        items.iter().find(chosen).map(|item| item.code)
    }

    /// The code of what stands in a file, when the city has anything to say about these values: a file may use its
    /// labels as well as the program's.
    ///
    /// # Errors
    /// `取值不在字典范围内：{值}` for a value that is disabled.
    pub fn read(&self, items: &[Item], text: &str) -> Check<Option<&'static str>> {
        let Some(dictionary) = items.first().and_then(|item| item.dictionary).filter(|own| self.amends(own)) else {
            return Ok(None);
        };
        let wanted = normalize(text).replace('（', "(").replace('）', ")");
        let named = items.iter().find(|item| self.label(**item).eq_ignore_ascii_case(&wanted)).map(|item| item.code);
        // A label that the city gave to another value is not this one's any more.
        let own = || find(dictionary.entries, text).ok().map(|place| dictionary.entries[place].code);
        let code = named.or_else(own);
        match code.and_then(|code| self.of(dictionary.id, code)) {
            Some(amended) if amended.off => Err(unknown(text)),
            _ => Ok(code),
        }
    }

    fn amends(&self, dictionary: &Dictionary) -> bool {
        self.0.iter().any(|amended| amended.dictionary == dictionary.id)
    }

    /// Whether the city has changed nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Refuses a label by which a file would mean two values: it must neither be the label of another value nor read as
/// one.
///
/// # Errors
/// The sentence that names the other value.
pub fn label_check(book: &LabelBook, dictionary: &'static Dictionary, code: &str, label: &str) -> Check<()> {
    let others = dictionary.items().into_iter().filter(|item| item.code != code);
    let read = find(dictionary.entries, label).ok();
    let own = position(dictionary.entries, code);
    for other in others {
        let same = book.label(other).eq_ignore_ascii_case(label);
        // Its program's label is free once the city calls it something else.
        let meant = read != own && read == position(dictionary.entries, other.code) && book.label(other) == other.label;
        if same || meant {
            return Err(crate::value::Complaint::says(format!("标签与字典项【{}】重复", book.label(other))));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::{AreaBasis, LayoutType, UnitStatus};

    fn book() -> LabelBook {
        let amended = |code: &str, label: Option<&str>| Amended {
            dictionary: "D-04".into(),
            code: code.into(),
            label: label.map(ToOwned::to_owned),
            ..Amended::default()
        };
        vec![
            amended("STUDIO", Some("开间")),
            Amended { sort: Some(5), is_default: true, color: Some("vacant".into()), ..amended("THREE", None) },
            Amended { off: true, ..amended("DORM", Some("集体宿舍")) },
        ]
        .into()
    }

    #[test]
    fn what_the_city_calls_a_value_is_shown() {
        let book = book();
        assert_eq!(book.label(LayoutType::Studio), "开间");
        assert_eq!(
            (book.label(LayoutType::One), book.label(LayoutType::Dormitory)),
            ("一居室".into(), "集体宿舍".into())
        );
        // A code of the same spelling in another dictionary is another value.
        assert_eq!(book.label_of("D-05", "STUDIO", "x"), "x");
        assert_eq!((book.color_of("D-04", "THREE"), book.color_of("D-04", "ONE")), (Some("vacant"), None));
        assert_eq!(book.label(("DORM", "自由")), "自由");
    }

    #[test]
    fn forms_offer_in_the_citys_order_and_mark_what_is_disabled() {
        let offers = book().offers(LayoutType::choices());
        let codes: Vec<_> = offers.iter().map(|offer| (offer.code.as_str(), offer.off)).collect();
        assert_eq!(codes, [("THREE", false), ("STUDIO", false), ("ONE", false), ("TWO", false), ("DORM", true)]);
        assert_eq!(book().default_of(&LayoutType::choices()), Some("THREE"));
        assert_eq!(book().default_of(&UnitStatus::choices()), None);
    }

    #[test]
    fn a_file_may_use_both_labels_and_no_disabled_value() {
        let (book, items) = (book(), LayoutType::choices());
        for text in ["开间", "单间", "studio", " 开间 "] {
            assert_eq!(book.read(&items, text), Ok(Some("STUDIO")), "{text}");
        }
        assert_eq!(book.read(&items, "两居室"), Ok(Some("TWO")));
        assert_eq!(book.read(&items, "别墅"), Ok(None), "the dictionary itself complains");
        for text in ["集体宿舍", "宿舍型", "DORM"] {
            assert_eq!(book.read(&items, text).unwrap_err().text(), format!("取值不在字典范围内：{text}"));
        }
        // Nothing was said about these: they are read as ever.
        assert_eq!(book.read(&AreaBasis::choices(), "使用面积"), Ok(None));
        assert_eq!(book.read(&[], "x"), Ok(None));
    }

    #[test]
    fn exchanged_labels_mean_what_the_city_means() {
        let amended = |code: &str, label: &str| Amended {
            dictionary: "D-04".into(),
            code: code.into(),
            label: Some(label.into()),
            ..Amended::default()
        };
        let book = LabelBook::from(vec![amended("ONE", "两居室"), amended("TWO", "一居室")]);
        assert_eq!(book.read(&LayoutType::choices(), "一居室"), Ok(Some("TWO")));
        assert_eq!(book.read(&LayoutType::choices(), "两居室"), Ok(Some("ONE")));
    }

    #[test]
    fn no_label_means_two_values() {
        let empty = LabelBook::default();
        let refused = |book: &LabelBook, code, label| {
            label_check(book, LayoutType::LIST, code, label).map_err(|complaint| complaint.text().to_owned())
        };
        assert_eq!(refused(&empty, "ONE", "两居室"), Err("标签与字典项【两居室】重复".into()));
        // 空置 reads as 闲置房(空置).
        assert!(label_check(&empty, UnitStatus::LIST, "PREP", "空置").is_err());
        assert_eq!(refused(&empty, "ONE", "一居室"), Ok(()));
        assert_eq!(refused(&book(), "ONE", "开间"), Err("标签与字典项【开间】重复".into()));
        assert_eq!(refused(&book(), "ONE", "单间"), Ok(()), "free since the city calls it otherwise");
    }
}
