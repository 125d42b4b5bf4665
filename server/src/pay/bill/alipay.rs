//! Alipay's bill of a day (业务明细, `bill_type=trade`): a ZIP of two tables in GBK, of which the one with every payment is read. Lines
//! of `#` stand around the table; those behind it have the totals.

use super::{BILL_BYTES, Columns, agree, digest, each_once};
use crate::pay::alipay::moment;
use domain::{
    billing::pay_order::{PayChannel, Told},
    value::Money,
};
use encoding_rs::GBK;
use std::io::{Cursor, Read as _};
use store::billing::pay_order::PayBill;

/// A bill has two files.
const FILES: usize = 8;
/// The first words of the table with every payment; the other one is 业务汇总.
const TITLE: &str = "支付宝业务明细";

/// Reads a file as it was fetched.
///
/// # Errors
/// One line without anything of a payer.
pub fn read(content: &[u8]) -> Result<PayBill, String> {
    let table = table(content)?;
    let mut lines = table.lines().skip_while(|line| line.starts_with('#'));
    let columns = Columns(lines.next().ok_or("the bill is empty")?.split(',').map(str::trim).collect());
    let at = |name: &str| columns.at(name);
    let (trade, order, kind, name) = (at("支付宝交易号")?, at("商户订单号")?, at("业务类型")?, at("商品名称")?);
    let (ended, amount, received) = (at("完成时间")?, at("订单金额（元）")?, at("商家实收（元）")?);
    if ended < name || amount < name || received < name {
        return Err("the bill's columns stand in another order".to_owned());
    }
    let mut bill = PayBill { digest: digest(content), ..PayBill::default() };
    let (mut paid, mut back) = (0, 0);
    let mut end = None;
    for line in lines.by_ref() {
        if line.starts_with('#') {
            end = Some(line);
            break;
        }
        let row: Vec<&str> = line.split(',').map(str::trim).collect();
        // A comma in the name of what was sold is not marked: what stands behind it is further right.
        let more = row.len().checked_sub(columns.0.len()).ok_or("a line of the bill is cut off")?;
        let value = |at: usize| if at > name { row[at + more] } else { row[at] };
        match value(kind) {
            "交易" => {
                paid += fen(value(received))?;
                bill.trades.push(Told {
                    channel: PayChannel::Alipay,
                    order_no: value(order).to_owned(),
                    trade_no: value(trade).to_owned(),
                    amount: Money::from_fen(fen(value(amount))?),
                    paid_at: moment(value(ended)).ok_or("a line of the bill has no moment")?,
                    notice_id: None,
                });
            }
            "退款" => {
                back += fen(value(received))?;
                bill.refunds += 1;
                bill.refund_fen += fen(value(amount))?.abs();
            }
            _ => return Err("a line of the bill is neither payment nor refund".to_owned()),
        }
    }
    end.ok_or("the bill has no end")?;
    each_once(&bill.trades)?;
    let rest: Vec<&str> = lines.collect();
    let count = i64::try_from(bill.trades.len()).unwrap_or(i64::MAX);
    for (title, sum, lines, fen) in
        [("交易合计", "商家实收共", count, paid), ("退款合计", "商家实收退款共", bill.refunds.into(), back)]
    {
        let said = rest.iter().find(|line| line.contains(title)).ok_or("the bill has no totals")?;
        agree("lines", &number(said, "：", "笔").and_then(|text| text.parse().ok()).unwrap_or(-1), &lines)?;
        agree("fen", &self::fen(number(said, sum, "元").unwrap_or_default())?, &fen)?;
    }
    Ok(bill)
}

/// The text of the table with every payment. Names inside the file are in GBK as well, so it is known by its own first line.
fn table(content: &[u8]) -> Result<String, String> {
    let damaged = |_| "the bill is a damaged ZIP".to_owned();
    let mut archive = zip::ZipArchive::new(Cursor::new(content)).map_err(damaged)?;
    for nth in 0..archive.len().min(FILES) {
        let mut file = archive.by_index(nth).map_err(damaged)?.take(BILL_BYTES as u64 + 1);
        let mut bytes = Vec::new();
        // Its checksum is looked at when it is read to its end.
        file.read_to_end(&mut bytes).map_err(|_| "the bill is a damaged ZIP".to_owned())?;
        if bytes.len() > BILL_BYTES {
            return Err("the bill is too long".to_owned());
        }
        let (text, _, broken) = GBK.decode(&bytes);
        if text.lines().next().is_some_and(|line| line.trim_start_matches('#').starts_with(TITLE)) {
            return if broken { Err("the bill is no text in GBK".to_owned()) } else { Ok(text.into_owned()) };
        }
    }
    Err("the bill has no table of payments".to_owned())
}

/// What stands between two words.
fn number<'a>(line: &'a str, before: &str, behind: &str) -> Option<&'a str> {
    Some(line.split_once(before)?.1.split_once(behind)?.0.trim())
}

/// An amount, which is negative where it was paid back.
fn fen(text: &str) -> Result<i64, String> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    Money::parse_yuan(digits)
        .map(|amount| amount.fen() * sign)
        .map_err(|_| "an amount of the bill cannot be read".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    const HEAD: &str = "#支付宝业务明细查询\n#账号：[20880000000000000156]\n#起始日期：[2026年11月28日 00:00:00]   终止日期：[2026年11月29日 00:00:00]\n#-----------------------------------------业务明细列表----------------------------------------\n支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注\n";
    const PAID: &str = "2026112822001\t,ZF1\t,交易\t,公租房费用,2笔,2026-11-28 09:59:30,2026-11-28 10:00:01,\t,\t,\t,\t,*明(138****0000)\t,111.80,111.80,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,-0.67,0.00,\n";
    const BACK: &str = "2026112822001\t,ZF1\t,退款\t,公租房费用,2026-11-28 09:59:30,2026-11-28 11:00:00,\t,\t,\t,\t,*明(138****0000)\t,-11.80,-11.80,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,TK1\t,0.00,0.00,\n";
    const END: &str =
        "#-----------------------------------------业务明细列表结束------------------------------------\n";

    fn packed(tables: &[&str]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (nth, table) in tables.iter().enumerate() {
            zip.start_file(format!("{nth}.csv"), zip::write::SimpleFileOptions::default()).expect("a file");
            zip.write_all(&GBK.encode(table).0).expect("written");
        }
        zip.finish().expect("a ZIP").into_inner()
    }

    fn totals(paid: (i32, &str), back: (i32, &str)) -> String {
        format!(
            "{END}#交易合计：{}笔，商家实收共{}元，商家优惠共0.00元\n#退款合计：{}笔，商家实收退款共{}元，商家优惠退款共0.00元\n#导出时间：[2026年11月29日 09:00:00]\n",
            paid.0, paid.1, back.0, back.1
        )
    }

    #[test]
    fn payments_are_read_and_refunds_are_counted() {
        let table = format!("{HEAD}{PAID}{BACK}{}", totals((1, "111.80"), (1, "-11.80")));
        let bill = read(&packed(&["#支付宝业务汇总查询\n", &table])).expect("a bill");
        assert_eq!((bill.refunds, bill.refund_fen, bill.trades.len()), (1, 1_180, 1));
        let told = &bill.trades[0];
        assert_eq!(
            (told.order_no.as_str(), told.trade_no.as_str(), told.amount.fen()),
            ("ZF1", "2026112822001", 11_180)
        );
        assert_eq!(told.paid_at.to_rfc3339(), "2026-11-28T02:00:01+00:00");
    }

    #[test]
    fn a_bill_that_is_damaged_or_that_its_totals_do_not_bear_out_is_refused() {
        let whole = packed(&[&format!("{HEAD}{PAID}{}", totals((1, "111.80"), (0, "0.00")))]);
        assert!(read(&whole).is_ok());
        assert!(read(&whole[..whole.len() / 2]).is_err());
        for table in [
            format!("{HEAD}{PAID}"),
            format!("{HEAD}{PAID}{END}"),
            format!("{HEAD}{}", totals((1, "111.80"), (0, "0.00"))),
            format!("{HEAD}{PAID}{}", totals((1, "111.81"), (0, "0.00"))),
            format!("{HEAD}{PAID}{PAID}{}", totals((2, "223.60"), (0, "0.00"))),
            format!("{HEAD}{PAID}{}", totals((1, "111.80"), (1, "0.00"))),
            "#支付宝业务汇总查询\n".to_owned(),
        ] {
            assert!(read(&packed(&[&table])).is_err(), "{table}");
        }
    }
}
