//! 直接分配 (domain.md §3.27 U4, S1-5.2): a home for a named person, proposed by one and confirmed by another.

use crate::{
    dictionary::AssignmentStatus,
    failure::{Failure, FieldErrors},
    form::{optional_text, pick},
    id::{AssignmentId, ContractId, PersonId, UnitId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::{Area, Money, required, text_max},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// 签约期限 (PRM-23): working days after the confirmation in which the contract is signed.
pub const SIGN_WORKING_DAYS: u32 = 10;

/// An assignment, as lists and its page show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssignmentRow {
    pub id: AssignmentId,
    pub status: AssignmentStatus,
    pub person_id: PersonId,
    pub person: String,
    pub id_number_mask: String,
    pub unit_id: UnitId,
    pub unit_code: String,
    pub estate: String,
    pub address: String,
    pub mgmt_unit: String,
    pub usable_area: Area,
    /// by the unit's standard; none: it has none yet
    pub monthly_rent: Option<Money>,
    pub reason: String,
    pub document_no: Option<String>,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    pub expires_on: Option<NaiveDate>,
    pub ended_reason: Option<String>,
    pub version: i32,
    /// the contract that was made of it, or is under way
    pub contract_id: Option<ContractId>,
    /// whether the one who asks may confirm or refuse it
    pub decidable: bool,
    /// whether the one who asks may enter the contract for it now (S0-3: 签订)
    pub signable: bool,
}

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssignmentForm {
    pub person: String,
    pub unit: String,
    pub reason: String,
    pub document_no: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignmentFields {
    pub person_id: PersonId,
    pub unit_id: UnitId,
    pub reason: String,
    pub document_no: Option<String>,
}

impl AssignmentForm {
    /// Checks every field.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<AssignmentFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let person = errors.take("person", pick(&self.person, "请选择人员"));
        let unit = errors.take("unit", pick(&self.unit, "请选择房源"));
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, 200)));
        let document_no = errors.take("document_no", optional_text(&self.document_no, 50)).flatten();
        match (person, unit, reason) {
            (Some(person), Some(unit), Some(reason)) if errors.is_empty() => {
                Ok(AssignmentFields { person_id: PersonId(person), unit_id: UnitId(unit), reason, document_no })
            }
            _ => Err(errors),
        }
    }
}

/// How an assignment ends or goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AssignmentEvent {
    Confirm,
    Refuse,
    /// by hand, before it is signed
    Release,
    /// the last day for signing has passed
    Lapse,
    /// the contract became ACTIVE
    Sign,
    /// the contract is void (C11): the home is the household's to sign for again
    Reopen,
}

impl AssignmentStatus {
    /// The status after the event. This is the whole state machine.
    ///
    /// # Errors
    /// The sentence, when the event does not exist in this status.
    pub fn next(self, event: AssignmentEvent) -> Result<Self, Failure> {
        use AssignmentEvent as E;
        match (event, self) {
            (E::Confirm, Self::Pending) => Ok(Self::Confirmed),
            (E::Refuse, Self::Pending) => Ok(Self::Refused),
            (E::Release, Self::Pending | Self::Confirmed) => Ok(Self::Released),
            (E::Lapse, Self::Confirmed) => Ok(Self::Lapsed),
            (E::Sign, Self::Confirmed) => Ok(Self::Signed),
            (E::Reopen, Self::Signed) => Ok(Self::Confirmed),
            _ => Err(Failure::refused(format!("直接分配已是“{self}”，请刷新后再办理"))),
        }
    }

    /// Whether it holds its home and its person.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Confirmed)
    }
}

/// 直接分配 list; those that are confirmed and not signed are the list 已选房待签约 of seed 000 (S0-3).
#[rustfmt::skip] // a table: one line per column
pub const ASSIGNMENT_LIST: ListSheet<AssignmentRow> = ListSheet {
    key: "assignment",
    noun: "直接分配",
    path: "/tenancy/assignments",
    search_hint: "姓名、房源编码、住房地址、文号",
    columns: &[
        ListColumn { key: "person", header: "申请人", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.person, format!("/tenancy/assignments/{}", row.id)) },
        ListColumn { key: "id_number", header: "身份证号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.id_number_mask) },
        ListColumn { key: "mgmt_unit", header: "单位", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.mgmt_unit) },
        ListColumn { key: "estate", header: "小区", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.estate) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.address, format!("/housing/units/{}", row.unit_id)) },
        ListColumn { key: "monthly_rent", header: "核定月租金(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.monthly_rent, Cell::Money) },
        ListColumn { key: "made_at", header: "分配时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "checked_at", header: "复核时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| cell_or_empty(row.checked_at, Cell::Time) },
        ListColumn { key: "expires_on", header: "签约截止", kind: Kind::Time, sortable: true, essential: false, cell: |row| cell_or_empty(row.expires_on, Cell::Date) },
        ListColumn { key: "maker", header: "经办人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.maker.as_deref().unwrap_or_default()) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::status(row.status) },
        ListColumn { key: "action", header: "操作", kind: Kind::Action, sortable: false, essential: true, cell: |row| next_step(row) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(AssignmentStatus::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "turn", label: "待我复核", choices: Choices::Linked },
        Filter { key: "signing", label: "已选房待签约", choices: Choices::Linked },
    ],
    default_sort: ("made_at", true),
    jumps: false,
};

/// 签订, as long as there is no contract; then the way to it.
fn next_step(row: &AssignmentRow) -> Cell {
    match row.contract_id {
        Some(contract) => Cell::link("合同", format!("/tenancy/contracts/{contract}")),
        None if row.signable => Cell::link("签订", format!("/tenancy/contracts/new?assignment={}", row.id)),
        None => Cell::Empty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AssignmentEvent as E;
    use AssignmentStatus as S;

    #[test]
    fn the_life_of_an_assignment() {
        let events = [E::Confirm, E::Refuse, E::Release, E::Lapse, E::Sign, E::Reopen];
        let table = [
            (S::Pending, [Some(S::Confirmed), Some(S::Refused), Some(S::Released), None, None, None]),
            (S::Confirmed, [None, None, Some(S::Released), Some(S::Lapsed), Some(S::Signed), None]),
            (S::Refused, [None; 6]),
            (S::Released, [None; 6]),
            (S::Lapsed, [None; 6]),
            (S::Signed, [None, None, None, None, None, Some(S::Confirmed)]),
        ];
        assert_eq!(table.map(|(status, _)| status), S::ALL);
        for (status, to) in table {
            assert_eq!(events.map(|event| status.next(event).ok()), to, "{status}");
            assert_eq!(status.is_open(), to[2].is_some());
        }
    }

    #[test]
    fn a_form_says_what_is_missing() {
        let errors = AssignmentForm::default().check().unwrap_err();
        for field in ["person", "unit", "reason"] {
            assert!(errors.get(field).is_some(), "{field}");
        }
    }
}
