use super::*;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()
}

fn good() -> AssetMasterForm {
    let text = str::to_owned;
    AssetMasterForm {
        card_no: text("ZC-0001"),
        asset_code: text("2026-0001"),
        asset_name: text("阳光苑1号楼"),
        class: text("A01010500"),
        category: text("PRH"),
        project: text("1"),
        owner: text("市住房保障中心"),
        manager: text("甲区管理中心"),
        acquire_mode: text("BUILT"),
        acquired_on: text("2026-11-01"),
        value_type: text("ORIGINAL"),
        original: text("180,000.00"),
        method: text("STRAIGHT"),
        structure: text("RC"),
        total_area: text("1,200".replace(',', "").as_str()),
        units_count: text("20"),
        location: text("光明路1号"),
        use_status: text("IN_USE"),
        subject: text("1811"),
        ..AssetMasterForm::default()
    }
}

fn complaints(change: impl FnOnce(&mut AssetMasterForm)) -> FieldErrors {
    let mut form = good();
    change(&mut form);
    form.check(today(), DepreciationLife::default()).unwrap_err()
}

#[test]
fn a_good_card_takes_the_life_of_its_structure() {
    let fields = good().check(today(), DepreciationLife::default()).unwrap();
    assert_eq!((fields.life_years, fields.original.fen(), fields.class), (50, 18_000_000, AssetClass::Dwelling));
    let land = AssetMasterForm { class: "A01030000".into(), method: "NONE".into(), ..good() };
    assert_eq!(land.check(today(), DepreciationLife::default()).unwrap().life_years, 0);
}

#[test]
fn an_empty_form_names_what_is_missing() {
    let errors = AssetMasterForm::default().check(today(), DepreciationLife::default()).unwrap_err();
    for (field, sentence) in [
        ("asset_code", "不能为空"),
        ("class", "请选择资产分类"),
        ("project", "请选择项目"),
        ("acquire_mode", "请选择取得方式"),
        ("original", "不能为空"),
        ("total_area", "不能为空"),
        ("units_count", "不能为空"),
        ("location", "不能为空"),
        ("use_status", "请选择使用状况"),
    ] {
        assert_eq!(errors.get(field), Some(sentence), "{field}");
    }
}

#[test]
fn what_a_card_must_not_say() {
    type Case = (fn(&mut AssetMasterForm), &'static str, &'static str);
    let cases: [Case; 15] = [
        (|form| form.original = "-1".into(), "original", "应为不小于0的数字，最多2位小数"),
        (|form| form.original = "1.234".into(), "original", "应为不小于0的数字，最多2位小数"),
        (|form| form.class = "A99".into(), "class", "资产分类代码不存在"),
        (|form| form.fiscal_part = "180,000.01".into(), "fiscal_part", "财政性资金不能大于账面原值"),
        (|form| form.acquired_on = "2026-11-25".into(), "acquired_on", "取得日期不能晚于今天"),
        (|form| form.acquired_on = "24.11.2026".into(), "acquired_on", "格式应为YYYY-MM-DD"),
        (|form| form.booked_on = "2026-10-31".into(), "booked_on", "入账日期不能早于取得日期"),
        (|form| form.life_years = "49".into(), "life_years", "该建筑结构的折旧年限不能少于50年"),
        (|form| form.life_years = "101".into(), "life_years", "折旧年限不能大于100年"),
        (|form| form.structure.clear(), "life_years", "请填写折旧年限，或选择建筑结构按规定年限计提"),
        (|form| form.value_type = "NOMINAL".into(), "method", "名义金额入账的资产不计提折旧"),
        (|form| form.class = "A01030000".into(), "method", "土地不计提折旧"),
        (|form| form.months_done = "12".into(), "accumulated", "已提折旧月数与累计折旧须同时填写"),
        (
            |form| (form.months_done, form.accumulated) = ("600".into(), "1".into()),
            "months_done",
            "已提折旧月数须小于折旧年限的月数",
        ),
        (|form| form.title_form = "CERTIFIED".into(), "cert_no", "产权形式为“有证”时须填写权属证号"),
    ];
    for (change, field, sentence) in cases {
        assert_eq!(complaints(change).get(field), Some(sentence), "{field}");
    }
    // Nobody is told about a comparison with what could not be read.
    let errors = complaints(|form| (form.original, form.fiscal_part) = ("x".into(), "5".into()));
    assert_eq!(errors.get("fiscal_part"), None);
}
