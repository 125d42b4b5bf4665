//! 作废 (domain.md §3.5 C11): a contract that was concluded by mistake. As long as it is a draft or waits for its approval the
//! clerk voids it; one in force only the city, as long as nobody has paid anything and nobody has moved in.
//!
//! Owns what stands against it. What follows for bills, home and bank is the store's.

use crate::{dictionary::ContractStatus, failure::Failure, tenancy::contract_status::ContractEvent};

/// What is known of a contract in force that somebody wants to void.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one per obstacle")]
pub struct Concluded {
    /// who asks has entered, changed or approved it
    pub own: bool,
    /// §3.27: it came from the system before
    pub taken_over: bool,
    /// C9, R-19: another contract gave way to it
    pub follows: bool,
    /// somebody lives there, or has the keys
    pub moved_in: bool,
    /// something came in for it
    pub paid: bool,
    /// the bank, or a company of payments, is asked for one of its bills
    pub asked: bool,
    /// a change of it (C10) is under way
    pub changing: bool,
}

/// Whether a contract in force may be void (C11): concluded by mistake, and nothing has happened under it.
///
/// # Errors
/// What stands against it, and what is done instead.
pub fn may_void(status: ContractStatus, it: Concluded) -> Result<(), Failure> {
    status.next(ContractEvent::Void)?;
    let obstacles = [
        (it.own, "不能作废本人录入、修改或审批的合同"),
        (it.taken_over, "接管的合同不能作废，请办理退租"),
        (it.follows, "续签或调换的合同不能作废，请办理退租"),
        (it.moved_in, "房屋已交付入住，不能作废，请办理退租"),
        (it.paid, "该合同已有收款，不能作废，请办理退租"),
        (it.asked, "存在未完成的扣款或线上缴费，暂不能作废"),
        (it.changing, "该合同有办理中的变更，请先撤销变更"),
    ];
    match obstacles.into_iter().find(|(stands, _)| *stands) {
        Some((_, sentence)) => Err(Failure::refused(sentence)),
        None => Ok(()),
    }
}

/// Whether its clerk voids a contract in this status, without the city: nobody has approved it.
#[must_use]
pub const fn voided_by_clerk(status: ContractStatus) -> bool {
    status.is_editable()
}

/// Whether the city voids a contract in this status.
#[must_use]
pub const fn voided_by_city(status: ContractStatus) -> bool {
    matches!(status, ContractStatus::Active)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ContractStatus as S;

    /// C11: DRAFT/PENDING → VOID; ACTIVE → VOID only by the city. What waits for the bank is no matter of people.
    #[test]
    fn who_voids_what() {
        let those = |is: fn(S) -> bool| S::ALL.iter().copied().filter(|status| is(*status)).collect::<Vec<_>>();
        assert_eq!(those(voided_by_clerk), [S::Draft, S::Pending]);
        assert_eq!(those(voided_by_city), [S::Active]);
        for status in S::ALL {
            assert!(!voided_by_clerk(*status) || status.next(ContractEvent::Void) == Ok(S::Void));
            assert!(!voided_by_city(*status) || status.next(ContractEvent::Void) == Ok(S::Void));
        }
    }

    #[test]
    fn nothing_may_have_happened_under_it() {
        let clean = Concluded::default();
        assert_eq!(may_void(S::Active, clean), Ok(()));
        assert_eq!(may_void(S::Expired, clean), Err(Failure::refused("合同状态为“已到期”，不能作废")));
        let cases = [
            (Concluded { own: true, ..clean }, "不能作废本人录入、修改或审批的合同"),
            (Concluded { taken_over: true, ..clean }, "接管的合同不能作废，请办理退租"),
            (Concluded { follows: true, ..clean }, "续签或调换的合同不能作废，请办理退租"),
            (Concluded { moved_in: true, ..clean }, "房屋已交付入住，不能作废，请办理退租"),
            (Concluded { paid: true, ..clean }, "该合同已有收款，不能作废，请办理退租"),
            (Concluded { asked: true, ..clean }, "存在未完成的扣款或线上缴费，暂不能作废"),
            (Concluded { changing: true, ..clean }, "该合同有办理中的变更，请先撤销变更"),
        ];
        for (case, sentence) in cases {
            assert_eq!(may_void(S::Active, case), Err(Failure::refused(sentence)), "{case:?}");
        }
    }
}
