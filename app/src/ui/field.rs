//! Form fields with their error beside them.

pub use super::label::coded;

use super::{changing::changing, combo::Pick, label::Options};
use domain::{failure::FieldErrors, housing::choice::Choice};
use leptos::prelude::*;

/// What a field is bound to: one text of a form, by name.
#[derive(Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub required: bool,
    pub value: Signal<String>,
    pub set: Callback<String>,
    pub errors: RwSignal<FieldErrors>,
}

/// Binds a field to one text of a form.
pub fn bind<F: Clone + Send + Sync + 'static>(
    form: RwSignal<F>,
    errors: RwSignal<FieldErrors>,
    name: &'static str,
    label: &'static str,
    required: bool,
    text: fn(&mut F) -> &mut String,
) -> Field {
    Field {
        name,
        label,
        required,
        value: Signal::derive(move || text(&mut form.get()).clone()),
        set: Callback::new(move |value| form.update(|form| *text(form) = value)),
        errors,
    }
}

impl Field {
    pub(super) fn frame(self, input: impl IntoView + 'static) -> impl IntoView {
        let error = move || self.errors.with(|errors| errors.get(self.name).map(ToOwned::to_owned));
        view! {
            <div class="form-field" class:has-error=move || error().is_some()>
                <label for=self.name>{self.label}{self.required.then(|| view! { <span class="required" aria-hidden="true">"*"</span> })}</label>
                {input}
                <p class="field-error" id=format!("{}-error", self.name) role="alert">{changing(error)}</p>
            </div>
        }
    }

    pub(super) fn invalid(self) -> impl Fn() -> Option<&'static str> + Copy + Send + 'static {
        move || self.errors.with(|errors| errors.get(self.name).is_some()).then_some("true")
    }

    /// A line of text; `kind` is the HTML input type or `money`, `hint` shows the expected form.
    pub fn text(self, kind: &'static str, hint: &'static str) -> AnyView {
        match kind {
            "money" => return self.money(hint),
            "date" => return self.day(),
            _ => {}
        }
        self.frame(view! {
            <input
                id=self.name
                name=self.name
                type=kind
                class="input"
                placeholder=hint
                required=self.required
                aria-invalid=self.invalid()
                aria-describedby=format!("{}-error", self.name)
                prop:value=self.value
                on:input=move |event| self.set.run(event_target_value(&event))
            />
        })
        .into_any()
    }

    /// Several lines of text over the whole width.
    pub fn area(self, rows: u32) -> AnyView {
        let area = view! {
            <textarea
                id=self.name
                name=self.name
                class="textarea w-full"
                rows=rows.to_string()
                required=self.required
                aria-invalid=self.invalid()
                aria-describedby=format!("{}-error", self.name)
                prop:value=self.value
                on:input=move |event| self.set.run(event_target_value(&event))
            >{self.value.get_untracked()}</textarea>
        };
        view! { <div class="col-span-full">{self.frame(area)}</div> }.into_any()
    }

    /// One of many, found by typing a part of its name: organisations above all.
    pub fn pick(self, options: Vec<Pick>) -> AnyView {
        super::combo::options(self, options)
    }

    /// A choice of codes.
    pub fn select(self, options: impl Into<Options>) -> AnyView {
        self.select_of(options.into())
    }

    fn select_of(self, options: Options) -> AnyView {
        let options = options.view(move |code| self.value.with(|value| value == code));
        self.frame(view! {
            <select
                id=self.name
                name=self.name
                class="select"
                required=self.required
                aria-invalid=self.invalid()
                aria-describedby=format!("{}-error", self.name)
                // Also the property: once somebody has chosen, a browser no longer looks at the options' attributes.
                prop:value=self.value
                on:change=move |event| self.set.run(event_target_value(&event))
            >
                <option value="">"请选择"</option>
                {options}
            </select>
        })
        .into_any()
    }
}

/// Of more options than these, those that are not chosen are looked for.
const CHECKS_SHOWN: usize = 60;

/// A choice of several: boxes, with a search where there are many.
pub fn checks(
    name: &'static str,
    label: &'static str,
    required: bool,
    options: Vec<(String, String)>,
    chosen: Signal<Vec<String>>,
    set: Callback<Vec<String>>,
    errors: RwSignal<FieldErrors>,
) -> impl IntoView {
    let error = move || errors.with(|errors| errors.get(name).map(ToOwned::to_owned));
    let many = options.len() > CHECKS_SHOWN;
    let sought = RwSignal::new(String::new());
    let options = StoredValue::new(options);
    let boxes = move || {
        let sought = sought.get();
        let held = chosen.get_untracked();
        options.with_value(|options| {
            let is_held = |code: &String| held.contains(code);
            let matching = options.iter().filter(|(code, label)| !is_held(code) && label.contains(&*sought));
            let mut shown: Vec<_> =
                options.iter().filter(|(code, _)| is_held(code)).chain(matching.take(CHECKS_SHOWN)).collect();
            if !many {
                shown.sort_by_key(|(code, _)| options.iter().position(|(other, _)| other == code));
            }
            shown
                .into_iter()
                .map(|(code, label)| check_box(name, code.clone(), label.clone(), chosen, set))
                .collect_view()
        })
    };
    view! {
        <fieldset class="form-field check-field" class:has-error=move || error().is_some() aria-describedby=format!("{name}-error")>
            <legend>{label}{required.then(|| view! { <span class="required" aria-hidden="true">"*"</span> })}</legend>
            {many.then(|| view! {
                <input type="search" class="input input-sm" placeholder="输入名称查找" aria-label=format!("查找{label}") on:input=move |event| sought.set(event_target_value(&event)) />
            })}
            <div class="check-list">{changing(boxes)}</div>
            <p class="field-error" id=format!("{name}-error") role="alert">{changing(error)}</p>
        </fieldset>
    }
}

fn check_box(
    name: &'static str,
    code: String,
    label: String,
    chosen: Signal<Vec<String>>,
    set: Callback<Vec<String>>,
) -> impl IntoView {
    let own = code.clone();
    // Both as the attribute, which the server writes, and as the property, which counts once somebody has clicked.
    let held = Signal::derive(move || chosen.with(|chosen| chosen.contains(&own)));
    let toggle = move |event| {
        let mut held = chosen.get_untracked();
        held.retain(|other| *other != code);
        if event_target_checked(&event) {
            held.push(code.clone());
        }
        set.run(held);
    };
    view! { <label class="check-box"><input type="checkbox" class="checkbox checkbox-sm" name=name checked=move || held.get() prop:checked=move || held.get() on:change=toggle />{label}</label> }
}

/// What a form shows and this person cannot change.
pub fn fixed(name: &'static str, label: &'static str, text: impl Into<String>) -> impl IntoView {
    let text = text.into();
    view! {
        <div class="form-field">
            <label for=name>{label}</label>
            <input id=name type="text" class="input" readonly value=if text.is_empty() { "—".to_owned() } else { text } />
        </div>
    }
}

/// Records as options.
#[must_use]
pub fn chosen(values: Vec<Choice>) -> Vec<(String, String)> {
    values.into_iter().map(|choice| (choice.id.to_string(), choice.label)).collect()
}

/// Records as options, with the one that is chosen already: when it may not be chosen any more, a select
/// without it would drop it silently.
#[must_use]
pub fn chosen_or_present(values: Vec<Choice>, present: Option<(i64, String)>) -> Vec<(String, String)> {
    let mut options = chosen(values);
    if let Some((id, label)) = present.map(|(id, label)| (id.to_string(), label))
        && options.iter().all(|(known, _)| *known != id)
    {
        options.push((id, format!("{label}（已失效）")));
    }
    options
}
