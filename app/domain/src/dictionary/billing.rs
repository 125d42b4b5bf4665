//! Dictionaries of contracts and money (domain.md §1.2, §4.4, §4.10, §4.11).

use super::dictionary;

dictionary! {
    /// 账单周期 (E-40 `split`, seed 004): how a term is cut into rent periods.
    RentSplit = "E-40.split" "账单周期" {
        Natural = "NATURAL" "按自然月",
        Contract = "CONTRACT" "按合同月",
    }
}

dictionary! {
    /// 日租金基数 (PRM-41): what a part of a month is a part of.
    DayBase = "PRM-41" "日租金基数" {
        Actual = "ACTUAL" "按当期实际天数",
        Thirty = "30" "按每月30天",
        Year = "365" "按每年365天",
    }
}

dictionary! {
    /// 抵扣顺序 (PRM-45): what of one debt is paid first.
    PaidFirst = "PRM-45" "抵扣顺序" {
        Principal = "PRINCIPAL" "先本金后违约金",
        LateFee = "LATE_FEE" "先违约金后本金",
    }
}

dictionary! {
    /// 欠费等级 (D-40, domain.md §3.8)
    ArrearsLevel = "D-40" "欠费等级" {
        L0 = "L0" "正常",
        L1 = "L1" "欠费一个月",
        L2 = "L2" "欠费两个月",
        L3 = "L3" "已禁用",
        L4 = "L4" "解除程序中",
    }
}

dictionary! {
    /// 账单状态 (D-29, domain.md §3.6)
    BillStatus = "D-29" "账单状态" {
        Planned = "PLANNED" "计划",
        DueFuture = "DUE_FUTURE" "待到期",
        Due = "DUE" "应缴",
        Partial = "PARTIAL" "部分缴",
        Paid = "PAID" "已缴",
        Verified = "VERIFIED" "已核销",
        Overdue = "OVERDUE" "逾期",
        OverduePartial = "OVERDUE_PARTIAL" "逾期部分缴",
        Waived = "WAIVED" "已减免",
        WrittenOff = "WRITTEN_OFF" "坏账核销",
        Refunding = "REFUNDING" "退款中",
        Refunded = "REFUNDED" "已退款",
        Reversed = "REVERSED" "已冲销",
        Void = "VOID" "作废",
    }
}
