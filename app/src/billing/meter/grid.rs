//! The grid of a period (S4-1.6.2): what each meter shows, saved together; what is strange is confirmed.

use super::api::{meter_reading_confirm, meter_readings_save};
use crate::{
    billing::table_panel,
    shell::{may, use_frame},
    ui::{
        deed::{Deed, deed},
        error_view,
        table::cell_view,
        toast,
    },
};
use chrono::NaiveDate;
use domain::{
    billing::{
        meter_reading::{EnteredReading, Period, ReadingRow, ReadingStatus, ReadingsForm, reading_field},
        meter_sheet::READING_LIST,
    },
    failure::FieldErrors,
    platform::permission::Permission,
    sheet::Cell,
    value::decimal_text,
};
use leptos::prelude::*;

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
pub(super) fn grid_view(period: &Period, again: Callback<()>) -> AnyView {
    let open = period.row.status.is_open();
    let today = use_frame().with_untracked(|frame| frame.day.clone());
    let readings = period.readings.iter().map(|row| EnteredReading {
        id: row.id,
        version: row.version,
        ..EnteredReading::default()
    });
    let grid = Grid {
        form: RwSignal::new(ReadingsForm { read_on: today.clone(), readings: readings.collect() }),
        errors: RwSignal::new(FieldErrors::default()),
    };
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
    let row = |(place, row)| row_view(grid, place, row, writes, (submit, again));
    let rows = period.readings.iter().enumerate().map(row).collect();
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
                    <button type="button" class="btn btn-primary btn-sm needs-script" disabled=move || save.pending().get() on:click=move |_| submit.run(())>"保存数据"</button>
                    {move || grid.error("read_on").map(|error| view! { <p class="field-error" role="alert">{error}</p> })}
                </div>
            }
        })
    };
    view! {
        {tools}
        {refused}
        {table}
    }
    .into_any()
}

fn row_view(
    grid: Grid,
    place: usize,
    row: &ReadingRow,
    writes: Memo<bool>,
    (submit, again): (Callback<()>, Callback<()>),
) -> AnyView {
    let closing = row.closing.map(|closing| closing.to_string()).unwrap_or_default();
    let field = reading_field(row.id);
    let label = format!("{}期末值", row.meter_no);
    let billed = row.status == ReadingStatus::Billed;
    let shown = closing.clone();
    let entry = move || {
        if !writes.get() || billed {
            return view! { <span>{shown.clone()}</span> }.into_any();
        }
        let (field, label, closing) = (field.clone(), label.clone(), closing.clone());
        let error = field.clone();
        view! {
            <input class="input input-sm figures" name=field inputmode="decimal" aria-label=label placeholder=closing
                prop:value=move || grid.form.with(|form| form.readings.get(place).map(|entered| entered.closing.clone()).unwrap_or_default())
                on:input=move |event| grid.change(place, |entered| entered.closing = event_target_value(&event))
                on:keydown=move |event| { if event.key() == "Enter" { submit.run(()); } } />
            <label class="text-sm whitespace-nowrap">
                <input type="checkbox" class="checkbox checkbox-sm" on:change=move |event| grid.change(place, |entered| entered.rolled = event_target_checked(&event)) />
                " 已归零"
            </label>
            {move || grid.error(&error).map(|error| view! { <p class="field-error" role="alert">{error}</p> })}
        }
        .into_any()
    };
    let (id, version) = (row.id, row.version);
    let strange = row.status == ReadingStatus::Abnormal;
    let confirm = move || {
        (strange && writes.get()).then(|| {
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
        })
    };
    view! {
        <tr>
            <td><a class="link link-primary link-hover" href=format!("{}/{id}", READING_LIST.path)>{row.meter_no.clone()}</a></td>
            <td>{row.place.clone()}</td>
            <td class="desk-only">{row.occupant.clone()}</td>
            <td class="figures">{row.opening.to_string()}</td>
            <td class="figures">{entry}</td>
            <td class="figures">{row.usage.map(|usage| decimal_text(usage, 2))}</td>
            <td class="figures desk-only">{row.amount.map(|amount| amount.to_string())}</td>
            <td>{cell_view(Cell::coded(row.status))}{row.note.clone().map(|note| view! { <p class="text-sm">{note}</p> })}{confirm}</td>
        </tr>
    }
    .into_any()
}
