//! Direct debits at the size of a city (issue 4, Measured): batches of half a million items are made, sent, answered by the
//! simulated bank, read back, held against what was asked for, and entered; each step beside the bare work of the same rows.

use super::{
    city::{Ground, text},
    report::Report,
};
use crate::bank::{
    Bank, Encoding,
    exchange::files,
    folder::Folder,
    simulate::{Behaviour, Simulator},
};
use chrono::Days;
use domain::{billing::deduction::DeductionForm, id::DeductionBatchId};
use std::{
    fs::File,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};
use store::{
    Scope,
    bench::{
        deduction::{Step, agreements_keep, deduction_batches, deduction_floor, deduction_sums},
        settle,
    },
    billing::deduction::{deduction_check, deduction_create, deduction_send, deductions_build, deductions_post},
    ctx::china_day,
    platform::user::{UserRef, user_ctx},
};

const ITEMS: i64 = 500_000;
const QUICK_ITEMS: i64 = 100;
const TIMES: f64 = 3.0;
/// By then whatever was posted is due.
const LATER: Days = Days::new(60);

/// Measures step by step.
///
/// # Errors
/// One line that says what failed.
pub async fn measure(ground: &Ground, report: &mut Report) -> Result<(), String> {
    let database = &ground.database;
    agreements_keep(database, if ground.quick { QUICK_ITEMS } else { ITEMS }).await.map_err(text)?;
    settle(database, &ground.superuser).await.map_err(text)?;
    let now = chrono::Utc::now().checked_add_days(LATER).ok_or("no such day")?;
    let maker = user_ctx(database, UserRef::Login("finance"), now).await.map_err(text)?;
    let checker = user_ctx(database, UserRef::Login("accountant"), now).await.map_err(text)?;
    let Scope::City { districts } = maker.scope().clone() else { return Err("finance sees the city".to_owned()) };
    let place = ground.program.data.join("bank");
    let folder = Folder::open(&place)?;
    let bank = Bank { gateway: Box::new(folder.clone()), unit: "BENCH".to_owned(), encoding: Encoding::default() };
    let simulator = Simulator::new(folder.clone(), bank.encoding, Behaviour::Ok);

    eprintln!("bench: making batches of direct debits");
    let due_by = china_day(now).to_string();
    let began = Instant::now();
    for district in districts {
        let request = format!("00000000-0000-4000-8000-{district:012x}");
        let form = DeductionForm { request, district: district.to_string(), due_by: due_by.clone() };
        deduction_create(&maker, &form).await.map_err(text)?;
    }
    while deductions_build(database, now).await.map_err(text)? > 0 {}
    let build = began.elapsed();
    let batches = deduction_batches(database).await.map_err(text)?;
    let (items, ..) = deduction_sums(database).await.map_err(text)?;
    let name = format!("{items} direct debits in {} batches", batches.len());

    eprintln!("bench: {name}: sending");
    settle(database, &ground.superuser).await.map_err(text)?;
    let began = Instant::now();
    for (id, version) in batches {
        deduction_check(&checker, DeductionBatchId(id), version, "").await.map_err(text)?;
        deduction_send(&checker, DeductionBatchId(id), version + 1).await.map_err(text)?;
    }
    files(database, &bank, now).await?;
    let export = began.elapsed();
    let written = copied(&folder.out, &place.join("copy"))?;

    simulator.answer().await?;
    eprintln!("bench: {name}: reading the response");
    let read_bytes = copied(&folder.inbox, &place.join("copy"))?;
    settle(database, &ground.superuser).await.map_err(text)?;
    let began = Instant::now();
    files(database, &bank, now).await?;
    let read = began.elapsed();

    eprintln!("bench: {name}: entering");
    settle(database, &ground.superuser).await.map_err(text)?;
    let began = Instant::now();
    deductions_post(database, now).await.map_err(text)?;
    let post = began.elapsed();
    let (_, entered, deducted, paid, locked) = deduction_sums(database).await.map_err(text)?;
    if entered != items || deducted != paid || locked != 0 {
        return Err(format!(
            "{items} items, entered {entered}, taken {deducted}, by the payments {paid}, locked {locked}"
        ));
    }
    settle(database, &ground.superuser).await.map_err(text)?;
    for (step, what, took, besides) in [
        (Step::Build, "made", build, Duration::ZERO),
        (Step::Export, "checked and sent", export, written),
        (Step::Read, "read back and reconciled", read, read_bytes),
        (Step::Post, "entered", post, Duration::ZERO),
    ] {
        let floor = (deduction_floor(database, step).await.map_err(text)? + besides).as_secs_f64();
        report.at_most(format!("{name}: {what}"), took.as_secs_f64(), "s", Some(floor), floor * TIMES);
    }
    Ok(())
}

/// How long it takes to read the files of a folder and to write the same bytes to the disk.
fn copied(folder: &Path, copy: &Path) -> Result<Duration, String> {
    let began = Instant::now();
    let done = (|| -> std::io::Result<()> {
        let mut target = File::create(copy)?;
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_file() {
                target.write_all(&std::fs::read(path)?)?;
            }
        }
        target.sync_all()
    })();
    done.map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(began.elapsed())
}
