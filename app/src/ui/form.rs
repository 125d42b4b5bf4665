//! The form of one record: fields, saving, and what happens when somebody else saved first.
//!
//! A field that is drawn notes its label, so that of two versions of a record a page can say what differs: whoever was
//! slower sees what he typed beside what is there now, and chooses, instead of losing one of them.

use super::{
    changing::changing,
    combo::Pick,
    conflict::{Difference, conflict_view},
    error_view,
    field::{Field, bind, checks},
    guard::guard,
    label::Options,
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
    version: RwSignal<Option<i32>>,
    newer: RwSignal<Option<Newer<F>>>,
    held: StoredValue<Held<F>>,
    saving: Saving,
}

/// What belongs to a form and nobody watches.
struct Held<F: 'static> {
    /// with what it began
    start: F,
    lines: Vec<Line<F>>,
    deeds: Deeds<F>,
}

/// How far saving has come: all of a form's state that does not know what it holds.
#[derive(Clone, Copy)]
struct Saving {
    run: Action<(), Result<String, ApiError>>,
    /// what it is called here
    deed: StoredValue<&'static str>,
    /// until the page is alive there is nobody to take the form
    alive: RwSignal<bool>,
}

impl Saving {
    fn new(save: Box<dyn Fn() -> Call<String> + Send + Sync>) -> Self {
        let run = Action::new(move |(): &()| save());
        Self { run, deed: StoredValue::new("保存"), alive: RwSignal::new(false) }
    }

    fn busy(self) -> bool {
        !self.alive.get() || self.run.pending().get()
    }
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

/// Begins a form with what is there; `version` is the one that was read.
pub fn use_edit<F: Clone + Send + Sync + 'static>(start: F, version: Option<i32>, deeds: Deeds<F>) -> Edit<F> {
    let form = RwSignal::new(start.clone());
    let version = RwSignal::new(version);
    let held = StoredValue::new(Held { start, lines: Vec::new(), deeds });
    let saving = Saving::new(Box::new(move || {
        held.with_value(|held| (held.deeds.save)(form.get_untracked(), version.get_untracked()))
    }));
    let edit =
        Edit { form, errors: RwSignal::new(FieldErrors::default()), version, newer: RwSignal::new(None), held, saving };
    follow(saving, edit.errors, Callback::new(move |()| edit.meet()));
    edit
}

/// What comes of saving: the way on, complaints beside their fields, or what somebody else left.
fn follow(saving: Saving, errors: RwSignal<FieldErrors>, meet: Callback<()>) {
    Effect::new(move |_| saving.alive.set(true));
    let navigate = use_navigate();
    Effect::new(move |_| match saving.run.value().get() {
        // The page itself shows what came of it.
        Some(Ok(href)) if href.is_empty() => {}
        Some(Ok(href)) => {
            toast::tell(&format!("已{}", saving.deed.get_value()));
            navigate(&href, Default::default());
        }
        Some(Err(error)) if error.0 == Failure::Conflict => meet.run(()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
}

impl<F: Clone + Send + Sync + 'static> Edit<F> {
    /// Looks what somebody else left; what was typed stays.
    fn meet(self) {
        let Some(reload) = self.held.with_value(|held| held.deeds.reload.clone()) else { return };
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
        self.held.update_value(|held| {
            held.lines.retain(|line| line.label != label);
            held.lines.push(Line { label, shown: Box::new(shown) });
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
            self.held.update_value(|held| default.clone_into(text(&mut held.start)));
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
        self.saving.deed.set_value(deed);
        self.view_with(fields.into_any(), one_way(self.saving, deed, cancel), Box::new(move || self.submit()))
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
        let take = Callback::new(move |place: usize| {
            self.saving.deed.set_value(ways[place]);
            chosen.run(place);
            self.submit();
        });
        let reset = Callback::new(move |()| {
            self.form.set(self.held.with_value(|held| held.start.clone()));
            self.errors.set(FieldErrors::default());
            self.saving.run.clear();
        });
        let buttons = two_ways(self.saving, ways, take, reset, back);
        self.view_with(fields.into_any(), buttons, Box::new(move || take.run(0)))
    }

    fn submit(self) {
        let checked = self.held.with_value(|held| (held.deeds.check)(&self.form.get_untracked()));
        self.errors.set(checked.as_ref().err().cloned().unwrap_or_default());
        if checked.is_ok() {
            self.saving.run.dispatch(());
        } else {
            show_first_error();
        }
    }

    fn view_with(self, fields: AnyView, buttons: AnyView, submit: Box<dyn Fn() + Send + Sync>) -> AnyView {
        let met = Signal::derive(move || self.newer.with(Option::is_some));
        let conflict = changing(move || {
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
                    self.saving.run.clear();
                    self.newer.set(None);
                };
                conflict_view(self.differences(&newer.form), newer.at, newer.by, Box::new(keep), Box::new(take))
            })
        });
        frame(fields, buttons, submit, refused(self.saving, met), conflict)
    }

    fn differences(self, theirs: &F) -> Vec<Difference> {
        let (mut mine, mut theirs) = (self.form.get_untracked(), theirs.clone());
        self.held.with_value(|held| {
            let difference = |line: &Line<F>| {
                let (mine, theirs) = ((line.shown)(&mut mine), (line.shown)(&mut theirs));
                (mine != theirs).then_some(Difference { label: line.label, mine, theirs })
            };
            held.lines.iter().filter_map(difference).collect()
        })
    }
}

/// The label of a code among options; the code itself where it has none.
fn label_of(options: &[(String, String)], code: &str) -> String {
    options.iter().find(|(own, _)| own == code).map_or_else(|| code.to_owned(), |(_, label)| label.clone())
}

fn one_way(saving: Saving, deed: &'static str, cancel: String) -> AnyView {
    view! {
        <button type="submit" class="btn btn-primary" disabled=move || saving.busy()>{deed}</button>
        <a class="btn btn-ghost" href=cancel>"取消"</a>
    }
    .into_any()
}

fn two_ways(
    saving: Saving,
    ways: [&'static str; 2],
    take: Callback<usize>,
    reset: Callback<()>,
    back: String,
) -> AnyView {
    let busy = move || saving.busy();
    view! {
        <button type="submit" class="btn btn-primary" disabled=busy>{ways[0]}</button>
        <button type="button" class="btn btn-outline" disabled=busy on:click=move |_| take.run(1)>{ways[1]}</button>
        <button type="button" class="btn btn-ghost" disabled=busy on:click=move |_| reset.run(())>"重置"</button>
        <a class="btn btn-ghost" href=back>"返回"</a>
    }
    .into_any()
}

/// Why it was not saved, where no field says it; `met` is whether both versions are shown.
fn refused(saving: Saving, met: Signal<bool>) -> AnyView {
    changing(move || {
        let error = saving.run.value().get().filter(|_| !saving.run.pending().get())?.err()?;
        let told = error.fields().is_some() || (error.0 == Failure::Conflict && met.get());
        (!told).then(|| error_view(&error))
    })
}

fn frame(
    fields: AnyView,
    buttons: AnyView,
    submit: Box<dyn Fn() + Send + Sync>,
    refused: AnyView,
    conflict: AnyView,
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
