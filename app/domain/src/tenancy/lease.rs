//! 配租信息 (S0-15, S4-1.5.1): to whom a home is let, as its page and the drawer beside a board say it.

use crate::{
    dictionary::ContractStatus,
    id::{AccountId, ContractId},
    value::Money,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The contract that a home is let by, or will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitLease {
    pub contract: ContractId,
    /// none: it is not approved yet
    pub contract_no: Option<String>,
    pub lessee: String,
    pub status: ContractStatus,
    pub start_on: NaiveDate,
    pub end_on: NaiveDate,
    /// a month, without reductions for some months
    pub rent: Money,
    /// the household's account and what is overdue there; none: no account, or the reader may not know bills
    pub books: Option<LeaseBooks>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseBooks {
    pub account: AccountId,
    /// rent periods that are overdue (§4.11)
    pub periods: i32,
    pub overdue: Money,
}

impl LeaseBooks {
    /// `欠费2个月，共223.60元`.
    #[must_use]
    pub fn text(&self) -> String {
        if self.overdue == Money::ZERO {
            "无欠费".to_owned()
        } else {
            format!("欠费{}个月，共{}元", self.periods, self.overdue)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_is_said_in_words() {
        let books = |periods, fen| LeaseBooks { account: AccountId(1), periods, overdue: Money::from_fen(fen) };
        assert_eq!(books(2, 22_360).text(), "欠费2个月，共223.60元");
        assert_eq!(books(0, 0).text(), "无欠费");
    }
}
