//! The tree 小区 > 楼栋 > 单元 > 房源 beside the list of units (S1-4.2): one level is asked for at a time.

use crate::{
    dictionary::UnitStatus,
    id::{BuildingId, EstateId},
};
use serde::{Deserialize, Serialize};

/// Most lines of one level; of more, the tree says so and is searched.
pub const LEVEL_MAX: usize = 200;

/// A node that has something below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StockNode {
    /// the estates in scope
    Root,
    Estate(EstateId),
    Building(BuildingId),
    Entrance(BuildingId, String),
}

/// One line of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeItem {
    pub label: String,
    /// what is below; none: a unit
    pub node: Option<StockNode>,
    /// the list of the units below, or the unit's own page
    pub href: String,
    /// of a unit
    pub status: Option<UnitStatus>,
    /// units below
    pub units: Option<i64>,
}

/// One level of the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeLevel {
    pub items: Vec<TreeItem>,
    /// there are more than fit
    pub more: bool,
}
