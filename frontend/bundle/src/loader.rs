//! Makes the splitter's loader forgive a part that did not come: left to itself it tells the WASM side, which gives up
//! and takes the open page with it. What a person sees of it is the application's, found by an attribute.

use anyhow::{Result, bail};

use crate::bind::{Files, LOADER};

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

/// Rewrites the loader.
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
    fn another_loader_stops_the_build() {
        assert!(forgive(&mut files("function wrapAsyncCb(callee) {}")).is_err());
        assert!(forgive(&mut Files::new()).is_err());
    }
}
