//! What every reconciliation of a day has in common (T+1, E-49, domain.md §3.7): a statement is taken in whole or not at all, its
//! lines are kept with what they pay, what only one side says goes to the difference pool, and each district's three sums are
//! kept as a row of its day. What a line pays, and what should have been in the statement, says each channel: `super::statement`,
//! `super::pos`.

use super::{Received, finish, take_up};
use crate::{
    Ctx, Database, Result,
    ctx::{Tx, connection},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::reconciliation::{ReconciliationChannel, compare},
    dictionary::DifferenceKind,
    failure::Failure,
    value::Money,
};

/// A line of a statement: money that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// of the file, from 1
    pub line: i32,
    /// the bank's number of the deduction, or of the slip
    pub serial: String,
    /// 批次号 of a direct debit, 终端号 of a card at a counter
    pub source: String,
    pub amount: Money,
    pub at: Option<DateTime<Utc>>,
}

/// What came of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    pub lines: i32,
    pub differences: i32,
}

/// What a line pays, as far as it is known.
#[derive(Clone, Copy, Default)]
pub(super) struct Pays {
    pub district: Option<i64>,
    pub item: Option<i64>,
    pub payment: Option<i64>,
}

/// A deduction, or a payment at a counter, as one side or both have it.
pub(super) struct Pair {
    pub district: Option<i64>,
    pub batch: Option<i64>,
    pub line: Option<i32>,
    pub item: Option<i64>,
    pub payment: Option<i64>,
    pub own: Option<i64>,
    pub their: Option<i64>,
    pub serial: Option<String>,
}

/// What a district has of a day: 账单 is what is booked, 渠道 what was written down or answered when it was taken.
pub(super) struct Ours {
    pub district: i64,
    pub own: i64,
    pub channel: i64,
}

/// A statement that is being taken in, in one transaction.
pub(super) struct Reading<'a> {
    pub tx: Tx,
    pub file: i64,
    pub day: NaiveDate,
    channel: ReconciliationChannel,
    database: &'a Database,
    now: DateTime<Utc>,
    lines: i32,
}

impl<'a> Reading<'a> {
    /// Takes a day's statement up.
    ///
    /// # Errors
    /// [`super::FILE_IS_KNOWN`]; a refusal for a day that was reconciled by another statement.
    pub async fn begin(
        database: &'a Database,
        file: &Received<'_>,
        (day, channel): (NaiveDate, ReconciliationChannel),
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let mut tx = Ctx::server(database, now).begin().await?;
        let id = take_up(&mut tx, file, None, now).await?;
        let known = sqlx::query_scalar!(
            r#"select exists (select from reconciliation where day = $1 and channel = $2) as "known!""#,
            day,
            channel.code()
        )
        .fetch_one(connection(&mut tx))
        .await?;
        if known {
            let what = if channel == ReconciliationChannel::Pos { "POS对账单" } else { "银行流水" };
            return Err(Failure::refused(format!("{day}的{what}已对账")).into());
        }
        Ok(Self { tx, file: id, day, channel, database, now, lines: 0 })
    }

    /// Keeps lines with what each of them pays.
    pub async fn keep(&mut self, lines: &[StatementLine], pays: &[Pays]) -> Result<()> {
        let terminal = self.channel == ReconciliationChannel::Pos;
        sqlx::query!(
            "insert into bank_statement_line (bank_file_id, line, district_id, serial, batch_no, terminal_no, amount_fen, at, item_id,
                                              payment_id)
             select $1, l.line, l.district, l.serial, case when not $2 then l.source end, case when $2 then l.source end, l.amount, l.at,
                    l.item, l.payment
             from unnest($3::integer[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::timestamptz[], $9::bigint[], $10::bigint[])
                  as l (line, district, serial, source, amount, at, item, payment)",
            self.file,
            terminal,
            &lines.iter().map(|line| line.line).collect::<Vec<_>>(),
            &pays.iter().map(|pays| pays.district).collect::<Vec<_>>() as &[Option<i64>],
            &lines.iter().map(|line| line.serial.clone()).collect::<Vec<_>>(),
            &lines.iter().map(|line| line.source.clone()).collect::<Vec<_>>(),
            &lines.iter().map(|line| line.amount.fen()).collect::<Vec<_>>(),
            &lines.iter().map(|line| line.at).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
            &pays.iter().map(|pays| pays.item).collect::<Vec<_>>() as &[Option<i64>],
            &pays.iter().map(|pays| pays.payment).collect::<Vec<_>>() as &[Option<i64>],
        )
        .execute(connection(&mut self.tx))
        .await?;
        self.lines = self.lines.saturating_add(i32::try_from(lines.len()).unwrap_or(i32::MAX));
        Ok(())
    }

    /// Puts into the pool what the two sides do not agree about, keeps the sums of the day, and ends.
    pub async fn end(mut self, pairs: &[Pair], ours: &[Ours]) -> Result<Reconciled> {
        let differences = self.pool_insert(pairs).await?;
        self.days_insert(ours).await?;
        let said = if differences == 0 { "三方一致".to_owned() } else { format!("差异{differences}条") };
        finish(&mut self.tx, self.file, self.lines, &said, self.now).await?;
        self.tx.commit().await?;
        self.database.announce();
        Ok(Reconciled { lines: self.lines, differences })
    }

    /// Puts into the pool those of the pairs whose sides differ; answers how many these are.
    async fn pool_insert(&mut self, pairs: &[Pair]) -> Result<i32> {
        let money = |fen: Option<i64>| fen.map(Money::from_fen);
        let found: Vec<(&Pair, DifferenceKind)> =
            pairs.iter().filter_map(|pair| Some((pair, compare(money(pair.own), money(pair.their))?))).collect();
        sqlx::query!(
            "insert into bank_difference (district_id, kind, batch_id, bank_file_id, line, item_id, payment_id, own_fen, their_fen,
                                          bank_serial, created_at)
             select d.district, d.kind, d.batch, $1, d.line, d.item, d.payment, d.own, d.their, d.serial, $2
             from unnest($3::bigint[], $4::text[], $5::bigint[], $6::integer[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[],
                         $11::text[]) as d (district, kind, batch, line, item, payment, own, their, serial)",
            self.file,
            self.now,
            &found.iter().map(|(pair, _)| pair.district).collect::<Vec<_>>() as &[Option<i64>],
            &found.iter().map(|(_, kind)| kind.code().to_owned()).collect::<Vec<_>>(),
            &found.iter().map(|(pair, _)| pair.batch).collect::<Vec<_>>() as &[Option<i64>],
            &found.iter().map(|(pair, _)| pair.line).collect::<Vec<_>>() as &[Option<i32>],
            &found.iter().map(|(pair, _)| pair.item).collect::<Vec<_>>() as &[Option<i64>],
            &found.iter().map(|(pair, _)| pair.payment).collect::<Vec<_>>() as &[Option<i64>],
            &found.iter().map(|(pair, _)| pair.own.unwrap_or_default()).collect::<Vec<_>>(),
            &found.iter().map(|(pair, _)| pair.their.unwrap_or_default()).collect::<Vec<_>>(),
            &found.iter().map(|(pair, _)| pair.serial.clone()).collect::<Vec<_>>() as &[Option<String>],
        )
        .execute(connection(&mut self.tx))
        .await?;
        Ok(i32::try_from(found.len()).unwrap_or(i32::MAX))
    }

    /// Keeps the three sums of every district that the day concerns.
    async fn days_insert(&mut self, ours: &[Ours]) -> Result<()> {
        sqlx::query!(
            "with theirs as (
                 select district_id, sum(amount_fen)::bigint as fen, count(*)::integer as lines from bank_statement_line
                 where bank_file_id = $1 group by district_id),
             ours as (select * from unnest($5::bigint[], $6::bigint[], $7::bigint[]) as o (district_id, own, channel)),
             differing as (select district_id, count(*)::integer as count from bank_difference where bank_file_id = $1 group by district_id),
             districts as (select district_id from theirs union select district_id from ours)
             insert into reconciliation (district_id, day, channel, bank_file_id, own_fen, channel_fen, their_fen, lines, differences, made_at)
             select d.district_id, $2, $3, $1, coalesce(o.own, 0), coalesce(o.channel, 0), coalesce(t.fen, 0), coalesce(t.lines, 0),
                    coalesce(f.count, 0), $4
             from districts d left join theirs t on t.district_id is not distinct from d.district_id
             left join ours o on o.district_id = d.district_id left join differing f on f.district_id is not distinct from d.district_id
             order by d.district_id",
            self.file,
            self.day,
            self.channel.code(),
            self.now,
            &ours.iter().map(|ours| ours.district).collect::<Vec<_>>(),
            &ours.iter().map(|ours| ours.own).collect::<Vec<_>>(),
            &ours.iter().map(|ours| ours.channel).collect::<Vec<_>>(),
        )
        .execute(connection(&mut self.tx))
        .await?;
        Ok(())
    }
}
