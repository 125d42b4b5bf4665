//! Photos of meters (E-102): whoever reads adds them, whoever sees the reading sees them, and what somebody was charged for keeps
//! them.

use super::*;
use domain::{
    dictionary::{AttachmentKind, AttachmentOwner},
    id::AttachmentId,
    platform::attachment::{Attachments, DELETED_DAYS, View, content::Media},
};
use store::{
    Ctx,
    billing::meter::meter_period_cancel,
    platform::{
        attachment::{
            Upload, attachment_create, attachment_delete, attachment_link, attachment_list, attachment_open,
            attachments_sweep,
        },
        user::{NewUser, user_create},
    },
};

fn photo(reading: i64) -> Upload<'static> {
    Upload {
        owner: AttachmentOwner::MeterReading,
        owner_id: reading,
        kind: AttachmentKind::Photo,
        file_name: "水表.jpg",
        media: Media::Jpeg,
        content: b"a picture of a meter",
        thumbnail: Some(b"a small one"),
    }
}

async fn taken(ctx: &Ctx, reading: i64) -> AttachmentId {
    attachment_create(ctx, &photo(reading)).await.expect("a photo")
}

async fn files(ctx: &Ctx, reading: i64) -> store::Result<Attachments> {
    attachment_list(ctx, AttachmentOwner::MeterReading, reading).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_has_photos() {
    let test = TestDatabase::with_city().await;
    let (_, _, unit) = household(&test, 0).await;
    setting_put(&test.database, code::WATER_PRICE, "3.15").await.expect("a price");
    let entry = city::ctx(&test.database, "entry").await;
    meter_create(&entry, &water("S-1", unit)).await.expect("a meter");
    let period = read(&test, 0, &["1236"]).await;
    let reading = meter_period_get(&entry, period).await.expect("its rows").readings[0].id;
    let mistaken = taken(&entry, reading).await;
    let kept = taken(&entry, reading).await;
    let other = Upload { kind: AttachmentKind::Title, ..photo(reading) };
    assert_eq!(failure(attachment_create(&entry, &other).await), Failure::refused("请选择附件类型"));
    attachment_delete(&entry, mistaken, "拍错了表").await.expect("deleted");
    assert_eq!(meter_period_get(&entry, period).await.expect("its rows").readings[0].photos, 1, "the grid says so");
    assert_eq!(meter_reading_list(&entry, &ListQuery::default()).await.expect("a page").rows[0].photos, 1);
    // Finance sees it and adds none.
    let finance = city::ctx(&test.database, "finance").await;
    let found = files(&finance, reading).await.expect("a list");
    assert_eq!((found.rows.len(), found.opens, found.rows[0].thumbnail.is_some()), (1, true, true));
    let link = attachment_link(&finance, kept, View::Picture, "").await.expect("a link");
    assert_eq!(attachment_open(&finance, &link).await.expect("opened").content, b"a picture of a meter");
    assert_eq!(failure(attachment_create(&finance, &photo(reading)).await), Failure::Forbidden);
    // What was charged for keeps its photo.
    bill(&test, period).await.expect("it is billed");
    let refused = attachment_delete(&entry, kept, "不再需要").await;
    assert_eq!(failure(refused), Failure::refused("读数已出账，照片不能删除"));
}

/// Who looks after one estate sees nothing of another one's, also not by number.
#[tokio::test(flavor = "multi_thread")]
async fn photos_are_seen_in_the_own_estate() {
    let test = TestDatabase::with_city().await;
    let (_, _, unit) = household(&test, 0).await;
    setting_put(&test.database, code::WATER_PRICE, "3.15").await.expect("a price");
    let manager = NewUser {
        login: "property",
        name: "物业经理",
        organization_code: "OP1",
        roles: &["PROPERTY_MGR"],
        password: city::PASSWORD.to_owned(),
        must_change_password: false,
        demo: false,
    };
    assert!(user_create(&test.database, manager).await.expect("an account"));
    let property = city::ctx(&test.database, "property").await;
    let entry = city::ctx(&test.database, "entry").await;
    // 阳光苑 is the property company's, 月光苑 the entry clerk's.
    let sun: i64 = sqlx::query_scalar(
        "select u.id from unit u join estate e on e.id = u.estate_id where e.name = '阳光苑' and u.status = 'VACANT' order by u.id limit 1",
    )
    .fetch_one(&test.admin)
    .await
    .expect("a home");
    meter_create(&entry, &water("S-1", unit)).await.expect("a meter");
    meter_create(&property, &water("S-2", UnitId(sun))).await.expect("a meter");
    let of_moon = period(&test, 0).await;
    let estate: i64 =
        sqlx::query_scalar("select id from estate where name = '阳光苑'").fetch_one(&test.admin).await.expect("it");
    let of_sun = PeriodForm { estate: estate.to_string(), ..of_moon.clone() };
    let mut readings = Vec::new();
    for (ctx, form) in [(&entry, of_moon), (&property, of_sun)] {
        let id = meter_period_open(ctx, &form).await.expect("a period");
        readings.push(meter_period_get(ctx, id).await.expect("its rows").readings[0].id);
    }
    let [moon, sun] = readings[..] else { panic!("two readings") };
    let (of_moon, of_sun) = (taken(&entry, moon).await, taken(&property, sun).await);
    for (ctx, own, theirs, photo) in [(&entry, moon, sun, of_sun), (&property, sun, moon, of_moon)] {
        assert_eq!(files(ctx, own).await.expect("a list").rows.len(), 1);
        assert_eq!(failure(files(ctx, theirs).await), Failure::NotFound);
        assert_eq!(failure(attachment_link(ctx, photo, View::Picture, "").await), Failure::NotFound);
        assert_eq!(failure(attachment_create(ctx, &self::photo(theirs)).await), Failure::NotFound);
        assert_eq!(failure(attachment_delete(ctx, photo, "误传").await), Failure::NotFound);
    }
}

/// A period that was opened by mistake is really gone, and its photos with it.
#[tokio::test(flavor = "multi_thread")]
async fn photos_go_with_their_reading() {
    let test = TestDatabase::with_city().await;
    let (_, _, unit) = household(&test, 0).await;
    setting_put(&test.database, code::WATER_PRICE, "3.15").await.expect("a price");
    let entry = city::ctx(&test.database, "entry").await;
    meter_create(&entry, &water("S-1", unit)).await.expect("a meter");
    let period = read(&test, 0, &["1236"]).await;
    let found = meter_period_get(&entry, period).await.expect("its rows");
    let photo = taken(&entry, found.readings[0].id).await;
    meter_period_cancel(&entry, period, found.row.version).await.expect("it is taken back");
    assert_eq!(failure(attachment_link(&entry, photo, View::Picture, "").await), Failure::NotFound);
    let left: (bool, Option<String>) =
        sqlx::query_as("select deleted_by is not null, delete_reason from attachment where id = $1")
            .bind(photo.0)
            .fetch_one(&test.admin)
            .await
            .expect("its row");
    assert_eq!(left, (true, Some("所属记录已删除".into())));
    let later = Utc::now() + chrono::TimeDelta::days(DELETED_DAYS + 1);
    assert_eq!(attachments_sweep(&test.database, later).await.expect("swept"), 1);
}
