//! What the server does by itself, again and again (S1-9.11): when it ran, what came of it, whether it may.
//!
//! One instance at a time, however many processes there are: whoever works holds an advisory lock in a transaction that
//! does nothing else, so that a process that is killed lets go. That transaction has no number of its own (it writes
//! nothing), because the sealer of the operation log waits for all that have one.

use crate::{
    Ctx, Database, Result,
    ctx::{Tx, begin_platform, connection},
    error::stored,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    failure::Failure,
    platform::{
        job::{Plan, PlanRow},
        permission::Permission,
    },
};

/// Every plan with its last run.
///
/// # Errors
/// Without [`Permission::JobRead`].
pub async fn plan_list(ctx: &Ctx) -> Result<Vec<PlanRow>> {
    ctx.require(Permission::JobRead)?;
    let mut tx = ctx.begin_platform().await?;
    let rows = sqlx::query!(
        r#"select p.code, p.enabled, coalesce(p.asked_at > coalesce(r.started_at, '-infinity'), false) as "asked!",
                  r.started_at as "started_at?", r.ended_at, r.ok, r.result, r.next_at
           from job_plan p left join job_plan_run r on r.plan_id = p.id order by p.id"#
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    rows.into_iter()
        .map(|row| {
            Ok(PlanRow {
                plan: stored(&row.code, Plan::from_code)?,
                enabled: row.enabled,
                asked: row.asked,
                started_at: row.started_at,
                ended_at: row.ended_at,
                ok: row.ok,
                result: row.result,
                next_at: row.next_at,
            })
        })
        .collect()
}

/// Switches a plan on or off.
///
/// # Errors
/// Without [`Permission::JobRun`]; a refusal of what must not stop.
pub async fn plan_switch(ctx: &Ctx, plan: Plan, enabled: bool) -> Result<()> {
    ctx.require(Permission::JobRun)?;
    if !enabled && !plan.can_stop() {
        return Err(Failure::refused(format!("“{}”是系统运行所必需的，不能停用", plan.label())).into());
    }
    let mut tx = ctx.begin_platform().await?;
    sqlx::query!("update job_plan set enabled = $2 where code = $1 and enabled <> $2", plan.code(), enabled)
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Asks for a run now (立即运行); the next process that looks begins it.
///
/// # Errors
/// Without [`Permission::JobRun`]; a refusal while it is switched off.
pub async fn plan_ask(ctx: &Ctx, plan: Plan) -> Result<()> {
    ctx.require(Permission::JobRun)?;
    let mut tx = ctx.begin_platform().await?;
    let asked = sqlx::query!(
        "update job_plan set asked_at = $2, asked_by = $3 where code = $1 and enabled",
        plan.code(),
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    if asked.rows_affected() == 0 {
        return Err(Failure::refused("任务已停用，请先启用").into());
    }
    tx.commit().await?;
    Ok(())
}

/// The right to be the one that runs a plan now; it ends with this.
#[derive(Debug)]
pub struct Turn {
    plan: Plan,
    id: i64,
    started_at: DateTime<Utc>,
    /// somebody asked for this run, or its clock stands in the database
    noted: bool,
    lock: Tx,
}

/// What a run came to: what it did, or why it failed; nothing when there was nothing to do.
pub type Outcome = std::result::Result<Option<String>, String>;

/// By how much the clocks of two processes may differ without one taking the other's for wrong.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// From one run to the next.
fn every(plan: Plan) -> TimeDelta {
    TimeDelta::seconds(plan.every_seconds().into())
}

/// Takes the turn when the plan is due and nobody else is at it. `last` runs it also before its time.
///
/// # Errors
/// When the database fails.
pub async fn plan_take(database: &Database, plan: Plan, now: DateTime<Utc>, last: bool) -> Result<Option<Turn>> {
    let mut lock = begin_platform(database).await?;
    let mine = sqlx::query_scalar!(
        r#"select pg_try_advisory_xact_lock(hashtextextended('plan:' || $1, 0)) as "mine!""#,
        plan.code()
    )
    .fetch_one(connection(&mut lock))
    .await?;
    if !mine {
        return Ok(None);
    }
    // Looked at behind the lock: what the one before has noted counts.
    // A clock that ran ahead and was put right leaves marks of days that have not come: no plan rests until they have, and
    // what was asked for then is not done over and over meanwhile.
    let row = sqlx::query!(
        r#"select p.id, p.enabled, coalesce(p.asked_at > coalesce(r.started_at, '-infinity') and p.asked_at <= $2, false) as "asked!",
                  coalesce(r.next_at <= $2 or r.next_at > $3 or r.started_at > $4, true) as "due!"
           from job_plan p left join job_plan_run r on r.plan_id = p.id where p.code = $1"#,
        plan.code(),
        now,
        now + every(plan) + SKEW,
        now + SKEW,
    )
    .fetch_one(connection(&mut lock))
    .await?;
    let begins = row.enabled && (row.asked || last || plan.is_constant() || row.due);
    if !begins {
        // Now, and not when the connection gets round to it: the next who asks is not to find it held.
        lock.commit().await?;
        return Ok(None);
    }
    let turn = Turn { plan, id: row.id, started_at: now, noted: row.asked || !plan.is_constant(), lock };
    if turn.noted {
        let mut tx = begin_platform(database).await?;
        sqlx::query!(
            "insert into job_plan_run (plan_id, started_at) values ($1, $2)
             on conflict (plan_id) do update set started_at = excluded.started_at, ended_at = null, ok = null, result = null",
            turn.id,
            now
        )
        .execute(connection(&mut tx))
        .await?;
        tx.commit().await?;
    }
    Ok(Some(turn))
}

impl Turn {
    /// Whether this run's outcome is noted whatever it is.
    #[must_use]
    pub fn is_noted(&self) -> bool {
        self.noted
    }

    /// Notes what came of the run, and gives the turn up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end(self, database: &Database, outcome: &Outcome, now: DateTime<Utc>) -> Result<()> {
        let (ok, result) = match outcome {
            Ok(done) => (true, done.as_deref().unwrap_or("没有需要处理的内容")),
            Err(error) => (false, error.as_str()),
        };
        let mut tx = begin_platform(database).await?;
        sqlx::query!(
            "insert into job_plan_run (plan_id, started_at, ended_at, ok, result, next_at) values ($1, $2, $3, $4, $5, $6)
             on conflict (plan_id) do update set started_at = excluded.started_at, ended_at = excluded.ended_at,
                 ok = excluded.ok, result = excluded.result, next_at = excluded.next_at",
            self.id,
            self.started_at,
            now,
            ok,
            result,
            self.started_at + every(self.plan),
        )
        .execute(connection(&mut tx))
        .await?;
        tx.commit().await?;
        self.lock.commit().await?;
        Ok(())
    }

    /// Gives the turn up without a word: a run of every second that did nothing new.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_quietly(self) -> Result<()> {
        self.lock.commit().await?;
        Ok(())
    }
}
