//! The form that all files with the bank share (domain.md F-03, docs/bank.md): lines of fields between `|`, a header `H`,
//! details `D`, and a trailer `T` with the SHA-256 of all bytes before it. A file that was cut off or changed on its way does
//! not carry its own digest, and is not read at all.

use super::Encoding;
use encoding_rs::{GB18030, UTF_8};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Why a file is not read; never with its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(pub String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Unreadable {
    /// A complaint about a line, counted from 1.
    #[must_use]
    pub fn line(number: usize, what: &str) -> Self {
        Self(format!("第{number}行{what}"))
    }
}

/// SHA-256 in lower-case digits.
#[must_use]
pub fn digest(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file that is being written.
pub struct Writer {
    encoding: Encoding,
    content: Vec<u8>,
}

impl Writer {
    /// Begins with the header.
    #[must_use]
    pub fn new(encoding: Encoding, header: &[&str]) -> Self {
        let mut writer = Self { encoding, content: Vec::new() };
        writer.line("H", header);
        writer
    }

    /// Adds a detail.
    pub fn detail(&mut self, fields: &[&str]) {
        self.line("D", fields);
    }

    fn line(&mut self, mark: &str, fields: &[&str]) {
        let mut line = mark.to_owned();
        for field in fields {
            line.push('|');
            // What would end a field or a line becomes what people read the same.
            line.extend(field.chars().map(|letter| match letter {
                '|' => '｜',
                letter if letter.is_control() => ' ',
                letter => letter,
            }));
        }
        line.push('\n');
        match self.encoding {
            Encoding::Utf8 => self.content.extend_from_slice(line.as_bytes()),
            Encoding::Gbk => self.content.extend_from_slice(&GB18030.encode(&line).0),
        }
    }

    /// Ends with the trailer.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let digest = digest(&self.content);
        self.content.extend_from_slice(format!("T|{digest}\n").as_bytes());
        self.content
    }
}

/// A file whose digest was right.
pub struct Document {
    text: String,
    /// the lines of details begin after the header
    body: std::ops::Range<usize>,
}

impl Document {
    /// Checks the trailer and decodes the rest.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(encoding: Encoding, content: &[u8]) -> Result<Self, Unreadable> {
        let unreadable = |what: &str| Unreadable(what.to_owned());
        let whole = content.strip_suffix(b"\n").unwrap_or(content);
        let whole = whole.strip_suffix(b"\r").unwrap_or(whole);
        let begin = whole.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
        let (body, trailer) = content.split_at(begin);
        let trailer = std::str::from_utf8(&trailer[..whole.len() - begin]).unwrap_or_default();
        let Some(told) = trailer.strip_prefix("T|") else {
            return Err(unreadable("文件不完整：缺少文件尾"));
        };
        if !told.eq_ignore_ascii_case(&digest(body)) {
            return Err(unreadable("文件校验值不符"));
        }
        let decoder = match encoding {
            Encoding::Utf8 => UTF_8,
            Encoding::Gbk => GB18030,
        };
        let text = decoder
            .decode_without_bom_handling_and_without_replacement(body)
            .ok_or_else(|| unreadable("文件字符编码不符"))?
            .into_owned();
        let first = text.find('\n').map_or(text.len(), |place| place + 1);
        if !text.starts_with("H|") {
            return Err(unreadable("文件不完整：缺少文件头"));
        }
        let body = first..text.len();
        Ok(Self { text, body })
    }

    /// The fields of the header, without its mark.
    #[must_use]
    pub fn header(&self) -> Vec<&str> {
        fields(self.text[..self.body.start].trim_end_matches(['\n', '\r']))
    }

    /// The fields of every detail, without their mark, with the number of the line.
    ///
    /// # Errors
    /// For a line that is no detail.
    pub fn details(&self) -> impl Iterator<Item = Result<(usize, Vec<&str>), Unreadable>> {
        let lines = self.text[self.body.clone()].split_terminator('\n').enumerate();
        lines.map(|(index, line)| {
            let (number, line) = (index + 2, line.strip_suffix('\r').unwrap_or(line));
            if line.starts_with("D|") {
                Ok((number, fields(line)))
            } else {
                Err(Unreadable::line(number, "不是明细"))
            }
        })
    }

    /// How many lines of details there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.text[self.body.clone()].split_terminator('\n').count()
    }
}

fn fields(line: &str) -> Vec<&str> {
    line.split('|').skip(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(encoding: Encoding) -> Vec<u8> {
        let mut writer = Writer::new(encoding, &["DK1", "0001", "2"]);
        writer.detail(&["1", "张三", "111.80"]);
        writer.detail(&["2", "欧阳𠮷", "0.01"]);
        writer.finish()
    }

    fn read(encoding: Encoding, content: &[u8]) -> Result<Vec<Vec<String>>, Unreadable> {
        let document = Document::read(encoding, content)?;
        let mut lines = vec![document.header().into_iter().map(ToOwned::to_owned).collect()];
        for detail in document.details() {
            lines.push(detail?.1.into_iter().map(ToOwned::to_owned).collect());
        }
        Ok(lines)
    }

    #[test]
    fn what_is_written_is_read() {
        for encoding in [Encoding::Utf8, Encoding::Gbk] {
            let lines = read(encoding, &written(encoding)).expect("it is whole");
            assert_eq!(lines, [vec!["DK1", "0001", "2"], vec!["1", "张三", "111.80"], vec!["2", "欧阳𠮷", "0.01"]]);
        }
        assert_ne!(written(Encoding::Utf8), written(Encoding::Gbk));
        assert_eq!(&written(Encoding::Gbk)[13..19], &[b'D', b'|', b'1', b'|', 0xd5, 0xc5], "张 as GBK has it");
        assert!(read(Encoding::Utf8, &written(Encoding::Gbk)).is_err(), "the other encoding");
    }

    #[test]
    fn a_file_that_was_cut_off_or_changed_is_not_read() {
        let whole = written(Encoding::Utf8);
        for length in 0..whole.len() - 1 {
            assert!(Document::read(Encoding::Utf8, &whole[..length]).is_err(), "{length} bytes");
        }
        assert!(Document::read(Encoding::Utf8, &whole[..whole.len() - 1]).is_ok(), "a last line need not end");
        for place in 0..whole.len() - 1 {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            assert!(Document::read(Encoding::Utf8, &changed).is_err(), "byte {place}");
        }
    }

    #[test]
    fn a_bank_may_end_its_lines_as_it_is_used_to() {
        let body = "H|DK1\r\nD|1|a\r\n";
        let content = format!("{body}T|{}\r\n", digest(body.as_bytes()).to_uppercase());
        assert_eq!(
            read(Encoding::Utf8, content.as_bytes()),
            Ok(vec![vec!["DK1".to_owned()], vec!["1".into(), "a".into()]])
        );
        let strange = "H|DK1\nX|1\n";
        let content = format!("{strange}T|{}", digest(strange.as_bytes()));
        assert_eq!(read(Encoding::Utf8, content.as_bytes()), Err(Unreadable("第2行不是明细".into())));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_form(fields in prop::collection::vec(".*", 1..8), gbk in any::<bool>()) {
            let encoding = if gbk { Encoding::Gbk } else { Encoding::Utf8 };
            let mut writer = Writer::new(encoding, &["1"]);
            writer.detail(&fields.iter().map(String::as_str).collect::<Vec<_>>());
            let lines = read(encoding, &writer.finish()).expect("it is whole");
            prop_assert_eq!(lines.len(), 2);
            prop_assert_eq!(lines[1].len(), fields.len());
        }

        #[test]
        fn no_bytes_make_the_reader_fail(content in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(Encoding::Gbk, &content);
            let _ = read(Encoding::Utf8, &content);
        }
    }
}
