//! The HTTP tests and what is asked of the whole process. One program for all of them: each more would be linked
//! with everything below it again, half a gigabyte a time.

mod architecture;
mod attachment;
mod backup;
mod bank;
mod bank_deduction;
mod bank_sftp;
mod config;
mod docs;
mod endpoints;
mod export;
mod fault;
mod first_start;
mod forgotten;
mod front;
mod import;
mod import_job;
mod import_user;
mod live;
mod model;
mod pages;
mod part;
mod pay_bill;
mod portal;
mod search;
mod second_factor;
mod setting;
mod sign_in;
mod sms;
mod support;
mod tls;
