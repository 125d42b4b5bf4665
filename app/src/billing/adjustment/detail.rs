//! An adjustment: what was asked for, the first of its contracts, and what is decided about it.

use super::api::{adjustment_decide, adjustment_get, adjustment_withdraw};
use crate::{
    billing::table_panel,
    ui::{
        PageHead,
        changing::awaited,
        deed::{Verdict, verdict, withdrawal},
        detail::{field_group, use_id},
        label::told,
        print_button,
        resource::resource,
    },
};
use domain::billing::{
    adjustment::{Adjustment, AdjustmentRow, LAPSED, NOTICE_DAYS, RentChangeRow},
    adjustment_sheet::{ADJUSTMENT_LIST, RENT_CHANGE_LIST, adjustment_fields},
};
use leptos::prelude::*;

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let record = resource(move || id.get(), adjustment_get);
    let again = Callback::new(move |()| record.refetch());
    view! {
        <main class="page">
            {awaited(record, move |record| page(&record, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(record: &Adjustment, again: Callback<()>) -> impl IntoView + use<> {
    let row = &record.row;
    let all = format!("{}?adjustment={}", RENT_CHANGE_LIST.path, row.id);
    let rest = usize::try_from(row.contracts).unwrap_or_default().saturating_sub(record.changes.len());
    view! {
        <PageHead title=format!("租金调整 {}", row.adjustment_no) back=(ADJUSTMENT_LIST.path.to_owned(), ADJUSTMENT_LIST.noun.to_owned())>
            {print_button()}
            <a class="btn btn-outline btn-sm" href=all>"全部合同"</a>
        </PageHead>
        {warnings(record)}
        {deeds(row, again)}
        {field_group("调整信息", adjustment_fields(row))}
        {changes_view(&record.changes)}
        {(rest > 0).then(|| view! { <p class="page-note">{format!("另有{rest}份合同，见“全部合同”。")}</p> })}
    }
}

/// What whoever decides should know before, and what was not done afterwards.
fn warnings(record: &Adjustment) -> impl IntoView + use<> {
    let warning = |text: String| view! { <p role="status" class="alert alert-warning alert-soft">{text}</p> };
    let lapsed =
        record.lapsed.iter().map(|(reason, count)| warning(format!("{count}份合同未执行：{reason}"))).collect_view();
    view! {
        {record.short_notice.then(|| warning(format!("部分合同距涨租不足{NOTICE_DAYS}天，请确认已通知承租人。")))}
        {(record.differing > 0).then(|| warning(format!("{}份合同的承租人或房屋地址与导入文件不一致，请核对后审批。", record.differing)))}
        {lapsed}
    }
}

fn changes_view(changes: &[RentChangeRow]) -> AnyView {
    let head = view! {
        <th scope="col">"合同编号"</th><th scope="col">"承租人"</th><th scope="col">"住房地址"</th>
        <th scope="col" class="figures">"原月租金"</th><th scope="col" class="figures">"新月租金"</th>
        <th scope="col">"执行日期"</th><th scope="col">"状态"</th><th scope="col">"说明"</th>
    }
    .into_any();
    let rows = changes
        .iter()
        .map(|change| {
            let status = change.status.map_or_else(|| LAPSED.1.to_owned(), told);
            view! {
                <tr>
                    <td><a class="link" href=format!("/tenancy/contracts/{}", change.contract_id)>{change.contract_no.clone()}</a></td>
                    <td>{change.lessee.clone()}</td>
                    <td>{change.address.clone()}</td>
                    <td class="figures">{change.old_rent.to_string()}</td>
                    <td class="figures">{change.new_rent.to_string()}</td>
                    <td class="tabular-nums">{change.from_on.to_string()}</td>
                    <td>{status}</td>
                    <td>{change.remark.clone()}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    table_panel("涉及合同", head, rows, "没有合同")
}

/// What the reader may do about it now.
fn deeds(row: &AdjustmentRow, again: Callback<()>) -> AnyView {
    let (id, version) = (row.id, row.version);
    const VERDICT: Verdict = Verdict::plain(
        "同意后自执行日期起按新租金生成账单，其间已生成且未缴的账单将冲销重开；已收款、已列入分期还款或正在退租的合同不执行。确定同意吗？",
        "驳回后租金不变。请填写原因。",
    );
    let decisions =
        move || verdict(VERDICT, move |agreed, opinion| adjustment_decide(id, version, agreed, opinion), again);
    let withdraw =
        move || withdrawal("撤回后可重新办理。确定撤回吗？", move || adjustment_withdraw(id, version), again);
    view! {
        <div class="deed-row">
            {row.decidable.then(decisions)}
            {row.withdrawable.then(withdraw)}
        </div>
    }
    .into_any()
}
