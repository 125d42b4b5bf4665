//! 银行代扣 (domain.md §3.7, E-48): batches, from their making by one person and their checking and sending by another to the
//! entering of what the bank answered.
//!
//! Whoever works on a batch locks its row first, then the accounts in the order of their ids, then their bills. Half a million
//! items are worked on in portions; each is one transaction, and the next one finds by the items' status where to go on.

mod act;
mod build;
mod create;
mod difference;
mod planned;
mod post;
mod read;
pub mod request;
pub mod response;

pub use act::{deduction_check, deduction_close, deduction_discard, deduction_item_cancel, deduction_send};
pub(in crate::billing) use act::{items_paid_elsewhere, unsent_hold};
pub use build::deductions_build;
pub(super) use build::{divide, paying, request_id, sum};
pub use create::{deduction_create, deduction_offer};
pub use difference::{difference_get, difference_list, difference_resolve};
pub use planned::deductions_follow;
pub use post::deductions_post;
pub(crate) use read::push_turn;
pub use read::{deduction_get, deduction_item_get, deduction_item_list, deduction_list};

use crate::{
    Ctx, Result,
    ctx::{Tx, china_day, connection},
    error::stored,
};
use chrono::NaiveDate;
use domain::{
    billing::deduction_status::DeductionEvent, dictionary::DeductionStatus, failure::Failure, id::DeductionBatchId,
};

/// A batch whose row is locked.
struct Held {
    id: i64,
    district_id: i64,
    batch_no: String,
    due_by: NaiveDate,
    /// up to which late fees are counted
    made_on: NaiveDate,
    status: DeductionStatus,
    built: bool,
    built_to: i64,
    items: i32,
    /// nobody: the server made it on its day (PRM-46)
    maker_id: Option<i64>,
    checker_id: Option<i64>,
    /// the bank has accepted its file, or has answered it
    at_bank: bool,
    response_id: Option<i64>,
    version: i32,
}

impl Held {
    /// Refuses somebody who looked at an older state of the batch.
    fn of_version(self, version: i32) -> Result<Self> {
        if self.version == version { Ok(self) } else { Err(Failure::Conflict.into()) }
    }

    /// Refuses the maker: 两人办理 (§6.4).
    fn by_another(self, ctx: &Ctx, what: &str) -> Result<Self> {
        if self.maker_id == Some(ctx.actor().id.0) {
            return Err(Failure::refused(format!("不能{what}本人制作的代扣批次")).into());
        }
        Ok(self)
    }

    /// Refuses whoever checked a batch that the server made: it is two people also then.
    fn by_two(self, ctx: &Ctx) -> Result<Self> {
        if self.maker_id.is_none() && self.checker_id == Some(ctx.actor().id.0) {
            return Err(Failure::refused("系统自动制作的代扣批次须由两人办理，复核人不能发送").into());
        }
        Ok(self)
    }

    fn next(&self, event: DeductionEvent) -> Result<DeductionStatus> {
        Ok(self.status.next(event).map_err(Failure::from)?)
    }
}

/// How a batch is named by those who work on it.
enum By<'a> {
    Id(DeductionBatchId),
    No(&'a str),
}

async fn hold(tx: &mut Tx, by: By<'_>) -> Result<Held> {
    let (id, number) = match by {
        By::Id(id) => (Some(id.0), None),
        By::No(number) => (None, Some(number)),
    };
    let row = sqlx::query!(
        r#"select id, district_id, batch_no, due_by, made_at, status, built_at is not null as "built!", built_to, items, maker_id,
                  checker_id, (accepted_at is not null or responded_at is not null) as "at_bank!", response_id, version
           from deduction_batch where id = $1 or batch_no = $2 for update"#,
        id,
        number
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    Ok(Held {
        id: row.id,
        district_id: row.district_id,
        batch_no: row.batch_no,
        due_by: row.due_by,
        made_on: china_day(row.made_at),
        status: stored(&row.status, DeductionStatus::from_code)?,
        built: row.built,
        built_to: row.built_to,
        items: row.items,
        maker_id: row.maker_id,
        checker_id: row.checker_id,
        at_bank: row.at_bank,
        response_id: row.response_id,
        version: row.version,
    })
}

/// Gives the bills of items free that were not paid.
async fn bills_free(tx: &mut Tx, items: &[i64]) -> Result<()> {
    sqlx::query!(
        "update bill b set in_batch = null, version = b.version + 1
         from deduction_item_bill s where s.item_id = any($1) and b.id = s.bill_id and b.in_batch is not null",
        items
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
