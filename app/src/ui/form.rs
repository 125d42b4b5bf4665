//! The form of one record: fields, saving, and what happens when somebody else saved first.
//!
//! A field that is drawn notes its label, so that of two versions of a record a page can say what differs: whoever was
//! slower sees what he typed beside what is there now, and chooses, instead of losing one of them.

use super::{
    combo::Pick,
    error_view,
    field::{Field, bind, checks},
    guard::guard,
    label::Options,
    table::time_text,
    toast,
};
use crate::ApiError;
use chrono::{DateTime, Utc};
use domain::failure::{Failure, FieldErrors};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use std::{future::Future, pin::Pin, sync::Arc};

/// A call on its way.
pub type Call<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send>>;

/// A record as somebody else left it.
#[derive(Clone)]
pub struct Newer<F> {
    pub form: F,
    pub version: i32,
    pub at: DateTime<Utc>,
    pub by: Option<String>,
}

/// How a form judges what was typed.
pub type Check<F> = Box<dyn Fn(&F) -> Result<(), FieldErrors> + Send + Sync>;
/// How a form saves.
pub type Save<F> = Arc<dyn Fn(F, Option<i32>) -> Call<String> + Send + Sync>;
/// How a form reads its record again.
pub type Reload<F> = Arc<dyn Fn() -> Call<Newer<F>> + Send + Sync>;

/// What a form does; `F` is what a person types.
pub struct Deeds<F: 'static> {
    /// checks what was typed, as the store will
    pub check: Check<F>,
    /// saves over the version that was read (none: a new record) and answers the address to go on to; an empty one when
    /// the page itself shows what came of it
    pub save: Save<F>,
    /// reads the record again; none: a new record, which nobody else can have changed
    pub reload: Option<Reload<F>>,
}

/// A form under way.
pub struct Edit<F: 'static> {
    pub form: RwSignal<F>,
    pub errors: RwSignal<FieldErrors>,
    /// with what it began
    start: StoredValue<F>,
    version: RwSignal<Option<i32>>,
    newer: RwSignal<Option<Newer<F>>>,
    lines: StoredValue<Vec<Line<F>>>,
    deeds: StoredValue<Deeds<F>>,
    save: Action<(), Result<String, ApiError>>,
    /// what saving is called here
    deed: StoredValue<&'static str>,
    /// until the page is alive there is nobody to take the form
    alive: RwSignal<bool>,
}

impl<F> Clone for Edit<F> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F> Copy for Edit<F> {}

/// A field that was drawn: its label, and what it shows of a form.
struct Line<F> {
    label: &'static str,
    shown: Box<dyn Fn(&mut F) -> String + Send + Sync>,
}

/// What differs in one field.
struct Difference {
    label: &'static str,
    mine: String,
    theirs: String,
}

/// Begins a form with what is there; `version` is the one that was read.
pub fn use_edit<F: Clone + Send + Sync + 'static>(start: F, version: Option<i32>, deeds: Deeds<F>) -> Edit<F> {
    let form = RwSignal::new(start.clone());
    let version = RwSignal::new(version);
    let deeds = StoredValue::new(deeds);
    let save = Action::new(move |(): &()| {
        deeds.with_value(|deeds| (deeds.save)(form.get_untracked(), version.get_untracked()))
    });
    let edit = Edit {
        form,
        errors: RwSignal::new(FieldErrors::default()),
        start: StoredValue::new(start),
        version,
        newer: RwSignal::new(None),
        lines: StoredValue::new(Vec::new()),
        deeds,
        save,
        deed: StoredValue::new("保存"),
        alive: RwSignal::new(false),
    };
    Effect::new(move |_| edit.alive.set(true));
    let navigate = use_navigate();
    Effect::new(move |_| match save.value().get() {
        // The page itself shows what came of it.
        Some(Ok(href)) if href.is_empty() => {}
        Some(Ok(href)) => {
            toast::tell(&format!("已{}", edit.deed.get_value()));
            navigate(&href, Default::default());
        }
        Some(Err(error)) if error.0 == Failure::Conflict => edit.meet(),
        Some(Err(error)) => edit.errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    edit
}

impl<F: Clone + Send + Sync + 'static> Edit<F> {
    /// Looks what somebody else left; what was typed stays.
    fn meet(self) {
        let Some(reload) = self.deeds.with_value(|deeds| deeds.reload.clone()) else { return };
        leptos::task::spawn_local(async move {
            match reload().await {
                Ok(newer) => drop(self.newer.try_set(Some(newer))),
                // The form says that it was changed; what the other one holds is missing beside it.
                Err(error) => toast::tell_failure(&format!("未能读取他人保存的内容：{error}")),
            }
        });
    }

    /// Has a difference in something that is entered in a way of its own shown; `shown` says what people read for it.
    pub fn note(self, label: &'static str, shown: impl Fn(&mut F) -> String + Send + Sync + 'static) {
        self.lines.update_value(|lines| {
            lines.retain(|line| line.label != label);
            lines.push(Line { label, shown: Box::new(shown) });
        });
    }

    /// A line of text; `kind` is the HTML input type or `money`, `hint` shows the expected form.
    pub fn text(
        self,
        name: &'static str,
        label: &'static str,
        required: bool,
        text: fn(&mut F) -> &mut String,
        (kind, hint): (&'static str, &'static str),
    ) -> AnyView {
        self.note(label, move |form| text(form).clone());
        bind(self.form, self.errors, name, label, required, text).text(kind, hint)
    }

    /// A line of text that stays as it is when it is left empty, because its value is not sent to browsers.
    pub fn secret(
        self,
        name: &'static str,
        label: &'static str,
        required: bool,
        text: fn(&mut F) -> &mut String,
        (kind, hint): (&'static str, &'static str),
    ) -> AnyView {
        self.note(label, move |form| match text(form).as_str() {
            "" => "（不修改）".to_owned(),
            typed => typed.to_owned(),
        });
        bind(self.form, self.errors, name, label, required, text).text(kind, hint)
    }

    /// A text that is entered in a way of its own; `shown` says what people read for it.
    pub fn field(
        self,
        name: &'static str,
        label: &'static str,
        required: bool,
        text: fn(&mut F) -> &mut String,
        shown: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Field {
        self.note(label, move |form| shown(text(form)));
        bind(self.form, self.errors, name, label, required, text)
    }

    /// A choice of codes.
    pub fn select(
        self,
        name: &'static str,
        label: &'static str,
        required: bool,
        text: fn(&mut F) -> &mut String,
        options: impl Into<Options>,
    ) -> AnyView {
        let options = options.into();
        if let Some(default) = options.default
            && self.version.get_untracked().is_none()
            && self.form.with_untracked(|form| text(&mut form.clone()).is_empty())
        {
            self.form.update(|form| default.clone_into(text(form)));
            self.start.update_value(|form| default.clone_into(text(form)));
        }
        let labels = options.clone().all();
        self.note(label, move |form| label_of(&labels, text(form)));
        bind(self.form, self.errors, name, label, required, text).select(options).into_any()
    }

    /// A choice of several codes.
    pub fn checks(
        self,
        name: &'static str,
        label: &'static str,
        required: bool,
        list: fn(&mut F) -> &mut Vec<String>,
        options: Vec<(String, String)>,
    ) -> AnyView {
        let labels = options.clone();
        self.note(label, move |form| {
            let held = list(form);
            let held = labels.iter().filter(|(code, _)| held.contains(code)).map(|(_, label)| label.as_str());
            held.collect::<Vec<_>>().join("、")
        });
        let chosen = Signal::derive(move || list(&mut self.form.get()).clone());
        let set = Callback::new(move |codes| self.form.update(|form| *list(form) = codes));
        checks(name, label, required, options, chosen, set, self.errors).into_any()
    }

    /// One of many, found by typing a part of its name.
    pub fn pick(
        self,
        name: &'static str,
        label: &'static str,
        required: bool,
        text: fn(&mut F) -> &mut String,
        options: Vec<Pick>,
    ) -> AnyView {
        let labels: Vec<_> = options.iter().map(|pick| (pick.code.clone(), pick.label.clone())).collect();
        self.note(label, move |form| label_of(&labels, text(form)));
        bind(self.form, self.errors, name, label, required, text).pick(options)
    }

    /// The form around its fields. It is sent by POST besides: nothing of it may ever stand in an address.
    pub fn view(self, fields: impl IntoView + 'static, cancel: String) -> AnyView {
        self.view_of(fields, "保存", cancel)
    }

    /// The same, where saving is called otherwise.
    pub fn view_of(self, fields: impl IntoView + 'static, deed: &'static str, cancel: String) -> AnyView {
        self.deed.set_value(deed);
        let buttons = view! {
            <button type="submit" class="btn btn-primary" disabled=move || self.busy()>{deed}</button>
            <a class="btn btn-ghost" href=cancel>"取消"</a>
        };
        self.view_with(fields.into_any(), buttons.into_any(), Box::new(move || self.submit()))
    }

    /// The same with two ways to save and one back to the beginning. The first is that of the keyboard's Enter; which one
    /// is taken is said by `chosen` before it is saved.
    pub fn view_ways(
        self,
        fields: impl IntoView + 'static,
        ways: [&'static str; 2],
        chosen: Callback<usize>,
        back: String,
    ) -> AnyView {
        let take = move |place: usize| {
            self.deed.set_value(ways[place]);
            chosen.run(place);
            self.submit();
        };
        let reset = move |_| {
            self.form.set(self.start.get_value());
            self.errors.set(FieldErrors::default());
            self.save.clear();
        };
        let busy = move || self.busy();
        let buttons = view! {
            <button type="submit" class="btn btn-primary" disabled=busy>{ways[0]}</button>
            <button type="button" class="btn btn-outline" disabled=busy on:click=move |_| take(1)>{ways[1]}</button>
            <button type="button" class="btn btn-ghost" disabled=busy on:click=reset>"重置"</button>
            <a class="btn btn-ghost" href=back>"返回"</a>
        };
        self.view_with(fields.into_any(), buttons.into_any(), Box::new(move || take(0)))
    }

    fn busy(self) -> bool {
        !self.alive.get() || self.save.pending().get()
    }

    fn submit(self) {
        let checked = self.deeds.with_value(|deeds| (deeds.check)(&self.form.get_untracked()));
        self.errors.set(checked.as_ref().err().cloned().unwrap_or_default());
        if checked.is_ok() {
            self.save.dispatch(());
        } else {
            show_first_error();
        }
    }

    fn view_with(self, fields: AnyView, buttons: AnyView, submit: Box<dyn Fn() + Send + Sync>) -> AnyView {
        let refused = move || {
            let error = self.save.value().get().filter(|_| !self.save.pending().get())?.err()?;
            let told = error.fields().is_some() || (error.0 == Failure::Conflict && self.newer.get().is_some());
            (!told).then(|| error_view(&error))
        };
        let conflict = move || {
            self.newer.get().map(|newer| {
                let theirs = newer.form.clone();
                let version = newer.version;
                // Over the version that is there now: knowing both, it is what he wants.
                let keep = move || {
                    self.version.set(Some(version));
                    self.newer.set(None);
                    self.submit();
                };
                let take = move || {
                    self.form.set(theirs.clone());
                    self.version.set(Some(version));
                    self.errors.set(FieldErrors::default());
                    self.save.clear();
                    self.newer.set(None);
                };
                conflict_view(self.differences(&newer.form), newer.at, newer.by, Box::new(keep), Box::new(take))
            })
        };
        frame(fields, buttons, submit, refused, conflict)
    }

    fn differences(self, theirs: &F) -> Vec<Difference> {
        let (mut mine, mut theirs) = (self.form.get_untracked(), theirs.clone());
        self.lines.with_value(|lines| {
            let difference = |line: &Line<F>| {
                let (mine, theirs) = ((line.shown)(&mut mine), (line.shown)(&mut theirs));
                (mine != theirs).then_some(Difference { label: line.label, mine, theirs })
            };
            lines.iter().filter_map(difference).collect()
        })
    }
}

/// The label of a code among options; the code itself where it has none.
fn label_of(options: &[(String, String)], code: &str) -> String {
    options.iter().find(|(own, _)| own == code).map_or_else(|| code.to_owned(), |(_, label)| label.clone())
}

fn frame(
    fields: AnyView,
    buttons: AnyView,
    submit: Box<dyn Fn() + Send + Sync>,
    refused: impl Fn() -> Option<AnyView> + Send + 'static,
    conflict: impl Fn() -> Option<AnyView> + Send + 'static,
) -> AnyView {
    let form = NodeRef::<leptos::html::Form>::new();
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        submit();
    };
    view! {
        {refused}
        {conflict}
        <form class="panel form-grid" method="post" node_ref=form on:submit=on_submit novalidate autocomplete="off">
            {fields}
            <div class="form-buttons">{buttons}</div>
        </form>
        {guard(form)}
    }
    .into_any()
}

/// A long form shows where it is wrong.
fn show_first_error() {
    use leptos::wasm_bindgen::JsCast as _;
    request_animation_frame(|| {
        let found = document().query_selector("[aria-invalid=true]").ok().flatten();
        if let Some(field) = found.and_then(|field| field.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = field.focus();
        }
    });
}

/// Both versions beside each other, and the two ways on.
fn conflict_view(
    differences: Vec<Difference>,
    at: DateTime<Utc>,
    by: Option<String>,
    keep: Box<dyn Fn() + Send + Sync>,
    take: Box<dyn Fn() + Send + Sync>,
) -> AnyView {
    let heading = NodeRef::<leptos::html::H2>::new();
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    let who = by.unwrap_or_else(|| "他人".to_owned());
    let same = differences.is_empty();
    let shown = |text: String| if text.is_empty() { "（空）".to_owned() } else { text };
    let rows = differences
        .into_iter()
        .map(|Difference { label, mine, theirs }| {
            view! { <tr><th scope="row">{label}</th><td>{shown(mine)}</td><td>{shown(theirs)}</td></tr> }
        })
        .collect_view();
    view! {
        <section class="panel conflict" role="alert" aria-labelledby="conflict-title">
            <h2 id="conflict-title" node_ref=heading tabindex="-1">"记录已被他人修改"</h2>
            <p>{format!("{who}于{}保存了该记录。", time_text(at))}{if same { "内容与您填写的相同。" } else { "以下内容与您填写的不同，请选择保留哪一份：" }}</p>
            {(!same).then(|| view! {
                <div class="table-scroll" tabindex="0" role="region" aria-label="两份内容的差异">
                    <table class="table table-sm">
                        <thead><tr><th scope="col">"项目"</th><th scope="col">"我填写的"</th><th scope="col">"现在的"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            })}
            <div class="form-buttons">
                <button type="button" class="btn btn-primary btn-sm" on:click=move |_| keep()>"保存我填写的"</button>
                <button type="button" class="btn btn-outline btn-sm" on:click=move |_| take()>"采用现在的内容"</button>
            </div>
        </section>
    }
    .into_any()
}
