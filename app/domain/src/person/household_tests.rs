use super::*;
use proptest::prelude::*;

fn form() -> HouseholdForm {
    HouseholdForm {
        head: "1".into(),
        members: vec![MemberForm { person: "2".into(), relation: "SPOUSE".into() }],
        category: "LOWINC".into(),
        special_tags: vec!["DISABLED".into(), "YOUFU".into(), "YOUFU".into()],
        annual_income: "31200".into(),
        area_per_head: "0".into(),
        ..HouseholdForm::default()
    }
}

fn complaint(change: impl FnOnce(&mut HouseholdForm), field: &str) -> Option<String> {
    let mut form = form();
    change(&mut form);
    form.check().err().and_then(|errors| errors.get(field).map(ToOwned::to_owned))
}

#[test]
fn a_good_form_passes() {
    let fields = form().check().unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!(fields.size(), 2);
    assert_eq!(fields.members[0], (PersonId(1), Relation::Oneself));
    assert_eq!(fields.special_tags, [SpecialTag::Entitled, SpecialTag::Disabled], "each once, in their order");
    assert_eq!(fields.area_per_head.map(|area| area.hundredths()), Some(0), "who has no home has none");
}

#[test]
fn everybody_once_and_one_spouse() {
    let member = |person: &str, relation: &str| MemberForm { person: person.into(), relation: relation.into() };
    for (added, told) in [
        (member("2", "CHILD"), "家庭成员不能重复，也不能是户主本人"),
        (member("1", "CHILD"), "家庭成员不能重复，也不能是户主本人"),
        (member("3", "SELF"), "家庭成员不能重复，也不能是户主本人"),
        (member("3", "SPOUSE"), "配偶只能有一人"),
        (member("", "CHILD"), "请选择家庭成员"),
        (member("3", "UNCLE"), "取值不在字典范围内：UNCLE"),
    ] {
        assert_eq!(complaint(|form| form.members.push(added.clone()), "members").as_deref(), Some(told), "{added:?}");
    }
    assert_eq!(complaint(|form| form.members.push(member("3", "CHILD")), "members"), None);
    let many = (2..).take(MEMBERS_MAX + 1).map(|id: i64| member(&id.to_string(), "CHILD")).collect();
    assert_eq!(complaint(|form| form.members = many, "members").as_deref(), Some("最多30名成员"));
}

#[test]
fn amounts_that_are_none() {
    type Change = fn(&mut HouseholdForm, String);
    let amounts: [(&str, Change); 3] = [
        ("annual_income", |form, text| form.annual_income = text),
        ("assets", |form, text| form.assets = text),
        ("area_per_head", |form, text| form.area_per_head = text),
    ];
    for (field, change) in amounts {
        for wrong in ["-1", "1.234", "x", "99999999999"] {
            assert!(complaint(|form| change(form, wrong.into()), field).is_some(), "{field} {wrong}");
        }
    }
    assert!(complaint(|form| form.annual_income.clear(), "annual_income").is_some());
    assert_eq!(complaint(|form| form.assets.clear(), "assets"), None);
}

/// domain.md §4.17: 31,200.00 a year for two persons are 1,300.00 a month for each.
#[test]
fn the_worked_example() {
    assert_eq!(income_per_head(Money::from_fen(3_120_000), 2), Money::from_fen(130_000));
    assert_eq!(income_per_head(Money::from_fen(100), 0), Money::from_fen(8), "nobody is counted as one");
}

#[test]
fn a_change_is_told_in_words() {
    let before = form().check().unwrap();
    let after = HouseholdForm { annual_income: "36000".into(), special_tags: Vec::new(), ..form() }.check().unwrap();
    let changes = after.changes(&before, ("甲、乙", "甲、乙"));
    let told: Vec<_> = changes.iter().map(|change| (&*change.field, &*change.before, &*change.after)).collect();
    assert_eq!(told, [("优先情形", "优抚对象、重度残疾", ""), ("家庭年收入", "31,200.00", "36,000.00")]);
}

proptest! {
    /// The shares of all members and months come back to the income, to half a fen for each of them.
    #[test]
    fn shares_add_up(fen in 0i64..100_000_000_000, size in 1i32..31) {
        let share = income_per_head(Money::from_fen(fen), size).fen();
        let (whole, parts) = (i128::from(share) * 12 * i128::from(size), 12 * i128::from(size));
        prop_assert!((whole - i128::from(fen)).abs() * 2 <= parts);
    }
}
