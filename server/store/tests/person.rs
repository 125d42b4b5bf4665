//! Persons (E-04): sealed numbers, masks, the one record per document in the whole city, and looking in clear.

use crate::support::{TestDatabase, city, database::KEY};
use domain::{
    failure::{Failure, FieldErrors},
    id::PersonId,
    list::ListQuery,
    person::{PersonForm, Secret},
};
use sqlx::AssertSqlSafe;
use store::{
    Ctx,
    person::{
        SEARCHES_PER_HOUR, person_create, person_find, person_get, person_keepers, person_list, person_reveal,
        person_rotate, person_update,
    },
    platform::{audit::audit_get, cipher::KeyRing},
};

// Numbers with the form of real ones in a division that is not assigned.
const ID: &str = "810101199003070017";
const OTHER_ID: &str = "81010119900307005X";
const PHONE: &str = "13800001234";
const BANK: &str = "6217000010000000011";

async fn organization(test: &TestDatabase, code: &str) -> String {
    sqlx::query_scalar::<_, i64>("select id from organization where code = $1")
        .bind(code)
        .fetch_one(&test.admin)
        .await
        .expect("an organisation")
        .to_string()
}

async fn form(test: &TestDatabase, organization_code: &str) -> PersonForm {
    PersonForm {
        name: "测试人甲".into(),
        person_type: "TENANT".into(),
        organization: organization(test, organization_code).await,
        id_type: "HKMT".into(),
        id_number: ID.into(),
        phone: PHONE.into(),
        live_address: "示例市示例区示例路1号楼0301室".into(),
        bank_no: BANK.into(),
        ..PersonForm::default()
    }
}

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

/// Every row of every table, as a dump would have it.
async fn dump(test: &TestDatabase) -> String {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
    )
    .fetch_all(&test.admin)
    .await
    .expect("tables");
    let mut text = String::new();
    for table in tables {
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("select t::text from \"{table}\" t")))
            .fetch_all(&test.admin)
            .await
            .expect("rows");
        text.push_str(&rows.join("\n"));
    }
    text
}

#[tokio::test]
async fn a_person_is_shown_masked_and_stored_sealed() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let id = person_create(&ctx, &form(&test, "810101").await).await.expect("created");
    let person = person_get(&ctx, id).await.expect("a person");
    assert_eq!((person.id_number.as_str(), person.phone.as_str()), ("810101********0017", "138****1234"));
    assert_eq!(person.bank_no.as_deref(), Some("6217 **** **** 0011"));
    assert_eq!(person.live_address.as_deref(), Some("示例市示例****"));
    assert_eq!((person.district.as_deref(), person.updated_by.as_deref()), (Some("甲区"), Some("测试city")));
    person_reveal(&ctx, id, Secret::IdNumber, "核对身份").await.expect("shown");
    let dump = dump(&test).await;
    assert!(dump.contains("测试人甲") && dump.contains("核对身份"), "the dump is one");
    for clear in [ID, PHONE, BANK, "示例路1号楼"] {
        let bytes: String = clear.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!dump.contains(clear) && !dump.contains(&bytes), "{clear} lies in the database in clear");
    }
}

#[tokio::test]
async fn a_document_has_one_record_in_the_whole_city() {
    let test = TestDatabase::with_city().await;
    let city_ctx = city::ctx(&test.database, "city").await;
    let operator = city::ctx(&test.database, "operator").await;
    person_create(&operator, &form(&test, "OP1").await).await.expect("created");
    let again = form(&test, "810101").await;
    assert_eq!(failure(person_create(&city_ctx, &again).await), complaint("id_number", "人员已存在"));
    let entry = city::ctx(&test.database, "entry").await;
    assert_eq!(
        failure(person_create(&entry, &again).await),
        complaint("id_number", "该证件号码已由其他机构登记，请联系市住房保障中心办理")
    );
    // The same characters on another kind of paper are another document.
    let officer = PersonForm { id_type: "OFFICER".into(), ..again.clone() };
    let id = person_create(&entry, &officer).await.expect("another document");
    // Nor does a change make two of one.
    let change = PersonForm { id_type: "HKMT".into(), ..again };
    assert!(matches!(failure(person_update(&entry, id, 1, &change).await), Failure::Invalid(_)));
    assert_eq!(person_get(&entry, id).await.expect("unchanged").version, 1);
}

#[tokio::test]
async fn who_keeps_no_record_sees_none() {
    let test = TestDatabase::with_city().await;
    let city_ctx = city::ctx(&test.database, "city").await;
    let operator = city::ctx(&test.database, "operator").await;
    let a = person_create(&city_ctx, &form(&test, "810101").await).await.expect("of the district");
    let other = PersonForm { id_number: OTHER_ID.into(), ..form(&test, "OP1").await };
    let b = person_create(&operator, &other).await.expect("of the operator");
    for (login, sees) in [
        ("city", vec![b, a]),
        ("district-a", vec![a]),
        ("district-b", vec![]),
        ("operator", vec![b]),
        ("entry", vec![a]),
    ] {
        let ctx = city::ctx(&test.database, login).await;
        let seen = |rows: Vec<domain::person::PersonRow>| rows.into_iter().map(|row| row.id).collect::<Vec<PersonId>>();
        let mut listed = seen(person_list(&ctx, &ListQuery::default()).await.expect("a list").rows);
        let mut found = seen(person_find(&ctx, PHONE).await.expect("found"));
        let mut sees = sees;
        for ids in [&mut listed, &mut found, &mut sees] {
            ids.sort();
        }
        assert_eq!((&listed, &found), (&sees, &sees), "{login}");
        for id in [a, b] {
            assert_eq!(person_get(&ctx, id).await.is_ok(), sees.contains(&id), "{login} reads {id}");
        }
    }
    let admin = city::ctx(&test.database, "admin").await;
    assert_eq!(failure(person_list(&admin, &ListQuery::default()).await), Failure::Forbidden);
    // Records are entered for one's own.
    let keepers: Vec<String> =
        person_keepers(&operator).await.expect("keepers").into_iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(keepers, [organization(&test, "OP1").await]);
    assert_eq!(
        failure(person_create(&operator, &form(&test, "810101").await).await),
        complaint("organization", "所属机构不存在，或不在您的管辖范围内")
    );
}

#[tokio::test]
async fn a_person_is_found_by_a_whole_number_and_the_beginning_of_a_name() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let id = person_create(&ctx, &PersonForm { id_number: OTHER_ID.into(), ..form(&test, "810101").await })
        .await
        .expect("created");
    for number in [OTHER_ID, "81010119900307005x", PHONE, " 138 0000 1234", "6217 0000 1000 0000 011"] {
        assert_eq!(person_find(&ctx, number).await.expect("a search").len(), 1, "{number}");
    }
    assert_eq!(person_find(&ctx, "8101011990").await.expect("no number of anybody").len(), 0);
    assert_eq!(failure(person_find(&ctx, "甲").await), complaint("number", "请输入完整的证件号码、电话或银行账号"));
    for (name, count) in [("测试", 1), ("测试人甲", 1), ("人甲", 0), ("测试人乙", 0), (OTHER_ID, 0)] {
        let query = ListQuery { q: name.into(), ..ListQuery::default() };
        assert_eq!(person_list(&ctx, &query).await.expect("a list").total, count, "{name}");
    }
    assert_eq!(person_get(&ctx, id).await.expect("a person").id, id);
}

#[tokio::test]
async fn looking_in_clear_takes_a_right_and_a_reason_and_leaves_a_trace() {
    let test = TestDatabase::with_city().await;
    let city_ctx = city::ctx(&test.database, "city").await;
    let id = person_create(&city_ctx, &form(&test, "810101").await).await.expect("created");
    let district = city::ctx(&test.database, "district-a").await;
    assert_eq!(person_reveal(&district, id, Secret::IdNumber, "核对身份").await.expect("shown"), ID);
    assert_eq!(person_reveal(&district, id, Secret::Phone, "电话回访").await.expect("shown"), PHONE);
    let finance = city::ctx(&test.database, "finance").await;
    assert_eq!(failure(person_reveal(&district, id, Secret::BankNo, "核对身份").await), Failure::Forbidden);
    assert_eq!(failure(person_reveal(&finance, id, Secret::IdNumber, "核对身份").await), Failure::Forbidden);
    assert_eq!(person_reveal(&finance, id, Secret::BankNo, "退款核对").await.expect("shown"), BANK);
    assert_eq!(
        failure(person_reveal(&district, id, Secret::IdNumber, "  看看 ").await),
        complaint("reason", "请填写查看原因，4至200字")
    );
    let elsewhere = city::ctx(&test.database, "district-b").await;
    assert_eq!(failure(person_reveal(&elsewhere, id, Secret::IdNumber, "核对身份").await), Failure::NotFound);
    assert_eq!(failure(person_reveal(&district, id, Secret::Phone2, "电话回访").await), Failure::NotFound, "empty");
    let traces: Vec<(i64, i64, String, String)> = sqlx::query_as(
        "select actor_id, object_id, after->>'field', after->>'reason' from audit_log
         where action = 'REVEAL' and object_type = 'person' order by id",
    )
    .fetch_all(&test.admin)
    .await
    .expect("traces");
    let (who, money) = (district.actor().id.0, finance.actor().id.0);
    let trace = |actor, field: &str, reason: &str| (actor, id.0, field.to_owned(), reason.to_owned());
    assert_eq!(
        traces,
        [trace(who, "id_number", "核对身份"), trace(who, "phone", "电话回访"), trace(money, "bank_no", "退款核对")]
    );
}

#[tokio::test]
async fn what_a_form_leaves_empty_stays_as_it_was() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let id = person_create(&ctx, &form(&test, "810101").await).await.expect("created");
    let known =
        PersonForm { name: "测试人乙".into(), ..PersonForm::from(&person_get(&ctx, id).await.expect("a person")) };
    person_update(&ctx, id, 1, &known).await.expect("changed");
    let clear = async |secret| person_reveal(&ctx, id, secret, "测试核对").await.ok();
    assert_eq!(clear(Secret::IdNumber).await.as_deref(), Some(ID));
    assert_eq!(clear(Secret::BankNo).await.as_deref(), Some(BANK));
    let change = PersonForm { bank_no: "无".into(), phone: "13900005678".into(), ..known.clone() };
    assert_eq!(failure(person_update(&ctx, id, 1, &change).await), Failure::Conflict, "somebody was faster");
    person_update(&ctx, id, 2, &change).await.expect("changed");
    let person = person_get(&ctx, id).await.expect("a person");
    assert_eq!((person.name.as_str(), person.bank_no, person.phone.as_str()), ("测试人乙", None, "139****5678"));
    assert_eq!((clear(Secret::BankNo).await, clear(Secret::Phone).await.as_deref()), (None, Some("13900005678")));
    assert_eq!(person_find(&ctx, PHONE).await.expect("a search").len(), 0, "the old number is not hers any more");
    assert_eq!(person_find(&ctx, "13900005678").await.expect("a search").len(), 1);
    let other_paper = PersonForm { id_type: "PASSPORT".into(), ..known };
    assert_eq!(
        failure(person_update(&ctx, id, 3, &other_paper).await),
        complaint("id_number", "更改证件类型须重新填写证件号码")
    );
}

#[tokio::test]
async fn a_ring_of_another_installation_is_refused_and_a_new_key_seals() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let id = person_create(&ctx, &form(&test, "810101").await).await.expect("created");
    let new = KeyRing::new_line(2);
    let take = async |lines: &[&str]| test.second_with(lines).await;
    for (lines, said) in [(vec![KeyRing::new_line(1)], "key 1 is not the one"), (vec![new.clone()], "key 1 is missing")]
    {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let error = take(&lines).await.expect_err("refused").to_string();
        assert!(error.contains(said), "{error}");
    }
    // While a key is being replaced: what is old opens and is found, what is written is sealed with the new one, and
    // nobody is registered twice.
    let database = take(&[&new, KEY]).await.expect("both");
    let during = city::ctx(&database, "city").await;
    assert_eq!(person_reveal(&during, id, Secret::IdNumber, "测试核对").await.expect("opened"), ID);
    assert_eq!(person_find(&during, ID).await.expect("found").len(), 1);
    assert_eq!(
        failure(person_create(&during, &form(&test, "810101").await).await),
        complaint("id_number", "人员已存在")
    );
    let known = PersonForm::from(&person_get(&during, id).await.expect("a person"));
    person_update(&during, id, 1, &known).await.expect("sealed anew");
    let keys: (i16, i32) = sqlx::query_as(
        "select key_id, get_byte(id_number, 0) * 256 + get_byte(id_number, 1) from person where id = $1",
    )
    .bind(id.0)
    .fetch_one(&test.admin)
    .await
    .expect("a row");
    assert_eq!(keys, (2, 2));
    assert_eq!(person_reveal(&during, id, Secret::BankNo, "测试核对").await.expect("opened"), BANK);
}

#[tokio::test]
async fn the_operation_log_tells_that_a_number_was_looked_at_and_never_the_number() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let id = person_create(&ctx, &form(&test, "810101").await).await.expect("created");
    person_reveal(&ctx, id, Secret::BankNo, "退款核对").await.expect("shown");
    let auditor = city::ctx(&test.database, "auditor").await;
    let entries: Vec<i64> = sqlx::query_scalar("select id from audit_log where object_type = 'person' order by id")
        .fetch_all(&test.admin)
        .await
        .expect("lines");
    let mut told = Vec::new();
    for entry in entries {
        let changes = audit_get(&auditor, entry, None, 1).await.expect("a line").changes;
        told.push(changes.into_iter().filter_map(|change| Some((change.field, change.after?))).collect::<Vec<_>>());
    }
    let of = |line: usize, field: &str| {
        told[line].iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    assert_eq!((of(0, "id_number"), of(0, "id_number_mask")), ("（已隐藏）", "810101********0017"));
    assert_eq!((of(1, "field"), of(1, "reason")), ("银行账号", "退款核对"));
}

/// While persons are entered and changed, all that the old key sealed is sealed with the new one; then the old one goes.
#[tokio::test]
async fn a_key_is_replaced_under_load_and_nothing_is_lost() {
    let test = TestDatabase::with_city().await;
    let numbered = async |number: u32| PersonForm {
        id_type: "PASSPORT".into(),
        id_number: format!("X{number:07}"),
        name: format!("测试人{number}"),
        phone: format!("1380000{number:04}"),
        ..form(&test, "810101").await
    };
    let before = city::ctx(&test.database, "city").await;
    let mut ids = Vec::new();
    for number in 0..40 {
        ids.push(person_create(&before, &numbered(number).await).await.expect("created"));
    }
    let new = KeyRing::new_line(2);
    let database = test.second_with(&[&new, KEY]).await.expect("both");
    let during = city::ctx(&database, "city").await;
    let work = async {
        let mut made = Vec::new();
        for number in 40..70 {
            made.push(person_create(&during, &numbered(number).await).await.expect("created meanwhile"));
            let known = person_get(&during, ids[number as usize - 40]).await.expect("a person");
            let change = PersonForm { phone: format!("1390000{number:04}"), ..PersonForm::from(&known) };
            person_update(&during, known.id, known.version, &change).await.expect("changed meanwhile");
        }
        made
    };
    let (rotated, made) = tokio::join!(person_rotate(&database), work);
    assert!(rotated.expect("rotated") > 0);
    assert_eq!(person_rotate(&database).await.expect("nothing is left"), 0);
    ids.extend(made);

    let after = test.second_with(&[&new]).await.expect("the old key is forgotten");
    let ctx = city::ctx(&after, "city").await;
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(
            person_reveal(&ctx, *id, Secret::IdNumber, "测试核对").await.expect("opened"),
            format!("X{number:07}")
        );
        assert_eq!(person_find(&ctx, &format!("X{number:07}")).await.expect("found").len(), 1, "{number}");
    }
    let phone = person_reveal(&ctx, ids[3], Secret::Phone, "测试核对").await.expect("opened");
    assert_eq!(phone, "13900000043", "the change that was made meanwhile");
    let old: i64 = sqlx::query_scalar("select count(*) from person_number where key_id = 1")
        .fetch_one(&test.admin)
        .await
        .expect("a count");
    assert_eq!(old, 0);
    assert_eq!(failure(person_create(&ctx, &numbered(5).await).await), complaint("id_number", "人员已存在"));
}

/// Everything that a reader without a right to numbers is told of a person, and of what was done to it.
#[tokio::test]
async fn what_is_shown_together_is_not_the_number() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let entered = PersonForm { birth: "1990-03-07".into(), gender: "1".into(), ..form(&test, "810101").await };
    let id = person_create(&ctx, &entered).await.expect("created");
    let finance = city::ctx(&test.database, "finance").await;
    let person = person_get(&finance, id).await.expect("a person");
    assert_eq!((person.birth, person.birth_year), (None, Some(1990)));
    let told = serde_json::to_string(&person).expect("as JSON") + &dump(&test).await;
    for day in ["1990-03-07", "19900307"] {
        assert!(!told.contains(day), "the day of birth is half of the number");
    }
    // What stays is not contradicted behind its back.
    let known = PersonForm::from(&person);
    let update = async |change: PersonForm| failure(person_update(&ctx, id, 1, &change).await);
    assert_eq!(
        update(PersonForm { birth: "1991-01-01".into(), ..known.clone() }).await,
        complaint("birth", "出生日期由证件号码得出，不必填写")
    );
    assert_eq!(update(PersonForm { gender: "2".into(), ..known }).await, complaint("gender", "性别与身份证不一致"));
}

#[tokio::test]
async fn whoever_searches_by_number_is_written_down_and_stopped_in_time() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    person_create(&ctx, &form(&test, "810101").await).await.expect("created");
    let district = city::ctx(&test.database, "district-a").await;
    for number in 0..SEARCHES_PER_HOUR {
        person_find(&district, &format!("1380000{number:04}")).await.expect("a search");
    }
    assert_eq!(failure(person_find(&district, PHONE).await), Failure::refused("查找次数过多，请一小时后再试"));
    assert_eq!(person_find(&ctx, PHONE).await.expect("another person's search").len(), 1);
    let traces: (i64, i64) = sqlx::query_as(
        "select count(*), count(*) filter (where after->>'hits' = '1') from audit_log where object_type = 'person_search'",
    )
    .fetch_one(&test.admin)
    .await
    .expect("traces");
    assert_eq!(traces, (SEARCHES_PER_HOUR + 1, 1));
}

#[tokio::test]
async fn one_document_is_one_person_however_it_is_written() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let officer = PersonForm { id_type: "OFFICER".into(), ..form(&test, "810101").await };
    let enter = async |ctx: &Ctx, number: &str| {
        person_create(ctx, &PersonForm { id_number: number.into(), ..officer.clone() }).await
    };
    enter(&ctx, "军字第 1234567号").await.expect("created");
    assert_eq!(failure(enter(&ctx, "军字第1234-567号").await), complaint("id_number", "人员已存在"));
    assert_eq!(person_find(&ctx, "军字第1234567号").await.expect("found").len(), 1);
    let permit = PersonForm { id_type: "IDCARD".into(), ..form(&test, "810101").await };
    assert_eq!(
        failure(person_create(&ctx, &permit).await),
        complaint("id_number", "该号码属于港澳台居民居住证，请更改证件类型")
    );
}

#[tokio::test]
async fn to_move_a_record_is_the_citys_business() {
    let test = TestDatabase::with_city().await;
    let city_ctx = city::ctx(&test.database, "city").await;
    let id = person_create(&city_ctx, &form(&test, "810101").await).await.expect("created");
    let entry = city::ctx(&test.database, "entry").await;
    let known = PersonForm::from(&person_get(&entry, id).await.expect("a person"));
    let moved = PersonForm { organization: organization(&test, "OP1").await, ..known };
    assert_eq!(
        failure(person_update(&entry, id, 1, &moved).await),
        complaint("organization", "变更所属机构须由市住房保障中心办理")
    );
    person_update(&city_ctx, id, 1, &moved).await.expect("moved");
    assert_eq!(failure(person_get(&entry, id).await), Failure::NotFound);
    let operator = city::ctx(&test.database, "operator").await;
    assert_eq!(person_get(&operator, id).await.expect("hers now").organization, "安居公司");
}
