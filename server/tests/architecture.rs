//! The house's arrows and habits (ARCHITECTURE.md), read from the sources themselves.

use std::{
    fs,
    path::{Path, PathBuf},
};

const CRATES: [(&str, &str, &[&str]); 7] = [
    ("domain", "app/domain", &[]),
    ("store", "server/store", &["domain"]),
    ("print", "server/print", &["domain"]),
    ("app", "app", &["domain", "store"]),
    ("frontend", "frontend", &["app"]),
    ("bundle", "frontend/bundle", &[]),
    ("server", "server", &["app", "domain", "print", "store"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("server lies in the workspace")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Lines of the `[dependencies]` section: name and specification.
fn dependencies(manifest: &str) -> Vec<(String, String)> {
    let section = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    section
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, rest)| (name.trim().to_owned(), rest.trim().to_owned()))
        .collect()
}

/// Rust sources of a crate, without those of crates that lie inside its folder.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder).join("src")];
    open.extend(["tests"].map(|name| root().join(folder).join(name)).into_iter().filter(|path| path.exists()));
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn crates_depend_only_along_the_arrows() {
    for (name, folder, allowed) in CRATES {
        for (dependency, specification) in dependencies(&read(&format!("{folder}/Cargo.toml"))) {
            if CRATES.iter().any(|(known, ..)| *known == dependency) {
                assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
            }
            if (name, dependency.as_str()) == ("app", "store") {
                assert!(specification.contains("optional = true"), "the browser must not carry the store");
            }
        }
    }
}

#[test]
fn the_rules_know_no_framework() {
    let names: Vec<String> = dependencies(&read("app/domain/Cargo.toml")).into_iter().map(|(name, _)| name).collect();
    for foreign in ["leptos", "axum", "sqlx", "tokio"] {
        assert!(!names.iter().any(|name| name.starts_with(foreign)), "domain must not depend on {foreign}");
    }
    for path in sources("app/domain") {
        let text = fs::read_to_string(&path).expect("a source");
        for clock in ["Utc::now", "Local::now", "SystemTime::now"] {
            assert!(!text.contains(clock), "{} reads the clock", path.display());
        }
    }
}

#[test]
fn sql_lives_in_the_store() {
    for (name, folder, _) in CRATES.into_iter().filter(|(name, ..)| *name != "store") {
        for path in
            sources(folder).into_iter().filter(|path| !path.components().any(|part| part.as_os_str() == "tests"))
        {
            let text = fs::read_to_string(&path).expect("a source");
            for sql in ["sqlx::", "query!(", "QueryBuilder"] {
                assert!(!text.contains(sql), "{name}: {} holds {sql}", path.display());
            }
        }
    }
}

#[test]
fn files_stay_small_and_are_named_after_something() {
    for (_, folder, _) in CRATES {
        for path in sources(folder) {
            let lines = fs::read_to_string(&path).expect("a source").lines().count();
            assert!(lines <= 460, "{} has {lines} lines: split by noun or screen", path.display());
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            assert!(!["utils", "helpers", "common", "manager"].contains(&name), "{}: what is in it?", path.display());
        }
    }
}

/// What a closure answers is compiled with all that Leptos does to views (`app/src/ui/changing.rs`). One that stands there by a
/// name is not found.
#[test]
fn what_changes_on_a_page_is_boxed() {
    for path in sources("app") {
        let is_shown_to_engineers = path.components().any(|part| part.as_os_str() == "gallery");
        let text = fs::read_to_string(&path).expect("a source");
        for (number, line) in text.lines().enumerate().filter(|_| !is_shown_to_engineers) {
            let bare = line.contains("{move ||") && !line.contains("={move ||");
            assert!(!bare, "{}:{}: {{changing(move || …)}}", path.display(), number + 1);
        }
    }
}

/// All tests of a crate are one program; a file of them that no other names is never compiled.
#[test]
fn every_file_of_tests_is_run() {
    for tests in ["server/tests", "server/store/tests"].map(|folder| root().join(folder)) {
        let files = sources(tests.parent().and_then(Path::to_str).expect("a crate's folder"));
        let files: Vec<PathBuf> = files.into_iter().filter(|path| path.starts_with(&tests)).collect();
        assert!(files.len() > 40, "{}: only {} files were found", tests.display(), files.len());
        for path in files.iter().filter(|path| !path.ends_with("main.rs") && !path.ends_with("mod.rs")) {
            let folder = path.parent().expect("a folder");
            let namers = [folder.join("main.rs"), folder.join("mod.rs"), folder.with_extension("rs")];
            let named = namers.iter().find_map(|path| fs::read_to_string(path).ok()).expect("who names the file");
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
            assert!(named.contains(&format!("mod {name};\n")), "nothing names {}", path.display());
        }
    }
}
