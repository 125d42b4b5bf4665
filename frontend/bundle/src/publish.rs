//! Lays the files where the server finds them, so that a running server never sees half a version.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::{OUTPUT_NAME, Order, Stopwatch, cache, compress::Packed, part::PartSize};

/// 64 bits name a build; more would only make addresses longer.
const HASH_DIGITS: usize = 16;

/// What was published.
pub struct Site {
    pub hash: String,
    dir: PathBuf,
    parts: Vec<PartSize>,
    initial: usize,
}

/// Whether `build.txt` points at a directory that is there.
pub fn is_complete(site: &Path) -> bool {
    current(site).is_some_and(|hash| site.join("pkg").join(hash).is_dir())
}

fn current(site: &Path) -> Option<String> {
    fs::read_to_string(site.join("build.txt")).ok().map(|text| text.trim().to_owned()).filter(|hash| !hash.is_empty())
}

/// Writes `pkg/<hash>/`, then `sizes.json`, last of all `build.txt`, and keeps one older version for
/// pages that are still open.
pub fn publish(order: &Order, files: &[Packed], mut parts: Vec<PartSize>) -> Result<Site> {
    let previous = current(&order.site);
    let hash = hash(files);
    let pkg = order.site.join("pkg");
    let dir = pkg.join(&hash);
    if !dir.is_dir() {
        let fresh = pkg.join(format!(".{hash}.{}", std::process::id()));
        for file in files {
            write_forms(&fresh, file)?;
        }
        fs::rename(&fresh, &dir).with_context(|| format!("cannot create {}", dir.display()))?;
    }
    if let Some(public) = &order.public {
        copy_public(public, &order.site)?;
    }
    parts.sort_by(|a, b| a.name.cmp(&b.name));
    let initial = files.iter().filter(|file| is_initial(&file.name)).map(wire).sum();
    let site = Site { hash, dir, parts, initial };
    replace(&order.site.join("sizes.json"), &sizes_json(&site, files, order.release)?)?;
    replace(&order.site.join("build.txt"), format!("{}\n", site.hash).as_bytes())?;
    if previous.as_ref() != Some(&site.hash) {
        delete_versions_except(&pkg, &[Some(&site.hash), previous.as_ref()])?;
    }
    Ok(site)
}

/// Names, contents and nothing else; equal inputs give an equal address on every machine.
fn hash(files: &[Packed]) -> String {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for file in files {
        parts.push(format!("{}\0{}\0", file.name, file.plain.len()).into_bytes());
        parts.push(file.plain.clone());
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let mut hash = cache::hex(&parts);
    hash.truncate(HASH_DIGITS);
    hash
}

fn write_forms(dir: &Path, file: &Packed) -> Result<()> {
    let path = dir.join(&file.name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    }
    fs::write(&path, &file.plain)?;
    for (suffix, bytes) in [("br", &file.brotli), ("gz", &file.gzip)] {
        if let Some(bytes) = bytes {
            fs::write(dir.join(format!("{}.{suffix}", file.name)), bytes)?;
        }
    }
    Ok(())
}

fn copy_public(from: &Path, to: &Path) -> Result<()> {
    for (name, bytes) in crate::bind::read_tree(from)? {
        let target = to.join(&name);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        replace(&target, &bytes)?;
    }
    Ok(())
}

/// Replaces in one step: a reader sees the old or the new content, never a part.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    fs::write(&fresh, bytes).with_context(|| format!("cannot write {}", fresh.display()))?;
    fs::rename(&fresh, path).with_context(|| format!("cannot write {}", path.display()))
}

fn delete_versions_except(pkg: &Path, keep: &[Option<&String>]) -> Result<()> {
    for entry in fs::read_dir(pkg)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !keep.contains(&Some(&name)) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// `housing_view_8913…` → `housing`: the split's name is the lazy function's name and a hash of its place.
pub fn module_name(split: &str) -> String {
    let stem = split.trim_end_matches(|digit: char| digit.is_ascii_digit()).trim_matches('_');
    stem.strip_suffix("_view").unwrap_or(stem).to_owned()
}

/// What every page loads: the entry, the loader, its snippets and the style sheet.
fn is_initial(name: &str) -> bool {
    name.starts_with(&format!("{OUTPUT_NAME}.")) || name.starts_with("__wasm_split.") || name.starts_with("snippets/")
}

fn wire(file: &Packed) -> usize {
    file.brotli.as_ref().map_or(file.plain.len(), Vec::len)
}

fn sizes_json(site: &Site, files: &[Packed], release: bool) -> Result<Vec<u8>> {
    let files: Vec<_> = files
        .iter()
        .map(|file| {
            json!({
                "name": file.name, "bytes": file.plain.len(), "brotli": file.brotli.as_ref().map(Vec::len),
                "gzip": file.gzip.as_ref().map(Vec::len), "initial": is_initial(&file.name),
            })
        })
        .collect();
    let modules: Vec<_> = site
        .parts
        .iter()
        .map(|part| json!({ "name": part.name, "part": part.number, "own": part.own, "whole": part.whole }))
        .collect();
    let all = json!({
        "hash": site.hash, "release": release, "initial_brotli": site.initial, "files": files, "modules": modules,
    });
    Ok(serde_json::to_vec_pretty(&all)?)
}

/// For the person who has just built it.
pub fn print_table(site: &Site, files: &[Packed], clock: &Stopwatch) {
    println!("{:>10} {:>10}  {}", "bytes", "brotli", site.dir.display());
    for file in files {
        let brotli = file.brotli.as_ref().map_or_else(|| "-".to_owned(), |bytes| bytes.len().to_string());
        println!("{:>10} {brotli:>10}  {}", file.plain.len(), file.name);
    }
    println!("{:>10} {:>10}  every page (entry, loader, style sheet)", "", site.initial);
    for part in &site.parts {
        println!("{:>10} {:>10}  module {} ({} with all that it shares)", part.own, "-", part.name, part.whole);
    }
    let laps: Vec<String> = clock.laps.iter().map(|(name, seconds)| format!("{name} {seconds:.1} s")).collect();
    println!("{}", laps.join(" · "));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(name: &str, plain: &str) -> Packed {
        Packed { name: name.to_owned(), plain: plain.into(), brotli: Some(b"b".to_vec()), gzip: None }
    }

    /// A site of its own for each test, removed at its end.
    struct Scratch(Order);

    impl Scratch {
        fn new(name: &str) -> Self {
            let site = std::env::temp_dir().join(format!("bundle-{name}-{}", std::process::id()));
            Self(Order { input: PathBuf::new(), site, assets: None, public: None, release: true })
        }

        fn publish(&self, content: &str) -> String {
            let files = [packed("housing.js", content), packed("snippets/app/inline0.js", "x")];
            publish(&self.0, &files, Vec::new()).expect("published").hash
        }

        fn versions(&self) -> Vec<String> {
            let entries = fs::read_dir(self.0.site.join("pkg")).expect("a folder");
            let mut names: Vec<_> =
                entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
            names.sort();
            names
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0.site);
        }
    }

    #[test]
    fn one_older_version_stays_for_pages_that_are_open() {
        let scratch = Scratch::new("versions");
        scratch.publish("one");
        let second = scratch.publish("two");
        let third = scratch.publish("three");
        let mut kept = [second, third.clone()];
        kept.sort();
        assert_eq!(scratch.versions(), kept);
        assert_eq!(current(&scratch.0.site), Some(third.clone()));
        assert!(scratch.0.site.join("pkg").join(&third).join("housing.js.br").is_file());
        assert!(is_complete(&scratch.0.site));
        fs::remove_dir_all(scratch.0.site.join("pkg").join(third)).expect("removed");
        assert!(!is_complete(&scratch.0.site), "a deleted version is built again");
    }

    #[test]
    fn equal_content_has_an_equal_address_and_keeps_its_predecessor() {
        let scratch = Scratch::new("equal");
        let first = scratch.publish("one");
        let second = scratch.publish("two");
        assert_ne!(first, second);
        assert_eq!(scratch.publish("two"), second);
        assert_eq!(scratch.versions().len(), 2);
        assert_ne!(hash(&[packed("a", "bc")]), hash(&[packed("ab", "c")]), "a name does not run into its content");
    }

    #[test]
    fn a_module_is_named_after_its_route() {
        assert_eq!(module_name("__housing_view_263710568203914857"), "housing");
        assert_eq!(module_name("__platform_users_view_1"), "platform_users");
    }
}
