//! What stands against a swap, and what becomes of one that comes to nothing.

use super::desk::{Desk, asked, complaint, desk, failure, month_ahead, refusal, today};
use crate::support::city;
use chrono::Days;
use domain::{
    dictionary::ContractStatus,
    failure::Failure,
    tenancy::{
        change::{CHANGE_BEFORE_RENEWAL, CHANGE_IS_OPEN, ChangeForm, ChangeKind, ChangeStatus, NOT_IN_FORCE},
        swap::{NO_COMMON_PERIOD, SwapForm},
    },
};
use store::tenancy::{
    change::{
        change_create, change_decide, change_get, change_list, change_revoke, change_submit, change_withdraw,
        swap_create, swap_offer,
    },
    contract::{contract_get, contract_renew},
};

fn phone(nth: u32) -> ChangeForm {
    ChangeForm {
        request: format!("00000000-0000-4000-9000-{nth:012x}"),
        kind: ChangeKind::Phone.code().into(),
        effective_on: today().to_string(),
        reason: "换号".into(),
        phone: "13800009999".into(),
        ..ChangeForm::default()
    }
}

/// Each thing that stands against it is said when it is asked for, and its contrary undone it is possible.
#[tokio::test(flavor = "multi_thread")]
async fn each_obstacle_is_told() {
    let desk = desk().await;
    let [first, second] = desk.houses;
    let (id, unit, account) = (second.contract, second.unit, second.account);
    let reduction = format!(
        "insert into rent_reduction (district_id, estate_id, request_id, contract_id, category, percent, standard_area, from_on, to_on,
             doc_no, full_fen, payable_fen, maker_id)
         select district_id, estate_id, gen_random_uuid(), id, 'DIBAO', 10, 5000, start_on, start_on + 60, 'x', 100, 10, 1
         from contract where id = {id}"
    );
    let adjustment = format!(
        "insert into rent_adjustment (district_id, estate_id, kind, target, month, doc_no, maker_id)
         select district_id, estate_id, 'STANDARD', '测试', '2026-01-01', 'x', 1 from contract where id = {id};
         insert into rent_change (district_id, estate_id, adjustment_id, contract_id, old_rate, new_rate, old_base_fen, old_rent_fen,
             new_base_fen, new_rent_fen, from_on)
         select c.district_id, c.estate_id, a.id, c.id, 26000, 30000, 100, 100, 120, 120, c.start_on
         from contract c join rent_adjustment a using (estate_id) where c.id = {id}"
    );
    let refund =
        format!("update bill set paid_fen = paid_fen - 1 where account_id = {account} and fee_item = 'DEPOSIT'");
    for (stands, again, told) in [
        (
            format!("update unit set status = 'SIGNED' where id = {unit}"),
            format!("update unit set status = 'OCCUPIED' where id = {unit}"),
            "尚未办理入住，不能调换",
        ),
        (
            format!("update unit set category = 'TALENT' where id = {unit}"),
            format!("update unit set category = 'PRH' where id = {unit}"),
            "两套住房的住房类别不同，不能调换",
        ),
        (
            format!(
                "update unit set rent_standard_id = (select id from rent_standard where code = 'ZJ-02') where id = {unit}"
            ),
            format!(
                "update unit set rent_standard_id = (select id from rent_standard where code = 'ZJ-01') where id = {unit}"
            ),
            "住房没有执行中的租金标准，请先维护房源",
        ),
        (reduction, "delete from rent_reduction".into(), "有待审批的租金核减，请先办结"),
        (adjustment, "delete from rent_change".into(), "有待审批或待生效的租金调整，请先办结，或改为调整生效之后调换"),
        (
            refund,
            format!("update bill set paid_fen = amount_fen where account_id = {account} and fee_item = 'DEPOSIT'"),
            "有逾期未缴的费用或未缴的押金，结清后才能调换",
        ),
    ] {
        desk.execute(&stands).await;
        let offer = swap_offer(&desk.entry, first.contract, second.contract).await.expect("an offer");
        assert!(offer.obstacles.iter().any(|line| line.ends_with(told)), "{told}: {:?}", offer.obstacles);
        let said = refusal(swap_create(&desk.entry, &asked(&desk, 1), true).await);
        assert!(said.ends_with(told), "{told}: {said}");
        desk.execute(&again).await;
    }
    // Nor with oneself, on any day, or twice.
    let same = SwapForm { second: first.contract.to_string(), ..asked(&desk, 1) };
    assert_eq!(failure(swap_create(&desk.entry, &same, true).await), complaint("second", "请选择另一份合同"));
    let other = SwapForm { effective_on: (month_ahead(1) + Days::new(1)).to_string(), ..asked(&desk, 1) };
    assert_eq!(failure(swap_create(&desk.entry, &other, true).await), complaint("effective_on", NO_COMMON_PERIOD));
    let id = desk.ask(&asked(&desk, 1)).await;
    let said = refusal(swap_create(&desk.entry, &asked(&desk, 2), true).await);
    assert!(said.ends_with("已有办理中的变更，请先办结"), "{said}");
    // And nothing else is asked for meanwhile, of either contract.
    for house in desk.houses {
        let refused = change_create(&desk.entry, house.contract, &phone(1), true).await;
        assert_eq!(failure(refused), complaint("kind", CHANGE_IS_OPEN));
        let renewal = contract_renew(&desk.entry, house.contract, &Default::default(), true).await;
        assert_eq!(failure(renewal), Failure::refused(CHANGE_BEFORE_RENEWAL));
    }
    assert_eq!(desk.agree(id).await, ChangeStatus::Approved);
}

/// Books, deposits and numbers are a district's.
#[tokio::test(flavor = "multi_thread")]
async fn homes_of_two_districts_are_not_swapped() {
    let desk = desk().await;
    let [first, second] = desk.houses;
    let outside = swap_offer(&desk.at("district-b", today()).await, first.contract, second.contract).await;
    assert_eq!(failure(outside), Failure::Forbidden);
    desk.execute(&format!(
        "select set_config('app.platform', 'on', false), set_config('app.contract', 'change', false);
         insert into role_permission select id, 'tenancy:contract:write' from role where code = 'CITY';
         update contract set district_id = (select id from organization where code = '810102'),
                estate_id = (select id from estate where name = '星光苑') where id = {}",
        second.contract
    ))
    .await;
    let offer = swap_offer(&desk.entry, first.contract, second.contract).await;
    assert_eq!(failure(offer), Failure::NotFound, "the clerk does not see it");
    let city = city::ctx(&desk.test.database, "city").await;
    let said = refusal(swap_create(&city, &asked(&desk, 1), true).await);
    assert_eq!(said, "两套住房不在同一区县，账户、押金和租金分属两个区县，请各自办理退租和新签");
}

/// Who sees one of the homes only decides nothing, and is told why.
#[tokio::test(flavor = "multi_thread")]
async fn who_sees_one_home_only_decides_nothing() {
    let desk = desk().await;
    let id = desk.ask(&asked(&desk, 1)).await;
    desk.execute(&format!(
        "alter table contract_change disable trigger user;
         update contract_change set estate_id = (select id from estate where name = '阳光苑') where id = {};
         alter table contract_change enable trigger user",
        id + 1
    ))
    .await;
    let seen = change_get(&desk.entry, id).await.expect("the one");
    assert!(seen.swap.is_empty() && !seen.row.withdrawable && seen.after.home.is_some());
    let said = refusal(change_withdraw(&desk.entry, id, seen.row.version).await);
    assert_eq!(said, "调换的另一套住房不在您的管辖范围内，请由能办理两套住房的人员处理");
}

/// Refused, taken back, given up: both, and the contracts go on as they were.
#[tokio::test(flavor = "multi_thread")]
async fn both_go_the_same_way() {
    let desk = desk().await;
    let draft = swap_create(&desk.entry, &asked(&desk, 1), false).await.expect("a draft");
    assert_eq!(desk.statuses(draft).await, ["DRAFT", "DRAFT"]);
    // From the page of either.
    change_submit(&desk.entry, draft + 1, 1).await.expect("submitted");
    assert_eq!(desk.statuses(draft).await, ["PENDING", "PENDING"]);
    assert_eq!(failure(change_decide(&desk.approver, draft, 2, false, "").await), complaint("opinion", "请填写原因"));
    change_decide(&desk.approver, draft, 2, false, "双方再商量").await.expect("refused");
    assert_eq!(desk.statuses(draft).await, ["REFUSED", "REFUSED"]);
    let taken_back = desk.ask(&asked(&desk, 2)).await;
    change_withdraw(&desk.entry, taken_back + 1, 2).await.expect("taken back");
    assert_eq!(desk.statuses(taken_back).await, ["WITHDRAWN", "WITHDRAWN"]);
    let id = desk.agreed(3).await;
    let version = change_get(&desk.approver, id).await.expect("it").row.version;
    assert_eq!(failure(change_revoke(&desk.entry, id, version, "不换了").await), Failure::Forbidden);
    // Behind its day, before the server has looked: what the run left out is charged now.
    let day = month_ahead(1);
    assert_eq!(desk.run(day).await, 0);
    let approver = desk.at("approver", day).await;
    change_revoke(&approver, id, version, "不换了").await.expect("given up");
    assert_eq!(desk.statuses(id).await, ["LAPSED", "LAPSED"]);
    go_on(&desk).await;
    assert_eq!(desk.work(day).await, 0);
    assert_eq!(change_list(&desk.entry, &domain::list::ListQuery::default()).await.expect("a list").total, 6);
    // Nobody makes one of two, whoever writes.
    for (sql, constraint) in [
        ("update contract_change set checker_id = maker_id where status = 'LAPSED'", "contract_change_checker_check"),
        (
            "update contract_change set status = 'DRAFT', effective_at = null where id = (select max(id) from contract_change where status = 'WITHDRAWN')",
            "contract_change_pair",
        ),
        ("update contract_change set pair_id = null where kind = 'SWAP'", "contract_change_swap_check"),
    ] {
        let error = sqlx::query(sql).execute(&desk.test.admin).await.expect_err("a refusal");
        let refused = error.as_database_error().and_then(|error| error.constraint().map(ToOwned::to_owned));
        assert_eq!(refused.as_deref(), Some(constraint), "{sql}");
    }
}

/// Each lives on where he did, and was charged for the month of the day.
async fn go_on(desk: &Desk) {
    for house in desk.houses {
        let contract = contract_get(&desk.entry, house.contract).await.expect("the contract");
        assert_eq!(contract.row.status, ContractStatus::Active);
        let charged = desk.charged(house.person).await;
        assert_eq!(charged.last().map(|bill| (bill.0, bill.1)), Some((house.unit.0, month_ahead(1))));
        assert_eq!(charged.len(), 2);
    }
    assert_eq!(desk.number("select count(*) from contract").await, 2);
    assert_eq!(desk.number("select count(*) from account").await, 2);
}

/// One of the two cannot: neither is changed, both are told why, and no month is lost.
#[tokio::test(flavor = "multi_thread")]
async fn what_stands_against_one_stands_against_both() {
    let desk = desk().await;
    let id = desk.agreed(1).await;
    let day = month_ahead(1);
    assert_eq!(desk.run(day).await, 0);
    let owes = format!(
        "update bill set paid_fen = paid_fen - 1 where account_id = {} and fee_item = 'RENT'",
        desk.houses[1].account
    );
    desk.execute(&owes).await;
    assert_eq!(desk.work(day).await, 0);
    assert_eq!(desk.statuses(id).await, ["LAPSED", "LAPSED"]);
    for change in [id, id + 1] {
        let message = change_get(&desk.entry, change).await.expect("it").row.message.expect("a reason");
        assert!(message.contains("测试租户1") && message.ends_with("结清后才能调换"), "{message}");
    }
    go_on(&desk).await;
    assert_eq!(desk.run(day).await, 0, "nobody has to run the month again");
    // Another ended meanwhile.
    desk.execute("update bill set paid_fen = amount_fen").await;
    let desk_day = month_ahead(2);
    let later = SwapForm { effective_on: desk_day.to_string(), ..asked(&desk, 2) };
    let id = desk.ask(&later).await;
    assert_eq!(desk.agree(id).await, ChangeStatus::Approved);
    let ended = format!("update contract set status = 'CANCEL_PENDING' where id = {}", desk.houses[0].contract);
    desk.execute(&ended).await;
    assert_eq!(desk.work(desk_day).await, 0);
    let row = change_get(&desk.entry, id).await.expect("it").row;
    assert_eq!(row.status, ChangeStatus::Lapsed);
    assert!(
        row.message.as_deref().is_some_and(|told| told == NOT_IN_FORCE || told.contains("合同状态")),
        "{:?}",
        row.message
    );
}

/// A fault in the middle leaves both as they were, and it is tried again.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_leaves_both_as_they_were() {
    let desk = desk().await;
    let id = desk.agreed(1).await;
    let day = month_ahead(1);
    desk.execute(&format!(
        "create function boom() returns trigger language plpgsql as $$ begin
             if new.swapped and new.person_id = {} then raise exception 'boom'; end if; return new; end $$;
         create trigger boom before insert on contract for each row execute function boom()",
        desk.houses[1].person
    ))
    .await;
    assert_eq!(desk.work(day).await, 0);
    assert_eq!(desk.statuses(id).await, ["APPROVED", "APPROVED"], "it waits");
    assert_eq!(desk.number("select count(*) from contract where status = 'ACTIVE'").await, 2);
    assert_eq!(desk.number("select count(*) from contract").await, 2);
    assert_eq!(desk.number("select sum(balance_fen)::bigint from account").await, 12_000);
    desk.execute("drop trigger boom on contract").await;
    assert_eq!(desk.work(day).await, 1);
    assert_eq!(desk.statuses(id).await, ["EFFECTIVE", "EFFECTIVE"]);
    assert_eq!(desk.number("select count(*) from contract where status = 'ACTIVE' and swapped").await, 2);
}
