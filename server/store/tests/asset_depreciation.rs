//! Monthly depreciation of asset cards (domain.md §4.13, §3.19 T5) and stock-taking (T6).

use crate::support::{
    TestDatabase,
    asset::{approve, approved, id, master, master_form, registered, sub, sub_form, units},
    city,
};
use chrono::Months;
use domain::{
    dictionary::{CountResult, CountStatus, Structure, UnitCondition},
    failure::{Failure, FieldErrors},
    housing::{
        asset_change::{AssetChangeForm, ChangeKind},
        asset_count::{AssetCountForm, CountEntry},
        asset_depreciation::{Month, RunState, Schedule},
        asset_master::AssetMasterForm,
    },
    id::{AssetMasterId, DepreciationRunId},
    list::ListQuery,
    platform::{approval::Verdict, parameter::ParameterForm},
    value::Money,
};
use store::{
    Ctx,
    housing::{
        asset_change::{asset_change_decide, asset_sub_request, asset_submit},
        asset_count::{
            asset_count_confirm, asset_count_create, asset_count_enter, asset_count_finish, asset_count_get,
            asset_count_list,
        },
        asset_depreciation::{
            depreciation_close, depreciation_lines, depreciation_list, depreciation_reverse, depreciation_run,
        },
        asset_master::{asset_master_create, asset_master_get},
        asset_sub::asset_sub_create,
    },
    platform::{
        approval::approval_end,
        parameter::{parameter_list, parameter_request},
    },
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

/// The month `back` months before this one.
fn month(ctx: &Ctx, back: u32) -> String {
    Month::of(ctx.today().checked_sub_months(Months::new(back)).expect("a month")).to_string()
}

/// Moves the entry of a card in the books into the past, as if it had been registered then.
async fn booked(test: &TestDatabase, card: AssetMasterId, back: u32) {
    sqlx::query("update asset_master set dep_from = (date_trunc('month', now() at time zone 'Asia/Shanghai') - make_interval(months => $2))::date where id = $1")
        .bind(card.0)
        .bind(back as i32)
        .execute(&test.admin)
        .await
        .expect("earlier");
}

/// domain.md §4.13: 180,000.00 over 50 years is 300.00 a month and 172,800.00 after two years; with sub cards that is
/// the same to the fen, and net master = Σ net subs + net of the part without sub cards all along.
#[tokio::test]
async fn the_worked_example_month_by_month() {
    let test = TestDatabase::with_city().await;
    let all = units(&test).await;
    let (card, subs) = registered(&test, &[(all[0], "60,000.01"), (all[1], "40,000.03")]).await;
    booked(&test, card, 23).await;
    let ctx = city::ctx(&test.database, "finance").await;
    for back in (0..24).rev() {
        let outcome = depreciation_run(&ctx, &month(&ctx, back)).await.expect("a run");
        assert_eq!((outcome.districts, outcome.masters, outcome.subs), (1, 1, 2));
        let whole = master(&ctx, card).await;
        let net_subs = sub(&ctx, subs[0]).await.net() + sub(&ctx, subs[1]).await.net();
        assert_eq!(whole.sub_net, net_subs);
        let own: i64 = id(
            &test,
            &format!("select original_fen - subs_booked_fen - own_accum_fen from asset_master where id = {card}"),
        )
        .await;
        assert_eq!(whole.net(), net_subs + Money::from_fen(own));
    }
    let whole = master(&ctx, card).await;
    // Three parts are rounded down for themselves: at most 2 fen a month later than the whole would be.
    assert!(whole.net() >= yuan("172,800.00") && whole.net() <= yuan("172,800.48"), "{}", whole.net());
    assert_eq!(whole.months_done, 24);
    assert_eq!(depreciation_lines(&ctx, card, None).await.expect("lines").len(), 24);
    let lines = depreciation_lines(&ctx, card, Some(subs[0])).await.expect("lines");
    assert_eq!((lines.len(), lines[0].amount), (24, yuan("100.00")));
    let alone = AssetMasterForm { card_no: "ZC-2".into(), ..master_form(&test).await };
    let maker = city::ctx(&test.database, "district-a").await;
    let alone = asset_master_create(&maker, &alone).await.expect("created");
    let change = asset_submit(&maker, alone, 1).await.expect("submitted");
    // This month has run without it, and its entry is of today.
    assert_eq!(
        failure(asset_change_decide(&city::ctx(&test.database, "city").await, change, &approved()).await),
        Failure::refused(
            "入账日期以来已有1个月计提过折旧，卡片的已提折旧月数只有0，请退回后修改入账日期或补填累计折旧"
        )
    );
}

/// The whole example without sub cards, exactly.
#[tokio::test]
async fn two_years_of_a_card_alone() {
    let test = TestDatabase::with_city().await;
    let (card, _) = registered(&test, &[]).await;
    booked(&test, card, 23).await;
    let ctx = city::ctx(&test.database, "city").await;
    for back in (0..24).rev() {
        assert_eq!(depreciation_run(&ctx, &month(&ctx, back)).await.expect("a run").amount, yuan("300.00"));
    }
    assert_eq!(master(&ctx, card).await.net(), yuan("172,800.00"));
}

/// A card of eight years that is almost through: the last month takes the remainder, and then nothing is left to take.
#[tokio::test]
async fn the_life_adds_up_to_the_fen() {
    let test = TestDatabase::with_city().await;
    let all = units(&test).await;
    let maker = city::ctx(&test.database, "district-a").await;
    let form = AssetMasterForm {
        original: "1,000.07".into(),
        fiscal_part: String::new(),
        structure: "OTHER".into(),
        months_done: "80".into(),
        accumulated: "833.39".into(),
        ..master_form(&test).await
    };
    let card = asset_master_create(&maker, &form).await.expect("created");
    let one = asset_sub_create(&maker, card, &sub_form("ZK-1", all[0], "333.33")).await.expect("a sub card");
    let two = asset_sub_create(&maker, card, &sub_form("ZK-2", all[1], "666.74")).await.expect("a sub card");
    approve(&test, asset_submit(&maker, card, 1).await.expect("submitted")).await;
    let whole = master(&maker, card).await;
    assert_eq!(whole.accumulated, yuan("833.39"), "the shares of the sub cards add up");
    assert_eq!(sub(&maker, one).await.accumulated + sub(&maker, two).await.accumulated, yuan("833.39"));
    booked(&test, card, 15).await;
    for back in (0..16).rev() {
        depreciation_run(&maker, &month(&maker, back)).await.expect("a run");
    }
    for part in [one, two] {
        assert_eq!(sub(&maker, part).await.net(), Money::ZERO);
    }
    let whole = master(&maker, card).await;
    assert_eq!((whole.net(), whole.months_done), (Money::ZERO, 96));
    // What the months were is what the rules of the domain say.
    let lines = depreciation_lines(&maker, card, Some(one)).await.expect("lines");
    let before = sub(&maker, one).await.original - lines.iter().map(|line| line.amount).sum();
    let schedule = Schedule { original: yuan("333.33"), residual_rate: 0, accumulated: before, months: 16 };
    for (nth, line) in lines.iter().rev().enumerate() {
        assert_eq!(line.amount, schedule.amount(nth as i32 + 1), "month {nth}");
    }
}

#[tokio::test]
async fn a_month_runs_once_in_order_and_is_taken_back() {
    let test = TestDatabase::with_city().await;
    let all = units(&test).await;
    let (card, subs) = registered(&test, &[(all[0], "60,000"), (all[6], "60,000")]).await;
    booked(&test, card, 3).await;
    let ctx = city::ctx(&test.database, "finance").await;
    assert_eq!(failure(depreciation_run(&ctx, "2026").await), complaint("period", "格式应为YYYY-MM"));
    let next = Month::of(ctx.today()).next().to_string();
    assert_eq!(failure(depreciation_run(&ctx, &next).await), complaint("period", "不能计提以后月份的折旧"));
    depreciation_run(&ctx, &month(&ctx, 3)).await.expect("a run");
    let again = depreciation_run(&ctx, &month(&ctx, 3)).await.expect("nothing to do");
    assert_eq!((again.districts, again.skipped, again.amount), (0, 1, Money::ZERO));
    assert_eq!(
        failure(depreciation_run(&ctx, &month(&ctx, 1)).await),
        Failure::refused(format!("甲区须先计提{}的折旧", month(&ctx, 2)))
    );
    assert_eq!(
        failure(depreciation_run(&ctx, &month(&ctx, 4)).await),
        Failure::refused(format!("甲区已计提到{}，不能再计提更早的月份", month(&ctx, 3)))
    );
    // Two servers at once: the month is there once.
    let (period, city) = (month(&ctx, 2), city::ctx(&test.database, "city").await);
    let (one, two) = tokio::join!(depreciation_run(&ctx, &period), depreciation_run(&city, &period));
    assert_eq!(one.expect("a run").districts + two.expect("a run").districts, 1);
    assert_eq!(sub(&ctx, subs[0]).await.accumulated, yuan("200"));

    let runs = async || depreciation_list(&ctx, &ListQuery::default()).await.expect("runs").rows;
    let (newest, oldest) = (runs().await[0].id, runs().await[1].id);
    assert_eq!(
        failure(depreciation_reverse(&ctx, oldest, "错").await),
        Failure::refused("该区县之后的月份已计提，请先冲回之后的月份")
    );
    assert_eq!(failure(depreciation_reverse(&ctx, newest, " ").await), complaint("reason", "不能为空"));
    depreciation_reverse(&ctx, newest, "金额有误").await.expect("taken back");
    assert_eq!(failure(depreciation_reverse(&ctx, newest, "再次").await), Failure::refused("该计提已冲回"));
    assert_eq!((sub(&ctx, subs[0]).await.accumulated, master(&ctx, card).await.months_done), (yuan("100"), 1));
    assert_eq!(master(&ctx, card).await.accumulated, yuan("300"));
    let states: Vec<RunState> = runs().await.into_iter().map(|run| run.state).collect();
    assert_eq!(states, [RunState::Counter, RunState::Reversed, RunState::Posted]);
    // The ledger of the card shows both; the month can run again, and then be closed.
    let amounts: Vec<Money> =
        depreciation_lines(&ctx, card, None).await.expect("lines").into_iter().map(|line| line.amount).collect();
    assert_eq!(amounts, [-yuan("300"), yuan("300"), yuan("300")]);
    depreciation_run(&ctx, &period).await.expect("again");
    let newest = runs().await[0].id;
    assert_eq!(failure(depreciation_close(&ctx, newest).await), Failure::Forbidden);
    depreciation_close(&city, newest).await.expect("closed");
    let closed = Failure::refused("该会计期间已结账，不能再冲回或结账");
    assert_eq!(failure(depreciation_reverse(&ctx, newest, "晚了").await), closed);
    assert_eq!(failure(depreciation_close(&city, newest).await), closed);
    let b = city::ctx(&test.database, "district-b").await;
    assert_eq!(failure(depreciation_reverse(&b, oldest, "别区").await), Failure::NotFound);
    assert_eq!(failure(depreciation_close(&city, DepreciationRunId(999_999)).await), Failure::NotFound);
    assert_eq!(failure(depreciation_lines(&b, card, None).await), Failure::NotFound);
    assert_eq!(depreciation_list(&b, &ListQuery::default()).await.expect("runs").total, 0);
}

/// What is disposed of this month is depreciated this month for the last time; a run before that is not taken back.
#[tokio::test]
async fn a_disposed_card_runs_out() {
    let test = TestDatabase::with_city().await;
    let all = units(&test).await;
    let (card, subs) = registered(&test, &[(all[0], "60,000"), (all[6], "60,000")]).await;
    booked(&test, card, 1).await;
    let ctx = city::ctx(&test.database, "district-a").await;
    depreciation_run(&ctx, &month(&ctx, 1)).await.expect("a run");
    let form =
        AssetChangeForm { reason: "拆除".into(), document_no: "房〔2026〕2号".into(), ..Default::default() };
    let version = sub(&ctx, subs[1]).await.version;
    approve(&test, asset_sub_request(&ctx, subs[1], version, ChangeKind::Dispose, &form).await.expect("asked")).await;
    let first = depreciation_list(&ctx, &ListQuery::default()).await.expect("runs").rows[0].id;
    assert_eq!(
        failure(depreciation_reverse(&ctx, first, "晚了").await),
        Failure::refused("计提后已有卡片登记、变更或处置，不能冲回，请以变更单调整")
    );
    // Every request has its own moment.
    let ctx = city::ctx(&test.database, "district-a").await;
    let outcome = depreciation_run(&ctx, &month(&ctx, 0)).await.expect("a run");
    assert_eq!((outcome.subs, outcome.amount), (2, yuan("300")));
    sqlx::query("update asset_sub set disposed_on = disposed_on - 40 where status = 'DISPOSED'")
        .execute(&test.admin)
        .await
        .expect("earlier");
    let newest = depreciation_list(&ctx, &ListQuery::default()).await.expect("runs").rows[0].id;
    depreciation_reverse(&ctx, newest, "重算").await.expect("taken back");
    let outcome = depreciation_run(&ctx, &month(&ctx, 0)).await.expect("again");
    assert_eq!((outcome.subs, outcome.amount), (1, yuan("200")), "not any more");
}

/// `asset_residual` and `asset_monthly` of the database are `Schedule` of the domain.
#[tokio::test]
async fn the_database_counts_as_the_domain_does() {
    let test = TestDatabase::with_city().await;
    for original in [0, 1, 99, 18_000_000, 100_000_007, 9_000_000_000_000_000] {
        for (rate, months, before) in [(0, 600, 0), (300, 96, 13), (2_000, 1, 0), (333, 359, 99), (0, 0, 5)] {
            let accumulated = Money::from_fen(original / 100 * before);
            let schedule = Schedule { original: Money::from_fen(original), residual_rate: rate, accumulated, months };
            let counted: (i64, i64) = sqlx::query_as("select asset_residual($1, $2), asset_monthly($1, $2, $3, $4)")
                .bind(original)
                .bind(rate)
                .bind(accumulated.fen())
                .bind(months)
                .fetch_one(&test.admin)
                .await
                .expect("numbers");
            let ours = (schedule.residual().fen(), schedule.monthly().fen());
            assert_eq!(counted, ours, "{original} {rate} {months} {before}");
        }
    }
    assert_eq!(Structure::ALL.len(), 5);
}

/// 1,000 master cards with 100 sub cards each: what a month of a city costs. Run by name:
/// `cargo nextest run -p store --run-ignored all -E 'test(a_month_of_a_whole_city)' --no-capture`.
#[tokio::test]
#[ignore = "a measurement of half a minute"]
async fn a_month_of_a_whole_city() {
    let test = TestDatabase::with_city().await;
    registered(&test, &[]).await;
    let fill = "
        insert into unit (district_id, estate_id, building_id, code, entrance, floor, room_no, position_key, address, mgmt_unit_id, category,
            layout, building_area, usable_area, status)
        select b.district_id, b.estate_id, b.id, 'M' || n, '9', 1, 'M' || n, 'M' || n, 'M' || n, (select min(id) from organization),
            'PRH', 'TWO', 5000, 4000, 'OCCUPIED'
        from (select * from building order by id limit 1) b, generate_series(1, 100000) n;
        insert into asset_master (district_id, project_id, card_no, asset_code, asset_name, class_code, category, owner, manager, acquire_mode,
            acquired_on, booked_on, voucher_no, value_type, original_fen, dep_method, life_years, dep_from, own_monthly_fen, total_area,
            units_count, location, use_status, ledger_subject, status, registered_by)
        select m.district_id, m.project_id, 'G' || n, 'x', 'x', class_code, category, owner, manager, acquire_mode, acquired_on, booked_on,
            'x', value_type, 2000000000, 'STRAIGHT', 50, dep_from, 1666666, 0, 100, 'x', 'LET', '1811', 'REGISTERED', -1
        from (select * from asset_master limit 1) m, generate_series(1, 1000) n;
        insert into asset_sub (district_id, estate_id, master_id, unit_id, card_no, asset_name, location, building_area, original_fen,
            monthly_fen, acquired_on, use_status, status)
        select u.district_id, u.estate_id, m.id, u.id, 'S' || u.code, 'x', 'x', 5000, 10000000, 16666, '2020-01-01', 'LET', 'REGISTERED'
        from (select *, row_number() over (order by id) - 1 as n from unit where code like 'M%') u
        join (select id, row_number() over (order by id) - 1 as n from asset_master where card_no like 'G%') m on m.n = u.n / 100;
        analyze";
    sqlx::raw_sql(fill).execute(&test.admin).await.expect("a city");
    let ctx = city::ctx(&test.database, "city").await;
    let begun = std::time::Instant::now();
    let outcome = depreciation_run(&ctx, &month(&ctx, 0)).await.expect("a run");
    let run = begun.elapsed();
    let newest = depreciation_list(&ctx, &ListQuery::default()).await.expect("runs").rows[0].id;
    let begun = std::time::Instant::now();
    depreciation_reverse(&ctx, newest, "测量").await.expect("taken back");
    println!(
        "run over {} masters and {} subs: {run:?}; counter run: {:?}",
        outcome.masters,
        outcome.subs,
        begun.elapsed()
    );
    assert_eq!((outcome.masters, outcome.subs), (1_001, 100_000));
    assert!(run.as_secs() < 60, "{run:?}");
}

#[tokio::test]
async fn a_count_lists_what_is_missing_and_what_has_no_card() {
    let test = TestDatabase::with_city().await;
    let all = units(&test).await;
    let (card, subs) = registered(&test, &[(all[0], "1"), (all[1], "1")]).await;
    let maker = city::ctx(&test.database, "district-a").await;
    let form =
        |subject: String| AssetCountForm { title: "2026年度盘点".into(), planned_on: "2026-12-01".into(), subject };
    let sun = id(&test, "select id from estate where name = '阳光苑'").await;
    let moon = id(&test, "select id from estate where name = '月光苑'").await;
    assert_eq!(
        failure(asset_count_create(&maker, &form(format!("estate:{moon}"))).await),
        complaint("subject", "该范围没有已登记的子卡片，不能盘点")
    );
    let b = city::ctx(&test.database, "district-b").await;
    assert_eq!(
        failure(asset_count_create(&b, &form(format!("estate:{sun}"))).await),
        complaint("subject", "盘点范围不存在，或不在您的管辖范围内")
    );
    let of_card = asset_count_create(&maker, &form(format!("master:{card}"))).await.expect("of the card");
    let sheet = asset_count_create(&maker, &form(format!("estate:{sun}"))).await.expect("of the estate");
    let seen = asset_count_get(&maker, sheet).await.expect("a sheet");
    assert_eq!((seen.row.planned, seen.open(), seen.row.status), (2, 2, CountStatus::Task));
    let entry = |line: Option<i64>, result, condition, place: &str, note: &str| CountEntry {
        line,
        result,
        condition,
        place: place.into(),
        note: note.into(),
    };
    let found = entry(Some(seen.lines[0].id), CountResult::Found, Some(UnitCondition::Fair), "", "");
    asset_count_enter(&maker, sheet, &found).await.expect("noted");
    assert_eq!(
        failure(asset_count_finish(&maker, sheet).await),
        Failure::refused("还有1项未盘点，请全部登记后再结束盘点")
    );
    let other = city::ctx(&test.database, "city").await;
    let missing = entry(Some(seen.lines[1].id), CountResult::Missing, None, "", "已拆除");
    asset_count_enter(&other, sheet, &missing).await.expect("noted by a colleague");
    asset_count_enter(&maker, sheet, &entry(None, CountResult::Surplus, None, "地下室", "无卡片"))
        .await
        .expect("noted");
    assert_eq!(failure(asset_count_enter(&b, sheet, &found).await), Failure::NotFound);
    let elsewhere = asset_count_get(&maker, of_card).await.expect("a sheet").lines[0].id;
    assert_eq!(
        failure(
            asset_count_enter(&maker, sheet, &entry(Some(elsewhere), CountResult::Missing, None, "", "别的单")).await
        ),
        Failure::NotFound
    );
    assert_eq!(asset_count_finish(&maker, sheet).await.expect("ended"), CountStatus::Difference);
    assert_eq!(failure(asset_count_enter(&maker, sheet, &found).await), Failure::refused("盘点单为“有差异”，不能登记"));
    // Who counted does not confirm: the city's own account wrote a line.
    assert_eq!(
        failure(asset_count_confirm(&other, sheet, "核销").await),
        Failure::refused("不能确认本人编制或参与登记的盘点单，请由其他审核人办理")
    );
    crate::support::asset::grant(&test, "finance", "CITY_CHECK").await;
    let checker = city::ctx(&test.database, "finance").await;
    assert!(asset_count_get(&checker, sheet).await.expect("a sheet").confirmable);
    assert_eq!(
        failure(asset_count_confirm(&checker, sheet, "").await),
        complaint("handling", "有差异时须填写处理意见")
    );
    asset_count_confirm(&checker, sheet, "按程序核销").await.expect("confirmed");
    let row =
        &asset_count_list(&maker, &ListQuery::from_params([("status", "CONFIRMED")])).await.expect("sheets").rows[0];
    assert_eq!((row.planned, row.counted, row.missing, row.surplus), (2, 3, 1, 1));
    let part = sub(&maker, subs[0]).await;
    assert_eq!((part.condition, part.count_result), (Some(UnitCondition::Fair), Some(CountResult::Found)));
    assert_eq!(part.counted_on, Some(maker.today()));
    assert_eq!(sub(&maker, subs[1]).await.count_result, Some(CountResult::Missing));
    let operator = city::ctx(&test.database, "operator").await;
    assert_eq!(asset_count_list(&operator, &ListQuery::default()).await.expect("sheets").total, 1, "of his estate");
}

/// PRM-70 of a district holds for its cards, whatever the city sets afterwards.
#[tokio::test]
async fn a_district_sets_lives_of_its_own() {
    let test = TestDatabase::with_city().await;
    let (maker, checker) = (city::ctx(&test.database, "city").await, city::ctx(&test.database, "city-check").await);
    let district = id(&test, "select id from organization where code = '810101'").await;
    let today = maker.today();
    let form = |district: &str, value: &str| ParameterForm {
        code: "PRM-70".into(),
        district: district.into(),
        value: value.into(),
        valid_from: today.to_string(),
        reason: "财政要求".into(),
    };
    let company = id(&test, "select id from organization where code = 'OP1'").await.to_string();
    assert_eq!(
        failure(parameter_request(&maker, 0, &form(&company, "60/40/8")).await),
        complaint("district", "该区县不存在或已停用，请刷新后重新选择")
    );
    for (version, district, value) in [(0, district.to_string(), "60/40/8"), (1, String::new(), "70/50/8")] {
        let request = parameter_request(&maker, version, &form(&district, value)).await.expect("asked for");
        approval_end(&checker, request, Verdict::Approve, "").await.expect("approved");
    }
    let rows = parameter_list(&maker).await.expect("rows");
    let row = rows.iter().find(|row| row.code == "PRM-70").expect("it is there");
    let values: Vec<_> = row.values.iter().map(|value| (value.district.as_deref(), value.value.as_str())).collect();
    assert_eq!(values, [(None, "70/50/8"), (Some("甲区"), "60/40/8")]);
    assert_eq!((row.value.as_str(), row.version), ("70/50/8", 2));
    assert_eq!(row.districts.iter().map(|place| place.label.as_str()).collect::<Vec<_>>(), ["甲区", "乙区", "丙区"]);
    assert!(
        rows.iter()
            .filter(|row| !domain::platform::parameter::parameter(&row.code).is_some_and(|known| known.by_district))
            .all(|row| row.districts.is_empty())
    );

    let project = id(&test, "select id from project where name = '乙项目'").await.to_string();
    let other = AssetMasterForm { card_no: "ZC-002".into(), project, ..master_form(&test).await };
    for (form, years) in [(master_form(&test).await, 60), (other, 70)] {
        let card = asset_master_create(&maker, &form).await.expect("created");
        assert_eq!(asset_master_get(&maker, card).await.expect("there").life_years, years);
    }
}
