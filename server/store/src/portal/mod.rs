//! Tenants on their own telephones (domain.md S4-2.x). A [`Tenant`] is no actor and no [`crate::Ctx`]: no function for the staff
//! can be called with one, and the database shows a tenant's transaction the own accounts alone.

mod home;
mod paper;
mod sign_in;

pub use home::{bill_past_list, home_list, notice_list};
pub use paper::{contract_list, debit_list, paid_back_list, paid_get, paid_list};
pub use sign_in::{CodeAsked, CodeRequest, tenant_code_create, tenant_ctx, tenant_sign_in, tenant_sign_out};

use crate::{
    Database, Result,
    ctx::{Tx, begin_tenant, china_day},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::id::AccountId;

/// Whoever holds the telephone of a household's record, for one request.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub(crate) persons: Vec<i64>,
    pub(crate) places: Vec<Place>,
    phone_mask: String,
    now: DateTime<Utc>,
    database: Database,
}

/// Where an account lies: what is written on the door, which the tenant's own transaction does not see.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub account: i64,
    pub account_no: String,
    pub lessee: String,
    pub estate: String,
    pub address: String,
    pub open: bool,
}

impl Tenant {
    /// `138****5678`, for the head of the pages.
    #[must_use]
    pub fn phone_mask(&self) -> &str {
        &self.phone_mask
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The calendar day in China.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        china_day(self.now)
    }

    /// Whether the account is one of the tenant's.
    #[must_use]
    pub fn has(&self, account: AccountId) -> bool {
        self.places.iter().any(|place| place.account == account.0)
    }

    /// Who stands in the order that is made: the first of those who have the telephone.
    pub(crate) fn person(&self) -> i64 {
        self.persons.first().copied().unwrap_or_default()
    }

    pub(crate) fn accounts(&self) -> Vec<i64> {
        self.places.iter().map(|place| place.account).collect()
    }

    /// `阳光苑1号楼1单元101室`; empty for an account of somebody else.
    pub(crate) fn address(&self, account: i64) -> String {
        let place = self.places.iter().find(|place| place.account == account);
        place.map(|place| format!("{}{}", place.estate, place.address)).unwrap_or_default()
    }

    /// Opens a transaction in which row-level security shows this tenant's rows and nothing else.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        begin_tenant(&self.database, &self.persons, &self.accounts()).await
    }
}
