//! Two households of 月光苑 with contracts in force, paid for, and who asks for their swap and agrees to it.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use domain::{
    billing::{payment::PaymentForm, plan::month_of},
    failure::{Failure, FieldErrors},
    id::{AccountId, ContractId, OrganizationId, PersonId, UnitId},
    tenancy::{change::ChangeStatus, contract_form::ContractForm, swap::SwapForm},
    value::Money,
};
use store::{
    Ctx,
    billing::{account::account_get, payment::payment_take, run::bills_run},
    platform::user::{UserRef, user_ctx},
    tenancy::change::{change_decide, change_get, changes_apply, swap_create},
};

pub fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

pub fn refusal<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    failure(result).to_string()
}

pub fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

pub fn today() -> NaiveDate {
    store::ctx::china_day(Utc::now())
}

pub fn noon(day: NaiveDate) -> DateTime<Utc> {
    store::ctx::china_midnight(day).expect("a moment") + TimeDelta::hours(12)
}

/// The first day of a month that is so many months ahead.
pub fn month_ahead(months: u32) -> NaiveDate {
    month_of(today()).checked_add_months(Months::new(months)).expect("a month")
}

/// A household with its contract and its home.
#[derive(Clone, Copy)]
pub struct House {
    pub contract: ContractId,
    pub account: AccountId,
    pub unit: UnitId,
    pub person: PersonId,
}

pub struct Desk {
    pub test: TestDatabase,
    pub entry: Ctx,
    pub approver: Ctx,
    pub houses: [House; 2],
}

/// What each has paid ahead.
pub const AHEAD: [i64; 2] = [5_000, 7_000];

pub async fn desk() -> Desk {
    desk_with([|form| form, |form| form]).await
}

/// With other terms than a month's from the first of this month.
pub async fn desk_with(terms: [fn(ContractForm) -> ContractForm; 2]) -> Desk {
    let test = TestDatabase::with_city().await;
    let mut houses = Vec::new();
    for (nth, terms) in terms.into_iter().enumerate() {
        let (person, unit) = (tenant(&test, nth).await, vacant(&test, 0).await);
        // So that their rents differ.
        if nth == 1 {
            let larger = "update unit set building_area = 7000, usable_area = 5600 where id = $1";
            sqlx::query(larger).bind(unit.0).execute(&test.admin).await.expect("a larger home");
        }
        let (contract, account) = active(&test, &terms(form(assigned(&test, person, unit).await))).await;
        houses.push(House { contract, account, unit, person });
    }
    let lived = "update unit set status = 'OCCUPIED' where id = any($1)";
    let units: Vec<i64> = houses.iter().map(|house| house.unit.0).collect();
    sqlx::query(lived).bind(&units).execute(&test.admin).await.expect("they have moved in");
    let desk = Desk {
        entry: city::ctx(&test.database, "entry").await,
        approver: city::ctx(&test.database, "approver").await,
        houses: [houses[0], houses[1]],
        test,
    };
    for (house, ahead) in desk.houses.into_iter().zip(AHEAD) {
        desk.pay(house.account, ahead).await;
    }
    desk
}

pub fn asked(desk: &Desk, nth: u32) -> SwapForm {
    SwapForm {
        request: format!("00000000-0000-4000-8000-{nth:012x}"),
        first: desk.houses[0].contract.to_string(),
        second: desk.houses[1].contract.to_string(),
        effective_on: month_ahead(1).to_string(),
        signed_on: today().to_string(),
        first_consent: "同意书甲".into(),
        second_consent: "同意书乙".into(),
        doc_no: "住保函1号".into(),
        reason: "就近就学".into(),
    }
}

impl Desk {
    /// All that the account owes, and something ahead.
    pub async fn pay(&self, account: AccountId, ahead: i64) {
        let cashier = city::ctx(&self.test.database, "cashier").await;
        let owed = account_get(&cashier, account).await.expect("the account").row.outstanding;
        let amount = Money::from_fen(owed.fen() + ahead);
        let form = PaymentForm {
            request: format!(
                "5b0c2d1e-8f7a-4b3c-9d2e-{:012x}",
                account.0 * 1_000 + self.number("select count(*) from payment").await
            ),
            amount: amount.to_string().replace(',', ""),
            method: "CASH".into(),
            prepay: true,
            ..PaymentForm::default()
        };
        payment_take(&cashier, account, &form).await.expect("a payment");
    }

    pub async fn ask(&self, form: &SwapForm) -> i64 {
        swap_create(&self.entry, form, true).await.expect("a swap")
    }

    pub async fn agree(&self, id: i64) -> ChangeStatus {
        let version = change_get(&self.approver, id).await.expect("it is seen").row.version;
        change_decide(&self.approver, id, version, true, "").await.expect("it is agreed to")
    }

    /// Asked for and agreed to.
    pub async fn agreed(&self, nth: u32) -> i64 {
        let id = self.ask(&asked(self, nth)).await;
        assert_eq!(self.agree(id).await, ChangeStatus::Approved);
        id
    }

    /// What the server does at noon of a day; answers how many changes were taken in.
    pub async fn work(&self, day: NaiveDate) -> usize {
        changes_apply(&self.test.database, noon(day)).await.expect("the day's work")
    }

    /// Of both rows of a swap.
    pub async fn statuses(&self, id: i64) -> Vec<String> {
        sqlx::query_scalar("select status from contract_change where pair_id = $1 order by id")
            .bind(id)
            .fetch_all(&self.test.admin)
            .await
            .expect("the rows")
    }

    /// An account as it is signed in at noon of a day.
    pub async fn at(&self, login: &str, day: NaiveDate) -> Ctx {
        user_ctx(&self.test.database, UserRef::Login(login), noon(day)).await.expect("an account")
    }

    /// The accountant's run of the month of a day, on that day; answers how many bills it has made.
    pub async fn run(&self, day: NaiveDate) -> i64 {
        let count = "select count(*) from bill where fee_item = 'RENT'";
        let before = self.number(count).await;
        let district = self.number("select district_id from contract limit 1").await;
        let finance = self.at("finance", day).await;
        bills_run(&finance, OrganizationId(district), month_of(day), |_| {}).await.expect("a run");
        self.number(count).await - before
    }

    pub async fn number(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&self.test.admin).await.expect(sql)
    }

    pub async fn execute(&self, sql: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&self.test.admin).await.expect(sql);
    }

    /// The rent that stands in the books of a household, by home: days from and to, and fen.
    pub async fn charged(&self, person: PersonId) -> Vec<(i64, NaiveDate, NaiveDate, i64)> {
        sqlx::query_as(
            "select b.unit_id, b.period_from, b.period_to, b.amount_fen from bill b join account a on a.id = b.account_id
             where b.fee_item = 'RENT' and b.decision is null and a.person_id = $1 order by b.period_from, b.id",
        )
        .bind(person.0)
        .fetch_all(&self.test.admin)
        .await
        .expect("bills")
    }
}
