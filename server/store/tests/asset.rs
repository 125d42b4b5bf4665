//! Asset cards (E-15, E-16, S1-4.3, S1-4.4): entry, the rules between master and sub cards, requests and decisions.

use crate::support::{
    TestDatabase,
    asset::{approve, approved, grant, id, master, master_form, registered, sub, sub_form, units},
    city,
};
use domain::{
    dictionary::AssetStatus,
    failure::{Failure, FieldErrors},
    housing::{
        asset_change::{AssetChangeForm, AssetDecisionForm, ChangeKind, ChangeState},
        asset_master::AssetMasterForm,
        removal::{PROJECT_HAS_CARD, UNIT_HAS_CARD},
    },
    id::{ProjectId, UnitId},
    list::ListQuery,
    value::Money,
};
use sqlx::Connection as _;
use store::housing::{
    asset_change::{asset_change_decide, asset_change_list, asset_master_request, asset_sub_request, asset_submit},
    asset_master::{
        asset_choices_get, asset_master_create, asset_master_delete, asset_master_get, asset_master_list,
        asset_master_update,
    },
    asset_sub::{asset_sub_create, asset_sub_delete, asset_sub_get, asset_sub_list, asset_sub_update},
    project::project_delete,
    unit::{unit_delete, unit_get},
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

fn yuan(text: &str) -> Money {
    Money::parse_yuan(text).unwrap()
}

fn because(form: AssetChangeForm) -> AssetChangeForm {
    AssetChangeForm { reason: "改造".into(), document_no: "房〔2026〕1号".into(), ..form }
}

#[tokio::test]
async fn a_draft_is_entered_changed_and_deleted() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let form = master_form(&test).await;
    let made = asset_master_create(&ctx, &form).await.expect("created");
    let card = master(&ctx, made).await;
    assert_eq!((card.status, card.life_years, card.district.as_str()), (AssetStatus::Draft, 50, "甲区"));
    assert_eq!((card.original, card.fiscal_part), (yuan("180,000"), Some(yuan("100,000"))));
    assert_eq!(AssetMasterForm::from(&card).original, "180,000.00");
    assert_eq!(failure(asset_master_create(&ctx, &form).await), complaint("card_no", "卡片编号已存在"));
    let changed = AssetMasterForm { asset_name: "改名".into(), ..form.clone() };
    asset_master_update(&ctx, made, 1, &changed).await.expect("changed");
    assert_eq!(failure(asset_master_update(&ctx, made, 1, &changed).await), Failure::Conflict);
    let unit = units(&test).await[0];
    let part = asset_sub_create(&ctx, made, &sub_form("ZK-1", unit, "1")).await.expect("a sub card");
    let other = id(&test, "select id from project where name = '甲经适项目'").await.to_string();
    assert_eq!(
        failure(asset_master_update(&ctx, made, 2, &AssetMasterForm { project: other, ..changed }).await),
        complaint("project", "已有子卡片的主卡片不能改换项目，请先删除子卡片")
    );
    assert_eq!(
        failure(asset_master_delete(&ctx, made, 2).await),
        Failure::refused("主卡片下存在子卡片，不能删除，请先删除子卡片")
    );
    asset_sub_delete(&ctx, part, 1).await.expect("deleted");
    asset_master_delete(&ctx, made, 2).await.expect("deleted");
    assert_eq!(failure(asset_master_get(&ctx, made).await), Failure::NotFound);
    // What is deleted gives its number free, and stays in the database.
    asset_master_create(&ctx, &form).await.expect("the number is free");
    assert_eq!(id(&test, "select count(*) from asset_master").await, 2);
}

#[tokio::test]
async fn who_keeps_cards_and_where() {
    let test = TestDatabase::with_city().await;
    let form = master_form(&test).await;
    for login in ["operator", "leader", "auditor", "entry", "admin"] {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(failure(asset_master_create(&ctx, &form).await), Failure::Forbidden, "{login}");
    }
    let b = city::ctx(&test.database, "district-b").await;
    assert_eq!(failure(asset_master_create(&b, &form).await), complaint("project", "项目不存在，或不在您的管辖范围内"));
    let unit = units(&test).await[0];
    let (card, subs) = registered(&test, &[(unit, "10,000")]).await;
    for login in ["city", "leader", "auditor", "district-a", "finance", "operator"] {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(master(&ctx, card).await.sub_cards, 1, "{login}");
        let query = ListQuery::default();
        assert_eq!(asset_master_list(&ctx, &query).await.expect("a list").total, 1, "{login}");
        assert_eq!(asset_sub_list(&ctx, &query).await.expect("a list").total, 1, "{login}");
        assert_eq!(asset_change_list(&ctx, &query).await.expect("a list").total, 1, "{login}");
    }
    // The clerk of 月光苑 sees the project's master card, but no card of 阳光苑.
    let entry = city::ctx(&test.database, "entry").await;
    assert_eq!(master(&entry, card).await.id, card);
    assert_eq!(failure(asset_sub_get(&entry, subs[0]).await), Failure::NotFound);
    assert_eq!(failure(asset_master_get(&b, card).await), Failure::NotFound);
    assert_eq!(failure(asset_sub_get(&b, subs[0]).await), Failure::NotFound);
    assert_eq!(asset_master_list(&b, &ListQuery::default()).await.expect("a list").total, 0);
    assert_eq!(asset_choices_get(&b).await.expect("choices").projects.len(), 1);
}

#[tokio::test]
async fn a_sub_card_is_of_one_unit_of_the_project() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let all = units(&test).await;
    let made = asset_master_create(&ctx, &master_form(&test).await).await.expect("created");
    let mut none = sub_form("ZK-1", all[0], "1");
    none.unit.clear();
    assert_eq!(failure(asset_sub_create(&ctx, made, &none).await), complaint("unit", "请选择房源"));
    let first = asset_sub_create(&ctx, made, &sub_form("ZK-1", all[0], "100,000")).await.expect("a sub card");
    assert_eq!(
        failure(asset_sub_create(&ctx, made, &sub_form("ZK-2", all[0], "1")).await),
        complaint("unit", "该房源已存在资产子卡片")
    );
    assert_eq!(
        failure(asset_sub_create(&ctx, made, &sub_form("ZK-1", all[1], "1")).await),
        complaint("card_no", "卡片编号已存在")
    );
    assert_eq!(
        failure(asset_sub_create(&ctx, made, &sub_form("ZK-2", all[1], "80,000.01")).await),
        complaint("original", "子卡片原值合计超过主卡片")
    );
    let star =
        id(&test, "select min(u.id) from unit u join estate e on e.id = u.estate_id where e.name = '星光苑'").await;
    assert_eq!(
        failure(asset_sub_create(&ctx, made, &sub_form("ZK-2", star, "1")).await),
        complaint("unit", "该房源不属于主卡片的项目")
    );
    assert_eq!(
        failure(asset_sub_create(&ctx, made, &sub_form("ZK-2", 999_999, "1")).await),
        complaint("unit", "房源不存在，或不在您的管辖范围内")
    );
    asset_sub_update(&ctx, first, 1, &sub_form("ZK-1", all[0], "180,000")).await.expect("all of it");
    assert_eq!(
        failure(asset_sub_update(&ctx, first, 2, &sub_form("ZK-1", all[0], "180,000.01")).await),
        complaint("original", "子卡片原值合计超过主卡片")
    );
    assert_eq!(failure(asset_sub_update(&ctx, first, 1, &sub_form("ZK-1", all[0], "1")).await), Failure::Conflict);
    let less = AssetMasterForm { original: "179,999.99".into(), ..master_form(&test).await };
    assert_eq!(
        failure(asset_master_update(&ctx, made, 1, &less).await),
        complaint("original", "子卡片原值合计超过主卡片")
    );
    let card = master(&ctx, made).await;
    assert_eq!((card.allocated, card.unallocated(), card.sub_cards), (yuan("180,000"), Money::ZERO, 1));
}

#[tokio::test]
async fn what_stands_in_the_ledger_is_not_deleted_from_the_stock() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let vacant = *units(&test).await.last().expect("units");
    let made = asset_master_create(&ctx, &master_form(&test).await).await.expect("created");
    let card = asset_sub_create(&ctx, made, &sub_form("ZK-1", vacant, "1")).await.expect("a sub card");
    let unit = UnitId(vacant);
    let version = unit_get(&ctx, unit).await.expect("a unit").version;
    assert_eq!(failure(unit_delete(&ctx, unit, version).await), Failure::refused(UNIT_HAS_CARD));
    asset_sub_delete(&ctx, card, 1).await.expect("a draft");
    unit_delete(&ctx, unit, version).await.expect("nothing is bound to it");

    let project = id(&test, "select project_id from asset_master").await;
    for statement in ["update unit set deleted_at = now()", "update building set deleted_at = now()"] {
        sqlx::query(statement).execute(&test.admin).await.expect("an empty project");
    }
    let version = id(&test, &format!("select version::bigint from project where id = {project}")).await as i32;
    let refused = project_delete(&ctx, ProjectId(project), version).await;
    assert_eq!(failure(refused), Failure::refused(PROJECT_HAS_CARD));
}

/// Two clerks fill the same master card at the same moment: each sees room for one, there is room for one only.
#[tokio::test]
async fn two_transactions_cannot_overfill_a_master_card() {
    let test = TestDatabase::with_city().await;
    let all = units(&test).await;
    let one = city::ctx(&test.database, "district-a").await;
    let two = city::ctx(&test.database, "finance").await;
    let made = asset_master_create(&one, &master_form(&test).await).await.expect("created");
    for round in 0..4 {
        let (a, b) = (all[2 * round], all[2 * round + 1]);
        let room = master(&one, made).await.unallocated();
        let original = Money::from_fen(room.fen() / 2 + 1).to_string();
        let (left, right) = (format!("A-{round}"), format!("B-{round}"));
        let (left, right) = (sub_form(&left, a, &original), sub_form(&right, b, &original));
        let (first, second) = tokio::join!(asset_sub_create(&one, made, &left), asset_sub_create(&two, made, &right));
        let refused = [first.map(|_| ()), second.map(|_| ())].into_iter().filter_map(Result::err).map(Failure::from);
        assert_eq!(refused.collect::<Vec<_>>(), [complaint("original", "子卡片原值合计超过主卡片")], "round {round}");
    }
    // The database alone holds it too, without the store's lock: the second statement waits for the first.
    let (mut left, mut right) = (test.application().await, test.application().await);
    let mut first = left.begin().await.expect("a transaction");
    let mut second = right.begin().await.expect("a transaction");
    let copy = |unit: i64, number: &str| {
        format!(
            "insert into asset_sub (district_id, estate_id, master_id, unit_id, card_no, asset_name, location, building_area,
                original_fen, acquired_on, use_status)
             select district_id, estate_id, {made}, id, '{number}', 'x', 'x', 100,
                (select (original_fen - allocated_fen) / 2 + 1 from asset_master where id = {made}), '2020-01-01', 'LET'
             from unit where id = {unit}"
        )
    };
    for tx in [&mut first, &mut second] {
        sqlx::query("select set_config('app.districts', '*', true)").execute(&mut **tx).await.expect("a scope");
    }
    sqlx::query(sqlx::AssertSqlSafe(copy(all[8], "C-1"))).execute(&mut *first).await.expect("the first fits");
    let mut waiting = Box::pin(sqlx::query(sqlx::AssertSqlSafe(copy(all[9], "C-2"))).execute(&mut *second));
    let early = tokio::time::timeout(std::time::Duration::from_millis(300), &mut waiting).await;
    assert!(early.is_err(), "it waits for the row of the master card");
    first.commit().await.expect("kept");
    let refused = waiting.await.expect_err("it does not fit any more");
    let refused = refused.as_database_error().expect("the database refuses").constraint().map(str::to_owned);
    assert_eq!(refused.as_deref(), Some("asset_master_allocation_check"));
}

#[tokio::test]
async fn a_second_person_registers_with_the_voucher() {
    let test = TestDatabase::with_city().await;
    let maker = city::ctx(&test.database, "city").await;
    let all = units(&test).await;
    let made = asset_master_create(&maker, &master_form(&test).await).await.expect("created");
    let part = asset_sub_create(&maker, made, &sub_form("ZK-1", all[0], "60,000")).await.expect("a sub card");
    let district = city::ctx(&test.database, "district-a").await;
    let change = asset_submit(&district, made, 1).await.expect("submitted by somebody else");
    let card = master(&maker, made).await;
    assert_eq!((card.status, card.changes[0].decidable), (AssetStatus::Pending, false));
    assert_eq!(
        failure(asset_master_update(&maker, made, 2, &master_form(&test).await).await),
        Failure::refused("资产卡片为“待审核”，不能修改")
    );
    let own = Failure::refused("不能审核本人提交或编辑的事项，请由其他审核人办理");
    assert_eq!(failure(asset_change_decide(&maker, change, &approved()).await), own, "the author of the card");
    assert_eq!(failure(asset_change_decide(&district, change, &approved()).await), Failure::Forbidden);
    grant(&test, "district-a", "CITY_CHECK").await;
    let district = city::ctx(&test.database, "district-a").await;
    assert_eq!(failure(asset_change_decide(&district, change, &approved()).await), own, "who submitted it");

    // Somebody who did none of it: returns it once, then registers.
    grant(&test, "finance", "CITY_CHECK").await;
    let checker = city::ctx(&test.database, "finance").await;
    assert!(master(&checker, made).await.changes[0].decidable);
    let back = AssetDecisionForm { approve: false, voucher_no: String::new(), opinion: "缺附件".into() };
    asset_change_decide(&checker, change, &back).await.expect("returned");
    let card = master(&maker, made).await;
    assert_eq!((card.status, sub(&maker, part).await.status), (AssetStatus::Draft, AssetStatus::Draft));
    assert_eq!(card.changes[0].opinion.as_deref(), Some("缺附件"));
    assert_eq!(
        failure(asset_change_decide(&checker, change, &approved()).await),
        Failure::refused("该事项已审核，请刷新后查看")
    );
    let change = asset_submit(&maker, made, card.version).await.expect("submitted again");
    assert_eq!(
        failure(
            asset_change_decide(&checker, change, &AssetDecisionForm { approve: true, ..Default::default() }).await
        ),
        complaint("voucher_no", "请填写会计凭证号")
    );
    asset_change_decide(&checker, change, &approved()).await.expect("registered");
    let card = master(&maker, made).await;
    assert_eq!((card.status, card.voucher_no.as_deref()), (AssetStatus::Registered, Some("记-0001")));
    assert_eq!((card.booked_on, sub(&maker, part).await.status), (Some(maker.today()), AssetStatus::Registered));
    assert_eq!((card.monthly, sub(&maker, part).await.monthly), (yuan("300"), yuan("100")));
    assert_eq!(sub(&maker, part).await.changes.len(), 1, "its registration is its history");
    // A sub card that comes later goes the same way alone.
    asset_sub_create(&maker, made, &sub_form("ZK-2", all[1], "30,000")).await.expect("a sub card");
    let change = asset_submit(&maker, made, card.version).await.expect("submitted");
    asset_change_decide(&checker, change, &approved()).await.expect("registered");
    let after = master(&maker, made).await;
    assert_eq!((after.status, after.monthly, after.sub_cards), (AssetStatus::Registered, yuan("300"), 2));
    assert_eq!(
        failure(asset_submit(&maker, made, after.version).await),
        Failure::refused("没有待提交的子卡片，请先新增子卡片")
    );
}

/// Nobody checks himself, also not past the store.
#[tokio::test]
async fn the_database_holds_maker_and_checker_apart() {
    let test = TestDatabase::with_city().await;
    registered(&test, &[]).await;
    for statement in [
        "update asset_change set checker_id = maker_id",
        "update asset_change set checker_id = author_ids[1]",
        "update asset_change set checker_id = null",
        "update asset_master set registered_by = created_by",
        "update asset_master set registered_by = null",
        "update asset_master set voucher_no = null",
        "update asset_master set fiscal_fen = original_fen + 1",
        "update asset_master set status = 'DISPOSED'",
    ] {
        let error = sqlx::query(statement).execute(&test.admin).await.expect_err(statement);
        assert!(error.as_database_error().is_some_and(|error| error.is_check_violation()), "{statement}: {error}");
    }
}

#[tokio::test]
async fn a_change_needs_a_document_and_a_second_person() {
    let test = TestDatabase::with_city().await;
    let all = units(&test).await;
    let (card, subs) = registered(&test, &[(all[0], "60,000"), (all[1], "40,000")]).await;
    let maker = city::ctx(&test.database, "district-a").await;
    let version = master(&maker, card).await.version;
    let ask =
        async |form: AssetChangeForm| asset_master_request(&maker, card, version, ChangeKind::Change, &form).await;
    assert_eq!(
        failure(
            ask(because(AssetChangeForm { original: "99,999".into(), fiscal_part: "0".into(), ..Default::default() }))
                .await
        ),
        complaint("original", "子卡片原值合计超过主卡片")
    );
    let form = because(AssetChangeForm { original: "240,000".into(), use_status: "IDLE".into(), ..Default::default() });
    let change = ask(form.clone()).await.expect("asked");
    assert_eq!(failure(ask(form).await), Failure::refused("该卡片已有待审核的事项，请等待审核后再提交"));
    assert_eq!(master(&maker, card).await.original, yuan("180,000"), "nothing happens before it is decided");
    approve(&test, change).await;
    let after = master(&maker, card).await;
    assert_eq!((after.status, after.original, after.version), (AssetStatus::Changed, yuan("240,000"), version + 1));
    assert_eq!(after.changes[0].differences(), ["原值(元) 180,000.00 → 240,000.00", "使用状况 出租 → 闲置"]);
    // 100.00 + 66.66 + 233.33: every part is rounded down for itself, the last month takes what remains.
    assert_eq!(after.monthly, yuan("399.99"));

    // A sub card gains out of the part without sub cards: the master card's value stays.
    let before = sub(&maker, subs[0]).await;
    let form = because(AssetChangeForm { original: "90,000".into(), ..Default::default() });
    let change = asset_sub_request(&maker, subs[0], before.version, ChangeKind::Change, &form).await.expect("asked");
    approve(&test, change).await;
    let (part, whole) = (sub(&maker, subs[0]).await, master(&maker, card).await);
    assert_eq!((part.status, part.original, part.monthly), (AssetStatus::Changed, yuan("90,000"), yuan("150")));
    assert_eq!((whole.original, whole.allocated, whole.monthly), (yuan("240,000"), yuan("130,000"), yuan("399.99")));
    let too_much = because(AssetChangeForm { original: "200,001".into(), ..Default::default() });
    assert_eq!(
        failure(asset_sub_request(&maker, subs[0], part.version, ChangeKind::Change, &too_much).await),
        complaint("original", "子卡片原值合计超过主卡片")
    );
}

#[tokio::test]
async fn what_is_lived_in_is_not_disposed_of() {
    let test = TestDatabase::with_city().await;
    let all = units(&test).await;
    let (card, subs) = registered(&test, &[(all[0], "60,000"), (all[6], "40,000")]).await;
    let maker = city::ctx(&test.database, "district-a").await;
    let form = because(AssetChangeForm::default());
    let ask = async |place: usize| {
        let version = sub(&maker, subs[place]).await.version;
        asset_sub_request(&maker, subs[place], version, ChangeKind::Dispose, &form).await
    };
    assert_eq!(failure(ask(0).await), Failure::refused("有1套房源未空置或注销，不能处置"));
    let version = master(&maker, card).await.version;
    assert_eq!(
        failure(asset_master_request(&maker, card, version, ChangeKind::Dispose, &form).await),
        Failure::refused("有1套房源未空置或注销，不能处置")
    );
    let change = ask(1).await.expect("asked");
    assert_eq!(sub(&maker, subs[1]).await.status, AssetStatus::DisposalPending);
    // Somebody moves in before it is decided.
    let set = async |status: &str| {
        sqlx::query("update unit set status = $1, vacant_since = '2026-01-01' where id = $2")
            .bind(status)
            .bind(all[6])
            .execute(&test.admin)
            .await
            .expect("a status");
    };
    set("OCCUPIED").await;
    let checker = city::ctx(&test.database, "city").await;
    assert_eq!(
        failure(asset_change_decide(&checker, change, &approved()).await),
        Failure::refused("有1套房源未空置或注销，不能处置")
    );
    let back = AssetDecisionForm { approve: false, voucher_no: String::new(), opinion: "已入住".into() };
    asset_change_decide(&checker, change, &back).await.expect("returned");
    assert_eq!(sub(&maker, subs[1]).await.status, AssetStatus::Registered);
    set("VACANT").await;
    let change = ask(1).await.expect("asked");
    approve(&test, change).await;
    let (part, whole) = (sub(&maker, subs[1]).await, master(&maker, card).await);
    assert_eq!(part.status, AssetStatus::Disposed);
    assert_eq!((whole.original, whole.allocated, whole.units_count), (yuan("140,000"), yuan("60,000"), 13));
    assert_eq!((whole.total_area.to_string().as_str(), whole.sub_cards), ("743.00", 1));
    // The unit is free for another card.
    asset_sub_create(&maker, card, &sub_form("ZK-9", all[6], "1")).await.expect("a new card");

    // The master card was changed by that, and a refused disposal does not undo it.
    assert_eq!(whole.status, AssetStatus::Changed);
    for unit in [all[0], all[6]] {
        sqlx::query("update unit set status = 'OFFSHELF' where id = $1")
            .bind(unit)
            .execute(&test.admin)
            .await
            .expect("off");
    }
    let draft =
        asset_sub_list(&maker, &ListQuery::from_params([("status", "DRAFT")])).await.expect("drafts").rows[0].id;
    asset_sub_delete(&maker, draft, 1).await.expect("deleted");
    let version = master(&maker, card).await.version;
    let change = asset_master_request(&maker, card, version, ChangeKind::Dispose, &form).await.expect("asked");
    assert_eq!(master(&maker, card).await.status, AssetStatus::DisposalPending);
    asset_change_decide(&checker, change, &back).await.expect("returned");
    assert_eq!(master(&maker, card).await.status, AssetStatus::Changed);
    set("VACANT").await;
    sqlx::query("update unit set status = 'OCCUPIED' where id = $1")
        .bind(all[0])
        .execute(&test.admin)
        .await
        .expect("on");
    asset_sub_create(&maker, card, &sub_form("ZK-10", all[6], "1")).await.expect("a new card");

    // All of it, once nobody lives there.
    sqlx::query("update unit set status = 'OFFSHELF' where id = $1")
        .bind(all[0])
        .execute(&test.admin)
        .await
        .expect("off");
    let version = master(&maker, card).await.version;
    assert_eq!(
        failure(asset_master_request(&maker, card, version, ChangeKind::Dispose, &form).await),
        Failure::refused("有1张子卡片未登记或有待审核事项，请先办结")
    );
    let draft =
        asset_sub_list(&maker, &ListQuery::from_params([("status", "DRAFT")])).await.expect("drafts").rows[0].id;
    asset_sub_delete(&maker, draft, 1).await.expect("deleted");
    let change = asset_master_request(&maker, card, version, ChangeKind::Dispose, &form).await.expect("asked");
    approve(&test, change).await;
    let whole = master(&maker, card).await;
    assert_eq!((whole.status, whole.disposed_on), (AssetStatus::Disposed, Some(maker.today())));
    assert_eq!(sub(&maker, subs[0]).await.status, AssetStatus::Disposed);
    assert_eq!(whole.changes[0].state, ChangeState::Approved);
}
