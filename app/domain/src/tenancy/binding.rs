//! 房间入住关系 (S1-5.4, S1-5.9): who lives in which room, and who may be entered there by hand or from a file.
//!
//! Everybody lives in one room. A home is entered by a hand-over and left by an exit; what is entered otherwise is only
//! what was there before the system, and co-residents who come later than the lessee.

use crate::{
    dictionary::{BindingRelation, PersonType, RoomType, UnitStatus},
    failure::FieldErrors,
    form::{date, pick},
    id::{BindingId, ContractId, PersonId, RoomId, UnitId},
    value::{Check, Complaint, required},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What a row of I-09 is told whose person lives somewhere already.
pub const ALREADY_BOUND: &str = "该人员已绑定房间，不可重复绑定";
/// What is told where a room has its lessee.
pub const HAS_LESSEE: &str = "该房间已有承租人";
/// What is told where nobody more may live.
pub const ROOM_IS_FULL: &str = "超过房间可住人数";

/// Somebody and a room he lives or lived in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BindingRow {
    pub id: BindingId,
    pub person_id: PersonId,
    pub person: String,
    /// none where the record is not the reader's
    pub id_number_mask: Option<String>,
    pub unit_id: UnitId,
    pub room_id: RoomId,
    pub estate: String,
    /// the home, and the room where it has several
    pub place: String,
    pub relation: BindingRelation,
    pub from_on: NaiveDate,
    /// the last day; none: lives there
    pub to_on: Option<NaiveDate>,
    /// 入住天数
    pub days: i64,
    pub contract_id: Option<ContractId>,
    pub contract_no: Option<String>,
    pub contract_end_on: Option<NaiveDate>,
    pub ended_reason: Option<String>,
}

/// 入住天数 (S1-5.9 b): both the first day and the last one count; `today` is the last one of who lives there still.
#[must_use]
pub fn stay_days(from_on: NaiveDate, to_on: Option<NaiveDate>, today: NaiveDate) -> i64 {
    (to_on.unwrap_or(today) - from_on).num_days() + 1
}

/// A home, as the form shows it where somebody is to be entered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BindingOffer {
    pub unit_id: UnitId,
    pub place: String,
    pub status: UnitStatus,
    pub rooms: Vec<RoomPlace>,
    /// of the contract that runs; none: the home was taken over without one
    pub tenants: Option<Tenants>,
    pub today: NaiveDate,
}

/// A room, and how many live in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPlace {
    pub id: RoomId,
    pub name: String,
    pub kind: RoomType,
    /// 可住人数; none: nobody has said
    pub capacity: Option<i32>,
    pub living: i64,
}

impl RoomPlace {
    /// Whether so many more find a place (domain.md §7.9).
    #[must_use]
    pub fn has_place(&self, more: i64) -> bool {
        self.capacity.is_none_or(|capacity| self.living + more <= i64::from(capacity))
    }

    /// As a choice of rooms calls it.
    #[must_use]
    pub fn label(&self) -> String {
        match self.capacity {
            Some(capacity) => format!("{}（已住{}人，可住{capacity}人）", self.name, self.living),
            None => format!("{}（已住{}人）", self.name, self.living),
        }
    }
}

/// Who may live in a home by its contract.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenants {
    pub lessee: i64,
    pub residents: Vec<i64>,
}

impl BindingOffer {
    /// Whether somebody may be entered otherwise than by a hand-over.
    ///
    /// # Errors
    /// As [`may_live`].
    pub fn admits(&self, person: PersonId, relation: BindingRelation) -> Check<()> {
        may_live(self.status, self.tenants.as_ref(), person, relation)
    }
}

/// Whether somebody may be entered in a home otherwise than by a hand-over: it was taken over, or its contract names him.
///
/// # Errors
/// The sentence that says why not.
pub fn may_live(
    status: UnitStatus,
    tenants: Option<&Tenants>,
    person: PersonId,
    relation: BindingRelation,
) -> Check<()> {
    if status != UnitStatus::Occupied {
        return Err(Complaint::says(format!("房源状态为“{status}”，不能登记入住，请办理交房入住")));
    }
    match (tenants, relation) {
        (None, _) => Ok(()),
        (Some(tenants), BindingRelation::Lessee) if tenants.lessee == person.0 => Ok(()),
        (Some(_), BindingRelation::Lessee) => Err(Complaint::says(HAS_LESSEE)),
        (Some(tenants), BindingRelation::CoResident) if tenants.residents.contains(&person.0) => Ok(()),
        (Some(_), BindingRelation::CoResident) => Err(Complaint::says("不是该房屋合同的同住人，请先办理合同变更")),
    }
}

/// Whether somebody of this type can live there so (D-52): a lessee is a tenant.
#[must_use]
pub fn type_fits(person_type: PersonType, relation: BindingRelation) -> bool {
    match relation {
        BindingRelation::Lessee => person_type == PersonType::Tenant,
        BindingRelation::CoResident => matches!(person_type, PersonType::Tenant | PersonType::CoResident),
    }
}

/// A day that was, as days of moving in are.
///
/// # Errors
/// `日期格式应为YYYY-MM-DD`, or that it is still to come.
pub fn past_day(text: &str, today: NaiveDate) -> Check<NaiveDate> {
    let day = date(&required(text)?)?;
    if day > today { Err(Complaint::about("不能晚于今天")) } else { Ok(day) }
}

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BindingForm {
    pub unit: String,
    pub room: String,
    pub person: String,
    pub relation: String,
    pub from_on: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingFields {
    pub unit_id: UnitId,
    pub room_id: RoomId,
    pub person_id: PersonId,
    pub relation: BindingRelation,
    pub from_on: NaiveDate,
}

impl BindingForm {
    /// Checks every field.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<BindingFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let unit = errors.take("unit", pick(&self.unit, "请从房源页面登记入住"));
        let room = errors.take("room", pick(&self.room, "请选择房间"));
        let person = errors.take("person", pick(&self.person, "请选择人员"));
        let relation = errors.take("relation", required(&self.relation).and_then(|text| BindingRelation::parse(&text)));
        let from_on = errors.take("from_on", past_day(&self.from_on, today));
        match (unit, room, person, relation, from_on) {
            (Some(unit), Some(room), Some(person), Some(relation), Some(from_on)) => Ok(BindingFields {
                unit_id: UnitId(unit),
                room_id: RoomId(room),
                person_id: PersonId(person),
                relation,
                from_on,
            }),
            _ => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BindingRelation as R;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_day_and_the_last_one_count() {
        let (from, today) = (day("2026-11-01"), day("2026-11-28"));
        assert_eq!(stay_days(from, None, today), 28);
        assert_eq!(stay_days(from, None, from), 1);
        assert_eq!(stay_days(from, Some(day("2026-11-02")), today), 2);
    }

    proptest! {
        /// A stay cut in two is as long as the whole one.
        #[test]
        fn days_add_up(length in 1i64..20_000, cut in 0i64..20_000) {
            let from = day("2020-02-28");
            let (end, cut) = (from + chrono::Duration::days(length), from + chrono::Duration::days(cut % length));
            let days = |from, to| stay_days(from, Some(to), end);
            prop_assert_eq!(days(from, end), days(from, cut) + days(cut.succ_opt().unwrap(), end));
            prop_assert_eq!(days(from, end), stay_days(from, None, end));
        }
    }

    #[test]
    fn only_who_was_there_before_or_whom_the_contract_names() {
        let tenants = Tenants { lessee: 1, residents: vec![2] };
        let told = |status, tenants: Option<&Tenants>, person, relation| {
            may_live(status, tenants, PersonId(person), relation).err().map(|complaint| complaint.text().to_owned())
        };
        for relation in [R::Lessee, R::CoResident] {
            assert_eq!(told(UnitStatus::Occupied, None, 9, relation), None, "taken over");
        }
        for (person, relation, sentence) in [
            (1, R::Lessee, None),
            (2, R::Lessee, Some("该房间已有承租人")),
            (2, R::CoResident, None),
            (1, R::CoResident, Some("不是该房屋合同的同住人，请先办理合同变更")),
            (3, R::CoResident, Some("不是该房屋合同的同住人，请先办理合同变更")),
        ] {
            assert_eq!(told(UnitStatus::Occupied, Some(&tenants), person, relation).as_deref(), sentence, "{person}");
        }
        for status in UnitStatus::ALL.iter().copied().filter(|status| *status != UnitStatus::Occupied) {
            assert!(told(status, Some(&tenants), 1, R::Lessee).is_some_and(|told| told.contains(status.label())));
            assert!(told(status, None, 1, R::Lessee).is_some());
        }
    }

    #[test]
    fn a_room_without_a_number_takes_everybody() {
        let room =
            |capacity, living| RoomPlace { id: RoomId(1), name: "A".into(), kind: RoomType::Room, capacity, living };
        assert!(room(None, 99).has_place(1));
        assert!(room(Some(2), 1).has_place(1));
        assert!(!room(Some(2), 1).has_place(2) && !room(Some(2), 2).has_place(1));
    }

    #[test]
    fn who_can_be_what() {
        let fits =
            |relation| PersonType::ALL.iter().copied().filter(|kind| type_fits(*kind, relation)).collect::<Vec<_>>();
        assert_eq!(fits(R::Lessee), [PersonType::Tenant]);
        assert_eq!(fits(R::CoResident), [PersonType::Tenant, PersonType::CoResident]);
    }

    #[test]
    fn a_form_says_what_is_missing() {
        let today = day("2026-11-28");
        let errors = BindingForm::default().check(today).unwrap_err();
        for field in ["unit", "room", "person", "relation", "from_on"] {
            assert!(errors.get(field).is_some(), "{field}");
        }
        let form = BindingForm {
            unit: "1".into(),
            room: "2".into(),
            person: "3".into(),
            relation: "LESSEE".into(),
            from_on: "2026-11-28".into(),
        };
        assert_eq!(form.check(today).map(|fields| fields.from_on), Ok(today));
        let late = BindingForm { from_on: "2026-11-29".into(), ..form };
        assert_eq!(late.check(today).unwrap_err().get("from_on"), Some("不能晚于今天"));
    }
}
