//! Choosing one of many by typing a part of its name: the combobox of the ARIA practices. ↓ opens, ↑ and ↓ walk, Enter
//! takes, Escape closes; what is typed and not taken is forgotten.
//!
//! Two uses: what is known beforehand ([`options`], also as a tree) and what is searched for in the store ([`search`]).

use super::{changing::changing, error_view, field::Field, form::Call};
use crate::ApiError;
use leptos::{ev, html::Input, prelude::*};
use std::{sync::Arc, time::Duration};

/// One thing that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pick {
    pub code: String,
    pub label: String,
    /// in small letters below
    pub note: String,
    /// how deep it stands in a tree, from 0
    pub depth: u16,
}

/// Things that stand in no tree.
#[must_use]
pub fn flat(options: Vec<(String, String)>) -> Vec<Pick> {
    options.into_iter().map(|(code, label)| Pick { code, label, ..Pick::default() }).collect()
}

/// How many are shown; who misses his writes more of the name.
const SHOWN: usize = 50;
/// How long somebody must have stopped typing before the store is asked.
const PAUSE: Duration = Duration::from_millis(250);

/// What the list shows just now.
#[derive(Clone, PartialEq)]
enum Hits {
    /// nothing was asked yet
    Silent,
    Asking,
    Found(Vec<Pick>, bool),
    Failed(ApiError),
}

/// A field with everything it can hold, in the order of the tree.
pub fn options(field: Field, options: Vec<Pick>) -> AnyView {
    let options = StoredValue::new(options);
    let label_of = move |code: &str| {
        options.with_value(|options| options.iter().find(|pick| pick.code == code).map(|pick| pick.label.clone()))
    };
    let text = RwSignal::new(label_of(&field.value.get_untracked()).unwrap_or_default());
    // The form may be given another value from outside, e.g. somebody else's version.
    let held = Memo::new(move |_| field.value.get());
    Effect::new(move |_| text.set(label_of(&held.get()).unwrap_or_default()));
    let typed = RwSignal::new(None::<String>);
    let hits = Memo::new(move |_| {
        let word = typed.get().unwrap_or_default();
        options.with_value(|options| {
            let found = matching(options, word.trim());
            let more = found.len() > SHOWN;
            Hits::Found(found.into_iter().take(SHOWN).collect(), more)
        })
    });
    let forget = Callback::new(move |()| {
        // An empty field means nothing is chosen; anything else means what was chosen before.
        if typed.get_untracked().is_some_and(|typed| typed.trim().is_empty()) {
            field.set.run(String::new());
        }
        typed.set(None);
        text.set(label_of(&field.value.get_untracked()).unwrap_or_default());
    });
    let pick = Callback::new(move |pick: Pick| {
        typed.set(None);
        text.set(pick.label);
        field.set.run(pick.code);
    });
    let type_in = Callback::new(move |word: String| {
        text.set(word.clone());
        typed.set(Some(word));
    });
    combo_view(field, "输入名称查找", text, hits.into(), Deeds { type_in, pick, forget })
}

/// A field whose values are searched for; `named` knows what people call the one that it holds, and `picked` hears of a
/// new one before the field holds it.
pub fn search(
    field: Field,
    hint: &'static str,
    named: impl Fn(&str) -> String + Send + Sync + 'static,
    find: impl Fn(String) -> Call<Vec<Pick>> + Send + Sync + 'static,
    picked: Callback<Pick>,
) -> AnyView {
    let find = Arc::new(find);
    // With its question: an answer that comes late is no answer to the next one.
    let ask = Action::new(move |word: &String| {
        let (word, answer) = (word.clone(), find(word.clone()));
        async move { (word, answer.await) }
    });
    let named = StoredValue::new(named);
    let name = move |id: &str| named.with_value(|named| named(id));
    // A name is often kept in the form: whoever builds the field inside a `Suspend` would be built anew at each keystroke.
    let text = RwSignal::new(untrack(|| name(&field.value.get_untracked())));
    // The form may be given another value from outside, e.g. somebody else's version.
    let held = Memo::new(move |_| field.value.get());
    Effect::new(move |_| text.set(name(&held.get())));
    let typed = RwSignal::new(String::new());
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(timer) = waiting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    on_cleanup(stop);
    let hits = Signal::derive(move || {
        let word = typed.with(|word| word.trim().to_owned());
        if word.is_empty() {
            return Hits::Silent;
        }
        match ask.value().get() {
            Some((asked, Ok(found))) if asked == word => {
                let more = found.len() > SHOWN;
                Hits::Found(found.into_iter().take(SHOWN).collect(), more)
            }
            Some((asked, Err(error))) if asked == word => Hits::Failed(error),
            _ => Hits::Asking,
        }
    });
    let type_in = Callback::new(move |word: String| {
        stop();
        text.set(word.clone());
        typed.set(word.clone());
        if !word.trim().is_empty() {
            let later = set_timeout_with_handle(move || drop(ask.dispatch(word.trim().to_owned())), PAUSE);
            waiting.set_value(later.ok());
        }
    });
    let pick = Callback::new(move |pick: Pick| {
        typed.set(String::new());
        picked.run(pick.clone());
        text.set(name(&pick.code));
        field.set.run(pick.code);
    });
    let forget = Callback::new(move |()| {
        if text.with_untracked(|text| text.trim().is_empty()) {
            field.set.run(String::new());
        }
        typed.set(String::new());
        text.set(name(&field.value.get_untracked()));
    });
    combo_view(field, hint, text, hits, Deeds { type_in, pick, forget })
}

/// What hands do to a combobox.
#[derive(Clone, Copy)]
struct Deeds {
    type_in: Callback<String>,
    pick: Callback<Pick>,
    /// left without taking anything
    forget: Callback<()>,
}

fn combo_view(field: Field, hint: &'static str, text: RwSignal<String>, hits: Signal<Hits>, deeds: Deeds) -> AnyView {
    let open = RwSignal::new(false);
    let active = RwSignal::new(0_usize);
    let input = NodeRef::<Input>::new();
    let found = move || match hits.get_untracked() {
        Hits::Found(found, _) => found,
        _ => Vec::new(),
    };
    let take = move |pick: Pick| {
        open.set(false);
        deeds.pick.run(pick);
    };
    let show = move || {
        // The list begins at what is chosen.
        let held = field.value.get_untracked();
        active.set(found().iter().position(|pick| pick.code == held).unwrap_or(0));
        open.set(true);
    };
    let key = move |event: ev::KeyboardEvent| {
        let count = found().len();
        match event.key().as_str() {
            "ArrowDown" | "ArrowUp" if !open.get_untracked() => show(),
            "ArrowDown" => active.update(|at| *at = (*at + 1).min(count.saturating_sub(1))),
            "ArrowUp" => active.update(|at| *at = at.saturating_sub(1)),
            // The form around it is not meant.
            "Enter" if open.get_untracked() => {
                if let Some(pick) = found().into_iter().nth(active.get_untracked()) {
                    take(pick);
                }
            }
            "Escape" if open.get_untracked() => {
                open.set(false);
                deeds.forget.run(());
            }
            _ => return,
        }
        event.prevent_default();
        // A dialog around it stays.
        event.stop_propagation();
        follow(&option_id(field.name, active.get_untracked()));
    };
    let list = format!("{}-list", field.name);
    let current =
        move || (open.get() && matches!(hits.get(), Hits::Found(..))).then(|| option_id(field.name, active.get()));
    field
        .frame(view! {
            <div class="combo">
                <input
                    id=field.name
                    name=field.name
                    type="text"
                    class="input"
                    role="combobox"
                    aria-autocomplete="list"
                    aria-expanded=move || open.get().to_string()
                    aria-controls=list.clone()
                    aria-activedescendant=current
                    autocomplete="off"
                    maxlength="100"
                    placeholder=hint
                    required=field.required
                    aria-invalid=field.invalid()
                    aria-describedby=format!("{}-error", field.name)
                    node_ref=input
                    value=text.get_untracked()
                    prop:value=text
                    on:input=move |event| {
                        let word = event_target_value(&event);
                        deeds.type_in.run(word.clone());
                        // The first that was meant, and not what it stands under.
                        active.set(found().iter().position(|pick| pick.label.contains(word.trim())).unwrap_or(0));
                        open.set(true);
                    }
                    on:keydown=key
                    on:click=move |_| if !open.get_untracked() { show() }
                    on:blur=move |_| {
                        open.set(false);
                        deeds.forget.run(());
                    }
                />
                {super::icon("down")}
                <div class="combo-list" class:hidden=move || !open.get()>
                    <ul id=list role="listbox" aria-label="候选项">
                        {changing(move || open.get().then(|| options_view(field, hits.get(), active, take)))}
                    </ul>
                    {changing(move || open.get().then(|| note_view(&hits.get())))}
                </div>
            </div>
        })
        .into_any()
}

fn options_view(
    field: Field,
    hits: Hits,
    active: RwSignal<usize>,
    take: impl Fn(Pick) + Copy + Send + Sync + 'static,
) -> AnyView {
    let Hits::Found(found, _) = hits else { return ().into_any() };
    let held = field.value.get_untracked();
    found
        .into_iter()
        .enumerate()
        .map(|(place, pick)| {
            let chosen = pick.code == held;
            let (label, note, depth) = (pick.label.clone(), pick.note.clone(), pick.depth);
            view! {
                // Not `click`: by then the field has lost the keyboard, and with it the list.
                <li id=option_id(field.name, place) role="option" aria-selected=chosen.to_string() class:is-active=move || active.get() == place
                    style=format!("--depth: {depth}")
                    on:mousedown=move |event| {
                        event.prevent_default();
                        take(pick.clone());
                    }>
                    {label}{(!note.is_empty()).then(|| view! { <span>{note}</span> })}
                </li>
            }
        })
        .collect_view()
        .into_any()
}

fn note_view(hits: &Hits) -> Option<AnyView> {
    let sentence = match hits {
        Hits::Silent => "请输入查找内容",
        Hits::Asking => "正在查找…",
        Hits::Found(found, _) if found.is_empty() => "没有符合的结果，请换个名称查找",
        Hits::Found(_, true) => "只显示前50条，请输入更多内容缩小范围",
        Hits::Found(..) => return None,
        Hits::Failed(error) => return Some(error_view(error)),
    };
    Some(view! { <p role="status" class="picker-note">{sentence}</p> }.into_any())
}

fn option_id(name: &str, place: usize) -> String {
    format!("{name}-option-{place}")
}

/// The active option is seen, however long the list.
fn follow(id: &str) {
    let id = id.to_owned();
    request_animation_frame(move || {
        if let Some(option) = document().get_element_by_id(&id) {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            option.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
}

/// Those whose name holds the word; in a tree with what they stand under, so that one sees where they are.
fn matching(options: &[Pick], word: &str) -> Vec<Pick> {
    if word.is_empty() {
        return options.to_vec();
    }
    let mut kept = Vec::new();
    // From below: whoever stands less deep than the last kept one, and before it, is above it.
    let mut above = 0;
    for pick in options.iter().rev() {
        if pick.label.contains(word) || pick.note.contains(word) || pick.depth < above {
            above = pick.depth;
            kept.push(pick.clone());
        }
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Vec<Pick> {
        let line = |label: &str, depth| Pick { code: label.into(), label: label.into(), note: String::new(), depth };
        vec![line("省厅", 0), line("甲市", 1), line("甲区", 2), line("乙区", 2), line("乙市", 1), line("丙区", 2)]
    }

    fn found(word: &str) -> Vec<String> {
        matching(&tree(), word).into_iter().map(|pick| pick.label).collect()
    }

    #[test]
    fn what_is_found_stands_below_its_superiors() {
        assert_eq!(found("乙区"), ["省厅", "甲市", "乙区"]);
        assert_eq!(found("丙区"), ["省厅", "乙市", "丙区"]);
        assert_eq!(found("乙"), ["省厅", "甲市", "乙区", "乙市"]);
        assert_eq!(found("省"), ["省厅"]);
        assert!(found("丁").is_empty());
        assert_eq!(found("").len(), 6);
    }
}
