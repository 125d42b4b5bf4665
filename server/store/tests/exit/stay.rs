//! What becomes of a household whose contract has expired (C8, R-26, R-74): objected to, given time to move, charged what the market
//! asks, and charged for no day longer than it stayed.

use super::{
    desk::{Desk, Let, bill, request, sheet, today},
    failure, refusal,
};
use crate::support::tenancy::{active, assigned, form, tenant, vacant};
use chrono::{Datelike as _, Days, Months, NaiveDate, Utc};
use domain::{
    billing::plan::month_of,
    dictionary::{ContractStatus, ExitLineKind, FeeItem},
    failure::{Failure, FieldErrors},
    id::OrganizationId,
    list::ListQuery,
    tenancy::{
        contract_form::ContractForm,
        stay::{NOT_EXPIRED, NOTHING_TO_END, STAY_IS_OPEN, StayEnd, StayForm, StayKind, StayStatus},
    },
    value::{Money, round_half_up},
};
use store::{
    Ctx,
    billing::{account::account_get, bill::bill_list, run::bills_run},
    insight::reminder::reminder_list,
    tenancy::{
        contract::{
            contract_get, contract_list, contract_renew, contract_renewal_offer, contract_stay_create,
            contract_stay_decide, contract_stay_offer, contracts_expire,
        },
        exit::{exit_bill_make, exit_bill_offer, exit_create, exit_decide, exit_inspect},
    },
};

/// What the market asks above the rent.
const ABOVE: i64 = 30_000;

/// A contract of five years that ended with the last month.
async fn expired(desk: &Desk) -> Let {
    let unit = vacant(&desk.test, 0).await;
    let assignment = assigned(&desk.test, tenant(&desk.test, 0).await, unit).await;
    let start = month_of(today()).checked_sub_months(Months::new(60)).expect("a day");
    let terms = ContractForm {
        start_on: start.to_string(),
        end_on: month_of(today()).pred_opt().expect("a day").to_string(),
        sign_on: start.to_string(),
        explained_on: start.to_string(),
        ..form(assignment)
    };
    let (contract, account) = active(&desk.test, &terms).await;
    assert_eq!(refusal(contract_stay_offer(&desk.entry, contract).await), NOT_EXPIRED);
    assert_eq!(contracts_expire(&desk.test.database, Utc::now()).await.expect("looked"), 1);
    Let { contract, account, unit }
}

/// How much home reminds of, which is what the list behind it says.
async fn waits(ctx: &Ctx, label: &str, filter: (&'static str, &'static str)) -> i64 {
    let all = reminder_list(ctx).await.expect("reminders");
    let count = all.into_iter().find(|reminder| reminder.label == label).map_or(0, |found| found.count);
    assert_eq!(contract_list(ctx, &ListQuery::from_params([filter])).await.expect("a list").total, count, "{label}");
    count
}

async fn overdue(desk: &Desk) -> i64 {
    waits(&desk.entry, "到期待处置的合同", ("overdue", "1")).await
}

async fn turn(desk: &Desk) -> i64 {
    waits(&desk.approver, "待我审批的到期处置", ("stay", "MINE")).await
}

fn moving(to: NaiveDate) -> StayForm {
    StayForm {
        served_on: today().to_string(),
        served_way: "HAND".into(),
        doc_no: "腾退〔2026〕1号".into(),
        to: to.to_string(),
        reason: "未申请续签".into(),
        ..StayForm::default()
    }
}

async fn version(desk: &Desk, home: &Let) -> i32 {
    contract_get(&desk.entry, home.contract).await.expect("it").row.version
}

/// Entered by the clerk and agreed to.
async fn agreed(desk: &Desk, home: &Let, form: &StayForm) {
    let id = contract_stay_create(&desk.entry, home.contract, version(desk, home).await, form).await.expect("entered");
    let status = contract_stay_decide(&desk.approver, id, 1, true, "同意").await.expect("it is agreed to");
    assert_eq!(status, StayStatus::Approved);
}

/// The amounts of the bills of a fee whose period begins behind the term, with those that take others back.
async fn since(desk: &Desk, fee: FeeItem) -> Vec<i64> {
    let bills = bill_list(&desk.finance, &ListQuery::from_params([("fee_item", fee.code()), ("size", "100")])).await;
    let rows = bills.expect("bills").rows.into_iter().filter(|row| row.from >= month_of(today()));
    let mut amounts: Vec<(NaiveDate, i64)> = rows.map(|row| (row.from, row.amount.fen())).collect();
    amounts.sort_unstable();
    amounts.into_iter().map(|(_, fen)| fen).collect()
}

/// How many bills the run of a month makes.
async fn run(desk: &Desk, district: OrganizationId, month: NaiveDate) -> i32 {
    bills_run(&desk.finance, district, month, |_| ()).await.expect("it ran").bills
}

async fn district_of(desk: &Desk, home: &Let) -> OrganizationId {
    let district = sqlx::query_scalar("select district_id from contract where id = $1").bind(home.contract.0);
    OrganizationId(district.fetch_one(&desk.test.admin).await.expect("its district"))
}

/// From now on the market asks [`ABOVE`] above a rent.
async fn market_asks(desk: &Desk, home: &Let, rent: i64) {
    sqlx::query("update unit set market_rent_fen = $1 where id = $2")
        .bind(rent + ABOVE)
        .bind(home.unit.0)
        .execute(&desk.test.admin)
        .await
        .expect("a market");
}

fn part(monthly: i64, days: u32) -> i64 {
    let of = month_of(today()).checked_add_months(Months::new(1)).and_then(|day| day.pred_opt()).expect("a day").day();
    round_half_up(i128::from(monthly) * i128::from(days), i128::from(of))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_is_given_time_to_move() {
    let desk = Desk::open().await;
    let home = expired(&desk).await;
    assert_eq!(overdue(&desk).await, 1, "nobody has objected yet");
    let offer = contract_stay_offer(&desk.entry, home.contract).await.expect("an offer");
    let rent = contract_get(&desk.entry, home.contract).await.expect("it").row.monthly_rent;
    assert_eq!((offer.term.kind, offer.term.from, offer.term.rent), (StayKind::Relocation, month_of(today()), rent));
    // This month and the next.
    let last = month_of(today()).checked_add_months(Months::new(2)).and_then(|day| day.pred_opt()).expect("a day");
    let now = version(&desk, &home).await;
    let (id, wanted) = (home.contract, moving(last));
    assert_eq!(failure(contract_stay_create(&desk.approver, id, now, &wanted).await), Failure::Forbidden);
    assert_eq!(failure(contract_stay_create(&desk.entry, id, now - 1, &wanted).await), Failure::Conflict);
    let no_way = StayForm { served_way: String::new(), ..wanted.clone() };
    let complaint: Failure = FieldErrors::from(("served_way", "请选择送达方式")).into();
    assert_eq!(failure(contract_stay_create(&desk.entry, id, now, &no_way).await), complaint);
    let stay = contract_stay_create(&desk.entry, id, now, &wanted).await.expect("entered");
    assert_eq!((overdue(&desk).await, turn(&desk).await), (0, 1));
    assert_eq!(refusal(contract_stay_create(&desk.entry, id, now + 1, &wanted).await), STAY_IS_OPEN);
    let renewal = contract_renewal_offer(&desk.entry, home.contract).await.expect("an offer").form();
    let renewal = ContractForm { explained_on: renewal.sign_on.clone(), ..renewal };
    assert_eq!(refusal(contract_renew(&desk.entry, home.contract, &renewal, true).await), STAY_IS_OPEN);
    assert_eq!(failure(contract_stay_decide(&desk.entry, stay, 1, true, "").await), Failure::Forbidden);
    assert_eq!(failure(contract_stay_decide(&desk.approver, stay, 2, true, "").await), Failure::Conflict);
    let complaint: Failure = FieldErrors::from(("opinion", "请填写原因")).into();
    assert_eq!(failure(contract_stay_decide(&desk.approver, stay, 1, false, " ").await), complaint);
    contract_stay_decide(&desk.approver, stay, 1, true, "").await.expect("it is agreed to");
    assert_eq!((overdue(&desk).await, turn(&desk).await), (0, 0));

    let contract = contract_get(&desk.entry, home.contract).await.expect("it");
    assert_eq!((contract.row.status, contract.stay_to), (ContractStatus::Expired, Some(last)));
    assert_eq!((contract.history[0].event.as_str(), contract.stays.len()), ("同意到期处置", 1));
    assert_eq!(since(&desk, FeeItem::Rent).await, [rent.fen()], "this month is charged at once, at the old rent");
    // The run goes on until the day that was agreed to, and charges nothing twice.
    let district = district_of(&desk, &home).await;
    assert_eq!(run(&desk, district, month_of(today())).await, 0);
    let next = month_of(today()).checked_add_months(Months::new(1)).expect("a day");
    let desk = desk.on(last.succ_opt().expect("a day")).await;
    assert_eq!(run(&desk, district, next).await, 1);
    assert_eq!(run(&desk, district, month_of(desk.today())).await, 0, "behind it nothing was agreed to");
    assert_eq!(overdue(&desk).await, 1, "and somebody has to look again");
    let renewal = contract_renewal_offer(&desk.entry, home.contract).await.expect("an offer").form();
    assert_eq!(renewal.start_on, last.succ_opt().expect("a day").to_string(), "a renewal follows what was charged");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_entered_anew() {
    let desk = Desk::open().await;
    let home = expired(&desk).await;
    let now = version(&desk, &home).await;
    let last = contract_stay_offer(&desk.entry, home.contract).await.expect("an offer").term.latest(None);
    let id = contract_stay_create(&desk.entry, home.contract, now, &moving(last)).await.expect("entered");
    contract_stay_decide(&desk.approver, id, 1, false, "文号有误").await.expect("it is refused");
    let contract = contract_get(&desk.entry, home.contract).await.expect("it");
    assert_eq!((contract.stay_to, contract.may_stay(), overdue(&desk).await), (None, true, 1));
    assert_eq!(since(&desk, FeeItem::Rent).await, [0; 0]);
    assert_eq!(refusal(contract_stay_decide(&desk.approver, id, 2, true, "").await), "到期处置状态为“已驳回”，请刷新");
    // Who leaves by himself meanwhile is not held up.
    let id = contract_stay_create(&desk.entry, home.contract, version(&desk, &home).await, &moving(last)).await;
    let id = id.expect("entered anew");
    exit_create(&desk.entry, home.contract, &request(today())).await.expect("an exit");
    assert_eq!(refusal(contract_stay_decide(&desk.approver, id, 1, true, "").await), NOT_EXPIRED);
    assert_eq!(turn(&desk).await, 0);
}

/// Behind the time to move the market asks, and an exit cuts both off.
#[tokio::test(flavor = "multi_thread")]
async fn who_stays_pays_what_the_market_asks() {
    let desk = Desk::open().await;
    let home = expired(&desk).await;
    // Known late: it was to move on the first day already.
    agreed(&desk, &home, &moving(month_of(today()))).await;
    let market = StayForm {
        kind: "MARKET".into(),
        to: month_of(today()).checked_add_months(Months::new(6)).expect("a day").to_string(),
        no_home: true,
        reason: "逾期未腾退，无其他住房".into(),
        ..StayForm::default()
    };
    let none: Failure = FieldErrors::from(("market", "该房源没有市场租金，请先维护房源或租金标准的市场租金")).into();
    let forget = "update rent_standard set market_rate = null, ratio = null";
    sqlx::query(forget).execute(&desk.test.admin).await.expect("no market");
    let now = version(&desk, &home).await;
    assert_eq!(failure(contract_stay_create(&desk.entry, home.contract, now, &market).await), none);
    let rent = contract_get(&desk.entry, home.contract).await.expect("it").row.monthly_rent.fen();
    market_asks(&desk, &home, rent).await;
    let offer = contract_stay_offer(&desk.entry, home.contract).await.expect("an offer");
    assert_eq!(offer.term.kind, StayKind::Market);
    agreed(&desk, &home, &market).await;
    let of = month_of(today()).checked_add_months(Months::new(1)).and_then(|day| day.pred_opt()).expect("a day").day();
    assert_eq!(since(&desk, FeeItem::Rent).await, [part(rent, 1), part(rent, of - 1)]);
    assert_eq!(since(&desk, FeeItem::MarketDifference).await, [part(ABOVE, of - 1)]);

    let id = exit_create(&desk.entry, home.contract, &request(today())).await.expect("an exit");
    exit_decide(&desk.approver, id, 1, true, "").await.expect("it is agreed to");
    exit_inspect(&desk.operator, id, 2, &sheet("0")).await.expect("it is inspected");
    let offer = exit_bill_offer(&desk.finance, id, None).await.expect("a proposal");
    assert_eq!(offer.notices(), [""; 0], "every day is charged");
    let days = today().day() - 1;
    let anew: Vec<_> = offer.lines.iter().filter(|line| line.kind == ExitLineKind::Rent).collect();
    if days > 0 && today().day() < of {
        let told: Vec<_> = anew.iter().map(|line| (line.fee_item, line.amount.fen())).collect();
        let expected = [(FeeItem::Rent, part(rent, days)), (FeeItem::MarketDifference, part(ABOVE, days))];
        assert_eq!(told, expected);
    }
    exit_bill_make(&desk.finance, id, desk.version(id).await, &bill()).await.expect("a bill");
    let entered = store::tenancy::exit::exit_bill_decide(&desk.second, id, desk.version(id).await, true, "").await;
    entered.expect("it is entered");
    let above: i64 = since(&desk, FeeItem::MarketDifference).await.into_iter().sum();
    let expected = if today().day() == 1 { 0 } else { part(ABOVE, days) };
    assert_eq!(Money::from_fen(above), Money::from_fen(expected), "for no day longer than it stayed");
}

fn ending(last: NaiveDate) -> StayForm {
    let (kind, last, reason) = ("END".into(), last.to_string(), "承租人已取得其他住房".into());
    StayForm { kind, last, reason, ..StayForm::default() }
}

/// What an account holds and owes.
async fn funds(desk: &Desk, home: &Let) -> (i64, i64) {
    let row = account_get(&desk.cashier, home.account).await.expect("it").row;
    (row.balance.fen(), row.outstanding.fen())
}

/// By two people again, and its bills with it; what came in for these pays the bill of the days that are left.
#[tokio::test(flavor = "multi_thread")]
async fn days_that_were_granted_are_taken_back() {
    let desk = Desk::open().await;
    let home = expired(&desk).await;
    let first = month_of(today());
    let (id, tenth) = (home.contract, first.checked_add_days(Days::new(9)).expect("a day"));
    let complaint: Failure = FieldErrors::from(("kind", NOTHING_TO_END)).into();
    let now = version(&desk, &home).await;
    assert_eq!(failure(contract_stay_create(&desk.entry, id, now, &ending(tenth)).await), complaint);
    let last = first.checked_add_months(Months::new(2)).and_then(|day| day.pred_opt()).expect("a day");
    agreed(&desk, &home, &moving(last)).await;
    let rent = contract_get(&desk.entry, id).await.expect("it").row.monthly_rent.fen();
    let owed = funds(&desk, &home).await.1;
    desk.pay(home.account, 1, Money::from_fen(owed)).await;
    assert_eq!((since(&desk, FeeItem::Rent).await, funds(&desk, &home).await), (vec![rent], (0, 0)));

    let offer = contract_stay_offer(&desk.entry, id).await.expect("an offer");
    assert_eq!(offer.end, Some(StayEnd { end_on: first.pred_opt().expect("a day"), to: last }));
    let now = version(&desk, &home).await;
    assert_eq!(failure(contract_stay_create(&desk.approver, id, now, &ending(tenth)).await), Failure::Forbidden);
    let late: Failure = FieldErrors::from(("last", format!("最后计费日期须早于原截止日期{last}").as_str())).into();
    assert_eq!(failure(contract_stay_create(&desk.entry, id, now, &ending(last)).await), late);
    let asked = contract_stay_create(&desk.entry, id, now, &ending(tenth)).await.expect("entered");
    assert_eq!(turn(&desk).await, 1);
    assert_eq!(failure(contract_stay_decide(&desk.entry, asked, 1, true, "").await), Failure::Forbidden);
    contract_stay_decide(&desk.approver, asked, 1, false, "尚未核实").await.expect("it is refused");
    assert_eq!(
        (since(&desk, FeeItem::Rent).await, funds(&desk, &home).await),
        (vec![rent], (0, 0)),
        "nothing has changed"
    );
    agreed(&desk, &home, &ending(tenth)).await;
    let contract = contract_get(&desk.entry, id).await.expect("it");
    assert_eq!((contract.row.status, contract.stay_to), (ContractStatus::Expired, Some(tenth)));
    assert_eq!(contract.plan.last().map(|bill| bill.to), Some(tenth));
    let told: Vec<_> = contract.stays.iter().map(|stay| (stay.kind, stay.to, stay.status)).collect();
    let ended = |status| (StayKind::End, last, status);
    let moved = (StayKind::Relocation, tenth, StayStatus::Approved);
    assert_eq!(told, [ended(StayStatus::Approved), ended(StayStatus::Refused), moved]);
    let left = part(rent, 10);
    assert_eq!(since(&desk, FeeItem::Rent).await, [-rent, left, rent]);
    assert_eq!(funds(&desk, &home).await, (rent - left, 0));

    let district = district_of(&desk, &home).await;
    assert_eq!(run(&desk, district, first).await, 0);
    let desk = desk.on(last.succ_opt().expect("a day")).await;
    let next = first.checked_add_months(Months::new(1)).expect("a day");
    assert_eq!(run(&desk, district, next).await, 0, "of the days that are taken back");
    assert_eq!(overdue(&desk).await, 1, "and somebody has to look again");
}

/// What follows begins behind the days that are left; when these are taken back too, it is as if nothing had been granted.
#[tokio::test(flavor = "multi_thread")]
async fn all_that_was_granted_is_taken_back() {
    let desk = Desk::open().await;
    let home = expired(&desk).await;
    let (id, first) = (home.contract, month_of(today()));
    let (tenth, before) = (first.checked_add_days(Days::new(9)).expect("a day"), first.pred_opt().expect("a day"));
    let rent = contract_get(&desk.entry, id).await.expect("it").row.monthly_rent.fen();
    let owed = funds(&desk, &home).await.1;
    agreed(&desk, &home, &moving(tenth)).await;
    market_asks(&desk, &home, rent).await;
    let market = StayForm {
        kind: "MARKET".into(),
        to: first.checked_add_months(Months::new(3)).expect("a day").to_string(),
        no_home: true,
        reason: "逾期未腾退，无其他住房".into(),
        ..StayForm::default()
    };
    agreed(&desk, &home, &market).await;
    let of = first.checked_add_months(Months::new(1)).and_then(|day| day.pred_opt()).expect("a day").day();
    let (rest, above) = (part(rent, of - 10), part(ABOVE, of - 10));
    assert_eq!(since(&desk, FeeItem::MarketDifference).await, [above]);
    agreed(&desk, &home, &ending(tenth)).await;
    assert_eq!(since(&desk, FeeItem::MarketDifference).await, [-above, above]);
    assert_eq!(since(&desk, FeeItem::Rent).await, [part(rent, 10), -rest, rest]);
    let contract = contract_get(&desk.entry, id).await.expect("it");
    let market = contract.stays.iter().find(|stay| stay.kind == StayKind::Market).expect("it is told");
    assert_eq!((market.status, contract.stay_to), (StayStatus::Withdrawn, Some(tenth)));
    let offer = contract_stay_offer(&desk.entry, id).await.expect("an offer").term;
    assert_eq!((offer.kind, offer.from), (StayKind::Market, tenth.succ_opt().expect("a day")));
    // From the same day on it is granted once more.
    let again = StayForm {
        kind: "MARKET".into(),
        to: first.checked_add_months(Months::new(2)).expect("a day").to_string(),
        no_home: true,
        reason: "核实无其他住房".into(),
        ..StayForm::default()
    };
    agreed(&desk, &home, &again).await;
    assert_eq!(since(&desk, FeeItem::MarketDifference).await, [-above, above, above]);
    agreed(&desk, &home, &ending(before)).await;
    let contract = contract_get(&desk.entry, id).await.expect("it");
    assert_eq!((contract.stay_to, contract.plan.last().map(|bill| bill.to)), (None, Some(before)));
    for item in [FeeItem::Rent, FeeItem::MarketDifference] {
        assert_eq!(since(&desk, item).await.into_iter().sum::<i64>(), 0, "{item}");
    }
    assert_eq!(funds(&desk, &home).await, (0, owed), "as it was on the last day of the contract");
    let offer = contract_stay_offer(&desk.entry, id).await.expect("an offer");
    assert_eq!((offer.term.kind, offer.term.from, offer.end), (StayKind::Relocation, first, None));
}
