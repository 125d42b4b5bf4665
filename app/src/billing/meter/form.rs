//! The forms of the register: a new meter or a changed one, one for every home, and 换表.

use super::api::{meter_create, meter_get, meter_offer_get, meter_replace, meter_update, meters_create};
use crate::{
    ApiError,
    shell::today,
    ui::{
        PageHead,
        changing::changing,
        combo::flat,
        detail::use_id,
        error_view,
        field::{coded, fixed},
        form::{Deeds, Newer, use_edit},
        loading_view,
        resource::resource,
        toast,
        unit_picker::unit_picker,
    },
};
use domain::{
    billing::{
        meter::{Meter, MeterOffer, MeterShare},
        meter_form::{AutoForm, MeterForm, ReplaceForm},
        meter_sheet::METER_LIST,
    },
    dictionary::MeterType,
    housing::unit::UnitRow,
};
use leptos::prelude::*;
use std::sync::Arc;

fn pairs(pairs: Vec<(i64, String)>) -> Vec<(String, String)> {
    pairs.into_iter().map(|(id, label)| (id.to_string(), label)).collect()
}

pub(super) fn new_view() -> AnyView {
    let offer = resource(|| (), |()| meter_offer_get());
    view! {
        <main class="page">
            <PageHead title="新增表具" back=(METER_LIST.path.to_owned(), METER_LIST.noun.to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match offer.await {
                        Ok(offer) => form_view(offer, None),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

pub(super) fn edit_view() -> AnyView {
    let id = use_id();
    let both = resource(
        move || id.get(),
        |id| async move { Ok::<(MeterOffer, Meter), ApiError>((meter_offer_get().await?, meter_get(id).await?)) },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match both.await {
                        Ok((offer, meter)) => {
                            let back = (format!("{}/{}", METER_LIST.path, meter.row.id), meter.row.meter_no.clone());
                            view! { <PageHead title="编辑表具" back=back /> {form_view(offer, Some(meter))} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(offer: MeterOffer, meter: Option<Meter>) -> AnyView {
    let today = today();
    let known = meter.as_ref().map(|meter| (meter.row.id, meter.row.version));
    let start = meter.map_or_else(
        || MeterForm {
            install_on: offer.today.clone(),
            multiplier: "1".into(),
            smart: "NO".into(),
            ..MeterForm::default()
        },
        |meter| MeterForm::from(&meter.row),
    );
    let reload = known.map(|(id, _)| -> crate::ui::form::Reload<MeterForm> {
        Arc::new(move || {
            Box::pin(async move {
                let row = meter_get(id).await?.row;
                Ok(Newer { form: MeterForm::from(&row), version: row.version, at: row.updated_at, by: row.updated_by })
            })
        })
    });
    let deeds = Deeds {
        check: Box::new(move |form: &MeterForm| form.check(today).map(drop)),
        save: Arc::new(move |form: MeterForm, version| {
            Box::pin(async move {
                match (known, version) {
                    (Some((id, _)), Some(version)) => {
                        meter_update(id, version, form).await.map(|()| format!("{}/{id}", METER_LIST.path))
                    }
                    _ => meter_create(form).await.map(|id| format!("{}/{id}", METER_LIST.path)),
                }
            })
        }),
        reload,
    };
    let edit = use_edit(start, known.map(|(_, version)| version), deeds);
    let named =
        move |id: &str| edit.form.with(|form| if form.unit == id { form.unit_name.clone() } else { String::new() });
    let picked = Callback::new(move |unit: UnitRow| {
        edit.form.update(|form| {
            form.unit = unit.id.to_string();
            form.unit_name = format!("{} {}", unit.estate, unit.address);
        });
    });
    let unit = edit.field("unit", "房间", false, |form| &mut form.unit, named);
    let smart = vec![("NO".to_owned(), "否".to_owned()), ("YES".to_owned(), "是".to_owned())];
    let fields = view! {
        {edit.text("meter_no", "表具编号", true, |form| &mut form.meter_no, ("text", "最长30字，登记后不能修改"))}
        {edit.select("meter", "类型", true, |form| &mut form.meter, coded(MeterType::choices()))}
        <h2 class="form-section">"安装位置"</h2>
        {unit_picker(unit, named, picked)}
        <p class="form-note">"公摊表不选择房间，选择小区或楼栋，并选择分摊方式。"</p>
        {edit.pick("estate", "公摊小区", false, |form| &mut form.estate, flat(pairs(offer.estates)))}
        {edit.pick("building", "公摊楼栋", false, |form| &mut form.building, flat(pairs(offer.buildings)))}
        {edit.select("share", "分摊方式", false, |form| &mut form.share, coded(MeterShare::choices()))}
        <h2 class="form-section">"读数"</h2>
        {edit.text("initial", "期初值", false, |form| &mut form.initial, ("money", "安装时的读数；不填则首次抄表时填写"))}
        {edit.text("multiplier", "倍率", true, |form| &mut form.multiplier, ("money", "用量=(期末值-期初值)×倍率"))}
        {edit.text("max_value", "最大读数", false, |form| &mut form.max_value, ("money", "如9999，归零时据此计算用量"))}
        {edit.text("install_on", "安装日期", true, |form| &mut form.install_on, ("date", ""))}
        {edit.select("smart", "智能表", true, |form| &mut form.smart, smart)}
        {edit.text("vendor_no", "厂商编号", false, |form| &mut form.vendor_no, ("text", "选填"))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", "选填"))}
    };
    edit.view(fields, METER_LIST.path.to_owned())
}

pub(super) fn auto_view() -> AnyView {
    let offer = resource(|| (), |()| meter_offer_get());
    view! {
        <main class="page">
            <PageHead title="自动创建表具" back=(METER_LIST.path.to_owned(), METER_LIST.noun.to_owned()) />
            <p class="page-note">"为所选小区中没有在用表具的房源各登记一块表，编号为类型字母加房源编码；期初值在首次抄表时填写。"</p>
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match offer.await {
                        Ok(offer) => auto_form(offer),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn auto_form(offer: MeterOffer) -> AnyView {
    let deeds = Deeds {
        check: Box::new(|form: &AutoForm| form.check().map(drop)),
        save: Arc::new(|form: AutoForm, _| {
            Box::pin(async move {
                let path = format!("{}?estate={}", METER_LIST.path, form.estate);
                let (made, left_out) = meters_create(form).await?;
                let why = if left_out > 0 {
                    format!("；{left_out}套房源的编号已被其他表具使用，请单独登记")
                } else {
                    String::new()
                };
                toast::tell(&format!("已登记{made}块表{why}"));
                Ok(path)
            })
        }),
        reload: None,
    };
    let edit = use_edit(AutoForm::default(), None, deeds);
    let fields = view! {
        {edit.pick("estate", "小区", true, |form| &mut form.estate, flat(pairs(offer.estates)))}
        {edit.select("meter", "类型", true, |form| &mut form.meter, coded(MeterType::choices()))}
    };
    edit.view_of(fields, "创建", METER_LIST.path.to_owned())
}

pub(super) fn replace_view() -> AnyView {
    let id = use_id();
    let record = resource(move || id.get(), meter_get);
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match record.await {
                        Ok(meter) => replace_form(&meter),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn replace_form(meter: &Meter) -> AnyView {
    let today = today();
    let (id, version) = (meter.row.id, meter.row.version);
    let back = format!("{}/{id}", METER_LIST.path);
    let deeds = Deeds {
        check: Box::new(move |form: &ReplaceForm| form.check(today).map(drop)),
        save: Arc::new(move |form: ReplaceForm, _| {
            Box::pin(
                async move { meter_replace(id, version, form).await.map(|new| format!("{}/{new}", METER_LIST.path)) },
            )
        }),
        reload: None,
    };
    let start = ReplaceForm {
        replaced_on: today.to_string(),
        initial: "0".into(),
        rolled: "NO".into(),
        ..ReplaceForm::default()
    };
    let last = meter.row.last.or(meter.row.initial).map_or_else(|| "未抄".to_owned(), |last| last.to_string());
    let rolled = vec![("NO".to_owned(), "否".to_owned()), ("YES".to_owned(), "是".to_owned())];
    let edit = use_edit(start, None, deeds);
    let fields = view! {
        {fixed("meter-old", "原表", format!("{} {}", meter.row.meter_no, meter.row.place))}
        {fixed("meter-last", "最近读数", last)}
        {edit.text("final_value", "原表止度", true, |form| &mut form.final_value, ("money", "拆下时的读数"))}
        {edit.select("rolled", "原表已归零", true, |form| &mut form.rolled, rolled)}
        {edit.text("meter_no", "新表编号", true, |form| &mut form.meter_no, ("text", "最长30字"))}
        {edit.text("initial", "新表期初值", true, |form| &mut form.initial, ("money", "安装时的读数"))}
        {edit.text("max_value", "新表最大读数", false, |form| &mut form.max_value, ("money", "选填"))}
        {edit.text("replaced_on", "换表日期", true, |form| &mut form.replaced_on, ("date", ""))}
        {edit.text("reason", "换表原因", true, |form| &mut form.reason, ("text", "如 表损坏"))}
    };
    view! {
        <PageHead title="换表" back=(back.clone(), meter.row.meter_no.clone()) />
        <p class="page-note">"原表最近一次抄表之后的用量，计入新表的第一次抄表。"</p>
        {edit.view_of(fields, "换表", back)}
    }
    .into_any()
}
