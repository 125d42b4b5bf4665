//! HTTPS without a proxy in front.
//!
//! Handshakes run beside each other: a stranger who opens a connection and says nothing keeps nobody waiting. The
//! files are looked at every few seconds, so that a renewed certificate is in use without a restart; one that cannot
//! be read or does not fit its key changes nothing but the log.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, watch},
    time,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
    server::TlsStream,
};

/// Who has not shaken hands by then is not coming.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes under way at once; more wait in the kernel.
const HANDSHAKES: usize = 512;
/// How often the files are looked at.
pub const LOOK: Duration = Duration::from_secs(10);

/// Where certificate and key lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// the certificate and those above it, PEM, our own first
    pub certificate: PathBuf,
    /// PKCS #8, PKCS #1 or SEC 1, PEM
    pub key: PathBuf,
}

impl Files {
    fn content(&self) -> Result<[Vec<u8>; 2], String> {
        let read = |path: &Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
        Ok([read(&self.certificate)?, read(&self.key)?])
    }

    /// Whether the two can be used.
    ///
    /// # Errors
    /// One line that names the file that is wrong.
    pub fn check(&self) -> Result<(), String> {
        self.config(&self.content()?).map(drop)
    }

    fn config(&self, [certificate, key]: &[Vec<u8>; 2]) -> Result<Arc<ServerConfig>, String> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
        let chain = chain.map_err(|error| format!("{}: {error}", self.certificate.display()))?;
        if chain.is_empty() {
            return Err(format!("{} holds no certificate in PEM form", self.certificate.display()));
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("{}: {error}", self.key.display()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| format!("{} with {}: {error}", self.certificate.display(), self.key.display()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// A port that speaks TLS, for `axum::serve`.
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

/// Begins to listen; ends with the receiver of its connections.
///
/// # Errors
/// One line that names the file that is wrong.
pub fn listen(listener: TcpListener, files: Files, look: Duration) -> Result<TlsListener, String> {
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let content = files.content()?;
    let (renew, config) = watch::channel(files.config(&content)?);
    let (sender, ready) = mpsc::channel(16);
    tokio::spawn(follow(files, content, renew, look));
    tokio::spawn(accept(listener, config, sender));
    Ok(TlsListener { ready, address })
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Takes connections until nobody wants them any more.
async fn accept(
    mut listener: TcpListener,
    config: watch::Receiver<Arc<ServerConfig>>,
    ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let places = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        // The listener of axum waits and tries again when the process has no file left for a connection.
        let (stream, address) = tokio::select! {
            connection = axum::serve::Listener::accept(&mut listener) => connection,
            () = ready.closed() => return,
        };
        let (acceptor, ready) = (TlsAcceptor::from(config.borrow().clone()), ready.clone());
        tokio::spawn(async move {
            match time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => drop(ready.send((stream, address)).await),
                // Browsers that do not know the certificate's maker, scanners, plain HTTP: all day long.
                Ok(Err(error)) => tracing::debug!(%error, "no handshake"),
                Err(_) => tracing::debug!("no handshake in time"),
            }
            drop(place);
        });
    }
}

/// Takes over what the files say when they have changed, until nobody listens any more.
async fn follow(files: Files, mut known: [Vec<u8>; 2], renew: watch::Sender<Arc<ServerConfig>>, look: Duration) {
    let mut ticks = time::interval(look);
    while !renew.is_closed() {
        ticks.tick().await;
        // Certificate and key are written one after the other; between the two they do not fit, and the next look
        // finds them together.
        let read = files.clone();
        let Ok(fresh) = tokio::task::spawn_blocking(move || read.content()).await else { return };
        match fresh {
            Ok(fresh) if fresh == known => {}
            Ok(fresh) => {
                match files.config(&fresh) {
                    Ok(config) => {
                        tracing::info!("the renewed certificate is in use");
                        renew.send_replace(config);
                    }
                    Err(error) => tracing::error!(%error, "the renewed certificate cannot be used; the old one stays"),
                }
                known = fresh;
            }
            Err(error) => tracing::error!(%error, "the certificate cannot be read; the old one stays"),
        }
    }
}
