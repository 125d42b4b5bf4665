//! `server bench`: every measured figure of the platform beside the floor it is compared with, from one run.
//!
//! Starts a private cluster of its own with the durable settings of production, loads a city of more than a
//! million units by the normal import, and measures from outside: imports and the server are processes of
//! their own, pages come over HTTP. What the figures mean stands in each group's file. It reports and does
//! not judge: the exit status is 0 also when limits are missed.

mod arrears;
mod billing;
mod city;
mod deduction;
mod home;
mod http;
mod import;
mod list;
mod map;
mod person;
mod portal;
mod process;
mod report;
mod search;
mod shield;
mod size;
mod source;
mod timing;
mod twin;

use crate::config::{Config, Opened};
use city::Ground;
use report::Report;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    time::Instant,
};

/// What can be measured for itself.
const GROUPS: [&str; 10] = ["list", "map", "search", "home", "twin", "size", "import", "shield", "billing", "portal"];

/// What `bench` measures with.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// small city and short runs: shows that it works, its figures mean nothing
    #[arg(long)]
    pub quick: bool,
    /// block list of the HDB form; without it a city of that size is made from the shipped extract
    #[arg(long, env = "HOUSING_BENCH_BLOCKS", requires = "towns")]
    pub blocks: Option<PathBuf>,
    /// areas of the towns in the block list, GeoJSON
    #[arg(long, env = "HOUSING_BENCH_TOWNS", requires = "blocks")]
    pub towns: Option<PathBuf>,
    /// folder of the browser bundle
    #[arg(long, env = "HOUSING_SITE", default_value = "target/site")]
    pub site: PathBuf,
    /// folder of Lighthouse, which judges the tenants' page
    #[arg(long, default_value = "end2end/lighthouse")]
    pub lighthouse: PathBuf,
    /// folder to work in; the figures go into the .json beside it
    #[arg(long, default_value = "target/bench")]
    pub folder: PathBuf,
    /// leave the loaded city there and use it again the next time
    #[arg(long)]
    pub keep: bool,
    /// measure these groups alone, and leave the other figures of the .json as they are; in the order of the whole: list, map,
    /// search, home, twin, size, import, shield, billing, portal
    #[arg(long, value_delimiter = ',', value_parser = GROUPS)]
    pub only: Vec<String>,
    /// the program to measure, if not this one
    #[arg(skip)]
    pub program: Option<PathBuf>,
}

/// Runs everything; prints the table and writes the JSON.
///
/// # Errors
/// One line that says what could not be measured.
pub async fn run(args: &Args) -> Result<(), String> {
    let began = Instant::now();
    fs::create_dir_all(&args.folder).map_err(|error| format!("{}: {error}", args.folder.display()))?;
    let folder = args.folder.canonicalize().map_err(|error| format!("{}: {error}", args.folder.display()))?;
    let lock = File::create(folder.join("lock")).map_err(|error| error.to_string())?;
    lock.try_lock().map_err(|_| format!("another benchmark works in {}", folder.display()))?;
    let report = if args.only == ["size"] {
        let mut sizes = Report::default();
        size::measure(&args.site, &mut sizes)?;
        sizes
    } else {
        if !args.quick && wanted(args, "portal") && !portal::is_installed(&args.lighthouse) {
            return Err(format!("{}: Lighthouse is not installed; run `.ci/setup --bench`", args.lighthouse.display()));
        }
        on_a_city(args, &folder).await?
    };
    let file = folder.with_extension("json");
    report.write(&file, args.only.is_empty())?;
    println!(
        "{:.0} s in all, figures also in {}\n\n{}",
        began.elapsed().as_secs_f64(),
        file.display(),
        report.table().trim_end()
    );
    Ok(())
}

/// Whether a group is to be measured.
fn wanted(args: &Args, group: &str) -> bool {
    args.only.is_empty() || args.only.iter().any(|only| only == group)
}

async fn on_a_city(args: &Args, folder: &Path) -> Result<Report, String> {
    let data = folder.join("run");
    let config = Config { data: data.clone(), ..Config::default() };
    if !(args.keep && data.join("loaded.json").exists()) {
        clear(&config).await?;
    }
    let opened = config.open().await?;
    let measured = tokio::select! {
        measured = measure(args, &data, &opened) => measured,
        _ = tokio::signal::ctrl_c() => Err("interrupted".to_owned()),
    };
    let place = opened.cluster.as_ref().map(|cluster| cluster.directory().to_owned());
    opened.close().await;
    if !args.keep {
        remove(&data, place.as_deref())?;
    }
    measured
}

/// Removes what an earlier run left behind, whose database may still be running after a crash.
async fn clear(config: &Config) -> Result<(), String> {
    if !config.data.exists() {
        return Ok(());
    }
    let cluster = crate::cluster::start(&config.data.join("postgres")).await.map_err(|error| error.to_string())?;
    let place = cluster.directory().to_owned();
    cluster.stop().await.map_err(|error| error.to_string())?;
    remove(&config.data, Some(&place))
}

fn remove(data: &Path, place: Option<&Path>) -> Result<(), String> {
    for path in place.into_iter().chain([data]).filter(|path| path.exists()) {
        fs::remove_dir_all(path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

async fn measure(args: &Args, data: &Path, opened: &Opened) -> Result<Report, String> {
    println!("{}", machine(opened).await?);
    let ground = Ground::lay(args, data, opened).await?;
    let (mut imports, mut pages) = (Report::default(), Report::default());
    ground.report(&mut imports);
    let serving = ground.program.serve(&args.site).await?;
    let mut sessions = BTreeMap::new();
    for login in ["city", "district"] {
        sessions.insert(login, http::sign_in(serving.address, &ground.database, login, ground.password(login)).await?);
    }
    let wanted = |group: &str| wanted(args, group);
    if wanted("list") {
        list::measure(&ground, serving.address, &sessions, &mut pages).await?;
    }
    if wanted("map") {
        map::measure(&ground, serving.address, &sessions, &mut pages).await?;
    }
    if wanted("search") {
        search::measure(&ground, serving.address, &sessions, &mut pages).await?;
    }
    if wanted("home") {
        home::measure(&ground, &serving, &sessions["city"], &mut pages).await?;
    }
    if wanted("twin") {
        twin::measure(&ground, &args.site, &serving, &sessions["city"], &mut pages).await?;
    }
    serving.stop().await;
    if wanted("size") {
        size::measure(&args.site, &mut pages)?;
    }
    // Last, because they make the city larger.
    if wanted("import") {
        import::measure(&ground, &mut imports).await?;
    }
    if wanted("shield") {
        shield::measure(&ground, &mut imports).await?;
    }
    if wanted("billing") {
        billing::measure(&ground, &mut pages).await?;
        deduction::measure(&ground, &mut pages).await?;
        arrears::measure(&ground, &mut pages).await?;
    }
    // Behind billing, whose bills it shows.
    if wanted("portal") {
        portal::measure(&ground, &args.site, &args.lighthouse, &mut pages).await?;
    }
    imports.append(pages);
    Ok(imports)
}

/// What the figures were measured on; without it they cannot be compared.
async fn machine(opened: &Opened) -> Result<String, String> {
    let version = store::bench::server_version(&opened.database).await.map_err(city::text)?;
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    let build = if cfg!(debug_assertions) { "quick build" } else { "release build" };
    Ok(format!("{processors} processors, load {load} before the start, PostgreSQL {version}, {build}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that is removed at the end.
    struct Scratch(PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
            let _ = fs::remove_file(self.0.with_extension("json"));
        }
    }

    /// The program beside the tests: cargo puts it into the folder above theirs.
    fn program() -> PathBuf {
        let test = std::env::current_exe().expect("a test has a path");
        let program = test.parent().and_then(Path::parent).expect("tests lie two folders deep").join("server");
        assert!(program.is_file(), "build the server first: cargo build -p server");
        program
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn everything_can_be_measured() {
        let scratch = Scratch(std::env::temp_dir().join(format!("housing-bench-{}", std::process::id())));
        let site = scratch.0.join("site");
        fs::create_dir_all(&site).expect("a folder");
        fs::write(site.join("build.txt"), "test").expect("written");
        let sizes = r#"{"hash": "test", "release": true, "initial_brotli": 1000, "files": [], "modules": []}"#;
        fs::write(site.join("sizes.json"), sizes).expect("written");
        fs::write(site.join("favicon.svg"), "<svg/>").expect("written");
        let folder = scratch.0.clone();
        let args = Args {
            quick: true,
            blocks: None,
            towns: None,
            site,
            // Not installed here: `make test` has no use for a browser that takes minutes over its verdict.
            lighthouse: folder.join("lighthouse"),
            folder,
            keep: false,
            only: Vec::new(),
            program: Some(program()),
        };
        run(&args).await.expect("measured");
        let text = fs::read_to_string(scratch.0.with_extension("json")).expect("figures");
        let figures: Vec<serde_json::Value> = serde_json::from_str(&text).expect("an array");
        for start in [
            "load of the whole city",
            "import of 200 rows",
            "unit list, district",
            "import of 200 persons",
            "import of 100 persons beside",
            "one person edited",
            "unit list without protection",
            "monthly run of 200",
            "payment, 3 cashiers",
            "100 direct debits",
            "arrears recount after one payment",
            "unit list, 32 connections, two processes",
            "search, city",
            "map, one district",
            "home page, 32",
            "tenant's bill page",
            "download of",
        ] {
            let found =
                |figure: &&serde_json::Value| figure["name"].as_str().is_some_and(|name| name.starts_with(start));
            let figure = figures.iter().find(found).unwrap_or_else(|| panic!("no figure {start}"));
            assert!(figure["value"].as_f64().is_some_and(|value| value > 0.0), "{figure}");
        }
        assert!(!scratch.0.join("run").exists(), "the city was removed");
    }
}
