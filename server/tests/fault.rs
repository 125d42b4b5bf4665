//! What people see when the database goes away under load or its disk is full, what a server that was killed leaves
//! behind, and two people at the same record in the same moment.

use crate::support::{Site, multipart, request, sheet};
use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use serde_json::json;
use server::cluster::{self, Cluster};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

/// Longer than a request may wait for a connection.
const PATIENCE: Duration = Duration::from_secs(20);

struct Place(PathBuf);

impl Place {
    fn create() -> Self {
        let path = std::env::temp_dir().join(format!("housing-fault-{}", store::platform::token::short_id()));
        std::fs::create_dir_all(path.join("site/pkg/b")).expect("a folder");
        std::fs::write(path.join("site/build.txt"), "b").expect("a file");
        Self(path)
    }

    async fn cluster(&self) -> Cluster {
        cluster::start(&self.0.join("postgres")).await.expect("a cluster")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn url(cluster: &Cluster) -> String {
    let name = store::Database::private(&cluster.superuser_url()).await.expect("a database");
    cluster.connection().url_as(name, name)
}

struct Serving {
    child: Child,
    address: SocketAddr,
    output: tokio::task::JoinHandle<String>,
}

/// The real program on a database of somebody else's.
async fn serve(place: &Path, url: &str) -> Serving {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.env("DATABASE_URL", url).env("RUST_LOG", "off").arg("--data").arg(place.join("data"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--limit-door", "0", "--limit-session", "0", "--site"]);
    command.arg(place.join("site")).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("an output")).lines();
    let (mut before, mut address) = (String::new(), None);
    while address.is_none() {
        let line = timeout(Duration::from_secs(60), lines.next_line()).await.expect("in time").expect("readable");
        let line = line.unwrap_or_else(|| panic!("it ended: {before}"));
        address = line.trim().strip_prefix("http://").map(|address| address.parse().expect("an address"));
        before.push_str(&line);
    }
    let output = tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            before.push_str(&line);
        }
        before
    });
    Serving { child, address: address.expect("an address"), output }
}

/// Status and body.
async fn get(address: SocketAddr, path: &str, cookie: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let head =
        format!("GET {path} HTTP/1.1\r\nhost: a\r\ncookie: housing_session={cookie}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Ok((status, answer))
}

async fn becomes(address: SocketAddr, expected: u16) {
    let began = Instant::now();
    loop {
        let (status, answer) = get(address, "/readyz", "").await.expect("the process lives");
        if status == expected {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "not {expected} in time: {answer}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_comes_back_is_taken_up_again() {
    let place = Place::create();
    let database = place.cluster().await;
    let serving = serve(&place.0, &url(&database).await).await;
    let address = serving.address;
    becomes(address, 200).await;
    // People go on working while it happens, each with a cookie that the database has to be asked about.
    let over = Arc::new(AtomicBool::new(false));
    let people: Vec<_> = (0..8)
        .map(|number| {
            let over = Arc::clone(&over);
            tokio::spawn(async move {
                let mut answers = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let path = ["/sign-in", "/live", "/files/template/estate"][number % 3];
                    let answer = timeout(PATIENCE, get(address, path, &format!("{number:064}"))).await;
                    answers.push(answer.expect("nobody waits for ever").expect("every request is answered"));
                    sleep(Duration::from_millis(20)).await;
                }
                answers
            })
        })
        .collect();
    sleep(Duration::from_millis(500)).await;
    database.stop().await.expect("it stops");
    becomes(address, 503).await;
    let (_, reason) = get(address, "/readyz", "").await.expect("answered");
    assert!(reason.contains("database_unreachable"), "{reason}");
    assert_eq!(get(address, "/healthz", "").await.expect("answered").0, 200, "the process itself is well");
    sleep(Duration::from_secs(2)).await;

    let database = place.cluster().await;
    becomes(address, 200).await;
    sleep(Duration::from_millis(500)).await;
    over.store(true, Ordering::Relaxed);
    let (mut good, mut away) = (0, 0);
    for answers in people {
        let answers = answers.await.expect("no panic");
        let (last, text) = answers.last().expect("an answer").clone();
        assert!([200, 401].contains(&last), "it works again by itself: {text}");
        for (status, text) in answers {
            match status {
                200 | 401 => good += 1,
                500 | 503 => {
                    away += 1;
                    assert!(text.contains("系统出现故障，请稍后重试"), "{text}");
                }
                _ => panic!("{status}: {text}"),
            }
            for inside in ["sqlx", "Connection refused", "PgDatabase", "No such file"] {
                assert!(!text.contains(inside), "{text}");
            }
        }
    }
    assert!(good > 0 && away > 0, "{good} good, {away} refused");
    drop(serving);
    database.stop().await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_replaced_by_another_one() {
    let place = Place::create();
    let database = place.cluster().await;
    let url = url(&database).await;
    let mut first = serve(&place.0, &url).await;
    becomes(first.address, 200).await;
    first.child.kill().await.expect("kill -9");
    let told = first.output.await.expect("read");
    assert!(told.contains("首个账号 admin"), "{told}");
    let mut second = serve(&place.0, &url).await;
    becomes(second.address, 200).await;
    assert_eq!(get(second.address, "/sign-in", "").await.expect("answered").0, 200);
    // Asked to end, it ends by itself and in time.
    let process = second.child.id().expect("it runs").to_string();
    let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &process]).status().await.expect("asked");
    assert!(asked.success());
    let status = timeout(Duration::from_secs(25), second.child.wait()).await.expect("in time").expect("it ended");
    assert!(status.success(), "{status}");
    let told = second.output.await.expect("read");
    assert!(!told.contains("首个账号"), "no second first account: {told}");
    database.stop().await.expect("it stops");
}

/// PostgreSQL's own word for a full disk, said where the bytes of an upload are written.
#[tokio::test]
async fn a_full_disk_refuses_an_upload_whole_and_takes_it_when_there_is_room() {
    let site = Site::open().await.with_queue().await;
    let full = "create function no_room() returns trigger language plpgsql as $$ begin
                    raise exception 'could not extend file: No space left on device' using errcode = 'disk_full';
                end $$;
                create trigger no_room before insert on job_file for each statement execute function no_room()";
    sqlx::raw_sql(full).execute(&site.test.admin).await.expect("a full disk");
    let session = site.session("district-a").await;
    let key = domain::import::SheetKey::Estate;
    let headers = server::workbook::template::template_of(key).headers();
    let rows = [sheet::row(key, &[]).into_iter().map(Into::into).collect()];
    let content = server::workbook::write::rows("小区数据", &headers, rows).expect("a workbook");
    let upload = async || {
        let (kind, body) = multipart("a.xlsx", &content);
        let path = "/files/import/estate?request=00000000-0000-0000-0000-0000000000f1";
        let head = request(Method::POST, path, Some(&session)).header(header::CONTENT_TYPE, kind);
        site.ask(head.body(Body::from(body)).expect("a request")).await
    };
    let refused = upload().await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.text(), "服务器磁盘空间不足，本次未保存。请联系系统管理员清理空间后重试");
    assert_eq!(site.id("select count(*) from job").await, 0, "nothing is half there");

    sqlx::raw_sql("drop trigger no_room on job_file").execute(&site.test.admin).await.expect("room again");
    let taken = upload().await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text());
    assert_eq!(upload().await.text(), taken.text(), "sent twice it is one");
    assert_eq!(site.id("select count(*) from job").await, 1);
}

#[tokio::test]
async fn of_two_administrators_at_one_account_one_is_told() {
    let site = Site::open().await;
    let (one, other) = (site.session("admin").await, site.session("admin").await);
    let id = site.id("select id from app_user where login = 'leader'").await;
    let form = |name: &str| {
        let form = json!({"login": "leader", "name": name, "department": "", "phone": "13900000009", "valid_from": "", "valid_to": ""});
        json!({"id": id, "version": 1, "form": form})
    };
    let (first, second) = (form("甲改"), form("乙改"));
    let (first, second) =
        tokio::join!(site.call("user_update", &first, Some(&one)), site.call("user_update", &second, Some(&other)));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::CONFLICT], "{} {}", first.text(), second.text());
    let (kept, loser) = if first.status == StatusCode::OK { ("甲改", second) } else { ("乙改", first) };
    assert_eq!(loser.text(), r#""Conflict""#);
    assert_eq!(site.text(&format!("select name from app_user where id = {id}")).await, kept);
    assert_eq!(site.id(&format!("select version::bigint from app_user where id = {id}")).await, 2);
}
