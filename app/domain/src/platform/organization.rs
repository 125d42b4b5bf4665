//! 组织机构 (E-01): administrative divisions, management units, operators and the other bodies.

use crate::{
    dictionary::{OperatorType, OrganizationStatus, OrganizationType},
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
    pub parent_code: Option<String>,
    pub version: i32,
}

/// An organisation in the tree: what hangs below what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationNode {
    pub id: OrganizationId,
    /// none: at the top
    pub parent: Option<OrganizationId>,
    pub name: String,
    pub kind: OrganizationType,
    pub status: OrganizationStatus,
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
    pub status: Option<OrganizationStatus>,
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

/// The kind of operator (D-49) that an organisation begins as; none: it runs nothing. A property company serves
/// estates, but only an organisation of type 运营主体 is entrusted with them.
#[must_use]
pub fn operator_type(kind: OrganizationType) -> Option<OperatorType> {
    (kind == OrganizationType::Operator).then_some(OperatorType::State)
}

/// What the superior of an administrative division has to be (市 → 区县 → 街道 → 社区, domain.md §6.2); other
/// organisations may hang anywhere.
#[must_use]
pub fn superior_of(kind: OrganizationType) -> Option<OrganizationType> {
    match kind {
        OrganizationType::District => Some(OrganizationType::City),
        OrganizationType::Street => Some(OrganizationType::District),
        OrganizationType::Community => Some(OrganizationType::Street),
        _ => None,
    }
}
