//! 抄表 (E-102, domain.md §3.24, §3.26 Z1 to Z6): periods of an estate and a type of meter, and the readings in them.

use crate::{
    billing::run::month_parse,
    dictionary::{MeterType, dictionary},
    failure::{Failure, FieldErrors},
    form::{date, pick},
    id::{AccountId, BillId, EstateId},
    tenancy::hand_over::Reading,
    value::{Check, Complaint, Money, required, text_max},
};
use chrono::{DateTime, Days, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

dictionary! {
    /// 抄表期间状态
    PeriodStatus = "E-102.period" "抄表期间状态" {
        Open = "OPEN" "待抄表",
        Reading = "READING" "抄表中",
        Checked = "CHECKED" "已审核",
        Billed = "BILLED" "已出账",
        Closed = "CLOSED" "已关闭",
        Cancelled = "CANCELLED" "已作废",
    }
}

dictionary! {
    /// 抄表状态 (E-102 `status`)
    ReadingStatus = "E-102.status" "抄表状态" {
        Empty = "EMPTY" "未抄",
        Read = "READ" "已抄",
        Abnormal = "ABNORMAL" "异常待确认",
        Confirmed = "CONFIRMED" "已确认",
        Billed = "BILLED" "已出账",
    }
}

dictionary! {
    /// 抄表来源
    ReadingSource = "E-102.source" "抄表来源" {
        Period = "PERIOD" "按期抄表",
        HandOver = "HAND_OVER" "交房",
        Exit = "EXIT" "退租验房",
    }
}

/// What happens to a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeriodEvent {
    Read,
    /// Z4
    Check,
    /// the supervisor sends it back
    Return,
    /// Z5
    Bill,
    /// Z6
    Close,
    /// opened by mistake, or nothing was read
    Cancel,
}

impl PeriodStatus {
    /// The status after the event. This is the whole state machine.
    ///
    /// # Errors
    /// The sentence, when the event does not exist in this status.
    pub fn next(self, event: PeriodEvent) -> Result<Self, Failure> {
        use PeriodEvent as E;
        match (event, self) {
            (E::Read, Self::Open | Self::Reading) => Ok(Self::Reading),
            (E::Check, Self::Reading) => Ok(Self::Checked),
            (E::Return, Self::Checked) => Ok(Self::Reading),
            (E::Bill, Self::Checked) => Ok(Self::Billed),
            (E::Close, Self::Billed) => Ok(Self::Closed),
            (E::Cancel, Self::Open | Self::Reading) => Ok(Self::Cancelled),
            _ => Err(Failure::refused(format!("抄表期间状态为“{self}”，请刷新后再办理"))),
        }
    }

    /// Whether values are entered.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Reading)
    }
}

/// A period as the list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeriodRow {
    pub id: i64,
    pub estate_id: EstateId,
    pub estate: String,
    pub meter: MeterType,
    pub month: NaiveDate,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub status: PeriodStatus,
    pub meters: i64,
    pub read: i64,
    pub abnormal: i64,
    /// of what is billed
    pub amount: Money,
    pub tariff: Option<String>,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub billed_by: Option<String>,
    pub billed_at: Option<DateTime<Utc>>,
    /// why the supervisor sent it back last
    pub returned: Option<String>,
    pub version: i32,
    /// whether the one who asks may check it, bill it
    pub checkable: bool,
}

/// A reading as lists and the grid show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadingRow {
    pub id: i64,
    pub period_id: Option<i64>,
    pub meter_id: i64,
    pub meter_no: String,
    pub meter: MeterType,
    pub source: ReadingSource,
    pub month: Option<NaiveDate>,
    pub estate: String,
    pub place: String,
    /// who lives there now; none: nobody, or the meter is shared
    pub occupant: Option<String>,
    pub from: NaiveDate,
    pub read_on: Option<NaiveDate>,
    /// none: the first reading says it
    pub opening: Option<Reading>,
    /// whether the opening is entered with the reading: the first of a meter of which it was not known
    pub first: bool,
    pub closing: Option<Reading>,
    pub rolled: bool,
    /// hundredths
    pub multiplier: i64,
    pub max: Option<Reading>,
    pub carried: i64,
    /// hundredths
    pub usage: Option<i64>,
    pub tariff: Option<String>,
    pub amount: Option<Money>,
    pub status: ReadingStatus,
    /// why it has to be, or was, confirmed
    pub note: Option<String>,
    pub reader: Option<String>,
    /// photos of the meter as it was read
    pub photos: i64,
    pub version: i32,
}

/// Whom a reading was charged to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadingCharge {
    pub account_id: AccountId,
    pub lessee: String,
    pub address: String,
    pub bill: Option<(BillId, String)>,
    pub amount: Money,
    /// by a correction
    pub taken_back: bool,
}

/// One reading with what was charged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadingRecord {
    pub row: ReadingRow,
    pub charges: Vec<ReadingCharge>,
    /// nothing was read behind it, so it may still be corrected
    pub is_last: bool,
}

/// A period with its readings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Period {
    pub row: PeriodRow,
    pub readings: Vec<ReadingRow>,
    /// the price in force; none: it has to be set first
    pub tariff: Option<String>,
}

/// What the form of a new period offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeriodOffer {
    pub estates: Vec<(i64, String)>,
    pub month: String,
    pub from: String,
    pub to: String,
}

/// What is entered for a new period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeriodForm {
    pub estate: String,
    pub meter: String,
    /// `2026-03`
    pub month: String,
    pub from: String,
    pub to: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodFields {
    pub estate: EstateId,
    pub meter: MeterType,
    pub month: NaiveDate,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// A month of which readings may be entered: not one that has not begun.
///
/// # Errors
/// About its form, or that it lies ahead.
pub fn month(text: &str, today: NaiveDate) -> Check<NaiveDate> {
    match month_parse(text) {
        Some(month) if month > today => Err(Complaint::says("期间不能晚于本月")),
        Some(month) if month.checked_add_months(Months::new(24)).is_some_and(|last| last < today) => {
            Err(Complaint::says("期间不能早于两年前"))
        }
        Some(month) => Ok(month),
        None => Err(Complaint::about("应为年月，格式YYYY-MM")),
    }
}

impl PeriodForm {
    /// Checks every field on a day.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<PeriodFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let estate = errors.take("estate", pick(&self.estate, "请选择小区"));
        let meter = MeterType::from_code(&self.meter).ok_or(Complaint::says("请选择表具类型"));
        let meter = errors.take("meter", meter);
        let month = errors.take("month", required(&self.month).and_then(|text| month(&text, today)));
        let from = errors.take("from", required(&self.from).and_then(|text| date(&text)));
        let to = errors.take("to", required(&self.to).and_then(|text| date(&text)));
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            errors.add("to", "结束日期不能早于开始日期");
        } else if from.zip(to).is_some_and(|(from, to)| (to - from).num_days() > 366) {
            errors.add("to", "抄表期间不能超过一年");
        }
        match (estate, meter, month, from, to) {
            (Some(estate), Some(meter), Some(month), Some(from), Some(to)) if errors.is_empty() => {
                Ok(PeriodFields { estate: EstateId(estate), meter, month, from, to })
            }
            _ => Err(errors),
        }
    }
}

/// Days before and behind a period in which it may be read.
const AROUND: u64 = 31;

/// Whether a day is one of a period: it begins or ends some days apart, as the reader goes round.
///
/// # Errors
/// The sentence.
pub fn read_within((from, to): (NaiveDate, NaiveDate), read_on: NaiveDate) -> Check<()> {
    let around = Days::new(AROUND);
    let (first, last) = (from.checked_sub_days(around).unwrap_or(from), to.checked_add_days(around).unwrap_or(to));
    if (first..=last).contains(&read_on) {
        Ok(())
    } else {
        Err(Complaint::says(format!("抄表日期应在{first}至{last}之间")))
    }
}

/// 更正: another value of a reading that was billed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CorrectForm {
    pub closing: String,
    /// `YES`: it went past its highest value
    pub rolled: String,
    pub reason: String,
}

impl CorrectForm {
    /// Checks every field.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<(Reading, bool, String), FieldErrors> {
        let mut errors = FieldErrors::default();
        let closing = errors.take("closing", required(&self.closing).and_then(|text| Reading::parse(&text)));
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, 200)));
        match (closing, reason) {
            (Some(closing), Some(reason)) => Ok((closing, self.rolled == "YES", reason)),
            _ => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PeriodEvent as E;
    use PeriodStatus as S;

    #[test]
    fn the_life_of_a_period() {
        let events = [E::Read, E::Check, E::Return, E::Bill, E::Close, E::Cancel];
        let table = [
            (S::Open, [Some(S::Reading), None, None, None, None, Some(S::Cancelled)]),
            (S::Reading, [Some(S::Reading), Some(S::Checked), None, None, None, Some(S::Cancelled)]),
            (S::Checked, [None, None, Some(S::Reading), Some(S::Billed), None, None]),
            (S::Billed, [None, None, None, None, Some(S::Closed), None]),
            (S::Closed, [None; 6]),
            (S::Cancelled, [None; 6]),
        ];
        assert_eq!(table.map(|(status, _)| status), S::ALL);
        for (status, to) in table {
            assert_eq!(events.map(|event| status.next(event).ok()), to, "{status}");
            assert_eq!(status.is_open(), to[0].is_some());
        }
    }

    #[test]
    fn forms_name_their_mistakes() {
        let today: NaiveDate = "2026-03-15".parse().unwrap();
        let form = PeriodForm {
            estate: "1".into(),
            meter: "WATER".into(),
            month: "2026-03".into(),
            from: "2026-02-16".into(),
            to: "2026-03-15".into(),
        };
        assert!(form.check(today).is_ok());
        for (bad, field) in [
            (PeriodForm { month: "2026-04".into(), ..form.clone() }, "month"),
            (PeriodForm { month: "2024-02".into(), ..form.clone() }, "month"),
            (PeriodForm { to: "2026-02-15".into(), ..form.clone() }, "to"),
            (PeriodForm { to: "2028-02-15".into(), ..form.clone() }, "to"),
            (PeriodForm { meter: "X".into(), ..form.clone() }, "meter"),
            (PeriodForm { estate: String::new(), ..form }, "estate"),
        ] {
            assert!(bad.check(today).unwrap_err().get(field).is_some(), "{field}");
        }
        assert!(CorrectForm::default().check().unwrap_err().get("reason").is_some());
    }
}
