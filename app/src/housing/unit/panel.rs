//! The unit beside a board: its facts, and the changes of status that are open to the actor.

use super::api::{unit_get, unit_transition};
use crate::ui::label::told;
use crate::{
    ApiError,
    shell::may,
    tenancy::lease::lease_facts,
    ui::{changing::changing, error_view, loading_view, resource::resource, status_tile, table::time_text, toast},
};
use domain::{
    dictionary::UnitStatus,
    failure::{Failure, FieldErrors},
    housing::{
        unit::Unit,
        unit_status::{Grounds, UnitEvent},
    },
    id::UnitId,
    platform::permission::Permission,
};
use leptos::{html, prelude::*};

/// The unit of that id; `chosen` is a change of status that was asked for outside, `status` what the board around it
/// says of it, if there is one.
pub fn unit_panel(
    id: UnitId,
    chosen: RwSignal<Option<(UnitId, UnitEvent)>>,
    status: Signal<Option<UnitStatus>>,
) -> impl IntoView {
    let unit = resource(move || id, unit_get);
    // Somebody else changed it while it is looked at.
    Effect::new(move |before: Option<Option<UnitStatus>>| {
        let now = status.get();
        if before.flatten().is_some_and(|before| Some(before) != now) {
            unit.refetch();
        }
        now
    });
    let change = use_status_change(move || unit.refetch());
    view! {
        <Transition fallback=loading_view>
            {changing(move || Suspend::new(async move {
                match unit.await {
                    Ok(found) => {
                        let target = (found.id, found.version);
                        Effect::new(move |_| {
                            if let Some((_, event)) = chosen.get().filter(|(unit, _)| *unit == target.0) {
                                chosen.set(None);
                                change.begin(target, event);
                            }
                        });
                        panel(found, change).into_any()
                    }
                    Err(error) => error_view(&error),
                }
            }))}
        </Transition>
    }
}

fn panel(unit: Unit, change: StatusChange) -> impl IntoView {
    let rent = unit.assessed_rent().map_or_else(|| "—".to_owned(), |rent| format!("{rent} 元/月"));
    let facts = [
        ("房源编码", unit.code.clone()),
        ("住房类别", told(unit.category)),
        ("户型", told(unit.layout)),
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
        .map(|line| view! { <li><time>{time_text(line.at)}</time>{format!(" {}：{}", line.event, told(line.to))}{line.reason.clone().map(|reason| format!("（{reason}）"))}</li> })
        .collect_view();
    let id = unit.id;
    view! {
        <h2 class="text-lg font-semibold pe-10">{unit.address.clone()}</h2>
        <p class="status-badge text-base">{status_tile(unit.status)}{told(unit.status)}</p>
        {unit.lock_reason.clone().map(|reason| view! { <p class="opacity-80">"原因："{reason}</p> })}
        {transition_buttons(&unit, change)}
        <dl class="detail-list">{facts}</dl>
        {lease_facts(id.0)}
        <h3 class="font-semibold mt-2">"最近动态"</h3>
        <ol class="timeline-list">{history}</ol>
        <a class="btn btn-outline btn-sm" href=format!("/housing/units/{id}")>"查看完整资料"</a>
    }
}

/// A change of status under way. The page holds it, outside of what is drawn anew when the unit is loaded
/// again, so that an answer such as "somebody was faster" is still there to be read.
#[derive(Clone, Copy)]
pub struct StatusChange {
    act: Action<(UnitId, i32, UnitEvent, Grounds), Result<UnitStatus, ApiError>>,
    /// the event that waits for its reason or a confirmation
    asked: RwSignal<Option<UnitEvent>>,
    grounds: RwSignal<Grounds>,
    message: RwSignal<Option<String>>,
}

/// Makes it; `reload` loads the unit again.
pub fn use_status_change(reload: impl Fn() + 'static) -> StatusChange {
    let change = StatusChange {
        act: Action::new(|(id, version, event, grounds): &(UnitId, i32, UnitEvent, Grounds)| {
            unit_transition(*id, *version, *event, grounds.clone())
        }),
        asked: RwSignal::new(None),
        grounds: RwSignal::new(Grounds::default()),
        message: RwSignal::new(None),
    };
    Effect::new(move |_| match change.act.value().get() {
        Some(Ok(_)) => {
            change.ask(None);
            toast::tell("已更新房源状态");
            reload();
        }
        Some(Err(error)) => {
            change.message.set(Some(error.fields().map_or_else(|| error.to_string(), complaint)));
            // Show what is true now beside what was said.
            if error.0 == Failure::Conflict {
                reload();
            }
        }
        None => {}
    });
    change
}

/// What is wrong with the grounds, in one sentence.
fn complaint(errors: &FieldErrors) -> String {
    let (reason, document) = (errors.get("reason"), errors.get("document").map(|text| format!("文号{text}")));
    reason.map(ToOwned::to_owned).or(document).unwrap_or_default()
}

impl StatusChange {
    /// Opens the question about an event, or closes it.
    fn ask(self, event: Option<UnitEvent>) {
        self.grounds.set(Grounds::default());
        self.message.set(None);
        self.asked.set(event);
    }

    /// Carries an event out, or asks first.
    fn begin(self, unit: (UnitId, i32), event: UnitEvent) {
        if event.needs_reason() || event.is_final() {
            self.ask(Some(event));
        } else {
            self.ask(None);
            self.run(unit, event);
        }
    }

    fn run(self, unit: (UnitId, i32), event: UnitEvent) {
        let grounds = self.grounds.get_untracked();
        match grounds.check(event) {
            Ok(_) => {
                self.message.set(None);
                self.act.dispatch((unit.0, unit.1, event, grounds));
            }
            Err(errors) => self.message.set(Some(complaint(&errors))),
        }
    }
}

/// The buttons of §3.27 that the unit and the actor's rights leave open. An event that wants a reason, or
/// that nothing takes back, asks first.
pub fn transition_buttons(unit: &Unit, change: StatusChange) -> impl IntoView + use<> {
    let target = (unit.id, unit.version);
    let offers = unit.circumstances().offers();
    let asked = {
        let offers = offers.clone();
        move || change.asked.get().filter(|event| offers.contains(event))
    };
    let buttons = move || {
        offers
            .iter()
            .copied()
            .map(|event| {
                view! { <button type="button" class="btn btn-sm btn-outline" disabled=change.act.pending() on:click=move |_| change.begin(target, event)>{event.label()}</button> }
            })
            .collect_view()
    };
    view! {
        <Show when=move || may(Permission::UnitTransition)>
            <div class="flex flex-wrap gap-2 py-2">{buttons.clone()}</div>
        </Show>
        {changing(move || asked().map(|event| question(target, event, change)))}
        {changing(move || change.message.get().map(|sentence| view! { <p class="field-error" role="alert">{sentence}</p> }))}
    }
}

/// Asks for reason and document where the event has them, and whether it is meant.
fn question(target: (UnitId, i32), event: UnitEvent, change: StatusChange) -> impl IntoView {
    let (first, confirm) = (NodeRef::<html::Input>::new(), NodeRef::<html::Button>::new());
    Effect::new(move |_| {
        // Whoever asked by keyboard goes on by keyboard.
        let _ = match first.get() {
            Some(input) => input.focus(),
            None => confirm.get().map_or(Ok(()), |button| button.focus()),
        };
    });
    let submit = move |submit: leptos::ev::SubmitEvent| {
        submit.prevent_default();
        change.run(target, event);
    };
    let grounds = change.grounds;
    view! {
        <form class="flex flex-wrap gap-2 items-end" aria-label=format!("{}确认", event.label()) on:submit=submit novalidate>
            {event.needs_reason().then(|| view! {
                <label class="grow"><span class="text-sm">{format!("{}原因", event.label())}</span>
                    <input node_ref=first class="input input-sm w-full" name="reason" required maxlength="200" prop:value=move || grounds.get().reason on:input=move |input| grounds.update(|grounds| grounds.reason = event_target_value(&input)) />
                </label>
            })}
            {event.needs_document().then(|| view! {
                <label class="grow"><span class="text-sm">"文号"</span>
                    <input class="input input-sm w-full" name="document" required maxlength="50" prop:value=move || grounds.get().document on:input=move |input| grounds.update(|grounds| grounds.document = event_target_value(&input)) />
                </label>
            })}
            {event.is_final().then(|| view! { <p class="w-full">{format!("{}后不能撤回，确定{}该房源吗？", event.label(), event.label())}</p> })}
            <button node_ref=confirm type="submit" class="btn btn-sm btn-primary" disabled=change.act.pending()>"确定"</button>
            <button type="button" class="btn btn-sm btn-ghost" on:click=move |_| change.ask(None)>"取消"</button>
        </form>
    }
}
