use super::*;
use crate::{
    id::{OrganizationId, UserId},
    platform::actor::SessionKind,
};

fn actor(permissions: &[Permission]) -> Actor {
    Actor {
        id: UserId(1),
        login: "test".into(),
        name: "测试".into(),
        organization_id: OrganizationId(1),
        organization: "测试".into(),
        roles: Vec::new(),
        permissions: permissions.to_vec(),
        session: SessionKind::Desk,
        must_change_password: false,
        must_enrol: false,
    }
}

fn added(key: &str, path: &str, parent: &str) -> MenuChange {
    MenuChange {
        key: key.into(),
        name: Some("空置房源".into()),
        icon: Some("unit".into()),
        path: Some(path.into()),
        parent: Some(parent.into()),
        sort: Some(1),
        visible: true,
        version: 1,
        ..MenuChange::default()
    }
}

fn shown(actor: &Actor, changes: &[MenuChange]) -> Vec<(String, Vec<String>)> {
    let labels = |nodes: &[MenuNode]| nodes.iter().map(|node| node.label.clone()).collect();
    menu_of(actor, changes).into_iter().map(|node| (node.label, labels(&node.children))).collect()
}

#[test]
fn a_person_sees_what_he_may_open() {
    let clerk = actor(&[Permission::UnitRead, Permission::HomeRead]);
    assert_eq!(
        shown(&clerk, &[]),
        [("首页".into(), vec!["大屏".to_owned()]), ("公租房房源".into(), vec!["房源".to_owned()])]
    );
    assert_eq!(menu_of(&actor(&[]), &[]), []);
    // Two pages open to several permissions.
    let reader = actor(&[Permission::ParameterRead, Permission::PersonImport]);
    let pages = ["参数设置", "复核事项", "导入日志"].map(ToOwned::to_owned).to_vec();
    assert_eq!(shown(&reader, &[]), [("系统管理".into(), pages)]);
    let newcomer = Actor { must_change_password: true, ..clerk };
    assert_eq!(menu_of(&newcomer, &[]), []);
}

#[test]
fn the_city_names_orders_moves_and_hides() {
    let clerk = actor(&[Permission::UnitRead, Permission::EstateRead, Permission::HomeRead]);
    let changes = [
        MenuChange { name: Some("全部房源".into()), sort: Some(1), ..added("units", "", "housing") },
        MenuChange { visible: false, name: None, parent: None, sort: None, ..added("home", "", "") },
        MenuChange { name: None, sort: Some(5), parent: Some("platform".into()), ..added("estates", "", "") },
    ];
    assert_eq!(
        shown(&clerk, &changes),
        [("公租房房源".into(), vec!["全部房源".to_owned()]), ("系统管理".into(), vec!["小区".to_owned()])]
    );
}

#[test]
fn an_entry_of_the_city_widens_no_right() {
    let changes = [
        added("m1", "/housing/units?status=VACANT", "housing"),
        MenuChange {
            permission: Some("platform:audit:read".into()),
            ..added("m2", "/housing/units?layout=ONE", "housing")
        },
        added("m3", "/nowhere", "housing"),
    ];
    let labels = |permissions: &[Permission]| {
        shown(&actor(permissions), &changes).into_iter().flat_map(|(_, labels)| labels).collect::<Vec<_>>()
    };
    assert_eq!(labels(&[Permission::UnitRead]), ["空置房源", "房源"]);
    assert_eq!(labels(&[Permission::UnitRead, Permission::AuditRead]), ["空置房源", "空置房源", "房源", "操作日志"]);
    assert_eq!(labels(&[Permission::EstateRead]), ["小区"], "the page itself is not his");
}

#[test]
fn an_entry_is_checked_against_the_others() {
    let own_directory = MenuChange { directory: true, path: None, ..added("m1", "", "housing") };
    let entries = menu_entries(&[own_directory, added("m2", "/housing/units?layout=ONE", "m1")]);
    let form = MenuForm {
        name: "空置".into(),
        icon: "unit".into(),
        path: "/housing/units?status=VACANT".into(),
        parent: "housing".into(),
        sort: "10".into(),
        visible: true,
        ..MenuForm::default()
    };
    assert!(form.check(None, &entries).is_ok());
    let complaint = |form: MenuForm, key: Option<&str>, field: &str| {
        form.check(key, &entries).unwrap_err().get(field).unwrap_or_default().to_owned()
    };
    for path in ["https://evil.example/", "//evil.example", "/../x", "javascript:1", "/housing/units 1", ""] {
        let wrong = MenuForm { path: path.into(), ..form.clone() };
        assert!(complaint(wrong, None, "path").starts_with("路由须为本站地址"), "{path}");
    }
    let unknown = MenuForm { path: "/castles".into(), ..form.clone() };
    assert!(complaint(unknown, None, "path").starts_with("本系统没有这个页面"));
    let taken = MenuForm { path: "/housing/units".into(), ..form.clone() };
    assert_eq!(complaint(taken, None, "path"), "路由与菜单【房源】重复");
    let nowhere = MenuForm { parent: String::new(), ..form.clone() };
    assert_eq!(complaint(nowhere, None, "parent"), "请选择上级目录");
    let page = MenuForm { parent: "units".into(), ..form.clone() };
    assert_eq!(complaint(page, None, "parent"), "上级目录不存在");
    let circle = MenuForm { directory: true, parent: "m1".into(), ..form.clone() };
    assert_eq!(complaint(circle, Some("housing"), "parent"), "上级不能是自己或自己的下级");
    let deep = MenuForm { directory: true, parent: "platform".into(), ..form };
    assert_eq!(complaint(deep, Some("housing"), "parent"), "菜单最多三级");
}

#[test]
fn every_entry_has_an_icon_to_choose_and_stands_once() {
    let entries = menu_entries(&[]);
    assert_eq!(entries.len(), OWN.len());
    let keys: std::collections::BTreeSet<_> = entries.iter().map(|entry| &entry.key).collect();
    assert_eq!(keys.len(), OWN.len());
    let paths: Vec<_> = entries.iter().map(|entry| entry.path.as_str()).filter(|path| !path.is_empty()).collect();
    assert_eq!(paths.iter().collect::<std::collections::BTreeSet<_>>().len(), paths.len());
    assert_eq!(page_of("/housing/units?status=VACANT").map(|own| own.key), Some("units"));
    assert_eq!(page_of("/housing/units/12").map(|own| own.key), Some("units"));
    assert_eq!((page_of("/housing/unitsx").map(|own| own.key), page_of("/x").map(|own| own.key)), (None, None));
}
