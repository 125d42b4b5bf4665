//! A real public-housing city as import files: HDB's list of blocks becomes organisations, rent
//! standards, projects, estates and units, which the normal import then loads (`docs/hdb.md`).
//!
//! Deterministic: the same list gives the same files. What the list does not say (where the flats
//! of a block are, which rental flats are occupied) is worked out by the rules written down in
//! [`flat`] and marked as simulated.

mod block;
mod book;
mod flat;
mod outline;
mod town;
mod unit_book;

pub use outline::{Outline, outlines_read};

use block::Block;
use domain::import::SheetKey;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};
use town::Town;

/// The extract that is shipped with the program (`server/demo/README.md` says where it comes from).
const DEMO_BLOCKS: &str = include_str!("../../demo/blocks.csv");
const DEMO_TOWNS: &str = include_str!("../../demo/towns.geojson");

/// What may differ from city to city.
#[derive(Clone, Debug)]
pub struct Options {
    /// code of the city organisation to hang the districts below; none: the files bring one
    pub city: Option<String>,
    /// rows of one building file: at most what a browser may upload
    pub rows_max: usize,
    /// decides together with the flat's address which rental flats are occupied
    pub seed: String,
}

impl Default for Options {
    fn default() -> Self {
        let rows_max = domain::import::UPLOAD_ROWS_MAX as usize;
        Self { city: None, rows_max, seed: "hdb".to_owned() }
    }
}

/// What a conversion came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub towns: usize,
    pub estates: usize,
    pub blocks: usize,
    pub units: u64,
    pub rented_out: u64,
    pub files: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { towns, estates, blocks, units, rented_out, files } = self;
        write!(f, "{towns}个区，{estates}个小区，{blocks}栋，{units}套房源（其中租赁{rented_out}套），{files}个文件")
    }
}

/// One import file.
pub struct Book {
    pub name: String,
    pub sheet: SheetKey,
    pub content: Vec<u8>,
}

/// A block list that was read and checked.
pub struct City {
    towns: Vec<Town>,
    options: Options,
}

impl City {
    /// Reads a block list and the areas its towns are made of.
    ///
    /// # Errors
    /// With the line or the block that is wrong.
    pub fn read(blocks: &str, areas: &str, options: Options) -> Result<Self, String> {
        let blocks = Block::read_all(blocks)?;
        let towns = town::towns_of(blocks, &outline::areas_read(areas)?)?;
        Ok(Self { towns, options })
    }

    /// The outlines of its districts.
    #[must_use]
    pub fn outlines(&self) -> Vec<&Outline> {
        self.towns.iter().map(|town| &town.outline).collect()
    }

    /// What it holds.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let blocks = || self.towns.iter().flat_map(Town::blocks);
        Summary {
            towns: self.towns.len(),
            estates: self.towns.iter().map(|town| town.estates.len()).sum(),
            blocks: blocks().count(),
            units: blocks().map(|block| u64::from(block.units())).sum(),
            rented_out: blocks().map(|block| u64::from(block.rental_units())).sum(),
            files: 0,
        }
    }

    /// Makes the files and hands each to `take`, those of the towns by as many threads as there are
    /// processors.
    ///
    /// # Errors
    /// When a file cannot be put together, or `take` fails.
    pub fn books(&self, take: impl Fn(Book) -> Result<(), String> + Sync) -> Result<(), String> {
        for book in book::small_books(&self.towns, &self.options)? {
            take(book)?;
        }
        let next = AtomicUsize::new(0);
        let work = || -> Result<(), String> {
            while let Some(town) = self.towns.get(next.fetch_add(1, Ordering::Relaxed)) {
                unit_book::unit_books(town, &self.options, &take)?;
            }
            Ok(())
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "生成文件的线程意外中止".to_owned())?)
        })
    }
}

/// Turns a block list into a folder of import files with their outlines and instructions.
///
/// # Errors
/// With a sentence that says which file, line or block is wrong.
pub fn convert(blocks: &Path, areas: &Path, out: &Path, options: Options) -> Result<Summary, String> {
    let city = City::read(&read(blocks)?, &read(areas)?, options)?;
    fs::create_dir_all(out).map_err(|error| format!("无法创建目录{}：{error}", out.display()))?;
    let files = AtomicUsize::new(0);
    city.books(|book| {
        files.fetch_add(1, Ordering::Relaxed);
        write(out.join(&book.name), &book.content)
    })?;
    write(out.join("outlines.geojson"), outline::outlines_text(&city.outlines()).as_bytes())?;
    write(out.join("README.txt"), include_str!("commands.txt").as_bytes())?;
    Ok(Summary { files: files.into_inner(), ..city.summary() })
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("无法读取{}：{error}", path.display()))
}

fn write(path: PathBuf, content: &[u8]) -> Result<(), String> {
    fs::write(&path, content).map_err(|error| format!("无法写入{}：{error}", path.display()))
}

/// The block list and the areas of the demo city.
#[must_use]
pub fn demo_source() -> (&'static str, &'static str) {
    (DEMO_BLOCKS, DEMO_TOWNS)
}

/// The demo city, below the city organisation of this code if there is one already.
///
/// # Errors
/// Never, unless the shipped files were changed.
pub fn demo_city(city: Option<String>) -> Result<City, String> {
    City::read(DEMO_BLOCKS, DEMO_TOWNS, Options { city, ..Options::default() })
}

/// The demo city's import files in the order in which they build on each other.
///
/// # Errors
/// As [`demo_city`].
pub fn demo_workbooks(city: Option<String>) -> Result<Vec<(SheetKey, Vec<u8>)>, String> {
    let books = std::sync::Mutex::new(Vec::new());
    demo_city(city)?.books(|book| {
        books.lock().map_err(|_| "生成文件的线程意外中止".to_owned())?.push(book);
        Ok(())
    })?;
    let mut books = books.into_inner().map_err(|_| "生成文件的线程意外中止".to_owned())?;
    books.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(books.into_iter().map(|book| (book.sheet, book.content)).collect())
}

#[cfg(test)]
mod tests;
