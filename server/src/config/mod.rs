//! Where the process finds its database, its files and its address: command line, environment and file ([`file`]),
//! in this order, with defaults that suit a first try.

pub mod file;
mod files;

use crate::{
    bank::Encoding,
    cluster::{self, Cluster},
    front::{limit::PerMinute, tls},
    keys,
    log::LogFormat,
};
use clap::builder::FalseyValueParser;
use std::{net::SocketAddr, path::PathBuf};
use store::Database;

/// Connections of the application's pool.
const CONNECTIONS: u32 = 24;

/// What all commands share.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Config {
    /// PostgreSQL to use, as its owner; without it the server runs a private one
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,
    /// login that sees all rows of that database (bypassrls), for backups alone
    #[arg(long, env = "HOUSING_BACKUP_URL", hide_env_values = true, global = true)]
    pub backup_url: Option<String>,
    /// folder of the private PostgreSQL and of what the server keeps
    #[arg(long, env = "HOUSING_DATA", default_value = ".housing", global = true)]
    pub data: PathBuf,
    /// where uploaded files lie: file:///folder or s3://bucket/prefix; without it the folder `files` of the data folder
    #[arg(long, env = "HOUSING_FILES", global = true)]
    pub files: Option<String>,
    /// address of the S3 service, when it is not Amazon's
    #[arg(long, env = "HOUSING_S3_ENDPOINT", global = true)]
    pub s3_endpoint: Option<String>,
    /// region of the bucket
    #[arg(long, env = "HOUSING_S3_REGION", global = true)]
    pub s3_region: Option<String>,
    /// key id for the bucket; without it and its secret the machine's own role counts
    #[arg(long, env = "HOUSING_S3_KEY_ID", global = true)]
    pub s3_key_id: Option<String>,
    /// secret of that key
    #[arg(long, env = "HOUSING_S3_SECRET", hide_env_values = true, global = true)]
    pub s3_secret: Option<String>,
    /// form of the log: text or json
    #[arg(long, env = "HOUSING_LOG", value_enum, default_value = "text", global = true)]
    pub log: LogFormat,
    /// file of settings (TOML); environment and command line go before it
    #[arg(long, env = "HOUSING_CONFIG", global = true)]
    pub config: Option<PathBuf>,
}

/// What `serve` needs besides.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeConfig {
    /// address to listen at
    #[arg(long, env = "HOUSING_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// folder of the browser bundle
    #[arg(long, env = "HOUSING_SITE", default_value = "target/site")]
    pub site: PathBuf,
    /// a trusted proxy terminates TLS: cookies are Secure, and it names the visitor's address and the request
    #[arg(
        long, env = "HOUSING_BEHIND_PROXY", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        default_value = "false", action = clap::ArgAction::Set, value_parser = FalseyValueParser::new()
    )]
    pub behind_proxy: bool,
    /// certificate and those above it (PEM): HTTPS without a proxy
    #[arg(long, env = "HOUSING_TLS_CERTIFICATE")]
    pub tls_certificate: Option<PathBuf>,
    /// key of the certificate (PEM)
    #[arg(long, env = "HOUSING_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// address for the figures of operators (/metrics), which only the scraper should reach; none by default
    #[arg(long, env = "HOUSING_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    /// requests per minute at the door (sign-in, captcha) per network address; 0: no limit
    #[arg(long, env = "HOUSING_LIMIT_DOOR", default_value_t = 120)]
    pub limit_door: u32,
    /// requests per minute per session, ten times as many per network address; 0: no limit
    #[arg(long, env = "HOUSING_LIMIT_SESSION", default_value_t = 1200)]
    pub limit_session: u32,
    /// where files of the bank are exchanged: file:///folder or sftp://user@host:port/folder, with `out` and `in` below it;
    /// without it no bank is told anything
    #[arg(long, env = "HOUSING_BANK")]
    pub bank: Option<String>,
    /// private key for the bank's SFTP server
    #[arg(long, env = "HOUSING_BANK_KEY")]
    pub bank_key: Option<PathBuf>,
    /// file with the key of the bank's SFTP server (known_hosts); an unknown server is not spoken to
    #[arg(long, env = "HOUSING_BANK_KNOWN_HOSTS")]
    pub bank_known_hosts: Option<PathBuf>,
    /// what the bank calls us (单位编号), in the header of every file
    #[arg(long, env = "HOUSING_BANK_UNIT", default_value = "GZF")]
    pub bank_unit: String,
    /// characters of the bank's files
    #[arg(long, env = "HOUSING_BANK_ENCODING", value_enum, default_value = "utf-8")]
    pub bank_encoding: Encoding,
    /// where text messages are handed over: file:///folder, with `out` and `in` below it; without it none is sent
    #[arg(long, env = "HOUSING_SMS")]
    pub sms: Option<String>,
    /// what the carrier asks for one part of a message, in fen
    #[arg(long, env = "HOUSING_SMS_PRICE", default_value_t = 5)]
    pub sms_price: u32,
    /// what the carrier asks for a call, in fen
    #[arg(long, env = "HOUSING_VOICE_PRICE", default_value_t = 10)]
    pub voice_price: u32,
    /// address under which tenants and payment companies reach this server, as in https://housing.example.gov.cn; for --wechat
    /// and --alipay
    #[arg(long, env = "HOUSING_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// file of settings for WeChat Pay (docs/pay.md); without it nobody pays by it on a telephone
    #[arg(long, env = "HOUSING_WECHAT")]
    pub wechat: Option<PathBuf>,
    /// file of settings for Alipay (docs/pay.md)
    #[arg(long, env = "HOUSING_ALIPAY")]
    pub alipay: Option<PathBuf>,
    /// Chinese font of printed papers, a file or the folder of Noto CJK; without it those of the system are looked through
    #[arg(long, env = "HOUSING_FONT")]
    pub font: Option<PathBuf>,
    /// fill an empty database with a small demo city
    #[arg(long)]
    pub demo: bool,
}

impl ServeConfig {
    /// The files of our own TLS, if it is wanted.
    ///
    /// # Errors
    /// One without the other.
    pub fn tls(&self) -> Result<Option<tls::Files>, String> {
        match (&self.tls_certificate, &self.tls_key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => {
                Ok(Some(tls::Files { certificate: certificate.clone(), key: key.clone() }))
            }
            _ => Err("HTTPS needs both --tls-certificate and --tls-key".to_owned()),
        }
    }

    #[must_use]
    pub fn limits(&self) -> PerMinute {
        PerMinute { door: self.limit_door, session: self.limit_session }
    }
}

/// An open database, and the private cluster behind it if there is one.
pub struct Opened {
    pub database: Database,
    pub cluster: Option<Cluster>,
}

impl Config {
    /// Opens the database, migrated; starts the private cluster when no other is configured.
    ///
    /// # Errors
    /// One line that says what to do.
    pub async fn open(&self) -> Result<Opened, String> {
        if let Some(url) = &self.database_url {
            let database =
                Database::open(url, CONNECTIONS).await.map_err(|error| format!("cannot use DATABASE_URL: {error}"))?;
            return Ok(Opened { database: self.equip(database).await?, cluster: None });
        }
        let cluster = cluster::start(&self.data.join("postgres")).await.map_err(|error| error.to_string())?;
        let opened = match Database::open_private(&cluster.superuser_url(), CONNECTIONS).await {
            Ok(database) => self.equip(database).await,
            Err(error) => Err(format!("cannot prepare the private database: {error}")),
        };
        match opened {
            Ok(database) => Ok(Opened { database, cluster: Some(cluster) }),
            Err(sentence) => {
                let _ = cluster.stop().await;
                Err(sentence)
            }
        }
    }

    /// Gives the database its keys and its store of files.
    async fn equip(&self, database: Database) -> Result<Database, String> {
        Ok(keys::take(database, &self.data).await?.with_files(self.open_files()?))
    }
}

impl Opened {
    /// Closes the connections and stops the cluster that was started.
    pub async fn close(self) {
        self.database.close().await;
        if let Some(cluster) = self.cluster
            && let Err(error) = cluster.stop().await
        {
            tracing::warn!(%error, "the private database did not stop");
        }
    }
}
