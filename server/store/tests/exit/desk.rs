//! Everybody who has a part in an exit, and what each of them fills in.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{NaiveDate, Utc};
use domain::{
    billing::{payment::PaymentForm, plan::month_of},
    dictionary::{ContractStatus, ExitStatus},
    id::{AccountId, ContractId, ExitId, UnitId},
    list::ListQuery,
    platform::setting::code,
    tenancy::{
        contract_form::ContractForm,
        exit::{ExitForm, KeysForm},
        exit_bill::{ExitBillForm, OtherForm},
        exit_inspection::{InspectedForm, InspectionForm},
        hand_over::{HandOverForm, ItemForm, OccupantForm},
    },
    value::Money,
};
use store::{
    Ctx,
    billing::payment::{payment_list, payment_take, payments_verify},
    insight::reminder::reminder_list,
    platform::{
        setting::setting_put,
        user::{NewUser, UserRef, user_create, user_ctx},
    },
    tenancy::{
        contract::{SyncAnswer, contract_get, contract_synced},
        exit::{
            exit_bill_decide, exit_bill_make, exit_create, exit_debt_acknowledge, exit_decide, exit_get, exit_inspect,
            exit_keys, exit_list,
        },
        hand_over::{hand_over_create, hand_over_offer},
    },
};

/// Everybody who has a part in it.
pub struct Desk {
    pub test: TestDatabase,
    pub entry: Ctx,
    pub approver: Ctx,
    pub operator: Ctx,
    pub finance: Ctx,
    pub second: Ctx,
    pub cashier: Ctx,
    pub head: Ctx,
    pub district: Ctx,
}

/// A home that somebody lives in.
pub struct Let {
    pub contract: ContractId,
    pub account: AccountId,
    pub unit: UnitId,
}

impl Desk {
    pub async fn open() -> Self {
        let test = TestDatabase::with_city().await;
        let given =
            "update estate set operator_id = (select id from operator where code = 'OP1') where name = '月光苑'";
        sqlx::query(given).execute(&test.admin).await.expect("the operator's");
        let second = NewUser {
            login: "finance-2",
            name: "测试finance-2",
            organization_code: "810101",
            roles: &["FINANCE"],
            password: city::PASSWORD.into(),
            must_change_password: false,
            demo: false,
        };
        user_create(&test.database, second).await.expect("an account");
        let ctx = |login: &'static str| city::ctx(&test.database, login);
        Self {
            entry: ctx("entry").await,
            approver: ctx("approver").await,
            operator: ctx("operator").await,
            finance: ctx("finance").await,
            second: ctx("finance-2").await,
            cashier: ctx("cashier").await,
            head: ctx("finhead").await,
            district: ctx("district-a").await,
            test,
        }
    }

    /// The same people on a later day, at noon.
    pub async fn on(self, day: NaiveDate) -> Self {
        let now = store::ctx::china_midnight(day).expect("a moment") + chrono::TimeDelta::hours(12);
        let ctx = |login: &'static str| user_ctx(&self.test.database, UserRef::Login(login), now);
        Self {
            entry: ctx("entry").await.expect("an account"),
            approver: ctx("approver").await.expect("an account"),
            operator: ctx("operator").await.expect("an account"),
            finance: ctx("finance").await.expect("an account"),
            second: ctx("finance-2").await.expect("an account"),
            cashier: ctx("cashier").await.expect("an account"),
            head: ctx("finhead").await.expect("an account"),
            district: ctx("district-a").await.expect("an account"),
            test: self.test,
        }
    }

    /// The day it is for them.
    pub fn today(&self) -> NaiveDate {
        store::ctx::china_day(self.entry.now())
    }

    /// A contract in force whose home was handed over.
    pub async fn lived_in(&self, nth: usize) -> Let {
        self.let_since(nth, 0).await
    }

    /// One that began some months ago, for five years.
    pub async fn let_since(&self, nth: usize, months: u32) -> Let {
        self.let_for(nth, months, |terms| terms).await
    }

    /// The same with other terms.
    pub async fn let_for(&self, nth: usize, months: u32, terms: fn(ContractForm) -> ContractForm) -> Let {
        let unit = vacant(&self.test, nth as i64).await;
        let assignment = assigned(&self.test, tenant(&self.test, nth).await, unit).await;
        let usual = form(assignment);
        let start = month_of(today()).checked_sub_months(chrono::Months::new(months)).expect("a day");
        let end = start.checked_add_months(chrono::Months::new(60)).and_then(|day| day.pred_opt()).expect("a day");
        let since = ContractForm {
            start_on: start.to_string(),
            end_on: end.to_string(),
            sign_on: start.to_string(),
            explained_on: start.to_string(),
            ..usual
        };
        let (contract, account) = active(&self.test, &terms(since)).await;
        let offer = hand_over_offer(&self.operator, contract).await.expect("an offer");
        let handed = HandOverForm {
            handed_on: offer.today.to_string(),
            keys: "2".into(),
            water: "10".into(),
            items: vec![ItemForm { name: "门锁".into(), quantity: "1".into(), state: "GOOD".into() }],
            signed_by: offer.row.lessee.clone(),
            signed: true,
            occupants: vec![OccupantForm {
                person: offer.people[0].person_id.to_string(),
                room: offer.rooms[0].id.to_string(),
            }],
            ..HandOverForm::default()
        };
        hand_over_create(&self.operator, contract, &handed).await.expect("handed over");
        Let { contract, account, unit }
    }

    pub async fn status(&self, id: ExitId) -> (ExitStatus, i32) {
        let row = exit_get(&self.entry, id).await.expect("it is seen").row;
        (row.status, row.version)
    }

    pub async fn version(&self, id: ExitId) -> i32 {
        self.status(id).await.1
    }

    /// Asked for and agreed to.
    pub async fn accepted(&self, home: &Let) -> ExitId {
        let id = exit_create(&self.entry, home.contract, &request(self.today())).await.expect("an exit");
        exit_decide(&self.approver, id, 1, true, "同意").await.expect("it is agreed to");
        id
    }

    /// Inspected: the lock is broken.
    pub async fn inspected(&self, home: &Let) -> ExitId {
        let id = self.accepted(home).await;
        exit_inspect(
            &self.operator,
            id,
            2,
            &InspectionForm { inspected_on: self.today().to_string(), ..sheet("120.50") },
        )
        .await
        .expect("it is inspected");
        id
    }

    /// Pays in cash, and has it verified.
    pub async fn pay(&self, account: AccountId, nth: u32, amount: Money) {
        let form = PaymentForm {
            request: format!("00000000-0000-4000-8000-{nth:012x}"),
            amount: amount.to_string().replace(',', ""),
            method: "CASH".into(),
            prepay: true,
            ..PaymentForm::default()
        };
        payment_take(&self.cashier, account, &form).await.expect("a payment");
        self.verify().await;
    }

    pub async fn verify(&self) {
        let query = ListQuery::from_params([("unverified", "1")]);
        let open = payment_list(&self.finance, &query).await.expect("payments").rows;
        let ids: Vec<_> = open.iter().map(|row| row.id).collect();
        if !ids.is_empty() {
            payments_verify(&self.finance, &ids).await.expect("verified");
        }
    }

    /// Made by one of finance and entered by the other.
    pub async fn settled(&self, id: ExitId) {
        let made = exit_bill_make(&self.finance, id, self.version(id).await, &self.bill()).await;
        made.expect("a bill");
        exit_bill_decide(&self.second, id, self.version(id).await, true, "").await.expect("it is entered");
    }

    /// As finance fills it in on the day.
    pub fn bill(&self) -> ExitBillForm {
        ExitBillForm { settle_on: self.today().to_string(), ..bill() }
    }

    /// Owed and acknowledged, the keys back, and the bank has answered.
    pub async fn left_owing(&self, home: &Let, id: ExitId) {
        let known = exit_debt_acknowledge(&self.head, id, self.version(id).await, "已签欠款确认书").await;
        known.expect("acknowledged");
        self.gone(home, id).await;
    }

    /// The keys are back and the bank has answered.
    pub async fn gone(&self, home: &Let, id: ExitId) {
        let back = KeysForm { on: self.today().to_string(), ..keys() };
        exit_keys(&self.operator, id, self.version(id).await, &back).await.expect("keys are back");
        let number = self.number(home).await;
        let answer = contract_synced(&self.test.database, &number, SyncAnswer::Cancelled, self.entry.now()).await;
        assert_eq!(answer.expect("read"), ContractStatus::Terminated);
    }

    pub async fn number(&self, home: &Let) -> String {
        contract_get(&self.entry, home.contract).await.expect("it").row.contract_no.expect("a number")
    }

    /// Whether the account of a home is open.
    pub async fn account_open(&self, home: &Let) -> bool {
        let asked = sqlx::query_scalar("select status = 'ON' from account where id = $1").bind(home.account.0);
        asked.fetch_one(&self.test.admin).await.expect("the account")
    }

    /// Late fees from now on: 0.05 % a day, after five days.
    pub async fn charge_late_fees(&self) {
        setting_put(&self.test.database, code::LATE_FEE, "0.0005/5/100").await.expect("a parameter");
        let since = "update parameter set valid_from = '2000-01-01' where code = 'PRM-43'";
        sqlx::query(since).execute(&self.test.admin).await.expect("for ever");
    }

    pub async fn reminded(&self, ctx: &Ctx) -> i64 {
        let reminders = reminder_list(ctx).await.expect("reminders");
        let count =
            reminders.into_iter().find(|reminder| reminder.label == "待我办理的退租").map_or(0, |found| found.count);
        let listed = exit_list(ctx, &ListQuery::from_params([("turn", "MINE")])).await.expect("a list").total;
        assert_eq!(count, listed, "home says what the list says");
        count
    }
}

pub fn today() -> NaiveDate {
    store::ctx::china_day(Utc::now())
}

pub fn request(exit_on: NaiveDate) -> ExitForm {
    ExitForm {
        kind: "VOLUNTARY".into(),
        exit_on: exit_on.to_string(),
        reason: "购买了住房".into(),
        carry: true,
        ..ExitForm::default()
    }
}

pub fn sheet(amount: &str) -> InspectionForm {
    let broken = InspectedForm {
        name: "门锁".into(),
        quantity: "1".into(),
        state: "DAMAGED".into(),
        damage: "锁芯损坏".into(),
        amount: amount.into(),
    };
    InspectionForm {
        inspected_on: today().to_string(),
        water: "12.5".into(),
        items: vec![broken],
        signed_by: "测试租户0".into(),
        signed: true,
        ..InspectionForm::default()
    }
}

pub fn bill() -> ExitBillForm {
    let water = OtherForm { fee_item: "WATER".into(), amount: "7.50".into(), note: "水表10→12.5".into() };
    ExitBillForm { settle_on: today().to_string(), others: vec![water] }
}

pub fn keys() -> KeysForm {
    KeysForm { keys: "2".into(), cards: "0".into(), on: today().to_string() }
}
