//! What a file may cost, and the sentences that refuse it as a whole (domain.md §7.0).
//!
//! Nothing here trusts what a file says about itself: bytes are counted as they are unpacked, so a
//! zip bomb ends where the limit is, wherever in the file it hides.

use domain::import::{UPLOAD_BYTES_MAX, UPLOAD_ROWS_MAX};
use std::{
    fmt,
    io::{self, Read},
};

const MEBIBYTE: u64 = 1 << 20;

/// Most bytes of text in one cell: 32,767 characters, the limit of every spreadsheet program.
pub(super) const CELL_BYTES_MAX: usize = 4 * 32_767;
/// Last row of a worksheet.
pub(super) const ROWS_MAX: u32 = 1 << 20;
/// Columns behind this one are not looked at.
pub(super) const COLUMNS_MAX: usize = 200;
/// Most entries of a package. Sheets, styles and pictures of a real one are some dozens.
pub(super) const ENTRIES_MAX: usize = 10_000;
/// Most unpacked bytes of a part that is neither the sheet nor its texts.
pub(super) const SMALL_PART_MAX: u64 = 16 * MEBIBYTE;
/// Most bytes of one row with its tags, since it is parsed in memory.
pub(super) const ELEMENT_BYTES_MAX: usize = 16 << 20;

/// How much of a file is read before it is refused.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// bytes of the file itself
    pub bytes: usize,
    /// rows that count
    pub rows: u32,
    /// bytes unpacked from it
    pub unpacked: u64,
    /// bytes of text, both of the texts that cells share and of all cells together: one shared text
    /// of 32,767 characters in every cell would make gigabytes out of nothing
    pub text: u64,
}

impl Limits {
    /// A browser's upload (S1-3.1). A real file of 20,000 rows needs a tenth of this; the worst that
    /// stays below it is read in some seconds.
    pub const BROWSER: Self =
        Self { bytes: UPLOAD_BYTES_MAX, rows: UPLOAD_ROWS_MAX, unpacked: 256 * MEBIBYTE, text: 128 * MEBIBYTE };

    /// The command line, where the person owns the machine: only what cannot be a workbook is refused.
    pub const COMMAND: Self =
        Self { bytes: usize::MAX, rows: u32::MAX, unpacked: 8192 * MEBIBYTE, text: 4095 * MEBIBYTE };
}

/// Why a file is refused as a whole; nothing of it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    WrongType,
    /// truncated, broken, or locked with a password
    Damaged,
    WrongHeader,
    /// the columns of an earlier version, which had fewer
    OldTemplate,
    Empty,
    TooManyRows(u32),
    TooManyBytes(usize),
    /// more inside than the file may unpack to
    TooLarge,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongType => f.write_str("文件类型不正确，请上传.xlsx或.xls文件"),
            Self::Damaged => f.write_str("文件已损坏或加密，无法读取"),
            Self::WrongHeader => f.write_str("模板格式不正确，请下载最新模板"),
            Self::OldTemplate => f.write_str("模板版本过旧，请重新下载"),
            Self::Empty => f.write_str("文件中没有数据"),
            Self::TooManyRows(most) => write!(f, "文件超过{most}行，请拆分后导入"),
            Self::TooManyBytes(most) => write!(f, "文件超过{}MB，请拆分后导入", most >> 20),
            Self::TooLarge => f.write_str("文件解压后过大，无法导入"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Counts what is unpacked from one file, over all its parts.
pub(super) struct Meter {
    left: u64,
    spent: bool,
}

impl Meter {
    pub fn new(limits: &Limits) -> Self {
        Self { left: limits.unpacked, spent: false }
    }
}

/// A part of a file that is unpacked under the meter.
pub(super) struct Metered<'a, R> {
    part: R,
    part_left: u64,
    meter: &'a mut Meter,
}

impl<'a, R: Read> Metered<'a, R> {
    pub fn new(part: R, part_max: u64, meter: &'a mut Meter) -> Self {
        Self { part, part_left: part_max, meter }
    }

    /// Adds at most `most` bytes to `target`; answers how many came, 0 at the end.
    pub fn fill(&mut self, target: &mut Vec<u8>, most: usize) -> Result<usize, Refusal> {
        let before = target.len();
        let read = self.by_ref().take(most as u64).read_to_end(target);
        // An error of the archive is a broken file, unless it is ours.
        read.map_err(|_| if self.meter.spent { Refusal::TooLarge } else { Refusal::Damaged })?;
        Ok(target.len() - before)
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.part.read(target)?;
        let left = self.meter.left.min(self.part_left);
        if count as u64 > left {
            self.meter.spent = true;
            return Err(io::Error::other("the limit of this file is reached"));
        }
        self.meter.left -= count as u64;
        self.part_left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(unpacked: u64) -> Limits {
        Limits { unpacked, ..Limits::BROWSER }
    }

    #[test]
    fn a_part_ends_where_the_limit_is() {
        let mut meter = Meter::new(&limits(100_000));
        let mut part = Metered::new(io::repeat(b' '), u64::MAX, &mut meter);
        let mut target = Vec::new();
        assert_eq!(part.fill(&mut target, 60_000), Ok(60_000));
        assert_eq!(part.fill(&mut target, 60_000), Err(Refusal::TooLarge));
        assert!(target.len() <= 100_000);
        let mut small = Metered::new(io::repeat(b' '), 10, &mut meter);
        assert_eq!(small.fill(&mut target, 11), Err(Refusal::TooLarge));
    }

    #[test]
    fn the_limit_holds_for_all_parts_together() {
        let mut meter = Meter::new(&limits(100));
        let (part, mut target) = ([b' '; 60], Vec::new());
        assert_eq!(Metered::new(&part[..], 1000, &mut meter).fill(&mut target, 1000), Ok(60));
        assert_eq!(Metered::new(&part[..], 1000, &mut meter).fill(&mut target, 1000), Err(Refusal::TooLarge));
    }

    #[test]
    fn an_error_of_the_archive_is_a_broken_file() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("wrong checksum"))
            }
        }
        let mut meter = Meter::new(&limits(100));
        assert_eq!(Metered::new(Broken, 100, &mut meter).fill(&mut Vec::new(), 10), Err(Refusal::Damaged));
    }

    #[test]
    fn sentences_name_their_limit() {
        assert_eq!(Refusal::TooManyRows(20_000).to_string(), "文件超过20000行，请拆分后导入");
        assert_eq!(Refusal::TooManyBytes(UPLOAD_BYTES_MAX).to_string(), "文件超过20MB，请拆分后导入");
    }
}
