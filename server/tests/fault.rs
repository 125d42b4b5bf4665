//! What people see when the database goes away under load, and what a server that was killed leaves behind.

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
