//! 统计报表 (domain.md §8, S1-17, S4-1.13): one page for all reports of tenancy and money. What is asked stands in the
//! address, every change of it is a link or a GET form; what a line shows is derived from its sums here as in a file.

use crate::{
    Api, ApiError,
    housing::choice::stock_choices_get,
    shell::{may, use_frame},
    ui::{
        PageHead,
        changing::changing,
        empty_view, error_view, icon,
        label::coded,
        list::use_list_query,
        loading_view, print_button,
        resource::resource,
        table::{cell_view, kind_class, time_text},
        visit::use_visit,
    },
};
use domain::{
    dictionary::{FeeItem, Item},
    export::DIRECT_ROWS,
    failure::{Failure, FieldErrors},
    housing::choice::Choice,
    insight::{
        report::{By, Line, Rank, Report, ReportSheet},
        report_query::{PATH, Period},
        report_sheet::{COLLECTION, REPORTS},
    },
    list::{ListQuery, Position},
    platform::permission::Permission,
    sheet::Kind,
};
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// A report, as the filters of the query ask for it.
#[server(endpoint = "report_get", protocol = Api)]
pub async fn report_get(query: ListQuery) -> Result<Report, ApiError> {
    Ok(store::insight::report::report_get(&crate::context::ctx()?, &query, domain::insight::report::PAGE_LINES_MAX)
        .await?)
}

/// All reports, and each of them.
pub struct Reports;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    All,
    One(Option<&'static str>),
    /// on the way to another module
    Elsewhere,
}

impl Place {
    fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts.as_slice() {
            ["insight", "reports"] => Self::All,
            ["insight", "reports", key] => Self::One(ReportSheet::of(key).map(|sheet| sheet.key)),
            _ => Self::Elsewhere,
        }
    }
}

#[lazy_route]
impl LazyRoute for Reports {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = use_location().pathname;
        let place = Memo::new(move |_| path.with(|path| Place::of(path)));
        (move || match place.get() {
            Place::All => index_view(),
            Place::One(key) => match key.and_then(ReportSheet::of) {
                Some(sheet) => report_view(sheet),
                None => view! { <main class="page">{error_view(&Failure::NotFound.into())}</main> }.into_any(),
            },
            Place::Elsewhere => ().into_any(),
        })
        .into_any()
    }
}

/// The three collection reports of seed 004 are one, by three groups.
const COLLECTIONS: [(&str, &str, &str); 3] = [
    ("RP-21", "收缴率（按小区）", "estate"),
    ("RP-22", "收缴率（按费项）", "item"),
    ("RP-23", "收缴率（按月份）", "month"),
];

fn index_view() -> AnyView {
    let card = |no: &'static str, title: &'static str, href: String, note: &'static str| {
        view! { <li><a href=href><b>{title}</b><small>{no}</small><span>{note}</span></a></li> }.into_any()
    };
    let cards: Vec<AnyView> = REPORTS
        .iter()
        .flat_map(|sheet| match sheet.key {
            key if key == COLLECTION.key => COLLECTIONS
                .iter()
                .map(|(no, title, by)| card(no, title, format!("{PATH}/{key}?by={by}"), sheet.note))
                .collect(),
            key => vec![card(sheet.no, sheet.title, format!("{PATH}/{key}"), sheet.note)],
        })
        .collect();
    view! {
        <main class="page">
            <PageHead title="统计报表" />
            <ul class="report-index">{cards}</ul>
        </main>
    }
    .into_any()
}

fn report_view(sheet: &'static ReportSheet) -> AnyView {
    let query = use_list_query();
    let asked = Memo::new(move |_| query.with(|query| of_report(query, sheet)));
    let report = resource(move || asked.get(), report_get);
    let choices = resource(|| (), |()| stock_choices_get());
    view! {
        <main class="page report">
            <PageHead title=sheet.title back=(PATH.to_owned(), "统计报表".to_owned())>
                {print_button()}
                {changing(move || may(Permission::ReportExport).then(|| export_form(&asked.get())))}
            </PageHead>
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move { filter_form(sheet, query, choices.await.map(|choices| choices.districts).unwrap_or_default()) }))}
            </Suspense>
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match report.await {
                        Ok(report) => sheet_view(sheet, &report),
                        Err(ApiError(Failure::Invalid(errors))) => complaints(&errors),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Transition>
        </main>
    }
    .into_any()
}

/// What the address says, and which report it is about.
fn of_report(query: &ListQuery, sheet: &ReportSheet) -> ListQuery {
    let mut asked = ListQuery { filter: query.filter.clone(), ..ListQuery::default() };
    asked.filter.insert("report".to_owned(), sheet.key.to_owned());
    asked.at(Position::Page(1))
}

fn complaints(errors: &FieldErrors) -> AnyView {
    let sentences: Vec<_> = errors.0.values().map(|sentence| view! { <li>{sentence.clone()}</li> }).collect();
    view! { <div role="alert" class="alert alert-error alert-soft m-4"><ul>{sentences}</ul></div> }.into_any()
}

/// The same report as a workbook.
fn export_form(asked: &ListQuery) -> AnyView {
    let most = use_frame().with_untracked(|frame| frame.settings.export_rows).min(DIRECT_ROWS);
    let hidden: Vec<_> = asked
        .to_params()
        .into_iter()
        .map(|(key, value)| view! { <input type="hidden" name=key value=value /> })
        .collect();
    view! {
        <form method="post" action="/files/export/report">
            {hidden}
            <input type="hidden" name="rows" value=most.to_string() />
            <button type="submit" class="btn btn-outline btn-sm">{icon("export")}"导出Excel"</button>
        </form>
    }
    .into_any()
}

fn filter_form(sheet: &'static ReportSheet, query: Memo<ListQuery>, districts: Vec<Choice>) -> AnyView {
    let path = format!("{PATH}/{}", sheet.key);
    let visit = use_visit();
    let of = move |key: &'static str| query.with(|query| query.filter(key).unwrap_or_default().to_owned());
    let kind = if sheet.period == Period::Days { "date" } else { "month" };
    let time = (sheet.period != Period::Now).then(|| {
        let field = |key: &'static str, label: &'static str| {
            view! {
                <label class="filter-field"><span>{label}</span>
                    <input type=kind name=key class="input input-sm" value=move || of(key) prop:value=move || of(key) />
                </label>
            }
        };
        view! { {field("start", "起始")}{field("end", "截止")} }
    });
    let district = (districts.len() > 1).then(|| {
        let options = districts.into_iter().map(|district| (district.id.to_string(), district.label)).collect();
        select("district", "区县", "全部", options, query)
    });
    let items: Vec<Item> =
        FeeItem::choices().into_iter().filter(|item| FeeItem::from_code(item.code).is_some_and(sheet.items)).collect();
    let item = (!items.is_empty()).then(|| select("item", "费项", "全部", coded(items).all(), query));
    let by = (sheet.groups.len() > 1).then(|| {
        let named = |by: &By| (by.named().0.to_owned(), by.named().1.to_owned());
        select("by", "分组", "自动", sheet.groups.iter().map(named).collect(), query)
    });
    let own = path.clone();
    // A link from the line of a place has set it, and only a link takes it away, with the group that it chose.
    let place = move |key: &'static str, label: &'static str| {
        let mut without = query.get();
        let id = without.filter.remove(key)?;
        without.filter.remove("by");
        let href = format!("{own}{}", without.to_search());
        Some(view! {
            <input type="hidden" name=key value=id />
            <a class="btn btn-sm btn-soft" href=href aria-label=format!("取消{label}筛选")>{format!("限定{label}")}{icon("close")}</a>
        })
    };
    let places = move || {
        [("project", "项目"), ("estate", "小区"), ("unit", "门牌")].map(|(key, label)| place(key, label)).collect_view()
    };
    view! {
        <form method="get" action=path class="filter-bar no-print" autocomplete="off" aria-label="报表条件" on:submit=visit>
            {time}{district}{item}{by}{changing(places)}
            <button type="submit" class="btn btn-primary btn-sm">"查询"</button>
            <a class="btn btn-sm btn-ghost" href=path.clone()>"重置"</a>
        </form>
    }
    .into_any()
}

fn select(
    key: &'static str,
    label: &'static str,
    none: &'static str,
    options: Vec<(String, String)>,
    query: Memo<ListQuery>,
) -> AnyView {
    let options: Vec<_> = options
        .into_iter()
        .map(|(code, label)| {
            let own = code.clone();
            let chosen = Signal::derive(move || query.with(|query| query.filter(key) == Some(own.as_str())));
            view! { <option value=code selected=chosen prop:selected=chosen>{label}</option> }
        })
        .collect();
    view! {
        <label class="filter-field"><span>{label}</span>
            <select name=key class="select select-sm"><option value="">{none}</option>{options}</select>
        </label>
    }
    .into_any()
}

/// Head, table and foot, as they also stand on paper: unit, period, currency, the total in words, and who made and checked
/// it.
fn sheet_view(sheet: &'static ReportSheet, report: &Report) -> AnyView {
    let lines = report.lines(sheet);
    if lines.is_empty() {
        return view! { <section class="card-table">{empty_view("该范围和期间没有数据，请调整条件")}</section> }
            .into_any();
    }
    let columns = report.columns(sheet);
    let names = columns.len() - sheet.figures.len();
    // Names stay on a phone, of the figures those that matter most.
    let phone = |place: usize| match place.checked_sub(names).and_then(|place| sheet.figures.get(place)) {
        Some(figure) if !figure.essential => "desk-only",
        _ => "",
    };
    let classes: Vec<String> = (0..)
        .zip(&columns)
        .map(|(place, (_, kind)): (usize, &(&str, Kind))| format!("{} {}", kind_class(*kind), phone(place)))
        .collect();
    let head: Vec<_> = columns
        .iter()
        .zip(&classes)
        .map(|((header, _), class)| view! { <th scope="col" class=class.clone()>{*header}</th> })
        .collect();
    let rows: Vec<AnyView> = lines.into_iter().map(|line| line_view(line, &classes)).collect();
    let money = sheet.capital.is_some();
    let capital = report.capital(sheet).map(|words| view! { <p>{format!("合计（大写）：人民币{words}")}</p> });
    view! {
        <section class="card-table report-sheet" aria-label=sheet.title>
            <div class="report-head">
                <span>{format!("单位：{}", report.of)}</span>
                <span>{format!("期间：{}", report.query.period_text(sheet))}</span>
                {money.then(|| view! { <span>"币种：人民币元"</span> })}
                <span>{format!("数据截至：{}", time_text(report.at))}</span>
                <span>{sheet.no}</span>
            </div>
            <div class="table-scroll" tabindex="0" role="region" aria-label=sheet.title>
                <table class="table table-sm data-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>
            </div>
            <div class="report-foot">
                {capital}
                <p class="paper-only">"制表人：　　　　　　　　审核人：　　　　　　　　"</p>
                <p class="text-sm">{format!("口径：{}", sheet.note)}</p>
            </div>
        </section>
    }
    .into_any()
}

fn line_view(line: Line, classes: &[String]) -> AnyView {
    let Line { rank, names, cells, hues } = line;
    let first = names.len();
    let names: Vec<_> = (0..)
        .zip(names)
        .map(|(place, name): (usize, _)| match place {
            0 => view! { <th scope="row">{cell_view(name)}</th> }.into_any(),
            _ => view! { <td>{cell_view(name)}</td> }.into_any(),
        })
        .collect();
    let cells: Vec<_> = cells
        .into_iter()
        .zip(hues)
        .zip(&classes[first..])
        .map(|((cell, hue), class)| {
            // The colour stands beside the figure, which says the same without it.
            let dot = hue.map(
                |hue| view! { <span class="rate-dot" style=format!("--rate-hue:{hue}") aria-hidden="true"></span> },
            );
            view! { <td class=class.clone()>{dot}{cell_view(cell)}</td> }
        })
        .collect();
    let class = match rank {
        Rank::Row => "",
        Rank::Subtotal => "report-subtotal",
        Rank::Total => "report-total",
    };
    view! { <tr class=class>{names}{cells}</tr> }.into_any()
}
