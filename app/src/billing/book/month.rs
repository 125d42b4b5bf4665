//! 科目余额表 and 结账 (S4-1.12): a month of a district, and what stands against closing it.

use super::api::{ledger_close, ledger_month_get};
use crate::{
    billing::{figure, table_panel},
    housing::choice::stock_choices_get,
    shell::{may, use_frame},
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        error_view,
        label::told,
        loading_view, print_button,
        resource::resource,
        table::time_text,
    },
};
use domain::{
    billing::{
        ledger::{LedgerMonth, PeriodForm},
        run::month_text,
    },
    housing::choice::Choice,
    platform::permission::Permission,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

pub(super) fn month_view() -> AnyView {
    let query = use_query_map();
    let choices = resource(|| (), |()| stock_choices_get());
    let asked = Memo::new(move |_| {
        query.with(|query| PeriodForm {
            district: query.get("district").unwrap_or_default(),
            month: query.get("month").unwrap_or_default(),
        })
    });
    view! {
        <main class="page">
            <PageHead title="总账">
                {print_button()}
                <a class="btn btn-outline btn-sm" href="/billing/entries">"分录"</a>
                <a class="btn btn-outline btn-sm" href="/billing/levels">"三级账户"</a>
            </PageHead>
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match choices.await {
                        Ok(choices) => month_of(choices.districts, asked).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

/// The form that names a month, and the month; without a choice the present one of the first district.
fn month_of(districts: Vec<Choice>, asked: Memo<PeriodForm>) -> impl IntoView {
    let today = use_frame().with_untracked(|frame| frame.day.clone());
    let first = districts.first().map(|district| district.id.to_string()).unwrap_or_default();
    let wanted = Memo::new(move |_| {
        let mut form = asked.get();
        if form.district.is_empty() {
            form.district.clone_from(&first);
        }
        if form.month.is_empty() {
            form.month = today.get(..7).unwrap_or_default().to_owned();
        }
        form
    });
    let month = resource(move || wanted.get(), ledger_month_get);
    let again = Callback::new(move |()| month.refetch());
    view! {
        {choose(districts, wanted)}
        {awaited(month, move |month| page(&month, wanted.get_untracked(), again).into_any())}
    }
}

/// A plain form: works before the page is alive, and the choice stands in the address.
fn choose(districts: Vec<Choice>, wanted: Memo<PeriodForm>) -> impl IntoView {
    let options = districts
        .into_iter()
        .map(|district| {
            let id = district.id.to_string();
            let own = id.clone();
            view! { <option value=id selected=move || wanted.with(|form| form.district == own)>{district.label}</option> }
        })
        .collect_view();
    view! {
        <form class="filter-bar no-print" method="get" action="/billing/ledger" aria-label="选择月份">
            <label class="filter-field"><span>"区县"</span><select class="select select-sm" name="district">{options}</select></label>
            <label class="filter-field"><span>"月份"</span>
                <input class="input input-sm" type="month" name="month" required value=move || wanted.with(|form| form.month.clone()) />
            </label>
            <button type="submit" class="btn btn-primary btn-sm">"查询"</button>
        </form>
    }
}

fn page(month: &LedgerMonth, form: PeriodForm, again: Callback<()>) -> impl IntoView + use<> {
    let (debit, credit) = month.sums();
    let rows = month
        .lines
        .iter()
        .map(|line| {
            view! {
                <tr>
                    <th scope="row">{told(line.subject)}</th>
                    <td class="figures">{line.opening.to_string()}</td>
                    <td class="figures">{line.debit.to_string()}</td>
                    <td class="figures">{line.credit.to_string()}</td>
                    <td class="figures">{line.closing().to_string()}</td>
                    <td class="desk-only">{if line.subject.is_debit() { "借" } else { "贷" }}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let head = view! {
        <th scope="col">"科目"</th><th scope="col" class="figures">"期初余额(元)"</th><th scope="col" class="figures">"本期借方(元)"</th>
        <th scope="col" class="figures">"本期贷方(元)"</th><th scope="col" class="figures">"期末余额(元)"</th>
        <th scope="col" class="desk-only">"方向"</th>
    };
    view! {
        <section class="panel" aria-label="月份">
            <div class="figure-row">
                {figure("区县", month.district.clone())}
                {figure("月份", month_text(month.month))}
                {figure("本期借方合计(元)", debit.to_string())}
                {figure("本期贷方合计(元)", credit.to_string())}
                {figure("状态", if month.closed_at.is_some() { "已结账" } else { "未结账" })}
            </div>
            {state(month, form, again)}
        </section>
        {table_panel("科目余额表", head.into_any(), rows, "该月没有发生额")}
    }
}

/// Who closed it and when, or what stands against closing it, or the button.
fn state(month: &LedgerMonth, form: PeriodForm, again: Callback<()>) -> AnyView {
    if let Some(at) = month.closed_at {
        let by = month.closed_by.clone().unwrap_or_default();
        return view! { <p class="page-note">{format!("{by}于{}结账，该月不能再记账。", time_text(at))}</p> }
            .into_any();
    }
    if !month.obstacles.is_empty() {
        let lines = month.obstacles.iter().map(|text| view! { <li>{text.clone()}</li> }).collect_view();
        return view! { <div class="page-note"><p>"暂不能结账："</p><ul class="list-disc ps-6">{lines}</ul></div> }
            .into_any();
    }
    let close = move || {
        let form = form.clone();
        deed(
            Deed {
                label: "结账",
                class: "btn btn-primary btn-sm",
                question: "结账后该月不能再记账，也不能反结账。确定结账吗？",
                word: None,
            },
            move |_| ledger_close(form.clone()),
            move |()| again.run(()),
        )
    };
    view! { <div class="deed-row">{changing(move || may(Permission::PeriodClose).then(&close))}</div> }.into_any()
}
