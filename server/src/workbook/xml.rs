//! XML parts of a package, event by event, inside the limits of [`super::guard`].
//!
//! Entities that a file declares for itself are not expanded: the reader knows only the five of
//! XML and character numbers, so there is no way to make much text out of little.

use super::guard::{CELL_BYTES_MAX, Metered, Refusal};
use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
};
use std::io::Read;

/// Elements inside elements, at most. A worksheet needs six.
const DEPTH_MAX: usize = 64;

/// One part being read.
pub(super) struct Xml<'a, R: Read> {
    reader: Reader<Metered<'a, R>>,
    buffer: Vec<u8>,
    depth: usize,
}

impl<'a, R: Read> Xml<'a, R> {
    pub fn new(part: Metered<'a, R>) -> Self {
        let mut reader = Reader::from_reader(part);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.check_comments = false;
        Self { reader, buffer: Vec::new(), depth: 0 }
    }

    /// The next event; [`Event::Eof`] at the end.
    pub fn next(&mut self) -> Result<Event<'_>, Refusal> {
        self.buffer.clear();
        self.reader.get_mut().event();
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => {
                match event {
                    Event::Start(_) => self.depth += 1,
                    Event::End(_) => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                if self.depth > DEPTH_MAX { Err(Refusal::Damaged) } else { Ok(event) }
            }
            Err(_) => Err(self.reader.get_ref().refusal()),
        }
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
    found.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok().map(|value| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbook::guard::{Limits, Meter};

    fn rich(xml: &str) -> Result<String, Refusal> {
        let mut meter = Meter::new(&Limits::BROWSER);
        let mut xml = Xml::new(Metered::new(xml.as_bytes(), u64::MAX, &mut meter));
        let mut text = "before".to_owned();
        loop {
            if let Event::Start(e) = xml.next()? {
                if e.local_name().as_ref() == "si" {
                    xml.rich_text("si", &mut text)?;
                    return Ok(text.split_off("before".len()));
                }
            }
        }
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
        assert_eq!(rich("<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><si><t>&f;</t></si>"), Err(Refusal::Damaged));
    }

    #[test]
    fn what_would_fill_the_memory_is_refused() {
        let long = "x".repeat(CELL_BYTES_MAX + 1);
        assert_eq!(rich(&format!("<si><t>{long}</t></si>")), Err(Refusal::Damaged));
        assert!(rich(&format!("<si><t>{}</t></si>", "一".repeat(32_767))).is_ok());
        assert_eq!(rich(&format!("<si a=\"{}\"><t>1</t></si>", "x".repeat(2 << 20))), Err(Refusal::TooLarge));
        assert_eq!(rich(&"<a>".repeat(100)), Err(Refusal::Damaged));
        assert_eq!(rich("<si><t>cut off"), Err(Refusal::Damaged));
    }
}
