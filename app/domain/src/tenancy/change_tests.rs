use super::*;
use crate::tenancy::contract::Resident;
use ChangeEvent as E;
use ChangeStatus as S;

fn today() -> NaiveDate {
    "2026-11-28".parse().unwrap()
}

fn form(kind: ChangeKind) -> ChangeForm {
    ChangeForm {
        request: "00000000-0000-4000-8000-000000000001".into(),
        kind: kind.code().into(),
        effective_on: "2026-12-01".into(),
        reason: "测试".into(),
        ..ChangeForm::default()
    }
}

fn complaint(form: &ChangeForm, field: &str) -> Option<String> {
    form.check(today()).err().and_then(|errors| errors.get(field).map(ToString::to_string))
}

#[test]
fn every_event_in_every_status() {
    let allowed = [
        (E::Submit, S::Draft, S::Pending),
        (E::Approve, S::Pending, S::Approved),
        (E::Refuse, S::Draft, S::Refused),
        (E::Refuse, S::Pending, S::Refused),
        (E::Withdraw, S::Draft, S::Withdrawn),
        (E::Withdraw, S::Pending, S::Withdrawn),
        (E::Take, S::Approved, S::Effective),
        (E::Lapse, S::Approved, S::Lapsed),
        (E::Revoke, S::Approved, S::Lapsed),
    ];
    for event in [E::Submit, E::Approve, E::Refuse, E::Withdraw, E::Take, E::Lapse, E::Revoke] {
        for status in S::ALL {
            let to = allowed.iter().find(|(known, from, _)| (*known, *from) == (event, *status)).map(|it| it.2);
            assert_eq!(status.next(event).ok(), to, "{status} {event:?}");
        }
    }
    let open: Vec<S> = S::ALL.iter().copied().filter(|status| status.is_open()).collect();
    assert_eq!(open, [S::Draft, S::Pending, S::Approved]);
}

#[test]
fn each_kind_asks_for_its_own_fields() {
    let account =
        ChangeForm {
            bank_name: "测试银行".into(), bank_no: "6217000010000000011".into(), ..form(ChangeKind::Account)
        };
    assert!(account.check(today()).is_ok());
    assert!(!format!("{account:?}").contains("6217"), "a log carries no account");
    assert!(complaint(&ChangeForm { bank_no: "6217000010000000012".into(), ..account.clone() }, "bank_no").is_some());
    for (kind, field) in [
        (ChangeKind::Account, "bank_name"),
        (ChangeKind::Account, "bank_no"),
        (ChangeKind::Phone, "phone"),
        (ChangeKind::Lessee, "person"),
        (ChangeKind::Lessee, "ground"),
        (ChangeKind::Lessee, "bank_no"),
        (ChangeKind::Cycle, "pay_cycle"),
        (ChangeKind::Term, "end_on"),
    ] {
        assert!(complaint(&form(kind), field).is_some(), "{kind} {field}");
    }
    // Nobody besides the lessee is a household too.
    assert!(form(ChangeKind::Residents).check(today()).is_ok());
}

#[test]
fn a_change_begins_today_or_within_a_year() {
    let on =
        |day: &str| complaint(&ChangeForm { effective_on: day.into(), ..form(ChangeKind::Residents) }, "effective_on");
    assert_eq!((on("2026-11-28"), on("2027-11-28")), (None, None));
    assert_eq!(on("2026-11-27").as_deref(), Some("生效日期不能早于今天"));
    assert_eq!(on("2027-11-29").as_deref(), Some("生效日期不能晚于1年之后"));
    assert!(on("").is_some() && on("明天").is_some());
}

#[test]
fn a_resident_stands_once_and_is_somebody_else() {
    let resident = |person: &str, relation: &str| ResidentForm { person: person.into(), relation: relation.into() };
    let among = |kind, residents: Vec<ResidentForm>| {
        complaint(&ChangeForm { residents, person: "3".into(), ..form(kind) }, "residents")
    };
    assert_eq!(among(ChangeKind::Residents, vec![resident("1", "SPOUSE"), resident("2", "CHILD")]), None);
    assert!(among(ChangeKind::Residents, vec![resident("1", "SPOUSE"), resident("1", "CHILD")]).is_some());
    assert!(among(ChangeKind::Residents, vec![resident("1", "SELF")]).is_some());
    assert!(among(ChangeKind::Lessee, vec![resident("3", "CHILD")]).is_some(), "the new lessee is none");
}

#[test]
fn only_what_differs_is_told() {
    let resident = |id, name: &str, relation| Resident { person_id: PersonId(id), name: name.into(), relation };
    let before = ChangeState {
        bank_name: Some("甲银行".into()),
        bank_no: Some("6217****0011".into()),
        bank_holder: Some("某人".into()),
        residents: Some(vec![]),
        ..ChangeState::default()
    };
    let after = ChangeState {
        bank_no: Some("6217****0029".into()),
        residents: Some(vec![resident(2, "某某", Relation::Child)]),
        ..before.clone()
    };
    let told: Vec<_> =
        differences(&before, &after).into_iter().map(|line| (line.field, line.before, line.after)).collect();
    assert_eq!(
        told,
        [
            ("同住人", "无".to_owned(), "某某（子女）".to_owned()),
            ("银行卡号", "6217****0011".to_owned(), "6217****0029".to_owned()),
        ]
    );
    // What is stored is read back; residents are found in it by their ids.
    let json = serde_json::to_value(&after).unwrap();
    assert_eq!(serde_json::from_value::<ChangeState>(json.clone()).unwrap(), after);
    assert_eq!(serde_json::from_str::<ChangeState>("{}").unwrap(), ChangeState::default());
    assert_eq!(json["residents"][0]["person_id"], 2);
}

/// While somebody leaves he still pays and is called (C6); when the contract is over nothing is changed.
#[test]
fn what_can_be_taken_in_while_the_contract_is_being_left() {
    for kind in ChangeKind::ALL {
        let waits = matches!(kind, ChangeKind::Lessee | ChangeKind::Term);
        assert_eq!(kind.fit(ContractStatus::Active), Fit::Now);
        for status in [ContractStatus::CancelPending, ContractStatus::CancelSyncing] {
            let told = if waits { Fit::Later } else { Fit::Now };
            let told = if *kind == ChangeKind::Swap { Fit::Never } else { told };
            assert_eq!(kind.fit(status), told, "{kind} {status}");
        }
        for status in [ContractStatus::Expired, ContractStatus::Terminated, ContractStatus::Renewed] {
            assert_eq!(kind.fit(status), Fit::Never);
        }
    }
}

/// Another last day needs no day on which it begins to be the last: it holds when it is agreed to.
#[test]
fn a_term_has_no_day_of_its_own() {
    let term = ChangeForm { effective_on: String::new(), end_on: "2027-12-31".into(), ..form(ChangeKind::Term) };
    assert_eq!(term.check(today()).map(|fields| fields.effective_on).ok(), Some(today()));
    let phone = ChangeForm { effective_on: String::new(), phone: "13800000001".into(), ..form(ChangeKind::Phone) };
    assert!(complaint(&phone, "effective_on").is_some());
}
