//! The Chinese font that papers are set in: where it is looked for, and that it really is one.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use typst::{
    foundations::Bytes,
    text::{Font, FontBook},
    utils::LazyHash,
};

/// Where the packages of the systems put them; the first folder with a font of the list below is taken.
const FOLDERS: [&str; 8] = [
    "/usr/share/fonts/opentype/noto",
    "/usr/share/fonts/noto-cjk",
    "/usr/share/fonts/google-noto-serif-cjk-vf-fonts",
    "/usr/share/fonts/google-noto-cjk",
    "/usr/share/fonts/truetype/wqy",
    "/usr/local/share/fonts",
    "/opt/homebrew/share/fonts",
    "/Library/Fonts",
];
/// Files that are looked for in a folder, and their bold sisters; the first pair with a regular face is taken.
const FILES: [(&str, &str); 5] = [
    ("NotoSerifCJK-Regular.ttc", "NotoSerifCJK-Bold.ttc"),
    ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"),
    ("NotoSerifCJKsc-Regular.otf", "NotoSerifCJKsc-Bold.otf"),
    ("SourceHanSerifSC-Regular.otf", "SourceHanSerifSC-Bold.otf"),
    ("wqy-microhei.ttc", "wqy-microhei.ttc"),
];
/// Families of simplified Chinese; a collection holds those of other regions too, whose characters look different.
const FAMILIES: [&str; 5] =
    ["Noto Serif CJK SC", "Source Han Serif SC", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei"];
/// What any font for these papers has.
const NEEDED: &str = "租赁合同甲乙方拾佰仟万亿元角分整零壹贰叁肆伍陆柒捌玖¥㎡";

/// The files of the font; they are read when somebody first prints.
#[derive(Debug)]
pub struct Fonts {
    found: Result<Vec<PathBuf>, String>,
    loaded: Mutex<Option<Arc<Faces>>>,
}

#[derive(Debug)]
pub(crate) struct Faces {
    pub book: LazyHash<FontBook>,
    pub fonts: Vec<Font>,
    /// names of the families, as JSON
    pub families: Bytes,
}

impl Fonts {
    /// Looks for the font: in the given file or folder, otherwise where systems have theirs.
    #[must_use]
    pub fn find(given: Option<&Path>) -> Self {
        let found = match given {
            Some(path) if path.is_file() => Ok(vec![path.to_owned()]),
            Some(path) => files_in(path).ok_or_else(|| format!("no Chinese font in {}", path.display())),
            None => FOLDERS
                .iter()
                .find_map(|folder| files_in(Path::new(folder)))
                .ok_or_else(|| "no Chinese font; install fonts-noto-cjk, or name a font file with --font".to_owned()),
        };
        Self { found, loaded: Mutex::new(None) }
    }

    /// The files, or one line that says what to do.
    ///
    /// # Errors
    /// That line.
    pub fn files(&self) -> Result<&[PathBuf], &str> {
        self.found.as_deref().map_err(String::as_str)
    }

    pub(crate) fn load(&self) -> Result<Arc<Faces>, String> {
        let mut loaded = self.loaded.lock().map_err(|_| "the fonts could not be read".to_owned())?;
        if let Some(faces) = loaded.as_ref() {
            return Ok(faces.clone());
        }
        let mut fonts = Vec::new();
        for file in self.found.as_ref().map_err(Clone::clone)? {
            let content = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
            fonts.extend(Font::iter(Bytes::new(content)).filter(|font| fits(font)));
        }
        if fonts.is_empty() {
            return Err(format!("no font for simplified Chinese in {:?}", self.found));
        }
        let mut families: Vec<&str> = fonts.iter().map(|font| font.info().family.as_str()).collect();
        families.dedup();
        let families = Bytes::new(serde_json::to_vec(&families).map_err(|error| error.to_string())?);
        let faces = Arc::new(Faces { book: LazyHash::new(FontBook::from_fonts(&fonts)), families, fonts });
        *loaded = Some(faces.clone());
        Ok(faces)
    }
}

fn files_in(folder: &Path) -> Option<Vec<PathBuf>> {
    FILES.iter().find_map(|(regular, bold)| {
        let regular = folder.join(regular);
        let bold = folder.join(bold);
        regular.is_file().then(|| {
            let mut files = vec![regular.clone()];
            files.extend((bold != regular && bold.is_file()).then_some(bold));
            files
        })
    })
}

/// Whether a face is one of simplified Chinese: of a known family, or, when somebody named another, with the characters.
fn fits(font: &Font) -> bool {
    let info = font.info();
    let other_region = ["JP", "KR", "TC", "HK", "Mono CJK"].iter().any(|region| info.family.contains(region));
    (FAMILIES.contains(&info.family.as_str()) || !other_region)
        && NEEDED.chars().all(|character| info.coverage.contains(character as u32))
}
