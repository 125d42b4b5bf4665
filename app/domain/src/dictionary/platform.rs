//! Dictionaries of administration: accounts, and what waits for a checker (domain.md E-02, §6.4).

use super::dictionary;

dictionary! {
    /// 用户状态 (E-02). That an account is locked after wrong passwords is a matter of time, not of status.
    UserStatus = "E-02.status" "用户状态" {
        New = "NEW" "待复核",
        On = "ON" "启用",
        Off = "OFF" "停用",
    }
}

dictionary! {
    /// What needs maker and checker (domain.md §6.4)
    ApprovalKind = "S6.4.kind" "复核事项" {
        UserGrant = "USER_GRANT" "用户授权",
        Role = "ROLE" "角色权限",
        Parameter = "PARAMETER" "参数设置",
        Workflow = "WORKFLOW" "流程定义",
        RentStandard = "RENT_STANDARD" "租金标准",
        UnitOffshelf = "UNIT_OFFSHELF" "房源注销",
    }
}

dictionary! {
    /// 复核状态
    ApprovalStatus = "S6.4.status" "复核状态" {
        Pending = "PENDING" "待复核",
        Approved = "APPROVED" "已通过",
        Rejected = "REJECTED" "已驳回",
        Withdrawn = "WITHDRAWN" "已撤回",
    }
}

dictionary! {
    /// 休/班 (E-137)
    DayKind = "E-137.kind" "日期类型" {
        Rest = "REST" "休" | "放假",
        Work = "WORK" "班" | "上班" | "调休上班",
    }
}

dictionary! {
    /// What the program gives numbers to (S1-9.10).
    NumberKind = "S1-9.10.kind" "编号业务" {
        AssetMaster = "ASSET_MASTER" "资产主卡片",
        AssetSub = "ASSET_SUB" "资产子卡片",
        AssetCount = "ASSET_COUNT" "资产盘点单",
        Contract = "CONTRACT" "合同",
        Receipt = "RECEIPT" "收据",
        Deduction = "DEDUCTION" "代扣批次",
        Household = "HOUSEHOLD" "家庭",
    }
}

dictionary! {
    /// What of the day stands in a number, and how often its serial begins again (S1-9.10).
    NumberPeriod = "S1-9.10.period" "编号周期" {
        Ever = "NONE" "无",
        Year = "YEAR" "年",
        Month = "MONTH" "年月",
        Day = "DAY" "年月日",
    }
}

dictionary! {
    /// Status of a version of a workflow (E-127)
    WorkflowStatus = "E-127.status" "流程状态" {
        Draft = "DRAFT" "草稿",
        On = "ON" "启用",
        Off = "OFF" "停用",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::assert_reads;

    #[test]
    fn codes_are_stored_and_stay() {
        assert_reads(UserStatus::ENTRIES, "NEW=待复核, ON=启用, OFF=停用");
        assert_reads(
            ApprovalKind::ENTRIES,
            "USER_GRANT=用户授权, ROLE=角色权限, PARAMETER=参数设置, WORKFLOW=流程定义, RENT_STANDARD=租金标准, UNIT_OFFSHELF=房源注销",
        );
        assert_reads(ApprovalStatus::ENTRIES, "PENDING=待复核, APPROVED=已通过, REJECTED=已驳回, WITHDRAWN=已撤回");
        assert_reads(DayKind::ENTRIES, "REST=休, WORK=班");
        assert_reads(
            NumberKind::ENTRIES,
            "ASSET_MASTER=资产主卡片, ASSET_SUB=资产子卡片, ASSET_COUNT=资产盘点单, CONTRACT=合同, RECEIPT=收据, DEDUCTION=代扣批次, HOUSEHOLD=家庭",
        );
        assert_reads(NumberPeriod::ENTRIES, "NONE=无, YEAR=年, MONTH=年月, DAY=年月日");
        assert_reads(WorkflowStatus::ENTRIES, "DRAFT=草稿, ON=启用, OFF=停用");
    }
}
