//! Paper (domain.md S0-5, E-128): what `domain::paper` says becomes a PDF. Layout is one file of typst; what stands on the
//! paper comes to it as JSON, so that no name or address is ever read as markup. It reads no other file and no network.

mod desk;
mod font;

pub use font::Fonts;

use desk::Desk;
use domain::paper::{Paper, is_unseen};
use font::Faces;
use std::{collections::BTreeSet, fmt};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

/// The most that is laid out at once, in characters of data: a city's largest estate has about as many.
pub const DATA_MAX: usize = 8 * 1024 * 1024;
/// Layout calls itself as deep as a document is nested; threads of the server are made for less.
const STACK: usize = 16 * 1024 * 1024;

/// A finished file.
#[derive(Debug)]
pub struct Pdf {
    pub content: Vec<u8>,
    pub pages: usize,
}

/// Why nothing could be printed; its text is for the log, not for people.
#[derive(Debug)]
pub enum PrintError {
    /// more than [`DATA_MAX`]
    TooLarge,
    /// no usable font
    Font(String),
    /// the font lacks this character, which would not stand on the paper
    Missing(char),
    /// a defect of the layout
    Layout(String),
}

impl fmt::Display for PrintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("too much for one file"),
            Self::Missing(character) => write!(f, "the font lacks U+{:04X}", u32::from(*character)),
            Self::Font(text) | Self::Layout(text) => f.write_str(text),
        }
    }
}

/// Lays papers out, one behind the other, each with pages counted for itself. Takes its time: not for a thread that others
/// wait for.
///
/// # Errors
/// [`PrintError`].
pub fn pdf(fonts: &Fonts, papers: &[Paper]) -> Result<Pdf, PrintError> {
    let data = serde_json::to_vec(papers).map_err(|error| PrintError::Layout(error.to_string()))?;
    if data.len() > DATA_MAX {
        return Err(PrintError::TooLarge);
    }
    let faces = fonts.load().map_err(PrintError::Font)?;
    if let Some(missing) = missing(&faces, papers) {
        return Err(PrintError::Missing(missing));
    }
    let desk = Desk::new(faces, data);
    let made = std::thread::scope(|scope| {
        let worker =
            std::thread::Builder::new().name("print".into()).stack_size(STACK).spawn_scoped(scope, || laid_out(&desk));
        match worker.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(made)) => made,
            Ok(Err(_)) => Err(PrintError::Layout("the layout panicked".into())),
            Err(error) => Err(PrintError::Layout(error.to_string())),
        }
    });
    // What was remembered of one paper is worth nothing for the next one, and is somebody's data.
    typst::comemo::evict(0);
    made
}

/// The papers that have a character which no font has, by their place: of many only those are left out.
///
/// # Errors
/// [`PrintError::Font`].
pub fn lacking(fonts: &Fonts, papers: &[Paper]) -> Result<Vec<(usize, char)>, PrintError> {
    let faces = fonts.load().map_err(PrintError::Font)?;
    if missing(&faces, papers).is_none() {
        return Ok(Vec::new());
    }
    let one = |(place, paper)| missing(&faces, std::slice::from_ref(paper)).map(|character| (place, character));
    Ok(papers.iter().enumerate().filter_map(one).collect())
}

/// A character that no face has: names hold rare ones.
fn missing(faces: &Faces, papers: &[Paper]) -> Option<char> {
    // Each is looked for once: that takes longer than to lay it out.
    let mut characters = BTreeSet::new();
    for paper in papers {
        for text in [&paper.content(), &paper.mark, &paper.watermark, &paper.foot] {
            characters.extend(text.chars());
        }
    }
    let seen = |character: &char| !character.is_whitespace() && !character.is_control() && !is_unseen(*character);
    let has = |character: char| faces.fonts.iter().any(|font| font.info().coverage.contains(character.into()));
    characters.into_iter().filter(seen).find(|character| !has(*character))
}

fn laid_out(desk: &Desk) -> Result<Pdf, PrintError> {
    // What typst says may quote what it was given.
    let defect = |_| PrintError::Layout("the layout of a paper failed".into());
    let document: PagedDocument = typst::compile(desk).output.map_err(defect)?;
    let options = PdfOptions { tagged: false, ..PdfOptions::default() };
    let content = typst_pdf::pdf(&document, &options).map_err(defect)?;
    Ok(Pdf { content, pages: document.pages().len() })
}
