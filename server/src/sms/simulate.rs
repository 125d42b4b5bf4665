//! A carrier for those who have none: it reads the messages of a folder and answers with receipts, well or badly.

use super::{MessageFile, ReceiptFile, Spoken};
use crate::bank::{BankGateway as _, folder::Folder};
use chrono::{DateTime, Utc};
use clap::ValueEnum;
use std::{path::PathBuf, time::Duration};
use tokio::{fs, sync::watch as stop};

/// What telephones have received, the newest last, without their numbers: for whoever tries things out and has none of them.
pub const TELEPHONES: &str = "telephones.txt";
/// Lines that are kept of it.
const RECEIVED: usize = 50;

/// How often a watching carrier looks.
const LOOK: Duration = Duration::from_secs(1);

/// How the carrier answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Behaviour {
    /// every message arrives
    #[default]
    Delivered,
    /// none does
    Failed,
    /// nothing is heard of any
    Silent,
    /// every receipt comes twice
    Duplicate,
    /// of ten numbers one cannot be reached, nothing is heard of another
    Mixed,
}

/// What the command line wants.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// folder of the messages, as in --sms file:///folder
    #[arg(long)]
    pub folder: PathBuf,
    /// how the carrier answers
    #[arg(long, value_enum, default_value = "delivered")]
    pub behaviour: Behaviour,
    /// go on until Ctrl-C
    #[arg(long)]
    pub watch: bool,
}

/// A carrier at a folder.
#[derive(Clone, Debug)]
pub struct Simulator {
    folder: Folder,
    behaviour: Behaviour,
}

/// Answers what is there, and goes on if that is wanted.
///
/// # Errors
/// One line that names the folder.
pub async fn run(args: &Args) -> Result<(), String> {
    let carrier = Simulator::new(Folder::open(&args.folder)?, args.behaviour);
    println!("{}", carrier.answer(Utc::now()).await?);
    if args.watch {
        let (stopped, stopping) = stop::channel(false);
        tokio::select! {
            () = watch(carrier, stopping) => {}
            () = crate::serve::stop_signal() => {}
        }
        drop(stopped);
    }
    Ok(())
}

/// Answers whatever comes until the process is to end.
pub async fn watch(carrier: Simulator, mut stopping: stop::Receiver<bool>) {
    loop {
        if let Err(error) = carrier.answer(Utc::now()).await {
            tracing::warn!(error, "the simulated carrier could not answer");
        }
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => break,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

impl Simulator {
    #[must_use]
    pub fn new(folder: Folder, behaviour: Behaviour) -> Self {
        Self { folder, behaviour }
    }

    /// Answers every message that waits and keeps none: they hold numbers. One whose time has passed is dropped, and its receipt
    /// says so. Answers how many there were.
    ///
    /// # Errors
    /// One line that names the folder.
    pub async fn answer(&self, now: DateTime<Utc>) -> Result<usize, String> {
        // Seen from the other side: what we write to is what it reads.
        let theirs =
            Folder { out: self.folder.inbox.clone(), inbox: self.folder.out.clone(), done: self.folder.done.clone() };
        let mut answered = 0;
        for name in theirs.list().await? {
            let Ok(message) = serde_json::from_slice::<MessageFile>(&theirs.fetch(&name).await?) else { continue };
            for (nth, receipt) in self.receipts(&message, now).into_iter().enumerate() {
                let content = serde_json::to_vec(&receipt).map_err(|error| error.to_string())?;
                theirs.send(&format!("SMS{}.{nth}.json", message.id), &content).await?;
            }
            if now < message.send_before {
                self.receive(&message).await?;
            }
            let path = theirs.inbox.join(&name);
            fs::remove_file(&path).await.map_err(|error| format!("{}: {error}", path.display()))?;
            answered += 1;
        }
        Ok(answered)
    }

    /// A telephone rings: a line with the end of its number and what is on its screen, or said.
    async fn receive(&self, message: &MessageFile) -> Result<(), String> {
        let Some(folder) = self.folder.done.parent() else { return Ok(()) };
        let path = folder.join(TELEPHONES);
        let before = fs::read_to_string(&path).await.unwrap_or_default();
        let end: String = message.phone.chars().skip(message.phone.chars().count().saturating_sub(4)).collect();
        let said = if message.channel == Spoken::Voice { "语音" } else { "" };
        let line = format!("尾号{end}{said}：【{}】{}", message.sign, message.content);
        let mut lines: Vec<&str> = before.lines().collect();
        lines.push(&line);
        let kept = &lines[lines.len().saturating_sub(RECEIVED)..];
        let text = format!("{}\n", kept.join("\n"));
        fs::write(&path, text).await.map_err(|error| format!("{}: {error}", path.display()))
    }

    fn receipts(&self, message: &MessageFile, now: DateTime<Utc>) -> Vec<ReceiptFile> {
        let behaviour = match (self.behaviour, message.phone.chars().last()) {
            (Behaviour::Mixed, Some('3')) => Behaviour::Failed,
            (Behaviour::Mixed, Some('6')) => Behaviour::Silent,
            (Behaviour::Mixed, _) => Behaviour::Delivered,
            (all, _) => all,
        };
        let receipt = |delivered: bool, code: &str| ReceiptFile { id: message.id, delivered, code: code.to_owned() };
        if now >= message.send_before {
            return vec![receipt(false, "EXPIRED")];
        }
        // A call is answered, or rings in vain.
        let (good, bad) = match message.channel {
            Spoken::Sms => ("DELIVRD", "UNDELIV"),
            Spoken::Voice => ("ANSWERED", "NOANSWER"),
        };
        match behaviour {
            Behaviour::Failed => vec![receipt(false, bad)],
            Behaviour::Silent => Vec::new(),
            Behaviour::Duplicate => vec![receipt(true, good), receipt(true, good)],
            Behaviour::Delivered | Behaviour::Mixed => vec![receipt(true, good)],
        }
    }
}
