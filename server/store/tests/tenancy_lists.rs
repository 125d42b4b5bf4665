//! The lists of assignments and contracts: what waits for whom, reminders that count what their lists show, and the approval
//! of many at once.

use crate::support::{TestDatabase, city, tenancy};
use domain::{
    dictionary::ContractStatus,
    failure::Failure,
    id::{AssignmentId, ContractId, UnitId},
    list::ListQuery,
    tenancy::{
        contract_batch::{APPROVE_MAX, CHANGED_MEANWHILE},
        contract_form::{ContractForm, ResidentForm},
    },
};
use store::{
    Ctx,
    insight::reminder::reminder_list,
    platform::user::{NewUser, user_create},
    tenancy::{
        assignment::{assignment_create, assignment_get, assignment_list},
        contract::{
            contract_create, contract_delete, contract_get, contract_list, contract_update, contracts_approve,
            contracts_chosen,
        },
    },
};

/// An account of 甲区 that the small city lacks.
async fn account(test: &TestDatabase, login: &str, roles: &[&str], organization: &str) -> Ctx {
    let user = NewUser {
        login,
        name: login,
        organization_code: organization,
        roles,
        password: city::PASSWORD.into(),
        must_change_password: false,
        demo: false,
    };
    assert!(user_create(&test.database, user).await.expect("an account"));
    city::ctx(&test.database, login).await
}

/// A clerk goes to another office: he approves from now on. Nobody has both roles at once (§6.4).
async fn becomes_approver(test: &TestDatabase, login: &str) -> Ctx {
    let change = "update user_role set role_id = (select id from role where code = 'PROPERTY_APPROVER')
                  where user_id = (select id from app_user where login = $1)";
    let changed = sqlx::query(change).bind(login).execute(&test.admin).await.expect("another office");
    assert_eq!(changed.rows_affected(), 1);
    city::ctx(&test.database, login).await
}

/// A vacant home of 阳光苑, which whoever enters for the whole district sees.
async fn sunny(test: &TestDatabase, nth: i64) -> UnitId {
    let id = sqlx::query_scalar(
        "select u.id from unit u join estate e on e.id = u.estate_id
         where e.name = '阳光苑' and u.status = 'VACANT' order by u.id offset $1 limit 1",
    )
    .bind(nth)
    .fetch_one(&test.admin)
    .await
    .expect("a vacant home");
    UnitId(id)
}

/// The next tenant's home in 阳光苑, confirmed.
async fn home(test: &TestDatabase, nth: usize) -> AssignmentId {
    // Each takes the first that is still vacant.
    tenancy::assigned(test, tenancy::tenant(test, nth).await, sunny(test, 0).await).await
}

async fn version(ctx: &Ctx, id: ContractId) -> i32 {
    contract_get(ctx, id).await.expect("it is there").row.version
}

fn query(search: &str) -> ListQuery {
    let pairs = search.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').expect("a pair"));
    ListQuery::from_params(pairs)
}

async fn contracts(ctx: &Ctx, search: &str) -> Vec<i64> {
    let mut ids: Vec<i64> =
        contract_list(ctx, &query(search)).await.expect("a list").rows.iter().map(|row| row.id.0).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_approved_at_once_and_those_that_stay_are_named() {
    let test = TestDatabase::with_city().await;
    let entry = account(&test, "entry-a", &["ENTRY"], "810101").await;
    let other_clerk = account(&test, "other", &["ENTRY"], "810101").await;
    let mut made = Vec::new();
    for nth in 0..4 {
        let mut form = tenancy::form(home(&test, nth).await);
        if nth == 2 {
            form.explained_on = String::new();
        }
        let who = if nth == 3 { &other_clerk } else { &entry };
        made.push(contract_create(who, &form, true).await.expect("a contract"));
    }
    let [good, other, unexplained, own] = made[..] else { unreachable!("four were made") };
    let both = becomes_approver(&test, "other").await;
    let seen = version(&both, good).await;
    let stranger = ContractId(9_999);
    let chosen = [(own, seen), (good, seen), (unexplained, seen), (other, seen - 1), (stranger, 1), (good, seen)];
    let outcome = contracts_approve(&both, &chosen).await.expect("an outcome");
    assert_eq!(outcome.approved, 1, "the one that was named twice counts once");
    let stayed: Vec<(ContractId, &str)> = outcome.stayed.iter().map(|it| (it.id, it.reason.as_str())).collect();
    assert_eq!(
        stayed,
        [
            (own, "不能审批本人录入或修改的合同"),
            (unexplained, "尚未登记合同条款说明日期，不能审批通过"),
            (other, CHANGED_MEANWHILE),
            (stranger, "记录不存在，或不在您的管辖范围内"),
        ]
    );
    assert!(outcome.stayed[0].name.starts_with("测试租户3 阳光苑"), "{}", outcome.stayed[0].name);
    assert_eq!(outcome.stayed[3].name, "", "of what is not there nothing is said");
    let status = async |id| contract_get(&both, id).await.expect("it is there").row.status;
    assert_eq!(status(good).await, ContractStatus::ApprovedSyncing);
    for waits in [own, unexplained, other] {
        assert_eq!(status(waits).await, ContractStatus::Pending);
    }
    // Nothing is approved twice; two of one go have numbers of their own.
    let again = contracts_approve(&both, &[(good, version(&both, good).await)]).await.expect("an outcome");
    assert_eq!((again.approved, again.stayed.len()), (0, 1));
    let approver = city::ctx(&test.database, "approver").await;
    let outcome = contracts_approve(&approver, &[(own, seen), (other, seen)]).await.expect("an outcome");
    assert_eq!((outcome.approved, outcome.stayed), (2, Vec::new()));
    let mut numbers = Vec::new();
    for id in [good, own, other] {
        let contract = contract_get(&both, id).await.expect("it is there");
        assert_eq!(contract.digest.map(|digest| digest.len()), Some(64));
        assert_eq!(contract.history[0].event, "审批通过");
        numbers.extend(contract.row.contract_no);
    }
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_what_he_may_not_or_too_much() {
    let test = TestDatabase::with_city().await;
    let entry = account(&test, "entry-a", &["ENTRY"], "810101").await;
    let id = contract_create(&entry, &tenancy::form(home(&test, 0).await), true).await.expect("a contract");
    let approver = city::ctx(&test.database, "approver").await;
    let elsewhere = account(&test, "approver-b", &["PROPERTY_APPROVER"], "810102").await;
    let seen = version(&approver, id).await;
    for login in ["entry-a", "city", "district-a", "finhead"] {
        let refused = contracts_approve(&city::ctx(&test.database, login).await, &[(id, seen)]).await;
        assert_eq!(Failure::from(refused.expect_err("a refusal")), Failure::Forbidden, "{login}");
    }
    let outcome = contracts_approve(&elsewhere, &[(id, seen)]).await.expect("an outcome");
    assert_eq!((outcome.approved, outcome.stayed[0].name.as_str()), (0, ""), "another district's is not to be seen");
    assert!(contracts_chosen(&elsewhere, &[id]).await.expect("none").is_empty());
    assert_eq!(contracts_chosen(&approver, &[id]).await.expect("one").len(), 1);
    let told = |refused: store::Error| Failure::from(refused).to_string();
    let many = vec![(id, seen); APPROVE_MAX + 1];
    assert_eq!(told(contracts_approve(&approver, &many).await.expect_err("too many")), "一次最多审批50份，请分批处理");
    assert_eq!(told(contracts_approve(&approver, &[]).await.expect_err("none")), "请先选择合同");
    assert_eq!(contract_get(&approver, id).await.expect("it is there").row.status, ContractStatus::Pending);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_show_what_waits_and_nobody_his_own() {
    let test = TestDatabase::with_city().await;
    let entry = account(&test, "entry-a", &["ENTRY"], "810101").await;
    let clerk = account(&test, "other", &["ENTRY"], "810101").await;
    let approver = city::ctx(&test.database, "approver").await;
    let mine = contract_create(&clerk, &tenancy::form(home(&test, 0).await), true).await.expect("a contract");
    let draft = contract_create(&entry, &tenancy::form(home(&test, 1).await), false).await.expect("a draft");
    let touched = contract_create(&entry, &tenancy::form(home(&test, 2).await), true).await.expect("a contract");
    let others = contract_create(&entry, &tenancy::form(home(&test, 3).await), true).await.expect("a contract");
    // Whoever changed it is an author, too.
    let contract = contract_get(&clerk, touched).await.expect("it is there");
    contract_update(&clerk, touched, contract.row.version, &contract.form()).await.expect("a change");
    let author = becomes_approver(&test, "other").await;
    assert_eq!(contracts(&author, "turn=MINE").await, [others.0]);
    assert_eq!(contracts(&approver, "turn=MINE").await, [mine.0, touched.0, others.0]);
    assert_eq!(contracts(&entry, "turn=MINE").await, Vec::<i64>::new(), "who approves nothing has nothing that waits");
    assert_eq!(contracts(&approver, "status=DRAFT").await, [draft.0]);
    assert_eq!(contracts(&approver, &format!("unit={}", contract.row.unit_id)).await, [touched.0]);
    assert_eq!(contracts(&approver, &format!("person={}", contract.person_id)).await, [touched.0]);
    assert_eq!(contracts(&approver, "q=测试租户1").await, [draft.0]);
    assert_eq!(contracts(&city::ctx(&test.database, "district-b").await, "").await, Vec::<i64>::new());
    for sort in ["contract_no", "lessee", "monthly_rent", "start_on", "end_on", "created_at", "submitted_at"] {
        assert_eq!(contracts(&approver, &format!("sort={sort}")).await.len(), 4, "{sort}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_home_waits_until_a_contract_is_under_way() {
    let test = TestDatabase::with_city().await;
    let entry = account(&test, "entry-a", &["ENTRY"], "810101").await;
    let city = city::ctx(&test.database, "city").await;
    let district = city::ctx(&test.database, "district-a").await;
    let waiting = async |ctx: &Ctx, search: &str| {
        let page = assignment_list(ctx, &query(search)).await.expect("a list");
        page.rows.iter().map(|row| (row.id.0, row.decidable, row.signable)).collect::<Vec<_>>()
    };
    let proposed = {
        let form = domain::tenancy::assignment::AssignmentForm {
            person: tenancy::tenant(&test, 1).await.to_string(),
            unit: sunny(&test, 3).await.to_string(),
            reason: "特殊困难".into(),
            document_no: String::new(),
        };
        assignment_create(&city, &form).await.expect("an assignment")
    };
    let assigned = home(&test, 0).await;
    assert_eq!(waiting(&district, "turn=MINE").await, [(proposed.0, true, false)]);
    assert_eq!(waiting(&city, "turn=MINE").await, [], "his own");
    assert_eq!(waiting(&entry, "turn=MINE").await, [], "who confirms nothing has nothing that waits");
    assert_eq!(waiting(&entry, "signing=OPEN").await, [(assigned.0, false, true)]);
    assert_eq!(waiting(&district, "signing=OPEN").await, [(assigned.0, false, false)], "the district draws up none");
    let contract = contract_create(&entry, &tenancy::form(assigned), false).await.expect("a draft");
    assert_eq!(waiting(&entry, "signing=OPEN").await, []);
    assert_eq!(waiting(&entry, "status=CONFIRMED").await, [(assigned.0, false, false)], "it is not signed yet");
    assert_eq!(assignment_get(&entry, assigned).await.expect("it is there").contract_id, Some(contract));
    contract_delete(&entry, contract, 1).await.expect("it is gone");
    assert_eq!(waiting(&entry, "signing=OPEN").await, [(assigned.0, false, true)]);
}

/// Of the two lists: each reminder leads to a list that shows as many rows as the reminder counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_counts_what_its_list_shows() {
    let test = TestDatabase::with_city().await;
    let entry = account(&test, "entry-a", &["ENTRY"], "810101").await;
    let clerk = account(&test, "other", &["ENTRY"], "810101").await;
    // One that waits, one of the approver's own, one chosen and not signed, one in force that ends soon.
    contract_create(&entry, &tenancy::form(home(&test, 0).await), true).await.expect("a contract");
    contract_create(&clerk, &tenancy::form(home(&test, 1).await), true).await.expect("a contract");
    becomes_approver(&test, "other").await;
    home(&test, 2).await;
    let ending = tenancy::assigned(&test, tenancy::tenant(&test, 3).await, tenancy::vacant(&test, 0).await).await;
    let soon = entry.today() + chrono::Days::new(20);
    tenancy::active(&test, &ContractForm { end_on: soon.to_string(), ..tenancy::form(ending) }).await;
    let mut counted = Vec::new();
    let logins = [
        "city",
        "city-check",
        "district-a",
        "district-b",
        "operator",
        "entry",
        "entry-a",
        "other",
        "approver",
        "finance",
    ];
    for login in logins {
        let ctx = city::ctx(&test.database, login).await;
        for reminder in reminder_list(&ctx).await.expect("reminders") {
            let Some((list, search)) = reminder.link.split_once('?').filter(|(list, _)| list.starts_with("/tenancy"))
            else {
                continue;
            };
            let shown = match list {
                "/tenancy/contracts" => contract_list(&ctx, &query(search)).await.expect("a list").total,
                "/tenancy/assignments" => assignment_list(&ctx, &query(search)).await.expect("a list").total,
                other => panic!("no list at {other}"),
            };
            assert_eq!(shown, reminder.count, "{login}: {}", reminder.label);
            counted.push(format!("{login} {} {shown}", reminder.label));
        }
    }
    assert_eq!(
        counted,
        [
            "entry 待备案的合同 1",
            "entry 即将到期的合同 1",
            "entry-a 已选房待签约 1",
            "entry-a 待备案的合同 1",
            "entry-a 即将到期的合同 1",
            "other 待我审批的合同 1",
            "approver 待我审批的合同 2",
        ]
    );
}

/// What the page of a stored contract begins with is what was entered, and saved unchanged it changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_form_of_a_stored_contract_is_what_was_entered() {
    let test = TestDatabase::with_city().await;
    let entry = account(&test, "entry-a", &["ENTRY"], "810101").await;
    let resident = tenancy::tenant(&test, 1).await;
    let plain = tenancy::form(home(&test, 0).await);
    let entered = ContractForm {
        contract_no: "WB-2026-1".into(),
        reduction: "10.50".into(),
        property_rate: "2.50".into(),
        deposit: "1,000.00".into(),
        rent_start_on: plain.end_on.clone(),
        pay_cycle: "QUARTER".into(),
        first_pay_months: "2".into(),
        split: "CONTRACT".into(),
        due_day: "28".into(),
        bank_name: "另一银行".into(),
        bank_no: tenancy::BANK.into(),
        bank_holder: "测试租户0".into(),
        debit_agreement_no: "XY-7".into(),
        block_access_clause: true,
        sign_mode: "ELECTRONIC".into(),
        remark: "备注".into(),
        residents: vec![ResidentForm { person: resident.to_string(), relation: "SPOUSE".into() }],
        ..plain
    };
    let id = contract_create(&entry, &entered, false).await.expect("a draft");
    let row = async || -> serde_json::Value {
        let sql = "select to_jsonb(c) - array['version', 'updated_at', 'id_number', 'phone', 'bank_no'] ||
                          jsonb_build_object('residents', (select jsonb_agg(r) from contract_resident r where r.contract_id = c.id))
                   from contract c where id = $1";
        sqlx::query_scalar(sql).bind(id.0).fetch_one(&test.admin).await.expect("the row")
    };
    let before = row().await;
    let contract = contract_get(&entry, id).await.expect("it is there");
    // The number of an account goes one way only.
    let expected = ContractForm { bank_no: String::new(), ..entered };
    assert_eq!(serde_json::to_value(contract.form()).unwrap(), serde_json::to_value(&expected).unwrap());
    contract_update(&entry, id, contract.row.version, &contract.form()).await.expect("saved unchanged");
    assert_eq!(row().await, before);
}
