//! Organisations, users, permissions and settings: what every other module stands on.

pub mod actor;
pub mod approval;
pub mod attachment;
pub mod audit;
pub mod audit_field;
pub mod calendar;
pub mod dictionary;
pub mod job;
pub mod menu;
pub mod menu_sheet;
pub mod message;
pub mod numbering;
pub mod organization;
pub mod organization_form;
pub mod organization_sheet;
pub mod parameter;
pub mod permission;
pub mod print;
pub mod role;
pub mod second_factor;
pub mod setting;
pub mod task;
pub mod user;
pub mod user_form;
pub mod user_sheet;
pub mod workflow;
