//! Puts the many small shared chunks into few files.
//!
//! The splitter makes a chunk for every combination of modules that share something: seven lazy functions made 39
//! chunks, most below 1 KB, and a page asked for twenty of them. Together they need one request and compress to two
//! thirds. They stay modules of their own; the file is an empty WASM module that carries them as custom sections.
//!
//! A pack is read whole by whoever needs one chunk of it. So what the landing page needs, which everybody loads, is a
//! pack of its own, and large chunks that it does not need stay files.

use anyhow::{Result, bail};

use crate::{
    bind::{Files, LOADER, Modules},
    publish::module_name,
};

/// Chunks above this (before wasm-opt) are worth a request that only the modules in need of them make.
const LARGEST: usize = 16 * 1024;

/// Takes the chunk out of its pack, as the response that the loader would have got for it.
const FROM_PACK: &str = r#"
const packs = new Map();
function fromPack(pack, chunk) {
    if (!packs.has(pack)) {
        const file = WebAssembly.compileStreaming(fetch(new URL(`./${pack}.wasm`, import.meta.url)));
        // Like the loader itself: a failure is not remembered, so that the next click tries again.
        file.catch(() => packs.delete(pack));
        packs.set(pack, file);
    }
    const type = { headers: { "content-type": "application/wasm" } };
    return packs.get(pack).then((module) => new Response(WebAssembly.Module.customSections(module, chunk)[0], type));
}
"#;

/// Chunks that travel together.
pub struct Pack {
    /// Without `.wasm`, which Leptos appends to what it finds in the manifest.
    name: &'static str,
    chunks: Vec<String>,
}

/// Chooses the chunks and makes loader and manifest ask for the packs; `landing` is the module of the first page.
pub fn plan(files: &mut Files, modules: &mut Modules, landing: Option<&str>) -> Result<Vec<Pack>> {
    let of_landing = match landing {
        None => &Vec::new(),
        Some(landing) => match modules.iter().find(|(split, _)| module_name(split) == landing) {
            Some((_, parts)) => parts,
            None => bail!("there is no lazy module {landing}"),
        },
    };
    let (mut first, mut shared) = (Vec::new(), Vec::new());
    for (name, bytes) in files.iter() {
        let Some(chunk) = name.strip_suffix(".wasm").filter(|name| name.starts_with("chunk_")) else { continue };
        if of_landing.iter().any(|part| part == chunk) {
            first.push(chunk.to_owned());
        } else if bytes.len() <= LARGEST {
            shared.push(chunk.to_owned());
        }
    }
    let mut packs = vec![Pack { name: "landing", chunks: first }, Pack { name: "shared", chunks: shared }];
    packs.retain(|pack| pack.chunks.len() > 1);

    let Some(loader) = files.get_mut(LOADER.trim_start_matches("./")) else { bail!("the splitter wrote no loader") };
    let mut script = String::from_utf8(std::mem::take(loader))?;
    for pack in &packs {
        for chunk in &pack.chunks {
            let fetch = format!(r#"fetch(new URL("./{chunk}.wasm", import.meta.url))"#);
            // The text is the splitter's, whose version is pinned; another one is to be looked at, not guessed.
            if script.matches(&fetch).count() != 1 {
                bail!(
                    "the loader of wasm_split_cli_support does not fetch {chunk} as expected: adapt pack.rs to its version"
                );
            }
            script = script.replace(&fetch, &format!(r#"fromPack("{}", "{chunk}")"#, pack.name));
        }
        for parts in modules.values_mut() {
            let before = parts.len();
            parts.retain(|part| !pack.chunks.contains(part));
            if parts.len() < before {
                parts.insert(0, pack.name.to_owned());
            }
        }
    }
    if !packs.is_empty() {
        script.push_str(FROM_PACK);
    }
    *loader = script.into_bytes();
    Ok(packs)
}

/// Replaces the chosen chunks, in whatever size they have by now, by their packs.
pub fn pack(files: &mut Files, packs: &[Pack]) -> Result<()> {
    for pack in packs {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        for chunk in &pack.chunks {
            let Some(bytes) = files.remove(&format!("{chunk}.wasm")) else { bail!("{chunk} is lost") };
            let mut section = leb128(chunk.len());
            section.extend(chunk.as_bytes());
            section.extend(bytes);
            module.push(0);
            module.extend(leb128(section.len()));
            module.extend(section);
        }
        files.insert(format!("{}.wasm", pack.name), module);
    }
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

    fn chunks(lengths: &[(&str, usize)]) -> Files {
        let loader: String =
            lengths.iter().map(|(n, _)| format!(r#"fetch(new URL("./chunk_{n}.wasm", import.meta.url));"#)).collect();
        let files = lengths.iter().map(|(n, length)| (format!("chunk_{n}.wasm"), vec![b'c'; *length]));
        files.chain([(name(LOADER.trim_start_matches("./")), loader.into_bytes())]).collect()
    }

    #[test]
    fn small_chunks_travel_together_and_large_ones_alone() {
        let mut files = chunks(&[("1", 3), ("2", LARGEST + 1), ("3", 200)]);
        let mut modules = Modules::from([
            (name("both"), vec![name("chunk_1"), name("chunk_2"), name("chunk_3"), name("split_both")]),
            (name("large"), vec![name("chunk_2"), name("split_large")]),
        ]);
        let packs = plan(&mut files, &mut modules, None).expect("planned");
        pack(&mut files, &packs).expect("packed");

        assert_eq!(modules["both"], ["shared", "chunk_2", "split_both"]);
        assert_eq!(modules["large"], ["chunk_2", "split_large"]);
        assert!(!files.contains_key("chunk_1.wasm") && files.contains_key("chunk_2.wasm"));
        let script = String::from_utf8(files[LOADER.trim_start_matches("./")].clone()).expect("text");
        assert!(script.contains(r#"fromPack("shared", "chunk_1");fetch(new URL("./chunk_2.wasm""#), "{script}");
        let packed = &files["shared.wasm"];
        assert!(packed.starts_with(b"\0asm\x01\0\0\0\0\x0b\x07chunk_1ccc\0\xd0\x01\x07chunk_3c"), "{packed:?}");
    }

    #[test]
    fn what_the_landing_page_needs_is_a_pack_of_its_own() {
        let mut files = chunks(&[("1", 3), ("2", LARGEST + 1), ("3", 3), ("4", 3)]);
        let mut modules = Modules::from([
            (name("__home_view_17"), vec![name("chunk_1"), name("chunk_2"), name("split_home")]),
            (name("__other_view_18"), vec![name("chunk_1"), name("chunk_3"), name("chunk_4"), name("split_other")]),
        ]);
        let packs = plan(&mut files, &mut modules, Some("home")).expect("planned");
        pack(&mut files, &packs).expect("packed");

        assert_eq!(modules["__home_view_17"], ["landing", "split_home"]);
        assert_eq!(modules["__other_view_18"], ["shared", "landing", "split_other"]);
        assert!(files["landing.wasm"].len() > LARGEST && files["shared.wasm"].len() < 100);
        assert!(plan(&mut files, &mut modules, Some("gone")).is_err(), "a name that no module has");
    }

    #[test]
    fn an_unknown_loader_is_refused() {
        let mut files = Files::from([
            (LOADER.trim_start_matches("./").to_owned(), b"import source".to_vec()),
            (name("chunk_1.wasm"), Vec::new()),
            (name("chunk_2.wasm"), Vec::new()),
        ]);
        assert!(plan(&mut files, &mut Modules::new(), None).is_err(), "refused");
    }
}
