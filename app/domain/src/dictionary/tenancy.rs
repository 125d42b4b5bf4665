//! Dictionaries of contracts (domain.md §3.5).

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
