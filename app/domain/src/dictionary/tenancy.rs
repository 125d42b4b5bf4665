//! Dictionaries of assignments and contracts (domain.md §3.5, §3.27 U4, E-40).

use super::dictionary;

dictionary! {
    /// 合同状态 (E-40 `status`, domain.md §3.5)
    ContractStatus = "E-40.status" "合同状态" {
        Draft = "DRAFT" "待提交",
        Pending = "PENDING" "待审批",
        Rejected = "REJECTED" "审批不通过",
        ApprovedSyncing = "APPROVED_SYNCING" "审批通过待同步",
        SyncFailed = "SYNC_FAILED" "同步失败",
        Active = "ACTIVE" "履行中",
        CancelPending = "CANCEL_PENDING" "注销待审批",
        CancelSyncing = "CANCEL_SYNCING" "注销待同步",
        Terminated = "TERMINATED" "已解除",
        Expired = "EXPIRED" "已到期",
        Renewed = "RENEWED" "已续签",
        Void = "VOID" "作废",
    }
}

dictionary! {
    /// 直接分配状态 (domain.md §3.27 U4)
    AssignmentStatus = "U4.status" "直接分配状态" {
        Pending = "PENDING" "待复核",
        Confirmed = "CONFIRMED" "待签约",
        Refused = "REFUSED" "已驳回",
        Released = "RELEASED" "已撤销",
        Lapsed = "LAPSED" "逾期未签",
        Signed = "SIGNED" "已签约",
    }
}

dictionary! {
    /// 缴费周期 (E-40 `pay_cycle`)
    PayCycle = "E-40.pay_cycle" "缴费周期" {
        Month = "MONTH" "月",
        Quarter = "QUARTER" "季" | "季度",
        HalfYear = "HALF" "半年",
        Year = "YEAR" "年",
    }
}

dictionary! {
    /// 签约方式 (E-40 `sign_mode`)
    SignMode = "E-40.sign_mode" "签约方式" {
        Paper = "PAPER" "纸质",
        Electronic = "ELECTRONIC" "电子",
    }
}

dictionary! {
    /// 与申请人关系 (D-15), here: of a co-resident to the lessee
    Relation = "D-15" "与申请人关系" {
        Oneself = "SELF" "本人",
        Spouse = "SPOUSE" "配偶",
        Child = "CHILD" "子女",
        Parent = "PARENT" "父母",
        SpouseParent = "SPOUSE_PARENT" "配偶父母",
        ChildSpouse = "CHILD_SPOUSE" "子女配偶",
        Grandchild = "GRANDCHILD" "孙子女",
        Sibling = "SIBLING" "兄弟姐妹",
        Other = "OTHER" "其他",
    }
}

dictionary! {
    /// 表具类型 (E-101 `type`)
    MeterType = "E-101.type" "表具类型" {
        Water = "WATER" "水",
        Power = "POWER" "电",
        Gas = "GAS" "气",
        Heat = "HEAT" "热",
    }
}

dictionary! {
    /// 物品状态: how something was when the home was handed over (S4-1.5.3)
    ItemState = "S4-1.5.3" "物品状态" {
        Good = "GOOD" "完好",
        Worn = "WORN" "有使用痕迹",
        Damaged = "DAMAGED" "损坏",
        Missing = "MISSING" "缺失",
    }
}

dictionary! {
    /// 入住关系 (I-09 关系): as what somebody lives in a room
    BindingRelation = "I-09" "入住关系" {
        Lessee = "LESSEE" "承租人",
        CoResident = "CO_RESIDENT" "同住人",
    }
}

dictionary! {
    /// 退租类型 (D-45)
    ExitType = "D-45" "退租类型" {
        Voluntary = "VOLUNTARY" "自愿退出",
        Expired = "EXPIRED" "到期不续",
        Ineligible = "INELIGIBLE" "不符合条件",
        Violation = "VIOLATION" "违规退回",
        Arrears = "ARREARS" "欠租腾退",
        Deceased = "DECEASED" "死亡",
        Swap = "SWAP" "调换",
        Forced = "FORCED" "强制退出",
        Fraud = "FRAUD" "骗租",
    }
}

dictionary! {
    /// 退租状态 (E-80 `status`, domain.md §3.15)
    ExitStatus = "E-80.status" "退租状态" {
        Applied = "APPLIED" "待审批",
        Accepted = "ACCEPTED" "待验房",
        Inspection = "INSPECTION" "已验房",
        Settlement = "SETTLEMENT" "结算中",
        Paid = "PAID" "已结清",
        RefundPending = "REFUND_PENDING" "待退款",
        KeysReturned = "KEYS_RETURNED" "已交钥匙",
        Closed = "CLOSED" "已退租",
        Revoked = "REVOKED" "已撤销",
    }
}

dictionary! {
    /// 退租账单状态 (E-53 `status`)
    ExitBillStatus = "E-53.status" "退租账单状态" {
        Pending = "PENDING" "待复核",
        Approved = "APPROVED" "已入账",
        Refused = "REFUSED" "已退回",
    }
}

dictionary! {
    /// 退租账单明细 (E-53 lines)
    ExitLineKind = "E-53.line" "退租费用" {
        Owed = "OWED" "未缴账单",
        Reverse = "REVERSE" "冲销账单",
        Rent = "RENT" "租金结算",
        Property = "PROPERTY" "物业费结算",
        Damage = "DAMAGE" "损坏赔偿",
        Other = "OTHER" "其他费用",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::assert_reads;

    #[test]
    fn lists_of_the_specification() {
        assert_reads(
            Relation::ENTRIES,
            "SELF=本人, SPOUSE=配偶, CHILD=子女, PARENT=父母, SPOUSE_PARENT=配偶父母, CHILD_SPOUSE=子女配偶, GRANDCHILD=孙子女, SIBLING=兄弟姐妹, OTHER=其他",
        );
        assert_reads(PayCycle::ENTRIES, "MONTH=月, QUARTER=季, HALF=半年, YEAR=年");
        assert_reads(SignMode::ENTRIES, "PAPER=纸质, ELECTRONIC=电子");
        assert_reads(
            ExitType::ENTRIES,
            "VOLUNTARY=自愿退出, EXPIRED=到期不续, INELIGIBLE=不符合条件, VIOLATION=违规退回, ARREARS=欠租腾退, DECEASED=死亡, SWAP=调换, FORCED=强制退出, FRAUD=骗租",
        );
        assert_reads(
            AssignmentStatus::ENTRIES,
            "PENDING=待复核, CONFIRMED=待签约, REFUSED=已驳回, RELEASED=已撤销, LAPSED=逾期未签, SIGNED=已签约",
        );
    }
}
