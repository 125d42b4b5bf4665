//! One search for everything (S0-1a). What is asked for stands in the address, so that it can be kept and sent; a number
//! of a person never does: it goes by POST to the search that is counted and logged, also without JavaScript.

mod api;

use crate::ui::label::told;
use crate::{
    context::searched_number,
    person::api::person_find,
    ui::{PageHead, changing::changing, empty_view, error_view, icon, loading_view, resource::resource},
};
use api::search_get;
use domain::{
    person::PersonRow,
    search::{Found, HITS_LISTED, Hit, HitGroup, HitKind, QUERY_MAX, personal_number},
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
    let only = Memo::new(move |_| params.read().get("kind").as_deref().and_then(HitKind::from_code));
    let found = resource(
        move || (if path.get() == "/search" { asked.get() } else { String::new() }, only.get()),
        |(query, only)| {
            let number = searched_number();
            async move {
                match number {
                    Some(number) => person_find(number).await.map(Found::Bearers),
                    None if query.trim().is_empty() => Ok(Found::Nothing),
                    None => search_get(query, only).await.map(Found::Things),
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
        Ok(found) => found_view(found, &asked.get(), only.get()),
        Err(error) => error_view(&error),
    };
    view! {
        <main class="page">
            <PageHead title="查找" />
            {search_box(asked, bearers)}
            <Transition fallback=loading_view>
                {changing(move || {
                    let (pending, own) = (bearers.pending().get(), bearers.value().get());
                    Suspend::new(async move {
                        match own {
                            _ if pending => loading_view(),
                            Some(own) => answer(own),
                            None => answer(found.await),
                        }
                    })
                })}
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
                    placeholder="姓名、小区、楼栋、房号、编码、合同编号、拼音首字母，或完整的证件号码、电话" />
            </label>
            <button type="submit" class="btn btn-primary">"查找"</button>
        </form>
    }
}

fn found_view(found: Found, asked: &str, only: Option<HitKind>) -> AnyView {
    match found {
        Found::Nothing => empty_view("输入姓名、小区、房号等查找，例如“阳光苑 1号楼 301”；拼音首字母也可以"),
        Found::Things(groups) if groups.is_empty() => empty_view("您的管辖范围内没有找到，请减少字词或换一种说法"),
        Found::Things(groups) => {
            let all = format!("/search?q={}", domain::list::percent_encode(asked));
            let back = only.map(|_| view! { <p><a class="link link-primary" href=all>"查看全部种类的结果"</a></p> });
            let groups = groups.into_iter().map(|group| group_view(group, asked, only)).collect_view();
            view! { {back}{groups} }.into_any()
        }
        Found::Bearers(rows) if rows.is_empty() => empty_view("您的管辖范围内没有该号码的人员"),
        Found::Bearers(rows) => {
            let hits = rows.into_iter().map(bearer).collect();
            group_view(HitGroup { kind: HitKind::Person, hits, more: false }, "", None).into_any()
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

/// Ten of a kind and the way to more of it. That is a page of the search itself: the list of the kind finds neither initials
/// nor what stands inside of a name.
fn group_view(group: HitGroup, asked: &str, only: Option<HitKind>) -> impl IntoView + use<> {
    let HitGroup { kind, hits, more } = group;
    let all = format!("/search?q={}&kind={}", domain::list::percent_encode(asked), kind.code());
    let more = more.then(|| match only {
        None => {
            view! { <p class="pt-2"><a class="link link-primary" href=all>{format!("更多{}", kind.label())}</a></p> }
                .into_any()
        }
        Some(_) => view! { <p class="pt-2">{format!("仅显示前{HITS_LISTED}条，请补充字词缩小范围")}</p> }.into_any(),
    });
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
            {more}
        </section>
    }
}
