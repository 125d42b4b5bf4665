//! Workbooks: what people bring is read (`.xlsx`, `.xls`), what they take away is written (`.xlsx`).
//!
//! Knows cells, rows and headers; knows no rule about a row and no database. Reading and writing
//! block, so callers in async code use a blocking thread.
//!
//! The readers are our own on top of `zip`, `quick-xml` and `cfb`, because a stranger's file must
//! never take more than [`guard::Limits`] allow: a general reader loads shared strings, styles and
//! single cells of any size before it can be asked to stop. They read values only: formulas are
//! not evaluated, macros, links, comments and pictures are not opened.

pub mod guard;
pub mod read;
pub mod report;
pub mod template;
pub mod write;

mod value;
mod xls;
mod xlsx;
mod xml;

pub use guard::{Limits, Refusal};

#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod xls_tests;
