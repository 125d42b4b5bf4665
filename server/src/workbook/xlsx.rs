//! `.xlsx` (also `.xlsm`): a zip package of XML parts, read as a stream.
//!
//! Only the parts that the cells of the first sheet need are opened: relations, workbook, styles,
//! shared texts, the sheet. Everything else (macros, pictures, other sheets) stays packed.

use super::{
    guard::{COLUMNS_MAX, ENTRIES_MAX, Limits, Meter, Metered, ROWS_MAX, Refusal, SMALL_PART_MAX},
    read::Intake,
    value::{Formats, boolean_text, is_date_format, number_or_text},
    xml::{Blocks, Xml, attribute, unescape},
};
use quick_xml::events::{BytesStart, Event};
use std::{collections::HashMap, io::Cursor, ops::ControlFlow};
use zip::{ZipArchive, read::ZipFile};

type Part<'a, 'b> = Metered<'b, ZipFile<'b, Cursor<&'a [u8]>>>;

/// Hands the rows of the first visible sheet to `intake`.
pub(super) fn read(content: &[u8], limits: &Limits, intake: &mut Intake<'_>) -> Result<(), Refusal> {
    let mut package = Package::open(content, limits)?;
    let path = package.target("_rels/.rels", "", "/officeDocument").ok_or(Refusal::WrongType)?;
    let book = package.workbook(&path)?;
    let relations = format!("{}_rels/{}.rels", folder(&path), &path[folder(&path).len()..]);
    let mut formats = match package.target(&relations, folder(&path), "/styles") {
        Some(part) => package.formats(&part)?,
        None => Formats::default(),
    };
    formats.from_1904 = book.from_1904;
    let texts = match package.target(&relations, folder(&path), "/sharedStrings") {
        Some(part) => package.texts(&part, limits.text)?,
        None => Texts::default(),
    };
    let sheets = package.relations(&relations, folder(&path))?;
    let sheet = book
        .sheets
        .iter()
        .find_map(|id| sheets.iter().find(|relation| relation.id == *id && relation.kind.ends_with("/worksheet")))
        .ok_or(Refusal::Damaged)?;
    let part = package.part(&sheet.target, u64::MAX)?.ok_or(Refusal::Damaged)?;
    let (mut sheet, mut blocks) =
        (Sheet { formats, texts, row_no: 0, ended: false, scratch: String::new() }, Blocks::new(part, "row"));
    while let Some(block) = blocks.next()? {
        if let ControlFlow::Break(()) = sheet.block(&mut Xml::new(block), intake)? {
            return Ok(());
        }
    }
    // A sheet whose data does not end was cut off.
    if sheet.ended { Ok(()) } else { Err(Refusal::Damaged) }
}

struct Package<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// entries by path, as programs mean it: with `/`, in lower case
    entries: HashMap<String, usize>,
    meter: Meter,
}

struct Relation {
    id: String,
    /// an address that ends in what it is: `…/worksheet`
    kind: String,
    /// path from the root of the package
    target: String,
}

struct Workbook {
    /// relation ids of the sheets, the visible ones first
    sheets: Vec<String>,
    from_1904: bool,
}

impl<'a> Package<'a> {
    fn open(content: &'a [u8], limits: &Limits) -> Result<Self, Refusal> {
        let zip = ZipArchive::new(Cursor::new(content)).map_err(|_| Refusal::Damaged)?;
        if zip.len() > ENTRIES_MAX {
            return Err(Refusal::TooLarge);
        }
        let mut entries = HashMap::with_capacity(zip.len());
        let mut declared = 0_u64;
        for index in 0..zip.len() {
            let entry = zip.by_index_data(index).map_err(|_| Refusal::Damaged)?;
            declared = declared.saturating_add(entry.size());
            let name = zip.name_for_index(index).and_then(Result::ok).ok_or(Refusal::Damaged)?;
            entries.insert(name.replace('\\', "/").to_lowercase(), index);
        }
        // What a package says it unpacks to may be a lie, but if even that is too much, it is no lie worth hearing.
        if declared > limits.unpacked {
            return Err(Refusal::TooLarge);
        }
        Ok(Self { zip, entries, meter: Meter::new(limits) })
    }

    fn part(&mut self, path: &str, most: u64) -> Result<Option<Part<'a, '_>>, Refusal> {
        let Some(index) = self.entries.get(&path.to_lowercase()) else { return Ok(None) };
        // A password on the entry ends here too.
        let part = self.zip.by_index(*index).map_err(|_| Refusal::Damaged)?;
        Ok(Some(Metered::new(part, most, &mut self.meter)))
    }

    /// A small part as a whole; empty when it is not there.
    fn text(&mut self, path: &str) -> Result<String, Refusal> {
        let mut text = Vec::new();
        if let Some(mut part) = self.part(path, SMALL_PART_MAX)? {
            part.fill(&mut text, usize::MAX)?;
        }
        String::from_utf8(text).map_err(|_| Refusal::Damaged)
    }

    fn relations(&mut self, path: &str, base: &str) -> Result<Vec<Relation>, Refusal> {
        let (text, mut relations) = (self.text(path)?, Vec::new());
        let mut xml = Xml::new(&text);
        loop {
            match xml.next()? {
                Event::Start(e) | Event::Empty(e) if e.local_name().as_ref() == "Relationship" => {
                    let (id, kind, target) = (attribute(&e, "Id"), attribute(&e, "Type"), attribute(&e, "Target"));
                    if let (Some(id), Some(kind), Some(target)) = (id, kind, target) {
                        relations.push(Relation { id, kind, target: absolute(base, &target) });
                    }
                }
                Event::Eof => return Ok(relations),
                _ => {}
            }
        }
    }

    /// Where the first relation of a kind leads.
    fn target(&mut self, path: &str, base: &str, kind: &str) -> Option<String> {
        let relations = self.relations(path, base).ok()?;
        relations.into_iter().find(|relation| relation.kind.ends_with(kind)).map(|relation| relation.target)
    }

    fn workbook(&mut self, path: &str) -> Result<Workbook, Refusal> {
        // The binary workbook of .xlsb is no text at all; a text document has another root.
        let text = self
            .text(path)
            .map_err(|refusal| if refusal == Refusal::Damaged { Refusal::WrongType } else { refusal })?;
        let mut xml = Xml::new(&text);
        let (mut visible, mut hidden, mut from_1904, mut root) = (Vec::new(), Vec::new(), false, false);
        loop {
            match xml.next().map_err(|refusal| if root { refusal } else { Refusal::WrongType })? {
                Event::Start(e) | Event::Empty(e) => match e.local_name().as_ref() {
                    "workbook" => root = true,
                    _ if !root => return Err(Refusal::WrongType),
                    "workbookPr" => from_1904 = matches!(attribute(&e, "date1904").as_deref(), Some("1" | "true")),
                    "sheet" => {
                        let shown = attribute(&e, "state").is_none_or(|state| state == "visible");
                        if let Some(id) = attribute(&e, "id") {
                            if shown { visible.push(id) } else { hidden.push(id) }
                        }
                    }
                    _ => {}
                },
                Event::Eof => break,
                _ => {}
            }
        }
        if !root {
            return Err(Refusal::WrongType);
        }
        visible.append(&mut hidden);
        Ok(Workbook { sheets: visible, from_1904 })
    }

    fn formats(&mut self, path: &str) -> Result<Formats, Refusal> {
        let mut formats = Formats::default();
        let mut custom: HashMap<u32, bool> = HashMap::new();
        let (text, mut inside) = (self.text(path)?, false);
        let mut xml = Xml::new(&text);
        loop {
            match xml.next()? {
                Event::Start(e) | Event::Empty(e) => match e.local_name().as_ref() {
                    "numFmt" => {
                        let id = attribute(&e, "numFmtId").and_then(|id| id.parse().ok());
                        if let (Some(id), Some(code)) = (id, attribute(&e, "formatCode")) {
                            custom.insert(id, is_date_format(&code));
                        }
                    }
                    "cellXfs" => inside = true,
                    "xf" if inside => {
                        let id = attribute(&e, "numFmtId").and_then(|id| id.parse().ok()).unwrap_or(0);
                        formats.push(id, custom.get(&id).copied());
                    }
                    _ => {}
                },
                Event::End(e) if e.local_name().as_ref() == "cellXfs" => return Ok(formats),
                Event::Eof => return Ok(formats),
                _ => {}
            }
        }
    }

    fn texts(&mut self, path: &str, most: u64) -> Result<Texts, Refusal> {
        let mut texts = Texts::default();
        let Some(part) = self.part(path, u64::MAX)? else { return Ok(texts) };
        let mut blocks = Blocks::new(part, "si");
        while let Some(block) = blocks.next()? {
            let mut xml = Xml::new(block);
            loop {
                match xml.next()? {
                    Event::Start(e) if e.local_name().as_ref() == "si" => {
                        xml.rich_text("si", &mut texts.all)?;
                        texts.end(most)?;
                    }
                    Event::Empty(e) if e.local_name().as_ref() == "si" => texts.end(most)?,
                    Event::Eof => break,
                    _ => {}
                }
            }
        }
        Ok(texts)
    }
}

/// The texts that cells share, one behind the other: an entry costs four bytes, not an allocation.
#[derive(Default)]
pub(super) struct Texts {
    pub all: String,
    ends: Vec<u32>,
}

impl Texts {
    /// Notes that a text is complete.
    pub fn end(&mut self, most: u64) -> Result<(), Refusal> {
        let end = u32::try_from(self.all.len()).map_err(|_| Refusal::TooLarge)?;
        self.ends.push(end);
        if u64::from(end) + 4 * self.ends.len() as u64 > most { Err(Refusal::TooLarge) } else { Ok(()) }
    }

    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.all.get(start as usize..end as usize)
    }
}

struct Sheet {
    formats: Formats,
    texts: Texts,
    /// worksheet row, from 1
    row_no: u32,
    /// whether the end of the data was met
    ended: bool,
    scratch: String,
}

/// What a `c` element says before its value comes.
struct Cell {
    column: Option<usize>,
    style: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Shared,
    Inline,
    Text,
    Boolean,
    Date,
    Error,
}

impl Sheet {
    /// Takes the rows of a block.
    fn block(&mut self, xml: &mut Xml<'_>, intake: &mut Intake<'_>) -> Result<ControlFlow<()>, Refusal> {
        loop {
            let (number, filled) = match xml.next()? {
                Event::Start(e) if e.local_name().as_ref() == "row" => (attribute_number(&e, "r"), true),
                Event::Empty(e) if e.local_name().as_ref() == "row" => (attribute_number(&e, "r"), false),
                Event::End(e) if e.local_name().as_ref() == "sheetData" => {
                    self.ended = true;
                    continue;
                }
                Event::Empty(e) if e.local_name().as_ref() == "sheetData" => {
                    self.ended = true;
                    continue;
                }
                Event::Eof => return Ok(ControlFlow::Continue(())),
                _ => continue,
            };
            let next = number.unwrap_or(self.row_no + 1);
            if next <= self.row_no || next > ROWS_MAX || self.ended {
                return Err(Refusal::Damaged);
            }
            self.row_no = next;
            let cells = if filled { self.row(xml, intake.columns())? } else { Vec::new() };
            if let ControlFlow::Break(()) = intake.row(self.row_no, cells)? {
                return Ok(ControlFlow::Break(()));
            }
        }
    }

    /// The cells of the row that was just opened, up to `columns`.
    fn row(&mut self, xml: &mut Xml<'_>, columns: usize) -> Result<Vec<String>, Refusal> {
        let mut cells = Vec::with_capacity(columns.min(COLUMNS_MAX / 4));
        let mut column = 0;
        loop {
            let (cell, filled) = match xml.next()? {
                Event::Start(e) if e.local_name().as_ref() == "c" => (Cell::of(&e), true),
                Event::Empty(e) if e.local_name().as_ref() == "c" => (Cell::of(&e), false),
                Event::End(e) if e.local_name().as_ref() == "row" => return Ok(cells),
                Event::Eof => return Err(Refusal::Damaged),
                _ => continue,
            };
            column = cell.column.unwrap_or(column);
            if filled {
                let text = self.value(xml, &cell, column < columns)?;
                if column < columns && !text.is_empty() {
                    if cells.len() <= column {
                        cells.resize(column + 1, String::new());
                    }
                    cells[column] = text;
                }
            }
            column += 1;
        }
    }

    /// The value of the cell that was just opened, up to its end. A formula has a value beside it.
    fn value(&mut self, xml: &mut Xml<'_>, cell: &Cell, wanted: bool) -> Result<String, Refusal> {
        self.scratch.clear();
        loop {
            match xml.next()? {
                // Some writers give a text twice, inline and as a value.
                Event::Start(e) => match (e.local_name().as_ref(), cell.kind) {
                    ("is", _) => xml.rich_text("is", &mut self.scratch)?,
                    ("v", kind) if kind != Kind::Inline => xml.plain_text("v", &mut self.scratch)?,
                    _ => {}
                },
                Event::End(e) if e.local_name().as_ref() == "c" => break,
                Event::Eof => return Err(Refusal::Damaged),
                _ => {}
            }
        }
        if wanted && !self.scratch.is_empty() { self.text(cell) } else { Ok(String::new()) }
    }

    fn text(&mut self, cell: &Cell) -> Result<String, Refusal> {
        let raw = &mut self.scratch;
        Ok(match cell.kind {
            Kind::Number => number_or_text(&self.formats, cell.style, raw),
            Kind::Shared => {
                let index = raw.trim().parse().map_err(|_| Refusal::Damaged)?;
                self.texts.get(index).ok_or(Refusal::Damaged)?.to_owned()
            }
            Kind::Inline => raw.clone(),
            Kind::Text => {
                unescape(raw, 0);
                raw.clone()
            }
            Kind::Boolean => boolean_text(matches!(raw.trim(), "1" | "true")).to_owned(),
            Kind::Date => raw.split('T').next().unwrap_or_default().to_owned(),
            Kind::Error => String::new(),
        })
    }
}

impl Cell {
    fn of(element: &BytesStart<'_>) -> Self {
        let mut cell = Self { column: None, style: 0, kind: Kind::Number };
        for attribute in element.attributes().with_checks(false).flatten() {
            let value = attribute.value.as_ref();
            match attribute.key.local_name().as_ref() {
                "r" => cell.column = column_of(value),
                "s" => cell.style = value.parse().unwrap_or(0),
                "t" => {
                    cell.kind = match value {
                        "s" => Kind::Shared,
                        "inlineStr" => Kind::Inline,
                        "str" => Kind::Text,
                        "b" => Kind::Boolean,
                        "d" => Kind::Date,
                        "e" => Kind::Error,
                        _ => Kind::Number,
                    };
                }
                _ => {}
            }
        }
        cell
    }
}

/// `C12` stands in column 2, counted from 0.
fn column_of(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic).take(4);
    letters.fold(None, |column, letter| {
        let letter = usize::from(letter.to_ascii_uppercase() - b'A');
        Some(column.map_or(letter, |column| (column + 1) * 26 + letter))
    })
}

fn attribute_number(element: &BytesStart<'_>, name: &str) -> Option<u32> {
    attribute(element, name).and_then(|value| value.parse().ok())
}

/// The folder of a path with its `/`; empty at the root.
fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |slash| &path[..=slash])
}

/// A relation's target from the root of the package.
fn absolute(base: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let joined = match target.strip_prefix('/') {
        Some(rooted) => rooted.to_owned(),
        None => format!("{base}{target}"),
    };
    let mut path: Vec<&str> = Vec::new();
    for step in joined.split('/') {
        match step {
            "." | "" => {}
            ".." => drop(path.pop()),
            step => path.push(step),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_paths() {
        for (place, column) in
            [("A1", Some(0)), ("Z9", Some(25)), ("AA10", Some(26)), ("xfd1048576", Some(16_383)), ("1", None)]
        {
            assert_eq!(column_of(place), column, "{place}");
        }
        assert_eq!(folder("xl/workbook.xml"), "xl/");
        assert_eq!(folder("workbook.xml"), "");
        for (base, target, path) in [
            ("xl/", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl/", "/xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl/", "..\\sheet.xml", "sheet.xml"),
            ("", "./xl/workbook.xml", "xl/workbook.xml"),
            ("", "../../etc/passwd", "etc/passwd"),
        ] {
            assert_eq!(absolute(base, target), path);
        }
    }

    #[test]
    fn texts_lie_behind_each_other() {
        let mut texts = Texts::default();
        for text in ["甲", "", "乙丙"] {
            texts.all.push_str(text);
            texts.end(1000).unwrap();
        }
        assert_eq!([0, 1, 2, 3].map(|index| texts.get(index)), [Some("甲"), Some(""), Some("乙丙"), None]);
        assert_eq!(texts.end(10), Err(Refusal::TooLarge));
    }
}
