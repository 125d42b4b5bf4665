//! The search over the whole city (S0-1a): a room, a name, initials, a surname that every tenth person bears, a code,
//! and what nothing is called. The store call, and the page as a browser gets it, of which the store call is the floor.

use super::{
    city::{Ground, text},
    http::{Accept, Client, Request},
    list::repeated,
    person,
    report::Report,
    timing::{Times, milliseconds},
};
use domain::list::{ListQuery, percent_encode};
use std::{collections::BTreeMap, net::SocketAddr, time::Instant};
use store::{housing::unit_list::unit_list, search::search};

const RUNS: usize = 300;
const WARM_UP: usize = 20;
const LIMIT: f64 = 60.0;

/// Measures every query for both accounts, whose session cookies these are.
///
/// # Errors
/// One line that says what failed.
pub async fn measure(
    ground: &Ground,
    address: SocketAddr,
    sessions: &BTreeMap<&str, String>,
    report: &mut Report,
) -> Result<(), String> {
    for (login, session) in sessions {
        let ctx = ground.ctx(login).await?;
        let unit = unit_list(&ctx, &ListQuery::default()).await.map_err(text)?.rows.into_iter().next();
        let unit = unit.ok_or("there is no unit")?;
        for (name, query) in [
            ("a room", format!("{} {}", unit.estate, unit.address)),
            ("an estate", unit.estate.clone()),
            ("a name", person::name(123)),
            ("a surname", "王".to_owned()),
            ("initials", "wwf".to_owned()),
            ("a code", unit.code.clone()),
            ("nothing", "没有这样的地方 7号楼 901".to_owned()),
        ] {
            let name = format!("search, {login}, {name}");
            eprintln!("bench: {name}");
            let (runs, warm_up) = (ground.runs(RUNS), ground.runs(WARM_UP));
            let mut times = Vec::with_capacity(runs);
            for run in 0..warm_up + runs {
                let began = Instant::now();
                search(&ctx, &query, None).await.map_err(text)?;
                if run >= warm_up {
                    times.push(milliseconds(began.elapsed()));
                }
            }
            let store = Times::new(times);
            report.times(&format!("{name}: store call"), &store, None, LIMIT);
            let mut client = Client::connect(address).await?;
            let page = Request::get(&format!("/search?q={}", percent_encode(&query)), Some(session), Accept::Brotli);
            let html = repeated(ground, &mut client, &page).await?;
            report.times(&format!("{name}: HTML"), &html, Some(&store), LIMIT);
        }
    }
    Ok(())
}
