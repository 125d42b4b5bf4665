//! Files of records: what is kept and how, who reaches it, and what becomes of leftovers.

use crate::support::{TestDatabase, city, database::KEY};
use chrono::{TimeDelta, Utc};
use domain::{
    dictionary::{AttachmentKind, AttachmentOwner},
    failure::Failure,
    id::AttachmentId,
    person::PersonForm,
    platform::attachment::{Attachment, DELETED_DAYS, FILES_MAX, Link, View, content::Media},
};
use sqlx::AssertSqlSafe;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use store::{
    Ctx, Error,
    platform::{
        attachment::{
            Rotated, Upload, attachment_create, attachment_delete, attachment_link, attachment_list, attachment_open,
            attachment_rotate, attachments_sweep,
        },
        cipher::KeyRing,
        key::keys_rotate,
    },
};

/// Stands for a paper: nothing of it may be readable anywhere.
const CONTENT: &[u8] = b"%PDF-1.7 410105199003071248 startxref %%EOF";
const SMALL: &[u8] = b"a small picture";

fn paper(owner: AttachmentOwner, owner_id: i64, kind: AttachmentKind) -> Upload<'static> {
    Upload { owner, owner_id, kind, file_name: "材料.pdf", media: Media::Pdf, content: CONTENT, thumbnail: None }
}

fn photo(owner: AttachmentOwner, owner_id: i64, kind: AttachmentKind) -> Upload<'static> {
    Upload { file_name: "大门.jpg", media: Media::Jpeg, thumbnail: Some(SMALL), ..paper(owner, owner_id, kind) }
}

async fn number(test: &TestDatabase, query: &str) -> i64 {
    let query = sqlx::query_scalar(AssertSqlSafe(query.to_owned()));
    query.fetch_one(&test.admin).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn estate(test: &TestDatabase) -> i64 {
    number(test, "select id from estate where name = '阳光苑'").await
}

async fn person(ctx: &Ctx) -> i64 {
    let form = PersonForm {
        name: "测试人甲".into(),
        person_type: "TENANT".into(),
        organization: ctx.actor().organization_id.to_string(),
        id_type: "PASSPORT".into(),
        id_number: "X1234567".into(),
        phone: "13800000000".into(),
        ..PersonForm::default()
    };
    store::person::person_create(ctx, &form).await.expect("a person").0
}

async fn files(ctx: &Ctx, owner: AttachmentOwner, id: i64) -> Vec<Attachment> {
    attachment_list(ctx, owner, id).await.expect("a list").rows
}

/// Everything that lies in the store, with its content.
fn stored(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                open.push(entry.path());
            } else {
                found.push((entry.path().display().to_string(), std::fs::read(entry.path()).expect("a file")));
            }
        }
    }
    found.sort();
    found
}

fn refused(error: &Error) -> String {
    match error {
        Error::Failure(failure) => failure.to_string(),
        other => panic!("no refusal: {other}"),
    }
}

#[tokio::test]
async fn what_goes_in_comes_out_and_lies_there_sealed() {
    let test = TestDatabase::with_city().await;
    let (ctx, sun) = (city::ctx(&test.database, "district-a").await, estate(&test).await);
    let upload = photo(AttachmentOwner::Estate, sun, AttachmentKind::Photo);
    let id = attachment_create(&ctx, &upload).await.expect("stored");
    let found = files(&ctx, AttachmentOwner::Estate, sun).await;
    let [file] = &found[..] else { panic!("one file: {found:?}") };
    assert_eq!((file.id, file.kind, file.file_name.as_str(), file.bytes), (id, AttachmentKind::Photo, "大门.jpg", 43));
    let small = attachment_open(&ctx, file.thumbnail.as_ref().expect("a small picture")).await.expect("opened");
    assert_eq!((small.content.as_slice(), small.media), (SMALL, Media::Jpeg));
    let link = attachment_link(&ctx, id, View::Download, "").await.expect("a link");
    assert_eq!(attachment_open(&ctx, &link).await.expect("opened").content, CONTENT);
    let lying = stored(&test.files());
    assert_eq!(lying.len(), 2, "the file and its small picture");
    for (name, content) in lying {
        for secret in [&b"%PDF"[..], b"1248", b"small"] {
            assert!(!content.windows(secret.len()).any(|part| part == secret), "{name} is not sealed");
        }
    }
    assert_eq!(number(&test, "select count(*) from object_draft").await, 0, "no draft stays");
    let logged = "select count(*) from audit_log where object_type = 'attachment' and action = 'INSERT' and object_id is not null";
    assert_eq!(number(&test, logged).await, 1);
}

#[tokio::test]
async fn the_scope_of_the_record_is_that_of_its_files() {
    let test = TestDatabase::with_city().await;
    let (a, b) = (city::ctx(&test.database, "district-a").await, city::ctx(&test.database, "district-b").await);
    let sun = estate(&test).await;
    let id = attachment_create(&a, &photo(AttachmentOwner::Estate, sun, AttachmentKind::Photo)).await.expect("stored");
    let not_found = Failure::NotFound.to_string();
    assert_eq!(refused(&attachment_list(&b, AttachmentOwner::Estate, sun).await.unwrap_err()), not_found);
    assert_eq!(refused(&attachment_link(&b, id, View::Download, "").await.unwrap_err()), not_found);
    assert_eq!(refused(&attachment_delete(&b, id, "不再需要了").await.unwrap_err()), not_found);
    let upload = photo(AttachmentOwner::Estate, sun, AttachmentKind::Photo);
    assert_eq!(refused(&attachment_create(&b, &upload).await.unwrap_err()), not_found);
    let link = attachment_link(&a, id, View::Download, "").await.expect("a link");
    assert!(refused(&attachment_open(&b, &link).await.unwrap_err()).contains("链接已失效"), "somebody else's link");
    let finance = city::ctx(&test.database, "finance").await;
    assert!(attachment_create(&finance, &upload).await.is_err(), "reads, and changes nothing");
    assert_eq!(stored(&test.files()).len(), 2, "nothing of what was refused lies there");
    // Its right ends while the link is young.
    sqlx::query("update attachment set deleted_at = now(), deleted_by = 1, delete_reason = 'x'")
        .execute(&test.admin)
        .await
        .expect("deleted");
    assert_eq!(refused(&attachment_open(&a, &link).await.unwrap_err()), not_found);
}

#[tokio::test]
async fn a_link_is_worth_nothing_when_it_is_old_or_changed() {
    let test = TestDatabase::with_city().await;
    let (ctx, sun) = (city::ctx(&test.database, "district-a").await, estate(&test).await);
    let upload = photo(AttachmentOwner::Estate, sun, AttachmentKind::Photo);
    let (id, other) = (attachment_create(&ctx, &upload).await.expect("stored"), attachment_create(&ctx, &upload).await);
    let link = attachment_link(&ctx, id, View::Picture, "").await.expect("a link");
    for wrong in [
        Link { id: other.expect("stored"), ..link.clone() },
        Link { view: View::Download, ..link.clone() },
        Link { until: link.until + 60, ..link.clone() },
        Link { until: ctx.now().timestamp() - 1, ..link.clone() },
        Link { signature: String::new(), ..link.clone() },
    ] {
        assert!(refused(&attachment_open(&ctx, &wrong).await.unwrap_err()).contains("链接已失效"), "{wrong:?}");
    }
    assert!(attachment_open(&ctx, &link).await.is_ok());
    // Signed once for a moment that is over now.
    let ring = KeyRing::parse(KEY).expect("a ring");
    let until = ctx.now().timestamp() - 1;
    let signature = ring.sign(&Link::message(ctx.actor().id.0, id, View::Picture, until));
    let old = Link { until, signature, ..link };
    assert!(refused(&attachment_open(&ctx, &old).await.unwrap_err()).contains("链接已失效"));
}

#[tokio::test]
async fn papers_of_persons_need_a_right_and_a_reason() {
    let test = TestDatabase::with_city().await;
    let operator = city::ctx(&test.database, "operator").await;
    let city_clerk = city::ctx(&test.database, "city").await;
    let person = person(&operator).await;
    let card = photo(AttachmentOwner::Person, person, AttachmentKind::IdCard);
    let card = attachment_create(&operator, &card).await.expect("stored");
    attachment_create(&operator, &photo(AttachmentOwner::Person, person, AttachmentKind::Photo)).await.expect("stored");
    let shown = |files: &[Attachment]| files.iter().map(|file| file.thumbnail.is_some()).collect::<Vec<_>>();
    let seen = attachment_list(&operator, AttachmentOwner::Person, person).await.expect("a list");
    assert_eq!((seen.opens, shown(&seen.rows)), (false, vec![true, false]), "the photo and not the paper");
    let forbidden = Failure::Forbidden.to_string();
    let denied = attachment_link(&operator, card, View::Picture, "核对身份").await.unwrap_err();
    assert_eq!(refused(&denied), forbidden);
    let seen = attachment_list(&city_clerk, AttachmentOwner::Person, person).await.expect("a list");
    assert_eq!((seen.opens, shown(&seen.rows)), (true, vec![true, true]));
    assert!(attachment_link(&city_clerk, card, View::Picture, " ").await.is_err(), "without a reason");
    let reveals = "select count(*) from audit_log where action = 'REVEAL' and object_type = 'attachment'
                   and after ->> 'reason' = '核对身份' and (after ->> 'owner_id')::bigint in (select id from person)";
    assert_eq!(number(&test, reveals).await, 0);
    let link = attachment_link(&city_clerk, card, View::Picture, "核对身份").await.expect("a link");
    assert_eq!(number(&test, reveals).await, 1);
    assert_eq!(attachment_open(&city_clerk, &link).await.expect("opened").content, CONTENT);
    let wrong = photo(AttachmentOwner::Person, person, AttachmentKind::Layout);
    assert!(attachment_create(&operator, &wrong).await.is_err(), "a person has no 户型图");
}

#[tokio::test]
async fn a_record_has_room_for_so_many_and_no_more() {
    let test = TestDatabase::with_city().await;
    let (ctx, sun) = (city::ctx(&test.database, "district-a").await, estate(&test).await);
    let upload = paper(AttachmentOwner::Estate, sun, AttachmentKind::Other);
    for _ in 0..FILES_MAX {
        attachment_create(&ctx, &upload).await.expect("stored");
    }
    assert!(refused(&attachment_create(&ctx, &upload).await.unwrap_err()).starts_with("附件已有50个"));
    let first = files(&ctx, AttachmentOwner::Estate, sun).await[0].id;
    attachment_delete(&ctx, first, "重复上传").await.expect("deleted");
    attachment_create(&ctx, &upload).await.expect("room again");
}

/// Between the file and its row: the process is no more, and nobody takes back what it has written.
#[tokio::test]
async fn what_a_killed_process_left_is_swept() {
    let test = TestDatabase::with_city().await;
    let (ctx, sun) = (city::ctx(&test.database, "district-a").await, estate(&test).await);
    let kept = attachment_create(&ctx, &photo(AttachmentOwner::Estate, sun, AttachmentKind::Photo)).await;
    let kept = kept.expect("stored");
    // The row takes its time, and meanwhile the process is killed and its connection with it.
    for brake in [
        "create function wait() returns trigger language plpgsql as 'begin perform pg_sleep(60); return new; end'",
        "create trigger wait before insert on attachment for each row execute function wait()",
    ] {
        sqlx::query(brake).execute(&test.admin).await.expect("a brake");
    }
    let upload = photo(AttachmentOwner::Estate, sun, AttachmentKind::Plan);
    let killed = tokio::time::timeout(Duration::from_secs(2), attachment_create(&ctx, &upload)).await;
    assert!(killed.is_err(), "it waits for its row");
    for over in [
        "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()",
        "drop trigger wait on attachment",
    ] {
        sqlx::query(over).execute(&test.admin).await.expect("no brake");
    }
    assert_eq!(stored(&test.files()).len(), 4, "the file lies there");
    let now = Utc::now();
    assert_eq!(attachments_sweep(&test.database, now).await.expect("swept"), 0, "it might still be on its way");
    assert_eq!(attachments_sweep(&test.database, now + TimeDelta::hours(2)).await.expect("swept"), 1);
    assert_eq!(stored(&test.files()).len(), 2);
    assert_eq!(number(&test, "select count(*) from object_draft").await, 0);
    let found = files(&ctx, AttachmentOwner::Estate, sun).await;
    assert_eq!(found.iter().map(|file| file.id).collect::<Vec<_>>(), [kept], "nothing half saved");
}

#[tokio::test]
async fn what_is_deleted_goes_a_month_later() {
    let test = TestDatabase::with_city().await;
    let (ctx, sun) = (city::ctx(&test.database, "district-a").await, estate(&test).await);
    let id =
        attachment_create(&ctx, &photo(AttachmentOwner::Estate, sun, AttachmentKind::Photo)).await.expect("stored");
    assert!(attachment_delete(&ctx, id, "x").await.is_err(), "without a reason");
    attachment_delete(&ctx, id, "上传错误").await.expect("deleted");
    assert!(files(&ctx, AttachmentOwner::Estate, sun).await.is_empty());
    assert_eq!(refused(&attachment_delete(&ctx, id, "上传错误").await.unwrap_err()), Failure::NotFound.to_string());
    let day = |days| Utc::now() + TimeDelta::days(days);
    assert_eq!(attachments_sweep(&test.database, day(DELETED_DAYS - 1)).await.expect("swept"), 0);
    assert_eq!(attachments_sweep(&test.database, day(DELETED_DAYS + 1)).await.expect("swept"), 1);
    assert_eq!(stored(&test.files()), []);
    assert_eq!(
        number(&test, "select count(*) from attachment where object_key is null and delete_reason = '上传错误'").await,
        1
    );
}

#[tokio::test]
async fn a_new_key_seals_what_the_old_one_sealed() {
    const NEW: &str = "2:202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f";
    let test = TestDatabase::with_city().await;
    let (ctx, sun) = (city::ctx(&test.database, "district-a").await, estate(&test).await);
    let id =
        attachment_create(&ctx, &photo(AttachmentOwner::Estate, sun, AttachmentKind::Photo)).await.expect("stored");
    let missing = test.second_with(&[NEW]).await.expect_err("refused").to_string();
    assert!(missing.contains("key 1 is missing"), "{missing}");
    let both = test.second_with(&[NEW, KEY]).await.expect("both keys");
    let rotated = async || attachment_rotate(&both, Utc::now()).await.expect("sealed anew");
    assert_eq!(rotated().await, Rotated { renewed: 1, left: 0 });
    assert_eq!(rotated().await, Rotated::default(), "nothing is left");
    for (name, content) in stored(&test.files()) {
        assert_eq!(KeyRing::key_of(&content), Some(2), "{name}");
    }
    let ctx = city::ctx(&both, "district-a").await;
    let link = attachment_link(&ctx, id, View::Download, "").await.expect("a link");
    assert_eq!(attachment_open(&ctx, &link).await.expect("opened").content, CONTENT);
}

/// A file that is gone stops nothing: those behind it are renewed, and it keeps its key for when it is found.
#[tokio::test]
async fn a_rotation_goes_on_behind_what_is_missing() {
    let test = TestDatabase::with_city().await;
    let (ctx, sun) = (city::ctx(&test.database, "district-a").await, estate(&test).await);
    let mut made = Vec::new();
    for kind in [AttachmentKind::Plan, AttachmentKind::Photo, AttachmentKind::Other, AttachmentKind::Other] {
        made.push(attachment_create(&ctx, &photo(AttachmentOwner::Estate, sun, kind)).await.expect("stored"));
    }
    let [lost, torn, due, good] = made[..] else { panic!("four files") };
    let lost_file = place(&test, lost).await;
    let content = std::fs::read(&lost_file).expect("a file");
    std::fs::remove_file(&lost_file).expect("lost");
    std::fs::write(place(&test, torn).await, &content[..20]).expect("torn");
    std::fs::remove_file(place(&test, due).await).expect("dropped");
    attachment_delete(&ctx, due, "重复上传").await.expect("deleted");
    let both = test.second_with(&[&KeyRing::new_line(2), KEY]).await.expect("both keys");
    let month = Utc::now() + TimeDelta::days(DELETED_DAYS + 1);
    assert_eq!(attachment_rotate(&both, month).await.expect("goes on"), Rotated { renewed: 1, left: 2 });
    let keys = "select string_agg(id || ':' || coalesce(key_id::text, 'none'), ' ' order by id) from attachment";
    let keys: String = sqlx::query_scalar(keys).fetch_one(&test.admin).await.expect("keys");
    assert_eq!(keys, format!("{lost}:1 {torn}:1 {due}:none {good}:2"));
    std::fs::write(&lost_file, &content).expect("found");
    let nouns = keys_rotate(&both, month).await.expect("again");
    assert_eq!(nouns.last().map(|noun| (noun.count, noun.left)), Some((1, 1)), "files come last: {nouns:?}");
}

async fn place(test: &TestDatabase, id: AttachmentId) -> PathBuf {
    let key: String = sqlx::query_scalar("select object_key from attachment where id = $1")
        .bind(id.0)
        .fetch_one(&test.admin)
        .await
        .expect("a key");
    test.files().join(key)
}

/// Whoever can write to the store can still not show one file in the place of another.
#[tokio::test]
async fn files_that_were_exchanged_or_lost_are_not_shown() {
    let test = TestDatabase::with_city().await;
    let (ctx, sun) = (city::ctx(&test.database, "district-a").await, estate(&test).await);
    let one =
        attachment_create(&ctx, &paper(AttachmentOwner::Estate, sun, AttachmentKind::Plan)).await.expect("stored");
    let other = Upload { content: b"%PDF-1.7 another", ..paper(AttachmentOwner::Estate, sun, AttachmentKind::Plan) };
    let other = attachment_create(&ctx, &other).await.expect("stored");
    std::fs::copy(place(&test, other).await, place(&test, one).await).expect("exchanged");
    std::fs::remove_file(place(&test, other).await).expect("lost");
    for id in [one, other] {
        let link = attachment_link(&ctx, id, View::Download, "").await.expect("a link");
        assert!(matches!(attachment_open(&ctx, &link).await.unwrap_err(), Error::Broken(_)));
    }
}

/// What happens when no byte more goes onto the disk: this test runs itself in a process that may write small files only.
#[test]
fn a_full_disk_is_said_and_nothing_is_half_saved() {
    let mut limited = std::process::Command::new("sh");
    limited.args([
        "-c",
        "trap '' XFSZ; ulimit -f 64; exec \"$0\" --exact attachment::on_a_full_disk --ignored --nocapture",
    ]);
    let output = limited.arg(std::env::current_exe().expect("this test")).output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn on_a_full_disk() {
    let test = TestDatabase::with_city().await;
    let (ctx, sun) = (city::ctx(&test.database, "district-a").await, estate(&test).await);
    let large = vec![7; 1 << 20];
    let upload = Upload { content: &large, ..photo(AttachmentOwner::Estate, sun, AttachmentKind::Photo) };
    let full = attachment_create(&ctx, &upload).await.unwrap_err();
    assert_eq!(refused(&full), "存储空间不足，文件未保存，请联系系统管理员");
    assert_eq!(
        number(&test, "select (select count(*) from attachment) + (select count(*) from object_draft)").await,
        0
    );
    assert_eq!(stored(&test.files()), [], "not even a part of it");
    let small = attachment_create(&ctx, &photo(AttachmentOwner::Estate, sun, AttachmentKind::Photo)).await;
    small.expect("what has room is still taken");
}
