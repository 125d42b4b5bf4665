//! What a running system leaves behind and nobody will ask for again. Runs as the owner, because the
//! application may not delete from the tables that only grow.

use crate::{Database, Result, live::changes_sweep};
use chrono::{DateTime, Months, TimeDelta, Utc};
use domain::{
    export::RESULT_DAYS,
    import::FAILED_DAYS,
    platform::{actor::DESK_IDLE_MINUTES, job::RETRY_DAYS, message::MESSAGE_DAYS},
    portal::sign_in::{CODE_DAYS, IDLE_DAYS},
};
use sqlx::PgConnection;
use std::ops::DerefMut as _;

/// An upload that nobody confirmed within this time is cancelled and its file dropped.
const UNCONFIRMED_DAYS: i64 = 7;
/// PRM-08: logs are kept three years; that is also what domain.md §2.6 asks for (six months online, three
/// years in all) as long as there is no archive to move them to.
const ATTEMPT_MONTHS: u32 = 36;

/// How much was dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub changes: u64,
    pub captchas: u64,
    pub sessions: u64,
    pub uploads: u64,
    /// failed rows of imports
    pub rows: u64,
    pub attempts: u64,
    /// files of jobs that ended: what could be tried again, and what exports made
    pub files: u64,
    /// messages that were read long ago
    pub messages: u64,
}

impl Swept {
    /// As an administrator reads it; nothing when there was nothing to drop.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let counted = [
            ("变更记录", self.changes),
            ("验证码", self.captchas),
            ("会话", self.sessions),
            ("未确认的上传", self.uploads),
            ("失败数据", self.rows),
            ("登录记录", self.attempts),
            ("任务文件", self.files),
            ("已读消息", self.messages),
        ];
        let told: Vec<String> =
            counted.into_iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{what}{count}")).collect();
        (!told.is_empty()).then(|| format!("清理：{}", told.join("、")))
    }
}

/// Drops old changes, captchas and sessions that have ended, unconfirmed uploads, failed rows after [`FAILED_DAYS`],
/// files of jobs that ended, messages and sign-in attempts past their retention. Any number of processes may do so at once.
///
/// # Errors
/// When the database fails.
pub async fn sweep(database: &Database, now: DateTime<Utc>) -> Result<Swept> {
    let changes = changes_sweep(database, now).await?;
    let mut tx = database.owner().begin().await?;
    // The owner is ruled by the policies too.
    sqlx::query!(
        "select set_config('app.districts', '*', true) as city, set_config('app.platform', 'on', true) as platform"
    )
    .fetch_one(&mut *tx)
    .await?;
    let captchas = sqlx::query!("delete from captcha where expires_at < $1", now).execute(&mut *tx).await?;
    let sessions = sqlx::query!(
        "delete from session where expires_at < $1 or (kind = 'DESK' and seen_at < $2)",
        now,
        now - TimeDelta::minutes(DESK_IDLE_MINUTES),
    )
    .execute(&mut *tx)
    .await?;
    let tenants = tenants_sweep(&mut tx, now).await?;
    sqlx::query!("delete from password_code where sent_at < $1", now - TimeDelta::days(CODE_DAYS))
        .execute(&mut *tx)
        .await?;
    let uploads = uploads_cancel(tx.deref_mut(), now).await?;
    // Their jobs ended long ago, or were cut off and never will.
    let rows = sqlx::query!(
        "delete from import_row r using job j
         where j.id = r.job_id and coalesce(j.finished_at, j.created_at) < $1 and j.status in ('FINISHED', 'FAILED', 'CANCELLED')",
        now - TimeDelta::days(FAILED_DAYS),
    )
    .execute(&mut *tx)
    .await?;
    let files = sqlx::query!(
        "delete from job_file f using job j
         where j.id = f.job_id and (j.status in ('FAILED', 'CANCELLED') and coalesce(j.finished_at, j.created_at) < $1
                                    or j.kind = 'EXPORT' and j.status = 'FINISHED' and j.finished_at < $2)",
        now - TimeDelta::days(RETRY_DAYS),
        now - TimeDelta::days(RESULT_DAYS),
    )
    .execute(&mut *tx)
    .await?;
    let messages = sqlx::query!("delete from message where read_at < $1", now - TimeDelta::days(MESSAGE_DAYS))
        .execute(&mut *tx)
        .await?;
    let oldest = now.checked_sub_months(Months::new(ATTEMPT_MONTHS)).unwrap_or_default();
    let attempts = sqlx::query!("delete from login_attempt where at < $1", oldest).execute(&mut *tx).await?;
    let tries = sqlx::query!("delete from tenant_attempt where at < $1", oldest).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(Swept {
        changes,
        captchas: captchas.rows_affected(),
        sessions: sessions.rows_affected() + tenants,
        uploads,
        rows: rows.rows_affected(),
        attempts: attempts.rows_affected() + tries.rows_affected(),
        files: files.rows_affected(),
        messages: messages.rows_affected(),
    })
}

/// Sessions of tenants that have ended, and codes that nobody is counted by any more; answers how many sessions.
async fn tenants_sweep(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<u64> {
    sqlx::query!("delete from tenant_code where sent_at < $1", now - TimeDelta::days(CODE_DAYS))
        .execute(&mut *connection)
        .await?;
    let sessions = sqlx::query!(
        "delete from tenant_session where expires_at < $1 or seen_at < $2",
        now,
        now - TimeDelta::days(IDLE_DAYS)
    )
    .execute(connection)
    .await?;
    Ok(sessions.rows_affected())
}

/// As if the person had pressed 取消 (`platform::job::job_cancel`): the log keeps the job, the file is gone.
async fn uploads_cancel(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<u64> {
    let cancelled = sqlx::query_scalar!(
        "update job set status = 'CANCELLED', finished_at = $1
         where status = 'VALIDATED' and created_at < $2 returning id",
        now,
        now - TimeDelta::days(UNCONFIRMED_DAYS),
    )
    .fetch_all(&mut *connection)
    .await?;
    sqlx::query!("delete from job_file where job_id = any($1)", &cancelled).execute(connection).await?;
    Ok(cancelled.len() as u64)
}
