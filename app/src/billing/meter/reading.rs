//! A reading: what was measured, whom it was charged to, and its correction.

use super::{
    api::{meter_reading_correct, meter_reading_get},
    grid::confirm_view,
};
use crate::{
    billing::table_panel,
    platform::attachment::attachments_panel,
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        detail::{field_group, use_id},
        form::{Deeds, use_edit},
        print_button,
        resource::resource,
    },
};
use domain::{
    billing::{
        meter_reading::{CorrectForm, ReadingCharge, ReadingRecord, ReadingStatus},
        meter_sheet::{METER_LIST, READING_LIST},
    },
    dictionary::AttachmentOwner,
    platform::permission::Permission,
    sheet::Cell,
    value::Money,
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let record = resource(move || id.get(), meter_reading_get);
    let again = Callback::new(move |()| record.refetch());
    view! {
        <main class="page">
            {awaited(record, move |record| page(&record, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(record: &ReadingRecord, again: Callback<()>) -> impl IntoView + use<> {
    let row = &record.row;
    let mut fields = READING_LIST.fields(row);
    fields.extend([
        ("起算日期", Cell::Date(row.from)),
        ("已归零", Cell::text(if row.rolled { "是" } else { "否" })),
        ("说明", Cell::text(row.note.as_deref().unwrap_or_default())),
    ]);
    let correctable = record.is_last && row.status == ReadingStatus::Billed && row.tariff.is_some();
    let (id, version) = (row.id, row.version);
    let form = move || (correctable && may(Permission::BillWrite)).then(|| correct_view(id, version, again));
    let strange = row.status == ReadingStatus::Abnormal;
    let confirm = move || (strange && may(Permission::MeterWrite)).then(|| confirm_view(id, version, again));
    let meter = format!("{}/{}", METER_LIST.path, row.meter_id);
    view! {
        <PageHead title=format!("抄表记录 {}", row.meter_no) back=(READING_LIST.path.to_owned(), READING_LIST.noun.to_owned())>
            {print_button()}
            <a class="btn btn-outline btn-sm" href=meter>"表具"</a>
        </PageHead>
        <div class="deed-row">{changing(confirm)}</div>
        {field_group("抄表信息", fields)}
        {charges_view(&record.charges)}
        {changing(form)}
        {attachments_panel(AttachmentOwner::MeterReading, Signal::stored(id))}
    }
}

fn charges_view(charges: &[ReadingCharge]) -> AnyView {
    let head = view! {
        <th scope="col">"承租人"</th><th scope="col" class="desk-only">"住房地址"</th><th scope="col">"账单号"</th>
        <th scope="col" class="figures">"金额(元)"</th><th scope="col">"状态"</th>
    }
    .into_any();
    let rows = charges
        .iter()
        .map(|charge| {
            let back = charge.amount < Money::ZERO;
            let bill = charge.bill.clone().map_or_else(
                || view! { <span>{if back { "转入账户余额" } else { "没有用量" }}</span> }.into_any(),
                |(id, no)| view! { <a class="link link-primary link-hover" href=format!("/billing/bills/{id}")>{no}</a> }.into_any(),
            );
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=format!("/billing/accounts/{}", charge.account_id)>{charge.lessee.clone()}</a></td>
                    <td class="desk-only">{charge.address.clone()}</td>
                    <td>{bill}</td>
                    <td class="figures">{charge.amount.to_string()}</td>
                    <td>{if charge.taken_back { "已冲销" } else { "有效" }}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    table_panel("账单", head, rows, "没有账单：尚未出账，或无人居住")
}

fn correct_view(id: i64, version: i32, again: Callback<()>) -> AnyView {
    let deeds = Deeds {
        check: Box::new(|form: &CorrectForm| form.check().map(drop)),
        save: Arc::new(move |form: CorrectForm, _| {
            Box::pin(async move {
                meter_reading_correct(id, version, form).await?;
                again.run(());
                Ok(String::new())
            })
        }),
        reload: None,
    };
    let edit = use_edit(CorrectForm { rolled: "NO".into(), ..CorrectForm::default() }, None, deeds);
    let rolled = vec![("NO".to_owned(), "否".to_owned()), ("YES".to_owned(), "是".to_owned())];
    let fields = view! {
        {edit.text("closing", "正确的期末值", true, |form| &mut form.closing, ("money", "最多2位小数"))}
        {edit.select("rolled", "已归零", true, |form| &mut form.rolled, rolled)}
        {edit.text("reason", "更正原因", true, |form| &mut form.reason, ("text", "如 抄错"))}
    };
    view! {
        <h2 class="form-section">"更正读数"</h2>
        <p class="page-note">"账单未缴清的，冲销后按正确读数重开，已缴部分转入账户余额；已缴清的，少收部分另开账单，多收部分转入账户余额。"</p>
        {edit.view_of(fields, "更正", READING_LIST.path.to_owned())}
    }
    .into_any()
}
