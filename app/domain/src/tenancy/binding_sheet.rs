//! Columns of who lives where: the list 房间入住查询 (S1-5.9 b), and template I-09 人员房间关系 (domain.md §7.9).

use super::binding::BindingRow;
use crate::{
    dictionary::BindingRelation,
    form::date,
    person::{DOCUMENT_MAX, DOCUMENT_MIN},
    sheet::{Cell, Choices, Filter, ImportColumn, ImportSheet, Kind, ListColumn, ListSheet, cell_or_empty},
    value::{Check, Complaint, text_max},
};
use chrono::NaiveDate;
use std::fmt;

/// 房间入住查询.
#[rustfmt::skip] // a table: one line per column
pub const RESIDENT_LIST: ListSheet<BindingRow> = ListSheet {
    key: "resident",
    noun: "入住",
    path: "/tenancy/residents",
    search_hint: "姓名、住房地址",
    columns: &[
        ListColumn { key: "place", header: "房间", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.place, format!("/housing/units/{}", row.unit_id)) },
        ListColumn { key: "estate", header: "小区", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.estate) },
        ListColumn { key: "person", header: "租户", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.person, format!("/persons/{}", row.person_id)) },
        ListColumn { key: "id_number", header: "证件号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.id_number_mask.as_deref().unwrap_or_default()) },
        ListColumn { key: "relation", header: "关系", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.relation) },
        ListColumn { key: "from_on", header: "入住日期", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Date(row.from_on) },
        ListColumn { key: "days", header: "入住天数", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.days) },
        ListColumn { key: "to_on", header: "迁出日期", kind: Kind::Time, sortable: true, essential: false, cell: |row| cell_or_empty(row.to_on, Cell::Date) },
        ListColumn { key: "reason", header: "迁出原因", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.ended_reason.as_deref().unwrap_or_default()) },
        ListColumn { key: "contract_no", header: "合同编号", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.contract_id.zip(row.contract_no.as_ref()), |(id, number)| Cell::link(number, format!("/tenancy/contracts/{id}"))) },
        ListColumn { key: "contract_end", header: "合同到期", kind: Kind::Time, sortable: true, essential: false, cell: |row| cell_or_empty(row.contract_end_on, Cell::Date) },
    ],
    filters: &[
        Filter { key: "state", label: "状态", choices: Choices::Fixed(|| vec![("LIVING", "在住"), ("LEFT", "已迁出")]) },
        Filter { key: "relation", label: "关系", choices: Choices::Of(BindingRelation::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "unit", label: "房源", choices: Choices::Linked },
        Filter { key: "person", label: "人员", choices: Choices::Linked },
    ],
    default_sort: ("from_on", true),
    jumps: false,
};

/// One row of I-09.
#[derive(Clone, Default, PartialEq)]
pub struct BindingImportForm {
    pub estate: String,
    pub building: String,
    pub entrance: String,
    pub room_no: String,
    /// empty: the only room of the home
    pub room: String,
    pub name: String,
    pub id_number: String,
    pub relation: Option<BindingRelation>,
    pub from_on: Option<NaiveDate>,
}

/// Without whom it is about, so that logs never carry a number.
impl fmt::Debug for BindingImportForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BindingImportForm").field("room_no", &self.room_no).finish_non_exhaustive()
    }
}

/// I-09 人员房间关系.
#[rustfmt::skip] // a table: one line per column
pub const BINDING_IMPORT: ImportSheet<BindingImportForm> = ImportSheet {
    key: "binding",
    title: "人员房间关系",
    columns: &[
        ImportColumn { header: "小区名称", required: true, example: "示例小区", note: "须已存在", choices: Vec::new, parse: |text, form| { form.estate = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "楼栋号", required: true, example: "01", note: "须已存在", choices: Vec::new, parse: |text, form| { form.building = text_max(text, 20)?; Ok(()) } },
        ImportColumn { header: "单元号", required: true, example: "03", note: "与房源一致", choices: Vec::new, parse: |text, form| { form.entrance = text_max(text, 10)?; Ok(()) } },
        ImportColumn { header: "房号", required: true, example: "0401", note: "房源须已存在且已入住", choices: Vec::new, parse: |text, form| { form.room_no = text_max(text, 20)?; Ok(()) } },
        ImportColumn { header: "房间名称", required: false, example: "", note: "房源只有一个房间时可不填", choices: Vec::new, parse: |text, form| { form.room = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "姓名", required: true, example: "示例人员", note: "须已登记，且与证件号码一致", choices: Vec::new, parse: |text, form| { form.name = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "证件号码", required: true, example: "990101199001010002", note: "每人只能绑定一个房间", choices: Vec::new, parse: |text, form| { form.id_number = document(text)?; Ok(()) } },
        ImportColumn { header: "关系", required: true, example: "承租人", note: "从下拉值中选择，每个房间一名承租人", choices: BindingRelation::choices, parse: |text, form| { form.relation = Some(BindingRelation::parse(text)?); Ok(()) } },
        ImportColumn { header: "入住日期", required: true, example: "2026-01-01", note: "格式YYYY-MM-DD，不晚于今天", choices: Vec::new, parse: |text, form| { form.from_on = Some(date(text)?); Ok(()) } },
    ],
    check: |_, _| {},
};

/// A document's number, whatever its type: who bears it is looked up.
fn document(text: &str) -> Check<String> {
    let number = text_max(text, DOCUMENT_MAX)?;
    if number.chars().count() < DOCUMENT_MIN {
        return Err(Complaint::about("格式不正确"));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::LabelBook;

    fn row(changes: &[(&str, &str)]) -> Vec<String> {
        BINDING_IMPORT
            .columns
            .iter()
            .map(|column| {
                let changed = changes.iter().find(|(header, _)| *header == column.header);
                changed.map_or(column.example, |(_, text)| text).to_owned()
            })
            .collect()
    }

    #[test]
    fn a_row_is_read_and_its_mistakes_are_named() {
        let form = BINDING_IMPORT.parse(2, &row(&[]), &LabelBook::default()).unwrap();
        assert_eq!((form.room.as_str(), form.relation), ("", Some(BindingRelation::Lessee)));
        assert!(!format!("{form:?}").contains("990101"), "a log carries no number");
        for (header, text, sentence) in [
            ("小区名称", "", "第2行【小区名称】不能为空"),
            ("房号", "123456789012345678901", "【房号】长度不能超过20"),
            ("证件号码", "1234", "【证件号码】格式不正确"),
            ("关系", "房东", "【关系】取值不在字典范围内：房东"),
            ("入住日期", "2026/1/1", "【入住日期】日期格式应为YYYY-MM-DD"),
            ("入住日期", "2026-02-30", "【入住日期】日期格式应为YYYY-MM-DD"),
        ] {
            let errors = BINDING_IMPORT.parse(2, &row(&[(header, text)]), &LabelBook::default()).unwrap_err();
            assert_eq!(errors[0].message, sentence, "{header}");
        }
    }
}
