//! 流程定义 (E-127, S1-9.9): the nodes that a request passes, how many persons agree at each, and how long it may take.
//!
//! Owns what is entered and what can be published. A version that was published is never changed: requests under way
//! keep it.

use crate::{
    dictionary::{ApprovalKind, WorkflowStatus},
    failure::FieldErrors,
    form::optional,
    id::{ApprovalId, WorkflowId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
    value::{Check, Complaint, normalize},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Nodes of a workflow.
pub const NODES_MAX: usize = 5;
/// Persons who agree at one node (会签).
pub const PERSONS_MAX: i16 = 3;
/// Longest time limit of a node, in working days.
pub const DAYS_MAX: i16 = 90;
/// Characters of a node's name.
pub const NODE_NAME_MAX: usize = 20;

/// A row of the list: one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowRow {
    pub id: WorkflowId,
    pub kind: ApprovalKind,
    pub version: i32,
    pub nodes: i64,
    pub status: WorkflowStatus,
    /// since when it is or was in force; none: a draft
    pub published_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
}

impl WorkflowRow {
    /// What people call it.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} 第{}版", self.kind.label(), self.version)
    }
}

/// A node as it was entered and checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    pub name: String,
    /// how many have to agree
    pub persons: i16,
    /// time limit in working days
    pub days: Option<i16>,
    /// code of the role that they hold besides the right to check
    pub role: Option<String>,
}

/// A node as the record shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRow {
    pub node: Node,
    /// name of the role
    pub role: Option<String>,
    /// accounts that could act there today
    pub able: i64,
}

/// One version with its nodes and the other versions of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workflow {
    pub row: WorkflowRow,
    pub nodes: Vec<NodeRow>,
    /// counts the changes of a draft
    pub revision: i32,
    /// none: it came with the program
    pub updated_by: Option<String>,
    /// the request that published it
    pub approval: Option<ApprovalId>,
    /// requests under way that keep this version
    pub running: i64,
    /// every version of the kind, the newest first
    pub versions: Vec<WorkflowRow>,
    /// the request that waits for its publication
    pub pending: Option<ApprovalId>,
    /// roles that hold the right to check: code and name
    pub roles: Vec<(String, String)>,
}

impl Workflow {
    /// The draft of the kind, of which there is one at most.
    #[must_use]
    pub fn draft(&self) -> Option<WorkflowId> {
        self.versions.iter().find(|row| row.status == WorkflowStatus::Draft).map(|row| row.id)
    }
}

/// What is entered for a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeForm {
    pub name: String,
    pub persons: String,
    pub days: String,
    pub role: String,
}

impl Default for NodeForm {
    fn default() -> Self {
        Self { name: String::new(), persons: "1".to_owned(), days: String::new(), role: String::new() }
    }
}

/// What is entered for a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowForm {
    pub nodes: Vec<NodeForm>,
}

impl From<&Workflow> for WorkflowForm {
    fn from(workflow: &Workflow) -> Self {
        let form = |row: &NodeRow| NodeForm {
            name: row.node.name.clone(),
            persons: row.node.persons.to_string(),
            days: row.node.days.map(|days| days.to_string()).unwrap_or_default(),
            role: row.node.role.clone().unwrap_or_default(),
        };
        Self { nodes: workflow.nodes.iter().map(form).collect() }
    }
}

impl WorkflowForm {
    /// The text of a field of the node at a place, for a form that binds its fields by place.
    pub fn node(&mut self, place: usize) -> &mut NodeForm {
        if self.nodes.len() <= place {
            self.nodes.resize_with(place + 1, NodeForm::default);
        }
        &mut self.nodes[place]
    }

    /// Changes the places of a node and the one behind it.
    pub fn swap(&mut self, place: usize) {
        if place + 1 < self.nodes.len() {
            self.nodes.swap(place, place + 1);
        }
    }

    /// Checks the nodes.
    ///
    /// # Errors
    /// Complaints by field and place: `name-1` for the name of the first node; `nodes` about all of them.
    pub fn check(&self) -> Result<Vec<Node>, FieldErrors> {
        let mut errors = FieldErrors::default();
        if self.nodes.is_empty() || self.nodes.len() > NODES_MAX {
            errors.add("nodes", format!("流程须有1至{NODES_MAX}个节点"));
        }
        let mut nodes: Vec<Node> = Vec::new();
        for (place, form) in self.nodes.iter().enumerate() {
            let field = |name: &str| format!("{name}-{}", place + 1);
            let name = name_check(&form.name).and_then(|name| {
                let taken = nodes.iter().any(|node| node.name == name);
                if taken { Err(Complaint::says("节点名称不能重复")) } else { Ok(name) }
            });
            let name = errors.take(&field("name"), name);
            let persons = errors.take(&field("persons"), number(&form.persons, PERSONS_MAX, "会签人数"));
            let days = optional(&form.days, |text| number(text, DAYS_MAX, "时限"));
            let days = errors.take(&field("days"), days);
            let role = (!form.role.is_empty()).then(|| form.role.clone());
            // A node with a mistake still takes its name, so that the same one is complained about below it.
            nodes.push(Node {
                name: name.unwrap_or_default(),
                persons: persons.unwrap_or(1),
                days: days.flatten(),
                role,
            });
        }
        if errors.is_empty() { Ok(nodes) } else { Err(errors) }
    }
}

fn name_check(name: &str) -> Check<String> {
    let name = normalize(name);
    if (1..=NODE_NAME_MAX).contains(&name.chars().count()) {
        Ok(name)
    } else {
        Err(Complaint::says(format!("节点名称须为1至{NODE_NAME_MAX}个字")))
    }
}

fn number(text: &str, most: i16, what: &str) -> Check<i16> {
    let number = text.trim().parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| Complaint::says(format!("{what}须为1至{most}的整数")))
}

/// Refuses nodes that could never be passed. One person acts at one node only (domain.md §6.4): that there are enough for
/// each node is not enough, there have to be enough for any of them together. `able` holds, by node, who could act.
///
/// # Errors
/// A sentence that names the nodes and how many persons are missing.
pub fn passable_check<P: Ord>(nodes: &[Node], able: &[BTreeSet<P>]) -> Check<()> {
    // Hall's theorem: every choice of nodes needs as many persons as it asks for. Small choices first, to name the cause.
    let mut choices: Vec<u32> = (1..1u32 << nodes.len()).collect();
    choices.sort_by_key(|choice| choice.count_ones());
    for choice in choices {
        let chosen = || (0..nodes.len()).filter(move |place| choice & (1 << place) != 0);
        let needed: usize = chosen().map(|place| usize::from(nodes[place].persons.unsigned_abs())).sum();
        let there: BTreeSet<&P> = chosen().flat_map(|place| &able[place]).collect();
        if there.len() < needed {
            let names: Vec<_> = chosen().map(|place| nodes[place].name.as_str()).collect();
            return Err(Complaint::says(format!(
                "节点【{}】共需{needed}人办理，有权办理的账号只有{}个，且同一人只能办理一个节点；请减少会签人数，或先为更多账号授权",
                names.join("】【"),
                there.len(),
            )));
        }
    }
    Ok(())
}

/// The nodes as a checker reads them, one line per node.
#[must_use]
pub fn nodes_told(nodes: &[Node], role_name: impl Fn(&str) -> String) -> Vec<String> {
    let told = |node: &Node| {
        let mut parts = vec![node.name.clone(), format!("{}人", node.persons)];
        parts.push(node.days.map_or_else(|| "不限时".to_owned(), |days| format!("{days}个工作日")));
        parts.extend(node.role.as_deref().map(|role| format!("限{}", role_name(role))));
        parts.join("，")
    };
    nodes.iter().map(told).collect()
}

/// 流程定义 list (S1-9.9).
#[rustfmt::skip] // a table: one line per column
pub const WORKFLOW_LIST: ListSheet<WorkflowRow> = ListSheet {
    key: "workflow",
    noun: "流程定义",
    path: "/platform/workflows",
    search_hint: "节点名称",
    columns: &[
        ListColumn { key: "kind", header: "流程", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(row.kind.label(), format!("/platform/workflows/{}", row.id)) },
        ListColumn { key: "version", header: "版本", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.version.into()) },
        ListColumn { key: "nodes", header: "节点数", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.nodes) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::status(row.status) },
        ListColumn { key: "published_at", header: "启用时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| row.published_at.map_or(Cell::Empty, Cell::Time) },
        ListColumn { key: "updated_at", header: "更新时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.updated_at) },
    ],
    filters: &[
        Filter { key: "kind", label: "流程", choices: Choices::Of(ApprovalKind::choices) },
        Filter { key: "status", label: "状态", choices: Choices::Of(WorkflowStatus::choices) },
    ],
    default_sort: ("kind", false),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn node(name: &str, persons: &str, days: &str) -> NodeForm {
        NodeForm { name: name.into(), persons: persons.into(), days: days.into(), role: String::new() }
    }

    #[test]
    fn nodes_are_named_counted_and_limited() {
        let form = WorkflowForm { nodes: vec![node(" 初审 ", "2", "5"), node("终审", "1", "")] };
        let nodes = form.check().expect("it is right");
        assert_eq!((nodes[0].name.as_str(), nodes[0].persons, nodes[0].days), ("初审", 2, Some(5)));
        assert_eq!(nodes[1].days, None);
        let told = nodes_told(&nodes, str::to_owned);
        assert_eq!(told, ["初审，2人，5个工作日", "终审，1人，不限时"]);

        let bad = WorkflowForm { nodes: vec![node("初审", "4", "0"), node("初审", "", "91"), node(" ", "1", "x")] };
        let errors = bad.check().unwrap_err();
        assert_eq!(errors.get("persons-1"), Some("会签人数须为1至3的整数"));
        assert_eq!(errors.get("days-1"), Some("时限须为1至90的整数"));
        assert_eq!(errors.get("name-2"), Some("节点名称不能重复"));
        assert_eq!(errors.get("name-3"), Some("节点名称须为1至20个字"));
        assert!(errors.get("days-2").is_some() && errors.get("days-3").is_some() && errors.get("name-1").is_none());
        assert!(WorkflowForm::default().check().unwrap_err().get("nodes").is_some());
        let six = ["一", "二", "三", "四", "五", "六"].map(|name| node(name, "1", "")).to_vec();
        assert!(WorkflowForm { nodes: six }.check().unwrap_err().get("nodes").is_some());
    }

    #[test]
    fn nodes_change_places() {
        let mut form = WorkflowForm { nodes: vec![node("甲", "1", ""), node("乙", "1", "")] };
        form.swap(0);
        form.swap(1);
        assert_eq!(form.nodes[0].name, "乙");
        form.node(2).name = "丙".into();
        assert_eq!(form.nodes.len(), 3);
    }

    fn asking(persons: &[i16]) -> Vec<Node> {
        let node = |(place, persons): (usize, &i16)| Node {
            name: format!("节点{place}"),
            persons: *persons,
            days: None,
            role: None,
        };
        persons.iter().enumerate().map(node).collect()
    }

    #[test]
    fn what_nobody_could_pass_is_refused() {
        let nodes = asking(&[1, 1]);
        assert!(passable_check(&nodes, &[BTreeSet::from([1]), BTreeSet::from([2])]).is_ok());
        let refused = |able: &[BTreeSet<i32>]| passable_check(&nodes, able).unwrap_err().text().to_owned();
        assert!(
            refused(&[BTreeSet::new(), BTreeSet::from([1, 2])])
                .starts_with("节点【节点0】共需1人办理，有权办理的账号只有0个")
        );
        // Each node has somebody, but it is the same person.
        let told = refused(&[BTreeSet::from([1]), BTreeSet::from([1])]);
        assert!(told.starts_with("节点【节点0】【节点1】共需2人办理，有权办理的账号只有1个"), "{told}");
        assert!(passable_check(&asking(&[3]), &[BTreeSet::from([1, 2])]).is_err());
    }

    /// Whether persons can be given to nodes, tried out.
    fn assigned(persons: &[i16], able: &[BTreeSet<u8>], taken: &mut BTreeSet<u8>) -> bool {
        let Some((first, rest)) = persons.split_first() else { return true };
        if *first == 0 {
            return assigned(rest, &able[1..], taken);
        }
        let mut left = persons.to_vec();
        left[0] -= 1;
        able[0].iter().any(|person| {
            let free = taken.insert(*person);
            let done = free && assigned(&left, able, taken);
            if free && !done {
                taken.remove(person);
            }
            done
        })
    }

    proptest! {
        #[test]
        fn what_passes_the_check_can_be_passed_and_nothing_else(
            nodes in prop::collection::vec((1i16..=3, prop::collection::btree_set(0u8..6, 0..5)), 1..4),
        ) {
            let (persons, able): (Vec<i16>, Vec<BTreeSet<u8>>) = nodes.into_iter().unzip();
            let checked = passable_check(&asking(&persons), &able).is_ok();
            prop_assert_eq!(checked, assigned(&persons, &able, &mut BTreeSet::new()));
        }
    }
}
