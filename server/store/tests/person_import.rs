//! I-08 人员 (domain.md §7.8): documents are compared in the whole city, and nothing of a file lies in the database in
//! clear, whatever becomes of its rows.

use crate::support::{
    TestDatabase, city,
    database::KEY,
    sheet::{Cells, complaint, import, numbered, row, take, told},
};
use domain::{failure::Failure, import::SheetKey, list::ListQuery, person::Secret};
use sqlx::AssertSqlSafe;
use store::{
    Ctx,
    import::{
        Import,
        job::{Upload, job_create, job_load, job_note, job_rows},
    },
    person::{person_find, person_list, person_reveal},
    platform::{cipher::KeyRing, key::keys_rotate, setting::setting_put},
};

const SHEET: SheetKey = SheetKey::Person;
// Numbers with the form of real ones in a division that is not assigned.
const ID: &str = "810101199003070017";
const BROKEN_ID: &str = "810101199003070018";
const PHONE: &str = "13800001234";

fn person(changes: Cells) -> Vec<String> {
    row(SHEET, changes)
}

fn permit<'a>(number: &'a str, more: Cells<'a>) -> Vec<String> {
    let cells: Vec<(&str, &str)> =
        [("证件类型", "港澳台居民居住证"), ("证件号码", number)].into_iter().chain(more.iter().copied()).collect();
    person(&cells)
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

/// A queue that takes jobs and does nothing with them: the real one is the server's.
async fn queue(test: &TestDatabase) {
    sqlx::raw_sql(
        "create schema graphile_worker; grant usage on schema graphile_worker to public;
         create function graphile_worker.add_job(task text, payload json, job_key text, max_attempts smallint) returns void
             language sql as 'select'",
    )
    .execute(&test.admin)
    .await
    .expect("a queue");
}

/// Imports rows as a job of the log; answers its id.
async fn job(ctx: &Ctx, rows: Vec<Vec<String>>) -> String {
    let job = job_note(ctx, SHEET, "人员.xlsx", "00").await.expect("a job");
    let mut import = Import::start(ctx, SHEET, true).await.expect("started");
    import.chunk(numbered(rows), Some(&job.id)).await.expect("taken");
    import.end(&job.id).await.expect("ended");
    job.id
}

#[tokio::test]
async fn nothing_of_a_file_lies_in_the_database_in_clear() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let rows = vec![
        permit(ID, &[("手机号", PHONE), ("现住址", "示例路1号楼0301室")]),
        permit(BROKEN_ID, &[("手机号", PHONE)]),
        // In the wrong column; the complaint repeats it.
        permit(ID, &[("性别", "81010119900307005X"), ("紧急联系电话", "19912345678")]),
    ];
    let id = job(&ctx, rows).await;
    let content = format!("a workbook with {ID} and {PHONE}");
    queue(&test).await;
    let upload = Upload {
        sheet: SHEET,
        file_name: "人员.xlsx",
        content: content.as_bytes(),
        request_id: "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        update_known: false,
    };
    let file = job_create(&ctx, upload).await.expect("a job");
    let text = dump(&test).await;
    assert!(text.contains("测试人甲") && text.contains("人员.xlsx"), "the dump is one");
    for clear in [ID, BROKEN_ID, "81010119900307005X", PHONE, "19912345678", "示例路1号楼"] {
        let bytes: String = clear.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!text.contains(clear) && !text.contains(&bytes), "{clear} lies in the database in clear");
    }
    // Who brought it gets it back whole.
    let failed = job_rows(&ctx, &id, 0, 100).await.expect("failed rows");
    assert_eq!(failed.iter().map(|row| row.row_no).collect::<Vec<_>>(), [3, 4]);
    assert_eq!((failed[0].raw[3].as_str(), failed[0].reason().as_str()), (BROKEN_ID, "身份证号码校验位错误"));
    assert!(failed[1].reason().contains("81010119900307005X"));
    let work = job_load(&test.database, &file).await.expect("loaded").expect("work");
    assert_eq!(work.content, content.as_bytes());
    // Others who see the job do not: what a number hides from them a failed row must not tell.
    let entry = city::ctx(&test.database, "entry").await;
    let own = job(&entry, vec![permit(BROKEN_ID, &[])]).await;
    let told = job_rows(&ctx, &own, 0, 100).await.map_err(Failure::from).expect_err("somebody else's");
    assert_eq!(told, Failure::refused("失败数据含个人信息，仅上传人可以查看"));
}

#[tokio::test]
async fn a_new_key_seals_what_imports_keep() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let id = job(&ctx, vec![permit(ID, &[]), permit(BROKEN_ID, &[])]).await;
    queue(&test).await;
    let upload = Upload {
        sheet: SHEET,
        file_name: "人员.xlsx",
        content: ID.as_bytes(),
        request_id: "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        update_known: true,
    };
    let file = job_create(&ctx, upload).await.expect("a job");
    let new = KeyRing::new_line(2);
    let refused = test.second_with(&[&new]).await.expect_err("refused").to_string();
    assert!(refused.contains("key 1 is missing"), "{refused}");
    let during = test.second_with(&[&new, KEY]).await.expect("both");
    let counts = async || {
        keys_rotate(&during, chrono::Utc::now())
            .await
            .expect("rotated")
            .iter()
            .map(|noun| noun.count)
            .collect::<Vec<_>>()
    };
    assert_eq!(counts().await, [3, 0, 0, 0, 0, 0, 0, 0, 0], "a person, a failed row and a file");
    assert_eq!(counts().await, [0; 9], "nothing is left");
    let after = test.second_with(&[&new]).await.expect("the old key is forgotten");
    let ctx = city::ctx(&after, "city").await;
    assert_eq!(job_rows(&ctx, &id, 0, 100).await.expect("failed rows")[0].raw[3], BROKEN_ID);
    let work = job_load(&after, &file).await.expect("loaded").expect("work");
    assert_eq!((work.content.as_slice(), work.update_known), (ID.as_bytes(), true));
    assert_eq!(person_find(&ctx, ID).await.expect("found").len(), 1);
}

/// Whoever adds a table with sealed values adds its noun to `keys_rotate`, and its name here.
#[tokio::test]
async fn every_table_with_sealed_values_is_known_to_the_rotation() {
    let test = TestDatabase::with_city().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.columns join information_schema.tables using (table_schema, table_name)
         where column_name = 'key_id' and table_schema = 'public' and table_type = 'BASE TABLE' order by 1",
    )
    .fetch_all(&test.admin)
    .await
    .expect("tables");
    // The two that find a number hold it under every key of the ring.
    let known = [
        "app_user",
        "attachment",
        "contract",
        "contract_change",
        "import_row",
        "job_file",
        "person",
        "person_number",
        "refund",
        "room",
        "take_over_row",
        "user_factor",
        "user_phone",
    ];
    assert_eq!(tables, known);
}

#[tokio::test]
async fn a_document_is_one_person_in_the_whole_city() {
    let test = TestDatabase::with_city().await;
    let operator = city::ctx(&test.database, "operator").await;
    import(&operator, SHEET, vec![permit(ID, &[("所属机构", "OP1")])]).await;
    for (login, keeper) in [("city", "甲区"), ("entry", "810101"), ("operator", "OP1")] {
        let ctx = city::ctx(&test.database, login).await;
        let cells = [("证件类型", "港澳台居民居住证"), ("证件号码", ID), ("所属机构", keeper)];
        assert_eq!(complaint(&ctx, SHEET, &cells).await, "人员已存在", "{login}");
    }
    let entry = city::ctx(&test.database, "entry").await;
    for (cells, sentence) in [
        (&[("所属机构", "OP1")][..], "无权导入机构【安居公司】的数据"),
        (&[("所属机构", "丁区")], "所属机构不存在"),
        (&[("证件类型", "身份证"), ("证件号码", BROKEN_ID)], "身份证号码校验位错误"),
        (&[("证件类型", "港澳台居民居住证"), ("证件号码", ID), ("性别", "女")], "性别与身份证不一致"),
        (&[("人员类型", "国王")], "【人员类型】取值不在字典范围内：国王"),
        (&[("手机号", "")], "第2行【手机号】不能为空"),
    ] {
        assert_eq!(complaint(&entry, SHEET, cells).await, sentence);
    }
    let district = city::ctx(&test.database, "district-a").await;
    assert!(Import::start(&district, SHEET, false).await.is_err(), "a district reads persons and enters none");
}

#[tokio::test]
async fn what_is_there_is_changed_only_in_phone_address_and_employer() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "entry").await;
    import(&ctx, SHEET, vec![permit(ID, &[("手机号", PHONE), ("工作单位", "甲厂"), ("民族", "汉族")])]).await;
    let operator = city::ctx(&test.database, "operator").await;
    import(&operator, SHEET, vec![person(&[("证件号码", "E7654321"), ("所属机构", "OP1"), ("手机号", "13600001234")])])
        .await;
    let update = async |rows: Vec<Vec<String>>| {
        let mut import = Import::start(&ctx, SHEET, true).await.expect("started").updating(true);
        import.chunk(numbered(rows), None).await.expect("taken")
    };
    let outcome = update(vec![
        permit(ID, &[("手机号", "13900005678"), ("现住址", "新路2号"), ("民族", "满族"), ("人员类型", "访客")]),
        permit(ID, &[("姓名", "别人")]),
        person(&[("证件号码", "E7654321")]),
        person(&[("证件号码", "E1111111"), ("姓名", "新人"), ("手机号", "13700001234")]),
    ])
    .await;
    assert_eq!(
        told(&outcome),
        [(3, "姓名与证件号不一致".to_owned()), (4, "该证件号码已由其他机构登记，请联系市住房保障中心办理".to_owned())]
    );
    let found = person_find(&ctx, "13900005678").await.expect("found");
    assert_eq!(found.len(), 1);
    let known = store::person::person_get(&ctx, found[0].id).await.expect("a person");
    assert_eq!((known.version, known.employer.as_deref()), (2, Some("甲厂")), "what a row does not say stays");
    assert_eq!((known.nation.map(|nation| nation.label()), known.person_type.label()), (Some("汉族"), "租户"));
    assert_eq!(person_reveal(&ctx, known.id, Secret::IdNumber, "测试核对").await.expect("kept"), ID);
    assert_eq!(person_find(&ctx, PHONE).await.expect("found").len(), 0, "the old telephone leads to nobody");
    let all = person_list(&ctx, &ListQuery::default()).await.expect("a list");
    assert_eq!(all.rows.iter().filter(|row| row.name == "新人").count(), 1);
}

/// PRM-05.
#[tokio::test]
async fn numbers_of_old_files_are_taken_when_the_city_says_so() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let rows = || {
        vec![
            person(&[("证件类型", "身份证"), ("证件号码", "1112223")]),
            person(&[("证件类型", "身份证"), ("证件号码", "990101900307001")]),
        ]
    };
    assert_eq!(take(&ctx, SHEET, false, rows()).await.failed.len(), 2);
    setting_put(&test.database, "PRM-05", "true").await.expect("set");
    import(&ctx, SHEET, rows()).await;
    let listed = person_list(&ctx, &ListQuery::default()).await.expect("a list").rows;
    let verified: Vec<&str> = listed.iter().map(|row| row.id_verified.code()).collect();
    assert!(verified.contains(&"UNVERIFIED") && verified.contains(&"FORMAT_OK"), "{verified:?}");
    // The same document in the form of today is the same document.
    assert_eq!(complaint(&ctx, SHEET, &[("证件类型", "身份证"), ("证件号码", "990101900307001")]).await, "人员已存在");
}
