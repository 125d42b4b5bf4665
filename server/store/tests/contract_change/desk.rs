//! A household of three with a contract in force, who asks for its changes and who agrees to them.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{DateTime, Months, NaiveDate, Utc};
use domain::{
    billing::plan::month_of,
    dictionary::{BankFileKind, Relation},
    failure::{Failure, FieldErrors},
    id::{AccountId, ContractId, OrganizationId, PersonId},
    tenancy::{
        change::{ChangeForm, ChangeKind, ChangeStatus},
        contract_form::{ContractForm, ResidentForm},
    },
};
use store::{
    Ctx,
    billing::{
        bank::{
            Received,
            contract_file::{ContractAnswer, ToldAction, contract_answers, contract_file_next},
        },
        run::bills_run,
    },
    platform::user::{UserRef, user_ctx},
    tenancy::{
        change::{change_create, change_decide, change_get},
        contract::contract_get,
    },
};

/// Another account that the test bank knows.
pub const NEW_BANK: &str = "6217000010000000029";

pub fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

pub fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

pub fn today() -> NaiveDate {
    store::ctx::china_day(Utc::now())
}

/// A household of three with a contract in force.
pub struct Desk {
    pub test: TestDatabase,
    pub entry: Ctx,
    pub approver: Ctx,
    pub contract: ContractId,
    pub account: AccountId,
    pub spouse: PersonId,
    pub child: PersonId,
}

pub async fn desk() -> Desk {
    let test = TestDatabase::with_city().await;
    let assignment = assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await;
    let (spouse, child) = (tenant(&test, 1).await, tenant(&test, 2).await);
    let resident = |person: PersonId, relation: Relation| ResidentForm {
        person: person.to_string(),
        relation: relation.code().to_owned(),
    };
    let residents = vec![resident(spouse, Relation::Spouse), resident(child, Relation::Child)];
    let (contract, account) = active(&test, &ContractForm { residents, ..form(assignment) }).await;
    Desk {
        entry: city::ctx(&test.database, "entry").await,
        approver: city::ctx(&test.database, "approver").await,
        test,
        contract,
        account,
        spouse,
        child,
    }
}

pub fn asked(kind: ChangeKind, nth: u32) -> ChangeForm {
    ChangeForm {
        request: format!("00000000-0000-4000-8000-{nth:012x}"),
        kind: kind.code().into(),
        effective_on: today().to_string(),
        reason: "测试变更".into(),
        ..ChangeForm::default()
    }
}

impl Desk {
    pub async fn ask(&self, form: &ChangeForm) -> i64 {
        change_create(&self.entry, self.contract, form, true).await.expect("a change")
    }

    pub async fn agree(&self, id: i64) -> ChangeStatus {
        let version = change_get(&self.approver, id).await.expect("it is seen").row.version;
        change_decide(&self.approver, id, version, true, "").await.expect("it is agreed to")
    }

    pub async fn status(&self, id: i64) -> ChangeStatus {
        change_get(&self.entry, id).await.expect("it is seen").row.status
    }

    /// The account of the contract, masked.
    pub async fn account_no(&self) -> String {
        contract_get(&self.entry, self.contract).await.expect("the contract").bank_no_mask
    }

    /// The bank's answer to the next file, whose only line is about a change.
    pub async fn answer(&self, nth: usize, result: &str) -> (String, String) {
        let later: DateTime<Utc> = Utc::now() + chrono::TimeDelta::minutes(11 * i64::try_from(nth).expect("small"));
        let file = contract_file_next(&self.test.database, later).await.expect("a file").expect("something waits");
        assert_eq!(file.lines.iter().map(|line| line.action).collect::<Vec<_>>(), [ToldAction::Change]);
        store::billing::bank::bank_file_sent(&self.test.database, file.id, "x.contract.txt", "00", later)
            .await
            .expect("sent");
        let line = &file.lines[0];
        let answer = ContractAnswer {
            seq: line.seq,
            contract_no: line.contract_no.clone(),
            result: result.to_owned(),
            agreement_no: (result == ContractAnswer::SUCCESS).then(|| "XY-NEW".to_owned()),
            message: None,
        };
        let (name, digest) = (format!("{}.answer.{nth}.txt", file.file_no), format!("{nth:064}"));
        let received =
            Received { kind: BankFileKind::ContractAnswer, name: &name, file_no: &file.file_no, digest: &digest };
        contract_answers(&self.test.database, &received, &[answer], later).await.expect("an answer");
        (line.account_no.clone(), line.holder.clone())
    }

    /// The last day for which rent was charged when the contract came into force: that of this month.
    pub fn last_charged(&self) -> NaiveDate {
        month_of(today()).checked_add_months(Months::new(1)).and_then(|day| day.pred_opt()).expect("a day")
    }

    /// What is said of a term that would end before it; today may be the last day of the month.
    pub fn too_early(&self) -> &'static str {
        if self.last_charged() == today() {
            "租赁结束日期不能早于今天"
        } else {
            "租赁结束日期早于已生成账单的账期，请先处理账单"
        }
    }

    /// An account as it is signed in at noon of a day.
    pub async fn at(&self, login: &str, day: NaiveDate) -> Ctx {
        user_ctx(&self.test.database, UserRef::Login(login), noon(day)).await.expect("an account")
    }

    /// Asked for and agreed to on a day.
    pub async fn changed_on(&self, day: NaiveDate, form: &ChangeForm) -> ChangeStatus {
        let form = ChangeForm { effective_on: day.to_string(), ..form.clone() };
        let id = change_create(&self.at("entry", day).await, self.contract, &form, true).await.expect("a change");
        let approver = self.at("approver", day).await;
        let version = change_get(&approver, id).await.expect("it is seen").row.version;
        change_decide(&approver, id, version, true, "").await.expect("it is agreed to")
    }

    /// The accountant's run of the month of a day, on that day; answers how many bills it has made.
    pub async fn run(&self, day: NaiveDate) -> usize {
        let before = self.charged().await.len();
        let district = self.number("select district_id from contract limit 1").await;
        let finance = self.at("finance", day).await;
        bills_run(&finance, OrganizationId(district), month_of(day), |_| {}).await.expect("a run");
        self.charged().await.len() - before
    }

    pub async fn number(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&self.test.admin).await.expect(sql)
    }

    pub async fn execute(&self, sql: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&self.test.admin).await.expect(sql);
    }

    /// Of the rent bills that stand: from and to, in their order.
    pub async fn charged(&self) -> Vec<(NaiveDate, NaiveDate)> {
        sqlx::query_as(
            "select period_from, period_to from bill where fee_item = 'RENT' and reverses_id is null and decision is null
             order by period_from",
        )
        .fetch_all(&self.test.admin)
        .await
        .expect("bills")
    }
}

pub fn noon(day: NaiveDate) -> DateTime<Utc> {
    store::ctx::china_midnight(day).expect("a moment") + chrono::TimeDelta::hours(12)
}

/// The first day of a month that is so many months ahead.
pub fn month_ahead(months: u32) -> NaiveDate {
    month_of(today()).checked_add_months(Months::new(months)).expect("a month")
}

/// Whether bills follow each other without a gap and without a day twice.
pub fn is_whole(charged: &[(NaiveDate, NaiveDate)]) -> bool {
    charged.windows(2).all(|pair| pair[0].1.succ_opt() == Some(pair[1].0))
}
