//! A contract on paper (S0-5): the wording of its template with what was agreed, twice, and a draft across which that is
//! written.

use crate::{
    dictionary::{ContractStatus, LabelBook},
    paper::{Block, Paper, day_text},
    tenancy::{
        contract::Contract,
        property_fee::PropertyFee,
        template::{TemplateKind, merge},
    },
    value::{Check, Money},
};

/// 一式两份
pub const COPIES: usize = 2;

/// The numbers of the lessee as they stand on the paper: in clear on a contract, hidden on a draft.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LesseeNumbers {
    pub id_number: String,
    pub phone: String,
}

impl ContractStatus {
    /// What is written across a paper of a contract in this status (S0-5); nothing once it is approved.
    #[must_use]
    pub const fn watermark(self) -> &'static str {
        match self {
            Self::Draft | Self::Pending | Self::Rejected => "草稿",
            Self::Void => "作废",
            _ => "",
        }
    }
}

/// `人民币` and the amount in words.
#[must_use]
pub fn capital(amount: Money) -> String {
    format!("人民币{}", amount.capital())
}

fn value(contract: &Contract, numbers: &LesseeNumbers, city: &str, labels: &LabelBook, name: &str) -> Option<String> {
    let row = &contract.row;
    let residents = || {
        let one =
            |resident: &super::contract::Resident| format!("{}（{}）", resident.name, labels.label(resident.relation));
        let all: Vec<String> = contract.residents.iter().map(one).collect();
        if all.is_empty() { "无".to_owned() } else { all.join("、") }
    };
    Some(match name {
        "城市" => city.to_owned(),
        "合同编号" => row.contract_no.clone()?,
        "出租方" => contract.lessor.clone(),
        "承租人" => row.lessee.clone(),
        "证件号码" => numbers.id_number.clone(),
        "联系电话" => numbers.phone.clone(),
        "同住人" => residents(),
        "保障类别" => labels.label(contract.category),
        "小区" => row.estate.clone(),
        "房屋地址" => row.address.clone(),
        "户型" => labels.label(contract.layout),
        "建筑面积" => contract.building_area.to_string(),
        "使用面积" => contract.usable_area.to_string(),
        "计租面积" => format!("{}{}", contract.assessed.basis.area_label(), contract.assessed.area),
        "租金标准" => contract.assessed.rate.to_string(),
        "核定月租金" => contract.assessed.rent.to_string(),
        "租金核减" => contract.reduction.to_string(),
        "月租金" => contract.signed_rent().to_string(),
        "月租金大写" => capital(contract.signed_rent()),
        "物业费" => row.property.map_or_else(|| "无".to_owned(), PropertyFee::text),
        "押金" => contract.deposit.to_string(),
        "押金大写" => capital(contract.deposit),
        "租赁开始日期" => day_text(row.start_on),
        "租赁结束日期" => day_text(row.end_on),
        "起租日期" => day_text(contract.rent_start_on),
        "缴费周期" => labels.label(contract.pay_cycle),
        "账单月" => labels.label(contract.split),
        "每期缴费日" => contract.due_day.to_string(),
        "开户行" => contract.bank_name.clone(),
        "银行账号" => contract.bank_no_mask.clone(),
        "户名" => contract.bank_holder.clone(),
        "门禁条款" if contract.block_access_clause => {
            "乙方欠缴租金经催缴仍不缴纳的，甲方可依约限制门禁卡使用，但不得停水、停电、停气、停暖。".to_owned()
        }
        "门禁条款" => "双方未约定因欠费限制门禁。".to_owned(),
        "签订日期" => day_text(contract.sign_on),
        _ => return None,
    })
}

/// The papers of a contract: two copies once it is approved, one as a draft. `mark` says how often it was printed before.
///
/// # Errors
/// For a body that this version of the program cannot read.
pub fn contract_papers(
    (title, body): (&str, &str),
    contract: &Contract,
    numbers: &LesseeNumbers,
    (city, labels): (&str, &LabelBook),
    mark: &str,
) -> Check<Vec<Paper>> {
    let mut blocks = merge(TemplateKind::Contract, body, |name| value(contract, numbers, city, labels, name), None)?;
    blocks.push(Block::Sign {
        names: vec!["甲方（出租方盖章）：".to_owned(), "乙方（承租人签字）：".to_owned()]
    });
    let watermark = contract.row.status.watermark();
    let copies = if watermark.is_empty() { COPIES } else { 1 };
    let paper = |copy: usize| {
        let which = if copies == 1 { String::new() } else { format!("共{copies}份 第{}份", copy + 1) };
        Paper {
            title: title.to_owned(),
            number: format!("合同编号：{}", contract.row.contract_no.as_deref().unwrap_or("待编号")),
            mark: [mark, &which].join(" ").trim().to_owned(),
            watermark: watermark.to_owned(),
            small: false,
            blocks: blocks.clone(),
            foot: contract.digest.as_ref().map(|digest| format!("合同内容摘要(SHA-256)：{digest}")).unwrap_or_default(),
        }
    };
    Ok((0..copies).map(paper).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_approved_is_a_draft() {
        for status in ContractStatus::ALL {
            let draft = matches!(status, ContractStatus::Draft | ContractStatus::Pending | ContractStatus::Rejected);
            assert_eq!(status.watermark() == "草稿", draft, "{status}");
            assert_eq!(status.watermark() == "作废", *status == ContractStatus::Void, "{status}");
        }
    }

    #[test]
    fn amounts_in_words_have_their_prefix() {
        assert_eq!(capital(Money::from_fen(11_180)), "人民币壹佰壹拾壹元捌角整");
        assert_eq!(capital(Money::ZERO), "人民币零元整");
    }
}
