//! Approving many contracts at once (S1-5.6): what is fit for it is approved, the others are named with the reason.

use crate::id::ContractId;
use serde::{Deserialize, Serialize};

/// Most contracts of one go (S1-5.6).
pub const APPROVE_MAX: usize = 50;
/// What is said of a contract that is not as it was when it was chosen.
pub const CHANGED_MEANWHILE: &str = "记录已被他人修改，请刷新列表后重新选择";

/// A contract as it was when somebody chose it, as an address carries it: `17.3`.
#[must_use]
pub fn contract_key(id: ContractId, version: i32) -> String {
    format!("{id}.{version}")
}

/// Reads what [`contract_key`] wrote.
#[must_use]
pub fn contract_of_key(key: &str) -> Option<(ContractId, i32)> {
    let (id, version) = key.split_once('.')?;
    Some((id.parse().ok()?, version.parse().ok()?))
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApproveOutcome {
    pub approved: u32,
    pub stayed: Vec<StayedContract>,
}

impl ApproveOutcome {
    /// `已通过12份，3份未处理`.
    #[must_use]
    pub fn summary(&self) -> String {
        match self.stayed.len() {
            0 => format!("已通过{}份", self.approved),
            stayed => format!("已通过{}份，{stayed}份未处理", self.approved),
        }
    }
}

/// A contract that stayed as it was, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StayedContract {
    pub id: ContractId,
    /// lessee and home; empty for one that is not to be seen any more
    pub name: String,
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_survives_the_address() {
        let chosen = (ContractId(17), 3);
        assert_eq!(contract_of_key(&contract_key(chosen.0, chosen.1)), Some(chosen));
        for nonsense in ["", "17", "x.3", "17.x", "17.3.1"] {
            assert_eq!(contract_of_key(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_summary_says_both() {
        let mut outcome = ApproveOutcome { approved: 2, stayed: Vec::new() };
        assert_eq!(outcome.summary(), "已通过2份");
        outcome.stayed.push(StayedContract { id: ContractId(1), name: String::new(), reason: "x".into() });
        assert_eq!(outcome.summary(), "已通过2份，1份未处理");
    }
}
