//! A contract that was concluded by mistake (C11): who says so, what stands against it, and that nothing is left of it – bills,
//! home, bank.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{TimeDelta, Utc};
use domain::{
    billing::payment::PaymentForm,
    dictionary::{AssignmentStatus, BillStatus, ContractStatus, UnitStatus},
    failure::{Failure, FieldErrors},
    id::{AccountId, AssignmentId, ContractId, UnitId},
    list::ListQuery,
    person::household::{HouseholdForm, MemberForm},
    tenancy::{
        assignment::AssignmentForm,
        hand_over::{HandOverForm, ItemForm, OccupantForm},
    },
};
use store::{
    Ctx,
    billing::{
        bank::contract_file::{ToldAction, contract_file_next},
        bill::bill_list,
        payment::payment_take,
    },
    housing::unit::unit_get,
    person::household::household_create,
    tenancy::{
        assignment::{assignment_create, assignment_get, assignment_release},
        contract::{
            SyncAnswer, contract_create, contract_get, contract_submit, contract_sync_again, contract_synced,
            contract_void,
        },
        hand_over::{hand_over_create, hand_over_offer},
    },
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn refused<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    failure(result).to_string()
}

struct Signed {
    test: TestDatabase,
    city: Ctx,
    entry: Ctx,
    contract: ContractId,
    account: AccountId,
    unit: UnitId,
    assignment: AssignmentId,
}

impl Signed {
    async fn open() -> Self {
        let test = TestDatabase::with_city().await;
        let unit = vacant(&test, 0).await;
        let assignment = assigned(&test, tenant(&test, 0).await, unit).await;
        let (contract, account) = active(&test, &form(assignment)).await;
        let (city, entry) = (city::ctx(&test.database, "city").await, city::ctx(&test.database, "entry").await);
        Self { test, city, entry, contract, account, unit, assignment }
    }

    async fn version(&self) -> i32 {
        contract_get(&self.city, self.contract).await.expect("the contract").row.version
    }

    async fn void(&self, ctx: &Ctx, reason: &str) -> store::Result<()> {
        contract_void(ctx, self.contract, self.version().await, reason).await
    }

    async fn execute(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.test.admin).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_it() {
    let desk = Signed::open().await;
    let approver = city::ctx(&desk.test.database, "approver").await;
    assert_eq!(failure(desk.void(&approver, "误签").await), Failure::Forbidden);
    assert_eq!(failure(desk.void(&desk.entry, "误签").await), Failure::Forbidden, "in force it is the city's alone");
    let complaint: Failure = FieldErrors::from(("opinion", "请填写原因")).into();
    assert_eq!(failure(desk.void(&desk.city, " ").await), complaint);
    let stale = desk.version().await - 1;
    assert_eq!(failure(contract_void(&desk.city, desk.contract, stale, "误签").await), Failure::Conflict);
    assert!(contract_get(&desk.city, desk.contract).await.expect("it").voidable);
    assert!(!contract_get(&desk.entry, desk.contract).await.expect("it").voidable);
    desk.void(&desk.city, "录错承租人").await.expect("it is void");

    let contract = contract_get(&desk.city, desk.contract).await.expect("it");
    assert_eq!(contract.row.status, ContractStatus::Void);
    let line = &contract.history[0];
    assert_eq!((line.event.as_str(), line.reason.as_deref()), ("作废", Some("录错承租人")));
    let voided = contract.voided.expect("who voided it");
    assert_eq!((voided.by.as_deref(), voided.reason.as_str()), (Some("测试city"), "录错承租人"));
    // Every bill has its counter-bill, and the sum of all of them is nothing.
    let finance = city::ctx(&desk.test.database, "finance").await;
    let bills = bill_list(&finance, &ListQuery::default()).await.expect("bills").rows;
    assert!(bills.len() >= 4 && bills.iter().all(|bill| bill.status == BillStatus::Void), "{bills:?}");
    assert_eq!(bills.iter().map(|bill| bill.amount.fen()).sum::<i64>(), 0);
    let receivable: i64 = sqlx::query_scalar(
        "select coalesce(sum(case when debit = 'RECEIVABLE' then amount_fen when credit = 'RECEIVABLE' then -amount_fen else 0 end), 0)::bigint
         from ledger_entry",
    )
    .fetch_one(&desk.test.admin)
    .await
    .expect("the ledger");
    assert_eq!(receivable, 0, "the ledger says the same");
    // The home is kept for the household as before, and can be given back.
    let unit = unit_get(&desk.city, desk.unit).await.expect("the home");
    assert_eq!((unit.status, unit.history[0].event.as_str()), (UnitStatus::Assigned, "撤销签约"));
    let kept = assignment_get(&desk.city, desk.assignment).await.expect("the assignment");
    assert!(kept.status == AssignmentStatus::Confirmed && kept.expires_on > Some(desk.city.today()), "{kept:?}");
    assignment_release(&desk.city, desk.assignment, kept.version, "录错承租人").await.expect("given back");
    assert_eq!(unit_get(&desk.city, desk.unit).await.expect("the home").status, UnitStatus::Vacant);
    let account: String = sqlx::query_scalar("select status from account where id = $1")
        .bind(desk.account.0)
        .fetch_one(&desk.test.admin)
        .await
        .expect("the account");
    assert_eq!(account, "OFF");
    assert_eq!(refused(desk.void(&desk.city, "再次").await), "合同状态为“作废”，不能作废");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_one_is_signed_instead() {
    let desk = Signed::open().await;
    desk.void(&desk.city, "租期录错").await.expect("it is void");
    let again = contract_create(&desk.entry, &form(desk.assignment), true).await.expect("another contract");
    let contract = contract_get(&desk.entry, again).await.expect("it");
    assert_eq!((contract.row.status, contract.assignment_id), (ContractStatus::Pending, Some(desk.assignment)));
    // Its clerk voids what nobody has approved, and the home stays assigned.
    contract_void(&desk.entry, again, contract.row.version, "资料有误").await.expect("it is void");
    let kept = assignment_get(&desk.city, desk.assignment).await.expect("the assignment");
    assert_eq!((kept.status, kept.contract_id), (AssignmentStatus::Confirmed, None));
    let draft = contract_create(&desk.entry, &form(desk.assignment), false).await.expect("a third one");
    contract_submit(&desk.entry, draft, 1).await.expect("it goes on");
    assert_eq!(failure(contract_void(&desk.city, draft, 2, "误签").await), Failure::Forbidden, "it is the clerk's");
}

/// The bank knows it, and is told until it does no more.
#[tokio::test(flavor = "multi_thread")]
async fn the_bank_forgets_it() {
    let desk = Signed::open().await;
    desk.void(&desk.city, "误签").await.expect("it is void");
    let now = Utc::now();
    let file = contract_file_next(&desk.test.database, now).await.expect("asked").expect("a file");
    assert_eq!(file.lines.iter().map(|line| line.action).collect::<Vec<_>>(), [ToldAction::Cancel]);
    let number = file.lines[0].contract_no.clone();
    let said = || SyncAnswer::CancelRefused { message: "E01 系统忙".into() };
    for _ in 0..3 {
        let status = contract_synced(&desk.test.database, &number, said(), now).await.expect("read");
        assert_eq!(status, ContractStatus::Void);
    }
    desk.execute("update bank_file set state = 'SENT', digest = 'x', done_at = now()").await;
    let later = now + TimeDelta::hours(5);
    assert!(contract_file_next(&desk.test.database, later).await.expect("asked").is_none(), "three times by itself");
    let contract = contract_get(&desk.entry, desk.contract).await.expect("it");
    assert!(contract.tell_again && contract.row.sync_message.as_deref() == Some("E01 系统忙"));
    contract_sync_again(&desk.entry, desk.contract, contract.row.version).await.expect("once more");
    let file = contract_file_next(&desk.test.database, later).await.expect("asked").expect("a file");
    assert_eq!(file.lines.len(), 1);
    contract_synced(&desk.test.database, &number, SyncAnswer::Cancelled, later).await.expect("read");
    let contract = contract_get(&desk.entry, desk.contract).await.expect("it");
    assert_eq!((contract.row.sync_message, contract.history[0].event.as_str()), (None, "确认注销同步"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_happened_under_it_is_an_exit() {
    let desk = Signed::open().await;
    desk.execute("update contract set author_ids = author_ids || (select id from app_user where login = 'city')").await;
    assert_eq!(refused(desk.void(&desk.city, "误签").await), "不能作废本人录入、修改或审批的合同");
    desk.execute(
        "update contract set author_ids = array_remove(author_ids, (select id from app_user where login = 'city'))",
    )
    .await;
    // What somebody pays while nobody looks stands against it for ever.
    let cashier = city::ctx(&desk.test.database, "cashier").await;
    let form = PaymentForm {
        request: "00000000-0000-4000-8000-0000000000c1".into(),
        amount: "1".into(),
        method: "CASH".into(),
        ..PaymentForm::default()
    };
    payment_take(&cashier, desk.account, &form).await.expect("a payment");
    assert_eq!(refused(desk.void(&desk.city, "误签").await), "该合同已有收款，不能作废，请办理退租");
    assert_eq!(contract_get(&desk.city, desk.contract).await.expect("it").row.status, ContractStatus::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_moved_in_moves_out() {
    let desk = Signed::open().await;
    let given = "update estate set operator_id = (select id from operator where code = 'OP1') where name = '月光苑'";
    desk.execute(given).await;
    let operator = city::ctx(&desk.test.database, "operator").await;
    let offer = hand_over_offer(&operator, desk.contract).await.expect("an offer");
    let handed = HandOverForm {
        handed_on: offer.today.to_string(),
        keys: "2".into(),
        items: vec![ItemForm { name: "门锁".into(), quantity: "1".into(), state: "GOOD".into() }],
        signed_by: offer.row.lessee.clone(),
        signed: true,
        occupants: vec![OccupantForm {
            person: offer.people[0].person_id.to_string(),
            room: offer.rooms[0].id.to_string(),
        }],
        ..HandOverForm::default()
    };
    hand_over_create(&operator, desk.contract, &handed).await.expect("handed over");
    assert_eq!(refused(desk.void(&desk.city, "误签").await), "房屋已交付入住，不能作废，请办理退租");
}

/// Nobody voids his own work, whatever the store would let through.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_keeps_them_apart() {
    let desk = Signed::open().await;
    let error = sqlx::query(
        "update contract set status = 'VOID', voided_by = checker_id, voided_at = now(), void_reason = 'x' where id = $1",
    )
    .bind(desk.contract.0)
    .execute(&desk.test.admin)
    .await
    .expect_err("a refusal");
    let constraint = error.as_database_error().and_then(|error| error.constraint()).map(ToOwned::to_owned);
    assert_eq!(constraint.as_deref(), Some("contract_void_apart_check"));
}

/// C1: a household has one home, whoever of it signs.
#[tokio::test(flavor = "multi_thread")]
async fn a_household_signs_once() {
    let desk = Signed::open().await;
    let lessee = contract_get(&desk.entry, desk.contract).await.expect("it").person_id;
    let spouse = tenant(&desk.test, 1).await;
    let together = HouseholdForm {
        head: lessee.to_string(),
        members: vec![MemberForm { person: spouse.to_string(), relation: "SPOUSE".into() }],
        category: "LOWINC".into(),
        annual_income: "31200".into(),
        ..HouseholdForm::default()
    };
    household_create(&desk.entry, &together).await.expect("a household");
    let wanted = AssignmentForm {
        person: spouse.to_string(),
        unit: vacant(&desk.test, 0).await.to_string(),
        reason: "测试分配".into(),
        ..AssignmentForm::default()
    };
    let complaint: Failure = FieldErrors::from(("person", "家庭成员已有履行中的合同")).into();
    assert_eq!(failure(assignment_create(&desk.city, &wanted).await), complaint);
    // Of a contract that never was nothing is left.
    desk.void(&desk.city, "误签").await.expect("it is void");
    match assignment_create(&desk.city, &wanted).await {
        Ok(_) => (),
        // The home may be none for two; that is another matter.
        Err(error) => assert_eq!(Failure::from(error), FieldErrors::from(("unit", "户型与家庭人口不匹配")).into()),
    }
}
