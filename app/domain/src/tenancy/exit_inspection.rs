//! 验房 (E-80 inspection, domain.md §3.26 X7): what the meters show, how the things in the home are, and what is to be paid
//! for what is broken or missing.

use crate::{
    dictionary::{ItemState, MeterType},
    failure::FieldErrors,
    form::{optional, optional_text},
    tenancy::{
        binding::past_day,
        hand_over::{ITEMS_MAX, Reading, meter_field},
    },
    value::{Check, Complaint, Money, required, text_max},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Most that can be charged for one thing, in fen.
const DAMAGE_MAX: Money = Money::from_fen(10_000_000);

/// An inspection that was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    pub inspected_on: NaiveDate,
    /// 验房人
    pub by: Option<String>,
    pub signed_by: String,
    pub remark: Option<String>,
    pub readings: Vec<(MeterType, Reading)>,
    pub items: Vec<InspectedItem>,
}

/// Something that stood in the home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectedItem {
    pub name: String,
    pub quantity: i32,
    pub state: ItemState,
    pub damage: Option<String>,
    pub amount: Money,
}

impl Inspection {
    /// What is to be paid for all of it.
    #[must_use]
    pub fn damages(&self) -> Money {
        self.items.iter().map(|item| item.amount).sum()
    }
}

/// What the form begins with: how the home was handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOverThen {
    pub handed_on: Option<NaiveDate>,
    pub keys: Option<i32>,
    pub readings: Vec<(MeterType, Reading)>,
    /// name and quantity
    pub items: Vec<(String, i32)>,
}

/// What the form shows of its exit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectionOffer {
    pub exit_no: String,
    pub lessee: String,
    pub place: String,
    pub exit_on: NaiveDate,
    pub then: HandedOverThen,
    /// the sheet that was signed already
    pub signed: Option<Inspection>,
    pub version: i32,
    pub today: NaiveDate,
}

impl InspectionOffer {
    /// What the form begins with.
    #[must_use]
    pub fn form(&self) -> InspectionForm {
        match &self.signed {
            Some(sheet) => InspectionForm::from(sheet),
            None => InspectionForm::proposal(&self.then, &self.lessee, self.today),
        }
    }
}

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InspectionForm {
    pub inspected_on: String,
    /// of the meters, empty where there is none
    pub water: String,
    pub power: String,
    pub gas: String,
    pub heat: String,
    /// codes of the meters that went past their highest value
    pub rolled: Vec<String>,
    pub items: Vec<InspectedForm>,
    pub signed_by: String,
    pub signed: bool,
    pub remark: String,
}

/// A line of the sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InspectedForm {
    pub name: String,
    pub quantity: String,
    pub state: String,
    pub damage: String,
    /// yuan
    pub amount: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectionFields {
    pub inspected_on: NaiveDate,
    pub readings: Vec<(MeterType, Reading)>,
    pub rolled: Vec<MeterType>,
    pub items: Vec<InspectedItem>,
    pub signed_by: String,
    pub remark: Option<String>,
}

impl InspectionForm {
    /// The form of a new inspection: what was handed over, as if it were all in order.
    #[must_use]
    pub fn proposal(then: &HandedOverThen, lessee: &str, today: NaiveDate) -> Self {
        let line = |(name, quantity): &(String, i32)| InspectedForm {
            name: name.clone(),
            quantity: quantity.to_string(),
            state: ItemState::Good.code().to_owned(),
            ..InspectedForm::default()
        };
        let items: Vec<_> = then.items.iter().map(line).collect();
        let empty =
            || InspectedForm { quantity: "1".into(), state: ItemState::Good.code().into(), ..Default::default() };
        Self {
            inspected_on: today.to_string(),
            items: if items.is_empty() { vec![empty()] } else { items },
            signed_by: lessee.to_owned(),
            ..Self::default()
        }
    }

    /// Checks every field against what was handed over. A meter that shows less than then was exchanged or has turned over,
    /// which the remark has to say (domain.md §4.12).
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, then: &HandedOverThen, today: NaiveDate) -> Result<InspectionFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let inspected_on = errors.take("inspected_on", past_day(&self.inspected_on, today));
        if let (Some(day), Some(handed_on)) = (inspected_on, then.handed_on)
            && day < handed_on
        {
            errors.add("inspected_on", format!("不能早于交房日期{handed_on}"));
        }
        let remark = errors.take("remark", optional_text(&self.remark, 500)).flatten();
        let mut readings = Vec::new();
        for (meter, text) in self.meters() {
            let field = meter_field(meter);
            let Some(Some(reading)) = errors.take(field, optional(text, Reading::parse)) else { continue };
            let before = then.readings.iter().find(|(known, _)| *known == meter).map(|(_, reading)| *reading);
            let rolled = self.rolled.iter().any(|code| code == meter.code());
            if before.is_some_and(|before| reading < before) && remark.is_none() && !rolled {
                errors.add(field, "读数小于交房读数，表具更换或回零请在备注中说明");
            }
            readings.push((meter, reading));
        }
        let items = self.items(&mut errors);
        let signed_by = errors.take("signed_by", required(&self.signed_by).and_then(|name| text_max(&name, 50)));
        if !self.signed {
            errors.add("signed", "请确认签字人已在验房单上签字");
        }
        match (inspected_on, signed_by) {
            (Some(inspected_on), Some(signed_by)) if errors.is_empty() => {
                let rolled = self.rolled.iter().filter_map(|code| MeterType::from_code(code)).collect();
                Ok(InspectionFields { inspected_on, readings, rolled, items, signed_by, remark })
            }
            _ => Err(errors),
        }
    }

    fn meters(&self) -> [(MeterType, &str); 4] {
        MeterType::METERS.map(|meter| {
            let text = match meter {
                MeterType::Water => &self.water,
                MeterType::Power => &self.power,
                MeterType::Gas => &self.gas,
                MeterType::Heat => &self.heat,
            };
            (meter, text.as_str())
        })
    }

    fn items(&self, errors: &mut FieldErrors) -> Vec<InspectedItem> {
        if self.items.is_empty() {
            errors.add("items", "请填写验房项目，毛坯房可填写门窗、水电等固定设施");
        }
        if self.items.len() > ITEMS_MAX {
            errors.add("items", format!("最多{ITEMS_MAX}项"));
        }
        let mut items = Vec::new();
        for (place, item) in (1..).zip(self.items.iter().take(ITEMS_MAX)) {
            let about = |complaint: Complaint| Complaint::says(format!("第{place}项{}", complaint.text()));
            if let Some(item) = errors.take("items", item.check().map_err(about)) {
                items.push(item);
            }
        }
        items
    }
}

impl InspectedForm {
    fn check(&self) -> Check<InspectedItem> {
        let name = required(&self.name).and_then(|name| text_max(&name, 50))?;
        let quantity = required(&self.quantity)?;
        let quantity = quantity.parse::<u8>().ok().filter(|number| *number > 0);
        let quantity = quantity.ok_or(Complaint::about("数量应为1至255的整数"))?;
        let state = required(&self.state).and_then(|text| ItemState::parse(&text))?;
        let damage = optional_text(&self.damage, 100)?;
        let amount = optional(&self.amount, amount)?.unwrap_or_default();
        match state {
            ItemState::Good | ItemState::Worn if damage.is_some() || amount > Money::ZERO => {
                Err(Complaint::about("完好或正常使用的物品不能收取赔偿"))
            }
            ItemState::Damaged if damage.is_none() => Err(Complaint::about("请填写损坏情况")),
            _ => Ok(InspectedItem { name, quantity: quantity.into(), state, damage, amount }),
        }
    }
}

fn amount(text: &str) -> Check<Money> {
    Money::parse_yuan(text)
        .ok()
        .filter(|amount| (Money::ZERO..=DAMAGE_MAX).contains(amount))
        .ok_or(Complaint::about("赔偿金额应为0至10万元，最多2位小数"))
}

impl From<&Inspection> for InspectionForm {
    /// Who changes what was signed has it signed anew.
    fn from(sheet: &Inspection) -> Self {
        let reading = |wanted: MeterType| {
            let found = sheet.readings.iter().find(|(meter, _)| *meter == wanted);
            found.map(|(_, reading)| reading.to_string()).unwrap_or_default()
        };
        let item = |item: &InspectedItem| InspectedForm {
            name: item.name.clone(),
            quantity: item.quantity.to_string(),
            state: item.state.code().to_owned(),
            damage: item.damage.clone().unwrap_or_default(),
            amount: if item.amount == Money::ZERO { String::new() } else { item.amount.to_string() },
        };
        Self {
            inspected_on: sheet.inspected_on.to_string(),
            water: reading(MeterType::Water),
            power: reading(MeterType::Power),
            gas: reading(MeterType::Gas),
            heat: reading(MeterType::Heat),
            rolled: Vec::new(),
            items: sheet.items.iter().map(item).collect(),
            signed_by: sheet.signed_by.clone(),
            signed: false,
            remark: sheet.remark.clone().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn then() -> HandedOverThen {
        HandedOverThen {
            handed_on: Some(day("2026-01-05")),
            keys: Some(3),
            readings: vec![(MeterType::Water, Reading(1250))],
            items: vec![("床".into(), 2), ("门锁".into(), 1)],
        }
    }

    fn form() -> InspectionForm {
        InspectionForm { signed: true, ..InspectionForm::proposal(&then(), "甲", day("2026-11-28")) }
    }

    fn complaint(change: impl FnOnce(&mut InspectionForm), field: &str) -> Option<String> {
        let mut form = form();
        change(&mut form);
        let errors = form.check(&then(), day("2026-11-28")).err()?;
        Some(errors.get(field).unwrap_or_else(|| panic!("{errors:?}")).to_owned())
    }

    #[test]
    fn a_home_in_order_costs_nothing() {
        let fields = form().check(&then(), day("2026-11-28")).unwrap();
        assert_eq!((fields.items.len(), fields.items[0].quantity), (2, 2));
        assert!(fields.items.iter().all(|item| item.amount == Money::ZERO && item.state == ItemState::Good));
    }

    #[test]
    fn damage_is_described_and_priced() {
        let broken = |damage: &str, amount: &str, state: &str| {
            let (damage, amount, state) = (damage.to_owned(), amount.to_owned(), state.to_owned());
            complaint(
                move |form| {
                    form.items[1] =
                        InspectedForm { name: "门锁".into(), quantity: "1".into(), state, damage, amount };
                },
                "items",
            )
        };
        assert_eq!(broken("锁芯损坏", "120.50", "DAMAGED"), None);
        assert_eq!(broken("", "80", "MISSING"), None);
        assert_eq!(broken("", "80", "DAMAGED").unwrap(), "第2项请填写损坏情况");
        assert_eq!(broken("", "80", "GOOD").unwrap(), "第2项完好或正常使用的物品不能收取赔偿");
        assert_eq!(broken("划痕", "-1", "DAMAGED").unwrap(), "第2项赔偿金额应为0至10万元，最多2位小数");
    }

    #[test]
    fn a_meter_does_not_run_backwards_without_a_word() {
        let less = |form: &mut InspectionForm| form.water = "12".into();
        assert_eq!(complaint(less, "water").unwrap(), "读数小于交房读数，表具更换或回零请在备注中说明");
        let said = |form: &mut InspectionForm| {
            form.water = "12".into();
            form.remark = "2026年5月换表".into();
        };
        assert_eq!(complaint(said, "water"), None);
        assert_eq!(complaint(|form| form.water = "12.50".into(), "water"), None);
        assert!(complaint(|form| form.gas = "-1".into(), "gas").is_some());
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(complaint(|form| form.signed = false, "signed").is_some());
        assert!(complaint(|form| form.signed_by = " ".into(), "signed_by").is_some());
        assert!(complaint(|form| form.items.clear(), "items").is_some());
        assert_eq!(complaint(|form| form.inspected_on = "2026-11-29".into(), "inspected_on").unwrap(), "不能晚于今天");
        assert!(complaint(|form| form.inspected_on = "2026-01-04".into(), "inspected_on").is_some());
    }
}
