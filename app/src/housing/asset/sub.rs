//! The page of a sub card.

use super::{
    api::{asset_sub_delete, asset_sub_get},
    changes::changes_view,
    depreciation::lines_view,
};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::{field_group, text_cell, use_id},
        icon,
        resource::resource,
        tabs::{tabs, use_tab},
    },
};
use domain::{
    dictionary::AssetStatus,
    housing::asset_sub::AssetSub,
    id::AssetSubId,
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

const TABS: [(&str, &str); 3] = [("", "卡片信息"), ("changes", "变更记录"), ("depreciation", "折旧")];

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let tab = use_tab();
    let card = resource(move || id.get(), |id| asset_sub_get(AssetSubId(id)));
    let again = Callback::new(move |()| card.refetch());
    view! {
        <main class="page">
            {awaited(card, move |card| page(card, tab, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(card: AssetSub, tab: Memo<String>, again: Callback<()>) -> impl IntoView {
    let path = format!("/assets/subs/{}", card.id);
    let card = StoredValue::new(card);
    view! {
        {card.with_value(head)}
        {tabs("卡片内容", &path, &TABS, tab)}
        {changing(move || card.with_value(|card| match tab.get().as_str() {
            "changes" => changes_view(&card.changes, again),
            "depreciation" => lines_view(card.master_id, Some(card.id), format!("月折旧额 {} 元", card.monthly)),
            _ => fields(card),
        }))}
    }
}

fn head(card: &AssetSub) -> impl IntoView + use<> {
    let (id, version) = (card.id, card.version);
    let draft = card.status == AssetStatus::Draft;
    let booked = matches!(card.status, AssetStatus::Registered | AssetStatus::Changed);
    let outline = "btn btn-outline btn-sm";
    let link = move |action: &str, label: &'static str| view! { <a class=outline href=format!("/assets/subs/{id}/{action}")>{label}</a> };
    let back = (format!("/assets/masters/{}?tab=subs", card.master_id), format!("主卡片 {}", card.master_no));
    let gone_to = back.0.clone();
    let navigate = use_navigate();
    let gone = StoredValue::new(move |()| navigate(&gone_to, Default::default()));
    view! {
        <PageHead title=format!("{} {}", card.card_no, card.asset_name) trail=vec![("/assets/masters".to_owned(), "资产主卡片".to_owned())] back=back>
            {link("print", "打印卡片")}
            {changing(move || may(Permission::AssetWrite).then(|| view! {
                {booked.then(|| view! { {link("change", "变更")}{link("dispose", "处置")} })}
                {draft.then(|| view! { <a class=outline href=format!("/assets/subs/{id}/edit")>{icon("edit")}"编辑"</a> })}
            }))}
        </PageHead>
        <Show when=move || may(Permission::AssetWrite) && draft>
            <div class="deed-row">
                {deed(
                    Deed { label: "删除", class: "btn btn-outline btn-error btn-sm", question: "确定删除该草稿吗？", word: None },
                    move |_| asset_sub_delete(id, version),
                    move |()| gone.with_value(|gone| gone(())),
                )}
            </div>
        </Show>
    }
}

fn fields(card: &AssetSub) -> AnyView {
    view! {
        {field_group("基本信息", vec![
            ("卡片状态", Cell::coded(card.status)),
            ("卡片编号", Cell::text(&card.card_no)),
            ("主卡片", Cell::link(format!("{} {}", card.master_no, card.master_name), format!("/assets/masters/{}", card.master_id))),
            ("房源", Cell::link(format!("{} {}", card.unit_code, card.unit), format!("/housing/units/{}", card.unit_id))),
            ("资产名称", Cell::text(&card.asset_name)),
            ("所属区县", Cell::text(&card.district)),
            ("坐落", Cell::text(&card.location)),
            ("户型", cell_or_empty(card.layout, Cell::coded)),
            ("建筑面积(㎡)", Cell::Area(card.building_area)),
            ("使用面积(㎡)", cell_or_empty(card.usable_area, Cell::Area)),
            ("使用状况", Cell::coded(card.use_status)),
            ("权属证号", text_cell(card.cert_no.as_ref())),
        ])}
        {field_group("价值", vec![
            ("账面原值(元)", Cell::Money(card.original)),
            ("累计折旧(元)", Cell::Money(card.accumulated)),
            ("净值(元)", Cell::Money(card.net())),
            ("月折旧额(元)", Cell::Money(card.monthly)),
            ("取得日期", Cell::Date(card.acquired_on)),
            ("启用日期", cell_or_empty(card.used_from, Cell::Date)),
        ])}
        {field_group("盘点与其他", vec![
            ("完好等级", cell_or_empty(card.condition, Cell::coded)),
            ("盘点日期", cell_or_empty(card.counted_on, Cell::Date)),
            ("盘点结果", cell_or_empty(card.count_result, Cell::coded)),
            ("备注", text_cell(card.remark.as_ref())),
            ("更新时间", Cell::Time(card.updated_at)),
            ("更新人", text_cell(card.updated_by.as_ref())),
        ])}
    }
    .into_any()
}
