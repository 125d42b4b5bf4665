//! `server serve`: starts everything, and stops everything it started.

use crate::{
    audit, captcha_image,
    config::{Config, Opened, ServeConfig},
    demo, housekeeping, jobs, live,
    router::{AppState, router},
    search,
};
use app::context::Process;
use domain::platform::setting::CitySettings;
use leptos::config::LeptosOptions;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use store::{Database, live::Feed};
use tokio::{net::TcpListener, signal, sync::watch};

/// How often the settings are looked at.
const SETTINGS_LOOK: Duration = Duration::from_secs(5);

/// What can fail before anything is started, and is therefore looked at first: no account is made and no city
/// filled by a start that ends because a port is taken.
struct Ground {
    listener: TcpListener,
    /// hash of the browser bundle
    build: String,
}

impl Ground {
    async fn prepare(serve: &ServeConfig) -> Result<Self, String> {
        let build = std::fs::read_to_string(serve.site.join("build.txt")).map_err(|_| {
            format!("no browser bundle in {}: run `make run` or `make dev`, which build it", serve.site.display())
        })?;
        let listener = TcpListener::bind(serve.listen).await.map_err(|error| {
            format!("cannot listen at {}: {error}; choose another address with --listen", serve.listen)
        })?;
        Ok(Self { listener, build: build.trim().to_owned() })
    }
}

/// Runs until Ctrl-C, SIGTERM or a closed terminal.
///
/// # Errors
/// One line that says what to do.
pub async fn serve(config: &Config, serve: &ServeConfig) -> Result<(), String> {
    // The signal is heard from the very first moment, also while the database starts.
    let stop = stop_signal();
    tokio::pin!(stop);
    let ground = Ground::prepare(serve).await?;
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
    let Ground { listener, build } = ground;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let settings = store::platform::setting::settings_get(database).await.map_err(|error| error.to_string())?;
    println!("\n  {}\n  http://{address}\n", settings.city_name);
    let state = AppState {
        process: Process {
            database: database.clone(),
            draw_captcha: captcha_image::draw,
            secure_cookies: serve.behind_proxy,
            settings: watch_settings(database.clone(), settings),
            audit_anchors: Arc::new(move || audit::anchors(&anchors)),
            build: build.clone(),
        },
        options: LeptosOptions::builder()
            .output_name("housing")
            .site_root(serve.site.display().to_string())
            .site_pkg_dir(format!("pkg/{build}"))
            .build(),
        feed,
        stopping,
        stream_recheck: live::RECHECK,
    };
    let service = router(state, &serve.site).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown({
        let mut stopping = announce.subscribe();
        async move {
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    });
    let served = tokio::spawn(async move { served.await });
    stop.await;
    tracing::info!("stopping");
    let _ = announce.send(true);
    // Streams end at once; a request that takes longer than this is cut.
    let _ = tokio::time::timeout(Duration::from_secs(10), served).await;
    let _ = tokio::time::timeout(Duration::from_secs(10), async {
        (worker.await, sweeper.await, sealer.await, indexer.await)
    })
    .await;
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
