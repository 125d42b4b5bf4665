//! Rent standards: list and detail.

use super::list_actions;
use crate::{
    ApiError, Terse,
    shell::may,
    ui::{
        detail::{RecordPage, record_view},
        list::{ListActions, list_page},
    },
};
use domain::{
    housing::rent_standard::{RENT_STANDARD_LIST, RentStandard, RentStandardRow},
    id::RentStandardId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::{prelude::*, server_fn::codec::Json};

/// A page of rent standards.
#[server(endpoint = "rent_standard_list", input = Json, output = Terse)]
pub async fn rent_standard_list(query: ListQuery) -> Result<Page<RentStandardRow>, ApiError> {
    Ok(store::housing::rent_standard::rent_standard_list(&crate::context::ctx()?, &query).await?)
}

/// One rent standard.
#[server(endpoint = "rent_standard_get", input = Json, output = Terse)]
pub async fn rent_standard_get(id: RentStandardId) -> Result<RentStandard, ApiError> {
    Ok(store::housing::rent_standard::rent_standard_get(&crate::context::ctx()?, id).await?)
}

pub(super) fn list_view() -> AnyView {
    let actions = list_actions(|| ListActions {
        add: None,
        import: may(Permission::RentStandardWrite).then_some("rent_standard"),
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
    RecordPage {
        title: standard.row.name,
        back: (RENT_STANDARD_LIST.path, RENT_STANDARD_LIST.noun),
        links: Vec::new(),
        groups: vec![("基本信息", fields)],
    }
}
