//! A rent standard by hand: asked for by one person, in force when another has agreed (domain.md §6.4, E-17).

use crate::support::{TestDatabase, city};
use chrono::TimeDelta;
use domain::{
    failure::{Failure, FieldErrors},
    housing::rent_standard_form::{NewStandardForm, StandardEndForm},
    id::{ApprovalId, RentStandardId},
    list::ListQuery,
    platform::approval::Verdict,
};
use store::{
    Ctx,
    housing::rent_standard::{rent_standard_end_request, rent_standard_get, rent_standard_list, rent_standard_request},
    platform::approval::{approval_end, approval_get},
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn form(ctx: &Ctx, code: &str) -> NewStandardForm {
    NewStandardForm {
        code: code.into(),
        name: "测试基准租金".into(),
        unit_rate: "2.6".into(),
        market_rate: "10.4".into(),
        basis: "USABLE".into(),
        doc_no: "测发〔2026〕9号".into(),
        valid_from: ctx.today().to_string(),
        reason: "年度调整".into(),
        ..NewStandardForm::default()
    }
}

async fn standard(ctx: &Ctx, code: &str) -> Option<RentStandardId> {
    let query = ListQuery { q: code.into(), ..ListQuery::default() };
    rent_standard_list(ctx, &query).await.expect("a page").rows.first().map(|row| row.id)
}

async fn agreed(ctx: &Ctx, id: ApprovalId) -> store::Result<()> {
    approval_end(ctx, id, Verdict::Approve, "").await
}

#[tokio::test]
async fn it_is_in_force_when_another_has_agreed_and_ends_likewise() {
    let test = TestDatabase::with_city().await;
    let database = &test.database;
    let (maker, checker) = (city::ctx(database, "city").await, city::ctx(database, "city-check").await);
    assert_eq!(failure(rent_standard_request(&checker, &form(&checker, "GZ-01")).await), Failure::Forbidden);
    let taken = NewStandardForm { code: "ZJ-01".into(), ..form(&maker, "") };
    assert_eq!(
        failure(rent_standard_request(&maker, &taken).await),
        FieldErrors::from(("code", "标准编码已存在")).into()
    );
    let nowhere = NewStandardForm { district: "999999".into(), ..form(&maker, "GZ-01") };
    assert!(matches!(failure(rent_standard_request(&maker, &nowhere).await), Failure::Invalid(_)));

    let request = rent_standard_request(&maker, &form(&maker, "GZ-01")).await.expect("it is asked for");
    assert_eq!(standard(&maker, "GZ-01").await, None, "nothing before another has agreed");
    assert!(rent_standard_request(&maker, &form(&maker, "GZ-01")).await.is_err(), "one request at a time");
    let told = approval_get(&checker, request).await.expect("the request");
    assert!(told.checkable && told.lines.iter().any(|line| line.after.as_deref() == Some("2.60")), "{:?}", told.lines);
    assert!(agreed(&maker, request).await.is_err(), "never by its maker");
    agreed(&checker, request).await.expect("agreed");
    let id = standard(&maker, "GZ-01").await.expect("it is there");
    let known = rent_standard_get(&maker, id).await.expect("the standard");
    assert_eq!(known.ratio.map(|ratio| ratio.to_string()), Some("0.25".into()));
    assert_eq!((known.row.valid_from, known.row.valid_to, known.pending), (maker.today(), None, false));

    let last = maker.today() + TimeDelta::days(30);
    let end = |day: chrono::NaiveDate| StandardEndForm { valid_to: day.to_string(), reason: "新标准施行".into() };
    assert!(rent_standard_end_request(&maker, id, &end(maker.today() - TimeDelta::days(1))).await.is_err());
    let request = rent_standard_end_request(&maker, id, &end(last)).await.expect("it is asked for");
    assert!(rent_standard_get(&maker, id).await.expect("the standard").pending);
    // Somebody else has ended it meanwhile: what was asked for is about another standard.
    sqlx::query("update rent_standard set valid_to = $2 where id = $1")
        .bind(id.0)
        .bind(last + TimeDelta::days(1))
        .execute(&test.admin)
        .await
        .expect("another day");
    assert!(matches!(failure(agreed(&checker, request).await), Failure::Refused(_)));
    approval_end(&checker, request, Verdict::Reject, "已变化").await.expect("refused");
    let request = rent_standard_end_request(&maker, id, &end(last)).await.expect("it is asked for");
    agreed(&checker, request).await.expect("agreed");
    assert_eq!(rent_standard_get(&maker, id).await.expect("the standard").row.valid_to, Some(last));
    let again = rent_standard_end_request(&maker, id, &end(last)).await;
    assert_eq!(failure(again), Failure::refused("没有需要变更的内容"));
}
