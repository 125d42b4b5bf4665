//! 申请注销 (§3.27 U9): why and by which paper a unit goes off the shelf. A second person decides.

use super::api::{unit_get, unit_offshelf_request};
use crate::{
    housing::use_id,
    ui::{
        PageHead,
        changing::changing,
        detail::{field_group, text_cell},
        empty_view, error_view,
        field::coded,
        form::{Deeds, use_edit},
        loading_view,
        resource::resource,
    },
};
use domain::{
    dictionary::OffshelfGround,
    housing::{unit::Unit, unit_offshelf::OffshelfForm, unit_status::UnitEvent},
    id::UnitId,
    sheet::{Cell, estate_href},
};
use leptos::prelude::*;
use std::sync::Arc;

pub fn offshelf_view() -> AnyView {
    let id = use_id();
    let unit = resource(move || id.get(), |id| unit_get(UnitId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match unit.await {
                        Ok(unit) => form(&unit),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form(unit: &Unit) -> AnyView {
    let (id, version) = (unit.id, unit.version);
    let back = format!("/housing/units/{id}");
    let head = view! { <PageHead title="申请注销房源" back=(back.clone(), unit.address.clone()) /> };
    if let Err(refusal) = unit.status.next(UnitEvent::Deregister) {
        let sentence = refusal.to_string();
        return view! { {head}<div class="alert alert-warning alert-soft" role="status">{sentence}</div>{empty_view("该房源不能申请注销")} }.into_any();
    }
    let deeds = Deeds {
        check: Box::new(|form: &OffshelfForm| form.check().map(drop)),
        save: Arc::new(move |form, _| {
            Box::pin(async move {
                unit_offshelf_request(id, version, form).await.map(|id| format!("/platform/approvals/{id}"))
            })
        }),
        reload: None,
    };
    let home = vec![
        ("房源编码", Cell::text(&unit.code)),
        ("小区", Cell::link(&unit.estate, estate_href(unit.estate_id))),
        ("住房地址", Cell::text(&unit.address)),
        ("房源状态", Cell::status(unit.status)),
        ("所属城区", Cell::text(&unit.district)),
        ("住房管理单位", Cell::text(&unit.mgmt_unit)),
        ("产权单位", text_cell(unit.title_holder.as_ref())),
        ("建筑面积(㎡)", Cell::Area(unit.building_area)),
    ];
    let edit = use_edit(OffshelfForm::default(), None, deeds);
    let fields = view! {
        {edit.select("ground", "注销原因", true, |form| &mut form.ground, coded(OffshelfGround::choices()))}
        {edit.text("document", "文号", true, |form| &mut form.document, ("text", "批准或决定的文号，最长50字"))}
        {edit.text("reason", "变更原因", true, |form| &mut form.reason, ("text", "供复核人判断"))}
    };
    view! {
        {head}
        {field_group("房源", home)}
        <p class="page-note">"提交后由市级复核岗复核，复核通过即注销。注销后不能恢复，不再计入可配租房源；资产卡片须另行办理处置。"</p>
        {edit.view_of(fields, "提交复核", back)}
    }
    .into_any()
}
