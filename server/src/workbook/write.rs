//! Tables as `.xlsx`: failed rows, list exports, import files. Rows go straight to the file, so a
//! long table needs little memory. Text is always written as text: what begins with `=` is no formula.

use super::{read::REASON, template::Template};
use chrono::{FixedOffset, NaiveDate, NaiveDateTime};
use domain::{
    import::ImportRow,
    sheet::{Cell, Kind},
};
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

/// Longest text of a cell, a limit of the format.
const CELL_CHARS_MAX: usize = 32_767;

/// Cells that stay what was typed.
pub(super) fn text_format() -> Format {
    Format::new().set_num_format("@")
}

/// A header; required columns stand out.
pub(super) fn header_format(required: bool) -> Format {
    let format = text_format().set_bold().set_border_bottom(FormatBorder::Thin);
    if required {
        format.set_font_color(Color::RGB(0xB4_23_18)).set_background_color(Color::RGB(0xFD_EC_EA))
    } else {
        format.set_background_color(Color::RGB(0xEE_F2_F6))
    }
}

/// A column width that shows the text; a Chinese character is as wide as two digits.
pub(super) fn width_of(text: &str) -> f64 {
    let digits: u32 = text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    f64::from(digits.clamp(8, 60) + 2)
}

/// The rows of an import that failed: the columns of its template as they came, and why. Corrected,
/// the file can be uploaded as it is.
///
/// # Errors
/// When the file cannot be put together.
pub fn failed_rows(template: &Template, rows: impl IntoIterator<Item = ImportRow>) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(template.title)?.set_freeze_panes(1, 0)?;
    let (text, wrong) = (text_format(), text_format().set_background_color(Color::RGB(0xFD_EC_EA)));
    let reasons = column_no(template.columns.len());
    for (index, column) in (0..).zip(&template.columns) {
        sheet.set_column_format(index, &text)?.set_column_width(index, width_of(column.header))?;
        sheet.write_string_with_format(0, index, column.marked(), &header_format(column.required))?;
    }
    sheet.set_column_width(reasons, 60)?;
    sheet.write_string_with_format(0, reasons, REASON, &header_format(false))?;
    for (row_no, row) in (1..).zip(rows) {
        for (index, (cell, column)) in (0..).zip(row.raw.iter().zip(&template.columns)) {
            let complained = row.errors.iter().any(|error| error.column == column.header);
            if complained || !cell.is_empty() {
                sheet.write_string_with_format(row_no, index, cut(cell), if complained { &wrong } else { &text })?;
            }
        }
        sheet.write_string_with_format(row_no, reasons, cut(&row.reason()), &text)?;
    }
    workbook.save_to_buffer()
}

/// A list as people see it on screen, to take away: numbers, areas, money and dates stay such.
///
/// # Errors
/// When the file cannot be put together.
pub fn list(
    title: &str,
    headers: &[&str],
    kinds: &[Kind],
    rows: impl IntoIterator<Item = Vec<Cell>>,
) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(sheet_name(title))?.set_freeze_panes(1, 0)?;
    for (index, (header, kind)) in (0..).zip(headers.iter().zip(kinds)) {
        let least = if *kind == Kind::Time { 18.0 } else { 12.0 };
        sheet.set_column_width(index, width_of(header).max(least))?;
        sheet.write_string_with_format(0, index, *header, &header_format(false))?;
    }
    let formats = Formats::new();
    let mut last = 0;
    for row in rows {
        last += 1;
        for (index, (cell, kind)) in (0..).zip(row.iter().zip(kinds)) {
            formats.write(sheet, last, index, cell, *kind)?;
        }
    }
    if !headers.is_empty() {
        sheet.autofilter(0, 0, last, column_no(headers.len() - 1))?;
    }
    workbook.save_to_buffer()
}

/// Rows of text below their headers, as an import file has them.
///
/// # Errors
/// When the file cannot be put together.
pub fn rows<'a>(
    title: &str,
    headers: &[String],
    rows: impl IntoIterator<Item = Vec<std::borrow::Cow<'a, str>>>,
) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(sheet_name(title))?.set_freeze_panes(1, 0)?;
    let text = text_format();
    for (index, header) in (0..).zip(headers) {
        sheet.set_column_format(index, &text)?.set_column_width(index, width_of(header))?;
        sheet.write_string_with_format(0, index, header, &header_format(header.starts_with('*')))?;
    }
    for (row_no, row) in (1..).zip(rows) {
        for (index, cell) in (0..).zip(row).filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string_with_format(row_no, index, cell, &text)?;
        }
    }
    workbook.save_to_buffer()
}

/// How values of a list are shown.
pub(super) struct Formats {
    text: Format,
    right: Format,
    number: Format,
    money: Format,
    area: Format,
    date: Format,
    time: Format,
}

impl Formats {
    pub(super) fn new() -> Self {
        Self::of(|format| format)
    }

    /// The same, each set otherwise.
    pub(super) fn of(set: impl Fn(Format) -> Format) -> Self {
        let shown = |format| set(Format::new().set_num_format(format));
        Self {
            text: set(text_format()),
            right: set(text_format().set_align(FormatAlign::Right)),
            number: shown("0"),
            money: shown("#,##0.00"),
            area: shown("0.00"),
            date: shown("yyyy-mm-dd"),
            time: shown("yyyy-mm-dd hh:mm"),
        }
    }

    pub(super) fn write(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        column: u16,
        cell: &Cell,
        kind: Kind,
    ) -> Result<(), XlsxError> {
        match cell {
            Cell::Empty => return Ok(()),
            Cell::Text(text)
            | Cell::Coded { label: text, .. }
            | Cell::Badge { label: text, .. }
            | Cell::Link { text, .. } => {
                let format = if kind == Kind::Number { &self.right } else { &self.text };
                sheet.write_string_with_format(row, column, cut(text), format)?
            }
            // Exact up to 2⁵³, which is more than any stock or ledger of a city.
            Cell::Number(number) => sheet.write_number_with_format(row, column, *number as f64, &self.number)?,
            Cell::Money(money) => {
                sheet.write_number_with_format(row, column, money.fen() as f64 / 100.0, &self.money)?
            }
            Cell::Area(area) => {
                sheet.write_number_with_format(row, column, area.hundredths() as f64 / 100.0, &self.area)?
            }
            Cell::Date(date) => sheet.write_number_with_format(
                row,
                column,
                serial(date.and_time(chrono::NaiveTime::MIN)),
                &self.date,
            )?,
            Cell::Time(time) => {
                let china = FixedOffset::east_opt(8 * 3600).expect("eight hours are a valid offset");
                sheet.write_number_with_format(
                    row,
                    column,
                    serial(time.with_timezone(&china).naive_local()),
                    &self.time,
                )?
            }
        };
        Ok(())
    }
}

/// Days since the end of 1899, as spreadsheets count them from March 1900 on.
fn serial(at: NaiveDateTime) -> f64 {
    let first = NaiveDate::from_ymd_opt(1899, 12, 30).expect("a day of the calendar").and_time(chrono::NaiveTime::MIN);
    (at - first).num_seconds() as f64 / 86_400.0
}

/// A sheet's name has at most 31 characters and none of `[]:*?/\`.
pub(super) fn sheet_name(title: &str) -> String {
    let name: String = title.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(31).collect();
    if name.is_empty() { "数据".to_owned() } else { name }
}

pub(super) fn cut(text: &str) -> String {
    text.chars().take(CELL_CHARS_MAX).collect()
}

fn column_no(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
