//! The grid of a period (S4-1.6.2): what each meter shows, saved together; what is strange is confirmed.

use super::api::{meter_reading_confirm, meter_readings_save};
use crate::{
    billing::table_panel,
    shell::{may, use_frame},
    ui::{
        changing::changing,
        deed::{Deed, deed},
        error_view,
        table::cell_view,
        toast,
    },
};
use chrono::NaiveDate;
use domain::{
    billing::{
        meter::{Span, Tariff},
        meter_grid::{EnteredReading, ReadingsForm, opening_field, reading_field},
        meter_reading::{Period, ReadingRow, ReadingStatus},
        meter_sheet::READING_LIST,
    },
    failure::FieldErrors,
    platform::permission::Permission,
    sheet::Cell,
    tenancy::hand_over::Reading,
    value::{Money, decimal_text},
};
use leptos::{prelude::*, wasm_bindgen::JsCast as _};

/// What is typed in the grid of a period. It outlives the rows, which every deed loads anew.
#[derive(Clone, Copy)]
pub(super) struct Typed {
    /// the period that it is of
    period: RwSignal<i64>,
    form: RwSignal<ReadingsForm>,
    /// the row that was just confirmed here
    own: RwSignal<Option<i64>>,
}

impl Typed {
    /// Nothing is typed yet.
    pub(super) fn new() -> Self {
        let (period, form) = (RwSignal::new(0), RwSignal::new(ReadingsForm::default()));
        Self { period, form, own: RwSignal::new(None) }
    }

    /// Puts what is typed over the rows that were loaded; of another period, and of one that is no longer read, nothing is.
    fn over(self, period: &Period, today: &str) -> RwSignal<ReadingsForm> {
        let same = self.period.get_untracked() == period.row.id && period.row.status.is_open();
        let nothing = ReadingsForm { read_on: today.to_owned(), readings: Vec::new() };
        let typed = if same { self.form.get_untracked() } else { nothing };
        let own = self.own.try_update(Option::take).flatten();
        self.period.set(period.row.id);
        self.form.set(typed.over(&period.readings, own));
        self.form
    }

    /// It is saved.
    fn forget(self) {
        self.form.update(|form| form.readings.clear());
    }
}

/// What is typed, and what was wrong with it.
#[derive(Clone, Copy)]
struct Grid {
    form: RwSignal<ReadingsForm>,
    errors: RwSignal<FieldErrors>,
}

impl Grid {
    /// What is typed of a reading.
    fn change(self, place: usize, change: impl Fn(&mut EnteredReading)) {
        self.form.update(|form| {
            if let Some(entered) = form.readings.get_mut(place) {
                change(entered);
            }
        });
    }

    fn error(self, field: &str) -> Option<String> {
        self.errors.with(|errors| errors.get(field).map(ToOwned::to_owned))
    }
}

/// The readings: as inputs for who reads while they may be read, otherwise as they are.
pub(super) fn grid_view(period: &Period, kept: Typed, again: Callback<()>) -> AnyView {
    let open = period.row.status.is_open();
    let today = use_frame().with_untracked(|frame| frame.day.clone());
    let grid = Grid { form: kept.over(period, &today), errors: RwSignal::new(FieldErrors::default()) };
    let writes = Memo::new(move |_| open && may(Permission::MeterWrite));
    let head = view! {
        <th scope="col">"表具编号"</th><th scope="col">"房间"</th><th scope="col" class="desk-only">"客户"</th>
        <th scope="col" class="figures">"期初值"</th><th scope="col" class="figures">"期末值"</th>
        <th scope="col" class="figures">"用量"</th><th scope="col" class="figures desk-only">"金额(元)"</th><th scope="col">"状态"</th>
    }
    .into_any();
    let id = period.row.id;
    let save = Action::new(move |form: &ReadingsForm| meter_readings_save(id, form.clone()));
    Effect::new(move |_| match save.value().get() {
        Some(Ok(saved)) => {
            toast::tell(&format!("已保存{saved}块表的读数"));
            kept.forget();
            again.run(());
        }
        Some(Err(error)) => grid.errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    // No form of its own: what is confirmed in a row has one.
    let submit = Callback::new(move |()| {
        let day = today.parse::<NaiveDate>().unwrap_or_default();
        let form = grid.form.get_untracked();
        match form.check(day) {
            Ok(_) => {
                grid.errors.set(FieldErrors::default());
                save.dispatch(form);
            }
            Err(errors) => grid.errors.set(errors),
        }
    });
    let tariff = period.tariff.as_deref().and_then(Tariff::parse).unwrap_or_default();
    let tariff = StoredValue::new(tariff);
    let row = |(place, row): (usize, &ReadingRow)| {
        let next = period.readings.get(place + 1).map(|next| reading_field(next.id));
        let id = row.id;
        let confirmed = Callback::new(move |()| {
            kept.own.set(Some(id));
            again.run(());
        });
        row_view(grid, (place, row), next, (writes, tariff), confirmed)
    };
    let rows = period.readings.iter().enumerate().map(row).collect();
    let hidden = period.row.meters > i64::try_from(period.readings.len()).unwrap_or(i64::MAX);
    let table = table_panel("抄录", head, rows, "本期没有表具");
    let refused = move || {
        save.value()
            .get()
            .and_then(Result::err)
            .filter(|error| error.fields().is_none())
            .map(|error| error_view(&error))
    };
    let tools = move || {
        writes.get().then(|| {
            view! {
                <div class="deed-row no-print">
                    <label><span class="text-sm">"抄表日期 "</span>
                        <input class="input input-sm" type="date" name="read_on" prop:value=move || grid.form.with(|form| form.read_on.clone())
                            on:input=move |event| grid.form.update(|form| form.read_on = event_target_value(&event)) />
                    </label>
                    <button type="button" class="btn btn-primary btn-sm needs-script" disabled=save.pending() on:click=move |_| submit.run(())>"保存数据"</button>
                    {changing(move || grid.error("read_on").map(|error| view! { <p class="field-error" role="alert">{error}</p> }))}
                </div>
            }
        })
    };
    let cut = hidden.then(|| view! { <p class="page-note">"本期表具过多，此处只列出一部分；其余请用导入办理。"</p> });
    view! {
        {changing(tools)}
        {cut}
        {changing(refused)}
        {table}
    }
    .into_any()
}

/// 确认 of a strange value.
pub(super) fn confirm_view(id: i64, version: i32, again: Callback<()>) -> AnyView {
    deed(
        Deed {
            label: "确认",
            class: "btn btn-outline btn-sm",
            question: "现场核对无误后确认，并说明原因。",
            word: Some(("opinion", "确认说明")),
        },
        move |reason| meter_reading_confirm(id, version, reason),
        move |()| again.run(()),
    )
}

/// What a row measures as it is typed: usage, and what that costs.
fn typed(entered: &EnteredReading, row: &Span, opening: Option<Reading>, tariff: &Tariff) -> Option<(i64, Money)> {
    let opening = Reading::parse(&entered.opening).ok().or(opening)?;
    let closing = Reading::parse(&entered.closing).ok()?;
    let usage = Span { opening, closing, rolled: entered.rolled, ..*row }.usage().ok()?;
    Some((usage, tariff.charge(usage)))
}

/// An input of a row. Enter goes on to the next row, as the reader does.
fn input_view(
    grid: Grid,
    place: usize,
    (field, label, shown): (String, String, String),
    text: fn(&mut EnteredReading) -> &mut String,
    next: Option<String>,
) -> AnyView {
    let error = field.clone();
    let held = move || {
        grid.form.with(|form| form.readings.get(place).cloned().map(|mut entered| std::mem::take(text(&mut entered))))
    };
    let onward = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            let input = next.as_ref().and_then(|next| document().get_element_by_id(next));
            if let Some(input) = input {
                let _ = input.unchecked_into::<web_sys::HtmlElement>().focus();
            }
        }
    };
    view! {
        <input class="input input-sm figures" id=field.clone() name=field inputmode="decimal" aria-label=label placeholder=shown
            prop:value=move || held().unwrap_or_default()
            on:input=move |event| grid.change(place, |entered| *text(entered) = event_target_value(&event))
            on:keydown=onward />
        {changing(move || grid.error(&error).map(|error| view! { <p class="field-error" role="alert">{error}</p> }))}
    }
    .into_any()
}

fn row_view(
    grid: Grid,
    (place, row): (usize, &ReadingRow),
    next: Option<String>,
    (writes, tariff): (Memo<bool>, StoredValue<Tariff>),
    again: Callback<()>,
) -> AnyView {
    let text = |reading: Option<Reading>| reading.map(|reading| reading.to_string()).unwrap_or_default();
    let (opening, closing) = (text(row.opening), text(row.closing));
    let (id, number, first) = (row.id, row.meter_no.clone(), row.first);
    let entered = row.status != ReadingStatus::Billed;
    let opens = {
        let (number, opening) = (number.clone(), opening.clone());
        move || {
            if !writes.get() || !entered || !first {
                return view! { <span>{opening.clone()}</span> }.into_any();
            }
            let named = (opening_field(id), format!("{number}期初值"), opening.clone());
            input_view(grid, place, named, |entered| &mut entered.opening, Some(reading_field(id)))
        }
    };
    let closes = {
        let (number, closing) = (number.clone(), closing.clone());
        move || {
            if !writes.get() || !entered {
                return view! { <span>{closing.clone()}</span> }.into_any();
            }
            let named = (reading_field(id), format!("{number}期末值"), closing.clone());
            let held = move || grid.form.with(|form| form.readings.get(place).is_some_and(|entered| entered.rolled));
            view! {
                {input_view(grid, place, named, |entered| &mut entered.closing, next.clone())}
                <label class="text-sm whitespace-nowrap">
                    <input type="checkbox" class="checkbox checkbox-sm" aria-label=format!("{number}已归零") prop:checked=held
                        on:change=move |event| grid.change(place, |entered| entered.rolled = event_target_checked(&event)) />
                    " 已归零"
                </label>
            }
            .into_any()
        }
    };
    let shown = row.opening;
    let span = Span {
        opening: shown.unwrap_or(Reading(0)),
        closing: Reading(0),
        multiplier: row.multiplier,
        max: row.max,
        rolled: false,
        carried: row.carried,
    };
    let (usage, amount) = (row.usage, row.amount);
    let now = Memo::new(move |_| {
        let entered = grid.form.with(|form| form.readings.get(place).cloned())?;
        tariff.with_value(|tariff| typed(&entered, &span, shown, tariff))
    });
    let usage = move || now.get().map(|(usage, _)| usage).or(usage).map(|usage| decimal_text(usage, 2));
    let amount = move || now.get().map(|(_, amount)| amount).or(amount).map(|amount| amount.to_string());
    let photos = (row.photos > 0).then(|| view! { <p class="text-sm">{format!("照片{}张", row.photos)}</p> });
    let version = row.version;
    let strange = row.status == ReadingStatus::Abnormal;
    let confirm = move || (strange && writes.get()).then(|| confirm_view(id, version, again));
    view! {
        <tr>
            <td><a class="link link-primary link-hover" href=format!("{}/{id}", READING_LIST.path)>{number}</a>{photos}</td>
            <td>{row.place.clone()}</td>
            <td class="desk-only">{row.occupant.clone()}</td>
            <td class="figures">{opens}</td>
            <td class="figures">{closes}</td>
            <td class="figures">{changing(usage)}</td>
            <td class="figures desk-only">{changing(amount)}</td>
            <td>{cell_view(Cell::coded(row.status))}{row.note.clone().map(|note| view! { <p class="text-sm">{note}</p> })}{changing(confirm)}</td>
        </tr>
    }
    .into_any()
}
