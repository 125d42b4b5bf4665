//! Columns of organisations: the list, and the import template (required fields of E-01, domain.md §7.0).

use crate::{
    dictionary::{OrganizationStatus, OrganizationType},
    platform::organization::{OrganizationForm, OrganizationRow, needs_credit_code},
    sheet::{Cell, Choices, Filter, ImportColumn, ImportSheet, Kind, ListColumn, ListSheet},
    value::{Complaint, CreditCode, Phone, text_max},
};

/// 组织机构 list (S1-9.5).
#[rustfmt::skip] // a table: one line per column
pub const ORGANIZATION_LIST: ListSheet<OrganizationRow> = ListSheet {
    key: "organization",
    noun: "机构",
    path: "/platform/organizations",
    search_hint: "机构名称、编码",
    columns: &[
        ListColumn { key: "name", header: "机构名称", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.name, format!("/platform/organizations/{}", row.id)) },
        ListColumn { key: "code", header: "机构编码", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::text(&row.code) },
        ListColumn { key: "type", header: "类型", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "division_code", header: "区划代码", kind: Kind::Text, sortable: true, essential: false, cell: |row| Cell::text(&row.division_code) },
        ListColumn { key: "parent", header: "上级", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.parent.as_deref().unwrap_or_default()) },
        ListColumn { key: "leader", header: "负责人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.leader.as_deref().unwrap_or_default()) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: false, cell: |row| Cell::status(row.status) },
        ListColumn { key: "updated_at", header: "更新时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.updated_at) },
    ],
    filters: &[
        Filter { key: "type", label: "类型", choices: Choices::Of(OrganizationType::choices) },
        Filter { key: "status", label: "状态", choices: Choices::Of(OrganizationStatus::choices) },
        Filter { key: "parent", label: "上级", choices: Choices::Linked },
    ],
    default_sort: ("code", false),
    jumps: false,
};

/// Organisation template.
#[rustfmt::skip] // a table: one line per column
pub const ORGANIZATION_IMPORT: ImportSheet<OrganizationForm> = ImportSheet {
    key: "organization",
    title: "组织机构",
    columns: &[
        ImportColumn { header: "机构编码", required: true, example: "示例-810101", note: "最长20字，全市唯一", choices: Vec::new, parse: |text, form| { form.code = text_max(text, 20)?; Ok(()) } },
        ImportColumn { header: "机构名称", required: true, example: "示例区住房保障中心", note: "最长100字，同级不重复", choices: Vec::new, parse: |text, form| { form.name = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "类型", required: true, example: "区县", note: "从下拉值中选择", choices: OrganizationType::choices, parse: |text, form| { form.kind = Some(OrganizationType::parse(text)?); Ok(()) } },
        ImportColumn { header: "上级", required: false, example: "", note: "上级机构的编码或名称；区县的上级为市，街道的上级为区县，社区的上级为街道", choices: Vec::new, parse: |text, form| { form.parent = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "行政区划代码", required: true, example: "810101", note: "6、9或12位数字", choices: Vec::new, parse: |text, form| { form.division_code = division_code(text)?; Ok(()) } },
        ImportColumn { header: "统一社会信用代码", required: false, example: "", note: "运营主体、物业公司等企业必填", choices: Vec::new, parse: |text, form| { form.uscc = CreditCode::parse(text)?.to_string(); Ok(()) } },
        ImportColumn { header: "负责人", required: false, example: "", note: "最长30字", choices: Vec::new, parse: |text, form| { form.leader = text_max(text, 30)?; Ok(()) } },
        ImportColumn { header: "联系电话", required: false, example: "", note: "手机或固定电话", choices: Vec::new, parse: |text, form| { form.phone = Phone::parse(text)?.as_str().to_owned(); Ok(()) } },
        ImportColumn { header: "地址", required: false, example: "", note: "最长200字", choices: Vec::new, parse: |text, form| { form.address = text_max(text, 200)?; Ok(()) } },
        ImportColumn { header: "排序", required: false, example: "1", note: "整数", choices: Vec::new, parse: |text, form| { form.sort = text.parse().map_err(|_| Complaint::About("格式不正确".into()))?; Ok(()) } },
        ImportColumn { header: "状态", required: true, example: "启用", note: "从下拉值中选择", choices: OrganizationStatus::choices, parse: |text, form| { form.status = Some(OrganizationStatus::parse(text)?); Ok(()) } },
    ],
    check: |form, row| {
        let nameless = form.kind.is_some_and(needs_credit_code) && form.uscc.is_empty();
        row.rule(&["统一社会信用代码"], nameless, "企业须填写【统一社会信用代码】");
        let loose = form.kind.is_some_and(|kind| kind != OrganizationType::City) && form.parent.is_empty();
        row.rule(&["上级"], loose, "除市级机构外须填写【上级】");
    },
};

/// 6 digits (GB/T 2260), 9 for a street, 12 for a community.
fn division_code(text: &str) -> crate::value::Check<String> {
    if matches!(text.len(), 6 | 9 | 12) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(Complaint::About("格式不正确".into()))
    }
}
