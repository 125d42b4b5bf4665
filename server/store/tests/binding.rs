//! Who lives in which room (S1-5.4, S1-5.9, §7.9 I-09): one room for everybody in the whole city, one lessee in a room, and
//! no more people than it is meant for.

use crate::support::{
    TestDatabase, city,
    sheet::{complaint, import, numbered, row, take, told},
    tenancy::tenant,
};
use domain::{
    failure::{Failure, FieldErrors},
    id::{PersonId, RoomId, UnitId},
    import::SheetKey,
    list::ListQuery,
    person::PersonForm,
    tenancy::binding::BindingForm,
};
use store::{
    Ctx,
    housing::room::room_delete,
    import::{
        Import,
        job::{job_note, job_rows},
    },
    person::{person_create, person_list},
    tenancy::binding::{binding_create, binding_offer, resident_list},
};

const SHEET: SheetKey = SheetKey::Binding;

/// A home by its room number, and its first room.
async fn home(test: &TestDatabase, estate: &str, room_no: &str) -> (UnitId, RoomId) {
    let (unit, room) = sqlx::query_as(
        "select u.id, min(r.id) from unit u join estate e on e.id = u.estate_id join room r on r.unit_id = u.id
         where e.name = $1 and u.room_no = $2 group by u.id order by u.id limit 1",
    )
    .bind(estate)
    .bind(room_no)
    .fetch_one(&test.admin)
    .await
    .expect("a home");
    (UnitId(unit), RoomId(room))
}

fn form((unit, room): (UnitId, RoomId), person: PersonId, relation: &str) -> BindingForm {
    BindingForm {
        unit: unit.to_string(),
        room: room.to_string(),
        person: person.to_string(),
        relation: relation.into(),
        from_on: "2026-01-01".into(),
    }
}

/// What a form is told: its one field and sentence, or the refusal.
async fn refused(ctx: &Ctx, form: &BindingForm) -> (String, String) {
    match binding_create(ctx, form).await.map_err(Failure::from) {
        Err(Failure::Invalid(FieldErrors(errors))) if errors.len() == 1 => {
            errors.into_iter().next().expect("there is one")
        }
        Err(other) => (String::new(), other.to_string()),
        Ok(id) => panic!("binding {id} was made"),
    }
}

fn says(field: &str, sentence: &str) -> (String, String) {
    (field.to_owned(), sentence.to_owned())
}

#[tokio::test]
async fn a_home_that_was_taken_over_is_filled_by_hand() {
    let test = TestDatabase::with_city().await;
    let entry = city::ctx(&test.database, "entry").await;
    let (a, b, c) = (tenant(&test, 0).await, tenant(&test, 1).await, tenant(&test, 2).await);
    let occupied = home(&test, "月光苑", "103").await;
    sqlx::query("update room set capacity = 2 where id = $1")
        .bind(occupied.1.0)
        .execute(&test.admin)
        .await
        .expect("a capacity");
    let offer = binding_offer(&entry, occupied.0).await.expect("a home");
    assert_eq!((offer.place.as_str(), offer.tenants), ("月光苑1号楼1单元103室", None));
    let vacant = home(&test, "月光苑", "101").await;
    assert_eq!(
        refused(&entry, &form(vacant, a, "LESSEE")).await,
        says("relation", "房源状态为“闲置房(空置)”，不能登记入住，请办理交房入住")
    );
    assert_eq!(
        refused(&entry, &form((occupied.0, vacant.1), a, "LESSEE")).await,
        says("room", "房间不存在，或已停用"),
        "a room of another home"
    );
    binding_create(&entry, &form(occupied, a, "LESSEE")).await.expect("the lessee");
    assert_eq!(refused(&entry, &form(occupied, b, "LESSEE")).await, says("room", "该房间已有承租人"));
    assert_eq!(
        refused(&entry, &form(occupied, a, "CO_RESIDENT")).await,
        says("person", "测试租户0已绑定房间月光苑1号楼1单元103室")
    );
    binding_create(&entry, &form(occupied, b, "CO_RESIDENT")).await.expect("a co-resident");
    assert_eq!(refused(&entry, &form(occupied, c, "CO_RESIDENT")).await, says("room", "超过房间可住人数"));
    let tomorrow = BindingForm { from_on: "2999-01-01".into(), ..form(occupied, c, "CO_RESIDENT") };
    assert_eq!(refused(&entry, &tomorrow).await, says("from_on", "不能晚于今天"));
    let offer = binding_offer(&entry, occupied.0).await.expect("a home");
    assert_eq!(offer.rooms.iter().map(|room| room.living).collect::<Vec<_>>(), [2]);
    // The room stays as long as somebody lives there.
    sqlx::query("insert into room (district_id, estate_id, unit_id, name, type) select district_id, estate_id, unit_id, 'B', type from room where id = $1")
        .bind(occupied.1.0)
        .execute(&test.admin)
        .await
        .expect("a second room");
    let deleted = room_delete(&entry, occupied.1, 1).await.map_err(Failure::from);
    assert_eq!(deleted, Err(Failure::refused("房间有人入住，不能删除，请先办理退租")));
}

#[tokio::test]
async fn what_may_not_be_seen_may_not_be_entered_either() {
    let test = TestDatabase::with_city().await;
    let person = tenant(&test, 0).await;
    let occupied = home(&test, "月光苑", "103").await;
    for (login, answer) in [
        ("operator", Failure::NotFound.to_string()),
        ("district-a", Failure::Forbidden.to_string()),
        ("finance", Failure::Forbidden.to_string()),
    ] {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(refused(&ctx, &form(occupied, person, "LESSEE")).await, says("", &answer), "{login}");
    }
    // The operator sees homes of 阳光苑, and nobody whom 甲区 keeps.
    let operator = city::ctx(&test.database, "operator").await;
    let sun = home(&test, "阳光苑", "101").await;
    assert_eq!(
        refused(&operator, &form(sun, person, "LESSEE")).await,
        says("person", "人员不存在，或不在您的管辖范围内")
    );
    // Who lives in the other district is told to nobody here, but nobody lives twice.
    let star = home(&test, "星光苑", "201").await;
    sqlx::query(
        "insert into binding (district_id, estate_id, unit_id, room_id, person_id, person_name, relation, from_on)
         select district_id, estate_id, unit_id, id, $2, '测试租户0', 'LESSEE', '2026-01-01' from room where id = $1",
    )
    .bind(star.1.0)
    .bind(person.0)
    .execute(&test.admin)
    .await
    .expect("a binding elsewhere");
    let entry = city::ctx(&test.database, "entry").await;
    assert_eq!(
        refused(&entry, &form(occupied, person, "LESSEE")).await,
        says("person", "测试租户0已绑定其他机构的房间，请联系市住房保障中心办理")
    );
    assert_eq!(resident_list(&entry, &ListQuery::default()).await.expect("a list").total, 0);
    let guard = PersonForm {
        name: "保安甲".into(),
        person_type: "GUARD".into(),
        organization: entry.actor().organization_id.to_string(),
        id_type: "PASSPORT".into(),
        id_number: "G0000001".into(),
        phone: "13800009999".into(),
        ..PersonForm::default()
    };
    let guard = person_create(&entry, &guard).await.expect("a guard");
    assert_eq!(
        refused(&entry, &form(occupied, guard, "CO_RESIDENT")).await,
        says("person", "人员类型不是租户，请先在人员管理中变更")
    );
}

/// Two clerks who press the button together: the last place is given once.
#[tokio::test]
async fn the_last_place_is_given_once() {
    let test = TestDatabase::with_city().await;
    let entry = city::ctx(&test.database, "entry").await;
    let (a, b) = (tenant(&test, 0).await, tenant(&test, 1).await);
    let occupied = home(&test, "月光苑", "103").await;
    sqlx::query("update room set capacity = 1").execute(&test.admin).await.expect("a capacity");
    let (one, other) = (form(occupied, a, "CO_RESIDENT"), form(occupied, b, "CO_RESIDENT"));
    let made = tokio::join!(binding_create(&entry, &one), binding_create(&entry, &other));
    assert!(made.0.is_ok() != made.1.is_ok(), "{made:?}");
    let living: i64 = sqlx::query_scalar("select count(*) from binding").fetch_one(&test.admin).await.expect("a count");
    assert_eq!(living, 1);
}

#[tokio::test]
async fn lists_say_who_lives_where_and_since_when() {
    let test = TestDatabase::with_city().await;
    let entry = city::ctx(&test.database, "entry").await;
    let person = tenant(&test, 0).await;
    let occupied = home(&test, "月光苑", "103").await;
    let day = entry.today() - chrono::Duration::days(9);
    let since = BindingForm { from_on: day.to_string(), ..form(occupied, person, "LESSEE") };
    binding_create(&entry, &since).await.expect("a lessee");
    let asked = |filters: &[(&str, &str)]| ListQuery::from_params(filters.iter().copied());
    let city = city::ctx(&test.database, "city").await;
    for (ctx, filters, total) in [
        (&entry, vec![], 1),
        (&city, vec![("state", "LIVING"), ("relation", "LESSEE")], 1),
        (&city, vec![("state", "LEFT")], 0),
        (&city, vec![("q", "测试租户0 103")], 1),
        (&city::ctx(&test.database, "operator").await, vec![], 0),
        (&city::ctx(&test.database, "district-b").await, vec![], 0),
    ] {
        let page = resident_list(ctx, &asked(&filters)).await.expect("a list");
        assert_eq!(page.total, total, "{} {filters:?}", ctx.actor().login);
    }
    let unit = occupied.0.to_string();
    let page = resident_list(&entry, &asked(&[("unit", &unit)])).await.expect("of a home");
    let line = &page.rows[0];
    assert_eq!((line.days, line.person.as_str(), line.place.as_str()), (10, "测试租户0", "1号楼1单元103室"));
    assert!(line.id_number_mask.as_deref().is_some_and(|mask| mask.contains('*')));
    let listed = person_list(&entry, &ListQuery::default()).await.expect("persons");
    assert_eq!(listed.rows[0].room.as_deref(), Some("月光苑1号楼1单元103室"));
    assert_eq!(listed.rows[0].moved_in_on, Some(day));
    let leader = city::ctx(&test.database, "leader").await;
    let told = resident_list(&leader, &ListQuery::default()).await.map_err(Failure::from).map(|page| page.total);
    assert_eq!(told, Err(Failure::Forbidden));
}

#[tokio::test]
async fn what_is_wrong_with_a_row() {
    let test = TestDatabase::with_city().await;
    let city = city::ctx(&test.database, "city").await;
    import(
        &city,
        SheetKey::Person,
        vec![
            row(SheetKey::Person, &[]),
            row(SheetKey::Person, &[("姓名", "保安甲"), ("证件号码", "E7654321"), ("人员类型", "保安")]),
            row(SheetKey::Person, &[("姓名", "远方人"), ("证件号码", "E5555555"), ("所属机构", "OP1")]),
        ],
    )
    .await;
    let entry = city::ctx(&test.database, "entry").await;
    for (changes, expected) in [
        (&[][..], ""),
        (&[("小区名称", "无名苑")], "小区不存在"),
        // Outside the clerk's estates it is not there either.
        (&[("小区名称", "星光苑"), ("楼栋号", "2号楼"), ("房号", "201")], "小区不存在"),
        (&[("楼栋号", "9号楼")], "楼栋不存在"),
        (&[("单元号", "2")], "房间不存在"),
        (&[("房号", "999")], "房间不存在"),
        (&[("房间名称", "B")], "房间不存在"),
        (&[("房间名称", "103")], ""),
        (&[("房号", "101")], "房源状态为“闲置房(空置)”，不能登记入住，请办理交房入住"),
        (&[("证件号码", "E9999999")], "租户不存在"),
        (&[("证件号码", "E5555555"), ("姓名", "远方人")], "租户不存在"),
        (&[("证件号码", "E7654321"), ("姓名", "保安甲")], "租户不存在"),
        (&[("姓名", "别人")], "姓名与证件号不一致"),
        (&[("证件号码", "e1234-567")], ""),
        (&[("证件号码", "E12")], "【证件号码】格式不正确"),
        (&[("关系", "房东")], "【关系】取值不在字典范围内：房东"),
        (&[("入住日期", "2026/01/01")], "【入住日期】日期格式应为YYYY-MM-DD"),
        (&[("入住日期", "2999-01-01")], "【入住日期】不能晚于今天"),
        (&[("姓名", "")], "第2行【姓名】不能为空"),
        (&[("楼栋号", "9号楼"), ("证件号码", "E9999999")], "楼栋不存在；租户不存在"),
    ] {
        assert_eq!(complaint(&entry, SHEET, changes).await, expected, "{changes:?}");
    }
    sqlx::query(
        "insert into room (district_id, estate_id, unit_id, name, type)
         select r.district_id, r.estate_id, r.unit_id, 'B', r.type from room r join unit u on u.id = r.unit_id
         join estate e on e.id = u.estate_id where e.name = '月光苑' and u.room_no = '103'",
    )
    .execute(&test.admin)
    .await
    .expect("a second room");
    assert_eq!(complaint(&entry, SHEET, &[]).await, "房源有多个房间，请填写房间名称");
    assert_eq!(complaint(&entry, SHEET, &[("房间名称", "B")]).await, "");
}

#[tokio::test]
async fn a_file_fills_rooms_as_far_as_there_is_a_place() {
    let test = TestDatabase::with_city().await;
    let city = city::ctx(&test.database, "city").await;
    let people = ["E0000001", "E0000002", "E0000003", "E0000004", "E0000005"];
    let known = people.map(|number| row(SheetKey::Person, &[("证件号码", number), ("姓名", number)]));
    import(&city, SheetKey::Person, known.to_vec()).await;
    sqlx::query("update room set capacity = 3").execute(&test.admin).await.expect("a capacity");
    let entry = city::ctx(&test.database, "entry").await;
    let line = |number, relation| row(SHEET, &[("证件号码", number), ("姓名", number), ("关系", relation)]);
    let rows = || {
        vec![
            line(people[0], "承租人"),
            line(people[1], "承租人"),
            line(people[0], "同住人"),
            line(people[1], "同住人"),
            line(people[2], "同住人"),
            line(people[3], "同住人"),
        ]
    };
    let expected = vec![
        (3, "该房间已有承租人".to_owned()),
        (4, "文件内第2行与第4行重复".to_owned()),
        (7, "超过房间可住人数".to_owned()),
    ];
    assert_eq!(told(&take(&entry, SHEET, false, rows()).await), expected, "checked");
    let outcome = take(&entry, SHEET, true, rows()).await;
    assert_eq!((outcome.succeeded, told(&outcome)), (3, expected), "imported");
    let again = vec![line(people[0], "承租人"), line(people[4], "承租人"), line(people[4], "同住人")];
    let again = take(&entry, SHEET, true, again).await;
    assert_eq!(
        told(&again),
        [
            (2, "该人员已绑定房间，不可重复绑定".to_owned()),
            (3, "该房间已有承租人".to_owned()),
            (4, "超过房间可住人数".to_owned())
        ]
    );
    let page = resident_list(&entry, &ListQuery::default()).await.expect("a list");
    assert_eq!(page.total, 3);
    assert!(page.rows.iter().all(|line| line.from_on.to_string() == "2026-01-01"));
}

/// Failed rows hold numbers of documents: they lie sealed, and only who brought them reads them.
#[tokio::test]
async fn failed_rows_are_sealed() {
    let test = TestDatabase::with_city().await;
    let entry = city::ctx(&test.database, "entry").await;
    let job = job_note(&entry, SHEET, "关系.xlsx", "00").await.expect("a job").id;
    let mut work = Import::start(&entry, SHEET, true).await.expect("started");
    let rows = numbered(vec![row(SHEET, &[("证件号码", "E7777777")])]);
    work.chunk(rows, Some(&job)).await.expect("taken");
    work.end(&job).await.expect("ended");
    let kept: String = sqlx::query_scalar("select string_agg(r::text, '') from import_row r")
        .fetch_one(&test.admin)
        .await
        .expect("a row");
    let bytes: String = "E7777777".bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!kept.contains("E7777777") && !kept.contains(&bytes));
    let failed = job_rows(&entry, &job, 0, 10).await.expect("one's own");
    assert_eq!((failed[0].raw[6].as_str(), failed[0].reason().as_str()), ("E7777777", "租户不存在"));
    let operator = city::ctx(&test.database, "operator").await;
    assert!(job_rows(&operator, &job, 0, 10).await.is_err());
}
