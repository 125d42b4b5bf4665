//! Exports (domain.md §0.5 rule 6, E-129): which lists there are, and who may take one away.

use crate::{dictionary::ApprovalKind, platform::permission::Permission};

/// Up to here an export is sent at once; a longer one is a job, which nobody has to wait for.
pub const DIRECT_ROWS: u32 = 5_000;
/// What an export has made is kept so long, as what was uploaded is.
pub const RESULT_DAYS: i64 = 30;

/// A list that can be taken away.
#[derive(Clone, Copy, Debug)]
pub struct Export {
    /// as addresses and the command line name it
    pub list: &'static str,
    /// what people call its rows
    pub noun: &'static str,
    pub permission: Permission,
}

const fn stock(list: &'static str, noun: &'static str) -> Export {
    Export { list, noun, permission: Permission::StockExport }
}

const fn asset(list: &'static str, noun: &'static str) -> Export {
    Export { list, noun, permission: Permission::AssetExport }
}

const fn bill(list: &'static str, noun: &'static str) -> Export {
    Export { list, noun, permission: Permission::BillExport }
}

/// Every one of them.
pub const EXPORTS: [Export; 62] = [
    stock("organization", "机构"),
    stock("operator", "运营主体"),
    stock("project", "项目"),
    stock("estate", "小区"),
    stock("building", "楼栋"),
    stock("unit", "房源"),
    stock("room", "房间"),
    stock("rent_standard", "租金标准"),
    Export { list: "person", noun: "人员", permission: Permission::PersonExport },
    Export { list: "household", noun: "家庭", permission: Permission::PersonExport },
    asset("asset_master", "资产主卡片"),
    asset("asset_sub", "资产子卡片"),
    asset("asset_change", "资产审批"),
    asset("asset_depreciation", "折旧计提"),
    asset("asset_count", "资产盘点"),
    Export { list: "dictionary", noun: "数据字典", permission: Permission::DictionaryRead },
    Export { list: "dictionary_item", noun: "字典项", permission: Permission::DictionaryRead },
    Export { list: "calendar", noun: "公共节假日", permission: Permission::CalendarRead },
    Export { list: "numbering", noun: "编码规则", permission: Permission::NumberingRead },
    Export { list: "menu", noun: "菜单", permission: Permission::MenuRead },
    Export { list: "user", noun: "用户", permission: Permission::UserRead },
    Export { list: "role", noun: "角色", permission: Permission::RoleRead },
    Export { list: "approval", noun: "复核事项", permission: Permission::UserRead },
    Export { list: "audit", noun: "操作日志", permission: Permission::AuditRead },
    Export { list: "assignment", noun: "直接分配", permission: Permission::AssignmentRead },
    Export { list: "contract", noun: "合同", permission: Permission::ContractExport },
    Export { list: "contract_change", noun: "合同变更", permission: Permission::ContractExport },
    Export { list: "take_over", noun: "存量合同接管", permission: Permission::ContractExport },
    Export { list: "take_over_item", noun: "接管明细", permission: Permission::ContractExport },
    Export { list: "hand_over", noun: "交房记录", permission: Permission::ContractExport },
    Export { list: "exit", noun: "退租", permission: Permission::ContractExport },
    Export { list: "resident", noun: "入住记录", permission: Permission::PersonExport },
    Export { list: "print", noun: "打印记录", permission: Permission::ContractExport },
    bill("account", "租金账户"),
    bill("bill", "账单"),
    bill("payment", "缴费记录"),
    bill("pay_record", "缴退记录"),
    bill("arrears", "欠费"),
    bill("deduction", "代扣批次"),
    bill("deduction_item", "房租扣费记录"),
    bill("bank_difference", "银行差异"),
    bill("pay_order", "支付订单"),
    bill("pay_odd", "待核实到账"),
    bill("reconciliation", "银行对账"),
    bill("ledger_entry", "分录"),
    bill("rent_adjustment", "租金调整"),
    bill("rent_change", "租金调整明细"),
    bill("rent_reduction", "租金核减"),
    bill("waiver", "减免核销"),
    Export { list: "meter", noun: "表具", permission: Permission::MeterRead },
    Export { list: "meter_period", noun: "抄表期间", permission: Permission::MeterRead },
    Export { list: "meter_reading", noun: "抄表记录", permission: Permission::MeterRead },
    bill("refund", "退费"),
    bill("dunning", "催缴记录"),
    bill("dunning_rule_set", "催缴规则"),
    bill("dunning_trial", "催缴试算"),
    bill("dunning_pause", "暂停催缴"),
    bill("instalment", "分期还款"),
    bill("sms", "短信"),
    bill("sms_month", "短信费用"),
    bill("cashier_shift", "收款班次"),
    Export { list: "report", noun: "统计报表", permission: Permission::ReportExport },
];

impl Export {
    /// The export of a list; `None` for a list that cannot be taken away.
    #[must_use]
    pub fn of(list: &str) -> Option<Self> {
        EXPORTS.into_iter().find(|export| export.list == list)
    }

    /// Whether somebody with these rights may take it away. Requests are of several kinds: who reads one takes those away.
    #[must_use]
    pub fn is_for(self, may: impl Fn(Permission) -> bool) -> bool {
        may(self.permission) || self.list == "approval" && !ApprovalKind::readable(may).is_empty()
    }
}

/// How many rows an export may have when so many were asked for (PRM-01).
///
/// # Errors
/// The sentence about too many or none.
pub fn rows_check(wanted: u32, most: u32) -> crate::value::Check<u32> {
    if (1..=most).contains(&wanted) {
        Ok(wanted)
    } else {
        Err(crate::value::Complaint::says(format!("导出条数须为1至{most}，请减少条数或缩小查询范围")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_more_than_the_city_allows() {
        assert_eq!(rows_check(50_000, 50_000), Ok(50_000));
        for wanted in [0, 50_001, u32::MAX] {
            let complaint = rows_check(wanted, 50_000).unwrap_err();
            assert_eq!(complaint.text(), "导出条数须为1至50000，请减少条数或缩小查询范围");
        }
    }

    #[test]
    fn who_reads_requests_of_one_kind_takes_those_away() {
        let approval = Export::of("approval").unwrap();
        for reader in [Permission::UserRead, Permission::RoleRead, Permission::ParameterRead, Permission::WorkflowRead]
        {
            assert!(approval.is_for(|permission| permission == reader), "{reader:?}");
        }
        let reads_parameters = |permission| permission == Permission::ParameterRead;
        assert!(!Export::of("user").unwrap().is_for(reads_parameters));
        assert!(!approval.is_for(|permission| permission == Permission::StockExport));
        assert!(Export::of("castle").is_none());
    }
}
