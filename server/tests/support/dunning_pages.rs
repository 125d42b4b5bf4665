//! A household that is dunned, and the pages that show it.

use super::Site;

/// Of a contract of 阳光苑 that there is already.
#[derive(Clone, Copy)]
pub struct Dunned {
    pub account: i64,
    /// a set that waits, made by the accountant, and a draft of his
    pub waiting_set: i64,
    pub draft_set: i64,
    /// a notice and a call that wait
    pub notice: i64,
    pub call: i64,
    /// what the carrier could not send
    pub message: i64,
    pub block: i64,
    pub pause: i64,
    pub plan: i64,
}

/// Writes all of it; every request was made by the system administrator.
pub async fn dunned(site: &Site, contract: i64) -> Dunned {
    let account = site
        .id(&format!(
            "insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
             select u.district_id, u.estate_id, u.building_id, u.id, c.person_id, current_date
             from contract c join unit u on u.id = c.unit_id where c.id = {contract} returning id"
        ))
        .await;
    let set = |status: &'static str| async move {
        let id = site
            .id(&format!(
                "insert into dunning_rule_set (district_id, valid_from, reason, status, maker_id, made_at)
                 select o.id, date '2099-01-01', '启用催缴', '{status}', u.id, now()
                 from organization o, app_user u where o.code = '810101' and u.login = 'finance' returning id"
            ))
            .await;
        site.id(&format!(
            "insert into dunning_rule (set_id, district_id, seq, anchor, days, way, template)
             select id, district_id, 1, 'DUE', -3, 'SMS', 'DUE_SOON' from dunning_rule_set where id = {id} returning id"
        ))
        .await;
        id
    };
    let record = |way: &'static str| async move {
        site.id(&format!(
            "insert into dunning_record (district_id, estate_id, account_id, contract_id, month, way, level, periods, amount_fen, content, at)
             select a.district_id, a.estate_id, a.id, {contract}, '2026-01-01', '{way}', 'L2', 2, 22360, '阳光苑租户欠缴租金2个月', now()
             from account a where a.id = {account} returning id"
        ))
        .await
    };
    let (notice, call) = (record("WRITTEN").await, record("PHONE").await);
    let message = site
        .id(&format!(
            "insert into sms (district_id, estate_id, account_id, contract_id, dunning_id, template, told_key, sign, params, content,
                 phone_mask, status, queued_at, not_before, attempts, sent_at, parts, cost_fen)
             select a.district_id, a.estate_id, a.id, {contract}, {call}, 'OVERDUE', 'PAGE', '公租房中心', '{{}}', '阳光苑租金逾期',
                 '138****0000', 'SILENT', now(), now(), 1, now(), 1, 5 from account a where a.id = {account} returning id"
        ))
        .await;
    let made = |statement: &'static str| async move {
        site.id(&format!("{statement} from account where id = {account} returning id")).await
    };
    let block = made(
        "insert into sms_block (district_id, estate_id, account_id, reason, made_at, maker_id)
         select district_id, estate_id, id, '阳光苑号码有误', now(), 1",
    )
    .await;
    let pause = made(
        "insert into dunning_pause (district_id, estate_id, account_id, ground, reason, until, maker_id, made_at)
         select district_id, estate_id, id, 'SUBSIDY', '阳光苑补贴审批中', '2099-12-31', 1, now()",
    )
    .await;
    let plan = site
        .id(&format!(
            "with home as (select * from account where id = {account}),
             owed as (insert into bill (district_id, estate_id, unit_id, account_id, kind, fee_item, month, period_from, period_to, due_on, amount_fen)
                 select district_id, estate_id, unit_id, id, 'RENT', 'RENT', '2026-01-01', '2026-01-01', '2026-01-31', '2026-01-10', 22360
                 from home returning id),
             plan as (insert into instalment (district_id, estate_id, account_id, request_id, debt_fen, reason, level_before, maker_id, made_at)
                 select district_id, estate_id, id, gen_random_uuid(), 22360, '阳光苑暂时困难', 'L2', 1, now() from home returning *),
             line as (insert into instalment_line select id, 1, district_id, estate_id, '2099-12-31', 22360 from plan),
             held as (insert into instalment_bill select plan.id, owed.id, plan.district_id, plan.estate_id, 22360, 0 from plan, owed)
             select id from plan"
        ))
        .await;
    Dunned {
        account,
        waiting_set: set("PENDING").await,
        draft_set: set("DRAFT").await,
        notice,
        call,
        message,
        block,
        pause,
        plan,
    }
}

/// Address pattern, address, and texts that stand there: of the accountant.
pub fn pages(at: &Dunned) -> Vec<(&'static str, String, Vec<&'static str>)> {
    let of = |path: &str, id: i64| format!("/billing/{path}/{id}");
    let account = of("dunning/accounts", at.account);
    vec![
        ("/billing/dunning", "/billing/dunning".into(), vec!["催缴记录", "书面", "223.60", "共 2 条"]),
        ("/billing/dunning/:id", of("dunning", at.notice), vec!["催缴通知书", "CJ", "打印通知书", "附件"]),
        ("/billing/dunning/rules", "/billing/dunning/rules".into(), vec!["催缴规则", "甲区", "待复核", "编制规则"]),
        (
            "/billing/dunning/rules/new",
            "/billing/dunning/rules/new".into(),
            vec!["编制催缴规则", "规则明细", "生效日期"],
        ),
        (
            "/billing/dunning/rules/:id",
            of("dunning/rules", at.draft_set),
            vec!["应缴日前3天 短信（到期前提醒）", "试算", "提交复核"],
        ),
        (
            "/billing/dunning/trial",
            format!("/billing/dunning/trial?set={}&month=2026-01", at.draft_set),
            vec!["催缴试算", "不发送短信"],
        ),
        ("/billing/dunning/pauses", "/billing/dunning/pauses".into(), vec!["暂停催缴", "等待补贴", "共 1 条"]),
        ("/billing/dunning/pauses/:id", of("dunning/pauses", at.pause), vec!["阳光苑补贴审批中", "2099-12-31"]),
        ("/billing/dunning/instalments", "/billing/dunning/instalments".into(), vec!["分期还款", "223.60", "共 1 条"]),
        ("/billing/dunning/instalments/:id", of("dunning/instalments", at.plan), vec!["分期计划", "2099-12-31"]),
        (
            "/billing/dunning/notices",
            format!("/billing/dunning/notices?account={}", at.account),
            vec!["批量打印催缴通知书", "已选的1户", "打印记录"],
        ),
        ("/billing/dunning/accounts/:id", account.clone(), vec!["催缴情况", "短信黑名单", "已列入", "催缴记录"]),
        ("/billing/dunning/accounts/:id/:action", format!("{account}/record"), vec!["登记催缴", "催缴方式"]),
        ("/billing/dunning/accounts/:id/:action", format!("{account}/pause"), vec!["申请暂停催缴", "截止日期"]),
        ("/billing/dunning/accounts/:id/:action", format!("{account}/instalment"), vec!["申请分期还款", "分期计划"]),
        ("/billing/sms", "/billing/sms".into(), vec!["短信发送", "138****0000", "无回执", "共 1 条"]),
        ("/billing/sms/:id", of("sms", at.message), vec!["阳光苑租金逾期", "重发"]),
        ("/billing/sms/months", "/billing/sms/months".into(), vec!["短信费用", "逾期催缴", "0.05"]),
        ("/billing/sms/blocks", "/billing/sms/blocks".into(), vec!["短信黑名单", "阳光苑号码有误", "生效中"]),
    ]
}
