//! 公租房房源: project, estate, building, unit, room and their rent standards (domain.md E-10…E-17).
//!
//! Owns what a unit is, which states it can be in and what may be entered about it. Must not know
//! who is allowed to do so (that is `platform`) nor how it is stored.

pub mod asset_change;
pub mod asset_count;
pub mod asset_depreciation;
pub mod asset_master;
pub mod asset_sheet;
pub mod asset_sub;
pub mod building;
pub mod building_form;
pub mod building_sheet;
pub mod choice;
pub mod estate;
pub mod estate_sheet;
pub mod label;
pub mod place;
pub mod project;
pub mod project_form;
pub mod project_sheet;
pub mod removal;
pub mod rent_standard;
pub mod rent_standard_form;
pub mod room;
pub mod room_sheet;
pub mod tree;
pub mod unit;
pub mod unit_batch;
pub mod unit_change;
pub mod unit_grounds;
pub mod unit_offshelf;
pub mod unit_sheet;
pub mod unit_status;
