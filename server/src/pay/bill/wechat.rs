//! WeChat Pay's bill of a day (交易账单, `bill_type=ALL`): text with a line of headers, every value behind a backquote, and two lines
//! with the totals at the end.

use super::{Columns, agree, digest, each_once};
use crate::pay::alipay::moment;
use domain::{
    billing::pay_order::{PayChannel, Told},
    value::Money,
};
use store::billing::pay_order::PayBill;

/// Reads a file whose hash was found to be right.
///
/// # Errors
/// One line without anything of a payer.
pub fn read(content: &[u8], mch_id: &str) -> Result<PayBill, String> {
    let text = std::str::from_utf8(content).map_err(|_| "the bill is no text".to_owned())?;
    let mut lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim().is_empty());
    let columns = Columns(lines.next().ok_or("the bill is empty")?.split(',').map(str::trim).collect());
    let at = |name: &str| columns.at(name);
    let (moment_at, merchant, trade, order) = (at("交易时间")?, at("商户号")?, at("微信订单号")?, at("商户订单号")?);
    let (state, currency, amount, refund) = (at("交易状态")?, at("货币种类")?, at("订单金额")?, at("退款金额")?);
    let mut bill = PayBill { digest: digest(content), ..PayBill::default() };
    let (mut count, mut asked, mut total_header) = (0, 0, None);
    for line in lines.by_ref() {
        let Some(row) = values(line) else {
            total_header = Some(line);
            break;
        };
        if row.len() != columns.0.len() || row[merchant] != mch_id || row[currency] != "CNY" {
            return Err("a line of the bill is not ours".to_owned());
        }
        count += 1;
        asked += fen(row[amount])?;
        bill.refund_fen += fen(row[refund])?;
        match row[state] {
            "SUCCESS" => bill.trades.push(Told {
                channel: PayChannel::WeChat,
                order_no: row[order].to_owned(),
                trade_no: row[trade].to_owned(),
                amount: Money::from_fen(fen(row[amount])?),
                paid_at: moment(row[moment_at]).ok_or("a line of the bill has no moment")?,
                notice_id: None,
            }),
            "REFUND" => bill.refunds += 1,
            // Taken back before it was ever ours.
            "REVOKED" => {}
            other => return Err(format!("a line of the bill is {other}")),
        }
    }
    each_once(&bill.trades)?;
    let totals = Columns(total_header.ok_or("the bill has no totals")?.split(',').map(str::trim).collect());
    let said =
        lines.next().and_then(values).filter(|said| said.len() == totals.0.len()).ok_or("the bill has no totals")?;
    agree("payments and refunds", &said[totals.at("总交易单数")?].parse::<i64>().unwrap_or(-1), &count)?;
    agree("fen paid", &fen(said[totals.at("订单总金额")?])?, &asked)?;
    agree("fen paid back", &fen(said[totals.at("退款总金额")?])?, &bill.refund_fen)?;
    Ok(bill)
}

/// The values of a line: `` `a,`b ``. None: a line of headers. A comma inside a value has no backquote behind it.
fn values(line: &str) -> Option<Vec<&str>> {
    Some(line.strip_prefix('`')?.split(",`").map(str::trim).collect())
}

fn fen(text: &str) -> Result<i64, String> {
    Money::parse_yuan(text).map(Money::fen).map_err(|_| "an amount of the bill cannot be read".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
    const PAID: &str = "`2026-11-28 10:00:01,`wx1,`1900,`0,`,`4200001,`ZF1,`openid,`MWEB,`SUCCESS,`OTHERS,`CNY,`111.80,`0.00,`0,`0,`0.00,`0.00,`,`,`公租房费用,2笔,`,`0.67000,`0.60%,`111.80,`0.00,`";
    const BACK: &str = "`2026-11-28 11:00:00,`wx1,`1900,`0,`,`4200001,`ZF1,`openid,`MWEB,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5030001,`TK1,`11.80,`0.00,`ORIGINAL,`SUCCESS,`公租房费用,`,`0.00,`0.60%,`0.00,`11.80,`";
    const TOTALS: &str = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

    fn file(lines: &[&str]) -> Vec<u8> {
        format!("\u{feff}{}\r\n", lines.join("\r\n")).into_bytes()
    }

    #[test]
    fn payments_are_read_and_refunds_are_counted() {
        let content = file(&[HEADER, PAID, BACK, TOTALS, "`2,`111.80,`11.80,`0.00,`0.67000,`111.80,`11.80"]);
        let bill = read(&content, "1900").expect("a bill");
        assert_eq!((bill.refunds, bill.refund_fen, bill.trades.len()), (1, 1_180, 1));
        let told = &bill.trades[0];
        assert_eq!((told.order_no.as_str(), told.trade_no.as_str(), told.amount.fen()), ("ZF1", "4200001", 11_180));
        assert_eq!(told.paid_at.to_rfc3339(), "2026-11-28T02:00:01+00:00");
        assert!(read(&content, "1901").is_err(), "somebody else's bill");
    }

    #[test]
    fn a_bill_that_its_totals_do_not_bear_out_is_refused() {
        let one = "`1,`111.80,`0.00,`0.00,`0.67000,`111.80,`0.00";
        assert!(read(&file(&[HEADER, PAID, TOTALS, one]), "1900").is_ok());
        for lines in [
            &[HEADER, PAID][..],
            &[HEADER, PAID, TOTALS],
            &[HEADER, TOTALS, one],
            &[HEADER, PAID, PAID, TOTALS, "`2,`223.60,`0.00,`0.00,`1.34,`223.60,`0.00"],
            &[HEADER, PAID, TOTALS, "`1,`111.80,`0.00,`0.00,`0.67000,`111.81,`0.00"],
            &[HEADER, PAID, TOTALS, "`2,`111.80,`0.00,`0.00,`0.67000,`111.80,`0.00"],
            &[TOTALS, one],
            &[],
        ] {
            assert!(read(&file(lines), "1900").is_err(), "{lines:?}");
        }
        assert!(read(&[0xff, 0xfe], "1900").is_err());
    }
}
