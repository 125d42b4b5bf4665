//! The first wall of data scope (architecture §4): what the store's own queries answer to every kind of account. The second
//! wall stands in `scope.rs`.

use crate::support::{TestDatabase, city};
use chrono::Utc;
use domain::{import::SheetKey, list::ListQuery};
use store::{
    housing::{
        building::building_list, estate::estate_list, project::project_list, room::room_list, unit_list::unit_list,
    },
    import::job::{job_list, job_note},
};

/// Lists and the import log.
#[tokio::test]
async fn lists_hold_the_scope_of_the_account() {
    let test = TestDatabase::with_city().await;
    for login in ["district-a", "district-b"] {
        job_note(&city::ctx(&test.database, login).await, SheetKey::Estate, "小区.xlsx", "00").await.expect("a job");
    }
    let query = ListQuery { size: 100, ..ListQuery::default() };
    for (login, projects, estates, buildings, units) in [
        ("city", 3, 3, 4, city::UNITS),
        ("leader", 3, 3, 4, city::UNITS),
        ("district-a", 2, 2, 3, city::UNITS_A),
        ("district-b", 1, 1, 1, city::UNITS_B),
        ("operator", 1, 1, 2, city::UNITS_SUN),
        ("entry", 1, 1, 1, 4),
    ] {
        let ctx = city::ctx(&test.database, login).await;
        let counts = (
            project_list(&ctx, &query).await.expect("projects").rows.len(),
            estate_list(&ctx, &query).await.expect("estates").rows.len(),
            building_list(&ctx, &query).await.expect("buildings").rows.len(),
        );
        assert_eq!(counts, (projects, estates, buildings), "{login}");
        let page = unit_list(&ctx, &query).await.expect("units");
        assert_eq!((page.rows.len() as i64, page.total), (units, units), "{login}");
        let rooms = room_list(&ctx, &query).await.expect("rooms");
        assert_eq!((rooms.rows.len() as i64, rooms.total), (units, units), "{login}");
    }
    for (login, jobs) in [("city", 2), ("district-a", 1), ("district-b", 1), ("operator", 0)] {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(job_list(&ctx, &query).await.expect("jobs").rows.len(), jobs, "{login}");
    }
}

/// An account whose roles hold no business right sees no business data (SYS_ADMIN, domain.md §6.1).
#[tokio::test]
async fn a_system_administrator_has_no_stock_in_reach() {
    let test = TestDatabase::with_city().await;
    let admin = city::ctx(&test.database, "admin").await;
    assert_eq!(*admin.scope(), store::Scope::Nothing);
    assert!(unit_list(&admin, &ListQuery::default()).await.is_err());
    let off =
        store::platform::user::user_ctx(&test.database, store::platform::user::UserRef::Login("nobody"), Utc::now())
            .await;
    assert_eq!(off.unwrap_err().to_string(), "账号不存在或已停用");
}
