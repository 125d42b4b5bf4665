//! Homes of 阳光苑 that people move into, and the pages that show them.

use super::{
    Site, city,
    tenancy_pages::{CLERK, Pages, confirmed, contract, tenant},
};
use chrono::Utc;
use domain::{
    id::{ContractId, HandOverId, HouseholdId, PersonId, RoomId, UnitId},
    person::{PersonForm, household::HouseholdForm},
    tenancy::{
        binding::BindingForm,
        hand_over::{HandOverForm, HandOverOffer},
    },
};
use store::{
    person::{household::household_create, person_create},
    tenancy::{
        binding::binding_create,
        contract::{SyncAnswer, contract_decide, contract_get, contract_synced},
        hand_over::{hand_over_create, hand_over_offer},
    },
};

/// What people moved into, and are to move into.
pub struct MoveIn {
    /// a contract in force that waits for its hand-over, and another one's record
    pub waiting: ContractId,
    pub done: HandOverId,
    /// a home that was taken over, with somebody in it
    pub unit: UnitId,
    pub room: RoomId,
    pub household: HouseholdId,
}

/// A contract that the bank knows; its tenant is the `nth`.
async fn in_force(site: &Site, nth: u8) -> ContractId {
    let form = super::tenancy::form(confirmed(site, nth).await);
    let id = contract(site, &form, true).await;
    let database = &site.test.database;
    let approver = city::ctx(database, "approver").await;
    let version = contract_get(&approver, id).await.expect("a contract").row.version;
    contract_decide(&approver, id, version, true, "").await.expect("an approval");
    let number = contract_get(&approver, id).await.expect("a contract").row.contract_no.expect("a number");
    let answer = SyncAnswer::Known { agreement_no: None };
    contract_synced(database, &number, answer, Utc::now()).await.expect("the bank's answer");
    id
}

/// A hand-over as a clerk fills it in.
pub fn filled(offer: &HandOverOffer) -> HandOverForm {
    let mut form = offer.proposal();
    form.items.retain(|item| !item.name.is_empty());
    form.items.push(domain::tenancy::hand_over::ItemForm {
        name: "床".into(),
        quantity: "2".into(),
        state: "GOOD".into(),
    });
    HandOverForm { keys: "3".into(), water: "12.5".into(), signed: true, ..form }
}

/// Somebody whom 甲区 keeps and whose name says so.
pub async fn head(site: &Site, name: &str, number: &str) -> PersonId {
    let form = PersonForm {
        name: name.into(),
        person_type: "TENANT".into(),
        organization: site.id("select id from organization where code = '810101'").await.to_string(),
        id_type: "PASSPORT".into(),
        id_number: number.into(),
        phone: "13900001111".into(),
        ..PersonForm::default()
    };
    person_create(&city::ctx(&site.test.database, "city").await, &form).await.expect("a person")
}

/// A household of one.
pub fn alone(head: PersonId) -> HouseholdForm {
    HouseholdForm {
        head: head.to_string(),
        category: "LOWINC".into(),
        annual_income: "31200".into(),
        ..HouseholdForm::default()
    }
}

pub fn by_hand(unit: UnitId, room: RoomId, person: PersonId) -> BindingForm {
    BindingForm {
        unit: unit.to_string(),
        room: room.to_string(),
        person: person.to_string(),
        relation: "CO_RESIDENT".into(),
        from_on: "2026-01-01".into(),
    }
}

pub async fn move_in(site: &Site) -> MoveIn {
    let database = &site.test.database;
    let operator = city::ctx(database, "operator").await;
    // Vacant homes are few here, and others need theirs.
    let ready = "update unit u set status = 'VACANT', vacant_since = current_date from estate e
                 where e.id = u.estate_id and e.name = '阳光苑' and u.status = 'PREP'";
    sqlx::query(ready).execute(&site.test.admin).await.expect("one home more");
    let (waiting, handed) = (in_force(site, 4).await, in_force(site, 5).await);
    let form = filled(&hand_over_offer(&operator, handed).await.expect("an offer"));
    let done = hand_over_create(&operator, handed, &form).await.expect("handed over");
    let taken_over = "select min(u.id) from unit u join estate e on e.id = u.estate_id
                      where e.name = '阳光苑' and u.status = 'OCCUPIED'
                        and not exists (select from contract c where c.unit_id = u.id)";
    let unit = UnitId(site.id(taken_over).await);
    let room = RoomId(site.id(&format!("select min(id) from room where unit_id = {unit}")).await);
    let clerk = city::ctx(database, CLERK).await;
    binding_create(&clerk, &by_hand(unit, room, tenant(site, 6).await)).await.expect("a binding");
    let head = head(site, "阳光苑户主", "H1000001").await;
    let household = household_create(&clerk, &alone(head)).await.expect("a household");
    MoveIn { waiting, done, unit, room, household }
}

/// For the city, for the clerk, and for the operator.
pub fn pages(at: &MoveIn) -> [Pages; 3] {
    let city: Pages = vec![
        (
            "/tenancy/hand-overs",
            "/tenancy/hand-overs".into(),
            vec!["交房入住", "待入住", "交房记录", "待租户4", "待租户5", "共 2 条"],
        ),
        (
            "/tenancy/hand-overs",
            "/tenancy/hand-overs?state=WAITING&sort=start_on".into(),
            vec!["待租户4", "/tenancy/hand-overs/new?contract=", "共 1 条"],
        ),
        ("/tenancy/hand-overs", "/tenancy/hand-overs?state=DONE".into(), vec!["待租户5", "已交房", "共 1 条"]),
        (
            "/tenancy/hand-overs/:id",
            format!("/tenancy/hand-overs/{}", at.done),
            vec!["待租户5 交房记录", "水 12.50", "床", "完好", "测试operator", "办理交房", "附件"],
        ),
        (
            "/tenancy/residents",
            "/tenancy/residents".into(),
            vec!["入住查询", "待租户5", "待租户6", "入住天数", "共 2 条"],
        ),
        ("/tenancy/residents", "/tenancy/residents?state=LEFT".into(), vec!["没有符合条件的记录"]),
        ("/housing/units/:id", format!("/housing/units/{}", at.unit), vec!["入住人员", "待租户6", "同住人"]),
        ("/persons/households", "/persons/households".into(), vec!["阳光苑户主", "2,600.00", "登记家庭", "共 1 条"]),
        (
            "/persons/households/new",
            "/persons/households/new".into(),
            vec!["登记家庭", "优先情形", "人均月收入", "method=\"post\" novalidate"],
        ),
        (
            "/persons/households/:id",
            format!("/persons/households/{}", at.household),
            vec!["阳光苑户主的家庭", "31,200.00", "本人", "登记", "销户"],
        ),
        (
            "/persons/households/:id/:action",
            format!("/persons/households/{}/edit", at.household),
            vec!["变更家庭", "阳光苑户主"],
        ),
    ];
    let clerk: Pages = vec![
        (
            "/tenancy/residents/new",
            format!("/tenancy/residents/new?unit={}", at.unit),
            vec!["登记入住", "按接管登记", "method=\"post\" novalidate"],
        ),
        ("/housing/units/:id", format!("/housing/units/{}", at.unit), vec!["/tenancy/residents/new?unit="]),
    ];
    let operator: Pages = vec![
        ("/", "/".into(), vec!["待客户入住"]),
        ("/tenancy/hand-overs/new", "/tenancy/hand-overs/new".into(), vec!["请在“待入住”中选择合同后办理"]),
        (
            "/tenancy/hand-overs/new",
            format!("/tenancy/hand-overs/new?contract={}", at.waiting),
            vec!["办理交房入住", "待租户4（承租人）", "物品清单", "签收人已在交房确认单上签字", "办理入住"],
        ),
        (
            "/tenancy/hand-overs/:id/:action",
            format!("/tenancy/hand-overs/{}/edit", at.done),
            vec!["修改交房记录", "第1项物品"],
        ),
    ];
    [city, clerk, operator]
}
