//! Projects (S1-4.1): list and detail.

use super::{list_actions, use_id};
use crate::{
    ApiError,
    shell::may,
    ui::{
        PageHead,
        detail::{field_group, text_cell},
        error_view,
        list::{ListActions, list_page},
        loading_view,
    },
};
use domain::{
    housing::{
        project::{Project, ProjectRow},
        project_sheet::PROJECT_LIST,
    },
    id::ProjectId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::{prelude::*, server_fn::codec::Json};

/// A page of projects.
#[server(endpoint = "project_list", input = Json)]
pub async fn project_list(query: ListQuery) -> Result<Page<ProjectRow>, ApiError> {
    Ok(store::housing::project::project_list(&crate::context::ctx()?, &query).await?)
}

/// One project.
#[server(endpoint = "project_get", input = Json)]
pub async fn project_get(id: ProjectId) -> Result<Project, ApiError> {
    Ok(store::housing::project::project_get(&crate::context::ctx()?, id).await?)
}

pub(super) fn list_view() -> AnyView {
    let actions = list_actions(|| ListActions {
        add: None,
        import: may(Permission::ProjectWrite).then_some("project"),
        export: may(Permission::StockExport),
    });
    list_page(&PROJECT_LIST, actions, project_list)
}

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let project = Resource::new(move || id.get(), |id| project_get(ProjectId(id)));
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {move || Suspend::new(async move {
                    match project.await {
                        Ok(project) => detail(project).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Transition>
        </main>
    }
    .into_any()
}

fn detail(project: Project) -> impl IntoView {
    let back = ("/housing/projects".to_owned(), "项目".to_owned());
    let id = project.id;
    view! {
        <PageHead title=project.name.clone() back=back>
            <a class="btn btn-outline btn-sm" href=format!("/housing/estates?project={id}")>"小区"</a>
            <a class="btn btn-outline btn-sm" href=format!("/housing/buildings?project={id}")>"楼栋"</a>
        </PageHead>
        {field_group("基本信息", vec![
            ("项目编码", Cell::text(&project.code)),
            ("所属区县", Cell::text(&project.district)),
            ("街道", text_cell(project.street.as_ref())),
            ("社区", text_cell(project.community.as_ref())),
            ("项目地址", Cell::text(&project.address)),
            ("住房类别", Cell::text(project.category.label())),
            ("筹集方式", Cell::text(project.source.label())),
            ("投资主体", Cell::text(project.investment.label())),
            ("产权单位", Cell::text(&project.owner_unit)),
            ("建设单位", text_cell(project.builder.as_ref())),
            ("运营主体", text_cell(project.operator.as_ref())),
            ("项目状态", Cell::badge(project.status.code(), project.status.label())),
        ])}
        {field_group("规模与投资", vec![
            ("计划套数", Cell::Number(project.units_planned.into())),
            ("建成套数", Cell::Number(project.units_built)),
            ("楼栋数", Cell::Number(project.buildings)),
            ("用地面积(㎡)", cell_or_empty(project.land_area, Cell::Area)),
            ("总建筑面积(㎡)", cell_or_empty(project.total_area, Cell::Area)),
            ("总投资(元)", cell_or_empty(project.total_invest, Cell::Money)),
        ])}
        {field_group("批文与日期", vec![
            ("立项批复文号", text_cell(project.approval_no.as_ref())),
            ("规划许可证号", text_cell(project.planning_no.as_ref())),
            ("施工许可证号", text_cell(project.construction_no.as_ref())),
            ("开工日期", cell_or_empty(project.start_on, Cell::Date)),
            ("竣工日期", cell_or_empty(project.complete_on, Cell::Date)),
            ("交付日期", cell_or_empty(project.deliver_on, Cell::Date)),
            ("备注", text_cell(project.remark.as_ref())),
            ("更新时间", Cell::Time(project.updated_at)),
        ])}
    }
}
