//! What goes to the bank and what comes back, every half minute: contracts and batches that wait, and the bank's files one
//! after the other; then what agrees is entered. A file that cannot be read is noted, put away and holds nobody up; one that
//! our side fails at stays where it is.

use super::{
    Bank, contract_file, deduction_file,
    layout::{self, Document, Unreadable},
    name_is_plain, name_of, name_parse, statement_file,
};
use crate::plan;
use chrono::{DateTime, Utc};
use domain::{dictionary::BankFileKind, failure::Failure, platform::job::Plan};
use std::{sync::Arc, time::Duration};
use store::{
    Database, Error,
    billing::{
        bank::{
            Received, bank_file_refused, bank_file_sent,
            contract_file::{contract_answers, contract_file_next},
            pos::pos_statement_enter,
            statement::statement_enter,
        },
        deduction::{
            deductions_build, deductions_post,
            request::{
                DeductionRequest, deduction_receipt, deduction_request_lines, deduction_request_next,
                deduction_request_sent, deduction_request_withhold,
            },
            response::{PORTION, response_begin, response_lines, response_reconcile, response_refuse},
        },
    },
    platform::plan::Outcome,
};
use tokio::{sync::watch, task::JoinHandle};

/// Lines of a request that are read at a time.
const LINES: i64 = 10_000;

/// Exchanges files to the plan until the process is to end; `every`: how often, where it is not as the plan says.
pub fn start(
    database: Database,
    bank: Option<Bank>,
    every: Option<Duration>,
    mut stopping: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let bank = Arc::new(bank);
    tokio::spawn(async move {
        let stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        let work = |database: Database| {
            let bank = bank.clone();
            async move { exchange(&database, bank.as_ref().as_ref(), Utc::now()).await }
        };
        plan::keep_every(database, Plan::BankExchange, every, stop, work).await;
    })
}

/// One round. Answers what was done, in words.
///
/// # Errors
/// The first thing that failed, after everything else was tried.
pub async fn exchange(database: &Database, bank: Option<&Bank>, now: DateTime<Utc>) -> Outcome {
    // What is built and entered needs no bank.
    let mut done = Done::default();
    let built = deductions_build(database, now).await.map_err(text);
    done.note(built.map(|built| (built > 0).then(|| format!("生成批次{built}个"))));
    if let Some(bank) = bank {
        done.note(files(database, bank, now).await);
    }
    let posted = deductions_post(database, now).await.map_err(text);
    done.note(posted.map(|posted| (posted > 0).then(|| format!("入账批次{posted}个"))));
    match bank {
        None if done.failed.is_none() && done.said.is_empty() => Ok(Some("未配置银行接口".to_owned())),
        _ => done.outcome(),
    }
}

/// The files of a round: what waits is sent, and what the bank has sent is read.
///
/// # Errors
/// As [`exchange`].
pub(crate) async fn files(database: &Database, bank: &Bank, now: DateTime<Utc>) -> Outcome {
    let mut done = Done::default();
    Round { database, bank, now }.exchange(&mut done).await;
    done.outcome()
}

/// What came of a round: what was done, and the first thing that failed.
#[derive(Default)]
struct Done {
    said: Vec<String>,
    failed: Option<String>,
}

impl Done {
    fn outcome(self) -> Outcome {
        match self.failed {
            Some(error) => Err(error),
            None => Ok((!self.said.is_empty()).then(|| self.said.join("；"))),
        }
    }

    fn note(&mut self, result: Result<Option<String>, String>) {
        match result {
            Ok(said) => self.said.extend(said),
            Err(error) => {
                self.failed.get_or_insert(error);
            }
        }
    }
}

struct Round<'a> {
    database: &'a Database,
    bank: &'a Bank,
    now: DateTime<Utc>,
}

/// How a file could not be used.
enum Trouble {
    /// it is at fault: it is put away
    File(String),
    /// the same, and the batch it answers waits for a better one
    Response(String),
    /// we are: it is tried again
    Ours(String),
}

impl From<Unreadable> for Trouble {
    fn from(unreadable: Unreadable) -> Self {
        Self::File(unreadable.to_string())
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Failure(failure @ (Failure::Refused(_) | Failure::NotFound)) => Self::File(failure.to_string()),
            error => Self::Ours(error.to_string()),
        }
    }
}

impl Round<'_> {
    async fn exchange(&self, done: &mut Done) {
        done.note(self.contracts_send().await);
        done.note(self.requests_send().await);
        match self.bank.gateway.list().await {
            Ok(names) => {
                for name in names {
                    done.note(self.file_read(&name).await);
                }
            }
            Err(error) => done.note(Err(error)),
        }
    }

    /// Tells the bank of the contracts that wait.
    async fn contracts_send(&self) -> Result<Option<String>, String> {
        let mut told = 0;
        while let Some(file) = contract_file_next(self.database, self.now).await.map_err(text)? {
            let content = contract_file::write(&file, &self.bank.unit, self.bank.encoding);
            let name = name_of(&file.file_no, BankFileKind::Contract);
            self.bank.gateway.send(&name, &content).await?;
            bank_file_sent(self.database, file.id, &name, &layout::digest(&content), self.now).await.map_err(text)?;
            told += file.lines.len();
        }
        Ok((told > 0).then(|| format!("发送合同{told}份")))
    }

    /// Sends the batches that were released.
    async fn requests_send(&self) -> Result<Option<String>, String> {
        let mut sent = 0;
        while let Some(request) = deduction_request_next(self.database, self.now).await.map_err(text)? {
            // Without those that cannot be read it is another request.
            let Some(content) = self.request_write(&request).await? else { continue };
            let name = name_of(&request.batch_no, BankFileKind::Request);
            self.bank.gateway.send(&name, &content).await?;
            deduction_request_sent(self.database, &request, &name, &layout::digest(&content), self.now)
                .await
                .map_err(text)?;
            sent += 1;
        }
        Ok((sent > 0).then(|| format!("发送批次{sent}个")))
    }

    /// The content of a request; none: items of it cannot be read, and were taken out of it.
    async fn request_write(&self, request: &DeductionRequest) -> Result<Option<Vec<u8>>, String> {
        let mut writer = deduction_file::begin(request, &self.bank.unit, self.bank.encoding);
        let mut unreadable = Vec::new();
        let mut last = 0;
        loop {
            let portion = deduction_request_lines(self.database, request.batch_id, last, LINES, self.now);
            let portion = portion.await.map_err(text)?;
            unreadable.extend(portion.unreadable);
            for line in &portion.lines {
                deduction_file::line(&mut writer, request, line);
            }
            let Some(behind) = portion.last else { break };
            last = behind;
        }
        if unreadable.is_empty() {
            return Ok(Some(writer.finish()));
        }
        let withheld = deduction_request_withhold(self.database, request, &unreadable, self.now).await;
        withheld.map_err(text).map(|()| None)
    }

    /// Reads one file of the bank and puts it away.
    async fn file_read(&self, name: &str) -> Result<Option<String>, String> {
        let Some((number, kind)) = name_parse(name).filter(|_| name_is_plain(name)) else {
            return Ok(Some(format!("忽略文件{name}")));
        };
        let content = self.bank.gateway.fetch(name).await?;
        let digest = layout::digest(&content);
        let file = Received { kind, name, file_no: number, digest: &digest };
        let done = match self.content_read(&file, &content).await {
            Ok(done) => done,
            Err(Trouble::Ours(error)) => return Err(format!("{name}: {error}")),
            Err(Trouble::File(why)) => {
                tracing::warn!(name, why, "a file of the bank was refused");
                let refused = bank_file_refused(self.database, &file, &why, self.now).await;
                refused.map_err(text)?;
                format!("拒绝{name}：{why}")
            }
            Err(Trouble::Response(why)) => {
                tracing::warn!(name, why, "a response of the bank cannot be read");
                response_refuse(self.database, &file, &why, self.now).await.map_err(text)?;
                format!("拒绝{name}：{why}")
            }
        };
        self.bank.gateway.acknowledge(name).await?;
        Ok(Some(done))
    }

    async fn content_read(&self, file: &Received<'_>, content: &[u8]) -> Result<String, Trouble> {
        if file.kind == BankFileKind::Response {
            return self.response_read(file, content).await;
        }
        let document = Document::read(self.bank.encoding, content)?;
        match file.kind {
            BankFileKind::Receipt => {
                let receipt = deduction_file::receipt(&document)?;
                let file = Received { file_no: &receipt.batch_no, ..file.clone() };
                let status = deduction_receipt(self.database, &file, &receipt, self.now).await?;
                Ok(format!("批次{}回执：{status}", receipt.batch_no))
            }
            BankFileKind::ContractAnswer => {
                let (file_no, answers) = contract_file::read(&document)?;
                let file = Received { file_no: &file_no, ..file.clone() };
                let answered = contract_answers(self.database, &file, &answers, self.now).await?;
                Ok(format!("合同应答：{}", answered.sentence()))
            }
            BankFileKind::Statement => {
                let (file_no, day, lines) = statement_file::read(&document)?;
                let file = Received { file_no: &file_no, ..file.clone() };
                let done = statement_enter(self.database, &file, day, &lines, self.now).await?;
                Ok(format!("{day}银行流水{}笔，差异{}条", done.lines, done.differences))
            }
            BankFileKind::PosStatement => {
                let (file_no, day, lines) = statement_file::read(&document)?;
                let file = Received { file_no: &file_no, ..file.clone() };
                let done = pos_statement_enter(self.database, &file, day, &lines, self.now).await?;
                Ok(format!("{day}POS对账单{}笔，差异{}条", done.lines, done.differences))
            }
            _ => Err(Trouble::File("不应由银行发来的文件".to_owned())),
        }
    }

    /// A response: looked through as a whole, then kept in portions, then held against its batch.
    async fn response_read(&self, file: &Received<'_>, content: &[u8]) -> Result<String, Trouble> {
        let unreadable = |error: Unreadable| Trouble::Response(error.to_string());
        let document = Document::read(self.bank.encoding, content).map_err(unreadable)?;
        let response = deduction_file::Response::check(&document).map_err(unreadable)?;
        if response.batch_no != file.file_no {
            return Err(Trouble::Response(format!("文件名与批次号{}不符", response.batch_no)));
        }
        let mut reading = response_begin(self.database, file, response.batch_no, self.now).await?;
        let mut portion = Vec::with_capacity(PORTION.min(document.count()));
        for line in response.lines() {
            portion.push(line.map_err(unreadable)?);
            if portion.len() == PORTION {
                response_lines(self.database, &mut reading, &portion, self.now).await?;
                portion.clear();
            }
        }
        response_lines(self.database, &mut reading, &portion, self.now).await?;
        let status = response_reconcile(self.database, reading, self.now).await?;
        Ok(format!("批次{}回盘：{status}", response.batch_no))
    }
}

fn text(error: Error) -> String {
    error.to_string()
}
