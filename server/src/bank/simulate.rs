//! A bank for those who have none (domain.md §5.9): reads the files that we put into a folder and answers as a bank does, well
//! or badly. It knows the files' form and nothing else of us, so what works with it works with a bank that keeps to
//! docs/bank.md.

use super::{
    Encoding,
    folder::{self, Folder},
    layout::{self, Document, Writer},
    name_of, name_parse,
};
use chrono::{FixedOffset, NaiveDate, Utc};
use clap::ValueEnum;
use domain::{
    dictionary::{BankFileKind, DeductFail},
    value::Money,
};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use tokio::{fs, sync::watch as stop};

/// Where the bank remembers what it has taken: `day|unit|serial|batch|amount|moment|summary`.
const BOOK: &str = "taken";
/// How often a watching bank looks.
const LOOK: Duration = Duration::from_secs(1);

/// How the bank answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Behaviour {
    /// everything succeeds
    #[default]
    Ok,
    /// no account has the money
    Nsf,
    /// every account has half of it
    Partial,
    /// every account is somebody else's
    WrongAccount,
    /// the response comes twice, under two names
    Duplicate,
    /// the answer is cut off in the middle
    Truncated,
    /// the answer comes only when it is looked for a second time
    Late,
    /// the request is not accepted
    Refuse,
    /// one line more than was asked for
    UnknownSeq,
    /// one line twice
    RepeatedSeq,
    /// one line less than was asked for
    MissingSeq,
    /// one yuan more is taken than was asked for
    OverDeduct,
    /// of ten accounts one has no money, one half of it, one is somebody else's
    Mixed,
}

/// What the command line wants.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// folder of the files, as in --bank file:///folder
    #[arg(long)]
    pub folder: PathBuf,
    /// how the bank answers
    #[arg(long, value_enum, default_value = "ok")]
    pub behaviour: Behaviour,
    /// characters of the files
    #[arg(long, value_enum, default_value = "utf-8")]
    pub encoding: Encoding,
    /// write the statements of the days before this one; today, if none is named
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub statements_before: Option<NaiveDate>,
    /// go on until Ctrl-C
    #[arg(long)]
    pub watch: bool,
}

/// A bank at a folder.
#[derive(Clone, Debug)]
pub struct Simulator {
    folder: Folder,
    encoding: Encoding,
    behaviour: Behaviour,
}

/// Answers what is there, and goes on if that is wanted.
///
/// # Errors
/// One line that names the folder.
pub async fn run(args: &Args) -> Result<(), String> {
    let bank = Simulator::new(Folder::open(&args.folder)?, args.encoding, args.behaviour);
    let before = args.statements_before.unwrap_or_else(|| Utc::now().with_timezone(&china()).date_naive());
    for name in bank.answer().await?.into_iter().chain(bank.statements(before).await?) {
        println!("{name}");
    }
    if args.watch {
        let (stopped, stopping) = stop::channel(false);
        tokio::select! {
            () = watch(bank, stopping) => {}
            () = crate::serve::stop_signal() => {}
        }
        drop(stopped);
    }
    Ok(())
}

/// Answers whatever comes until the process is to end.
pub async fn watch(bank: Simulator, mut stopping: stop::Receiver<bool>) {
    loop {
        let today = Utc::now().with_timezone(&china()).date_naive();
        for done in [bank.answer().await, bank.statements(today).await] {
            if let Err(error) = done {
                tracing::warn!(error, "the simulated bank could not answer");
            }
        }
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => break,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

impl Simulator {
    #[must_use]
    pub fn new(folder: Folder, encoding: Encoding, behaviour: Behaviour) -> Self {
        Self { folder, encoding, behaviour }
    }

    /// Answers every file that waits; answers their names.
    ///
    /// # Errors
    /// One line that names the file.
    pub async fn answer(&self) -> Result<Vec<String>, String> {
        let mut answered = Vec::new();
        for name in folder::names(&self.folder.out).await? {
            let Some((number, kind @ (BankFileKind::Contract | BankFileKind::Request))) = name_parse(&name) else {
                continue;
            };
            if self.behaviour == Behaviour::Late && self.is_first_look(&name).await? {
                continue;
            }
            let content = folder::read(&self.folder.out.join(&name)).await?;
            let repeated = fs::try_exists(self.collected().join(&name)).await.unwrap_or(false);
            match kind {
                BankFileKind::Contract => self.contracts(number, &content).await?,
                _ => self.request(number, &content, repeated).await?,
            }
            fs::create_dir_all(self.collected()).await.map_err(|error| error.to_string())?;
            folder::put_away(&self.folder.out, &self.collected(), &name).await?;
            answered.push(name);
        }
        Ok(answered)
    }

    /// Where the bank keeps what it has collected.
    fn collected(&self) -> PathBuf {
        self.folder.out.with_file_name("collected")
    }

    /// Whether a late bank sees a file for the first time; it remembers.
    async fn is_first_look(&self, name: &str) -> Result<bool, String> {
        let seen = self.folder.out.join(format!(".{name}.seen"));
        if fs::try_exists(&seen).await.unwrap_or(false) {
            return fs::remove_file(&seen).await.map(|()| false).map_err(|error| error.to_string());
        }
        fs::write(&seen, b"").await.map(|()| true).map_err(|error| format!("{}: {error}", seen.display()))
    }

    /// Puts a file where we look, cut off if the bank is such a one.
    async fn send(&self, name: &str, content: &[u8]) -> Result<(), String> {
        let length = if self.behaviour == Behaviour::Truncated { content.len() / 2 } else { content.len() };
        folder::write_whole(&self.folder.inbox, name, &content[..length]).await
    }

    /// Answers a file of contracts.
    async fn contracts(&self, number: &str, content: &[u8]) -> Result<(), String> {
        let document = Document::read(self.encoding, content).map_err(|error| error.to_string())?;
        let header = document.header();
        let mut writer = Writer::new(self.encoding, &[number, at(&header, 1), at(&header, 2), &day()]);
        for detail in document.details() {
            let (_, fields) = detail.map_err(|error| error.to_string())?;
            let (seq, contract) = (at(&fields, 0), at(&fields, 1));
            if self.behaviour == Behaviour::WrongAccount {
                writer.detail(&[seq, contract, DeductFail::Mismatch.code(), "", DeductFail::Mismatch.label()]);
                continue;
            }
            let agreement = match at(&fields, 7) {
                "" => format!("XY{}", contract.trim_start_matches(|letter: char| !letter.is_ascii_digit())),
                known => known.to_owned(),
            };
            writer.detail(&[seq, contract, "SUCCESS", &agreement, ""]);
        }
        let answer = writer.finish();
        self.send(&name_of(number, BankFileKind::ContractAnswer), &answer).await?;
        if self.behaviour == Behaviour::Duplicate {
            self.send(&second(number, BankFileKind::ContractAnswer), &answer).await?;
        }
        Ok(())
    }

    /// Answers a request for deductions: a receipt at once, and the response.
    async fn request(&self, number: &str, content: &[u8], repeated: bool) -> Result<(), String> {
        let document = Document::read(self.encoding, content);
        let (code, words) = match &document {
            Ok(_) if repeated => ("DUPLICATE", "重复文件"),
            Ok(_) if self.behaviour == Behaviour::Refuse => ("REFUSED", "单位未签约"),
            Ok(_) => ("ACCEPTED", ""),
            Err(_) => ("REFUSED", "文件不完整"),
        };
        let unit = document.as_ref().map_or_else(|_| String::new(), |document| at(&document.header(), 1).to_owned());
        let mut receipt = Writer::new(self.encoding, &[number, &unit, "1", &day()]);
        receipt.detail(&["1", code, &layout::digest(content), words]);
        let receipt = receipt.finish();
        // A receipt is short: it arrives whole also from a bank whose responses do not.
        folder::write_whole(&self.folder.inbox, &name_of(number, BankFileKind::Receipt), &receipt).await?;
        let Some(document) = document.ok().filter(|_| code == "ACCEPTED") else { return Ok(()) };
        let (response, taken) = self.response(number, &document)?;
        self.remember(&taken).await?;
        self.send(&name_of(number, BankFileKind::Response), &response).await?;
        if self.behaviour == Behaviour::Duplicate {
            self.send(&second(number, BankFileKind::Response), &response).await?;
        }
        Ok(())
    }

    /// The response, and what arrives at the city's account.
    fn response(&self, number: &str, request: &Document) -> Result<(Vec<u8>, String), String> {
        let header = request.header();
        let mut lines: Vec<Vec<String>> = Vec::new();
        for detail in request.details() {
            let (_, fields) = detail.map_err(|error| error.to_string())?;
            lines.push(self.result(&fields));
        }
        match self.behaviour {
            Behaviour::UnknownSeq => {
                let mut strange = lines.first().cloned().unwrap_or_default();
                strange[0] = "999999".to_owned();
                lines.push(strange);
            }
            Behaviour::RepeatedSeq => lines.extend(lines.first().cloned()),
            Behaviour::MissingSeq => drop(lines.pop()),
            _ => {}
        }
        let sum =
            |place: usize| -> Money { lines.iter().filter_map(|line| Money::parse_yuan(&line[place]).ok()).sum() };
        let succeeded = lines.iter().filter(|line| line[8] != Money::ZERO.to_string()).count();
        let told = [
            number.to_owned(),
            at(&header, 1).to_owned(),
            lines.len().to_string(),
            sum(4).to_string(),
            day(),
            succeeded.to_string(),
            sum(8).to_string(),
        ];
        let mut writer = Writer::new(self.encoding, &told.each_ref().map(String::as_str));
        for line in &lines {
            writer.detail(&line.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let arrived = lines.iter().filter(|line| line[8] != Money::ZERO.to_string());
        let taken = arrived.map(|line| {
            [&line[10][..8], at(&header, 1), &line[9], number, &line[8], &line[10], &line[5]].join("|") + "\n"
        });
        Ok((writer.finish(), taken.collect()))
    }

    /// Notes what was taken, for the statement of its day.
    async fn remember(&self, taken: &str) -> Result<(), String> {
        use tokio::io::AsyncWriteExt as _;
        let book = self.collected().join(BOOK);
        let written = async {
            fs::create_dir_all(self.collected()).await?;
            let mut file = fs::OpenOptions::new().append(true).create(true).mode(0o640).open(&book).await?;
            file.write_all(taken.as_bytes()).await?;
            file.flush().await
        };
        written.await.map_err(|error| format!("{}: {error}", book.display()))
    }

    /// Writes the statements of the days before one for which that was not done yet; answers their names.
    ///
    /// # Errors
    /// One line that names the file.
    pub async fn statements(&self, before: NaiveDate) -> Result<Vec<String>, String> {
        let book = fs::read_to_string(self.collected().join(BOOK)).await.unwrap_or_default();
        let mut days: BTreeMap<(String, String), Vec<Vec<&str>>> = BTreeMap::new();
        let today = before.format("%Y%m%d").to_string();
        for fields in book.lines().map(|line| line.split('|').collect::<Vec<_>>()) {
            if let [day, unit, entry @ ..] = fields.as_slice()
                && *day < today.as_str()
            {
                days.entry(((*day).to_owned(), (*unit).to_owned())).or_default().push(entry.to_vec());
            }
        }
        let mut written = Vec::new();
        for ((day, unit), entries) in days {
            let number = format!("LS{unit}{day}");
            let name = name_of(&number, BankFileKind::Statement);
            let mark = self.collected().join(&name);
            if fs::try_exists(&mark).await.unwrap_or(false) {
                continue;
            }
            let sum: Money = entries.iter().filter_map(|entry| Money::parse_yuan(at(entry, 2)).ok()).sum();
            let (count, sum) = (entries.len().to_string(), sum.to_string());
            let mut writer = Writer::new(self.encoding, &[&number, &unit, &count, &sum, &day]);
            for (index, entry) in entries.iter().enumerate() {
                let seq = (index + 1).to_string();
                writer.detail(&[&[seq.as_str()][..], entry].concat());
            }
            let content = writer.finish();
            folder::write_whole(&self.folder.inbox, &name, &content).await?;
            folder::write_whole(&self.collected(), &name, &content).await?;
            written.push(name);
        }
        Ok(written)
    }

    /// The line of a request with what became of it.
    fn result(&self, fields: &[&str]) -> Vec<String> {
        let seq = at(fields, 0);
        let due = Money::parse_yuan(at(fields, 4)).unwrap_or_default();
        let half = Money::from_fen(due.fen() / 2);
        let (code, deducted, words) = match self.account(seq) {
            Behaviour::Nsf => (DeductFail::Nsf.code(), Money::ZERO, DeductFail::Nsf.label()),
            Behaviour::WrongAccount => (DeductFail::Mismatch.code(), Money::ZERO, DeductFail::Mismatch.label()),
            Behaviour::Partial if half > Money::ZERO => ("PARTIAL", half, ""),
            Behaviour::OverDeduct if seq == "1" => ("SUCCESS", due + Money::from_fen(100), ""),
            _ => ("SUCCESS", due, ""),
        };
        let mut line: Vec<String> = fields.iter().take(7).map(|field| (*field).to_owned()).collect();
        line.resize(7, String::new());
        let now = Utc::now().with_timezone(&china());
        let serial = format!("{}{seq:0>7}", now.format("%y%m%d%H%M%S"));
        line.extend([
            code.to_owned(),
            deducted.to_string(),
            serial,
            now.format("%Y%m%d%H%M%S").to_string(),
            words.to_owned(),
        ]);
        line
    }

    /// How the account of one line behaves.
    fn account(&self, seq: &str) -> Behaviour {
        match (self.behaviour, seq.chars().last()) {
            (Behaviour::Mixed, Some('3')) => Behaviour::Nsf,
            (Behaviour::Mixed, Some('6')) => Behaviour::Partial,
            (Behaviour::Mixed, Some('9')) => Behaviour::WrongAccount,
            (Behaviour::Mixed, _) => Behaviour::Ok,
            (all, _) => all,
        }
    }
}

/// The same file once more, under another name.
fn second(number: &str, kind: BankFileKind) -> String {
    name_of(number, kind).replace(".txt", ".2.txt")
}

fn at<'a>(fields: &[&'a str], place: usize) -> &'a str {
    fields.get(place).copied().unwrap_or_default()
}

fn china() -> FixedOffset {
    FixedOffset::east_opt(8 * 3600).expect("eight hours are a valid offset")
}

fn day() -> String {
    Utc::now().with_timezone(&china()).format("%Y%m%d").to_string()
}
