//! The unit list over the whole city (issue 2, Measured): first page, filtered page, jump to the middle by value,
//! for an account of the city and one of the district that was imported first.
//!
//! The floor of a store call is the bare query on a connection whose scope is set: no rights, no transaction,
//! no count. Both take turns, so that whatever else the machine does hits both. The floor of a page is its
//! store call.

use super::{
    city::{Ground, text},
    http::{Accept, Client, Request},
    report::Report,
    timing::{Times, milliseconds},
};
use domain::list::{ListQuery, Position};
use std::{collections::BTreeMap, net::SocketAddr, time::Instant};
use store::{
    bench::{Bare, BarePage, unit_middle},
    housing::unit_list::unit_list,
};

const RUNS: usize = 500;
const WARM_UP: usize = 50;
/// A store call may take so much longer than its bare query.
const STORE_MORE: f64 = 5.0;
const HTML_LIMIT: f64 = 50.0;

/// Measures all pages for both accounts, whose session cookies these are.
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
        let middle = unit_middle(&ground.ctx(login).await?).await.map_err(text)?;
        let vacant = BTreeMap::from([("status".to_owned(), "VACANT".to_owned())]);
        let pages = [
            ("first page", ListQuery::default(), BarePage::First),
            ("vacant ones", ListQuery { filter: vacant, ..ListQuery::default() }, BarePage::Vacant),
            (
                "jump to the middle",
                ListQuery { at: Position::From(middle.clone()), ..ListQuery::default() },
                BarePage::From(middle),
            ),
        ];
        for (page, query, bare) in pages {
            let name = format!("unit list, {login}, {page}");
            eprintln!("bench: {name}");
            let (store, floor) = calls(ground, login, &query, &bare).await?;
            report.times(&format!("{name}: store call"), &store, Some(&floor), floor.percentile(99) + STORE_MORE);
            let html = html(ground, address, session, &query).await?;
            report.times(&format!("{name}: HTML"), &html, Some(&store), HTML_LIMIT);
        }
    }
    Ok(())
}

/// Times of the store call and of the bare query.
async fn calls(ground: &Ground, login: &str, query: &ListQuery, bare: &BarePage) -> Result<(Times, Times), String> {
    let ctx = ground.ctx(login).await?;
    let mut connection = Bare::open(&ctx).await.map_err(text)?;
    let (runs, warm_up) = (ground.runs(RUNS), ground.runs(WARM_UP));
    let (mut stores, mut floors) = (Vec::with_capacity(runs), Vec::with_capacity(runs));
    for run in 0..warm_up + runs {
        let began = Instant::now();
        let page = unit_list(&ctx, query).await.map_err(text)?;
        let store = milliseconds(began.elapsed());
        let began = Instant::now();
        let rows = connection.units(bare).await.map_err(text)?;
        let floor = milliseconds(began.elapsed());
        if rows.min(usize::from(query.size)) != page.rows.len() || (rows > page.rows.len()) != page.next.is_some() {
            return Err(format!("the list has {} rows and the bare query {rows}", page.rows.len()));
        }
        if run >= warm_up {
            stores.push(store);
            floors.push(floor);
        }
    }
    Ok((Times::new(stores), Times::new(floors)))
}

/// Times of the page as a browser gets it, one after the other over one connection.
async fn html(ground: &Ground, address: SocketAddr, session: &str, query: &ListQuery) -> Result<Times, String> {
    let path = format!("/housing/units{}", query.to_search());
    let mut client = Client::connect(address).await?;
    client.fetch(&Request::get(&path, Some(session), Accept::Plain)).await?;
    if !String::from_utf8_lossy(&client.body).contains("</tbody>") && !ground.quick {
        return Err(format!("{path} shows no rows"));
    }
    let request = Request::get(&path, Some(session), Accept::Brotli);
    repeated(ground, &mut client, &request).await
}

/// Times of a request that is sent again and again.
///
/// # Errors
/// When an answer is no success.
pub async fn repeated(ground: &Ground, client: &mut Client, request: &Request) -> Result<Times, String> {
    for _ in 0..ground.runs(WARM_UP) {
        client.fetch(request).await?;
    }
    let runs = ground.runs(RUNS);
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        times.push(client.fetch(request).await?.milliseconds);
    }
    Ok(Times::new(times))
}
