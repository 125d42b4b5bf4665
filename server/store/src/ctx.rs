//! Who asks, how far he sees, when it is: the context every store function begins with.

use crate::{Database, Error, Result};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Utc};
use domain::{
    failure::Failure,
    id::{OrganizationId, UserId},
    platform::{
        actor::{Actor, SessionKind},
        permission::Permission,
    },
};
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Transaction};
use std::{fmt::Write as _, ops::DerefMut as _, sync::Arc};

/// How far an actor sees (domain.md §6.2). Ids are of organisations of type DISTRICT and of estates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// the whole city; carries its districts, because lists walk them one by one
    City {
        districts: Vec<i64>,
    },
    Districts(Vec<i64>),
    Estates(Vec<i64>),
    /// no business data at all (SYS_ADMIN)
    Nothing,
}

/// The context of one request, job or command.
#[derive(Clone, Debug)]
pub struct Ctx {
    actor: Arc<Actor>,
    scope: Arc<Scope>,
    now: DateTime<Utc>,
    database: Database,
    unread: i64,
}

/// No account has this id.
const SERVER: UserId = UserId(0);

/// A transaction with its scope set: the only way to the tables.
pub(crate) type Tx = Transaction<'static, Postgres>;

/// The connection inside a transaction, as sqlx wants it.
pub(crate) fn connection(tx: &mut Tx) -> &mut PgConnection {
    tx.deref_mut()
}

impl Ctx {
    pub(crate) fn new(actor: Actor, scope: Scope, now: DateTime<Utc>, database: Database) -> Self {
        Self { actor: Arc::new(actor), scope: Arc::new(scope), now, database, unread: 0 }
    }

    /// The server itself, over the whole city: for what follows from the calendar or from a bank's answer, and of which
    /// nobody in particular is the author.
    pub(crate) fn server(database: &Database, now: DateTime<Utc>) -> Self {
        let actor = Actor {
            id: SERVER,
            login: String::new(),
            name: "系统".to_owned(),
            organization_id: OrganizationId(0),
            organization: String::new(),
            roles: Vec::new(),
            permissions: Vec::new(),
            session: SessionKind::Desk,
            must_change_password: false,
            must_enrol: false,
        };
        Self::new(actor, Scope::City { districts: Vec::new() }, now, database.clone())
    }

    /// Who acts, as histories keep it; nobody for the server itself.
    #[must_use]
    pub fn actor_id(&self) -> Option<i64> {
        Some(self.actor.id).filter(|id| *id != SERVER).map(|id| id.0)
    }

    /// With the number of messages that wait for the actor.
    pub(crate) fn with_unread(mut self, unread: i64) -> Self {
        self.unread = unread;
        self
    }

    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The calendar day in China Standard Time (domain.md §0.5 rule 3).
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        china_day(self.now)
    }

    /// Unread messages of a signed-in person when the request began.
    #[must_use]
    pub fn unread(&self) -> i64 {
        self.unread
    }

    /// Refuses a wall, and whoever has still to change the password or to set up a second factor: for what is a person's
    /// own and needs no right.
    ///
    /// # Errors
    /// [`Failure::Forbidden`].
    pub fn require_desk(&self) -> Result<()> {
        let actor = self.actor();
        if actor.session == SessionKind::Desk && actor.forced_page().is_none() {
            Ok(())
        } else {
            Err(Failure::Forbidden.into())
        }
    }

    /// Refuses an actor without the permission.
    ///
    /// # Errors
    /// [`Failure::Forbidden`].
    pub fn require(&self, permission: Permission) -> Result<()> {
        if self.actor.may(permission) { Ok(()) } else { Err(Failure::Forbidden.into()) }
    }

    /// The district of whoever sees one, and one whole.
    #[must_use]
    pub(crate) fn only_district(&self) -> Option<i64> {
        match &*self.scope {
            Scope::Districts(districts) => match districts[..] {
                [only] => Some(only),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the district lies in the scope.
    #[must_use]
    pub fn sees_district(&self, district: i64) -> bool {
        match &*self.scope {
            Scope::City { .. } => true,
            Scope::Districts(districts) => districts.contains(&district),
            Scope::Estates(_) | Scope::Nothing => false,
        }
    }

    /// Whether a record of this district and estate lies in the scope; for streams, which read as
    /// the server and hand out what each listener may see.
    #[must_use]
    pub fn sees(&self, district: i64, estate: i64) -> bool {
        self.sees_district(district) || matches!(&*self.scope, Scope::Estates(estates) if estates.contains(&estate))
    }

    /// How far the actor sees, as one text: the same for the same scope, whatever the order. For what is kept beside
    /// something that was made with it.
    pub(crate) fn reach(&self) -> String {
        let sorted = |ids: &[i64]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            joined(&ids)
        };
        match &*self.scope {
            Scope::City { .. } => "city".to_owned(),
            Scope::Districts(districts) => format!("districts {}", sorted(districts)),
            // Persons are those of the own organisation, see `begin`.
            Scope::Estates(estates) => format!("estates {} of {}", sorted(estates), self.actor.organization_id),
            Scope::Nothing => "nothing".to_owned(),
        }
    }

    /// Opens a transaction in which row-level security knows this actor.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        let platform = self.actor.id == SERVER || self.actor.may(Permission::OrganizationWrite);
        begin(&self.database, Some(&self.actor), &self.scope, platform).await
    }

    /// Opens a transaction over accounts, roles, parameters and requests, which are the platform's: for functions that
    /// have asked for the permission themselves.
    pub(crate) async fn begin_platform(&self) -> Result<Tx> {
        begin(&self.database, Some(&self.actor), &self.scope, true).await
    }
}

/// The calendar day in China, which has one time zone and no summer time.
#[must_use]
pub fn china_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&FixedOffset::east_opt(8 * 3600).expect("eight hours are a valid offset")).date_naive()
}

/// The moment at which a calendar day begins in China; none beyond the calendar.
#[must_use]
pub fn china_midnight(day: NaiveDate) -> Option<DateTime<Utc>> {
    let offset = FixedOffset::east_opt(8 * 3600)?;
    Some(day.and_time(NaiveTime::MIN).and_local_timezone(offset).single()?.with_timezone(&Utc))
}

/// When a day begins and ends in China.
///
/// # Errors
/// A refusal for a day that no calendar has.
pub fn china_day_bounds(day: NaiveDate) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
    let end = day.succ_opt().and_then(china_midnight);
    china_midnight(day).zip(end).ok_or_else(|| Failure::refused("账务日期有误").into())
}

/// A transaction of the server itself, before anybody is known: accounts only, no business data.
pub(crate) async fn begin_platform(database: &Database) -> Result<Tx> {
    begin(database, None, &Scope::Nothing, true).await
}

/// A transaction of the server itself over the whole city: the change feed and the import worker.
pub(crate) async fn begin_city(database: &Database) -> Result<Tx> {
    begin(database, None, &Scope::City { districts: Vec::new() }, true).await
}

/// A transaction of a tenant (`migrations/…_portal_tenant.sql`): no district, no estate and no organisation, so that every policy
/// of the staff answers with nothing, and the own accounts alone. It reads; what a tenant asks for the server writes.
pub(crate) async fn begin_tenant(database: &Database, persons: &[i64], accounts: &[i64]) -> Result<Tx> {
    let statement = format!(
        "begin; select set_config('app.actor', '', true), set_config('app.districts', '', true), \
         set_config('app.estates', '', true), set_config('app.organization', '', true), set_config('app.platform', '', true), \
         set_config('app.persons', '{}', true), set_config('app.accounts', '{}', true)",
        joined(persons),
        joined(accounts)
    );
    database.app.begin_with(AssertSqlSafe(statement)).await.map_err(Error::from)
}

/// One round trip opens the transaction and sets the scope. Only numbers go into the text, so there
/// is nothing to quote.
async fn begin(database: &Database, actor: Option<&Actor>, scope: &Scope, platform: bool) -> Result<Tx> {
    let (districts, estates) = match scope {
        Scope::City { .. } => ("*".to_owned(), String::new()),
        Scope::Districts(districts) => (joined(districts), String::new()),
        Scope::Estates(estates) => (String::new(), joined(estates)),
        Scope::Nothing => (String::new(), String::new()),
    };
    // Who sees no district keeps the records of the own organisation.
    let organization = actor.filter(|_| matches!(scope, Scope::Estates(_)));
    let organization = organization.map(|actor| actor.organization_id.to_string()).unwrap_or_default();
    let actor = actor.filter(|actor| actor.id != SERVER).map(|actor| actor.id.to_string()).unwrap_or_default();
    let platform = if platform { "on" } else { "" };
    let statement = format!(
        "begin; select set_config('app.actor', '{actor}', true), set_config('app.districts', '{districts}', true), \
         set_config('app.estates', '{estates}', true), set_config('app.organization', '{organization}', true), \
         set_config('app.platform', '{platform}', true)"
    );
    database.app.begin_with(AssertSqlSafe(statement)).await.map_err(Error::from)
}

fn joined(ids: &[i64]) -> String {
    let mut text = String::new();
    for id in ids {
        let _ = write!(text, "{}{id}", if text.is_empty() { "" } else { "," });
    }
    text
}
