//! HTTPS by the server itself, with a certificate made here: pages, live streams, renewal, the end.

use crate::support::{Site, city::PASSWORD};
use axum::serve::ListenerExt as _;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use server::front::tls::{Files, TlsListener, listen};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer},
};

const NAME: &str = "housing.example";

/// A certificate in files, and what a client has to trust.
struct Certificate {
    files: Files,
    folder: PathBuf,
}

impl Certificate {
    fn new() -> (Self, CertificateDer<'static>) {
        let folder = std::env::temp_dir().join(format!("housing-tls-{}", store::platform::token::short_id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let files = Files { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
        let this = Self { files, folder };
        let trusted = this.renew();
        (this, trusted)
    }

    fn renew(&self) -> CertificateDer<'static> {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec![NAME.to_owned()]).expect("a certificate");
        std::fs::write(&self.files.key, signing_key.serialize_pem()).expect("written");
        std::fs::write(&self.files.certificate, cert.pem()).expect("written");
        cert.der().clone()
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The site at a port of its own.
struct Serving {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

async fn port(certificate: &Certificate) -> (TlsListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("a port");
    let look = Duration::from_millis(50);
    (listen(listener, certificate.files.clone(), look).expect("it listens"), address)
}

async fn serve(site: &Site, certificate: &Certificate) -> Serving {
    let (listener, address) = port(certificate).await;
    let service = site.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    let (stop, stopping) = oneshot::channel();
    let serving = axum::serve(listener.tap_io(|_| {}), service).with_graceful_shutdown(async move {
        let _ = stopping.await;
    });
    Serving { address, stop, served: tokio::spawn(async move { serving.await }) }
}

async fn connect(address: SocketAddr, trusted: &CertificateDer<'static>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(NAME.try_into().expect("a name"), stream).await
}

/// Asks and reads the answer to its end.
async fn ask(address: SocketAddr, trusted: &CertificateDer<'static>, head: &str, body: &str) -> String {
    let mut stream = connect(address, trusted).await.expect("a handshake");
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nhost: {NAME}\r\nconnection: close\r\naccept: text/html\r\ncontent-type: \
                 application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer that ends properly");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn people_sign_in_over_https() {
    let (certificate, trusted) = Certificate::new();
    let site = Site::over_tls().await;
    let serving = serve(&site, &certificate).await;
    let page = ask(serving.address, &trusted, "GET /sign-in", "").await;
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("公租房管理平台"), "{page}");
    assert!(page.contains("strict-transport-security: max-age="), "{page}");
    let captcha = site.text("select id::text from captcha").await;
    let fields = [("login", "city"), ("password", PASSWORD), ("captcha_id", &captcha), ("captcha", "K7PQ")];
    let entered = ask(serving.address, &trusted, "POST /api/sign_in", &crate::support::form(&fields)).await;
    assert!(entered.contains("SameSite=Lax; Secure"), "{entered}");
    assert_eq!(site.text("select address from login_attempt").await, "127.0.0.1", "the address comes through TLS");
    // What is no proxy is not believed, although cookies are Secure.
    ask(serving.address, &trusted, "POST /api/sign_in HTTP/1.1\r\nx-forwarded-for: 203.0.113.9\r\nx:", "").await;
    assert_eq!(site.id("select count(*) from login_attempt where address <> '127.0.0.1'").await, 0);
}

/// Silent and foreign connections do not keep the others waiting.
#[tokio::test]
async fn who_says_nothing_holds_up_nobody() {
    let (certificate, trusted) = Certificate::new();
    let site = Site::over_tls().await;
    let serving = serve(&site, &certificate).await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(serving.address).await.expect("a connection"));
    }
    let mut plain = TcpStream::connect(serving.address).await.expect("a connection");
    plain.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
    let answer = timeout(Duration::from_secs(5), ask(serving.address, &trusted, "GET /healthz", "")).await;
    assert!(answer.expect("in time").ends_with("ok"));
    let mut nothing = Vec::new();
    let _ = timeout(Duration::from_secs(5), plain.read_to_end(&mut nothing)).await.expect("turned away");
    assert!(!nothing.starts_with(b"HTTP"), "no page in clear");
}

#[tokio::test]
async fn a_renewed_certificate_is_used_without_a_restart() {
    let (certificate, old) = Certificate::new();
    let site = Site::over_tls().await;
    let serving = serve(&site, &certificate).await;
    // Half a renewal, and then a spoiled one, change nothing.
    let good = std::fs::read(&certificate.files.certificate).expect("read");
    std::fs::write(&certificate.files.certificate, "no certificate").expect("written");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(ask(serving.address, &old, "GET /healthz", "").await.ends_with("ok"));
    std::fs::write(&certificate.files.certificate, good).expect("written");

    let new = certificate.renew();
    let mut renewed = false;
    for _ in 0..100 {
        renewed = connect(serving.address, &new).await.is_ok();
        if renewed {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(renewed && connect(serving.address, &old).await.is_err());
    assert!(ask(serving.address, &new, "GET /healthz", "").await.ends_with("ok"));
}

#[tokio::test]
async fn a_live_stream_tells_and_ends_with_the_process() {
    let (certificate, trusted) = Certificate::new();
    let site = Site::over_tls().await;
    let serving = serve(&site, &certificate).await;
    let city = site.session("city").await;
    let mut stream = BufReader::new(connect(serving.address, &trusted).await.expect("a handshake"));
    let request = format!("GET /live HTTP/1.1\r\nhost: {NAME}\r\ncookie: housing_session={city}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut line = String::new();
    stream.read_line(&mut line).await.expect("a head");
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
    sqlx::raw_sql(
        "insert into change (district_id, estate_id, building_id)
         select district_id, estate_id, id from building limit 1;
         select pg_notify('look', '')",
    )
    .execute(&site.test.admin)
    .await
    .expect("a change");
    timeout(Duration::from_secs(10), async {
        while !line.starts_with("data:") {
            line.clear();
            stream.read_line(&mut line).await.expect("a line");
        }
    })
    .await
    .expect("told in time");

    site.shut_down();
    let _ = serving.stop.send(());
    let mut rest = Vec::new();
    timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await.expect("ends in time").expect("properly");
    timeout(Duration::from_secs(5), serving.served).await.expect("in time").expect("no panic").expect("no error");
    assert!(connect(serving.address, &trusted).await.is_err(), "nobody answers any more");
}

#[tokio::test]
async fn files_that_do_not_fit_are_named() {
    let (certificate, _) = Certificate::new();
    let (other, _) = Certificate::new();
    assert_eq!(certificate.files.check(), Ok(()));
    let mixed = Files { key: other.files.key.clone(), ..certificate.files.clone() };
    assert!(mixed.check().expect_err("of two pairs").contains("key.pem: "), "{:?}", mixed.check());
    let missing = Files { key: "/nowhere/key.pem".into(), ..certificate.files.clone() };
    assert!(missing.check().expect_err("missing").starts_with("/nowhere/key.pem: "));
    let swapped = Files { certificate: certificate.files.key.clone(), key: certificate.files.key.clone() };
    assert!(swapped.check().expect_err("swapped").contains("holds no certificate"));
}
