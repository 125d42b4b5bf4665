//! 交房入住 (S4-1.5.3, domain.md §3.27 U6): the home is handed to the lessee with its keys, its meters and what stands in
//! it; from that day he lives there.

use crate::{
    change::{Change, changes},
    dictionary::{ContractStatus, ItemState, MeterType, Relation},
    failure::{Failure, FieldErrors},
    form::{optional, optional_text, pick},
    id::{ContractId, HandOverId, PersonId, RoomId, UnitId},
    tenancy::binding::{RoomPlace, past_day},
    value::{Check, Complaint, decimal, decimal_text, normalize, required, text_max},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most keys of one home.
pub const KEYS_MAX: u8 = 99;
/// Most lines of the list of what stands in a home.
pub const ITEMS_MAX: usize = 60;

/// A contract that was handed over, or waits for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandOverRow {
    pub contract_id: ContractId,
    pub contract_no: Option<String>,
    pub lessee: String,
    pub unit_id: UnitId,
    pub estate: String,
    pub address: String,
    pub start_on: NaiveDate,
    /// none: it waits
    pub done: Option<HandedOver>,
}

/// What the list says of a hand-over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandedOver {
    pub id: HandOverId,
    pub handed_on: NaiveDate,
    pub keys: i32,
    pub signed_by: String,
    /// 经办
    pub clerk: Option<String>,
}

/// A hand-over with all that its page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandOver {
    pub row: HandOverRow,
    pub readings: Vec<(MeterType, Reading)>,
    pub items: Vec<Item>,
    pub remark: Option<String>,
    pub contract_status: ContractStatus,
    pub sign_on: NaiveDate,
    pub created_at: DateTime<Utc>,
    pub history: Vec<HandOverLine>,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
    pub today: NaiveDate,
}

/// Something that stands in the home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub name: String,
    pub quantity: i32,
    pub state: ItemState,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}（{}）", self.name, self.quantity, self.state)
    }
}

/// A line of the timeline, newest first: what was done, and field by field what it changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOverLine {
    pub at: DateTime<Utc>,
    pub actor: Option<String>,
    pub event: String,
    pub changes: Vec<Change>,
}

/// What a meter shows, in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reading(pub i64);

impl Reading {
    /// Reads what somebody read from a meter.
    ///
    /// # Errors
    /// About what it must be.
    pub fn parse(text: &str) -> Check<Self> {
        decimal(&normalize(text), 2)
            .filter(|hundredths| (0..=9_999_999_999).contains(hundredths))
            .map(Self)
            .ok_or(Complaint::about("应为不小于0的数字，最多2位小数"))
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal_text(self.0, 2))
    }
}

/// What the form of a new hand-over shows of its contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandOverOffer {
    pub row: HandOverRow,
    pub sign_on: NaiveDate,
    pub people: Vec<Occupant>,
    pub rooms: Vec<RoomPlace>,
    /// 室内设施 of the home
    pub facilities: Vec<String>,
    pub today: NaiveDate,
}

/// Who is to live there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupant {
    pub person_id: PersonId,
    pub name: String,
    /// to the lessee, who is 本人
    pub relation: Relation,
}

impl HandOverOffer {
    /// What the form begins with: everybody in the first room that has a place, the lessee first, and what the home is
    /// known to hold.
    #[must_use]
    pub fn proposal(&self) -> HandOverForm {
        let mut taken = vec![0_i64; self.rooms.len()];
        let occupants = self.people.iter().map(|one| {
            let free = (0..self.rooms.len()).find(|place| self.rooms[*place].has_place(taken[*place] + 1));
            let room = free.map(|place| {
                taken[place] += 1;
                self.rooms[place].id.to_string()
            });
            OccupantForm { person: one.person_id.to_string(), room: room.unwrap_or_default() }
        });
        let item = |name: &String| ItemForm {
            name: name.clone(),
            quantity: "1".to_owned(),
            state: ItemState::Good.code().to_owned(),
        };
        let items = self.facilities.iter().map(item).collect::<Vec<_>>();
        HandOverForm {
            handed_on: self.today.to_string(),
            signed_by: self.row.lessee.clone(),
            items: if items.is_empty() { vec![item(&String::new())] } else { items },
            occupants: occupants.collect(),
            ..HandOverForm::default()
        }
    }
}

/// Whether a contract in this status can be handed over (S4-1.5.3). The home has to be SIGNED besides, which is its own
/// state machine's to say.
///
/// # Errors
/// `合同未复核`, or what the contract is instead.
pub fn may_hand_over(status: ContractStatus) -> Result<(), Failure> {
    match status {
        ContractStatus::Active => Ok(()),
        ContractStatus::Draft | ContractStatus::Pending | ContractStatus::Rejected => {
            Err(Failure::refused("合同未复核"))
        }
        status => Err(Failure::refused(format!("合同状态为“{status}”，不能办理入住"))),
    }
}

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HandOverForm {
    pub handed_on: String,
    pub keys: String,
    /// of the meters, empty where there is none
    pub water: String,
    pub power: String,
    pub gas: String,
    pub heat: String,
    pub items: Vec<ItemForm>,
    pub signed_by: String,
    /// whoever is named there has signed
    pub signed: bool,
    pub remark: String,
    /// of a new one only: who moves into which room
    pub occupants: Vec<OccupantForm>,
}

/// A line of the list of what stands in the home.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemForm {
    pub name: String,
    pub quantity: String,
    pub state: String,
}

/// Somebody of the contract, and his room; empty: he comes later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OccupantForm {
    pub person: String,
    pub room: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOverFields {
    pub handed_on: NaiveDate,
    pub keys: u8,
    pub readings: Vec<(MeterType, Reading)>,
    pub items: Vec<Item>,
    pub signed_by: String,
    pub remark: Option<String>,
    pub occupants: Vec<(PersonId, RoomId)>,
}

impl HandOverForm {
    /// Checks every field; `sign_on` is the day on which the contract was signed.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate, sign_on: NaiveDate) -> Result<HandOverFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let handed_on = errors.take("handed_on", past_day(&self.handed_on, today));
        if handed_on.is_some_and(|day| day < sign_on) {
            errors.add("handed_on", "不能早于合同签订日期");
        }
        let keys = errors.take("keys", required(&self.keys).and_then(|text| whole(&text, KEYS_MAX)));
        let mut readings = Vec::new();
        for (meter, text) in self.meters() {
            if let Some(Some(reading)) = errors.take(meter_field(meter), optional(text, Reading::parse)) {
                readings.push((meter, reading));
            }
        }
        let items = self.items(&mut errors);
        let signed_by = errors.take("signed_by", required(&self.signed_by).and_then(|name| text_max(&name, 50)));
        if !self.signed {
            errors.add("signed", "请确认签收人已在交房确认单上签字");
        }
        let remark = errors.take("remark", optional_text(&self.remark, 500)).flatten();
        let occupants = self.occupants(&mut errors);
        match (handed_on, keys, signed_by) {
            (Some(handed_on), Some(keys), Some(signed_by)) if errors.is_empty() => {
                Ok(HandOverFields { handed_on, keys, readings, items, signed_by, remark, occupants })
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

    /// The list of what stands there. A home without anything says so in a line of its own.
    fn items(&self, errors: &mut FieldErrors) -> Vec<Item> {
        if self.items.is_empty() {
            errors.add("items", "请填写物品清单，毛坯房可填写门窗、水电等固定设施");
        }
        if self.items.len() > ITEMS_MAX {
            errors.add("items", format!("最多{ITEMS_MAX}项"));
        }
        let mut items: Vec<Item> = Vec::new();
        for (place, item) in (1..).zip(self.items.iter().take(ITEMS_MAX)) {
            let about = |complaint: Complaint| Complaint::says(format!("第{place}项{}", complaint.text()));
            let name = required(&item.name).and_then(|name| text_max(&name, 50));
            let quantity = required(&item.quantity).and_then(|text| whole(&text, u8::MAX));
            let state = required(&item.state).and_then(|text| ItemState::parse(&text));
            let (name, quantity, state) = (
                errors.take("items", name.map_err(about)),
                errors.take("items", quantity.map_err(about)),
                errors.take("items", state.map_err(about)),
            );
            if let (Some(name), Some(quantity), Some(state)) = (name, quantity, state) {
                items.push(Item { name, quantity: quantity.into(), state });
            }
        }
        items
    }

    /// Who moves in at once; whom the contract names and who has no room comes later.
    fn occupants(&self, errors: &mut FieldErrors) -> Vec<(PersonId, RoomId)> {
        let mut occupants: Vec<(PersonId, RoomId)> = Vec::new();
        for occupant in self.occupants.iter().filter(|occupant| !occupant.room.is_empty()) {
            let person = errors.take("occupants", pick(&occupant.person, "入住人员与合同不一致，请刷新后重新填写"));
            let room = errors.take("occupants", pick(&occupant.room, "请选择房间"));
            let (Some(person), Some(room)) = (person, room) else { continue };
            if occupants.iter().any(|(known, _)| known.0 == person) {
                errors.add("occupants", "同一人员只能入住一个房间");
            }
            occupants.push((PersonId(person), RoomId(room)));
        }
        occupants
    }
}

/// A whole number from 1 on.
fn whole(text: &str, most: u8) -> Check<u8> {
    text.parse()
        .ok()
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| Complaint::about(format!("应为1至{most}的整数")))
}

/// The field of a form that holds what a meter shows.
#[must_use]
pub fn meter_field(meter: MeterType) -> &'static str {
    match meter {
        MeterType::Water => "water",
        MeterType::Power => "power",
        MeterType::Gas => "gas",
        MeterType::Heat => "heat",
    }
}

impl MeterType {
    /// All of them, as an array.
    pub const METERS: [Self; 4] = [Self::Water, Self::Power, Self::Gas, Self::Heat];
}

impl HandOverFields {
    /// What a change of the record changes, field by field, for its timeline.
    #[must_use]
    pub fn changes(&self, before: &Self) -> Vec<Change> {
        let readings = |fields: &Self| {
            let texts = fields.readings.iter().map(|(meter, reading)| format!("{meter}{reading}"));
            texts.collect::<Vec<_>>().join("、")
        };
        let items = |fields: &Self| fields.items.iter().map(Item::to_string).collect::<Vec<_>>().join("、");
        let texts = |fields: &Self| {
            [
                ("交房日期", fields.handed_on.to_string()),
                ("钥匙数", fields.keys.to_string()),
                ("表具读数", readings(fields)),
                ("物品清单", items(fields)),
                ("签收人", fields.signed_by.clone()),
                ("备注", fields.remark.clone().unwrap_or_default()),
            ]
        };
        changes(texts(before), texts(self))
    }
}

impl From<&HandOver> for HandOverForm {
    /// What was signed stays signed as long as it says the same; who changes it confirms anew.
    fn from(record: &HandOver) -> Self {
        let reading = |wanted: MeterType| {
            let found = record.readings.iter().find(|(meter, _)| *meter == wanted);
            found.map(|(_, reading)| reading.to_string()).unwrap_or_default()
        };
        let done = record.row.done.as_ref();
        Self {
            handed_on: done.map(|done| done.handed_on.to_string()).unwrap_or_default(),
            keys: done.map(|done| done.keys.to_string()).unwrap_or_default(),
            water: reading(MeterType::Water),
            power: reading(MeterType::Power),
            gas: reading(MeterType::Gas),
            heat: reading(MeterType::Heat),
            items: record
                .items
                .iter()
                .map(|item| ItemForm {
                    name: item.name.clone(),
                    quantity: item.quantity.to_string(),
                    state: item.state.code().to_owned(),
                })
                .collect(),
            signed_by: done.map(|done| done.signed_by.clone()).unwrap_or_default(),
            signed: false,
            remark: record.remark.clone().unwrap_or_default(),
            occupants: Vec::new(),
        }
    }
}

#[cfg(test)]
#[path = "hand_over_tests.rs"]
mod tests;
