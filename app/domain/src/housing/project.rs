//! 项目 (E-10): what is built or bought with one approval; buildings are bound to it.

use crate::{
    dictionary::{HousingCategory, InvestmentType, ProjectStatus, SourceType},
    housing::place::{Place, PlaceForm},
    id::{OperatorId, OrganizationId, ProjectId},
    value::{Area, Money, Point},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A row of the project list (S1-4.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectRow {
    pub id: ProjectId,
    pub code: String,
    pub name: String,
    pub district: String,
    pub category: HousingCategory,
    pub source: SourceType,
    pub owner_unit: String,
    pub units_planned: i32,
    pub units_built: i64,
    pub status: ProjectStatus,
    pub start_on: Option<NaiveDate>,
    pub complete_on: Option<NaiveDate>,
    pub updated_at: DateTime<Utc>,
}

/// A project with all its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Project {
    pub id: ProjectId,
    pub code: String,
    pub name: String,
    pub district_id: OrganizationId,
    pub district: String,
    pub street: Option<String>,
    pub community: Option<String>,
    pub address: String,
    pub place: Option<Place>,
    /// in the system of the city's map
    pub position: Option<Point>,
    pub category: HousingCategory,
    pub source: SourceType,
    pub investment: InvestmentType,
    pub owner_unit_id: OrganizationId,
    pub owner_unit: String,
    pub builder: Option<String>,
    pub operator: Option<String>,
    pub operator_id: Option<OperatorId>,
    pub approval_no: Option<String>,
    pub land_no: Option<String>,
    pub planning_no: Option<String>,
    pub construction_no: Option<String>,
    pub land_area: Option<Area>,
    pub total_area: Option<Area>,
    pub units_planned: i32,
    pub units_built: i64,
    pub buildings: i64,
    pub total_invest: Option<Money>,
    pub funds: FundSources,
    pub start_on: Option<NaiveDate>,
    pub complete_on: Option<NaiveDate>,
    pub accept_on: Option<NaiveDate>,
    pub deliver_on: Option<NaiveDate>,
    pub status: ProjectStatus,
    pub remark: Option<String>,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
}

impl Project {
    /// What S1-4.1 warns of and does not refuse: fewer units planned than stand there already.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        planned_warning(self.units_planned, self.units_built)
    }
}

/// `计划套数（100）少于建成套数（120），请核实`, or nothing to warn of.
#[must_use]
pub fn planned_warning(planned: i32, built: i64) -> Option<String> {
    (i64::from(planned) < built).then(|| format!("计划套数（{planned}）少于建成套数（{built}），请核实"))
}

/// 资金来源: what each source gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundSources {
    pub central: Option<Money>,
    pub province: Option<Money>,
    pub city: Option<Money>,
    pub loan: Option<Money>,
    pub own: Option<Money>,
}

/// One row of I-01 (domain.md §7.1): typed where a column alone decides, names where the store does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectImportForm {
    pub name: String,
    pub district: String,
    pub street: String,
    pub community: String,
    pub address: String,
    pub category: Option<HousingCategory>,
    pub source: Option<SourceType>,
    pub investment: Option<InvestmentType>,
    pub owner_unit: String,
    pub builder: String,
    pub operator: String,
    pub units_planned: i32,
    pub land_area: Option<Area>,
    pub total_area: Option<Area>,
    pub total_invest: Option<Money>,
    pub approval_no: String,
    pub planning_no: String,
    pub construction_no: String,
    pub start_on: Option<NaiveDate>,
    pub complete_on: Option<NaiveDate>,
    pub deliver_on: Option<NaiveDate>,
    pub status: Option<ProjectStatus>,
    pub place: PlaceForm,
    pub remark: String,
}
