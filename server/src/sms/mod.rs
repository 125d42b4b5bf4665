//! Text messages (domain.md X-08, S0-19, docs/sms.md): the gateway that carries them, the job that hands them over and reads
//! their receipts ([`exchange`]), and a carrier for those who have none ([`simulate`]).
//!
//! Numbers in clear go to the gateway and nowhere else: what is logged names a message by its id.

pub mod code;
pub mod exchange;
pub mod simulate;

use crate::{
    bank::{BankGateway as _, folder::Folder},
    config::{Config, ServeConfig},
};
use chrono::{DateTime, FixedOffset};
use domain::{
    billing::sms::{Channel, Prices},
    value::Money,
};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::{fmt, path::Path, sync::Arc, time::Duration};
use store::{Database, platform::sms::Outgoing};
use tokio::{sync::watch, task::JoinHandle};

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// the message
    pub id: i64,
    pub delivered: bool,
    /// the carrier's own word for it
    pub code: String,
    /// what is acknowledged
    pub name: String,
}

/// Why a message did not go: one line without a telephone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// the carrier could not be reached: the message is not to blame
    Away(String),
    /// it does not take this one
    Refused(String),
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why) | Self::Refused(why) => f.write_str(why),
        }
    }
}

/// How messages reach a carrier and receipts come back. The same message may be handed over twice, under the same id: the
/// carrier sends it once.
pub trait SmsGateway: Send + Sync {
    /// Hands a message over; answers the carrier's number of it.
    ///
    /// # Errors
    /// [`Unsent`].
    fn send<'a>(&'a self, message: &'a Outgoing) -> BoxFuture<'a, Result<String, Unsent>>;

    /// The receipts that wait.
    ///
    /// # Errors
    /// One line without a telephone number.
    fn receipts(&self) -> BoxFuture<'_, Result<Vec<Receipt>, String>>;

    /// A receipt is noted and need not be told again.
    ///
    /// # Errors
    /// As [`Self::receipts`].
    fn acknowledge<'a>(&'a self, receipt: &'a Receipt) -> BoxFuture<'a, Result<(), String>>;
}

/// How a message is brought, as the folder says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Spoken {
    #[default]
    #[serde(rename = "SMS")]
    Sms,
    #[serde(rename = "VOICE")]
    Voice,
}

/// A message as it lies in the folder.
#[derive(Serialize, Deserialize)]
pub(crate) struct MessageFile {
    pub id: i64,
    /// `SMS`: it is read; `VOICE`: it is spoken
    #[serde(default)]
    pub channel: Spoken,
    pub phone: String,
    pub sign: String,
    pub content: String,
    /// the carrier drops what it could not deliver by then
    pub send_before: DateTime<FixedOffset>,
}

/// The largest receipt.
const RECEIPT_BYTES: usize = 64 * 1024;

/// A receipt as it lies there.
#[derive(Serialize, Deserialize)]
pub(crate) struct ReceiptFile {
    pub id: i64,
    pub delivered: bool,
    #[serde(default)]
    pub code: String,
}

/// A carrier behind a folder: messages in `out`, one file each, receipts in `in`.
pub struct FolderGateway(pub Folder);

impl SmsGateway for FolderGateway {
    fn send<'a>(&'a self, message: &'a Outgoing) -> BoxFuture<'a, Result<String, Unsent>> {
        Box::pin(async move {
            let file = MessageFile {
                id: message.id,
                channel: match message.channel {
                    Channel::Sms => Spoken::Sms,
                    Channel::Voice => Spoken::Voice,
                },
                phone: message.phone.clone(),
                sign: message.sign.clone(),
                content: message.content.clone(),
                send_before: message.send_before,
            };
            let number = format!("{}{}", message.channel.code(), message.id);
            let content = serde_json::to_vec(&file).map_err(|error| Unsent::Refused(error.to_string()))?;
            self.0.send(&format!("{number}.json"), &content).await.map_err(Unsent::Away)?;
            Ok(number)
        })
    }

    fn receipts(&self) -> BoxFuture<'_, Result<Vec<Receipt>, String>> {
        Box::pin(async move {
            let mut receipts = Vec::new();
            for name in self.0.list().await? {
                // One that nobody can read keeps none of the others waiting.
                let content = self.0.fetch(&name).await.unwrap_or_default();
                let file =
                    (content.len() <= RECEIPT_BYTES).then(|| serde_json::from_slice::<ReceiptFile>(&content).ok());
                let Some(file) = file.flatten() else {
                    tracing::warn!(name, "a receipt of the carrier cannot be read and is put away");
                    if let Err(error) = self.0.acknowledge(&name).await {
                        tracing::warn!(name, error, "nor can it be put away");
                    }
                    continue;
                };
                receipts.push(Receipt { id: file.id, delivered: file.delivered, code: file.code, name });
            }
            Ok(receipts)
        })
    }

    fn acknowledge<'a>(&'a self, receipt: &'a Receipt) -> BoxFuture<'a, Result<(), String>> {
        self.0.acknowledge(&receipt.name)
    }
}

/// The carrier that the city works with.
pub struct Carrier {
    pub gateway: Box<dyn SmsGateway>,
    pub prices: Prices,
}

impl Carrier {
    /// The carrier of the settings; none is configured: a folder of the data folder in the demo, where a simulator answers, and
    /// nothing elsewhere.
    ///
    /// # Errors
    /// One line that names the setting.
    pub fn open(serve: &ServeConfig, data: &Path) -> Result<Option<Self>, String> {
        let folder = match &serve.sms {
            Some(place) => match place.strip_prefix("file://").filter(|path| path.starts_with('/')) {
                Some(path) => Folder::open(Path::new(path))?,
                None => {
                    return Err(format!(
                        "--sms {place}: a folder is named from the root, as in file:///var/lib/housing/sms"
                    ));
                }
            },
            None if serve.demo => Folder::open(&demo_folder(data))?,
            None => return Ok(None),
        };
        let prices =
            Prices { part: Money::from_fen(serve.sms_price.into()), call: Money::from_fen(serve.voice_price.into()) };
        Ok(Some(Self { gateway: Box::new(FolderGateway(folder)), prices }))
    }
}

fn demo_folder(data: &Path) -> std::path::PathBuf {
    data.join("sms")
}

/// Where the demo's simulator writes what telephones have received.
#[must_use]
pub fn demo_phone(data: &Path) -> std::path::PathBuf {
    demo_folder(data).join(simulate::TELEPHONES)
}

/// Nobody waits half a minute for the demo's carrier.
const DEMO_EVERY: Duration = Duration::from_secs(5);

/// Sends messages and reads receipts until the process is to end. The demo's carrier, unless another is named, is a simulator
/// in this process.
///
/// # Errors
/// When the simulator's folder cannot be used.
pub fn start(
    config: &Config,
    serve: &ServeConfig,
    database: &Database,
    carrier: Option<Arc<Carrier>>,
    stopping: &watch::Receiver<bool>,
) -> Result<JoinHandle<()>, String> {
    let simulated = serve.demo && serve.sms.is_none();
    if simulated {
        let folder = Folder::open(&demo_folder(&config.data))?;
        tokio::spawn(simulate::watch(simulate::Simulator::new(folder, simulate::Behaviour::Mixed), stopping.clone()));
    }
    Ok(exchange::start(database.clone(), carrier, simulated.then_some(DEMO_EVERY), stopping.clone()))
}
