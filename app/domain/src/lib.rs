//! Nouns and rules of public rental housing (公租房), compiled into browser and server.
//!
//! Pure: no I/O, no clock, no random source, no SQL, no HTTP, no views. What a rule needs from
//! outside (today, the actor) is an argument. Modules carry the field's names (domain.md §0.6).

pub mod billing;
pub mod change;
pub mod dictionary;
pub mod export;
pub mod failure;
pub mod form;
pub mod housing;
pub mod id;
pub mod import;
pub mod insight;
pub mod list;
pub mod operator;
pub mod paper;
pub mod person;
pub mod platform;
pub mod portal;
pub mod search;
pub mod sheet;
pub mod subsidy;
pub mod tenancy;
pub mod value;
