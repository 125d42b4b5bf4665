//! The form of a hand-over: of a contract that waits, and corrections of a record.

use super::{
    api::{hand_over_create, hand_over_get, hand_over_offer_get, hand_over_update},
    fields::{ITEMS, deed_fields, people_view},
};
use crate::ui::{
    PageHead,
    changing::changing,
    detail::{field_group, use_id},
    empty_view, error_view,
    form::{Deeds, Newer, Reload, use_edit},
    loading_view,
    resource::resource,
};
use domain::{
    id::{ContractId, HandOverId},
    sheet::{Cell, cell_or_empty},
    tenancy::{
        hand_over::{HandOver, HandOverForm, HandOverOffer, HandOverRow},
        hand_over_sheet::HAND_OVER_LIST,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use std::sync::Arc;

/// The list of what waits.
const WAITING: (&str, &str) = ("/tenancy/hand-overs?state=WAITING&sort=start_on", "待入住");

pub(super) fn new_view() -> AnyView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.read().get("contract").and_then(|id| id.parse().ok()).map(ContractId));
    let offer = resource(
        move || asked.get(),
        |asked| async move {
            match asked {
                Some(id) => hand_over_offer_get(id).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <main class="page">
            <PageHead title="办理交房入住" back=(WAITING.0.to_owned(), WAITING.1.to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match offer.await {
                        Ok(Some(offer)) => new_form(offer),
                        Ok(None) => empty_view("请在“待入住”中选择合同后办理"),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

/// The contract, which no field of the form changes.
pub(super) fn contract_view(row: &HandOverRow) -> AnyView {
    field_group(
        "合同与房屋",
        vec![
            ("客户", Cell::text(&row.lessee)),
            (
                "合同编号",
                cell_or_empty(row.contract_no.as_deref(), |number| {
                    Cell::link(number, format!("/tenancy/contracts/{}", row.contract_id))
                }),
            ),
            ("房屋", Cell::link(format!("{}{}", row.estate, row.address), format!("/housing/units/{}", row.unit_id))),
            ("租赁开始日期", Cell::Date(row.start_on)),
        ],
    )
    .into_any()
}

fn new_form(offer: HandOverOffer) -> AnyView {
    let (contract, today, sign_on) = (offer.row.contract_id, offer.today, offer.sign_on);
    let deeds = Deeds {
        check: Box::new(move |form: &HandOverForm| form.check(today, sign_on).map(drop)),
        save: Arc::new(move |form, _| {
            Box::pin(async move { Ok(format!("{}/{}", HAND_OVER_LIST.path, hand_over_create(contract, form).await?)) })
        }),
        reload: None,
    };
    let edit = use_edit(offer.proposal(), None, deeds);
    let fields = view! {
        {deed_fields(edit)}
        {people_view(edit, &offer)}
        {ITEMS.view(edit)}
    };
    view! { {contract_view(&offer.row)}{edit.view_of(fields, "办理入住", WAITING.0.to_owned())} }.into_any()
}

pub(super) fn edit_view() -> AnyView {
    let id = use_id();
    let record = resource(move || id.get(), |id| hand_over_get(HandOverId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match record.await {
                        Ok(record) => {
                            let back = (format!("{}/{}", HAND_OVER_LIST.path, id.get_untracked()), record.row.lessee.clone());
                            view! { <PageHead title="修改交房记录" back=back />{edit_form(&record)} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn edit_form(record: &HandOver) -> AnyView {
    let Some(id) = record.row.done.as_ref().map(|done| done.id) else { return empty_view("尚未办理交房") };
    if !record.contract_status.is_open() {
        return empty_view("合同已结束，交房记录不能修改");
    }
    let (today, sign_on) = (record.today, record.sign_on);
    let page = format!("{}/{id}", HAND_OVER_LIST.path);
    let to = page.clone();
    let reload: Reload<HandOverForm> = Arc::new(move || {
        Box::pin(async move {
            let record = hand_over_get(id).await?;
            let form = HandOverForm::from(&record);
            Ok(Newer { form, version: record.version, at: record.updated_at, by: record.updated_by })
        })
    });
    let deeds = Deeds {
        check: Box::new(move |form: &HandOverForm| form.check(today, sign_on).map(drop)),
        save: Arc::new(move |form, version| {
            let to = to.clone();
            Box::pin(async move { hand_over_update(id, version.unwrap_or_default(), form).await.map(|()| to) })
        }),
        reload: Some(reload),
    };
    let edit = use_edit(HandOverForm::from(record), Some(record.version), deeds);
    let fields = view! {
        {deed_fields(edit)}
        {ITEMS.view(edit)}
    };
    view! { {contract_view(&record.row)}{edit.view(fields, page)} }.into_any()
}
