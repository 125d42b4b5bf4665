//! How far accounts see, and that somebody is left who decides.

use super::*;

#[tokio::test]
async fn an_account_can_have_its_districts_listed() {
    let office = office().await;
    let id = |text: &str| text.parse::<i64>().expect("an id");
    let top = office.organization("CITY").await;
    let (first, second) = (office.organization("810101").await, office.organization("810102").await);
    let reach = user_reach(&office.admin, OrganizationId(id(&top)), &[OrganizationId(id(&second))])
        .await
        .expect("what the city could list");
    assert!(reach.districts.len() >= 2, "a city's account can have any district");
    assert_eq!(names(&reach.estates), ["星光苑"], "and then estates in those that are listed");

    // One of the city that looks after one district, and one of a district that looks after a second.
    let grant = GrantForm { districts: vec![second.clone()], ..office.grant("CITY", &["CITY"]).await };
    let (account, _) = office.account("sector", &grant).await;
    assert_eq!(user_get(&office.admin, account).await.expect("there").districts.len(), 1);
    let sector = city::ctx(&office.test.database, "sector").await;
    assert_eq!(*sector.scope(), store::Scope::Districts(vec![id(&second)]));
    let both = vec![first.clone(), second.clone()];
    let grant = GrantForm { districts: both, ..office.grant("810101", &["DISTRICT"]).await };
    office.account("two", &grant).await;
    let two = city::ctx(&office.test.database, "two").await;
    assert_eq!(*two.scope(), store::Scope::Districts(vec![id(&first), id(&second)]));

    let told = async |grant: &GrantForm, name: &str| {
        field(user_register(&office.admin, &form("elsewhere"), grant).await.expect_err("refused"), name)
    };
    // An estate outside of what is listed, a district that is none, an operator's account.
    let moon = office.id("select id from estate where name = '月光苑'").await.to_string();
    let outside = GrantForm { districts: vec![second.clone()], estates: vec![moon], ..grant.clone() };
    assert_eq!(told(&outside, "estates").await, "负责楼盘须在账号的可见范围内");
    let refused = "只有市、区县和管理单位的账号可以自定义可见区县，且区县须存在";
    let no_district = GrantForm { districts: vec![top], ..grant.clone() };
    assert_eq!(told(&no_district, "districts").await, refused);
    let operator = GrantForm { organization: office.organization("OP1").await, ..grant };
    assert_eq!(told(&operator, "districts").await, refused);
}

#[tokio::test]
async fn nobody_is_closed_without_whom_nothing_could_be_decided() {
    let office = office().await;
    let only = UserId(office.id("select id from app_user where login = 'city-check'").await);
    let refused = user_status_set(&office.admin, only, false).await.unwrap_err().to_string();
    assert!(refused.contains("将无人可以复核") && refused.contains("只有0个"), "{refused}");
    assert_eq!(office.id("select count(*) from app_user where login = 'city-check' and status = 'ON'").await, 1);
    // Nor are the rights taken away; with a second checker both goes.
    let version = office.version(only).await;
    let less = office.grant("810101", &["DISTRICT"]).await;
    user_grant_request(&office.admin, only, version, &less).await.expect("asked for");
    let request = office.pending().await;
    let refused = approval_end(&office.security, request, Verdict::Approve, "").await.unwrap_err().to_string();
    assert!(refused.contains("将无人可以复核"), "{refused}");
    approval_end(&office.admin, request, Verdict::Withdraw, "").await.expect("withdrawn");
    office.account("second", &office.grant("CITY", &["CITY_CHECK"]).await).await;
    user_status_set(&office.admin, only, false).await.expect("closed");
}
