//! Adapts the splitter's loader: it forgives a part that did not come (left to itself it tells the WASM side, which gives
//! up and takes the open page with it; what a person sees of it is the application's, found by an attribute), and it
//! asks for a part as one file instead of for its chunks.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::{
    bind::{Files, LOADER},
    part::{Part, SECTION},
};

/// What the splitter writes: the text is its version's, which is pinned.
const GIVES_UP: &str = "        let success;
        try {
            await callee();
            success = true;
        } catch (e) {
            console.error(e);
            success = false;
        } finally {
            const sharedImports = getSharedImports();
            sharedImports.__wasm_split.__indirect_function_table.get(callbackIndex)(callbackData, success);
        }
";
const TRIES_AGAIN: &str = "        await arrived(callee);
        const sharedImports = getSharedImports();
        sharedImports.__wasm_split.__indirect_function_table.get(callbackIndex)(callbackData, true);
";
const ARRIVED: &str = include_str!("loader.js");

/// What the splitter writes for one file, around its name.
const LOADS: [&str; 2] = ["makeLoad(() => {\n    const src = fetch(new URL(\"./", ".wasm\", import.meta.url));\n"];
/// The same for a part that comes with the chunks it lacks.
const LOADS_PARTS: &str = include_str!("part.js");

/// Makes it ask for parts. A list of chunks for each would be the largest script that every page loads.
pub fn ask_for_parts(files: &mut Files, parts: &[Part]) -> Result<()> {
    let Some(loader) = files.get_mut(LOADER.trim_start_matches("./")) else { bail!("the splitter wrote no loader") };
    let script = String::from_utf8(std::mem::take(loader))?;
    // The text is the splitter's, whose version is pinned; another one is to be looked at, not guessed.
    let pieces: BTreeSet<&String> = parts.iter().flat_map(|part| &part.pieces).collect();
    let known = script.matches(LOADS[0]).count() == pieces.len()
        && pieces.iter().all(|piece| script.contains(&format!("{}{piece}{}", LOADS[0], LOADS[1])));
    let Some(end) = script.find("\n/* ").or_else(|| script.find("\nexport const ")).filter(|_| known) else {
        bail!(
            "the loader of wasm_split_cli_support does not define its parts as expected: adapt loader.rs to its version"
        );
    };
    let mut script = script[..=end].to_owned() + &LOADS_PARTS.replace("SECTION", SECTION);
    for (number, part) in parts.iter().enumerate() {
        script += &format!("export const __wasm_split_load_{} = part({number});\n", part.split);
    }
    *loader = script.into_bytes();
    Ok(())
}

/// Makes it wait for what did not come.
pub fn forgive(files: &mut Files) -> Result<()> {
    let Some(loader) = files.get_mut(LOADER.trim_start_matches("./")) else { bail!("the splitter wrote no loader") };
    let script = String::from_utf8(std::mem::take(loader))?;
    // Another text is to be looked at, not guessed.
    if script.matches(GIVES_UP).count() != 1 {
        bail!("the loader of wasm_split_cli_support does not call back as expected: adapt loader.rs to its version");
    }
    *loader = (script.replace(GIVES_UP, TRIES_AGAIN) + ARRIVED).into_bytes();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(script: &str) -> Files {
        [(LOADER.trim_start_matches("./").to_owned(), script.as_bytes().to_vec())].into()
    }

    #[test]
    fn a_failure_is_never_told_to_the_wasm_side() {
        let mut known = files(&format!("function wrapAsyncCb(callee) {{\n{GIVES_UP}}}\n"));
        forgive(&mut known).expect("it is the text of the pinned version");
        let script = String::from_utf8(known.into_values().next().expect("the loader")).expect("a text");
        assert!(script.contains("arrived(callee)") && script.contains("data-part-missing"));
        assert!(!script.contains("success = false"));
    }

    #[test]
    fn a_part_is_asked_for_by_its_number() {
        let load = |file: &str, of: &str| {
            format!("{}{file}{}    return async (imports) => imports;\n}}\n, [{of}]);\n", LOADS[0], LOADS[1])
        };
        let chunk = format!("/* a, b */\nconst __chunk_7 = {}", load("chunk_7", ""));
        let split = format!("export const __wasm_split_load_a = wrapAsyncCb({}", load("split_a", "__chunk_7"));
        let text = format!("function makeLoad(fetcher, deps) {{}}\n{chunk}{split}");
        let pieces = ["chunk_7".to_owned(), "split_a".to_owned()];
        let parts = [Part { split: "a".to_owned(), pieces: pieces.to_vec() }];
        let mut known = files(&text);
        ask_for_parts(&mut known, &parts).expect("it is the text of the pinned version");
        let script = String::from_utf8(known.into_values().next().expect("the loader")).expect("a text");
        assert!(script.starts_with("function makeLoad(fetcher, deps) {}\n"), "{script}");
        assert!(script.ends_with("export const __wasm_split_load_a = part(0);\n"), "{script}");
        assert!(!script.contains("chunk_7"), "{script}");
        assert!(ask_for_parts(&mut files(&text.replace("const src", "let src")), &parts).is_err());
        let less = [Part { split: "a".to_owned(), pieces: pieces[1..].to_vec() }];
        assert!(ask_for_parts(&mut files(&text), &less).is_err(), "a chunk that no part needs");
    }

    #[test]
    fn another_loader_stops_the_build() {
        assert!(forgive(&mut files("function wrapAsyncCb(callee) {}")).is_err());
        assert!(forgive(&mut Files::new()).is_err());
    }
}
