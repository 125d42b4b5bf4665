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
