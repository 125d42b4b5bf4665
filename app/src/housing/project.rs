//! Projects (S1-4.1): list and detail.

use super::list_actions;
use crate::{
    Api, ApiError,
    platform::attachment::attachments_panel,
    shell::may,
    ui::{
        detail::{FieldCell, RecordExtra, RecordPage, record_view_above, text_cell},
        icon,
        list::{ListActions, list_page},
        remove::delete_button,
    },
};
use domain::{
    dictionary::AttachmentOwner,
    housing::{
        choice::Choice,
        project::{Project, ProjectRow},
        project_form::ProjectForm,
        project_sheet::PROJECT_LIST,
    },
    id::{OrganizationId, ProjectId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

/// A page of projects.
#[server(endpoint = "project_list", protocol = Api)]
pub async fn project_list(query: ListQuery) -> Result<Page<ProjectRow>, ApiError> {
    Ok(store::housing::project::project_list(&crate::context::ctx()?, &query).await?)
}

/// The projects of a district that a building may be bound to.
#[server(endpoint = "project_choices_get", protocol = Api)]
pub async fn project_choices_get(district: OrganizationId) -> Result<Vec<Choice>, ApiError> {
    Ok(store::housing::project::project_choices_get(&crate::context::ctx()?, district).await?)
}

/// Enters a project.
#[server(endpoint = "project_create", protocol = Api)]
pub async fn project_create(form: ProjectForm) -> Result<ProjectId, ApiError> {
    Ok(store::housing::project::project_create(&crate::context::ctx()?, &form).await?)
}

/// Changes a project's fields.
#[server(endpoint = "project_update", protocol = Api)]
pub async fn project_update(id: ProjectId, version: i32, form: ProjectForm) -> Result<(), ApiError> {
    Ok(store::housing::project::project_update(&crate::context::ctx()?, id, version, &form).await?)
}

/// Deletes a project without buildings.
#[server(endpoint = "project_delete", protocol = Api)]
pub async fn project_delete(id: ProjectId, version: i32) -> Result<(), ApiError> {
    Ok(store::housing::project::project_delete(&crate::context::ctx()?, id, version).await?)
}

/// One project.
#[server(endpoint = "project_get", protocol = Api)]
pub async fn project_get(id: ProjectId) -> Result<Project, ApiError> {
    Ok(store::housing::project::project_get(&crate::context::ctx()?, id).await?)
}

pub(super) fn list_view() -> AnyView {
    let actions = list_actions(|| ListActions {
        add: may(Permission::ProjectWrite).then_some(("/housing/projects/new", "新增项目")),
        import: may(Permission::ProjectWrite).then_some("project"),
        export: may(Permission::StockExport),
    });
    list_page(&PROJECT_LIST, actions, project_list)
}

pub(super) fn detail_view() -> AnyView {
    record_view_above(
        |id| project_get(ProjectId(id)),
        detail,
        extra,
        |id| attachments_panel(AttachmentOwner::Project, id.into()),
    )
}

fn detail(project: Project) -> RecordPage {
    let id = project.id;
    RecordPage {
        title: project.name.clone(),
        back: (PROJECT_LIST.path, PROJECT_LIST.noun),
        links: vec![
            (format!("/housing/estates?project={id}"), "小区"),
            (format!("/housing/buildings?project={id}"), "楼栋"),
        ],
        groups: vec![("基本信息", facts(&project)), ("规模与投资", scale(&project)), ("批文与日期", papers(&project))],
    }
}

fn extra(project: &Project) -> RecordExtra {
    let (id, version) = (project.id, project.version);
    let name = project.name.clone();
    let tools = move || {
        may(Permission::ProjectWrite).then(|| view! {
            <a class="btn btn-primary btn-sm" href=format!("/housing/projects/{id}/edit")>{icon("edit")}"编辑"</a>
            {delete_button("项目", name.clone(), PROJECT_LIST.path.to_owned(), move || Box::pin(project_delete(id, version)))}
        })
        .into_any()
    };
    RecordExtra { notice: project.warning(), tools: Some(Box::new(tools)) }
}

fn facts(project: &Project) -> Vec<FieldCell> {
    let place = project.position.map(|point| format!("{:.6}，{:.6}", point.lng, point.lat));
    vec![
        ("项目编码", Cell::text(&project.code)),
        ("所属区县", Cell::text(&project.district)),
        ("街道", text_cell(project.street.as_ref())),
        ("社区", text_cell(project.community.as_ref())),
        ("项目地址", Cell::text(&project.address)),
        ("经纬度", text_cell(place.as_ref())),
        ("住房类别", Cell::coded(project.category)),
        ("筹集方式", Cell::coded(project.source)),
        ("投资主体", Cell::coded(project.investment)),
        ("产权单位", Cell::text(&project.owner_unit)),
        ("建设单位", text_cell(project.builder.as_ref())),
        ("运营主体", text_cell(project.operator.as_ref())),
        ("项目状态", Cell::status(project.status)),
    ]
}

fn scale(project: &Project) -> Vec<FieldCell> {
    let funds = project.funds;
    vec![
        ("计划套数", Cell::Number(project.units_planned.into())),
        ("建成套数", Cell::Number(project.units_built)),
        ("楼栋数", Cell::Number(project.buildings)),
        ("用地面积(㎡)", cell_or_empty(project.land_area, Cell::Area)),
        ("总建筑面积(㎡)", cell_or_empty(project.total_area, Cell::Area)),
        ("总投资(元)", cell_or_empty(project.total_invest, Cell::Money)),
        ("中央资金(元)", cell_or_empty(funds.central, Cell::Money)),
        ("省级资金(元)", cell_or_empty(funds.province, Cell::Money)),
        ("市级资金(元)", cell_or_empty(funds.city, Cell::Money)),
        ("贷款(元)", cell_or_empty(funds.loan, Cell::Money)),
        ("自筹资金(元)", cell_or_empty(funds.own, Cell::Money)),
    ]
}

fn papers(project: &Project) -> Vec<FieldCell> {
    vec![
        ("立项批复文号", text_cell(project.approval_no.as_ref())),
        ("土地证/用地批准号", text_cell(project.land_no.as_ref())),
        ("规划许可证号", text_cell(project.planning_no.as_ref())),
        ("施工许可证号", text_cell(project.construction_no.as_ref())),
        ("开工日期", cell_or_empty(project.start_on, Cell::Date)),
        ("竣工日期", cell_or_empty(project.complete_on, Cell::Date)),
        ("验收日期", cell_or_empty(project.accept_on, Cell::Date)),
        ("交付日期", cell_or_empty(project.deliver_on, Cell::Date)),
        ("备注", text_cell(project.remark.as_ref())),
        ("更新时间", Cell::Time(project.updated_at)),
        ("更新人", text_cell(project.updated_by.as_ref())),
    ]
}
