//! Payment companies (D-31 WECHAT and ALIPAY, docs/pay.md): how an order is placed with one, what is believed of its answers, and
//! a simulator of each ([`simulate`]).
//!
//! Nothing that comes from outside is believed before its signature was found to be right, and then only for the order and the
//! amount that we made ourselves (`store::billing::pay_order::order_paid`).

pub mod alipay;
pub mod bill;
pub mod exchange;
pub mod notify;
pub mod rsa;
pub mod simulate;
pub mod wechat;

use crate::config::ServeConfig;
use alipay::Alipay;
use chrono::NaiveDate;
use domain::billing::pay_order::{PayChannel, Told};
use simulate::{Company, Simulator};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use store::billing::pay_order::{Order, PayBill};
use tokio::net::TcpListener;
use wechat::WeChat;

/// A payer waits for the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a payment company answers about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Paid(Told),
    /// it can still be paid
    Open,
    /// it cannot: it was closed, or never came to be
    Gone,
}

/// Why a notice is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// it is not what such a notice looks like
    Form(&'static str),
    Signature,
    /// its moment lies too far from ours: somebody kept it and sends it again
    Moment,
    /// it is for somebody else
    Addressee,
}

/// A payment company that the city works with.
#[derive(Clone, Debug)]
pub enum Gateway {
    WeChat(Box<WeChat>),
    Alipay(Box<Alipay>),
}

impl Gateway {
    /// Tells the company of an order; answers where it is paid. The same order may be placed twice.
    ///
    /// # Errors
    /// One line for the log, without anything of the payer.
    pub async fn place(&self, order: &Order, payer_address: &str, public: &str) -> Result<String, String> {
        let back = format!("{public}/my/pay/{}", order.order_no);
        match self {
            Self::WeChat(wechat) => wechat.place(order, payer_address, public, &back).await,
            Self::Alipay(alipay) => alipay.place(order, public, &back),
        }
    }

    /// Asks what became of an order.
    ///
    /// # Errors
    /// As [`Self::place`].
    pub async fn ask(&self, order_no: &str) -> Result<Asked, String> {
        match self {
            Self::WeChat(wechat) => wechat.ask(order_no).await,
            Self::Alipay(alipay) => alipay.ask(order_no).await,
        }
    }

    /// Closes an order, so that it can be paid no more.
    ///
    /// # Errors
    /// As [`Self::place`]; also when it is paid already.
    pub async fn close(&self, order_no: &str) -> Result<(), String> {
        match self {
            Self::WeChat(wechat) => wechat.close(order_no).await,
            Self::Alipay(alipay) => alipay.close(order_no).await,
        }
    }

    /// Fetches the company's bill of a day; none: it says that there is none.
    ///
    /// # Errors
    /// As [`Self::place`]; also when it is not there yet, or damaged.
    pub async fn bill(&self, day: NaiveDate) -> Result<Option<PayBill>, String> {
        match self {
            Self::WeChat(wechat) => wechat.bill(day).await,
            Self::Alipay(alipay) => alipay.bill(day).await,
        }
    }
}

/// The payment companies that are set up. Clones share them; the default has none.
#[derive(Clone, Debug, Default)]
pub struct Till {
    gateways: Arc<Vec<Gateway>>,
    /// scheme and host under which the companies and the payers reach this server
    pub public: Arc<str>,
}

impl Till {
    #[must_use]
    pub fn new(gateways: Vec<Gateway>, public: &str) -> Self {
        Self { gateways: Arc::new(gateways), public: public.trim_end_matches('/').into() }
    }

    /// Reads the settings of each company that is named.
    ///
    /// # Errors
    /// One line that names the setting or the file.
    pub fn open(serve: &ServeConfig) -> Result<Self, String> {
        let mut gateways = Vec::new();
        if let Some(path) = &serve.wechat {
            gateways.push(Gateway::WeChat(Box::new(WeChat::read(path)?)));
        }
        if let Some(path) = &serve.alipay {
            gateways.push(Gateway::Alipay(Box::new(Alipay::read(path)?)));
        }
        let public = serve.public_url.as_deref().unwrap_or_default();
        if !gateways.is_empty() && !public.starts_with("https://") && !public.starts_with("http://") {
            return Err(
                "--wechat and --alipay need --public-url https://… : where the companies send their notices".to_owned()
            );
        }
        Ok(Self::new(gateways, public))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gateways.is_empty()
    }

    /// The company of a channel.
    #[must_use]
    pub fn gateway(&self, channel: PayChannel) -> Option<&Gateway> {
        self.gateways.iter().find(|gateway| gateway.channel() == channel)
    }

    /// What a payer can choose.
    #[must_use]
    pub fn channels(&self) -> Vec<PayChannel> {
        self.gateways.iter().map(Gateway::channel).collect()
    }
}

impl Gateway {
    #[must_use]
    pub fn channel(&self) -> PayChannel {
        match self {
            Self::WeChat(_) => PayChannel::WeChat,
            Self::Alipay(_) => PayChannel::Alipay,
        }
    }
}

/// Both companies for those who have none: simulators in this process, each at an address of this machine.
///
/// # Errors
/// One line that names the folder.
pub async fn demo_till(data: &Path, public: &str) -> Result<Till, String> {
    let mut gateways = Vec::new();
    for company in [Company::WeChat, Company::Alipay] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| error.to_string())?;
        let simulator = Simulator::start(company, simulate::Behaviour::Told, listener)?;
        gateways.push(simulator.gateway(&data.join("pay"))?);
    }
    Ok(Till::new(gateways, public))
}

/// A client for a company's service. It follows nobody elsewhere.
fn client() -> Result<reqwest::Client, String> {
    // The one that everything else here uses; another part of the process may have said so already.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())
}

/// A file that settings name, relative to their own.
fn beside(settings: &Path, file: &Path) -> PathBuf {
    settings.parent().map_or_else(|| file.to_owned(), |folder| folder.join(file))
}

/// The simulators' keys are known to everybody: a real service that is believed by them would be anybody's.
fn refuse_simulated(key: &rsa::Verifier, service: &str) -> Result<(), String> {
    if !is_here(service) && *key == simulate::company_key() {
        return Err(format!("{service} cannot be trusted by the key of the simulators, which everybody knows"));
    }
    Ok(())
}

/// Whether an address is one of this machine.
fn is_here(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|name| host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])))
}

/// What follows `?` or is sent as a form.
fn form(pairs: &[(&str, &str)]) -> String {
    let encoded = |text: &str| domain::list::percent_encode(text);
    pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect::<Vec<_>>().join("&")
}
