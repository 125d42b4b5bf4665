//! The page of a master card: the card, its sub cards, its history, its depreciation.

use super::{
    api::{asset_master_delete, asset_master_get, asset_sub_list, asset_submit},
    changes::changes_view,
    depreciation::lines_view,
};
use crate::ui::label::told;
use crate::{
    platform::attachment::attachments_panel,
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::{field_group, text_cell, use_id},
        empty_view, error_view, icon, loading_view,
        resource::resource,
        table::{cell_view, kind_class},
        tabs::{tabs, use_tab},
    },
};
use domain::{
    dictionary::{AssetStatus, AttachmentOwner, DepreciationMethod},
    housing::{asset_master::AssetMaster, asset_sheet::ASSET_SUB_LIST},
    id::AssetMasterId,
    list::{ListQuery, Position, percent_encode},
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

/// The tabs of a card, as the address names them.
const TABS: [(&str, &str); 5] =
    [("", "卡片信息"), ("subs", "子卡片"), ("changes", "变更记录"), ("depreciation", "折旧"), ("files", "附件")];

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let tab = use_tab();
    let card = resource(move || id.get(), |id| asset_master_get(AssetMasterId(id)));
    let again = Callback::new(move |()| card.refetch());
    view! {
        <main class="page">
            {awaited(card, move |card| page(card, tab, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(card: AssetMaster, tab: Memo<String>, again: Callback<()>) -> impl IntoView {
    let path = format!("/assets/masters/{}", card.id);
    let card = StoredValue::new(card);
    view! {
        {card.with_value(|card| head(card, again))}
        {card.with_value(totals)}
        {tabs("卡片内容", &path, &TABS, tab)}
        {changing(move || card.with_value(|card| match tab.get().as_str() {
            "subs" => subs(card),
            "changes" => changes_view(&card.changes, again),
            "depreciation" => depreciation(card),
            "files" => attachments_panel(AttachmentOwner::AssetMaster, Signal::stored(card.id.0)),
            _ => fields(card),
        }))}
    }
}

fn head(card: &AssetMaster, again: Callback<()>) -> impl IntoView + use<> {
    let (id, version, status) = (card.id, card.version, card.status);
    let booked = matches!(status, AssetStatus::Registered | AssetStatus::Changed);
    let (drafts, draft) = (card.sub_drafts, status == AssetStatus::Draft);
    let takes_subs = draft || booked;
    let navigate = use_navigate();
    let gone = move |()| navigate("/assets/masters", Default::default());
    let link = move |action: &str, label: &'static str, class: &'static str| {
        view! { <a class=class href=format!("/assets/masters/{id}/{action}")>{label}</a> }
    };
    let outline = "btn btn-outline btn-sm";
    let count = format!("/assets/counts/new?subject=master:{id}&name={}", percent_encode(&card.card_no));
    let gone = StoredValue::new(gone);
    view! {
        <PageHead title=format!("{} {}", card.card_no, card.asset_name) back=("/assets/masters".to_owned(), "资产主卡片".to_owned())>
            {link("print", "打印卡片", outline)}
            {changing(move || may(Permission::AssetWrite).then(|| view! {
                {takes_subs.then(|| link("new-sub", "新增子卡片", outline))}
                {booked.then(|| view! {
                    {link("change", "变更", outline)}
                    {link("dispose", "处置", outline)}
                    <a class=outline href=count.clone()>"盘点"</a>
                })}
                {draft.then(|| view! { <a class=outline href=format!("/assets/masters/{id}/edit")>{icon("edit")}"编辑"</a> })}
            }))}
        </PageHead>
        <Show when=move || may(Permission::AssetWrite) && (draft || booked && drafts > 0)>
            <div class="deed-row">
                {deed(
                    Deed {
                        label: if draft { "提交审核" } else { "提交子卡片审核" },
                        class: "btn btn-primary btn-sm",
                        question: if draft { "主卡片及其草稿子卡片将一并提交，审核前不能修改。确定提交吗？" } else { "草稿子卡片将提交审核，审核前不能修改。确定提交吗？" },
                        word: None,
                    },
                    move |_| asset_submit(id, version),
                    move |_| again.run(()),
                )}
                {draft.then(|| deed(
                    Deed { label: "删除", class: "btn btn-outline btn-error btn-sm", question: "确定删除该草稿吗？", word: None },
                    move |_| asset_master_delete(id, version),
                    move |()| gone.with_value(|gone| gone(())),
                ))}
            </div>
        </Show>
    }
}

fn totals(card: &AssetMaster) -> impl IntoView + use<> {
    let figure = |label: &'static str, value: String| {
        view! { <div class="figure-item"><span class="figure-label">{label}</span><span class="figure-value">{value}</span></div> }
    };
    view! {
        <section class="panel" aria-label="价值">
            <div class="figure-row">
                {figure("卡片状态", told(card.status))}
                {figure("账面原值(元)", card.original.to_string())}
                {figure("累计折旧(元)", card.accumulated.to_string())}
                {figure("净值(元)", card.net().to_string())}
                {figure("子卡片原值合计(元)", card.allocated.to_string())}
                {figure("未分配原值(元)", card.unallocated().to_string())}
            </div>
        </section>
    }
}

fn fields(card: &AssetMaster) -> AnyView {
    let months = |months: i32| Cell::Text(format!("{months}个月"));
    let straight = card.method == DepreciationMethod::StraightLine;
    view! {
        {field_group("基本信息", vec![
            ("卡片编号", Cell::text(&card.card_no)),
            ("资产编码", Cell::text(&card.asset_code)),
            ("资产名称", Cell::text(&card.asset_name)),
            ("资产分类", Cell::Text(format!("{} {}", card.class.code(), told(card.class)))),
            ("住房类别", Cell::coded(card.category)),
            ("项目", Cell::link(&card.project, format!("/housing/projects/{}", card.project_id))),
            ("所属区县", Cell::text(&card.district)),
            ("坐落", Cell::text(&card.location)),
            ("产权单位", Cell::text(&card.owner)),
            ("管理单位", Cell::text(&card.manager)),
            ("使用单位", text_cell(card.using_unit.as_ref())),
            ("使用状况", Cell::coded(card.use_status)),
            ("年租金收入(元)", cell_or_empty(card.rent_income_year, Cell::Money)),
        ])}
        {field_group("取得与入账", vec![
            ("取得方式", Cell::coded(card.acquire_mode)),
            ("取得日期", Cell::Date(card.acquired_on)),
            ("入账日期", cell_or_empty(card.booked_on, Cell::Date)),
            ("会计凭证号", text_cell(card.voucher_no.as_ref())),
            ("会计科目", Cell::Text(format!("{} {}", card.subject.code(), told(card.subject)))),
            ("价值类型", Cell::coded(card.value_type)),
            ("其中财政性资金(元)", cell_or_empty(card.fiscal_part, Cell::Money)),
            ("折旧方法", Cell::coded(card.method)),
            ("折旧年限", if straight { Cell::Text(format!("{}年", card.life_years)) } else { Cell::Empty }),
            ("已提折旧月数", if straight { months(card.months_done) } else { Cell::Empty }),
            ("处置日期", cell_or_empty(card.disposed_on, Cell::Date)),
        ])}
        {field_group("实物与权属", vec![
            ("建筑面积(㎡)", Cell::Area(card.total_area)),
            ("套数", Cell::Number(card.units_count.into())),
            ("子卡片数", Cell::Number(card.sub_cards)),
            ("建筑结构", cell_or_empty(card.structure, Cell::coded)),
            ("土地面积(㎡)", cell_or_empty(card.land_area, Cell::Area)),
            ("土地使用权类型", text_cell(card.land_right_type.as_ref())),
            ("产权形式", cell_or_empty(card.title_form, Cell::coded)),
            ("权属证号", text_cell(card.cert_no.as_ref())),
            ("发证时间", cell_or_empty(card.cert_on, Cell::Date)),
            ("备注", text_cell(card.remark.as_ref())),
            ("更新时间", Cell::Time(card.updated_at)),
            ("更新人", text_cell(card.updated_by.as_ref())),
        ])}
    }
    .into_any()
}

fn depreciation(card: &AssetMaster) -> AnyView {
    let left = (card.life_years * 12 - card.months_done).max(0);
    let note = match (card.method, card.status) {
        (DepreciationMethod::None, _) => "该资产不计提折旧".to_owned(),
        (_, AssetStatus::Draft | AssetStatus::Pending) => "登记后按月计提折旧".to_owned(),
        _ => format!("月折旧额 {} 元，已提 {} 个月，剩余 {left} 个月", card.monthly, card.months_done),
    };
    lines_view(card.id, None, note)
}

/// The first sub cards; the list has the rest.
fn subs(card: &AssetMaster) -> AnyView {
    let (id, all) = (card.id, format!("/assets/subs?master={}", card.id));
    let rows = resource(
        || (),
        move |()| {
            let mut query = ListQuery { size: 100, at: Position::Page(1), ..ListQuery::default() };
            query.filter.insert("master".to_owned(), id.to_string());
            asset_sub_list(query)
        },
    );
    view! {
        <section class="panel">
            <h2>"子卡片"</h2>
            <Suspense fallback=loading_view>
                {changing(move || {
                    let all = all.clone();
                    Suspend::new(async move {
                        match rows.await {
                            Ok(page) if page.rows.is_empty() => empty_view("暂无子卡片，可通过“新增子卡片”录入"),
                            Ok(page) => {
                                let total = page.total_label();
                                let rows = page.rows.iter().map(|row| ASSET_SUB_LIST.cells(row)).collect();
                                view! { {sub_table(rows)}<p class="pt-2"><a class="link link-primary" href=all>{format!("{total}，在列表中查看")}</a></p> }.into_any()
                            }
                            Err(error) => error_view(&error),
                        }
                    })
                })}
            </Suspense>
        </section>
    }
    .into_any()
}

fn sub_table(rows: Vec<Vec<Cell>>) -> impl IntoView {
    let columns = ASSET_SUB_LIST.spec().columns;
    // All of them belong to this card: its own column says nothing.
    let shown: Vec<usize> = (0..columns.len()).filter(|place| columns[*place].key != "master").collect();
    let class = |place: usize| {
        format!("{} {}", kind_class(columns[place].kind), if columns[place].essential { "" } else { "desk-only" })
    };
    let head = shown
        .iter()
        .map(|place| view! { <th scope="col" class=class(*place)>{columns[*place].header}</th> })
        .collect_view();
    let rows = rows
        .into_iter()
        .map(|row| {
            let cells = shown
                .iter()
                .map(|place| view! { <td class=class(*place)>{cell_view(row[*place].clone())}</td> })
                .collect_view();
            view! { <tr>{cells}</tr> }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="子卡片">
            <table class="table table-sm data-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>
        </div>
    }
}
