//! The bank behind a real SSH server: OpenSSH's sshd, started here at a free port with keys made for the test.

use server::bank::{BankGateway as _, sftp::Sftp};
use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Who a server that root starts runs as, and his number: an account that owns nothing, found on every system. Not nobody:
/// where systemd answers for him, it says that he is locked.
const DAEMON: (&str, u32) = ("daemon", 1);

/// A server, its folder and its keys.
struct Server {
    process: Child,
    port: u16,
    folder: PathBuf,
    user: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The program, of the system or unpacked by `.ci/setup --test`, and the folder of libraries that came with it.
fn sshd() -> (PathBuf, PathBuf) {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").join("target/tools/sshd");
    let libraries = unpacked.join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH));
    let found =
        [PathBuf::from("/usr/sbin/sshd"), unpacked.join("usr/sbin/sshd")].into_iter().find(|path| path.exists());
    (found.expect("no sshd: run `.ci/setup --test`"), libraries)
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn key(path: &Path) {
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", path.to_str().expect("a path")]);
}

fn write(path: &Path, content: &str) {
    fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

impl Server {
    fn start() -> Self {
        let root = run("id", &["-u"]) == "0";
        let user = if root { DAEMON.0.to_owned() } else { run("id", &["-un"]) };
        let folder = std::env::temp_dir().join(format!("housing-sftp-{}", store::platform::token::short_id()));
        fs::create_dir_all(&folder).expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let at = |name: &str| folder.join(name);
        for name in ["host", "client", "stranger"] {
            key(&at(name));
        }
        fs::copy(at("client.pub"), at("authorized")).expect("copied");
        let host = fs::read_to_string(at("host.pub")).expect("a key");
        write(&at("known"), &format!("[127.0.0.1]:{port} {host}"));
        let stranger = fs::read_to_string(at("stranger.pub")).expect("a key");
        write(&at("mistaken"), &format!("[127.0.0.1]:{port} {stranger}"));
        for part in ["bank/out", "bank/in", "bank/done"] {
            fs::create_dir_all(at(part)).expect("a folder");
        }
        let place = folder.display();
        write(
            &at("config"),
            &format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {place}/host\nAuthorizedKeysFile {place}/authorized\nStrictModes no\n\
                 UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\nSubsystem sftp internal-sftp\n"
            ),
        );
        let (program, libraries) = sshd();
        let mut command = Command::new(program);
        command.args(["-D", "-e", "-r", "-f"]).arg(at("config")).env("LD_LIBRARY_PATH", libraries);
        command.stderr(fs::File::create(at("log")).expect("a log")).stdout(Stdio::null());
        if root {
            use std::os::unix::process::CommandExt as _;
            hand_over(&folder);
            command.uid(DAEMON.1).gid(DAEMON.1);
        }
        let process = command.spawn().expect("sshd starts");
        let server = Self { process, port, folder, user };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "{}", server.said());
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn gateway(&self, key: &str, known: &str) -> Sftp {
        let place = format!("{}@127.0.0.1:{}{}/bank", self.user, self.port, self.folder.display());
        // ssh takes no key that others may read; the server's copies are in other hands by now.
        let own = self.folder.join(format!("own-{key}"));
        fs::copy(self.folder.join(key), &own).expect("copied");
        fs::set_permissions(&own, fs::Permissions::from_mode(0o600)).expect("private");
        Sftp::open(&place, Some(&own), Some(&self.folder.join(known)), &self.folder.join("spool")).expect("a place")
    }

    fn bank(&self, part: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join("bank").join(part)).expect("a folder").flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// Gives a folder and what is in it to the account that the server runs as.
fn hand_over(path: &Path) {
    chown(path, Some(DAEMON.1), Some(DAEMON.1)).expect("handed over");
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder").flatten() {
            hand_over(&entry.path());
        }
    }
}

#[tokio::test]
async fn files_travel_over_ssh() {
    let server = Server::start();
    let gateway = server.gateway("client", "known");
    assert_eq!(gateway.list().await, Ok(vec![]), "{}", server.said());
    // More than one packet holds, and none of it text.
    let content: Vec<u8> = (0..300_000_u32).map(|number| (number * 7 % 251) as u8).collect();
    gateway.send("DK1.request.txt", b"an older one").await.expect("sent");
    gateway.send("DK1.request.txt", &content).await.expect("sent again");
    assert_eq!(server.bank("out"), ["DK1.request.txt"], "nothing half written is left");
    assert_eq!(fs::read(server.folder.join("bank/out/DK1.request.txt")).expect("the file"), content);

    let inbox = server.folder.join("bank/in");
    for name in ["DK1.response.txt", "DK1.receipt.txt", ".DK2.response.txt.part", "with space.txt"] {
        write(&inbox.join(name), name);
    }
    fs::write(inbox.join("DK1.response.txt"), &content).expect("written");
    if server.user == DAEMON.0 {
        hand_over(&inbox);
    }
    let listed = gateway.list().await.expect("a list");
    assert_eq!(listed, ["DK1.receipt.txt", "DK1.response.txt"], "only plain names, and nothing under way");
    assert_eq!(gateway.fetch("DK1.response.txt").await, Ok(content));
    gateway.acknowledge("DK1.response.txt").await.expect("put away");
    gateway.acknowledge("DK1.response.txt").await.expect("and it is");
    assert_eq!(gateway.list().await, Ok(vec!["DK1.receipt.txt".to_owned()]));
    let done = server.bank("done");
    assert!(done.len() == 1 && done[0].starts_with("DK1.response.txt."), "{done:?}");
    assert!(gateway.fetch("DK9.response.txt").await.is_err(), "what is not there");
    let spool = fs::read_dir(server.folder.join("spool")).expect("a folder").count();
    assert_eq!(spool, 0, "nothing stays on the way");
}

#[tokio::test]
async fn strangers_are_not_spoken_to() {
    let server = Server::start();
    let mistaken = server.gateway("client", "mistaken").list().await.expect_err("another host's key");
    assert!(mistaken.contains("Host key verification failed"), "{mistaken}");
    let unknown = server.gateway("client", "nothing-there").list().await.expect_err("an unknown host");
    assert!(unknown.contains("Host key verification failed"), "{unknown}");
    let refused =
        server.gateway("stranger", "known").send("DK1.request.txt", b"x").await.expect_err("a stranger's key");
    assert!(refused.contains("ermission denied"), "{refused}");
    assert!(server.bank("out").is_empty());
}

#[tokio::test]
async fn a_server_that_is_away_says_so() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let spool = std::env::temp_dir().join(format!("housing-sftp-{}", store::platform::token::short_id()));
    let gateway = Sftp::open(&format!("housing@127.0.0.1:{port}/bank"), None, None, &spool).expect("a place");
    let error = gateway.list().await.expect_err("nobody is there");
    assert!(error.starts_with("sftp 127.0.0.1: "), "{error}");
    let _ = fs::remove_dir_all(&spool);
}
