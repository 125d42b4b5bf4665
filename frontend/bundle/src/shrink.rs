//! Makes WASM and JavaScript small, with the tools that `style/package.json` pins.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{bind::Files, cache::Cache, compress::in_parallel};

/// Relative to the repository's root, from where the tool is run.
const MODULES: &str = "style/node_modules";

/// npm's binaryen: Debian's version 108 writes modules whose table cannot grow.
///
/// For the size of what travels, not of what is unpacked: `-Oz` makes the code a tenth smaller than this and its
/// brotli 5 % larger, in three times the time (measured on the entry: 224 KB against 214). Sorted by name, copies of one
/// generic function stand side by side, which spares another percent.
///
/// The features are those that rustc switches on for wasm32 by itself; naming them is necessary
/// because the split parts carry no `target_features` section.
const WASM_OPT: &[&str] = &[
    "-O1",
    "--dae-optimizing",
    "--duplicate-function-elimination",
    "-O1",
    "--reorder-functions-by-name",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The loader's and the bindings' exports and imports are names between files, so: no bundling.
const ESBUILD: &[&str] = &["--minify", "--format=esm", "--target=es2020", "--loader=js", "--log-level=error"];

/// Starting wasm-opt takes longer than what there is to win in a chunk of less.
const SMALLEST: usize = 4096;

/// Replaces every `.wasm` and `.js` by its smaller form; two at a time on two cores.
pub fn shrink_all(files: &mut Files, work: &Path, cache: &Cache) -> Result<()> {
    let wasm_opt = Tool::find("wasm-opt", "binaryen", WASM_OPT)?;
    let esbuild = Tool::find("esbuild", "esbuild", ESBUILD)?;
    let scratch = work.join("shrink");
    fs::create_dir_all(&scratch)?;
    let worth_it = |name: &str, bytes: &[u8]| is(name, "js") || (is(name, "wasm") && bytes.len() >= SMALLEST);
    let jobs =
        files.iter().filter(|(name, bytes)| worth_it(name, bytes)).map(|(name, bytes)| (name.clone(), bytes.clone()));
    let made = in_parallel(jobs.collect(), |(name, bytes)| {
        let tool = if is(name, "wasm") { &wasm_opt } else { &esbuild };
        let small = cache.get_or_make(&tool.operation, bytes, || tool.run(name, bytes, &scratch))?;
        Ok((name.clone(), small))
    })?;
    files.extend(made);
    for (_, bytes) in files.iter_mut().filter(|(name, bytes)| is(name, "wasm") && bytes.len() < SMALLEST) {
        *bytes = without_custom_sections(bytes).context("the splitter wrote a broken chunk")?;
    }
    Ok(fs::remove_dir_all(&scratch)?)
}

/// What wasm-opt does by itself: the names of functions are more than half of a small chunk.
fn without_custom_sections(wasm: &[u8]) -> Option<Vec<u8>> {
    const MAGIC_AND_VERSION: usize = 8;
    let mut kept = wasm.get(..MAGIC_AND_VERSION)?.to_vec();
    let mut at = MAGIC_AND_VERSION;
    while at < wasm.len() {
        // The kind, then the length in groups of seven bits, the lowest first.
        let (mut end, mut length, mut shift) = (at + 1, 0_usize, 0);
        loop {
            let byte = *wasm.get(end)?;
            end += 1;
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        end += length;
        let section = wasm.get(at..end)?;
        if wasm[at] != 0 {
            kept.extend(section);
        }
        at = end;
    }
    Some(kept)
}

fn is(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

struct Tool {
    program: PathBuf,
    args: &'static [&'static str],
    /// For the cache: a newer tool or other options give other results.
    operation: String,
}

impl Tool {
    fn find(name: &str, package: &str, args: &'static [&'static str]) -> Result<Self> {
        let manifest = Path::new(MODULES).join(package).join("package.json");
        let text = fs::read(&manifest).with_context(|| {
            format!("{} is missing; run `.ci/setup` from the repository's root", manifest.display())
        })?;
        let version = serde_json::from_slice::<serde_json::Value>(&text)?["version"].to_string();
        Ok(Self {
            program: Path::new(MODULES).join(".bin").join(name),
            args,
            operation: format!("{name} {version} {}", args.join(" ")),
        })
    }

    /// wasm-opt works on files, esbuild's transform from standard input to standard output.
    fn run(&self, name: &str, bytes: &[u8], scratch: &Path) -> Result<Vec<u8>> {
        let source = scratch.join(name.replace('/', "_"));
        let target = source.with_extension("small");
        fs::write(&source, bytes)?;
        let mut command = Command::new(&self.program);
        command.args(self.args);
        if is(name, "wasm") {
            command.arg(&source).arg("-o").arg(&target);
        } else {
            command.stdin(fs::File::open(&source)?);
        }
        let output = command.output().with_context(|| format!("cannot start {}", self.program.display()))?;
        if !output.status.success() {
            bail!("{} failed on {name}: {}", self.program.display(), String::from_utf8_lossy(&output.stderr).trim());
        }
        if is(name, "wasm") { Ok(fs::read(&target)?) } else { Ok(output.stdout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_custom_sections_are_taken_out() {
        let (head, types, names) =
            (b"\0asm\x01\0\0\0".as_slice(), b"\x01\x02ab".as_slice(), b"\0\x05\x04name".as_slice());
        let long = [b"\x0a\x80\x01".as_slice(), &[7; 128]].concat();
        let wasm = [head, types, names, &long, names].concat();
        assert_eq!(without_custom_sections(&wasm), Some([head, types, &long].concat()));
        assert_eq!(without_custom_sections(&wasm[..wasm.len() - 1]), None, "cut off");
    }
}
