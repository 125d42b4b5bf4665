//! The unit beside a board: its facts, and the changes of status that are open to the actor.

use super::api::{unit_get, unit_transition};
use crate::{
    shell::may,
    ui::{error_view, loading_view, status_tile, table::time_text},
};
use domain::{
    failure::Failure,
    housing::{unit::Unit, unit_status::UnitEvent},
    id::UnitId,
    platform::permission::Permission,
};
use leptos::prelude::*;

pub fn unit_panel(id: UnitId) -> impl IntoView {
    let unit = Resource::new(move || id, unit_get);
    view! {
        <Transition fallback=loading_view>
            {move || Suspend::new(async move {
                match unit.await {
                    Ok(found) => panel(found, Callback::new(move |()| unit.refetch())).into_any(),
                    Err(error) => error_view(&error),
                }
            })}
        </Transition>
    }
}

fn panel(unit: Unit, changed: Callback<()>) -> impl IntoView {
    let rent = unit.assessed_rent().map_or_else(|| "—".to_owned(), |rent| format!("{rent} 元/月"));
    let facts = [
        ("房源编码", unit.code.clone()),
        ("住房类别", unit.category.label().to_owned()),
        ("户型", unit.layout.label().to_owned()),
        ("建筑面积", format!("{} ㎡", unit.building_area)),
        ("使用面积", format!("{} ㎡", unit.usable_area)),
        ("核定月租金", rent),
        ("住房管理单位", unit.mgmt_unit.clone()),
        ("状态起始", time_text(unit.status_since)),
    ];
    let facts = facts
        .into_iter()
        .map(|(label, value)| view! { <div class="detail-field"><dt>{label}</dt><dd>{value}</dd></div> })
        .collect_view();
    let history = unit
        .history
        .iter()
        .take(6)
        .map(|line| view! { <li><time>{time_text(line.at)}</time>{format!(" {}：{}", line.event, line.to.label())}{line.reason.clone().map(|reason| format!("（{reason}）"))}</li> })
        .collect_view();
    let id = unit.id;
    view! {
        <h2 class="text-lg font-semibold pe-10">{unit.address.clone()}</h2>
        <p class="status-badge text-base">{status_tile(unit.status)}{unit.status.label()}</p>
        {unit.lock_reason.clone().map(|reason| view! { <p class="opacity-80">"原因："{reason}</p> })}
        {transition_buttons(&unit, changed)}
        <dl class="detail-list">{facts}</dl>
        <h3 class="font-semibold mt-2">"最近动态"</h3>
        <ol class="timeline-list">{history}</ol>
        <a class="btn btn-outline btn-sm" href=format!("/housing/units/{id}")>"查看完整资料"</a>
    }
}

/// The buttons of §3.27 that the unit's status and the actor's rights leave open. An event that wants
/// a reason asks for it first.
pub fn transition_buttons(unit: &Unit, changed: Callback<()>) -> impl IntoView + use<> {
    let (id, version) = (unit.id, unit.version);
    let asked = RwSignal::new(None::<UnitEvent>);
    let reason = RwSignal::new(String::new());
    let act = Action::new(move |event: &UnitEvent| unit_transition(id, version, *event, reason.get_untracked()));
    Effect::new(move |_| match act.value().get() {
        Some(Ok(_)) => changed.run(()),
        // Somebody was faster: show what is true now, the message stays.
        Some(Err(error)) if error.0 == Failure::Conflict => changed.run(()),
        _ => {}
    });
    let events: Vec<UnitEvent> = unit.status.events().into_iter().filter(|event| event.by_hand()).collect();
    let buttons = move || {
        events
            .iter()
            .copied()
            .map(|event| {
                let run = move |_| if event.needs_reason() { asked.set(Some(event)) } else { drop(act.dispatch(event)) };
                view! { <button type="button" class="btn btn-sm btn-outline" disabled=move || act.pending().get() on:click=run>{event.label()}</button> }
            })
            .collect_view()
    };
    view! {
        <Show when=move || may(Permission::UnitTransition)>
            <div class="flex flex-wrap gap-2 py-2">{buttons.clone()}</div>
        </Show>
        {move || asked.get().map(|event| view! {
            <form class="flex gap-2 items-end" on:submit=move |submit| { submit.prevent_default(); act.dispatch(event); }>
                <label class="grow"><span class="text-sm">{format!("{}原因", event.label())}</span>
                    <input class="input input-sm w-full" name="reason" required maxlength="200" prop:value=reason on:input=move |input| reason.set(event_target_value(&input)) />
                </label>
                <button type="submit" class="btn btn-sm btn-primary" disabled=move || act.pending().get()>"确定"</button>
            </form>
        })}
        {move || act.value().get().and_then(Result::err).map(|error| {
            let sentence = error.fields().and_then(|fields| fields.get("reason").map(ToOwned::to_owned)).unwrap_or_else(|| error.to_string());
            view! { <p class="field-error" role="alert">{sentence}</p> }
        })}
    }
}
