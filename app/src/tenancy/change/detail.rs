//! A change: what the contract says and what it is to say, side by side; printed it is the supplement that both sides sign.

use super::{
    api::{
        contract_change_decide, contract_change_get, contract_change_revoke, contract_change_submit,
        contract_change_sync_again, contract_change_withdraw,
    },
    swap_view::{swap_signatures, swap_view, swap_waiting},
};
use crate::ui::{
    PageHead,
    changing::awaited,
    deed::{Deed, deed},
    detail::{field_group, use_id},
    empty_view,
    label::told,
    print_button,
    resource::resource,
};
use domain::tenancy::{
    change::{ChangeKind, ChangeRow, ChangeStatus, ContractChange, differences},
    change_sheet::{CHANGE_LIST, change_fields},
};
use leptos::prelude::*;

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let record = resource(move || id.get(), contract_change_get);
    let again = Callback::new(move |()| record.refetch());
    view! {
        <main class="page">
            {awaited(record, move |record| page(&record, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(record: &ContractChange, again: Callback<()>) -> impl IntoView + use<> {
    let row = &record.row;
    let ground = record.ground.map(|ground| view! { <p class="page-note">{format!("变更原因：{}", told(ground))}</p> });
    let contract = format!("/tenancy/contracts/{}", row.contract_id);
    view! {
        <PageHead title=format!("合同变更 {}", row.change_no) back=(CHANGE_LIST.path.to_owned(), CHANGE_LIST.noun.to_owned())>
            {print_button()}
            <a class="btn btn-outline btn-sm" href=contract>"合同"</a>
        </PageHead>
        {deeds(row, again)}
        {waiting(row)}
        {swap_waiting(record)}
        {if record.swap.is_empty() { difference_view(record) } else { swap_view(&record.swap) }}
        {ground}
        {field_group("变更信息", change_fields(row))}
        {if record.swap.is_empty() { signatures(row) } else { swap_signatures(record) }}
    }
}

/// What has to happen before it holds.
fn waiting(row: &ChangeRow) -> Option<AnyView> {
    let sentence = match (row.status, row.kind.tells_bank(), &row.message) {
        (ChangeStatus::Approved, true, Some(message)) => format!("银行未能变更扣款账户：{message}"),
        (ChangeStatus::Approved, true, None) => {
            format!("自{}起通知银行，银行确认后生效；此前仍从原账户扣款。", row.effective_on)
        }
        (ChangeStatus::Approved, false, _) if row.kind == ChangeKind::Swap => {
            format!("两份合同将于{}一并调换；届时不再符合条件的，两份合同均不变。", row.effective_on)
        }
        (ChangeStatus::Approved, false, _) => format!("将于{}自动生效。", row.effective_on),
        (ChangeStatus::Lapsed, _, Some(message)) => format!("未能生效：{message}"),
        _ => return None,
    };
    Some(view! { <p role="status" class="alert alert-info alert-soft">{sentence}</p> }.into_any())
}

fn difference_view(record: &ContractChange) -> AnyView {
    let rows = differences(&record.before, &record.after);
    let content = if rows.is_empty() {
        empty_view("变更前后内容一致（号码已脱敏）")
    } else {
        let lines = rows
            .into_iter()
            .map(|line| {
                view! { <tr><th scope="row">{line.field}</th><td>{line.before}</td><td><strong>{line.after}</strong></td></tr> }
            })
            .collect_view();
        view! {
            <div class="table-scroll" tabindex="0" role="region" aria-label="变更内容">
                <table class="table table-sm data-table">
                    <thead><tr><th scope="col">"项目"</th><th scope="col">"变更前"</th><th scope="col">"变更后"</th></tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! { <section class="panel"><h2>"变更内容"</h2>{content}</section> }.into_any()
}

/// On paper the two sides sign; on screen it says when it may be printed for that.
fn signatures(row: &ChangeRow) -> Option<AnyView> {
    let agreed = matches!(row.status, ChangeStatus::Approved | ChangeStatus::Effective);
    agreed.then(|| {
        let number = row.contract_no.clone();
        view! {
            <section class="panel">
                <h2>"补充协议"</h2>
                <p>{format!("本变更为合同{number}的补充协议，自生效之日起与原合同具有同等效力；未变更的条款继续履行。")}</p>
                <p class="flex flex-wrap gap-x-8 gap-y-4 mt-4">
                    <span>"出租方（盖章）：＿＿＿＿＿＿＿＿"</span>
                    <span>"承租人（签字）：＿＿＿＿＿＿＿＿"</span>
                    <span>"日期：＿＿＿＿＿＿"</span>
                </p>
            </section>
        }
        .into_any()
    })
}

/// What the reader may do about it now.
fn deeds(row: &ChangeRow, again: Callback<()>) -> AnyView {
    let (id, version) = (row.id, row.version);
    let plain = |label, class, question| Deed { label, class, question, word: None };
    let decide = move |approve: bool, label, question, class| {
        deed(
            Deed { label, class, question, word: Some(("opinion", "审批意见")) },
            move |opinion| contract_change_decide(id, version, approve, opinion),
            move |()| again.run(()),
        )
    };
    view! {
        <div class="deed-row">
            {row.submittable.then(|| deed(
                plain("提交审批", "btn btn-primary btn-sm", "提交后由物业管理员审批。确定提交吗？"),
                move |_| contract_change_submit(id, version),
                move |()| again.run(()),
            ))}
            {row.decidable.then(|| decide(true, "同意", "同意后自生效日期起按变更后的内容履行合同。确定同意吗？", "btn btn-primary btn-sm"))}
            {(row.decidable || row.refusable).then(|| {
                decide(false, "驳回", "驳回后合同不变。请填写原因。", "btn btn-outline btn-error btn-sm")
            })}
            {row.revocable.then(|| deed(
                Deed {
                    label: "撤销变更",
                    class: "btn btn-outline btn-error btn-sm",
                    question: "撤销后合同不变，可重新办理变更。请填写原因。",
                    word: Some(("reason", "撤销原因")),
                },
                move |reason| contract_change_revoke(id, version, reason),
                move |()| again.run(()),
            ))}
            {row.repeatable.then(|| deed(
                plain("同步重试", "btn btn-primary btn-sm", "重新通知银行变更扣款账户。确定吗？"),
                move |_| contract_change_sync_again(id, version),
                move |()| again.run(()),
            ))}
            {row.withdrawable.then(|| deed(
                plain("撤回", "btn btn-outline btn-sm", "撤回后可重新办理。确定撤回吗？"),
                move |_| contract_change_withdraw(id, version),
                move |()| again.run(()),
            ))}
        </div>
    }
    .into_any()
}
