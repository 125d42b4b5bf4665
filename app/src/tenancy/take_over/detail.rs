//! A batch: what the file says and what has been written, total beside total; how far it is; and what is decided about it.

use super::api::{
    take_over_abandon, take_over_decide, take_over_get, take_over_resume, take_over_submit, take_over_withdraw,
};
use crate::{
    platform::job::watch,
    ui::{
        PageHead,
        changing::changing,
        deed::{Deed, deed},
        detail::{field_group, use_id},
        empty_view, error_view,
        label::told,
        loading_view, print_button,
        resource::resource,
    },
};
use domain::tenancy::take_over::{
    TAKE_OVER_ITEM_LIST, TAKE_OVER_LIST, TakeOver, TakeOverItem, TakeOverRow, TakeOverStatus, take_over_fields,
};
use leptos::prelude::*;

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let record = resource(move || id.get(), take_over_get);
    // What was seen last stays in sight when the next look fails.
    let last = StoredValue::new(None::<TakeOver>);
    watch(record, last, |record| record.row.status == TakeOverStatus::Approved);
    let again = Callback::new(move |()| record.refetch());
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match record.await {
                        Ok(record) => {
                            last.set_value(Some(record.clone()));
                            page(&record, again).into_any()
                        }
                        Err(error) => match last.get_value() {
                            Some(record) => page(&record, again).into_any(),
                            None => error_view(&error),
                        },
                    }
                }))}
            </Transition>
        </main>
    }
    .into_any()
}

fn page(record: &TakeOver, again: Callback<()>) -> impl IntoView + use<> {
    let row = &record.row;
    let all = format!("{}?batch={}", TAKE_OVER_ITEM_LIST.path, row.id);
    let rest = usize::try_from(row.staged.rows).unwrap_or_default().saturating_sub(record.items.len());
    let obstacle = record.obstacle.clone();
    let job = record.job.as_ref().map(|job| format!("/platform/jobs/{job}"));
    view! {
        <PageHead title=format!("存量合同接管 {}", row.batch_no) back=(TAKE_OVER_LIST.path.to_owned(), TAKE_OVER_LIST.noun.to_owned())>
            {print_button()}
            <a class="btn btn-outline btn-sm" href=all>"全部明细"</a>
            {job.map(|href| view! { <a class="btn btn-outline btn-sm" href=href>"接管任务"</a> })}
        </PageHead>
        {obstacle.map(|sentence| view! { <p role="status" class="alert alert-warning alert-soft">{sentence}</p> })}
        {deeds(row, again)}
        {totals_view(row)}
        {field_group("批次信息", take_over_fields(row))}
        {items_view(&record.items)}
        {(rest > 0).then(|| view! { <p class="page-note">{format!("另有{rest}份合同，见“全部明细”。")}</p> })}
    }
}

/// Control totals: what was staged, what is written, and whether the two are the same once all of it is.
fn totals_view(row: &TakeOverRow) -> AnyView {
    let (staged, written) = (row.staged, row.written);
    let done = row.balanced().is_some();
    let line = |label: &'static str, staged: String, written: String| {
        let verdict = match (done, staged == written) {
            (false, _) => "—",
            (true, true) => "一致",
            (true, false) => "不一致",
        };
        view! {
            <tr>
                <th scope="row">{label}</th>
                <td class="figures">{staged}</td>
                <td class="figures">{written}</td>
                <td>{verdict}</td>
            </tr>
        }
    };
    let told = match row.balanced() {
        Some(true) => Some(("alert alert-success alert-soft", "接管完成，各项合计与文件一致。".to_owned())),
        Some(false) => Some((
            "alert alert-warning alert-soft",
            format!("接管完成，{}份未接管，请在明细中查看原因，改正后另行导入。", row.failed),
        )),
        None if row.status == TakeOverStatus::Approved => {
            let done = written.rows + row.failed;
            Some(("alert alert-info alert-soft", format!("正在接管：{done} / {}", staged.rows)))
        }
        None => None,
    };
    view! {
        <section class="panel">
            <h2>"核对合计"</h2>
            {told.map(|(class, sentence)| view! { <p role="status" class=class>{sentence}</p> })}
            {(row.status == TakeOverStatus::Approved).then(|| view! {
                <progress class="progress progress-primary" aria-label="接管进度" max=staged.rows.to_string() value=(written.rows + row.failed).to_string()></progress>
            })}
            <div class="table-scroll" tabindex="0" role="region" aria-label="核对合计">
                <table class="table table-sm data-table">
                    <thead><tr><th scope="col">"项目"</th><th scope="col" class="figures">"文件"</th><th scope="col" class="figures">"已接管"</th><th scope="col">"核对"</th></tr></thead>
                    <tbody>
                        {line("合同数(份)", staged.rows.to_string(), written.rows.to_string())}
                        {line("账户余额合计(元)", staged.balance.to_string(), written.balance.to_string())}
                        {line("押金合计(元)", staged.deposit.to_string(), written.deposit.to_string())}
                        {line("欠费合计(元)", staged.arrears.to_string(), written.arrears.to_string())}
                    </tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn items_view(items: &[TakeOverItem]) -> AnyView {
    if items.is_empty() {
        return view! { <section class="panel"><h2>"合同"</h2>{empty_view("没有合同")}</section> }.into_any();
    }
    let rows = items
        .iter()
        .map(|item| {
            let number = match item.contract_id {
                Some(id) => {
                    view! { <a class="link" href=format!("/tenancy/contracts/{id}")>{item.contract_no.clone()}</a> }
                        .into_any()
                }
                None => item.contract_no.clone().into_any(),
            };
            view! {
                <tr>
                    <td>{number}</td>
                    <td>{item.lessee.clone()}</td>
                    <td>{item.address.clone()}</td>
                    <td class="figures">{item.balance.to_string()}</td>
                    <td class="figures">{item.deposit.to_string()}</td>
                    <td class="figures">{item.arrears.to_string()}</td>
                    <td>{told(item.state)}{item.message.as_ref().map(|message| format!("：{message}"))}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel">
            <h2>"合同"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="合同">
                <table class="table table-sm data-table">
                    <thead><tr>
                        <th scope="col">"合同编号"</th><th scope="col">"承租人"</th><th scope="col">"住房地址"</th>
                        <th scope="col" class="figures">"账户余额"</th><th scope="col" class="figures">"押金"</th>
                        <th scope="col" class="figures">"欠费"</th><th scope="col">"状态"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

/// What the reader may do about it now.
fn deeds(row: &TakeOverRow, again: Callback<()>) -> AnyView {
    let (id, version) = (row.id, row.version);
    let digest = StoredValue::new(row.digest.clone().unwrap_or_default());
    let plain = |label, class, question| Deed { label, class, question, word: None };
    let decide = move |approve: bool, label, question, class| {
        deed(
            Deed { label, class, question, word: Some(("opinion", "审批意见")) },
            move |opinion| take_over_decide(id, version, digest.get_value(), approve, opinion),
            move |()| again.run(()),
        )
    };
    view! {
        <div class="deed-row">
            {row.submittable.then(|| deed(
                plain("提交审批", "btn btn-primary btn-sm", "提交后数据不能再变，由他人按摘要审批。确定提交吗？"),
                move |_| take_over_submit(id, version),
                move |()| again.run(()),
            ))}
            {row.decidable.then(|| decide(
                true,
                "同意接管",
                "同意后合同立即生效，余额、押金和欠费按接管日入账，不能撤销。请先核对各项合计与摘要。确定同意吗？",
                "btn btn-primary btn-sm",
            ))}
            {(row.decidable || row.refusable).then(|| {
                decide(false, "驳回", "驳回后数据作废，改正后重新导入。请填写原因。", "btn btn-outline btn-error btn-sm")
            })}
            {row.resumable.then(|| view! {
                {deed(
                    plain("继续接管", "btn btn-outline btn-sm", "接管任务中断后由此继续，已接管的不会重复。确定吗？"),
                    move |_| take_over_resume(id, version),
                    move |()| again.run(()),
                )}
                {deed(
                    Deed {
                        label: "终止接管",
                        class: "btn btn-outline btn-error btn-sm",
                        question: "已接管的合同保留，其余不再接管，可另行导入。请填写原因。",
                        word: Some(("reason", "终止原因")),
                    },
                    move |reason| take_over_abandon(id, version, reason),
                    move |()| again.run(()),
                )}
            })}
            {row.withdrawable.then(|| deed(
                plain("作废", "btn btn-outline btn-error btn-sm", "作废后该批数据不再接管，可重新导入。确定作废吗？"),
                move |_| take_over_withdraw(id, version),
                move |()| again.run(()),
            ))}
        </div>
    }
    .into_any()
}
