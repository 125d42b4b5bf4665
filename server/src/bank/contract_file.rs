//! The files of the contract sync (domain.md §3.5 C4, C7, docs/bank.md): what the bank is told of contracts, and its answers.

use super::{
    Encoding,
    layout::{Document, Unreadable, Writer},
};
use store::billing::bank::contract_file::{ContractAnswer, ContractFile};

/// Writes a request: `H|编号|单位编号|笔数|日期`, `D|序号|合同号|ADD、CANCEL或CHANGE|账号|户名|证件后6位|开户行|代扣协议号|起租日|到期日|月租金`.
#[must_use]
pub fn write(file: &ContractFile, unit: &str, encoding: Encoding) -> Vec<u8> {
    let count = file.lines.len().to_string();
    let mut writer = Writer::new(encoding, &[&file.file_no, unit, &count, &file.made_on.format("%Y%m%d").to_string()]);
    for line in &file.lines {
        writer.detail(&[
            &line.seq.to_string(),
            &line.contract_no,
            line.action.code(),
            &line.account_no,
            &line.holder,
            &line.id_last,
            &line.bank_name,
            line.agreement_no.as_deref().unwrap_or_default(),
            &line.start_on.format("%Y%m%d").to_string(),
            &line.end_on.format("%Y%m%d").to_string(),
            &line.monthly_rent.to_string(),
        ]);
    }
    writer.finish()
}

/// Reads answers: `H|编号|单位编号|笔数|日期`, `D|序号|合同号|结果码|代扣协议号|说明`. Answers the number of the request, and them.
///
/// # Errors
/// What is wrong with the file.
pub fn read(document: &Document) -> Result<(String, Vec<ContractAnswer>), Unreadable> {
    let header = document.header();
    let [file_no, _, count, ..] = header.as_slice() else { return Err(Unreadable::line(1, "字段不全")) };
    if count.parse() != Ok(document.count()) {
        return Err(Unreadable("笔数与明细不符".to_owned()));
    }
    let mut answers = Vec::new();
    for detail in document.details() {
        let (number, fields) = detail?;
        let [seq, contract_no, result, agreement_no, message, ..] = fields.as_slice() else {
            return Err(Unreadable::line(number, "字段不全"));
        };
        let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        answers.push(ContractAnswer {
            seq: seq.parse().map_err(|_| Unreadable::line(number, "序号有误"))?,
            contract_no: (*contract_no).to_owned(),
            result: (*result).to_owned(),
            agreement_no: filled(agreement_no),
            message: filled(message),
        });
    }
    Ok(((*file_no).to_owned(), answers))
}
