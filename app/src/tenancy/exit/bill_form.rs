//! 制作退租账单 (S1-7.4): the lines that follow from the books and the inspection, and what is added by hand.

use super::{
    api::{exit_bill_make, exit_bill_offer_get},
    bill::{lines_view, settlement_view},
};
use crate::ui::{
    PageHead,
    detail::{field_group, use_id},
    error_view,
    field::coded,
    form::{Deeds, Edit, use_edit},
    icon,
    label::told,
    loading_view,
    resource::resource,
    toast,
};
use chrono::NaiveDate;
use domain::{
    dictionary::FeeItem,
    failure::FieldErrors,
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
                {move || Suspend::new(async move {
                    match offer.await {
                        Ok(offer) => form_view(ExitId(id.get_untracked()), offer),
                        Err(error) => error_view(&error),
                    }
                })}
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
        {others_view(edit)}
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
        {settled}
        {move || proposal.with(|(lines, ..)| lines_view(lines))}
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
fn others_view(edit: Form) -> AnyView {
    edit.note("其他费用", |form| {
        let line = |other: &OtherForm| {
            let item = FeeItem::from_code(&other.fee_item).map(told).unwrap_or_default();
            format!("{item}{}元（{}）", other.amount, other.note)
        };
        form.others.iter().map(line).collect::<Vec<_>>().join("、")
    });
    let count = Memo::new(move |_| edit.form.with(|form| form.others.len()));
    let lines = move || (0..count.get()).map(|place| other_view(edit, place)).collect_view();
    let add = move |_| {
        edit.form.update(|form| {
            // Not water or power: what a meter measures is charged by its reading.
            let fee_item = FeeItem::Property.code().to_owned();
            form.others.push(OtherForm { fee_item, ..OtherForm::default() });
        });
    };
    let full = move || count.get() >= OTHERS_MAX;
    let complaint = move || edit.errors.with(|errors| errors.get("others").map(ToOwned::to_owned));
    view! {
        <h2 class="form-section">"其他费用"</h2>
        <div class="table-scroll form-wide" tabindex="0" role="region" aria-label="其他费用">
            <table class="table table-sm">
                <thead><tr><th scope="col">"费项"</th><th scope="col">"金额(元)"</th><th scope="col">"说明"</th><th scope="col">"操作"</th></tr></thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
        <div class="form-note">
            <button type="button" class="btn btn-outline btn-sm" disabled=full on:click=add>{icon("add")}"添加费用"</button>
            <p class="field-error" role="alert">{complaint}</p>
        </div>
    }
    .into_any()
}

fn other_view(edit: Form, place: usize) -> impl IntoView {
    let number = place + 1;
    let text = move |read: fn(&OtherForm) -> &String| {
        move || edit.form.with(|form| form.others.get(place).map(|other| read(other).clone()).unwrap_or_default())
    };
    let write = move |text: fn(&mut OtherForm) -> &mut String, value: String| {
        edit.form.update(|form| {
            if let Some(other) = form.others.get_mut(place) {
                *text(other) = value;
            }
        });
    };
    let remove = move |_| {
        edit.errors.set(FieldErrors::default());
        edit.form.update(|form| {
            if place < form.others.len() {
                form.others.remove(place);
            }
        });
    };
    let item = text(|other| &other.fee_item);
    let items = coded(other_items())
        .all()
        .into_iter()
        .map(|(code, label)| {
            let own = code.clone();
            view! { <option value=code selected=move || item() == own>{label}</option> }
        })
        .collect_view();
    let (amount, note) = (text(|other| &other.amount), text(|other| &other.note));
    view! {
        <tr>
            <td><select class="select select-sm" name=format!("other-{number}-item") aria-label=format!("第{number}项费项") prop:value=item on:change=move |event| write(|other| &mut other.fee_item, event_target_value(&event))>{items}</select></td>
            <td><input type="text" inputmode="decimal" class="input input-sm w-24" name=format!("other-{number}-amount") aria-label=format!("第{number}项金额") prop:value=amount on:input=move |event| write(|other| &mut other.amount, event_target_value(&event)) /></td>
            <td><input type="text" class="input input-sm w-full" name=format!("other-{number}-note") maxlength="100" aria-label=format!("第{number}项说明") prop:value=note on:input=move |event| write(|other| &mut other.note, event_target_value(&event)) /></td>
            <td><button type="button" class="btn btn-ghost btn-xs" aria-label=format!("移除第{number}项费用") on:click=remove>"移除"</button></td>
        </tr>
    }
}
