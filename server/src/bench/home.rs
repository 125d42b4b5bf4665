//! The signed-in home page under load (issue 2, Measured): 32 connections that are kept, each asking again as
//! soon as it has its answer, as a browser does (compressed). The generator runs in this process and shares the
//! machine's processors with the server and the database, so the figures are lower than the server alone
//! could do. The floor is the same load on `/readyz`, which asks the database one question and renders nothing.

use super::{
    city::Ground,
    http::{Accept, Client, Request},
    process::Serving,
    report::Report,
    timing::Times,
};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

pub const CONNECTIONS: usize = 32;
const SECONDS: u64 = 10;
const WARM_UP_SECONDS: u64 = 2;
const RATE_LIMIT: f64 = 500.0;
const TIME_LIMIT: f64 = 150.0;
const MEMORY_LIMIT: f64 = 200.0;

/// What came of a load.
pub struct Load {
    pub per_second: f64,
    pub times: Times,
}

/// Puts the home page under load, then looks at the server's memory.
///
/// # Errors
/// When an answer is no success.
pub async fn measure(ground: &Ground, serving: &Serving, session: &str, report: &mut Report) -> Result<(), String> {
    let (warm_up, seconds) = if ground.quick { (0, 1) } else { (WARM_UP_SECONDS, SECONDS) };
    let page = Request::get("/", Some(session), Accept::Brotli);
    let least = Request::get("/readyz", None, Accept::Brotli);
    eprintln!("bench: home page at {CONNECTIONS} connections");
    load(&[serving.address], &page, warm_up).await?;
    let home = load(&[serving.address], &page, seconds).await?;
    let memory = serving.memory();
    let floor = load(&[serving.address], &least, seconds).await?;
    let name = format!("home page, {CONNECTIONS} connections");
    report.at_least(format!("{name}: rate"), home.per_second, "1/s", Some(floor.per_second), RATE_LIMIT);
    report.times(&name, &home.times, Some(&floor.times), TIME_LIMIT);
    if let Some(memory) = memory {
        report.at_most("home page: server memory after it", memory, "MB", None, MEMORY_LIMIT);
    }
    Ok(())
}

/// Sends a request over all connections, shared out among these servers, for so long; whoever has begun may finish.
///
/// # Errors
/// When an answer is no success.
pub async fn load(addresses: &[SocketAddr], request: &Request, seconds: u64) -> Result<Load, String> {
    let began = Instant::now();
    let end = began + Duration::from_secs(seconds);
    let mut connections = JoinSet::new();
    for address in addresses.iter().copied().cycle().take(CONNECTIONS) {
        let request = request.clone();
        connections.spawn(async move {
            let mut client = Client::connect(address).await?;
            let mut times = vec![client.fetch(&request).await?.milliseconds];
            while Instant::now() < end {
                times.push(client.fetch(&request).await?.milliseconds);
            }
            Ok::<_, String>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(connection) = connections.join_next().await {
        times.extend(connection.map_err(|error| error.to_string())??);
    }
    Ok(Load { per_second: times.len() as f64 / began.elapsed().as_secs_f64(), times: Times::new(times) })
}
