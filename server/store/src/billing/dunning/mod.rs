//! Dunning (domain.md §3.8, S0-19, E-52): rules and what they would do ([`rule`], [`trial`]), the nightly run ([`run`]), what
//! was done about each household ([`record`]), and the two ways in which arrears rest ([`pause`], [`instalment`]).
//!
//! Whom a rule reaches is one query ([`candidate`]), asked by the trial and by the run alike. A payment ends what waits in its
//! own transaction ([`settle`]).

mod account;
mod candidate;
mod instalment;
mod pause;
mod record;
mod rule;
mod run;
mod settle;
mod trial;

pub use account::dunning_account_get;
pub use instalment::{instalment_create, instalment_decide, instalment_get, instalment_list};
pub use pause::{pause_create, pause_decide, pause_end, pause_get, pause_list};
pub use record::{dunning_cancel, dunning_create, dunning_done, dunning_get, dunning_list, dunning_print};
pub use rule::{rule_set_create, rule_set_decide, rule_set_get, rule_set_list, rule_set_places};
pub use run::{Ran, dunning_run};
pub(crate) use settle::dunning_settle;
pub use trial::trial_list;
