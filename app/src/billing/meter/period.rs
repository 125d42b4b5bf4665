//! 抄表期间: a new one, and one with its grid and what is done with it.

use super::{
    api::{
        meter_period_bill, meter_period_cancel, meter_period_check, meter_period_close, meter_period_get,
        meter_period_offer_get, meter_period_open, meter_period_return, meter_period_sync,
    },
    grid::{Typed, grid_view},
};
use crate::{
    billing::figure,
    shell::{may, today},
    ui::{
        PageHead,
        changing::{awaited, changing},
        combo::flat,
        deed::{Deed, deed},
        detail::{field_group, use_id},
        error_view,
        field::coded,
        form::{Deeds, use_edit},
        label::told,
        loading_view, print_button,
        resource::resource,
    },
};
use domain::{
    billing::{
        meter_reading::{Period, PeriodForm, PeriodOffer, PeriodRow, PeriodStatus},
        meter_sheet::PERIOD_LIST,
        run::month_text,
    },
    dictionary::MeterType,
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn new_view() -> AnyView {
    let offer = resource(|| (), |()| meter_period_offer_get());
    view! {
        <main class="page">
            <PageHead title="新建抄表期间" back=(PERIOD_LIST.path.to_owned(), PERIOD_LIST.noun.to_owned()) />
            <p class="page-note">"一个小区同一类表具同时只有一个未出账的期间。期初值自动取上次的期末值。"</p>
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match offer.await {
                        Ok(offer) => form_view(offer),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(offer: PeriodOffer) -> AnyView {
    let today = today();
    let deeds = Deeds {
        check: Box::new(move |form: &PeriodForm| form.check(today).map(drop)),
        save: Arc::new(|form: PeriodForm, _| {
            Box::pin(async move { meter_period_open(form).await.map(|id| format!("{}/{id}", PERIOD_LIST.path)) })
        }),
        reload: None,
    };
    let start = PeriodForm { month: offer.month, from: offer.from, to: offer.to, ..PeriodForm::default() };
    let edit = use_edit(start, None, deeds);
    let estates = offer.estates.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    let fields = view! {
        {edit.pick("estate", "小区", true, |form| &mut form.estate, flat(estates))}
        {edit.select("meter", "公共事业费", true, |form| &mut form.meter, coded(MeterType::choices()))}
        {edit.text("month", "期间", true, |form| &mut form.month, ("month", "费用所在月，如 2026-03"))}
        {edit.text("from", "开始日期", true, |form| &mut form.from, ("date", ""))}
        {edit.text("to", "结束日期", true, |form| &mut form.to, ("date", ""))}
    };
    edit.view_of(fields, "下一步", PERIOD_LIST.path.to_owned())
}

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let record = resource(move || id.get(), meter_period_get);
    let again = Callback::new(move |()| record.refetch());
    let kept = Typed::new();
    view! {
        <main class="page">
            {awaited(record, move |period| page(&period, kept, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(period: &Period, kept: Typed, again: Callback<()>) -> impl IntoView + use<> {
    let row = &period.row;
    let title = format!("{} {}表 {}", row.estate, told(row.meter), month_text(row.month));
    let fields = vec![
        ("抄表日期", Cell::Text(format!("{} 至 {}", row.from, row.to))),
        ("单价", Cell::text(period.tariff.as_deref().unwrap_or("未设置"))),
        ("建立人", Cell::text(row.maker.as_deref().unwrap_or_default())),
        ("审核人", Cell::text(row.checker.as_deref().unwrap_or_default())),
        ("审核时间", cell_or_empty(row.checked_at, Cell::Time)),
        ("退回原因", Cell::text(row.returned.as_deref().unwrap_or_default())),
        ("出账人", Cell::text(row.billed_by.as_deref().unwrap_or_default())),
        ("出账时间", cell_or_empty(row.billed_at, Cell::Time)),
    ];
    view! {
        <PageHead title=title back=(PERIOD_LIST.path.to_owned(), PERIOD_LIST.noun.to_owned())>{print_button()}</PageHead>
        {deeds(row, again)}
        <section class="panel" aria-label="进度">
            <div class="figure-row">
                {figure("状态", told(row.status))}
                {figure("表具(块)", row.meters.to_string())}
                {figure("已抄(块)", row.read.to_string())}
                {figure("待确认(块)", row.abnormal.to_string())}
                {figure("出账金额(元)", row.amount.to_string())}
            </div>
        </section>
        {grid_view(period, kept, again)}
        {field_group("期间信息", fields)}
    }
}

/// What may be done with it now.
fn deeds(row: &PeriodRow, again: Callback<()>) -> AnyView {
    let (id, version, status) = (row.id, row.version, row.status);
    let plain = move |label, class, question| Deed { label, class, question, word: None };
    let check = move || {
        let question = "审核后读数不能再修改，由财务生成账单；未抄的表不出账，下期一并计算。确定审核通过吗？";
        let asked = plain("审核通过", "btn btn-primary btn-sm", question);
        deed(asked, move |_| meter_period_check(id, version), move |()| again.run(()))
    };
    let back = move || {
        deed(
            Deed {
                label: "退回重抄",
                class: "btn btn-outline btn-error btn-sm",
                question: "退回后可重新录入读数。请填写原因。",
                word: Some(("opinion", "退回原因")),
            },
            move |reason| meter_period_return(id, version, reason),
            move |()| again.run(()),
        )
    };
    let bill = move || {
        let question = "按期末日的单价为已抄的表生成账单并记入总账；正在退租的住户由退租账单结算。确定出账吗？";
        let asked = plain("生成账单", "btn btn-primary btn-sm", question);
        deed(asked, move |_| meter_period_bill(id, version), move |_| again.run(()))
    };
    let close = move || {
        let asked = plain("关闭期间", "btn btn-outline btn-sm", "关闭后本期读数不能再更正。确定关闭吗？");
        deed(asked, move |_| meter_period_close(id, version), move |()| again.run(()))
    };
    let sync = move || {
        let asked = plain("同步表具", "btn btn-outline btn-sm", "把本期建立之后新装的表具加入本期。确定同步吗？");
        deed(asked, move |_| meter_period_sync(id, version), move |()| again.run(()))
    };
    let cancel = move || {
        let question = "本期的读数一并删除，可重新建立本期。确定作废吗？";
        let asked = plain("作废", "btn btn-outline btn-error btn-sm", question);
        deed(asked, move |_| meter_period_cancel(id, version), move |()| again.run(()))
    };
    let checkable = row.checkable;
    view! {
        <div class="deed-row">
            {checkable.then(check)}
            {changing(move || (status == PeriodStatus::Checked && may(Permission::BillWrite)).then(bill))}
            {changing(move || (status == PeriodStatus::Checked && may(Permission::MeterCheck)).then(back))}
            {changing(move || (status == PeriodStatus::Billed && may(Permission::BillWrite)).then(close))}
            {changing(move || (status.is_open() && may(Permission::MeterWrite)).then(sync))}
            {changing(move || (status.is_open() && may(Permission::MeterWrite)).then(cancel))}
        </div>
    }
    .into_any()
}
