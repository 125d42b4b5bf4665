//! Permissions: a closed list in the program. A role is a row, a named set of them (domain.md §6.2);
//! what is not granted is forbidden.

use crate::value::{Check, Complaint};
use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($variant:ident $code:literal $label:literal),+ $(,)?) => {
        /// One right, named `module:object:action`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Permission {
            $(#[doc = $label] #[serde(rename = $code)] $variant),+
        }

        impl Permission {
            /// Every permission, in menu order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code that roles are stored with.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// What administrators read.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }

            /// The permission of a stored code; `None` for one that this version does not know.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

permissions! {
    OrganizationRead "platform:organization:read" "查看组织机构",
    OrganizationWrite "platform:organization:write" "维护组织机构",
    DivisionWrite "platform:division:write" "维护区划轮廓",
    UserRead "platform:user:read" "查看用户",
    UserWrite "platform:user:write" "维护用户",
    UserCheck "platform:user:check" "复核用户授权",
    RoleRead "platform:role:read" "查看角色",
    RoleWrite "platform:role:write" "维护角色",
    RoleCheck "platform:role:check" "复核角色权限",
    ParameterRead "platform:parameter:read" "查看参数",
    ParameterWrite "platform:parameter:write" "设置参数",
    ParameterCheck "platform:parameter:check" "复核参数",
    WorkflowRead "platform:workflow:read" "查看流程定义",
    WorkflowWrite "platform:workflow:write" "维护流程定义",
    WorkflowCheck "platform:workflow:check" "复核流程定义",
    MenuRead "platform:menu:read" "查看菜单",
    MenuWrite "platform:menu:write" "维护菜单",
    DictionaryRead "platform:dictionary:read" "查看数据字典",
    DictionaryWrite "platform:dictionary:write" "维护数据字典",
    NumberingRead "platform:numbering:read" "查看编码规则",
    NumberingWrite "platform:numbering:write" "维护编码规则",
    CalendarRead "platform:calendar:read" "查看节假日",
    CalendarWrite "platform:calendar:write" "维护节假日",
    JobRead "platform:job:read" "查看任务监控",
    JobRun "platform:job:run" "管理任务",
    MessageTemplateWrite "platform:message_template:write" "维护消息模板",
    AuditRead "platform:audit:read" "查看和校验操作日志",
    KioskStart "platform:session:kiosk" "开启大屏会话",
    ProjectRead "housing:project:read" "查看项目",
    ProjectWrite "housing:project:write" "维护项目",
    EstateRead "housing:estate:read" "查看小区",
    EstateWrite "housing:estate:write" "维护小区",
    EstateAssign "housing:estate:assign" "指定小区的运营主体和物业公司",
    BuildingRead "housing:building:read" "查看楼栋",
    BuildingWrite "housing:building:write" "维护楼栋",
    UnitRead "housing:unit:read" "查看房源",
    UnitWrite "housing:unit:write" "维护房源",
    UnitTransition "housing:unit:transition" "变更房源状态",
    UnitOffshelfWrite "housing:unit_offshelf:write" "申请注销房源",
    UnitOffshelfCheck "housing:unit_offshelf:check" "复核注销房源",
    RoomRead "housing:room:read" "查看房间",
    RoomWrite "housing:room:write" "维护房间",
    RentStandardRead "housing:rent_standard:read" "查看租金标准",
    RentStandardWrite "housing:rent_standard:write" "维护租金标准",
    RentStandardCheck "housing:rent_standard:check" "复核租金标准",
    StockExport "housing:stock:export" "导出房源数据",
    AssetRead "housing:asset:read" "查看资产卡片",
    AssetWrite "housing:asset:write" "维护资产卡片",
    AssetCheck "housing:asset:check" "审核资产卡片",
    AssetDepreciate "housing:asset:depreciate" "计提资产折旧",
    AssetExport "housing:asset:export" "导出资产卡片",
    OperatorRead "operator:operator:read" "查看运营主体",
    PersonRead "person:person:read" "查看人员",
    PersonWrite "person:person:write" "维护人员",
    PersonAssign "person:person:assign" "变更人员所属机构",
    PersonExport "person:person:export" "导出人员",
    PersonImport "person:person:import" "导入人员",
    PersonMerge "person:person:merge" "合并重复人员",
    PersonDelete "person:person:delete" "删除人员",
    HouseholdRead "person:household:read" "查看家庭",
    HouseholdWrite "person:household:write" "维护家庭",
    IdNumberClear "person:id_number:clear" "查看证件号码明文",
    ContactClear "person:contact:clear" "查看电话和住址明文",
    BankClear "person:bank:clear" "查看银行账号明文",
    AttachmentClear "person:attachment:clear" "查看人员附件原件",
    AssignmentRead "tenancy:assignment:read" "查看直接分配",
    AssignmentWrite "tenancy:assignment:write" "办理直接分配",
    AssignmentCheck "tenancy:assignment:check" "复核直接分配",
    ContractRead "tenancy:contract:read" "查看合同",
    ContractWrite "tenancy:contract:write" "录入合同",
    ContractCheck "tenancy:contract:check" "审批合同",
    ContractExport "tenancy:contract:export" "导出合同",
    ContractPrint "tenancy:contract:print" "打印合同",
    ContractVoid "tenancy:contract:void" "作废履行中的合同",
    TakeOverWrite "tenancy:take_over:write" "办理存量合同接管",
    TakeOverCheck "tenancy:take_over:check" "审批存量合同接管",
    TemplateRead "tenancy:template:read" "查看文书模板",
    TemplateWrite "tenancy:template:write" "编制文书模板",
    TemplateCheck "tenancy:template:check" "发布文书模板",
    PrintRead "tenancy:print:read" "查看打印记录",
    PrintWrite "tenancy:print:write" "办理文书打印和发放",
    BindingWrite "tenancy:binding:write" "登记房间入住关系",
    HandOverWrite "tenancy:hand_over:write" "办理交房入住",
    ExitInspect "tenancy:exit:inspect" "办理退租验房和交还钥匙",
    ExitRevoke "tenancy:exit:revoke" "撤销退租",
    BillRead "billing:bill:read" "查看账单和缴费",
    BillWrite "billing:bill:write" "生成和调整账单",
    BillExport "billing:bill:export" "导出账单和缴费",
    NoticePrint "billing:notice:print" "打印缴费通知单",
    PaymentTake "billing:payment:take" "柜台收款",
    PaymentVerify "billing:payment:verify" "核销收款",
    RefundWrite "billing:refund:write" "申请退费",
    RefundCheck "billing:refund:check" "审批退费和反核销",
    ExitBillWrite "billing:exit_bill:write" "制作退租账单",
    ExitBillCheck "billing:exit_bill:check" "复核退租账单",
    DeductionWrite "billing:deduction:write" "制作代扣批次",
    DeductionCheck "billing:deduction:check" "复核和发送代扣批次",
    DunningWrite "billing:dunning:write" "办理催缴",
    DunningRule "billing:dunning:rule" "设置催缴规则",
    DunningCheck "billing:dunning:check" "复核催缴",
    RentAdjust "billing:rent:adjust" "办理租金调整",
    RentCheck "billing:rent:check" "复核租金调整",
    WaiverWrite "billing:waiver:write" "申请减免和坏账核销",
    WaiverCheck "billing:waiver:check" "审批减免和坏账核销",
    WaiverLead "billing:waiver:lead" "审批超限额坏账核销",
    MeterRead "billing:meter:read" "查看表具和抄表",
    MeterWrite "billing:meter:write" "维护表具和抄表",
    MeterCheck "billing:meter:check" "审核抄表",
    LedgerRead "billing:ledger:read" "查看账目",
    PeriodClose "billing:period:close" "会计期间结账",
    HomeRead "insight:home:read" "查看首页统计",
    MapRead "insight:map:read" "查看房源地图",
    ReportRead "insight:report:read" "查看统计报表",
    ReportExport "insight:report:export" "导出统计报表",
}

/// The modules of the codes, with the headings under which administrators find them.
pub const MODULES: &[(&str, &str)] = &[
    ("platform", "系统管理"),
    ("housing", "公租房房源"),
    ("operator", "运营主体"),
    ("person", "人员"),
    ("tenancy", "合同与入住"),
    ("billing", "收缴与账务"),
    ("insight", "统计与地图"),
];

impl Permission {
    /// The first part of the code.
    #[must_use]
    pub fn module(self) -> &'static str {
        self.code().split(':').next().unwrap_or_default()
    }

    /// Whether it opens data of homes and people.
    #[must_use]
    pub fn is_business(self) -> bool {
        self.module() != "platform"
    }

    /// Whether it gives power over accounts: its holder sees no business data (domain.md §6.1, SYS_ADMIN).
    #[must_use]
    pub fn is_technical(self) -> bool {
        matches!(self, Self::OrganizationWrite | Self::UserWrite | Self::UserCheck | Self::RoleWrite | Self::RoleCheck)
    }

    /// Whether its holder signs in with a second factor where the city asks for one (domain.md §2.6): administrators, who
    /// sets rules, and who agrees to what moves money.
    #[must_use]
    pub fn needs_second_factor(self) -> bool {
        let sets_rules =
            matches!(self, Self::ParameterWrite | Self::ParameterCheck | Self::WorkflowWrite | Self::WorkflowCheck);
        self.is_technical() || sets_rules || self.approves_money()
    }

    /// Whether its holder agrees to what pays out, forgives, debits or prices, or closes the books over it.
    #[must_use]
    fn approves_money(self) -> bool {
        matches!(
            self,
            Self::RefundCheck
                | Self::ExitBillCheck
                | Self::DeductionCheck
                | Self::RentCheck
                | Self::WaiverCheck
                | Self::WaiverLead
                | Self::TakeOverCheck
                | Self::PeriodClose
        )
    }

    /// Whether its holder agrees to what administrators of accounts ask for, or writes the rules that bind them (domain.md
    /// §6.4): his password and his second factor must not pass through their hands.
    #[must_use]
    pub fn watches_administrators(self) -> bool {
        matches!(self, Self::UserCheck | Self::RoleWrite | Self::RoleCheck | Self::ParameterCheck | Self::WorkflowCheck)
    }

    /// Codes of the permissions with [`Self::watches_administrators`].
    #[must_use]
    pub fn watching() -> Vec<String> {
        let watching = Self::ALL.iter().filter(|permission| permission.watches_administrators());
        watching.map(|permission| permission.code().to_owned()).collect()
    }
}

/// Maker and checker of domain.md §6.4, by permission.
const APART: [(Permission, Permission); 16] = [
    (Permission::UserWrite, Permission::UserCheck),
    (Permission::RoleWrite, Permission::RoleCheck),
    (Permission::ParameterWrite, Permission::ParameterCheck),
    (Permission::WorkflowWrite, Permission::WorkflowCheck),
    (Permission::ContractWrite, Permission::ContractCheck),
    (Permission::TakeOverWrite, Permission::TakeOverCheck),
    (Permission::TemplateWrite, Permission::TemplateCheck),
    (Permission::PaymentTake, Permission::PaymentVerify),
    (Permission::RefundWrite, Permission::RefundCheck),
    (Permission::RentStandardWrite, Permission::RentStandardCheck),
    (Permission::UnitOffshelfWrite, Permission::UnitOffshelfCheck),
    (Permission::RentAdjust, Permission::RentCheck),
    (Permission::DunningWrite, Permission::DunningCheck),
    (Permission::DunningRule, Permission::DunningCheck),
    (Permission::WaiverWrite, Permission::WaiverCheck),
    (Permission::MeterWrite, Permission::MeterCheck),
];

/// Refuses permissions that one person must not hold together, be it by one role or by several (domain.md §6.2).
///
/// # Errors
/// The sentence of S1-9.2 that names the two.
pub fn exclusions_check(held: &[Permission]) -> Check<()> {
    let has = |permission| held.contains(&permission);
    let technical = held.iter().find(|permission| permission.is_technical());
    let business = held.iter().find(|permission| permission.is_business());
    let pair = APART.into_iter().find(|(maker, checker)| has(*maker) && has(*checker));
    match pair.or(technical.copied().zip(business.copied())) {
        None => Ok(()),
        Some((a, b)) => Err(Complaint::says(format!("角色存在互斥权限：{}与{}", a.label(), b.label()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_leads_back_to_its_permission() {
        for permission in Permission::ALL {
            assert_eq!(Permission::from_code(permission.code()), Some(*permission));
        }
        assert_eq!(Permission::from_code("housing:unit:burn"), None);
    }

    #[test]
    fn every_permission_stands_under_a_heading() {
        for permission in Permission::ALL {
            assert!(MODULES.iter().any(|(module, _)| *module == permission.module()), "{permission:?}");
        }
    }

    #[test]
    fn who_has_power_over_others_needs_a_second_factor() {
        for permission in Permission::ALL {
            let administers =
                ["user", "role", "parameter", "workflow"].iter().any(|noun| permission.code().contains(noun));
            let looks_on = permission.code().ends_with(":read");
            assert!(!administers || looks_on != permission.needs_second_factor(), "{permission:?}");
        }
        assert!(!Permission::UnitWrite.needs_second_factor() && !Permission::AuditRead.needs_second_factor());
        assert!(Permission::RefundCheck.needs_second_factor() && !Permission::RefundWrite.needs_second_factor());
        assert!(Permission::DeductionCheck.needs_second_factor() && !Permission::PaymentTake.needs_second_factor());
    }

    #[test]
    fn who_checks_an_administrator_of_accounts_watches_him() {
        let asks = |maker: &Permission| !maker.is_business() && *maker != Permission::RoleWrite;
        for (_, checker) in APART.iter().filter(|(maker, _)| asks(maker)) {
            assert!(checker.watches_administrators(), "{checker:?}");
        }
        assert!(Permission::RoleWrite.watches_administrators(), "roles bind the administrator");
        assert!(!Permission::UserWrite.watches_administrators());
    }

    #[test]
    fn maker_and_checker_and_the_two_worlds_stay_apart() {
        assert!(exclusions_check(&[]).is_ok());
        assert!(
            exclusions_check(&[Permission::UserWrite, Permission::RoleCheck, Permission::OrganizationRead]).is_ok()
        );
        assert!(exclusions_check(&[Permission::PersonRead, Permission::ParameterWrite, Permission::AuditRead]).is_ok());
        let refused = |held: &[Permission]| exclusions_check(held).unwrap_err().text().to_owned();
        assert_eq!(
            refused(&[Permission::UserCheck, Permission::UserRead, Permission::UserWrite]),
            "角色存在互斥权限：维护用户与复核用户授权"
        );
        assert_eq!(refused(&[Permission::RoleCheck, Permission::UnitRead]), "角色存在互斥权限：复核角色权限与查看房源");
    }
}
