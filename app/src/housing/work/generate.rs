//! The units of a building by pattern (S1-4.2): floors × positions, with a live preview of what will be made.
//!
//! The preview is the very plan that the store makes; what is there already is marked, and then nothing is made.

use crate::{
    ApiError,
    housing::{building::api::building_board_get, choice::stock_choices_get, unit::api::unit_generate, use_id},
    ui::{
        PageHead,
        changing::changing,
        empty_view, error_view,
        field::{bind, chosen, coded},
        icon,
        label::Options,
        loading_view,
        resource::resource,
    },
};
use domain::{
    dictionary::{Decoration, HousingCategory, LayoutType, Orientation, UnitStatus},
    failure::FieldErrors,
    housing::{
        building::{Building, BuildingBoard},
        choice::StockChoices,
        unit_batch::{BATCH_MAX, PATTERNS, POSITIONS_MAX, PlannedUnit, PositionForm, UnitBatchForm},
    },
    id::BuildingId,
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use std::collections::HashSet;

/// Rows of the preview that are drawn; a tall building's lowest floors lie below them.
const FLOORS_SHOWN: usize = 60;

pub fn generate_view() -> AnyView {
    let id = use_id();
    let loaded = resource(
        move || id.get(),
        |id| async move { Ok::<_, ApiError>((building_board_get(BuildingId(id)).await?, stock_choices_get().await?)) },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match loaded.await {
                        Ok((board, choices)) => page(board, choices).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Batch {
    form: RwSignal<UnitBatchForm>,
    errors: RwSignal<FieldErrors>,
    floors_up: i32,
    /// entrance and room number of the units that are there
    taken: StoredValue<HashSet<(String, String)>>,
}

fn page(board: BuildingBoard, choices: StockChoices) -> impl IntoView {
    let BuildingBoard { building, units } = board;
    let title = format!("{} {}", building.estate, building.no);
    let batch = Batch {
        form: RwSignal::new(start(&building)),
        errors: RwSignal::new(FieldErrors::default()),
        floors_up: building.floors_up,
        taken: StoredValue::new(units.into_iter().map(|unit| (unit.entrance, unit.room_no)).collect()),
    };
    let id = building.id;
    let act = Action::new(move |form: &UnitBatchForm| unit_generate(id, form.clone()));
    let navigate = use_navigate();
    Effect::new(move |_| match act.value().get() {
        Some(Ok(_)) => navigate(&format!("/housing/buildings/{id}"), Default::default()),
        Some(Err(error)) => batch.errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let checked = batch.form.with_untracked(|form| form.check(batch.floors_up));
        batch.errors.set(checked.as_ref().err().cloned().unwrap_or_default());
        if checked.is_ok() {
            act.dispatch(batch.form.get_untracked());
        }
    };
    let plan = Memo::new(move |_| batch.form.with(|form| form.plan(batch.floors_up, &mut FieldErrors::default())));
    let conflicts = Memo::new(move |_| plan.with(|plan| plan.iter().filter(|unit| batch.is_taken(unit)).count()));
    let refused = move || act.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    let blocked = move || !alive.get() || act.pending().get() || plan.with(Vec::is_empty) || conflicts.get() > 0;
    let label = move || format!("生成{}套房源", plan.with(Vec::len));
    view! {
        <PageHead title="批量生成房源" back=(format!("/housing/buildings/{id}"), title) />
        {changing(move || refused().map(|error| error_view(&error)))}
        <form class="panel form-grid" method="post" on:submit=submit novalidate autocomplete="off">
            {common_fields(batch, &building, &choices)}
            {positions_view(batch)}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=blocked>{changing(label)}</button>
                <a class="btn btn-ghost" href=format!("/housing/buildings/{id}")>"取消"</a>
            </div>
        </form>
        <section class="panel" aria-labelledby="preview-title">
            <h2 id="preview-title">"预览"</h2>
            <p role="status">{changing(move || summary(plan.with(Vec::len), conflicts.get()))}</p>
            {changing(move || plan.with(|plan| preview(batch, plan)))}
        </section>
    }
}

impl Batch {
    fn is_taken(self, unit: &PlannedUnit) -> bool {
        self.taken.with_value(|taken| taken.contains(&(unit.entrance.clone(), unit.room_no.clone())))
    }
}

/// What is known of the building is filled in.
fn start(building: &Building) -> UnitBatchForm {
    let entrances: Vec<String> = (1..=building.entrances.clamp(1, 30)).map(|number| number.to_string()).collect();
    let positions = building.units_per_floor.and_then(|count| usize::try_from(count).ok()).unwrap_or(2);
    UnitBatchForm {
        entrances: entrances.join("、"),
        floor_from: "1".to_owned(),
        floor_to: building.floors_up.to_string(),
        pattern: PATTERNS[0].0.to_owned(),
        positions: vec![PositionForm::default(); positions.clamp(1, POSITIONS_MAX)],
        category: HousingCategory::PublicRental.code().to_owned(),
        status: UnitStatus::Vacant.code().to_owned(),
        ..UnitBatchForm::default()
    }
}

fn summary(planned: usize, conflicts: usize) -> String {
    match (planned, conflicts) {
        (0, _) => format!("请填写单元、楼层和房号规则；一次最多生成{BATCH_MAX}套"),
        (planned, 0) => format!("将生成{planned}套房源，每套含1个房间"),
        (planned, conflicts) => format!("计划{planned}套，其中{conflicts}套的房号已存在；请调整后再生成"),
    }
}

fn common_fields(batch: Batch, building: &Building, choices: &StockChoices) -> impl IntoView + use<> {
    let Batch { form, errors, .. } = batch;
    let standards = chosen(choices.rent_standards_of(building.district_id.0));
    let managers = chosen(choices.management_units.clone());
    let statuses = [UnitStatus::Vacant, UnitStatus::Prep].to_vec();
    let patterns =
        PATTERNS.iter().map(|(pattern, says)| view! { <option value=*pattern>{*says}</option> }).collect_view();
    view! {
        {bind(form, errors, "entrances", "单元号", true, |form| &mut form.entrances).text("text", "以顿号分隔，如 1、2、3")}
        {bind(form, errors, "floor_from", "起始楼层", true, |form| &mut form.floor_from).text("text", "-3至60")}
        {bind(form, errors, "floor_to", "终止楼层", true, |form| &mut form.floor_to).text("text", "不大于地上层数")}
        <div>
            {bind(form, errors, "pattern", "房号规则", true, |form| &mut form.pattern).text("text", "如 {floor}{seq2}")}
            <label class="text-sm">"常用规则"
                <select class="select select-sm" on:change=move |event| {
                    let pattern = event_target_value(&event);
                    if !pattern.is_empty() {
                        form.update(|form| form.pattern = pattern);
                    }
                }>
                    <option value="">"请选择"</option>
                    {patterns}
                </select>
            </label>
        </div>
        {bind(form, errors, "mgmt_unit", "住房管理单位", true, |form| &mut form.mgmt_unit).select(managers)}
        {bind(form, errors, "category", "住房类别", true, |form| &mut form.category).select(coded(HousingCategory::choices()))}
        {bind(form, errors, "rent_standard", "租金标准", false, |form| &mut form.rent_standard).select(standards)}
        {bind(form, errors, "decoration", "装修", false, |form| &mut form.decoration).select(coded(Decoration::choices()))}
        {bind(form, errors, "status", "状态", true, |form| &mut form.status).select(coded(statuses))}
    }
}

/// One line per position: what the flats above each other have in common.
fn positions_view(batch: Batch) -> impl IntoView {
    let Batch { form, errors, .. } = batch;
    let count = Memo::new(move |_| form.with(|form| form.positions.len()));
    let add = move |_| {
        form.update(|form| {
            if form.positions.len() < POSITIONS_MAX {
                // The next flat is mostly like the one beside it.
                form.positions.push(form.positions.last().cloned().unwrap_or_default());
            }
        });
    };
    let full = move || count.get() >= POSITIONS_MAX;
    let complaint = move || errors.with(|errors| errors.get("positions").map(ToOwned::to_owned));
    view! {
        <fieldset class="positions">
            <legend>"每层户型（从左到右，每行一户）"</legend>
            <ol class="position-list">
                {changing(move || (0..count.get()).map(|index| position_line(batch, index)).collect_view())}
            </ol>
            <p class="field-error" role="alert">{changing(complaint)}</p>
            <button type="button" class="btn btn-outline btn-sm" on:click=add disabled=full>{icon("add")}"增加一户"</button>
        </fieldset>
    }
}

fn position_line(batch: Batch, index: usize) -> impl IntoView {
    let seq = index + 1;
    let remove = move |_| {
        batch.form.update(|form| {
            if index < form.positions.len() {
                form.positions.remove(index);
            }
        });
        batch.errors.set(FieldErrors::default());
    };
    view! {
        <li class="position-line">
            <span class="position-no">{format!("{seq:02}")}</span>
            {position_select(batch, index, "layout", "户型", coded(LayoutType::choices()), |position| &mut position.layout)}
            {position_text(batch, index, "building_area", "建筑面积(㎡)", |position| &mut position.building_area)}
            {position_text(batch, index, "usable_area", "使用面积(㎡)", |position| &mut position.usable_area)}
            {position_select(batch, index, "orientation", "朝向", coded(Orientation::choices()), |position| &mut position.orientation)}
            <button type="button" class="btn btn-ghost btn-sm btn-square" aria-label=format!("删除第{seq}户") on:click=remove>{icon("delete")}</button>
        </li>
    }
}

/// One text of a position.
type Part = fn(&mut PositionForm) -> &mut String;

fn position_value(batch: Batch, index: usize, part: Part) -> String {
    let position = batch.form.with(|form| form.positions.get(index).cloned());
    position.map(|mut position| part(&mut position).clone()).unwrap_or_default()
}

fn position_set(batch: Batch, index: usize, part: Part, value: String) {
    batch.form.update(|form| {
        if let Some(position) = form.positions.get_mut(index) {
            *part(position) = value;
        }
    });
}

fn position_frame(batch: Batch, name: String, label: String, input: AnyView) -> AnyView {
    let complaint = {
        let name = name.clone();
        move || batch.errors.with(|errors| errors.get(&name).map(ToOwned::to_owned))
    };
    let wrong = complaint.clone();
    view! {
        <div class="form-field" class:has-error=move || wrong().is_some()>
            <label for=name.clone() class="text-sm">{label}</label>
            {input}
            <p class="field-error" id=format!("{name}-error") role="alert">{changing(complaint)}</p>
        </div>
    }
    .into_any()
}

fn position_text(batch: Batch, index: usize, field: &'static str, label: &'static str, part: Part) -> AnyView {
    let name = format!("{field}-{index}");
    let input = view! {
        <input id=name.clone() name=name.clone() type="text" class="input input-sm" aria-describedby=format!("{name}-error")
            prop:value=move || position_value(batch, index, part)
            on:input=move |event| position_set(batch, index, part, event_target_value(&event)) />
    };
    position_frame(batch, name, label.to_owned(), input.into_any())
}

fn position_select(
    batch: Batch,
    index: usize,
    field: &'static str,
    label: &'static str,
    options: Options,
    part: Part,
) -> AnyView {
    let name = format!("{field}-{index}");
    let options = options.view(move |code| position_value(batch, index, part) == code);
    let input = view! {
        <select id=name.clone() name=name.clone() class="select select-sm" aria-describedby=format!("{name}-error")
            on:change=move |event| position_set(batch, index, part, event_target_value(&event))>
            <option value="">"请选择"</option>
            {options}
        </select>
    };
    position_frame(batch, name, label.to_owned(), input.into_any())
}

/// One table per entrance, the top floor first, as the board will show it.
fn preview(batch: Batch, plan: &[PlannedUnit]) -> AnyView {
    if plan.is_empty() {
        return empty_view("填写后在此预览将要生成的房源");
    }
    let mut entrances: Vec<&str> = plan.iter().map(|unit| unit.entrance.as_str()).collect();
    entrances.dedup();
    let tables = entrances
        .into_iter()
        .map(|entrance| {
            let units: Vec<&PlannedUnit> = plan.iter().filter(|unit| unit.entrance == entrance).collect();
            let mut floors: Vec<i32> = units.iter().map(|unit| unit.floor).collect();
            floors.sort_unstable_by(|a, b| b.cmp(a));
            floors.dedup();
            let rows = floors
                .into_iter()
                .take(FLOORS_SHOWN)
                .map(|floor| {
                    let cells = units.iter().filter(|unit| unit.floor == floor).map(|unit| planned_cell(batch, unit)).collect_view();
                    view! { <tr><th scope="row">{format!("{floor}层")}</th><td><div class="board-floor">{cells}</div></td></tr> }
                })
                .collect_view();
            view! { <table class="board"><caption>{format!("{entrance}单元")}</caption><tbody>{rows}</tbody></table> }
        })
        .collect_view();
    view! { <div class="board-scroll" tabindex="0" role="region" aria-label="将要生成的房源">{tables}</div> }.into_any()
}

fn planned_cell(batch: Batch, unit: &PlannedUnit) -> impl IntoView + use<> {
    let taken = batch.is_taken(unit);
    let says = if taken { format!("{} 已存在", unit.room_no) } else { unit.room_no.clone() };
    view! { <span class="planned-unit" class:is-taken=taken title=says.clone()>{says.clone()}</span> }
}
