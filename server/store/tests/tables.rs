//! What administrators keep without a programmer: dictionaries, calendar, number ranges, menu (S1-9.1, 9.4, 9.10, 9.13).

use crate::support::{TestDatabase, asset, city};
use chrono::Datelike as _;
use domain::{
    dictionary::{DayKind, LayoutType, NumberKind},
    failure::Failure,
    housing::{asset_master::AssetMasterForm, unit::UnitForm},
    id::{AssetMasterId, UnitId},
    import::SheetKey,
    list::ListQuery,
    platform::{
        calendar::HolidayForm,
        dictionary::{DictionaryForm, ItemForm},
        menu::{MenuForm, menu_of},
        numbering::NumberForm,
    },
};
use store::{
    Ctx, Error,
    housing::{
        asset_master::{asset_master_create, asset_master_get},
        unit::unit_get,
    },
    import::{Import, RawRow},
    platform::{
        calendar::{calendar_day_set, calendar_deadline, calendar_get, holiday_list},
        dictionary::{
            dictionary_create, dictionary_delete, dictionary_get, dictionary_item_delete, dictionary_item_list,
            dictionary_item_save, dictionary_list, dictionary_update, labels_get,
        },
        menu::{menu_all, menu_delete, menu_get, menu_save},
        numbering::{number_list, number_rule_save},
    },
};

async fn office() -> (TestDatabase, Ctx) {
    let test = TestDatabase::with_city().await;
    let admin = city::ctx(&test.database, "admin").await;
    (test, admin)
}

/// The complaint about a field, or the sentence of a refusal.
fn told(error: Error, field: &str) -> String {
    match error {
        Error::Failure(Failure::Invalid(errors)) => {
            errors.get(field).unwrap_or_else(|| panic!("no complaint about {field}: {errors:?}")).to_owned()
        }
        Error::Failure(failure) => failure.to_string(),
        other => panic!("no complaint: {other}"),
    }
}

fn value(code: &str, label: &str) -> ItemForm {
    ItemForm { code: code.into(), label: label.into(), ..ItemForm::default() }
}

#[tokio::test]
async fn the_city_names_values_and_the_program_keeps_their_codes() {
    let (test, admin) = office().await;
    let save = async |code: &str, version, form: &ItemForm| {
        dictionary_item_save(&admin, "D-04", Some(code), version, form).await
    };
    let studio = ItemForm { color: "vacant".into(), sort: "35".into(), ..value("STUDIO", "开间") };
    save("STUDIO", 0, &studio).await.expect("saved");
    let book = labels_get(&test.database).await.expect("a book");
    assert_eq!((book.label(LayoutType::Studio).as_str(), book.label(LayoutType::One).as_str()), ("开间", "一居室"));
    let items = dictionary_get(&admin, "D-04").await.expect("there").items;
    let order: Vec<_> = items.iter().map(|item| item.code.as_str()).collect();
    assert_eq!(order, ["ONE", "TWO", "STUDIO", "THREE", "DORM"], "35 stands behind the 30 of TWO");
    assert_eq!(items[2].own_label.as_deref(), Some("单间"));

    assert_eq!(told(save("STUDIO", 0, &studio).await.unwrap_err(), ""), Failure::Conflict.to_string());
    let recoded = value("FLAT", "开间");
    assert_eq!(told(save("STUDIO", 1, &recoded).await.unwrap_err(), "code"), "系统内置字典不可修改编码");
    assert_eq!(told(save("ONE", 0, &value("ONE", "两居室")).await.unwrap_err(), "label"), "标签与字典项【两居室】重复");
    let added = dictionary_item_save(&admin, "D-04", None, 0, &value("LOFT", "复式")).await.unwrap_err();
    assert_eq!(told(added, ""), "系统内置字典不能增加字典项");
    let deleted = dictionary_item_delete(&admin, "D-04", "STUDIO").await.unwrap_err();
    assert_eq!(told(deleted, ""), "系统内置字典的字典项不能删除，可以停用");
    let dropped = dictionary_delete(&admin, "D-04").await.unwrap_err();
    assert_eq!(told(dropped, ""), "系统内置字典不能删除");
    let tinted = ItemForm { color: "vacant".into(), ..value("SOLD", "已售") };
    let refused = dictionary_item_save(&admin, "D-05", Some("SOLD"), 0, &tinted).await.unwrap_err();
    assert_eq!(told(refused, "color"), "房源状态的颜色按色觉安全统一设定，不可修改");

    // Back to what the program says: nothing is left to differ.
    save("STUDIO", 1, &ItemForm { label: "单间".into(), ..studio }).await.expect("saved");
    assert_eq!(labels_get(&test.database).await.expect("a book").label(LayoutType::Studio), "单间");
    let clerk = city::ctx(&test.database, "city").await;
    assert!(dictionary_item_save(&clerk, "D-04", Some("ONE"), 0, &value("ONE", "一室")).await.is_err());
}

#[tokio::test]
async fn there_is_one_default_and_a_dictionary_of_the_city() {
    let (_test, admin) = office().await;
    let chosen = |code: &str, label: &str| ItemForm { is_default: true, ..value(code, label) };
    dictionary_item_save(&admin, "D-04", Some("ONE"), 0, &chosen("ONE", "一居室")).await.expect("saved");
    dictionary_item_save(&admin, "D-04", Some("TWO"), 0, &chosen("TWO", "两居室")).await.expect("saved");
    let items = dictionary_get(&admin, "D-04").await.expect("there").items;
    let defaults: Vec<_> = items.iter().filter(|item| item.is_default).map(|item| item.code.as_str()).collect();
    assert_eq!(defaults, ["TWO"]);

    let form = DictionaryForm { code: "complaint".into(), name: "投诉类型".into(), off: false };
    assert_eq!(dictionary_create(&admin, &form).await.expect("made"), "complaint");
    assert_eq!(told(dictionary_create(&admin, &form).await.unwrap_err(), "code"), "类型编码已存在");
    let system = DictionaryForm { code: "D-04".into(), ..form.clone() };
    assert_eq!(told(dictionary_create(&admin, &system).await.unwrap_err(), "code"), "类型编码已存在");
    dictionary_item_save(&admin, "complaint", None, 0, &value("NOISE", "噪声")).await.expect("added");
    let again = dictionary_item_save(&admin, "complaint", None, 0, &value("NOISE", "吵闹")).await.unwrap_err();
    assert_eq!(told(again, "code"), "字典项编码已存在");
    let same = dictionary_item_save(&admin, "complaint", None, 0, &value("SOUND", "噪声")).await.unwrap_err();
    assert_eq!(told(same, "label"), "标签与另一个字典项重复");
    let renamed = DictionaryForm { name: "投诉分类".into(), ..form.clone() };
    dictionary_update(&admin, "complaint", 1, &renamed).await.expect("renamed");
    assert!(dictionary_update(&admin, "complaint", 1, &renamed).await.is_err(), "the version has moved");
    let listed =
        dictionary_list(&admin, &ListQuery { q: "噪声".into(), ..ListQuery::default() }).await.expect("a list");
    let names: Vec<_> = listed.rows.iter().map(|row| (row.name.as_str(), row.items, row.system)).collect();
    assert_eq!(names, [("投诉分类", 1, false)]);
    let query = ListQuery { filter: [("type".to_owned(), "complaint".to_owned())].into(), ..ListQuery::default() };
    assert_eq!(dictionary_item_list(&admin, &query).await.expect("items").total, 1);
    dictionary_delete(&admin, "complaint").await.expect("deleted");
    assert!(matches!(dictionary_get(&admin, "complaint").await, Err(Error::Failure(Failure::NotFound))));
}

#[tokio::test]
async fn a_file_may_use_the_citys_labels() {
    let (test, admin) = office().await;
    dictionary_item_save(&admin, "D-50", Some("MGMT_UNIT"), 0, &value("MGMT_UNIT", "管理站")).await.expect("saved");
    let off = ItemForm { off: true, ..value("BANK", "银行") };
    dictionary_item_save(&admin, "D-50", Some("BANK"), 0, &off).await.expect("saved");
    let row = |row_no, code: &str, kind: &str| RawRow {
        row_no,
        cells: [code, code, kind, "810101", "810101", "", "", "", "", "1", "启用"].map(str::to_owned).to_vec(),
    };
    let mut import = Import::start(&admin, SheetKey::Organization, true).await.expect("started");
    let rows = vec![row(2, "N1", "管理站"), row(3, "N2", "住房管理单位"), row(4, "N3", "银行")];
    let outcome = import.chunk(rows, None).await.expect("taken");
    assert_eq!(outcome.succeeded, 2, "the city's label and the program's");
    assert_eq!(outcome.failed[0].reason(), "【类型】取值不在字典范围内：银行");
    let kinds: Vec<String> = sqlx::query_scalar("select type from organization where code in ('N1', 'N2')")
        .fetch_all(&test.admin)
        .await
        .expect("rows");
    assert_eq!(kinds, ["MGMT_UNIT", "MGMT_UNIT"]);
}

#[tokio::test]
async fn the_calendar_counts_what_is_entered() {
    let (test, admin) = office().await;
    let year = calendar_get(&admin, None).await.expect("a year");
    assert_eq!(year.year, admin.today().year());
    assert!(year.warning.is_some(), "nothing is entered");
    assert!(
        told(calendar_deadline(&admin, "2026-09-25", "5").await.unwrap_err(), "").starts_with("2026年的节假日未录入")
    );
    let row = |row_no, day: &str, kind: &str, name: &str| RawRow {
        row_no,
        cells: [day, kind, name].map(str::to_owned).to_vec(),
    };
    let days = || {
        let rest = ["2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"];
        let mut rows: Vec<_> = (2..).zip(rest).map(|(no, day)| row(no, day, "休", "国庆节")).collect();
        rows.push(row(7, "2026-10-10", "上班", "国庆节"));
        rows
    };
    let mut import = Import::start(&admin, SheetKey::Calendar, true).await.expect("started");
    assert_eq!(import.chunk(days(), None).await.expect("taken").succeeded, 6);
    let mut again = Import::start(&admin, SheetKey::Calendar, true).await.expect("started");
    let outcome = again.chunk(days(), None).await.expect("taken");
    assert_eq!((outcome.succeeded, outcome.failed[0].reason()), (0, "2026-10-01已录入".to_owned()));
    let mut update = Import::start(&admin, SheetKey::Calendar, true).await.expect("started").updating(true);
    assert_eq!(update.chunk(days(), None).await.expect("taken").succeeded, 6, "option 更新");
    let wrong = vec![row(2, "2026-13-01", "休", ""), row(3, "2026-11-01", "假", "")];
    let outcome = Import::start(&admin, SheetKey::Calendar, false).await.expect("started").chunk(wrong, None).await;
    let reasons: Vec<_> = outcome.expect("taken").failed.iter().map(|row| row.reason()).collect();
    assert_eq!(reasons, ["【日期】日期格式应为YYYY-MM-DD", "【类型】取值不在字典范围内：假"]);

    // domain.md §4.18: accepted on Friday 25 September, 5 working days.
    let end = async |days: &str| calendar_deadline(&admin, "2026-09-25", days).await.expect("a day").to_string();
    assert_eq!((end("5").await.as_str(), end("6").await.as_str()), ("2026-10-09", "2026-10-10"));
    let free = HolidayForm { date: "2026-10-09".into(), kind: "REST".into(), name: "调休".into() };
    calendar_day_set(&admin, &free).await.expect("set");
    assert_eq!(end("5").await, "2026-10-10");
    calendar_day_set(&admin, &HolidayForm { kind: String::new(), ..free.clone() }).await.expect("taken back");
    assert_eq!(end("5").await, "2026-10-09");
    let year = calendar_get(&admin, Some(2026)).await.expect("a year");
    assert_eq!((year.holidays.len(), year.holidays[5].kind), (6, DayKind::Work));
    assert_eq!(holiday_list(&admin, &ListQuery::default()).await.expect("a list").total, 6);
    let street = city::ctx(&test.database, "city").await;
    assert!(calendar_day_set(&street, &free).await.is_err(), "the city reads it");
}

async fn card(ctx: &Ctx, test: &TestDatabase, number: &str) -> Result<AssetMasterId, Error> {
    let form = AssetMasterForm { card_no: number.into(), ..asset::master_form(test).await };
    asset_master_create(ctx, &form).await
}

async fn number_of(ctx: &Ctx, id: AssetMasterId) -> String {
    asset_master_get(ctx, id).await.expect("a card").card_no
}

fn rule(prefix: &str, serial: &str) -> NumberForm {
    NumberForm {
        prefix: prefix.into(),
        date_part: "NONE".into(),
        length: "6".into(),
        reset: "NONE".into(),
        serial: serial.into(),
    }
}

#[tokio::test]
async fn a_card_without_a_number_gets_the_next_one() {
    let (test, admin) = office().await;
    let clerk = city::ctx(&test.database, "city").await;
    let first = card(&clerk, &test, "").await.expect("a card");
    assert_eq!(number_of(&clerk, first).await, "ZC000001");
    let typed = card(&clerk, &test, "ZC000002").await.expect("a card");
    assert_eq!(number_of(&clerk, typed).await, "ZC000002");
    let next = card(&clerk, &test, "").await.expect("a card");
    assert_eq!(number_of(&clerk, next).await, "ZC000003", "the typed one is passed over");
    assert_eq!(told(card(&clerk, &test, "ZC000003").await.unwrap_err(), "card_no"), "卡片编号已存在");

    let save =
        async |version, form: &NumberForm| number_rule_save(&admin, NumberKind::AssetMaster, version, form).await;
    assert_eq!(told(save(0, &rule("ZC", "2")).await.unwrap_err(), "serial"), "当前流水不能小于已使用的3");
    save(0, &rule("CARD-", "100")).await.expect("saved");
    assert!(save(0, &rule("CARD-", "100")).await.is_err(), "the version has moved");
    let row = number_list(&admin, &ListQuery::default()).await.expect("rules").rows.swap_remove(0);
    assert_eq!((row.serial, row.next.as_deref()), (100, Some("CARD-000101")));
    let renamed = card(&clerk, &test, "").await.expect("a card");
    assert_eq!(number_of(&clerk, renamed).await, "CARD-000101");
    assert_eq!(number_of(&clerk, first).await, "ZC000001", "what was given stays");
    assert!(number_rule_save(&clerk, NumberKind::AssetMaster, 1, &rule("X", "999")).await.is_err());
}

/// Work that is refused gives its number back: there is no gap.
#[tokio::test]
async fn what_is_rolled_back_gives_its_number_back() {
    let (test, _admin) = office().await;
    let clerk = city::ctx(&test.database, "city").await;
    sqlx::raw_sql("alter table asset_master add constraint refused check (asset_name <> '退回')")
        .execute(&test.admin)
        .await
        .expect("a rule that refuses after the number was taken");
    let refused =
        AssetMasterForm { card_no: String::new(), asset_name: "退回".into(), ..asset::master_form(&test).await };
    for _ in 0..3 {
        assert!(asset_master_create(&clerk, &refused).await.is_err());
    }
    let id = card(&clerk, &test, "").await.expect("a card");
    assert_eq!(number_of(&clerk, id).await, "ZC000001");
}

#[tokio::test]
async fn two_never_get_one_number() {
    let (test, _admin) = office().await;
    let clerk = city::ctx(&test.database, "city").await;
    let form = AssetMasterForm { card_no: String::new(), ..asset::master_form(&test).await };
    let making = (0..24).map(|_| {
        let (clerk, form) = (clerk.clone(), form.clone());
        tokio::spawn(async move { asset_master_create(&clerk, &form).await })
    });
    for made in making.collect::<Vec<_>>() {
        made.await.expect("it ends").expect("a card");
    }
    let mut numbers: Vec<String> =
        sqlx::query_scalar("select card_no from asset_master").fetch_all(&test.admin).await.expect("numbers");
    numbers.sort();
    let wanted: Vec<String> = (1..=24).map(|serial| format!("ZC{serial:06}")).collect();
    assert_eq!(numbers, wanted, "each once, and none is missing");
}

/// After a change of the reset cycle the numbers of the days that both cycles share do not come again.
#[tokio::test]
async fn another_cycle_goes_on_where_the_last_one_was() {
    let (test, admin) = office().await;
    let clerk = city::ctx(&test.database, "city").await;
    for _ in 0..3 {
        card(&clerk, &test, "").await.expect("a card");
    }
    let yearly = NumberForm { date_part: "YEAR".into(), reset: "YEAR".into(), ..rule("ZC", "3") };
    number_rule_save(&admin, NumberKind::AssetMaster, 0, &yearly).await.expect("saved");
    let id = card(&clerk, &test, "").await.expect("a card");
    assert_eq!(number_of(&clerk, id).await, format!("ZC{}000004", clerk.today().year()));
}

#[tokio::test]
async fn a_menu_is_the_citys_and_widens_nothing() {
    let (test, admin) = office().await;
    let form = MenuForm {
        name: "空置房源".into(),
        icon: "unit".into(),
        path: "/housing/units?status=VACANT".into(),
        parent: "housing".into(),
        sort: "1".into(),
        visible: true,
        ..MenuForm::default()
    };
    menu_save(&admin, None, 0, &form).await.expect("added");
    let twice = menu_save(&admin, None, 0, &form).await.unwrap_err();
    assert_eq!(told(twice, "path"), "路由与菜单【空置房源】重复");
    let directory =
        MenuForm { directory: true, path: String::new(), parent: String::new(), name: "常用".into(), ..form.clone() };
    menu_save(&admin, None, 0, &directory).await.expect("added");
    let entries = menu_all(&admin).await.expect("entries");
    let own = |name: &str| entries.iter().find(|entry| entry.name == name).expect("it is there").clone();
    let (shortcut, common) = (own("空置房源"), own("常用"));
    let moved = MenuForm { parent: common.key.clone(), ..MenuForm::from(&shortcut) };
    menu_save(&admin, Some(&shortcut.key), shortcut.version, &moved).await.expect("moved");
    assert!(matches!(
        menu_save(&admin, Some(&shortcut.key), shortcut.version, &moved).await,
        Err(Error::Failure(Failure::Conflict))
    ));
    assert_eq!(told(menu_delete(&admin, &common.key).await.unwrap_err(), ""), "存在下级菜单，不能删除");
    // An entry of the program: renamed and hidden, its address stays, and it can be put back.
    let units = own("房源");
    let renamed = MenuForm { name: "全部房源".into(), path: "/evil".into(), ..MenuForm::from(&units) };
    menu_save(&admin, Some("units"), 0, &renamed).await.expect("renamed");
    let shown = |ctx: &Ctx, changes: &[_]| {
        let nodes = menu_of(ctx.actor(), changes);
        nodes.into_iter().flat_map(|node| node.children).map(|node| (node.label, node.href)).collect::<Vec<_>>()
    };
    let changes = menu_get(&test.database).await.expect("changes");
    let clerk = city::ctx(&test.database, "city").await;
    assert!(shown(&clerk, &changes).contains(&("全部房源".into(), "/housing/units".into())));
    assert!(shown(&clerk, &changes).contains(&("空置房源".into(), "/housing/units?status=VACANT".into())));
    assert!(
        shown(&admin, &changes).iter().all(|(_, href)| !href.starts_with("/housing")),
        "no business for the office"
    );
    menu_delete(&admin, "units").await.expect("put back");
    menu_delete(&admin, &shortcut.key).await.expect("deleted");
    menu_delete(&admin, &common.key).await.expect("empty now");
    assert_eq!(menu_get(&test.database).await.expect("changes"), []);
    assert!(
        matches!(menu_delete(&admin, "units").await, Err(Error::Failure(Failure::NotFound))),
        "nothing to put back"
    );
    assert!(menu_save(&clerk, None, 0, &form).await.is_err());
}

/// A record keeps a value that is not offered any more.
#[tokio::test]
async fn a_disabled_value_stays_where_it_stands() {
    let (test, admin) = office().await;
    let unit = sqlx::query_scalar("select id from unit limit 1").fetch_one(&test.admin).await.expect("a unit");
    let clerk = city::ctx(&test.database, "city").await;
    let before = unit_get(&clerk, UnitId(unit)).await.expect("a unit");
    let code = before.layout.code();
    let off = ItemForm { off: true, ..value(code, before.layout.label()) };
    dictionary_item_save(&admin, "D-04", Some(code), 0, &off).await.expect("saved");
    let after = unit_get(&clerk, UnitId(unit)).await.expect("still there");
    assert_eq!(UnitForm::from(&after).layout, code);
    let offers = labels_get(&test.database).await.expect("a book").offers(LayoutType::choices());
    assert!(offers.iter().any(|offer| offer.off && offer.code == code), "shown, not offered");
}
