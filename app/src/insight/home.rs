//! Home (S1-2.1, first version): what the stock is and how much of it is let.
//!
//! The figures stand in the HTML; charts are drawn over them when their script has come. What is refreshed
//! is the figures, never the page: nobody loses his place because a minute is over.

use super::reminder::reminders_view;
use crate::ui::label::told;
use crate::{
    Api, ApiError,
    shell::use_frame,
    ui::{
        PageHead, changing::changing, empty_view, error_view, icon, live::use_refresh, loading_view,
        resource::resource, tone,
    },
};
use domain::{
    dictionary::LayoutType,
    housing::unit::rate_text,
    insight::{
        DistrictFigures, Home, HomeFigures,
        money::{AGES, MoneyFigures},
        report_query::PATH,
    },
    list::group_thousands,
    platform::permission::Permission,
};
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;

/// What the home page says to the person who is signed in.
#[server(endpoint = "home_get", protocol = Api)]
pub async fn home_get() -> Result<Home, ApiError> {
    Ok(store::insight::home::home_get(&crate::context::ctx()?).await?)
}

/// How often an open home page looks again (S1-2.1).
const REFRESH: Duration = Duration::from_secs(60);

pub(super) fn home_view() -> AnyView {
    let first = resource(|| (), |()| home_get());
    let fresh = RwSignal::new(None::<Home>);
    let late = RwSignal::new(false);
    let drawn = StoredValue::new(false);
    use_refresh(REFRESH, move || {
        if !drawn.get_value() {
            return first.refetch();
        }
        spawn_local(async move {
            let found = home_get().await;
            // The page may have gone meanwhile.
            late.try_set(found.is_err());
            if let Ok(found) = found {
                fresh.try_set(Some(found));
            }
        });
    });
    let frame = use_frame();
    // Read once: signing out changes the frame while this page is already on its way out.
    let organization = frame.with_untracked(|frame| frame.actor.as_ref().map(|actor| actor.organization.clone()));
    let organization = StoredValue::new(organization.unwrap_or_default());
    view! {
        <main class="page home">
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match first.await {
                        Ok(first) => {
                            drawn.set_value(true);
                            let home = Memo::new(move |_| fresh.get().unwrap_or_else(|| first.clone()));
                            let business = home.with_untracked(|home| home.figures.is_some());
                            let late = move || late.get().then(|| view! { <span class="text-sm" role="status">"暂时无法更新，显示的是较早的数据"</span> });
                            if business {
                                let title = format!("{}房源概况", organization.get_value());
                                let figures = Memo::new(move |_| home.with(|home| home.figures.clone().unwrap_or_default()));
                                view! {
                                    <PageHead title>
                                        {changing(late)}
                                        <button type="button" class="btn btn-outline btn-sm" on:click=move |_| full_screen()>{icon("full")}"全屏"</button>
                                    </PageHead>
                                    {changing(move || home.with(|home| reminders_view(&home.reminders)))}
                                    {figures_view(figures)}
                                }
                                .into_any()
                            } else {
                                // Administrators of the platform see no business data; their work is in the menu.
                                view! {
                                    <PageHead title="首页">{changing(late)}</PageHead>
                                    {changing(move || home.with(|home| if home.reminders.is_empty() {
                                        empty_view("请从左侧菜单选择要办理的事项")
                                    } else {
                                        reminders_view(&home.reminders)
                                    }))}
                                }
                                .into_any()
                            }
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Transition>
        </main>
    }
    .into_any()
}

/// The whole screen for the page, or back.
fn full_screen() {
    let document = document();
    if document.fullscreen_element().is_some() {
        document.exit_fullscreen();
    } else if let Some(page) = document.document_element() {
        // A browser that refuses says so itself.
        let _ = page.request_fullscreen();
    }
}

/// A figure at the head of the page, with what it means (S1-2.1: definitions on hover).
struct Stat {
    label: &'static str,
    unit: &'static str,
    href: &'static str,
    definition: &'static str,
    value: fn(&HomeFigures) -> String,
}

const STATS: &[Stat] = &[
    Stat {
        label: "项目",
        unit: "个",
        href: "/housing/projects",
        definition: "管辖范围内的保障项目数",
        value: |figures| group_thousands(figures.projects),
    },
    Stat {
        label: "小区",
        unit: "个",
        href: "/housing/estates",
        definition: "管辖范围内的小区数",
        value: |figures| group_thousands(figures.estates),
    },
    Stat {
        label: "楼栋",
        unit: "栋",
        href: "/housing/buildings",
        definition: "管辖范围内的楼栋数",
        value: |figures| group_thousands(figures.buildings),
    },
    Stat {
        label: "房源",
        unit: "套",
        href: "/housing/units",
        definition: "管辖范围内的全部房源，含筹建中、已售和已注销",
        value: |figures| group_thousands(figures.occupancy.units),
    },
    Stat {
        label: "入住率",
        unit: "",
        href: "/map",
        definition: "入住率 =（已售 + 已租）÷ 全部房源；已租指已签约待入住和已入住",
        value: |figures| figures.occupancy.occupancy_rate(),
    },
    Stat {
        label: "已入住",
        unit: "套",
        href: "/housing/units?status=OCCUPIED",
        definition: "状态为已入住的房源",
        value: |figures| group_thousands(figures.occupancy.occupied),
    },
    Stat {
        label: "空置",
        unit: "套",
        href: "/housing/units?status=VACANT",
        definition: "状态为闲置房的房源，可以配租",
        value: |figures| group_thousands(figures.occupancy.vacant),
    },
    Stat {
        label: "已售",
        unit: "套",
        href: "/housing/units?status=SOLD",
        definition: "状态为已售的房源，计入入住率，不计入配租率",
        value: |figures| group_thousands(figures.occupancy.sold),
    },
    Stat {
        label: "可租",
        unit: "套",
        href: "/housing/units",
        definition: "全部房源减去筹建中、已售和已注销的房源",
        value: |figures| group_thousands(figures.occupancy.lettable),
    },
    Stat {
        label: "配租率",
        unit: "",
        href: "/map",
        definition: "配租率 = 已租 ÷ 可租；已租指已签约待入住和已入住，可租不含筹建中、已售和已注销",
        value: |figures| figures.occupancy.letting_rate(),
    },
    Stat {
        label: "收缴率",
        unit: "",
        href: "/insight/reports/collection",
        definition: "全年收缴率 = 已核销实收 ÷ 应收；应收为本年到期的账单，扣除已减免、作废和已冲销的，不含押金",
        value: |figures| figures.money.map_or_else(|| "--".to_owned(), |money| money.rate()),
    },
    Stat {
        label: "欠费",
        unit: "万元",
        href: "/insight/reports/ageing",
        definition: "到期日已过而未缴清的账单金额，含已计收滞纳金，不含押金",
        value: |figures| {
            figures.money.map_or_else(|| "--".to_owned(), |money| MoneyFigures::in_ten_thousands(money.overdue()))
        },
    },
];

fn figures_view(figures: Memo<HomeFigures>) -> AnyView {
    if figures.with_untracked(|figures| figures.occupancy.units == 0 && figures.projects == 0) {
        return empty_view("暂无房源数据，可从导入保障项目信息开始");
    }
    // Who reads no reports is not led to one.
    let reports =
        use_frame().with_untracked(|frame| frame.actor.as_ref().is_some_and(|actor| actor.may(Permission::ReportRead)));
    let stats =
        STATS.iter().map(|stat| stat_card(stat, figures, reports || !stat.href.starts_with(PATH))).collect_view();
    let definitions = STATS
        .iter()
        .map(|stat| view! { <div class="detail-field"><dt>{stat.label}</dt><dd>{stat.definition}</dd></div> })
        .collect_view();
    view! {
        <section class="stat-grid" aria-label="总量">{stats}</section>
        <div class="home-grid">
            <section class="panel home-districts">
                <h2>"各区县可租与已租"</h2>
                {chart("各区县可租与已租套数柱状图", "chart-districts", figures)}
                {changing(move || figures.with(|figures| district_table(&figures.districts)))}
            </section>
            <section class="panel">
                <h2>"房源状态"</h2>
                <div class="ring-row">
                    {chart("房源状态占比图", "chart-status", figures)}
                    {changing(move || figures.with(status_list))}
                </div>
            </section>
            <section class="panel">
                <h2>"户型"</h2>
                <div class="ring-row">
                    {chart("户型占比图", "chart-layout", figures)}
                    {changing(move || figures.with(layout_list))}
                </div>
            </section>
            <section class="panel home-wide">
                <h2>"住房类别"</h2>
                {changing(move || figures.with(category_list))}
            </section>
            {changing(move || figures.with(|figures| age_panel(figures, reports)))}
        </div>
        <details class="panel definitions">
            <summary>"指标口径"</summary>
            <dl class="detail-list">{definitions}</dl>
        </details>
    }
    .into_any()
}

fn stat_card(stat: &'static Stat, figures: Memo<HomeFigures>, leads: bool) -> impl IntoView {
    let id = format!("about-{}", stat.label);
    let described_by = id.clone();
    // Without an address a link leads nowhere, and nobody is told that it does.
    view! {
        <a class="stat-card" href=leads.then_some(stat.href) aria-describedby=described_by>
            <span class="stat-label">{stat.label}</span>
            <span class="stat-number">{changing(move || figures.with(stat.value))}<small>{stat.unit}</small></span>
            <span class="stat-definition" id=id role="tooltip">{stat.definition}</span>
        </a>
    }
}

/// Room for a chart; drawn in the browser once its script is there, and kept at the figures from then on.
fn chart(label: &'static str, id: &'static str, figures: Memo<HomeFigures>) -> impl IntoView {
    let failed = RwSignal::new(false);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let Some(page) = Owner::current() else { return };
        spawn_local(crate::ui::chart::keep_home_chart(id, figures, failed, page));
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = figures;
    view! {
        <div class="chart-frame">
            <div id=id class="chart" role="img" aria-label=label></div>
            {changing(move || failed.get().then(|| view! { <p class="chart-failed" role="status">"图表加载失败，请刷新重试"</p> }))}
        </div>
    }
}

fn district_table(districts: &[DistrictFigures]) -> impl IntoView + use<> {
    let rows = districts
        .iter()
        .map(|row| {
            let id = row.district_id;
            view! {
                <tr>
                    <th scope="row"><a class="link link-hover" href=format!("/housing/estates?district={id}")>{row.district.clone()}</a></th>
                    <td class="figures desk-only">{group_thousands(row.estates)}</td>
                    <td class="figures">{group_thousands(row.occupancy.units)}</td>
                    <td class="figures">{row.occupancy.occupancy_rate()}</td>
                    <td class="figures desk-only">{group_thousands(row.occupancy.lettable)}</td>
                    <td class="figures desk-only">{group_thousands(row.occupancy.rented)}</td>
                    <td class="figures">{row.occupancy.letting_rate()}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll home-table" tabindex="0" role="region" aria-label="各区县房源">
            <table class="table table-sm data-table">
                <thead><tr>
                    <th scope="col">"区县"</th><th scope="col" class="figures desk-only">"小区"</th><th scope="col" class="figures">"房源"</th>
                    <th scope="col" class="figures">"入住率"</th><th scope="col" class="figures desk-only">"可租"</th>
                    <th scope="col" class="figures desk-only">"已租"</th><th scope="col" class="figures">"配租率"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn status_list(figures: &HomeFigures) -> AnyView {
    let total = figures.occupancy.units;
    let items = figures
        .by_status
        .iter()
        .map(|(status, units)| {
            view! {
                <li><a href=format!("/housing/units?status={}", status.code())>
                    <span class="status-tile" data-status=tone(*status)></span><span class="count-name">{told(*status)}</span>
                    <b class="figures">{group_thousands(*units)}</b><span class="count-share">{rate_text(*units, total)}</span>
                </a></li>
            }
        })
        .collect_view();
    view! { <ul class="count-list">{items}</ul> }.into_any()
}

fn layout_list(figures: &HomeFigures) -> AnyView {
    let total = figures.occupancy.units;
    let items = figures
        .by_layout
        .iter()
        .map(|(layout, units)| {
            view! {
                <li><a href=format!("/housing/units?layout={}", layout.code())>
                    <span class="series-dot" style=format!("background:var({})", layout_color(*layout))></span><span class="count-name">{told(*layout)}</span>
                    <b class="figures">{group_thousands(*units)}</b><span class="count-share">{rate_text(*units, total)}</span>
                </a></li>
            }
        })
        .collect_view();
    view! { <ul class="count-list">{items}</ul> }.into_any()
}

fn category_list(figures: &HomeFigures) -> AnyView {
    let bars = figures.by_category.iter().map(|(category, units)| {
        let href = Some(format!("/housing/units?category={}", category.code()));
        (told(*category), group_thousands(*units), *units, href)
    });
    bar_list(bars.collect(), figures.occupancy.units)
}

/// Names with a figure, and a bar as long as their part of the whole.
fn bar_list(bars: Vec<(String, String, i64, Option<String>)>, total: i64) -> AnyView {
    let items = bars
        .into_iter()
        .map(|(name, figure, part, href)| {
            let width = if total > 0 { part * 100 / total } else { 0 };
            view! {
                <li><a href=href>
                    <span class="count-label">{name}</span>
                    <span class="count-bar" aria-hidden="true"><span style=format!("width:{width}%")></span></span>
                    <b class="figures">{figure}</b><span class="count-share">{rate_text(part, total)}</span>
                </a></li>
            }
        })
        .collect_view();
    view! { <ul class="count-list">{items}</ul> }.into_any()
}

/// How old debts are (RP-15); nothing where nothing was counted yet.
fn age_panel(figures: &HomeFigures, reports: bool) -> Option<impl IntoView + use<>> {
    let money = figures.money?;
    let total = money.overdue().fen();
    let bars = AGES.into_iter().zip(money.ages).map(|(name, age)| {
        let href = reports.then(|| format!("{PATH}/ageing"));
        (name.to_owned(), MoneyFigures::in_ten_thousands(age), age.fen(), href)
    });
    // What was counted on another day says so: the server did not get to it since.
    let as_of = money.as_of.map(|day| format!("，收缴率和欠费截至{day}")).unwrap_or_default();
    Some(view! {
        <section class="panel home-wide"><h2>{format!("欠费账龄（万元{as_of}）")}</h2>{bar_list(bars.collect(), total)}</section>
    })
}

/// The CSS variable with the colour of a layout: the more rooms, the further along the row of colours.
pub(crate) const fn layout_color(layout: LayoutType) -> &'static str {
    match layout {
        LayoutType::Studio => "--series-1",
        LayoutType::One => "--series-2",
        LayoutType::Two => "--series-3",
        LayoutType::Three => "--series-4",
        LayoutType::Dormitory => "--series-5",
    }
}
