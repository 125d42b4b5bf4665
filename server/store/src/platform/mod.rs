//! Organisations, users, sessions, settings and divisions.

pub mod approval;
pub mod audit;
pub mod cipher;
pub mod division;
pub mod organization;
pub mod parameter;
pub mod password;
pub mod role;
pub mod session;
pub mod setting;
mod task;
pub mod token;
pub mod user;
pub mod workflow;
