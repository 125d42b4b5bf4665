//! The bank's side of the house (domain.md X-01, docs/bank.md): how files look, how they travel, and what is done with them.
//!
//! A [`BankGateway`] moves bytes under names and knows nothing of their content; [`layout`] is the form that all files share,
//! [`exchange`] what is sent and read every half minute, [`simulate`] a bank for those who have none. What a file says becomes
//! rows in `store::billing`.

pub mod contract_file;
pub mod deduction_file;
pub mod exchange;
pub mod folder;
pub mod layout;
pub mod sftp;
pub mod simulate;
pub mod statement_file;

use crate::config::{Config, ServeConfig};
use clap::ValueEnum;
use domain::dictionary::BankFileKind;
use futures_util::future::BoxFuture;
use std::{path::Path, time::Duration};
use store::Database;
use tokio::{sync::watch, task::JoinHandle};

/// A larger file is not looked into: half a million items are a tenth of it.
pub const FILE_BYTES_MAX: u64 = 1 << 30;

/// How files reach the bank and come back. A file appears whole or not at all, under its name; sending it again under the
/// same name replaces it.
pub trait BankGateway: Send + Sync {
    /// Puts a file where the bank collects.
    ///
    /// # Errors
    /// One line for the log and the list of plans.
    fn send<'a>(&'a self, name: &'a str, content: &'a [u8]) -> BoxFuture<'a, Result<(), String>>;

    /// The names of what the bank has put there for us, oldest name first.
    ///
    /// # Errors
    /// As [`Self::send`].
    fn list(&self) -> BoxFuture<'_, Result<Vec<String>, String>>;

    /// Reads one of them.
    ///
    /// # Errors
    /// As [`Self::send`].
    fn fetch<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<u8>, String>>;

    /// Takes it out of the list: it is done with. One that is not there any more is.
    ///
    /// # Errors
    /// As [`Self::send`].
    fn acknowledge<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), String>>;
}

/// In which characters the files are written and read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    #[default]
    #[value(name = "utf-8")]
    Utf8,
    /// as GB 18030, which is GBK for every character that GBK has
    #[value(name = "gbk")]
    Gbk,
}

/// The bank that the city works with.
pub struct Bank {
    pub gateway: Box<dyn BankGateway>,
    /// 单位编号: what the bank calls us
    pub unit: String,
    pub encoding: Encoding,
}

impl Bank {
    /// The bank of the settings; none is configured: a folder of the data folder in the demo, where a simulator answers, and
    /// nothing elsewhere.
    ///
    /// # Errors
    /// One line that names the setting.
    pub fn open(serve: &ServeConfig, data: &Path) -> Result<Option<Self>, String> {
        let gateway = match &serve.bank {
            Some(place) => gateway(place, serve, data)?,
            None if serve.demo => Box::new(folder::Folder::open(&demo_folder(data))?),
            None => return Ok(None),
        };
        Ok(Some(Self { gateway, unit: serve.bank_unit.clone(), encoding: serve.bank_encoding }))
    }
}

/// Nobody waits half a minute for the demo's bank.
const DEMO_EVERY: Duration = Duration::from_secs(2);

/// Exchanges files with the bank until the process is to end. The demo's bank, unless another is named, is a simulator in
/// this process.
///
/// # Errors
/// When the simulator's folder cannot be used.
pub fn start(
    config: &Config,
    serve: &ServeConfig,
    database: &Database,
    bank: Option<Bank>,
    stopping: &watch::Receiver<bool>,
) -> Result<JoinHandle<()>, String> {
    let simulated = serve.demo && serve.bank.is_none();
    if simulated {
        let folder = folder::Folder::open(&demo_folder(&config.data))?;
        let bank = simulate::Simulator::new(folder, serve.bank_encoding, simulate::Behaviour::Mixed);
        tokio::spawn(simulate::watch(bank, stopping.clone()));
    }
    Ok(exchange::start(database.clone(), bank, simulated.then_some(DEMO_EVERY), stopping.clone()))
}

/// Folder of the data folder for files on their way to or from the bank's server.
const SPOOL: &str = "bank-spool";

/// Where the demo's files lie.
#[must_use]
pub fn demo_folder(data: &Path) -> std::path::PathBuf {
    data.join("bank")
}

fn gateway(place: &str, serve: &ServeConfig, data: &Path) -> Result<Box<dyn BankGateway>, String> {
    if let Some(path) = place.strip_prefix("file://") {
        if !path.starts_with('/') {
            return Err(format!("--bank {place}: a folder is named from the root, as in file:///var/lib/housing/bank"));
        }
        return Ok(Box::new(folder::Folder::open(Path::new(path))?));
    }
    if let Some(place) = place.strip_prefix("sftp://") {
        let (key, known_hosts) = (serve.bank_key.as_deref(), serve.bank_known_hosts.as_deref());
        return Ok(Box::new(sftp::Sftp::open(place, key, known_hosts, &data.join(SPOOL))?));
    }
    Err(format!("--bank {place}: neither file:///folder nor sftp://user@host:port/folder"))
}

/// What a file's name says it is: `{number}.{kind}[.{anything}].txt`.
#[must_use]
pub fn name_parse(name: &str) -> Option<(&str, BankFileKind)> {
    let mut parts = name.strip_suffix(".txt")?.split('.');
    let (number, kind) = (parts.next()?, parts.next()?);
    let kind = BankFileKind::ALL.iter().copied().find(|known| name_part(*known) == kind)?;
    Some((number, kind))
}

/// The name of a file.
#[must_use]
pub fn name_of(number: &str, kind: BankFileKind) -> String {
    format!("{number}.{}.txt", name_part(kind))
}

const fn name_part(kind: BankFileKind) -> &'static str {
    match kind {
        BankFileKind::Contract => "contract",
        BankFileKind::ContractAnswer => "answer",
        BankFileKind::Request => "request",
        BankFileKind::Receipt => "receipt",
        BankFileKind::Response => "response",
        BankFileKind::Statement => "statement",
        BankFileKind::PosStatement => "pos",
    }
}

/// Whether a name may be given to a file system: what comes from outside names no other folder.
#[must_use]
pub fn name_is_plain(name: &str) -> bool {
    (1..=120).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        serve: ServeConfig,
    }

    #[test]
    fn a_name_says_what_the_file_is() {
        for kind in BankFileKind::ALL {
            assert_eq!(name_parse(&name_of("DK1", *kind)), Some(("DK1", *kind)));
        }
        assert_eq!(name_parse("DK1.response.2.txt"), Some(("DK1", BankFileKind::Response)));
        for strange in ["", "DK1", "DK1.txt", "DK1.other.txt", "DK1.response", "response.txt", "DK1.response.txt.tmp"] {
            assert_eq!(name_parse(strange), None, "{strange}");
        }
    }

    #[test]
    fn no_name_leads_elsewhere() {
        assert!(name_is_plain("DK20261115990104001.response.txt"));
        for strange in ["", ".", "..", ".hidden", "../x", "a/b", "a\\b", "回盘.txt", "a b", &"x".repeat(121)] {
            assert!(!name_is_plain(strange), "{strange}");
        }
    }

    #[test]
    fn a_place_is_named_from_the_root() {
        let refused = |place: &str| {
            let line = Line::parse_from(["server", "--bank", place]);
            Bank::open(&line.serve, &std::env::temp_dir()).err().unwrap_or_default()
        };
        assert!(refused("file://bank").contains("from the root"));
        assert!(refused("/var/bank").contains("neither file:///folder"));
        assert!(refused("sftp://files.bank.example/x").contains("sftp://user@host:port/path"));
    }
}
