//! Letting homes (domain.md §3.5, §3.27 U4 to U6): assignments, contracts, hand-overs, and who lives where.

pub mod assignment;
pub mod binding;
pub mod change;
pub mod contract;
pub mod exit;
pub mod hand_over;
pub mod lease;
pub mod paper;
pub mod take_over;
pub mod template;
