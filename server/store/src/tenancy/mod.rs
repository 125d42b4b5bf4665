//! Letting homes (domain.md §3.5, §3.27 U4 to U6): assignments and contracts.

pub mod assignment;
pub mod contract;
