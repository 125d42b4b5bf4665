//! What a browser loads (issue 2, Measured), compressed with brotli: what the `bundle` tool wrote down, and parts as the
//! server sends them once some have asked for them (the first of a new build get 6 % more).

use super::report::Report;
use crate::front::part::weights;
use serde::Deserialize;
use std::path::Path;

const ENTRY_LIMIT: f64 = 300.0;
const MODULE_LIMIT: f64 = 60.0;
/// All that an ordinary screen loads when it is the first (issue 3, Measured).
const FIRST_LIMIT: f64 = 380.0;
/// The module that the home page is in.
const HOME: &str = "home";
/// Lazy parts that are adapters to other people's scripts, and those scripts.
const ADAPTERS: [(&str, &str, &[&str]); 2] =
    [("keep_home_chart", "charts", &["echarts.js"]), ("open", "map", &["map.js", "map.css"])];

#[derive(Deserialize)]
struct Sizes {
    hash: String,
    release: bool,
    initial_brotli: f64,
    files: Vec<File>,
    modules: Vec<Module>,
}

#[derive(Deserialize)]
struct File {
    name: String,
    bytes: f64,
    brotli: Option<f64>,
}

#[derive(Deserialize)]
struct Module {
    name: String,
    part: usize,
}

/// Reports the sizes of the site in this folder.
///
/// # Errors
/// When the folder holds no site.
pub fn measure(site: &Path, report: &mut Report) -> Result<(), String> {
    let path = site.join("sizes.json");
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}; build the site first", path.display()))?;
    let sizes: Sizes = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    if !sizes.release {
        eprintln!("bench: the site in {} is a quick build: its sizes say little", site.display());
    }
    let weights = if sizes.modules.is_empty() {
        Vec::new()
    } else {
        eprintln!("bench: compressing {} modules", sizes.modules.len());
        let folder = site.join("pkg").join(&sizes.hash);
        weights(&folder).map_err(|error| format!("{}: {error}", folder.display()))?
    };
    if let Some(lost) = sizes.modules.iter().find(|module| module.part >= weights.len()) {
        return Err(format!("{}: no part {} of {}", path.display(), lost.part, lost.name));
    }
    measured(&sizes, &weights, report);
    Ok(())
}

/// `weights` are the bytes of each part: its own and all.
fn measured(sizes: &Sizes, weights: &[(usize, usize)], report: &mut Report) {
    let weight = |module: &Module| {
        let (own, whole) = weights.get(module.part).copied().unwrap_or_default();
        (own as f64, whole as f64)
    };
    let whole =
        |name: &str| sizes.modules.iter().find(|module| module.name == name).map_or(0.0, |module| weight(module).1);
    let home = whole(HOME);
    report.tell("download of the entry (every page)", sizes.initial_brotli / 1000.0, "KB", None);
    report.at_most(
        "download of sign-in and home without charts and map",
        (sizes.initial_brotli + home) / 1000.0,
        "KB",
        None,
        ENTRY_LIMIT,
    );
    for module in sizes.modules.iter().filter(|module| ADAPTERS.iter().all(|(name, ..)| *name != module.name)) {
        let (own, whole) = weight(module);
        report.at_most(format!("download of module {}: own part", module.name), own / 1000.0, "KB", None, MODULE_LIMIT);
        report.at_most(
            format!("download of module {}: first visit, with all that it shares", module.name),
            (sizes.initial_brotli + whole) / 1000.0,
            "KB",
            None,
            FIRST_LIMIT,
        );
    }
    for (name, label, files) in ADAPTERS {
        let wasm = whole(name);
        let scripts = sizes
            .files
            .iter()
            .filter(|file| files.contains(&file.name.as_str()))
            .map(|file| file.brotli.unwrap_or(file.bytes));
        report.tell(
            format!("download of {label}, when first drawn"),
            (wasm + scripts.sum::<f64>()) / 1000.0,
            "KB",
            None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_and_map_are_not_part_of_the_entry() {
        let text = r#"{"release": true, "initial_brotli": 100000, "hash": "x",
            "files": [{"name": "echarts.js", "bytes": 900000, "brotli": 200000, "gzip": null, "initial": false}],
            "modules": [{"name": "home", "part": 1}, {"name": "housing", "part": 2}, {"name": "keep_home_chart", "part": 0}]}"#;
        let weights = [(70_000, 75_000), (20_000, 50_000), (61_000, 291_000)];
        let mut report = Report::default();
        measured(&serde_json::from_str(text).expect("sizes"), &weights, &mut report);
        let table = report.table();
        let line = |start: &str| table.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned();
        assert!(line("download of sign-in and home").contains(" 150.0 KB"), "{table}");
        assert!(line("download of charts").contains(" 275.0 KB"), "{table}");
        assert!(line("download of module housing: own").ends_with("OVER"), "{table}");
        assert!(line("download of module housing: first").ends_with("OVER"), "{table}");
        assert!(line("download of module home: first").contains(" 150.0 KB"), "{table}");
        assert_eq!(report.over(), 2, "{table}");
    }
}
