//! What the SQL tests share: a database per test, and a small city in it.

pub mod asset;
pub mod city;
pub mod database;
pub mod door;
pub mod phone;
pub mod sheet;
pub mod tenancy;

pub use database::TestDatabase;
