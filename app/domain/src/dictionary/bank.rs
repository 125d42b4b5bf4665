//! Dictionaries of the work with the bank (domain.md §1.2 D-32, D-33, §3.7, E-48, E-49).

use super::dictionary;

dictionary! {
    /// 代扣批次状态 (domain.md §3.7)
    DeductionStatus = "E-48.status" "代扣批次状态" {
        Created = "CREATED" "待复核",
        Checked = "CHECKED" "已复核",
        Exported = "EXPORTED" "待发送",
        Sent = "SENT" "已发送",
        Accepted = "ACCEPTED_BY_BANK" "银行已受理",
        Responded = "RESPONSE_RECEIVED" "已回盘",
        Parsed = "PARSED" "已解析",
        Reconciled = "RECONCILED" "已对账",
        Posted = "POSTED" "已入账",
        Closed = "CLOSED" "已关闭",
        FileRejected = "FILE_REJECTED" "文件被拒",
        ReconDiff = "RECON_DIFF" "对账有差异",
    }
}

dictionary! {
    /// 扣费状态 (D-32)
    DeductStatus = "D-32" "扣费状态" {
        Wait = "WAIT" "待扣",
        Sent = "SENT" "已发送",
        Success = "SUCCESS" "成功",
        Partial = "PARTIAL" "部分成功",
        Fail = "FAIL" "失败",
        Cancelled = "CANCELLED" "撤销",
    }
}

dictionary! {
    /// 失败原因 (D-33)
    DeductFail = "D-33" "失败原因" {
        Nsf = "NSF" "余额不足",
        Closed = "CLOSED" "账户已销户",
        Frozen = "FROZEN" "账户冻结",
        Mismatch = "MISMATCH" "户名账号不符",
        Unsigned = "UNSIGNED" "未签代扣协议",
        Limit = "LIMIT" "超限额",
        Other = "OTHER" "其他",
    }
}

dictionary! {
    /// 银行文件种类
    BankFileKind = "X-01.kind" "银行文件种类" {
        Contract = "CONTRACT" "合同同步请求",
        ContractAnswer = "CONTRACT_ANSWER" "合同同步应答",
        Request = "REQUEST" "代扣请求",
        Receipt = "RECEIPT" "受理回执",
        Response = "RESPONSE" "代扣回盘",
        Statement = "STATEMENT" "银行流水",
        PosStatement = "POS_STATEMENT" "POS对账单",
    }
}

dictionary! {
    /// 银行文件状态
    BankFileState = "X-01.state" "银行文件状态" {
        Made = "MADE" "待发送",
        Sent = "SENT" "已发送",
        Reading = "READING" "读取中",
        Done = "DONE" "已处理",
        Rejected = "REJECTED" "已拒绝",
    }
}

dictionary! {
    /// 差异种类 (E-49)
    DifferenceKind = "E-49.kind" "差异种类" {
        UnknownSeq = "UNKNOWN_SEQ" "回盘序号不在批次中",
        DuplicateSeq = "DUPLICATE_SEQ" "回盘序号重复",
        OverDeducted = "OVER_DEDUCTED" "实扣大于应扣",
        AmountChanged = "AMOUNT_CHANGED" "回盘应扣金额与请求不符",
        Contradiction = "CONTRADICTION" "结果码与实扣金额矛盾",
        Missing = "MISSING" "银行未回盘",
        LateFile = "LATE_FILE" "批次入账后又到回盘",
        BankOnly = "BANK_ONLY" "银行有、系统无",
        BookOnly = "BOOK_ONLY" "系统有、银行无",
        AmountDiffers = "AMOUNT_DIFFERS" "双方金额不符",
    }
}

dictionary! {
    /// 差异处理方式 (E-49)
    Resolution = "E-49.resolution" "差异处理方式" {
        Enter = "ENTER" "按银行结果入账",
        Note = "NOTE" "仅登记，不入账",
    }
}

dictionary! {
    /// 差异状态 (E-49)
    DifferenceStatus = "E-49.status" "差异状态" {
        Open = "OPEN" "待处理",
        Resolved = "RESOLVED" "已处理",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::assert_reads;

    #[test]
    fn codes_of_section_1_2() {
        assert_reads(
            DeductStatus::ENTRIES,
            "WAIT=待扣, SENT=已发送, SUCCESS=成功, PARTIAL=部分成功, FAIL=失败, CANCELLED=撤销",
        );
        let codes: Vec<_> = DeductFail::ENTRIES.iter().map(|entry| entry.code).collect();
        assert_eq!(codes.join(", "), "NSF, CLOSED, FROZEN, MISMATCH, UNSIGNED, LIMIT, OTHER");
        let states: Vec<_> = DeductionStatus::ENTRIES.iter().map(|entry| entry.code).collect();
        assert_eq!(
            states.join(" → "),
            "CREATED → CHECKED → EXPORTED → SENT → ACCEPTED_BY_BANK → RESPONSE_RECEIVED → PARSED → RECONCILED → POSTED → \
             CLOSED → FILE_REJECTED → RECON_DIFF"
        );
    }
}
