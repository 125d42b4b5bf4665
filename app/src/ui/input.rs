//! Inputs that know what they hold: money in yuan, and days.

use super::changing::changing;
use super::field::Field;
use domain::value::Money;
use leptos::{ev, html::Input, prelude::*};

/// Days that anybody may mean; a browser without bounds also takes years of six digits.
const FIRST_DAY: &str = "1900-01-01";
const LAST_DAY: &str = "2199-12-31";

impl Field {
    /// An amount in yuan: right-aligned, grouped while nobody is in it, refused as soon as one leaves it wrong.
    pub(super) fn money(self, hint: &'static str) -> AnyView {
        let inside = RwSignal::new(false);
        let shown = move || {
            let text = self.value.get();
            match Money::parse_yuan(&text) {
                Ok(amount) if !inside.get() => amount.to_string(),
                _ => text,
            }
        };
        // The plain text is there, and chosen, before anybody types: what comes later would take the choice away, and new
        // digits would stand behind the old ones.
        let entered = move |event: ev::FocusEvent| {
            let input: web_sys::HtmlInputElement = event_target(&event);
            input.set_value(&self.value.get_untracked());
            input.select();
            inside.set(true);
        };
        let left = move |_| {
            inside.set(false);
            let text = self.value.get_untracked();
            if !text.trim().is_empty()
                && let Err(complaint) = Money::parse_yuan(&text)
            {
                self.complain(complaint.text());
            }
        };
        self.frame(view! {
            <div class="input money-input">
                <span aria-hidden="true">"¥"</span>
                <input
                    id=self.name
                    name=self.name
                    type="text"
                    inputmode="decimal"
                    class="figures"
                    maxlength="24"
                    placeholder=hint
                    required=self.required
                    aria-invalid=self.invalid()
                    aria-describedby=format!("{}-error", self.name)
                    prop:value=shown
                    on:focus=entered
                    on:blur=left
                    on:input=move |event| {
                        self.settle();
                        self.set.run(event_target_value(&event));
                    }
                />
            </div>
        })
        .into_any()
    }

    /// A day: typed or pointed at in the browser's own calendar, cleared by a button where it may stay empty. A day
    /// that is typed by half is said so; the browser itself would hand over nothing.
    pub(super) fn day(self) -> AnyView {
        let input = NodeRef::<Input>::new();
        let judge = move || {
            let Some(input) = input.get_untracked() else { return };
            let state = input.validity();
            if state.bad_input() {
                self.set.run(UNFINISHED.to_owned());
                self.complain("请填写完整的日期，如 2026-03-01");
            } else if state.range_underflow() || state.range_overflow() {
                self.complain(format!("日期应在{FIRST_DAY}至{LAST_DAY}之间"));
            }
        };
        Effect::new(move |_| {
            let value = self.value.get();
            if let Some(input) = input.get()
                && value != UNFINISHED
                && input.value() != value
            {
                input.set_value(&value);
            }
        });
        let entered = move |event: ev::KeyboardEvent| {
            if event.key() == "Enter" {
                judge();
            }
        };
        let clear = move |_| {
            self.settle();
            self.set.run(String::new());
            if let Some(input) = input.get() {
                input.set_value("");
                let _ = input.focus();
            }
        };
        let clearable = move || !self.required && !self.value.with(String::is_empty);
        self.frame(view! {
            <div class="day-input">
                <input
                    id=self.name
                    name=self.name
                    type="date"
                    class="input"
                    min=FIRST_DAY
                    max=LAST_DAY
                    node_ref=input
                    required=self.required
                    aria-invalid=self.invalid()
                    aria-describedby=format!("{}-error", self.name)
                    on:input=move |event| {
                        self.settle();
                        self.set.run(event_target_value(&event));
                    }
                    on:blur=move |_| judge()
                    on:keydown=entered
                />
                {changing(move || clearable().then(|| view! {
                    <button type="button" class="btn btn-ghost btn-sm btn-square" aria-label="清除日期" on:click=clear>{super::icon("close")}</button>
                }))}
            </div>
        })
        .into_any()
    }

    /// Says what is wrong here, in the place of what was said before.
    fn complain(self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        self.errors.update(|errors| drop(errors.0.insert(self.name.to_owned(), sentence)));
    }

    /// Another text is another question: what was said of the last one is no longer true.
    fn settle(self) {
        if self.errors.with_untracked(|errors| errors.get(self.name).is_some()) {
            self.errors.update(|errors| drop(errors.0.remove(self.name)));
        }
    }
}

/// What a form holds of a day that is typed by half, so that its check refuses it.
const UNFINISHED: &str = "-";
