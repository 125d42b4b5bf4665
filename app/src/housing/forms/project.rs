//! The project form (S1-4.1): new and change.

use crate::{
    ApiError,
    housing::{
        choice::stock_choices_get,
        project::{project_create, project_get, project_update},
        use_id,
    },
    ui::{
        PageHead,
        changing::changing,
        combo::flat,
        empty_view, error_view,
        field::{chosen, chosen_or_present, coded, fixed},
        form::{Deeds, Edit, Newer, Reload, use_edit},
        loading_view,
        place::place_fields,
        resource::resource,
    },
};
use domain::{
    dictionary::{HousingCategory, InvestmentType, ProjectStatus, SourceType},
    housing::{
        choice::StockChoices,
        project::{Project, planned_warning},
        project_form::ProjectForm,
    },
    id::ProjectId,
};
use leptos::prelude::*;
use std::sync::Arc;

pub fn new_view() -> AnyView {
    let choices = resource(|| (), |()| stock_choices_get());
    view! {
        <main class="page">
            <PageHead title="新增项目" back=("/housing/projects".to_owned(), "项目".to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match choices.await {
                        Ok(choices) if choices.districts.is_empty() => {
                            empty_view("您的账号没有管辖的区县，不能新增项目，请联系区县住房保障部门")
                        }
                        Ok(choices) => form_view(None, choices),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

pub fn edit_view() -> AnyView {
    let id = use_id();
    let loaded = resource(
        move || id.get(),
        |id| async move { Ok::<_, ApiError>((project_get(ProjectId(id)).await?, stock_choices_get().await?)) },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match loaded.await {
                        Ok((project, choices)) => {
                            let back = (format!("/housing/projects/{}", project.id), project.name.clone());
                            view! { <PageHead title="编辑项目" back=back />{form_view(Some(project), choices)} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(project: Option<Project>, choices: StockChoices) -> AnyView {
    let known = project.as_ref().map(|project| project.id);
    let start = project.as_ref().map_or_else(
        || ProjectForm { status: ProjectStatus::Planned.code().to_owned(), ..ProjectForm::default() },
        ProjectForm::from,
    );
    let deeds = Deeds {
        check: Box::new(|form: &ProjectForm| form.check().map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                let id = match known.zip(version) {
                    Some((id, version)) => project_update(id, version, form).await.map(|()| id)?,
                    None => project_create(form).await?,
                };
                Ok(format!("/housing/projects/{id}"))
            })
        }),
        reload: known.map(|id| -> Reload<ProjectForm> {
            Arc::new(move || {
                Box::pin(async move {
                    let project = project_get(id).await?;
                    let form = ProjectForm::from(&project);
                    Ok(Newer { form, version: project.version, at: project.updated_at, by: project.updated_by })
                })
            })
        }),
    };
    let edit = use_edit(start, project.as_ref().map(|project| project.version), deeds);
    let fields = view! {
        {basic_fields(edit, project.as_ref(), &choices)}
        {scale_fields(edit, project.as_ref().map_or(0, |project| project.units_built))}
        {paper_fields(edit)}
        {place_fields(edit, |form| &mut form.lng, |form| &mut form.lat, |form| &mut form.system)}
    };
    edit.view(fields, known.map_or_else(|| "/housing/projects".to_owned(), |id| format!("/housing/projects/{id}")))
}

fn basic_fields(edit: Edit<ProjectForm>, project: Option<&Project>, choices: &StockChoices) -> impl IntoView + use<> {
    let owner = project.map(|project| (project.owner_unit_id.0, project.owner_unit.clone()));
    let operator = project.and_then(|project| Some((project.operator_id?.0, project.operator.clone()?)));
    let owners = flat(chosen_or_present(choices.owner_units.clone(), owner));
    let operators = flat(chosen_or_present(choices.operators.clone(), operator));
    view! {
        {edit.text("name", "项目名称", true, |form| &mut form.name, ("text", ""))}
        {match project {
            // Estates and buildings lie in it.
            Some(project) => fixed("district", "所属区县", &project.district).into_any(),
            None => edit.pick("district", "所属区县", true, |form| &mut form.district, flat(chosen(choices.districts.clone()))),
        }}
        {edit.text("address", "项目地址", true, |form| &mut form.address, ("text", ""))}
        {edit.text("street", "街道", false, |form| &mut form.street, ("text", ""))}
        {edit.text("community", "社区", false, |form| &mut form.community, ("text", ""))}
        {edit.select("category", "住房类别", true, |form| &mut form.category, coded(HousingCategory::choices()))}
        {edit.select("source", "筹集方式", true, |form| &mut form.source, coded(SourceType::choices()))}
        {edit.select("investment", "投资主体", true, |form| &mut form.investment, coded(InvestmentType::choices()))}
        {edit.pick("owner_unit", "产权单位", true, |form| &mut form.owner_unit, owners)}
        {edit.text("builder", "建设单位", false, |form| &mut form.builder, ("text", ""))}
        {edit.pick("operator", "运营主体", false, |form| &mut form.operator, operators)}
        {edit.select("status", "项目状态", true, |form| &mut form.status, coded(ProjectStatus::choices()))}
    }
}

/// Planned units fewer than those that stand there are warned of, not refused (S1-4.1).
fn scale_fields(edit: Edit<ProjectForm>, built: i64) -> impl IntoView {
    let warning = move || {
        let planned = edit.form.with(|form| form.units_planned.trim().parse::<i32>().ok())?;
        planned_warning(planned, built)
    };
    view! {
        {edit.text("units_planned", "计划套数", true, |form| &mut form.units_planned, ("text", "大于0的整数"))}
        {changing(move || warning().map(|sentence| view! { <p class="form-warning alert alert-warning alert-soft" role="status">{sentence}</p> }))}
        {edit.text("land_area", "用地面积(㎡)", false, |form| &mut form.land_area, ("text", "最多2位小数"))}
        {edit.text("total_area", "总建筑面积(㎡)", false, |form| &mut form.total_area, ("text", "最多2位小数"))}
        {edit.text("total_invest", "总投资(元)", false, |form| &mut form.total_invest, ("money", "最多2位小数"))}
        {edit.text("fund_central", "中央资金(元)", false, |form| &mut form.fund_central, ("money", ""))}
        {edit.text("fund_province", "省级资金(元)", false, |form| &mut form.fund_province, ("money", ""))}
        {edit.text("fund_city", "市级资金(元)", false, |form| &mut form.fund_city, ("money", ""))}
        {edit.text("fund_loan", "贷款(元)", false, |form| &mut form.fund_loan, ("money", ""))}
        {edit.text("fund_own", "自筹资金(元)", false, |form| &mut form.fund_own, ("money", ""))}
    }
}

fn paper_fields(edit: Edit<ProjectForm>) -> impl IntoView {
    view! {
        {edit.text("approval_no", "立项批复文号", false, |form| &mut form.approval_no, ("text", ""))}
        {edit.text("land_no", "土地证/用地批准号", false, |form| &mut form.land_no, ("text", ""))}
        {edit.text("planning_no", "规划许可证号", false, |form| &mut form.planning_no, ("text", ""))}
        {edit.text("construction_no", "施工许可证号", false, |form| &mut form.construction_no, ("text", ""))}
        {edit.text("start_on", "开工日期", false, |form| &mut form.start_on, ("date", ""))}
        {edit.text("complete_on", "竣工日期", false, |form| &mut form.complete_on, ("date", ""))}
        {edit.text("accept_on", "验收日期", false, |form| &mut form.accept_on, ("date", ""))}
        {edit.text("deliver_on", "交付日期", false, |form| &mut form.deliver_on, ("date", ""))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", ""))}
    }
}
