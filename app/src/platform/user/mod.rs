//! Accounts (S1-9.3): list, record, forms.

mod api;
mod detail;
mod edit;

pub use detail::detail_view;
pub use edit::{edit_view, grant_view, new_view};

use crate::{
    shell::may,
    ui::list::{ListActions, list_page},
};
use domain::platform::{permission::Permission, user_form::USER_LIST};
use leptos::prelude::*;

pub fn list_view() -> AnyView {
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::UserWrite).then_some(("/platform/users/new", "新增用户")),
        import: may(Permission::UserWrite).then_some("user"),
        export: false,
    });
    list_page(&USER_LIST, actions, api::user_list)
}
