//! 租赁管理 (S1-5.2, S1-5.5, S1-5.6, S0-3, S0-4): homes that are assigned, and their contracts.
//!
//! Five lazy routes, because the forms alone would be what a module may weigh: the lists, the pages of an assignment, the
//! page of a contract, its forms, and the approval of many.

mod api;
mod approve;
mod assignment;
mod assignment_form;
pub(crate) mod change;
mod contract;
mod contract_fields;
mod contract_form;
mod contract_plan;
mod difference;
pub(crate) mod exit;
mod filing;
pub(crate) mod hand_over;
pub(crate) mod lease;
mod list;
mod renewal;
pub(crate) mod resident;
mod stay;
mod stay_form;
pub(crate) mod take_over;
pub(crate) mod template;

use crate::ui::{
    detail::{About, use_about, use_last_part},
    empty_view,
};
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};

fn nowhere() -> AnyView {
    empty_view("页面不存在，请检查地址")
}

/// The lists.
pub struct TenancyLists;

#[lazy_route]
impl LazyRoute for TenancyLists {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let params = use_params_map();
        let noun = Memo::new(move |_| params.read().get("noun").unwrap_or_default());
        (move || match noun.get().as_str() {
            "assignments" => list::assignments_view(),
            "contracts" => list::contracts_view(),
            // On the way to another module.
            "" => ().into_any(),
            _ => nowhere(),
        })
        .into_any()
    }
}

/// The form of an assignment, and its page.
pub struct AssignmentPages;

#[lazy_route]
impl LazyRoute for AssignmentPages {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let about = use_about("new");
        (move || match about.get() {
            Some(About::Word) => assignment_form::new_view(),
            Some(About::One) => assignment::detail_view(),
            None => ().into_any(),
        })
        .into_any()
    }
}

/// The page of a contract.
pub struct ContractPages;

#[lazy_route]
impl LazyRoute for ContractPages {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        contract::detail_view()
    }
}

/// The forms of a contract: a new one, and one that nobody approved yet.
pub struct ContractForms;

#[lazy_route]
impl LazyRoute for ContractForms {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let last = use_last_part();
        (move || match last.get().as_str() {
            "new" => contract_form::new_view(),
            "edit" => contract_form::edit_view(),
            "renew" => renewal::new_view(),
            "file" => filing::file_view(),
            "stay" => stay_form::new_view(),
            // On the way to another module.
            _ => ().into_any(),
        })
        .into_any()
    }
}

/// The approval of chosen contracts.
pub struct ContractApproval;

#[lazy_route]
impl LazyRoute for ContractApproval {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        approve::approve_view()
    }
}
