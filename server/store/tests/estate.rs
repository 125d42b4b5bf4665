//! Estates entered and changed by hand (E-11, S1-4.2).

use crate::support::{TestDatabase, city};
use domain::{
    failure::{Failure, FieldErrors},
    housing::estate::EstateForm,
    id::EstateId,
    value::CoordinateSystem,
};
use sqlx::AssertSqlSafe;
use store::{
    Ctx,
    housing::estate::{estate_create, estate_get, estate_update},
};

async fn id(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
        .fetch_one(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{query}: {error}"))
}

async fn form(test: &TestDatabase, district: &str) -> EstateForm {
    let district = id(test, &format!("select id from organization where code = '{district}'")).await;
    EstateForm {
        name: "新苑".into(),
        district: district.to_string(),
        address: "新路1号".into(),
        lng: "113.25".into(),
        lat: "34.25".into(),
        system: "WGS84".into(),
        ..EstateForm::default()
    }
}

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

async fn read(ctx: &Ctx, estate: EstateId) -> domain::housing::estate::Estate {
    estate_get(ctx, estate).await.expect("an estate")
}

#[tokio::test]
async fn an_estate_is_entered_with_its_place_and_its_trace() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let made = estate_create(&ctx, &form(&test, "810101").await).await.expect("created");
    let estate = read(&ctx, made).await;
    assert_eq!((estate.name.as_str(), estate.district.as_str(), estate.version), ("新苑", "甲区", 1));
    assert_eq!(estate.place.map(|place| place.system), Some(CoordinateSystem::Wgs84));
    assert_eq!(estate.position.map(|point| (point.lng, point.lat)), Some((113.25, 34.25)));
    assert_eq!(estate.updated_by.as_deref(), Some("测试district-a"));
    let trace: (Option<i64>, String, i64) = sqlx::query_as(
        "select actor_id, action, object_id from audit_log where object_type = 'estate' order by id desc limit 1",
    )
    .fetch_one(&test.admin)
    .await
    .expect("a trace");
    assert_eq!(trace, (Some(ctx.actor().id.0), "INSERT".to_owned(), made.0));
}

#[tokio::test]
async fn what_an_estate_must_not_be() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let good = form(&test, "810101").await;
    for (form, expected) in [
        (form(&test, "810102").await, complaint("district", "无权在该区县新增小区")),
        (EstateForm { district: "999999".into(), ..good.clone() }, complaint("district", "无权在该区县新增小区")),
        (EstateForm { name: "阳光苑".into(), ..good.clone() }, complaint("name", "小区已存在")),
        (EstateForm { lng: "114.5".into(), ..good.clone() }, complaint("lng", "坐标不在所属区县范围内")),
        (EstateForm { lat: String::new(), ..good.clone() }, complaint("lng", "经度、纬度、坐标系须同时填写或同时为空")),
        (
            EstateForm { operator: "999999".into(), ..good.clone() },
            complaint("operator", "运营主体不存在或已停用，请重新选择"),
        ),
        (
            EstateForm { property_company: "999999".into(), ..good.clone() },
            complaint("property_company", "物业公司不存在或已停用，请重新选择"),
        ),
    ] {
        assert_eq!(failure(estate_create(&ctx, &form).await), expected, "{form:?}");
    }
    assert_eq!(id(&test, "select count(*) from estate").await, 3, "nothing was half saved");
    for login in ["leader", "finance", "admin"] {
        assert_eq!(
            failure(estate_create(&city::ctx(&test.database, login).await, &good).await),
            Failure::Forbidden,
            "{login}"
        );
    }
    // A city account may name any district, but it must exist and be one.
    let city = city::ctx(&test.database, "city").await;
    assert_eq!(
        failure(estate_create(&city, &EstateForm { district: "999999".into(), ..good.clone() }).await),
        complaint("district", "所属区县不存在")
    );
    let company = id(&test, "select id from organization where code = 'OP1'").await;
    assert_eq!(
        failure(estate_create(&city, &EstateForm { district: company.to_string(), ..good }).await),
        complaint("district", "所属区县不存在")
    );
}

#[tokio::test]
async fn an_estate_is_changed_once_per_reading() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "operator").await;
    let sun = EstateId(id(&test, "select id from estate where name = '阳光苑'").await);
    let before = read(&ctx, sun).await;
    let form = EstateForm {
        contact: "王芳".into(),
        phone: "13800138000".into(),
        green_rate: "35.5".into(),
        far: "2.8".into(),
        gates: "3".into(),
        facilities: "健身房，快递柜".into(),
        ..EstateForm::from(&before)
    };
    estate_update(&ctx, sun, before.version, &form).await.expect("changed");
    let after = read(&ctx, sun).await;
    assert_eq!(
        (after.contact.as_deref(), after.green_rate, after.version),
        (Some("王芳"), Some(3550), before.version + 1)
    );
    assert_eq!((after.far, after.gates, after.facilities.join("/").as_str()), (Some(280), Some(3), "健身房/快递柜"));
    assert_eq!(
        EstateForm::from(&after),
        EstateForm {
            green_rate: "35.50".into(),
            far: "2.80".into(),
            facilities: "健身房、快递柜".into(),
            ..form.clone()
        }
    );
    assert_eq!(after.position, before.position);
    assert_eq!(failure(estate_update(&ctx, sun, before.version, &form).await), Failure::Conflict);
    assert_eq!(
        failure(estate_update(&ctx, sun, after.version, &EstateForm { name: "月光苑".into(), ..form.clone() }).await),
        complaint("name", "小区已存在")
    );
    let b = id(&test, "select id from organization where code = '810102'").await;
    let moved = EstateForm { district: b.to_string(), ..form.clone() };
    assert_eq!(
        failure(estate_update(&ctx, sun, after.version, &moved).await),
        complaint("district", "小区的所属区县不能修改")
    );
    let star = EstateId(id(&test, "select id from estate where name = '星光苑'").await);
    assert_eq!(failure(estate_update(&ctx, star, 1, &form).await), Failure::NotFound, "not the operator's");
    assert_eq!(failure(estate_get(&ctx, star).await), Failure::NotFound);
}

/// To entrust an estate to a company is to give its people sight of it (domain.md §6.2): the city and the
/// district do that, whoever runs the estate or enters its data does not.
#[tokio::test]
async fn who_may_entrust_an_estate() {
    let test = TestDatabase::with_city().await;
    let sun = EstateId(id(&test, "select id from estate where name = '阳光苑'").await);
    let moon = EstateId(id(&test, "select id from estate where name = '月光苑'").await);
    let other = id(&test, "select id from operator where name = '宜居公司'").await.to_string();
    let company = id(&test, "select id from organization where code = 'PC1'").await.to_string();
    for (login, estate, allowed) in [
        ("operator", sun, false),
        ("entry", moon, false),
        ("district-a", sun, true),
        ("district-a", moon, true),
        ("city", sun, true),
    ] {
        let ctx = city::ctx(&test.database, login).await;
        // Back to nobody, so that every one of them has something to change.
        sqlx::query("update estate set property_company_id = null, operator_id = null")
            .execute(&test.admin)
            .await
            .expect("nobody");
        let before = read(&ctx, estate).await;
        let form = EstateForm { remark: login.into(), ..EstateForm::from(&before) };
        estate_update(&ctx, estate, before.version, &form).await.unwrap_or_else(|error| panic!("{login}: {error}"));
        let version = before.version + 1;
        let entrusted = EstateForm { operator: other.clone(), property_company: company.clone(), ..form };
        let outcome = estate_update(&ctx, estate, version, &entrusted).await.map_err(Failure::from);
        if allowed {
            assert_eq!(outcome, Ok(()), "{login}");
            assert_eq!(read(&ctx, estate).await.operator.as_deref(), Some("宜居公司"), "{login}");
        } else {
            let mut errors = FieldErrors::from(("operator", "运营主体由市、区县住房保障部门指定，您不能修改"));
            errors.add("property_company", "物业公司由市、区县住房保障部门指定，您不能修改");
            assert_eq!(outcome, Err(errors.into()), "{login}");
        }
    }
    // A clerk of the whole district may enter an estate, and not give it away either.
    sqlx::query("delete from user_estate").execute(&test.admin).await.expect("the whole district");
    let entry = city::ctx(&test.database, "entry").await;
    let given = EstateForm { operator: other, ..form(&test, "810101").await };
    assert_eq!(
        failure(estate_create(&entry, &given).await),
        complaint("operator", "运营主体由市、区县住房保障部门指定，您不能修改")
    );
    estate_create(&entry, &EstateForm { operator: String::new(), ..given }).await.expect("entered");
}

/// A property company is one, and in business; what an estate has already may stay.
#[tokio::test]
async fn whom_an_estate_may_be_entrusted_to() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let sun = EstateId(id(&test, "select id from estate where name = '阳光苑'").await);
    let before = read(&ctx, sun).await;
    let company = complaint("property_company", "物业公司不存在或已停用，请重新选择");
    let operator = complaint("operator", "运营主体不存在或已停用，请重新选择");
    let center = id(&test, "select id from organization where code = 'M1'").await.to_string();
    let change = |form: EstateForm| {
        let ctx = ctx.clone();
        let version = before.version;
        async move { estate_update(&ctx, sun, version, &form).await.map_err(Failure::from) }
    };
    let as_it_is = EstateForm::from(&before);
    assert_eq!(change(EstateForm { property_company: center, ..as_it_is.clone() }).await, Err(company.clone()));
    sqlx::raw_sql("update organization set status = 'OFF' where code = 'PC1'; update operator set status = 'OFF'")
        .execute(&test.admin)
        .await
        .expect("closed");
    let other = id(&test, "select id from operator where name = '宜居公司'").await.to_string();
    assert_eq!(change(EstateForm { operator: other, ..as_it_is.clone() }).await, Err(operator));
    assert_eq!(change(as_it_is).await, Ok(()), "closed, but nobody chose it now");
    let moon = EstateId(id(&test, "select id from estate where name = '月光苑'").await);
    let before = read(&ctx, moon).await;
    let closed = id(&test, "select id from organization where code = 'PC1'").await.to_string();
    let form = EstateForm { property_company: closed, ..EstateForm::from(&before) };
    assert_eq!(failure(estate_update(&ctx, moon, before.version, &form).await), company);
}
