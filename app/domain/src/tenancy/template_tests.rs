use super::*;
use crate::paper::Block as B;

/// The least that a contract can be.
fn body() -> String {
    let clauses = CLAUSES.iter().map(|clause| format!("## 第一条 {clause}\n条款。\n")).collect::<String>();
    format!("{clauses}{{出租方}}{{承租人}}{{房屋地址}}{{月租金}}（{{月租金大写}}）{{租赁开始日期}}至{{租赁结束日期}}")
}

fn complaint(body: &str) -> Option<String> {
    body_check(TemplateKind::Contract, body).err().map(|complaint| complaint.text().to_owned())
}

#[test]
fn the_life_of_a_version() {
    use TemplateEvent as E;
    use TemplateStatus as S;
    let table = [
        (S::Draft, [Some(S::Pending), None, None]),
        (S::Pending, [None, Some(S::Published), Some(S::Draft)]),
        (S::Published, [None; 3]),
    ];
    for (status, to) in table {
        assert_eq!([E::Submit, E::Publish, E::Refuse].map(|event| status.next(event).ok()), to, "{status}");
    }
}

#[test]
fn a_body_has_its_clauses_and_names_what_there_is() {
    assert_eq!(complaint(&body()), None);
    for clause in CLAUSES {
        let without = body().replace(&format!("## 第一条 {clause}"), "## 其他");
        assert_eq!(complaint(&without), Some(format!("缺少必备条款：{clause}")));
    }
    // A title alone says nothing, and one title is not two clauses.
    let bare = body().replace(&format!("{}\n条款。", CLAUSES[0]), &format!("{}\n\u{200b}", CLAUSES[0]));
    assert_eq!(complaint(&bare), Some(format!("缺少必备条款：{}", CLAUSES[0])));
    let (before, last) = (CLAUSES[7], CLAUSES[8]);
    let both = body().replace(&format!("## 第一条 {last}\n条款。\n"), "").replace(before, &format!("{before}和{last}"));
    assert_eq!(complaint(&both), Some(format!("缺少必备条款：{last}")));
    let hidden = body().replace("条款。", "条\u{202e}款\u{feff}。");
    assert_eq!(
        body_check(TemplateKind::Contract, &hidden).unwrap(),
        body_check(TemplateKind::Contract, &body()).unwrap()
    );
    assert_eq!(complaint(&body().replace("{承租人}", "")).as_deref(), Some("缺少必备占位符：承租人"));
    assert_eq!(complaint(&format!("{}{{工资}}", body())).as_deref(), Some("未知占位符：工资"));
    for broken in ["{承租人", "承租人}", "{承租人}}", "}{承租人}"] {
        assert_eq!(complaint(&format!("{}{broken}", body())).as_deref(), Some("花括号须成对出现"), "{broken}");
    }
    assert!(complaint("").is_some());
    assert!(complaint(&format!("{}{}", body(), "长".repeat(BODY_MAX))).is_some());
    assert!(complaint(&format!("{}{}", body(), "\n行".repeat(LINES_MAX))).is_some());
    // A contract has no bills, and the table of a notice stands alone.
    assert_eq!(complaint(&format!("{}\n{{账单明细}}", body())).as_deref(), Some("未知占位符：账单明细"));
    assert!(body_check(TemplateKind::Notice, "见{账单明细}").is_err());
}

#[test]
fn a_value_is_only_a_value() {
    let evil = "## {月租金} #strong[*x*] \\ $1$ `x`";
    let value = |name: &str| (name == "承租人").then(|| evil.to_owned());
    let blocks = merge(TemplateKind::Contract, "{承租人}\n## 条款 {承租人}\n押金{押金}元", value, None).unwrap();
    assert_eq!(
        blocks,
        [
            B::Text { text: evil.into() },
            B::Heading { text: format!("条款 {evil}") },
            B::Text { text: "押金________元".into() },
        ]
    );
}

#[test]
fn a_specimen_names_everything() {
    for kind in TemplateKind::ALL {
        let names = kind.fields().iter().map(|field| format!("{{{}}}\n", field.name)).collect::<String>();
        let blocks = specimen(*kind, &names).unwrap();
        assert_eq!(blocks.len(), kind.fields().len());
        assert!(!blocks.iter().any(|block| matches!(block, B::Text { text } if text.contains("____"))));
    }
}

#[test]
fn a_version_begins_on_a_day_to_come() {
    let form =
        TemplateForm {
            kind: "CONTRACT".into(), name: "合同".into(), effective_on: "2026-12-01".into(), body: body()
        };
    let day = |day: u32| NaiveDate::from_ymd_opt(2026, 12, day).unwrap();
    let before = day(1).pred_opt().unwrap();
    assert!(form.check(before).is_ok());
    assert_eq!(form.check(day(1)).unwrap_err().get("effective_on"), Some(LATE));
    assert!(TemplateForm { kind: "X".into(), ..form }.check(before).is_err());
}
