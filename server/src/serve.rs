//! `server serve`: starts everything, and stops everything it started.

use crate::{
    arrears, audit,
    bank::{self, Bank},
    billing, captcha_image,
    config::{Config, Opened, ServeConfig},
    demo, dunning, expire, figures,
    front::{Front, limit::Limits, metrics, tls},
    housekeeping, jobs, live,
    pay::{self, Till},
    print,
    router::{AppState, router},
    search,
    sms::{self, Carrier},
};
use app::context::Process;
use axum::{Router, serve::ListenerExt as _};
use domain::platform::setting::CitySettings;
use leptos::config::LeptosOptions;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use store::{Database, live::Feed, platform::tables::CityTables};
use tokio::{net::TcpListener, signal, sync::watch, task::JoinHandle};

/// How often the settings are looked at.
const SETTINGS_LOOK: Duration = Duration::from_secs(5);

/// What can fail before anything is started, and is therefore looked at first: no account is made and no city
/// filled by a start that ends because a port is taken.
struct Ground {
    listener: TcpListener,
    tls: Option<tls::Files>,
    metrics: Option<TcpListener>,
    bank: Option<Bank>,
    carrier: Option<Arc<Carrier>>,
    till: Till,
    /// hash of the browser bundle
    build: String,
}

impl Ground {
    async fn prepare(config: &Config, serve: &ServeConfig) -> Result<Self, String> {
        let build = std::fs::read_to_string(serve.site.join("build.txt")).map_err(|_| {
            format!("no browser bundle in {}: run `make run` or `make dev`, which build it", serve.site.display())
        })?;
        let tls = serve.tls()?;
        if let Some(files) = &tls {
            files.check()?;
        }
        let bank = Bank::open(serve, &config.data)?;
        let carrier = Carrier::open(serve, &config.data)?.map(Arc::new);
        let till = Till::open(serve)?;
        let listener = bind(serve.listen, "--listen").await?;
        let metrics = match serve.metrics_listen {
            Some(address) => Some(bind(address, "--metrics-listen").await?),
            None => None,
        };
        Ok(Self { listener, tls, metrics, bank, carrier, till, build: build.trim().to_owned() })
    }
}

async fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen at {address}: {error}; choose another address with {setting}"))
}

/// Runs until Ctrl-C, SIGTERM or a closed terminal.
///
/// # Errors
/// One line that says what to do.
pub async fn serve(config: &Config, serve: &ServeConfig) -> Result<(), String> {
    // The signal is heard from the very first moment, also while the database starts.
    let stop = stop_signal();
    tokio::pin!(stop);
    let ground = Ground::prepare(config, serve).await?;
    let opened = tokio::select! {
        opened = config.open() => opened?,
        () = &mut stop => return Ok(()),
    };
    let result = run(config, serve, &opened, ground, stop).await;
    opened.close().await;
    result
}

async fn run(
    config: &Config,
    serve: &ServeConfig,
    opened: &Opened,
    ground: Ground,
    stop: impl Future<Output = ()>,
) -> Result<(), String> {
    tokio::pin!(stop);
    let database = &opened.database;
    let (announce, stopping) = watch::channel(false);
    let mut worker_stop = stopping.clone();
    database.check_files().await?;
    let worker = jobs::start(database, async move {
        let _ = worker_stop.wait_for(|stopping| *stopping).await;
    })
    .await?;
    let feed = Feed::start(database.clone()).await.map_err(|error| error.to_string())?;
    // Dropped in the middle it leaves a city half filled; the next start goes on with it.
    tokio::select! {
        accounts = accounts(config, serve, database) => print!("{}", accounts?),
        () = &mut stop => return Ok(()),
    }
    let anchors = audit::anchor_file(&config.data);
    let sealer = audit::start(database.clone(), anchors.clone(), stopping.clone());
    let sweeper = housekeeping::start(database.clone(), stopping.clone());
    let indexer = search::start(database.clone(), stopping.clone());
    let biller = billing::start(database.clone(), stopping.clone());
    let counter = arrears::start(database.clone(), stopping.clone());
    let calendar = expire::start(database.clone(), stopping.clone());
    let reminder = dunning::start(database.clone(), stopping.clone());
    let Ground { listener, tls, metrics, bank, carrier, till, build } = ground;
    let adder = figures::start(database.clone(), stopping.clone());
    let teller = bank::start(config, serve, database, bank, &stopping)?;
    let messenger = sms::start(config, serve, database, carrier.clone(), &stopping)?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let settings = store::platform::setting::settings_get(database).await.map_err(|error| error.to_string())?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let till = if serve.demo && till.is_empty() {
        pay::demo_till(&config.data, &format!("{scheme}://{address}")).await?
    } else {
        till
    };
    let cashier = pay::exchange::start(database.clone(), till.clone(), stopping.clone());
    let accountant = pay::bill::start(database.clone(), till.clone(), stopping.clone());
    println!("\n  {}\n  {scheme}://{address}\n", settings.city_name);
    let front = Front {
        behind_proxy: serve.behind_proxy,
        https: serve.behind_proxy || tls.is_some(),
        limits: Limits::new(serve.limits()),
        ..Front::default()
    };
    if let Some(listener) = metrics {
        watch_figures(listener, metrics::router(front.metrics.clone(), database.clone()), stopping.clone())?;
    }
    let state = AppState {
        process: Process {
            database: database.clone(),
            draw_captcha: captcha_image::draw,
            secure_cookies: front.https,
            settings: watch_settings(database.clone(), settings),
            tables: watch_tables(database.clone()).await?,
            audit_anchors: Arc::new(move || audit::anchors(&anchors)),
            send_code: carrier.clone().map(|carrier| sms::code::sender(database.clone(), carrier)),
            build: build.clone(),
        },
        options: options(serve, &build),
        feed,
        front,
        fonts: Arc::new(print::fonts(serve.font.as_deref())),
        till,
        carrier,
        demo_phone: (serve.demo && serve.sms.is_none()).then(|| sms::demo_phone(&config.data)),
        stopping,
        stream_recheck: live::RECHECK,
    };
    let served = answer(listener, tls, router(state, &serve.site), announce.subscribe())?;
    stop.await;
    tracing::info!("stopping");
    let _ = announce.send(true);
    // Streams end at once; a request that takes longer than this is cut.
    let _ = tokio::time::timeout(Duration::from_secs(10), served).await;
    let _ = tokio::time::timeout(Duration::from_secs(10), async {
        (
            worker.await,
            sweeper.await,
            sealer.await,
            indexer.await,
            biller.await,
            counter.await,
            calendar.await,
            teller.await,
            reminder.await,
            adder.await,
            messenger.await,
            cashier.await,
            accountant.await,
        )
    })
    .await;
    Ok(())
}

/// Where pages find the browser bundle.
fn options(serve: &ServeConfig, build: &str) -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("housing")
        .site_root(serve.site.display().to_string())
        .site_pkg_dir(format!("pkg/{build}"))
        .build()
}

/// Answers at the port until the process is to end; what is being answered then is finished.
fn answer(
    listener: TcpListener,
    tls: Option<tls::Files>,
    router: Router,
    stopping: watch::Receiver<bool>,
) -> Result<JoinHandle<std::io::Result<()>>, String> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    Ok(match tls {
        None => {
            let serving = axum::serve(listener, service).with_graceful_shutdown(stopped(stopping));
            tokio::spawn(async move { serving.await })
        }
        Some(files) => {
            // Wrapped, because only so axum hands on the addresses of a listener that is not its own.
            let listener = tls::listen(listener, files, tls::LOOK)?.tap_io(|_| {});
            let serving = axum::serve(listener, service).with_graceful_shutdown(stopped(stopping));
            tokio::spawn(async move { serving.await })
        }
    })
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Answers the operators' address.
fn watch_figures(listener: TcpListener, router: Router, stopping: watch::Receiver<bool>) -> Result<(), String> {
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    tracing::info!("figures at http://{address}/metrics");
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "whoever reaches this address reads the figures of the city's work");
    }
    let serving = axum::serve(listener, router).with_graceful_shutdown(stopped(stopping));
    tokio::spawn(async move { serving.await });
    Ok(())
}

/// Sees to the accounts that a first start makes; answers what to print about them.
async fn accounts(config: &Config, serve: &ServeConfig, database: &Database) -> Result<String, String> {
    if serve.demo { demo::ensure(database, &config.data).await } else { demo::first_administrator(database).await }
}

/// Keeps the settings at hand: every page shows some, and they change a few times a year.
fn watch_settings(database: Database, settings: CitySettings) -> watch::Receiver<CitySettings> {
    let (sender, receiver) = watch::channel(settings);
    tokio::spawn(async move {
        while !sender.is_closed() {
            tokio::time::sleep(SETTINGS_LOOK).await;
            if let Ok(fresh) = store::platform::setting::settings_get(&database).await {
                sender.send_if_modified(|known| {
                    if *known == fresh {
                        false
                    } else {
                        *known = fresh;
                        true
                    }
                });
            }
        }
    });
    receiver
}

/// Keeps the city's labels and menu at hand. Another process may change them; this one's own changes are sent in at
/// once (`app::context::tables_look`).
async fn watch_tables(database: Database) -> Result<watch::Sender<CityTables>, String> {
    let tables = store::platform::tables::tables_get(&database).await.map_err(|error| error.to_string())?;
    let sender = watch::Sender::new(tables);
    let kept = sender.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(SETTINGS_LOOK).await;
            if let Ok(fresh) = store::platform::tables::tables_get(&database).await {
                kept.send_if_modified(|known| {
                    let changed = *known != fresh;
                    *known = fresh;
                    changed
                });
            }
        }
    });
    Ok(sender)
}

/// Ctrl-C, the service manager's TERM, or the terminal going away.
pub(crate) async fn stop_signal() {
    use signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}
