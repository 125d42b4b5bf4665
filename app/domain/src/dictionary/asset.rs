//! Dictionaries of the asset ledger: master and sub cards (domain.md E-15, E-16, §3.19).

use super::dictionary;

dictionary! {
    /// 资产分类代码 (GB/T 14885, E-15): the classes that housing, its ancillary buildings and its land fall into.
    AssetClass = "E-15.class_code" "资产分类代码" {
        Office = "A01010100" "办公用房",
        Business = "A01010200" "业务用房",
        Dwelling = "A01010500" "住宅",
        OtherHouse = "A01019900" "其他房屋",
        Structure = "A01020000" "构筑物",
        Land = "A01030000" "土地",
    }
}

dictionary! {
    /// 取得方式 (E-15)
    AcquireMode = "E-15.acquire_mode" "取得方式" {
        Built = "BUILT" "自建",
        Bought = "BOUGHT" "购置",
        Allocated = "ALLOCATED" "划拨",
        Donated = "DONATED" "捐赠",
        Exchanged = "EXCHANGED" "置换",
    }
}

dictionary! {
    /// 价值类型 (E-15)
    ValueType = "E-15.value_type" "价值类型" {
        Original = "ORIGINAL" "原值",
        Appraised = "APPRAISED" "评估值",
        Nominal = "NOMINAL" "名义金额",
    }
}

dictionary! {
    /// 折旧方法 (E-15, R-53)
    DepreciationMethod = "E-15.dep_method" "折旧方法" {
        StraightLine = "STRAIGHT" "年限平均法",
        None = "NONE" "不计提",
    }
}

dictionary! {
    /// 产权形式 (E-15)
    TitleForm = "E-15.title_form" "产权形式" {
        Certified = "CERTIFIED" "有证",
        Uncertified = "UNCERTIFIED" "无证",
    }
}

dictionary! {
    /// 使用状况 (E-15, E-16)
    AssetUse = "E-15.use_status" "使用状况" {
        InUse = "IN_USE" "在用",
        Idle = "IDLE" "闲置",
        ToDispose = "TO_DISPOSE" "待处置",
        Let = "LET" "出租",
    }
}

dictionary! {
    /// 会计科目 (E-15, R-53)
    LedgerSubject = "E-15.ledger_subject" "会计科目" {
        Housing = "1811" "保障性住房",
        Fixed = "1601" "固定资产",
    }
}

dictionary! {
    /// 完好等级 (E-16)
    UnitCondition = "E-16.condition" "完好等级" {
        Good = "GOOD" "完好",
        Fair = "FAIR" "基本完好",
        Minor = "MINOR" "一般损坏",
        Severe = "SEVERE" "严重损坏",
        Dangerous = "DANGEROUS" "危险",
    }
}

dictionary! {
    /// 资产卡片状态 (§3.19)
    AssetStatus = "E-15.status" "卡片状态" {
        Draft = "DRAFT" "草稿",
        Pending = "PENDING" "待审核",
        Registered = "REGISTERED" "已登记",
        Changed = "CHANGED" "已变更",
        DisposalPending = "DISPOSAL_PENDING" "处置待审",
        Disposed = "DISPOSED" "已处置",
    }
}

dictionary! {
    /// 盘点结果 (§3.19 T6)
    CountResult = "E-16.count_result" "盘点结果" {
        Found = "FOUND" "账实相符",
        Missing = "MISSING" "盘亏",
        Surplus = "SURPLUS" "盘盈",
    }
}

dictionary! {
    /// 盘点单状态 (§3.19 T6)
    CountStatus = "E-16.count_status" "盘点单状态" {
        Task = "TASK" "盘点中",
        Counted = "COUNTED" "已盘点",
        Difference = "DIFF" "有差异",
        Confirmed = "CONFIRMED" "已确认",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::assert_reads;

    #[test]
    fn lists_of_the_cards() {
        assert_reads(AcquireMode::ENTRIES, "BUILT=自建, BOUGHT=购置, ALLOCATED=划拨, DONATED=捐赠, EXCHANGED=置换");
        assert_reads(ValueType::ENTRIES, "ORIGINAL=原值, APPRAISED=评估值, NOMINAL=名义金额");
        assert_reads(TitleForm::ENTRIES, "CERTIFIED=有证, UNCERTIFIED=无证");
        assert_reads(AssetUse::ENTRIES, "IN_USE=在用, IDLE=闲置, TO_DISPOSE=待处置, LET=出租");
        assert_reads(
            UnitCondition::ENTRIES,
            "GOOD=完好, FAIR=基本完好, MINOR=一般损坏, SEVERE=严重损坏, DANGEROUS=危险",
        );
        assert_reads(CountResult::ENTRIES, "FOUND=账实相符, MISSING=盘亏, SURPLUS=盘盈");
        assert_reads(DepreciationMethod::ENTRIES, "STRAIGHT=年限平均法, NONE=不计提");
        assert_reads(LedgerSubject::ENTRIES, "1811=保障性住房, 1601=固定资产");
    }
}
