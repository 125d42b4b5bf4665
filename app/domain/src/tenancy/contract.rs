//! 租赁合同 (E-40, S1-5.5, S0-3 to S0-5): what a list row and the page of a contract carry, and the list's columns.

use crate::{
    billing::plan::PlannedBill,
    dictionary::{ApplicantCategory, AreaBasis, ContractStatus, LayoutType, PayCycle, Relation, RentSplit, SignMode},
    id::{AccountId, AssignmentId, ContractId, PersonId, RentStandardId, UnitId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    tenancy::{
        contract_difference::Compared,
        contract_form::{Assessed, ContractForm, ResidentForm},
        filing::FilingState,
        property_fee::{PropertyEntry, PropertyFee},
        stay::{Stay, StayStatus, may_stay},
    },
    value::{Area, Money, Rate},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// What is answered to whoever would change what was approved (S1-5.5).
pub const CONTRACT_IS_APPROVED: &str = "合同已审批，不能修改或删除";
/// What is answered to whoever would change a refused one (S1-5.5).
pub const CONTRACT_IS_REJECTED: &str = "审批未通过的合同仅可删除";

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContractRow {
    pub id: ContractId,
    /// none: not approved yet
    pub contract_no: Option<String>,
    pub lessee: String,
    pub id_number_mask: String,
    pub unit_id: UnitId,
    pub estate: String,
    pub address: String,
    pub rent_area: Area,
    pub unit_rate: Rate,
    /// what it costs a month today: signed, or agreed to since (E-55)
    pub monthly_rent: Money,
    /// none: the contract has no property fee
    pub property: Option<PropertyFee>,
    pub start_on: NaiveDate,
    pub end_on: NaiveDate,
    pub status: ContractStatus,
    pub sync_message: Option<String>,
    /// §3.27: the bank knows it from the system before
    pub taken_over: bool,
    pub maker: Option<String>,
    pub created_at: DateTime<Utc>,
    pub submitted_at: Option<DateTime<Utc>>,
    pub version: i32,
}

/// A contract with all that its page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    pub row: ContractRow,
    pub assignment_id: Option<AssignmentId>,
    pub account_id: Option<AccountId>,
    pub account_no: Option<String>,
    pub previous: Option<(ContractId, String)>,
    pub lessor: String,
    pub person_id: PersonId,
    pub phone_mask: String,
    pub unit_code: String,
    pub layout: LayoutType,
    pub building_area: Area,
    pub usable_area: Area,
    pub category: ApplicantCategory,
    pub rent_standard_id: RentStandardId,
    pub rent_standard: String,
    pub assessed: Assessed,
    pub reduction: Money,
    pub deposit: Money,
    pub rent_start_on: NaiveDate,
    pub pay_cycle: PayCycle,
    pub first_pay_months: u8,
    pub split: RentSplit,
    pub due_day: u8,
    pub bank_name: String,
    pub bank_no_mask: String,
    pub bank_holder: String,
    pub debit_agreement_no: Option<String>,
    pub block_access_clause: bool,
    pub explained_on: Option<NaiveDate>,
    pub sign_on: NaiveDate,
    pub sign_mode: SignMode,
    pub filing_no: Option<String>,
    pub filed_on: Option<NaiveDate>,
    pub remark: Option<String>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    /// SHA-256 of what was approved
    pub digest: Option<String>,
    pub sync_tries: i32,
    pub synced_at: Option<DateTime<Utc>>,
    pub ended_on: Option<NaiveDate>,
    pub residents: Vec<Resident>,
    pub history: Vec<ContractLine>,
    /// the bills of the whole term as they would be made (费用明细)
    pub plan: Vec<PlannedBill>,
    /// the same of the property fee; empty: it has none
    pub property_plan: Vec<PlannedBill>,
    /// what the one said that it follows; none: it follows none, or one that is not in sight
    pub before: Option<Compared>,
    /// what was entered since it has expired, the last first, and until when somebody may stay by it
    pub stays: Vec<Stay>,
    pub stay_to: Option<NaiveDate>,
    /// the signing reader may decide about it
    pub decidable: bool,
    /// C11: the reader may void it
    pub voidable: bool,
    /// C11: who voided it, when and why
    pub voided: Option<Voided>,
    /// the bank was told of it too often in vain
    pub tell_again: bool,
}

/// 作废 (C11)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voided {
    pub by: Option<String>,
    pub at: DateTime<Utc>,
    pub reason: String,
}

impl Contract {
    /// The last day for which rent is charged: that of the term, or the one until which the household may stay since.
    #[must_use]
    pub fn charged_until(&self) -> NaiveDate {
        self.stay_to.map_or(self.row.end_on, |day| day.max(self.row.end_on))
    }

    /// Whether what becomes of its household can be entered now ([`crate::tenancy::stay`]).
    #[must_use]
    pub fn may_stay(&self) -> bool {
        may_stay(self.row.status).is_ok() && self.stays.iter().all(|stay| stay.status != StayStatus::Pending)
    }

    /// What is held against the contract before (S1-5.6).
    #[must_use]
    pub fn compared(&self) -> Compared {
        Compared {
            lessor: self.lessor.clone(),
            lessee: self.row.lessee.clone(),
            address: format!("{}{}", self.row.estate, self.row.address),
            residents: self.residents.iter().map(|resident| resident.name.clone()).collect(),
            category: self.category,
            start_on: self.row.start_on,
            end_on: self.row.end_on,
            rate: self.assessed.rate,
            assessed: self.assessed.rent,
            reduction: self.reduction,
            rent: self.signed_rent(),
            property: self.row.property,
            deposit: self.deposit,
            pay_cycle: self.pay_cycle,
            split: self.split,
            due_day: self.due_day,
            bank_name: self.bank_name.clone(),
            bank_no_mask: self.bank_no_mask.clone(),
            bank_holder: self.bank_holder.clone(),
            block_access_clause: self.block_access_clause,
        }
    }

    /// The monthly rent that was signed.
    #[must_use]
    pub fn signed_rent(&self) -> Money {
        self.assessed.rent - self.reduction
    }

    /// What the form of a stored contract begins with. The number of the account never travels to a browser: left empty,
    /// it stays as it is.
    #[must_use]
    pub fn form(&self) -> ContractForm {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        let (rate, fee) = match self.row.property.map(PropertyFee::entry) {
            Some(PropertyEntry::Rate(rate)) => (rate.to_string(), String::new()),
            Some(PropertyEntry::Amount(amount)) => (String::new(), amount.to_string()),
            None => Default::default(),
        };
        let resident = |resident: &Resident| ResidentForm {
            person: resident.person_id.to_string(),
            relation: resident.relation.code().to_owned(),
        };
        ContractForm {
            assignment: self.assignment_id.map(|id| id.to_string()).unwrap_or_default(),
            contract_no: self.row.contract_no.clone().unwrap_or_default(),
            category: self.category.code().to_owned(),
            reduction: if self.reduction == Money::ZERO { String::new() } else { self.reduction.to_string() },
            property_rate: rate,
            property_fee: fee,
            deposit: self.deposit.to_string(),
            start_on: self.row.start_on.to_string(),
            end_on: self.row.end_on.to_string(),
            rent_start_on: self.rent_start_on.to_string(),
            pay_cycle: self.pay_cycle.code().to_owned(),
            first_pay_months: self.first_pay_months.to_string(),
            split: self.split.code().to_owned(),
            due_day: self.due_day.to_string(),
            bank_name: self.bank_name.clone(),
            bank_no: String::new(),
            bank_holder: self.bank_holder.clone(),
            debit_agreement_no: self.debit_agreement_no.clone().unwrap_or_default(),
            block_access_clause: self.block_access_clause,
            explained_on: day(self.explained_on),
            sign_on: self.sign_on.to_string(),
            sign_mode: self.sign_mode.code().to_owned(),
            remark: self.remark.clone().unwrap_or_default(),
            residents: self.residents.iter().map(resident).collect(),
        }
    }
}

/// 同住人
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resident {
    pub person_id: PersonId,
    pub name: String,
    pub relation: Relation,
}

/// A line of the timeline, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractLine {
    pub at: DateTime<Utc>,
    pub actor: Option<String>,
    pub event: String,
    pub from: Option<ContractStatus>,
    pub to: ContractStatus,
    pub reason: Option<String>,
}

/// What the form of a new contract shows of the chosen home, and what it proposes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContractOffer {
    pub assignment_id: AssignmentId,
    pub person_id: PersonId,
    pub person: String,
    pub id_number_mask: String,
    pub mgmt_unit: String,
    pub estate: String,
    pub unit_id: UnitId,
    pub address: String,
    pub layout: LayoutType,
    pub building_area: Area,
    pub usable_area: Area,
    pub rent_standard: Option<String>,
    /// none: the home has no standard in force, so that no contract can be made
    pub assessed: Option<Assessed>,
    /// what is usual where the home lies (PRM-44)
    pub deposit: Option<Money>,
    /// 物业费单价 of its rooms, where those that have one agree
    pub property_rate: Option<Rate>,
    pub expires_on: Option<NaiveDate>,
    /// the account in the lessee's record
    pub bank_name: Option<String>,
    pub bank_no_mask: Option<String>,
    pub bank_holder: Option<String>,
}

impl AreaBasis {
    /// What the area is called in a contract.
    #[must_use]
    pub const fn area_label(self) -> &'static str {
        match self {
            Self::Usable => "使用面积",
            Self::Building => "建筑面积",
            Self::Inner => "套内建筑面积",
        }
    }
}

/// 合同 list (S1-5.5, S0-3).
#[rustfmt::skip] // a table: one line per column
pub const CONTRACT_LIST: ListSheet<ContractRow> = ListSheet {
    key: "contract",
    noun: "合同",
    path: "/tenancy/contracts",
    search_hint: "合同编号、承租人、住房地址",
    columns: &[
        ListColumn { key: "contract_no", header: "合同编号", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(row.contract_no.as_deref().unwrap_or("待编号"), format!("/tenancy/contracts/{}", row.id)) },
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::text(&row.lessee) },
        ListColumn { key: "id_number", header: "证件号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.id_number_mask) },
        ListColumn { key: "estate", header: "小区", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.estate) },
        ListColumn { key: "address", header: "房间", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.address, format!("/housing/units/{}", row.unit_id)) },
        ListColumn { key: "rent_area", header: "计租面积(㎡)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Area(row.rent_area) },
        ListColumn { key: "unit_rate", header: "租金标准(元/㎡·月)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Text(row.unit_rate.to_string()) },
        ListColumn { key: "monthly_rent", header: "月租金(元)", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Money(row.monthly_rent) },
        ListColumn { key: "property_rate", header: "物业费单价(元/㎡·月)", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.property.and_then(|fee| fee.rate), |rate| Cell::Text(rate.to_string())) },
        ListColumn { key: "property_fee", header: "物业费(元/月)", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.property, |fee| Cell::Money(fee.monthly)) },
        ListColumn { key: "start_on", header: "开始日期", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Date(row.start_on) },
        ListColumn { key: "end_on", header: "结束日期", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Date(row.end_on) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::status(row.status) },
        ListColumn { key: "sync", header: "同步状态", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(sync_text(row)) },
        ListColumn { key: "maker", header: "录入人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.maker.as_deref().unwrap_or_default()) },
        ListColumn { key: "created_at", header: "录入时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.created_at) },
        ListColumn { key: "submitted_at", header: "提交时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| cell_or_empty(row.submitted_at, Cell::Time) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(ContractStatus::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "unit", label: "房源", choices: Choices::Linked },
        Filter { key: "person", label: "承租人", choices: Choices::Linked },
        Filter { key: "filing", label: "备案", choices: Choices::Fixed(|| FilingState::ALL.map(|state| (state.code(), state.label())).to_vec()) },
        Filter { key: "ending", label: "即将到期", choices: Choices::Linked },
        Filter { key: "turn", label: "待我审批", choices: Choices::Linked },
        Filter { key: "overdue", label: "到期待处置", choices: Choices::Linked },
        Filter { key: "stay", label: "待我审批到期处置", choices: Choices::Linked },
    ],
    default_sort: ("created_at", true),
    jumps: false,
};

/// Where the bank stands with it.
#[must_use]
pub fn sync_text(row: &ContractRow) -> &str {
    match row.status {
        ContractStatus::Void => row.sync_message.as_deref().unwrap_or("未同步"),
        ContractStatus::Draft | ContractStatus::Pending | ContractStatus::Rejected => "未同步",
        ContractStatus::ApprovedSyncing | ContractStatus::CancelSyncing => "同步中",
        ContractStatus::SyncFailed => row.sync_message.as_deref().unwrap_or("同步失败"),
        ContractStatus::Active | ContractStatus::CancelPending | ContractStatus::Expired if row.taken_over => "接管",
        _ => "已同步",
    }
}
