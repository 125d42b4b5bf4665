//! Organisations, users, permissions and settings: what every other module stands on.

pub mod actor;
pub mod audit;
pub mod organization;
pub mod organization_sheet;
pub mod permission;
pub mod setting;
pub mod user;
