//! 数据字典 as administrators keep it (E-06, S1-9.4): dictionaries of the program, of which they set labels, order,
//! colour and default, and dictionaries of the city's own.

use crate::{
    dictionary::COLORS,
    failure::FieldErrors,
    form::optional_text,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
    value::{Check, Complaint, required, text_max},
};
use serde::{Deserialize, Serialize};

/// Highest place among the values of a dictionary.
const SORT_MAX: i32 = 99_999;

/// A dictionary in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DictionaryRow {
    pub code: String,
    pub name: String,
    pub items: i64,
    /// the program's own: its codes stay
    pub system: bool,
    /// a dictionary of the city that is not used any more
    pub off: bool,
    /// 0 for one of the program
    pub version: i32,
}

/// One value of a dictionary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DictionaryItem {
    /// the dictionary's code and name, for the list of all values
    pub dictionary: String,
    pub dictionary_name: String,
    pub code: String,
    pub label: String,
    /// the program's label where the city has another
    pub own_label: Option<String>,
    pub sort: i32,
    pub color: Option<String>,
    /// the code of a standard that it corresponds to (CJJ/T 197)
    pub standard_code: Option<String>,
    pub is_default: bool,
    pub off: bool,
    pub system: bool,
    /// 0 as long as nobody has changed it
    pub version: i32,
}

/// A dictionary with its values in the city's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DictionaryPage {
    pub row: DictionaryRow,
    pub items: Vec<DictionaryItem>,
}

/// What is entered for a dictionary of the city.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DictionaryForm {
    pub code: String,
    pub name: String,
    pub off: bool,
}

/// A checked dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DictionaryFields {
    pub code: String,
    pub name: String,
    pub off: bool,
}

impl DictionaryForm {
    /// Checks a dictionary.
    ///
    /// # Errors
    /// Complaints by field.
    pub fn check(&self) -> Result<DictionaryFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let code = errors.take("code", code_check(&self.code));
        let name = errors.take("name", required(&self.name).and_then(|name| text_max(&name, 50)));
        match (code, name) {
            (Some(code), Some(name)) if errors.is_empty() => Ok(DictionaryFields { code, name, off: self.off }),
            _ => Err(errors),
        }
    }
}

/// What is entered for a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemForm {
    pub code: String,
    pub label: String,
    pub sort: String,
    pub color: String,
    pub standard_code: String,
    pub is_default: bool,
    pub off: bool,
}

impl From<&DictionaryItem> for ItemForm {
    fn from(item: &DictionaryItem) -> Self {
        Self {
            code: item.code.clone(),
            label: item.label.clone(),
            sort: item.sort.to_string(),
            color: item.color.clone().unwrap_or_default(),
            standard_code: item.standard_code.clone().unwrap_or_default(),
            is_default: item.is_default,
            off: item.off,
        }
    }
}

/// A checked value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemFields {
    pub code: String,
    pub label: String,
    /// none: behind the others
    pub sort: Option<i32>,
    pub color: Option<String>,
    pub standard_code: Option<String>,
    pub is_default: bool,
    pub off: bool,
}

impl ItemForm {
    /// Checks a value; whether its label is free is the store's to say.
    ///
    /// # Errors
    /// Complaints by field.
    pub fn check(&self) -> Result<ItemFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let code = errors.take("code", code_check(&self.code));
        let label = errors.take("label", required(&self.label).and_then(|label| text_max(&label, 50)));
        let sort = errors.take("sort", sort_check(&self.sort));
        let color = match self.color.as_str() {
            "" => None,
            tone if COLORS.iter().any(|(known, _)| *known == tone) => Some(tone.to_owned()),
            _ => {
                errors.add("color", "请选择列表中的颜色");
                None
            }
        };
        let standard_code = errors.take("standard_code", optional_text(&self.standard_code, 50));
        if self.is_default && self.off {
            errors.add("is_default", "停用的字典项不能作为默认值");
        }
        let (is_default, off) = (self.is_default, self.off);
        match (code, label, sort, standard_code) {
            (Some(code), Some(label), Some(sort), Some(standard_code)) if errors.is_empty() => {
                Ok(ItemFields { code, label, sort, color, standard_code, is_default, off })
            }
            _ => Err(errors),
        }
    }
}

/// A code stands in addresses and files: letters, digits and signs that need no quoting.
fn code_check(code: &str) -> Check<String> {
    let code = code.trim();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    // `new` is the address of the form for the next one.
    if (1..=50).contains(&code.len()) && code.chars().all(plain) && code != "new" {
        Ok(code.to_owned())
    } else {
        Err(Complaint::says("编码须为1至50个字母、数字、点、横线或下划线"))
    }
}

fn sort_check(sort: &str) -> Check<Option<i32>> {
    match sort.trim() {
        "" => Ok(None),
        text => match text.parse() {
            Ok(sort @ 0..=SORT_MAX) => Ok(Some(sort)),
            _ => Err(Complaint::says(format!("排序须为0至{SORT_MAX}的整数"))),
        },
    }
}

fn sources() -> Vec<(&'static str, &'static str)> {
    vec![("SYSTEM", "系统内置"), ("OWN", "自定义")]
}

fn states() -> Vec<(&'static str, &'static str)> {
    vec![("ON", "启用"), ("OFF", "停用")]
}

fn source(system: bool) -> Cell {
    Cell::text(if system { "系统内置" } else { "自定义" })
}

fn state(off: bool) -> Cell {
    if off { Cell::badge("OFF", "停用") } else { Cell::badge("ON", "启用") }
}

/// The address of a dictionary's page.
#[must_use]
pub fn dictionary_href(code: &str) -> String {
    format!("/platform/dictionaries/{code}")
}

/// 数据字典 list (S1-9.4).
#[rustfmt::skip] // a table: one line per column
pub const DICTIONARY_LIST: ListSheet<DictionaryRow> = ListSheet {
    key: "dictionary",
    noun: "数据字典",
    path: "/platform/dictionaries",
    search_hint: "类型名称、编码或其中的字典项",
    columns: &[
        ListColumn { key: "name", header: "类型名称", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.name, dictionary_href(&row.code)) },
        ListColumn { key: "code", header: "类型编码", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::text(&row.code) },
        ListColumn { key: "items", header: "字典项数", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Number(row.items) },
        ListColumn { key: "source", header: "来源", kind: Kind::Text, sortable: false, essential: false, cell: |row| source(row.system) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: false, cell: |row| state(row.off) },
    ],
    filters: &[
        Filter { key: "source", label: "来源", choices: Choices::Fixed(sources) },
        Filter { key: "status", label: "状态", choices: Choices::Fixed(states) },
    ],
    // The program's order: as domain.md numbers them, then the city's own.
    default_sort: ("", false),
    jumps: false,
};

/// Every value of every dictionary: what goes into a file.
#[rustfmt::skip] // a table: one line per column
pub const DICTIONARY_ITEM_LIST: ListSheet<DictionaryItem> = ListSheet {
    key: "dictionary_item",
    noun: "字典项",
    path: "/platform/dictionaries",
    search_hint: "字典项、标签",
    columns: &[
        ListColumn { key: "dictionary", header: "类型编码", kind: Kind::Text, sortable: false, essential: true, cell: |item| Cell::text(&item.dictionary) },
        ListColumn { key: "dictionary_name", header: "类型名称", kind: Kind::Text, sortable: false, essential: true, cell: |item| Cell::text(&item.dictionary_name) },
        ListColumn { key: "code", header: "字典项", kind: Kind::Text, sortable: false, essential: true, cell: |item| Cell::text(&item.code) },
        ListColumn { key: "label", header: "标签", kind: Kind::Text, sortable: false, essential: true, cell: |item| Cell::text(&item.label) },
        ListColumn { key: "own_label", header: "系统标签", kind: Kind::Text, sortable: false, essential: false, cell: |item| Cell::text(item.own_label.as_deref().unwrap_or(if item.system { &item.label } else { "" })) },
        ListColumn { key: "sort", header: "排序", kind: Kind::Number, sortable: false, essential: true, cell: |item| Cell::Number(item.sort.into()) },
        ListColumn { key: "color", header: "颜色", kind: Kind::Text, sortable: false, essential: false, cell: |item| Cell::text(color_label(item.color.as_deref())) },
        ListColumn { key: "standard_code", header: "标准代码", kind: Kind::Text, sortable: false, essential: false, cell: |item| Cell::text(item.standard_code.as_deref().unwrap_or_default()) },
        ListColumn { key: "is_default", header: "默认", kind: Kind::Text, sortable: false, essential: false, cell: |item| Cell::text(if item.is_default { "是" } else { "" }) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |item| state(item.off) },
    ],
    filters: &[],
    default_sort: ("", false),
    jumps: false,
};

/// What a colour looks like, in a word.
#[must_use]
pub fn color_label(color: Option<&str>) -> &'static str {
    COLORS.iter().find(|(tone, _)| Some(*tone) == color).map_or("", |(_, label)| label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_has_a_code_and_a_name() {
        let form = DictionaryForm { code: " complaint_kind ".into(), name: " 投诉类型 ".into(), off: false };
        let fields = form.check().expect("it is right");
        assert_eq!((fields.code.as_str(), fields.name.as_str()), ("complaint_kind", "投诉类型"));
        for code in ["", "a b", "投诉", "a/b", &"x".repeat(51)] {
            let errors = DictionaryForm { code: code.into(), ..form.clone() }.check().unwrap_err();
            assert_eq!(errors.get("code"), Some("编码须为1至50个字母、数字、点、横线或下划线"), "{code}");
        }
        assert!(DictionaryForm { name: "字".repeat(51), ..form }.check().unwrap_err().get("name").is_some());
    }

    #[test]
    fn a_value_keeps_to_what_screens_can_show() {
        let form = ItemForm { code: "NOISE".into(), label: "噪声".into(), ..ItemForm::default() };
        assert_eq!(form.check().expect("it is right").sort, None);
        let complaint = |form: ItemForm, field: &str| form.check().unwrap_err().get(field).unwrap().to_owned();
        assert_eq!(complaint(ItemForm { sort: "-1".into(), ..form.clone() }, "sort"), "排序须为0至99999的整数");
        assert_eq!(complaint(ItemForm { color: "pink".into(), ..form.clone() }, "color"), "请选择列表中的颜色");
        assert_eq!(complaint(ItemForm { label: " ".into(), ..form.clone() }, "label"), "不能为空");
        let both = ItemForm { is_default: true, off: true, ..form };
        assert_eq!(complaint(both, "is_default"), "停用的字典项不能作为默认值");
    }
}
