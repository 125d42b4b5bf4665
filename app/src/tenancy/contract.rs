//! The page of a contract: its terms, the bills of its whole term (费用明细), its timeline, where the bank stands, and what
//! its status and the reader's rights leave open.

use super::{
    api::{contract_decide, contract_delete, contract_get, contract_submit, contract_sync_again, contract_void},
    contract_plan::plan_view,
    difference::difference_view,
    stay::{stay_deeds, stays_view},
    template::print_deed,
};
use crate::{
    platform::attachment::attachments_panel,
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, Verdict, deed, verdict},
        detail::{FieldCell, field_group, text_cell, use_id},
        icon,
        label::told,
        print_button,
        resource::resource,
        table::time_text,
        tabs::{tabs, use_tab},
    },
};
use domain::{
    dictionary::{AttachmentOwner, ContractStatus},
    id::ContractId,
    platform::{
        permission::Permission,
        print::{PRINT_LIST, PaperKind},
    },
    sheet::{Cell, cell_or_empty},
    tenancy::{
        contract::{CONTRACT_LIST, Contract, sync_text},
        filing::filing_until,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

/// The tabs, as the address names them.
const TABS: [(&str, &str); 4] = [("", "合同信息"), ("plan", "费用明细"), ("history", "办理记录"), ("files", "附件")];

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let tab = use_tab();
    let contract = resource(move || id.get(), |id| contract_get(ContractId(id)));
    let again = Callback::new(move |()| contract.refetch());
    view! {
        <main class="page">
            {awaited(contract, move |contract| page(contract, tab, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(contract: Contract, tab: Memo<String>, again: Callback<()>) -> impl IntoView {
    let path = format!("{}/{}", CONTRACT_LIST.path, contract.row.id);
    let contract = StoredValue::new(contract);
    view! {
        {contract.with_value(head)}
        {contract.with_value(|contract| deeds(contract, again))}
        {contract.with_value(figures)}
        {tabs("合同内容", &path, &TABS, tab)}
        {changing(move || contract.with_value(|contract| match tab.get().as_str() {
            "plan" => plan_view(contract),
            "history" => history_view(contract),
            "files" => attachments_panel(AttachmentOwner::Contract, Signal::stored(contract.row.id.0)),
            _ => fields(contract),
        }))}
    }
}

fn head(contract: &Contract) -> AnyView {
    let id = contract.row.id;
    let number = contract.row.contract_no.clone().unwrap_or_else(|| "待编号".to_owned());
    let (editable, filable) = (contract.row.status.is_editable(), contract.row.status.is_filed());
    let active = contract.row.status == ContractStatus::Active;
    let known = contract.account_id.is_some();
    let stays = contract.may_stay();
    let ends = matches!(contract.row.status, ContractStatus::Active | ContractStatus::Expired);
    let leaving = matches!(
        contract.row.status,
        ContractStatus::CancelPending | ContractStatus::CancelSyncing | ContractStatus::Terminated
    );
    let account = contract.account_id.map(|account| format!("/billing/accounts/{account}"));
    view! {
        <PageHead title=format!("合同 {number}") back=(CONTRACT_LIST.path.to_owned(), CONTRACT_LIST.noun.to_owned())>
            {print_button()}
            {changing(move || account.clone().filter(|_| may(Permission::BillRead)).map(|account| view! {
                <a class="btn btn-outline btn-sm" href=account>"账户"</a>
                <a class="btn btn-outline btn-sm" href=format!("/billing/bills?contract={id}")>"账单"</a>
                <a class="btn btn-outline btn-sm" href=format!("/billing/adjustments/contracts?contract={id}")>"租金调整"</a>
                <a class="btn btn-outline btn-sm" href=format!("/billing/reductions?contract={id}")>"租金核减"</a>
            }))}
            {leaving.then(|| view! { <a class="btn btn-outline btn-sm" href=format!("/tenancy/exits?contract={id}")>"退租"</a> })}
            {known.then(|| view! { <a class="btn btn-outline btn-sm" href=format!("/tenancy/changes?contract={id}")>"变更记录"</a> })}
            {changing(move || (active && may(Permission::ContractWrite)).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("/tenancy/changes/new?contract={id}")>"变更"</a>
            }))}
            {changing(move || (ends && may(Permission::ContractWrite)).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("{}/{id}/renew", CONTRACT_LIST.path)>"续签"</a>
                <a class="btn btn-outline btn-sm" href=format!("/tenancy/exits/new?contract={id}")>"申请退租"</a>
            }))}
            {changing(move || may(Permission::PrintRead).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("{}?paper={}&object={id}", PRINT_LIST.path, PaperKind::Contract.code())>"打印记录"</a>
            }))}
            {changing(move || (stays && may(Permission::ContractWrite)).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("{}/{id}/stay", CONTRACT_LIST.path)>"到期处置"</a>
            }))}
            {changing(move || (filable && may(Permission::ContractWrite)).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("{}/{id}/file", CONTRACT_LIST.path)>"登记备案"</a>
            }))}
            {changing(move || (editable && may(Permission::ContractWrite)).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("{}/{id}/edit", CONTRACT_LIST.path)>{icon("edit")}"修改"</a>
            }))}
        </PageHead>
    }
    .into_any()
}

/// What the actor may do with it now (§3.5).
fn deeds(contract: &Contract, again: Callback<()>) -> AnyView {
    let (id, version, status) = (contract.row.id, contract.row.version, contract.row.status);
    let waits = status == ContractStatus::Pending && !contract.decidable;
    let printable = status.watermark().is_empty();
    let tell_again = contract.tell_again;
    let void = Deed {
        label: "作废",
        class: "btn btn-outline btn-error btn-sm",
        question: if status.is_editable() {
            "作废后保留记录，不能再审批；房源仍为已分配。确定作废吗？"
        } else {
            "仅用于误签且未收款、未入住的合同。作废后账单一并作废，房源恢复为已分配，并通知银行注销，不能恢复。确定作废吗？"
        },
        word: Some(("opinion", "作废原因")),
    };
    let navigate = StoredValue::new(use_navigate());
    let gone = move |()| navigate.with_value(|navigate| navigate(CONTRACT_LIST.path, Default::default()));
    let plain = |label, class, question| Deed { label, class, question, word: None };
    const VERDICT: Verdict = Verdict {
        agree: ("审批通过", "通过后不能修改或删除，并同步至银行。"),
        refuse: ("审批不通过", "不通过的合同仅可删除。"),
        words: ("意见（选填）", "不通过原因"),
    };
    let decisions =
        move || verdict(VERDICT, move |agreed, opinion| contract_decide(id, version, agreed, opinion), again);
    let write = move || {
        view! {
            {(status == ContractStatus::Draft).then(|| deed(
                plain("提交审批", "btn btn-primary btn-sm", "提交后由物业管理员审批，审批前仍可修改。确定提交吗？"),
                move |_| contract_submit(id, version),
                move |()| again.run(()),
            ))}
            {tell_again.then(|| deed(
                plain("同步重试", "btn btn-primary btn-sm", "重新向银行同步该合同。确定吗？"),
                move |_| contract_sync_again(id, version),
                move |()| again.run(()),
            ))}
            {status.is_deletable().then(|| deed(
                plain("删除", "btn btn-outline btn-error btn-sm", "删除后不再显示，操作日志中保留记录。确定删除该合同吗？"),
                move |_| contract_delete(id, version),
                gone,
            ))}
        }
    };
    view! {
        {(waits && may(Permission::ContractCheck)).then(|| view! { <p class="page-note">"等待其他审批人审批（不能审批本人录入或修改的合同）"</p> })}
        <div class="deed-row">
            {changing(move || may(Permission::ContractPrint).then(|| print_deed(
                PaperKind::Contract,
                id.0,
                if printable { ("打印合同", "生成一式两份的合同文件，证件号码和电话为明文。") } else { ("打印草稿", "未审批的合同只能打印带“草稿”水印的文件，号码已脱敏。") },
                again,
            )))}
            {contract.decidable.then(decisions)}
            {stay_deeds(contract, again)}
            {changing(move || may(Permission::ContractWrite).then(write))}
            {contract.voidable.then(|| deed(void, move |reason| contract_void(id, version, reason), move |()| again.run(())))}
        </div>
    }
    .into_any()
}

fn figures(contract: &Contract) -> AnyView {
    let figure = |label: &'static str, value: String| {
        view! { <div class="figure-item"><span class="figure-label">{label}</span><span class="figure-value">{value}</span></div> }
    };
    view! {
        <section class="panel" aria-label="概况">
            <div class="figure-row">
                {figure("合同状态", told(contract.row.status))}
                {figure("同步状态", sync_text(&contract.row).to_owned())}
                {figure("月租金(元)", contract.row.monthly_rent.to_string())}
                {figure("押金(元)", contract.deposit.to_string())}
                {figure("租赁开始", contract.row.start_on.to_string())}
                {figure("租赁结束", contract.row.end_on.to_string())}
            </div>
        </section>
    }
    .into_any()
}

fn fields(contract: &Contract) -> AnyView {
    view! {
        {stays_view(contract)}
        {difference_view(contract)}
        {field_group("承租人", lessee_fields(contract))}
        {residents(contract)}
        {field_group("住房", home_fields(contract))}
        {field_group("租期与租金", rent_fields(contract))}
        {field_group("代扣账户与银行同步", bank_fields(contract))}
        {field_group("签订、审批与备案", deed_fields(contract))}
    }
    .into_any()
}

fn lessee_fields(contract: &Contract) -> Vec<FieldCell> {
    let row = &contract.row;
    let previous = contract.previous.as_ref();
    vec![
        ("承租人", Cell::link(&row.lessee, format!("/persons/{}", contract.person_id))),
        ("证件号", Cell::text(&row.id_number_mask)),
        ("电话", Cell::text(&contract.phone_mask)),
        ("保障类别", Cell::coded(contract.category)),
        ("出租方", Cell::text(&contract.lessor)),
        (
            "直接分配",
            cell_or_empty(contract.assignment_id, |id| Cell::link("查看", format!("/tenancy/assignments/{id}"))),
        ),
        ("原合同", cell_or_empty(previous, |(id, number)| Cell::link(number, format!("/tenancy/contracts/{id}")))),
    ]
}

fn home_fields(contract: &Contract) -> Vec<FieldCell> {
    let row = &contract.row;
    vec![
        ("房间", Cell::link(&row.address, format!("/housing/units/{}", row.unit_id))),
        ("小区", Cell::text(&row.estate)),
        ("房源编码", Cell::text(&contract.unit_code)),
        ("户型", Cell::coded(contract.layout)),
        ("建筑面积(㎡)", Cell::Area(contract.building_area)),
        ("使用面积(㎡)", Cell::Area(contract.usable_area)),
        (
            "租金标准",
            Cell::link(&contract.rent_standard, format!("/housing/rent-standards/{}", contract.rent_standard_id)),
        ),
        ("单价(元/㎡·月)", Cell::Text(contract.assessed.rate.to_string())),
        ("计租面积", Cell::Text(format!("{} {}㎡", contract.assessed.basis.area_label(), contract.assessed.area))),
    ]
}

fn rent_fields(contract: &Contract) -> Vec<FieldCell> {
    let row = &contract.row;
    let property_rate = row.property.and_then(|fee| fee.rate);
    vec![
        ("租赁开始时间", Cell::Date(row.start_on)),
        ("租赁结束时间", Cell::Date(row.end_on)),
        ("起租日期", Cell::Date(contract.rent_start_on)),
        ("终止日期", cell_or_empty(contract.ended_on, Cell::Date)),
        ("核定月租金(元)", Cell::Money(contract.assessed.rent)),
        ("租金核减(元/月)", Cell::Money(contract.reduction)),
        ("签订月租金(元)", Cell::Money(contract.signed_rent())),
        ("现月租金(元)", Cell::Money(row.monthly_rent)),
        ("物业费单价(元/㎡·月)", cell_or_empty(property_rate, |rate| Cell::Text(rate.to_string()))),
        ("物业费(元/月)", cell_or_empty(row.property, |fee| Cell::Money(fee.monthly))),
        ("押金(元)", Cell::Money(contract.deposit)),
        ("缴费周期", Cell::coded(contract.pay_cycle)),
        ("首付款月数", Cell::Number(contract.first_pay_months.into())),
        ("账单月", Cell::coded(contract.split)),
        ("每期缴费日", Cell::Text(format!("{}日", contract.due_day))),
    ]
}

fn bank_fields(contract: &Contract) -> Vec<FieldCell> {
    vec![
        ("开户行", Cell::text(&contract.bank_name)),
        ("账号", Cell::text(&contract.bank_no_mask)),
        ("户名", Cell::text(&contract.bank_holder)),
        ("代扣协议号", text_cell(contract.debit_agreement_no.as_ref())),
        ("同步状态", Cell::text(sync_text(&contract.row))),
        ("失败次数", Cell::Number(contract.sync_tries.into())),
        ("银行答复", text_cell(contract.row.sync_message.as_ref())),
        ("同步时间", cell_or_empty(contract.synced_at, Cell::Time)),
        ("账户", text_cell(contract.account_no.as_ref())),
    ]
}

fn deed_fields(contract: &Contract) -> Vec<FieldCell> {
    let row = &contract.row;
    let voided = contract.voided.as_ref();
    vec![
        ("签订日期", Cell::Date(contract.sign_on)),
        ("签订方式", Cell::coded(contract.sign_mode)),
        ("条款说明日期", cell_or_empty(contract.explained_on, Cell::Date)),
        ("欠费限制门禁条款", Cell::text(if contract.block_access_clause { "已约定" } else { "未约定" })),
        ("录入人", text_cell(row.maker.as_ref())),
        ("录入时间", Cell::Time(row.created_at)),
        ("提交时间", cell_or_empty(row.submitted_at, Cell::Time)),
        ("审批人", text_cell(contract.checker.as_ref())),
        ("审批时间", cell_or_empty(contract.checked_at, Cell::Time)),
        ("审批意见", text_cell(contract.opinion.as_ref())),
        ("备案号", text_cell(contract.filing_no.as_ref())),
        ("备案日期", cell_or_empty(contract.filed_on, Cell::Date)),
        ("备案期限", Cell::Date(filing_until(contract.sign_on))),
        ("作废人", cell_or_empty(voided.and_then(|voided| voided.by.as_deref()), Cell::text)),
        ("作废时间", cell_or_empty(voided.map(|voided| voided.at), Cell::Time)),
        ("作废原因", cell_or_empty(voided.map(|voided| voided.reason.as_str()), Cell::text)),
        ("内容摘要(SHA-256)", text_cell(contract.digest.as_ref())),
        ("备注", text_cell(contract.remark.as_ref())),
    ]
}

fn residents(contract: &Contract) -> Option<AnyView> {
    let rows = contract
        .residents
        .iter()
        .map(|resident| {
            let href = format!("/persons/{}", resident.person_id);
            view! { <tr><td><a class="link link-primary link-hover" href=href>{resident.name.clone()}</a></td><td>{told(resident.relation)}</td></tr> }
        })
        .collect_view();
    (!contract.residents.is_empty()).then(|| {
        view! {
            <section class="panel">
                <h2>"同住人"</h2>
                <div class="table-scroll" tabindex="0" role="region" aria-label="同住人">
                    <table class="table table-sm"><thead><tr><th scope="col">"姓名"</th><th scope="col">"与承租人关系"</th></tr></thead><tbody>{rows}</tbody></table>
                </div>
            </section>
        }
        .into_any()
    })
}

fn history_view(contract: &Contract) -> AnyView {
    let lines = contract
        .history
        .iter()
        .map(|line| {
            let who = line.actor.clone().unwrap_or_else(|| "系统".to_owned());
            let from = line.from.map_or_else(|| "—".to_owned(), told);
            view! {
                <li>
                    <p class="font-semibold">{line.event.clone()}</p>
                    <p><time>{time_text(line.at)}</time>" "{who}"："{from}" → "{told(line.to)}</p>
                    {line.reason.clone().map(|reason| view! { <p>"意见或原因："{reason}</p> })}
                </li>
            }
        })
        .collect_view();
    view! { <section class="panel"><h2>"办理记录"</h2><ol class="timeline-list detail-list">{lines}</ol></section> }
        .into_any()
}
