//! 收费管理 (S0-9, S0-10, S0-13, S1-7.2, S1-7.3, S4-1.7, S4-1.10): accounts, bills, payments, and the counter.
//!
//! Six lazy routes: the lists, the counter with its arithmetic, the page of a bill, its forms, receipts, and money that
//! came by telephone and is not what was asked for. Who
//! collects all day loads the counter and receipts, and nothing else.

mod account;
pub(crate) mod adjustment;
pub(crate) mod api;
pub(crate) mod arrears;
mod bill;
mod bill_form;
pub(crate) mod book;
pub(crate) mod deduction;
pub(crate) mod dunning;
mod list;
pub(crate) mod meter;
mod pay_odd;
mod receipt;
pub(crate) mod reduction;
mod run;
mod take;
mod verify;
mod void;
pub(crate) mod waiver;

use crate::ui::{
    detail::{About, use_about, use_last_part},
    empty_view,
    table::time_text,
};
use domain::billing::{pay_order_sheet::PAY_ORDER_LIST, reduction::Note};
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// The lists.
pub struct BillingLists;

#[lazy_route]
impl LazyRoute for BillingLists {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let last = use_last_part();
        (move || match last.get().as_str() {
            "accounts" => list::accounts_view(),
            "bills" => list::bills_view(),
            "payments" => list::payments_view(),
            "records" => list::records_view(),
            "pay-orders" => list::pay_orders_view(),
            "runs" => run::list_view(),
            // On the way to another module.
            _ => ().into_any(),
        })
        .into_any()
    }
}

/// The cashier's counter: one household's account.
pub struct Counter;

#[lazy_route]
impl LazyRoute for Counter {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        account::account_view()
    }
}

/// The page of a bill.
pub struct BillPages;

#[lazy_route]
impl LazyRoute for BillPages {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        bill::detail_view()
    }
}

/// The forms of a bill: a temporary one, and what may be changed of a posted one.
pub struct BillForms;

#[lazy_route]
impl LazyRoute for BillForms {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let last = use_last_part();
        (move || match last.get().as_str() {
            "new-bill" => bill_form::new_view(),
            "edit" => bill_form::edit_view(),
            _ => ().into_any(),
        })
        .into_any()
    }
}

/// Receipts, and what an accountant does with chosen payments.
pub struct Receipts;

#[lazy_route]
impl LazyRoute for Receipts {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let about = use_about("verify");
        (move || match about.get() {
            Some(About::Word) => verify::verify_view(),
            Some(About::One) => receipt::receipt_view(),
            None => ().into_any(),
        })
        .into_any()
    }
}

/// 待核实到账, and the page of an order.
pub struct PayOdds;

#[lazy_route]
impl LazyRoute for PayOdds {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let (about, path) = (use_about("pay-odds"), use_location().pathname);
        let of_order = Memo::new(move |_| path.with(|path| path.starts_with(PAY_ORDER_LIST.path)));
        (move || match about.get() {
            Some(About::Word) => pay_odd::list_view(),
            Some(About::One) if of_order.get() => pay_odd::order_view(),
            Some(About::One) => pay_odd::detail_view(),
            None => ().into_any(),
        })
        .into_any()
    }
}

/// A figure with its name above.
fn figure(label: &'static str, value: impl Into<String>) -> impl IntoView {
    view! { <div class="figure-item"><span class="figure-label">{label}</span><span class="figure-value">{value.into()}</span></div> }
}

/// A table in a panel of its own, or the sentence of an empty one.
pub(crate) fn table_panel(title: &'static str, head: AnyView, rows: Vec<AnyView>, empty: &'static str) -> AnyView {
    let content = if rows.is_empty() {
        empty_view(empty)
    } else {
        view! {
            <div class="table-scroll" tabindex="0" role="region" aria-label=title>
                <table class="table table-sm data-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>
            </div>
        }
        .into_any()
    };
    view! { <section class="panel"><h2>{title}</h2>{content}</section> }.into_any()
}

/// 办理记录: a timeline, newest first.
fn notes_panel(notes: &[Note]) -> AnyView {
    if notes.is_empty() {
        return view! { <section class="panel"><h2>"办理记录"</h2>{empty_view("暂无办理记录")}</section> }.into_any();
    }
    let notes = notes
        .iter()
        .map(|note| {
            let who = note.actor.clone().unwrap_or_else(|| "系统".to_owned());
            view! {
                <li>
                    <p class="font-semibold">{note.event.clone()}</p>
                    <p>{who}" "<time>{time_text(note.at)}</time></p>
                    {note.reason.clone().map(|reason| view! { <p>"说明："{reason}</p> })}
                </li>
            }
        })
        .collect_view();
    view! { <section class="panel"><h2>"办理记录"</h2><ol class="timeline-list detail-list">{notes}</ol></section> }
        .into_any()
}
