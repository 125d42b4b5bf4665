//! A city on a PostgreSQL of its own that can be killed, the people who work in it, and what holds its books against the model.

use super::books::{Bill, Books, End, Item, Lease, Way};
use crate::support::{city, database::TestDatabase};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    id::{ContractId, OrganizationId, UnitId},
    platform::setting::code,
};
use server::cluster::{self, Cluster};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::{collections::HashMap, path::PathBuf, time::Duration};
use store::{
    Ctx, Error,
    platform::{
        setting::setting_put,
        user::{NewUser, UserRef, user_create, user_ctx},
    },
};

/// Rents of the published standards, in yuan a square metre.
pub const RATES: [(&str, i64); 4] = [("2.40", 24_000), ("2.75", 27_500), ("3.00", 30_000), ("3.33", 33_300)];

/// A bill as it is read: id, account, fee item, contract, months, period from and to, due day, fen.
type Posted = (i64, i64, String, Option<i64>, i16, NaiveDate, NaiveDate, NaiveDate, i64);

/// The same numbers for the same seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides
    }

    /// From one to `most`.
    pub fn fen(&mut self, most: i64) -> i64 {
        1 + i64::try_from(self.roll(usize::try_from(most.max(1)).expect("not negative"))).expect("small")
    }
}

/// A home of 月光苑, and who lives in it, if anybody does.
pub struct Home {
    pub unit: UnitId,
    pub person: usize,
    pub lease: Option<Lease>,
}

/// A charge that is expected: account, what for, whose contract, from when, until when, how much.
pub type Charge = (usize, Item, Option<i64>, NaiveDate, NaiveDate, i64);

/// A folder that goes with the test.
struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub struct World {
    // In the order in which they end.
    pub test: TestDatabase,
    cluster: Option<Cluster>,
    place: Place,
    pub dice: Dice,
    pub day: NaiveDate,
    ctxs: HashMap<(&'static str, NaiveDate), Ctx>,
    pub district: OrganizationId,
    pub homes: Vec<Home>,
    pub books: Books,
    pub desk: super::desk::Desk,
    pub till: super::till::Till,
    pub phone: super::phone::Phone,
    requests: u64,
    pub last_bill: i64,
    last_payment: i64,
    /// what was done, for who has to find out why it came to something else
    pub log: Vec<String>,
    kill_next: bool,
    /// it was killed since the last look
    pub came_back: bool,
    pub kills: usize,
    /// after how many of them nobody knew whether it was done
    pub unsure: usize,
    /// how often whoever carried a command out was cut off
    pub cuts: usize,
    pub commands: usize,
}

impl World {
    pub async fn open(seed: u64) -> Self {
        let place = Place(std::env::temp_dir().join(format!("housing-model-{}", store::platform::token::short_id())));
        std::fs::create_dir_all(&place.0).expect("a folder");
        let cluster = cluster::start(&place.0.join("postgres")).await.expect("a cluster");
        // A process that is killed leaves what it has written to the kernel, which is all that this test asks for; waiting for
        // the disk, and losing nothing when the machine goes down, would cost most of its time.
        let mut superuser = PgConnection::connect(&cluster.superuser_url()).await.expect("it answers");
        for statement in ["alter system set fsync = off", "select pg_reload_conf()"] {
            sqlx::query(statement).execute(&mut superuser).await.expect(statement);
        }
        drop(superuser);
        let test = TestDatabase::with_city_at(&cluster.superuser_url()).await;
        let day = store::ctx::china_day(Utc::now());
        let mut world = Self {
            test,
            cluster: Some(cluster),
            place,
            dice: Dice(seed),
            day,
            ctxs: HashMap::new(),
            district: OrganizationId(0),
            homes: Vec::new(),
            books: Books::default(),
            desk: super::desk::Desk::default(),
            till: super::till::Till::default(),
            phone: super::phone::Phone::default(),
            requests: 0,
            last_bill: 0,
            last_payment: 0,
            log: Vec::new(),
            kill_next: false,
            came_back: false,
            kills: 0,
            unsure: 0,
            cuts: 0,
            commands: 0,
        };
        world.furnish().await;
        world
    }

    /// What a city has besides the small one of all tests: a second accountant, late fees, standards, a price of water.
    async fn furnish(&mut self) {
        let second = NewUser {
            login: "finance-2",
            name: "测试复核会计",
            organization_code: "810101",
            roles: &["FINANCE"],
            password: city::PASSWORD.to_owned(),
            must_change_password: false,
            demo: false,
        };
        user_create(&self.test.database, second).await.expect("an account");
        setting_put(&self.test.database, code::LATE_FEE, "0.0005/5/100").await.expect("late fees");
        setting_put(&self.test.database, code::WATER_PRICE, "3.15").await.expect("a price");
        let mut statements = vec![
            "update parameter set valid_from = '2000-01-01' where district_id is null".to_owned(),
            "update estate set operator_id = (select id from operator where code = 'OP1') where name = '月光苑'"
                .to_owned(),
            "update unit u set status = 'VACANT', vacant_since = current_date from estate e where e.id = u.estate_id and e.name = '月光苑'"
                .to_owned(),
            // Without the calendar of a year nobody knows the last day for signing.
            "insert into holiday (date, kind, name)
             select make_date(extract(year from now())::int + n, 1, 1), 'REST', '元旦' from generate_series(0, 8) as n
             on conflict do nothing"
                .to_owned(),
        ];
        for (nth, (_, rate)) in RATES.iter().enumerate() {
            statements.push(format!(
                "insert into rent_standard (code, name, unit_rate, basis, doc_no, valid_from)
                 values ('ZJ-9{nth}', '标准{nth}', {rate}, 'USABLE', '测发', '2020-01-01')"
            ));
        }
        for statement in statements {
            sqlx::query(AssertSqlSafe(statement.clone())).execute(&self.test.admin).await.expect(&statement);
        }
        let district = sqlx::query_scalar("select id from organization where code = '810101'");
        self.district = OrganizationId(district.fetch_one(&self.test.admin).await.expect("the district"));
        let units: Vec<i64> = sqlx::query_scalar(
            "select u.id from unit u join estate e on e.id = u.estate_id where e.name = '月光苑' order by u.id",
        )
        .fetch_all(&self.test.admin)
        .await
        .expect("homes");
        for (person, unit) in units.into_iter().enumerate() {
            crate::support::tenancy::tenant(&self.test, person).await;
            self.homes.push(Home { unit: UnitId(unit), person, lease: None });
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        store::ctx::china_midnight(self.day).expect("a moment") + chrono::TimeDelta::hours(10)
    }

    /// Somebody at a desk, on the day that it is.
    pub async fn ctx(&mut self, login: &'static str) -> Ctx {
        if let Some(known) = self.ctxs.get(&(login, self.day)) {
            return known.clone();
        }
        let ctx = user_ctx(&self.test.database, UserRef::Login(login), self.now()).await.expect(login);
        self.ctxs.insert((login, self.day), ctx.clone());
        ctx
    }

    /// The id of a new request.
    pub fn request(&mut self) -> String {
        self.requests += 1;
        format!("7c0c2d1e-8f7a-4b3c-9d2e-{:012x}", self.requests)
    }

    pub fn say(&mut self, what: String) {
        self.log.push(format!("{} {what}", self.day));
    }

    /// From now on the next command is one in the middle of which PostgreSQL is killed.
    pub fn kill_soon(&mut self) {
        self.kill_next = true;
    }

    /// Carries a command out and holds against the model whether it may be.
    pub async fn run<T>(&mut self, what: &str, may: bool, command: impl AsyncFn() -> store::Result<T>) -> Option<T> {
        self.commands += 1;
        self.say(format!("{what}{}", if may { "" } else { " (refused)" }));
        if std::mem::take(&mut self.kill_next) {
            return self.killed(may, command).await;
        }
        if self.dice.roll(8) == 0 {
            return self.cut_off(may, command).await;
        }
        let first = self.told(command().await, may);
        // Pressed twice: the second time is told the same, or refused, and changes nothing.
        if self.dice.roll(6) == 0
            && let Err(error @ (Error::Database(_) | Error::Broken(_))) = command().await
        {
            panic!("{}", self.story(&format!("the second time it failed: {error:?}")));
        }
        first
    }

    /// PostgreSQL is killed in the middle of the command and started again, and the command is repeated, as whoever pressed the
    /// button would.
    async fn killed<T>(&mut self, may: bool, command: impl AsyncFn() -> store::Result<T>) -> Option<T> {
        let wait = Duration::from_micros(self.dice.roll(10_000) as u64);
        let process = self.postmaster();
        let (first, ()) = tokio::join!(command(), async {
            tokio::time::sleep(wait).await;
            kill(process);
        });
        self.kills += 1;
        self.log
            .push(format!("  killed after {wait:?}: {}", if first.is_ok() { "confirmed" } else { "not confirmed" }));
        self.restart().await;
        let told = matches!(first, Ok(_) | Err(Error::Failure(_)));
        self.unsure += usize::from(!told);
        self.repeated(told.then_some(first), may, command).await
    }

    /// The server goes away in the middle of the command, or whoever asked it does: nothing of it is carried on, and what it had
    /// begun to write ends with its connection. Then the command is repeated.
    async fn cut_off<T>(&mut self, may: bool, command: impl AsyncFn() -> store::Result<T>) -> Option<T> {
        let wait = Duration::from_micros(self.dice.roll(15_000) as u64);
        let first = tokio::time::timeout(wait, command()).await.ok();
        if first.is_none() {
            self.cuts += 1;
            self.log.push(format!("  cut off after {wait:?}"));
            self.quiet().await;
        }
        self.repeated(first, may, command).await
    }

    /// Nothing stays open of what was cut off: it would hold its rows for ever.
    async fn quiet(&self) {
        let query = "select count(*) from pg_stat_activity
                     where datname = current_database() and usename <> current_user and xact_start is not null";
        for _ in 0..1_000 {
            if self.number(query).await == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{}", self.story("a transaction stays open"));
    }

    /// What had been confirmed must be there, and whatever had been done must not be done twice. Nothing is answered where the
    /// repetition finds that it was done.
    async fn repeated<T>(
        &mut self,
        first: Option<store::Result<T>>,
        may: bool,
        command: impl AsyncFn() -> store::Result<T>,
    ) -> Option<T> {
        let again = command().await;
        if let Some(first) = first {
            let confirmed = first.is_ok();
            let value = self.told(first, may);
            assert!(confirmed || again.is_err(), "{}", self.story("refused, and then not"));
            if let Err(error @ (Error::Database(_) | Error::Broken(_))) = again {
                panic!("{}", self.story(&format!("the second time it failed: {error:?}")));
            }
            return value;
        }
        match again {
            Ok(value) => self.told(Ok(value), may),
            Err(Error::Failure(_)) => None,
            Err(error) => panic!("{}", self.story(&format!("it does not come back: {error:?}"))),
        }
    }

    fn told<T>(&self, result: store::Result<T>, may: bool) -> Option<T> {
        match result {
            Ok(value) => {
                assert!(may, "{}", self.story("it should have been refused"));
                Some(value)
            }
            Err(Error::Failure(failure)) => {
                assert!(!may, "{}", self.story(&format!("it was refused: {failure:?}")));
                None
            }
            Err(error) => panic!("{}", self.story(&format!("it failed: {error:?}"))),
        }
    }

    pub fn story(&self, end: &str) -> String {
        let last = self.log.len().saturating_sub(60);
        format!("{}\n=> {end}", self.log[last..].join("\n"))
    }

    fn postmaster(&self) -> u32 {
        let cluster = self.cluster.as_ref().expect("it runs");
        let file = cluster.directory().join("cluster/data/postmaster.pid");
        let text = std::fs::read_to_string(file).expect("its file");
        text.lines().next().and_then(|line| line.trim().parse().ok()).expect("its number")
    }

    async fn restart(&mut self) {
        // What is left to say to it, nobody hears any more.
        drop(self.cluster.take());
        self.cluster = Some(cluster::start(&self.place.0.join("postgres")).await.expect("it comes back"));
        self.came_back = true;
    }

    pub async fn close(self) {
        let Self { test, cluster, place, .. } = self;
        test.database.close().await;
        drop(test);
        cluster.expect("it runs").stop().await.expect("it stops");
        drop(place);
    }

    /// The bills that were posted since the last look, which are those that the model expects; answers their ids in their order.
    pub async fn posted(&mut self, expected: &[Charge]) -> Vec<i64> {
        let rows: Vec<Posted> = sqlx::query_as(
            "select id, account_id, fee_item, contract_id, months, period_from, period_to, due_on, amount_fen from bill
             where id > $1 and reverses_id is null order by id",
        )
        .bind(self.last_bill)
        .fetch_all(&self.test.admin)
        .await
        .expect("bills");
        let mut found = Vec::new();
        let mut ids = Vec::new();
        for (id, account, item, contract, months, from, to, due, amount) in rows {
            let item = match item.as_str() {
                "DEPOSIT" => Item::Deposit,
                "RENT" => Item::Rent,
                "DAMAGE" => Item::Damage,
                _ => Item::Other,
            };
            let account = self.account(account);
            let lease = contract.filter(|_| item == Item::Rent && months > 0);
            found.push((account, item, lease, from, to, amount));
            let bill = Bill {
                id,
                account,
                item,
                lease,
                from,
                to,
                due,
                amount,
                paid: 0,
                late: 0,
                late_paid: 0,
                late_to: None,
                verified: 0,
                end: End::Open,
                batched: false,
            };
            self.books.bills.insert(id, bill);
            self.last_bill = id;
            ids.push(id);
        }
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{}", self.story("other bills were posted"));
        ids
    }

    /// The payments that were entered since the last look: their ids with the accounts.
    pub async fn entered(&mut self) -> Vec<(i64, usize)> {
        let rows: Vec<(i64, i64)> = sqlx::query_as("select id, account_id from payment where id > $1 order by id")
            .bind(self.last_payment)
            .fetch_all(&self.test.admin)
            .await
            .expect("payments");
        self.last_payment = rows.last().map_or(self.last_payment, |(id, _)| *id);
        rows.into_iter().map(|(id, account)| (id, self.account(account))).collect()
    }

    /// The place of an account in the model, which learns of it here.
    pub fn account(&mut self, id: i64) -> usize {
        if let Some(known) = self.books.accounts.iter().position(|account| account.id == id) {
            return known;
        }
        self.books.accounts.push(super::books::Account { id, ..Default::default() });
        self.books.accounts.len() - 1
    }

    pub async fn number(&self, query: &str) -> i64 {
        let asked = sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&self.test.admin).await;
        asked.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    pub fn contract(&self, home: usize) -> ContractId {
        ContractId(self.homes[home].lease.as_ref().expect("somebody lives there").contract)
    }

    /// Some days later; late fees grow, and what was due is late.
    pub fn sleep(&mut self, days: u64) {
        self.day = self.day + Days::new(days);
        self.ctxs.clear();
    }

    /// How often each way of paying was gone.
    pub fn ways(&self) -> Vec<(Way, usize)> {
        let count = |way| self.books.payments.iter().filter(|payment| payment.way == way).count();
        [Way::Counter, Way::Phone, Way::Debit, Way::Balance, Way::Deposit].map(|way| (way, count(way))).to_vec()
    }
}

/// The whole of PostgreSQL, with all its processes, at once: nothing is written any more, nobody says goodbye.
fn kill(process: u32) {
    let mut all = vec![process.to_string()];
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)).map(str::to_owned);
        if parent.is_some_and(|parent| parent == process.to_string()) {
            all.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    let _ = std::process::Command::new("kill").arg("-9").args(&all).stderr(std::process::Stdio::null()).status();
}
