//! 制作退租账单 (S1-7.4): the lines that follow from the books and the inspection, and what is added by hand.

use super::{
    api::{exit_bill_make, exit_bill_offer_get},
    bill::{lines_view, settlement_view},
};
use crate::ui::{
    PageHead,
    changing::changing,
    detail::{field_group, use_id},
    error_view,
    form::{Deeds, Edit, use_edit},
    label::told,
    lines::{LineCell, LineKind, Lines, always},
    loading_view,
    resource::resource,
    toast,
};
use chrono::NaiveDate;
use domain::{
    dictionary::{FeeItem, Item},
    id::ExitId,
    sheet::Cell,
    tenancy::{
        exit_bill::{ExitBillForm, ExitBillLine, ExitBillOffer, OTHERS_MAX, OtherForm, other_items, settle},
        exit_sheet::EXIT_LIST,
    },
    value::Money,
};
use leptos::prelude::*;
use std::sync::Arc;

type Form = Edit<ExitBillForm>;

pub(super) fn form_page() -> AnyView {
    let id = use_id();
    let offer = resource(move || id.get(), |id| exit_bill_offer_get(ExitId(id), None));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match offer.await {
                        Ok(offer) => form_view(ExitId(id.get_untracked()), offer),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(id: ExitId, offer: ExitBillOffer) -> AnyView {
    let page = format!("{}/{id}", EXIT_LIST.path);
    let (inspected_on, today, to) = (offer.inspected_on, offer.today, page.clone());
    let deeds = Deeds {
        check: Box::new(move |form: &ExitBillForm| form.check(inspected_on, today).map(drop)),
        save: Arc::new(move |form, version| {
            let to = to.clone();
            Box::pin(async move {
                exit_bill_make(id, version.unwrap_or_default(), form).await.map(|()| format!("{to}?tab=bill"))
            })
        }),
        reload: None,
    };
    let start = ExitBillForm { settle_on: offer.settle_on.to_string(), others: offer.others.clone() };
    let edit = use_edit(start, Some(offer.version), deeds);
    let fields = view! {
        {edit.text("settle_on", "费用结算日", true, |form| &mut form.settle_on, ("date", "滞纳金计算至该日"))}
        {OTHERS.view(edit)}
    };
    let proposal = proposal(id, edit, &offer);
    // As it would be settled with what is being typed.
    let settled = move || {
        let checked = edit.form.with(|form| form.check(inspected_on, today));
        let others = checked.map(|(_, others)| others).unwrap_or_default();
        proposal.with(|(lines, balance, deposit)| {
            let all: Vec<_> = lines.iter().cloned().chain(others).collect();
            settlement_view(settle(&all, *balance, *deposit))
        })
    };
    let notices = offer.notices().into_iter().map(|notice| view! { <p class="page-note" role="status">{notice}</p> });
    view! {
        <PageHead title="制作退租账单" back=(page.clone(), offer.exit_no.clone()) />
        {field_group("退租", vec![
            ("承租人", Cell::text(&offer.lessee)),
            ("房屋", Cell::text(&offer.place)),
            ("退租日期", Cell::Date(offer.exit_on)),
            ("账户余额(元)", Cell::Money(offer.balance)),
            ("押金(元)", Cell::Money(offer.deposit)),
        ])}
        {notices.collect_view()}
        {changing(settled)}
        {changing(move || proposal.with(|(lines, ..)| lines_view(lines)))}
        <p class="page-note">"明细由账目和验房单得出，水电气等其他费用在此补充。复核通过后入账：先用余额、再用押金抵扣，余下的应补或应退。"</p>
        {edit.view_of(fields, "提交复核", page)}
    }
    .into_any()
}

/// The lines that follow from the books, with balance and deposit.
type Proposal = (Vec<ExitBillLine>, Money, Money);

/// The proposal, asked for again whenever another day of settlement is chosen: late fees follow it.
fn proposal(id: ExitId, edit: Form, offer: &ExitBillOffer) -> RwSignal<Proposal> {
    let (first, inspected_on, today) = (offer.settle_on, offer.inspected_on, offer.today);
    let proposal = RwSignal::new((offer.lines.clone(), offer.balance, offer.deposit));
    let day = Memo::new(move |_| edit.form.with(|form| form.settle_day(inspected_on, today)).ok());
    let ask = Action::new(move |day: &NaiveDate| {
        let day = *day;
        async move { exit_bill_offer_get(id, Some(day)).await }
    });
    Effect::new(move |asked: Option<Option<NaiveDate>>| {
        let asked = asked.flatten().or(Some(first));
        let wanted = day.get().or(asked);
        if let Some(day) = wanted.filter(|_| wanted != asked) {
            ask.dispatch(day);
        }
        wanted
    });
    Effect::new(move |_| match ask.value().get() {
        // An answer that was overtaken says nothing any more.
        Some(Ok(offer)) if day.get_untracked() == Some(offer.settle_on) => {
            proposal.set((offer.lines, offer.balance, offer.deposit));
        }
        Some(Err(error)) => toast::tell_failure(&format!("未能按该结算日重新计算：{error}")),
        _ => {}
    });
    proposal
}

/// Charges by hand, line by line.
static OTHERS: Lines<ExitBillForm, OtherForm> = Lines {
    field: "others",
    title: "其他费用",
    line: "other",
    unit: "项",
    most: OTHERS_MAX,
    read: |form| &form.others,
    write: |form| &mut form.others,
    // Not water or power: what a meter measures is charged by its reading.
    blank: || OtherForm { fee_item: FeeItem::Temporary.code().to_owned(), ..OtherForm::default() },
    add: "添加费用",
    hint: "",
    told: |other| {
        let item = FeeItem::from_code(&other.fee_item).map(told).unwrap_or_default();
        format!("{item}{}元（{}）", other.amount, other.note)
    },
    cells: CELLS,
};

#[rustfmt::skip] // a table: one line per cell
const CELLS: &[LineCell<OtherForm>] = &[
    LineCell { header: "费项", name: "item", says: "费项", kind: LineKind::Choice(|| other_items().into_iter().map(Item::from).collect()), class: "", text: |other| &mut other.fee_item, off: always },
    LineCell { header: "金额(元)", name: "amount", says: "金额", kind: LineKind::Money, class: "w-24", text: |other| &mut other.amount, off: always },
    LineCell { header: "说明", name: "note", says: "说明", kind: LineKind::Text(100), class: "w-full", text: |other| &mut other.note, off: always },
];
