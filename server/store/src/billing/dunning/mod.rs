//! Dunning (domain.md §3.8, S0-19, E-52): rules and what they would do ([`rule`], [`trial`]), the nightly run ([`run`]), what
//! was done about each household ([`record`], [`act`], [`notice`]), and the two ways in which arrears rest ([`pause`], [`instalment`]).
//!
//! Whom a rule reaches is one query ([`candidate`]), asked by the trial and by the run alike. A payment ends what waits in its
//! own transaction ([`settle`]).

mod account;
mod act;
mod candidate;
mod instalment;
mod notice;
mod pause;
mod record;
mod rest;
mod rule;
mod run;
mod settle;
mod suit;
mod trial;

pub use account::dunning_account_get;
pub(crate) use act::dunning_make_out;
pub use act::{dunning_cancel, dunning_create, dunning_done, dunning_print};
pub(crate) use instalment::push_instalment_turn;
pub use instalment::{instalment_create, instalment_decide, instalment_get, instalment_list};
pub use notice::dunning_notices_print;
pub(crate) use notice::{NoticeRecord, notices_read};
pub use pause::{pause_create, pause_decide, pause_end, pause_get, pause_list};
pub(crate) use pause::{pause_refuse, push_pause_turn};
pub(crate) use record::push_task;
pub use record::{dunning_get, dunning_list};
pub(crate) use rule::push_rule_turn;
pub use rule::{rule_set_create, rule_set_decide, rule_set_get, rule_set_list, rule_set_places};
pub use run::{Ran, dunning_run};
pub(crate) use settle::{dunning_settle, dunning_sms_drop};
pub(crate) use suit::suit_read;
pub use trial::trial_list;
