//! The bank's statement of a day (docs/bank.md): what arrived at the city's account from direct debits, or from the terminals of
//! the counters.

use super::{
    deduction_file::{amount, moment},
    layout::{Document, Unreadable},
};
use chrono::NaiveDate;
use domain::value::Money;
use store::billing::bank::statement::StatementLine;

/// Reads `H|编号|单位编号|笔数|总金额|账务日期`, `D|序号|银行流水号|批次号或终端号|金额|时间|摘要`. Answers the number of the statement, its
/// day and its lines.
///
/// # Errors
/// What is wrong with the file.
pub fn read(document: &Document) -> Result<(String, NaiveDate, Vec<StatementLine>), Unreadable> {
    let header = document.header();
    let [file_no, _, count, total, day, ..] = header.as_slice() else {
        return Err(Unreadable::line(1, "字段不全"));
    };
    let day = NaiveDate::parse_from_str(day, "%Y%m%d").map_err(|_| Unreadable::line(1, "账务日期有误"))?;
    let mut lines = Vec::with_capacity(document.count());
    let mut sum = Money::ZERO;
    for detail in document.details() {
        let (number, fields) = detail?;
        let wrong = |what: &str| Unreadable::line(number, what);
        let [_, serial, source, fen, at, ..] = fields.as_slice() else { return Err(wrong("字段不全")) };
        let amount = amount(fen).ok_or_else(|| wrong("金额有误"))?;
        sum = sum.checked_add(amount).ok_or_else(|| Unreadable("金额过大".to_owned()))?;
        lines.push(StatementLine {
            line: i32::try_from(number).map_err(|_| wrong("行数过多"))?,
            serial: (*serial).to_owned(),
            source: (*source).to_owned(),
            amount,
            at: if at.is_empty() { None } else { Some(moment(at).ok_or_else(|| wrong("时间有误"))?) },
        });
    }
    if count.parse() != Ok(lines.len()) {
        return Err(Unreadable(format!("笔数与明细不符：文件头{count}，明细{}", lines.len())));
    }
    if amount(total) != Some(sum) {
        return Err(Unreadable(format!("总金额与明细不符：文件头{total}，明细{sum}")));
    }
    Ok(((*file_no).to_owned(), day, lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bank::{Encoding, layout::Writer};

    fn read_of(header: &[&str], lines: &[&[&str]]) -> Result<(String, NaiveDate, Vec<StatementLine>), String> {
        let mut writer = Writer::new(Encoding::Utf8, header);
        for line in lines {
            writer.detail(line);
        }
        let document = Document::read(Encoding::Utf8, &writer.finish()).expect("it is whole");
        read(&document).map_err(|error| error.to_string())
    }

    #[test]
    fn a_statement_is_read_if_its_sums_are_right() {
        let line: &[&str] = &["1", "S1", "DK1", "111.80", "20261115093000", "公租房租金202611"];
        let (number, day, lines) = read_of(&["LS1", "0371", "1", "111.80", "20261115"], &[line]).expect("read");
        assert_eq!((number.as_str(), day.to_string().as_str()), ("LS1", "2026-11-15"));
        assert_eq!((lines[0].serial.as_str(), lines[0].source.as_str(), lines[0].amount.fen()), ("S1", "DK1", 11_180));
        assert!(read_of(&["LS1", "0371", "0", "0.00", "20261115"], &[]).is_ok(), "a day without money");
        for (header, said) in [
            (&["LS1", "0371", "2", "111.80", "20261115"][..], "笔数与明细不符：文件头2，明细1"),
            (&["LS1", "0371", "1", "111.81", "20261115"], "总金额与明细不符：文件头111.81，明细111.80"),
            (&["LS1", "0371", "1", "111.80", "2026-11-15"], "第1行账务日期有误"),
            (&["LS1", "0371", "1"], "第1行字段不全"),
        ] {
            assert_eq!(read_of(header, &[line]).expect_err("refused"), said);
        }
        assert_eq!(
            read_of(&["LS1", "0371", "1", "1.00", "20261115"], &[&["1", "S1", "DK1", "x", ""]]).expect_err("refused"),
            "第2行金额有误"
        );
    }
}
