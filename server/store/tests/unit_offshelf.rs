//! Taking a unit off the shelf (§3.27 U9): asked for by one person of the city, done when another agrees.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form as contract_form, tenant, vacant},
};
use domain::{
    dictionary::UnitStatus,
    failure::{Failure, FieldErrors},
    housing::{
        unit_offshelf::OffshelfForm,
        unit_status::{Grounds, UnitEvent},
    },
    id::UnitId,
    platform::approval::Verdict,
};
use store::{
    Ctx,
    housing::unit::{unit_get, unit_offshelf_request, unit_transition},
    platform::approval::{approval_end, approval_get},
};

fn form() -> OffshelfForm {
    OffshelfForm { ground: "DEMOLISHED".into(), document: "（2026）3号".into(), reason: "旧城改造拆除".into() }
}

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

async fn version(ctx: &Ctx, unit: UnitId) -> i32 {
    unit_get(ctx, unit).await.expect("a unit").version
}

#[tokio::test]
async fn it_goes_when_another_has_agreed_and_not_before() {
    let test = TestDatabase::with_city().await;
    let (maker, checker) = (city::ctx(&test.database, "city").await, city::ctx(&test.database, "city-check").await);
    let unit = vacant(&test, 0).await;
    let district = city::ctx(&test.database, "district-a").await;
    assert_eq!(failure(unit_offshelf_request(&district, unit, 1, &form()).await), Failure::Forbidden);
    let empty = unit_offshelf_request(&maker, unit, version(&maker, unit).await, &OffshelfForm::default()).await;
    assert!(matches!(failure(empty), Failure::Invalid(FieldErrors(errors)) if errors.len() == 3));
    assert_eq!(failure(unit_offshelf_request(&maker, unit, 99, &form()).await), Failure::Conflict);

    let request =
        unit_offshelf_request(&maker, unit, version(&maker, unit).await, &form()).await.expect("it is asked for");
    assert_eq!(unit_get(&maker, unit).await.expect("a unit").status, UnitStatus::Vacant);
    let again = unit_offshelf_request(&maker, unit, version(&maker, unit).await, &form()).await;
    assert!(matches!(failure(again), Failure::Refused(_)), "one request at a time");
    assert!(approval_get(&district, request).await.is_err(), "the city's alone");
    let told = approval_get(&checker, request).await.expect("the request");
    let said = |label: &str| told.lines.iter().find(|line| line.label == label).and_then(|line| line.after.clone());
    assert!(told.checkable && told.row.subject.contains("月光苑"), "{}", told.row.subject);
    assert_eq!((said("房源状态"), said("文号")), (Some("已注销".into()), Some("（2026）3号".into())));
    assert!(approval_end(&maker, request, Verdict::Approve, "").await.is_err(), "never by its maker");
    approval_end(&checker, request, Verdict::Approve, "").await.expect("agreed");
    let gone = unit_get(&maker, unit).await.expect("a unit");
    assert_eq!((gone.status, gone.vacant_since), (UnitStatus::OffShelf, None));
    let line = &gone.history[0];
    assert_eq!((line.event.as_str(), line.from, line.to), ("注销", Some(UnitStatus::Vacant), UnitStatus::OffShelf));
    assert_eq!((line.reason.as_deref(), line.document.as_deref()), (Some("拆除"), Some("（2026）3号")));
    let back = unit_transition(&district, unit, gone.version, UnitEvent::Unlock, Grounds::default()).await;
    assert!(matches!(failure(back), Failure::Refused(_)), "nothing brings it back");
    let twice = unit_offshelf_request(&maker, unit, gone.version, &form()).await;
    assert_eq!(failure(twice), Failure::refused("房源状态为“已注销”，不能注销"));
}

/// What was asked for is of the unit as it was.
#[tokio::test]
async fn a_unit_that_changed_meanwhile_stays() {
    let test = TestDatabase::with_city().await;
    let (maker, checker) = (city::ctx(&test.database, "city").await, city::ctx(&test.database, "city-check").await);
    let unit = vacant(&test, 0).await;
    let request =
        unit_offshelf_request(&maker, unit, version(&maker, unit).await, &form()).await.expect("it is asked for");
    unit_transition(&maker, unit, version(&maker, unit).await, UnitEvent::Lock, "留用").await.expect("locked");
    assert!(matches!(failure(approval_end(&checker, request, Verdict::Approve, "").await), Failure::Refused(_)));
    assert_eq!(unit_get(&maker, unit).await.expect("a unit").status, UnitStatus::Reserved);
    approval_end(&checker, request, Verdict::Reject, "已变化").await.expect("refused");
    let request =
        unit_offshelf_request(&maker, unit, version(&maker, unit).await, &form()).await.expect("it is asked for");
    approval_end(&checker, request, Verdict::Approve, "").await.expect("agreed");
    assert_eq!(unit_get(&maker, unit).await.expect("a unit").status, UnitStatus::OffShelf);
}

#[tokio::test]
async fn a_home_that_somebody_has_or_gets_stays() {
    let test = TestDatabase::with_city().await;
    let maker = city::ctx(&test.database, "city").await;
    let unit = vacant(&test, 0).await;
    let assignment = assigned(&test, tenant(&test, 0).await, unit).await;
    let refused = unit_offshelf_request(&maker, unit, version(&maker, unit).await, &form()).await;
    assert_eq!(failure(refused), Failure::refused("房源有未结束的直接分配，请先撤销分配"));
    active(&test, &contract_form(assignment)).await;
    let refused = unit_offshelf_request(&maker, unit, version(&maker, unit).await, &form()).await;
    assert!(matches!(failure(refused), Failure::Refused(sentence) if sentence.contains("不能注销")));
}
