//! What typst sees of the world: the layout, the data, the fonts. Nothing else is there to be read.

use crate::font::Faces;
use std::sync::{Arc, LazyLock};
use typst::{
    Library, LibraryExt as _, World,
    diag::{FileError, FileResult},
    foundations::{Bytes, Datetime, Duration},
    syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot},
    text::{Font, FontBook},
    utils::LazyHash,
};

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));
static MAIN: LazyLock<Source> = LazyLock::new(|| Source::new(id("paper.typ"), include_str!("paper.typ").to_owned()));
static DATA: LazyLock<FileId> = LazyLock::new(|| id("papers.json"));
static FONTS: LazyLock<FileId> = LazyLock::new(|| id("fonts.json"));

fn id(name: &str) -> FileId {
    let path = VirtualPath::new(name).expect("a plain name");
    RootedPath::new(VirtualRoot::Project, path).intern()
}

pub struct Desk {
    faces: Arc<Faces>,
    data: Bytes,
}

impl Desk {
    pub fn new(faces: Arc<Faces>, data: Vec<u8>) -> Self {
        Self { faces, data: Bytes::new(data) }
    }
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.faces.book
    }

    fn main(&self) -> FileId {
        MAIN.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == MAIN.id() { Ok(MAIN.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == *DATA {
            Ok(self.data.clone())
        } else if id == *FONTS {
            Ok(self.faces.families.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.faces.fonts.get(index).cloned()
    }

    /// A paper says its days itself.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
