//! Working-day calendar (S1-9.13): a year at a glance, the form of a day, and a deadline to try it with.

use crate::{
    Api, ApiError,
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        dialog::Ask,
        error_view,
        field::bind,
        icon,
        label::coded,
        resource::resource,
    },
};
use chrono::{Datelike as _, NaiveDate};
use domain::{
    dictionary::DayKind,
    failure::FieldErrors,
    import::SheetKey,
    platform::{
        calendar::{CalendarYear, HOLIDAY_LIST, Holiday, HolidayForm, is_weekend},
        permission::Permission,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

const WEEK: [&str; 7] = ["一", "二", "三", "四", "五", "六", "日"];

/// One year of the calendar; without a year the present one.
#[server(endpoint = "calendar_get", protocol = Api)]
pub async fn calendar_get(year: Option<i32>) -> Result<CalendarYear, ApiError> {
    Ok(store::platform::calendar::calendar_get(&crate::context::ctx()?, year).await?)
}

/// Says of a day that it is free or worked, or takes that back.
#[server(endpoint = "calendar_day_set", protocol = Api)]
pub async fn calendar_day_set(form: HolidayForm) -> Result<(), ApiError> {
    Ok(store::platform::calendar::calendar_day_set(&crate::context::ctx()?, &form).await?)
}

/// When a period of working days ends.
#[server(endpoint = "calendar_deadline", protocol = Api)]
pub async fn calendar_deadline(from: String, days: String) -> Result<NaiveDate, ApiError> {
    Ok(store::platform::calendar::calendar_deadline(&crate::context::ctx()?, &from, &days).await?)
}

pub fn year_view() -> AnyView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.read().get("year").and_then(|year| year.parse::<i32>().ok()));
    let year = resource(move || asked.get(), calendar_get);
    let again = Callback::new(move |()| year.refetch());
    let edited = RwSignal::new(None::<HolidayForm>);
    let tools = move || {
        let import = may(Permission::CalendarWrite).then(|| {
            let href = format!("/imports?new={}", SheetKey::Calendar.code());
            view! { <a class="btn btn-outline btn-sm" href=href>{icon("import")}"导入"</a> }
        });
        let export = format!("/files/export/{}?rows=10000", HOLIDAY_LIST.key);
        may(Permission::CalendarRead).then(
            || view! { <a class="btn btn-outline btn-sm" href=export rel="external">{icon("export")}"导出"</a>{import} },
        )
    };
    view! {
        <main class="page">
            <PageHead title="节假日">{changing(tools)}</PageHead>
            {awaited(year, move |year| year_grid(&year, edited).into_any())}
            {day_dialog(edited, again)}
        </main>
    }
    .into_any()
}

fn year_grid(year: &CalendarYear, edited: RwSignal<Option<HolidayForm>>) -> impl IntoView + use<> {
    let number = year.year;
    let warning = year
        .warning
        .clone()
        .map(|text| view! { <div role="alert" class="alert alert-warning alert-soft">{text}</div> });
    let entered = if year.years.contains(&number) { "" } else { "，本年尚未录入，不能计算工作日期限" };
    let months = (1..=12).map(|month| month_table(number, month, &year.holidays, edited)).collect_view();
    view! {
        {warning}
        <section class="panel" aria-label="年历">
            <div class="flex flex-wrap items-center gap-3 pb-3">
                <a class="btn btn-outline btn-sm" href=format!("{}?year={}", HOLIDAY_LIST.path, number - 1)>{icon("back")}"上一年"</a>
                <h2 class="text-lg font-semibold">{format!("{number}年")}</h2>
                <a class="btn btn-outline btn-sm" href=format!("{}?year={}", HOLIDAY_LIST.path, number + 1)>"下一年"</a>
                <p class="opacity-80">{format!("周六、周日默认休息；“休”为放假，“班”为调休上班{entered}。")}</p>
            </div>
            <div class="calendar-year">{months}</div>
        </section>
        {deadline_view()}
    }
}

fn month_table(
    year: i32,
    month: u32,
    holidays: &[Holiday],
    edited: RwSignal<Option<HolidayForm>>,
) -> impl IntoView + use<> {
    let first = NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default();
    let lead = first.weekday().num_days_from_monday() as usize;
    let days: Vec<NaiveDate> = first.iter_days().take_while(|day| day.month() == month).collect();
    let mut cells: Vec<AnyView> = (0..lead).map(|_| view! { <td></td> }.into_any()).collect();
    cells.extend(days.into_iter().map(|day| {
        let holiday = holidays.iter().find(|holiday| holiday.date == day);
        view! { <td>{day_cell(day, holiday, edited)}</td> }.into_any()
    }));
    let mut weeks = Vec::new();
    while !cells.is_empty() {
        let rest = cells.split_off(cells.len().min(7));
        let missing = 7 - cells.len();
        let week = std::mem::replace(&mut cells, rest);
        let fill: Vec<_> = (0..missing).map(|_| view! { <td></td> }).collect();
        weeks.push(view! { <tr>{week}{fill}</tr> });
    }
    let head: Vec<_> = WEEK.iter().map(|name| view! { <th scope="col">{*name}</th> }).collect();
    view! {
        <table class="calendar-month">
            <caption>{format!("{month}月")}</caption>
            <thead><tr>{head}</tr></thead>
            <tbody>{weeks}</tbody>
        </table>
    }
}

fn day_cell(day: NaiveDate, holiday: Option<&Holiday>, edited: RwSignal<Option<HolidayForm>>) -> AnyView {
    let kind = holiday.map(|holiday| holiday.kind);
    let name = holiday.map(|holiday| holiday.name.clone()).unwrap_or_default();
    let (state, mark, said) = match kind {
        Some(DayKind::Rest) => ("rest", "休", "放假"),
        Some(DayKind::Work) => ("work", "班", "调休上班"),
        None if is_weekend(day) => ("weekend", "", "周末"),
        None => ("plain", "", "工作日"),
    };
    let title = format!("{day} {said} {name}").trim_end().to_owned();
    let face = view! { <span>{day.day()}</span><span class="calendar-mark" aria-hidden="true">{mark}</span> };
    if !may(Permission::CalendarWrite) {
        return view! { <span class="calendar-day" data-day=state title=title.clone()>{face}<span class="sr-only">{said}</span></span> }.into_any();
    }
    let form = HolidayForm { date: day.to_string(), kind: kind.map_or("", DayKind::code).to_owned(), name };
    view! {
        <button type="button" class="calendar-day" data-day=state title=title.clone() aria-label=title on:click=move |_| edited.set(Some(form.clone()))>{face}</button>
    }
    .into_any()
}

/// The form of one day, over the year.
fn day_dialog(edited: RwSignal<Option<HolidayForm>>, again: Callback<()>) -> AnyView {
    let form = RwSignal::new(HolidayForm::default());
    let errors = RwSignal::new(FieldErrors::default());
    let open = RwSignal::new(false);
    let save = Action::new(|form: &HolidayForm| calendar_day_set(form.clone()));
    Effect::new(move |_| {
        if let Some(day) = edited.get() {
            form.set(day);
            errors.set(FieldErrors::default());
            save.clear();
            open.set(true);
        }
    });
    Effect::new(move |_| {
        if !open.get() {
            edited.set(None);
        }
    });
    Effect::new(move |_| match save.value().get() {
        Some(Ok(())) => {
            open.set(false);
            again.run(());
        }
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let title = Signal::derive(move || form.with(|form| form.date.clone()));
    view! { <Ask open=open title=title>{day_form(form, errors, save, open)}</Ask> }.into_any()
}

fn day_form(
    form: RwSignal<HolidayForm>,
    errors: RwSignal<FieldErrors>,
    save: Action<HolidayForm, Result<(), ApiError>>,
    open: RwSignal<bool>,
) -> impl IntoView {
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let checked = form.with_untracked(HolidayForm::check);
        errors.set(checked.as_ref().err().cloned().unwrap_or_default());
        if checked.is_ok() {
            save.dispatch(form.get_untracked());
        }
    };
    let refused = move || save.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    view! {
        <form class="form-grid pt-3" method="post" on:submit=submit novalidate autocomplete="off">
            {changing(move || refused().map(|error| error_view(&error)))}
            {bind(form, errors, "kind", "类型", false, |form| &mut form.kind).select(coded(DayKind::choices()))}
            {bind(form, errors, "name", "名称", false, |form| &mut form.name).text("text", "如国庆节")}
            <p class="form-note">"类型不选时按星期：周一至周五上班，周六、周日休息。"</p>
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=save.pending()>"保存"</button>
                <button type="button" class="btn btn-ghost" on:click=move |_| open.set(false)>"取消"</button>
            </div>
        </form>
    }
}

/// From when to when: what the calendar means for a deadline.
fn deadline_view() -> impl IntoView {
    let form = RwSignal::new((String::new(), String::new()));
    let errors = RwSignal::new(FieldErrors::default());
    let ask = Action::new(|(from, days): &(String, String)| calendar_deadline(from.clone(), days.clone()));
    Effect::new(move |_| {
        let refused = ask.value().get().and_then(Result::err);
        errors.set(refused.and_then(|error| error.fields().cloned()).unwrap_or_default());
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        ask.dispatch(form.get_untracked());
    };
    let alive = super::use_alive();
    let answer = move || match ask.value().get()? {
        Ok(day) => Some(view! { <p role="status" class="font-medium">{format!("期限届满日：{day}")}</p> }.into_any()),
        Err(error) if error.fields().is_none() => Some(error_view(&error)),
        Err(_) => None,
    };
    view! {
        <section class="panel">
            <h2>"工作日期限试算"</h2>
            <form class="form-grid" method="post" on:submit=submit novalidate autocomplete="off">
                {bind(form, errors, "from", "起算日（当日不计）", true, |form| &mut form.0).text("date", "")}
                {bind(form, errors, "days", "工作日数", true, |form| &mut form.1).text("number", "")}
                <div class="form-buttons">
                    <button type="submit" class="btn btn-outline" disabled=move || !alive.get() || ask.pending().get()>"计算"</button>
                </div>
            </form>
            {changing(answer)}
        </section>
    }
}
