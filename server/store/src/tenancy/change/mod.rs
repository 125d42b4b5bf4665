//! Changes of contracts (domain.md §3.5 C10, E-41): asked for by one, agreed to by another, taken into the contract on their day.
//! Where the account changes the bank is told on that day, and its answer takes the change in (`billing::bank::contract_file`).

mod apply;
mod content;
mod decide;
mod read;
mod swap;
mod write;

pub use apply::changes_apply;
pub(crate) use apply::{ChangeAnswer, change_answered};
pub use decide::{change_decide, change_revoke, change_submit, change_sync_again, change_withdraw};
pub(crate) use read::push_turn;
pub use read::{change_get, change_list, change_offer};
pub use swap::{swap_create, swap_offer};
pub use write::change_create;

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{
    failure::Failure,
    tenancy::{
        change::{ChangeKind, ChangeStatus},
        swap::SWAP_ELSEWHERE,
    },
};

const CHARGED_FURTHER: &str = "租赁结束日期早于已生成账单的账期，请先处理账单";
const PERSON_ELSEWHERE: &str = "承租人的人员记录由其他机构管理，请联系市住房保障中心变更联系电话";

/// A change whose row, behind those of its home and its contract, is locked.
struct Held {
    id: i64,
    contract: i64,
    kind: ChangeKind,
    status: ChangeStatus,
    maker: i64,
    change_no: String,
    effective_on: chrono::NaiveDate,
    version: i32,
    /// of a swap: the change of the other contract, which goes the same way
    other: Option<Box<Self>>,
}

impl Held {
    /// It, and of a swap the other as well.
    fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.other.as_deref())
    }

    fn ids(&self) -> Vec<i64> {
        self.all().map(|held| held.id).collect()
    }

    /// As it stands after a step that both have made.
    fn now(mut self, status: ChangeStatus) -> Self {
        if let Some(other) = &mut self.other {
            other.status = status;
        }
        self.status = status;
        self
    }
}

/// Takes the rows in the order of whoever works with contracts: the homes, the contracts, then the changes; of a swap both.
async fn hold(tx: &mut Tx, id: i64) -> Result<Held> {
    let contracts = sqlx::query_scalar!(
        "select contract_id from contract_change where id = $1 or pair_id = (select pair_id from contract_change where id = $1)",
        id
    )
    .fetch_all(connection(tx))
    .await?;
    if contracts.is_empty() {
        return Err(Failure::NotFound.into());
    }
    super::contract::hold_all(tx, &contracts).await?;
    let rows = sqlx::query!(
        r#"select id, contract_id, kind, status, maker_id, change_no as "change_no!", effective_on, version
           from contract_change where id = $1 or pair_id = (select pair_id from contract_change where id = $1)
           order by id for update"#,
        id
    )
    .fetch_all(connection(tx))
    .await?;
    let mut held = Vec::with_capacity(rows.len());
    for row in rows {
        held.push(Held {
            id: row.id,
            contract: row.contract_id,
            kind: stored(&row.kind, ChangeKind::from_code)?,
            status: stored(&row.status, ChangeStatus::from_code)?,
            maker: row.maker_id,
            change_no: row.change_no,
            effective_on: row.effective_on,
            version: row.version,
            other: None,
        });
    }
    let place = held.iter().position(|held| held.id == id).ok_or(Failure::NotFound)?;
    let mut asked = held.swap_remove(place);
    asked.other = held.pop().map(Box::new);
    if asked.kind == ChangeKind::Swap && asked.other.is_none() {
        return Err(Failure::refused(SWAP_ELSEWHERE).into());
    }
    Ok(asked)
}

/// Sets the status and says why, if there is anything to say.
async fn status_set(tx: &mut Tx, ctx: &Ctx, ids: &[i64], status: ChangeStatus, message: Option<&str>) -> Result<()> {
    sqlx::query!(
        "update contract_change set status = $2, message = coalesce($3, message),
                effective_at = case when $2 = 'EFFECTIVE' then $4::timestamptz end, updated_at = $4, version = version + 1
         where id = any($1)",
        ids,
        status.code(),
        message,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Whether somebody is entering, or waits to bring into force, the contract that follows another: it has taken over lessee,
/// account and last day as they were. The home is locked, so that nobody begins to.
async fn renewal_is_open(tx: &mut Tx, contract: i64) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from contract where prev_contract_id = $1 and deleted_at is null
                          and status in ('DRAFT', 'PENDING', 'APPROVED_SYNCING', 'SYNC_FAILED')) as "open!""#,
        contract
    )
    .fetch_one(connection(tx))
    .await?)
}

/// Whether a change is under way that a contract that follows would not have (C9): the reverse of it.
pub(crate) async fn change_is_open(tx: &mut Tx, contract: i64) -> Result<bool> {
    let kinds: Vec<&str> = ChangeKind::ALL.iter().filter(|kind| kind.is_renewed()).map(|kind| kind.code()).collect();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from contract_change where contract_id = $1 and status in ('DRAFT', 'PENDING', 'APPROVED')
                          and kind = any($2)) as "open!""#,
        contract,
        &kinds as &[&str]
    )
    .fetch_one(connection(tx))
    .await?)
}

/// The last day of the contract for which rent or a property fee was charged, by us or by the system before (§3.27). Their
/// bills have the same periods, and each can be taken back without the other.
async fn charged_to(tx: &mut Tx, contract: i64) -> Result<Option<chrono::NaiveDate>> {
    Ok(sqlx::query_scalar!(
        "select greatest(c.charged_to, (
             select max(b.period_to) from bill b where b.contract_id = c.id and b.fee_item in ('RENT', 'PROPERTY')
                 and b.reverses_id is null and b.months > 0 and (b.decision is null or b.decision not in ('VOID', 'REVERSED'))))
         from contract c where c.id = $1",
        contract
    )
    .fetch_one(connection(tx))
    .await?)
}

/// Whether rent of the days from which a change holds was charged.
async fn charged_from(tx: &mut Tx, held: &Held) -> Result<bool> {
    Ok(charged_to(tx, held.contract).await?.is_some_and(|day| day >= held.effective_on))
}
