//! 银行代扣 (S0-12, domain.md §3.7): batches, their items, and the pool of what does not agree with the bank.
//!
//! A lazy route of its own: two accountants use it a few days a month, and nobody else loads it.

mod api;
mod batch;
mod difference;
mod form;
mod item;
mod reconciliation;

use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// All pages of direct debits.
pub struct Deductions;

/// Which page an address names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Batches,
    NewBatch,
    Batch,
    Items,
    Item,
    Differences,
    Difference,
    Reconciliations,
    /// on the way to another module
    Elsewhere,
}

impl Place {
    fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts.as_slice() {
            ["billing", "deductions"] => Self::Batches,
            ["billing", "deductions", "new"] => Self::NewBatch,
            ["billing", "deductions", "records"] => Self::Items,
            ["billing", "deductions", "records", _] => Self::Item,
            ["billing", "deductions", "differences"] => Self::Differences,
            ["billing", "deductions", "differences", _] => Self::Difference,
            ["billing", "deductions", "reconciliations"] => Self::Reconciliations,
            ["billing", "deductions", _] => Self::Batch,
            _ => Self::Elsewhere,
        }
    }
}

#[lazy_route]
impl LazyRoute for Deductions {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = use_location().pathname;
        let place = Memo::new(move |_| path.with(|path| Place::of(path)));
        (move || match place.get() {
            Place::Batches => batch::list_view(),
            Place::NewBatch => form::new_view(),
            Place::Batch => batch::detail_view(),
            Place::Items => item::list_view(),
            Place::Item => item::detail_view(),
            Place::Differences => difference::list_view(),
            Place::Difference => difference::detail_view(),
            Place::Reconciliations => reconciliation::list_view(),
            Place::Elsewhere => ().into_any(),
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
        <nav class="deed-row" aria-label="银行代扣">
            {tab("/billing/deductions", "代扣批次")}
            {tab("/billing/deductions/records", "房租扣费记录")}
            {tab("/billing/deductions/reconciliations", "银行对账")}
            {tab("/billing/deductions/differences", "银行差异")}
        </nav>
    }
    .into_any()
}
