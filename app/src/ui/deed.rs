//! A deed that is asked about once more, with its refusal beside it.

use super::changing::changing;
use crate::{
    ApiError,
    ui::{error_view, form::Call, toast},
};
use leptos::{html, prelude::*};
use std::{future::Future, sync::Arc};

/// A question under a button: the words to be written along, if any, and what happens then.
#[derive(Clone, Copy)]
pub struct Deed {
    pub label: &'static str,
    pub class: &'static str,
    pub question: &'static str,
    /// name, label and whether it must be filled; none: only yes or no
    pub word: Option<(&'static str, &'static str)>,
}

/// What another person decides about a document: to agree or to refuse, each with its question and the name of the words
/// along it.
#[derive(Clone, Copy)]
pub struct Verdict {
    pub agree: (&'static str, &'static str),
    pub refuse: (&'static str, &'static str),
    /// said with an agreement, and with a refusal
    pub words: (&'static str, &'static str),
}

impl Verdict {
    /// 同意 or 驳回, of which the questions say what follows.
    pub const fn plain(agree: &'static str, refuse: &'static str) -> Self {
        Self { agree: ("同意", agree), refuse: ("驳回", refuse), words: ("审批意见", "审批意见") }
    }
}

/// The two buttons of a verdict. `run` is told whether it is agreed to, and the words.
pub fn verdict<T, F>(
    verdict: Verdict,
    run: impl Fn(bool, String) -> F + Clone + Send + Sync + 'static,
    again: Callback<()>,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let Verdict { agree, refuse, words } = verdict;
    let button = move |agreed: bool, (label, question), word, class| {
        let run = run.clone();
        let asked = Deed { label, class, question, word: Some(("opinion", word)) };
        deed(asked, move |opinion| run(agreed, opinion), move |_: T| again.run(()))
    };
    view! {
        {button(true, agree, words.0, "btn btn-primary btn-sm")}
        {button(false, refuse, words.1, "btn btn-outline btn-error btn-sm")}
    }
    .into_any()
}

/// 撤回 by whoever asked.
pub fn withdrawal<F>(
    question: &'static str,
    run: impl Fn() -> F + Send + Sync + 'static,
    again: Callback<()>,
) -> AnyView
where
    F: Future<Output = Result<(), ApiError>> + Send + 'static,
{
    let asked = Deed { label: "撤回", class: "btn btn-outline btn-sm", question, word: None };
    deed(asked, move |_| run(), move |()| again.run(()))
}

/// The button, the question behind it and its answer. `done` is called after it succeeded.
pub fn deed<T, F>(
    deed: Deed,
    run: impl Fn(String) -> F + Send + Sync + 'static,
    done: impl Fn(T) + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let done = Arc::new(done);
    let run = move |word| -> Call<Rest> {
        let (answer, done) = (run(word), done.clone());
        Box::pin(async move {
            let value = answer.await?;
            Ok(Arc::new(move || done(value.clone())) as Rest)
        })
    };
    deed_view(deed, Box::new(run))
}

/// What is left to do when a deed has succeeded.
type Rest = Arc<dyn Fn() + Send + Sync>;

/// All of a deed that does not know what it answers: compiled once, and not for each of them.
fn deed_view(deed: Deed, run: Box<dyn Fn(String) -> Call<Rest> + Send + Sync>) -> AnyView {
    let asked = RwSignal::new(false);
    let word = RwSignal::new(String::new());
    let act = Action::new(move |word: &String| run(word.clone()));
    Effect::new(move |_| {
        if let Some(Ok(rest)) = act.value().get() {
            asked.set(false);
            toast::tell(&format!("已完成：{}", deed.label));
            rest();
        }
    });
    // Until the page is alive there is nobody to take the click.
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let sentence = move || {
        let error = act.value().get()?.err()?;
        let field =
            deed.word.and_then(|(name, _)| error.fields().and_then(|fields| fields.get(name)).map(ToOwned::to_owned));
        Some(match field {
            Some(field) => view! { <p class="field-error" role="alert">{field}</p> }.into_any(),
            None => error_view(&error),
        })
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        act.dispatch(word.get_untracked());
    };
    view! {
        <button type="button" class=deed.class disabled=move || !alive.get() aria-expanded=move || asked.get().to_string() on:click=move |_| asked.update(|asked| *asked = !*asked)>{deed.label}</button>
        {changing(move || asked.get().then(|| {
            let first = NodeRef::<html::Button>::new();
            let input = NodeRef::<html::Input>::new();
            Effect::new(move |_| {
                // Whoever asked by keyboard goes on by keyboard.
                let _ = match input.get() {
                    Some(input) => input.focus(),
                    None => first.get().map_or(Ok(()), |button| button.focus()),
                };
            });
            view! {
                <form class="deed" aria-label=format!("{}确认", deed.label) on:submit=submit novalidate>
                    <p>{deed.question}</p>
                    {deed.word.map(|(name, label)| view! {
                        <label class="grow"><span class="text-sm">{label}</span>
                            <input node_ref=input class="input input-sm w-full" name=name maxlength="200" prop:value=word on:input=move |event| word.set(event_target_value(&event)) />
                        </label>
                    })}
                    <button node_ref=first type="submit" class="btn btn-sm btn-primary" disabled=act.pending()>"确定"</button>
                    <button type="button" class="btn btn-sm btn-ghost" on:click=move |_| asked.set(false)>"取消"</button>
                    <div class="w-full">{changing(sentence)}</div>
                </form>
            }
        }))}
    }
    .into_any()
}
