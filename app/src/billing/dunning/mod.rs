//! 催缴 (S0-19, S4-3.16, domain.md §3.8): what was done, the rules and their trial, what rests, and text messages.
//!
//! Four lazy routes, because one would be twice what a module may weigh: what is done with households, what is entered about
//! one, the rules with what rests from them, and text messages with their templates.

mod account;
mod api;
mod form;
mod notices;
mod record;
mod rest;
mod rule;
mod rule_form;
mod sms;
mod template;

use crate::ui::detail::use_last_part;
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// What was done with households, and what is entered about them.
pub struct Dunnings;

/// What is entered about one household.
pub struct DunningForms;

/// Rules and their trial, pauses and instalments.
pub struct DunningRules;

/// Text messages and their templates.
pub struct Sms;

/// Which page an address names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Records,
    Record,
    Account,
    Notices,
    NewRecord,
    NewPause,
    NewInstalment,
    Rules,
    NewRule,
    Rule,
    Trial,
    Pauses,
    Pause,
    Instalments,
    Instalment,
    Messages,
    Message,
    Months,
    Blocks,
    Templates,
    Template,
    /// on the way to another module
    Elsewhere,
}

impl Place {
    fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts.as_slice() {
            ["billing", "dunning"] => Self::Records,
            ["billing", "dunning", "rules"] => Self::Rules,
            ["billing", "dunning", "rules", "new"] => Self::NewRule,
            ["billing", "dunning", "rules", _] => Self::Rule,
            ["billing", "dunning", "trial"] => Self::Trial,
            ["billing", "dunning", "pauses"] => Self::Pauses,
            ["billing", "dunning", "pauses", _] => Self::Pause,
            ["billing", "dunning", "instalments"] => Self::Instalments,
            ["billing", "dunning", "instalments", _] => Self::Instalment,
            ["billing", "dunning", "notices"] => Self::Notices,
            ["billing", "dunning", "accounts", _] => Self::Account,
            ["billing", "dunning", "accounts", _, "record"] => Self::NewRecord,
            ["billing", "dunning", "accounts", _, "pause"] => Self::NewPause,
            ["billing", "dunning", "accounts", _, "instalment"] => Self::NewInstalment,
            ["billing", "dunning", _] => Self::Record,
            ["billing", "sms"] => Self::Messages,
            ["billing", "sms", "months"] => Self::Months,
            ["billing", "sms", "blocks"] => Self::Blocks,
            ["billing", "sms", _] => Self::Message,
            ["platform", "sms-templates"] => Self::Templates,
            ["platform", "sms-templates", _] => Self::Template,
            _ => Self::Elsewhere,
        }
    }
}

fn places() -> Memo<Place> {
    let path = use_location().pathname;
    Memo::new(move |_| path.with(|path| Place::of(path)))
}

#[lazy_route]
impl LazyRoute for Dunnings {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = places();
        (move || match place.get() {
            Place::Records => record::list_view(),
            Place::Record => record::detail_view(),
            Place::Notices => notices::notices_view(),
            Place::Account => account::account_view(),
            _ => ().into_any(),
        })
        .into_any()
    }
}

#[lazy_route]
impl LazyRoute for DunningForms {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = places();
        (move || match place.get() {
            Place::NewRecord => form::record_view(),
            Place::NewPause => form::pause_view(),
            Place::NewInstalment => form::instalment_view(),
            _ => ().into_any(),
        })
        .into_any()
    }
}

#[lazy_route]
impl LazyRoute for DunningRules {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = places();
        (move || match place.get() {
            Place::Rules => rule::list_view(),
            Place::NewRule => rule_form::new_view(),
            Place::Rule => rule::detail_view(),
            Place::Trial => rule::trial_view(),
            Place::Pauses => rest::pauses_view(),
            Place::Pause => rest::pause_view(),
            Place::Instalments => rest::instalments_view(),
            Place::Instalment => rest::instalment_view(),
            _ => ().into_any(),
        })
        .into_any()
    }
}

#[lazy_route]
impl LazyRoute for Sms {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = places();
        (move || match place.get() {
            Place::Messages => sms::list_view(),
            Place::Message => sms::detail_view(),
            Place::Months => sms::months_view(),
            Place::Blocks => sms::blocks_view(),
            Place::Templates => template::list_view(),
            Place::Template => template::form_view(use_last_part().get_untracked()),
            _ => ().into_any(),
        })
        .into_any()
    }
}

/// The lists, each a step from the others.
fn tabs(here: &'static str) -> AnyView {
    let tab = |href: &'static str, label: &'static str| {
        let current = (href == here).then_some("page");
        view! { <a class="btn btn-sm btn-ghost" class:btn-active=current.is_some() href=href aria-current=current>{label}</a> }
    };
    view! {
        <nav class="deed-row" aria-label="催缴">
            {tab("/billing/dunning", "催缴记录")}
            {tab("/billing/dunning/rules", "催缴规则")}
            {tab("/billing/dunning/pauses", "暂停催缴")}
            {tab("/billing/dunning/instalments", "分期还款")}
            {tab("/billing/sms", "短信发送")}
            {tab("/billing/sms/months", "短信费用")}
            {tab("/billing/sms/blocks", "短信黑名单")}
        </nav>
    }
    .into_any()
}
