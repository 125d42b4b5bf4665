//! The bill of a day as each company writes it: what was paid then, and what its behaviour makes of that. It is to be had at once,
//! also of a day that has not ended: the simulators do not know which day it is for who tries them out.

use super::{Behaviour, Company, MCH_ID, Simulator, State as BillState};
use crate::pay::alipay::{china, yuan};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::value::Money;
use encoding_rs::GBK;
use std::io::{Cursor, Write as _};

/// A payment of the day.
pub(super) struct Paid {
    no: String,
    trade_no: String,
    fen: i64,
    at: DateTime<Utc>,
}

impl Simulator {
    /// What was paid on a day of China, in order, as the bill has it.
    pub(super) fn paid_on(&self, day: NaiveDate) -> Vec<Paid> {
        let mut paid: Vec<Paid> = super::locked(&self.bills)
            .iter()
            .filter_map(|(no, bill)| match &bill.state {
                BillState::Paid { trade_no, at } if (*at + TimeDelta::hours(8)).date_naive() == day => {
                    Some(Paid { no: no.clone(), trade_no: trade_no.clone(), fen: bill.fen, at: *at })
                }
                _ => None,
            })
            .collect();
        paid.sort_by(|one, other| (one.at, &one.no).cmp(&(other.at, &other.no)));
        match (self.behaviour, paid.first_mut()) {
            (Behaviour::BillMissing, Some(_)) => drop(paid.remove(0)),
            (Behaviour::BillOther, Some(first)) => first.fen += 1,
            (Behaviour::BillStranger, Some(first)) => {
                let (fen, at) = (first.fen, first.at);
                paid.push(Paid { no: "ZF00000000000000".to_owned(), trade_no: "4200099999999".to_owned(), fen, at });
            }
            _ => {}
        }
        paid
    }

    /// The file of a day.
    pub(super) fn bill_file(&self, day: NaiveDate) -> Vec<u8> {
        let paid = self.paid_on(day);
        match self.company {
            Company::WeChat => wechat(&paid).into_bytes(),
            Company::Alipay => packed(day, &alipay(day, &paid)),
        }
    }

    /// The file as it arrives: of a company that behaves so, cut off at the first try.
    pub(super) fn bill_sent(&self, day: NaiveDate) -> Vec<u8> {
        let mut file = self.bill_file(day);
        let mut fetched = super::locked(&self.fetched);
        *fetched += 1;
        if self.behaviour == Behaviour::BillDamaged && *fetched == 1 {
            file.truncate(file.len() / 2);
        }
        file
    }
}

fn sum(paid: &[Paid]) -> String {
    yuan(Money::from_fen(paid.iter().map(|paid| paid.fen).sum()))
}

const WECHAT: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const WECHAT_TOTALS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

fn wechat(paid: &[Paid]) -> String {
    let rows = paid.iter().map(|Paid { no, trade_no, fen, at }| {
        let (at, yuan, id) = (china(*at), yuan(Money::from_fen(*fen)), super::APP_ID);
        format!(
            "`{at},`{id},`{MCH_ID},`0,`,`{trade_no},`{no},`payer,`MWEB,`SUCCESS,`OTHERS,`CNY,`{yuan},`0.00,`0,`0,`0.00,`0.00,`,`,`公租房费用,`,`0.00000,`0.60%,`{yuan},`0.00,`\r\n"
        )
    });
    let (rows, count, sum): (String, _, _) = (rows.collect(), paid.len(), sum(paid));
    format!("\u{feff}{WECHAT}\r\n{rows}{WECHAT_TOTALS}\r\n`{count},`{sum},`0.00,`0.00,`0.00000,`{sum},`0.00\r\n")
}

const ALIPAY: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";

fn alipay(day: NaiveDate, paid: &[Paid]) -> String {
    let rows = paid.iter().map(|Paid { no, trade_no, fen, at }| {
        let (at, yuan) = (china(*at), yuan(Money::from_fen(*fen)));
        format!("{trade_no}\t,{no}\t,交易\t,公租房费用,{at},{at},\t,\t,\t,\t,*甲(199****0000)\t,{yuan},{yuan},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,0.00,0.00,\r\n")
    });
    let (rows, count, sum): (String, _, _) = (rows.collect(), paid.len(), sum(paid));
    let (day, next) = (day.format("%Y年%m月%d日"), day.succ_opt().unwrap_or(day).format("%Y年%m月%d日"));
    format!(
        "#支付宝业务明细查询\r\n#账号：[20880000000000000156]\r\n#起始日期：[{day} 00:00:00]   终止日期：[{next} 00:00:00]\r\n\
         #-----------------------------------------业务明细列表----------------------------------------\r\n{ALIPAY}\r\n{rows}\
         #-----------------------------------------业务明细列表结束------------------------------------\r\n\
         #交易合计：{count}笔，商家实收共{sum}元，商家优惠共0.00元\r\n#退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元\r\n\
         #导出时间：[{next} 09:00:00]\r\n"
    )
}

/// Both tables in a ZIP, in GBK.
fn packed(day: NaiveDate, table: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, table) in [("summary", "#支付宝业务汇总查询\r\n"), ("detail", table)] {
        let options = zip::write::SimpleFileOptions::default();
        let written = zip.start_file(format!("20880000000000000156_{}_{name}.csv", day.format("%Y%m%d")), options);
        if written.is_ok() {
            let _ = zip.write_all(&GBK.encode(table).0);
        }
    }
    zip.finish().map(Cursor::into_inner).unwrap_or_default()
}
