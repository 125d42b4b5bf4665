//! Organisations, users, sessions, settings and divisions.

pub mod approval;
pub mod attachment;
pub mod audit;
pub mod calendar;
pub mod cipher;
pub mod dictionary;
pub mod division;
pub mod job;
pub mod key;
pub mod menu;
pub mod message;
pub mod numbering;
pub mod organization;
pub mod organization_write;
pub mod parameter;
pub mod password;
pub mod plan;
pub mod role;
pub mod second_factor;
pub mod session;
pub mod setting;
pub mod tables;
pub(crate) mod task;
pub mod token;
mod totp;
pub mod user;
pub mod workflow;
