//! 运营主体 (E-84), minimal: who runs which estates.

use crate::{
    Api, ApiError,
    shell::may,
    ui::{
        detail::{RecordExtra, RecordPage, record_view_with, text_cell},
        list::{ListActions, list_page},
        reveal::phone_button,
    },
};
use domain::{
    id::OperatorId,
    list::{ListQuery, Page},
    operator::{OPERATOR_LIST, Operator, OperatorRow},
    platform::permission::Permission,
    sheet::Cell,
};
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};

/// A page of operators.
#[server(endpoint = "operator_list", protocol = Api)]
pub async fn operator_list(query: ListQuery) -> Result<Page<OperatorRow>, ApiError> {
    Ok(store::operator::operator_list(&crate::context::ctx()?, &query).await?)
}

/// One operator.
#[server(endpoint = "operator_get", protocol = Api)]
pub async fn operator_get(id: OperatorId) -> Result<Operator, ApiError> {
    Ok(store::operator::operator_get(&crate::context::ctx()?, id).await?)
}

/// An operator's telephone in clear, for a reason that is written down.
#[server(endpoint = "operator_reveal", protocol = Api)]
pub async fn operator_reveal(id: OperatorId, reason: String) -> Result<String, ApiError> {
    Ok(store::platform::contact::operator_reveal(&crate::context::ctx()?, id, &reason).await?)
}

/// The module's pages.
pub struct Operators;

#[lazy_route]
impl LazyRoute for Operators {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let params = use_params_map();
        let one = Memo::new(move |_| params.read().get("id").is_some());
        (move || {
            if one.get() { record_view_with(|id| operator_get(OperatorId(id)), detail, extra) } else { list_view() }
        })
        .into_any()
    }
}

fn list_view() -> AnyView {
    let actions = Signal::derive(|| ListActions { export: may(Permission::StockExport), ..ListActions::default() });
    list_page(&OPERATOR_LIST, actions, operator_list)
}

/// What can be done with an operator.
fn extra(operator: &Operator) -> RecordExtra {
    let (id, known) = (operator.row.id, operator.phone.is_some());
    let tools = move || {
        (known && may(Permission::ContactClear))
            .then(|| phone_button(move |reason| Box::pin(operator_reveal(id, reason))))
            .into_any()
    };
    RecordExtra { notice: None, tools: Some(Box::new(tools)) }
}

fn detail(operator: Operator) -> RecordPage {
    let mut fields = OPERATOR_LIST.fields(&operator.row);
    fields.extend([
        ("联系电话", text_cell(operator.phone.as_ref())),
        (
            "所属机构",
            Cell::link(operator.organization, format!("/platform/organizations/{}", operator.organization_id)),
        ),
        ("登记时间", Cell::Time(operator.created_at)),
    ]);
    RecordPage {
        title: operator.row.name,
        back: (OPERATOR_LIST.path, OPERATOR_LIST.noun),
        links: Vec::new(),
        groups: vec![("基本信息", fields)],
    }
}
