//! 表具 (E-101, S4-1.3.3): what is entered of a meter, when all homes get one, and when one is replaced.

use super::meter::{MeterRow, MeterShare};
use crate::{
    dictionary::MeterType,
    failure::FieldErrors,
    form::{date, optional, optional_text, pick},
    id::{BuildingId, EstateId, UnitId},
    tenancy::hand_over::Reading,
    value::{Check, Complaint, decimal, decimal_text, required, text_max},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MeterForm {
    pub meter_no: String,
    pub meter: String,
    /// the home; empty: it is shared
    pub unit: String,
    /// what people call the home
    pub unit_name: String,
    /// of a shared one: the estate, or one building of it
    pub estate: String,
    pub building: String,
    pub share: String,
    pub multiplier: String,
    pub max_value: String,
    pub install_on: String,
    pub initial: String,
    pub smart: String,
    pub vendor_no: String,
    pub remark: String,
}

/// Where a meter measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeterPlace {
    Unit(UnitId),
    Building(BuildingId, MeterShare),
    Estate(EstateId, MeterShare),
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterFields {
    pub meter_no: String,
    pub meter: MeterType,
    pub place: MeterPlace,
    pub multiplier: i64,
    pub max: Option<Reading>,
    pub install_on: NaiveDate,
    /// none: its first reading says it
    pub initial: Option<Reading>,
    pub smart: bool,
    pub vendor_no: Option<String>,
    pub remark: Option<String>,
}

impl MeterForm {
    /// Checks every field on a day.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<MeterFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let meter_no = errors.take("meter_no", required(&self.meter_no).and_then(|text| text_max(&text, 30)));
        let meter = MeterType::from_code(&self.meter).ok_or(Complaint::says("请选择表具类型"));
        let meter = errors.take("meter", meter);
        let place = self.place(&mut errors);
        let multiplier = errors.take("multiplier", optional(&self.multiplier, multiplier));
        let max = errors.take("max_value", optional(&self.max_value, Reading::parse)).flatten();
        let install_on = errors.take("install_on", required(&self.install_on).and_then(|text| date(&text)));
        let initial = errors.take("initial", optional(&self.initial, Reading::parse)).flatten();
        let vendor_no = errors.take("vendor_no", optional_text(&self.vendor_no, 50)).flatten();
        let remark = errors.take("remark", optional_text(&self.remark, 200)).flatten();
        if install_on.is_some_and(|day| day > today) {
            errors.add("install_on", "安装日期不能晚于今天");
        }
        if max.is_some_and(|max| max.0 == 0 || initial.is_some_and(|initial| max < initial)) {
            errors.add("max_value", "最大读数应大于0，且不小于期初值");
        }
        match (meter_no, meter, place, install_on) {
            (Some(meter_no), Some(meter), Some(place), Some(install_on)) if errors.is_empty() => Ok(MeterFields {
                meter_no,
                meter,
                place,
                multiplier: multiplier.flatten().unwrap_or(100),
                max,
                install_on,
                initial,
                smart: self.smart == "YES",
                vendor_no,
                remark,
            }),
            _ => Err(errors),
        }
    }

    fn place(&self, errors: &mut FieldErrors) -> Option<MeterPlace> {
        let unit = errors.take("unit", optional(&self.unit, |text| pick(text, "请选择房间"))).flatten();
        let building = errors.take("building", optional(&self.building, |text| pick(text, "请选择楼栋"))).flatten();
        let estate = errors.take("estate", optional(&self.estate, |text| pick(text, "请选择小区"))).flatten();
        let share = errors.take("share", optional(&self.share, MeterShare::parse)).flatten();
        match (unit, building, estate, share) {
            (Some(unit), None, None, None) => Some(MeterPlace::Unit(UnitId(unit))),
            (Some(_), ..) => {
                errors.add("unit", "分户表只选择房间，不选择小区、楼栋和分摊方式");
                None
            }
            (None, None, None, _) => {
                errors.add("unit", "请选择房间；公摊表请选择小区或楼栋");
                None
            }
            (None, _, _, None) => {
                errors.add("share", "公摊表请选择分摊方式");
                None
            }
            (None, Some(building), _, Some(share)) => Some(MeterPlace::Building(BuildingId(building), share)),
            (None, None, Some(estate), Some(share)) => Some(MeterPlace::Estate(EstateId(estate), share)),
        }
    }
}

impl From<&MeterRow> for MeterForm {
    fn from(row: &MeterRow) -> Self {
        let unit = row.unit_id.map(|id| id.to_string()).unwrap_or_default();
        let building = row.building_id.map(|id| id.to_string()).unwrap_or_default();
        let estate = if unit.is_empty() && building.is_empty() { row.estate_id.to_string() } else { String::new() };
        Self {
            meter_no: row.meter_no.clone(),
            meter: row.meter.code().to_owned(),
            unit_name: row.place.clone(),
            unit,
            estate,
            building,
            share: row.share.map(|share| share.code().to_owned()).unwrap_or_default(),
            multiplier: decimal_text(row.multiplier, 2),
            max_value: row.max.map(|max| max.to_string()).unwrap_or_default(),
            install_on: row.install_on.to_string(),
            initial: row.initial.map(|initial| initial.to_string()).unwrap_or_default(),
            smart: if row.smart { "YES" } else { "NO" }.to_owned(),
            vendor_no: row.vendor_no.clone().unwrap_or_default(),
            remark: row.remark.clone().unwrap_or_default(),
        }
    }
}

/// A multiplier in hundredths; what the largest reading then costs at the largest price is still an amount of money.
fn multiplier(text: &str) -> Check<i64> {
    let read = decimal(text, 2).filter(|hundredths| (1..=100_000).contains(hundredths));
    read.ok_or(Complaint::about("应为大于0且不超过1000的数字，最多2位小数"))
}

/// 换表: what the old meter showed last, and the new one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplaceForm {
    pub final_value: String,
    /// `YES`: the old one went past its highest value
    pub rolled: String,
    pub meter_no: String,
    pub initial: String,
    pub max_value: String,
    pub replaced_on: String,
    pub reason: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplaceFields {
    pub final_value: Reading,
    pub rolled: bool,
    pub meter_no: String,
    pub initial: Reading,
    pub max: Option<Reading>,
    pub replaced_on: NaiveDate,
    pub reason: String,
}

impl ReplaceForm {
    /// Checks every field on a day.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<ReplaceFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let last = errors.take("final_value", required(&self.final_value).and_then(|text| Reading::parse(&text)));
        let meter_no = errors.take("meter_no", required(&self.meter_no).and_then(|text| text_max(&text, 30)));
        let initial = errors.take("initial", optional(&self.initial, Reading::parse)).flatten().unwrap_or(Reading(0));
        let max = errors.take("max_value", optional(&self.max_value, Reading::parse)).flatten();
        let day = errors.take("replaced_on", required(&self.replaced_on).and_then(|text| date(&text)));
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, 200)));
        if day.is_some_and(|day| day > today) {
            errors.add("replaced_on", "换表日期不能晚于今天");
        }
        if max.is_some_and(|max| max.0 == 0 || max < initial) {
            errors.add("max_value", "最大读数应大于0，且不小于期初值");
        }
        match (last, meter_no, day, reason) {
            (Some(final_value), Some(meter_no), Some(replaced_on), Some(reason)) if errors.is_empty() => {
                let rolled = self.rolled == "YES";
                Ok(ReplaceFields { final_value, rolled, meter_no, initial, max, replaced_on, reason })
            }
            _ => Err(errors),
        }
    }
}

/// 自动创建: a meter for every home of an estate that has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AutoForm {
    pub estate: String,
    pub meter: String,
}

impl AutoForm {
    /// Checks every field.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<(EstateId, MeterType), FieldErrors> {
        let mut errors = FieldErrors::default();
        let estate = errors.take("estate", pick(&self.estate, "请选择小区"));
        let meter = MeterType::from_code(&self.meter).ok_or(Complaint::says("请选择表具类型"));
        let meter = errors.take("meter", meter);
        match (estate, meter) {
            (Some(estate), Some(meter)) => Ok((EstateId(estate), meter)),
            _ => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_is_of_a_home_or_is_shared() {
        let today = "2026-03-15".parse().unwrap();
        let form = MeterForm {
            meter_no: "S1".into(),
            meter: "WATER".into(),
            unit: "7".into(),
            install_on: "2026-01-01".into(),
            ..MeterForm::default()
        };
        let fields = form.check(today).unwrap();
        assert_eq!((fields.place, fields.multiplier), (MeterPlace::Unit(UnitId(7)), 100));
        assert_eq!(fields.initial, None, "nobody has looked yet");
        let refused = |form: MeterForm, field: &str| form.check(today).unwrap_err().get(field).map(ToOwned::to_owned);
        let shared = MeterForm { unit: String::new(), building: "3".into(), ..form.clone() };
        assert!(refused(shared.clone(), "share").is_some());
        let shared = MeterForm { share: "AREA".into(), ..shared };
        assert_eq!(
            shared.check(today).map(|fields| fields.place),
            Ok(MeterPlace::Building(BuildingId(3), MeterShare::Area))
        );
        assert!(refused(MeterForm { unit: "7".into(), ..shared }, "unit").is_some());
        assert!(refused(MeterForm { unit: String::new(), ..form.clone() }, "unit").is_some());
        assert!(refused(MeterForm { install_on: "2026-03-16".into(), ..form.clone() }, "install_on").is_some());
        assert!(refused(MeterForm { multiplier: "0".into(), ..form.clone() }, "multiplier").is_some());
        assert!(refused(MeterForm { max_value: "5".into(), initial: "6".into(), ..form }, "max_value").is_some());
    }
}
