//! What people see: pages, and the thin server functions behind them.
//!
//! One lazy route per module (domain.md §0.6): the browser loads the shell and the ui kit first and a
//! module's pages when somebody goes there. No SQL, no business rule: those are in `store` and `domain`.
#![recursion_limit = "256"]

mod api;
mod billing;
pub mod context;
mod housing;
mod import;
mod insight;
mod operator;
#[cfg(feature = "ssr")]
mod pattern;
mod person;
mod platform;
#[cfg(feature = "ssr")]
pub mod portal;
mod presence;
mod route;
mod search;
mod shell;
mod tenancy;
mod ui;

pub use api::{Api, ApiError, Terse};
#[cfg(feature = "ssr")]
pub use pattern::page_patterns;
pub use shell::{App, document};
