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
    /// 缴费四色 (domain.md §1.3): how a unit stands with its rent, as the boards colour it. Its letters and colours are the
    /// CSS variables `--pay-…`.
    PayColor = "1.3.pay" "缴费情况" {
        Green = "GREEN" "缴费正常",
        Yellow = "YELLOW" "已经欠费还未被禁用",
        Red = "RED" "已经被禁用",
        Grey = "GREY" "房屋未出租",
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

dictionary! {
    /// 账单类型 (E-42 `kind`)
    BillKind = "E-42.kind" "账单类型" {
        Rent = "RENT" "租金",
        Property = "PROPERTY" "物业",
        Deposit = "DEPOSIT" "押金",
        Meter = "METER" "水电气热",
        Exit = "EXIT" "退租",
        Other = "OTHER" "其他",
    }
}

dictionary! {
    /// 费项 (D-30)
    FeeItem = "D-30" "费项" {
        Rent = "RENT" "租金",
        Property = "PROPERTY" "物业费",
        Deposit = "DEPOSIT" "押金",
        Late = "LATE" "滞纳金",
        Water = "WATER" "水费",
        Electricity = "ELEC" "电费",
        Gas = "GAS" "燃气费",
        Heating = "HEAT" "采暖",
        Parking = "PARKING" "车位费",
        Card = "CARD" "卡工本费",
        Damage = "DAMAGE" "损坏赔偿",
        MarketDifference = "MARKET_DIFF" "市场租金补差",
        OverArea = "OVER_AREA" "超面积租金",
        Repair = "REPAIR" "有偿维修",
        Temporary = "TEMP" "临时收费",
    }
}

impl FeeItem {
    /// Whether it comes again with every period: what 项目欠费 adds up (§4.9).
    #[must_use]
    pub const fn is_periodic(self) -> bool {
        matches!(
            self,
            Self::Rent
                | Self::Property
                | Self::Water
                | Self::Electricity
                | Self::Gas
                | Self::Heating
                | Self::Parking
                | Self::OverArea
        )
    }
}

dictionary! {
    /// 支付方式 (D-31)
    PayMethod = "D-31" "支付方式" {
        Cash = "CASH" "现金",
        Pos = "POS" "刷卡",
        Transfer = "TRANSFER" "转账",
        Debit = "DEBIT" "银行代扣",
        WeChat = "WECHAT" "微信支付" | "微信",
        Alipay = "ALIPAY" "支付宝",
        UnionPay = "UNIONPAY" "云闪付",
        Balance = "BALANCE" "余额抵扣",
        SubsidyOffset = "SUBSIDY_OFFSET" "补贴抵扣",
        DepositOffset = "DEPOSIT_OFFSET" "押金抵扣",
    }
}

dictionary! {
    /// 缴费类型 (D-34), of money that comes in
    PayKind = "D-34" "缴费类型" {
        RentIn = "RENT_IN" "交租金",
        Recharge = "RECHARGE" "预存",
        PropertyIn = "PROPERTY_IN" "交物业费",
        DepositIn = "DEPOSIT_IN" "交押金",
    }
}

dictionary! {
    /// 收款状态 (E-46 `status`)
    PaymentStatus = "E-46.status" "收款状态" {
        Normal = "NORMAL" "正常",
        Void = "VOID" "作废",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes of domain.md §1.2 that the city's bank, books and reports know.
    #[test]
    fn codes_of_section_1_2() {
        let codes = |entries: &[crate::dictionary::Entry]| {
            entries.iter().map(|entry| entry.code).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(
            codes(FeeItem::ENTRIES),
            "RENT, PROPERTY, DEPOSIT, LATE, WATER, ELEC, GAS, HEAT, PARKING, CARD, DAMAGE, MARKET_DIFF, OVER_AREA, REPAIR, TEMP"
        );
        assert_eq!(
            codes(PayMethod::ENTRIES),
            "CASH, POS, TRANSFER, DEBIT, WECHAT, ALIPAY, UNIONPAY, BALANCE, SUBSIDY_OFFSET, DEPOSIT_OFFSET"
        );
        assert_eq!(codes(PayKind::ENTRIES), "RENT_IN, RECHARGE, PROPERTY_IN, DEPOSIT_IN");
    }
}
