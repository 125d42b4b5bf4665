//! Reminders of the home page (S4-1.1): what waits for the actor. One statement asks for all of them.
//!
//! A module adds a line to [`SOURCES`]. It says what waits with the very condition that the list behind it has for a
//! filter, so that both say the same number. Its rows are found by a partial index (`… where state = 'PENDING'`), so that
//! counting them costs nothing worth mentioning: home is everybody's first page. Of what there is too much for that, the
//! number comes from kept counters ([`TALLIED`]).

mod tallied;

use crate::{
    Ctx, Result,
    billing::{adjustment, dunning, payment::push_unverified, reduction, waiver},
    ctx::connection,
    housing::{
        asset_change::{self, push_change_scope},
        asset_count,
        rent_standard::push_standard_ending,
    },
    list::push_scope,
    platform::{
        job,
        task::{self, kinds_checked},
        user::push_user_ending,
    },
    tenancy::{assignment, change, contract, exit, hand_over::push_waiting, take_over},
};
use domain::{
    insight::reminder::{LINES_SHOWN, Reminder, ReminderGroup, ReminderLine},
    platform::{actor::Actor, permission::Permission},
};
use sqlx::{Postgres, QueryBuilder, types::Json};
use tallied::TALLIED;

/// Days before the own password has to be changed.
const PASSWORD_SOON: i32 = 7;

/// Something that may wait for somebody.
struct Source {
    group: ReminderGroup,
    label: &'static str,
    /// the list of them all
    link: &'static str,
    /// SQL: what a line says, and where it leads
    text: &'static str,
    href: &'static str,
    order: &'static str,
    /// whom it concerns at all; nobody else is asked about
    concerns: fn(&Actor) -> bool,
    /// `from … where …`: what waits for this actor
    rows: fn(&mut QueryBuilder<Postgres>, &Ctx),
}

/// SQL: whose home an assignment is about, and where it is.
const ASSIGNED: &str = "person_name || ' ' || (select address from unit u where u.id = unit_id)";

/// SQL: whose account it is about, and where the home is.
const ACCOUNTED: &str =
    "(select p.name || ' ' || u.address from account a join person p on p.id = a.person_id join unit u on u.id = a.unit_id
      where a.id = account_id)";

const SOURCES: &[Source] = &[
    Source {
        group: ReminderGroup::Flow,
        label: "待我复核",
        link: "/platform/approvals?turn=MINE",
        text: "subject",
        href: "'/platform/approvals/' || id",
        order: "made_at",
        concerns: |actor| !kinds_checked(actor).is_empty(),
        rows: |sql, ctx| {
            sql.push("from approval a where true");
            task::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审核的资产事项",
        link: "/assets/changes?turn=MINE",
        text: "case kind when 'REGISTER' then '登记' when 'CHANGE' then '变更' else '处置' end
               || (select card_no from asset_master m where m.id = master_id)",
        href: "case when sub_id is null then '/assets/masters/' || master_id else '/assets/subs/' || sub_id end || '?tab=changes'",
        order: "made_at",
        concerns: |actor| actor.may(Permission::AssetRead) && actor.may(Permission::AssetCheck),
        rows: |sql, ctx| {
            sql.push("from asset_change c where true");
            push_change_scope(sql, ctx);
            asset_change::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我确认的盘点单",
        link: "/assets/counts?turn=MINE",
        text: "title",
        href: "'/assets/counts/' || id || '/sheet'",
        order: "planned_on",
        concerns: |actor| actor.may(Permission::AssetRead) && actor.may(Permission::AssetCheck),
        rows: |sql, ctx| {
            sql.push("from asset_count c where true");
            push_scope(sql, ctx, "c.district_id", "c.estate_id");
            asset_count::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审批的合同",
        link: "/tenancy/contracts?turn=MINE",
        text: "lessee_name || ' ' || address",
        href: "'/tenancy/contracts/' || id",
        order: "submitted_at",
        concerns: |actor| actor.may(Permission::ContractRead) && actor.may(Permission::ContractCheck),
        rows: |sql, ctx| {
            sql.push("from contract c where c.deleted_at is null");
            push_scope(sql, ctx, "c.district_id", "c.estate_id");
            contract::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审批的合同变更",
        link: "/tenancy/changes?turn=MINE",
        text: "change_no || ' ' || (select lessee_name || ' ' || address from contract c where c.id = contract_id)",
        href: "'/tenancy/changes/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::ContractRead) && actor.may(Permission::ContractCheck),
        rows: |sql, ctx| {
            sql.push("from contract_change r where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            change::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审批的存量合同接管",
        link: "/tenancy/take-overs?turn=MINE",
        text: "batch_no || ' ' || cutoff_on",
        href: "'/tenancy/take-overs/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::ContractRead) && actor.may(Permission::TakeOverCheck),
        rows: |sql, ctx| {
            sql.push("from take_over r where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            take_over::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我办理的退租",
        link: "/tenancy/exits?turn=MINE",
        text: "exit_no || ' ' || (select lessee_name || ' ' || address from contract c where c.id = contract_id)",
        href: "'/tenancy/exits/' || id",
        order: "made_at",
        concerns: |actor| {
            let parts = [
                Permission::ContractCheck,
                Permission::ExitInspect,
                Permission::ExitBillWrite,
                Permission::ExitBillCheck,
                Permission::RefundWrite,
                Permission::RefundCheck,
                Permission::ContractWrite,
            ];
            actor.may(Permission::ContractRead) && parts.iter().any(|permission| actor.may(*permission))
        },
        rows: |sql, ctx| {
            sql.push("from exit_case x where true");
            push_scope(sql, ctx, "x.district_id", "x.estate_id");
            exit::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审批的租金调整",
        link: "/billing/adjustments?turn=MINE",
        text: "adjustment_no || ' ' || target",
        href: "'/billing/adjustments/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::RentCheck),
        rows: |sql, ctx| {
            sql.push("from rent_adjustment r where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            adjustment::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审批的租金核减",
        link: "/billing/reductions?turn=MINE",
        text: "reduction_no || ' ' || doc_no",
        href: "'/billing/reductions/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::RentCheck),
        rows: |sql, ctx| {
            sql.push("from rent_reduction r where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            reduction::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我复核的暂停催缴",
        link: "/billing/dunning/pauses?turn=MINE",
        text: ACCOUNTED,
        href: "'/billing/dunning/pauses/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::DunningCheck),
        rows: |sql, ctx| {
            sql.push("from dunning_pause p where true");
            push_scope(sql, ctx, "p.district_id", "p.estate_id");
            dunning::push_pause_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审批的减免核销",
        link: "/billing/waivers?turn=MINE",
        text: "waiver_no || ' ' || doc_no",
        href: "'/billing/waivers/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::WaiverCheck),
        rows: |sql, ctx| {
            sql.push("from waiver r where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            waiver::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我复核的分期还款",
        link: "/billing/dunning/instalments?turn=MINE",
        text: ACCOUNTED,
        href: "'/billing/dunning/instalments/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::DunningCheck),
        rows: |sql, ctx| {
            sql.push("from instalment i where true");
            push_scope(sql, ctx, "i.district_id", "i.estate_id");
            dunning::push_instalment_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我复核的催缴规则",
        link: "/billing/dunning/rules?turn=MINE",
        text: "coalesce((select o.name from organization o where o.id = s.district_id), '全市') || ' ' || valid_from || '生效'",
        href: "'/billing/dunning/rules/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::DunningCheck),
        rows: |sql, ctx| {
            sql.push("from dunning_rule_set s where true");
            dunning::push_rule_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我复核的直接分配",
        link: "/tenancy/assignments?turn=MINE",
        text: ASSIGNED,
        href: "'/tenancy/assignments/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::AssignmentRead) && actor.may(Permission::AssignmentCheck),
        rows: |sql, ctx| {
            sql.push("from assignment a where true");
            push_scope(sql, ctx, "a.district_id", "a.estate_id");
            assignment::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Work,
        label: "已选房待签约",
        link: "/tenancy/assignments?signing=OPEN&sort=checked_at",
        text: ASSIGNED,
        href: "'/tenancy/assignments/' || id",
        order: "checked_at",
        concerns: |actor| actor.may(Permission::AssignmentRead) && actor.may(Permission::ContractWrite),
        rows: |sql, ctx| {
            sql.push("from assignment a where true");
            push_scope(sql, ctx, "a.district_id", "a.estate_id");
            assignment::push_unsigned(sql);
        },
    },
    Source {
        group: ReminderGroup::Work,
        label: "待客户入住",
        link: "/tenancy/hand-overs?state=WAITING",
        text: "c.lessee_name || ' ' || u.address",
        href: "'/tenancy/hand-overs/new?contract=' || c.id",
        order: "c.start_on",
        concerns: |actor| actor.may(Permission::ContractRead) && actor.may(Permission::HandOverWrite),
        rows: |sql, ctx| {
            sql.push("from unit u join contract c on c.unit_id = u.id where true");
            push_scope(sql, ctx, "u.district_id", "u.estate_id");
            push_waiting(sql);
        },
    },
    Source {
        group: ReminderGroup::Work,
        label: "即将到期的合同",
        link: "/tenancy/contracts?ending=SOON",
        text: "contract_no || ' ' || lessee_name || '，' || end_on || '到期'",
        href: "'/tenancy/contracts/' || id",
        order: "end_on",
        // Who renews them, and who takes the homes back.
        concerns: |actor| {
            actor.may(Permission::ContractRead)
                && (actor.may(Permission::ContractWrite) || actor.may(Permission::HandOverWrite))
        },
        rows: |sql, ctx| {
            sql.push("from contract c where c.deleted_at is null");
            push_scope(sql, ctx, "c.district_id", "c.estate_id");
            contract::push_contract_ending(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Work,
        label: "待核销的收款",
        link: "/billing/payments?unverified=1",
        text: "receipt_no || ' ' || payer",
        href: "'/billing/payments/' || id",
        order: "paid_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::PaymentVerify),
        rows: |sql, ctx| {
            sql.push("from payment r where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_unverified(sql);
        },
    },
    Source {
        group: ReminderGroup::Work,
        label: "待办理的催缴任务",
        link: "/billing/dunning?task=OPEN",
        text: "(select c.lessee_name || ' ' || c.address from contract c where c.id = contract_id)",
        href: "'/billing/dunning/' || id",
        order: "at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::DunningWrite),
        rows: |sql, ctx| {
            sql.push("from dunning_record r where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            dunning::push_task(sql);
        },
    },
    Source {
        group: ReminderGroup::Work,
        label: "待确认的导入",
        link: "/platform/jobs?status=VALIDATED&turn=MINE",
        text: "file_name",
        href: "'/imports/' || id",
        order: "created_at",
        concerns: |_| true,
        rows: |sql, ctx| {
            sql.push("from job j where j.status = 'VALIDATED'");
            job::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Work,
        label: "失败的任务",
        link: "/platform/jobs?status=FAILED&turn=MINE",
        text: "file_name || '：' || coalesce(message, '')",
        href: "case kind when 'IMPORT' then '/imports/' else '/platform/jobs/' end || id",
        order: "created_at desc",
        concerns: |_| true,
        rows: |sql, ctx| {
            sql.push("from job j where j.status = 'FAILED'");
            job::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Work,
        label: "有效期将满的账号",
        link: "/platform/users?ending=SOON",
        text: "name || '（' || login || '）' || valid_to || '到期'",
        href: "'/platform/users/' || id",
        order: "valid_to",
        concerns: |actor| actor.may(Permission::UserRead) && actor.may(Permission::UserWrite),
        rows: |sql, ctx| {
            sql.push("from app_user u where u.deleted_at is null");
            push_user_ending(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Work,
        label: "即将失效的租金标准",
        link: "/housing/rent-standards?ending=SOON",
        text: "name || '（' || code || '）' || valid_to || '失效'",
        href: "'/housing/rent-standards/' || id",
        order: "valid_to",
        concerns: |actor| actor.may(Permission::RentStandardRead) && actor.may(Permission::RentStandardWrite),
        rows: |sql, ctx| {
            sql.push("from rent_standard r where true");
            push_standard_ending(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Work,
        label: "密码即将到期",
        link: "/password",
        text: "'请在到期前修改登录密码'",
        href: "'/password'",
        order: "id",
        concerns: |_| true,
        rows: |sql, ctx| {
            sql.push("from app_user where id = ").push_bind(ctx.actor().id.0);
            // PASSWORD_DAYS in force; 0: never
            sql.push(
                " and password_changed_at + nullif(coalesce((select value::int from parameter where code = 'PASSWORD_DAYS'
                  and district_id is null and valid_from <= ",
            );
            sql.push_bind(ctx.today()).push(" order by valid_from desc limit 1), ");
            sql.push_bind(i32::from(domain::platform::setting::CitySettings::default().password_days));
            sql.push("), 0) * interval '1 day' between ").push_bind(ctx.now()).push(" and ");
            sql.push_bind(ctx.now() + chrono::TimeDelta::days(PASSWORD_SOON.into()));
        },
    },
];

#[derive(sqlx::FromRow)]
struct Record {
    place: i32,
    count: i64,
    lines: Json<Vec<ReminderLine>>,
}

/// What waits for the actor, in the order of [`SOURCES`]; what has nothing is left out.
///
/// # Errors
/// [`domain::failure::Failure::Forbidden`] for a wall and for a newcomer.
pub async fn reminder_list(ctx: &Ctx) -> Result<Vec<Reminder>> {
    ctx.require_desk()?;
    let mut sql = QueryBuilder::new("select place, count, lines from (");
    let mut first = true;
    for (place, source) in SOURCES.iter().enumerate().filter(|(_, source)| (source.concerns)(ctx.actor())) {
        sql.push(if std::mem::take(&mut first) { "" } else { " union all " });
        sql.push(format!(
            "select {place} as place, coalesce(max(total), 0) as count, coalesce(jsonb_agg(line), '[]') as lines from (
             select jsonb_build_object('text', {}, 'link', {}) as line, count(*) over () as total ",
            source.text, source.href
        ));
        (source.rows)(&mut sql, ctx);
        sql.push(format!(" order by {} limit {LINES_SHOWN}) l", source.order));
    }
    for (place, source) in TALLIED.iter().enumerate().filter(|(_, source)| (source.concerns)(ctx.actor())) {
        sql.push(if std::mem::take(&mut first) { "" } else { " union all " });
        sql.push(format!("select {} as place, (", SOURCES.len() + place));
        (source.count)(&mut sql, ctx);
        sql.push(format!(
            ") as count, coalesce(jsonb_agg(line), '[]') as lines from (
             select jsonb_build_object('text', {}, 'link', {}) as line ",
            source.text, source.href
        ));
        (source.rows)(&mut sql, ctx);
        sql.push(format!(" order by {} limit {LINES_SHOWN}) l", source.order));
    }
    sql.push(") r where count > 0 order by place");
    // Requests and accounts are the platform's; whom they concern is said above.
    let mut tx = ctx.begin_platform().await?;
    // So many parts take longer to plan than to run, and one plan is good for everybody who asks the same.
    sqlx::query!("select set_config('plan_cache_mode', 'force_generic_plan', true) as mode")
        .fetch_one(connection(&mut tx))
        .await?;
    let records: Vec<Record> = sql.build_query_as().fetch_all(connection(&mut tx)).await?;
    tx.commit().await?;
    let reminders = records.into_iter().filter_map(|record| {
        let place = usize::try_from(record.place).ok()?;
        let (group, label, link) = match SOURCES.get(place) {
            Some(source) => (source.group, source.label, source.link),
            None => {
                TALLIED.get(place - SOURCES.len()).map(|source| (ReminderGroup::Work, source.label, source.link))?
            }
        };
        let (label, link) = (label.to_owned(), link.to_owned());
        Some(Reminder { group, label, count: record.count, link, lines: record.lines.0 })
    });
    Ok(reminders.collect())
}
