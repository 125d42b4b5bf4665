//! Reading an import file row by row (domain.md §7.0): what is a row, what is a header, what refuses
//! the file as a whole. Cells arrive as text, the way a person would have typed them:
//!
//! - text as it is; numbers in their shortest form (`43`, `43.1`), so codes should be text cells
//! - dates as `YYYY-MM-DD`, a time of day with them is dropped
//! - booleans as `是` and `否`; errors such as `#N/A` as empty
//! - a formula as the value that was saved with it; nothing is ever evaluated
//!
//! Only the first visible sheet is read. Row numbers are those of the worksheet; the header is row 1.

use super::{
    guard::{COLUMNS_MAX, Limits, Refusal},
    xls, xlsx,
};
use domain::value::normalize;
use std::ops::ControlFlow;
use store::import::RawRow;

/// What a failed-rows file has behind the columns of its template; such a file may come back as it is.
pub const REASON: &str = "失败原因";

/// Reads a file and hands every row that counts to `each`, until that breaks off. Answers how many
/// rows there were.
///
/// # Errors
/// When the file is refused as a whole; `each` may have had rows before that shows, so whoever
/// writes calls [`count`] first.
pub fn read(
    content: &[u8],
    headers: &[String],
    limits: &Limits,
    mut each: impl FnMut(RawRow) -> ControlFlow<()>,
) -> Result<u32, Refusal> {
    if content.len() > limits.bytes {
        return Err(Refusal::TooManyBytes(limits.bytes));
    }
    let mut intake = Intake { headers, limits, each: &mut each, header_met: false, count: 0, text: 0 };
    match content {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => xlsx::read(content, limits, &mut intake)?,
        [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, ..] => xls::read(content, limits, &mut intake)?,
        _ => return Err(Refusal::WrongType),
    }
    intake.end()
}

/// Reads a file through without keeping anything: its rows, if it is not refused.
///
/// # Errors
/// When the file is refused as a whole.
pub fn count(content: &[u8], headers: &[String], limits: &Limits) -> Result<u32, Refusal> {
    read(content, headers, limits, |_| ControlFlow::Continue(()))
}

/// Takes rows from a reader and decides what they are.
pub(super) struct Intake<'a> {
    headers: &'a [String],
    limits: &'a Limits,
    each: &'a mut dyn FnMut(RawRow) -> ControlFlow<()>,
    header_met: bool,
    count: u32,
    text: u64,
}

impl Intake<'_> {
    /// How many columns of the next row are of interest.
    pub fn columns(&self) -> usize {
        if self.header_met { self.headers.len() } else { COLUMNS_MAX }
    }

    /// Takes a row; they must come in the order of the sheet.
    pub fn row(&mut self, row_no: u32, mut cells: Vec<String>) -> Result<ControlFlow<()>, Refusal> {
        if !self.header_met {
            if row_no != 1 {
                return Err(Refusal::WrongHeader);
            }
            self.header_met = true;
            check_header(&cells, self.headers)?;
            return Ok(ControlFlow::Continue(()));
        }
        let example = row_no == 2 && cells.first().is_some_and(|cell| cell.trim_start().starts_with("示例"));
        if example || cells.iter().all(|cell| is_blank(cell)) {
            return Ok(ControlFlow::Continue(()));
        }
        // Some formats can write the character 0; nobody sees it, and the database cannot hold it.
        cells.iter_mut().filter(|cell| cell.contains('\0')).for_each(|cell| cell.retain(|c| c != '\0'));
        self.count += 1;
        self.text += cells.iter().map(|cell| cell.len() as u64).sum::<u64>();
        if self.count > self.limits.rows {
            return Err(Refusal::TooManyRows(self.limits.rows));
        }
        if self.text > self.limits.text {
            return Err(Refusal::TooLarge);
        }
        cells.resize(self.headers.len(), String::new());
        Ok((self.each)(RawRow { row_no, cells }))
    }

    fn end(self) -> Result<u32, Refusal> {
        match (self.header_met, self.count) {
            (false, _) => Err(Refusal::WrongHeader),
            (true, 0) => Err(Refusal::Empty),
            (true, count) => Ok(count),
        }
    }
}

/// Whether nobody would see anything in the cell.
fn is_blank(cell: &str) -> bool {
    !cell.bytes().any(|byte| byte.is_ascii_graphic()) && normalize(cell).is_empty()
}

/// The header must be that of the template, in its order.
fn check_header(found: &[String], headers: &[String]) -> Result<(), Refusal> {
    let mut found: Vec<String> = found.iter().map(|header| plain_header(header)).collect();
    while found.last().is_some_and(String::is_empty) {
        found.pop();
    }
    if found.len() == headers.len() + 1 && found.last().is_some_and(|last| last == REASON) {
        found.pop();
    }
    let wanted: Vec<String> = headers.iter().map(|header| plain_header(header)).collect();
    if found == wanted {
        Ok(())
    } else if !found.is_empty() && wanted.starts_with(&found) {
        Err(Refusal::OldTemplate)
    } else {
        Err(Refusal::WrongHeader)
    }
}

/// A header as it is compared: without spaces at the ends, without `*`, brackets half-width.
fn plain_header(header: &str) -> String {
    let header = normalize(header).replace('（', "(").replace('）', ")").replace('＊', "*");
    header.trim_matches(|c: char| c == '*' || c.is_whitespace()).to_owned()
}
