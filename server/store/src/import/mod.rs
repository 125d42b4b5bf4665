//! Imports (domain.md §7): a file is taken in chunks, each chunk in one transaction that also moves
//! the job's mark, so that a crash at any moment leaves exact counts and no half row.
//!
//! [`Importer`] is what a template adds: how its rows resolve names and what it writes, set-wise.
//! Reading the workbook is the server's business; what counts as a row, a duplicate or a failure is
//! decided here, the same for browser and command line.

pub mod job;

mod binding;
mod building;
mod calendar;
mod contract;
mod estate;
mod lease;
mod meter_reading;
mod name;
mod organization;
mod person;
mod project;
mod rent_adjustment;
mod rent_standard;
mod room;
mod take_over;
mod user;

use crate::{Ctx, Result, ctx::Tx, platform::dictionary::labels_load};
use domain::{
    dictionary::LabelBook,
    import::{ImportRow, ImportStatus, SheetKey},
    platform::setting::CitySettings,
    sheet::{ImportSheet, RowError},
};
use name::Districts;
use std::collections::{HashMap, HashSet};

/// Rows per transaction: large enough for set-wise work, small enough that a status change made
/// meanwhile waits only a moment for a counter.
pub const CHUNK_ROWS: usize = 2_000;

/// A row as it stands in the file.
#[derive(Clone, Debug)]
pub struct RawRow {
    pub row_no: u32,
    pub cells: Vec<String>,
}

/// A row that was read without complaint.
pub(crate) struct Row<F> {
    pub row_no: u32,
    pub form: F,
}

/// What a template adds to the general course of an import. `F` is its form.
pub(crate) trait Importer<F: Default + 'static>: Send {
    fn sheet(&self) -> &'static ImportSheet<F>;

    /// What makes two rows of one file duplicates.
    fn key(&self, form: &F) -> String;

    /// What a row is told whose noun is there already.
    fn taken(&self, form: &F) -> RowError;

    /// Resolves names and checks rows against the database, without writing. Keeps the rows that can
    /// go in; the complaints about the others go into `errors` by row.
    async fn plan(&mut self, run: &Run, tx: &mut Tx, rows: Vec<Row<F>>, errors: &mut Errors) -> Result<Vec<Row<F>>>;

    /// Writes planned rows. A row that somebody else was faster with goes into `errors`.
    async fn write(&mut self, run: &Run, tx: &mut Tx, rows: Vec<Row<F>>, errors: &mut Errors) -> Result<()>;
}

/// Complaints by row number.
#[derive(Default)]
pub(crate) struct Errors(HashMap<u32, Vec<RowError>>);

impl Errors {
    pub fn add(&mut self, row_no: u32, column: &str, sentence: impl Into<String>) {
        self.push(row_no, RowError::says(column, sentence));
    }

    pub fn push(&mut self, row_no: u32, error: RowError) {
        self.0.entry(row_no).or_default().push(error);
    }

    pub fn has(&self, row_no: u32) -> bool {
        self.0.contains_key(&row_no)
    }
}

/// What stays the same through one import.
pub(crate) struct Run {
    pub ctx: Ctx,
    pub settings: CitySettings,
    /// the job of the import log, where there is one
    pub job: Option<String>,
    /// the city's labels, which a file may use
    pub labels: LabelBook,
}

/// An import under way.
pub struct Import {
    run: Run,
    importer: AnyImporter,
    seen: Seen,
    write: bool,
    /// the last row that is decided, in this run or an earlier one
    done_row: u32,
}

/// Keys of the rows that went in, and where they stood.
#[derive(Default)]
struct Seen {
    rows: HashMap<u128, Place>,
    /// number of the file that is being taken
    file: u32,
}

/// Where a row stands.
#[derive(Clone, Copy)]
struct Place {
    file: u32,
    row_no: u32,
}

impl Seen {
    fn note(&mut self, key: u128, row_no: u32) {
        self.rows.entry(key).or_insert(Place { file: self.file, row_no });
    }

    /// What a row is told whose key went in before; one of an earlier file is there already.
    fn complaint<F: Default + 'static>(
        &self,
        key: u128,
        importer: &impl Importer<F>,
        row: &Row<F>,
    ) -> Option<RowError> {
        let (earlier, row_no) = (self.rows.get(&key)?, row.row_no);
        Some(if earlier.file == self.file {
            RowError::says("", format!("文件内第{}行与第{row_no}行重复", earlier.row_no))
        } else {
            importer.taken(&row.form)
        })
    }
}

/// The outcome of one chunk.
#[derive(Debug, Default)]
pub struct Outcome {
    pub succeeded: u32,
    pub failed: Vec<ImportRow>,
}

enum AnyImporter {
    Organization(organization::Organizations),
    RentStandard(rent_standard::RentStandards),
    Project(project::Projects),
    Estate(estate::Estates),
    Building(building::Buildings),
    Room(room::Rooms),
    Person(person::Persons),
    Binding(binding::Bindings),
    User(user::Users),
    Calendar(calendar::Holidays),
    RentAdjustment(rent_adjustment::RentAdjustments),
    MeterReading(meter_reading::MeterReadings),
    Contract(contract::Contracts),
    TakeOver(take_over::TakeOvers),
}

impl Import {
    /// Starts an import; with `write` off it only checks.
    ///
    /// # Errors
    /// Without the permission of the sheet.
    pub async fn start(ctx: &Ctx, sheet: SheetKey, write: bool) -> Result<Self> {
        ctx.require(sheet.permission())?;
        let settings = crate::platform::setting::settings_get(ctx.database()).await?;
        let mut tx = ctx.begin().await?;
        let districts = Districts::load(&mut tx).await?;
        let labels = labels_load(&mut tx).await?;
        tx.commit().await?;
        let importer = match sheet {
            SheetKey::Organization => AnyImporter::Organization(Default::default()),
            SheetKey::RentStandard => AnyImporter::RentStandard(districts.into()),
            SheetKey::Project => AnyImporter::Project(districts.into()),
            SheetKey::Estate => AnyImporter::Estate(districts.into()),
            SheetKey::Building => AnyImporter::Building(districts.into()),
            SheetKey::Room => AnyImporter::Room(Default::default()),
            SheetKey::Person => AnyImporter::Person(Default::default()),
            SheetKey::Binding => AnyImporter::Binding(Default::default()),
            SheetKey::User => AnyImporter::User(Default::default()),
            SheetKey::Calendar => AnyImporter::Calendar(Default::default()),
            SheetKey::RentAdjustment => AnyImporter::RentAdjustment(Default::default()),
            SheetKey::MeterReading => AnyImporter::MeterReading(Default::default()),
            SheetKey::Contract => AnyImporter::Contract(Default::default()),
            SheetKey::TakeOver => AnyImporter::TakeOver(Default::default()),
        };
        Ok(Self {
            run: Run { ctx: ctx.clone(), settings, labels, job: None },
            importer,
            seen: Seen::default(),
            write,
            done_row: 0,
        })
    }

    /// The same, changing what is there already instead of refusing it where the sheet can (option 更新).
    #[must_use]
    pub fn updating(mut self, update_known: bool) -> Self {
        match &mut self.importer {
            AnyImporter::Person(importer) => importer.update_known = update_known,
            AnyImporter::Calendar(importer) => importer.update_known = update_known,
            _ => {}
        }
        self
    }

    /// Goes on with the rows of a further file, to which those of the earlier ones are there already.
    pub fn next_file(&mut self) {
        self.seen.file += 1;
        self.done_row = 0;
        if let AnyImporter::User(importer) = &mut self.importer {
            importer.next_file();
        }
    }

    /// Takes rows that an earlier run has decided already (before a crash): remembers the keys of
    /// those that went in, so that later duplicates are found.
    pub fn replay(&mut self, rows: &[RawRow], failed: &HashSet<u32>) {
        for row in rows.iter().filter(|row| !failed.contains(&row.row_no)) {
            if let Some(key) = self.importer.raw_key(row, &self.run.labels) {
                self.seen.note(key, row.row_no);
            }
        }
        self.done_row = rows.last().map_or(self.done_row, |row| row.row_no);
    }

    /// Takes one chunk in one transaction. With a job the same transaction writes the failed rows
    /// and moves the job's mark to the last row of the chunk.
    ///
    /// # Errors
    /// When the database fails, or with [`domain::failure::Failure::Conflict`] when the job is not where this import
    /// left it: somebody else goes on with it, or ended it. Either way nothing of the chunk is saved.
    pub async fn chunk(&mut self, rows: Vec<RawRow>, job: Option<&str>) -> Result<Outcome> {
        let mut tx = match &self.importer {
            // Accounts and the calendar are the platform's; that they may be written was asked when the import started.
            AnyImporter::User(_) | AnyImporter::Calendar(_) => self.run.ctx.begin_platform().await?,
            _ => self.run.ctx.begin().await?,
        };
        self.run.job = job.map(ToOwned::to_owned);
        if let Some(job) = job {
            job::hold(&mut tx, job, self.stage(), self.done_row).await?;
        }
        let Self { run, importer, seen, write, done_row } = self;
        let last = rows.last().map_or(*done_row, |row| row.row_no);
        let taken = match importer {
            AnyImporter::Organization(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::RentStandard(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::Project(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::Estate(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::Building(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::Room(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::Person(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::Binding(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::User(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::Calendar(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::RentAdjustment(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::MeterReading(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::Contract(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::TakeOver(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
        };
        let outcome = taken?;
        if let Some(job) = job {
            job::progress(&mut tx, run.ctx.database(), job, last, &outcome).await?;
        }
        tx.commit().await?;
        *done_row = last;
        if *write {
            run.ctx.database().announce();
        }
        Ok(outcome)
    }

    /// Ends the stage of a job whose last row was taken: the check, or the import.
    ///
    /// # Errors
    /// As [`Self::chunk`].
    pub async fn end(&self, job: &str) -> Result<()> {
        job::end(self.run.ctx.database(), job, self.stage(), self.done_row).await
    }

    /// Where the job stands while this import works on it.
    fn stage(&self) -> ImportStatus {
        if self.write { ImportStatus::Executing } else { ImportStatus::Parsing }
    }
}

impl AnyImporter {
    fn raw_key(&self, row: &RawRow, labels: &LabelBook) -> Option<u128> {
        fn of<F: Default + 'static>(importer: &impl Importer<F>, row: &RawRow, labels: &LabelBook) -> Option<u128> {
            importer.sheet().parse(row.row_no, &row.cells, labels).ok().map(|form| fingerprint(&importer.key(&form)))
        }
        match self {
            Self::Organization(importer) => of(importer, row, labels),
            Self::RentStandard(importer) => of(importer, row, labels),
            Self::Project(importer) => of(importer, row, labels),
            Self::Estate(importer) => of(importer, row, labels),
            Self::Building(importer) => of(importer, row, labels),
            Self::Room(importer) => of(importer, row, labels),
            Self::Person(importer) => of(importer, row, labels),
            Self::Binding(importer) => of(importer, row, labels),
            Self::User(importer) => of(importer, row, labels),
            Self::Calendar(importer) => of(importer, row, labels),
            Self::RentAdjustment(importer) => of(importer, row, labels),
            Self::MeterReading(importer) => of(importer, row, labels),
            Self::Contract(importer) => of(importer, row, labels),
            Self::TakeOver(importer) => of(importer, row, labels),
        }
    }
}

/// The course of every chunk: read, plan, drop duplicates inside the file (the first valid row
/// wins, domain.md §7.0), write.
async fn take<F: Default + Send + 'static>(
    importer: &mut impl Importer<F>,
    run: &Run,
    tx: &mut Tx,
    rows: Vec<RawRow>,
    seen: &mut Seen,
    write: bool,
) -> Result<Outcome> {
    let sheet = importer.sheet();
    let mut errors = Errors::default();
    let mut raw: HashMap<u32, Vec<String>> = HashMap::with_capacity(rows.len());
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        match sheet.parse(row.row_no, &row.cells, &run.labels) {
            // Looked for before the database is asked, which holds the earlier row by now.
            Ok(form) => {
                let form = Row { row_no: row.row_no, form };
                match seen.complaint(fingerprint(&importer.key(&form.form)), importer, &form) {
                    Some(error) => errors.push(row.row_no, error),
                    None => read.push(form),
                }
            }
            Err(complaints) => drop(errors.0.insert(row.row_no, complaints)),
        }
        raw.insert(row.row_no, row.cells);
    }
    let planned = importer.plan(run, tx, read, &mut errors).await?;
    let mut first = Vec::with_capacity(planned.len());
    for row in planned {
        let key = fingerprint(&importer.key(&row.form));
        match seen.complaint(key, importer, &row) {
            Some(error) => errors.push(row.row_no, error),
            None => {
                seen.note(key, row.row_no);
                first.push(row);
            }
        }
    }
    if write {
        importer.write(run, tx, first, &mut errors).await?;
    }
    let succeeded = u32::try_from(raw.len() - errors.0.len()).expect("a chunk is small");
    let mut failed: Vec<ImportRow> = errors
        .0
        .into_iter()
        .map(|(row_no, errors)| ImportRow {
            row_no: i32::try_from(row_no).unwrap_or(i32::MAX),
            raw: raw.remove(&row_no).unwrap_or_default(),
            errors,
        })
        .collect();
    failed.sort_by_key(|row| row.row_no);
    Ok(Outcome { succeeded, failed })
}

/// 128 bits of a digest: a million keys fit into little memory, and a clash will not happen.
fn fingerprint(key: &str) -> u128 {
    let digest = crate::platform::token::digest(key.as_bytes());
    u128::from_be_bytes(digest[..16].try_into().expect("a digest has 32 bytes"))
}
