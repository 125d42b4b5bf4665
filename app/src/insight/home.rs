//! Home (S1-2.1, first version): what the stock is and how much of it is let.
//!
//! The figures stand in the HTML; charts are drawn over them when their script has come.

use crate::{
    ApiError,
    shell::{may, use_frame},
    ui::{PageHead, empty_view, error_view, loading_view, tone},
};
use domain::{
    insight::{DistrictFigures, HomeFigures, Occupancy},
    list::group_thousands,
    platform::permission::Permission,
};
use leptos::{prelude::*, server_fn::codec::Json};

/// The figures of the actor's scope.
#[server(endpoint = "home_figures_get", input = Json)]
pub async fn home_figures_get() -> Result<HomeFigures, ApiError> {
    Ok(store::insight::home::home_figures_get(&crate::context::ctx()?).await?)
}

/// How often an open home page looks again, in seconds (S1-2.1).
const REFRESH_SECONDS: u64 = 60;

pub(super) fn home_view() -> AnyView {
    if !may(Permission::HomeRead) {
        // Administrators of the platform see no business data; their work is in the menu.
        return view! { <main class="page"><PageHead title="首页" />{empty_view("请从左侧菜单选择要办理的事项")}</main> }.into_any();
    }
    let figures = Resource::new(|| (), |()| home_figures_get());
    let frame = use_frame();
    // Read once: signing out changes the frame while this page is already on its way out.
    let title = frame.with_untracked(|frame| frame.actor.as_ref().map(|actor| actor.organization.clone()));
    let title = StoredValue::new(title.unwrap_or_default());
    Effect::new(move |_| {
        if let Ok(timer) =
            set_interval_with_handle(move || figures.refetch(), std::time::Duration::from_secs(REFRESH_SECONDS))
        {
            on_cleanup(move || timer.clear());
        }
    });
    view! {
        <main class="page home">
            <Transition fallback=loading_view>
                {move || Suspend::new(async move {
                    match figures.await {
                        Ok(figures) => view! { <PageHead title=format!("{}房源概况", title.get_value()) />{figures_view(figures)} }.into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Transition>
        </main>
    }
    .into_any()
}

fn figures_view(figures: HomeFigures) -> AnyView {
    if figures.occupancy.units == 0 && figures.projects == 0 {
        return empty_view("暂无房源数据，可从导入保障项目信息开始");
    }
    let Occupancy { units, lettable, rented, vacant, sold, occupied } = figures.occupancy;
    let definition = "出租率 = 已租套数（已签约、已入住）÷ 可租套数；可租套数不含已售、已注销、筹建中的房源";
    let for_charts = StoredValue::new(figures.clone());
    view! {
        <section class="stat-grid" aria-label="总量">
            {stat("项目", group_thousands(figures.projects), "个", "/housing/projects", "")}
            {stat("小区", group_thousands(figures.estates), "个", "/housing/estates", "")}
            {stat("楼栋", group_thousands(figures.buildings), "栋", "/housing/buildings", "")}
            {stat("房源", group_thousands(units), "套", "/housing/units", "")}
            {stat("已入住", group_thousands(occupied), "套", "/housing/units?status=OCCUPIED", "")}
            {stat("空置", group_thousands(vacant), "套", "/housing/units?status=VACANT", "")}
            {stat("已售", group_thousands(sold), "套", "/housing/units?status=SOLD", "已售房源不计入出租率")}
            {stat("出租率", figures.occupancy.rate(), "", "/map", definition)}
        </section>
        <div class="home-grid">
            <section class="panel home-districts">
                <h2>"各区县房源与出租率"</h2>
                {chart("各区县可租与已租套数柱状图", "chart-districts", for_charts)}
                {district_table(&figures.districts)}
            </section>
            <section class="panel">
                <h2>"房源状态"</h2>
                {chart("房源状态占比图", "chart-status", for_charts)}
                {status_list(&figures)}
            </section>
            <section class="panel">
                <h2>"户型分布"</h2>
                {chart("户型分布图", "chart-layout", for_charts)}
                {count_list(figures.by_layout.iter().map(|(layout, units)| (layout.label(), *units)).collect())}
            </section>
            <section class="panel">
                <h2>"住房类别"</h2>
                {count_list(figures.by_category.iter().map(|(category, units)| (category.label(), *units)).collect())}
                <p class="text-sm opacity-80 mt-3">{format!("可租 {} 套，已租 {} 套。{definition}。", group_thousands(lettable), group_thousands(rented))}</p>
            </section>
        </div>
    }
    .into_any()
}

fn stat(
    label: &'static str,
    value: String,
    unit: &'static str,
    href: &'static str,
    definition: &'static str,
) -> impl IntoView {
    view! {
        <a class="stat-card" href=href title=definition>
            <span class="stat-label">{label}</span>
            <span class="stat-number">{value}<small>{unit}</small></span>
        </a>
    }
}

/// Room for a chart; drawn in the browser once its script is there.
fn chart(label: &'static str, id: &'static str, figures: StoredValue<HomeFigures>) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let figures = figures.get_value();
        leptos::task::spawn_local(async move { crate::ui::chart::draw_home(id, figures).await });
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = figures;
    view! { <div id=id class="chart" role="img" aria-label=label></div> }
}

fn district_table(districts: &[DistrictFigures]) -> impl IntoView + use<> {
    let rows = districts
        .iter()
        .map(|row| {
            let id = row.district_id;
            view! {
                <tr>
                    <th scope="row"><a class="link link-hover" href=format!("/housing/estates?district={id}")>{row.district.clone()}</a></th>
                    <td class="figures">{group_thousands(row.estates)}</td>
                    <td class="figures">{group_thousands(row.occupancy.units)}</td>
                    <td class="figures">{group_thousands(row.occupancy.lettable)}</td>
                    <td class="figures">{group_thousands(row.occupancy.rented)}</td>
                    <td class="figures">{row.occupancy.rate()}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll home-table" tabindex="0" role="region" aria-label="各区县房源">
            <table class="table table-sm data-table">
                <thead><tr>
                    <th scope="col">"区县"</th><th scope="col" class="figures">"小区"</th><th scope="col" class="figures">"房源"</th>
                    <th scope="col" class="figures">"可租"</th><th scope="col" class="figures">"已租"</th><th scope="col" class="figures">"出租率"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn status_list(figures: &HomeFigures) -> impl IntoView + use<> {
    let items = figures
        .by_status
        .iter()
        .map(|(status, units)| {
            view! {
                <li><a href=format!("/housing/units?status={}", status.code())>
                    <span class="status-tile" data-status=tone(*status)></span><span class="grow">{status.label()}</span><b class="figures">{group_thousands(*units)}</b>
                </a></li>
            }
        })
        .collect_view();
    view! { <ul class="count-list">{items}</ul> }
}

fn count_list(counts: Vec<(&'static str, i64)>) -> impl IntoView {
    let most = counts.iter().map(|(_, units)| *units).max().unwrap_or(1).max(1);
    let items = counts
        .into_iter()
        .map(|(label, units)| {
            view! {
                <li><span class="count-label">{label}</span>
                    <span class="count-bar" aria-hidden="true"><span style=format!("width:{}%", units * 100 / most)></span></span>
                    <b class="figures">{group_thousands(units)}</b></li>
            }
        })
        .collect_view();
    view! { <ul class="count-list">{items}</ul> }
}
