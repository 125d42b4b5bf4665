//! Two server processes on one database (issue 3, Measured): the unit list at as many connections, all to one of them
//! or half to each, in turns. They share the machine's processors with the database and with the generator, so two
//! cannot be faster than one here; the limit says that the second one costs nothing.

use super::{
    city::Ground,
    home::{CONNECTIONS, load},
    http::{Accept, Request},
    process::Serving,
    report::Report,
};
use std::path::Path;

const ROUNDS: usize = 3;
const SECONDS: u64 = 8;
const LEAST: f64 = 0.95;

/// Measures one process beside two, of which one is there already.
///
/// # Errors
/// When an answer is no success.
pub async fn measure(
    ground: &Ground,
    site: &Path,
    serving: &Serving,
    session: &str,
    report: &mut Report,
) -> Result<(), String> {
    let seconds = if ground.quick { 1 } else { SECONDS };
    let second = ground.program.serve(site).await?;
    let list = Request::get("/housing/units", Some(session), Accept::Brotli);
    let (mut one, mut two) = (0.0, 0.0);
    for round in 0..=ground.runs(ROUNDS) {
        eprintln!("bench: unit list at {CONNECTIONS} connections, one process and two");
        let alone = load(&[serving.address], &list, seconds).await?;
        let both = load(&[serving.address, second.address], &list, seconds).await?;
        // The first round warms up.
        if round > 0 {
            one += alone.per_second;
            two += both.per_second;
        }
    }
    second.stop().await;
    let rounds = ground.runs(ROUNDS) as f64;
    let (one, two) = (one / rounds, two / rounds);
    let name = format!("unit list, {CONNECTIONS} connections, two processes beside one: rate");
    report.at_least(name, two, "1/s", Some(one), one * LEAST);
    Ok(())
}
