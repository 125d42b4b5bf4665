//! The life of a unit (房源): the state machine of domain.md §3.27 and what each state counts as.
//!
//! Owns which event leads from which status to which, and the guards that need more than the status
//! (reason, project completed, affordable stock, where it was frozen from). Who may cause an event, and
//! approvals, are the caller's; a new unit (U1) starts in a status and is no event.

use crate::{
    dictionary::{HousingCategory, ProjectStatus, UnitStatus, dictionary},
    failure::Failure,
    value::Complaint,
};
use chrono::NaiveDate;
use std::fmt;

pub use super::unit_grounds::Grounds;

dictionary! {
    /// What can happen to a unit, U2 to U9 of domain.md §3.27. The label completes `不能…`.
    UnitEvent = "E-13.event" "房源事件" {
        // U2
        Deliver = "DELIVER" "交付",
        // U3: for an allotment batch, or by hand with a reason.
        Lock = "LOCK" "锁定",
        Unlock = "UNLOCK" "解锁",
        // U4: chosen in a batch or assigned directly; released by renunciation or after PRM-23.
        Assign = "ASSIGN" "分配",
        Release = "RELEASE" "释放",
        // U5: the contract became ACTIVE; and it never was (C11).
        Sign = "SIGN" "签约",
        Unsign = "UNSIGN" "撤销签约",
        // U6
        MoveIn = "MOVE_IN" "办理入住",
        // U7: the exit is CLOSED; then the repair is done.
        MoveOut = "MOVE_OUT" "办理退租",
        FinishRepair = "FINISH_REPAIR" "完成整备",
        // U8: back to where it was frozen from.
        Freeze = "FREEZE" "冻结",
        Unfreeze = "UNFREEZE" "解冻",
        UnfreezeToRepair = "UNFREEZE_TO_REPAIR" "解冻转整备",
        // U9
        Sell = "SELL" "出售",
        Deregister = "DEREGISTER" "注销",
    }
}

/// An event that the unit's status does not allow; reads `房源状态为“已入住”，不能锁定`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status the unit is in and stays in.
    pub status: UnitStatus,
    /// What was tried.
    pub event: UnitEvent,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "房源状态为“{}”，不能{}", self.status, self.event)
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal.to_string())
    }
}

impl From<Refusal> for Complaint {
    fn from(refusal: Refusal) -> Self {
        Self::says(refusal.to_string())
    }
}

impl UnitStatus {
    /// The status after the event (domain.md §3.27). This is the whole state machine.
    ///
    /// # Errors
    /// A [`Refusal`] when the event does not exist in this status.
    pub fn next(self, event: UnitEvent) -> Result<Self, Refusal> {
        use UnitEvent as E;
        Ok(match (event, self) {
            (E::Deliver, Self::Prep) => Self::Vacant,
            (E::Lock, Self::Vacant) => Self::Reserved,
            (E::Unlock, Self::Reserved) => Self::Vacant,
            (E::Assign, Self::Vacant | Self::Reserved) => Self::Assigned,
            (E::Release, Self::Assigned) => Self::Vacant,
            (E::Sign, Self::Assigned) => Self::Signed,
            // Before anybody moved in: it is kept for the household again until the last day for signing (PRM-23).
            (E::Unsign, Self::Signed) => Self::Assigned,
            (E::MoveIn, Self::Signed) => Self::Occupied,
            // Also of a home that was signed for and never handed over (C5 to C7 before U6).
            (E::MoveOut, Self::Occupied | Self::Signed) => Self::Repair,
            (E::FinishRepair, Self::Repair) => Self::Vacant,
            (E::Freeze, Self::Vacant | Self::Repair) => Self::Frozen,
            (E::Unfreeze, Self::Frozen) => Self::Vacant,
            (E::UnfreezeToRepair, Self::Frozen) => Self::Repair,
            (E::Sell, Self::Vacant) => Self::Sold,
            // U9 says "any without tenant"; what is off the shelf is off already.
            (E::Deregister, status) if !status.is_rented() && status != Self::OffShelf => Self::OffShelf,
            (event, status) => return Err(Refusal { status, event }),
        })
    }

    /// The events that this status allows, in the order of §3.27: what a screen may offer.
    #[must_use]
    pub fn events(self) -> Vec<UnitEvent> {
        UnitEvent::ALL.iter().copied().filter(|event| self.next(*event).is_ok()).collect()
    }

    /// True when a household can be given the unit now (U4): VACANT and RESERVED.
    #[must_use]
    pub const fn is_lettable(self) -> bool {
        matches!(self, Self::Vacant | Self::Reserved)
    }

    /// True when the unit has a tenant: SIGNED and OCCUPIED (domain.md §4.9 已租率).
    #[must_use]
    pub const fn is_rented(self) -> bool {
        matches!(self, Self::Signed | Self::Occupied)
    }

    /// True when the unit belongs to the denominator of the rental rate (配租率, domain.md §4.9): all
    /// but PREP, SOLD and OFFSHELF.
    #[must_use]
    pub const fn counts_in_rental_rate(self) -> bool {
        !matches!(self, Self::Prep | Self::Sold | Self::OffShelf)
    }

    /// True while nobody has the unit and somebody could: one vacancy lasts over these.
    #[must_use]
    pub const fn is_unlet(self) -> bool {
        matches!(self, Self::Vacant | Self::Reserved | Self::Assigned)
    }

    /// Since when a unit is without a tenant after it went to this status: a lock or an assignment that
    /// comes to nothing does not begin the vacancy anew (domain.md §4.9: days from VACANT to SIGNED).
    #[must_use]
    pub fn vacant_since(self, from: Self, before: Option<NaiveDate>, today: NaiveDate) -> Option<NaiveDate> {
        match (from.is_unlet(), self.is_unlet()) {
            (true, true) => before.or(Some(today)),
            (false, true) => Some(today),
            (_, false) => None,
        }
    }

    /// True when an import may create a unit in this status (domain.md §3.27 U1, §7.2 状态).
    #[must_use]
    pub const fn importable(self) -> bool {
        matches!(self, Self::Prep | Self::Vacant | Self::Occupied | Self::Sold)
    }
}

impl UnitEvent {
    /// What a clerk may cause by hand on the unit's page. The others belong to allotment, contract,
    /// hand-over and exit, and OFFSHELF needs an approval (U9), so they have no button of their own.
    #[must_use]
    pub const fn by_hand(self) -> bool {
        matches!(
            self,
            Self::Deliver
                | Self::Lock
                | Self::Unlock
                | Self::FinishRepair
                | Self::Freeze
                | Self::Unfreeze
                | Self::UnfreezeToRepair
                | Self::Sell
        )
    }

    /// U3 and U8 want a reason.
    #[must_use]
    pub const fn needs_reason(self) -> bool {
        matches!(self, Self::Lock | Self::Freeze)
    }

    /// U8 wants the number of the paper too, by which a court or an authority orders it.
    #[must_use]
    pub const fn needs_document(self) -> bool {
        matches!(self, Self::Freeze)
    }

    /// What no other button takes back, so that it is asked about first.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Deliver | Self::Sell)
    }
}

/// What the guards of a change by hand look at besides the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    pub status: UnitStatus,
    pub category: HousingCategory,
    /// of the project that the unit's building belongs to
    pub project: ProjectStatus,
    /// where the last freeze came from; none when there was none
    pub frozen_from: Option<UnitStatus>,
}

impl Circumstances {
    /// The status after an event that a clerk causes.
    ///
    /// # Errors
    /// The sentence that says what stands against it, or the state machine's refusal.
    pub fn transition_by_hand(self, event: UnitEvent) -> Result<UnitStatus, Failure> {
        if !event.by_hand() {
            return Err(Failure::refused(format!("{event}须在相应业务中办理，不能直接操作")));
        }
        let next = self.status.next(event)?;
        if event == UnitEvent::Sell && !self.is_for_sale() {
            return Err(Failure::refused("只有经适房、配售型保障房可以出售"));
        }
        if event == UnitEvent::Deliver && !matches!(self.project, ProjectStatus::Completed | ProjectStatus::Operating) {
            return Err(Failure::refused(format!("项目状态为“{}”，项目竣工后才能交付房源", self.project)));
        }
        if self.status == UnitStatus::Frozen && next != self.before_freeze() {
            return Err(Failure::refused(format!("房源冻结前为“{}”，只能恢复为该状态", self.before_freeze())));
        }
        Ok(next)
    }

    /// What a page offers. A delivery is offered before the project is completed too: the refusal says
    /// what is missing, a button that is not there does not.
    #[must_use]
    pub fn offers(self) -> Vec<UnitEvent> {
        let offered = |event: &UnitEvent| {
            let waits = *event == UnitEvent::Deliver && self.status == UnitStatus::Prep;
            waits || self.transition_by_hand(*event).is_ok()
        };
        UnitEvent::ALL.iter().copied().filter(offered).collect()
    }

    /// U9: affordable stock.
    fn is_for_sale(self) -> bool {
        matches!(self.category, HousingCategory::Affordable | HousingCategory::Sale)
    }

    /// Where a frozen unit goes back to (U8).
    fn before_freeze(self) -> UnitStatus {
        self.frozen_from.unwrap_or(UnitStatus::Vacant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::assert_reads;
    use UnitEvent as E;
    use UnitStatus as S;
    use proptest::prelude::*;

    /// domain.md §3.27, one row per status: every event it allows and where that leads.
    const TABLE: [(S, &[(E, S)]); 10] = [
        (S::Prep, &[(E::Deliver, S::Vacant), (E::Deregister, S::OffShelf)]),
        (
            S::Vacant,
            &[
                (E::Lock, S::Reserved),
                (E::Assign, S::Assigned),
                (E::Freeze, S::Frozen),
                (E::Sell, S::Sold),
                (E::Deregister, S::OffShelf),
            ],
        ),
        (S::Reserved, &[(E::Unlock, S::Vacant), (E::Assign, S::Assigned), (E::Deregister, S::OffShelf)]),
        (S::Assigned, &[(E::Release, S::Vacant), (E::Sign, S::Signed), (E::Deregister, S::OffShelf)]),
        (S::Signed, &[(E::Unsign, S::Assigned), (E::MoveIn, S::Occupied), (E::MoveOut, S::Repair)]),
        (S::Occupied, &[(E::MoveOut, S::Repair)]),
        (S::Repair, &[(E::FinishRepair, S::Vacant), (E::Freeze, S::Frozen), (E::Deregister, S::OffShelf)]),
        (S::Frozen, &[(E::Unfreeze, S::Vacant), (E::UnfreezeToRepair, S::Repair), (E::Deregister, S::OffShelf)]),
        (S::Sold, &[(E::Deregister, S::OffShelf)]),
        (S::OffShelf, &[]),
    ];

    #[test]
    fn every_pair_of_status_and_event() {
        assert_eq!(TABLE.map(|(status, _)| status), S::ALL, "the table must list every status");
        for (status, row) in TABLE {
            for event in E::ALL.iter().copied() {
                let listed = row.iter().find(|(allowed, _)| *allowed == event);
                let expected = listed.map(|(_, to)| *to).ok_or(Refusal { status, event });
                assert_eq!(status.next(event), expected, "{status:?} {event:?}");
            }
            let allowed: Vec<E> = row.iter().map(|(event, _)| *event).collect();
            assert_eq!(status.events(), allowed, "{status:?}");
        }
    }

    #[test]
    fn a_refusal_is_a_sentence() {
        let refusal = S::Occupied.next(E::Lock).unwrap_err();
        assert_eq!(refusal.to_string(), "房源状态为“已入住”，不能锁定");
        assert_eq!(Failure::from(refusal), Failure::refused("房源状态为“已入住”，不能锁定"));
        assert_eq!(Complaint::from(refusal).in_column("状态"), "房源状态为“已入住”，不能锁定");
        let refusal = S::Vacant.next(E::MoveIn).unwrap_err();
        assert_eq!(refusal.to_string(), "房源状态为“闲置房(空置)”，不能办理入住");
    }

    #[test]
    fn what_each_status_counts_as() {
        let those = |is: fn(S) -> bool| -> Vec<S> { S::ALL.iter().copied().filter(|status| is(*status)).collect() };
        assert_eq!(those(S::is_lettable), [S::Vacant, S::Reserved]);
        assert_eq!(those(|status| status.next(E::Assign).is_ok()), those(S::is_lettable));
        assert_eq!(those(S::is_rented), [S::Signed, S::Occupied]);
        assert_eq!(
            those(S::counts_in_rental_rate),
            [S::Vacant, S::Reserved, S::Assigned, S::Signed, S::Occupied, S::Repair, S::Frozen]
        );
        assert_eq!(those(S::importable), [S::Prep, S::Vacant, S::Occupied, S::Sold]);
    }

    fn circumstances(status: S) -> Circumstances {
        Circumstances {
            status,
            category: HousingCategory::PublicRental,
            project: ProjectStatus::Operating,
            frozen_from: None,
        }
    }

    #[test]
    fn a_unit_is_delivered_with_its_project() {
        for project in ProjectStatus::ALL.iter().copied() {
            let prep = Circumstances { project, ..circumstances(S::Prep) };
            let done = matches!(project, ProjectStatus::Completed | ProjectStatus::Operating);
            assert_eq!(prep.transition_by_hand(E::Deliver).is_ok(), done, "{project}");
            assert_eq!(prep.offers(), [E::Deliver], "{project}: the refusal explains itself");
        }
        let building = Circumstances { project: ProjectStatus::Building, ..circumstances(S::Prep) };
        assert_eq!(
            building.transition_by_hand(E::Deliver),
            Err(Failure::refused("项目状态为“在建”，项目竣工后才能交付房源"))
        );
    }

    #[test]
    fn only_affordable_stock_is_for_sale() {
        for category in HousingCategory::ALL.iter().copied() {
            let vacant = Circumstances { category, ..circumstances(S::Vacant) };
            let sold = matches!(category, HousingCategory::Affordable | HousingCategory::Sale);
            assert_eq!(vacant.transition_by_hand(E::Sell).is_ok(), sold, "{category}");
            assert_eq!(vacant.offers().contains(&E::Sell), sold, "{category}");
        }
    }

    #[test]
    fn a_frozen_unit_goes_back_where_it_came_from() {
        for (from, back, other) in [
            (Some(S::Vacant), E::Unfreeze, E::UnfreezeToRepair),
            (Some(S::Repair), E::UnfreezeToRepair, E::Unfreeze),
            (None, E::Unfreeze, E::UnfreezeToRepair),
        ] {
            let frozen = Circumstances { frozen_from: from, ..circumstances(S::Frozen) };
            assert_eq!(frozen.transition_by_hand(back), Ok(from.unwrap_or(S::Vacant)));
            let expected = format!("房源冻结前为“{}”，只能恢复为该状态", from.unwrap_or(S::Vacant));
            assert_eq!(frozen.transition_by_hand(other), Err(Failure::refused(expected)));
            assert_eq!(frozen.offers(), [back]);
        }
        // What an old freeze came from counts only for a unit that is frozen.
        let thawed = Circumstances { frozen_from: Some(S::Repair), ..circumstances(S::Vacant) };
        assert_eq!(thawed.offers(), [E::Lock, E::Freeze]);
    }

    #[test]
    fn one_vacancy_lasts_until_somebody_has_the_unit() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 1, day).unwrap();
        let (began, today) = (Some(day(1)), day(9));
        for (from, to, before, expected) in [
            (S::Vacant, S::Reserved, began, began),
            (S::Reserved, S::Vacant, began, began),
            (S::Reserved, S::Assigned, began, began),
            (S::Assigned, S::Vacant, began, began),
            (S::Reserved, S::Vacant, None, Some(today)),
            (S::Assigned, S::Signed, began, None),
            (S::Vacant, S::Frozen, began, None),
            (S::Vacant, S::Sold, began, None),
            (S::Frozen, S::Vacant, None, Some(today)),
            (S::Repair, S::Vacant, None, Some(today)),
            (S::Prep, S::Vacant, None, Some(today)),
            (S::Occupied, S::Repair, None, None),
        ] {
            assert_eq!(to.vacant_since(from, before, today), expected, "{from} → {to}");
        }
    }

    #[test]
    fn codes_for_the_history() {
        assert_reads(
            E::ENTRIES,
            "DELIVER=交付, LOCK=锁定, UNLOCK=解锁, ASSIGN=分配, RELEASE=释放, SIGN=签约, UNSIGN=撤销签约, MOVE_IN=办理入住, MOVE_OUT=办理退租, FINISH_REPAIR=完成整备, FREEZE=冻结, UNFREEZE=解冻, UNFREEZE_TO_REPAIR=解冻转整备, SELL=出售, DEREGISTER=注销",
        );
    }

    proptest! {
        /// Whatever happens: a tenant comes only through a contract, a tenancy ends only through a
        /// repair, and a unit off the shelf stays there.
        #[test]
        fn no_sequence_breaks_the_law(
            start in prop::sample::select(S::ALL),
            events in prop::collection::vec(prop::sample::select(E::ALL), 0..40),
        ) {
            let mut status = start;
            for event in events {
                let Ok(next) = status.next(event) else { continue };
                prop_assert_ne!(next, status);
                prop_assert_ne!(status, S::OffShelf);
                prop_assert_ne!(next, S::Prep);
                if next.is_rented() && !status.is_rented() {
                    prop_assert_eq!((status, event), (S::Assigned, E::Sign));
                }
                if status.is_rented() && !next.is_rented() {
                    // Who had it leaves it to be repaired; where nobody was yet, it is as before the contract.
                    prop_assert_eq!(next, if event == E::Unsign { S::Assigned } else { S::Repair });
                }
                status = next;
            }
        }
    }
}
