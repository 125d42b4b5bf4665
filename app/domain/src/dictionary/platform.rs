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
    ApprovalKind = "§6.4" "复核事项" {
        UserGrant = "USER_GRANT" "用户授权",
        Role = "ROLE" "角色权限",
        Parameter = "PARAMETER" "参数设置",
        Workflow = "WORKFLOW" "流程定义",
    }
}

dictionary! {
    /// 复核状态
    ApprovalStatus = "§6.4.status" "复核状态" {
        Pending = "PENDING" "待复核",
        Approved = "APPROVED" "已通过",
        Rejected = "REJECTED" "已驳回",
        Withdrawn = "WITHDRAWN" "已撤回",
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
        assert_reads(ApprovalKind::ENTRIES, "USER_GRANT=用户授权, ROLE=角色权限, PARAMETER=参数设置, WORKFLOW=流程定义");
        assert_reads(ApprovalStatus::ENTRIES, "PENDING=待复核, APPROVED=已通过, REJECTED=已驳回, WITHDRAWN=已撤回");
        assert_reads(WorkflowStatus::ENTRIES, "DRAFT=草稿, ON=启用, OFF=停用");
    }
}
