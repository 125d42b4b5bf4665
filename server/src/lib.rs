//! The running process: router, session, uploads, jobs, live streams, command line, configuration.
//! Holds no SQL (that is `store`) and no page (that is `app`).
#![recursion_limit = "256"]

pub mod arrears;
pub mod attachment;
pub mod audit;
pub mod backup;
pub mod bank;
pub mod bench;
pub mod billing;
pub mod board;
pub mod cluster;
pub mod command;
pub mod config;
pub mod demo;
pub mod dunning;
pub mod expire;
pub mod export;
pub mod figures;
pub mod files;
pub mod front;
pub mod hdb;
pub mod housekeeping;
pub mod import;
pub mod jobs;
pub mod keys;
pub mod live;
pub mod log;
pub mod pay;
pub mod plan;
pub mod portal;
pub mod print;
pub mod router;
pub mod search;
pub mod serve;
pub mod session;
pub mod sms;
pub mod workbook;

mod captcha_image;
