//! Makes one file of everything that a lazy module can need, out of which the server takes what a browser lacks.
//!
//! The splitter makes a chunk for every combination of modules that share something: 66 lazy functions made 2,315
//! chunks, most below 4 KB. As files of their own they would be hundreds of requests a page. In packs of nearly the same
//! users a first visit took 16 of them, and a third of it was for nothing (590 KB instead of 416 on average, measured
//! 2026-11). So the server puts a module's own code and the chunks that are still missing into one answer, which also
//! compresses what is alike together (`server/src/front/part.rs`).

use anyhow::{Result, bail};
use serde_json::json;

use crate::{
    bind::{Files, Modules},
    publish::module_name,
};

/// The custom section that holds a piece; the loader takes them all by this name.
pub const SECTION: &str = "c";

/// How parts are compressed when they are first asked for; those of a quick build travel as they are.
const QUALITY: i32 = 9;

/// A lazy module: what it shares with others, and last its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    pub split: String,
    pub pieces: Vec<String>,
}

/// What a module weighs, in bytes; how small it travels is the server's doing (`server bench --only size`).
pub struct PartSize {
    pub name: String,
    pub number: usize,
    /// its own code alone
    pub own: usize,
    /// with all that it shares: what the first module of a page brings
    pub whole: usize,
}

/// The parts in the order of their numbers; the manifest, from which a page knows what to load at once, gets those.
pub fn plan(modules: &mut Modules) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for (number, (split, files)) in modules.iter_mut().enumerate() {
        if files.last().is_none_or(|own| !own.starts_with("split_")) {
            bail!("{split} has no file of its own");
        }
        let pieces = std::mem::replace(files, vec![format!("part/{number}")]);
        parts.push(Part { split: split.clone(), pieces });
    }
    Ok(parts)
}

/// Replaces the files of all parts, in whatever size they have by now, by `parts.bin`, a section for each, and
/// `parts.json`, which says where they are and who needs them.
pub fn gather(files: &mut Files, parts: &[Part], release: bool) -> Result<Vec<PartSize>> {
    let mut names: Vec<&String> = parts.iter().flat_map(|part| &part.pieces).collect();
    names.sort();
    names.dedup();
    let mut sections: Vec<Vec<u8>> = Vec::new();
    for name in &names {
        let Some(piece) = files.remove(&format!("{name}.wasm")) else { bail!("{name} is lost") };
        sections.push(section(&piece));
    }
    let numbers: Vec<Vec<usize>> = parts
        .iter()
        .map(|part| part.pieces.iter().filter_map(|name| names.binary_search(&name).ok()).collect())
        .collect();
    let mut sizes = Vec::new();
    for (number, (part, pieces)) in parts.iter().zip(&numbers).enumerate() {
        let size = |pieces: &[usize]| HEADER + pieces.iter().map(|piece| sections[*piece].len()).sum::<usize>();
        let own = pieces.last().map_or(&[][..], std::slice::from_ref);
        sizes.push(PartSize { name: module_name(&part.split), number, own: size(own), whole: size(pieces) });
    }
    let mut start = 0;
    let places: Vec<[usize; 2]> = sections
        .iter()
        .map(|section| {
            start += section.len();
            [start - section.len(), section.len()]
        })
        .collect();
    let index = json!({ "quality": release.then_some(QUALITY), "pieces": places, "parts": numbers });
    files.insert("parts.bin".to_owned(), sections.concat());
    files.insert("parts.json".to_owned(), serde_json::to_vec(&index)?);
    Ok(sizes)
}

/// The length of an empty WASM module, which the sections follow.
const HEADER: usize = 8;

/// A custom section that carries a module of its own.
fn section(piece: &[u8]) -> Vec<u8> {
    let mut content = leb128(SECTION.len());
    content.extend(SECTION.as_bytes());
    content.extend(piece);
    let mut section = vec![0];
    section.extend(leb128(content.len()));
    section.extend(content);
    section
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

    fn modules() -> Modules {
        let parts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Modules::from([
            ("__home_view_17".to_owned(), parts(&["chunk_1", "split_home"])),
            ("__other_view_18".to_owned(), parts(&["chunk_1", "chunk_2", "split_other"])),
        ])
    }

    #[test]
    fn a_part_is_its_chunks_and_last_its_own() {
        let mut modules = modules();
        let parts = plan(&mut modules).expect("planned");
        assert_eq!(modules["__other_view_18"], ["part/1"]);
        let lengths = [("chunk_1", 3), ("chunk_2", 200), ("split_home", 5), ("split_other", 6)];
        let mut files: Files =
            lengths.iter().map(|(name, length)| (format!("{name}.wasm"), vec![b'p'; *length])).collect();
        let sizes = gather(&mut files, &parts, false).expect("gathered");
        assert_eq!(files.keys().collect::<Vec<_>>(), ["parts.bin", "parts.json"]);
        assert!(files["parts.bin"].starts_with(b"\0\x05\x01cppp\0\xca\x01\x01cpppp"));
        let index: serde_json::Value = serde_json::from_slice(&files["parts.json"]).expect("an index");
        assert_eq!(index["parts"], json!([[0, 2], [0, 1, 3]]));
        assert_eq!(index["pieces"], json!([[0, 7], [7, 205], [212, 9], [221, 10]]));
        assert_eq!(index["quality"], json!(null));
        let sizes: Vec<_> = sizes.iter().map(|size| (size.name.as_str(), size.own, size.whole)).collect();
        assert_eq!(sizes, [("home", 17, 24), ("other", 18, 230)]);
    }

    #[test]
    fn what_is_lost_stops_the_build() {
        let mut modules = modules();
        let parts = plan(&mut modules).expect("planned");
        assert!(gather(&mut Files::new(), &parts, false).is_err());
        assert!(plan(&mut Modules::from([("__a_view_1".to_owned(), vec!["chunk_1".to_owned()])])).is_err());
    }
}
