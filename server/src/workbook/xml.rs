//! XML parts of a package, in blocks and event by event, inside the limits of [`super::guard`].
//!
//! A long part is cut into blocks of whole elements, each parsed as one text: twice as fast as
//! parsing a stream, and memory is that of a block. Entities that a file declares for itself are
//! not expanded: only the five of XML and character numbers are known, so there is no way to make
//! much text out of little.

use super::guard::{CELL_BYTES_MAX, ELEMENT_BYTES_MAX, Metered, Refusal};
use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
};
use std::io::Read;

/// Elements inside elements, at most. A worksheet needs six.
const DEPTH_MAX: usize = 64;
/// Bytes unpacked at a time.
const BLOCK_BYTES: usize = 1 << 18;

/// A part cut before elements of one name.
pub(super) struct Blocks<'a, R> {
    part: Metered<'a, R>,
    element: &'static str,
    buffer: Vec<u8>,
    /// how much of the buffer was handed out
    used: usize,
    ended: bool,
}

impl<'a, R: Read> Blocks<'a, R> {
    pub fn new(part: Metered<'a, R>, element: &'static str) -> Self {
        Self { part, element, buffer: Vec::new(), used: 0, ended: false }
    }

    /// The next block: text in which every element of the name that begins also ends.
    pub fn next(&mut self) -> Result<Option<&str>, Refusal> {
        self.buffer.drain(..self.used);
        self.used = 0;
        while !self.ended {
            self.ended = self.part.fill(&mut self.buffer, BLOCK_BYTES)? == 0;
            let cut = if self.ended { self.buffer.len() } else { last_start(&self.buffer, self.element) };
            if cut > 0 {
                self.used = cut;
                return str::from_utf8(&self.buffer[..cut]).map(Some).map_err(|_| Refusal::Damaged);
            }
            if self.buffer.len() > ELEMENT_BYTES_MAX {
                return Err(Refusal::TooLarge);
            }
        }
        Ok(None)
    }
}

/// Where the last element of this name begins, with or without a prefix; 0 when none does. `<` in a
/// text is always written otherwise, so what looks like a tag is one.
fn last_start(text: &[u8], element: &str) -> usize {
    let mut end = text.len();
    while let Some(start) = text[..end].iter().rposition(|byte| *byte == b'<') {
        let name = text[start + 1..end].split(|byte| matches!(byte, b' ' | b'>' | b'/' | b'\n' | b'\r' | b'\t')).next();
        let local = name.and_then(|name| name.rsplit(|byte| *byte == b':').next());
        if local == Some(element.as_bytes()) {
            return start;
        }
        end = start;
    }
    0
}

/// A text being parsed.
pub(super) struct Xml<'s> {
    reader: Reader<&'s [u8]>,
    depth: usize,
}

impl<'s> Xml<'s> {
    pub fn new(text: &'s str) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.check_comments = false;
        // What a block closes may have been opened in the one before.
        config.allow_unmatched_ends = true;
        Self { reader, depth: 0 }
    }

    /// The next event; [`Event::Eof`] at the end.
    pub fn next(&mut self) -> Result<Event<'s>, Refusal> {
        let event = self.reader.read_event().map_err(|_| Refusal::Damaged)?;
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth > DEPTH_MAX { Err(Refusal::Damaged) } else { Ok(event) }
    }

    /// Adds the text of the element that was just opened, up to its end, to `text`: what stands in
    /// its `t` elements without the reading aids (`rPh`) of East Asian names.
    pub fn rich_text(&mut self, name: &str, text: &mut String) -> Result<(), Refusal> {
        let start = text.len();
        let (mut inside, mut aid) = (false, false);
        loop {
            match self.next()? {
                Event::Start(e) => match e.local_name().as_ref() {
                    "t" => inside = !aid,
                    "rPh" => aid = true,
                    _ => {}
                },
                Event::End(e) => match e.local_name().as_ref() {
                    "t" => inside = false,
                    "rPh" => aid = false,
                    end if end == name => break,
                    _ => {}
                },
                Event::Eof => return Err(Refusal::Damaged),
                event if inside => push_text(&event, text)?,
                _ => {}
            }
            check_length(&text[start..])?;
        }
        unescape(text, start);
        Ok(())
    }

    /// Adds the plain text of the element that was just opened, up to its end, to `text`.
    pub fn plain_text(&mut self, name: &str, text: &mut String) -> Result<(), Refusal> {
        loop {
            match self.next()? {
                Event::End(e) if e.local_name().as_ref() == name => return Ok(()),
                Event::Eof => return Err(Refusal::Damaged),
                event => push_text(&event, text)?,
            }
            check_length(text)?;
        }
    }
}

/// No program writes longer cells; one here is an attack on memory.
fn check_length(text: &str) -> Result<(), Refusal> {
    if text.len() > CELL_BYTES_MAX { Err(Refusal::Damaged) } else { Ok(()) }
}

fn push_text(event: &Event<'_>, text: &mut String) -> Result<(), Refusal> {
    match event {
        Event::Text(part) => text.push_str(&part.xml10_content()),
        Event::CData(part) => text.push_str(part),
        Event::GeneralRef(reference) => push_reference(reference, text)?,
        _ => {}
    }
    Ok(())
}

fn push_reference(reference: &BytesRef<'_>, text: &mut String) -> Result<(), Refusal> {
    match reference.resolve_char_ref() {
        Ok(Some(c)) => text.push(c),
        Ok(None) => text.push_str(resolve_predefined_entity(reference).ok_or(Refusal::Damaged)?),
        Err(_) => return Err(Refusal::Damaged),
    }
    Ok(())
}

/// `_x000D_` is how the format writes characters that XML cannot; `_x005F_` is the underscore
/// itself where it would look like one of these.
pub(super) fn unescape(text: &mut String, start: usize) {
    if !text[start..].contains("_x") {
        return;
    }
    let escaped = text.split_off(start);
    let mut rest = escaped.as_str();
    while let Some(place) = rest.find("_x") {
        text.push_str(&rest[..place]);
        rest = &rest[place..];
        let code = rest.get(2..6).filter(|_| rest.as_bytes().get(6) == Some(&b'_'));
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                text.push(c);
                rest = &rest[7..];
            }
            None => {
                text.push_str("_x");
                rest = &rest[2..];
            }
        }
    }
    text.push_str(rest);
}

/// An attribute by its name without prefix, entities resolved.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().with_checks(false).flatten().find(|a| a.key.local_name().as_ref() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbook::guard::{Limits, Meter};

    fn rich(xml: &str) -> Result<String, Refusal> {
        let (mut xml, mut text) = (Xml::new(xml), "before".to_owned());
        loop {
            match xml.next()? {
                Event::Start(e) if e.local_name().as_ref() == "si" => {
                    xml.rich_text("si", &mut text)?;
                    return Ok(text.split_off("before".len()));
                }
                Event::Eof => return Err(Refusal::Empty),
                _ => {}
            }
        }
    }

    fn blocks(text: &str) -> Result<Vec<String>, Refusal> {
        let mut meter = Meter::new(&Limits::BROWSER);
        let mut blocks = Blocks::new(Metered::new(text.as_bytes(), u64::MAX, &mut meter), "row");
        let mut found = Vec::new();
        while let Some(block) = blocks.next()? {
            found.push(block.to_owned());
        }
        Ok(found)
    }

    #[test]
    fn blocks_hold_whole_elements() {
        assert_eq!(last_start(b"<a><row/><row r=\"1\">x", "row"), 9);
        assert_eq!(last_start(b"<a><x:row r=\"1\"/><rowBreaks/></row><arrow>row> <r", "row"), 3);
        assert_eq!(last_start(b"<a>row", "row"), 0);
        let rows: String = (0..50_000).map(|row| format!("<x:row r=\"{row}\"><c>宏茂桥</c></x:row>")).collect();
        let text = format!("<sheetData>{rows}</sheetData><rowBreaks/>");
        let found = blocks(&text).unwrap();
        assert!(found.len() > 3, "{} blocks", found.len());
        assert_eq!(found.concat(), text);
        assert!(found.iter().skip(1).all(|block| block.starts_with("<x:row")));
        assert!(blocks("").unwrap().is_empty());
        let endless = format!("<row>{}", " ".repeat(ELEMENT_BYTES_MAX + 2 * BLOCK_BYTES));
        assert_eq!(blocks(&endless), Err(Refusal::TooLarge));
    }

    #[test]
    fn texts_are_put_together_from_their_runs() {
        for (xml, text) in [
            ("<si><t>宏茂桥</t></si>", "宏茂桥"),
            ("<x:si><x:r><x:t>甲</x:t></x:r><x:r><x:rPr/><x:t xml:space=\"preserve\"> 乙</x:t></x:r></x:si>", "甲 乙"),
            ("<si><t>東京</t><rPh sb=\"0\" eb=\"2\"><t>とうきょう</t></rPh></si>", "東京"),
            ("<si><t>a&lt;b&#x4e00;&#65;&amp;</t></si>", "a<b一A&"),
            ("<si><t><![CDATA[<b>]]></t></si>", "<b>"),
            ("<si><t>1_x000D_\n2_x005F_x0041_3_x_x00_</t></si>", "1\r\n2_x0041_3_x_x00_"),
            ("<si><t/></si>", ""),
        ] {
            assert_eq!(rich(xml).as_deref(), Ok(text), "{xml}");
        }
    }

    #[test]
    fn declared_entities_are_not_expanded() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><si><t>&b;</t></si>";
        assert_eq!(rich(bomb), Err(Refusal::Damaged));
        assert_eq!(
            rich("<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><si><t>&f;</t></si>"),
            Err(Refusal::Damaged)
        );
    }

    #[test]
    fn what_would_fill_the_memory_is_refused() {
        let long = "x".repeat(CELL_BYTES_MAX + 1);
        assert_eq!(rich(&format!("<si><t>{long}</t></si>")), Err(Refusal::Damaged));
        assert!(rich(&format!("<si><t>{}</t></si>", "一".repeat(32_767))).is_ok());
        assert_eq!(rich(&format!("{}<si><t>1</t></si>", "<a>".repeat(100))), Err(Refusal::Damaged));
        assert_eq!(rich("<si><t>cut off"), Err(Refusal::Damaged));
    }
}
