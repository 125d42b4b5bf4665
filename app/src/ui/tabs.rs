//! Tabs: links, so that they work before the page is alive and without JavaScript.

use super::list::use_list_query;
use domain::list::ListQuery;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The tab that the address names.
#[must_use]
pub fn use_tab() -> Memo<String> {
    let query = use_query_map();
    Memo::new(move |_| query.read().get("tab").unwrap_or_default())
}

/// The tabs of a record's page: what the address calls each, and what it says.
pub fn tabs(label: &'static str, path: &str, tabs: &[(&'static str, &'static str)], tab: Memo<String>) -> AnyView {
    let links = tabs.iter().map(|(key, says)| {
        let key = *key;
        let href = if key.is_empty() { path.to_owned() } else { format!("{path}?tab={key}") };
        (href, *says, Signal::derive(move || tab.with(|tab| tab == key)))
    });
    row(label, links.collect())
}

/// A tab of a list: the filter that it sets (key and value; none: all rows), an order of its own, and what it says.
#[derive(Clone, Copy)]
pub struct ListTab {
    pub filter: Option<(&'static str, &'static str)>,
    pub sort: Option<&'static str>,
    pub says: &'static str,
}

impl ListTab {
    /// All rows in the list's own order.
    pub const ALL: Self = Self { filter: None, sort: None, says: "全部" };

    fn is_of(&self, query: &ListQuery) -> bool {
        self.filter.is_some_and(|(key, value)| query.filter(key) == Some(value))
    }
}

/// The tabs above a list.
pub fn list_tabs(path: &'static str, tabs: Vec<ListTab>) -> AnyView {
    let query = use_list_query();
    let all = tabs.clone();
    let links = tabs.into_iter().map(|tab| {
        let mut to = ListQuery::default();
        to.filter.extend(tab.filter.map(|(key, value)| (key.to_owned(), value.to_owned())));
        tab.sort.unwrap_or_default().clone_into(&mut to.sort);
        let others = all.clone();
        let current = Signal::derive(move || {
            query.with(|query| match tab.filter {
                Some(_) => tab.is_of(query),
                None => !others.iter().any(|other| other.is_of(query)),
            })
        });
        (format!("{path}{}", to.to_search()), tab.says, current)
    });
    row("列表分类", links.collect())
}

fn row(label: &'static str, links: Vec<(String, &'static str, Signal<bool>)>) -> AnyView {
    let links = links
        .into_iter()
        .map(|(href, says, current)| {
            view! { <a class="tab" class:tab-active=current aria-current=move || current.get().then_some("page") href=href>{says}</a> }
        })
        .collect_view();
    view! { <nav class="tabs tabs-border card-tabs" aria-label=label>{links}</nav> }.into_any()
}
