//! Figures of the running system for its operators: connections, the queue, the seals. No business data, nobody's name.

use crate::{Database, Result, ctx::begun};

/// What an operator watches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    pub queue: Vec<Queue>,
    /// lines of the operation log in no block yet, counted up to [`UNSEALED_MOST`]
    pub unsealed: i64,
    /// how long the oldest of them has been waiting
    pub unsealed_seconds: f64,
}

/// One kind of job in the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Queue {
    pub task: String,
    /// will be tried, or tried again
    pub waiting: i64,
    pub running: i64,
    /// of those that wait, the ones that failed at least once
    pub retrying: i64,
    /// given up after the last attempt
    pub failed: i64,
}

/// The connections of the two pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    pub name: &'static str,
    pub size: u32,
    pub idle: usize,
    pub most: u32,
}

/// More unsealed lines than these are not counted: the figure is an alarm by then.
pub const UNSEALED_MOST: i64 = 100_000;

/// The pools as they are; asks nobody.
#[must_use]
pub fn pools(database: &Database) -> [Pool; 2] {
    [("application", &database.app), ("owner", database.owner())].map(|(name, pool)| Pool {
        name,
        size: pool.size(),
        idle: pool.num_idle(),
        most: pool.options().get_max_connections(),
    })
}

/// Asks the database; as the owner, because the queue's tables are closed to the application.
///
/// # Errors
/// When the database fails.
pub async fn figures(database: &Database) -> Result<Figures> {
    let mut tx = begun(database.owner(), "begin".to_owned()).await?;
    sqlx::query("select set_config('app.platform', 'on', true)").execute(&mut *tx).await?;
    let seal = sqlx::query!(
        r#"with last as (select to_xid, to_id from audit_block order by seq desc limit 1),
                waiting as (
                    select a.at from audit_log a
                    where (a.xid, a.id) > (coalesce((select to_xid from last), '0'::xid8), coalesce((select to_id from last), 0))
                    order by a.xid, a.id limit $1)
           select count(*) as "lines!",
                  coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8 as "seconds!"
           from waiting"#,
        UNSEALED_MOST,
    )
    .fetch_one(&mut *tx)
    .await?;
    // Not checked at compile time: the queue makes its tables itself, when a server starts.
    let queue = sqlx::query_as(
        "select task_identifier as task,
                count(*) filter (where locked_at is null and attempts < max_attempts) as waiting,
                count(*) filter (where locked_at is not null) as running,
                count(*) filter (where locked_at is null and attempts > 0 and attempts < max_attempts) as retrying,
                count(*) filter (where locked_at is null and attempts >= max_attempts) as failed
         from graphile_worker.jobs group by 1 order by 1",
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Figures { queue, unsealed: seal.lines, unsealed_seconds: seal.seconds.max(0.0) })
}
