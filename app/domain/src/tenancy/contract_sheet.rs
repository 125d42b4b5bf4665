//! Templates whose rows are contracts: I-10 合同信息 (domain.md §7.10), and 存量合同接管 (§3.27), which has the same columns
//! and behind them what the household has, owes and left as security at the cut-off.

use crate::{
    billing::schedule::periods,
    dictionary::{ApplicantCategory, AreaBasis, PayCycle, RentSplit},
    form::date,
    sheet::{ImportColumn, ImportSheet, RowCheck},
    value::{BankCard, Check, Complaint, Money, Rate, text_max},
};
use chrono::{Datelike, NaiveDate};
use std::fmt;

/// One row of either template.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LeaseImportForm {
    pub contract_no: Option<String>,
    pub lessee: String,
    /// of a document, whatever its type
    pub id_number: String,
    pub estate: String,
    pub building: String,
    pub entrance: String,
    pub room_no: String,
    pub start_on: Option<NaiveDate>,
    pub end_on: Option<NaiveDate>,
    /// none: as the standard has it
    pub basis: Option<AreaBasis>,
    pub rate: Option<Rate>,
    pub rent: Option<Money>,
    pub reduction: Money,
    pub deposit: Option<Money>,
    pub pay_cycle: Option<PayCycle>,
    pub split: Option<RentSplit>,
    pub due_day: Option<u8>,
    pub bank_name: String,
    pub bank_no: Option<BankCard>,
    pub bank_holder: String,
    pub debit_agreement_no: Option<String>,
    pub sign_on: Option<NaiveDate>,
    pub remark: Option<String>,
    /// only of a take-over, as everything below: the last day of which the old system says how things stand
    pub cutoff_on: Option<NaiveDate>,
    /// the last day that the old system has charged; none: the cut-off
    pub charged_to: Option<NaiveDate>,
    /// none: the household's
    pub category: Option<ApplicantCategory>,
    /// paid ahead
    pub balance: Money,
    /// left as security so far
    pub held: Money,
    pub arrears: Money,
    /// the first days of the oldest and of the newest month that are not paid
    pub arrears_from: Option<NaiveDate>,
    pub arrears_to: Option<NaiveDate>,
}

/// Without whom it is about, so that logs never carry a number.
impl fmt::Debug for LeaseImportForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseImportForm").field("room_no", &self.room_no).finish_non_exhaustive()
    }
}

/// The columns of §7.10 in their order, with a further ones behind them; `$required`: whether a number must be there.
macro_rules! lease_columns {
    ($required:literal, $number_note:literal, $unit_note:literal, $sign_note:literal; $($further:expr),* $(,)?) => {
        &[
            ImportColumn { header: "合同编号", required: $required, example: "示例HT2026000001", note: $number_note, choices: Vec::new, parse: |text, form| { form.contract_no = Some(number(text)?); Ok(()) } },
            ImportColumn { header: "承租人姓名", required: true, example: "示例人员", note: "须已登记，且与证件号码一致", choices: Vec::new, parse: |text, form| { form.lessee = text_max(text, 50)?; Ok(()) } },
            ImportColumn { header: "证件号码", required: true, example: "990101199001010002", note: "须已登记；保障类别取自其家庭，未登记家庭的记为“其他特殊群体”", choices: Vec::new, parse: |text, form| { form.id_number = text_max(text, 30)?; Ok(()) } },
            ImportColumn { header: "小区名称", required: true, example: "示例小区", note: "须已存在", choices: Vec::new, parse: |text, form| { form.estate = text_max(text, 100)?; Ok(()) } },
            ImportColumn { header: "楼栋号", required: true, example: "01", note: "须已存在", choices: Vec::new, parse: |text, form| { form.building = text_max(text, 20)?; Ok(()) } },
            ImportColumn { header: "单元号", required: true, example: "03", note: "与房源一致", choices: Vec::new, parse: |text, form| { form.entrance = text_max(text, 10)?; Ok(()) } },
            ImportColumn { header: "房号", required: true, example: "0401", note: $unit_note, choices: Vec::new, parse: |text, form| { form.room_no = text_max(text, 20)?; Ok(()) } },
            ImportColumn { header: "租赁开始日期", required: true, example: "2026-12-01", note: "格式YYYY-MM-DD", choices: Vec::new, parse: |text, form| { form.start_on = Some(date(text)?); Ok(()) } },
            ImportColumn { header: "租赁结束日期", required: true, example: "2029-11-30", note: "晚于开始日期，不超过参数规定的最长租期", choices: Vec::new, parse: |text, form| { form.end_on = Some(date(text)?); Ok(()) } },
            ImportColumn { header: "计租面积口径", required: false, example: "", note: "不填时按租金标准", choices: AreaBasis::choices, parse: |text, form| { form.basis = Some(AreaBasis::parse(text)?); Ok(()) } },
            ImportColumn { header: "租金标准(元/㎡·月)", required: true, example: "2.60", note: "须为已批准的租金标准", choices: Vec::new, parse: |text, form| { form.rate = Some(rate(text)?); Ok(()) } },
            ImportColumn { header: "月租金(元)", required: true, example: "111.80", note: "计租面积×租金标准−核减额", choices: Vec::new, parse: |text, form| { form.rent = Some(amount(text)?); Ok(()) } },
            ImportColumn { header: "核减额(元)", required: false, example: "", note: "每月核减，不填为0", choices: Vec::new, parse: |text, form| { form.reduction = amount(text)?; Ok(()) } },
            ImportColumn { header: "押金(元)", required: true, example: "1000.00", note: "合同约定的押金，不小于0", choices: Vec::new, parse: |text, form| { form.deposit = Some(amount(text)?); Ok(()) } },
            ImportColumn { header: "缴费周期", required: true, example: "月", note: "从下拉值中选择", choices: PayCycle::choices, parse: |text, form| { form.pay_cycle = Some(PayCycle::parse(text)?); Ok(()) } },
            ImportColumn { header: "账单拆分", required: true, example: "按自然月", note: "从下拉值中选择", choices: RentSplit::choices, parse: |text, form| { form.split = Some(RentSplit::parse(text)?); Ok(()) } },
            ImportColumn { header: "缴费日", required: true, example: "10", note: "1至28", choices: Vec::new, parse: |text, form| { form.due_day = Some(due_day(text)?); Ok(()) } },
            ImportColumn { header: "开户行", required: true, example: "示例银行", note: "最长50字", choices: Vec::new, parse: |text, form| { form.bank_name = text_max(text, 50)?; Ok(()) } },
            ImportColumn { header: "银行卡号", required: true, example: "6217000010000000011", note: "校验位须正确", choices: Vec::new, parse: |text, form| { form.bank_no = Some(BankCard::parse(text)?); Ok(()) } },
            ImportColumn { header: "户名", required: true, example: "示例人员", note: "须与承租人一致", choices: Vec::new, parse: |text, form| { form.bank_holder = text_max(text, 50)?; Ok(()) } },
            ImportColumn { header: "代扣协议号", required: false, example: "", note: "最长50字", choices: Vec::new, parse: |text, form| { form.debit_agreement_no = Some(text_max(text, 50)?); Ok(()) } },
            ImportColumn { header: "签订日期", required: true, example: "2026-11-28", note: $sign_note, choices: Vec::new, parse: |text, form| { form.sign_on = Some(date(text)?); Ok(()) } },
            ImportColumn { header: "备注", required: false, example: "", note: "最长200字", choices: Vec::new, parse: |text, form| { form.remark = Some(text_max(text, 200)?); Ok(()) } },
            $($further),*
        ]
    };
}

/// I-10 合同信息: contracts of assigned homes, which wait for their approver like any other.
#[rustfmt::skip] // a table: one line per column
pub const CONTRACT_IMPORT: ImportSheet<LeaseImportForm> = ImportSheet {
    key: "contract",
    title: "合同信息",
    columns: lease_columns!(
        false,
        "不填时由系统编号；含字母、数字和连字符，最长30",
        "房源须已分配给该承租人",
        "不晚于租赁开始日期；导入即登记已于该日向承租人说明合同条款";
    ),
    check: consistent,
};

/// 存量合同接管: contracts of homes that were let before the system, as at the cut-off.
#[rustfmt::skip] // a table: one line per column
pub const TAKE_OVER_IMPORT: ImportSheet<LeaseImportForm> = ImportSheet {
    key: "take_over",
    title: "存量合同接管",
    columns: lease_columns!(
        true,
        "原系统的合同编号；含字母、数字和连字符，最长30",
        "房源须已入住，且在系统中尚无合同",
        "不晚于租赁开始日期";
        ImportColumn { header: "接管日", required: true, example: "2026-11-30", note: "截止日：余额、押金、欠费均为该日终数", choices: Vec::new, parse: |text, form| { form.cutoff_on = Some(date(text)?); Ok(()) } },
        ImportColumn { header: "已出账至", required: false, example: "", note: "原系统已生成账单的最后一日，以后的账期由本系统生成账单；按月缴费不填时为接管日，其他缴费周期必填", choices: Vec::new, parse: |text, form| { form.charged_to = Some(date(text)?); Ok(()) } },
        ImportColumn { header: "保障类别", required: false, example: "", note: "不填时取承租人家庭的保障类别", choices: ApplicantCategory::choices, parse: |text, form| { form.category = Some(ApplicantCategory::parse(text)?); Ok(()) } },
        ImportColumn { header: "账户余额(元)", required: false, example: "0.00", note: "预缴未用的金额，不填为0", choices: Vec::new, parse: |text, form| { form.balance = amount(text)?; Ok(()) } },
        ImportColumn { header: "已收押金(元)", required: false, example: "1000.00", note: "已收未退的押金，不填为0；少于合同押金的，差额续签时补收", choices: Vec::new, parse: |text, form| { form.held = amount(text)?; Ok(()) } },
        ImportColumn { header: "欠费金额(元)", required: false, example: "", note: "欠缴租金合计，不填为0", choices: Vec::new, parse: |text, form| { form.arrears = amount(text)?; Ok(()) } },
        ImportColumn { header: "欠费起始月份", required: false, example: "", note: "有欠费时必填，格式YYYY-MM", choices: Vec::new, parse: |text, form| { form.arrears_from = Some(month(text)?); Ok(()) } },
        ImportColumn { header: "欠费截止月份", required: false, example: "", note: "有欠费时必填，格式YYYY-MM，不晚于已出账至", choices: Vec::new, parse: |text, form| { form.arrears_to = Some(month(text)?); Ok(()) } },
    ),
    check: consistent_at_cutoff,
};

/// What the columns of §7.10 say together.
fn consistent(form: &LeaseImportForm, check: &mut RowCheck) {
    let later = |a: Option<NaiveDate>, b: Option<NaiveDate>| a.zip(b).is_some_and(|(a, b)| a > b);
    let ends = form.start_on.zip(form.end_on).is_some_and(|(start, end)| end <= start);
    check.rule(&["租赁结束日期", "租赁开始日期"], ends, "租赁结束日期须晚于开始日期");
    check.rule(&["签订日期", "租赁开始日期"], later(form.sign_on, form.start_on), "签订日期不能晚于租赁开始日期");
    let strange = !form.bank_holder.is_empty() && !form.lessee.is_empty() && form.bank_holder != form.lessee;
    check.rule(&["户名", "承租人姓名"], strange, "户名与承租人不一致");
}

/// The same, and what belongs together at a cut-off.
fn consistent_at_cutoff(form: &LeaseImportForm, check: &mut RowCheck) {
    consistent(form, check);
    let (from, to) = (form.arrears_from, form.arrears_to);
    let before = |a: Option<NaiveDate>, b: Option<NaiveDate>| a.zip(b).is_some_and(|(a, b)| a < b);
    check.rule(&["租赁开始日期", "接管日"], before(form.cutoff_on, form.start_on), "租赁开始日期晚于接管日");
    let unsaid = form.charged_to.is_none() && form.pay_cycle.is_some_and(|cycle| cycle != PayCycle::Month);
    check.rule(&["已出账至", "缴费周期"], unsaid, "缴费周期不是月的，须填写已出账至");
    let inside = form.charged_to.is_some_and(|day| form.splits_period(day));
    check.rule(&["已出账至"], inside, "已出账至须为账期的最后一日");
    let owes = form.arrears > Money::ZERO;
    check.rule(
        &["欠费起始月份", "欠费金额(元)"],
        owes && (from.is_none() || to.is_none()),
        "有欠费时须填写欠费起止月份",
    );
    check.rule(&["欠费金额(元)"], !owes && (from.is_some() || to.is_some()), "填写欠费月份时，欠费金额须大于0");
    check.rule(&["欠费截止月份", "欠费起始月份"], before(to, from), "欠费截止月份早于起始月份");
    let first = form.start_on.map(|day| day.with_day(1).unwrap_or(day));
    check.rule(&["欠费起始月份", "租赁开始日期"], before(from, first), "欠费起始月份早于租赁开始日期");
    let last = form.charged_to.or(form.cutoff_on);
    check.rule(&["欠费截止月份", "已出账至"], before(last, to), "欠费截止月份晚于已出账至（未填时为接管日）");
}

impl LeaseImportForm {
    /// Whether a period of the contract goes on behind a day to which it is said to be charged: neither would the two systems
    /// charge it whole.
    fn splits_period(&self, day: NaiveDate) -> bool {
        let (Some(start), Some(end), Some(split)) = (self.start_on, self.end_on, self.split) else { return false };
        day >= start && periods(start, end, split).iter().any(|period| period.from <= day && day < period.to)
    }
}

/// A number that another system gave: letters and digits, so that it can stand in files for the bank.
fn number(text: &str) -> Check<String> {
    let text = text_max(text, 30)?;
    if text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        Ok(text)
    } else {
        Err(Complaint::about("只能含字母、数字和连字符"))
    }
}

fn rate(text: &str) -> Check<Rate> {
    crate::billing::adjustment::rate(text)
}

fn amount(text: &str) -> Check<Money> {
    Money::parse_yuan(text)
        .ok()
        .filter(|amount| *amount >= Money::ZERO && amount.fen() <= 10_000_000_000)
        .ok_or(Complaint::about("应为不小于0的数字，最多2位小数"))
}

fn due_day(text: &str) -> Check<u8> {
    text.parse().ok().filter(|day| (1..=28).contains(day)).ok_or(Complaint::about("应为1至28的整数"))
}

fn month(text: &str) -> Check<NaiveDate> {
    // A spreadsheet makes a day of it.
    let month = text.strip_suffix("-01").filter(|rest| rest.len() == 7).unwrap_or(text);
    crate::billing::run::month_parse(month).ok_or(Complaint::about("应为年月，格式YYYY-MM"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::LabelBook;

    fn row(sheet: &ImportSheet<LeaseImportForm>, changes: &[(&str, &str)]) -> Vec<String> {
        sheet
            .columns
            .iter()
            .map(|column| {
                let changed = changes.iter().find(|(header, _)| *header == column.header);
                changed.map_or(column.example.trim_start_matches("示例HT"), |(_, text)| text).to_owned()
            })
            .collect()
    }

    fn complaint(sheet: &ImportSheet<LeaseImportForm>, changes: &[(&str, &str)]) -> Option<String> {
        sheet.parse(2, &row(sheet, changes), &LabelBook::default()).err().map(|errors| errors[0].message.clone())
    }

    /// domain.md §7.10, in its order.
    #[test]
    fn the_columns_are_those_of_the_specification() {
        let headers: Vec<&str> = CONTRACT_IMPORT.columns.iter().map(|column| column.header).collect();
        assert_eq!(
            headers.join(" "),
            "合同编号 承租人姓名 证件号码 小区名称 楼栋号 单元号 房号 租赁开始日期 租赁结束日期 计租面积口径 租金标准(元/㎡·月) \
             月租金(元) 核减额(元) 押金(元) 缴费周期 账单拆分 缴费日 开户行 银行卡号 户名 代扣协议号 签订日期 备注"
        );
        let optional: Vec<&str> =
            CONTRACT_IMPORT.columns.iter().filter(|column| !column.required).map(|column| column.header).collect();
        assert_eq!(optional, ["合同编号", "计租面积口径", "核减额(元)", "代扣协议号", "备注"]);
        assert!(TAKE_OVER_IMPORT.columns.iter().map(|column| column.header).collect::<Vec<_>>().starts_with(&headers));
    }

    #[test]
    fn a_row_is_read_and_its_mistakes_are_named() {
        let form = CONTRACT_IMPORT.parse(2, &row(&CONTRACT_IMPORT, &[]), &LabelBook::default()).unwrap();
        assert_eq!((form.split, form.due_day), (Some(RentSplit::Natural), Some(10)));
        assert!(!format!("{form:?}").contains("990101"), "a log carries no number");
        for (header, text, sentence) in [
            ("承租人姓名", "", "第2行【承租人姓名】不能为空"),
            ("合同编号", "合同一", "【合同编号】只能含字母、数字和连字符"),
            ("租赁结束日期", "2026-12-01", "租赁结束日期须晚于开始日期"),
            ("租金标准(元/㎡·月)", "0", "【租金标准(元/㎡·月)】应为大于0的数字，最多4位小数"),
            ("押金(元)", "-1", "【押金(元)】应为不小于0的数字，最多2位小数"),
            ("缴费周期", "周", "【缴费周期】取值不在字典范围内：周"),
            ("缴费日", "29", "【缴费日】应为1至28的整数"),
            ("户名", "别人", "户名与承租人不一致"),
            ("签订日期", "2026-12-02", "签订日期不能晚于租赁开始日期"),
        ] {
            assert_eq!(complaint(&CONTRACT_IMPORT, &[(header, text)]).as_deref(), Some(sentence), "{header}");
        }
        assert!(complaint(&CONTRACT_IMPORT, &[("银行卡号", "6217000010000000012")]).is_some(), "Luhn");
    }

    #[test]
    fn what_belongs_together_at_a_cut_off() {
        let of = |changes: &[(&str, &str)]| {
            let mut all = vec![("租赁开始日期", "2026-10-01"), ("签订日期", "2026-10-01")];
            all.extend(changes);
            complaint(&TAKE_OVER_IMPORT, &all)
        };
        let owes = |from, to| of(&[("欠费金额(元)", "100"), ("欠费起始月份", from), ("欠费截止月份", to)]);
        assert_eq!(of(&[]), None);
        assert_eq!(owes("2026-10", "2026-11"), None);
        assert_eq!(owes("2026-10", "").as_deref(), Some("有欠费时须填写欠费起止月份"));
        assert_eq!(owes("2026-11", "2026-10").as_deref(), Some("欠费截止月份早于起始月份"));
        assert_eq!(owes("2026-09", "2026-10").as_deref(), Some("欠费起始月份早于租赁开始日期"));
        assert_eq!(owes("2026-10", "2026-12").as_deref(), Some("欠费截止月份晚于已出账至（未填时为接管日）"));
        assert_eq!(of(&[("欠费起始月份", "2026-10")]).as_deref(), Some("填写欠费月份时，欠费金额须大于0"));
        assert_eq!(of(&[("接管日", "2026-09-30")]).as_deref(), Some("租赁开始日期晚于接管日"));
        assert_eq!(of(&[("接管日", "2030-01-01")]), None, "its term is over, and its household is there");
        // What was charged ahead may be owed, too; and what the old system has charged is said where it is not plain.
        let charged = |cells: &[(&str, &str)]| {
            let mut all = vec![("欠费金额(元)", "100"), ("欠费起始月份", "2026-10"), ("欠费截止月份", "2026-12")];
            all.extend(cells);
            of(&all)
        };
        assert_eq!(charged(&[("已出账至", "2026-12-31"), ("缴费周期", "季")]), None);
        assert_eq!(of(&[("缴费周期", "季")]).as_deref(), Some("缴费周期不是月的，须填写已出账至"));
        assert_eq!(of(&[("已出账至", "2026-12-15")]).as_deref(), Some("已出账至须为账期的最后一日"));
        assert_eq!(
            of(&[("已出账至", "2026-12-15"), ("账单拆分", "按合同月")]).as_deref(),
            Some("已出账至须为账期的最后一日")
        );
        assert_eq!(of(&[("合同编号", "")]).as_deref(), Some("第2行【合同编号】不能为空"));
    }
}
