//! Organisations, users, sessions, settings and divisions.

pub mod approval;
pub mod audit;
pub mod calendar;
pub mod cipher;
pub mod dictionary;
pub mod division;
pub mod menu;
pub mod numbering;
pub mod organization;
pub mod organization_write;
pub mod parameter;
pub mod password;
pub mod role;
pub mod session;
pub mod setting;
pub mod tables;
mod task;
pub mod token;
pub mod user;
pub mod workflow;
