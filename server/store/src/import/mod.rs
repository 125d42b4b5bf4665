//! Imports (domain.md §7): a file is taken in chunks, each chunk in one transaction that also moves
//! the job's mark, so that a crash at any moment leaves exact counts and no half row.
//!
//! [`Importer`] is what a template adds: how its rows resolve names and what it writes, set-wise.
//! Reading the workbook is the server's business; what counts as a row, a duplicate or a failure is
//! decided here, the same for browser and command line.

pub mod job;

mod building;
mod estate;
mod organization;
mod project;
mod rent_standard;

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
};
use domain::{
    import::{ImportRow, SheetKey},
    platform::setting::CitySettings,
    sheet::{ImportSheet, RowError},
};
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
        self.0.entry(row_no).or_default().push(RowError::says(column, sentence));
    }

    pub fn has(&self, row_no: u32) -> bool {
        self.0.contains_key(&row_no)
    }
}

/// What stays the same through one import.
pub(crate) struct Run {
    pub ctx: Ctx,
    pub settings: CitySettings,
}

/// An import under way.
pub struct Import {
    run: Run,
    importer: AnyImporter,
    /// keys of the rows that went in, and their row numbers
    seen: HashMap<u128, u32>,
    write: bool,
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
        let districts = Districts(Some(load_districts(&mut tx).await?));
        tx.commit().await?;
        let importer = match sheet {
            SheetKey::Organization => AnyImporter::Organization(Default::default()),
            SheetKey::RentStandard => AnyImporter::RentStandard(Default::default()),
            SheetKey::Project => AnyImporter::Project(districts.into()),
            SheetKey::Estate => AnyImporter::Estate(districts.into()),
            SheetKey::Building => AnyImporter::Building(districts.into()),
        };
        Ok(Self { run: Run { ctx: ctx.clone(), settings }, importer, seen: HashMap::new(), write })
    }

    /// Takes rows that an earlier run has decided already (before a crash): remembers the keys of
    /// those that went in, so that later duplicates are found.
    pub fn replay(&mut self, rows: &[RawRow], failed: &HashSet<u32>) {
        for row in rows.iter().filter(|row| !failed.contains(&row.row_no)) {
            if let Some(key) = self.importer.raw_key(row) {
                self.seen.entry(key).or_insert(row.row_no);
            }
        }
    }

    /// Takes one chunk in one transaction. With a job the same transaction writes the failed rows
    /// and moves the job's mark to the last row of the chunk.
    ///
    /// # Errors
    /// When the database fails; then nothing of the chunk is saved.
    pub async fn chunk(&mut self, rows: Vec<RawRow>, job: Option<&str>) -> Result<Outcome> {
        let mut tx = self.run.ctx.begin().await?;
        let Self { run, importer, seen, write } = self;
        let last = rows.last().map_or(0, |row| row.row_no);
        let taken = match importer {
            AnyImporter::Organization(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::RentStandard(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::Project(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::Estate(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
            AnyImporter::Building(importer) => take(importer, run, &mut tx, rows, seen, *write).await,
        };
        let outcome = taken?;
        if let Some(job) = job {
            job::progress(&mut tx, job, last, &outcome).await?;
        }
        tx.commit().await?;
        if *write {
            run.ctx.database().announce();
        }
        Ok(outcome)
    }
}

impl AnyImporter {
    fn raw_key(&self, row: &RawRow) -> Option<u128> {
        fn of<F: Default + 'static>(importer: &impl Importer<F>, row: &RawRow) -> Option<u128> {
            importer.sheet().parse(row.row_no, &row.cells).ok().map(|form| fingerprint(&importer.key(&form)))
        }
        match self {
            Self::Organization(importer) => of(importer, row),
            Self::RentStandard(importer) => of(importer, row),
            Self::Project(importer) => of(importer, row),
            Self::Estate(importer) => of(importer, row),
            Self::Building(importer) => of(importer, row),
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
    seen: &mut HashMap<u128, u32>,
    write: bool,
) -> Result<Outcome> {
    let sheet = importer.sheet();
    let mut errors = Errors::default();
    let mut raw: HashMap<u32, Vec<String>> = HashMap::with_capacity(rows.len());
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        match sheet.parse(row.row_no, &row.cells) {
            // Looked for before the database is asked, which holds the earlier row by now.
            Ok(form) => match seen.get(&fingerprint(&importer.key(&form))) {
                Some(earlier) => errors.add(row.row_no, "", repeated(*earlier, row.row_no)),
                None => read.push(Row { row_no: row.row_no, form }),
            },
            Err(complaints) => drop(errors.0.insert(row.row_no, complaints)),
        }
        raw.insert(row.row_no, row.cells);
    }
    let planned = importer.plan(run, tx, read, &mut errors).await?;
    let mut first = Vec::with_capacity(planned.len());
    for row in planned {
        let key = fingerprint(&importer.key(&row.form));
        match seen.get(&key) {
            Some(earlier) => errors.add(row.row_no, "", repeated(*earlier, row.row_no)),
            None => {
                seen.insert(key, row.row_no);
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

fn repeated(earlier: u32, row_no: u32) -> String {
    format!("文件内第{earlier}行与第{row_no}行重复")
}

/// 128 bits of a digest: a million keys fit into little memory, and a clash will not happen.
fn fingerprint(key: &str) -> u128 {
    let digest = crate::platform::token::digest(key.as_bytes());
    u128::from_be_bytes(digest[..16].try_into().expect("a digest has 32 bytes"))
}

/// A district as imports find it by name or code.
#[derive(Clone, Debug)]
pub(crate) struct District {
    pub id: i64,
    pub name: String,
    pub bounds: Option<domain::value::BoundingBox>,
}

/// The districts of the city by name and by code; loaded once per import.
#[derive(Default)]
pub(crate) struct Districts(Option<HashMap<String, District>>);

impl Districts {
    /// The one name of a district for comparing rows: a file may call it by name here and by code there.
    pub fn one_name(&self, name: &str) -> String {
        let known = self.0.as_ref().and_then(|known| known.get(name));
        known.map_or_else(|| name.to_owned(), |district| district.id.to_string())
    }

    /// The district that a row names, or the complaint about it.
    pub async fn find<'a>(
        &'a mut self,
        run: &Run,
        tx: &mut Tx,
        name: &str,
    ) -> Result<std::result::Result<&'a District, String>> {
        if self.0.is_none() {
            self.0 = Some(load_districts(tx).await?);
        }
        let Some(district) = self.0.as_ref().and_then(|known| known.get(name)) else {
            return Ok(Err("所属区县不存在".to_owned()));
        };
        if !run.ctx.sees_district(district.id) {
            return Ok(Err(format!("无权导入机构【{}】的数据", district.name)));
        }
        Ok(Ok(district))
    }
}

async fn load_districts(tx: &mut Tx) -> Result<HashMap<String, District>> {
    let rows = sqlx::query!(
        r#"select o.id, o.code, o.name, o.short_name, o.division_code, v.min_lng as "min_lng?", v.min_lat as "min_lat?",
                  v.max_lng as "max_lng?", v.max_lat as "max_lat?"
           from organization o left join division v on v.code = o.division_code and v.outline is not null
           where o.type = 'DISTRICT' and o.deleted_at is null"#
    )
    .fetch_all(connection(tx))
    .await?;
    let mut known = HashMap::new();
    for row in rows {
        let bounds = match (row.min_lng, row.min_lat, row.max_lng, row.max_lat) {
            (Some(min_lng), Some(min_lat), Some(max_lng), Some(max_lat)) => {
                Some(domain::value::BoundingBox { min_lng, min_lat, max_lng, max_lat })
            }
            _ => None,
        };
        let district = District { id: row.id, name: row.name.clone(), bounds };
        for name in [Some(row.division_code), Some(row.code), row.short_name, Some(row.name)].into_iter().flatten() {
            known.insert(name, district.clone());
        }
    }
    Ok(known)
}

/// Where a place stands on the city's map, or the complaint that it lies outside the district.
pub(crate) fn map_point(
    run: &Run,
    district: &District,
    place: Option<domain::housing::place::Place>,
) -> std::result::Result<Option<domain::value::Point>, String> {
    let Some(place) = place else { return Ok(None) };
    let point = place.on_map(run.settings.map_system);
    if district.bounds.is_none_or(|bounds| bounds.contains(point)) {
        Ok(Some(point))
    } else {
        Err(format!("坐标不在【{}】范围内", district.name))
    }
}

/// Ids of organisations by name, for those of `names` that exist; also found by code.
pub(crate) async fn organizations_named(tx: &mut Tx, names: HashSet<&str>) -> Result<HashMap<String, i64>> {
    let names: Vec<String> = names.into_iter().map(ToOwned::to_owned).collect();
    let rows = sqlx::query!(
        "select id, code, name from organization where (name = any($1) or code = any($1)) and deleted_at is null and status = 'ON' order by id desc",
        &names
    )
    .fetch_all(connection(tx))
    .await?;
    // Of two organisations of one name (in different districts) the first entered is meant.
    Ok(rows.into_iter().flat_map(|row| [(row.code, row.id), (row.name, row.id)]).collect())
}

/// Ids of operators by name.
pub(crate) async fn operators_named(tx: &mut Tx, names: HashSet<&str>) -> Result<HashMap<String, i64>> {
    let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect();
    let rows =
        sqlx::query!("select id, name from operator where name = any($1)", &names).fetch_all(connection(tx)).await?;
    Ok(rows.into_iter().map(|row| (row.name, row.id)).collect())
}
