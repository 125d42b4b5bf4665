//! The city that is measured: loaded by the normal import, file by file, by processes of their own.

use super::{
    Args, person,
    process::Program,
    report::Report,
    source::{CITY_UNITS, Source},
};
use crate::{
    config::Opened,
    hdb::{City, Options},
};
use domain::{import::SheetKey, platform::setting::code, value::BoundingBox};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use store::{
    Ctx, Database,
    bench::{settle, unit_count},
    platform::{
        division::division_put,
        organization::city_seed,
        setting::setting_put,
        token::random_password,
        user::{NewUser, UserRef, user_create, user_ctx},
    },
    search::search_refresh,
};

const CITY: &str = "990000";
/// The whole city through the command line (issue 2, item 9).
const LOAD_SECONDS: f64 = 600.0;
/// Persons of a city that large.
const CITY_PERSONS: u32 = 300_000;
const QUICK_PERSONS: u32 = 200;
/// The importing process (issue 2, Measured).
pub const IMPORT_MEGABYTES: f64 = 400.0;

/// Everything that the measurements stand on.
pub struct Ground {
    pub database: Database,
    /// address of the cluster's superuser
    pub superuser: String,
    pub program: Program,
    pub source: Source,
    pub quick: bool,
    pub loaded: Loaded,
}

/// What is known about a city that was loaded; kept beside it for `--keep`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Loaded {
    /// passwords by account
    accounts: BTreeMap<String, String>,
    rows: u64,
    seconds: f64,
    peak_megabytes: Option<f64>,
    persons: u64,
    persons_seconds: f64,
    index_seconds: f64,
    /// the box of the first district and that of the whole city: west, south, east, north
    district_box: [f64; 4],
    city_box: [f64; 4],
}

impl Ground {
    /// Loads the city, or takes the one that an earlier run kept.
    ///
    /// # Errors
    /// One line that says what failed.
    pub async fn lay(args: &Args, data: &Path, opened: &Opened) -> Result<Self, String> {
        let source = match (&args.blocks, &args.towns) {
            (Some(blocks), Some(towns)) => Source::read(blocks, towns)?,
            _ if args.quick => Source::small()?,
            _ => Source::synthetic(CITY_UNITS)?,
        };
        let path = match &args.program {
            Some(path) => path.clone(),
            None => std::env::current_exe().map_err(|error| error.to_string())?,
        };
        let cluster = opened.cluster.as_ref().ok_or("the benchmark needs a private database")?;
        let mut ground = Self {
            database: opened.database.clone(),
            superuser: cluster.superuser_url(),
            program: Program { path, data: data.to_owned() },
            source,
            quick: args.quick,
            loaded: Loaded::default(),
        };
        let note = data.join("loaded.json");
        if let Ok(text) = std::fs::read_to_string(&note) {
            ground.loaded = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", note.display()))?;
            return Ok(ground);
        }
        ground.load(data).await?;
        let text = serde_json::to_string(&ground.loaded).map_err(|error| error.to_string())?;
        std::fs::write(&note, text).map_err(|error| format!("{}: {error}", note.display()))?;
        Ok(ground)
    }

    /// The context of an account.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn ctx(&self, login: &str) -> Result<Ctx, String> {
        user_ctx(&self.database, UserRef::Login(login), chrono::Utc::now()).await.map_err(text)
    }

    /// Runs as often as this, or only so often that one sees it work.
    #[must_use]
    pub fn runs(&self, full: usize) -> usize {
        if self.quick { full.min(3) } else { full }
    }

    /// How many persons the city has.
    #[must_use]
    pub fn persons(&self) -> u32 {
        if self.quick { QUICK_PERSONS } else { CITY_PERSONS }
    }

    #[must_use]
    pub fn password(&self, login: &str) -> &str {
        self.loaded.accounts.get(login).map_or("", String::as_str)
    }

    /// The boxes of the whole city and of its first district.
    #[must_use]
    pub fn boxes(&self) -> [BoundingBox; 2] {
        [self.loaded.city_box, self.loaded.district_box].map(|[min_lng, min_lat, max_lng, max_lat]| BoundingBox {
            min_lng,
            min_lat,
            max_lng,
            max_lat,
        })
    }

    async fn load(&mut self, data: &Path) -> Result<(), String> {
        let folder = data.join("books");
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        city_seed(&self.database, CITY, "基准测试住房保障中心", CITY).await.map_err(text)?;
        setting_put(&self.database, code::MAP_SYSTEM, "WGS84").await.map_err(text)?;
        setting_put(&self.database, code::SECOND_FACTOR, "false").await.map_err(text)?;
        self.account("admin", "SYS_ADMIN", CITY).await?;
        self.account("city", "CITY", CITY).await?;
        self.account("finance", "FINANCE", CITY).await?;
        self.account("accountant", "FINANCE", CITY).await?;
        self.account("cashier", "CASHIER", CITY).await?;
        let options = Options { city: Some(CITY.to_owned()), ..Options::default() };
        let city = City::read(&self.source.blocks, &self.source.areas, options)?;
        eprintln!("bench: writing the workbooks of {}", city.summary());
        let books = books(&city, &folder)?;
        for sheet in SheetKey::ALL {
            let files = books.get(sheet.code()).map(Vec::as_slice).unwrap_or_default();
            if files.is_empty() {
                // Persons come last, and from elsewhere.
                continue;
            }
            eprintln!("bench: importing {} ({} files)", sheet.code(), files.len());
            self.import(sheet, files).await?;
            if sheet == SheetKey::Organization {
                // Coordinates are checked against the districts' outlines, so these come before the stock.
                let ctx = self.ctx("city").await?;
                for outline in city.outlines() {
                    division_put(&ctx, &outline.division_code, &outline.name, &outline.geometry, outline.bounds)
                        .await
                        .map_err(text)?;
                }
            }
        }
        let outlines = city.outlines();
        let first = outlines.first().ok_or("the city has no district")?;
        self.account("district", "DISTRICT", &first.division_code).await?;
        self.loaded.district_box = corners(first.bounds);
        self.loaded.city_box = outlines
            .iter()
            .map(|outline| corners(outline.bounds))
            .fold(corners(first.bounds), |a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
        self.load_persons(&folder, &outlines.iter().map(|outline| outline.division_code.as_str()).collect::<Vec<_>>())
            .await?;
        let wanted = i64::try_from(city.summary().units).unwrap_or(i64::MAX);
        let found = unit_count(&self.ctx("city").await?).await.map_err(text)?;
        if found != wanted {
            return Err(format!("the city should have {wanted} units and has {found}"));
        }
        eprintln!("bench: letting the database settle");
        settle(&self.database, &self.superuser).await.map_err(text)
    }

    /// Tenants of the city, and the index by which they and the stock are found.
    async fn load_persons(&mut self, folder: &Path, keepers: &[&str]) -> Result<(), String> {
        let path = folder.join("persons.xlsx");
        let count = self.persons();
        std::fs::write(&path, person::workbook(0..count, keepers)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        eprintln!("bench: importing {count} persons");
        let finished = self.program.import(SheetKey::Person.code(), &[path], "city").await?;
        (self.loaded.persons, self.loaded.persons_seconds) = (succeeded(&finished.output)?, finished.seconds);
        eprintln!("bench: indexing");
        let began = std::time::Instant::now();
        while search_refresh(&self.database).await.map_err(text)? > 0 {}
        self.loaded.index_seconds = began.elapsed().as_secs_f64();
        Ok(())
    }

    async fn import(&mut self, sheet: SheetKey, files: &[PathBuf]) -> Result<(), String> {
        let login = if sheet == SheetKey::Organization { "admin" } else { "city" };
        let finished = self.program.import(sheet.code(), files, login).await?;
        self.loaded.rows += succeeded(&finished.output)?;
        self.loaded.seconds += finished.seconds;
        self.loaded.peak_megabytes =
            self.loaded.peak_megabytes.into_iter().chain(finished.peak_megabytes).reduce(f64::max);
        Ok(())
    }

    async fn account(&mut self, login: &'static str, role: &'static str, organization: &str) -> Result<(), String> {
        let password = random_password();
        self.loaded.accounts.insert(login.to_owned(), password.clone());
        let user = NewUser {
            login,
            name: "基准测试",
            organization_code: organization,
            roles: &[role],
            password,
            must_change_password: false,
            demo: false,
        };
        user_create(&self.database, user).await.map_err(text).map(drop)
    }

    /// How the load went.
    pub fn report(&self, report: &mut Report) {
        let Loaded { rows, seconds, peak_megabytes, .. } = &self.loaded;
        report.at_most(format!("load of the whole city, {rows} rows: time"), *seconds, "s", None, LOAD_SECONDS);
        report.tell("load of the whole city: speed", *rows as f64 / seconds, "row/s", None);
        let Loaded { persons, persons_seconds, index_seconds, .. } = &self.loaded;
        report.tell(format!("import of {persons} persons: time"), *persons_seconds, "s", None);
        report.tell(format!("import of {persons} persons: speed"), *persons as f64 / persons_seconds, "row/s", None);
        report.tell("search index of the whole city: time", *index_seconds, "s", None);
        if let Some(peak) = peak_megabytes {
            report.at_most("load of the whole city: peak memory", *peak, "MB", None, IMPORT_MEGABYTES);
        }
    }
}

/// Writes the workbooks; answers them by sheet, in their order.
fn books(city: &City, folder: &Path) -> Result<BTreeMap<&'static str, Vec<PathBuf>>, String> {
    let books = std::sync::Mutex::new(BTreeMap::<&'static str, Vec<PathBuf>>::new());
    city.books(|book| {
        let path = folder.join(&book.name);
        std::fs::write(&path, &book.content).map_err(|error| format!("{}: {error}", path.display()))?;
        books.lock().map_err(|_| "a writer failed")?.entry(book.sheet.code()).or_default().push(path);
        Ok(())
    })?;
    let mut books = books.into_inner().map_err(|_| "a writer failed")?;
    books.values_mut().for_each(|files| files.sort());
    Ok(books)
}

/// The rows that an import took; one that failed is a defect of ours.
///
/// # Errors
/// When not every row went in.
pub fn succeeded(output: &str) -> Result<u64, String> {
    let report: serde_json::Value =
        serde_json::from_str(output).map_err(|_| "an import broke off: see import.log".to_owned())?;
    match (report["failed"].as_u64(), report["succeeded"].as_u64()) {
        (Some(0), Some(rows)) if rows > 0 => Ok(rows),
        _ => Err(format!("an import failed: {}", report["errors"][0])),
    }
}

fn corners(bounds: BoundingBox) -> [f64; 4] {
    [bounds.min_lng, bounds.min_lat, bounds.max_lng, bounds.max_lat]
}

/// An error in a line.
pub fn text(error: store::Error) -> String {
    error.to_string()
}
