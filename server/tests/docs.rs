//! Documents that name files stay true.

use std::{fs, path::Path};

/// The workspace's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("server lies in the workspace")
}

/// Every text between backticks that looks like a path of ours must exist.
#[test]
fn the_checklist_names_files_that_exist() {
    let text = fs::read_to_string(root().join("docs/adding-a-screen.md")).expect("the checklist is there");
    let rooms = ["app/", "server/", "migrations/", "end2end/", "style/", "frontend/"];
    let mut seen = 0;
    for path in text.split('`').skip(1).step_by(2).filter(|path| rooms.iter().any(|room| path.starts_with(room))) {
        assert!(root().join(path).exists(), "docs/adding-a-screen.md names {path}, which does not exist");
        seen += 1;
    }
    assert!(seen >= 12, "only {seen} paths were found; is the checklist still written with backticks?");
}

/// What the README links to, and the sources that it names, must exist.
#[test]
fn the_readme_names_files_that_exist() {
    let text = fs::read_to_string(root().join("README.md")).expect("the README is there");
    let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let linked: Vec<&str> = linked.filter(|target| !target.contains("://") && !target.starts_with('#')).collect();
    let named = text.split('`').skip(1).step_by(2).filter(|path| path.starts_with("server/") && path.ends_with(".rs"));
    for path in linked.iter().copied().chain(named) {
        assert!(root().join(path).exists(), "README.md names {path}, which does not exist");
    }
    for part in
        ["housing.service", "Containerfile", "nginx.conf", "housing.toml", "prometheus.yml", "housing-backup.timer"]
    {
        assert!(linked.contains(&format!("deploy/{part}").as_str()), "README.md says nothing of deploy/{part}");
    }
}

/// Every setting that there is stands in the README's table.
#[test]
fn the_readme_knows_every_setting() {
    let text = fs::read_to_string(root().join("README.md")).expect("the README is there");
    let source = fs::read_to_string(root().join("server/src/config/mod.rs")).expect("the settings");
    let variables: Vec<&str> = source.split("env = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(variables.len() >= 12, "{variables:?}");
    for variable in variables {
        assert!(text.contains(&format!("`{variable}`")), "README.md says nothing of {variable}");
    }
}
