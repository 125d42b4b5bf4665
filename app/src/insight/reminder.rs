//! Reminders on the home page (S4-1.1): 流程提醒 and 工作提醒, first how many, then which. Plain HTML; the lists behind
//! have the rest.

use domain::{
    insight::reminder::{Reminder, ReminderGroup},
    list::group_thousands,
};
use leptos::prelude::*;

/// Both blocks; nothing when nothing waits.
pub(super) fn reminders_view(reminders: &[Reminder]) -> AnyView {
    let blocks = ReminderGroup::ALL.into_iter().filter_map(|group| {
        let items: Vec<AnyView> =
            reminders.iter().filter(|reminder| reminder.group == group).map(reminder_view).collect();
        (!items.is_empty()).then(|| {
            view! { <section class="panel reminders"><h2>{group.label()}</h2><ul class="reminder-list">{items}</ul></section> }
        })
    });
    let blocks: Vec<_> = blocks.collect();
    (!blocks.is_empty()).then(|| view! { <div class="reminder-grid">{blocks}</div> }).into_any()
}

fn reminder_view(reminder: &Reminder) -> AnyView {
    let lines: Vec<_> = reminder
        .lines
        .iter()
        .map(|line| view! { <li><a class="link link-hover" href=line.link.clone()>{line.text.clone()}</a></li> })
        .collect();
    view! {
        <li>
            <a class="reminder-head" href=reminder.link.clone()><b class="figures">{group_thousands(reminder.count)}</b><span>{reminder.label.clone()}</span></a>
            <ul class="reminder-lines">{lines}</ul>
        </li>
    }
    .into_any()
}
