//! Number ranges (S1-9.10): how the numbers of each kind are made, and how far they are.

use crate::{
    Api, ApiError,
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        dialog::Ask,
        error_view,
        field::bind,
        icon,
        label::coded,
        resource::resource,
        table::{cell_view, kind_class},
    },
};
use domain::{
    dictionary::{NumberKind, NumberPeriod},
    failure::FieldErrors,
    list::Page,
    platform::{
        numbering::{NUMBER_LIST, NumberForm, NumberRow},
        permission::Permission,
    },
};
use leptos::prelude::*;

/// Every kind with its rule.
#[server(endpoint = "number_list", protocol = Api)]
pub async fn number_list() -> Result<Page<NumberRow>, ApiError> {
    let query = domain::list::ListQuery { size: 100, ..Default::default() };
    Ok(store::platform::numbering::number_list(&crate::context::ctx()?, &query).await?)
}

/// Sets the rule of a kind.
#[server(endpoint = "number_rule_save", protocol = Api)]
pub async fn number_rule_save(kind: NumberKind, version: i32, form: NumberForm) -> Result<(), ApiError> {
    Ok(store::platform::numbering::number_rule_save(&crate::context::ctx()?, kind, version, &form).await?)
}

pub fn list_view() -> AnyView {
    let rows = resource(|| (), |()| number_list());
    let again = Callback::new(move |()| rows.refetch());
    let edited = RwSignal::new(None::<NumberRow>);
    let export = format!("/files/export/{}?rows=1000", NUMBER_LIST.key);
    let tools = move || {
        let export = export.clone();
        may(Permission::NumberingRead)
            .then(|| view! { <a class="btn btn-outline btn-sm" href=export rel="external">{icon("export")}"导出"</a> })
    };
    view! {
        <main class="page">
            <PageHead title="编码规则">{changing(tools)}</PageHead>
            <p class="opacity-80 pb-3">"录入时编号留空即按规则自动编号。规则修改后对新编号生效，已有编号不变。"</p>
            <section class="card-table" aria-label="列表">
                {awaited(rows, move |page| table(page.rows, edited).into_any())}
            </section>
            {rule_dialog(edited, again)}
        </main>
    }
    .into_any()
}

fn table(rows: Vec<NumberRow>, edited: RwSignal<Option<NumberRow>>) -> impl IntoView {
    let columns = NUMBER_LIST.columns;
    let head: Vec<_> = columns
        .iter()
        .map(|column| view! { <th scope="col" class=kind_class(column.kind)>{column.header}</th> })
        .collect();
    let rows = rows
        .into_iter()
        .map(|row| {
            let cells = columns
                .iter()
                .map(|column| view! { <td class=kind_class(column.kind)>{cell_view((column.cell)(&row))}</td> })
                .collect_view();
            let named = format!("编辑{}", row.kind.label());
            let edit = move || {
                let (row, named) = (row.clone(), named.clone());
                may(Permission::NumberingWrite).then(|| view! {
                    <button type="button" class="btn btn-ghost btn-xs" aria-label=named on:click=move |_| edited.set(Some(row.clone()))>"编辑"</button>
                })
            };
            view! { <tr>{cells}<td>{changing(edit)}</td></tr> }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="编码规则列表">
            <table class="table table-sm data-table">
                <thead><tr>{head}<th scope="col">"操作"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// The form of a rule, over the list.
fn rule_dialog(edited: RwSignal<Option<NumberRow>>, again: Callback<()>) -> AnyView {
    let form = RwSignal::new(NumberForm::default());
    let errors = RwSignal::new(FieldErrors::default());
    let open = RwSignal::new(false);
    let save = Action::new(move |form: &NumberForm| {
        let (row, form) = (edited.get_untracked(), form.clone());
        async move {
            match row {
                Some(row) => number_rule_save(row.kind, row.version, form).await,
                None => Ok(()),
            }
        }
    });
    Effect::new(move |_| {
        if let Some(row) = edited.get() {
            form.set(NumberForm::from(&row));
            errors.set(FieldErrors::default());
            save.clear();
            open.set(true);
        }
    });
    Effect::new(move |_| {
        if !open.get() {
            edited.set(None);
        }
    });
    Effect::new(move |_| match save.value().get() {
        Some(Ok(())) => {
            open.set(false);
            again.run(());
        }
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let title = move || edited.get().map(|row| format!("{}编号规则", row.kind.label())).unwrap_or_default();
    view! { <Ask open=open title=Signal::derive(title)>{rule_form(form, errors, save, open)}</Ask> }.into_any()
}

fn rule_form(
    form: RwSignal<NumberForm>,
    errors: RwSignal<FieldErrors>,
    save: Action<NumberForm, Result<(), ApiError>>,
    open: RwSignal<bool>,
) -> impl IntoView {
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let checked = form.with_untracked(NumberForm::check);
        errors.set(checked.as_ref().err().cloned().unwrap_or_default());
        if checked.is_ok() {
            save.dispatch(form.get_untracked());
        }
    };
    let refused = move || save.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    let rule = move || form.with(|form| form.check().map(|(rule, _)| rule.text()).unwrap_or_default());
    let field = move |name, label, text| bind(form, errors, name, label, true, text);
    view! {
        <form class="form-grid pt-3" method="post" on:submit=submit novalidate autocomplete="off">
            {changing(move || refused().map(|error| error_view(&error)))}
            {bind(form, errors, "prefix", "前缀", false, |form| &mut form.prefix).text("text", "")}
            {field("date_part", "编号中的日期", |form| &mut form.date_part).select(coded(NumberPeriod::choices()))}
            {field("length", "流水位数", |form| &mut form.length).text("number", "1至12")}
            {field("reset", "重置周期", |form| &mut form.reset).select(coded(NumberPeriod::choices()))}
            {field("serial", "当前流水", |form| &mut form.serial).text("number", "只能调大")}
            <p class="form-note" role="status">{changing(rule)}</p>
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=save.pending()>"保存"</button>
                <button type="button" class="btn btn-ghost" on:click=move |_| open.set(false)>"取消"</button>
            </div>
        </form>
    }
}
