//! What is asked for about a household: a notice or a task, a pause, a plan of instalments.

use super::api::{dunning_account_get, dunning_create, instalment_create, pause_create};
use crate::ui::{
    PageHead,
    changing::changing,
    detail::use_id,
    error_view,
    field::{coded, fixed},
    form::{Deeds, use_edit},
    lines::{LineCell, LineKind, Lines, always},
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
                {changing(move || Suspend::new(async move {
                    match account.await {
                        Ok(account) => {
                            let back = format!("/billing/dunning/accounts/{}", account.account_id);
                            let form = form(&account, back.clone());
                            view! { <PageHead title=title back=(back, account.lessee.clone()) />{form} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
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
        let (id, today) = (account.account_id, account.today);
        let deeds = Deeds {
            check: Box::new(move |form: &DunningForm| form.check(today).map(drop)),
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
            {edit.text("content", "内容", false, |form| &mut form.content, ("text", "留空按欠费生成，短信和语音按模板生成，200字以内"))}
            {changing(move || edit.form.with(|form| form.way == DunningWay::Lawsuit.code()).then(|| view! {
                <p class="form-note">"诉讼用于累计欠费达到六个月的承租人；登记后在记录中上传法院文书。"</p>
                {edit.text("court", "法院", true, |form| &mut form.court, ("text", "50字以内"))}
                {edit.text("case_no", "案号", true, |form| &mut form.case_no, ("text", "如（2026）演01民初1号"))}
                {edit.text("filed_on", "立案日期", true, |form| &mut form.filed_on, ("date", ""))}
            }))}
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
            {LINES.view(edit)}
        };
        view! {
            <p class="page-note">"各期合计须等于欠费。经复核后生效：按期还款期间不计欠费等级；逾期未还的，恢复到分期前的等级。"</p>
            {edit.view_of(fields, "申请", back)}
        }
        .into_any()
    })
}

static LINES: Lines<InstalmentForm, LineForm> = Lines {
    field: "lines",
    title: "分期计划",
    line: "line",
    unit: "期",
    most: LINES_MAX,
    read: |form| &form.lines,
    write: |form| &mut form.lines,
    blank: LineForm::default,
    add: "添加一期",
    hint: "",
    told: |line| format!("{} {}元", line.due_on, line.amount),
    cells: CELLS,
};

#[rustfmt::skip] // a table: one line per cell
const CELLS: &[LineCell<LineForm>] = &[
    LineCell { header: "还款日期", name: "day", says: "日期", kind: LineKind::Day, class: "", text: |line| &mut line.due_on, off: always },
    LineCell { header: "金额(元)", name: "amount", says: "金额", kind: LineKind::Money, class: "w-32", text: |line| &mut line.amount, off: always },
];
