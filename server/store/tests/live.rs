//! The change feed (architecture §2): nothing is lost, whatever the order of commits and however many
//! processes listen.

use crate::support::{TestDatabase, city};
use chrono::{TimeDelta, Utc};
use domain::{housing::unit_status::UnitEvent, id::UnitId};
use sqlx::{PgPool, Postgres, Transaction};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use store::{
    housing::unit::unit_transition,
    live::{Change, Feed, changes_after, changes_sweep},
};
use tokio::{sync::broadcast::Receiver, time::timeout};

/// A change on one screen is on the other within this time.
const SOON: Duration = Duration::from_secs(1);

/// Adds a change by hand, in a transaction that is still open; answers its number.
async fn open_change(admin: &PgPool) -> (Transaction<'static, Postgres>, i64) {
    let mut tx = admin.begin().await.expect("a transaction");
    let seq = sqlx::query_scalar(
        "insert into change (district_id, estate_id, building_id) select district_id, estate_id, id from building order by id limit 1 returning seq",
    )
    .fetch_one(&mut *tx)
    .await
    .expect("a change");
    (tx, seq)
}

async fn commit(tx: Transaction<'static, Postgres>, admin: &PgPool) {
    tx.commit().await.expect("committed");
    sqlx::query("select pg_notify('look', '')").execute(admin).await.expect("announced");
}

async fn heard(receiver: &mut Receiver<Arc<Change>>, within: Duration) -> Change {
    let change = timeout(within, receiver.recv()).await.expect("heard in time").expect("the feed runs");
    Change::clone(&change)
}

async fn newest(admin: &PgPool) -> i64 {
    sqlx::query_scalar("select coalesce(max(seq), 0) from change").fetch_one(admin).await.expect("a number")
}

#[tokio::test]
async fn a_change_reaches_every_process_within_a_second() {
    let test = TestDatabase::with_city().await;
    let other = test.second().await;
    let (here, there) =
        (Feed::start(test.database.clone()).await.expect("a feed"), Feed::start(other.clone()).await.expect("a feed"));
    let (mut here, mut there) = (here.subscribe(), there.subscribe());
    let unit: (i64, i64, i64) =
        sqlx::query_as("select id, building_id, estate_id from unit where status = 'VACANT' order by id limit 1")
            .fetch_one(&test.admin)
            .await
            .expect("a unit");
    for (database, event, version, status) in
        [(&test.database, UnitEvent::Lock, 1, "RESERVED"), (&other, UnitEvent::Unlock, 2, "VACANT")]
    {
        let ctx = city::ctx(database, "district-a").await;
        unit_transition(&ctx, UnitId(unit.0), version, event, "留用").await.expect("moved");
        for receiver in [&mut here, &mut there] {
            let change = heard(receiver, SOON).await;
            assert_eq!(
                (change.unit, change.building_id, change.estate_id),
                (Some((unit.0, status.to_owned())), unit.1, unit.2)
            );
        }
    }
}

#[tokio::test]
async fn a_lower_number_that_comes_later_is_heard() {
    let test = TestDatabase::with_city().await;
    let feed = Feed::start(test.database.clone()).await.expect("a feed");
    let mut receiver = feed.subscribe();
    let before = newest(&test.admin).await;
    let (slow, low) = open_change(&test.admin).await;
    let (fast, high) = open_change(&test.admin).await;
    assert_eq!((low, high), (before + 1, before + 2));
    commit(fast, &test.admin).await;
    let first = heard(&mut receiver, SOON).await;
    assert_eq!((first.seq, first.mark), (high, before), "nothing behind the mark is missing");
    commit(slow, &test.admin).await;
    let second = heard(&mut receiver, SOON).await;
    assert_eq!((second.seq, second.mark), (low, high));
}

/// Transactions that end in any order, some of them by a rollback.
#[tokio::test]
async fn the_mark_never_passes_what_was_not_heard() {
    let test = TestDatabase::with_city().await;
    let admin = sqlx::postgres::PgPoolOptions::new()
        .max_connections(10)
        .connect_with(test.admin.connect_options().as_ref().clone())
        .await
        .expect("connections");
    let feed = Feed::start(test.database.clone()).await.expect("a feed");
    let mut receiver = feed.subscribe();
    let mut dice = 7_usize;
    let (mut heard_numbers, mut committed, mut all) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for round in 0..6 {
        let mut open = Vec::new();
        for _ in 0..8 {
            let (tx, seq) = open_change(&admin).await;
            all.insert(seq);
            open.push((tx, seq));
        }
        while !open.is_empty() {
            dice = (dice * 31 + 11) % 1009;
            let (tx, seq) = open.swap_remove(dice % open.len());
            if round % 2 == 1 && dice.is_multiple_of(5) {
                tx.rollback().await.expect("rolled back");
                continue;
            }
            commit(tx, &admin).await;
            committed.insert(seq);
            let change = heard(&mut receiver, SOON).await;
            heard_numbers.insert(change.seq);
            let missing: Vec<i64> =
                all.range(..=change.mark).filter(|seq| !heard_numbers.contains(seq)).copied().collect();
            assert_eq!(missing, Vec::<i64>::new(), "the mark {} says they were heard", change.mark);
        }
    }
    assert_eq!(heard_numbers, committed);
}

/// A server that starts while others work hears the transactions that were open then.
#[tokio::test]
async fn a_feed_that_starts_late_hears_what_was_under_way() {
    let test = TestDatabase::with_city().await;
    let (slow, low) = open_change(&test.admin).await;
    let (fast, high) = open_change(&test.admin).await;
    commit(fast, &test.admin).await;
    let feed = Feed::start(test.database.clone()).await.expect("a feed");
    let mut receiver = feed.subscribe();
    commit(slow, &test.admin).await;
    // The listener may just not have been listening yet: then it finds it at its next look.
    let change = heard(&mut receiver, Duration::from_secs(8)).await;
    assert_eq!((change.seq, change.mark), (low, high));
}

#[tokio::test]
async fn a_broken_connection_loses_nothing() {
    let test = TestDatabase::with_city().await;
    let feed = Feed::start(test.database.clone()).await.expect("a feed");
    let mut receiver = feed.subscribe();
    let (tx, first) = open_change(&test.admin).await;
    commit(tx, &test.admin).await;
    assert_eq!(heard(&mut receiver, SOON).await.seq, first);
    let ended: i64 = sqlx::query_scalar(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and query ilike 'listen %'",
    )
    .fetch_one(&test.admin)
    .await
    .expect("ended");
    assert_eq!(ended, 1, "the listener's connection");
    let (tx, second) = open_change(&test.admin).await;
    tx.commit().await.expect("committed, and its notice heard by nobody");
    assert_eq!(heard(&mut receiver, Duration::from_secs(10)).await.seq, second);
}

#[tokio::test]
async fn a_reader_goes_on_where_it_was() {
    let test = TestDatabase::with_city().await;
    let before = newest(&test.admin).await;
    assert!(before > 0, "the import left notices");
    let mut made = Vec::new();
    for _ in 0..4 {
        let (tx, seq) = open_change(&test.admin).await;
        commit(tx, &test.admin).await;
        made.push(seq);
    }
    let after = async |mark, most| {
        changes_after(&test.database, mark, most)
            .await
            .expect("the feed")
            .map(|changes| changes.iter().map(|change| change.seq).collect::<Vec<_>>())
    };
    assert_eq!(after(before, 500).await, Some(made.clone()));
    assert_eq!(after(made[1], 500).await, Some(made[2..].to_vec()));
    assert_eq!(after(made[3], 500).await, Some(vec![]));
    assert_eq!(after(before, 4).await, Some(made.clone()), "just as many as may be");
    assert_eq!(after(before, 3).await, None, "too many: load everything anew");
}

/// The numbers that a browser keeps after a break must not pass what is still under way either.
#[tokio::test]
async fn the_mark_after_a_break_does_not_pass_what_is_under_way() {
    let test = TestDatabase::with_city().await;
    let before = newest(&test.admin).await;
    let (slow, low) = open_change(&test.admin).await;
    let (fast, high) = open_change(&test.admin).await;
    commit(fast, &test.admin).await;
    let missed = changes_after(&test.database, before, 500).await.expect("the feed").expect("not too many");
    assert_eq!(missed.iter().map(|change| change.seq).collect::<Vec<_>>(), [high]);
    commit(slow, &test.admin).await;
    // The browser breaks off again and comes back with the mark it was given.
    let again = changes_after(&test.database, missed[0].mark, 500).await.expect("the feed").expect("not too many");
    assert!(again.iter().any(|change| change.seq == low), "change {low} is lost: the mark was {}", missed[0].mark);
}

#[tokio::test]
async fn what_is_a_day_old_is_swept_and_the_place_is_kept() {
    let test = TestDatabase::with_city().await;
    let (tx, old) = open_change(&test.admin).await;
    commit(tx, &test.admin).await;
    sqlx::query("update change set at = now() - interval '25 hours'").execute(&test.admin).await.expect("aged");
    let swept = changes_sweep(&test.database, Utc::now()).await.expect("swept");
    assert!(swept > 0);
    assert_eq!(newest(&test.admin).await, old, "the newest stays: it says where the feed stands");
    assert_eq!(
        changes_after(&test.database, old - 2, 500).await.expect("the feed"),
        None,
        "the feed does not reach back so far"
    );
    assert!(changes_after(&test.database, old, 500).await.expect("the feed").is_some());
    assert_eq!(changes_sweep(&test.database, Utc::now() + TimeDelta::days(2)).await.expect("swept"), 0);
}
