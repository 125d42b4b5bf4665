//! Reminders of the home page (S4-1.1): what waits for the actor. One statement asks for all of them.
//!
//! A module adds a line to [`FLOW`] or [`WORK`]. It says what waits with the very condition that the list behind it has for a
//! filter, so that both say the same number. Its rows are found by a partial index (`… where state = 'PENDING'`), so that
//! counting them costs nothing worth mentioning: home is everybody's first page. Of what there is too much for that, the
//! number comes from kept counters ([`TALLIED`]).

mod flow;
mod tallied;

use crate::{
    Ctx, Result,
    billing::{dunning, payment::push_unverified, reduction::push_reduction_ending, shift::push_handed_in},
    ctx::connection,
    housing::rent_standard::push_standard_ending,
    list::{push_district_scope, push_scope},
    platform::{job, user::push_user_ending},
    tenancy::{assignment, contract, hand_over::push_waiting},
};
use domain::{
    insight::reminder::{LINES_SHOWN, Reminder, ReminderGroup, ReminderLine},
    platform::{actor::Actor, permission::Permission},
};
use flow::FLOW;
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

const WORK: &[Source] = &[
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
        label: "待备案的合同",
        link: "/tenancy/contracts?filing=OPEN&sort=start_on",
        text: "c.lessee_name || ' ' || c.contract_no || '，备案期限' || (c.sign_on + 30)",
        href: "'/tenancy/contracts/' || c.id",
        order: "c.sign_on",
        concerns: |actor| actor.may(Permission::ContractRead) && actor.may(Permission::ContractWrite),
        rows: |sql, ctx| {
            sql.push("from contract c where c.deleted_at is null");
            push_scope(sql, ctx, "c.district_id", "c.estate_id");
            contract::push_unfiled(sql);
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
        label: "到期待处置的合同",
        link: "/tenancy/contracts?overdue=1&sort=end_on",
        text: "contract_no || ' ' || lessee_name || '，' || coalesce(stay_to, end_on) || '到期'",
        href: "'/tenancy/contracts/' || id",
        order: "end_on",
        // who objects, and who takes the home back.
        concerns: |actor| actor.may(Permission::ContractRead) && actor.may(Permission::ContractWrite),
        rows: |sql, ctx| {
            sql.push("from contract c where c.deleted_at is null");
            push_scope(sql, ctx, "c.district_id", "c.estate_id");
            contract::push_overdue(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Work,
        label: "即将到期的租金核减",
        link: "/billing/reductions?ending=SOON&sort=to",
        text: "r.reduction_no || ' ' || c.lessee_name || '，' || r.to_on || '到期，须复核'",
        href: "'/billing/reductions/' || r.id",
        order: "r.to_on, r.id",
        // Who asks for them.
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::RentAdjust),
        rows: |sql, ctx| {
            sql.push("from rent_reduction r join contract c on c.id = r.contract_id where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_reduction_ending(sql, ctx);
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
        label: "待确认入账的交款",
        link: "/billing/shifts?state=HANDED_IN",
        text: "coalesce(user_name(s.cashier_id), '') || ' ' || s.bank_slip_no",
        href: "'/billing/shifts/' || s.id",
        order: "s.handed_in_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::PaymentVerify),
        rows: |sql, ctx| {
            sql.push("from cashier_shift s where true");
            push_district_scope(sql, ctx, "s.district_id");
            push_handed_in(sql);
        },
    },
    Source {
        group: ReminderGroup::Work,
        label: "银行同步失败的合同",
        link: "/tenancy/contracts?status=SYNC_FAILED",
        text: "contract_no || ' ' || lessee_name",
        href: "'/tenancy/contracts/' || id",
        order: "updated_at",
        concerns: |actor| actor.may(Permission::ContractRead) && actor.may(Permission::ContractWrite),
        rows: |sql, ctx| {
            sql.push("from contract c where c.deleted_at is null and c.status = 'SYNC_FAILED'");
            push_scope(sql, ctx, "c.district_id", "c.estate_id");
        },
    },
    Source {
        group: ReminderGroup::Work,
        label: "待处理的银行差异",
        link: "/billing/deductions/differences?status=OPEN",
        text: "coalesce((select b.batch_no from deduction_batch b where b.id = batch_id), '银行流水') || '，'
               || to_char(their_fen / 100.0, 'FM999999999990.00') || '元'",
        href: "'/billing/deductions/differences/' || id",
        order: "created_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::DeductionCheck),
        rows: |sql, ctx| {
            sql.push("from bank_difference d where d.status = 'OPEN'");
            push_district_scope(sql, ctx, "d.district_id");
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

/// What is counted at every visit, in the order of the page.
fn sources() -> impl Iterator<Item = &'static Source> {
    FLOW.iter().chain(WORK)
}

#[derive(sqlx::FromRow)]
struct Record {
    place: i32,
    count: i64,
    lines: Json<Vec<ReminderLine>>,
}

/// What waits for the actor, in the order of [`sources`]; what has nothing is left out.
///
/// # Errors
/// [`domain::failure::Failure::Forbidden`] for a wall and for a newcomer.
pub async fn reminder_list(ctx: &Ctx) -> Result<Vec<Reminder>> {
    ctx.require_desk()?;
    let mut sql = QueryBuilder::new("select place, count, lines from (");
    let mut first = true;
    for (place, source) in sources().enumerate().filter(|(_, source)| (source.concerns)(ctx.actor())) {
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
        sql.push(format!("select {} as place, (", sources().count() + place));
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
        let (group, label, link) = match sources().nth(place) {
            Some(source) => (source.group, source.label, source.link),
            None => {
                TALLIED.get(place - sources().count()).map(|source| (ReminderGroup::Work, source.label, source.link))?
            }
        };
        let (label, link) = (label.to_owned(), link.to_owned());
        Some(Reminder { group, label, count: record.count, link, lines: record.lines.0 })
    });
    Ok(reminders.collect())
}
