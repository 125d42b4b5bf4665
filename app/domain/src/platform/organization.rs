//! 组织机构 (E-01): administrative divisions, management units, operators and the other bodies.

use crate::{
    dictionary::{OrganizationStatus, OrganizationType},
    id::OrganizationId,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrganizationRow {
    pub id: OrganizationId,
    pub code: String,
    pub name: String,
    pub kind: OrganizationType,
    pub parent: Option<String>,
    pub division_code: String,
    pub leader: Option<String>,
    pub status: OrganizationStatus,
    pub updated_at: DateTime<Utc>,
}

/// An organisation with all its fields. Its telephone number is masked (domain.md §2.7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Organization {
    pub row: OrganizationRow,
    pub short_name: Option<String>,
    pub uscc: Option<String>,
    pub phone: Option<String>,
    pub address: Option<String>,
    pub sort: i32,
    pub remark: Option<String>,
}

/// One row of the organisation import: the required fields of E-01 and those that go with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrganizationForm {
    pub code: String,
    pub name: String,
    pub kind: Option<OrganizationType>,
    /// code or name of the superior
    pub parent: String,
    pub division_code: String,
    pub uscc: String,
    pub leader: String,
    pub phone: String,
    pub address: String,
    pub sort: i32,
}

/// Companies identify themselves by credit code (E-01: `uscc` required for companies).
#[must_use]
pub fn needs_credit_code(kind: OrganizationType) -> bool {
    matches!(
        kind,
        OrganizationType::Operator
            | OrganizationType::PropertyCompany
            | OrganizationType::Employer
            | OrganizationType::Bank
    )
}
