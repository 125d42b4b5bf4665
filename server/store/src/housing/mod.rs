//! The housing stock: project, estate, building, unit, room, rent standard.

pub mod asset_change;
pub mod asset_count;
pub mod asset_depreciation;
pub mod asset_master;
pub mod asset_sub;
pub mod building;
pub mod choice;
pub mod estate;
pub mod label;
pub mod project;
pub mod rent_standard;
pub mod room;
pub mod tree;
pub mod unit;
pub mod unit_list;
