//! Taking money at a counter (E-46, S0-10, §4.10), taking it back, its accounting verification (核销), and how all of it is
//! shown.

mod enter;
mod read;
mod settle;
mod take;

pub(in crate::billing) use enter::{Entry, Paid, payments_enter};
pub(super) use read::last_payments;
pub(in crate::billing) use read::numbers_of;
pub(crate) use read::push_unverified;
pub use read::{payment_list, payments_chosen, receipt_get, receipt_print};
pub use settle::{payment_unverify, payment_void, payments_verify};
pub use take::payment_take;

use crate::{
    Result,
    ctx::{Tx, connection},
};
use domain::{failure::Failure, id::AccountId};

/// An account whose row is locked.
pub(in crate::billing) struct Held {
    pub id: i64,
    pub district_id: i64,
    pub estate_id: i64,
    pub payer: String,
    /// its household has left, and nothing was open
    pub closed: bool,
}

pub(in crate::billing) async fn hold(tx: &mut Tx, id: AccountId) -> Result<Held> {
    let account = sqlx::query!(
        "select district_id, estate_id, status <> 'ON' as \"closed!\" from account where id = $1 for update",
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let payer = sqlx::query_scalar!(
        "select coalesce((select c.lessee_name from contract c where c.account_id = a.id order by c.id desc limit 1), p.name)
         from account a left join person p on p.id = a.person_id where a.id = $1",
        id.0
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(Held {
        id: id.0,
        district_id: account.district_id,
        estate_id: account.estate_id,
        payer: payer.unwrap_or_default(),
        closed: account.closed,
    })
}
