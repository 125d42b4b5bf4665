//! Runs what the server does by itself, each to its plan (S1-9.11). Every process looks; one at a time works.

use chrono::Utc;
use domain::platform::job::Plan;
use std::time::Duration;
use store::{
    Database,
    platform::plan::{Outcome, plan_take},
};
use tokio::time::{self, Instant, MissedTickBehavior};

/// How often it is looked whether a plan that runs seldom is due, or was asked for.
const LOOK: Duration = Duration::from_secs(5);
/// How often the outcome of a plan that runs all the time is noted.
const NOTE: Duration = Duration::from_secs(60);

/// Works to a plan until `stop`, and once more then, if it runs all the time: what it had to do is done to the end.
pub async fn keep<F>(database: Database, plan: Plan, stop: impl Future<Output = ()>, work: impl Fn(Database) -> F)
where
    F: Future<Output = Outcome>,
{
    keep_every(database, plan, None, stop, work).await;
}

/// The same, where a plan that runs all the time runs more often than it says.
pub async fn keep_every<F>(
    database: Database,
    plan: Plan,
    every: Option<Duration>,
    stop: impl Future<Output = ()>,
    work: impl Fn(Database) -> F,
) where
    F: Future<Output = Outcome>,
{
    let every = every.unwrap_or(Duration::from_secs(plan.every_seconds().into()));
    // One that runs seldom has its clock in the database, and is looked at meanwhile.
    let mut ticks = time::interval(if plan.is_constant() { every } else { every.min(LOOK) });
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::pin!(stop);
    let mut keeper = Keeper { database, plan, noted: None, failed: false };
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = ticks.tick() => keeper.run(&work, false).await,
        }
    }
    if plan.is_constant() {
        keeper.run(&work, true).await;
    }
}

struct Keeper {
    database: Database,
    plan: Plan,
    /// when an outcome was noted last
    noted: Option<Instant>,
    /// whether the last run failed
    failed: bool,
}

impl Keeper {
    async fn run<F: Future<Output = Outcome>>(&mut self, work: &impl Fn(Database) -> F, last: bool) {
        let turn = match plan_take(&self.database, self.plan, Utc::now(), last).await {
            Ok(Some(turn)) => turn,
            Ok(None) => return,
            Err(error) => return self.complain(&error.to_string()),
        };
        let outcome = work(self.database.clone()).await;
        if let Err(error) = &outcome {
            self.complain(error);
        }
        let changed = std::mem::replace(&mut self.failed, outcome.is_err()) != outcome.is_err();
        let due = self.noted.is_none_or(|noted| noted.elapsed() >= NOTE);
        let ended = if turn.is_noted() || changed || due {
            self.noted = Some(Instant::now());
            turn.end(&self.database, &outcome, Utc::now()).await
        } else {
            turn.end_quietly().await
        };
        if let Err(error) = ended {
            self.complain(&error.to_string());
        }
    }

    fn complain(&self, error: &str) {
        tracing::warn!(plan = self.plan.code(), error, "a planned job failed; it is tried again");
    }
}
