//! Paper (domain.md S0-5, S1-12.6): what `domain::paper` says becomes a PDF. Layout is one file of typst; what stands on the
//! paper comes to it as JSON, so that no name or address is ever read as markup. It reads no other file and no network.

mod desk;
mod font;

pub use font::Fonts;

use desk::Desk;
use domain::paper::Paper;
use std::fmt;
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
    /// a defect of the layout
    Layout(String),
}

impl fmt::Display for PrintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("too much for one file"),
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

fn laid_out(desk: &Desk) -> Result<Pdf, PrintError> {
    // What typst says may quote what it was given.
    let defect = |_| PrintError::Layout("the layout of a paper failed".into());
    let document: PagedDocument = typst::compile(desk).output.map_err(defect)?;
    let options = PdfOptions { tagged: false, ..PdfOptions::default() };
    let content = typst_pdf::pdf(&document, &options).map_err(defect)?;
    Ok(Pdf { content, pages: document.pages().len() })
}
