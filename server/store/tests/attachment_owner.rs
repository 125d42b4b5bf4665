//! Files whose record ends: a deleted one takes them along, a merged one gives them to the survivor.

use crate::support::{
    TestDatabase,
    asset::{id, master_form},
    city,
};
use chrono::{TimeDelta, Utc};
use domain::{
    dictionary::{AttachmentKind, AttachmentOwner},
    failure::Failure,
    id::{AttachmentId, BuildingId, EstateId, PersonId, ProjectId, UnitId},
    person::{PersonForm, merge::MergeForm},
    platform::attachment::{DELETED_DAYS, Link, View, content::Media},
};
use sqlx::AssertSqlSafe;
use std::time::Duration;
use store::{
    Ctx,
    housing::{
        asset_master::{asset_master_create, asset_master_delete},
        building::building_delete,
        estate::estate_delete,
        project::project_delete,
        unit::unit_delete,
    },
    person::{person_create, person_delete, person_merge},
    platform::attachment::{
        Upload, attachment_create, attachment_delete, attachment_link, attachment_list, attachment_open,
        attachments_sweep,
    },
};

const CONTENT: &[u8] = b"%PDF-1.7 startxref %%EOF";

fn paper(owner: AttachmentOwner, owner_id: i64) -> Upload<'static> {
    let kind = AttachmentKind::Other;
    Upload { owner, owner_id, kind, file_name: "材料.pdf", media: Media::Pdf, content: CONTENT, thumbnail: None }
}

async fn person(ctx: &Ctx, number: &str) -> PersonId {
    let form = PersonForm {
        name: "测试人甲".into(),
        person_type: "TENANT".into(),
        organization: ctx.actor().organization_id.to_string(),
        id_type: "PASSPORT".into(),
        id_number: number.into(),
        phone: "13800000000".into(),
        ..PersonForm::default()
    };
    person_create(ctx, &form).await.expect("a person")
}

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

/// A file of a record, and a link to it.
async fn filed(ctx: &Ctx, owner: AttachmentOwner, owner_id: i64) -> (AttachmentId, Link) {
    let file =
        attachment_create(ctx, &paper(owner, owner_id)).await.unwrap_or_else(|error| panic!("{owner:?}: {error}"));
    (file, attachment_link(ctx, file, View::Download, "核对材料").await.expect("a link"))
}

const LEFT: &str = "select count(*) from attachment where deleted_at is null";
/// 月光苑 is down to one vacant unit that nobody ever lived in.
const TAKEN_DOWN: &str = "update unit set deleted_at = now() from estate e
    where e.id = estate_id and e.name = '月光苑' and unit.id <> $1";
const FREE: &str = "select min(u.id) from unit u join estate e on e.id = u.estate_id where e.name = '月光苑'
    and u.status = 'VACANT' and not exists (select from unit_history h where h.unit_id = u.id and h.to_status in ('OCCUPIED', 'SOLD'))";

#[tokio::test]
async fn a_deleted_record_takes_its_files_along() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let unit = id(&test, FREE).await;
    sqlx::query(TAKEN_DOWN).bind(unit).execute(&test.admin).await.expect("taken down");
    let building = id(&test, &format!("select building_id from unit where id = {unit}")).await;
    let estate = id(&test, &format!("select estate_id from unit where id = {unit}")).await;
    let project = id(&test, "select id from project where name = '甲经适项目'").await;
    let card = asset_master_create(&ctx, &master_form(&test).await).await.expect("a card");
    let person = person(&ctx, "X1234567").await;
    let mut links = Vec::new();
    for (owner, owner_id) in [
        (AttachmentOwner::Unit, unit),
        (AttachmentOwner::Building, building),
        (AttachmentOwner::Estate, estate),
        (AttachmentOwner::Project, project),
        (AttachmentOwner::AssetMaster, card.0),
        (AttachmentOwner::Person, person.0),
    ] {
        links.push(filed(&ctx, owner, owner_id).await);
    }
    let version = async |table: &str, row: i64| {
        id(&test, &format!("select version::bigint from {table} where id = {row}")).await as i32
    };
    unit_delete(&ctx, UnitId(unit), version("unit", unit).await).await.expect("deleted");
    building_delete(&ctx, BuildingId(building), version("building", building).await).await.expect("deleted");
    estate_delete(&ctx, EstateId(estate), version("estate", estate).await).await.expect("deleted");
    project_delete(&ctx, ProjectId(project), version("project", project).await).await.expect("deleted");
    asset_master_delete(&ctx, card, 1).await.expect("deleted");
    person_delete(&ctx, person, 1, "误录此人").await.expect("deleted");
    assert_eq!(id(&test, LEFT).await, 0);
    for (file, link) in links {
        assert_eq!(failure(attachment_link(&ctx, file, View::Download, "核对材料").await), Failure::NotFound);
        assert_eq!(failure(attachment_open(&ctx, &link).await), Failure::NotFound);
    }
    let month = Utc::now() + TimeDelta::days(DELETED_DAYS + 1);
    assert_eq!(attachments_sweep(&test.database, month).await.expect("swept"), 6);
}

/// An upload holds the person's row and has not ended yet when the record is deleted.
#[tokio::test]
async fn no_upload_slips_in_between() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let person = person(&ctx, "X1234567").await;
    sqlx::raw_sql(
        "create function wait() returns trigger language plpgsql as 'begin perform pg_sleep(1); return new; end';
         create trigger wait before insert on attachment for each row execute function wait()",
    )
    .execute(&test.admin)
    .await
    .expect("a brake");
    let upload = paper(AttachmentOwner::Person, person.0);
    let delete = async {
        let held =
            "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";
        while id(&test, held).await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        person_delete(&ctx, person, 1, "误录此人").await
    };
    let (file, deleted) = tokio::join!(attachment_create(&ctx, &upload), delete);
    deleted.expect("deleted");
    let file = file.expect("stored before the record was gone");
    assert_eq!(id(&test, LEFT).await, 0);
    assert_eq!(failure(attachment_link(&ctx, file, View::Download, "核对材料").await), Failure::NotFound);
}

/// S1-5.4: all work goes on with the survivor, and so do the papers.
#[tokio::test]
async fn the_survivor_of_a_merge_gets_the_files() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let (a, b) = (person(&ctx, "X1234567").await, person(&ctx, "X7654321").await);
    let (own, _) = filed(&ctx, AttachmentOwner::Person, a.0).await;
    let (file, link) = filed(&ctx, AttachmentOwner::Person, b.0).await;
    let form = MergeForm {
        survivor: a.0,
        survivor_version: 1,
        merged: b.0,
        merged_version: 1,
        taken: Vec::new(),
        reason: "同一人两次登记".into(),
    };
    person_merge(&ctx, &form).await.expect("merged");
    let files = async |person: PersonId| {
        let list = attachment_list(&ctx, AttachmentOwner::Person, person.0).await.expect("a list");
        list.rows.iter().map(|file| file.id).collect::<Vec<_>>()
    };
    assert_eq!((files(a).await, files(b).await), (vec![file, own], vec![]));
    assert_eq!(attachment_open(&ctx, &link).await.expect("opened").content, CONTENT);
    attachment_delete(&ctx, file, "重复上传").await.expect("the survivor's now");
    let refused = attachment_create(&ctx, &paper(AttachmentOwner::Person, b.0)).await;
    assert_eq!(failure(refused), Failure::refused("该记录已合并，请到合并后的人员办理"));
}

/// What was deleted and merged before files went along (migration `platform_attachment_owner`).
#[tokio::test]
async fn files_that_were_left_behind_follow() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let (a, b) = (person(&ctx, "X1234567").await, person(&ctx, "X7654321").await);
    let estate = id(&test, "select id from estate where name = '阳光苑'").await;
    let unit = id(&test, FREE).await;
    let (gone, link) = filed(&ctx, AttachmentOwner::Unit, unit).await;
    let (kept, _) = filed(&ctx, AttachmentOwner::Estate, estate).await;
    let (merged, _) = filed(&ctx, AttachmentOwner::Person, b.0).await;
    for sql in [
        format!("update unit set deleted_at = now() where id = {unit}"),
        format!("update person set merged_into = {a}, merged_at = now() where id = {b}"),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&test.admin).await.expect("as it was left");
    }
    assert_eq!(failure(attachment_open(&ctx, &link).await), Failure::NotFound, "no file of a record that is gone");
    sqlx::raw_sql(include_str!("../../../migrations/20261127000081_platform_attachment_owner.sql"))
        .execute(test.database.owner())
        .await
        .expect("migrated");
    let rows: Vec<(i64, i64, bool)> =
        sqlx::query_as("select id, owner_id, deleted_at is not null from attachment order by id")
            .fetch_all(&test.admin)
            .await
            .expect("rows");
    assert_eq!(rows, [(gone.0, unit, true), (kept.0, estate, false), (merged.0, a.0, false)]);
}
