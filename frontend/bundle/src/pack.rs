//! Puts the many small shared chunks into few files.
//!
//! The splitter makes a chunk for every combination of modules that share something: 48 lazy functions made 1,630
//! chunks, most below 4 KB. Chunks that nearly the same modules need travel together: few requests, and code that is
//! alike compresses together. They stay modules of their own; a pack is an empty WASM module that carries them as custom
//! sections, and who needs one of its chunks takes them all.
//!
//! What the landing page needs, which everybody loads, is a pack of its own.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use anyhow::{Result, bail};

use crate::{
    bind::{Files, Modules},
    publish::module_name,
};

/// Packs beside that of the landing page. Of 1,630 chunks in 40 packs a module takes 16 on average, and its first visit 542 KB;
/// in 20 it would be 9 and 568 KB, in 100 34 and 513 KB (measured 2026-11).
const PACKS: usize = 40;

/// The custom section that holds a chunk; the loader takes them all by this name.
pub const SECTION: &str = "c";

/// Chunks that travel together.
#[derive(Debug, PartialEq, Eq)]
pub struct Pack {
    /// Without `.wasm`, which Leptos appends to what it finds in the manifest.
    pub name: String,
    pub chunks: Vec<String>,
}

/// Chooses the chunks of each pack and makes the manifest ask for the packs; `landing` is the module of the first page.
pub fn plan(files: &Files, modules: &mut Modules, landing: Option<&str>) -> Result<Vec<Pack>> {
    if modules.len() > 128 {
        bail!("{} lazy modules: pack.rs counts 128", modules.len());
    }
    let landing = match landing {
        None => None,
        Some(landing) => match modules.keys().position(|split| module_name(split) == landing) {
            Some(at) => Some(1_u128 << at),
            None => bail!("there is no lazy module {landing}"),
        },
    };
    let mut users: BTreeMap<&str, u128> = BTreeMap::new();
    for (at, parts) in modules.values().enumerate() {
        for part in parts.iter().filter(|part| is_chunk(part)) {
            *users.entry(part).or_default() |= 1 << at;
        }
    }
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    for (chunk, users) in users {
        let Some(bytes) = files.get(&format!("{chunk}.wasm")) else { bail!("{chunk} is lost") };
        if landing.is_some_and(|landing| users & landing != 0) {
            first.push(chunk.to_owned());
        } else {
            rest.push(Group { users, bytes: bytes.len() as u64, chunks: vec![chunk.to_owned()] });
        }
    }
    let mut packs = Vec::new();
    if !first.is_empty() {
        packs.push(Pack { name: "landing".to_owned(), chunks: first });
    }
    packs.extend(gather(rest).into_iter().enumerate().map(|(at, chunks)| Pack { name: format!("pack_{at}"), chunks }));
    let pack_of: BTreeMap<&str, &str> =
        packs.iter().flat_map(|pack| pack.chunks.iter().map(|chunk| (chunk.as_str(), pack.name.as_str()))).collect();
    for parts in modules.values_mut() {
        let mut packed: Vec<String> = Vec::new();
        for part in parts.iter() {
            let file = pack_of.get(part.as_str()).copied().unwrap_or(part);
            if !packed.iter().any(|known| known == file) {
                packed.push(file.to_owned());
            }
        }
        *parts = packed;
    }
    Ok(packs)
}

fn is_chunk(part: &str) -> bool {
    part.starts_with("chunk_")
}

/// Chunks, the modules that need one of them (bit by bit), and their length.
struct Group {
    users: u128,
    bytes: u64,
    chunks: Vec<String>,
}

impl Group {
    /// Bytes that are loaded for nothing, over all modules, when the two are one.
    fn waste(&self, other: &Self) -> u64 {
        self.bytes * u64::from((other.users & !self.users).count_ones())
            + other.bytes * u64::from((self.users & !other.users).count_ones())
    }
}

/// Joins whichever two cost the least, until there are few; in the order of their first chunks, so that equal input
/// gives equal packs.
fn gather(groups: Vec<Group>) -> Vec<Vec<String>> {
    let mut groups: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
    let mut left = groups.len();
    let mut costs = BinaryHeap::new();
    for (at, one) in groups.iter().flatten().enumerate() {
        costs.extend(
            groups[..at].iter().flatten().enumerate().map(|(before, other)| Reverse((one.waste(other), before, at))),
        );
    }
    while left > PACKS {
        let Some(Reverse((_, one, other))) = costs.pop() else { break };
        if groups[one].is_none() || groups[other].is_none() {
            continue;
        }
        let (Some(mut joined), Some(other)) = (groups[one].take(), groups[other].take()) else { continue };
        joined.users |= other.users;
        joined.bytes += other.bytes;
        joined.chunks.extend(other.chunks);
        costs.extend(groups.iter().enumerate().filter_map(|(before, group)| {
            group.as_ref().map(|group| Reverse((joined.waste(group), before, groups.len())))
        }));
        groups.push(Some(joined));
        left -= 1;
    }
    let mut packs: Vec<Vec<String>> = groups.into_iter().flatten().map(|group| group.chunks).collect();
    for chunks in &mut packs {
        chunks.sort();
    }
    packs.sort();
    packs
}

/// Replaces the chunks, in whatever size they have by now, by their packs.
pub fn pack(files: &mut Files, packs: &[Pack]) -> Result<()> {
    for pack in packs {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        for chunk in &pack.chunks {
            let Some(bytes) = files.remove(&format!("{chunk}.wasm")) else { bail!("{chunk} is lost") };
            let mut section = leb128(SECTION.len());
            section.extend(SECTION.as_bytes());
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
        lengths.iter().map(|(n, length)| (format!("chunk_{n}.wasm"), vec![b'c'; *length])).collect()
    }

    #[test]
    fn what_the_landing_page_needs_is_a_pack_of_its_own() {
        let mut files = chunks(&[("1", 3), ("2", 200)]);
        let mut modules = Modules::from([
            (name("__home_view_17"), vec![name("chunk_1"), name("split_home")]),
            (name("__other_view_18"), vec![name("chunk_1"), name("chunk_2"), name("split_other")]),
        ]);
        let packs = plan(&files, &mut modules, Some("home")).expect("planned");
        pack(&mut files, &packs).expect("packed");
        assert_eq!(modules["__home_view_17"], ["landing", "split_home"]);
        assert_eq!(modules["__other_view_18"], ["landing", "pack_0", "split_other"]);
        assert_eq!(files.keys().collect::<Vec<_>>(), ["landing.wasm", "pack_0.wasm"]);
        assert_eq!(files["landing.wasm"], b"\0asm\x01\0\0\0\0\x05\x01cccc");
        assert!(files["pack_0.wasm"].starts_with(b"\0asm\x01\0\0\0\0\xca\x01\x01cccc"));
        assert!(plan(&files, &mut modules, Some("gone")).is_err(), "a name that no module has");
    }

    #[test]
    fn chunks_of_the_same_modules_travel_together() {
        // Twice as many as there are packs: two of each pair of modules.
        let names: Vec<String> = (100..100 + 2 * PACKS).map(|n| n.to_string()).collect();
        let files = chunks(&names.iter().map(|n| (n.as_str(), 10)).collect::<Vec<_>>());
        let mut modules: Modules = (0..PACKS)
            .map(|at| {
                let own = [2 * at, 2 * at + 1].map(|n| format!("chunk_{}", names[n]));
                (format!("__m{at}_view_1"), own.into_iter().chain([format!("split_{at}")]).collect())
            })
            .collect();
        let packs = plan(&files, &mut modules, None).expect("planned");
        assert_eq!(packs.len(), PACKS);
        assert!(packs.iter().all(|pack| pack.chunks.len() == 2), "{packs:?}");
        assert!(modules.values().all(|parts| parts.len() == 2), "{modules:?}");
    }

    #[test]
    fn what_costs_least_is_joined_first() {
        let group = |users, bytes| Group { users, bytes, chunks: Vec::new() };
        assert_eq!(group(0b11, 10).waste(&group(0b11, 99)), 0);
        assert_eq!(group(0b1, 10).waste(&group(0b111, 3)), 20, "the ten go to two more");
        assert_eq!(group(0b1, 10).waste(&group(0b10, 3)), 13);
    }
}
