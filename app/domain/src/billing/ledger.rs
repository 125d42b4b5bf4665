//! 总账 (architecture: append-only double entry): the subjects between which money moves.
//!
//! Every transfer belongs to one household's account: what the household owes is RECEIVABLE, what it paid ahead is BALANCE
//! (账户余额), what it left as security is DEPOSIT. The others are the city's side.

use crate::dictionary::{PayMethod, dictionary};

dictionary! {
    /// 会计科目
    Subject = "ledger.subject" "会计科目" {
        Receivable = "RECEIVABLE" "应收款",
        Balance = "BALANCE" "预收款(账户余额)",
        Deposit = "DEPOSIT" "存入保证金",
        Income = "INCOME" "租金及其他收入",
        Cash = "CASH" "库存现金",
        Bank = "BANK" "银行存款",
        Clearing = "CLEARING" "第三方支付待结算",
        Waiver = "WAIVER" "减免",
        BadDebt = "BAD_DEBT" "坏账",
        Opening = "OPENING" "期初结转",
    }
}

impl Subject {
    /// Where money paid in some way arrives.
    #[must_use]
    pub const fn of(method: PayMethod) -> Self {
        match method {
            PayMethod::Cash => Self::Cash,
            PayMethod::Pos | PayMethod::Transfer | PayMethod::Debit | PayMethod::SubsidyOffset => Self::Bank,
            PayMethod::WeChat | PayMethod::Alipay | PayMethod::UnionPay => Self::Clearing,
            PayMethod::Balance => Self::Balance,
            PayMethod::DepositOffset => Self::Deposit,
        }
    }
}
