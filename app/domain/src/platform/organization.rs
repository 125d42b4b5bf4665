//! 组织机构 (E-01): administrative divisions, management units, operators and the other bodies.

use crate::{
    dictionary::{OperatorType, OrganizationStatus, OrganizationType},
    id::OrganizationId,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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

/// An organisation to choose, and how deep it stands in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationChoice {
    pub id: OrganizationId,
    pub name: String,
    /// 0 at the top
    pub depth: u16,
}

/// Organisations in the order of the tree, those of one superior in the order in which they come: `(id, superior, name)`.
/// Who has no superior among them stands at the top.
#[must_use]
pub fn organization_tree(rows: Vec<(OrganizationId, Option<OrganizationId>, String)>) -> Vec<OrganizationChoice> {
    let known: BTreeSet<OrganizationId> = rows.iter().map(|(id, ..)| *id).collect();
    let mut below: BTreeMap<Option<OrganizationId>, Vec<(OrganizationId, String)>> = BTreeMap::new();
    for (id, superior, name) in rows {
        below.entry(superior.filter(|superior| known.contains(superior))).or_default().push((id, name));
    }
    let mut tree = Vec::new();
    // Taken away as they are placed, so that nothing is placed twice, whatever the superiors say.
    let mut open: Vec<(OrganizationId, String, u16)> = Vec::new();
    let push = |open: &mut Vec<_>, children: Vec<(OrganizationId, String)>, depth| {
        open.extend(children.into_iter().rev().map(|(id, name)| (id, name, depth)));
    };
    push(&mut open, below.remove(&None).unwrap_or_default(), 0);
    while let Some((id, name, depth)) = open.pop() {
        tree.push(OrganizationChoice { id, name, depth });
        push(&mut open, below.remove(&Some(id)).unwrap_or_default(), depth + 1);
    }
    tree
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_below_its_superior() {
        let row =
            |id, superior: Option<i64>, name: &str| (OrganizationId(id), superior.map(OrganizationId), name.to_owned());
        let rows = vec![
            row(4, Some(2), "甲区一所"),
            row(2, Some(1), "甲区"),
            row(3, Some(1), "乙区"),
            row(5, Some(99), "上级已停用"),
            row(1, None, "市"),
        ];
        let tree = organization_tree(rows);
        let lines: Vec<(&str, u16)> = tree.iter().map(|choice| (choice.name.as_str(), choice.depth)).collect();
        assert_eq!(lines, [("上级已停用", 0), ("市", 0), ("甲区", 1), ("甲区一所", 2), ("乙区", 1)]);
    }
}
