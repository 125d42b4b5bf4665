//! Jobs, plans, messages and reminders: mostly a person's own, whatever his roles are.

use super::entries::{Entry, Told, World, raw, reads};
use crate::support::{Site, city};
use Told::{Forbidden, Good, NotFound, Refused};
use domain::list::ListQuery;
use serde_json::{Value, json};
use store::export::{export_create, export_end, export_load};

/// What 甲区 has: a message, and an export that made a file.
pub struct JobWorld {
    message: i64,
    export: String,
}

pub async fn job_world(site: &Site) -> JobWorld {
    let database = &site.test.database;
    let a = city::ctx(database, "district-a").await;
    let export = export_create(&a, "unit", &ListQuery::default(), 6_000).await.expect("a job");
    export_load(database, &export).await.expect("asked").expect("work");
    let file = server::workbook::write::rows("房源", &["房源编号".to_owned()], []).expect("a workbook");
    export_end(&a, &export, 0, &file).await.expect("the end");
    JobWorld { message: site.id("select id from message").await, export }
}

/// A server function for everybody at a desk.
fn own(at: &'static str, arguments: Value) -> Entry {
    Entry { wrong_role: ("finance", Good), ..reads(at, arguments, Forbidden, "", Good) }
}

/// A server function about something of one person, which does not exist for anybody else.
fn mine(at: &'static str, arguments: Value) -> Entry {
    Entry { wrong_role: ("city", NotFound), ..reads(at, arguments, Forbidden, "", NotFound) }
}

/// A server function of the system administrator.
fn technical(at: &'static str, arguments: Value) -> Entry {
    Entry { right: ("admin", Good), ..reads(at, arguments, Forbidden, "city", Forbidden) }
}

pub fn jobs(world: &World, list: &Value) -> Vec<Entry> {
    let waiting = &world.waiting;
    let template =
        json!({"notice": "JobFinished", "version": 1, "form": {"content": "{任务}：{结果}", "enabled": "true"}});
    vec![
        own("job_list", list.clone()),
        mine("job_get", json!({"id": waiting[0]})),
        mine("job_cancel", json!({"id": waiting[1]})),
        // Of an import that was not confirmed nothing is kept: that it is tried at all is what counts here.
        Entry { right: ("district-a", Refused), ..mine("job_retry", json!({"id": waiting[1]})) },
        technical("plan_list", json!({})),
        technical("plan_switch", json!({"plan": "Housekeeping", "enabled": true})),
        technical("plan_ask", json!({"plan": "Housekeeping"})),
        own("message_list", list.clone()),
        mine("message_open", json!({"id": world.jobs.message})),
        own("message_read_all", json!({})),
        technical("message_template_list", json!({})),
        technical("message_template_update", template),
    ]
}

/// What an export has made.
pub fn result(world: &World) -> Entry {
    Entry {
        wrong_role: ("city", NotFound),
        ..raw("/files/job/{id}", format!("/files/job/{}", world.jobs.export), Forbidden, "", NotFound)
    }
}
