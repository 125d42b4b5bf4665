//! Columns of projects: the list (S1-4.1), and template I-01 保障项目信息 (domain.md §7.1).

use crate::{
    dictionary::{HousingCategory, InvestmentType, ProjectStatus, SourceType},
    form::date,
    housing::project::{ProjectImportForm, ProjectRow},
    sheet::{Cell, Choices, Filter, ImportColumn, ImportSheet, Kind, ListColumn, ListSheet, cell_or_empty},
    value::{Area, Check, Complaint, CoordinateSystem, Money, text_max},
};
use chrono::NaiveDate;

/// 项目 list.
#[rustfmt::skip] // a table: one line per column
pub const PROJECT_LIST: ListSheet<ProjectRow> = ListSheet {
    key: "project",
    noun: "项目",
    path: "/housing/projects",
    search_hint: "项目名称、编码、产权单位",
    columns: &[
        ListColumn { key: "name", header: "项目名称", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.name, format!("/housing/projects/{}", row.id)) },
        ListColumn { key: "code", header: "项目编码", kind: Kind::Text, sortable: true, essential: false, cell: |row| Cell::text(&row.code) },
        ListColumn { key: "district", header: "所属区县", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "category", header: "类别", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.category) },
        ListColumn { key: "source", header: "筹集方式", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.source) },
        ListColumn { key: "owner_unit", header: "产权单位", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.owner_unit) },
        ListColumn { key: "units_planned", header: "计划套数", kind: Kind::Number, sortable: true, essential: false, cell: |row| Cell::Number(row.units_planned.into()) },
        ListColumn { key: "units_built", header: "建成套数", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Number(row.units_built) },
        ListColumn { key: "status", header: "项目状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::status(row.status) },
        ListColumn { key: "start_on", header: "开工日期", kind: Kind::Time, sortable: true, essential: false, cell: |row| cell_or_empty(row.start_on, Cell::Date) },
        ListColumn { key: "complete_on", header: "竣工日期", kind: Kind::Time, sortable: true, essential: false, cell: |row| cell_or_empty(row.complete_on, Cell::Date) },
        ListColumn { key: "updated_at", header: "更新时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.updated_at) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "category", label: "住房类别", choices: Choices::Of(HousingCategory::choices) },
        Filter { key: "status", label: "项目状态", choices: Choices::Of(ProjectStatus::choices) },
    ],
    default_sort: ("name", false),
    jumps: false,
};

/// I-01 保障项目信息.
#[rustfmt::skip] // a table: one line per column
pub const PROJECT_IMPORT: ImportSheet<ProjectImportForm> = ImportSheet {
    key: "project",
    title: "保障项目信息",
    columns: &[
        ImportColumn { header: "项目名称", required: true, example: "示例项目", note: "同一区县内不得重复", choices: Vec::new, parse: |text, form| { form.name = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "所属区县", required: true, example: "示例区", note: "名称或编码，须在权限范围内", choices: Vec::new, parse: |text, form| { form.district = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "街道", required: false, example: "", note: "名称或编码，须为所属区县下已存在的街道", choices: Vec::new, parse: |text, form| { form.street = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "社区", required: false, example: "", note: "名称或编码，须为该街道下已存在的社区", choices: Vec::new, parse: |text, form| { form.community = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "项目地址", required: true, example: "示例路1号", note: "最长200字", choices: Vec::new, parse: |text, form| { form.address = text_max(text, 200)?; Ok(()) } },
        ImportColumn { header: "住房类别", required: true, example: "公租房", note: "从下拉值中选择", choices: HousingCategory::choices, parse: |text, form| { form.category = Some(HousingCategory::parse(text)?); Ok(()) } },
        ImportColumn { header: "筹集方式", required: true, example: "新建", note: "从下拉值中选择", choices: SourceType::choices, parse: |text, form| { form.source = Some(SourceType::parse(text)?); Ok(()) } },
        ImportColumn { header: "投资主体", required: true, example: "政府投资", note: "从下拉值中选择", choices: InvestmentType::choices, parse: |text, form| { form.investment = Some(InvestmentType::parse(text)?); Ok(()) } },
        ImportColumn { header: "产权单位", required: true, example: "示例市住房保障中心", note: "名称或编码，须已存在", choices: Vec::new, parse: |text, form| { form.owner_unit = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "建设单位", required: false, example: "", note: "最长100字", choices: Vec::new, parse: |text, form| { form.builder = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "运营主体", required: false, example: "", note: "名称或编码，须已存在", choices: Vec::new, parse: |text, form| { form.operator = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "计划套数", required: true, example: "1000", note: "大于0的整数", choices: Vec::new, parse: |text, form| { form.units_planned = positive(text)?; Ok(()) } },
        ImportColumn { header: "用地面积(㎡)", required: false, example: "", note: "最多2位小数", choices: Vec::new, parse: |text, form| { form.land_area = Some(Area::parse_or_zero(text)?); Ok(()) } },
        ImportColumn { header: "总建筑面积(㎡)", required: false, example: "", note: "最多2位小数", choices: Vec::new, parse: |text, form| { form.total_area = Some(Area::parse_or_zero(text)?); Ok(()) } },
        ImportColumn { header: "总投资(元)", required: false, example: "", note: "最多2位小数", choices: Vec::new, parse: |text, form| { form.total_invest = Some(investment(text)?); Ok(()) } },
        ImportColumn { header: "立项批复文号", required: false, example: "", note: "最长50字", choices: Vec::new, parse: |text, form| { form.approval_no = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "规划许可证号", required: false, example: "", note: "最长50字", choices: Vec::new, parse: |text, form| { form.planning_no = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "施工许可证号", required: false, example: "", note: "最长50字", choices: Vec::new, parse: |text, form| { form.construction_no = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "开工日期", required: false, example: "2024-03-01", note: "YYYY-MM-DD", choices: Vec::new, parse: |text, form| { form.start_on = Some(date(text)?); Ok(()) } },
        ImportColumn { header: "竣工日期", required: false, example: "2026-06-30", note: "YYYY-MM-DD", choices: Vec::new, parse: |text, form| { form.complete_on = Some(date(text)?); Ok(()) } },
        ImportColumn { header: "交付日期", required: false, example: "2026-09-01", note: "YYYY-MM-DD", choices: Vec::new, parse: |text, form| { form.deliver_on = Some(date(text)?); Ok(()) } },
        ImportColumn { header: "项目状态", required: true, example: "运营中", note: "从下拉值中选择", choices: ProjectStatus::choices, parse: |text, form| { form.status = Some(ProjectStatus::parse(text)?); Ok(()) } },
        ImportColumn { header: "经度", required: false, example: "", note: "与纬度、坐标系同时填写", choices: Vec::new, parse: |text, form| form.place.read_lng(text) },
        ImportColumn { header: "纬度", required: false, example: "", note: "最多7位小数", choices: Vec::new, parse: |text, form| form.place.read_lat(text) },
        ImportColumn { header: "坐标系", required: false, example: "", note: "从下拉值中选择", choices: CoordinateSystem::choices, parse: |text, form| form.place.read_system(text) },
        ImportColumn { header: "备注", required: false, example: "", note: "最长200字", choices: Vec::new, parse: |text, form| { form.remark = text_max(text, 200)?; Ok(()) } },
    ],
    check: |form, row| {
        row.rule(&["街道", "社区"], form.street.is_empty() && !form.community.is_empty(), COMMUNITY_ALONE);
        let before = |later: Option<NaiveDate>, earlier: Option<NaiveDate>| later.is_some() && later < earlier;
        let (start, complete, deliver) = (form.start_on, form.complete_on, form.deliver_on);
        row.rule(&["竣工日期", "开工日期"], before(complete, start), "竣工日期不能早于开工日期");
        row.rule(&["交付日期", "竣工日期"], before(deliver, complete), "交付日期不能早于竣工日期");
        // Without a day of completion the beginning is what delivery follows.
        let unfinished = complete.is_none() && before(deliver, start);
        row.rule(&["交付日期", "竣工日期", "开工日期"], unfinished, "交付日期不能早于开工日期");
        form.place.check(row, "经度", "纬度");
    },
};

/// The complaint about a community whose street is not named.
pub const COMMUNITY_ALONE: &str = "填写【社区】时须同时填写【街道】";

/// A number of units: > 0.
///
/// # Errors
/// `应为大于0的整数`.
pub fn positive(text: &str) -> Check<i32> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| Complaint::About("应为大于0的整数".into()))
}

/// Yuan ≥ 0.
///
/// # Errors
/// `应为不小于0的数字，最多2位小数`.
pub fn investment(text: &str) -> Check<Money> {
    let money = Money::parse_yuan(text)?;
    if money >= Money::ZERO {
        Ok(money)
    } else {
        Err(Complaint::About("应为不小于0的数字，最多2位小数".into()))
    }
}
