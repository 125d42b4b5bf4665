//! Payment companies for those who have none: each speaks the protocol of its original as it is documented – signed requests and
//! answers, a page for the payer, signed notices that are sent again until they are taken – and can misbehave.

mod alipay_side;
mod bill;
mod page;
mod wechat_side;

use super::{
    Gateway,
    alipay::Alipay,
    rsa::{Signer, Verifier},
    wechat::WeChat,
};
use axum::Router;
use chrono::{DateTime, Utc};
use clap::ValueEnum;
use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::net::TcpListener;

/// Keys of both simulators: everybody knows them.
const MERCHANT: &str = include_str!("merchant.pem");
const MERCHANT_PUBLIC: &str = include_str!("merchant.pub.pem");
const COMPANY: &str = include_str!("company.pem");
const COMPANY_PUBLIC: &str = include_str!("company.pub.pem");

/// What is shared by the settings that are written and by what is answered.
const APP_ID: &str = "wx0000000000000000";
const MCH_ID: &str = "1900000000";
const SERIAL: &str = "0000000000000000000000000000000000000000";
const API_V3_KEY: &str = "simulated-simulated-simulated-00";
const PLATFORM_SERIAL: &str = "PUB_KEY_ID_0119000000002026000000000000000000";
const ALIPAY_APP_ID: &str = "2021000000000000";

/// How often a notice is sent that is not taken, and after how long again.
const NOTICES: u32 = 5;
const AGAIN: Duration = Duration::from_millis(500);

/// How a company behaves after somebody has paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Behaviour {
    /// it tells, and again until it is heard
    #[default]
    Told,
    /// it tells nothing: it has to be asked
    Silent,
    /// it tells twice, although it was heard
    Twice,
    /// somebody tells in its name, with a signature of another key
    Forged,
    /// an old notice is sent again
    Old,
    /// it tells of an order that is not ours
    Stranger,
    /// it tells of one fen less
    Short,
    /// its bill of the day lacks the first payment
    BillMissing,
    /// its bill of the day has the first payment with one fen more
    BillOther,
    /// its bill of the day has a payment of an order that is not ours
    BillStranger,
    /// its bill of the day is damaged the first time that it is fetched
    BillDamaged,
}

/// Which company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    WeChat,
    Alipay,
}

/// What the command line wants.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// address to listen at
    #[arg(long)]
    pub listen: SocketAddr,
    /// folder for settings and keys, as in --wechat folder/wechat.toml
    #[arg(long)]
    pub folder: PathBuf,
    /// what it does when somebody has paid
    #[arg(long, value_enum, default_value = "told")]
    pub behaviour: Behaviour,
}

/// An order as a company keeps it.
#[derive(Clone, Debug)]
pub(super) struct Bill {
    pub subject: String,
    pub fen: i64,
    pub notify_url: String,
    pub back: String,
    pub expires_at: Option<DateTime<Utc>>,
    pub state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Paid { trade_no: String, at: DateTime<Utc> },
    Closed,
}

/// A company that answers at an address.
#[derive(Clone)]
pub struct Simulator {
    company: Company,
    behaviour: Behaviour,
    address: SocketAddr,
    bills: Arc<Mutex<HashMap<String, Bill>>>,
    /// what our side answered to notices: status codes, in order
    heard: Arc<Mutex<Vec<u16>>>,
    /// how often a bill of a day was fetched
    fetched: Arc<Mutex<u32>>,
    key: Signer,
    forger: Signer,
    merchant: Verifier,
    client: reqwest::Client,
}

/// The key by which the simulators are believed.
pub(super) fn company_key() -> Verifier {
    Verifier::parse(COMPANY_PUBLIC).expect("the simulators' key is one")
}

impl Simulator {
    /// Answers at a listener until the process ends, or the task is given up.
    ///
    /// # Errors
    /// One line.
    pub fn start(company: Company, behaviour: Behaviour, listener: TcpListener) -> Result<Self, String> {
        let simulator = Self {
            company,
            behaviour,
            address: listener.local_addr().map_err(|error| error.to_string())?,
            bills: Arc::default(),
            heard: Arc::default(),
            fetched: Arc::default(),
            key: Signer::parse(COMPANY)?,
            forger: Signer::parse(MERCHANT)?,
            merchant: Verifier::parse(MERCHANT_PUBLIC)?,
            client: super::client()?,
        };
        let router = simulator.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(simulator)
    }

    fn router(&self) -> Router {
        match self.company {
            Company::WeChat => wechat_side::routes(),
            Company::Alipay => alipay_side::routes(),
        }
        .merge(page::routes())
        .with_state(self.clone())
    }

    /// The base of its addresses.
    #[must_use]
    pub fn service(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The status codes with which its notices were answered.
    #[must_use]
    pub fn heard(&self) -> Vec<u16> {
        locked(&self.heard).clone()
    }

    /// Writes the settings and keys by which a server works with it; answers the file that is to be named.
    ///
    /// # Errors
    /// One line that names the file.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, String> {
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display())).map(|()| path)
        };
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        write("merchant.pem", MERCHANT)?;
        write("company.pub.pem", COMPANY_PUBLIC)?;
        let service = self.service();
        match self.company {
            Company::WeChat => write(
                "wechat.toml",
                &format!(
                    "app_id = \"{APP_ID}\"\nmch_id = \"{MCH_ID}\"\nserial = \"{SERIAL}\"\nkey = \"merchant.pem\"\n\
                     api_v3_key = \"{API_V3_KEY}\"\nplatform_serial = \"{PLATFORM_SERIAL}\"\nplatform_key = \"company.pub.pem\"\n\
                     service = \"{service}\"\n"
                ),
            ),
            Company::Alipay => write(
                "alipay.toml",
                &format!(
                    "app_id = \"{ALIPAY_APP_ID}\"\nkey = \"merchant.pem\"\nalipay_key = \"company.pub.pem\"\n\
                     service = \"{service}/gateway.do\"\n"
                ),
            ),
        }
    }

    /// The company as a server works with it; settings and keys lie in the folder.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn gateway(&self, folder: &Path) -> Result<Gateway, String> {
        let path = self.write(folder)?;
        Ok(match self.company {
            Company::WeChat => Gateway::WeChat(Box::new(WeChat::read(&path)?)),
            Company::Alipay => Gateway::Alipay(Box::new(Alipay::read(&path)?)),
        })
    }

    fn bill(&self, no: &str) -> Option<Bill> {
        locked(&self.bills).get(no).cloned()
    }

    /// Keeps an order; one that is there already stays as it is.
    fn keep(&self, no: &str, bill: Bill) {
        locked(&self.bills).entry(no.to_owned()).or_insert(bill);
    }

    /// Closes an order that is open; whether it is closed now. None: there is no such order.
    fn close(&self, no: &str) -> Option<bool> {
        let mut bills = locked(&self.bills);
        let bill = bills.get_mut(no)?;
        if bill.state == State::Open {
            bill.state = State::Closed;
        }
        Some(bill.state == State::Closed)
    }

    /// Somebody pays: the money is taken, and the merchant told. Answers whether it could be paid.
    fn pay(&self, no: &str) -> bool {
        let now = Utc::now();
        let bill = {
            let mut bills = locked(&self.bills);
            let Some(bill) = bills.get_mut(no) else { return false };
            if bill.state != State::Open || bill.expires_at.is_some_and(|end| end <= now) {
                return false;
            }
            let trade_no = format!("42000{}{:013}", now.format("%Y%m%d"), now.timestamp_micros() % 10_000_000_000_000);
            bill.state = State::Paid { trade_no, at: now };
            bill.clone()
        };
        let (simulator, no) = (self.clone(), no.to_owned());
        tokio::spawn(async move { simulator.tell(&no, bill).await });
        true
    }

    /// Sends the notice of a payment until it is taken.
    async fn tell(&self, no: &str, bill: Bill) {
        let mut heard = 0;
        for _ in 0..NOTICES {
            let request = match self.company {
                _ if self.behaviour == Behaviour::Silent => return,
                Company::WeChat => wechat_side::notice(self, no, &bill),
                Company::Alipay => alipay_side::notice(self, no, &bill),
            };
            let Some(request) = request else { return };
            if let Ok(answer) = request.send().await {
                let status = answer.status();
                let text = answer.text().await.unwrap_or_default();
                locked(&self.heard).push(status.as_u16());
                let taken = status.is_success() && (self.company == Company::WeChat || text == "success");
                heard += u32::from(taken);
            }
            if heard > u32::from(self.behaviour == Behaviour::Twice) {
                return;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// By which the notices are signed.
    fn signer(&self) -> &Signer {
        if self.behaviour == Behaviour::Forged { &self.forger } else { &self.key }
    }

    /// Number, amount and age of what a notice tells.
    fn told(&self, no: &str, bill: &Bill) -> (String, i64) {
        match self.behaviour {
            Behaviour::Stranger => ("ZF00000000000000".to_owned(), bill.fen),
            Behaviour::Short => (no.to_owned(), bill.fen - 1),
            _ => (no.to_owned(), bill.fen),
        }
    }
}

/// A task that panicked leaves what it kept as it was.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Plays a company until Ctrl-C.
///
/// # Errors
/// One line that names the address or the folder.
pub async fn run(company: Company, args: &Args) -> Result<(), String> {
    let listener =
        TcpListener::bind(args.listen).await.map_err(|error| format!("cannot listen at {}: {error}", args.listen))?;
    let simulator = Simulator::start(company, args.behaviour, listener)?;
    let settings = simulator.write(&args.folder)?;
    println!("{} answers; settings for the server: {}", simulator.service(), settings.display());
    crate::serve::stop_signal().await;
    Ok(())
}
