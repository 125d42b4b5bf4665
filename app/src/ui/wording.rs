//! How messages are worded: the texts that the program knows as a table, and what the forms of all of them ask for. What one
//! channel has besides is given along.

use super::{PageHead, changing::changing, error_view, field::coded, form::Edit, loading_view, resource::Loaded};
use leptos::prelude::*;
use serde::de::DeserializeOwned;

/// A line of the table.
pub struct Wording {
    pub code: &'static str,
    pub name: String,
    /// what stands in the column of the channel
    pub aside: String,
    pub content: String,
    pub enabled: bool,
}

/// The page of all texts. Each leads to its form, below `path`.
pub fn wordings_page<T>(
    (title, path, aside): (&'static str, &'static str, &'static str),
    templates: Loaded<Vec<T>>,
    line: fn(T) -> Wording,
) -> AnyView
where
    T: Clone + Send + Sync + DeserializeOwned + 'static,
{
    view! {
        <main class="page">
            <PageHead title=title />
            <section class="card-table" aria-label="列表">
                <Suspense fallback=loading_view>
                    {changing(move || Suspend::new(async move {
                        match templates.await {
                            Ok(templates) => table((title, path, aside), templates.into_iter().map(line).collect()),
                            Err(error) => error_view(&error),
                        }
                    }))}
                </Suspense>
            </section>
        </main>
    }
    .into_any()
}

fn table((title, path, aside): (&'static str, &'static str, &'static str), lines: Vec<Wording>) -> AnyView {
    let rows = lines
        .into_iter()
        .map(|line| {
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=format!("{path}/{}", line.code)>{line.name}</a></td>
                    <td class="desk-only">{line.code}</td>
                    <td class="desk-only whitespace-nowrap">{line.aside}</td>
                    <td>{line.content}</td>
                    <td class="whitespace-nowrap">{if line.enabled { "启用" } else { "停用" }}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label=format!("{title}列表")>
            <table class="table table-sm data-table">
                <thead><tr>
                    <th scope="col">"名称"</th><th scope="col" class="desk-only">"编码"</th><th scope="col" class="desk-only">{aside}</th>
                    <th scope="col">"内容"</th><th scope="col">"启用"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// A field of a form.
type Field<F> = fn(&mut F) -> &mut String;

/// The fields of a text: its content, what the channel has besides, whether it is sent, and how it looks with examples in it.
pub fn wording_fields<F: Clone + Send + Sync + 'static>(
    edit: Edit<F>,
    (code, channel): (&str, &str),
    placeholders: &[(&str, &str)],
    (content, enabled): (Field<F>, Field<F>),
    more: Option<AnyView>,
    preview: impl Fn(&F) -> String + Send + 'static,
) -> AnyView {
    let known: Vec<String> = placeholders.iter().map(|(name, _)| format!("{{{name}}}")).collect();
    let preview = move || edit.form.with(&preview);
    view! {
        <p class="form-note">{format!("编码{code}，渠道：{channel}。可用占位符：{}", known.join("、"))}</p>
        {edit.text("content", "内容", true, content, ("text", "200字以内"))}
        {more}
        {edit.select("enabled", "启用", true, enabled, coded(vec![("true", "启用"), ("false", "停用，不再发送")]))}
        <p class="form-note" aria-live="polite">"预览："<output for="content">{changing(preview)}</output></p>
    }
    .into_any()
}
