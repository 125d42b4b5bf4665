//! The audit chain: what was sealed cannot be changed, removed or added to without being named.

use crate::support::{TestDatabase, city};
use domain::{
    list::ListQuery,
    platform::audit::{AUDITED, AuditFinding},
};
use sqlx::AssertSqlSafe;
use std::time::Duration;
use store::platform::audit::{Anchor, audit_get, audit_list, audit_seal, verify};

/// A sealed city: every line so far is in a block.
async fn sealed() -> (TestDatabase, Anchor) {
    let test = TestDatabase::with_city().await;
    let anchor = seal(&test).await;
    (test, anchor)
}

/// Seals until no line waits; answers the newest block. Transactions of other tests hold the horizon back for
/// a moment, because it is the cluster's.
async fn seal(test: &TestDatabase) -> Anchor {
    let mut newest = None;
    for _ in 0..400 {
        newest = audit_seal(&test.database).await.expect("sealed").or(newest);
        if verify(&test.database, &[]).await.expect("verified").unsealed == 0 {
            return newest.expect("there were lines to seal");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("some lines were never sealed");
}

async fn run(test: &TestDatabase, statement: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&test.admin).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

async fn findings(test: &TestDatabase, anchors: &[Anchor]) -> Vec<AuditFinding> {
    verify(&test.database, anchors).await.expect("verified").findings
}

#[tokio::test]
async fn an_untouched_log_passes() {
    let (test, anchor) = sealed().await;
    let report = verify(&test.database, &[anchor]).await.expect("verified");
    assert!(report.rows > 10 && report.blocks >= 1, "{report:?}");
    assert_eq!((report.unsealed, &report.findings[..]), (0, &[][..]));
    // What comes later waits for the sealer and is no finding.
    run(&test, "update estate set remark = '后来' where name = '阳光苑'").await;
    let report = verify(&test.database, &[]).await.expect("verified");
    assert_eq!((report.unsealed, &report.findings[..]), (1, &[][..]));
    assert_eq!(seal(&test).await.seq, report.blocks + 1);
    assert_eq!(audit_seal(&test.database).await.expect("sealed"), None, "nothing new, no block");
}

#[tokio::test]
async fn a_changed_line_is_named() {
    let (test, _) = sealed().await;
    run(&test, "update audit_log set action = 'EXPORT' where id = 3").await;
    assert_eq!(findings(&test, &[]).await, [AuditFinding::Changed(3)]);
}

#[tokio::test]
async fn a_missing_line_and_one_put_in_between_are_named() {
    let (test, _) = sealed().await;
    run(&test, "delete from audit_log where id = 2").await;
    run(
        &test,
        "insert into audit_log (id, action, object_type, rows, xid) overriding system value
         select 999999, 'UPDATE', 'estate', 1, min(xid) from audit_log",
    )
    .await;
    assert_eq!(findings(&test, &[]).await, [AuditFinding::Missing(2), AuditFinding::Added(999_999)]);
}

/// Whoever rewrites a line and its block must rewrite all blocks behind it, and then the anchor tells.
#[tokio::test]
async fn a_rewritten_chain_differs_from_its_anchor() {
    let (test, first) = sealed().await;
    run(&test, "update estate set remark = '后来' where name = '阳光苑'").await;
    let second = seal(&test).await;
    run(&test, &format!("update audit_block set hash = sha256('x') where seq = {}", first.seq)).await;
    assert_eq!(
        findings(&test, &[]).await,
        [AuditFinding::Broken(first.seq), AuditFinding::Broken(second.seq)],
        "a block that is no hash of its rows, and the one that followed the old hash"
    );
    run(&test, "delete from audit_block; update audit_log set action = 'EXPORT' where id = 1").await;
    seal(&test).await;
    assert_eq!(findings(&test, &[]).await, [], "from inside, the new chain is sound");
    let expected = [AuditFinding::Anchor(first.seq), AuditFinding::Anchor(second.seq)];
    assert_eq!(findings(&test, &[first, second]).await, expected);
}

/// A line of a transaction that is still open must not be passed by: it is sealed when it has come.
#[tokio::test]
async fn what_commits_late_is_sealed_late() {
    let (test, _) = sealed().await;
    let mut late = test.admin.begin().await.expect("open");
    sqlx::query("update estate set remark = '慢' where name = '阳光苑'").execute(&mut *late).await.expect("written");
    run(&test, "update estate set remark = '快' where name = '星光苑'").await;
    assert_eq!(audit_seal(&test.database).await.expect("sealed"), None, "the later number waits for the earlier one");
    late.commit().await.expect("committed");
    seal(&test).await;
    let report = verify(&test.database, &[]).await.expect("verified");
    assert_eq!((report.unsealed, &report.findings[..]), (0, &[][..]));
}

#[tokio::test]
async fn sealers_do_not_get_into_each_others_way() {
    let test = TestDatabase::with_city().await;
    let (one, two, three) =
        tokio::join!(audit_seal(&test.database), audit_seal(&test.database), audit_seal(&test.database));
    for sealed in [one, two, three] {
        sealed.expect("no sealer fails");
    }
    assert_eq!(findings(&test, &[]).await, []);
}

/// A table that the database writes to the log for has a name that people know, and no name stands for nothing.
#[tokio::test]
async fn every_audited_table_has_a_name() {
    let test = TestDatabase::with_city().await;
    let mut audited: Vec<String> = sqlx::query_scalar(
        "select distinct c.relname::text from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
         where not t.tgisinternal and p.prosrc like '%insert into audit_log%'",
    )
    .fetch_all(&test.admin)
    .await
    .expect("the triggers");
    let mut named: Vec<&str> = AUDITED.iter().map(|(table, _)| *table).collect();
    audited.sort();
    named.sort_unstable();
    assert_eq!(named, audited);
}

/// By account in whichever spelling, by name, by day: what is asked for and nothing else.
#[tokio::test]
async fn lines_are_found_by_account_and_by_day() {
    let test = TestDatabase::with_city().await;
    run(&test, "update app_user set login = 'City', name = '周严' where login = 'city'").await;
    let ctx = city::ctx(&test.database, "auditor").await;
    let found = async |q: &str, filter: &[(&str, &str)]| {
        let params = filter.iter().copied().chain([("q", q)]);
        audit_list(&ctx, &ListQuery::from_params(params)).await.expect("a page").rows
    };
    assert!(!found("严", &[]).await.is_empty(), "a part of a name is enough");
    for q in ["City", "city", "CITY"] {
        let rows = found(q, &[]).await;
        assert!(!rows.is_empty() && rows.iter().all(|row| row.login.as_deref() == Some("City")), "{q}");
    }
    assert!(found("cit", &[]).await.is_empty(), "half an account is nobody");
    run(
        &test,
        "insert into audit_log (at, action, object_type, rows) values
         ('2026-03-01T15:59:59Z', 'UPDATE', 'contract', 1), ('2026-03-01T16:00:00Z', 'UPDATE', 'contract', 2),
         ('2026-03-02T15:59:59Z', 'UPDATE', 'contract', 3), ('2026-03-02T16:00:00Z', 'UPDATE', 'contract', 4)",
    )
    .await;
    let days = async |filter: &[(&str, &str)]| {
        let mut rows: Vec<i32> = found("", filter).await.iter().map(|row| row.rows).collect();
        rows.sort_unstable();
        rows
    };
    let contract = ("object", "contract");
    assert_eq!(days(&[contract]).await, [1, 2, 3, 4]);
    assert_eq!(days(&[contract, ("since", "2026-03-02")]).await, [2, 3, 4]);
    assert_eq!(days(&[contract, ("until", "2026-03-02")]).await, [1, 2, 3]);
    assert_eq!(days(&[contract, ("since", "2026-03-02"), ("until", "2026-03-02")]).await, [2, 3]);
    assert_eq!(days(&[contract, ("since", "soon")]).await, [0; 0]);
}

#[tokio::test]
async fn only_whoever_may_read_the_log_reads_it() {
    let (test, _) = sealed().await;
    for login in ["city", "district-a", "operator"] {
        let ctx = city::ctx(&test.database, login).await;
        assert!(audit_list(&ctx, &ListQuery::default()).await.is_err(), "{login}");
        assert!(audit_get(&ctx, 1, None, 1).await.is_err(), "{login}");
    }
    let ctx = city::ctx(&test.database, "auditor").await;
    run(&test, "update organization set phone = '13812345678', leader = '某人' where code = '810101'").await;
    let page = audit_list(&ctx, &ListQuery::default()).await.expect("a page");
    let newest = &page.rows[0];
    assert_eq!((newest.object_type.as_str(), newest.action.label()), ("organization", "修改"));
    let entry = audit_get(&ctx, newest.id, None, 1).await.expect("a line");
    let shown = format!("{:?}", entry.changes);
    assert!(shown.contains("phone") && !shown.contains("13812345678") && !shown.contains("某人"), "{shown}");
    assert_eq!(entry.block, None, "not sealed yet");
    seal(&test).await;
    assert!(audit_get(&ctx, newest.id, None, 1).await.expect("a line").block.is_some());
    // Walking back through the log meets every line once.
    let mut query = ListQuery { size: 10, ..ListQuery::default() };
    let mut met = Vec::new();
    loop {
        let page = audit_list(&ctx, &query).await.expect("a page");
        met.extend(page.rows.iter().map(|row| row.id));
        match page.next {
            Some(next) => query.at = next,
            None => break,
        }
    }
    let all: i64 = sqlx::query_scalar("select count(*) from audit_log").fetch_one(&test.admin).await.expect("counted");
    assert_eq!(met.len() as i64, all);
    met.sort_unstable();
    met.dedup();
    assert_eq!(met.len() as i64, all, "none twice");
}

/// Every write has its before and after (domain.md §0.5 rule 8), also one of many rows, and one of them is found by its number.
#[tokio::test]
async fn each_row_of_a_bulk_write_is_found_with_before_and_after() {
    let (test, _) = sealed().await;
    // A plan of a few rows is known when the many come.
    run(&test, "update unit set remark = '先' where id = (select min(id) from unit)").await;
    run(&test, "update unit set remark = '批量' || room_no").await;
    let ctx = city::ctx(&test.database, "auditor").await;
    let unit: i64 = number(&test, "select max(id) from unit").await;
    let room: String = sqlx::query_scalar("select room_no from unit where id = $1")
        .bind(unit)
        .fetch_one(&test.admin)
        .await
        .expect("a room's number");
    let object = unit.to_string();
    let query = ListQuery::from_params([("object", "unit"), ("object_id", object.as_str()), ("action", "UPDATE")]);
    let page = audit_list(&ctx, &query).await.expect("a page");
    let [line] = &page.rows[..] else { panic!("{:?}", page.rows) };
    assert_eq!((line.rows, line.object_id), (24, Some(unit)));
    let entry = audit_get(&ctx, line.id, Some(unit), 1).await.expect("a line");
    let [changed] = &entry.objects[..] else { panic!("{:?}", entry.objects) };
    let told: Vec<_> = changed.changes.iter().map(|change| (change.field.as_str(), change.after.as_deref())).collect();
    assert_eq!(told, [("remark", Some(&*format!("批量{room}")))]);
    let first: i64 = number(&test, "select min(id) from unit").await;
    let entry = audit_get(&ctx, line.id, Some(first), 1).await.expect("a line");
    assert_eq!(entry.objects[0].changes[0].before.as_deref(), Some("先"));
    assert!(audit_get(&ctx, line.id, Some(-1), 1).await.is_err(), "the line is not about it");
    // What differs and nothing else is kept of an update.
    let kept: i64 = number(
        &test,
        "select max((select count(*) from jsonb_object_keys(e.value))) from audit_log a, jsonb_array_elements(a.after) e
         where a.rows = 24 and a.object_type = 'unit' and a.action = 'UPDATE'",
    )
    .await;
    assert_eq!(kept, 1);
    seal(&test).await;
    assert_eq!(findings(&test, &[]).await, []);
    run(&test, &format!("update audit_log set object_ids[1] = 0 where id = {}", line.id)).await;
    assert_eq!(findings(&test, &[]).await, [AuditFinding::Changed(line.id)], "whom a line is about is sealed");
}

#[tokio::test]
async fn a_bulk_write_fills_lines_of_two_hundred_rows() {
    let test = TestDatabase::with_city().await;
    run(&test, "insert into person_search (actor_id, at, hits) select 1, now(), n from generate_series(1, 450) n")
        .await;
    run(&test, "delete from person_search").await;
    type Line = (String, i32, i32, Option<i32>, Option<i32>);
    let lines: Vec<Line> = sqlx::query_as(
        "select action, rows, cardinality(object_ids), jsonb_array_length(before), jsonb_array_length(after) from audit_log
         where object_type = 'person_search' order by id",
    )
    .fetch_all(&test.admin)
    .await
    .expect("lines");
    let line = |action: &str, rows, before, after| (action.to_owned(), rows, rows, before, after);
    assert_eq!(
        lines,
        [
            line("INSERT", 200, None, Some(200)),
            line("INSERT", 200, None, Some(200)),
            line("INSERT", 50, None, Some(50)),
            line("DELETE", 200, Some(200), None),
            line("DELETE", 200, Some(200), None),
            line("DELETE", 50, Some(50), None),
        ]
    );
    let ctx = city::ctx(&test.database, "auditor").await;
    let id: i64 = number(&test, "select min(id) from audit_log where object_type = 'person_search'").await;
    let entry = audit_get(&ctx, id, None, 1).await.expect("a line");
    assert_eq!((entry.objects.len(), entry.page, entry.pages), (20, 1, 10));
    let next = audit_get(&ctx, id, None, 2).await.expect("a line");
    assert!(next.objects[0].id > entry.objects[19].id);
    assert_eq!(audit_get(&ctx, id, None, u32::MAX).await.expect("a line").page, 10, "the last one there is");
}

/// Lines that were sealed before there were ids of many rows keep their hash.
#[tokio::test]
async fn a_line_about_one_row_is_sealed_as_it_always_was() {
    let test = TestDatabase::with_city().await;
    let other: i64 = number(
        &test,
        "select count(*) from audit_log a
         where a.object_ids is null and audit_row_hash(a) <> sha256(convert_to((to_jsonb(a) - 'xid' - 'object_ids')::text, 'UTF8'))",
    )
    .await;
    assert_eq!(other, 0);
}

/// Telephones of organisations, operators and estates stand in the log as those of persons do: masked (domain.md §2.7).
#[tokio::test]
async fn the_log_keeps_no_telephone_in_clear() {
    let test = TestDatabase::with_city().await;
    for statement in [
        "update organization set phone = '13812345678' where code = '810101'",
        "update organization set phone = '13899995678' where code = '810101'",
        "update operator set phone = '0371-63390000'",
        "update estate set phone = '13700001111'",
        "insert into organization (code, name, type, division_code, phone)
         select 'B' || n, '批量' || n, 'EMPLOYER', '810000', '1360000' || (1000 + n) from generate_series(1, 30) n",
        "update organization set phone = '1350000' || (1000 + id % 1000) where code like 'B%'",
    ] {
        run(&test, statement).await;
    }
    let log: String = sqlx::query_scalar("select string_agg(a::text, ' ') from audit_log a")
        .fetch_one(&test.admin)
        .await
        .expect("the log");
    for number in ["13812345678", "13899995678", "63390000", "13700001111", "1360000", "1350000"] {
        assert!(!log.contains(number), "{number}");
    }
    for mask in ["138****5678（已更换）", "037****0000", "137****1111", "136****1001"] {
        assert!(log.contains(mask), "{mask}");
    }
    let ctx = city::ctx(&test.database, "auditor").await;
    let line: i64 = number(&test, "select max(id) from audit_log where after ->> 'phone' like '138%'").await;
    let entry = audit_get(&ctx, line, None, 1).await.expect("a line");
    let [change] = &entry.changes[..] else { panic!("{:?}", entry.changes) };
    let told = (change.field.as_str(), change.before.as_deref(), change.after.as_deref());
    assert_eq!(told, ("phone", Some("138****5678"), Some("138****5678（已更换）")));
}

async fn number(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&test.admin).await.expect(query)
}
