//! Typed ids: a unit's number cannot be passed where an estate's is wanted.

/// Defines a newtype over the database's bigint key.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// 组织机构 (E-01); a district is an organisation of type DISTRICT.
    OrganizationId,
    /// 用户 (E-02)
    UserId,
    /// 角色 (E-03)
    RoleId,
    /// 待复核的变更 (domain.md §6.4)
    ApprovalId,
    /// 附件 (E-23)
    AttachmentId,
    /// 流程版本 (E-127)
    WorkflowId,
    /// 项目 (E-10)
    ProjectId,
    /// 小区 (E-11)
    EstateId,
    /// 楼栋 (E-12)
    BuildingId,
    /// 房源 (E-13)
    UnitId,
    /// 房间 (E-14)
    RoomId,
    /// 租金标准 (E-17)
    RentStandardId,
    /// 运营主体 (E-84)
    OperatorId,
    /// 人员 (E-04)
    PersonId,
    /// 资产主卡片 (E-15)
    AssetMasterId,
    /// 资产子卡片 (E-16)
    AssetSubId,
    /// 资产卡片审批事项 (§3.19)
    AssetChangeId,
    /// 折旧计提批次 (§3.19 T5)
    DepreciationRunId,
    /// 资产盘点单 (§3.19 T6)
    AssetCountId,
    /// 直接分配 (§3.27 U4)
    AssignmentId,
    /// 合同 (E-40)
    ContractId,
    /// 房间入住关系 (S1-5.4)
    BindingId,
    /// 交房记录 (S4-1.5.3)
    HandOverId,
    /// 退租 (E-80)
    ExitId,
    /// 到期处置 (domain.md §3.5 C8)
    StayId,
    /// 家庭 (E-05)
    HouseholdId,
    /// 账户 (E-44)
    AccountId,
    /// 账单 (E-42)
    BillId,
    /// 缴费 (E-46)
    PaymentId,
    /// 代扣批次 (E-48)
    DeductionBatchId,
    /// 代扣明细 (E-48)
    DeductionItemId,
    /// 银行差异 (E-49)
    BankDifferenceId,
}
