//! One search for everything (S0-1a). What is asked for stands in the address, so that it can be kept and sent; a number
//! of a person never does: it goes by POST to the search that is counted and logged, also without JavaScript.

mod api;

use crate::ui::label::told;
use crate::{
    context::searched_number,
    person::api::person_find,
    ui::{PageHead, empty_view, error_view, icon, loading_view, resource::resource},
};
use api::search_get;
use domain::{
    person::PersonRow,
    search::{Found, Hit, HitGroup, HitKind, QUERY_MAX, personal_number},
};
use leptos::{html::Input, prelude::*};
use leptos_router::{
    LazyRoute,
    hooks::{use_location, use_navigate, use_query_map},
    lazy_route,
};

/// The page of the search.
pub struct Search;

#[lazy_route]
impl LazyRoute for Search {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        search_view()
    }
}

fn search_view() -> AnyView {
    let params = use_query_map();
    let path = use_location().pathname;
    let asked = Memo::new(move |_| params.read().get("q").unwrap_or_default());
    let found = resource(
        move || if path.get() == "/search" { asked.get() } else { String::new() },
        |query| {
            let number = searched_number();
            async move {
                match number {
                    Some(number) => person_find(number).await.map(Found::Bearers),
                    None if query.trim().is_empty() => Ok(Found::Nothing),
                    None => search_get(query).await.map(Found::Things),
                }
            }
        },
    );
    // A number that was asked for on this page; the next query takes its place.
    let bearers = Action::new(|number: &String| {
        let number = number.clone();
        async move { person_find(number).await.map(Found::Bearers) }
    });
    Effect::new(move |_| {
        asked.track();
        bearers.clear();
    });
    let answer = move |found: Result<Found, crate::ApiError>| match found {
        Ok(found) => found_view(found, &asked.get()),
        Err(error) => error_view(&error),
    };
    view! {
        <main class="page">
            <PageHead title="查找" />
            {search_box(asked, bearers)}
            <Transition fallback=loading_view>
                {move || {
                    let (pending, own) = (bearers.pending().get(), bearers.value().get());
                    Suspend::new(async move {
                        match own {
                            _ if pending => loading_view(),
                            Some(own) => answer(own),
                            None => answer(found.await),
                        }
                    })
                }}
            </Transition>
        </main>
    }
    .into_any()
}

/// The box. Without JavaScript it sends itself, and the server leads on; with it nothing is loaded anew.
fn search_box(asked: Memo<String>, bearers: Action<String, Result<Found, crate::ApiError>>) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let navigate = use_navigate();
    Effect::new(move |_| {
        asked.track();
        if let Some(input) = input.get() {
            input.set_value(&asked.get_untracked());
            let _ = input.focus();
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(input) = input.get_untracked() else { return };
        let query = input.value();
        match personal_number(&query) {
            Some(number) => {
                bearers.dispatch(number);
            }
            None => {
                let query = domain::list::percent_encode(query.trim());
                bearers.clear();
                navigate(&format!("/search?q={query}"), Default::default());
            }
        }
    };
    view! {
        <form class="filter-bar" method="post" action="/search" role="search" autocomplete="off" on:submit=submit>
            <label class="input grow">
                {icon("search")}
                <input type="search" name="q" node_ref=input value=move || asked.get() maxlength=QUERY_MAX required aria-label="查找内容"
                    placeholder="姓名、小区、楼栋、房号、编码、拼音首字母，或完整的证件号码、电话" />
            </label>
            <button type="submit" class="btn btn-primary">"查找"</button>
        </form>
    }
}

fn found_view(found: Found, asked: &str) -> AnyView {
    match found {
        Found::Nothing => empty_view("输入姓名、小区、房号等查找，例如“阳光苑 1号楼 301”；拼音首字母也可以"),
        Found::Things(groups) if groups.is_empty() => empty_view("您的管辖范围内没有找到，请减少字词或换一种说法"),
        Found::Things(groups) => groups.into_iter().map(|group| group_view(group, asked)).collect_view().into_any(),
        Found::Bearers(rows) if rows.is_empty() => empty_view("您的管辖范围内没有该号码的人员"),
        Found::Bearers(rows) => {
            let hits = rows.into_iter().map(bearer).collect();
            group_view(HitGroup { kind: HitKind::Person, hits, more: false }, "").into_any()
        }
    }
}

fn bearer(row: PersonRow) -> Hit {
    Hit {
        id: row.id.0,
        title: row.name,
        detail: format!("{} · {} · {}", row.id_number, row.phone, row.organization),
        status: told(row.person_type),
    }
}

fn group_view(group: HitGroup, asked: &str) -> impl IntoView + use<> {
    let HitGroup { kind, hits, more } = group;
    let all = format!("{}?q={}", kind.path(), domain::list::percent_encode(asked));
    let hits = hits
        .into_iter()
        .map(|hit| {
            view! {
                <li>
                    <a class="hit" href=format!("{}/{}", kind.path(), hit.id)>
                        <span class="font-medium">{hit.title}</span>
                        <span class="hit-detail tabular-nums">{hit.detail}</span>
                        <span class="badge badge-ghost">{hit.status}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="panel" data-hits=kind.label()>
            <h2>{kind.label()}</h2>
            <ul class="hit-list">{hits}</ul>
            {more.then(|| view! { <p class="pt-2"><a class="link link-primary" href=all>{format!("更多，请到{}列表中查看", kind.label())}</a></p> })}
        </section>
    }
}
