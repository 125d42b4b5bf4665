//! Choosing rows of a list: checkboxes that belong to one form, which carries the chosen rows to a page by GET. Works
//! by keyboard, and without JavaScript too; then only the count and "all on this page" are missing.

use super::{changing::changing, visit::use_visit};
use leptos::{ev, prelude::*, wasm_bindgen::JsCast as _};

/// What can be done with chosen rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// the page that the form leads to
    pub action: &'static str,
    /// what a chosen row is called in its address
    pub name: &'static str,
    /// what the button says
    pub label: &'static str,
}

/// The form's id; the boxes name it, because a form cannot stand around the cells of a table.
const FORM: &str = "selection";

/// The choice on one page of a list.
#[derive(Clone, Copy)]
pub struct Chosen {
    selection: Selection,
    count: RwSignal<u32>,
    all: NodeRef<leptos::html::Input>,
}

impl Chosen {
    pub fn new(selection: Selection) -> Self {
        Self { selection, count: RwSignal::new(0), all: NodeRef::new() }
    }

    /// The box in the head: all rows on this page, or none.
    pub fn head(self) -> impl IntoView {
        let press = move |_| {
            let checked = self.all.get_untracked().is_some_and(|all| all.checked());
            for input in boxes() {
                input.set_checked(checked);
            }
            self.recount();
        };
        view! {
            <th scope="col" class="select-cell">
                <input type="checkbox" class="checkbox checkbox-sm" node_ref=self.all aria-label="选择本页全部" autocomplete="off" on:change=press />
            </th>
        }
    }

    /// The box of a row; `says` names the row.
    pub fn row(self, key: &str, says: &str) -> impl IntoView + use<> {
        view! {
            <td class="select-cell">
                <input type="checkbox" class="checkbox checkbox-sm" form=FORM name=self.selection.name value=key.to_owned()
                    aria-label=format!("选择{says}") autocomplete="off" on:change=move |_: ev::Event| self.recount() />
            </td>
        }
    }

    /// How many are chosen, and the button that takes them along.
    pub fn bar(self) -> impl IntoView {
        let visit = use_visit();
        let alive = RwSignal::new(false);
        Effect::new(move |_| {
            alive.set(true);
            // A browser that goes back keeps the boxes as they were left.
            self.recount();
        });
        let count = self.count;
        view! {
            <form method="get" action=self.selection.action id=FORM class="selection-bar" on:submit=visit>
                <span role="status">{changing(move || format!("已选{}条", count.get()))}</span>
                <button type="submit" class="btn btn-outline btn-sm" disabled=move || alive.get() && count.get() == 0>
                    {super::icon("batch")}{self.selection.label}
                </button>
            </form>
        }
    }

    fn recount(self) {
        let boxes = boxes();
        let checked = boxes.iter().filter(|input| input.checked()).count();
        if let Some(all) = self.all.get_untracked() {
            all.set_checked(checked > 0 && checked == boxes.len());
            all.set_indeterminate(checked > 0 && checked < boxes.len());
        }
        self.count.set(u32::try_from(checked).unwrap_or(u32::MAX));
    }
}

/// The boxes of the rows.
fn boxes() -> Vec<web_sys::HtmlInputElement> {
    let Ok(found) = document().query_selector_all("tbody .select-cell input") else { return Vec::new() };
    (0..found.length()).filter_map(|place| found.item(place)?.dyn_into().ok()).collect()
}
