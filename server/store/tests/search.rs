//! One search over stock and persons (S0-1a): what is found, by whom, and when it can be found.

use crate::support::{
    TestDatabase, city,
    tenancy::{self, assigned, form, tenant, vacant},
};
use domain::{
    failure::Failure,
    person::PersonForm,
    search::{HitGroup, HitKind},
};
use store::{
    Ctx,
    person::{person_create, person_delete},
    search::{search, search_refresh},
    tenancy::contract::{contract_create, contract_delete, contract_get},
};

async fn indexed(test: &TestDatabase) {
    while search_refresh(&test.database).await.expect("indexed") > 0 {}
}

fn titles(groups: &[HitGroup], kind: HitKind) -> Vec<&str> {
    groups
        .iter()
        .filter(|group| group.kind == kind)
        .flat_map(|group| &group.hits)
        .map(|hit| hit.title.as_str())
        .collect()
}

async fn find(ctx: &Ctx, query: &str) -> Vec<HitGroup> {
    search(ctx, query, None).await.unwrap_or_else(|error| panic!("{query}: {error}"))
}

async fn person(test: &TestDatabase, ctx: &Ctx, keeper: &str, name: &str, number: &str) -> domain::id::PersonId {
    let organization: i64 = sqlx::query_scalar("select id from organization where code = $1")
        .bind(keeper)
        .fetch_one(&test.admin)
        .await
        .expect("an organisation");
    let form = PersonForm {
        name: name.into(),
        person_type: "TENANT".into(),
        organization: organization.to_string(),
        id_type: "PASSPORT".into(),
        id_number: number.into(),
        phone: "13800001234".into(),
        ..PersonForm::default()
    };
    person_create(ctx, &form).await.expect("created")
}

#[tokio::test]
async fn stock_is_found_by_name_initials_address_code_and_room() {
    let test = TestDatabase::with_city().await;
    indexed(&test).await;
    let ctx = city::ctx(&test.database, "city").await;
    for query in ["阳光苑", "阳光", "yangguang", "XQ000001", "xq000001", " 阳光苑　"] {
        let found = find(&ctx, query).await;
        assert_eq!(titles(&found, HitKind::Estate), ["阳光苑"], "{query}");
    }
    // All three stand at the same address.
    assert_eq!(titles(&find(&ctx, "光明路1号").await, HitKind::Estate).len(), 3);
    for query in ["阳光苑 1号楼", "阳光苑1栋", "yangguangyuan 1幢"] {
        let found = find(&ctx, query).await;
        assert_eq!(titles(&found, HitKind::Building), ["阳光苑 1号楼"], "{query}: not the tenth");
    }
    assert_eq!(titles(&find(&ctx, "阳光苑1号楼1单元301室").await, HitKind::Unit), ["阳光苑 1号楼1单元301室"]);
    for query in ["阳光苑 1号楼 301", "阳光苑 1号楼 0301室"] {
        let found = find(&ctx, query).await;
        let of_both_entrances = ["阳光苑 1号楼1单元301室", "阳光苑 1号楼2单元301室"];
        assert_eq!(titles(&found, HitKind::Unit), of_both_entrances, "{query}");
    }
    let both = find(&ctx, "ygy").await;
    assert_eq!(titles(&both, HitKind::Estate).len(), 2, "阳光苑 and 月光苑");
    assert_eq!(titles(&find(&ctx, "XQ000001-001-0001").await, HitKind::Unit).len(), 1);
    assert_eq!(titles(&find(&ctx, "乙项目").await, HitKind::Project), ["乙项目"]);
    let parts = find(&ctx, "光苑").await;
    assert_eq!(titles(&parts, HitKind::Estate).len(), 3, "阳光苑, 月光苑 and 星光苑, in whatever way they are cut");
    for query in ["", " ", "没有这个地方", "%", "'; drop table unit --", "\u{0}"] {
        assert_eq!(find(&ctx, query).await, [], "{query:?}");
    }
    assert!(matches!(search(&ctx, &"阳".repeat(101), None).await.map_err(Failure::from), Err(Failure::Refused(_))));
}

#[tokio::test]
async fn what_lies_outside_the_scope_is_not_found() {
    let test = TestDatabase::with_city().await;
    let city_ctx = city::ctx(&test.database, "city").await;
    let operator = city::ctx(&test.database, "operator").await;
    person(&test, &city_ctx, "810101", "欧阳甲", "E0000001").await;
    person(&test, &operator, "OP1", "欧阳乙", "E0000002").await;
    indexed(&test).await;
    for (login, persons, estates, units, projects) in [
        ("city", vec!["欧阳乙", "欧阳甲"], 2, 1, 2),
        ("district-a", vec!["欧阳甲"], 2, 1, 2),
        ("district-b", vec![], 0, 0, 0),
        ("operator", vec!["欧阳乙"], 1, 1, 1),
        ("leader", vec![], 2, 1, 2),
    ] {
        let ctx = city::ctx(&test.database, login).await;
        let mut found =
            titles(&find(&ctx, "欧阳").await, HitKind::Person).into_iter().map(ToOwned::to_owned).collect::<Vec<_>>();
        found.sort();
        assert_eq!(found, persons, "{login}");
        let sun = ["阳光苑", "月光苑"].map(|name| name.to_owned());
        let mut seen = 0;
        for name in &sun {
            seen += titles(&find(&ctx, name).await, HitKind::Estate).len();
        }
        assert_eq!(seen, estates, "{login}");
        assert_eq!(titles(&find(&ctx, "XQ000001-001-0001").await, HitKind::Unit).len(), units, "{login}");
        assert_eq!(titles(&find(&ctx, "甲项目").await, HitKind::Project).len(), projects, "{login}");
    }
    let admin = city::ctx(&test.database, "admin").await;
    assert_eq!(search(&admin, "阳光苑", None).await.map_err(Failure::from), Err(Failure::Forbidden));
}

#[tokio::test]
async fn persons_are_found_by_any_part_of_the_name_and_never_by_number() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let id = person(&test, &ctx, "810101", "欧阳小明", "E0000001").await;
    assert_eq!(find(&ctx, "欧阳小明").await, [], "not before it is indexed");
    indexed(&test).await;
    for query in ["欧阳小明", "欧阳", "小明", "oyxm", "OYX"] {
        assert_eq!(titles(&find(&ctx, query).await, HitKind::Person), ["欧阳小明"], "{query}");
    }
    let group = find(&ctx, "小明").await.remove(0);
    assert!(group.hits[0].detail.contains("E****01") && group.hits[0].detail.contains("138****1234"), "{group:?}");
    for number in ["13800001234", "E0000001", "王 13800001234"] {
        assert!(
            matches!(search(&ctx, number, None).await.map_err(Failure::from), Err(Failure::Refused(_))),
            "{number}"
        );
    }
    person_delete(&ctx, id, 1, "误录此人").await.expect("deleted");
    indexed(&test).await;
    assert_eq!(find(&ctx, "欧阳小明").await, []);
}

#[tokio::test]
async fn a_new_name_of_an_estate_is_also_that_of_its_buildings() {
    let test = TestDatabase::with_city().await;
    indexed(&test).await;
    let ctx = city::ctx(&test.database, "city").await;
    sqlx::raw_sql("update estate set name = '银龄花苑' where name = '阳光苑'")
        .execute(&test.admin)
        .await
        .expect("renamed");
    indexed(&test).await;
    assert_eq!(titles(&find(&ctx, "ylhy").await, HitKind::Estate), ["银龄花苑"]);
    assert_eq!(titles(&find(&ctx, "花苑 1号楼").await, HitKind::Building), ["银龄花苑 1号楼"]);
    assert_eq!(find(&ctx, "阳光苑").await, []);
}

/// What the list of a kind would not find – by initials, by what stands inside of a name – the search lists itself.
#[tokio::test]
async fn more_of_one_kind_is_listed() {
    let test = TestDatabase::with_city().await;
    sqlx::raw_sql(
        "insert into estate (district_id, name, address)
         select d.id, '银龄花苑' || n || '期', '路' from organization d, generate_series(11, 25) n where d.code = '810101'",
    )
    .execute(&test.admin)
    .await
    .expect("estates");
    indexed(&test).await;
    let ctx = city::ctx(&test.database, "city").await;
    let few = find(&ctx, "ylhy").await;
    assert_eq!((few.len(), few[0].kind, few[0].hits.len(), few[0].more), (1, HitKind::Estate, 10, true));
    let all = search(&ctx, "ylhy", Some(HitKind::Estate)).await.expect("found");
    assert_eq!((all.len(), all[0].hits.len(), all[0].more), (1, 15, false));
    assert_eq!(search(&ctx, "ylhy", Some(HitKind::Person)).await.expect("found"), []);
    // Whoever may not read a kind does not get it by asking for it alone.
    let leader = city::ctx(&test.database, "leader").await;
    person(&test, &ctx, "810101", "欧阳甲", "E0000001").await;
    indexed(&test).await;
    assert_eq!(search(&leader, "欧阳", Some(HitKind::Person)).await.expect("found"), []);
}

/// By number, by the lessee's name and its initials, in the estate's scope; a draft by name alone.
#[tokio::test(flavor = "multi_thread")]
async fn contracts_are_found_by_number_and_by_lessee() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let (person, unit) = (tenant(&test, 0).await, vacant(&test, 0).await);
    let form = form(assigned(&test, person, unit).await);
    let count =
        async |sql: &'static str| -> i64 { sqlx::query_scalar(sql).fetch_one(&test.admin).await.expect("a count") };
    let dirty = async || count("select count(*) from search_dirty where kind = 'CONTRACT'").await;

    let entry = city::ctx(&test.database, "entry").await;
    let draft = contract_create(&entry, &form, false).await.expect("a draft");
    indexed(&test).await;
    let name: String = sqlx::query_scalar("select lessee_name from contract where id = $1")
        .bind(draft.0)
        .fetch_one(&test.admin)
        .await
        .expect("a draft");
    let title = format!("待编号 {name}");
    assert_eq!(titles(&find(&ctx, &name).await, HitKind::Contract), [title.as_str()]);
    let version = contract_get(&entry, draft).await.expect("it is there").row.version;
    contract_delete(&entry, draft, version).await.expect("deleted");
    assert_eq!(dirty().await, 1);
    indexed(&test).await;
    assert!(titles(&find(&ctx, &name).await, HitKind::Contract).is_empty());

    let id = tenancy::approved(&test, &form).await;
    let number: String = sqlx::query_scalar("select contract_no from contract where id = $1")
        .bind(id.0)
        .fetch_one(&test.admin)
        .await
        .expect("a contract");
    indexed(&test).await;
    let title = format!("{number} {name}");
    for query in [number.clone(), number.to_lowercase(), number[..number.len() - 2].to_owned(), name, "cszh".into()] {
        assert_eq!(titles(&find(&ctx, &query).await, HitKind::Contract), [title.as_str()], "{query}");
    }
    for (login, seen) in [("district-a", true), ("entry", true), ("operator", false), ("district-b", false)] {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(!titles(&find(&ctx, &number).await, HitKind::Contract).is_empty(), seen, "{login}");
    }
    // Work on a contract that changes neither number nor name changes no term.
    sqlx::query("update contract set opinion = '同意'").execute(&test.admin).await.expect("done");
    assert_eq!(dirty().await, 0);
}
