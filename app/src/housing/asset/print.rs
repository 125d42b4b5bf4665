//! Cards for paper: one A4 page each, amounts also in words (domain.md §8: capital total on printed money).

use super::api::{asset_master_get, asset_sub_get};
use crate::ui::label::told;
use crate::{
    shell::use_frame,
    ui::{
        PageHead,
        changing::changing,
        detail::{text_cell, use_id},
        error_view, loading_view,
        resource::resource,
        table::cell_view,
    },
};
use domain::{
    dictionary::DepreciationMethod,
    housing::{asset_change::AssetChange, asset_master::AssetMaster, asset_sub::AssetSub},
    id::{AssetMasterId, AssetSubId},
    sheet::{Cell, cell_or_empty},
    value::Money,
};
use leptos::prelude::*;

/// Label and value, and whether it takes a whole line.
type Item = (&'static str, Cell, bool);

pub(super) fn master_view() -> AnyView {
    let id = use_id();
    let card = resource(move || id.get(), |id| asset_master_get(AssetMasterId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match card.await {
                        Ok(card) => {
                            let back = (format!("/assets/masters/{}", card.id), card.card_no.clone());
                            paper("公共租赁住房资产主卡片", back, &card.card_no, master_boxes(&card), &card.changes).into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

pub(super) fn sub_view() -> AnyView {
    let id = use_id();
    let card = resource(move || id.get(), |id| asset_sub_get(AssetSubId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match card.await {
                        Ok(card) => {
                            let back = (format!("/assets/subs/{}", card.id), card.card_no.clone());
                            paper("公共租赁住房资产子卡片", back, &card.card_no, sub_boxes(&card), &card.changes).into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn paper(
    heading: &'static str,
    back: (String, String),
    number: &str,
    boxes: Vec<Item>,
    changes: &[AssetChange],
) -> impl IntoView + use<> {
    let city = use_frame().with_untracked(|frame| frame.settings.city_name.clone());
    let print = |_| {
        if let Some(window) = web_sys::window() {
            // It fails only where nothing can be printed at all.
            let _ = window.print();
        }
    };
    let boxes = boxes
        .into_iter()
        .map(|(label, cell, wide)| view! { <div class="paper-box" class=("paper-wide", wide)><dt>{label}</dt><dd>{cell_view(cell)}</dd></div> })
        .collect_view();
    // The last ones; the card is one page.
    let history = changes
        .iter()
        .filter(|change| change.checked_at.is_some())
        .take(6)
        .map(|change| {
            let day = change.checked_at.map(|at| domain::sheet::time_text(at)[..10].to_owned()).unwrap_or_default();
            let voucher = change.voucher_no.clone().unwrap_or_default();
            let document = change.document_no.clone().unwrap_or_default();
            let what = format!("{} {}", told(change.kind), change.differences().join("；"));
            view! { <tr><td>{day}</td><td>{what}</td><td>{document}</td><td>{voucher}</td><td>{change.checker.clone()}</td></tr> }
        })
        .collect_view();
    view! {
        <PageHead title=format!("打印 {number}") back=back>
            <button type="button" class="btn btn-primary btn-sm" on:click=print>"打印"</button>
        </PageHead>
        <article class="paper" aria-label=heading>
            <h2>{heading}</h2>
            <p class="paper-head"><span>{city}</span><span>"单位：元、平方米"</span></p>
            <dl class="paper-grid">{boxes}</dl>
            <table class="paper-table">
                <caption>"登记、变更与处置记录"</caption>
                <thead><tr><th scope="col">"日期"</th><th scope="col">"事项"</th><th scope="col">"批准文号"</th><th scope="col">"会计凭证号"</th><th scope="col">"审核人"</th></tr></thead>
                <tbody>{history}</tbody>
            </table>
            <p class="paper-foot"><span>"制表："</span><span>"审核："</span><span>"单位（盖章）："</span></p>
        </article>
    }
}

fn capital(amount: Money) -> Cell {
    Cell::Text(format!("人民币{}", amount.capital()))
}

fn master_boxes(card: &AssetMaster) -> Vec<Item> {
    let straight = card.method == DepreciationMethod::StraightLine;
    vec![
        ("卡片编号", Cell::text(&card.card_no), false),
        ("资产编码", Cell::text(&card.asset_code), false),
        ("资产名称", Cell::text(&card.asset_name), false),
        ("资产分类", Cell::Text(format!("{} {}", card.class.code(), told(card.class))), false),
        ("项目", Cell::text(&card.project), false),
        ("住房类别", Cell::coded(card.category), false),
        ("产权单位", Cell::text(&card.owner), false),
        ("管理单位", Cell::text(&card.manager), false),
        ("坐落", Cell::text(&card.location), true),
        ("取得方式", Cell::coded(card.acquire_mode), false),
        ("取得日期", Cell::Date(card.acquired_on), false),
        ("入账日期", cell_or_empty(card.booked_on, Cell::Date), false),
        ("会计凭证号", text_cell(card.voucher_no.as_ref()), false),
        ("会计科目", Cell::Text(format!("{} {}", card.subject.code(), told(card.subject))), false),
        ("价值类型", Cell::coded(card.value_type), false),
        ("账面原值", Cell::Money(card.original), false),
        ("财政性资金", cell_or_empty(card.fiscal_part, Cell::Money), false),
        ("原值大写", capital(card.original), true),
        ("累计折旧", Cell::Money(card.accumulated), false),
        ("净值", Cell::Money(card.net()), false),
        ("净值大写", capital(card.net()), true),
        ("折旧方法", Cell::coded(card.method), false),
        ("折旧年限", if straight { Cell::Text(format!("{}年", card.life_years)) } else { Cell::Empty }, false),
        ("建筑面积", Cell::Area(card.total_area), false),
        ("套数", Cell::Number(card.units_count.into()), false),
        ("建筑结构", cell_or_empty(card.structure, Cell::coded), false),
        ("权属证号", text_cell(card.cert_no.as_ref()), false),
        ("使用状况", Cell::coded(card.use_status), false),
        ("卡片状态", Cell::coded(card.status), false),
    ]
}

fn sub_boxes(card: &AssetSub) -> Vec<Item> {
    vec![
        ("卡片编号", Cell::text(&card.card_no), false),
        ("主卡片编号", Cell::text(&card.master_no), false),
        ("资产名称", Cell::text(&card.asset_name), false),
        ("房源编码", Cell::text(&card.unit_code), false),
        ("坐落", Cell::text(&card.location), true),
        ("建筑面积", Cell::Area(card.building_area), false),
        ("使用面积", cell_or_empty(card.usable_area, Cell::Area), false),
        ("户型", cell_or_empty(card.layout, Cell::coded), false),
        ("权属证号", text_cell(card.cert_no.as_ref()), false),
        ("取得日期", Cell::Date(card.acquired_on), false),
        ("启用日期", cell_or_empty(card.used_from, Cell::Date), false),
        ("账面原值", Cell::Money(card.original), false),
        ("累计折旧", Cell::Money(card.accumulated), false),
        ("原值大写", capital(card.original), true),
        ("净值", Cell::Money(card.net()), false),
        ("使用状况", Cell::coded(card.use_status), false),
        ("净值大写", capital(card.net()), true),
        ("完好等级", cell_or_empty(card.condition, Cell::coded), false),
        ("盘点日期", cell_or_empty(card.counted_on, Cell::Date), false),
    ]
}
