//! Puts the many small shared chunks into one file.
//!
//! The splitter makes a chunk for every combination of modules that share something: seven lazy functions made 39
//! chunks, most below 1 KB, and a page asked for twenty of them. Together they need one request and compress to two
//! thirds. They stay modules of their own; the file is an empty WASM module that carries them as custom sections.

use anyhow::{Result, bail};

use crate::bind::{Files, LOADER, Modules};

/// Without `.wasm`, which Leptos appends to what it finds in the manifest.
const PACK: &str = "shared";

/// Chunks above this (before wasm-opt) are worth a request that only the modules in need of them make: the pack is
/// read whole by whoever needs one chunk of it.
const LARGEST: usize = 16 * 1024;

/// Takes the chunk out of the one file, as the response that the loader would have got for it.
const FROM_PACK: &str = r#"
let pack = undefined;
function fromPack(name) {
    if (pack === undefined) {
        const file = WebAssembly.compileStreaming(fetch(new URL("./shared.wasm", import.meta.url)));
        // Like the loader itself: a failure is not remembered, so that the next click tries again.
        file.catch(() => { if (pack === file) pack = undefined; });
        pack = file;
    }
    const type = { headers: { "content-type": "application/wasm" } };
    return pack.then((module) => new Response(WebAssembly.Module.customSections(module, name)[0], type));
}
"#;

/// Chooses the chunks and makes loader and manifest ask for the pack. Answers their names, for [`pack`].
pub fn plan(files: &mut Files, modules: &mut Modules) -> Result<Vec<String>> {
    let chosen: Vec<String> = files
        .iter()
        .filter(|(name, bytes)| name.starts_with("chunk_") && name.ends_with(".wasm") && bytes.len() <= LARGEST)
        .map(|(name, _)| name.trim_end_matches(".wasm").to_owned())
        .collect();
    if chosen.len() < 2 {
        return Ok(Vec::new());
    }
    let Some(loader) = files.get_mut(LOADER.trim_start_matches("./")) else { bail!("the splitter wrote no loader") };
    let mut script = String::from_utf8(std::mem::take(loader))?;
    for chunk in &chosen {
        let fetch = format!(r#"fetch(new URL("./{chunk}.wasm", import.meta.url))"#);
        // The text is the splitter's, whose version is pinned; another one is to be looked at, not guessed.
        if script.matches(&fetch).count() != 1 {
            bail!(
                "the loader of wasm_split_cli_support does not fetch {chunk} as expected: adapt pack.rs to its version"
            );
        }
        script = script.replace(&fetch, &format!(r#"fromPack("{chunk}")"#));
    }
    script.push_str(FROM_PACK);
    *loader = script.into_bytes();
    for parts in modules.values_mut() {
        let before = parts.len();
        parts.retain(|part| !chosen.contains(part));
        if parts.len() < before {
            parts.insert(0, PACK.to_owned());
        }
    }
    Ok(chosen)
}

/// Replaces the chosen chunks, in whatever size they have by now, by the one file.
pub fn pack(files: &mut Files, chosen: &[String]) -> Result<()> {
    if chosen.is_empty() {
        return Ok(());
    }
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    for chunk in chosen {
        let Some(bytes) = files.remove(&format!("{chunk}.wasm")) else { bail!("{chunk} is lost") };
        let mut section = leb128(chunk.len());
        section.extend(chunk.as_bytes());
        section.extend(bytes);
        module.push(0);
        module.extend(leb128(section.len()));
        module.extend(section);
    }
    files.insert(format!("{PACK}.wasm"), module);
    Ok(())
}

/// How WASM writes a length: seven bits per byte, the lowest first.
fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(file: &str) -> String {
        file.to_owned()
    }

    #[test]
    fn small_chunks_travel_together_and_large_ones_alone() {
        let loader =
            ["1", "2", "3"].map(|n| format!(r#"const c{n} = fetch(new URL("./chunk_{n}.wasm", import.meta.url));"#));
        let mut files = Files::from([
            (LOADER.trim_start_matches("./").to_owned(), loader.concat().into_bytes()),
            (name("chunk_1.wasm"), b"one".to_vec()),
            (name("chunk_2.wasm"), vec![0; LARGEST + 1]),
            (name("chunk_3.wasm"), vec![3; 200]),
        ]);
        let mut modules = Modules::from([
            (name("both"), vec![name("chunk_1"), name("chunk_2"), name("chunk_3"), name("split_both")]),
            (name("large"), vec![name("chunk_2"), name("split_large")]),
        ]);
        let chosen = plan(&mut files, &mut modules).expect("planned");
        pack(&mut files, &chosen).expect("packed");

        assert_eq!(chosen, ["chunk_1", "chunk_3"]);
        assert_eq!(modules["both"], ["shared", "chunk_2", "split_both"]);
        assert_eq!(modules["large"], ["chunk_2", "split_large"]);
        assert!(!files.contains_key("chunk_1.wasm") && files.contains_key("chunk_2.wasm"));
        let script = String::from_utf8(files[LOADER.trim_start_matches("./")].clone()).expect("text");
        assert!(script.contains(r#"c1 = fromPack("chunk_1")"#) && script.contains(r#"fetch(new URL("./chunk_2.wasm""#));
        let packed = &files["shared.wasm"];
        assert!(packed.starts_with(b"\0asm\x01\0\0\0\0\x0b\x07chunk_1one\0\xd0\x01\x07chunk_3"), "{packed:?}");
    }

    #[test]
    fn an_unknown_loader_is_refused() {
        let mut files = Files::from([
            (LOADER.trim_start_matches("./").to_owned(), b"import source".to_vec()),
            (name("chunk_1.wasm"), Vec::new()),
            (name("chunk_2.wasm"), Vec::new()),
        ]);
        plan(&mut files, &mut Modules::new()).expect_err("refused");
    }
}
