//! 办理调换 (R-19, C10): two contracts are found, both households are shown side by side, and the three consents are entered.

use super::{
    api::{contract_swap_create, contract_swap_offer_get},
    swap_view::swap_view,
};
use crate::{
    tenancy::api::contract_list,
    ui::{
        PageHead,
        changing::changing,
        combo::{Pick, search},
        empty_view, error_view,
        field::Field,
        form::{Call, Deeds, Edit, use_edit},
        loading_view,
        request::request_id,
        resource::resource,
    },
};
use domain::{
    dictionary::ContractStatus,
    id::ContractId,
    list::ListQuery,
    tenancy::{
        change_sheet::CHANGE_LIST,
        contract::ContractRow,
        swap::{SwapForm, SwapOffer},
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use std::{collections::HashMap, sync::Arc};

type Form = Edit<SwapForm>;

/// How many hits are asked for; who sees none of his writes more of the name.
const HITS: u16 = 10;
/// Any request does for checking the rest.
const SOME_REQUEST: &str = "00000000-0000-4000-8000-000000000000";

pub(super) fn new_view() -> AnyView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.read().get("first").and_then(|id| id.parse().ok()).map(ContractId));
    // By which name the first one is called that the address names.
    let first = resource(
        move || asked.get(),
        |asked| async move {
            match asked {
                Some(id) => crate::tenancy::api::contract_get(id).await.map(|contract| Some(contract.row)),
                None => Ok(None),
            }
        },
    );
    view! {
        <main class="page">
            <PageHead title="办理住房调换" back=(CHANGE_LIST.path.to_owned(), CHANGE_LIST.noun.to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match first.await {
                        Ok(first) => form_view(first),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(first: Option<ContractRow>) -> AnyView {
    let way = RwSignal::new(0_usize);
    // One per page: however often the button is pressed, one swap is asked for.
    let request = RwSignal::new(String::new());
    Effect::new(move |_| request.set(request_id()));
    let with = |form: &SwapForm, request: String| SwapForm { request, ..form.clone() };
    // What the books say of the two contracts; their day is known with it.
    let chosen = RwSignal::new(None::<SwapOffer>);
    let deeds = Deeds {
        check: Box::new(move |form: &SwapForm| {
            let today = chosen.with_untracked(|offer| offer.as_ref().map(|offer| offer.today)).unwrap_or_default();
            with(form, SOME_REQUEST.to_owned()).check(today).map(drop)
        }),
        save: Arc::new(move |form: SwapForm, _| {
            let (form, submit) = (with(&form, request.get_untracked()), way.get_untracked() == 0);
            Box::pin(
                async move { contract_swap_create(form, submit).await.map(|id| format!("{}/{id}", CHANGE_LIST.path)) },
            )
        }),
        reload: None,
    };
    let start =
        SwapForm { first: first.as_ref().map(|row| row.id.to_string()).unwrap_or_default(), ..SwapForm::default() };
    let edit = use_edit(start, None, deeds);
    let names = first.map(|row| (row.id.to_string(), name(&row))).into_iter().collect::<HashMap<_, _>>();
    let names = StoredValue::new(names);
    let named = move |id: &str| names.with_value(|names| names.get(id).cloned()).unwrap_or_default();
    let fields = view! {
        {picker(edit.field("first", "合同一", true, |form| &mut form.first, named), names)}
        {picker(edit.field("second", "合同二", true, |form| &mut form.second, named), names)}
        <div class="form-wide">{both_view(edit, chosen)}</div>
        {changing(move || chosen.with(|offer| offer.as_ref().filter(|offer| offer.obstacles.is_empty()).map(|offer| consents(edit, offer))))}
    };
    view! {
        <p class="page-note">
            "两户调换须经双方承租人和产权单位或运营单位同意，并由物业管理员审批。自调换日起两份合同一并变更：租金按所住住房核定，租期、押金和账户余额随户结转，原住房的欠费仍在原账户。"
        </p>
        {edit.view_ways(fields, ["提交审批", "保存草稿"], Callback::new(move |place| way.set(place)), CHANGE_LIST.path.to_owned())}
    }
    .into_any()
}

fn name(row: &ContractRow) -> String {
    format!("{} {} {}", row.lessee, row.estate, row.address)
}

/// A field that holds the id of a contract in force.
fn picker(field: Field, names: StoredValue<HashMap<String, String>>) -> AnyView {
    let named = move |id: &str| names.with_value(|names| names.get(id).cloned()).unwrap_or_default();
    let find = |word: String| -> Call<Vec<Pick>> {
        Box::pin(async move {
            let mut query = ListQuery { q: word, size: HITS, ..ListQuery::default() };
            query.filter.extend([("status".to_owned(), ContractStatus::Active.code().to_owned())]);
            let page = contract_list(query).await?;
            let pick = |row: &ContractRow| Pick {
                code: row.id.to_string(),
                label: name(row),
                note: format!("{} · {}元/月", row.contract_no.as_deref().unwrap_or_default(), row.monthly_rent),
                depth: 0,
            };
            Ok(page.rows.iter().map(pick).collect())
        })
    };
    let taken = Callback::new(move |pick: Pick| names.update_value(|names| drop(names.insert(pick.code, pick.label))));
    search(field, "承租人、合同编号或住房地址", named, find, taken)
}

/// The two households, once both are chosen, and what stands against it.
fn both_view(edit: Form, chosen: RwSignal<Option<SwapOffer>>) -> AnyView {
    let asked = Memo::new(move |_| {
        let id = |text: &str| text.parse().ok().map(ContractId);
        edit.form.with(|form| id(&form.first).zip(id(&form.second))).filter(|(first, second)| first != second)
    });
    let offer = resource(
        move || asked.get(),
        |asked| async move {
            match asked {
                Some((first, second)) => contract_swap_offer_get(first, second).await.map(Some),
                None => Ok(None),
            }
        },
    );
    // The fields below follow from it; what was chosen of other contracts holds no more.
    Effect::new(move |_| {
        let found = offer.get().and_then(Result::ok).flatten();
        let days = found.as_ref().map(|offer| offer.days.clone()).unwrap_or_default();
        edit.form.update(|form| {
            if !days.iter().any(|day| day.to_string() == form.effective_on) {
                form.effective_on = days.first().map(ToString::to_string).unwrap_or_default();
            }
            if let Some(offer) = &found
                && form.signed_on.is_empty()
            {
                form.signed_on = offer.today.to_string();
            }
        });
        chosen.set(found);
    });
    view! {
        <Transition fallback=loading_view>
            {changing(move || Suspend::new(async move {
                match offer.await {
                    Ok(Some(offer)) => offer_view(&offer),
                    Ok(None) => empty_view("选择两份履行中的合同后，显示双方调换前后的住房和租金"),
                    Err(error) => error_view(&error),
                }
            }))}
        </Transition>
    }
    .into_any()
}

fn offer_view(offer: &SwapOffer) -> AnyView {
    let against = (!offer.obstacles.is_empty()).then(|| {
        let lines = offer.obstacles.iter().map(|line| view! { <li>{line.clone()}</li> }).collect_view();
        view! { <div role="alert" class="alert alert-warning alert-soft mb-4"><ul class="list-disc pl-4">{lines}</ul></div> }
    });
    view! {
        {against}
        {swap_view(&offer.sides)}
    }
    .into_any()
}

/// The day, and who has agreed.
fn consents(edit: Form, offer: &SwapOffer) -> AnyView {
    let days: Vec<(String, String)> = offer.days.iter().map(|day| (day.to_string(), day.to_string())).collect();
    let [first, second] = &offer.sides;
    let note = format!(
        "同意书原件请上传到合同{}、{}的附件。调换日为双方账期首日，该日起的账单按新住房生成。",
        first.contract_no, second.contract_no
    );
    view! {
        <h2 class="form-section">"调换日期与同意书"</h2>
        {edit.select("effective_on", "调换日期", true, |form| &mut form.effective_on, days)}
        {edit.text("signed_on", "同意书签订日期", true, |form| &mut form.signed_on, ("date", ""))}
        {edit.text("first_consent", "合同一承租人同意书编号", true, |form| &mut form.first_consent, ("text", ""))}
        {edit.text("second_consent", "合同二承租人同意书编号", true, |form| &mut form.second_consent, ("text", ""))}
        {edit.text("doc_no", "产权或运营单位同意文号", true, |form| &mut form.doc_no, ("text", ""))}
        {edit.text("reason", "调换原因", true, |form| &mut form.reason, ("text", "最长200字"))}
        <p class="form-note">{note}</p>
    }
    .into_any()
}
