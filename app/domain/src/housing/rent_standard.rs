//! 租金标准 (E-17), minimal: the published rate that contract rents must follow.

use crate::{
    dictionary::{ApplicantCategory, AreaBasis, UseStatus},
    form::date,
    id::RentStandardId,
    sheet::{Cell, Choices, Filter, ImportColumn, ImportSheet, Kind, ListColumn, ListSheet, cell_or_empty},
    value::{Rate, text_max},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RentStandardRow {
    pub id: RentStandardId,
    pub code: String,
    pub name: String,
    /// none: the whole city
    pub district: Option<String>,
    pub category: Option<ApplicantCategory>,
    pub unit_rate: Rate,
    pub basis: AreaBasis,
    pub doc_no: String,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
    pub status: UseStatus,
}

/// A rent standard with all its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RentStandard {
    pub row: RentStandardRow,
    /// what the market takes for the same
    pub market_rate: Option<Rate>,
    /// the part of the market's rate that the standard is, with four decimals
    pub ratio: Option<Rate>,
    pub updated_at: DateTime<Utc>,
    /// a request about it waits
    pub pending: bool,
}

/// One row of the rent-standard import.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RentStandardForm {
    pub code: String,
    pub name: String,
    pub district: String,
    pub category: Option<ApplicantCategory>,
    pub unit_rate: Option<Rate>,
    pub basis: Option<AreaBasis>,
    pub doc_no: String,
    pub valid_from: Option<NaiveDate>,
    pub valid_to: Option<NaiveDate>,
}

/// 租金标准 list.
#[rustfmt::skip] // a table: one line per column
pub const RENT_STANDARD_LIST: ListSheet<RentStandardRow> = ListSheet {
    key: "rent_standard",
    noun: "租金标准",
    path: "/housing/rent-standards",
    search_hint: "编码、名称、批准文号",
    columns: &[
        ListColumn { key: "code", header: "标准编码", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.code, format!("/housing/rent-standards/{}", row.id)) },
        ListColumn { key: "name", header: "标准名称", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::text(&row.name) },
        ListColumn { key: "district", header: "适用区县", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.district.as_deref().unwrap_or("全市")) },
        ListColumn { key: "category", header: "保障类别", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.category.map_or("不限", ApplicantCategory::label)) },
        ListColumn { key: "unit_rate", header: "元/㎡·月", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Text(row.unit_rate.to_string()) },
        ListColumn { key: "basis", header: "计租面积", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.basis) },
        ListColumn { key: "doc_no", header: "批准文号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.doc_no) },
        ListColumn { key: "valid_from", header: "生效日期", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Date(row.valid_from) },
        ListColumn { key: "valid_to", header: "失效日期", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.valid_to, Cell::Date) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: false, cell: |row| Cell::status(row.status) },
    ],
    filters: &[
        Filter { key: "district", label: "适用区县", choices: Choices::Districts },
        Filter { key: "ending", label: "即将失效", choices: Choices::Linked },
    ],
    default_sort: ("code", false),
    jumps: false,
};

/// Rent-standard template.
#[rustfmt::skip] // a table: one line per column
pub const RENT_STANDARD_IMPORT: ImportSheet<RentStandardForm> = ImportSheet {
    key: "rent_standard",
    title: "租金标准",
    columns: &[
        ImportColumn { header: "标准编码", required: true, example: "示例-01", note: "最长30字，全市唯一", choices: Vec::new, parse: |text, form| { form.code = text_max(text, 30)?; Ok(()) } },
        ImportColumn { header: "标准名称", required: true, example: "示例租金标准", note: "最长100字", choices: Vec::new, parse: |text, form| { form.name = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "适用区县", required: false, example: "", note: "名称或编码；为空表示全市", choices: Vec::new, parse: |text, form| { form.district = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "保障类别", required: false, example: "", note: "为空表示不限", choices: ApplicantCategory::choices, parse: |text, form| { form.category = Some(ApplicantCategory::parse(text)?); Ok(()) } },
        ImportColumn { header: "单价(元/㎡·月)", required: true, example: "2.60", note: "大于0，最多4位小数", choices: Vec::new, parse: |text, form| { form.unit_rate = Some(Rate::parse(text)?); Ok(()) } },
        ImportColumn { header: "计租面积", required: true, example: "使用面积", note: "从下拉值中选择", choices: AreaBasis::choices, parse: |text, form| { form.basis = Some(AreaBasis::parse(text)?); Ok(()) } },
        ImportColumn { header: "批准文号", required: true, example: "示例发〔2026〕1号", note: "最长50字", choices: Vec::new, parse: |text, form| { form.doc_no = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "生效日期", required: true, example: "2026-01-01", note: "YYYY-MM-DD", choices: Vec::new, parse: |text, form| { form.valid_from = Some(date(text)?); Ok(()) } },
        ImportColumn { header: "失效日期", required: false, example: "", note: "YYYY-MM-DD", choices: Vec::new, parse: |text, form| { form.valid_to = Some(date(text)?); Ok(()) } },
    ],
    check: |form, row| {
        let ended = form.valid_to.is_some() && form.valid_to < form.valid_from;
        row.rule(&["失效日期", "生效日期"], ended, "失效日期不能早于生效日期");
        let free = form.unit_rate.is_some_and(|rate| rate.ten_thousandths() <= 0);
        row.rule(&["单价(元/㎡·月)"], free, "【单价(元/㎡·月)】应为大于0的数字，最多4位小数");
    },
};
