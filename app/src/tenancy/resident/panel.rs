//! Who lives or lived there, on the page of a home; where somebody lives or lived, on his own.

use super::api::resident_list;
use crate::{
    shell::may,
    ui::{changing::changing, error_view, icon, label::told, loading_view, resource::resource},
};
use domain::{
    list::{ListQuery, Page},
    platform::permission::Permission,
    tenancy::binding::BindingRow,
};
use leptos::prelude::*;

/// So many are shown; the list has them all.
const SHOWN: u16 = 10;

/// Whose page it stands on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Unit,
    Person,
}

impl Of {
    fn key(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Person => "person",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Unit => "入住人员",
            Self::Person => "入住房间",
        }
    }
}

/// The panel; whoever may not know persons has none.
pub fn residents_panel(of: Of, id: Signal<i64>) -> AnyView {
    let load = move |(id, allowed): (i64, bool)| async move {
        if !allowed {
            return Ok(None);
        }
        let mut query = ListQuery { size: SHOWN, ..ListQuery::default() };
        query.filter.insert(of.key().to_owned(), id.to_string());
        resident_list(query).await.map(Some)
    };
    let found = resource(move || (id.get(), may(Permission::PersonRead)), load);
    view! {
        <Transition fallback=loading_view>
            {changing(move || Suspend::new(async move {
                match found.await {
                    Ok(Some(page)) => panel(of, id.get_untracked(), &page),
                    Ok(None) => ().into_any(),
                    Err(error) => error_view(&error),
                }
            }))}
        </Transition>
    }
    .into_any()
}

fn panel(of: Of, id: i64, page: &Page<BindingRow>) -> AnyView {
    let add = (of == Of::Unit).then_some(move || {
        may(Permission::BindingWrite).then(|| {
            view! { <a class="btn btn-outline btn-sm" href=format!("/tenancy/residents/new?unit={id}")>{icon("add")}"登记入住"</a> }
        })
    });
    let more = (page.total > i64::from(SHOWN)).then(|| {
        view! { <a class="link link-primary link-hover" href=format!("/tenancy/residents?{}={id}", of.key())>{format!("查看全部{}条", page.total)}</a> }
    });
    let body = if page.rows.is_empty() {
        view! { <p class="attachment-none">"暂无入住记录"</p> }.into_any()
    } else {
        table(of, &page.rows)
    };
    view! {
        <section class="panel">
            <div class="flex flex-wrap items-center justify-between gap-2"><h2>{of.title()}</h2>{add}</div>
            {body}
            {more}
        </section>
    }
    .into_any()
}

fn table(of: Of, rows: &[BindingRow]) -> AnyView {
    let lines = rows
        .iter()
        .map(|row| {
            let (href, text) = match of {
                Of::Unit => (format!("/persons/{}", row.person_id), row.person.clone()),
                Of::Person => (format!("/housing/units/{}", row.unit_id), format!("{}{}", row.estate, row.place)),
            };
            let state = match (&row.to_on, &row.ended_reason) {
                (Some(day), Some(reason)) => format!("{day}迁出（{reason}）"),
                _ => "在住".to_owned(),
            };
            let contract = row.contract_id.zip(row.contract_no.clone()).map(|(id, number)| {
                view! { <a class="link link-primary link-hover" href=format!("/tenancy/contracts/{id}")>{number}</a> }
            });
            let room = (of == Of::Unit).then(|| view! { <td>{row.place.clone()}</td> });
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=href>{text}</a></td>
                    {room}
                    <td>{told(row.relation)}</td>
                    <td class="whitespace-nowrap tabular-nums">{row.from_on.to_string()}</td>
                    <td class="figures">{row.days}</td>
                    <td>{state}</td>
                    <td>{contract}</td>
                </tr>
            }
        })
        .collect_view();
    let (first, room) = match of {
        Of::Unit => ("姓名", Some(view! { <th scope="col">"房间"</th> })),
        Of::Person => ("房间", None),
    };
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label=of.title()>
            <table class="table table-sm">
                <thead><tr><th scope="col">{first}</th>{room}<th scope="col">"关系"</th><th scope="col">"入住日期"</th><th scope="col" class="figures">"入住天数"</th><th scope="col">"状态"</th><th scope="col">"合同"</th></tr></thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
    }
    .into_any()
}
