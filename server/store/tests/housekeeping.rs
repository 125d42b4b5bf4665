//! What is swept and what stays.

use crate::support::{TestDatabase, city};
use chrono::{TimeDelta, Utc};
use domain::import::SheetKey;
use store::{
    housekeeping::{Swept, sweep},
    import::job::job_note,
};

async fn run(test: &TestDatabase, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
}

async fn text(test: &TestDatabase, query: &str) -> String {
    let query = sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned()));
    query.fetch_one(&test.admin).await.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn what_is_over_goes_and_the_rest_stays() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    for name in ["a.xlsx", "b.xlsx", "c.xlsx"] {
        job_note(&ctx, SheetKey::Estate, name, "00").await.expect("a job");
    }
    run(
        &test,
        "insert into job_file select id, '\\x00' from job;
         update job set status = 'VALIDATED', created_at = now() - interval '8 days' where file_name = 'a.xlsx';
         update job set status = 'VALIDATED', created_at = now() - interval '6 days' where file_name = 'b.xlsx';
         update job set status = 'EXECUTING', created_at = now() - interval '8 days' where file_name = 'c.xlsx';
         insert into job (request_id, actor_id, sheet, file_name, digest, status, finished_at)
         select gen_random_uuid(), actor_id, sheet, f.name, '00', f.status, now() - f.age from job, (values
             ('old.xlsx', 'FINISHED', interval '31 days'), ('new.xlsx', 'FINISHED', interval '29 days'),
             ('cut.xlsx', 'FAILED', interval '31 days')) as f (name, status, age) where file_name = 'a.xlsx';
         insert into job_file select id, '\\x00' from job where file_name = 'cut.xlsx';
         insert into job (request_id, kind, actor_id, sheet, file_name, status, finished_at)
         select gen_random_uuid(), 'EXPORT', actor_id, 'unit', 'zz.xlsx', 'FINISHED', now() - interval '29 days' from job
         where file_name = 'a.xlsx';
         insert into job_file select id, '\\x00' from job where file_name = 'zz.xlsx';
         insert into message (receiver_id, template, params, content, link, sent_at, read_at)
         select actor_id, 'JOB_FINISHED', '{}', 'x', '/', now(), r.at from job, (values
             (now() - interval '366 days'), (now() - interval '364 days'), (null)) as r (at) where file_name = 'a.xlsx';
         insert into import_row select id, 2, array['x'], '[]' from job where kind = 'IMPORT';
         insert into login_attempt (at, login, result) values
             (now() - interval '37 months', 'old', 'OK'), (now() - interval '35 months', 'kept', 'OK');
         insert into captcha (answer, expires_at) values ('A', now() - interval '1 s'), ('B', now() + interval '1 h');
         insert into session (token_digest, user_id, kind, seen_at, expires_at)
         select decode(s.n, 'hex'), u.id, s.kind, now() - s.idle, now() + s.lasts
         from app_user u, (values
             ('01', 'DESK', interval '31 min', interval '1 h'), ('02', 'DESK', interval '29 min', interval '1 h'),
             ('03', 'KIOSK', interval '2 days', interval '1 h'), ('04', 'KIOSK', interval '0', interval '-1 s')
         ) as s (n, kind, idle, lasts) where u.login = 'city'",
    )
    .await;
    let changes: i64 = sqlx::query_scalar("select count(*) from change").fetch_one(&test.admin).await.expect("a count");
    let now = Utc::now();
    let swept = sweep(&test.database, now).await.expect("swept");
    assert_eq!(
        swept,
        Swept { changes: 0, captchas: 1, sessions: 2, uploads: 1, rows: 2, attempts: 1, files: 1, messages: 1 }
    );
    let left = [
        ("select string_agg(answer, ' ') from captcha", "B"),
        ("select string_agg(encode(token_digest, 'hex'), ' ' order by 1) from session", "02 03"),
        ("select string_agg(login, ' ') from login_attempt", "kept"),
        (
            "select string_agg(status, ' ' order by file_name) from job where file_name < 'cut'",
            "CANCELLED VALIDATED EXECUTING",
        ),
        (
            "select string_agg(j.file_name, ' ' order by j.file_name) from import_row r join job j on j.id = r.job_id",
            "a.xlsx b.xlsx c.xlsx new.xlsx",
        ),
        (
            "select string_agg(j.file_name, ' ' order by j.file_name) from job_file f join job j on j.id = f.job_id",
            "b.xlsx c.xlsx zz.xlsx",
        ),
        ("select count(*)::text from message", "2"),
    ];
    for (query, expected) in left {
        assert_eq!(text(&test, query).await, expected, "{query}");
    }
    // A day and a bit later the feed has been read by everybody; its newest row says where it stands.
    let swept = sweep(&test.database, now + TimeDelta::hours(25)).await.expect("swept");
    assert_eq!(swept.changes, u64::try_from(changes).expect("a number") - 1);
}
