//! 生成账单: the runs that were made, and the dialog that starts one. A run is a job, so that nobody waits for it.

use super::api::{bill_run_create, bill_run_list};
use crate::{
    housing::choice::stock_choices_get,
    shell::{may, use_frame},
    ui::{
        changing::changing,
        dialog::Ask,
        error_view,
        field::{bind, chosen},
        icon,
        list::{ListActions, ListFrame, framed_list_page},
        loading_view,
        request::request_id,
        resource::resource,
    },
};
use chrono::NaiveDate;
use domain::{
    billing::run::{RUN_LIST, RunForm},
    failure::FieldErrors,
    housing::choice::Choice,
    platform::permission::Permission,
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("生成账单"),
        empty: Some("暂无生成记录，合同生效时已生成当月账单，以后每月在此生成"),
        tools: Some(start_tool),
        ..ListFrame::default()
    };
    framed_list_page(&RUN_LIST, frame, Signal::stored(ListActions::default()), bill_run_list)
}

fn start_tool() -> AnyView {
    let open = RwSignal::new(false);
    // Until the page is alive there is nobody to take the click.
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    view! {
        {changing(move || may(Permission::BillWrite).then(|| view! {
            <button type="button" class="btn btn-primary btn-sm" disabled=move || !alive.get() on:click=move |_| open.set(true)>{icon("add")}"生成账单"</button>
        }))}
        <Ask open=open title="生成账单">{changing(move || start_form(open))}</Ask>
    }
    .into_any()
}

fn start_form(open: RwSignal<bool>) -> impl IntoView {
    let choices = resource(|| (), |()| stock_choices_get());
    view! {
        <Suspense fallback=loading_view>
            {changing(move || Suspend::new(async move {
                match choices.await {
                    Ok(choices) => form_view(choices.districts, open).into_any(),
                    Err(error) => error_view(&error),
                }
            }))}
        </Suspense>
    }
}

fn form_view(districts: Vec<Choice>, open: RwSignal<bool>) -> impl IntoView {
    let day = use_frame().with_untracked(|frame| frame.day.clone());
    let today = day.parse::<NaiveDate>().unwrap_or_default();
    // Most people run the present month of the only district they see.
    let district = if let [only] = districts.as_slice() { only.id.to_string() } else { String::new() };
    let month = day.get(..7).unwrap_or_default().to_owned();
    let form = RwSignal::new(RunForm { request: request_id(), district, month });
    let errors = RwSignal::new(FieldErrors::default());
    let start = Action::new(move |form: &RunForm| bill_run_create(form.clone()));
    let navigate = use_navigate();
    Effect::new(move |_| match start.value().get() {
        Some(Ok(job)) => navigate(&format!("/platform/jobs/{job}"), Default::default()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match form.with_untracked(|form| form.check(today)) {
            Ok(_) => {
                errors.set(FieldErrors::default());
                start.dispatch(form.get_untracked());
            }
            Err(found) => errors.set(found),
        }
    };
    let refused = move || start.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    view! {
        <form class="form-grid pt-2" on:submit=submit novalidate autocomplete="off">
            <p class="col-span-full">"为该区县全部生效合同生成该账期的账单；已生成的账单不会重复，可以再次生成。"</p>
            {bind(form, errors, "district", "区县", true, |form| &mut form.district).select(chosen(districts))}
            {bind(form, errors, "month", "账期", true, |form| &mut form.month).text("month", "如 2026-03")}
            <div class="col-span-full">{changing(move || refused().map(|error| error_view(&error)))}</div>
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=start.pending()>"开始生成"</button>
                <button type="button" class="btn btn-ghost" on:click=move |_| open.set(false)>"取消"</button>
            </div>
        </form>
    }
}
