//! Households (E-05): list, record, members, and what others ask about them.

mod read;
mod write;

pub use read::{household_get, household_list};
pub use write::{household_close, household_create, household_update};

use crate::{
    Result,
    ctx::{Tx, connection},
};

/// The household that somebody belongs to, whoever keeps its record: its id, and how many they are.
pub(crate) async fn household_of(tx: &mut Tx, person: i64) -> Result<Option<(i64, u32)>> {
    let found =
        sqlx::query!("select household, people from person_household($1)", person).fetch_one(connection(tx)).await?;
    Ok(found.household.zip(found.people.map(i32::unsigned_abs)))
}
