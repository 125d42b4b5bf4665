//! I-04 房间(单元)资料 (domain.md §7.4): rooms of units that are there; owners of sold flats, their numbers sealed.

use crate::support::{
    TestDatabase, city,
    sheet::{complaint, import, row, take, told},
};
use domain::{import::SheetKey, list::ListQuery};
use store::{
    housing::room::{room_get, room_list},
    platform::key::keys_rotate,
};

#[tokio::test]
async fn what_is_wrong_with_a_room() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "operator").await;
    for (changes, expected) in [
        (&[][..], ""),
        (&[("房号", "999")], "房源不存在"),
        (&[("小区名称", "无名苑")], "房源不存在"),
        // Outside the operator's estates it is not there either.
        (&[("小区名称", "星光苑"), ("楼栋号", "2号楼"), ("单元号", "1")], "房源不存在"),
        (&[("房间名称", "101")], "房间已存在"),
        (&[("类型", "厅")], "【类型】取值不在字典范围内：厅"),
        (&[("可住人数", "0")], "【可住人数】应为1至12之间的整数"),
        (&[("物业费单价(元/㎡·月)", "1.23456")], "【物业费单价(元/㎡·月)】应为不小于0的数字，最多4位小数"),
        (&[("业主姓名", "张三")], "房源未售，不能填写业主"),
    ] {
        assert_eq!(complaint(&ctx, SheetKey::Room, changes).await, expected, "{changes:?}");
    }
}

#[tokio::test]
async fn rooms_go_in_once() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "operator").await;
    let rows = vec![
        row(SheetKey::Room, &[("面积(㎡)", "12.5"), ("可住人数", "2"), ("物业费单价(元/㎡·月)", "1.2")]),
        row(SheetKey::Room, &[("房间名称", "B")]),
        row(SheetKey::Room, &[]),
    ];
    let outcome = take(&ctx, SheetKey::Room, true, rows).await;
    assert_eq!(told(&outcome), [(4, "文件内第2行与第4行重复".to_owned())]);
    assert_eq!(outcome.succeeded, 2);
    let found = room_list(&ctx, &ListQuery { q: "阳光苑 1号楼".into(), ..ListQuery::default() }).await.expect("a list");
    assert_eq!(found.total, 14);
    let made = found.rows.iter().find(|room| room.name == "A").expect("the room");
    assert_eq!((made.area.map(|area| area.hundredths()), made.capacity), (Some(1_250), Some(2)));
    let outcome = take(&ctx, SheetKey::Room, true, vec![row(SheetKey::Room, &[])]).await;
    assert_eq!(told(&outcome), [(2, "房间已存在".to_owned())]);
    let finance = city::ctx(&test.database, "finance").await;
    assert!(store::import::Import::start(&finance, SheetKey::Room, true).await.is_err(), "without the right");
}

/// The owner's number is nowhere in clear, and goes over to a new key as those of persons do.
#[tokio::test]
async fn the_number_of_an_owner_is_sealed() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "entry").await;
    let sold = &[
        ("小区名称", "月光苑"),
        ("单元号", "1"),
        ("房号", "104"),
        ("业主姓名", "业主甲"),
        ("业主电话", "13800000000"),
    ][..];
    import(&ctx, SheetKey::Room, vec![row(SheetKey::Room, sold)]).await;
    let room: i64 =
        sqlx::query_scalar("select id from room where name = 'A'").fetch_one(&test.admin).await.expect("a room");
    let read = room_get(&ctx, domain::id::RoomId(room)).await.expect("a room");
    assert_eq!((read.owner_name.as_deref(), read.owner_phone.as_deref()), (Some("业主甲"), Some("138****0000")));
    let clear: i64 = sqlx::query_scalar(
        "select count(*) from (select r::text as t from room r union all select a::text from audit_log a) x where t like '%13800000000%'",
    )
    .fetch_one(&test.admin)
    .await
    .expect("a count");
    assert_eq!(clear, 0);
    let renewed = keys_rotate(&test.database, chrono::Utc::now()).await.expect("nothing to do");
    assert!(renewed.iter().all(|noun| noun.count == 0), "{renewed:?}");
}
