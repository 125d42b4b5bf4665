//! Columns of 表具, 抄表期间 and 抄表记录 (E-101, E-102), and template I-15 抄表 (domain.md §7.14).

use super::{
    meter::{MeterRow, MeterShare, MeterStatus},
    meter_reading::{PeriodRow, PeriodStatus, ReadingRow, ReadingSource, ReadingStatus},
};
use crate::{
    billing::run::{month_parse, month_text},
    dictionary::MeterType,
    form::date,
    sheet::{Cell, Choices, Filter, ImportColumn, ImportSheet, Kind, ListColumn, ListSheet, cell_or_empty},
    tenancy::hand_over::Reading,
    value::{Check, Complaint, decimal_text, text_max},
};
use chrono::NaiveDate;

/// 表具 list.
#[rustfmt::skip] // a table: one line per column
pub const METER_LIST: ListSheet<MeterRow> = ListSheet {
    key: "meter",
    noun: "表具",
    path: "/billing/meters",
    search_hint: "表具编号、小区、房间",
    columns: &[
        ListColumn { key: "meter_no", header: "表具编号", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.meter_no, format!("/billing/meters/{}", row.id)) },
        ListColumn { key: "meter", header: "类型", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.meter) },
        ListColumn { key: "estate", header: "小区", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.estate) },
        ListColumn { key: "place", header: "房间", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.place) },
        ListColumn { key: "share", header: "分摊方式", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.share, Cell::coded) },
        ListColumn { key: "multiplier", header: "倍率", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Text(decimal_text(row.multiplier, 2)) },
        ListColumn { key: "initial", header: "期初值", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.initial, reading) },
        ListColumn { key: "max", header: "最大读数", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.max, reading) },
        ListColumn { key: "last", header: "最近读数", kind: Kind::Number, sortable: false, essential: true, cell: |row| cell_or_empty(row.last, reading) },
        ListColumn { key: "last_on", header: "最近抄表", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.last_on, Cell::Date) },
        ListColumn { key: "install_on", header: "安装日期", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Date(row.install_on) },
        ListColumn { key: "smart", header: "智能表", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(if row.smart { "是" } else { "否" }) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "meter", label: "类型", choices: Choices::Of(MeterType::choices) },
        Filter { key: "status", label: "状态", choices: Choices::Of(MeterStatus::choices) },
        Filter { key: "share", label: "分摊方式", choices: Choices::Of(MeterShare::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "unit", label: "房间", choices: Choices::Linked },
    ],
    default_sort: ("meter_no", false),
    jumps: false,
};

/// 抄表期间 list.
#[rustfmt::skip] // a table: one line per column
pub const PERIOD_LIST: ListSheet<PeriodRow> = ListSheet {
    key: "meter_period",
    noun: "抄表期间",
    path: "/billing/meters/periods",
    search_hint: "小区",
    columns: &[
        ListColumn { key: "month", header: "期间", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(month_text(row.month), format!("/billing/meters/periods/{}", row.id)) },
        ListColumn { key: "estate", header: "小区", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.estate) },
        ListColumn { key: "meter", header: "类型", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.meter) },
        ListColumn { key: "from", header: "开始日期", kind: Kind::Time, sortable: false, essential: false, cell: |row| Cell::Date(row.from) },
        ListColumn { key: "to", header: "结束日期", kind: Kind::Time, sortable: false, essential: false, cell: |row| Cell::Date(row.to) },
        ListColumn { key: "meters", header: "表具(块)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.meters) },
        ListColumn { key: "read", header: "已抄(块)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.read) },
        ListColumn { key: "abnormal", header: "待确认(块)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.abnormal) },
        ListColumn { key: "amount", header: "出账金额(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "maker", header: "建立人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.maker.as_deref().unwrap_or_default()) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(PeriodStatus::choices) },
        Filter { key: "meter", label: "类型", choices: Choices::Of(MeterType::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "month", label: "期间", choices: Choices::Text("如 2026-03") },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
    ],
    default_sort: ("month", true),
    jumps: false,
};

/// 抄表记录 list (RP-41 is a sum over it).
#[rustfmt::skip] // a table: one line per column
pub const READING_LIST: ListSheet<ReadingRow> = ListSheet {
    key: "meter_reading",
    noun: "抄表记录",
    path: "/billing/meters/readings",
    search_hint: "表具编号、小区、房间",
    columns: &[
        ListColumn { key: "meter_no", header: "表具编号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.meter_no, format!("/billing/meters/readings/{}", row.id)) },
        ListColumn { key: "meter", header: "类型", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.meter) },
        ListColumn { key: "estate", header: "小区", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.estate) },
        ListColumn { key: "place", header: "房间", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.place) },
        ListColumn { key: "source", header: "来源", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.source) },
        ListColumn { key: "month", header: "期间", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.month, |month| Cell::Text(month_text(month))) },
        ListColumn { key: "read_on", header: "抄表日期", kind: Kind::Time, sortable: true, essential: true, cell: |row| cell_or_empty(row.read_on, Cell::Date) },
        ListColumn { key: "opening", header: "期初值", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.opening, reading) },
        ListColumn { key: "closing", header: "期末值", kind: Kind::Number, sortable: false, essential: true, cell: |row| cell_or_empty(row.closing, reading) },
        ListColumn { key: "usage", header: "用量", kind: Kind::Number, sortable: false, essential: true, cell: |row| cell_or_empty(row.usage, |usage| Cell::Text(decimal_text(usage, 2))) },
        ListColumn { key: "tariff", header: "单价", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.tariff.as_deref().unwrap_or_default()) },
        ListColumn { key: "amount", header: "金额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| cell_or_empty(row.amount, Cell::Money) },
        ListColumn { key: "reader", header: "抄表人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.reader.as_deref().unwrap_or_default()) },
        ListColumn { key: "photos", header: "照片(张)", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty((row.photos > 0).then_some(row.photos), Cell::Number) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(ReadingStatus::choices) },
        Filter { key: "meter", label: "类型", choices: Choices::Of(MeterType::choices) },
        Filter { key: "source", label: "来源", choices: Choices::Of(ReadingSource::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "month", label: "期间", choices: Choices::Text("如 2026-03") },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "unit", label: "房间", choices: Choices::Linked },
        Filter { key: "meter_id", label: "表具", choices: Choices::Linked },
    ],
    default_sort: ("read_on", true),
    jumps: false,
};

fn reading(reading: Reading) -> Cell {
    Cell::Text(reading.to_string())
}

/// A meter as label and value.
#[must_use]
pub fn meter_fields(row: &MeterRow) -> Vec<(&'static str, Cell)> {
    let mut fields = METER_LIST.fields(row);
    fields.extend([
        ("厂商编号", Cell::text(row.vendor_no.as_deref().unwrap_or_default())),
        ("拆除日期", cell_or_empty(row.removed_on, Cell::Date)),
        ("备注", Cell::text(row.remark.as_deref().unwrap_or_default())),
    ]);
    fields
}

/// One row of I-15.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadingImportForm {
    pub month: Option<NaiveDate>,
    pub meter_no: String,
    /// of a first reading
    pub opening: Option<Reading>,
    pub closing: Option<Reading>,
    pub read_on: Option<NaiveDate>,
    pub reader: Option<String>,
}

/// I-15 抄表.
#[rustfmt::skip] // a table: one line per column
pub const READING_IMPORT: ImportSheet<ReadingImportForm> = ImportSheet {
    key: "meter_reading",
    title: "抄表",
    columns: &[
        ImportColumn { header: "期间", required: true, example: "示例-2026-03", note: "格式YYYY-MM，须已建立抄表期间", choices: Vec::new, parse: |text, form| { form.month = Some(month(text)?); Ok(()) } },
        ImportColumn { header: "表具编号", required: true, example: "示例SB0001", note: "须为在用的表具", choices: Vec::new, parse: |text, form| { form.meter_no = text_max(text, 30)?; Ok(()) } },
        ImportColumn { header: "期初值", required: false, example: "", note: "首次抄表且登记时未填期初值的，须填写；其他不填", choices: Vec::new, parse: |text, form| { form.opening = Some(Reading::parse(text)?); Ok(()) } },
        ImportColumn { header: "期末值", required: true, example: "1236.00", note: "不小于期初值，最多2位小数；归零的表请在页面录入", choices: Vec::new, parse: |text, form| { form.closing = Some(Reading::parse(text)?); Ok(()) } },
        ImportColumn { header: "抄表日期", required: true, example: "2026-03-25", note: "格式YYYY-MM-DD，不晚于今天", choices: Vec::new, parse: |text, form| { form.read_on = Some(date(text)?); Ok(()) } },
        ImportColumn { header: "抄表人", required: false, example: "", note: "最长30字", choices: Vec::new, parse: |text, form| { form.reader = Some(text_max(text, 30)?); Ok(()) } },
    ],
    check: |_, _| {},
};

fn month(text: &str) -> Check<NaiveDate> {
    // A spreadsheet makes a day of it.
    let month = text.strip_suffix("-01").filter(|rest| rest.len() == 7).unwrap_or(text);
    month_parse(month).ok_or(Complaint::about("应为年月，格式YYYY-MM"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::LabelBook;

    #[test]
    fn a_row_is_read_and_its_mistakes_are_named() {
        let row = |changes: &[(&str, &str)]| -> Vec<String> {
            let text = |column: &ImportColumn<ReadingImportForm>| {
                let changed = changes.iter().find(|(header, _)| *header == column.header);
                // The example begins with a word that keeps it from being imported.
                changed.map_or(column.example.trim_start_matches("示例-"), |(_, text)| text).to_owned()
            };
            READING_IMPORT.columns.iter().map(text).collect()
        };
        let form = READING_IMPORT.parse(2, &row(&[]), &LabelBook::default()).unwrap();
        assert_eq!((form.closing, form.month), (Some(Reading(123_600)), "2026-03-01".parse().ok()));
        for (header, text, sentence) in [
            ("表具编号", "", "第2行【表具编号】不能为空"),
            ("期末值", "-1", "【期末值】应为不小于0的数字，最多2位小数"),
            ("期间", "2026-3", "【期间】应为年月，格式YYYY-MM"),
            ("抄表日期", "3月", "【抄表日期】日期格式应为YYYY-MM-DD"),
        ] {
            let errors = READING_IMPORT.parse(2, &row(&[(header, text)]), &LabelBook::default()).unwrap_err();
            assert_eq!(errors[0].message, sentence, "{header}");
        }
    }
}
