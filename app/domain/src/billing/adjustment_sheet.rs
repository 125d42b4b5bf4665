//! Columns of 租金调整: documents, the contracts of each (E-55), and template I-12 租金数据 (domain.md §7.12).

use super::adjustment::{AdjustStatus, AdjustType, AdjustmentRow, LAPSED, RentChangeRow, rate};
use crate::{
    billing::run::{month_parse, month_text},
    sheet::{Cell, Choices, Filter, ImportColumn, ImportSheet, Kind, ListColumn, ListSheet, TURN, cell_or_empty},
    value::{Check, Complaint, Money, Rate, text_max},
};
use chrono::NaiveDate;

/// 租金调整 list: one row per document.
#[rustfmt::skip] // a table: one line per column
pub const ADJUSTMENT_LIST: ListSheet<AdjustmentRow> = ListSheet {
    key: "rent_adjustment",
    noun: "租金调整",
    path: "/billing/adjustments",
    search_hint: "调整单号、批准文号",
    columns: &[
        ListColumn { key: "adjustment_no", header: "调整单号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.adjustment_no, format!("/billing/adjustments/{}", row.id)) },
        ListColumn { key: "kind", header: "调整类型", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "district", header: "区县", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "target", header: "范围", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.target) },
        ListColumn { key: "month", header: "生效月份", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Text(month_text(row.month)) },
        ListColumn { key: "doc_no", header: "批准文号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.doc_no) },
        ListColumn { key: "contracts", header: "合同数", kind: Kind::Number, sortable: true, essential: false, cell: |row| Cell::Number(row.contracts.into()) },
        ListColumn { key: "old_total", header: "原月租金合计(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.old_total) },
        ListColumn { key: "new_total", header: "新月租金合计(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.new_total) },
        ListColumn { key: "maker", header: "经办人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.maker.as_deref().unwrap_or_default()) },
        ListColumn { key: "made_at", header: "提交时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(AdjustStatus::choices) },
        Filter { key: "kind", label: "调整类型", choices: Choices::Of(AdjustType::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        TURN,
    ],
    default_sort: ("made_at", true),
    jumps: false,
};

/// The contracts of adjustments.
#[rustfmt::skip] // a table: one line per column
pub const RENT_CHANGE_LIST: ListSheet<RentChangeRow> = ListSheet {
    key: "rent_change",
    noun: "租金调整明细",
    path: "/billing/adjustments/contracts",
    search_hint: "承租人、合同编号、住房地址",
    columns: &[
        ListColumn { key: "contract_no", header: "合同编号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.contract_no, format!("/tenancy/contracts/{}", row.contract_id)) },
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.lessee) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "kind", header: "调整类型", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "old_rate", header: "原租金标准", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Text(row.old_rate.to_string()) },
        ListColumn { key: "new_rate", header: "新租金标准", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Text(row.new_rate.to_string()) },
        ListColumn { key: "old_rent", header: "原月租金(元)", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Money(row.old_rent) },
        ListColumn { key: "new_rent", header: "新月租金(元)", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Money(row.new_rent) },
        ListColumn { key: "from_on", header: "执行日期", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Date(row.from_on) },
        ListColumn { key: "doc_no", header: "批准文号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.doc_no) },
        ListColumn { key: "adjustment_no", header: "调整单号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.adjustment_no, format!("/billing/adjustments/{}", row.adjustment_id)) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| row.status.map_or(Cell::badge("void", LAPSED.1), Cell::coded) },
        ListColumn { key: "remark", header: "说明", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.remark.as_deref().unwrap_or_default()) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Fixed(change_statuses) },
        Filter { key: "kind", label: "调整类型", choices: Choices::Of(AdjustType::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "adjustment", label: "调整单", choices: Choices::Linked },
        Filter { key: "contract", label: "合同", choices: Choices::Linked },
    ],
    default_sort: ("from_on", true),
    jumps: false,
};

fn change_statuses() -> Vec<(&'static str, &'static str)> {
    AdjustStatus::ALL.iter().map(|status| (status.code(), status.label())).chain([LAPSED]).collect()
}

/// An adjustment as label and value.
#[must_use]
pub fn adjustment_fields(row: &AdjustmentRow) -> Vec<(&'static str, Cell)> {
    let text = |text: &Option<String>| cell_or_empty(text.as_ref(), |text| Cell::text(text));
    let mut fields = ADJUSTMENT_LIST.fields(row);
    fields.extend([
        ("备注", text(&row.remark)),
        ("审批人", text(&row.checker)),
        ("审批时间", cell_or_empty(row.checked_at, Cell::Time)),
        ("审批意见", text(&row.opinion)),
    ]);
    fields
}

/// One row of I-12.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RentImportForm {
    pub contract_no: String,
    /// shown for checking: who fills the file in sees whose rent it is
    pub lessee: String,
    pub address: String,
    pub old_rate: Option<Rate>,
    pub new_rate: Option<Rate>,
    pub new_rent: Option<Money>,
    pub kind: Option<AdjustType>,
    pub month: Option<NaiveDate>,
    pub doc_no: String,
    pub remark: Option<String>,
}

/// I-12 租金数据.
#[rustfmt::skip] // a table: one line per column
pub const RENT_IMPORT: ImportSheet<RentImportForm> = ImportSheet {
    key: "rent_adjustment",
    title: "租金数据",
    columns: &[
        ImportColumn { header: "合同编号", required: true, example: "示例HT2026000001", note: "须为履行中的合同", choices: Vec::new, parse: |text, form| { form.contract_no = text_max(text, 30)?; Ok(()) } },
        ImportColumn { header: "承租人", required: false, example: "", note: "用于核对，与合同不一致时提示审批人", choices: Vec::new, parse: |text, form| { form.lessee = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "房屋地址", required: false, example: "", note: "用于核对，与合同不一致时提示审批人", choices: Vec::new, parse: |text, form| { form.address = text_max(text, 200)?; Ok(()) } },
        ImportColumn { header: "原租金标准", required: false, example: "2.60", note: "填写时须与现行标准一致", choices: Vec::new, parse: |text, form| { form.old_rate = Some(Rate::parse(text)?); Ok(()) } },
        ImportColumn { header: "新租金标准", required: true, example: "3.00", note: "大于0，最多4位小数；标准调整和保障类别变化须为已批准的租金标准", choices: Vec::new, parse: |text, form| { form.new_rate = Some(rate(text)?); Ok(()) } },
        ImportColumn { header: "新月租金(元)", required: true, example: "129.00", note: "计租面积×新租金标准，核减比例不变；类型为核减、保障类别变化时填写核减后的月租金", choices: Vec::new, parse: |text, form| { form.new_rent = Some(rent(text)?); Ok(()) } },
        ImportColumn { header: "调整类型", required: true, example: "标准调整", note: "从下拉值中选择", choices: AdjustType::choices, parse: |text, form| { form.kind = Some(AdjustType::parse(text)?); Ok(()) } },
        ImportColumn { header: "生效月份", required: true, example: "2027-01", note: "格式YYYY-MM，晚于已生成账单的月份", choices: Vec::new, parse: |text, form| { form.month = Some(month(text)?); Ok(()) } },
        ImportColumn { header: "批准文号", required: true, example: "示例发〔2026〕1号", note: "最长50字", choices: Vec::new, parse: |text, form| { form.doc_no = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "备注", required: false, example: "", note: "最长200字", choices: Vec::new, parse: |text, form| { form.remark = Some(text_max(text, 200)?); Ok(()) } },
    ],
    check: |_, _| {},
};

/// What is paid: nothing at all is possible, for whom everything is taken off.
fn rent(text: &str) -> Check<Money> {
    let money = Money::parse_yuan(text).ok().filter(|money| *money >= Money::ZERO);
    money.ok_or(Complaint::about("应为不小于0的数字，最多2位小数"))
}

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
            let text = |column: &ImportColumn<RentImportForm>| {
                let changed = changes.iter().find(|(header, _)| *header == column.header);
                changed.map_or(column.example, |(_, text)| text).to_owned()
            };
            RENT_IMPORT.columns.iter().map(text).collect()
        };
        let form = RENT_IMPORT.parse(2, &row(&[]), &LabelBook::default()).unwrap();
        assert_eq!((form.kind, form.new_rent), (Some(AdjustType::Standard), Some(Money::from_fen(12_900))));
        let form = RENT_IMPORT.parse(2, &row(&[("生效月份", "2027-01-01")]), &LabelBook::default()).unwrap();
        assert_eq!(form.month, "2027-01-01".parse().ok());
        for (header, text, sentence) in [
            ("合同编号", "", "第2行【合同编号】不能为空"),
            ("新租金标准", "0", "【新租金标准】应为大于0的数字，最多4位小数"),
            ("新月租金(元)", "1.234", "【新月租金(元)】应为不小于0的数字，最多2位小数"),
            ("调整类型", "涨价", "【调整类型】取值不在字典范围内：涨价"),
            ("生效月份", "2027-1", "【生效月份】应为年月，格式YYYY-MM"),
            ("生效月份", "2027-01-02", "【生效月份】应为年月，格式YYYY-MM"),
        ] {
            let errors = RENT_IMPORT.parse(2, &row(&[(header, text)]), &LabelBook::default()).unwrap_err();
            assert_eq!(errors[0].message, sentence, "{header}");
        }
    }
}
