use super::*;
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A hand-over as a clerk fills it in.
fn form() -> HandOverForm {
    HandOverForm {
        handed_on: "2026-11-28".into(),
        keys: "3".into(),
        water: "12.5".into(),
        items: vec![ItemForm { name: "床".into(), quantity: "2".into(), state: "GOOD".into() }],
        signed_by: "张三".into(),
        signed: true,
        occupants: vec![
            OccupantForm { person: "1".into(), room: "7".into() },
            OccupantForm { person: "2".into(), room: String::new() },
        ],
        ..HandOverForm::default()
    }
}

fn checked(form: &HandOverForm) -> Result<HandOverFields, FieldErrors> {
    form.check(day("2026-11-28"), day("2026-11-20"))
}

fn complaint(change: impl FnOnce(&mut HandOverForm), field: &str) -> Option<String> {
    let mut form = form();
    change(&mut form);
    checked(&form).err().and_then(|errors| errors.get(field).map(ToOwned::to_owned))
}

#[test]
fn a_good_form_passes() {
    let fields = checked(&form()).unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!(fields.readings, [(MeterType::Water, Reading(1_250))]);
    assert_eq!(fields.items[0].to_string(), "床×2（完好）");
    assert_eq!(fields.occupants, [(PersonId(1), RoomId(7))], "who has no room comes later");
}

#[test]
fn days_keys_and_readings_that_are_none() {
    for (text, told) in [
        ("", "不能为空"),
        ("2026-11-29", "不能晚于今天"),
        ("2026-11-19", "不能早于合同签订日期"),
        ("2026/11/28", "日期格式应为YYYY-MM-DD"),
    ] {
        assert_eq!(complaint(|form| form.handed_on = text.into(), "handed_on").as_deref(), Some(told), "{text}");
    }
    for keys in ["0", "-1", "100", "1.5", "x", ""] {
        assert!(complaint(|form| form.keys = keys.into(), "keys").is_some(), "{keys}");
    }
    for reading in ["-1", "1.234", "1e3", "99999999999"] {
        assert!(complaint(|form| form.gas = reading.into(), "gas").is_some(), "{reading}");
    }
    assert!(complaint(|form| form.signed = false, "signed").is_some());
    assert!(complaint(|form| form.signed_by = " ".into(), "signed_by").is_some());
}

#[test]
fn what_stands_there_is_said_line_by_line() {
    assert!(complaint(|form| form.items.clear(), "items").is_some());
    let line = |name: &str, quantity: &str, state: &str| ItemForm {
        name: name.into(),
        quantity: quantity.into(),
        state: state.into(),
    };
    for (item, told) in [
        (line("", "1", "GOOD"), "第2项不能为空"),
        (line("柜", "0", "GOOD"), "第2项应为1至255的整数"),
        (line("柜", "1", "新"), "第2项取值不在字典范围内：新"),
    ] {
        assert_eq!(complaint(|form| form.items.push(item.clone()), "items").as_deref(), Some(told));
    }
    let many = vec![line("椅", "1", "GOOD"); ITEMS_MAX + 1];
    assert_eq!(complaint(|form| form.items = many, "items").as_deref(), Some("最多60项"));
}

#[test]
fn nobody_moves_into_two_rooms() {
    let twice = OccupantForm { person: "1".into(), room: "8".into() };
    assert!(complaint(|form| form.occupants.push(twice), "occupants").is_some());
    let nobody = OccupantForm { person: "x".into(), room: "8".into() };
    assert!(complaint(|form| form.occupants.push(nobody), "occupants").is_some());
}

#[test]
fn only_a_contract_in_force_is_handed_over() {
    use ContractStatus as S;
    for status in S::ALL.iter().copied() {
        let told = may_hand_over(status).err().map(|failure| failure.to_string());
        let expected = match status {
            S::Active => None,
            S::Draft | S::Pending | S::Rejected => Some("合同未复核".to_owned()),
            other => Some(format!("合同状态为“{other}”，不能办理入住")),
        };
        assert_eq!(told, expected, "{status}");
    }
}

#[test]
fn a_change_says_what_was_and_what_is() {
    let before = checked(&form()).unwrap();
    assert_eq!(before.changes(&before), []);
    let after = HandOverForm { keys: "4".into(), water: String::new(), remark: "补一把钥匙".into(), ..form() };
    let changes = checked(&after).unwrap().changes(&before);
    let told: Vec<_> = changes.iter().map(|change| (&*change.field, &*change.before, &*change.after)).collect();
    assert_eq!(told, [("钥匙数", "3", "4"), ("表具读数", "水12.50", ""), ("备注", "", "补一把钥匙")]);
}

/// An offer for so many people and rooms of these capacities.
fn offer(people: i64, capacities: &[Option<i32>]) -> HandOverOffer {
    let room = |(id, capacity): (i64, &Option<i32>)| RoomPlace {
        id: RoomId(id),
        name: id.to_string(),
        kind: crate::dictionary::RoomType::Room,
        capacity: *capacity,
        living: 0,
    };
    let person = |id| Occupant { person_id: PersonId(id), name: id.to_string(), relation: Relation::Oneself };
    HandOverOffer {
        row: HandOverRow {
            contract_id: ContractId(1),
            contract_no: None,
            lessee: "张三".into(),
            unit_id: UnitId(1),
            estate: String::new(),
            address: String::new(),
            start_on: day("2026-11-20"),
            done: None,
        },
        sign_on: day("2026-11-20"),
        people: (0..people).map(person).collect(),
        rooms: (100..).zip(capacities).map(room).collect(),
        facilities: vec!["空调".into()],
        today: day("2026-11-28"),
    }
}

#[test]
fn everybody_gets_the_first_room_with_a_place() {
    let rooms =
        |offer: HandOverOffer| offer.proposal().occupants.into_iter().map(|occupant| occupant.room).collect::<Vec<_>>();
    assert_eq!(rooms(offer(3, &[None])), ["100", "100", "100"]);
    assert_eq!(rooms(offer(4, &[Some(1), Some(2)])), ["100", "101", "101", ""]);
    assert_eq!(rooms(offer(1, &[])), [""]);
    let proposal = offer(1, &[None]).proposal();
    assert_eq!(
        (proposal.items[0].name.as_str(), proposal.signed_by.as_str(), proposal.signed),
        ("空调", "张三", false)
    );
}

proptest! {
    /// No proposal puts more people into a room than find a place there, and nobody is left out while there is one.
    #[test]
    fn a_proposal_keeps_to_the_places(people in 0i64..9, capacities in prop::collection::vec(prop::option::of(1i32..4), 0..4)) {
        let offer = offer(people, &capacities);
        let occupants = offer.proposal().occupants;
        for room in &offer.rooms {
            let living = occupants.iter().filter(|occupant| occupant.room == room.id.to_string()).count();
            prop_assert!(room.has_place(living as i64));
            let left_out = occupants.iter().any(|occupant| occupant.room.is_empty());
            prop_assert!(!left_out || !room.has_place(living as i64 + 1));
        }
    }

    /// What a meter shows is read back as it is written.
    #[test]
    fn a_reading_is_read_back(hundredths in 0i64..=9_999_999_999) {
        let reading = Reading(hundredths);
        prop_assert_eq!(Reading::parse(&reading.to_string()), Ok(reading));
    }
}
