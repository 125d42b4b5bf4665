//! The second wall of data scope (architecture §4): what PostgreSQL itself refuses the application,
//! whatever query it sends. The queries here therefore have no filter of their own.

mod tables;

use crate::support::{TestDatabase, city};
use domain::{import::SheetKey, person::PersonForm};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::collections::BTreeSet;
use store::{
    import::job::job_note,
    person::{person_create, person_find},
};
use tables::{CLOSED, OPEN, PUBLISHED, STOCK};

/// Sets the scope of a transaction as the store does.
async fn set(connection: &mut PgConnection, districts: &str, estates: &str) {
    sqlx::query("select set_config('app.districts', $1, true), set_config('app.estates', $2, true)")
        .bind(districts)
        .bind(estates)
        .execute(connection)
        .await
        .expect("settings");
}

async fn id(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
        .fetch_one(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{query}: {error}"))
}

async fn district(test: &TestDatabase, code: &str) -> i64 {
    id(test, &format!("select id from organization where code = '{code}'")).await
}

async fn estate(test: &TestDatabase, name: &str) -> i64 {
    id(test, &format!("select id from estate where name = '{name}'")).await
}

async fn numbers(connection: &mut PgConnection, query: String) -> Vec<i64> {
    sqlx::query_scalar(AssertSqlSafe(query.clone()))
        .fetch_all(connection)
        .await
        .unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// Tries a statement inside a savepoint; answers the rows it touched, or PostgreSQL's code.
async fn tried(connection: &mut PgConnection, statement: &str) -> Result<u64, String> {
    let mut savepoint = connection.begin().await.expect("a savepoint");
    let done = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut *savepoint).await;
    savepoint.rollback().await.expect("back to the savepoint");
    match done {
        Ok(done) => Ok(done.rows_affected()),
        Err(sqlx::Error::Database(error)) => Err(error.code().unwrap_or_default().into_owned()),
        Err(error) => panic!("{statement}: {error}"),
    }
}

/// PostgreSQL's `insufficient_privilege`: both a missing grant and a refused policy.
const DENIED: &str = "42501";

/// Jobs, a person and an attempt to sign in, so that no table is empty.
async fn with_jobs() -> TestDatabase {
    let test = TestDatabase::with_city().await;
    for login in ["district-a", "district-b"] {
        job_note(&city::ctx(&test.database, login).await, SheetKey::Estate, "小区.xlsx", "00").await.expect("a job");
    }
    let operator = city::ctx(&test.database, "operator").await;
    let person = PersonForm {
        name: "测试人甲".into(),
        person_type: "TENANT".into(),
        organization: operator.actor().organization_id.to_string(),
        id_type: "PASSPORT".into(),
        id_number: "X1234567".into(),
        phone: "13800000000".into(),
        ..PersonForm::default()
    };
    person_create(&operator, &person).await.expect("a person");
    person_find(&operator, "X1234567").await.expect("a search");
    sqlx::raw_sql(
        "insert into dictionary_type (code, name) values ('x', 'x');
         insert into dictionary_item (type_code, code) values ('x', 'x');
         insert into holiday (date, kind) values ('2026-10-01', 'REST');
         insert into number_rule (kind, prefix, date_part, length, reset) values ('ASSET_SUB', 'X', 'NONE', 6, 'NONE');
         insert into number_serial values ('ASSET_SUB', '', '', 1);
         insert into menu_entry (system_key, directory) values ('units', false);
         insert into job_file select id, '\\x00' from job;
         insert into import_row select id, 2, array['x'], '[]' from job;
         insert into job_plan_run (plan_id, started_at) select id, now() from job_plan;
         insert into message (receiver_id, template, params, content, link, sent_at)
         select id, 'JOB_FINISHED', '{}', '', '/', now() from app_user;
         insert into person_history (person_id, event, reason) select id, 'DELETE', '测试' from person;
         insert into search_term (kind, object_id, district_id, term) select 'PERSON', id, 0, '甲' from person;
         insert into tenant_code (phone_digest, code_signature, address, sent_at, expires_at, person_ids)
         values ('\\x01', 'x', 'x', now(), now(), '{}');
         insert into password_code (login, phone_digest, code_signature, address, sent_at, expires_at)
         values ('x', '\\x01', 'x', 'x', now(), now());
         insert into tenant_session values ('\\x01', '\\x01', '{}', now(), now(), now());
         insert into tenant_attempt (at, address, result) values (now(), 'x', 'OK');
         insert into login_attempt (login, result) values ('city', 'OK');
         insert into password_history (user_id, password_hash) select id, '' from app_user where login = 'city';
         insert into user_phone select u.id, k.id, '\\x01' from app_user u, cipher_key k where u.login = 'city'; insert into user_factor (user_id, secret, key_id, offered_at) select id, '\\x01', 1, now() from app_user where login = 'city';
         insert into approval (kind, subject, subject_key, change, lines, reason, made_by, made_at)
         select 'ROLE', '', '', '{}', '[]', '', id, now() from app_user where login = 'city';
         insert into object_draft values ('00', 1, now()); insert into attachment (owner, owner_id, kind, file_name, media, bytes, sha256,
             object_key, key_id, created_at) select 'PERSON', id, 'IDCARD', 'x', 'PDF', 1, sha256(''), 'x', key_id, now() from person;
         insert into approval_task (approval_id, workflow_id, node, made_by, checker, verdict, at)
         select a.id, a.workflow_id, 1, a.made_by, u.id, 'APPROVE', now() from approval a, app_user u where u.login = 'leader';
         insert into audit_block values (1, now(), '1', 1, '{1}', sha256('row'), sha256(''), sha256('block'));
         insert into change (district_id, estate_id, building_id) select district_id, estate_id, id from building;
         insert into asset_master (district_id, project_id, card_no, asset_code, asset_name, class_code, category, owner, manager,
             acquire_mode, acquired_on, value_type, original_fen, dep_method, life_years, total_area, units_count, location, use_status,
             ledger_subject)
         select p.district_id, p.id, p.code, 'x', 'x', 'A01010500', 'PRH', 'x', 'x', 'BUILT', '2020-01-01', 'ORIGINAL', 100, 'NONE', 0, 0,
             0, 'x', 'LET', '1811' from project p where exists (select from building b where b.project_id = p.id);
         insert into asset_sub (district_id, estate_id, master_id, unit_id, card_no, asset_name, location, building_area, original_fen,
             acquired_on, use_status)
         select distinct on (b.estate_id) u.district_id, u.estate_id, m.id, u.id, u.code, 'x', 'x', 1, 1, '2020-01-01', 'LET'
         from unit u join building b on b.id = u.building_id join asset_master m on m.project_id = b.project_id;
         insert into asset_change (district_id, estate_id, master_id, sub_id, kind, maker_id)
         select district_id, estate_id, master_id, id, 'REGISTER', 1 from asset_sub;
         insert into asset_depreciation_run (district_id, period) select distinct district_id, date '2026-01-01' from asset_sub;
         insert into asset_depreciation (run_id, master_id, sub_id, district_id, estate_id, period, amount_fen)
         select r.id, s.master_id, s.id, s.district_id, s.estate_id, r.period, 1
         from asset_sub s join asset_depreciation_run r on r.district_id = s.district_id;
         insert into asset_count (district_id, estate_id, title, planned_on, made_by)
         select district_id, id, 'x', '2026-01-01', 1 from estate;
         insert into asset_count_line (count_id, sub_id, place)
         select c.id, s.id, 'x' from asset_count c join asset_sub s on s.estate_id = c.estate_id",
    )
    .execute(&test.admin)
    .await
    .expect("files and rows");
    sqlx::raw_sql(crate::support::tenancy::ROWS).execute(&test.admin).await.expect("contracts and money");
    test
}

#[tokio::test]
async fn every_table_is_behind_the_wall_or_on_the_list() {
    let test = TestDatabase::with_city().await;
    let tables: Vec<(String, bool, bool, bool)> = sqlx::query_as(
        "select c.relname::text, c.relrowsecurity, c.relforcerowsecurity, exists (select from pg_policy p where p.polrelid = c.oid)
         from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')",
    )
    .fetch_all(&test.admin)
    .await
    .expect("tables");
    for (table, enabled, forced, policy) in &tables {
        if OPEN.contains(&table.as_str()) {
            assert!(!policy && !enabled, "{table} has a policy now: take it off the list of open tables");
        } else {
            assert!(
                *enabled && *forced && *policy,
                "{table} needs row-level security, enabled and forced, with a policy"
            );
        }
    }
    let known: BTreeSet<&str> = OPEN.into_iter().chain(STOCK).chain(CLOSED).chain(PUBLISHED).collect();
    let found: BTreeSet<&str> = tables.iter().map(|(table, ..)| table.as_str()).collect();
    assert_eq!(found, known, "every table stands in one of the lists above, and what stands there exists");
}

#[tokio::test]
async fn without_a_scope_nothing_is_visible_and_nothing_changes() {
    let test = with_jobs().await;
    let mut app = test.application().await;
    let mut tx = app.begin().await.expect("a transaction");
    for table in STOCK.into_iter().chain(CLOSED) {
        assert_ne!(id(&test, &format!("select count(*) from {table}")).await, 0, "{table} has rows to hide");
        assert_eq!(numbers(&mut tx, format!("select count(*) from {table}")).await, [0], "{table}");
    }
    for table in STOCK.into_iter().chain(CLOSED).chain(PUBLISHED) {
        let column: String =
            sqlx::query_scalar("select attname::text from pg_attribute where attrelid = $1::regclass and attnum = 1")
                .bind(table)
                .fetch_one(&test.admin)
                .await
                .expect("a first column");
        // No row to be touched, or not even the right to try.
        let changed = tried(&mut tx, &format!("update {table} set {column} = default")).await;
        assert!(matches!(&changed, Ok(0)) || changed == Err(DENIED.to_owned()), "update {table}: {changed:?}");
        let deleted = tried(&mut tx, &format!("delete from {table}")).await;
        assert!(matches!(&deleted, Ok(0)) || deleted == Err(DENIED.to_owned()), "delete {table}: {deleted:?}");
    }
}

/// Copies of real rows, so that nothing but the policy can be the reason.
#[tokio::test]
async fn without_a_scope_nothing_goes_in() {
    let test = with_jobs().await;
    let mut app = test.application().await;
    let mut tx = app.begin().await.expect("a transaction");
    // The audit log is the exception: everybody's deeds go in, and only the platform reads them.
    for table in STOCK.into_iter().chain(CLOSED).chain(PUBLISHED).filter(|table| *table != "audit_log") {
        let copy: serde_json::Value =
            sqlx::query_scalar(AssertSqlSafe(format!("select to_jsonb(t) from {table} t limit 1")))
                .fetch_one(&test.admin)
                .await
                .unwrap_or_else(|error| panic!("{table}: {error}"));
        let copy = copy.to_string().replace('\'', "''");
        let columns: String = sqlx::query_scalar(
            "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
             where attrelid = $1::regclass and attnum > 0 and attgenerated = '' and not attisdropped",
        )
        .bind(table)
        .fetch_one(&test.admin)
        .await
        .expect("columns");
        let insert = format!(
            "insert into {table} ({columns}) overriding system value
             select {columns} from jsonb_populate_record(null::{table}, '{copy}')"
        );
        assert_eq!(tried(&mut tx, &insert).await, Err(DENIED.to_owned()), "{table}");
    }
}

#[tokio::test]
async fn a_query_without_a_filter_returns_one_district() {
    let test = with_jobs().await;
    let (a, b) = (district(&test, "810101").await, district(&test, "810102").await);
    let mut app = test.application().await;
    for (mine, other) in [(a, b), (b, a)] {
        let mut tx = app.begin().await.expect("a transaction");
        set(&mut tx, &mine.to_string(), "").await;
        for table in STOCK.into_iter().chain(["job"]) {
            assert_eq!(numbers(&mut tx, format!("select distinct district_id from {table}")).await, [mine], "{table}");
            let moved = tried(&mut tx, &format!("update {table} set district_id = {other}")).await;
            assert_eq!(moved, Err(DENIED.to_owned()), "{table}: a row is pushed over the wall");
        }
        for table in ["job_file", "import_row"] {
            assert_eq!(numbers(&mut tx, format!("select count(*) from {table}")).await, [1], "{table}");
        }
        tx.rollback().await.expect("the scope ends with its transaction");
    }
    assert_eq!(numbers(&mut app, "select count(*) from unit".to_owned()).await, [0], "the scope ended");
}

#[tokio::test]
async fn a_query_without_a_filter_returns_the_estates_of_an_operator() {
    let test = with_jobs().await;
    let (sun, star) = (estate(&test, "阳光苑").await, estate(&test, "星光苑").await);
    let mut app = test.application().await;
    let mut tx = app.begin().await.expect("a transaction");
    set(&mut tx, "", &sun.to_string()).await;
    for table in [
        "building",
        "unit",
        "room",
        "unit_history",
        "building_tally",
        "change",
        "asset_sub",
        "asset_change",
        "asset_depreciation",
        "asset_count",
        "assignment",
        "account",
        "contract",
        "contract_resident",
        "contract_history",
        "bill",
        "bill_line",
        "bill_history",
        "payment",
        "payment_share",
        "ledger_entry",
        "contract_told",
        "deduction_item",
        "deduction_item_bill",
        "refund",
        "arrears",
        "arrears_history",
        "building_arrears_tally",
    ] {
        assert_eq!(numbers(&mut tx, format!("select distinct estate_id from {table}")).await, [sun], "{table}");
    }
    assert_eq!(numbers(&mut tx, "select id from estate".to_owned()).await, [sun]);
    assert_eq!(
        numbers(&mut tx, "select count(*) from district_tally".to_owned()).await,
        [0],
        "a district's sums are not the operator's"
    );
    assert_eq!(numbers(&mut tx, "select count(*) from district_arrears_tally".to_owned()).await, [0], "nor these");
    assert_eq!(numbers(&mut tx, "select count(*) from asset_depreciation_run".to_owned()).await, [0], "nor its books");
    for table in [
        "bank_file",
        "deduction_batch",
        "deduction_look",
        "deduction_line",
        "bank_difference",
        "bank_statement_line",
        "reconciliation",
        "pay_bill_line",
    ] {
        assert_eq!(numbers(&mut tx, format!("select count(*) from {table}")).await, [0], "nor its files: {table}");
    }
    assert_eq!(
        numbers(&mut tx, "select count(*) from asset_count_line".to_owned()).await,
        [1],
        "of the estate's sheet"
    );
    let project = id(&test, "select id from project where name = '甲项目'").await;
    assert_eq!(numbers(&mut tx, "select id from project".to_owned()).await, [project]);
    assert_eq!(tried(&mut tx, &format!("update unit set estate_id = {star}")).await, Err(DENIED.to_owned()));
    tx.rollback().await.expect("back");

    // Two estates of two districts, as a clerk may look after them.
    let mut tx = app.begin().await.expect("a transaction");
    set(&mut tx, "", &format!("{sun},{star}")).await;
    assert_eq!(
        numbers(&mut tx, "select distinct estate_id from unit order by 1".to_owned()).await,
        [sun.min(star), sun.max(star)]
    );
    assert_eq!(numbers(&mut tx, "select count(*) from project".to_owned()).await, [2]);
}

#[tokio::test]
async fn the_city_sees_all_and_the_platform_sees_no_stock() {
    let test = with_jobs().await;
    let mut app = test.application().await;
    let mut tx = app.begin().await.expect("a transaction");
    set(&mut tx, "*", "").await;
    for table in STOCK.into_iter().chain(["job", "job_file", "import_row"]) {
        let all = id(&test, &format!("select count(*) from {table}")).await;
        assert_eq!(numbers(&mut tx, format!("select count(*) from {table}")).await, [all], "{table}");
    }
    tx.rollback().await.expect("back");
    let mut tx = app.begin().await.expect("a transaction");
    sqlx::query("select set_config('app.platform', 'on', true)").execute(&mut *tx).await.expect("a setting");
    for table in STOCK.into_iter().chain(["job"]) {
        assert_eq!(numbers(&mut tx, format!("select count(*) from {table}")).await, [0], "{table}");
    }
    assert_ne!(numbers(&mut tx, "select count(*) from app_user".to_owned()).await, [0]);
    assert_ne!(numbers(&mut tx, "select count(*) from audit_log".to_owned()).await, [0]);
}

#[tokio::test]
async fn the_application_is_a_role_without_rights_of_its_own() {
    let test = TestDatabase::with_city().await;
    let flags: (bool, bool, bool, bool, bool, bool) = sqlx::query_as(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin from pg_roles where rolname = $1",
    )
    .bind(store::database::APPLICATION_ROLE)
    .fetch_one(&test.admin)
    .await
    .expect("the role");
    assert_eq!(flags, (false, false, false, false, false, false));
    let owned = "select count(*) from pg_shdepend where refclassid = 'pg_authid'::regclass and refobjid = 'housing_app'::regrole and deptype = 'o'";
    assert_eq!(id(&test, owned).await, 0, "it owns nothing");
    assert_eq!(
        id(&test, "select count(*) from pg_auth_members where member = 'housing_app'::regrole").await,
        0,
        "it is nobody else"
    );
    let mut app = test.application().await;
    let who: (String, String) =
        sqlx::query_as("select current_user::text, session_user::text").fetch_one(&mut app).await.expect("a name");
    assert_eq!(who, ("housing_app".to_owned(), "housing_test".to_owned()));
    let mut tx = app.begin().await.expect("a transaction");
    for statement in [
        "alter table unit disable row level security",
        "drop policy unit_scope on unit",
        "create table loot (id int)",
        "create function loot() returns int language sql return 1",
        "select * from _sqlx_migrations",
        "truncate unit cascade",
    ] {
        assert_eq!(tried(&mut tx, statement).await, Err(DENIED.to_owned()), "{statement}");
    }
}

/// A function that runs with its owner's rights is a hole in the wall; each is looked at before it gets here.
#[tokio::test]
async fn only_these_functions_run_with_their_owners_rights() {
    let test = TestDatabase::with_city().await;
    let functions: Vec<(String, bool, bool)> = sqlx::query_as(
        "select p.proname::text, p.proconfig::text like '%search_path%', has_function_privilege('public', p.oid, 'execute')
         from pg_proc p where p.pronamespace = current_schema()::regnamespace and p.prosecdef order by 1",
    )
    .fetch_all(&test.admin)
    .await
    .expect("functions");
    let expected = [
        "contract_numbers_known",
        "household_is_housed",
        "job_enqueue",
        "job_queued",
        "person_binds",
        "person_digests_taken",
        "person_household",
        "person_is_housed",
        "person_is_staged",
        "persons_bound",
        "take_over_running",
    ]
    .map(|name| (name.to_owned(), true, false));
    assert_eq!(functions, expected, "name, fixed search path, open to the public");
}

/// What happened stays as it was written, also for who may see all of it.
#[tokio::test]
async fn the_record_of_what_happened_only_grows() {
    let test = with_jobs().await;
    let mut app = test.application().await;
    let mut tx = app.begin().await.expect("a transaction");
    set(&mut tx, "*", "").await;
    sqlx::query("select set_config('app.platform', 'on', true)").execute(&mut *tx).await.expect("a setting");
    for table in [
        "audit_log",
        "audit_block",
        "unit_history",
        "person_history",
        "change",
        "login_attempt",
        "approval_task",
        "contract_history",
        "hand_over_history",
        "exit_history",
        "household_history",
        "bill_history",
        "ledger_entry",
    ] {
        for statement in
            [format!("update {table} set at = now()"), format!("delete from {table}"), format!("truncate {table}")]
        {
            assert_eq!(tried(&mut tx, &statement).await, Err(DENIED.to_owned()), "{statement}");
        }
    }
    assert_eq!(tried(&mut tx, "update asset_depreciation set amount_fen = 0").await, Err(DENIED.to_owned()));
    assert_eq!(tried(&mut tx, "delete from asset_depreciation").await, Err(DENIED.to_owned()));
    for table in
        ["project", "estate", "building", "unit", "room", "asset_master", "asset_sub", "asset_change", "asset_count"]
    {
        assert_eq!(
            tried(&mut tx, &format!("delete from {table}")).await,
            Err(DENIED.to_owned()),
            "{table} is only marked deleted"
        );
    }
}
