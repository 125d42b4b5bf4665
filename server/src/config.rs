//! Where the process finds its database, its files and its address: the environment, with defaults
//! that suit a first try.

use crate::{
    cluster::{self, Cluster},
    keys,
};
use std::{net::SocketAddr, path::PathBuf};
use store::Database;

/// Connections of the application's pool.
const CONNECTIONS: u32 = 24;

/// What all commands share.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    /// PostgreSQL to use, as its owner; without it the server runs a private one
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,
    /// folder of the private PostgreSQL and of what the server keeps
    #[arg(long, env = "HOUSING_DATA", default_value = ".housing", global = true)]
    pub data: PathBuf,
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
    /// TLS or a trusted proxy is in front: cookies are Secure, and the proxy names the visitor's address
    #[arg(long, env = "HOUSING_BEHIND_PROXY")]
    pub behind_proxy: bool,
    /// fill an empty database with a small demo city
    #[arg(long)]
    pub demo: bool,
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
            return Ok(Opened { database: keys::take(database, &self.data).await?, cluster: None });
        }
        let cluster = cluster::start(&self.data.join("postgres")).await.map_err(|error| error.to_string())?;
        let opened = match Database::open_private(&cluster.superuser_url(), CONNECTIONS).await {
            Ok(database) => keys::take(database, &self.data).await,
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
