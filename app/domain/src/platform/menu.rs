//! 菜单 (E-03, S1-9.1): the left navigation. The program's entries stand here with the right that opens their page;
//! the city names, orders, moves and hides them and adds entries of its own, which lead to the same pages.
//!
//! A menu never widens a right: an entry is shown to whoever may open the page behind it.

use crate::{
    billing::waiver::may_read_waivers,
    dictionary::ApprovalKind,
    failure::FieldErrors,
    import::may_import,
    platform::{actor::Actor, permission::Permission},
    value::{Check, Complaint, required, text_max},
};
use serde::{Deserialize, Serialize};

pub use super::menu_icon::ICONS;

/// What opens a page.
#[derive(Clone, Copy)]
enum Right {
    /// it has no page: a directory
    Directory,
    One(Permission),
    Any(fn(&Actor) -> bool),
}

/// An entry of the program.
struct Own {
    key: &'static str,
    /// key of the directory; empty: at the top
    parent: &'static str,
    name: &'static str,
    icon: &'static str,
    path: &'static str,
    right: Right,
}

/// Deepest place: directory, directory, page.
const DEPTH_MAX: usize = 3;
/// Highest place among the entries of a directory.
const SORT_MAX: i32 = 99_999;

const fn directory(key: &'static str, name: &'static str) -> Own {
    Own { key, parent: "", name, icon: "tree", path: "", right: Right::Directory }
}

const fn page(
    parent: &'static str,
    key: &'static str,
    name: &'static str,
    icon: &'static str,
    path: &'static str,
    permission: Permission,
) -> Own {
    Own { key, parent, name, icon, path, right: Right::One(permission) }
}

/// The program's menu, in its order.
#[rustfmt::skip] // a table: one line per entry
static OWN: &[Own] = &[
    directory("home", "首页"),
    page("home", "board", "大屏", "home", "/", Permission::HomeRead),
    page("home", "map", "房源分布", "map", "/map", Permission::MapRead),
    directory("housing", "公租房房源"),
    page("housing", "projects", "项目", "project", "/housing/projects", Permission::ProjectRead),
    page("housing", "estates", "小区", "estate", "/housing/estates", Permission::EstateRead),
    page("housing", "buildings", "楼栋", "building", "/housing/buildings", Permission::BuildingRead),
    page("housing", "units", "房源", "unit", "/housing/units", Permission::UnitRead),
    page("housing", "rooms", "房间", "room", "/housing/rooms", Permission::RoomRead),
    page("housing", "rent-standards", "租金标准", "rent", "/housing/rent-standards", Permission::RentStandardRead),
    directory("asset", "资产管理"),
    page("asset", "asset-masters", "主卡片", "asset", "/assets/masters", Permission::AssetRead),
    page("asset", "asset-subs", "子卡片", "unit", "/assets/subs", Permission::AssetRead),
    page("asset", "asset-changes", "资产审批", "edit", "/assets/changes", Permission::AssetRead),
    page("asset", "asset-depreciation", "折旧计提", "rent", "/assets/depreciation", Permission::AssetRead),
    page("asset", "asset-counts", "资产盘点", "search", "/assets/counts", Permission::AssetRead),
    directory("person", "人员"),
    page("person", "persons", "人员", "person", "/persons", Permission::PersonRead),
    page("person", "households", "家庭", "home", "/persons/households", Permission::HouseholdRead),
    directory("tenancy", "租赁管理"),
    page("tenancy", "assignments", "直接分配", "approve", "/tenancy/assignments", Permission::AssignmentRead),
    page("tenancy", "contracts", "合同", "edit", "/tenancy/contracts", Permission::ContractRead),
    page("tenancy", "changes", "合同变更", "edit", "/tenancy/changes", Permission::ContractRead),
    page("tenancy", "hand-overs", "交房入住", "unit", "/tenancy/hand-overs", Permission::ContractRead),
    page("tenancy", "exits", "退租管理", "edit", "/tenancy/exits", Permission::ContractRead),
    page("tenancy", "take-overs", "存量合同接管", "import", "/tenancy/take-overs", Permission::ContractRead),
    page("tenancy", "residents", "入住查询", "room", "/tenancy/residents", Permission::PersonRead),
    page("tenancy", "templates", "文书模板", "edit", "/tenancy/templates", Permission::TemplateRead),
    page("tenancy", "print-queue", "待打印", "print", "/tenancy/print-queue", Permission::PrintWrite),
    page("tenancy", "prints", "打印记录", "print", "/tenancy/prints", Permission::PrintRead),
    directory("billing", "收费管理"),
    page("billing", "accounts", "租金账户", "rent", "/billing/accounts", Permission::BillRead),
    page("billing", "bills", "账单", "audit", "/billing/bills", Permission::BillRead),
    page("billing", "notices", "缴费通知单", "print", "/billing/notices", Permission::NoticePrint),
    page("billing", "payments", "缴费记录", "approve", "/billing/payments", Permission::BillRead),
    page("billing", "records", "缴退记录", "audit", "/billing/records", Permission::BillRead),
    page("billing", "pay-orders", "手机支付", "rent", "/billing/pay-orders", Permission::BillRead),
    page("billing", "arrears", "欠费台账", "bell", "/billing/arrears", Permission::BillRead),
    page("billing", "dunning", "催缴", "bell", "/billing/dunning", Permission::BillRead),
    page("billing", "deductions", "银行代扣", "rent", "/billing/deductions", Permission::BillRead),
    page("billing", "refunds", "退费", "approve", "/billing/refunds", Permission::BillRead),
    page("billing", "shifts", "收款班次", "batch", "/billing/shifts", Permission::BillRead),
    page("billing", "ledger", "总账", "audit", "/billing/ledger", Permission::LedgerRead),
    page("billing", "rent-adjustments", "租金调整", "edit", "/billing/adjustments", Permission::BillRead),
    page("billing", "rent-reductions", "租金核减", "edit", "/billing/reductions", Permission::BillRead),
    Own { key: "waivers", parent: "billing", name: "减免核销", icon: "approve", path: "/billing/waivers", right: Right::Any(may_read_waivers) },
    page("billing", "meters", "表具", "unit", "/billing/meters", Permission::MeterRead),
    page("billing", "meter-periods", "抄表", "edit", "/billing/meters/periods", Permission::MeterRead),
    page("billing", "bill-runs", "生成账单", "batch", "/billing/runs", Permission::BillWrite),
    directory("insight", "统计分析"),
    page("insight", "reports", "统计报表", "audit", "/insight/reports", Permission::ReportRead),
    directory("operator", "运营主体"),
    page("operator", "operators", "运营主体", "operator", "/operators", Permission::OperatorRead),
    directory("platform", "系统管理"),
    page("platform", "organizations", "组织机构", "organization", "/platform/organizations", Permission::OrganizationRead),
    page("platform", "users", "用户", "person", "/platform/users", Permission::UserRead),
    page("platform", "roles", "角色", "operator", "/platform/roles", Permission::RoleRead),
    page("platform", "menus", "菜单", "menu", "/platform/menus", Permission::MenuRead),
    page("platform", "dictionaries", "数据字典", "label", "/platform/dictionaries", Permission::DictionaryRead),
    page("platform", "parameters", "参数设置", "rent", "/platform/parameters", Permission::ParameterRead),
    page("platform", "numbers", "编码规则", "batch", "/platform/numbers", Permission::NumberingRead),
    page("platform", "calendar", "节假日", "calendar", "/platform/calendar", Permission::CalendarRead),
    Own { key: "approvals", parent: "platform", name: "复核事项", icon: "approve", path: "/platform/approvals", right: Right::Any(may_read_requests) },
    page("platform", "workflows", "流程定义", "tree", "/platform/workflows", Permission::WorkflowRead),
    page("platform", "jobs", "任务监控", "batch", "/platform/jobs", Permission::JobRead),
    page("platform", "message-templates", "消息模板", "bell", "/platform/message-templates", Permission::MessageTemplateWrite),
    page("platform", "sms-templates", "短信模板", "bell", "/platform/sms-templates", Permission::MessageTemplateWrite),
    page("platform", "audit", "操作日志", "audit", "/platform/audit", Permission::AuditRead),
    Own { key: "imports", parent: "platform", name: "导入日志", icon: "import", path: "/imports", right: Right::Any(may_import) },
];

fn may_read_requests(actor: &Actor) -> bool {
    !ApprovalKind::readable(|permission| actor.may(permission)).is_empty()
}

impl Own {
    fn opens(&self, actor: &Actor) -> bool {
        match self.right {
            Right::Directory => true,
            Right::One(permission) => actor.may(permission),
            Right::Any(may) => may(actor),
        }
    }
}

/// The program's page to which an address leads: the longest that begins it.
fn page_of(path: &str) -> Option<&'static Own> {
    let place = path.split('?').next().unwrap_or_default();
    let leads = |own: &&Own| {
        let below = |rest: &str| rest.is_empty() || (own.path != "/" && rest.starts_with('/'));
        !own.path.is_empty() && place.strip_prefix(own.path).is_some_and(below)
    };
    OWN.iter().filter(leads).max_by_key(|own| own.path.len())
}

/// What is stored of an entry: all of one of the city's, and of one of the program what differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuChange {
    pub key: String,
    pub directory: bool,
    pub name: Option<String>,
    pub icon: Option<String>,
    pub path: Option<String>,
    /// code of a permission that is asked for besides that of the page
    pub permission: Option<String>,
    pub parent: Option<String>,
    pub sort: Option<i32>,
    pub visible: bool,
    pub version: i32,
}

/// An entry as it is, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuEntry {
    pub key: String,
    /// the program's own: its address stays
    pub system: bool,
    pub directory: bool,
    pub name: String,
    pub icon: String,
    pub path: String,
    pub permission: Option<String>,
    /// empty: at the top
    pub parent: String,
    pub sort: i32,
    pub visible: bool,
    /// 0 as long as nobody has changed it
    pub version: i32,
    /// how many directories it lies in
    pub depth: usize,
}

/// What the browser draws.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuNode {
    pub label: String,
    pub icon: String,
    /// empty: a directory
    pub href: String,
    pub children: Vec<MenuNode>,
}

/// Every entry, directories before what lies in them, in the city's order.
#[must_use]
pub fn menu_entries(changes: &[MenuChange]) -> Vec<MenuEntry> {
    let mut entries: Vec<MenuEntry> = (1..).zip(OWN).map(|(place, own)| entry_of(own, place * 10, changes)).collect();
    let added = changes.iter().filter(|change| OWN.iter().all(|own| own.key != change.key));
    entries.extend(added.map(|change| MenuEntry {
        key: change.key.clone(),
        system: false,
        directory: change.directory,
        name: change.name.clone().unwrap_or_default(),
        icon: change.icon.clone().unwrap_or_default(),
        path: change.path.clone().unwrap_or_default(),
        permission: change.permission.clone(),
        parent: change.parent.clone().unwrap_or_default(),
        sort: change.sort.unwrap_or(SORT_MAX),
        visible: change.visible,
        version: change.version,
        depth: 0,
    }));
    let mut ordered = Vec::with_capacity(entries.len());
    below(&entries, "", 0, &mut ordered);
    ordered
}

fn entry_of(own: &Own, sort: i32, changes: &[MenuChange]) -> MenuEntry {
    let change = changes.iter().find(|change| change.key == own.key);
    let text = |changed: fn(&MenuChange) -> Option<&String>, own: &str| {
        change.and_then(changed).map_or_else(|| own.to_owned(), Clone::clone)
    };
    MenuEntry {
        key: own.key.to_owned(),
        system: true,
        directory: matches!(own.right, Right::Directory),
        name: text(|change| change.name.as_ref(), own.name),
        icon: text(|change| change.icon.as_ref(), own.icon),
        path: own.path.to_owned(),
        permission: None,
        parent: text(|change| change.parent.as_ref(), own.parent),
        sort: change.and_then(|change| change.sort).unwrap_or(sort),
        visible: change.is_none_or(|change| change.visible),
        version: change.map_or(0, |change| change.version),
        depth: 0,
    }
}

/// The entries of a directory, each followed by its own. What lies nowhere, because its directory is gone, lies at the
/// top.
fn below(entries: &[MenuEntry], parent: &str, depth: usize, ordered: &mut Vec<MenuEntry>) {
    let known = |key: &str| entries.iter().any(|entry| entry.key == key && entry.directory);
    let mut here: Vec<&MenuEntry> =
        entries.iter().filter(|entry| entry.parent == parent || (parent.is_empty() && !known(&entry.parent))).collect();
    here.sort_by_key(|entry| entry.sort);
    for entry in here {
        ordered.push(MenuEntry { depth, ..entry.clone() });
        if entry.directory && depth < DEPTH_MAX {
            below(entries, &entry.key, depth + 1, ordered);
        }
    }
}

/// What one person sees of the menu.
#[must_use]
pub fn menu_of(actor: &Actor, changes: &[MenuChange]) -> Vec<MenuNode> {
    let entries = menu_entries(changes);
    // The top is where nothing is above; an entry that lost its directory stands there as well.
    nodes(actor, &entries, 0, &mut 0)
}

fn nodes(actor: &Actor, entries: &[MenuEntry], depth: usize, place: &mut usize) -> Vec<MenuNode> {
    let mut nodes = Vec::new();
    while let Some(entry) = entries.get(*place).filter(|entry| entry.depth >= depth) {
        *place += 1;
        let children = nodes_below(actor, entries, entry, place);
        let opened = if entry.directory { !children.is_empty() } else { opens(actor, entry) };
        if entry.visible && opened {
            let (label, icon, href) = (entry.name.clone(), entry.icon.clone(), entry.path.clone());
            nodes.push(MenuNode { label, icon, href, children });
        }
    }
    nodes
}

fn nodes_below(actor: &Actor, entries: &[MenuEntry], entry: &MenuEntry, place: &mut usize) -> Vec<MenuNode> {
    if entry.directory { nodes(actor, entries, entry.depth + 1, place) } else { Vec::new() }
}

/// Whether somebody may open the page of an entry; one whose page there is no more opens to nobody.
fn opens(actor: &Actor, entry: &MenuEntry) -> bool {
    let asked = entry
        .permission
        .as_deref()
        .is_none_or(|code| Permission::from_code(code).is_some_and(|permission| actor.may(permission)));
    asked && page_of(&entry.path).is_some_and(|own| own.opens(actor))
}

/// What is entered for an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuForm {
    pub directory: bool,
    pub name: String,
    pub icon: String,
    pub path: String,
    pub permission: String,
    pub parent: String,
    pub sort: String,
    pub visible: bool,
}

impl From<&MenuEntry> for MenuForm {
    fn from(entry: &MenuEntry) -> Self {
        Self {
            directory: entry.directory,
            name: entry.name.clone(),
            icon: entry.icon.clone(),
            path: entry.path.clone(),
            permission: entry.permission.clone().unwrap_or_default(),
            parent: entry.parent.clone(),
            sort: entry.sort.to_string(),
            visible: entry.visible,
        }
    }
}

impl MenuForm {
    /// Checks an entry against the others; `key` is that of the entry which is changed. Of an entry of the program
    /// type, address and permission stay what they are.
    ///
    /// # Errors
    /// Complaints by field.
    pub fn check(&self, key: Option<&str>, entries: &[MenuEntry]) -> Result<MenuChange, FieldErrors> {
        let mut errors = FieldErrors::default();
        let present = key.and_then(|key| entries.iter().find(|entry| entry.key == key));
        let system = present.is_some_and(|entry| entry.system);
        let directory = present.map_or(self.directory, |entry| entry.directory);
        let name = errors.take("name", required(&self.name).and_then(|name| text_max(&name, 30)));
        let sort = match self.sort.trim().parse() {
            Ok(sort @ 0..=SORT_MAX) => Some(sort),
            _ => {
                errors.add("sort", format!("排序须为0至{SORT_MAX}的整数"));
                None
            }
        };
        if !ICONS.iter().any(|(icon, _)| *icon == self.icon) && present.is_none_or(|entry| entry.icon != self.icon) {
            errors.add("icon", "请选择列表中的图标");
        }
        errors.take("parent", parent_check(&self.parent, present, directory, entries));
        let mut path = None;
        if !system && !directory {
            path = errors.take("path", path_check(&self.path, key, entries));
        }
        let permission = Some(self.permission.clone()).filter(|code| !code.is_empty() && !system && !directory);
        if permission.as_deref().is_some_and(|code| Permission::from_code(code).is_none()) {
            errors.add("permission", "请选择列表中的权限");
        }
        let (icon, parent) = (Some(self.icon.clone()), Some(self.parent.clone()));
        match (name, sort) {
            (name @ Some(_), sort @ Some(_)) if errors.is_empty() => Ok(MenuChange {
                key: key.unwrap_or_default().to_owned(),
                directory,
                name,
                icon,
                path,
                permission,
                parent,
                sort,
                visible: self.visible,
                version: present.map_or(0, |entry| entry.version),
            }),
            _ => Err(errors),
        }
    }
}

/// An entry lies in a directory that is not below itself, and not too deep.
fn parent_check(parent: &str, present: Option<&MenuEntry>, directory: bool, entries: &[MenuEntry]) -> Check<()> {
    if parent.is_empty() {
        return if directory { Ok(()) } else { Err(Complaint::says("请选择上级目录")) };
    }
    let mut above = Some(parent);
    let mut depth = 0;
    while let Some(key) = above {
        let Some(entry) = entries.iter().find(|entry| entry.key == key && entry.directory) else {
            return Err(Complaint::says("上级目录不存在"));
        };
        if present.is_some_and(|present| present.key == entry.key) {
            return Err(Complaint::says("上级不能是自己或自己的下级"));
        }
        depth += 1;
        if depth >= DEPTH_MAX {
            return Err(Complaint::says("菜单最多三级"));
        }
        above = Some(entry.parent.as_str()).filter(|parent| !parent.is_empty());
    }
    let inside = present.map_or(0, |present| levels_below(&present.key, entries));
    if depth + inside >= DEPTH_MAX { Err(Complaint::says("菜单最多三级")) } else { Ok(()) }
}

/// How many levels lie below a directory.
fn levels_below(key: &str, entries: &[MenuEntry]) -> usize {
    let children = entries.iter().filter(|entry| entry.parent == key);
    children.map(|child| 1 + levels_below(&child.key, entries)).max().unwrap_or(0)
}

/// An address inside this site, of a page that the program has, and of no other entry.
fn path_check(path: &str, key: Option<&str>, entries: &[MenuEntry]) -> Check<String> {
    let path = path.trim();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/-_.~?&=%".contains(letter);
    if path.len() > 200
        || !path.starts_with('/')
        || path.contains("//")
        || path.contains("..")
        || !path.chars().all(plain)
    {
        return Err(Complaint::says("路由须为本站地址，以/开头，如/housing/units?status=VACANT"));
    }
    if page_of(path).is_none() {
        return Err(Complaint::says("本系统没有这个页面，请从浏览器地址栏复制/开头的部分"));
    }
    match entries.iter().find(|entry| entry.path == path && Some(entry.key.as_str()) != key) {
        Some(other) => Err(Complaint::says(format!("路由与菜单【{}】重复", other.name))),
        None => Ok(path.to_owned()),
    }
}

/// The permission that an entry asks for: its own, or that of its page.
#[must_use]
pub fn permission_text(entry: &MenuEntry) -> String {
    let of_page = || match page_of(&entry.path)?.right {
        Right::One(permission) => Some(permission.code().to_owned()),
        Right::Directory | Right::Any(_) => None,
    };
    entry.permission.clone().or_else(of_page).unwrap_or_default()
}

#[cfg(test)]
#[path = "menu_tests.rs"]
mod tests;
