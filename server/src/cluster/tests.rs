//! The real thing: these tests make and run a cluster. They fail where no PostgreSQL is installed.

use super::*;

/// A folder of its own for each test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("housing-{name}-{}", std::process::id()));
        Self(path)
    }

    async fn open(&self) -> Cluster {
        open(&self.0, Durability::ThrowAway).await.unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn the_last_user_stops_the_cluster() {
    let folder = Folder::new("users");
    let first = folder.open().await;
    let process = first.running_process().expect("runs");
    let second = folder.open().await;
    assert_eq!(second.running_process(), Some(process), "one cluster for both");
    assert!(first.child.is_some() && second.child.is_none());
    assert_eq!(first.superuser_url(), second.superuser_url());

    let path = first.directory().to_owned();
    first.stop().await.expect("stops");
    assert!(path.join("cluster/data/postmaster.pid").exists(), "left to the second user");
    second.stop().await.expect("stops");
    assert!(!path.join("cluster/data/postmaster.pid").exists(), "stopped by the last user");
}

#[tokio::test]
async fn a_postmaster_left_by_a_killed_server_is_adopted() {
    let folder = Folder::new("adopted");
    let mut killed = folder.open().await;
    let process = killed.running_process().expect("runs");
    // What kill -9 leaves: no locks, and a postmaster that nobody stops.
    killed.finished = true;
    drop(killed);
    let adopting = folder.open().await;
    assert_eq!(adopting.running_process(), Some(process));
    assert!(adopting.child.is_none());
    adopting.stop().await.expect("stops");
    assert!(!folder.0.join("cluster/data/postmaster.pid").exists());
}

#[tokio::test]
async fn a_killed_postmaster_is_replaced_and_still_stopped_by_the_last_user() {
    let folder = Folder::new("replaced");
    let first = folder.open().await;
    let process = first.running_process().expect("runs");
    first.home.signal(process, "KILL");
    let second = folder.open().await;
    let replacement = second.running_process().expect("runs");
    assert_ne!(replacement, process);
    second.stop().await.expect("leaves it to the first");
    assert!(postmaster::runs(replacement, &first.home));
    // The first one's own child is long dead; it has to stop the other's.
    first.stop().await.expect("stops");
    assert!(!folder.0.join("cluster/data/postmaster.pid").exists());
}

#[tokio::test]
async fn a_start_that_is_given_up_leaves_nothing_running() {
    let folder = Folder::new("given-up");
    folder.open().await.stop().await.expect("stops");
    let home = Home::choose(&folder.0).expect("chosen");
    let mut start = Box::pin(open(&folder.0, Durability::ThrowAway));
    while postmaster::running_process(&home).is_none() {
        let _ = tokio::time::timeout(Duration::from_millis(1), &mut start).await;
    }
    drop(start);
    let began = Instant::now();
    while postmaster::running_process(&home).is_some() {
        assert!(began.elapsed() < STOP_LIMIT, "still runs");
        sleep(LOOK_EVERY).await;
    }
}

#[tokio::test]
async fn a_number_of_another_program_does_not_pass_for_the_postmaster() {
    let folder = Folder::new("reused");
    let cluster = folder.open().await;
    let data = cluster.home.data();
    let left = std::fs::read_to_string(data.join("postmaster.pid")).expect("runs");
    cluster.stop().await.expect("stops");
    let (_, rest) = left.split_once('\n').expect("lines");
    // A living process under the same account, as which PostgreSQL alone would refuse to start.
    let home = Home::choose(&folder.0).expect("chosen");
    let mut other = home.command("sleep").arg("60").spawn().expect("sleeps");
    std::fs::write(data.join("postmaster.pid"), format!("{}\n{rest}", other.id())).expect("written");
    let cluster = folder.open().await;
    assert_ne!(cluster.running_process(), Some(other.id()));
    other.kill().and_then(|()| other.wait()).expect("ended");
    cluster.stop().await.expect("stops");
}

#[tokio::test]
async fn a_command_gets_the_address_of_the_database() {
    let folder = Folder::new("command");
    let command = ["sh", "-c", "test -n \"$DATABASE_URL\" || exit 1; exit 7"].map(OsString::from);
    let status = run_with(&folder.0, Durability::ThrowAway, &command).await.expect("runs");
    assert_eq!(status.code(), Some(7));
    assert!(!folder.0.join("cluster/data/postmaster.pid").exists(), "stopped after the command");
}
