//! 验房单 (X7): the day, the meters, what stands in the home and how it is, and who signed.

use super::{
    api::{exit_inspect, exit_inspection_offer_get},
    inspection_items::ITEMS,
};
use crate::ui::{
    PageHead,
    changing::changing,
    detail::{field_group, use_id},
    error_view,
    form::{Deeds, Edit, use_edit},
    loading_view,
    resource::resource,
};
use domain::{
    dictionary::MeterType,
    id::ExitId,
    sheet::{Cell, cell_or_empty},
    tenancy::{
        exit_inspection::{InspectionForm, InspectionOffer},
        exit_sheet::EXIT_LIST,
    },
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn form_page() -> AnyView {
    let id = use_id();
    let offer = resource(move || id.get(), |id| exit_inspection_offer_get(ExitId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match offer.await {
                        Ok(offer) => form_view(ExitId(id.get_untracked()), offer),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(id: ExitId, offer: InspectionOffer) -> AnyView {
    let page = format!("{}/{id}", EXIT_LIST.path);
    let (then, today, to) = (offer.then.clone(), offer.today, page.clone());
    let deeds = Deeds {
        check: Box::new(move |form: &InspectionForm| form.check(&then, today).map(drop)),
        save: Arc::new(move |form, version| {
            let to = to.clone();
            Box::pin(async move { exit_inspect(id, version.unwrap_or_default(), form).await.map(|()| to) })
        }),
        reload: None,
    };
    let edit = use_edit(offer.form(), Some(offer.version), deeds);
    let fields = view! {
        {deed_fields(edit)}
        {ITEMS.view(edit)}
    };
    let before = offer.then.readings.iter().map(|(meter, reading)| format!("{meter} {reading}")).collect::<Vec<_>>();
    view! {
        <PageHead title="登记验房" back=(page.clone(), offer.exit_no.clone()) />
        {field_group("退租与交房记录", vec![
            ("承租人", Cell::text(&offer.lessee)),
            ("房屋", Cell::text(&offer.place)),
            ("退租日期", Cell::Date(offer.exit_on)),
            ("交房日期", cell_or_empty(offer.then.handed_on, Cell::Date)),
            ("交房钥匙数", cell_or_empty(offer.then.keys, |keys| Cell::Number(keys.into()))),
            ("交房读数", Cell::text(&before.join("，"))),
        ])}
        {edit.view_of(fields, "登记验房", page)}
    }
    .into_any()
}

/// 已归零 of each meter: a value below the last one is a mistake unless this is said.
fn rolled_fields(edit: Edit<InspectionForm>) -> AnyView {
    let boxes = MeterType::METERS.map(|meter| {
        let code = meter.code();
        let held = move || edit.form.with(|form| form.rolled.iter().any(|known| known == code));
        let toggle = move |event| {
            let checked = event_target_checked(&event);
            edit.form.update(|form| {
                form.rolled.retain(|known| known != code);
                if checked {
                    form.rolled.push(code.to_owned());
                }
            });
        };
        view! {
            <label class="check-box">
                <input type="checkbox" name=format!("rolled-{code}") class="checkbox checkbox-sm" checked=held prop:checked=held on:change=toggle />
                {format!("{}表已归零", meter.label())}
            </label>
        }
    });
    view! { <div class="form-field check-field">{boxes}</div> }.into_any()
}

/// Day, meters and signature.
fn deed_fields(edit: Edit<InspectionForm>) -> AnyView {
    let held = move || edit.form.with(|form| form.signed);
    let toggle = move |event| {
        let checked = event_target_checked(&event);
        edit.form.update(|form| form.signed = checked);
    };
    let complaint = move || edit.errors.with(|errors| errors.get("signed").map(ToOwned::to_owned));
    let invalid = move || edit.errors.with(|errors| errors.get("signed").is_some()).then_some("true");
    view! {
        <h2 class="form-section">"验房"</h2>
        {edit.text("inspected_on", "验房日期", true, |form| &mut form.inspected_on, ("date", ""))}
        {edit.text("water", "水表读数", false, |form| &mut form.water, ("text", "没有则留空"))}
        {edit.text("power", "电表读数", false, |form| &mut form.power, ("text", "没有则留空"))}
        {edit.text("gas", "气表读数", false, |form| &mut form.gas, ("text", "没有则留空"))}
        {edit.text("heat", "热表读数", false, |form| &mut form.heat, ("text", "没有则留空"))}
        {rolled_fields(edit)}
        {edit.text("signed_by", "签字人", true, |form| &mut form.signed_by, ("text", "承租人或其委托的人"))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", "换表、委托他人等请注明"))}
        <div class="form-field check-field" class:has-error=move || complaint().is_some()>
            <label class="check-box">
                <input type="checkbox" id="signed" name="signed" class="checkbox checkbox-sm" checked=held prop:checked=held aria-invalid=invalid aria-describedby="signed-error" on:change=toggle />
                "签字人已在验房单上签字"
            </label>
            <p class="field-error" id="signed-error" role="alert">{changing(complaint)}</p>
        </div>
    }
    .into_any()
}
