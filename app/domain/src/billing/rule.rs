//! How a city charges and collects (domain.md §2.9 PRM-23, PRM-30, PRM-31, PRM-33, PRM-40 to PRM-49, PRM-51, PRM-76): the parameters that
//! contracts and bills follow, each of which a district may set for itself.

use crate::{
    billing::{arrears::ArrearsRule, deduction_result::DeductionDays, late_fee::LateFee, meter::Tariff},
    dictionary::{DayBase, MeterType, PaidFirst},
    platform::setting::code,
    tenancy::{
        assignment::SIGN_WORKING_DAYS, contract_form::LEASE_MONTHS_MAX, deposit::DepositRule, layout::LayoutRule,
        renewal::RenewalWindow, stay::RELOCATION_MONTHS,
    },
    value::{Check, Complaint, Money, decimal, decimal_text},
};

/// What is in force where a home lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillingRule {
    /// PRM-21
    pub layouts: LayoutRule,
    /// PRM-23: working days between the choice of a home and the contract
    pub sign_days: u32,
    /// PRM-30
    pub lease_months: u32,
    /// PRM-31
    pub renewal: RenewalWindow,
    /// PRM-33: months in which a household moves whose contract has expired
    pub relocation_months: u32,
    /// PRM-40: the day of the month from which its bills are made without being asked for; none: somebody makes them
    pub bill_day: Option<u32>,
    /// PRM-41
    pub base: DayBase,
    /// PRM-42: a due day on which nobody works moves to the next on which somebody does
    pub due_rolls: bool,
    /// PRM-43; none: nothing is charged for paying late
    pub late_fee: Option<LateFee>,
    /// days after the due day before a bill is overdue (of PRM-43)
    pub grace: u32,
    /// PRM-44
    pub deposit: DepositRule,
    /// PRM-45
    pub first: PaidFirst,
    /// PRM-46
    pub deduction_days: DeductionDays,
    /// whether the batches of these days are made without being asked; checked and sent they are by people in any case
    pub deduction_auto: bool,
    /// PRM-47: what was paid ahead is used before the bank is asked
    pub balance_first: bool,
    /// PRM-48
    pub levels: [i64; 4],
    /// PRM-49: days that a written notice gives
    pub notice_days: u32,
    /// PRM-51
    pub minor: Money,
    /// 收费标准 of what meters measure: water, power, gas, heat
    pub tariffs: [Tariff; 4],
    /// PRM-76: from which multiple of the average a usage has to be confirmed, in hundredths
    pub meter_factor: u32,
    /// what the head of finance may write off alone (domain.md §6.4)
    pub write_off_limit: Money,
}

impl Default for BillingRule {
    fn default() -> Self {
        Self {
            layouts: LayoutRule::default(),
            sign_days: SIGN_WORKING_DAYS,
            lease_months: LEASE_MONTHS_MAX,
            renewal: RenewalWindow::default(),
            relocation_months: RELOCATION_MONTHS,
            bill_day: Some(1),
            base: DayBase::Actual,
            due_rolls: true,
            late_fee: None,
            grace: 5,
            deposit: DepositRule::Fixed(Money::from_fen(100_000)),
            first: PaidFirst::Principal,
            deduction_days: DeductionDays::default(),
            deduction_auto: true,
            balance_first: true,
            levels: [1, 2, 3, 6],
            notice_days: 15,
            minor: Money::from_fen(100),
            tariffs: Default::default(),
            meter_factor: 300,
            write_off_limit: Money::from_fen(500_000),
        }
    }
}

/// The parameters of the rule, in the order of their numbers.
pub const CODES: [&str; 23] = [
    code::LAYOUTS,
    code::SIGN_DAYS,
    code::LEASE_MONTHS,
    code::RENEWAL_WINDOW,
    code::RELOCATION,
    code::BILL_DAY,
    code::DAY_BASE,
    code::DUE_ROLLS,
    code::LATE_FEE,
    code::DEPOSIT,
    code::PAID_FIRST,
    code::DEDUCTION_DAYS,
    code::DEDUCTION_AUTO,
    code::BALANCE_FIRST,
    code::ARREARS_LEVELS,
    code::NOTICE_DAYS,
    code::ARREARS_MINOR,
    code::WATER_PRICE,
    code::POWER_PRICE,
    code::GAS_PRICE,
    code::HEAT_PRICE,
    code::METER_FACTOR,
    code::WRITE_OFF_LIMIT,
];

/// Where the price of what a meter measures is set.
const fn priced(code: &str) -> Option<MeterType> {
    match code.as_bytes() {
        b"WATER_PRICE" => Some(MeterType::Water),
        b"POWER_PRICE" => Some(MeterType::Power),
        b"GAS_PRICE" => Some(MeterType::Gas),
        b"HEAT_PRICE" => Some(MeterType::Heat),
        _ => None,
    }
}

impl BillingRule {
    /// Reads a parameter as it is entered or stored into the rule.
    ///
    /// # Errors
    /// The sentence that says what can be set.
    pub fn set(&mut self, code: &str, value: &str) -> Check<()> {
        let says = |sentence: &'static str| Complaint::says(sentence);
        match code {
            code::LAYOUTS => {
                self.layouts = LayoutRule::parse(value)
                    .ok_or(says("须由1人起逐级列出户型并以“n+”结尾，如1=STUDIO/ONE,2-3=ONE/TWO,4+=TWO/THREE"))?;
            }
            code::SIGN_DAYS => self.sign_days = number(value, 1, 60).ok_or(says("签约期限须为1至60个工作日"))?,
            code::LEASE_MONTHS => {
                // The law's own limit is the most that can be set.
                self.lease_months = number(value, 1, LEASE_MONTHS_MAX).ok_or(says("最长租期须为1至60个月"))?;
            }
            code::RENEWAL_WINDOW => {
                self.renewal = RenewalWindow::parse(value)
                    .ok_or(says("须为到期前开始和截止的天数，开始1至1830且不少于截止，如180/90"))?;
            }
            code::RELOCATION => {
                self.relocation_months = number(value, 1, 12).ok_or(says("搬迁期须为1至12个月"))?;
            }
            code::BILL_DAY => {
                self.bill_day = match value {
                    "off" => None,
                    day => Some(number(day, 1, 28).ok_or(says("须为1至28的日期，或off"))?),
                };
            }
            code::DAY_BASE => {
                self.base = DayBase::from_code(value).ok_or(says("日租金基数可填ACTUAL、30或365"))?;
            }
            code::DUE_ROLLS => {
                self.due_rolls = value.parse().map_err(|_| says("缴费日遇休息日是否顺延，可填true或false"))?;
            }
            code::LATE_FEE => {
                let (late_fee, grace) =
                    late_fee(value).ok_or(says("须为off/宽限天数，或日费率/宽限天数/上限百分比，如0.0005/5/100"))?;
                (self.late_fee, self.grace) = (late_fee, grace);
            }
            code::DEPOSIT => {
                self.deposit = DepositRule::parse(value)
                    .ok_or(says("须为FIXED/金额（0至100000元），或MONTHS/月数（1至12），如FIXED/1000、MONTHS/3"))?;
            }
            code::PAID_FIRST => {
                self.first = PaidFirst::from_code(value).ok_or(says("抵扣顺序可填PRINCIPAL或LATE_FEE"))?;
            }
            code::DEDUCTION_DAYS => {
                self.deduction_days =
                    DeductionDays::parse(value).ok_or(says("须为由小到大的日期，1至28日，最多六个，如15/20/25"))?;
            }
            code::DEDUCTION_AUTO => {
                self.deduction_auto = value.parse().map_err(|_| says("代扣日是否自动制作批次，可填true或false"))?;
            }
            code::BALANCE_FIRST => {
                self.balance_first = value.parse().map_err(|_| says("代扣前是否先用账户余额，可填true或false"))?;
            }
            code::ARREARS_LEVELS => {
                let levels: Option<Vec<i64>> = value.split('/').map(|part| part.parse().ok()).collect();
                let levels = levels.and_then(|levels| <[i64; 4]>::try_from(levels).ok());
                self.levels = levels
                    .filter(|levels| levels[0] >= 1 && levels.is_sorted() && levels[3] <= 60)
                    .ok_or(says("须为四个由小到大的月数，如1/2/3/6"))?;
            }
            code::NOTICE_DAYS => self.notice_days = number(value, 1, 90).ok_or(says("限缴天数须为1至90天"))?,
            code::ARREARS_MINOR => {
                self.minor = Money::parse_yuan(value)
                    .ok()
                    .filter(|minor| (0..=10_000).contains(&minor.fen()))
                    .ok_or(says("须为0至100元，最多2位小数"))?;
            }
            code::METER_FACTOR => {
                self.meter_factor = decimal(value, 2)
                    .and_then(|factor| u32::try_from(factor).ok())
                    .filter(|factor| (110..=10_000).contains(factor))
                    .ok_or(says("异常用量倍数须为1.1至100，最多2位小数"))?;
            }
            code::WRITE_OFF_LIMIT => {
                self.write_off_limit = Money::parse_yuan(value)
                    .ok()
                    .filter(|limit| *limit >= Money::ZERO)
                    .ok_or(says("核销限额须为不小于0的金额，最多2位小数"))?;
            }
            code => {
                if let Some(meter) = priced(code) {
                    self.tariffs[meter as usize] = Tariff::parse(value).ok_or(says(
                        "须为单价，或由小到大的“用量:单价”加末档单价，如3.15或260:0.52,400:0.57,0.82；留空为未设置",
                    ))?;
                }
            }
        }
        Ok(())
    }

    /// The value of a parameter as [`Self::set`] reads it.
    #[must_use]
    pub fn value(&self, code: &str) -> Option<String> {
        Some(match code {
            code::LAYOUTS => self.layouts.code(),
            code::SIGN_DAYS => self.sign_days.to_string(),
            code::LEASE_MONTHS => self.lease_months.to_string(),
            code::RENEWAL_WINDOW => self.renewal.code(),
            code::RELOCATION => self.relocation_months.to_string(),
            code::BILL_DAY => self.bill_day.map_or_else(|| "off".to_owned(), |day| day.to_string()),
            code::DAY_BASE => self.base.code().to_owned(),
            code::DUE_ROLLS => self.due_rolls.to_string(),
            code::LATE_FEE => match self.late_fee {
                None => format!("off/{}", self.grace),
                Some(fee) => format!("0.{:06}/{}/{}", fee.daily, fee.grace, fee.cap),
            },
            code::DEPOSIT => self.deposit.code(),
            code::PAID_FIRST => self.first.code().to_owned(),
            code::DEDUCTION_DAYS => self.deduction_days.text(),
            code::DEDUCTION_AUTO => self.deduction_auto.to_string(),
            code::BALANCE_FIRST => self.balance_first.to_string(),
            code::ARREARS_LEVELS => self.levels.map(|level| level.to_string()).join("/"),
            code::NOTICE_DAYS => self.notice_days.to_string(),
            code::ARREARS_MINOR => self.minor.to_string(),
            code::METER_FACTOR => decimal_text(self.meter_factor.into(), 2),
            code::WRITE_OFF_LIMIT => self.write_off_limit.to_string(),
            code => self.tariff(priced(code)?).code(),
        })
    }

    /// What a meter's usage costs; it may not be set.
    #[must_use]
    pub const fn tariff(&self, meter: MeterType) -> &Tariff {
        &self.tariffs[meter as usize]
    }

    /// What counts as arrears (§4.11).
    #[must_use]
    pub fn arrears(&self) -> ArrearsRule {
        ArrearsRule { from: self.levels, minor: self.minor, grace: self.grace }
    }
}

fn number(text: &str, from: u32, to: u32) -> Option<u32> {
    text.parse().ok().filter(|number| (from..=to).contains(number))
}

/// `off/5` or `0.0005/5/100`.
fn late_fee(text: &str) -> Option<(Option<LateFee>, u32)> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        ["off", grace] => Some((None, number(grace, 0, 90)?)),
        [daily, grace, cap] => {
            let digits = daily.strip_prefix("0.").filter(|digits| (1..=6).contains(&digits.len()))?;
            let daily = number(&format!("{digits:0<6}"), 1, 1_000)?.into();
            let (grace, cap) = (number(grace, 0, 90)?, number(cap, 1, 100)?);
            Some((Some(LateFee { daily, grace, cap }), grace))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_read_back() {
        let mut rule = BillingRule::default();
        for (code, value) in [
            (code::LAYOUTS, "1-2=STUDIO/ONE,3+=TWO"),
            (code::SIGN_DAYS, "15"),
            (code::LEASE_MONTHS, "36"),
            (code::RENEWAL_WINDOW, "120/30"),
            (code::RELOCATION, "6"),
            (code::BILL_DAY, "off"),
            (code::DAY_BASE, "30"),
            (code::DUE_ROLLS, "false"),
            (code::LATE_FEE, "0.000500/5/100"),
            (code::DEPOSIT, "MONTHS/3"),
            (code::PAID_FIRST, "LATE_FEE"),
            (code::DEDUCTION_DAYS, "10/18"),
            (code::DEDUCTION_AUTO, "false"),
            (code::BALANCE_FIRST, "false"),
            (code::ARREARS_LEVELS, "1/2/4/6"),
            (code::NOTICE_DAYS, "30"),
            (code::ARREARS_MINOR, "2.00"),
            (code::WATER_PRICE, "3.15"),
            (code::POWER_PRICE, "260.00:0.52,400.00:0.57,0.82"),
            (code::GAS_PRICE, ""),
            (code::HEAT_PRICE, "25.00"),
            (code::METER_FACTOR, "2.50"),
            (code::WRITE_OFF_LIMIT, "800.00"),
        ] {
            assert_eq!(rule.set(code, value), Ok(()), "{code}");
            assert_eq!(rule.value(code).as_deref(), Some(value), "{code}");
        }
        assert_eq!(rule.late_fee.map(|fee| fee.daily), Some(500));
        assert_eq!(rule.set(code::LATE_FEE, "off/3"), Ok(()));
        assert_eq!((rule.late_fee, rule.grace), (None, 3));
    }

    #[test]
    fn what_cannot_be_set_is_refused() {
        for (code, values) in [
            (code::LAYOUTS, &["", "1=ONE", "2+=ONE", "1+=CASTLE"][..]),
            (code::SIGN_DAYS, &["0", "61", "x"]),
            (code::LEASE_MONTHS, &["0", "61"]),
            (code::RENEWAL_WINDOW, &["", "180", "90/180", "0/0", "1831/90", "180/90/1"]),
            (code::RELOCATION, &["0", "13", "x"]),
            (code::DAY_BASE, &["31", ""]),
            (code::DUE_ROLLS, &["1", "是"]),
            // An observed contract asks for 2 % a day, which no court would leave.
            (code::LATE_FEE, &["0.02/5/100", "0.0005", "on/5", "0.0005/5/101", "0/5/100", "0.0000001/5/100"]),
            (code::DEPOSIT, &["1000", "MONTHS/13"]),
            (code::PAID_FIRST, &["FIRST"]),
            (code::DEDUCTION_DAYS, &["", "31", "20/15"]),
            (code::DEDUCTION_AUTO, &["1", "是"]),
            (code::BALANCE_FIRST, &["1", "是"]),
            (code::ARREARS_LEVELS, &["1/2/3", "2/1/3/6", "0/1/2/3", "1/2/3/61"]),
            (code::NOTICE_DAYS, &["0", "91", "x"]),
            (code::ARREARS_MINOR, &["-1", "1.001", "101"]),
            (code::WATER_PRICE, &["0", "-1", "400:0.5,260:0.6,1"]),
            (code::METER_FACTOR, &["", "1", "101"]),
            (code::WRITE_OFF_LIMIT, &["", "-1", "1.001"]),
        ] {
            for value in values {
                let mut rule = BillingRule::default();
                assert!(rule.set(code, value).is_err(), "{code} {value}");
                assert_eq!(rule, BillingRule::default());
            }
        }
    }

    #[test]
    fn the_catalogue_knows_every_parameter_of_the_rule() {
        for code in CODES {
            assert!(BillingRule::default().value(code).is_some(), "{code}");
            assert!(crate::platform::parameter::parameter(code).is_some_and(|known| known.by_district), "{code}");
        }
    }
}
