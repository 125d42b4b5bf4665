//! Splits the WASM where `#[lazy_route]` says so and writes the JavaScript around it.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::Options;

use crate::OUTPUT_NAME;

/// Everything that will lie in the versioned directory: path inside it → content.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Lazy module → the WASM files it needs beside the entry (without `.wasm`), shared chunks first.
pub type Modules = BTreeMap<String, Vec<String>>;

/// Both names are compiled into Leptos 0.8 (`HydrationScripts` looks for the manifest and preloads
/// the loader), so they are not ours to choose.
pub const LOADER: &str = "./__wasm_split.______________________.js";
pub const MANIFEST: &str = "__wasm_split_manifest.json";

/// Splits `input`, binds the main part and returns all files that belong to the WASM side.
pub fn split_and_bind(input: &Path, dir: &Path, release: bool) -> Result<(Files, Modules)> {
    clear(dir)?;
    let main = dir.join("main.wasm");
    let modules = split(input, dir, &main)?;
    bind(&main, dir, release)?;
    fs::remove_file(&main)?;
    // HydrationScripts asks for `housing.wasm` when LEPTOS_OUTPUT_NAME was set as the server was compiled.
    fs::rename(dir.join(format!("{OUTPUT_NAME}_bg.wasm")), dir.join(format!("{OUTPUT_NAME}.wasm")))?;

    Ok((read_tree(dir)?, modules))
}

fn split(input: &Path, dir: &Path, main: &Path) -> Result<Modules> {
    let wasm = fs::read(input).with_context(|| {
        format!(
            "cannot read {}; build it with `cargo build -p frontend --target wasm32-unknown-unknown`",
            input.display()
        )
    })?;
    let main_module = format!("./{OUTPUT_NAME}.js");
    let mut options = Options::new(&wasm);
    options.output_dir = dir;
    options.main_out_path = main;
    options.main_module = &main_module;
    options.link_name = LOADER;
    let split = wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("splitting failed (was it linked with --emit-relocs?): {error:#}"))?;
    // Sorted, because the manifest is part of the hash that names the directory.
    Ok(split.prefetch_map.into_iter().collect())
}

fn bind(main: &Path, dir: &Path, release: bool) -> Result<()> {
    Bindgen::new()
        .input_path(main)
        .out_name(OUTPUT_NAME)
        .web(true)?
        // The loader links the parts by these exports and by the mangled names.
        .keep_lld_exports(true)
        .demangle(false)
        .typescript(false)
        // HydrationScripts always passes the address; without it nothing refers to `housing_bg.wasm`.
        .omit_default_module_path(true)
        // Half of the file, for stack traces while developing; for a release wasm-opt drops them when it has sorted by them.
        .remove_name_section(false)
        .remove_producers_section(release)
        .generate(dir)
        .context("wasm-bindgen failed")
}

fn clear(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot clear {}", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))
}

/// All files below `dir` by their path relative to it, with `/` between the parts.
pub fn read_tree(dir: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(dir)?.to_string_lossy().replace('\\', "/");
                files.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(files)
}
