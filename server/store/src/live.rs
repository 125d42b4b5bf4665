//! The change feed (architecture §2): what boards look at, in the order of commits.
//!
//! A change is a row written in the transaction that made it. One publisher per process turns any
//! number of commits into few `NOTIFY`s; every process listens, reads on from where it was, and hands
//! the rows to its open streams. A crash at any point loses nothing: the rows are there.

use crate::{
    Database, Result,
    ctx::{Tx, begin_city, connection},
};
use chrono::{DateTime, Utc};
use domain::dictionary::PayColor;
use sqlx::postgres::PgListener;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::broadcast;

/// The channel that says "look at the feed"; it carries nothing else.
const CHANNEL: &str = "look";
/// Commits within this time share one notice.
const COALESCE: Duration = Duration::from_millis(25);
/// Without any notice the feed is looked at this often, in case one was lost with a connection.
const IDLE_LOOK: Duration = Duration::from_secs(5);
/// A number that was drawn but has not appeared within this time belongs to a rolled-back transaction.
const GAP_SECONDS: i64 = 600;
/// Changes older than this are dropped; a browser that was away longer loads its page anew.
const KEEP_HOURS: i64 = 24;

/// One row of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub seq: i64,
    pub district_id: i64,
    pub estate_id: i64,
    pub building_id: i64,
    /// the unit and its new status; none says "look at the whole building again", unless there is a colour
    pub unit: Option<(i64, String)>,
    /// the unit and its new payment colour (domain.md §1.3)
    pub color: Option<(i64, String)>,
    /// every number up to here has been seen: where a stream may go on after a break
    pub mark: i64,
}

/// Adds a change to the feed, in the transaction that makes it.
pub(crate) async fn change_add(
    tx: &mut Tx,
    district: i64,
    estate: i64,
    building: i64,
    unit: Option<(i64, &str)>,
) -> Result<()> {
    sqlx::query!(
        "insert into change (district_id, estate_id, building_id, unit_id, status) values ($1, $2, $3, $4, $5)",
        district,
        estate,
        building,
        unit.map(|(id, _)| id),
        unit.map(|(_, status)| status),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// A unit that has taken on a payment colour, or shows another debt under it.
pub(crate) struct Shade {
    pub district: i64,
    pub estate: i64,
    pub building: i64,
    pub unit: i64,
    pub color: PayColor,
}

/// More units than these are not told one by one: boards look at their buildings again.
const SHADES_MAX: usize = 15;

/// Adds payment colours to the feed, in the transaction that changes them.
pub(crate) async fn colors_add(tx: &mut Tx, shades: &[Shade]) -> Result<()> {
    if shades.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&Shade) -> i64| shades.iter().map(of).collect::<Vec<_>>();
    let colors: Vec<&str> = shades.iter().map(|shade| shade.color.code()).collect();
    sqlx::query!(
        "insert into change (district_id, estate_id, building_id, unit_id, color)
         select distinct district, estate, building, case when $6 then unit end, case when $6 then color end
         from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
              as s (district, estate, building, unit, color)",
        &column(|shade| shade.district),
        &column(|shade| shade.estate),
        &column(|shade| shade.building),
        &column(|shade| shade.unit),
        &colors as &[&str],
        shades.len() <= SHADES_MAX,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Changes behind a mark, oldest first; `None` when there are too many or the feed no longer reaches
/// back that far, so that the reader has to load everything anew.
///
/// # Errors
/// When the database fails.
pub async fn changes_after(database: &Database, mark: i64, most: i64) -> Result<Option<Vec<Change>>> {
    let mut tx = begin_city(database).await?;
    let oldest = sqlx::query_scalar!("select min(seq) from change").fetch_one(connection(&mut tx)).await?;
    let mut rows = rows_after(&mut tx, mark, &[], most + 1).await?;
    let reaches = oldest.is_none_or(|oldest| oldest <= mark + 1);
    // A number that is missing may still be under way: whoever breaks off again must come back to it. The
    // feed itself, which remembers gaps, takes the mark on with its next change.
    let mut seen = mark;
    for change in &mut rows {
        seen += i64::from(change.seq == seen + 1);
        change.mark = seen;
    }
    Ok((reaches && rows.len() as i64 <= most).then_some(rows))
}

async fn rows_after(tx: &mut Tx, seq: i64, gaps: &[i64], most: i64) -> Result<Vec<Change>> {
    let rows = sqlx::query!(
        "select seq, district_id, estate_id, building_id, unit_id, status, color from change
         where seq > $1 or seq = any($2) order by seq limit $3",
        seq,
        gaps,
        most,
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Change {
            seq: row.seq,
            district_id: row.district_id,
            estate_id: row.estate_id,
            building_id: row.building_id,
            unit: row.unit_id.zip(row.status),
            color: row.unit_id.zip(row.color),
            mark: row.seq,
        })
        .collect())
}

/// The process's ear: streams subscribe here.
#[derive(Clone, Debug)]
pub struct Feed {
    sender: broadcast::Sender<Arc<Change>>,
}

impl Feed {
    /// Starts publisher and listener; both live as long as the process.
    ///
    /// # Errors
    /// When the database cannot be listened to.
    pub async fn start(database: Database) -> Result<Self> {
        let (sender, _) = broadcast::channel(4096);
        let mut reader = Reader::start(&database).await?;
        let listener = PgListener::connect_with(database.owner()).await?;
        tokio::spawn(publish(database.clone()));
        let feed = Self { sender };
        let sender = feed.sender.clone();
        tokio::spawn(async move { reader.follow(listener, &database, &sender).await });
        Ok(feed)
    }

    /// Everything from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Change>> {
        self.sender.subscribe()
    }
}

/// Turns rings of the bell into notices, at most one per [`COALESCE`].
async fn publish(database: Database) {
    loop {
        database.bell.notified().await;
        if let Err(error) = sqlx::query("select pg_notify($1, '')").bind(CHANNEL).execute(database.owner()).await {
            tracing::warn!(%error, "could not announce a change; listeners find it within {IDLE_LOOK:?}");
        }
        // The first of a burst goes out at once; what is rung for meanwhile shares the next notice.
        tokio::time::sleep(COALESCE).await;
    }
}

/// Follows the feed. Numbers are drawn before they are committed, so a lower number can appear after
/// a higher one: such gaps are remembered and looked for until they show up or are too old.
struct Reader {
    last: i64,
    gaps: BTreeMap<i64, DateTime<Utc>>,
}

impl Reader {
    async fn start(database: &Database) -> Result<Self> {
        let mut tx = begin_city(database).await?;
        let last = sqlx::query_scalar!(r#"select coalesce(max(seq), 0) as "last!" from change"#)
            .fetch_one(connection(&mut tx))
            .await?;
        // Transactions that were running when we started may still bring lower numbers.
        let now = Utc::now();
        let seen = sqlx::query_scalar!("select seq from change where seq > $1", last - 1000)
            .fetch_all(connection(&mut tx))
            .await?;
        let gaps = ((last - 1000).max(1)..last).filter(|seq| !seen.contains(seq)).map(|seq| (seq, now)).collect();
        Ok(Self { last, gaps })
    }

    async fn follow(&mut self, mut listener: PgListener, database: &Database, sender: &broadcast::Sender<Arc<Change>>) {
        if let Err(error) = listener.listen(CHANNEL).await {
            tracing::warn!(%error, "cannot listen yet; the feed is looked at every {IDLE_LOOK:?}");
        }
        loop {
            // PgListener reconnects by itself; a lost notice costs at most one idle look.
            match tokio::time::timeout(IDLE_LOOK, listener.recv()).await {
                Ok(Err(_)) if database.owner().is_closed() => return,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "listening was interrupted");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Ok(Ok(_)) | Err(_) => {}
            }
            if database.owner().is_closed() {
                return;
            }
            if let Err(error) = self.read(database, sender).await {
                tracing::warn!(%error, "the change feed could not be read");
            }
        }
    }

    async fn read(&mut self, database: &Database, sender: &broadcast::Sender<Arc<Change>>) -> Result<()> {
        let gaps: Vec<i64> = self.gaps.keys().copied().collect();
        let mut tx = begin_city(database).await?;
        let rows = rows_after(&mut tx, self.last, &gaps, 10_000).await?;
        let now = Utc::now();
        self.gaps.retain(|_, since| (now - *since).num_seconds() < GAP_SECONDS);
        for mut change in rows {
            for missing in self.last + 1..change.seq {
                self.gaps.insert(missing, now);
            }
            self.gaps.remove(&change.seq);
            self.last = self.last.max(change.seq);
            change.mark = self.gaps.keys().next().map_or(self.last, |gap| gap - 1);
            // Nobody listening is no error.
            let _ = sender.send(Arc::new(change));
        }
        Ok(())
    }
}

/// Drops what is older than a day; [`crate::housekeeping`] does so now and then.
///
/// # Errors
/// When the database fails.
pub async fn changes_sweep(database: &Database, now: DateTime<Utc>) -> Result<u64> {
    let before = now - chrono::TimeDelta::hours(KEEP_HOURS);
    let mut tx = database.owner().begin().await?;
    sqlx::query("select set_config('app.districts', '*', true)").execute(&mut *tx).await?;
    // The newest row stays: it tells a new process where the feed stands.
    let swept = sqlx::query("delete from change where at < $1 and seq < (select max(seq) from change)")
        .bind(before)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(swept.rows_affected())
}
