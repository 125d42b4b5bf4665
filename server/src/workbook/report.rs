//! Reports as `.xlsx` (domain.md §8): a head with unit, period and currency above the table, subtotals and total in it, and
//! below it the total in words and who made and checked it.

use super::write::{Formats, cut, header_format, sheet_name, text_format, width_of};
use domain::{
    dictionary::LabelBook,
    insight::report::{Rank, Report, ReportSheet},
    sheet::{Kind, time_text},
};
use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Workbook, XlsxError};

/// The row of the headers; above them stand title and head.
const HEAD_ROW: u32 = 2;

/// A report to take away; answers the file and how many lines it has.
///
/// # Errors
/// When the file cannot be put together.
pub fn report(sheet: &ReportSheet, report: &Report, book: &LabelBook) -> Result<(Vec<u8>, u32), XlsxError> {
    let columns = report.columns(sheet);
    let last = u16::try_from(columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let mut workbook = Workbook::new();
    let page = workbook.add_worksheet();
    page.set_name(sheet_name(sheet.title))?.set_freeze_panes(HEAD_ROW + 1, 1)?;
    page.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_repeat_rows(HEAD_ROW, HEAD_ROW)?;
    let title = text_format().set_bold().set_font_size(16).set_align(FormatAlign::Center);
    page.merge_range(0, 0, 0, last.max(1), sheet.title, &title)?;
    page.write_string_with_format(1, 0, head(sheet, report), &text_format())?;
    for (place, (header, kind)) in (0..).zip(&columns) {
        let least = if *kind == Kind::Number { 14.0 } else { 22.0 };
        page.set_column_width(place, width_of(header).max(least))?;
        page.write_string_with_format(HEAD_ROW, place, *header, &header_format(false))?;
    }
    let formats = [Formats::new(), Formats::of(|format| format.set_bold().set_border_top(FormatBorder::Thin))];
    let lines = report.lines(sheet);
    let mut row = HEAD_ROW;
    for line in &lines {
        row += 1;
        let formats = &formats[usize::from(line.rank != Rank::Row)];
        let cells = line.names.iter().chain(&line.cells);
        for (place, (cell, (_, kind))) in (0..).zip(cells.zip(&columns)) {
            formats.write(page, row, place, &cell.clone().told(book), *kind)?;
        }
    }
    let mut foot = Vec::new();
    foot.extend(report.capital(sheet).map(|words| format!("合计（大写）：人民币{words}")));
    foot.push("制表人：　　　　　　　　审核人：".to_owned());
    foot.push(format!("口径：{}", sheet.note));
    for text in foot {
        row += 1;
        page.write_string_with_format(row, 0, cut(&text), &Format::new())?;
    }
    Ok((workbook.save_to_buffer()?, u32::try_from(lines.len()).unwrap_or(u32::MAX)))
}

fn head(sheet: &ReportSheet, report: &Report) -> String {
    let currency = if sheet.capital.is_some() { "　币种：人民币元" } else { "" };
    let period = report.query.period_text(sheet);
    format!("单位：{}　期间：{period}{currency}　数据截至：{}　{}", report.of, time_text(report.at), sheet.no)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};
    use chrono::DateTime;
    use domain::{
        insight::{
            report::{By, ReportRow},
            report_query::ReportQuery,
            report_sheet::COLLECTION,
        },
        list::ListQuery,
        sheet::Cell,
    };
    use std::io::Cursor;

    #[test]
    fn a_file_says_what_the_page_says() {
        let row = |id, name: &str, sums: [i64; 5]| ReportRow {
            id: Some(id),
            name: Cell::text(name),
            second: None,
            sums: sums.to_vec(),
        };
        let made = Report {
            key: COLLECTION.key.into(),
            query: ReportQuery::of(&COLLECTION, &ListQuery::default(), "2026-11-28".parse().unwrap()).unwrap(),
            by: By::Estate,
            of: "甲区".into(),
            at: DateTime::default(),
            rows: vec![
                row(1, "=甲小区", [12_000_000, 9_800_000, 9_800_000, 2_200_000, 2]),
                row(2, "乙小区", [3_000_000, 3_000_000, 3_000_000, 0, 1]),
            ],
        };
        let (content, lines) = report(&COLLECTION, &made, &LabelBook::default()).unwrap();
        assert_eq!(lines, 3);
        let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(content)).unwrap();
        let page = book.worksheet_range_at(0).unwrap().unwrap();
        let at = |row, column| page.get_value((row, column)).cloned().unwrap_or(Data::Empty);
        assert_eq!(at(0, 0), Data::String("收缴率统计表".into()));
        assert!(
            matches!(at(1, 0), Data::String(text) if text.contains("单位：甲区") && text.contains("币种：人民币元"))
        );
        assert_eq!(at(2, 0), Data::String("小区".into()));
        // What begins like a formula is a text.
        assert_eq!(at(3, 0), Data::String("=甲小区".into()));
        assert_eq!((at(3, 2), at(5, 2)), (Data::Float(120_000.0), Data::Float(150_000.0)));
        assert_eq!((at(3, 6), at(5, 6)), (Data::String("81.67%".into()), Data::String("85.33%".into())));
        assert_eq!(at(6, 0), Data::String("合计（大写）：人民币壹拾贰万捌仟元整".into()));
    }
}
