//! The tenants' bill page (domain.md S4-2.3) on a telephone that has nothing of it yet: every byte that it transfers, and what
//! Lighthouse says of it with the settings of a telephone. The tenant comes in by the door, with the code of a text message
//! that this process reads as a carrier does.

use super::{
    city::{Ground, text},
    http::{Accept, Client, Request},
    process::Serving,
    report::Report,
};
use crate::pay::simulate::{Behaviour, Company, Simulator};
use domain::{billing::plan::month_of, id::OrganizationId};
use serde::Deserialize;
use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use store::{
    Scope,
    bench::{billing::contracts_make, portal::tenant_phone},
    billing::run::bills_run,
    ctx::china_day,
};
use tokio::{net::TcpListener, process::Command, time::timeout};

const PAGE: &str = "/my/bills";
const PAGE_LIMIT: f64 = 230.0;
/// Lighthouse is run so often, and the score in the middle counts.
const RUNS: usize = 5;
const PERFORMANCE: f64 = 95.0;
const ACCESSIBILITY: f64 = 100.0;
/// All its runs together.
const PATIENCE: Duration = Duration::from_secs(600);
/// So long a code may take.
const CODE: Duration = Duration::from_secs(20);
/// Homes that are let where nobody lives yet.
const HOMES: i64 = 50;

/// Whether Lighthouse is installed in its folder.
#[must_use]
pub fn is_installed(lighthouse: &Path) -> bool {
    lighthouse.join("node_modules/lighthouse").is_dir()
}

/// Weighs the page, then has it judged.
///
/// # Errors
/// One line that says what failed. A Lighthouse that fails is a figure that is missed and takes none of the others along.
pub async fn measure(ground: &Ground, site: &Path, lighthouse: &Path, report: &mut Report) -> Result<(), String> {
    let phone = match tenant_phone(&ground.database).await.map_err(text)? {
        Some(phone) => phone,
        None => let_homes(ground).await?,
    };
    let folder = ground.program.data.join("portal");
    let serving = ground.program.serve_with(site, &settings(&folder).await?).await?;
    let measured = visit(ground, &serving, &folder.join("sms"), &phone, lighthouse, report).await;
    serving.stop().await;
    measured
}

/// A carrier, and both payment companies, so that the page is the one with everything on it.
async fn settings(folder: &Path) -> Result<Vec<OsString>, String> {
    let mut settings: Vec<OsString> = vec!["--public-url".into(), "http://127.0.0.1".into()];
    for (company, option) in [(Company::WeChat, "--wechat"), (Company::Alipay, "--alipay")] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| error.to_string())?;
        let simulator = Simulator::start(company, Behaviour::Silent, listener)?;
        settings.extend([option.into(), simulator.write(folder)?.into()]);
    }
    let mut place = OsString::from("file://");
    place.push(folder.join("sms"));
    settings.extend(["--sms".into(), place]);
    Ok(settings)
}

/// Lets a few homes and posts the bills of the month; answers the telephone of somebody who owes one.
async fn let_homes(ground: &Ground) -> Result<String, String> {
    contracts_make(&ground.database, HOMES).await.map_err(text)?;
    let ctx = ground.ctx("finance").await?;
    let Scope::City { districts } = ctx.scope().clone() else { return Err("finance sees the city".to_owned()) };
    for district in districts {
        let month = month_of(china_day(ctx.now()));
        bills_run(&ctx, OrganizationId(district), month, |_| {}).await.map_err(text)?;
    }
    tenant_phone(&ground.database).await.map_err(text)?.ok_or_else(|| "nobody owes anything".to_owned())
}

async fn visit(
    ground: &Ground,
    serving: &Serving,
    carrier: &Path,
    phone: &str,
    lighthouse: &Path,
    report: &mut Report,
) -> Result<(), String> {
    let session = sign_in(serving.address, carrier, phone).await?;
    let bytes = first_visit(serving.address, &session).await?;
    report.at_most("tenant's bill page: all that a fresh telephone transfers", bytes / 1000.0, "KB", None, PAGE_LIMIT);
    if !is_installed(lighthouse) {
        return Ok(());
    }
    let runs = ground.runs(RUNS);
    eprintln!("bench: Lighthouse on a tenant's bill page, {runs} runs");
    let address = format!("http://{}{PAGE}", serving.address);
    let scores = match judge(lighthouse, &address, &session, runs).await {
        Ok(scores) => scores,
        Err(error) => {
            eprintln!("bench: Lighthouse: {error}");
            Scores { performance: vec![f64::NAN], accessibility: vec![f64::NAN], complaints: Vec::new() }
        }
    };
    for complaint in &scores.complaints {
        eprintln!("bench: Lighthouse complains: {complaint}");
    }
    for (name, scores, limit) in
        [("performance", scores.performance, PERFORMANCE), ("accessibility", scores.accessibility, ACCESSIBILITY)]
    {
        let name = format!("tenant's bill page: Lighthouse {name} on a telephone, median of {}", scores.len());
        report.at_least(name, median(scores), "", None, limit);
    }
    Ok(())
}

/// Signs in by a code; answers the session's cookie.
async fn sign_in(address: SocketAddr, carrier: &Path, phone: &str) -> Result<String, String> {
    let mut client = Client::connect(address).await?;
    client.fetch(&Request::form("/my/sign-in/code", &[("phone", phone)])).await?;
    let page = String::from_utf8_lossy(&client.body);
    let ticket = attribute(&page, "name=\"ticket\"", "value").ok_or("the door gives no ticket")?;
    let code = timeout(CODE, code(&carrier.join("out"))).await.map_err(|_| "no code was sent")?;
    let answer = client.send(&Request::form("/my/sign-in", &[("ticket", &ticket), ("code", &code)])).await?;
    answer.cookie.ok_or_else(|| format!("the code was not taken: status {}", answer.status))
}

/// The code in the first message that the carrier has to deliver.
async fn code(out: &Path) -> String {
    loop {
        let files = std::fs::read_dir(out).into_iter().flatten().flatten().map(|file| file.path());
        let whole = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        for text in whole.filter_map(|path: PathBuf| std::fs::read_to_string(path).ok()) {
            let message: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            let content = message["content"].as_str().unwrap_or_default();
            let mut numbers = content.split(|letter: char| !letter.is_ascii_digit());
            let digits = numbers.find(|digits| digits.len() >= 4).filter(|_| content.contains("验证码"));
            if let Some(code) = digits {
                return code.to_owned();
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The bytes of the page and of everything that it names, heads included, on one connection and with an empty cache.
async fn first_visit(address: SocketAddr, session: &str) -> Result<f64, String> {
    let mut client = Client::connect(address).await?;
    let (mut bytes, html) = loaded(&mut client, PAGE, session).await?;
    if !html.contains("name=\"bill\"") {
        return Err("the page has no bill to choose".to_owned());
    }
    let mut wanted = named(&html);
    let mut fetched: Vec<String> = Vec::new();
    while let Some(path) = wanted.pop() {
        if !fetched.contains(&path) {
            let (more, content) = loaded(&mut client, &path, session).await?;
            bytes += more;
            // A sheet may name fonts, pictures and further sheets.
            wanted.extend(addresses_of_sheet(&content));
            fetched.push(path);
        }
    }
    Ok(bytes as f64)
}

/// What comes over the wire for an address, compressed as a browser takes it, and its text, for which it is fetched once more.
async fn loaded(client: &mut Client, path: &str, session: &str) -> Result<(usize, String), String> {
    let bytes = client.fetch(&Request::get(path, Some(session), Accept::Brotli)).await?.bytes;
    client.fetch(&Request::get(path, Some(session), Accept::Plain)).await?;
    Ok((bytes, String::from_utf8_lossy(&client.body).into_owned()))
}

/// What a page loads by itself: sheets, icons, pictures, scripts. Where its links lead to is not loaded.
fn named(html: &str) -> Vec<String> {
    let tags = html.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag);
    tags.filter_map(|tag| match tag.split_whitespace().next()? {
        "link" => attribute(tag, "", "href"),
        "img" | "script" | "source" | "iframe" => attribute(tag, "", "src"),
        _ => None,
    })
    .filter(|address| !address.starts_with("data:"))
    .collect()
}

/// What a sheet loads: `url(…)`.
fn addresses_of_sheet(css: &str) -> Vec<String> {
    let named = css.split("url(").skip(1).filter_map(|rest| rest.split_once(')')).map(|(address, _)| address);
    named
        .map(|address| address.trim_matches(['"', '\'', ' ']).to_owned())
        .filter(|path| path.starts_with('/'))
        .collect()
}

/// An attribute of the first tag in which something stands.
fn attribute(html: &str, mark: &str, name: &str) -> Option<String> {
    let at = html.find(mark)?;
    let start = html[..at].rfind('<').unwrap_or(0);
    let tag = html[start..].split('>').next()?;
    let value = tag.split_once(&format!(" {name}=\""))?.1.split('"').next()?;
    Some(value.replace("&amp;", "&"))
}

/// What Lighthouse said, run by run.
#[derive(Deserialize)]
struct Scores {
    performance: Vec<f64>,
    accessibility: Vec<f64>,
    /// what cost points
    complaints: Vec<String>,
}

async fn judge(lighthouse: &Path, address: &str, session: &str, runs: usize) -> Result<Scores, String> {
    let mut command = Command::new("node");
    command.arg(lighthouse.join("run.mjs")).arg(address).arg(runs.to_string()).env("HOUSING_COOKIE", session);
    let output = timeout(PATIENCE, command.kill_on_drop(true).output());
    let output = output.await.map_err(|_| "it did not end".to_owned())?.map_err(|error| format!("node: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

/// The score in the middle.
fn median(mut scores: Vec<f64>) -> f64 {
    scores.sort_by(f64::total_cmp);
    scores.get(scores.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_loads_its_sheets_icons_and_pictures_and_not_where_its_links_lead() {
        let html = "<link rel=\"icon\" href=\"/favicon.svg\"/><link href=\"/my/style.css?a&amp;b\" rel=\"stylesheet\">\
                    <a href=\"/my/pay\">x</a><img alt=\"\" src=\"data:image/png;base64,AA\"><script src=\"/x.js\"></script>";
        assert_eq!(named(html), ["/favicon.svg", "/my/style.css?a&b", "/x.js"]);
        assert_eq!(addresses_of_sheet("@font-face{src:url('/a.woff2')}b{background:url(data:,x)}"), ["/a.woff2"]);
    }

    #[test]
    fn the_ticket_is_that_of_its_own_field() {
        let html =
            "<input name=\"a\" value=\"1\"><input type=\"hidden\" name=\"ticket\" value=\"t-2\" /><input value=\"3\">";
        assert_eq!(attribute(html, "name=\"ticket\"", "value").as_deref(), Some("t-2"));
        assert_eq!(attribute(html, "name=\"none\"", "value"), None);
    }

    #[test]
    fn the_median_is_that_of_the_sorted_and_of_nothing_none() {
        assert!((median(vec![100.0, 91.0, 97.0, 99.0, 98.0]) - 98.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan() && median(vec![f64::NAN]).is_nan());
    }
}
