//! Form fields with their error beside them.

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
    fn frame(self, input: impl IntoView + 'static) -> impl IntoView {
        let error = move || self.errors.with(|errors| errors.get(self.name).map(ToOwned::to_owned));
        view! {
            <div class="form-field" class:has-error=move || error().is_some()>
                <label for=self.name>{self.label}{self.required.then(|| view! { <span class="required" aria-hidden="true">"*"</span> })}</label>
                {input}
                <p class="field-error" id=format!("{}-error", self.name) role="alert">{error}</p>
            </div>
        }
    }

    fn invalid(self) -> impl Fn() -> Option<&'static str> + Copy + Send + 'static {
        move || self.errors.with(|errors| errors.get(self.name).is_some()).then_some("true")
    }

    /// A line of text; `kind` is the HTML input type, `hint` shows the expected form.
    pub fn text(self, kind: &'static str, hint: &'static str) -> impl IntoView {
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
    }

    /// A choice of codes.
    pub fn select(self, options: Vec<(String, String)>) -> impl IntoView {
        let options = options
            .into_iter()
            .map(|(code, label)| {
                let own = code.clone();
                view! { <option value=code selected=move || self.value.get() == own>{label}</option> }
            })
            .collect_view();
        self.frame(view! {
            <select
                id=self.name
                name=self.name
                class="select"
                required=self.required
                aria-invalid=self.invalid()
                aria-describedby=format!("{}-error", self.name)
                on:change=move |event| self.set.run(event_target_value(&event))
            >
                <option value="">"请选择"</option>
                {options}
            </select>
        })
    }
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

/// Dictionary values as options.
#[must_use]
pub fn coded(values: Vec<(&'static str, &'static str)>) -> Vec<(String, String)> {
    values.into_iter().map(|(code, label)| (code.to_owned(), label.to_owned())).collect()
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
