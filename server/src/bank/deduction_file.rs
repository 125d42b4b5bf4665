//! F-03 (domain.md §7.12, docs/bank.md): the request for deductions, the bank's receipt, and its response.

use super::{
    Encoding,
    layout::{Document, Unreadable, Writer},
};
use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use domain::value::Money;
use store::billing::deduction::{
    request::{DeductionRequest, Receipt, RequestLine},
    response::ResponseLine,
};

/// The begin of a request: `H|批次号|单位编号|笔数|总金额|日期`.
#[must_use]
pub fn begin(request: &DeductionRequest, unit: &str, encoding: Encoding) -> Writer {
    let (count, total) = (request.count.to_string(), request.total.to_string());
    Writer::new(encoding, &[&request.batch_no, unit, &count, &total, &request.made_on.format("%Y%m%d").to_string()])
}

/// A line of it: `D|序号|账号|户名|证件后6位|金额|摘要|合同号`.
pub fn line(writer: &mut Writer, request: &DeductionRequest, line: &RequestLine) {
    writer.detail(&[
        &line.seq.to_string(),
        &line.account_no,
        &line.holder,
        &line.id_last,
        &line.amount.to_string(),
        &format!("公租房租金{}", request.month.format("%Y%m")),
        &line.contract_no,
    ]);
}

/// Reads a receipt: `H|批次号|单位编号|1|日期`, `D|1|结果码|请求文件SHA-256|说明`.
///
/// # Errors
/// What is wrong with the file.
pub fn receipt(document: &Document) -> Result<Receipt, Unreadable> {
    let header = document.header();
    let Some(batch_no) = header.first() else { return Err(Unreadable::line(1, "字段不全")) };
    let Some(detail) = document.details().next() else { return Err(Unreadable("没有明细".to_owned())) };
    let (number, fields) = detail?;
    let [_, result, digest, rest @ ..] = fields.as_slice() else {
        return Err(Unreadable::line(number, "字段不全"));
    };
    Ok(Receipt {
        batch_no: (*batch_no).to_owned(),
        result: (*result).to_owned(),
        digest: (*digest).to_owned(),
        message: rest.first().and_then(|text| filled(text)),
    })
}

/// A response whose form is right: its lines, and what its header says of them agrees.
pub struct Response<'a> {
    pub batch_no: &'a str,
    document: &'a Document,
}

impl<'a> Response<'a> {
    /// Checks a response as a whole: `H|批次号|单位编号|笔数|总金额|日期|成功笔数|实扣总额`, and every line of it.
    ///
    /// # Errors
    /// What is wrong with the file: a field, or a sum that the lines do not have.
    pub fn check(document: &'a Document) -> Result<Self, Unreadable> {
        let header = document.header();
        let [batch_no, _, count, total, _, succeeded, deducted, ..] = header.as_slice() else {
            return Err(Unreadable::line(1, "字段不全"));
        };
        let response = Self { batch_no, document };
        let (mut lines, mut taken) = (0_u64, 0_u64);
        let (mut due_sum, mut deducted_sum) = (Money::ZERO, Money::ZERO);
        for line in response.lines() {
            let line = line?;
            lines += 1;
            taken += u64::from(line.deducted > Money::ZERO);
            let sums = due_sum.checked_add(line.due).zip(deducted_sum.checked_add(line.deducted));
            (due_sum, deducted_sum) = sums.ok_or_else(|| Unreadable("金额过大".to_owned()))?;
        }
        for (told, counted, what) in [(count, lines, "笔数"), (succeeded, taken, "成功笔数")] {
            if told.parse() != Ok(counted) {
                return Err(Unreadable(format!("{what}与明细不符：文件头{told}，明细{counted}")));
            }
        }
        for (told, summed, what) in [(total, due_sum, "总金额"), (deducted, deducted_sum, "实扣总额")] {
            if amount(told) != Some(summed) {
                return Err(Unreadable(format!("{what}与明细不符：文件头{told}，明细{summed}")));
            }
        }
        Ok(response)
    }

    /// Its lines: those of the request, and `结果码|实扣金额|银行流水号|时间|失败原因` behind.
    pub fn lines(&self) -> impl Iterator<Item = Result<ResponseLine, Unreadable>> {
        self.document.details().map(|detail| {
            let (number, fields) = detail?;
            let [seq, _, _, _, due, _, _, result, deducted, serial, at, rest @ ..] = fields.as_slice() else {
                return Err(Unreadable::line(number, "字段不全"));
            };
            let wrong = |what: &str| Unreadable::line(number, what);
            Ok(ResponseLine {
                line: i32::try_from(number).map_err(|_| wrong("行数过多"))?,
                seq: seq.parse().map_err(|_| wrong("序号有误"))?,
                due: amount(due).ok_or_else(|| wrong("金额有误"))?,
                result: (*result).to_owned(),
                deducted: amount(deducted).ok_or_else(|| wrong("实扣金额有误"))?,
                serial: filled(serial),
                at: match filled(at) {
                    Some(text) => Some(moment(&text).ok_or_else(|| wrong("时间有误"))?),
                    None => None,
                },
                message: rest.first().and_then(|text| filled(text)),
            })
        })
    }
}

fn filled(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Yuan with two decimals; nothing stands for nothing.
pub(super) fn amount(text: &str) -> Option<Money> {
    if text.is_empty() { Some(Money::ZERO) } else { Money::parse_yuan(text).ok() }
}

/// `yyyyMMddHHmmss` in China.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    let local = NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok()?;
    let china = FixedOffset::east_opt(8 * 3600)?;
    Some(local.and_local_timezone(china).single()?.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn response(header: &[&str], lines: &[&[&str]]) -> Document {
        let mut writer = Writer::new(Encoding::Utf8, header);
        for line in lines {
            writer.detail(line);
        }
        Document::read(Encoding::Utf8, &writer.finish()).expect("it is whole")
    }

    const GOOD: &[&str] = &[
        "1",
        "6217",
        "张三",
        "070017",
        "111.80",
        "公租房租金202611",
        "HT1",
        "SUCCESS",
        "111.80",
        "S1",
        "20261115093000",
        "",
    ];
    const FAILED: &[&str] = &["2", "6218", "李四", "070018", "50.00", "", "HT2", "NSF", "", "", "", "余额不足"];

    #[test]
    fn a_response_is_read() {
        let document = response(&["DK1", "0371", "2", "161.80", "20261115", "1", "111.80"], &[GOOD, FAILED]);
        let response = Response::check(&document).expect("it agrees");
        assert_eq!(response.batch_no, "DK1");
        let lines: Vec<ResponseLine> = response.lines().collect::<Result<_, _>>().expect("lines");
        assert_eq!((lines[0].line, lines[0].seq, lines[0].deducted.fen()), (2, 1, 11_180));
        assert_eq!(lines[0].at.map(|at| at.to_rfc3339()), Some("2026-11-15T01:30:00+00:00".into()));
        assert_eq!((lines[1].result.as_str(), lines[1].deducted), ("NSF", Money::ZERO));
        assert_eq!((lines[1].message.as_deref(), lines[1].at), (Some("余额不足"), None));
    }

    #[test]
    fn sums_that_the_lines_do_not_have_are_refused() {
        let refused = |header: &[&str], lines: &[&[&str]]| {
            let document = response(header, lines);
            Response::check(&document).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(
            refused(&["DK1", "", "3", "161.80", "", "1", "111.80"], &[GOOD, FAILED]),
            "笔数与明细不符：文件头3，明细2"
        );
        assert_eq!(
            refused(&["DK1", "", "2", "161.81", "", "1", "111.80"], &[GOOD, FAILED]),
            "总金额与明细不符：文件头161.81，明细161.80"
        );
        assert_eq!(
            refused(&["DK1", "", "2", "161.80", "", "2", "111.80"], &[GOOD, FAILED]),
            "成功笔数与明细不符：文件头2，明细1"
        );
        assert_eq!(
            refused(&["DK1", "", "2", "161.80", "", "1", "0.00"], &[GOOD, FAILED]),
            "实扣总额与明细不符：文件头0.00，明细111.80"
        );
        assert_eq!(refused(&["DK1"], &[]), "第1行字段不全");
        for (place, wrong, said) in
            [(0, "一", "序号有误"), (4, "x", "金额有误"), (8, "1.234", "实扣金额有误"), (10, "昨天", "时间有误")]
        {
            let mut line = GOOD.to_vec();
            line[place] = wrong;
            assert_eq!(refused(&["DK1", "", "1", "111.80", "", "1", "111.80"], &[&line]), format!("第2行{said}"));
        }
        assert_eq!(refused(&["DK1", "", "1", "111.80", "", "1", "111.80"], &[&GOOD[..9]]), "第2行字段不全");
    }

    proptest! {
        #[test]
        fn no_line_makes_the_reader_fail(fields in prop::collection::vec("[0-9|.A-Z-]{0,12}", 0..14)) {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            let document = response(&["DK1", "", "1", "0.00", "", "0", "0.00"], &[&fields]);
            let _ = Response::check(&document).map(|response| response.lines().count());
            let _ = receipt(&document);
        }
    }
}
