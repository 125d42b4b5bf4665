//! What is asked for about a household: a notice or a task, a pause, a plan of instalments.

use super::api::{dunning_account_get, dunning_create, instalment_create, pause_create};
use crate::ui::{
    PageHead,
    detail::use_id,
    error_view,
    field::{coded, fixed},
    form::{Deeds, Edit, use_edit},
    loading_view,
    request::request_id,
    resource::resource,
};
use chrono::Months;
use domain::{
    billing::{
        dunning::DunningWay,
        dunning_account::DunningAccount,
        dunning_form::DunningForm,
        dunning_sheet::DUNNING_LIST,
        instalment::{INSTALMENT_LIST, InstalmentForm, LINES_MAX, LineForm, PAUSE_LIST, PauseForm, PauseGround},
    },
    failure::FieldErrors,
    id::AccountId,
    value::split,
};
use leptos::prelude::*;
use std::sync::Arc;

/// A page around the form of the household that the address names.
fn page(title: &'static str, form: fn(&DunningAccount, String) -> AnyView) -> AnyView {
    let id = use_id();
    let account = resource(move || id.get(), |id| dunning_account_get(AccountId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match account.await {
                        Ok(account) => {
                            let back = format!("/billing/dunning/accounts/{}", account.account_id);
                            let form = form(&account, back.clone());
                            view! { <PageHead title=title back=(back, account.lessee.clone()) />{form} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

fn household(account: &DunningAccount) -> impl IntoView + use<> {
    view! {
        {fixed("dunning-person", "承租人", account.lessee.clone())}
        {fixed("dunning-address", "住房地址", account.address.clone())}
        {fixed("dunning-amount", "欠费(元)", format!("{}个月，{}", account.periods, account.amount))}
    }
}

pub(super) fn record_view() -> AnyView {
    page("登记催缴", |account, back| {
        let id = account.account_id;
        let deeds = Deeds {
            check: Box::new(|form: &DunningForm| form.check().map(drop)),
            save: Arc::new(move |form, _| {
                Box::pin(async move {
                    dunning_create(id, form).await.map(|record| format!("{}/{record}", DUNNING_LIST.path))
                })
            }),
            reload: None,
        };
        let edit = use_edit(DunningForm::default(), None, deeds);
        Effect::new(move |_| edit.form.update(|form| form.request = request_id()));
        let fields = view! {
            {household(account)}
            {edit.select("way", "催缴方式", true, |form| &mut form.way, coded(DunningWay::choices()))}
            {edit.text("content", "内容", false, |form| &mut form.content, ("text", "留空按欠费生成，短信按模板生成，200字以内"))}
        };
        edit.view_of(fields, "登记", back)
    })
}

pub(super) fn pause_view() -> AnyView {
    page("申请暂停催缴", |account, back| {
        let (id, today) = (account.account_id, account.today);
        let deeds = Deeds {
            check: Box::new(move |form: &PauseForm| form.check(today).map(drop)),
            save: Arc::new(move |form, _| {
                Box::pin(
                    async move { pause_create(id, form).await.map(|pause| format!("{}/{pause}", PAUSE_LIST.path)) },
                )
            }),
            reload: None,
        };
        let edit = use_edit(PauseForm::default(), None, deeds);
        let fields = view! {
            {household(account)}
            {edit.select("ground", "暂停原因", true, |form| &mut form.ground, coded(PauseGround::choices()))}
            {edit.text("until", "截止日期", true, |form| &mut form.until, ("date", ""))}
            {edit.text("reason", "说明", true, |form| &mut form.reason, ("text", "如低保审批中，200字以内"))}
        };
        view! {
            <p class="page-note">"经复核后生效：截止日期前不再催缴，欠费等级不再上升；欠费照常计算。"</p>
            {edit.view_of(fields, "申请", back)}
        }
        .into_any()
    })
}

pub(super) fn instalment_view() -> AnyView {
    page("申请分期还款", |account, back| {
        let (id, today, debt) = (account.account_id, account.today, account.debt);
        let deeds = Deeds {
            check: Box::new(move |form: &InstalmentForm| form.check(debt, today).map(drop)),
            save: Arc::new(move |form, _| {
                Box::pin(async move {
                    instalment_create(id, form).await.map(|plan| format!("{}/{plan}", INSTALMENT_LIST.path))
                })
            }),
            reload: None,
        };
        // Three months, as equal as fen allow.
        let lines = (1..)
            .zip(split(debt, &[1, 1, 1]))
            .filter_map(|(months, amount)| {
                let due_on = today.checked_add_months(Months::new(months))?.to_string();
                Some(LineForm { due_on, amount: amount.to_string().replace(',', "") })
            })
            .collect();
        let edit = use_edit(InstalmentForm { lines, ..InstalmentForm::default() }, None, deeds);
        Effect::new(move |_| edit.form.update(|form| form.request = request_id()));
        let fields = view! {
            {household(account)}
            {fixed("dunning-debt", "应分期金额(元)", debt.to_string())}
            {edit.text("reason", "说明", true, |form| &mut form.reason, ("text", "如暂时困难，200字以内"))}
            {lines_view(edit)}
        };
        view! {
            <p class="page-note">"各期合计须等于欠费。经复核后生效：按期还款期间不计欠费等级；逾期未还的，恢复到分期前的等级。"</p>
            {edit.view_of(fields, "申请", back)}
        }
        .into_any()
    })
}

fn lines_view(edit: Edit<InstalmentForm>) -> AnyView {
    let count = Memo::new(move |_| edit.form.with(|form| form.lines.len()));
    let lines = move || (0..count.get()).map(|place| line_view(edit, place)).collect_view();
    let add = move |_| edit.form.update(|form| form.lines.push(LineForm::default()));
    let full = move || count.get() >= LINES_MAX;
    let complaint = move || edit.errors.with(|errors| errors.get("lines").map(ToOwned::to_owned));
    view! {
        <h2 class="form-section">"分期计划"</h2>
        <div class="table-scroll form-wide" tabindex="0" role="region" aria-label="分期计划">
            <table class="table table-sm">
                <thead><tr><th scope="col">"还款日期"</th><th scope="col">"金额(元)"</th><th scope="col">"操作"</th></tr></thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
        <div class="form-note">
            <button type="button" class="btn btn-outline btn-sm" disabled=full on:click=add>"添加一期"</button>
            <p class="field-error" role="alert">{complaint}</p>
        </div>
    }
    .into_any()
}

fn line_view(edit: Edit<InstalmentForm>, place: usize) -> impl IntoView {
    let number = place + 1;
    let text = move |read: fn(&LineForm) -> &String| {
        move || edit.form.with(|form| form.lines.get(place).map(|line| read(line).clone()).unwrap_or_default())
    };
    let write = move |text: fn(&mut LineForm) -> &mut String, value: String| {
        edit.form.update(|form| {
            if let Some(line) = form.lines.get_mut(place) {
                *text(line) = value;
            }
        });
    };
    let remove = move |_| {
        edit.errors.set(FieldErrors::default());
        edit.form.update(|form| {
            if place < form.lines.len() {
                form.lines.remove(place);
            }
        });
    };
    let (day, amount) = (text(|line| &line.due_on), text(|line| &line.amount));
    view! {
        <tr>
            <td><input type="date" class="input input-sm" name=format!("line-{number}-day") aria-label=format!("第{number}期日期") prop:value=day on:input=move |event| write(|line| &mut line.due_on, event_target_value(&event)) /></td>
            <td><input type="text" inputmode="decimal" class="input input-sm w-32" name=format!("line-{number}-amount") aria-label=format!("第{number}期金额") prop:value=amount on:input=move |event| write(|line| &mut line.amount, event_target_value(&event)) /></td>
            <td><button type="button" class="btn btn-ghost btn-xs" aria-label=format!("移除第{number}期") on:click=remove>"移除"</button></td>
        </tr>
    }
}
