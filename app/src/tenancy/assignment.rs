//! The page of an assignment: what was proposed, and its confirmation, its release, or the way to the contract.

use super::api::{assignment_decide, assignment_get, assignment_release};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, Verdict, deed, verdict},
        detail::{field_group, text_cell, use_id},
        icon, print_button,
        resource::resource,
    },
};
use domain::{
    dictionary::AssignmentStatus,
    id::AssignmentId,
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
    tenancy::assignment::{ASSIGNMENT_LIST, AssignmentRow},
};
use leptos::prelude::*;

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let assignment = resource(move || id.get(), |id| assignment_get(AssignmentId(id)));
    let again = Callback::new(move |()| assignment.refetch());
    view! {
        <main class="page">
            {awaited(assignment, move |assignment| page(&assignment, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(row: &AssignmentRow, again: Callback<()>) -> impl IntoView + use<> {
    let sign = row.signable.then(|| format!("/tenancy/contracts/new?assignment={}", row.id));
    let contract = row.contract_id.map(|id| format!("/tenancy/contracts/{id}"));
    view! {
        <PageHead title=format!("直接分配：{}", row.person) back=(ASSIGNMENT_LIST.path.to_owned(), ASSIGNMENT_LIST.noun.to_owned())>
            {print_button()}
            {changing(move || contract.clone().filter(|_| may(Permission::ContractRead)).map(|href| view! { <a class="btn btn-outline btn-sm" href=href>"查看合同"</a> }))}
            {sign.map(|href| view! { <a class="btn btn-primary btn-sm" href=href>{icon("edit")}"签订"</a> })}
        </PageHead>
        {deeds(row, again)}
        {field_group("分配内容", vec![
            ("状态", Cell::status(row.status)),
            ("申请人", Cell::link(&row.person, format!("/persons/{}", row.person_id))),
            ("身份证号", Cell::text(&row.id_number_mask)),
            ("房源", Cell::link(format!("{} {}", row.estate, row.address), format!("/housing/units/{}", row.unit_id))),
            ("房源编码", Cell::text(&row.unit_code)),
            ("单位", Cell::text(&row.mgmt_unit)),
            ("使用面积(㎡)", Cell::Area(row.usable_area)),
            ("核定月租金(元)", cell_or_empty(row.monthly_rent, Cell::Money)),
            ("分配原因", Cell::text(&row.reason)),
            ("批准文号", text_cell(row.document_no.as_ref())),
        ])}
        {field_group("办理情况", vec![
            ("经办人", text_cell(row.maker.as_ref())),
            ("分配时间", Cell::Time(row.made_at)),
            ("复核人", text_cell(row.checker.as_ref())),
            ("复核时间", cell_or_empty(row.checked_at, Cell::Time)),
            ("复核意见", text_cell(row.opinion.as_ref())),
            ("签约截止", cell_or_empty(row.expires_on, Cell::Date)),
            ("撤销原因", text_cell(row.ended_reason.as_ref())),
        ])}
    }
}

/// What the actor may do with it now.
fn deeds(row: &AssignmentRow, again: Callback<()>) -> AnyView {
    let (id, version, status) = (row.id, row.version, row.status);
    let waits = status == AssignmentStatus::Pending && !row.decidable;
    // With a contract under way the contract has to go first.
    let releasable = status.is_open() && row.contract_id.is_none();
    const VERDICT: Verdict = Verdict {
        agree: ("复核通过", "通过后房源转为“已分配”，等待签订合同。"),
        refuse: ("驳回", "驳回后房源和人员可另行分配。"),
        words: ("意见（选填）", "驳回原因"),
    };
    let decisions =
        move || verdict(VERDICT, move |agreed, opinion| assignment_decide(id, version, agreed, opinion), again);
    view! {
        {(waits && may(Permission::AssignmentCheck)).then(|| view! { <p class="page-note">"等待其他复核人复核（不能复核本人经办的直接分配）"</p> })}
        <div class="deed-row">
            {row.decidable.then(decisions)}
            {changing(move || (releasable && may(Permission::AssignmentWrite)).then(|| deed(
                Deed { label: "撤销分配", class: "btn btn-outline btn-error btn-sm", question: "撤销后房源恢复空置，可另行分配。", word: Some(("opinion", "撤销原因")) },
                move |reason| assignment_release(id, version, reason),
                move |()| again.run(()),
            )))}
        </div>
    }
    .into_any()
}
