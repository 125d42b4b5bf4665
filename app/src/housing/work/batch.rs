//! One change of the units chosen in a list: what is written is taken over, or all are locked or unlocked; the outcome
//! names those that stayed as they were.

use crate::ui::label::told;
use crate::{
    ApiError,
    housing::{
        choice::stock_choices_get,
        unit::api::{units_change, units_chosen, units_transition},
    },
    shell::may,
    ui::{
        PageHead,
        changing::changing,
        empty_view, error_view,
        field::{bind, chosen, coded},
        loading_view,
        resource::resource,
        status_tile,
    },
};
use domain::{
    dictionary::{Decoration, HousingCategory, LayoutType},
    failure::FieldErrors,
    housing::{
        choice::StockChoices,
        unit_change::{BatchOutcome, ChosenRow, ChosenUnit, UnitChangeForm},
        unit_status::{Grounds, UnitEvent},
    },
    platform::permission::Permission,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// A change under way.
type Act = Action<Deed, Result<BatchOutcome, ApiError>>;

#[derive(Clone)]
enum Deed {
    Change(UnitChangeForm),
    Transition(UnitEvent, Grounds),
}

pub fn batch_view() -> AnyView {
    let query = use_query_map();
    let chosen = Memo::new(move |_| {
        let keys = query.read().get_all("unit").unwrap_or_default();
        keys.iter().filter_map(|key| ChosenUnit::of_key(key)).collect::<Vec<_>>()
    });
    let loaded = resource(
        move || chosen.get(),
        |chosen| async move {
            if chosen.is_empty() {
                return Ok((Vec::new(), StockChoices::default()));
            }
            Ok::<_, ApiError>((units_chosen(chosen).await?, stock_choices_get().await?))
        },
    );
    view! {
        <main class="page">
            <PageHead title="批量处理房源" back=("/housing/units".to_owned(), "房源".to_owned()) />
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match loaded.await {
                        Ok((rows, _)) if rows.is_empty() => empty_view("请先在房源列表中勾选要处理的房源"),
                        Ok((rows, choices)) => page(chosen.get_untracked(), rows, choices),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Transition>
        </main>
    }
    .into_any()
}

fn page(chosen: Vec<ChosenUnit>, rows: Vec<ChosenRow>, choices: StockChoices) -> AnyView {
    let units = StoredValue::new(chosen);
    let act: Act = Action::new(move |deed: &Deed| {
        let (deed, chosen) = (deed.clone(), units.get_value());
        async move {
            match deed {
                Deed::Change(form) => units_change(chosen, form).await,
                Deed::Transition(event, grounds) => units_transition(chosen, event, grounds).await,
            }
        }
    });
    let done = move || matches!(act.value().get(), Some(Ok(_)));
    let outcome = move || act.value().get().and_then(Result::ok).map(outcome_view);
    let refused = move || {
        act.value().get().and_then(Result::err).filter(|error| error.fields().is_none()).map(|error| error_view(&error))
    };
    let forms = {
        let rows = rows.clone();
        move || (!done()).then(|| forms(act, &rows, &choices))
    };
    view! {
        {changing(outcome)}
        {changing(refused)}
        {forms}
        {changing(move || (!done()).then(|| chosen_table(&rows)))}
    }
    .into_any()
}

fn forms(act: Act, rows: &[ChosenRow], choices: &StockChoices) -> AnyView {
    let writes = may(Permission::UnitWrite).then(|| change_form(act, rows, choices));
    let locks = may(Permission::UnitTransition).then(|| lock_form(act));
    if writes.is_none() && locks.is_none() {
        return empty_view("您没有批量处理房源的权限，如需办理请联系系统管理员");
    }
    view! { {writes}{locks} }.into_any()
}

/// Only standards that fit every district of the choice are offered.
fn change_form(act: Act, rows: &[ChosenRow], choices: &StockChoices) -> impl IntoView + use<> {
    let form = RwSignal::new(UnitChangeForm::default());
    let errors = RwSignal::new(FieldErrors::default());
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    Effect::new(move |_| {
        if let Some(Err(error)) = act.value().get() {
            errors.set(error.fields().cloned().unwrap_or_default());
        }
    });
    let fitting =
        choices.rent_standards.iter().filter(|standard| rows.iter().all(|row| standard.fits(row.district_id.0)));
    let standards: Vec<(String, String)> =
        fitting.map(|standard| (standard.id.to_string(), standard.label.clone())).collect();
    let managers = chosen(choices.management_units.clone());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let checked = form.with_untracked(UnitChangeForm::check);
        errors.set(checked.as_ref().err().cloned().unwrap_or_default());
        if checked.is_ok() {
            act.dispatch(Deed::Change(form.get_untracked()));
        }
    };
    let rooms = may(Permission::RoomWrite).then(|| {
        bind(form, errors, "property_rate", "物业费单价(元/㎡·月)", false, |form| &mut form.property_rate)
            .text("text", "各房间，不修改")
    });
    let nothing = move || errors.with(|errors| errors.get("form").map(ToOwned::to_owned));
    let count = rows.len();
    view! {
        <form class="panel form-grid" method="post" aria-labelledby="change-title" on:submit=submit novalidate autocomplete="off">
            <h2 id="change-title" class="form-title">"批量修改"<small>"留空的项目保持各套房源原来的内容"</small></h2>
            {bind(form, errors, "rent_standard", "租金标准", false, |form| &mut form.rent_standard).select(standards)}
            {bind(form, errors, "mgmt_unit", "住房管理单位", false, |form| &mut form.mgmt_unit).select(managers)}
            {bind(form, errors, "building_area", "建筑面积(㎡)", false, |form| &mut form.building_area).text("text", "不修改")}
            {bind(form, errors, "usable_area", "使用面积(㎡)", false, |form| &mut form.usable_area).text("text", "不修改")}
            {rooms}
            {bind(form, errors, "category", "住房类别", false, |form| &mut form.category).select(coded(HousingCategory::choices()))}
            {bind(form, errors, "layout", "户型", false, |form| &mut form.layout).select(coded(LayoutType::choices()))}
            {bind(form, errors, "decoration", "装修", false, |form| &mut form.decoration).select(coded(Decoration::choices()))}
            {bind(form, errors, "title_holder", "产权单位", false, |form| &mut form.title_holder).text("text", "不修改")}
            {bind(form, errors, "supply_pool", "供应池", false, |form| &mut form.supply_pool).text("text", "不修改")}
            <p class="field-error form-title" role="alert">{changing(nothing)}</p>
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=move || !alive.get() || act.pending().get()>{format!("修改{count}套房源")}</button>
            </div>
        </form>
    }
}

fn lock_form(act: Act) -> impl IntoView {
    let reason = RwSignal::new(String::new());
    let complaint = RwSignal::new(None::<String>);
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let run = move |event: UnitEvent| {
        let grounds = Grounds::from(reason.get_untracked().as_str());
        match grounds.check(event) {
            Ok(_) => {
                complaint.set(None);
                act.dispatch(Deed::Transition(event, grounds));
            }
            Err(errors) => complaint.set(errors.get("reason").map(ToOwned::to_owned)),
        }
    };
    let busy = move || !alive.get() || act.pending().get();
    view! {
        <section class="panel lock-form" aria-labelledby="lock-title">
            <h2 id="lock-title">"批量锁定、解锁"</h2>
            <div class="form-field" class:has-error=move || complaint.get().is_some()>
                <label for="lock-reason">"原因（锁定时必填）"</label>
                <input id="lock-reason" class="input" maxlength="200" autocomplete="off" aria-describedby="lock-reason-error"
                    prop:value=reason on:input=move |event| reason.set(event_target_value(&event)) />
                <p class="field-error" id="lock-reason-error" role="alert">{changing(move || complaint.get())}</p>
            </div>
            <div class="form-buttons">
                <button type="button" class="btn btn-outline" disabled=busy on:click=move |_| run(UnitEvent::Lock)>"锁定"</button>
                <button type="button" class="btn btn-outline" disabled=busy on:click=move |_| run(UnitEvent::Unlock)>"解锁"</button>
            </div>
        </section>
    }
}

/// What was done; those that stayed as they were, by name and with the reason.
fn outcome_view(outcome: BatchOutcome) -> AnyView {
    let rows = outcome
        .refused
        .iter()
        .map(|refusal| {
            let address = if refusal.address.is_empty() { "（已不存在）".to_owned() } else { refusal.address.clone() };
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=format!("/housing/units/{}", refusal.id)>{address}</a></td>
                    <td>{refusal.reason.clone()}</td>
                </tr>
            }
        })
        .collect_view();
    let tone =
        if outcome.refused.is_empty() { "alert alert-success alert-soft" } else { "alert alert-warning alert-soft" };
    view! {
        <p class=tone role="status">{outcome.summary()}</p>
        {(!outcome.refused.is_empty()).then(|| view! {
            <section class="panel" aria-labelledby="refused-title">
                <h2 id="refused-title">"未处理的房源"</h2>
                <div class="table-scroll" tabindex="0" role="region" aria-label="未处理的房源">
                    <table class="table table-sm">
                        <thead><tr><th scope="col">"住房地址"</th><th scope="col">"原因"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        })}
        <p><a class="btn btn-primary btn-sm" href="/housing/units">"返回房源列表"</a></p>
    }
    .into_any()
}

fn chosen_table(rows: &[ChosenRow]) -> impl IntoView + use<> {
    let count = rows.len();
    let lines = rows
        .iter()
        .map(|row| {
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=format!("/housing/units/{}", row.id)>{row.code.clone()}</a></td>
                    <td>{row.estate.clone()}" "{row.address.clone()}</td>
                    <td>{told(row.category)}</td>
                    <td class="figures">{row.building_area.to_string()}</td>
                    <td class="figures">{row.usable_area.to_string()}</td>
                    <td>{row.rent_standard.clone()}</td>
                    <td>{row.mgmt_unit.clone()}</td>
                    <td><span class="status-badge">{status_tile(row.status)}{told(row.status)}</span></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel" aria-labelledby="chosen-title">
            <h2 id="chosen-title">{format!("已选{count}套房源")}</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="已选房源">
                <table class="table table-sm">
                    <thead><tr>
                        <th scope="col">"房源编码"</th><th scope="col">"住房地址"</th><th scope="col">"住房类别"</th>
                        <th scope="col" class="figures">"建筑面积(㎡)"</th><th scope="col" class="figures">"使用面积(㎡)"</th>
                        <th scope="col">"租金标准"</th><th scope="col">"住房管理单位"</th><th scope="col">"状态"</th>
                    </tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </section>
    }
}
