//! Parameters (S1-9.6): what is in force, what comes, and the form that asks for a new value.

use crate::{
    Api, ApiError,
    shell::may,
    ui::{
        PageHead,
        changing::changing,
        combo::flat,
        empty_view, error_view,
        field::chosen,
        form::{Deeds, Newer, use_edit},
        loading_view,
        resource::resource,
    },
};
use domain::{
    failure::Failure,
    id::ApprovalId,
    platform::{
        parameter::{Parameter, ParameterForm, ParameterRow, ParameterValue, parameter},
        permission::Permission,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use std::{collections::BTreeSet, sync::Arc};

const PATH: &str = "/platform/parameters";

/// Every parameter with its values.
#[server(endpoint = "parameter_list", protocol = Api)]
pub async fn parameter_list() -> Result<Vec<ParameterRow>, ApiError> {
    Ok(store::platform::parameter::parameter_list(&crate::context::ctx()?).await?)
}

/// Asks for a value from a day on.
#[server(endpoint = "parameter_request", protocol = Api)]
pub async fn parameter_request(version: i32, form: ParameterForm) -> Result<ApprovalId, ApiError> {
    Ok(store::platform::parameter::parameter_request(&crate::context::ctx()?, version, &form).await?)
}

fn shown(value: &str) -> String {
    if value.is_empty() { "（空）".to_owned() } else { value.to_owned() }
}

pub fn list_view() -> AnyView {
    let rows = resource(|| (), |()| parameter_list());
    view! {
        <main class="page">
            <PageHead title="参数设置" />
            <section class="card-table" aria-label="列表">
                <Suspense fallback=loading_view>
                    {changing(move || Suspend::new(async move {
                        match rows.await {
                            Ok(rows) => table(rows).into_any(),
                            Err(error) => error_view(&error),
                        }
                    }))}
                </Suspense>
            </section>
        </main>
    }
    .into_any()
}

fn table(rows: Vec<ParameterRow>) -> impl IntoView {
    let rows = rows
        .into_iter()
        .map(|row| {
            let label = parameter(&row.code).map_or("", |parameter| parameter.label);
            let since = row.since.map_or_else(|| "默认值".to_owned(), |day| day.to_string());
            let coming = row.values.iter().find(|value| value.district.is_none());
            let coming = coming.filter(|value| row.since.is_none_or(|since| value.valid_from > since));
            let coming = coming.map(|value| format!("{}起：{}", value.valid_from, shown(&value.value)));
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=format!("{PATH}/{}", row.code)>{label}</a></td>
                    <td class="desk-only">{row.code.clone()}</td>
                    <td class="break-all">{shown(&row.value)}{own_of_districts(&row.values)}</td>
                    <td class="whitespace-nowrap tabular-nums">{since}</td>
                    <td class="desk-only">{coming}{row.pending.then_some("有待复核的变更")}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="参数列表">
            <table class="table table-sm data-table">
                <thead><tr>
                    <th scope="col">"名称"</th><th scope="col" class="desk-only">"编码"</th><th scope="col">"当前值"</th>
                    <th scope="col">"生效日期"</th><th scope="col" class="desk-only">"待生效"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// That districts have values of their own.
fn own_of_districts(values: &[ParameterValue]) -> Option<AnyView> {
    let districts: BTreeSet<_> = values.iter().filter_map(|value| value.district.as_deref()).collect();
    let told = (!districts.is_empty()).then(|| format!("{}个区县另行规定", districts.len()))?;
    Some(view! { <span class="badge badge-ghost badge-sm ms-2 whitespace-nowrap">{told}</span> }.into_any())
}

pub fn detail_view() -> AnyView {
    let params = use_params_map();
    let code = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let rows = resource(
        move || code.get(),
        |code| async move { parameter_list().await.map(|rows| rows.into_iter().find(|row| row.code == code)) },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match rows.await {
                        Ok(row) => match row.and_then(|row| parameter(&row.code).map(|known| (row, known))) {
                            Some((row, known)) => record(row, known).into_any(),
                            None => empty_view("没有这个参数"),
                        },
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn record(row: ParameterRow, known: &'static Parameter) -> impl IntoView {
    let pending = row.pending;
    let history = history(&row.values);
    let form = move || (may(Permission::ParameterWrite) && !pending).then(|| form_view(known, &row));
    view! {
        <PageHead title=known.label back=(PATH.to_owned(), "参数设置".to_owned()) />
        {pending.then(|| view! { <div class="alert alert-warning alert-soft">"该参数有待复核的变更。"<a class="link" href="/platform/approvals?status=PENDING&kind=PARAMETER">"查看"</a></div> })}
        {changing(form)}
        {history}
    }
}

const CITYWIDE: &str = "全市";

fn history(values: &[ParameterValue]) -> impl IntoView + use<> {
    let person = |name: Option<&String>| name.cloned().unwrap_or_else(|| "—".to_owned());
    let rows = values
        .iter()
        .map(|value| {
            view! {
                <tr>
                    <td class="whitespace-nowrap tabular-nums">{value.valid_from.to_string()}</td>
                    <td>{value.district.clone().unwrap_or_else(|| CITYWIDE.to_owned())}</td>
                    <td class="break-all">{shown(&value.value)}</td>
                    <td>{person(value.maker.as_ref())}</td>
                    <td>{person(value.checker.as_ref())}</td>
                </tr>
            }
        })
        .collect_view();
    let none = values.is_empty();
    view! {
        <section class="panel">
            <h2>"历次取值"</h2>
            {if none {
                view! { <p class="opacity-80">"未设置过，使用默认值"</p> }.into_any()
            } else {
                view! {
                    <div class="table-scroll" tabindex="0" role="region" aria-label="历次取值">
                        <table class="table table-sm">
                            <thead><tr><th scope="col">"生效日期"</th><th scope="col">"适用范围"</th><th scope="col">"值"</th><th scope="col">"提交人"</th><th scope="col">"复核人"</th></tr></thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                }
                .into_any()
            }}
        </section>
    }
}

/// The value in force, as the form begins with it.
fn start(row: &ParameterRow) -> ParameterForm {
    ParameterForm { code: row.code.clone(), value: row.value.clone(), ..ParameterForm::default() }
}

/// One parameter as it is now.
async fn parameter_get(code: &str) -> Result<ParameterRow, ApiError> {
    let found = parameter_list().await?.into_iter().find(|row| row.code == code);
    found.ok_or_else(|| Failure::NotFound.into())
}

fn form_view(known: &'static Parameter, row: &ParameterRow) -> impl IntoView + use<> {
    let deeds = Deeds {
        // The day is the store's to judge, whose clock counts.
        check: Box::new(|_: &ParameterForm| Ok(())),
        save: Arc::new(|form, version| {
            Box::pin(async move {
                let request = parameter_request(version.unwrap_or_default(), form).await?;
                Ok(format!("/platform/approvals/{request}"))
            })
        }),
        reload: Some(Arc::new(move || {
            Box::pin(async move {
                let row = parameter_get(known.code).await?;
                let at = row.updated_at.ok_or(Failure::NotFound)?;
                Ok(Newer { form: start(&row), version: row.version, at, by: row.updated_by })
            })
        })),
    };
    let edit = use_edit(start(row), Some(row.version), deeds);
    let districts = known.by_district.then(|| {
        let places = flat(chosen(row.districts.clone()));
        view! {
            {edit.pick("district", "适用区县", false, |form| &mut form.district, places)}
            <p class="form-note">"不选区县时对全市生效，已另行规定的区县除外。"</p>
        }
    });
    let fields = view! {
        {districts}
        {edit.text("value", "新值", false, |form| &mut form.value, ("text", ""))}
        {edit.text("valid_from", "生效日期", true, |form| &mut form.valid_from, ("date", ""))}
        {edit.text("reason", "变更原因", true, |form| &mut form.reason, ("text", "供复核人判断"))}
        <p class="form-note">{known.hint}</p>
    };
    edit.view_of(fields, "提交复核", PATH.to_owned())
}
