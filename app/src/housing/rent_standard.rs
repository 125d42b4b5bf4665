//! Rent standards: list and detail; their forms are apart (`forms`).

use super::list_actions;
use crate::{
    Api, ApiError,
    shell::may,
    ui::{
        detail::{RecordPage, record_view},
        list::{ListActions, list_page},
    },
};
use domain::{
    housing::{
        rent_standard::{RENT_STANDARD_LIST, RentStandard, RentStandardRow},
        rent_standard_form::{NewStandardForm, StandardEndForm},
    },
    id::{ApprovalId, RentStandardId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

/// A page of rent standards.
#[server(endpoint = "rent_standard_list", protocol = Api)]
pub async fn rent_standard_list(query: ListQuery) -> Result<Page<RentStandardRow>, ApiError> {
    Ok(store::housing::rent_standard::rent_standard_list(&crate::context::ctx()?, &query).await?)
}

/// One rent standard.
#[server(endpoint = "rent_standard_get", protocol = Api)]
pub async fn rent_standard_get(id: RentStandardId) -> Result<RentStandard, ApiError> {
    Ok(store::housing::rent_standard::rent_standard_get(&crate::context::ctx()?, id).await?)
}

/// Asks for a new rent standard.
#[server(endpoint = "rent_standard_request", protocol = Api)]
pub async fn rent_standard_request(form: NewStandardForm) -> Result<ApprovalId, ApiError> {
    Ok(store::housing::rent_standard::rent_standard_request(&crate::context::ctx()?, &form).await?)
}

/// Asks that a rent standard ends with a day.
#[server(endpoint = "rent_standard_end_request", protocol = Api)]
pub async fn rent_standard_end_request(id: RentStandardId, form: StandardEndForm) -> Result<ApprovalId, ApiError> {
    Ok(store::housing::rent_standard::rent_standard_end_request(&crate::context::ctx()?, id, &form).await?)
}

pub(super) fn list_view() -> AnyView {
    let actions = list_actions(|| ListActions {
        add: may(Permission::RentStandardWrite).then_some(("/housing/rent-standards/new", "新增租金标准")),
        import: None,
        export: may(Permission::StockExport),
    });
    list_page(&RENT_STANDARD_LIST, actions, rent_standard_list)
}

pub(super) fn detail_view() -> AnyView {
    record_view(|id| rent_standard_get(RentStandardId(id)), detail)
}

fn detail(standard: RentStandard) -> RecordPage {
    let mut fields = RENT_STANDARD_LIST.fields(&standard.row);
    fields.extend([
        ("市场租金(元/㎡·月)", cell_or_empty(standard.market_rate, |rate| Cell::Text(rate.to_string()))),
        ("折算比例", cell_or_empty(standard.ratio, |ratio| Cell::Text(ratio.to_string()))),
        ("更新时间", Cell::Time(standard.updated_at)),
    ]);
    let mut links = Vec::new();
    if may(Permission::RentStandardWrite) {
        links.push(if standard.pending {
            ("/platform/approvals?status=PENDING&kind=RENT_STANDARD".to_owned(), "有待复核的变更")
        } else {
            (format!("{}/{}/end", RENT_STANDARD_LIST.path, standard.row.id), "设置失效日期")
        });
    }
    RecordPage {
        title: standard.row.name,
        back: (RENT_STANDARD_LIST.path, RENT_STANDARD_LIST.noun),
        links,
        groups: vec![("基本信息", fields)],
    }
}
