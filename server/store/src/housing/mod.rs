//! The housing stock: project, estate, building, unit, room, rent standard.

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
