//! Money at the size of a city (issue 4, Measured): the monthly run of a million contracts beside the bare insertion of the
//! same rows, and a counter under load.

use super::{
    city::{Ground, text},
    report::Report,
    timing::{Times, milliseconds},
};
use domain::{
    billing::{payment::PaymentForm, plan::month_of},
    id::{AccountId, OrganizationId},
    insight::report_sheet::{DEBT, INCOME, RECEIVABLE, RENT},
    list::ListQuery,
    value::Money,
};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use store::{
    Ctx, Scope,
    bench::{billing, settle},
    billing::{payment::payment_take, run::bills_run},
    ctx::china_day,
    insight::{figure::figures_follow, report::report_get},
};

const CONTRACTS: i64 = 1_000_000;
const QUICK_CONTRACTS: i64 = 200;
const RUN_TIMES: f64 = 2.0;
const RUN_MEGABYTES: f64 = 300.0;
const CASHIERS: usize = 200;
const ACCOUNTS: i64 = 100;
const PAYMENTS: usize = 5;
/// Milliseconds of a report that reads every contract or open bill, and of one that reads tallies.
const LONG_REPORT: f64 = 8_000.0;
const REPORT: f64 = 500.0;
/// How often the process is asked for its memory while it runs.
const LOOK: Duration = Duration::from_millis(100);

/// Measures the run, then the counter on what it posted.
///
/// # Errors
/// One line that says what failed.
pub async fn measure(ground: &Ground, report: &mut Report) -> Result<(), String> {
    let most = if ground.quick { QUICK_CONTRACTS } else { CONTRACTS };
    eprintln!("bench: letting {most} homes");
    let made = billing::contracts_make(&ground.database, most).await.map_err(text)?;
    settle(&ground.database, &ground.superuser).await.map_err(text)?;
    run(ground, report, made).await?;
    reports(ground, report, made).await?;
    counter(ground, report).await
}

async fn run(ground: &Ground, report: &mut Report, contracts: i64) -> Result<(), String> {
    eprintln!("bench: the monthly run of {contracts} contracts");
    let ctx = ground.ctx("finance").await?;
    let Scope::City { districts } = ctx.scope().clone() else { return Err("finance sees the city".to_owned()) };
    let month = month_of(china_day(ctx.now()));
    let watch = tokio::spawn(peak());
    let began = Instant::now();
    let mut bills = 0;
    for district in districts {
        bills += bills_run(&ctx, OrganizationId(district), month, |_| {}).await.map_err(text)?.bills;
    }
    let seconds = began.elapsed().as_secs_f64();
    watch.abort();
    let memory = PEAK.load(Ordering::Relaxed) as f64 / 1e6;
    let (rows, balanced) = billing::run_rows(&ground.database).await.map_err(text)?;
    if i64::from(bills) < contracts || !balanced {
        return Err(format!("{bills} bills of {contracts} contracts, in balance: {balanced}"));
    }
    eprintln!("bench: the same {rows} rows by insert … select");
    settle(&ground.database, &ground.superuser).await.map_err(text)?;
    let floor = billing::run_floor(&ground.database).await.map_err(text)?.as_secs_f64();
    report.at_most(format!("monthly run of {contracts} contracts"), seconds, "s", Some(floor), floor * RUN_TIMES);
    report.at_most("monthly run: peak memory", memory, "MB", None, RUN_MEGABYTES);
    Ok(())
}

/// Reports of the whole city: of contracts and bills themselves, whose households are counted, and of tallies.
async fn reports(ground: &Ground, report: &mut Report, contracts: i64) -> Result<(), String> {
    eprintln!("bench: reports over {contracts} contracts");
    let ctx = ground.ctx("finance").await?;
    figures_follow(&ground.database, ctx.now()).await.map_err(text)?;
    settle(&ground.database, &ground.superuser).await.map_err(text)?;
    for (sheet, limit) in [(&RENT, LONG_REPORT), (&DEBT, LONG_REPORT), (&INCOME, REPORT), (&RECEIVABLE, REPORT)] {
        let query = ListQuery::from_params([("report", sheet.key), ("by", "estate")]);
        let began = Instant::now();
        let lines = report_get(&ctx, &query, u32::MAX).await.map_err(text)?.rows.len();
        let name = format!("{} of {contracts} contracts, {lines} lines", sheet.title);
        report.at_most(name, milliseconds(began.elapsed()), "ms", None, limit);
    }
    Ok(())
}

/// The most memory that this process was seen with, in bytes.
static PEAK: AtomicU64 = AtomicU64::new(0);

async fn peak() {
    loop {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let held = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        PEAK.fetch_max(held.unwrap_or_default() * 1024, Ordering::Relaxed);
        tokio::time::sleep(LOOK).await;
    }
}

/// Many cashiers at few accounts: nothing may be lost, whatever waits for whom.
async fn counter(ground: &Ground, report: &mut Report) -> Result<(), String> {
    let count = ground.runs(CASHIERS);
    eprintln!("bench: {count} cashiers at {ACCOUNTS} accounts");
    let ctx = ground.ctx("cashier").await?;
    let accounts = billing::accounts_open(&ground.database, ACCOUNTS).await.map_err(text)?;
    if accounts.is_empty() {
        return Err("nobody owes anything".to_owned());
    }
    let began = Instant::now();
    let cashiers = (0..count).map(|cashier| tokio::spawn(cash(ctx.clone(), accounts.clone(), cashier)));
    let mut times = Vec::new();
    for cashier in cashiers.collect::<Vec<_>>() {
        times.extend(cashier.await.map_err(|error| error.to_string())??);
    }
    let seconds = began.elapsed().as_secs_f64();
    let (ledger, payments) = billing::received(&ground.database).await.map_err(text)?;
    let taken = i64::try_from(times.len()).unwrap_or_default() * AMOUNT;
    if ledger != taken || payments != taken {
        return Err(format!("taken {taken}, by the ledger {ledger}, by the payments {payments}"));
    }
    let name = format!("payment, {count} cashiers at {ACCOUNTS} accounts");
    report.tell(format!("{name}: rate"), times.len() as f64 / seconds, "1/s", None);
    let times = Times::new(times);
    report.tell(format!("{name}, p50"), times.percentile(50), "ms", None);
    report.tell(format!("{name}, p99"), times.percentile(99), "ms", None);
    Ok(())
}

/// What is paid each time, in fen.
const AMOUNT: i64 = 137;

async fn cash(ctx: Ctx, accounts: Vec<i64>, cashier: usize) -> Result<Vec<f64>, String> {
    let mut times = Vec::new();
    for payment in 0..PAYMENTS {
        let account = AccountId(accounts[(cashier * 7 + payment * 13) % accounts.len()]);
        let form = PaymentForm {
            request: format!("00000000-0000-4000-8000-{cashier:06x}{payment:06x}"),
            amount: Money::from_fen(AMOUNT).to_string(),
            method: "CASH".to_owned(),
            prepay: true,
            ..PaymentForm::default()
        };
        let began = Instant::now();
        payment_take(&ctx, account, &form).await.map_err(text)?;
        times.push(milliseconds(began.elapsed()));
    }
    Ok(times)
}
