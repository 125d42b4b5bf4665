//! What the SQL tests share: a database per test, and a small city in it.
#![allow(dead_code, unused_imports, reason = "every test file is a program of its own and uses its own part of this")]

pub mod asset;
pub mod city;
pub mod database;
pub mod door;
pub mod phone;
pub mod sheet;
pub mod tenancy;

pub use database::TestDatabase;
