//! Telling the bank of contracts, and what it answers (domain.md §3.5 C4, C7, C10).
//!
//! The queue is the contract's status: APPROVED_SYNCING, CANCEL_SYNCING of one whose keys are back, and VOID of one that ran (C11); a change of its account
//! that is agreed to and whose day has come; and a contract of which the bank may know something else than holds, because its
//! term was changed, it followed another by a swap (R-19), or a new account that it was told of came to nothing. `contract_told` remembers what was told, so that a contract is not
//! told twice at once, and is told again when nobody answered.

use super::{Received, finish, numbers_open, shortened, take_up, withhold};
use crate::{
    Ctx, Database, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    tenancy::{
        change::{ChangeAnswer, change_answered},
        contract::{SyncAnswer, TRIES, contract_synced},
    },
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::value::Money;

/// Contracts in one file.
const FILE_MAX: i64 = 10_000;
/// A contract without an answer is told again after so long.
const SILENCE: TimeDelta = TimeDelta::hours(2);
/// One that the bank refused is told again after so long (C4: three times by itself).
const RETRY: TimeDelta = TimeDelta::minutes(10);

/// A file of contracts that is to be sent.
pub struct ContractFile {
    pub id: i64,
    pub file_no: String,
    pub made_on: NaiveDate,
    pub lines: Vec<ContractLine>,
}

/// What the bank is to do with a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldAction {
    /// know it
    Add,
    /// forget it: it has ended
    Cancel,
    /// debit another account, or to another day (C10)
    Change,
}

impl ToldAction {
    /// As stored, and as the file says it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Cancel => "CANCEL",
            Self::Change => "CHANGE",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Add, Self::Cancel, Self::Change].into_iter().find(|action| action.code() == code)
    }
}

/// What the bank is told of a contract. Not `Debug`: the account is in clear.
pub struct ContractLine {
    pub seq: i32,
    pub action: ToldAction,
    pub contract_no: String,
    pub account_no: String,
    pub holder: String,
    /// the last six of the document
    pub id_last: String,
    pub bank_name: String,
    pub agreement_no: Option<String>,
    pub start_on: NaiveDate,
    pub end_on: NaiveDate,
    pub monthly_rent: Money,
}

/// The bank's answer to one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractAnswer {
    pub seq: i32,
    pub contract_no: String,
    /// `SUCCESS`, or the bank's own code
    pub result: String,
    pub agreement_no: Option<String>,
    pub message: Option<String>,
}

impl ContractAnswer {
    /// The result code of a contract that the bank knows now.
    pub const SUCCESS: &'static str = "SUCCESS";
    /// The result of a contract that we did not tell the bank of, because its numbers cannot be read.
    pub(crate) const WITHHELD: &'static str = "未发送";
}

/// What came of a file of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    pub known: i32,
    pub refused: i32,
    /// of no line that was sent
    pub strange: i32,
}

impl Answered {
    /// `生效2，失败1`.
    #[must_use]
    pub fn sentence(self) -> String {
        let parts = [("生效", self.known), ("失败", self.refused), ("无对应请求", self.strange)];
        let told: Vec<_> =
            parts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name}{count}")).collect();
        told.join("，")
    }
}

/// The next file of contracts that the bank is to be sent: one that was made and not sent, or a new one of all that wait. A
/// contract whose numbers cannot be read is not in it: that counts like a refusal of the bank, so that somebody finds it at the
/// contract, and the others go.
///
/// # Errors
/// When the database fails.
pub async fn contract_file_next(database: &Database, now: DateTime<Utc>) -> Result<Option<ContractFile>> {
    let ctx = Ctx::server(database, now);
    loop {
        let mut tx = ctx.begin().await?;
        let unsent = sqlx::query!(
            "select id, file_no, made_at from bank_file where state = 'MADE' and kind = 'CONTRACT' order by id limit 1"
        )
        .fetch_optional(connection(&mut tx))
        .await?;
        let (id, file_no, made_at) = match unsent {
            Some(file) => (file.id, file.file_no, file.made_at),
            None => match make(&mut tx, &ctx).await? {
                Some((id, file_no)) => (id, file_no, now),
                None => return Ok(None),
            },
        };
        let (lines, unreadable) = lines(&mut tx, database, id).await?;
        // What was told stands before its answer does.
        tx.commit().await?;
        for answer in &unreadable {
            if let Err(error) = answer_enter(&ctx, &file_no, answer).await {
                // Without its answer it is told again.
                let Error::Broken(what) = error else { return Err(error) };
                tracing::error!(seq = answer.seq, what, "a contract was not held back");
            }
        }
        if !lines.is_empty() {
            return Ok(Some(ContractFile { id, file_no, made_on: crate::ctx::china_day(made_at), lines }));
        }
        let mut tx = ctx.begin().await?;
        withhold(&mut tx, id, "文件中没有可发送的合同", now).await?;
        tx.commit().await?;
    }
}

/// Notes the contracts that wait in a new file; none when nothing waits.
async fn make(tx: &mut Tx, ctx: &Ctx) -> Result<Option<(i64, String)>> {
    let now = ctx.now();
    // A contract that follows another is told when its own term begins: until then the one before is in force (C9). While
    // that one is being left it is not told at all. What the bank has forgotten already is not told again.
    let waiting = sqlx::query!(
        r#"select c.id, w.action as "action!", w.change from contract c
           join (select n.id, 'ADD' as action, null::bigint as change from contract n
                 where n.status = 'APPROVED_SYNCING' and n.deleted_at is null
                     and (n.prev_contract_id is null or n.start_on <= $4 and exists (
                         select from contract p where p.id = n.prev_contract_id and p.status in ('ACTIVE', 'EXPIRED')))
                 union all
                 select o.id, 'CANCEL', null from exit_case x join contract o on o.id = x.contract_id
                 where x.status = 'KEYS_RETURNED' and o.status = 'CANCEL_SYNCING' and o.sync_tries < $5 and not exists (
                     select from contract_told t
                     where t.contract_id = o.id and t.action = 'CANCEL' and t.result = 'SUCCESS')
                 union all
                 -- One that is void, and that it knows (C11).
                 select v.id, 'CANCEL', null from contract v
                 where v.status = 'VOID' and v.active_at is not null and v.sync_tries < $5 and not exists (
                     select from contract_told t
                     where t.contract_id = v.id and t.action = 'CANCEL' and t.result = 'SUCCESS')
                 union all
                 -- Of a swap it is told the contract that followed: the payer and his account stay.
                 select o.id, 'CHANGE', h.id from contract_change h join contract o on o.id = coalesce(h.new_contract_id, h.contract_id)
                 where h.sync_tries < $5
                     and (h.status = 'APPROVED' and h.kind in ('ACCOUNT', 'LESSEE') and h.effective_on <= $4
                          and (o.status = 'ACTIVE' or o.status = 'CANCEL_PENDING' and h.kind = 'ACCOUNT')
                          -- A debit that waits to be sent was made for the account before.
                          and not exists (select from deduction_item i where i.account_id = o.account_id and i.status = 'WAIT')
                          or h.tell_at is not null and o.status in ('ACTIVE', 'CANCEL_PENDING'))) w on w.id = c.id
           where not exists (
               select from contract_told t where t.contract_id = c.id and t.action = w.action
                   and t.change_id is not distinct from w.change
                   and case when t.answered_at is null then t.told_at > $1
                       -- Somebody who had it told again since does not wait.
                       else t.answered_at > $2 and t.answered_at >= coalesce(
                           (select h.updated_at from contract_change h where h.id = w.change), c.updated_at) end)
           order by c.id limit $3 for update of c skip locked"#,
        now - SILENCE,
        now - RETRY,
        FILE_MAX,
        ctx.today(),
        TRIES,
    )
    .fetch_all(connection(tx))
    .await?;
    let changes: Vec<Option<i64>> = waiting.iter().map(|row| row.change).collect();
    let (waiting, actions): (Vec<i64>, Vec<String>) = waiting.into_iter().map(|row| (row.id, row.action)).unzip();
    if waiting.is_empty() {
        return Ok(None);
    }
    let file = sqlx::query!(
        "insert into bank_file (direction, kind, name, file_no, state, lines, made_at)
         select 'OUT', 'CONTRACT', '', 'HTTB' || $1 || lpad(n::text, 8, '0'), 'MADE', $2, $3
         from (select coalesce(max(id), 0) + 1 as n from bank_file) as next
         returning id, file_no",
        ctx.today().format("%Y%m%d").to_string(),
        i32::try_from(waiting.len()).unwrap_or(i32::MAX),
        now,
    )
    .fetch_one(connection(tx))
    .await?;
    sqlx::query!(
        "insert into contract_told (bank_file_id, seq, district_id, estate_id, contract_id, contract_no, told_at, action,
                                    change_id)
         select $1, w.seq, c.district_id, c.estate_id, c.id, c.contract_no, $3, w.action, w.change
         from unnest($2::bigint[], $4::text[], $5::bigint[]) with ordinality as w (id, action, change, seq) join contract c on c.id = w.id",
        file.id,
        &waiting,
        now,
        &actions,
        &changes as &[Option<i64>],
    )
    .execute(connection(tx))
    .await?;
    Ok(Some((file.id, file.file_no)))
}

/// The lines of a file that can be sent, and of the others the answer that we give ourselves.
async fn lines(tx: &mut Tx, database: &Database, file: i64) -> Result<(Vec<ContractLine>, Vec<ContractAnswer>)> {
    let ring = database.keys()?;
    let rows = sqlx::query!(
        r#"select t.seq, t.action, t.contract_no, coalesce(h.bank_no, c.bank_no) as "bank_no!",
                  coalesce(h.after ->> 'bank_holder', c.bank_holder) as "bank_holder!", coalesce(p.id_number, c.id_number) as "id_number!",
                  coalesce(h.after ->> 'bank_name', c.bank_name) as "bank_name!",
                  case when h.id is null then c.debit_agreement_no end as debit_agreement_no, c.start_on, c.end_on, c.monthly_rent_fen
           from contract_told t join contract c on c.id = t.contract_id
           -- Of a change that brings no account, or whose account came to nothing, the bank is told how the contract stands.
           left join contract_change h on h.id = t.change_id and h.kind in ('ACCOUNT', 'LESSEE') and h.status <> 'LAPSED'
           left join person p on p.id = h.person_id where t.bank_file_id = $1 order by t.seq"#,
        file
    )
    .fetch_all(connection(tx))
    .await?;
    let (mut lines, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        match numbers_open(ring, &row.bank_no, &row.id_number) {
            Ok(numbers) => lines.push(ContractLine {
                seq: row.seq,
                action: stored(&row.action, ToldAction::from_code)?,
                contract_no: row.contract_no,
                account_no: numbers.account_no,
                holder: row.bank_holder,
                id_last: numbers.id_last,
                bank_name: row.bank_name,
                agreement_no: row.debit_agreement_no,
                start_on: row.start_on,
                end_on: row.end_on,
                monthly_rent: Money::from_fen(row.monthly_rent_fen),
            }),
            Err(why) => unreadable.push(ContractAnswer {
                seq: row.seq,
                contract_no: row.contract_no,
                result: ContractAnswer::WITHHELD.to_owned(),
                agreement_no: None,
                message: Some(why.to_owned()),
            }),
        }
    }
    Ok((lines, unreadable))
}

/// Enters a file of answers: what the bank knows comes into force, what it refused is told again or has to be looked at.
/// A file that was cut off is read on: an answer that was entered already changes nothing.
///
/// # Errors
/// [`super::FILE_IS_KNOWN`]; when the database fails.
pub async fn contract_answers(
    database: &Database,
    file: &Received<'_>,
    answers: &[ContractAnswer],
    now: DateTime<Utc>,
) -> Result<Answered> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let id = take_up(&mut tx, file, None, now).await?;
    tx.commit().await?;
    let mut answered = Answered::default();
    for answer in answers {
        match answer_enter(&ctx, file.file_no, answer).await {
            Ok(Some(true)) => answered.known += 1,
            Ok(Some(false)) => answered.refused += 1,
            Ok(None) => answered.strange += 1,
            // A contract that is broken stops no other; without its answer it is told again.
            Err(Error::Broken(what)) => {
                tracing::error!(seq = answer.seq, what, "an answer of the bank was not entered");
                answered.refused += 1;
            }
            Err(error) => return Err(error),
        }
    }
    let mut tx = ctx.begin().await?;
    let lines = i32::try_from(answers.len()).unwrap_or(i32::MAX);
    finish(&mut tx, id, lines, &answered.sentence(), now).await?;
    tx.commit().await?;
    Ok(answered)
}

/// One answer: whether the contract is in force now; none when nobody asked about it.
async fn answer_enter(ctx: &Ctx, file_no: &str, answer: &ContractAnswer) -> Result<Option<bool>> {
    let mut tx = ctx.begin().await?;
    let told = sqlx::query!(
        "select t.bank_file_id, t.answered_at, t.action, t.change_id, t.told_at from contract_told t join bank_file f on f.id = t.bank_file_id
         where f.direction = 'OUT' and f.kind = 'CONTRACT' and f.file_no = $1 and t.seq = $2 and t.contract_no = $3",
        file_no,
        answer.seq,
        answer.contract_no
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let Some(told) = told else { return Ok(None) };
    let known = answer.result == ContractAnswer::SUCCESS;
    if told.answered_at.is_some() {
        return Ok(Some(known));
    }
    let words = match &answer.message {
        Some(message) => format!("{} {message}", answer.result),
        None => answer.result.clone(),
    };
    let action = stored(&told.action, ToldAction::from_code)?;
    let (entered, message) = match told.change_id {
        Some(change) => changed(ctx, answer, (change, told.told_at), known, &words).await?,
        None => enter(ctx, answer, action, known, &words).await?,
    };
    let mut tx = ctx.begin().await?;
    sqlx::query!(
        "update contract_told set answered_at = $3, result = $4, message = $5
         where bank_file_id = $1 and seq = $2 and answered_at is null",
        told.bank_file_id,
        answer.seq,
        ctx.now(),
        shortened(&answer.result),
        shortened(&message),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(Some(entered))
}

/// Passes an answer on to the change (C10).
async fn changed(
    ctx: &Ctx,
    answer: &ContractAnswer,
    (change, told_at): (i64, DateTime<Utc>),
    known: bool,
    words: &str,
) -> Result<(bool, String)> {
    let said = if known {
        ChangeAnswer::Known { agreement_no: answer.agreement_no.clone() }
    } else {
        ChangeAnswer::Refused { message: words.to_owned() }
    };
    let (entered, sentence) = change_answered(ctx, change, told_at, said).await?;
    Ok((entered, if sentence.is_empty() { words.to_owned() } else { sentence }))
}

/// Passes an answer on to its contract. What our own rules refuse (a home that is not as it was when it was approved) counts
/// like the bank's refusal: somebody finds it at the contract. An end that the bank knows is not told again, only entered.
async fn enter(
    ctx: &Ctx,
    answer: &ContractAnswer,
    action: ToldAction,
    known: bool,
    words: &str,
) -> Result<(bool, String)> {
    let database = ctx.database();
    let refused = |message: &str| match action {
        ToldAction::Cancel => SyncAnswer::CancelRefused { message: message.to_owned() },
        // The answer to a change has gone its own way.
        ToldAction::Add | ToldAction::Change => SyncAnswer::Refused { message: message.to_owned() },
    };
    let said = match (known, action) {
        (true, ToldAction::Add | ToldAction::Change) => SyncAnswer::Known { agreement_no: answer.agreement_no.clone() },
        (true, ToldAction::Cancel) => SyncAnswer::Cancelled,
        (false, _) => refused(words),
    };
    match contract_synced(database, &answer.contract_no, said, ctx.now()).await {
        Ok(_) => Ok((known, words.to_owned())),
        Err(Error::Failure(failure)) => {
            let sentence = failure.to_string();
            let stands = match (known, action) {
                (true, ToldAction::Cancel) => SyncAnswer::CancelStuck { message: sentence.clone() },
                _ => refused(&sentence),
            };
            match contract_synced(database, &answer.contract_no, stands, ctx.now()).await {
                Ok(_) | Err(Error::Failure(_)) => Ok((false, sentence)),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}
