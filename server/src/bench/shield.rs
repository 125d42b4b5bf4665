//! What protection costs (issue 3, Measured): the same work with and without the operation log, row-level security and
//! sealed numbers, in turns on the same data.
//!
//! Without: the triggers of the log and the policies are off, and from the time is taken what sealing takes, measured
//! alone for as many persons: the program has no way to leave numbers open. The digests are written in both: without
//! them the numbers themselves would stand in an index.

use super::{
    city::{Ground, succeeded, text},
    person,
    report::Report,
    timing::{Times, milliseconds},
};
use domain::{import::SheetKey, list::ListQuery, person::PersonForm};
use std::{path::PathBuf, time::Instant};
use store::{
    Ctx,
    bench::{protection_set, sealing, settle},
    housing::unit_list::unit_list,
    person::{person_get, person_list, person_update},
};

/// Blocks of runs, with and without in turns: a change of policies makes every plan anew.
const BLOCKS: usize = 10;
const RUNS: usize = 50;
const WARM_UP: usize = 5;
const PERSONS: u32 = 100_000;
const QUICK_PERSONS: u32 = 100;
const EDIT_TIMES: f64 = 1.5;
const IMPORT_TIMES: f64 = 4.0;
const LIST_TIMES: f64 = 1.1;

/// Measures all three; leaves the protection on.
///
/// # Errors
/// One line that says what failed.
pub async fn measure(ground: &Ground, report: &mut Report) -> Result<(), String> {
    let measured = all(ground, report).await;
    protection_set(&ground.database, true).await.map_err(text)?;
    measured
}

async fn all(ground: &Ground, report: &mut Report) -> Result<(), String> {
    let ctx = ground.ctx("city").await?;
    eprintln!("bench: one person edited, with and without protection");
    let mut editing = Editing::begin(&ctx).await?;
    let (with, without) = turns(ground, async || editing.edit(&ctx).await).await?;
    let (with, without) = (with.percentile(50), without.percentile(50));
    let floor = (without - milliseconds(sealing(&ground.database, 1).map_err(text)?)).max(0.0);
    report.at_most("one person edited, p50", with, "ms", Some(floor), floor * EDIT_TIMES);

    eprintln!("bench: the unit list, with and without protection");
    let query = ListQuery::default();
    let (with, without) = turns(ground, async || unit_list(&ctx, &query).await.map(drop).map_err(text)).await?;
    let (with, without) = (with.percentile(50), without.percentile(50));
    report.at_most("unit list without protection beside it, p50", with, "ms", Some(without), without * LIST_TIMES);

    imports(ground, report).await
}

/// Times of a call with protection and without it.
async fn turns(ground: &Ground, mut call: impl AsyncFnMut() -> Result<(), String>) -> Result<(Times, Times), String> {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for block in 0..2 * ground.runs(BLOCKS) {
        let on = block % 2 == 0;
        protection_set(&ground.database, on).await.map_err(text)?;
        for run in 0..WARM_UP + ground.runs(RUNS) {
            let began = Instant::now();
            call().await?;
            if run >= WARM_UP {
                if on { &mut with } else { &mut without }.push(milliseconds(began.elapsed()));
            }
        }
    }
    Ok((Times::new(with), Times::new(without)))
}

/// One record, changed again and again: its employer, its telephone and its address.
struct Editing {
    id: domain::id::PersonId,
    form: PersonForm,
    version: i32,
    runs: u32,
}

impl Editing {
    async fn begin(ctx: &Ctx) -> Result<Self, String> {
        let row = person_list(ctx, &ListQuery::default()).await.map_err(text)?.rows.into_iter().next();
        let found = person_get(ctx, row.ok_or("there is no person")?.id).await.map_err(text)?;
        Ok(Self { id: found.id, version: found.version, form: PersonForm::from(&found), runs: 0 })
    }

    async fn edit(&mut self, ctx: &Ctx) -> Result<(), String> {
        self.runs += 1;
        self.form.employer = format!("基准测试单位{}", self.runs);
        self.form.phone = format!("1990000{:04}", self.runs % 10_000);
        self.form.live_address = format!("基准市基准区基准路{}号0301室", self.runs);
        person_update(ctx, self.id, self.version, &self.form).await.map_err(text)?;
        self.version += 1;
        Ok(())
    }
}

/// Imports of persons, by processes of their own.
async fn imports(ground: &Ground, report: &mut Report) -> Result<(), String> {
    let count = if ground.quick { QUICK_PERSONS } else { PERSONS };
    let keeper = store::bench::district_first(&ground.ctx("city").await?).await.map_err(text)?.0;
    let mut seconds = [0.0; 2];
    for (round, on) in [true, false].into_iter().enumerate() {
        let path = workbook(ground, count, round, &keeper)?;
        protection_set(&ground.database, on).await.map_err(text)?;
        settle(&ground.database, &ground.superuser).await.map_err(text)?;
        eprintln!("bench: import of {count} persons, {} protection", if on { "with" } else { "without" });
        let finished = ground.program.import(SheetKey::Person.code(), &[path], "city").await?;
        if succeeded(&finished.output)? != u64::from(count) {
            return Err(format!("not all of {count} persons went in"));
        }
        seconds[round] = finished.seconds;
    }
    let sealed = sealing(&ground.database, count).map_err(text)?.as_secs_f64();
    let floor = (seconds[1] - sealed).max(0.0);
    let name = format!("import of {count} persons beside the same without protection");
    report.at_most(name, seconds[0], "s", Some(floor), floor * IMPORT_TIMES);
    Ok(())
}

fn workbook(ground: &Ground, count: u32, round: usize, keeper: &str) -> Result<PathBuf, String> {
    let path = ground.program.data.join(format!("persons-{round}.xlsx"));
    // Behind those of the city and of the round before.
    let first = ground.persons() + u32::try_from(round).unwrap_or_default() * count;
    std::fs::write(&path, person::workbook(first..first + count, &[keeper])?)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}
