//! I-10 合同信息 (domain.md §7.10): every complaint of its list, and what a good file makes.

use crate::support::{
    TestDatabase, city,
    sheet::{Cells, complaint, import, row, take, told},
    tenancy::{active, assigned, form, lease_data, tenant, vacant},
};
use domain::{dictionary::ContractStatus, import::SheetKey, list::ListQuery};
use store::tenancy::contract::{SyncAnswer, contract_decide, contract_get, contract_list, contract_synced};

const SHEET: SheetKey = SheetKey::Contract;

#[tokio::test(flavor = "multi_thread")]
async fn every_complaint_of_the_list() {
    let test = TestDatabase::with_city().await;
    lease_data(&test).await;
    tenant(&test, 1).await;
    // Of somebody who was never assigned a home.
    let other: Cells = &[("承租人姓名", "测试租户1"), ("证件号码", "81010119900307005X"), ("户名", "测试租户1")];
    let entry = city::ctx(&test.database, "entry").await;
    let cases: &[(Cells, &str)] = &[
        (&[], ""),
        (&[("证件号码", "810101199003070092")], "承租人不存在，请先登记人员"),
        (&[("承租人姓名", "某人"), ("户名", "某人")], "姓名与证件号不一致"),
        (other, "该房源未分配给该承租人"),
        (&[("小区名称", "没有苑")], "小区不存在"),
        (&[("楼栋号", "9号楼")], "楼栋不存在"),
        (&[("房号", "999")], "房源不存在"),
        // VACANT and OCCUPIED are not ASSIGNED.
        (&[("房号", "102")], "房屋状态不是已分配"),
        (&[("房号", "103")], "房屋状态不是已分配"),
        (&[("租赁结束日期", "2025-12-31")], "租赁结束日期须晚于开始日期"),
        (&[("租赁结束日期", "2031-01-01")], "租赁期限不得超过60个月"),
        (&[("计租面积口径", "建筑面积")], "计租面积口径与租金标准不一致"),
        (&[("租金标准(元/㎡·月)", "2.61"), ("月租金(元)", "112.23")], "租金标准未批准"),
        (&[("月租金(元)", "111.81")], "月租金应为111.80元"),
        (&[("核减额(元)", "11.80")], "月租金应为100.00元"),
        (&[("核减额(元)", "111.81")], "核减额不能大于核定租金"),
        (&[("核减额(元)", "11.80"), ("月租金(元)", "100.00")], ""),
        (&[("户名", "某人")], "户名与承租人不一致"),
        (&[("签订日期", "2026-01-02")], "签订日期不能晚于租赁开始日期"),
        (&[("缴费日", "29")], "【缴费日】应为1至28的整数"),
        (&[("账单拆分", "CONTRACT"), ("缴费周期", "QUARTER"), ("计租面积口径", "USABLE")], ""),
    ];
    for (cells, sentence) in cases {
        assert_eq!(complaint(&entry, SHEET, cells).await, *sentence, "{cells:?}");
    }
    // Another district's clerk sees no such home; who may not write contracts imports none.
    sqlx::query("insert into rent_standard (code, name, unit_rate, basis, doc_no, valid_from) values ('ZJ-30', '别的', 30000, 'USABLE', '1', '2026-01-01')")
        .execute(&test.admin)
        .await
        .expect("a standard");
    let rate: Cells = &[("租金标准(元/㎡·月)", "3.00"), ("月租金(元)", "129.00")];
    assert_eq!(complaint(&entry, SHEET, rate).await, "租金标准与房源的租金标准2.60不一致");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_makes_contracts_that_wait_for_their_approver() {
    let test = TestDatabase::with_city().await;
    lease_data(&test).await;
    let entry = city::ctx(&test.database, "entry").await;
    // Another home, assigned to another, under a number of its own.
    let second = tenant(&test, 1).await;
    assigned(&test, second, vacant(&test, 0).await).await;
    let numbered: Cells = &[
        ("合同编号", "JHT-1"),
        ("承租人姓名", "测试租户1"),
        ("证件号码", "81010119900307005X"),
        ("户名", "测试租户1"),
        ("房号", "102"),
        ("代扣协议号", "XY77"),
    ];
    import(&entry, SHEET, vec![row(SHEET, &[]), row(SHEET, numbered)]).await;
    let page = contract_list(&entry, &ListQuery::default()).await.expect("contracts");
    assert_eq!(page.total, 2);
    assert!(page.rows.iter().all(|row| row.status == ContractStatus::Pending && row.submitted_at.is_some()));
    let row_of = |name: &str| page.rows.iter().find(|row| row.lessee == name).expect("a contract").clone();
    let (first, second) = (row_of("测试租户0"), row_of("测试租户1"));
    assert_eq!((first.contract_no, second.contract_no.as_deref()), (None, Some("JHT-1")));
    let seen = contract_get(&entry, first.id).await.expect("the contract");
    assert_eq!(
        (seen.row.monthly_rent.fen(), seen.deposit.fen(), seen.bank_holder.as_str()),
        (11_180, 100_000, "测试租户0")
    );
    assert_eq!(seen.explained_on, Some(seen.sign_on));
    assert_eq!((seen.history.len(), seen.history[0].event.as_str()), (1, "导入"));
    // The same file again: the homes are taken, and so is a number, wherever it is given.
    let again = take(&entry, SHEET, true, vec![row(SHEET, &[]), row(SHEET, numbered)]).await;
    let sentence = told(&again);
    assert_eq!(sentence[0].1, "房源已有待审批或履行中的合同；与合同（待编号）租期重叠");
    assert!(sentence[1].1.starts_with("合同编号已存在；"), "{sentence:?}");
    // Who imported it does not approve it; the approver does, and the bank hears of it.
    let refused = contract_decide(&entry, first.id, first.version, true, "").await;
    assert!(refused.is_err(), "a clerk does not approve");
    let approver = city::ctx(&test.database, "approver").await;
    let status = contract_decide(&approver, first.id, first.version, true, "").await.expect("an approval");
    assert_eq!(status, ContractStatus::ApprovedSyncing);
    let number = contract_get(&entry, first.id).await.expect("it").row.contract_no.expect("a number");
    let answer = SyncAnswer::Known { agreement_no: None };
    let status = contract_synced(&test.database, &number, answer, chrono::Utc::now()).await.expect("in force");
    assert_eq!(status, ContractStatus::Active);
    assert_eq!(
        contract_decide(&approver, second.id, second.version, false, "资料不全").await.expect("a refusal"),
        ContractStatus::Rejected
    );
}

/// A number of our own pattern that another system has given is left out, and none is taken for a contract that brings one.
#[tokio::test(flavor = "multi_thread")]
async fn an_imported_number_stops_no_approval() {
    let test = TestDatabase::with_city().await;
    lease_data(&test).await;
    let second = tenant(&test, 1).await;
    assigned(&test, second, vacant(&test, 0).await).await;
    let entry = city::ctx(&test.database, "entry").await;
    let district: String = sqlx::query_scalar("select left(division_code, 6) from organization where code = '810101'")
        .fetch_one(&test.admin)
        .await
        .expect("the district");
    let ours = format!("HT{}{district}000001", store::ctx::china_day(chrono::Utc::now()).format("%Y"));
    let numbered: Cells = &[
        ("合同编号", &ours),
        ("承租人姓名", "测试租户1"),
        ("证件号码", "81010119900307005X"),
        ("户名", "测试租户1"),
        ("房号", "102"),
    ];
    import(&entry, SHEET, vec![row(SHEET, &[]), row(SHEET, numbered)]).await;
    let approver = city::ctx(&test.database, "approver").await;
    let mut rows = contract_list(&entry, &ListQuery::default()).await.expect("contracts").rows;
    // The one that brings its number first: it takes no other.
    rows.sort_by_key(|row| row.contract_no.is_none());
    let mut numbers = Vec::new();
    for row in rows {
        contract_decide(&approver, row.id, row.version, true, "").await.expect("an approval");
        numbers.push(contract_get(&entry, row.id).await.expect("it").row.contract_no.expect("a number"));
    }
    assert_eq!(numbers, [ours.clone(), format!("{}2", &ours[..ours.len() - 1])]);
}

/// A lessee with a contract elsewhere gets no second one.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_has_one_contract() {
    let test = TestDatabase::with_city().await;
    let person = tenant(&test, 0).await;
    let assignment = assigned(&test, person, vacant(&test, 0).await).await;
    active(&test, &form(assignment)).await;
    // As if the second home had been assigned by somebody who did not look.
    sqlx::raw_sql(
        "update unit set status = 'ASSIGNED' where id = (select id from unit where status = 'VACANT' and estate_id =
             (select id from estate where name = '月光苑') order by id limit 1);
         insert into assignment (district_id, estate_id, unit_id, person_id, person_name, id_number_mask, status, reason, maker_id,
             checker_id, checked_at, expires_on)
         select district_id, estate_id, id, (select person_id from contract limit 1), '测试租户0', '*', 'CONFIRMED', '测试', 1, 2, now(),
             '2099-12-31' from unit where status = 'ASSIGNED'",
    )
    .execute(&test.admin)
    .await
    .expect("an assignment");
    let entry = city::ctx(&test.database, "entry").await;
    let sentence = complaint(&entry, SHEET, &[("房号", "102")]).await;
    assert_eq!(sentence, "承租人已有待审批或履行中的合同");
}
