//! 表具 (E-101) and what measuring costs (domain.md §4.12): usage, price, and how a shared meter is divided.

use crate::{
    dictionary::{FeeItem, MeterType, dictionary},
    id::{BuildingId, EstateId, UnitId},
    tenancy::hand_over::Reading,
    value::{Check, Complaint, Money, Rate, decimal, decimal_text, round_half_up},
};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

dictionary! {
    /// 分摊方式: how what a shared meter costs is divided among the homes that share it
    MeterShare = "E-101.share" "分摊方式" {
        Area = "AREA" "按建筑面积",
        Equal = "EQUAL" "按户平均",
    }
}

dictionary! {
    /// 表具状态 (E-101 `status`)
    MeterStatus = "E-101.status" "表具状态" {
        On = "ON" "在用",
        Off = "OFF" "已拆除",
    }
}

/// 期末值小于期初值
pub const IS_LESS: &str = "期末值小于期初值";

impl MeterType {
    /// What the bill of a reading is for (D-30).
    #[must_use]
    pub const fn fee_item(self) -> FeeItem {
        match self {
            Self::Water => FeeItem::Water,
            Self::Power => FeeItem::Electricity,
            Self::Gas => FeeItem::Gas,
            Self::Heat => FeeItem::Heating,
        }
    }
}

/// The refusal where no price is set (S4-1.6.2).
#[must_use]
pub fn no_tariff(meter: MeterType) -> String {
    format!("请先在收费标准下设置{}", meter.fee_item())
}

/// A price, or prices by the usage of a period (阶梯价): what lies above the last limit costs the last price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tariff {
    /// up to a usage in hundredths, in order
    tiers: Vec<(i64, Rate)>,
    last: Option<Rate>,
}

impl Tariff {
    /// Reads `3.15`, or `260:0.52,400:0.57,0.82`; nothing is no price.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let positive = |text: &str| Rate::parse(text).ok().filter(|rate| rate.ten_thousandths() > 0);
        let (tiers, last) = text.rsplit_once(',').unwrap_or(("", text));
        let mut read = Vec::new();
        for tier in tiers.split(',').filter(|tier| !tier.is_empty()) {
            let (limit, rate) = tier.split_once(':')?;
            let limit = decimal(limit, 2).filter(|limit| (1..=9_999_999_999).contains(limit))?;
            read.push((limit, positive(rate)?));
        }
        let rising = read.windows(2).all(|pair| pair[0].0 < pair[1].0) && read.len() <= 5;
        rising.then_some(Self { tiers: read, last: Some(positive(last)?) })
    }

    /// As it is stored and read back.
    #[must_use]
    pub fn code(&self) -> String {
        let tiers = self.tiers.iter().map(|(limit, rate)| format!("{}:{rate}", decimal_text(*limit, 2)));
        tiers.chain(self.last.map(|rate| rate.to_string())).collect::<Vec<_>>().join(",")
    }

    /// The same for several months at once, when a meter was not read in between: each of them has its own limits.
    #[must_use]
    pub fn over(&self, months: u32) -> Self {
        let months = i64::from(months.max(1));
        Self {
            tiers: self.tiers.iter().map(|(limit, rate)| (limit.saturating_mul(months), *rate)).collect(),
            ..self.clone()
        }
    }

    /// Whether there is a price at all.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        self.last.is_some()
    }

    /// The one price, where there is only one.
    #[must_use]
    pub fn single(&self) -> Option<Rate> {
        self.last.filter(|_| self.tiers.is_empty())
    }

    /// How much of a usage costs what.
    fn parts(&self, usage: i64) -> Vec<(i64, Rate)> {
        let mut from = 0;
        let mut parts = Vec::new();
        for (limit, rate) in self.tiers.iter().copied().chain(self.last.map(|rate| (i64::MAX, rate))) {
            let part = usage.min(limit) - from;
            if part > 0 || parts.is_empty() {
                parts.push((part.max(0), rate));
            }
            from = limit;
            if usage <= limit {
                break;
            }
        }
        parts
    }

    /// What a usage in hundredths costs: exact, and rounded once (§4.1).
    #[must_use]
    pub fn charge(&self, usage: i64) -> Money {
        let exact = |(part, rate): &(i64, Rate)| i128::from(*part) * i128::from(rate.ten_thousandths());
        Money::from_fen(round_half_up(self.parts(usage).iter().map(exact).sum(), 10_000))
    }

    /// The line of a bill: `36 × 3.15元`.
    #[must_use]
    pub fn formula(&self, usage: i64) -> String {
        let part = |(part, rate): &(i64, Rate)| format!("{} × {rate}元", decimal_text(*part, 2));
        self.parts(usage).iter().map(part).collect::<Vec<_>>().join(" + ")
    }
}

/// What a meter measured between two readings. Readings are hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub opening: Reading,
    pub closing: Reading,
    /// in hundredths: 1.00 is 100
    pub multiplier: i64,
    /// the highest value that it shows
    pub max: Option<Reading>,
    /// it went past that
    pub rolled: bool,
    /// the remainder of the meter that it replaced
    pub carried: i64,
}

impl Span {
    /// `usage = (closing − opening) × multiplier`, past the highest value `(max + 1 − opening + closing)`, and the
    /// remainder of the meter before (§4.12); in hundredths, rounded half up.
    ///
    /// # Errors
    /// `期末值小于期初值` and what else cannot be.
    pub fn usage(&self) -> Check<i64> {
        let (opening, closing) = (self.opening.0, self.closing.0);
        let moved = match (self.rolled, self.max) {
            (_, Some(max)) if closing > max.0 => return Err(Complaint::says("期末值大于表具最大读数")),
            (false, _) if closing < opening => return Err(Complaint::says(IS_LESS)),
            (false, _) => closing - opening,
            (true, None) => return Err(Complaint::says("该表具未登记最大读数，不能按归零计算")),
            (true, Some(_)) if closing >= opening => {
                return Err(Complaint::says("期末值不小于期初值，请取消“已归零”"));
            }
            (true, Some(max)) => beyond(max) - opening + closing,
        };
        let exact = i128::from(moved) * i128::from(self.multiplier);
        Ok(round_half_up(exact, 100) + self.carried)
    }
}

/// The value at which a meter shows nothing again: one of its smallest steps above the highest.
const fn beyond(max: Reading) -> i64 {
    if max.0 % 100 == 0 { max.0 + 100 } else { max.0 + 1 }
}

/// Months that a reading covers: since the one that the reading before it was charged for, which is at least its own.
#[must_use]
pub fn months_since(before: Option<NaiveDate>, month: NaiveDate) -> u32 {
    let count = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month());
    before.and_then(|before| u32::try_from(count(month) - count(before)).ok()).unwrap_or(1).max(1)
}

/// Readings that a period compares with (PRM-76).
pub const COMPARED: usize = 6;

/// Why a reading has to be confirmed (Z3): more than `factor` hundredths of the average of those before, or nothing at all
/// where somebody lives.
#[must_use]
pub fn abnormal(usage: i64, before: &[i64], factor: u32, occupied: bool) -> Option<String> {
    if usage == 0 && occupied {
        return Some("有人居住，用量为零".to_owned());
    }
    let count = i128::try_from(before.len()).unwrap_or(1);
    let sum: i128 = before.iter().copied().map(i128::from).sum();
    let much = sum > 0 && i128::from(usage) * 100 * count > sum * i128::from(factor);
    much.then(|| format!("用量超过近期平均的{}倍", decimal_text(factor.into(), 2)))
}

/// A meter, as lists and its page show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeterRow {
    pub id: i64,
    pub meter_no: String,
    pub meter: MeterType,
    pub estate_id: EstateId,
    pub estate: String,
    /// the home, the building or the estate
    pub place: String,
    pub unit_id: Option<UnitId>,
    pub building_id: Option<BuildingId>,
    pub share: Option<MeterShare>,
    /// hundredths
    pub multiplier: i64,
    pub max: Option<Reading>,
    pub install_on: NaiveDate,
    /// none: nobody has looked yet, and its first reading says it
    pub initial: Option<Reading>,
    /// what it showed last, and when
    pub last: Option<Reading>,
    pub last_on: Option<NaiveDate>,
    pub smart: bool,
    pub vendor_no: Option<String>,
    pub status: MeterStatus,
    pub removed_on: Option<NaiveDate>,
    pub remark: Option<String>,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
}

/// A line of a meter's timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeterNote {
    pub at: DateTime<Utc>,
    pub actor: Option<String>,
    pub event: String,
    pub reason: Option<String>,
}

/// A meter with its timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meter {
    pub row: MeterRow,
    pub history: Vec<MeterNote>,
}

/// What the form of a meter offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MeterOffer {
    pub estates: Vec<(i64, String)>,
    /// with their estates in the name
    pub buildings: Vec<(i64, String)>,
    pub today: String,
}

#[cfg(test)]
#[path = "meter_tests.rs"]
mod tests;
