//! The only place with SQL: authorization, data scope, transactions, history and audit.
//!
//! Every public function takes a [`Ctx`] (built only from a session, a job's actor or the command
//! line) and reads top to bottom as the business rule: rights, load, rules of `domain`, write,
//! timeline. Knows nothing of HTTP or views. What needs no actor (sign-in, captchas, migrations,
//! the change feed) takes the [`Database`] itself and says why.

pub mod backup;
pub mod bench;
pub mod billing;
pub mod ctx;
pub mod database;
pub mod error;
pub mod export;
pub mod files;
pub mod housekeeping;
pub mod housing;
pub mod import;
pub mod insight;
pub mod live;
pub mod measure;
pub mod operator;
pub mod person;
pub mod platform;
pub mod portal;
pub mod readiness;
pub mod search;
pub mod tenancy;

mod list;
mod long_list;
mod walk;

pub use ctx::{Ctx, Scope};
pub use database::Database;
pub use error::{Error, Result};
