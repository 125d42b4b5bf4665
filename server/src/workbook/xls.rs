//! `.xls`: the records of BIFF8 (Excel 97 to 2003, WPS) or BIFF5 (Excel 95, old office systems) in a
//! compound file.
//!
//! Of some hundred kinds of records only those are read that make up the cells of the first visible
//! sheet. A file is at most as large as the upload, so the stream is held in memory; what cells
//! share is charged where it is handed out, as for `.xlsx`.

use super::{
    guard::{CELL_BYTES_MAX, Limits, Refusal},
    read::Intake,
    value::{Formats, boolean_text, is_date_format},
    xlsx::Texts,
};
use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, SHIFT_JIS, UTF_8, WINDOWS_1252};
use std::{
    collections::HashMap,
    io::{Cursor, Read as _},
    ops::ControlFlow,
};

/// Record types of [MS-XLS] §2.3.
mod kind {
    pub const FORMULA: u16 = 0x0006;
    pub const END: u16 = 0x000A;
    pub const DATE_MODE: u16 = 0x0022;
    pub const FILE_PASS: u16 = 0x002F;
    pub const CONTINUE: u16 = 0x003C;
    pub const CODE_PAGE: u16 = 0x0042;
    pub const SHEET: u16 = 0x0085;
    pub const MULTIPLE_RK: u16 = 0x00BD;
    pub const RICH_STRING: u16 = 0x00D6;
    pub const CELL_STYLE: u16 = 0x00E0;
    pub const SHARED_STRINGS: u16 = 0x00FC;
    pub const LABEL_SHARED: u16 = 0x00FD;
    pub const NUMBER: u16 = 0x0203;
    pub const LABEL: u16 = 0x0204;
    pub const BOOLEAN_OR_ERROR: u16 = 0x0205;
    pub const STRING: u16 = 0x0207;
    pub const RK: u16 = 0x027E;
    pub const FORMAT: u16 = 0x041E;
    pub const BEGIN: u16 = 0x0809;
}

/// Hands the rows of the first visible sheet to `intake`.
pub(super) fn read(content: &[u8], limits: &Limits, intake: &mut Intake<'_>) -> Result<(), Refusal> {
    let stream = workbook_stream(content)?;
    let book = Book::read(&stream, limits)?;
    let records = Records { rest: stream.get(book.sheet..).ok_or(Refusal::Damaged)? };
    let mut sheet = Sheet { book: &book, row: 0, cells: Vec::new(), formula: None };
    let mut depth = 0;
    for record in records {
        let (kind, data) = record?;
        match kind {
            // Charts inside the sheet bring records of their own.
            kind::BEGIN => depth += 1,
            kind::END if depth <= 1 => {
                return sheet.hand_over(intake).map(|_| ());
            }
            kind::END => depth -= 1,
            _ if depth == 1 => {
                if let ControlFlow::Break(()) = sheet.record(kind, data, intake)? {
                    return Ok(());
                }
            }
            _ => {}
        }
    }
    Err(Refusal::Damaged)
}

fn workbook_stream(content: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut file = cfb::CompoundFile::open(Cursor::new(content)).map_err(|_| Refusal::Damaged)?;
    // A package with a password is an encrypted stream inside a compound file.
    if file.exists("/EncryptedPackage") {
        return Err(Refusal::Damaged);
    }
    let mut stream = Vec::new();
    let part = file.open_stream("/Workbook").or_else(|_| file.open_stream("/Book")).map_err(|_| Refusal::WrongType)?;
    part.take(content.len() as u64).read_to_end(&mut stream).map_err(|_| Refusal::Damaged)?;
    Ok(stream)
}

/// The records of a stream: type and content.
struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<(u16, &'a [u8]), Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.rest.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let Some((data, rest)) = rest.split_at_checked(length) else {
            self.rest = &[];
            return Some(Err(Refusal::Damaged));
        };
        self.rest = rest;
        Some(Ok((u16::from_le_bytes([head[0], head[1]]), data)))
    }
}

/// What the records before the sheets say.
struct Book {
    formats: Formats,
    texts: Texts,
    letters: Letters,
    /// where in the stream the first visible worksheet begins
    sheet: usize,
}

/// How texts are written.
#[derive(Clone, Copy)]
enum Letters {
    /// BIFF8: UTF-16, or its lower half
    Unicode,
    /// BIFF5: the code page of the machine it was written on
    Page(&'static Encoding),
}

impl Book {
    fn read(stream: &[u8], limits: &Limits) -> Result<Self, Refusal> {
        let (formats, texts) = (Formats::default(), Texts::default());
        let mut book = Self { formats, texts, letters: Letters::Unicode, sheet: 0 };
        let (mut custom, mut shared, mut in_shared, mut sheets) = (HashMap::new(), Vec::new(), false, Vec::new());
        for (index, record) in (Records { rest: stream }).enumerate() {
            let (kind, data) = record?;
            if index == 0 {
                book.letters = match (kind, number(data, 0)?) {
                    (kind::BEGIN, 0x0600) => Letters::Unicode,
                    (kind::BEGIN, 0x0500) => Letters::Page(WINDOWS_1252),
                    _ => return Err(Refusal::WrongType),
                };
            }
            in_shared = kind == kind::SHARED_STRINGS || in_shared && kind == kind::CONTINUE;
            match kind {
                kind::FILE_PASS => return Err(Refusal::Damaged),
                kind::CODE_PAGE => book.letters = book.letters.of_page(number(data, 0)?),
                kind::DATE_MODE => book.formats.from_1904 = number(data, 0)? == 1,
                kind::FORMAT => drop(custom.insert(number(data, 0)?, is_date_format(&book.letters.format(data)?))),
                kind::CELL_STYLE => {
                    let format = number(data, 2)?;
                    book.formats.push(format.into(), custom.get(&format).copied());
                }
                kind::SHEET => sheets.push((long(data, 0)? as usize, byte(data, 4)? & 3, byte(data, 5)?)),
                _ if in_shared => shared.push(data),
                kind::END => break,
                _ => {}
            }
        }
        book.texts = Segments::new(shared).texts(limits.text)?;
        let worksheets = || sheets.iter().filter(|(_, _, kind)| *kind == 0);
        let first = worksheets().find(|(_, hidden, _)| *hidden == 0).or_else(|| worksheets().next());
        book.sheet = first.ok_or(Refusal::Damaged)?.0;
        Ok(book)
    }
}

struct Sheet<'a> {
    book: &'a Book,
    /// worksheet row of `cells`, from 1; 0 before the first
    row: u32,
    cells: Vec<String>,
    /// the cell whose formula made a text, which comes in a record of its own
    formula: Option<(u32, usize)>,
}

impl Sheet<'_> {
    fn record(&mut self, kind: u16, data: &[u8], intake: &mut Intake<'_>) -> Result<ControlFlow<()>, Refusal> {
        let text = match kind {
            kind::NUMBER => self.book.formats.text(style(data)?, float(data, 6)?),
            kind::RK => self.book.formats.text(style(data)?, rk(long(data, 6)?)),
            kind::LABEL_SHARED => self.book.texts.get(long(data, 6)? as usize).ok_or(Refusal::Damaged)?.to_owned(),
            kind::LABEL | kind::RICH_STRING => self.book.letters.text(data, 6)?,
            // An error has no value; a boolean does.
            kind::BOOLEAN_OR_ERROR if byte(data, 7)? == 0 => boolean_text(byte(data, 6)? != 0).to_owned(),
            kind::FORMULA => self.formula_value(data)?,
            kind::MULTIPLE_RK => return self.multiple(data, intake),
            kind::STRING => {
                let Some((row, column)) = self.formula.take() else { return Ok(ControlFlow::Continue(())) };
                return self.put(row, column, self.book.letters.text(data, 0)?, intake);
            }
            _ => return Ok(ControlFlow::Continue(())),
        };
        self.put(u32::from(number(data, 0)?) + 1, number(data, 2)?.into(), text, intake)
    }

    /// The value saved with a formula.
    fn formula_value(&mut self, data: &[u8]) -> Result<String, Refusal> {
        if number(data, 12)? != 0xFFFF {
            return Ok(self.book.formats.text(style(data)?, float(data, 6)?));
        }
        Ok(match byte(data, 6)? {
            0 => {
                self.formula = Some((u32::from(number(data, 0)?) + 1, number(data, 2)?.into()));
                String::new()
            }
            1 => boolean_text(byte(data, 8)? != 0).to_owned(),
            _ => String::new(),
        })
    }

    /// Neighbouring numbers in one record.
    fn multiple(&mut self, data: &[u8], intake: &mut Intake<'_>) -> Result<ControlFlow<()>, Refusal> {
        let (row, first) = (u32::from(number(data, 0)?) + 1, usize::from(number(data, 2)?));
        let values = data.get(4..data.len().saturating_sub(2)).unwrap_or_default();
        for (index, value) in values.chunks_exact(6).enumerate() {
            let text = self.book.formats.text(number(value, 0)?.into(), rk(long(value, 2)?));
            if let ControlFlow::Break(()) = self.put(row, first + index, text, intake)? {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn put(
        &mut self,
        row: u32,
        column: usize,
        text: String,
        intake: &mut Intake<'_>,
    ) -> Result<ControlFlow<()>, Refusal> {
        if row != self.row {
            if row < self.row {
                return Err(Refusal::Damaged);
            }
            if let ControlFlow::Break(()) = self.hand_over(intake)? {
                return Ok(ControlFlow::Break(()));
            }
            self.row = row;
        }
        if column < intake.columns() && !text.is_empty() {
            if self.cells.len() <= column {
                self.cells.resize(column + 1, String::new());
            }
            self.cells[column] = text;
        }
        Ok(ControlFlow::Continue(()))
    }

    fn hand_over(&mut self, intake: &mut Intake<'_>) -> Result<ControlFlow<()>, Refusal> {
        if self.row == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        intake.row(self.row, std::mem::take(&mut self.cells))
    }
}

/// The shared texts, cut into records of at most 8,224 bytes wherever it pleased the writer; a cut
/// inside characters is followed by a fresh mark of their width.
struct Segments<'a> {
    parts: Vec<&'a [u8]>,
    part: usize,
    place: usize,
}

impl<'a> Segments<'a> {
    fn new(parts: Vec<&'a [u8]>) -> Self {
        Self { parts, part: 0, place: 0 }
    }

    fn texts(mut self, most: u64) -> Result<Texts, Refusal> {
        let mut texts = Texts::default();
        if self.parts.is_empty() {
            return Ok(texts);
        }
        self.skip(4)?;
        let count = u32::from_le_bytes(self.bytes()?);
        let mut units = Vec::new();
        for _ in 0..count {
            // Some writers count more texts than there are.
            if self.at_end() {
                break;
            }
            let length = usize::from(u16::from_le_bytes(self.bytes()?));
            let [flags] = self.bytes()?;
            let runs = if flags & 8 == 0 { 0 } else { usize::from(u16::from_le_bytes(self.bytes()?)) };
            let aids = if flags & 4 == 0 { 0 } else { u32::from_le_bytes(self.bytes()?) as usize };
            self.characters(length, flags, &mut units)?;
            self.skip(runs * 4 + aids)?;
            texts.all.push_str(&String::from_utf16_lossy(&units));
            texts.end(most)?;
        }
        Ok(texts)
    }

    fn characters(&mut self, length: usize, flags: u8, units: &mut Vec<u16>) -> Result<(), Refusal> {
        units.clear();
        let mut wide = flags & 1 != 0;
        while units.len() < length {
            if self.here().is_empty() {
                self.turn()?;
                let [mark] = self.bytes()?;
                wide = mark & 1 != 0;
            }
            let taken = decode(self.here(), wide, length - units.len(), units);
            if taken == 0 {
                return Err(Refusal::Damaged);
            }
            self.place += taken;
        }
        Ok(())
    }

    fn at_end(&self) -> bool {
        self.here().is_empty() && self.part + 1 == self.parts.len()
    }

    fn here(&self) -> &'a [u8] {
        &self.parts[self.part][self.place..]
    }

    fn turn(&mut self) -> Result<(), Refusal> {
        (self.part, self.place) = (self.part + 1, 0);
        if self.part < self.parts.len() { Ok(()) } else { Err(Refusal::Damaged) }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            while self.here().is_empty() {
                self.turn()?;
            }
            *byte = self.here()[0];
            self.place += 1;
        }
        Ok(bytes)
    }

    fn skip(&mut self, mut count: usize) -> Result<(), Refusal> {
        while count > self.here().len() {
            count -= self.here().len();
            self.turn()?;
        }
        self.place += count;
        Ok(())
    }
}

/// Adds at most `most` UTF-16 units; answers how many bytes they took.
fn decode(bytes: &[u8], wide: bool, most: usize, units: &mut Vec<u16>) -> usize {
    let before = units.len();
    if wide {
        units.extend(bytes.chunks_exact(2).take(most).map(|pair| u16::from_le_bytes([pair[0], pair[1]])));
        2 * (units.len() - before)
    } else {
        units.extend(bytes.iter().take(most).map(|byte| u16::from(*byte)));
        units.len() - before
    }
}

impl Letters {
    fn of_page(self, page: u16) -> Self {
        match (self, page) {
            (Self::Unicode, _) => Self::Unicode,
            (_, 932) => Self::Page(SHIFT_JIS),
            (_, 936) => Self::Page(GBK),
            (_, 949) => Self::Page(EUC_KR),
            (_, 950) => Self::Page(BIG5),
            (_, 65001) => Self::Page(UTF_8),
            _ => Self::Page(WINDOWS_1252),
        }
    }

    /// A text inside one record: its length, perhaps a mark of its width, its characters.
    fn text(self, data: &[u8], place: usize) -> Result<String, Refusal> {
        let length = usize::from(number(data, place)?);
        let text = match self {
            Self::Unicode => {
                let mut units = Vec::new();
                let wide = byte(data, place + 2)? & 1 != 0;
                decode(data.get(place + 3..).unwrap_or_default(), wide, length, &mut units);
                String::from_utf16_lossy(&units)
            }
            Self::Page(page) => {
                let rest = data.get(place + 2..).unwrap_or_default();
                page.decode_without_bom_handling(&rest[..length.min(rest.len())]).0.into_owned()
            }
        };
        if text.len() > CELL_BYTES_MAX { Err(Refusal::Damaged) } else { Ok(text) }
    }

    /// The code of a number format.
    fn format(self, data: &[u8]) -> Result<String, Refusal> {
        match self {
            Self::Unicode => self.text(data, 2),
            Self::Page(page) => Ok(page.decode_without_bom_handling(data.get(3..).unwrap_or_default()).0.into_owned()),
        }
    }
}

/// A number in four bytes: an integer or the upper half of a float, perhaps in hundredths.
fn rk(value: u32) -> f64 {
    let number =
        if value & 2 == 0 { f64::from_bits(u64::from(value & !3) << 32) } else { f64::from(value.cast_signed() >> 2) };
    if value & 1 == 0 { number } else { number / 100.0 }
}

fn style(data: &[u8]) -> Result<usize, Refusal> {
    number(data, 4).map(usize::from)
}

fn array<const N: usize>(data: &[u8], place: usize) -> Result<[u8; N], Refusal> {
    data.get(place..).and_then(|rest| rest.first_chunk::<N>()).copied().ok_or(Refusal::Damaged)
}

fn byte(data: &[u8], place: usize) -> Result<u8, Refusal> {
    array::<1>(data, place).map(|[byte]| byte)
}

fn number(data: &[u8], place: usize) -> Result<u16, Refusal> {
    array(data, place).map(u16::from_le_bytes)
}

fn long(data: &[u8], place: usize) -> Result<u32, Refusal> {
    array(data, place).map(u32::from_le_bytes)
}

fn float(data: &[u8], place: usize) -> Result<f64, Refusal> {
    array(data, place).map(f64::from_le_bytes)
}
