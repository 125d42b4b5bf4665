//! What a file is, told by its content and never by its name; and the name that it is kept under.
//!
//! Looks at signatures and structure only: whether a picture can really be drawn, the server finds out by drawing it.

use crate::value::{Check, Complaint};
use serde::{Deserialize, Serialize};

use super::FILE_BYTES_MAX;

/// Letters of a name that are kept.
const NAME_MAX: usize = 80;
/// Digits in a row that are more than a date or a number of a page: of a document, a telephone, an account.
const NUMBER_DIGITS: usize = 11;

/// What a content is (E-23: jpg, png, pdf).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Media {
    Jpeg,
    Png,
    Pdf,
}

impl Media {
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::Pdf];

    /// As stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Pdf => "PDF",
        }
    }

    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|media| media.code() == code)
    }

    /// As sent.
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }

    #[must_use]
    pub fn is_picture(self) -> bool {
        self != Self::Pdf
    }

    /// Ends of names that fit, the usual one first.
    fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Png => &["png"],
            Self::Pdf => &["pdf"],
        }
    }

    /// The signature with which the content begins.
    fn signature(self) -> &'static [u8] {
        match self {
            Self::Jpeg => b"\xFF\xD8\xFF",
            Self::Png => b"\x89PNG\r\n\x1A\n",
            Self::Pdf => b"%PDF-",
        }
    }
}

/// Says what a content is.
///
/// # Errors
/// Why it is not kept, in a sentence that follows the file's name.
pub fn content_check(content: &[u8]) -> Check<Media> {
    if content.is_empty() {
        return Err(Complaint::says("是空文件，请重新选择"));
    }
    if content.len() > FILE_BYTES_MAX {
        return Err(too_large());
    }
    let media = Media::ALL.into_iter().find(|media| content.starts_with(media.signature()));
    let media = media.ok_or_else(|| Complaint::says("不是JPG、PNG或PDF文件，请转换格式后再上传"))?;
    let after = match media {
        Media::Jpeg => after_jpegs(content),
        Media::Png => after_png(content),
        Media::Pdf => after_pdf(content),
    };
    let after = after.ok_or_else(broken)?;
    // A file that is two at once: what looks harmless here is something else to another program.
    let two = after.iter().any(|byte| *byte != 0)
        || is_archive(content)
        || (media.is_picture() && contains(&content[..content.len().min(1024)], Media::Pdf.signature()));
    if two {
        Err(Complaint::says("还夹带了其它内容，请重新扫描或另存后再上传"))
    } else {
        Ok(media)
    }
}

/// What is said of a file beyond [`FILE_BYTES_MAX`].
#[must_use]
pub fn too_large() -> Complaint {
    Complaint::says(format!("超过{}MB，请压缩后再上传", FILE_BYTES_MAX / 1024 / 1024))
}

/// What is said of a file that is no whole one of its kind.
#[must_use]
pub fn broken() -> Complaint {
    Complaint::says("不完整或已损坏，请重新扫描或另存后再上传")
}

/// What comes behind the last picture of a JPEG: telephones put further ones behind the first. None: it does not end.
fn after_jpegs(mut content: &[u8]) -> Option<&[u8]> {
    loop {
        content = after_jpeg(content)?;
        let next = content.iter().position(|byte| *byte != 0).unwrap_or(content.len());
        if !content[next..].starts_with(Media::Jpeg.signature()) {
            return Some(content);
        }
        content = &content[next..];
    }
}

fn after_jpeg(content: &[u8]) -> Option<&[u8]> {
    let mut place = 2;
    loop {
        if *content.get(place)? != 0xFF {
            return None;
        }
        // Any number of FF may stand before a marker.
        while *content.get(place)? == 0xFF {
            place += 1;
        }
        let marker = content[place];
        place += 1;
        match marker {
            0xD9 => return Some(&content[place..]),
            0x01 | 0xD0..=0xD7 => continue,
            0x00 | 0xD8 => return None,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes([*content.get(place)?, *content.get(place + 1)?]));
        if length < 2 {
            return None;
        }
        place += length;
        if marker == 0xDA {
            // The picture itself: until an FF that is neither stuffed nor a restart.
            while *content.get(place)? != 0xFF || matches!(content.get(place + 1)?, 0x00 | 0xD0..=0xD7) {
                place += 1;
            }
        }
    }
}

/// What comes behind the end of a PNG. None: it does not end.
fn after_png(content: &[u8]) -> Option<&[u8]> {
    let mut place = Media::Png.signature().len();
    loop {
        let length = u32::from_be_bytes(content.get(place..place + 4)?.try_into().ok()?);
        let kind = content.get(place + 4..place + 8)?;
        place = place.checked_add(usize::try_from(length).ok()?)?.checked_add(12)?;
        let rest = content.get(place..)?;
        if kind == b"IEND" {
            return Some(rest);
        }
    }
}

/// A PDF ends with `%%EOF` and says before where its table is. What comes behind is nothing but ends of lines.
fn after_pdf(content: &[u8]) -> Option<&[u8]> {
    const END: &[u8] = b"%%EOF";
    if !content.get(5).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let tail = &content[content.len().saturating_sub(2048)..];
    let end = tail.windows(END.len()).rposition(|window| window == END)?;
    contains(&tail[..end], b"startxref").then_some(())?;
    let after = &tail[end + END.len()..];
    // Programs end the last line in several ways.
    if after.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' ' | 0)) { Some(&[]) } else { Some(after) }
}

/// Whether it can be opened as a ZIP: those are read from their end, wherever they begin.
fn is_archive(content: &[u8]) -> bool {
    const END: &[u8] = b"PK\x05\x06";
    const HEAD: usize = 22;
    let start = content.len().saturating_sub(HEAD + usize::from(u16::MAX));
    content[start..].windows(HEAD).enumerate().any(|(place, head)| {
        let comment = usize::from(u16::from_le_bytes([head[20], head[21]]));
        head.starts_with(END) && start + place + HEAD + comment == content.len()
    })
}

fn contains(content: &[u8], part: &[u8]) -> bool {
    content.windows(part.len()).any(|window| window == part)
}

/// The name under which a file is kept and shown: without a path, without what is not a letter of a name, without long
/// numbers, and with an ending that fits the content.
#[must_use]
pub fn file_name_clean(name: &str, media: Media) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|letter| !is_hidden(*letter)).collect();
    let plain: String = plain.chars().map(|letter| if "<>:\"|?*".contains(letter) { '_' } else { letter }).collect();
    let plain = numbers_hide(plain.trim_matches(['.', ' ']));
    let (stem, ending) = match plain.rsplit_once('.') {
        Some((stem, ending)) if media.extensions().contains(&ending.to_ascii_lowercase().as_str()) => {
            (stem, ending.to_ascii_lowercase())
        }
        _ => (plain.as_str(), media.extensions()[0].to_owned()),
    };
    let stem: String = stem.trim_matches(['.', ' ']).chars().take(NAME_MAX).collect();
    let stem = if stem.is_empty() { "未命名" } else { &stem };
    format!("{stem}.{ending}")
}

/// Controls, and marks that make a name read another way than it is written.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// Numbers of persons do not stand in a list that everybody reads who sees the record.
fn numbers_hide(name: &str) -> String {
    let mut shown = String::new();
    let mut rest = name;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let length = from.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(from.len());
        let (digits, after) = from.split_at(length);
        shown.push_str(before);
        shown.push_str(if length < NUMBER_DIGITS { digits } else { "***" });
        rest = after;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture by its structure: head, a segment, the drawing with a stuffed byte and a restart, end.
    const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0\x00\x04ab\xFF\xDA\x00\x02xy\xFF\x00z\xFF\xD0q\xFF\xD9";
    const PNG: &[u8] = b"\x89PNG\r\n\x1A\n\x00\x00\x00\x01IDATxcccc\x00\x00\x00\x00IENDcccc";
    const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\nendobj\nstartxref\n9\n%%EOF\r\n";
    const ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

    fn refused(content: &[u8]) -> String {
        content_check(content).expect_err("refused").text().to_owned()
    }

    #[test]
    fn the_content_decides() {
        assert_eq!(content_check(JPEG), Ok(Media::Jpeg));
        assert_eq!(content_check(PNG), Ok(Media::Png));
        assert_eq!(content_check(PDF), Ok(Media::Pdf));
        // Telephones put a second picture behind the first, and cameras fill up with zeros.
        assert_eq!(content_check(&[JPEG, b"\0\0", JPEG, b"\0"].concat()), Ok(Media::Jpeg));
    }

    #[test]
    fn what_is_none_of_them_is_refused() {
        assert_eq!(refused(b""), "是空文件，请重新选择");
        for other in
            [&b"GIF89a"[..], b"MZ\x90\0", b"<svg xmlns='x'>", b"PK\x03\x04", b"\n%PDF-1.4\n%%EOF", b"RIFF0000WEBP"]
        {
            assert_eq!(refused(other), "不是JPG、PNG或PDF文件，请转换格式后再上传");
        }
        assert_eq!(refused(&vec![0; FILE_BYTES_MAX + 1]), "超过10MB，请压缩后再上传");
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        for whole in [JPEG, PNG] {
            for length in 8..whole.len() {
                assert!(content_check(&whole[..length]).is_err(), "{length} bytes");
            }
        }
        assert_eq!(refused(b"%PDF-1.7\n%%EOF\n"), "不完整或已损坏，请重新扫描或另存后再上传");
        assert_eq!(refused(b"%PDF-x\nstartxref\n9\n%%EOF\n"), "不完整或已损坏，请重新扫描或另存后再上传");
    }

    #[test]
    fn what_is_two_files_at_once_is_refused() {
        let comment = [&ZIP[..20], b"\x05\0hello"].concat();
        let inside = b"\xFF\xD8\xFF\xFE\x00\x11%PDF-1.4 hidden\xFF\xDA\x00\x02xy\xFF\xD9";
        for whole in [JPEG, PNG, PDF] {
            for behind in [ZIP, &comment, b"<script>", b"MZ"] {
                assert_eq!(refused(&[whole, behind].concat()), "还夹带了其它内容，请重新扫描或另存后再上传");
            }
        }
        assert!(refused(inside).starts_with("还夹带了"));
    }

    #[test]
    fn names_are_only_names() {
        for (name, media, clean) in [
            ("阳光苑大门.jpg", Media::Jpeg, "阳光苑大门.jpg"),
            ("C:\\照片\\大门.JPEG", Media::Jpeg, "大门.jpeg"),
            ("../../etc/passwd", Media::Pdf, "passwd.pdf"),
            ("图\u{202E}gpj.exe", Media::Jpeg, "图gpj.exe.jpg"),
            ("a\r\nb\"c.png", Media::Png, "ab_c.png"),
            ("身份证410105199003071248.png", Media::Png, "身份证***.png"),
            ("2026-11-27 1.pdf", Media::Pdf, "2026-11-27 1.pdf"),
            (" .jpg ", Media::Jpeg, "jpg.jpg"),
            ("", Media::Pdf, "未命名.pdf"),
            ("...", Media::Pdf, "未命名.pdf"),
        ] {
            assert_eq!(file_name_clean(name, media), clean);
        }
        assert_eq!(file_name_clean(&"长".repeat(300), Media::Png).chars().count(), NAME_MAX + 4);
    }
}
