//! Settings by file, environment and command line, as an operator meets them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

struct File(PathBuf);

impl File {
    fn with(text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("housing-config-{}.toml", store::platform::token::short_id()));
        fs::write(&path, text).expect("written");
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn server(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    let ours = |name: &str| name.starts_with("HOUSING_") || name == "DATABASE_URL";
    for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
        command.env_remove(name);
    }
    command.args(arguments).envs(environment.iter().copied()).output().expect("it runs")
}

/// One line of `server config`: value and origin.
fn setting(output: &Output, name: &str) -> (String, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(name));
    let (_, rest) = line.and_then(|line| line.split_once(" = ")).unwrap_or_else(|| panic!("{name}:\n{text}"));
    let (value, origin) = rest.split_once(" # ").expect("an origin");
    (value.trim().to_owned(), origin.to_owned())
}

#[test]
fn the_nearest_word_holds_and_says_where_it_stands() {
    let file = File::with(
        "listen = \"127.0.0.1:4001\"\nlimit_door = 7\nlimit_session = 8\nbehind_proxy = true\nlog = \"json\"\n\
         database_url = \"postgres://a:topsecret@b/c\"\n",
    );
    let path = file.0.to_str().expect("a path");
    let output = server(
        &["config", "--limit-session", "9", "--config", path],
        &[("HOUSING_LIMIT_DOOR", "6"), ("HOUSING_LIMIT_SESSION", "5"), ("HOUSING_KEYS", "1:verysecret")],
    );
    let of = |name| setting(&output, name);
    assert_eq!(of("listen"), ("\"127.0.0.1:4001\"".into(), path.into()));
    assert_eq!(of("behind_proxy"), ("\"true\"".into(), path.into()));
    assert_eq!(of("log"), ("\"json\"".into(), path.into()));
    assert_eq!(of("limit_door"), ("\"6\"".into(), "environment, HOUSING_LIMIT_DOOR".into()));
    assert_eq!(of("limit_session"), ("\"9\"".into(), "command line".into()));
    assert_eq!(of("site"), ("\"target/site\"".into(), "default".into()));
    assert_eq!(of("tls_key"), ("-".into(), "not set".into()));
    assert_eq!(of("database_url"), ("(hidden)".into(), path.into()));
    assert_eq!(of("keys"), ("(hidden)".into(), "environment, HOUSING_KEYS".into()));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(!shown.contains("topsecret") && !shown.contains("verysecret"), "{shown}");
    // By the environment too, and on the command line a switch can be put back.
    let output = server(&["config", "--behind-proxy=false"], &[("HOUSING_CONFIG", path)]);
    assert_eq!(setting(&output, "behind_proxy"), ("\"false\"".into(), "command line".into()));
    assert_eq!(setting(&output, "limit_door"), ("\"7\"".into(), path.into()));
}

#[test]
fn a_mistake_is_named() {
    let refused = |text: &str| {
        let file = File::with(text);
        let output = server(&["--config", file.0.to_str().expect("a path"), "config"], &[]);
        assert!(!output.status.success(), "{text}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let unknown = refused("listenn = \"127.0.0.1:1\"\n");
    assert!(unknown.contains("listenn is no setting; there are: ") && unknown.contains("metrics_listen"), "{unknown}");
    // What names the file, and what only a command may be told, is no setting.
    assert!(refused("config = \"other.toml\"\n").contains("config is no setting"));
    assert!(refused("demo = true\n").contains("demo is no setting"));
    let wrong = refused("listen = \"here\"\n");
    assert!(wrong.contains("'here'") && wrong.contains("--listen"), "{wrong}");
    let missing = server(&["config", "--config", "/nowhere/housing.toml"], &[]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/nowhere/housing.toml: "));
}

/// The file that is handed out is one that is understood.
#[test]
fn the_example_is_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("server lies in the workspace");
    let example = fs::read_to_string(root.join("deploy/housing.toml")).expect("the example");
    // Also what is only proposed in it.
    let is_setting = |line: &str| line.split(" = ").next().is_some_and(|key| !key.is_empty() && !key.contains(' '));
    let uncommented: Vec<&str> = example
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ") && is_setting(rest)).unwrap_or(line))
        .collect();
    let once = uncommented.iter().enumerate().filter(|(index, line)| {
        let key = |line: &str| line.split(" = ").next().map(ToOwned::to_owned);
        !line.contains(" = ") || uncommented[..*index].iter().all(|before| key(before) != key(line))
    });
    let text: String = once.map(|(_, line)| format!("{line}\n")).collect();
    let file = File::with(&text);
    let output = server(&["config", "--config", file.0.to_str().expect("a path")], &[]);
    for name in [
        "database_url",
        "backup_url",
        "data",
        "files",
        "s3_endpoint",
        "s3_region",
        "s3_key_id",
        "s3_secret",
        "bank",
        "bank_key",
        "bank_known_hosts",
        "bank_unit",
        "bank_encoding",
        "sms",
        "sms_price",
        "voice_price",
        "public_url",
        "wechat",
        "alipay",
        "font",
        "site",
        "log",
        "listen",
        "behind_proxy",
        "tls_certificate",
        "tls_key",
        "metrics_listen",
        "limit_door",
        "limit_session",
    ] {
        assert_eq!(setting(&output, name).1, file.0.display().to_string(), "{name} is in the example");
    }
    assert_eq!(setting(&output, "s3_secret").0, "(hidden)");
}
