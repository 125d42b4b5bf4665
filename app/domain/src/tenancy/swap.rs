//! 调换 (R-19, domain.md §3.5 C10): two households exchange their homes from a day on, with the consent of both and of the owner
//! or operator.
//!
//! Each contract ends on the day before and is followed by one for the home of the other, for the rest of its own term. The rent
//! follows the home; what is owed stays with the account of the old home, what the household has paid ahead or left as a deposit
//! goes along. Both or neither.

use crate::{
    billing::{payment::is_uuid, plan::PlannedBill},
    dictionary::{HousingCategory, LayoutType, UnitStatus},
    failure::FieldErrors,
    form::{date, pick},
    id::{ContractId, UnitId},
    sheet::Cell,
    tenancy::change::is_near,
    value::{Area, Complaint, Money, required, text_max},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What is said to whoever sees one of the two homes only.
pub const SWAP_ELSEWHERE: &str = "调换的另一套住房不在您的管辖范围内，请由能办理两套住房的人员处理";
/// C10: the first day of a bill period of both.
pub const NO_COMMON_PERIOD: &str = "调换日期须为两份合同尚未生成账单的账期首日";

/// What a clerk enters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwapForm {
    /// id of the request, drawn by the browser (a UUID): pressed twice it makes one swap
    pub request: String,
    pub first: String,
    pub second: String,
    pub effective_on: String,
    /// when both lessees signed, and had the terms explained to them
    pub signed_on: String,
    pub first_consent: String,
    pub second_consent: String,
    /// 产权单位或运营单位同意文号
    pub doc_no: String,
    pub reason: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwapFields {
    pub request: String,
    pub contracts: [ContractId; 2],
    pub effective_on: NaiveDate,
    pub signed_on: NaiveDate,
    pub consents: [String; 2],
    pub doc_no: String,
    pub reason: String,
}

impl SwapForm {
    /// Checks the fields on a day.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<SwapFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let first = errors.take("first", pick(&self.first, "请选择合同")).map(ContractId);
        let second = errors.take("second", pick(&self.second, "请选择合同")).map(ContractId);
        if first.is_some() && first == second {
            errors.add("second", "请选择另一份合同");
        }
        let day = required(&self.effective_on).and_then(|text| date(&text)).and_then(|day| is_near(day, today));
        let day = errors.take("effective_on", day);
        let signed = required(&self.signed_on)
            .and_then(|text| date(&text))
            .and_then(|signed| if signed > today { Err(Complaint::says("签订日期不能晚于今天")) } else { Ok(signed) });
        let signed = errors.take("signed_on", signed);
        let text = |text: &str, most| required(text).and_then(|text| text_max(&text, most));
        let first_consent = errors.take("first_consent", text(&self.first_consent, 50));
        let second_consent = errors.take("second_consent", text(&self.second_consent, 50));
        let doc_no = errors.take("doc_no", text(&self.doc_no, 50));
        let reason = errors.take("reason", text(&self.reason, 200));
        if !is_uuid(&self.request) {
            errors.add("first", "页面已过期，请刷新后再办理");
        }
        let consents = first_consent.zip(second_consent);
        match (first.zip(second), day.zip(signed), consents, doc_no.zip(reason)) {
            (
                Some((first, second)),
                Some((effective_on, signed_on)),
                Some((first_consent, second_consent)),
                Some((doc_no, reason)),
            ) if errors.is_empty() => Ok(SwapFields {
                request: self.request.clone(),
                contracts: [first, second],
                effective_on,
                signed_on,
                consents: [first_consent, second_consent],
                doc_no,
                reason,
            }),
            _ => Err(errors),
        }
    }
}

/// A home that changes hands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SwapHome {
    pub unit_id: UnitId,
    pub estate: String,
    pub address: String,
    pub layout: LayoutType,
    pub area: Area,
    /// 物业费 a month by the contract of the home, which goes with the home as the rent does; none: it has none
    pub property: Option<Money>,
}

/// One household of a swap: its old home and its new one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SwapSide {
    pub contract_id: ContractId,
    pub contract_no: String,
    pub lessee: String,
    pub id_number_mask: String,
    pub from: SwapHome,
    pub to: SwapHome,
    /// what the household pays a month now
    pub rent: Money,
    /// and for the new home: assessed, less what the contract takes off
    pub new_rent: Money,
    pub end_on: NaiveDate,
    /// what goes along to the account of the new home, as it stands now
    pub balance: Money,
    pub deposit: Money,
    /// what the first bill of the new home will be, or was
    pub first_bill: Option<PlannedBill>,
    /// the change that this is, once it was asked for
    pub change: Option<(i64, String)>,
    pub consent_no: Option<String>,
    /// the contract that followed
    pub follower: Option<(ContractId, String)>,
}

/// What the form shows of two contracts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SwapOffer {
    pub sides: [SwapSide; 2],
    /// days on which a bill period of both begins that is not charged yet
    pub days: Vec<NaiveDate>,
    /// what stands against it, in sentences
    pub obstacles: Vec<String>,
    pub today: NaiveDate,
}

/// What decides whether a household may swap, as the books have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwapFacts {
    /// §3.27: who has not moved in has nothing to exchange
    pub unit: UnitStatus,
    pub category: HousingCategory,
    pub other_category: HousingCategory,
    /// the other home's layout is one that the household may have (PRM-21)
    pub layout_fits: bool,
    pub renewal_open: bool,
    /// another change of the contract than this
    pub change_open: bool,
    pub reduction_open: bool,
    /// a rent adjustment is asked for, or agreed to for days that the contract will not see
    pub adjustment_open: bool,
    /// something is overdue, or the deposit was never paid
    pub owes: bool,
    pub refund_open: bool,
}

impl SwapFacts {
    /// What stands against a swap, in sentences that name nobody.
    #[must_use]
    pub fn obstacles(&self) -> Vec<&'static str> {
        let homes = self.category == self.other_category;
        [
            (self.unit != UnitStatus::Occupied, "尚未办理入住，不能调换"),
            (!homes, "两套住房的住房类别不同，不能调换"),
            (!self.layout_fits, "对方住房的户型与家庭人口不匹配"),
            (self.renewal_open, "已有办理中的续签，不能调换"),
            (self.change_open, "已有办理中的变更，请先办结"),
            (self.reduction_open, "有待审批的租金核减，请先办结"),
            (self.adjustment_open, "有待审批或待生效的租金调整，请先办结，或改为调整生效之后调换"),
            (self.owes, "有逾期未缴的费用或未缴的押金，结清后才能调换"),
            (self.refund_open, "有未办结的退费，请先办结"),
        ]
        .into_iter()
        .filter_map(|(stands, sentence)| stands.then_some(sentence))
        .collect()
    }
}

/// The homes and rents of a household as label, before and after.
#[must_use]
pub fn swap_lines(side: &SwapSide) -> Vec<(&'static str, Cell, Cell)> {
    let home = |home: &SwapHome| {
        Cell::link(format!("{} {}", home.estate, home.address), format!("/housing/units/{}", home.unit_id))
    };
    let fee = |home: &SwapHome| home.property.map_or_else(|| Cell::text("无"), Cell::Money);
    let fees = side.from.property.is_some() || side.to.property.is_some();
    let mut lines = vec![
        ("住房地址", home(&side.from), home(&side.to)),
        ("户型", Cell::coded(side.from.layout), Cell::coded(side.to.layout)),
        ("计租面积(㎡)", Cell::Area(side.from.area), Cell::Area(side.to.area)),
        ("月租金(元)", Cell::Money(side.rent), Cell::Money(side.new_rent)),
    ];
    lines.extend(fees.then(|| ("物业费(元/月)", fee(&side.from), fee(&side.to))));
    lines
}

/// The rest of what is said of a household.
#[must_use]
pub fn swap_fields(side: &SwapSide) -> Vec<(&'static str, Cell)> {
    let contract = |id: ContractId, number: &str| Cell::link(number, format!("/tenancy/contracts/{id}"));
    let mut fields = vec![
        ("原合同", contract(side.contract_id, &side.contract_no)),
        ("证件号", Cell::text(&side.id_number_mask)),
        ("租赁结束日期", Cell::Date(side.end_on)),
    ];
    if let Some(bill) = &side.first_bill {
        fields.push(("首期账单", Cell::Text(format!("{}至{}，{}元", bill.from, bill.to, bill.amount()))));
        fields.push(("首期缴费日", Cell::Date(bill.due_on)));
    }
    if let Some(consent) = &side.consent_no {
        fields.push(("承租人同意书编号", Cell::text(consent)));
    }
    match &side.follower {
        Some((id, number)) => fields.push(("新合同", contract(*id, number))),
        None => fields.extend([
            ("随户结转的账户余额(元)", Cell::Money(side.balance)),
            ("随户结转的押金(元)", Cell::Money(side.deposit)),
        ]),
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn form() -> SwapForm {
        SwapForm {
            request: "00000000-0000-4000-8000-000000000001".into(),
            first: "1".into(),
            second: "2".into(),
            effective_on: "2026-12-01".into(),
            signed_on: "2026-11-20".into(),
            first_consent: "同意书1".into(),
            second_consent: "同意书2".into(),
            doc_no: "住保〔2026〕1号".into(),
            reason: "就近上学".into(),
        }
    }

    fn complaint(form: &SwapForm) -> String {
        let errors = form.check(day("2026-11-28")).expect_err("a complaint").0;
        errors.into_iter().map(|(field, sentence)| format!("{field}:{sentence}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn two_households_and_three_consents() {
        let fields = form().check(day("2026-11-28")).expect("it is filled in");
        assert_eq!((fields.contracts, fields.effective_on), ([ContractId(1), ContractId(2)], day("2026-12-01")));
        assert_eq!(complaint(&SwapForm { second: "1".into(), ..form() }), "second:请选择另一份合同");
        assert_eq!(complaint(&SwapForm { first: String::new(), ..form() }), "first:请选择合同");
        assert_eq!(complaint(&SwapForm { signed_on: "2026-11-29".into(), ..form() }), "signed_on:签订日期不能晚于今天");
        assert_eq!(
            complaint(&SwapForm { effective_on: "2026-11-27".into(), ..form() }),
            "effective_on:生效日期不能早于今天"
        );
        for without in [
            SwapForm { first_consent: String::new(), ..form() },
            SwapForm { second_consent: " ".into(), ..form() },
            SwapForm { doc_no: String::new(), ..form() },
            SwapForm { reason: String::new(), ..form() },
        ] {
            assert!(complaint(&without).ends_with(":不能为空"));
        }
        assert_eq!(complaint(&SwapForm { request: "1".into(), ..form() }), "first:页面已过期，请刷新后再办理");
    }

    #[test]
    fn each_fact_stands_against_it() {
        let good = SwapFacts {
            unit: UnitStatus::Occupied,
            category: HousingCategory::PublicRental,
            other_category: HousingCategory::PublicRental,
            layout_fits: true,
            renewal_open: false,
            change_open: false,
            reduction_open: false,
            adjustment_open: false,
            owes: false,
            refund_open: false,
        };
        assert!(good.obstacles().is_empty());
        let bad = [
            SwapFacts { unit: UnitStatus::Signed, ..good },
            SwapFacts { other_category: HousingCategory::Talent, ..good },
            SwapFacts { layout_fits: false, ..good },
            SwapFacts { renewal_open: true, ..good },
            SwapFacts { change_open: true, ..good },
            SwapFacts { reduction_open: true, ..good },
            SwapFacts { adjustment_open: true, ..good },
            SwapFacts { owes: true, ..good },
            SwapFacts { refund_open: true, ..good },
        ];
        let told: std::collections::BTreeSet<_> = bad.iter().flat_map(SwapFacts::obstacles).collect();
        assert_eq!(told.len(), bad.len(), "each says something of its own");
    }
}
