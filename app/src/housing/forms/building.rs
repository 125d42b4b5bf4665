//! The building form (S1-4.2): new in an estate, and change.

use crate::{
    ApiError,
    housing::{
        building::api::{building_create, building_get, building_update},
        estate::api::estate_get,
        project::project_choices_get,
        use_id,
    },
    ui::{
        PageHead,
        changing::changing,
        empty_view, error_view,
        field::{chosen_or_present, coded, fixed},
        form::{Deeds, Edit, Newer, Reload, use_edit},
        loading_view,
        place::place_fields,
        resource::resource,
    },
};
use domain::{
    dictionary::{Structure, UseStatus},
    housing::{
        building::Building,
        building_form::{BuildingForm, ELEVATOR_CHOICES},
        choice::Choice,
    },
    id::{BuildingId, EstateId},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use std::sync::Arc;

/// Where a form's building stands.
struct Target {
    estate: EstateId,
    estate_name: String,
    known: Option<Building>,
}

pub fn new_view() -> AnyView {
    let query = use_query_map();
    let estate = Memo::new(move |_| query.read().get("estate").and_then(|id| id.parse::<i64>().ok()));
    let loaded = resource(
        move || estate.get(),
        |id| async move {
            let Some(id) = id else { return Ok(None) };
            let estate = estate_get(EstateId(id)).await?;
            let projects = project_choices_get(estate.district_id).await?;
            Ok::<_, ApiError>(Some((estate, projects)))
        },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match loaded.await {
                        Ok(None) => view! { <PageHead title="新增楼栋" />{empty_view("请从小区页面新增楼栋：先打开楼栋所在的小区")} }.into_any(),
                        Ok(Some((estate, projects))) => {
                            let back = (format!("/housing/estates/{}", estate.id), estate.name.clone());
                            let target = Target { estate: estate.id, estate_name: estate.name, known: None };
                            let body = if projects.is_empty() {
                                empty_view("该区县没有可绑定的项目，请先新增项目")
                            } else {
                                form_view(target, projects)
                            };
                            view! { <PageHead title="新增楼栋" back=back />{body} }.into_any()
                        }
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
        |id| async move {
            let building = building_get(BuildingId(id)).await?;
            let projects = project_choices_get(building.district_id).await?;
            Ok::<_, ApiError>((building, projects))
        },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match loaded.await {
                        Ok((building, projects)) => {
                            let back = (format!("/housing/buildings/{}", building.id), format!("{} {}", building.estate, building.no));
                            let target = Target {
                                estate: building.estate_id,
                                estate_name: building.estate.clone(),
                                known: Some(building),
                            };
                            view! { <PageHead title="编辑楼栋" back=back />{form_view(target, projects)} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(target: Target, projects: Vec<Choice>) -> AnyView {
    let Target { estate, estate_name, known } = target;
    let id = known.as_ref().map(|building| building.id);
    let project = known.as_ref().map(|building| (building.project_id.0, building.project.clone()));
    let projects = chosen_or_present(projects, project);
    let mut start = known.as_ref().map_or_else(
        || BuildingForm {
            entrances: "1".to_owned(),
            status: UseStatus::On.code().to_owned(),
            ..BuildingForm::default()
        },
        BuildingForm::from,
    );
    if let ([(only, _)], true) = (projects.as_slice(), start.project.is_empty()) {
        start.project.clone_from(only);
    }
    let deeds = Deeds {
        check: Box::new(|form: &BuildingForm| form.check().map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                let id = match id.zip(version) {
                    Some((id, version)) => building_update(id, version, form).await.map(|()| id)?,
                    None => building_create(estate, form).await?,
                };
                Ok(format!("/housing/buildings/{id}"))
            })
        }),
        reload: id.map(|id| -> Reload<BuildingForm> {
            Arc::new(move || {
                Box::pin(async move {
                    let building = building_get(id).await?;
                    let form = BuildingForm::from(&building);
                    Ok(Newer { form, version: building.version, at: building.updated_at, by: building.updated_by })
                })
            })
        }),
    };
    let edit = use_edit(start, known.as_ref().map(|building| building.version), deeds);
    let fields = view! {
        {fixed("estate", "小区", estate_name)}
        {edit.select("project", "项目", true, |form| &mut form.project, projects)}
        {fields(edit)}
        {place_fields(edit, |form| &mut form.lng, |form| &mut form.lat, |form| &mut form.system)}
    };
    edit.view(fields, id.map_or_else(|| format!("/housing/estates/{estate}"), |id| format!("/housing/buildings/{id}")))
}

fn fields(edit: Edit<BuildingForm>) -> impl IntoView {
    view! {
        {edit.text("no", "楼栋号", true, |form| &mut form.no, ("text", "如 01，同一小区内不得重复"))}
        {edit.text("name", "楼栋名称", false, |form| &mut form.name, ("text", ""))}
        {edit.select("structure", "建筑结构", false, |form| &mut form.structure, coded(Structure::choices()))}
        {edit.text("floors_up", "地上层数", true, |form| &mut form.floors_up, ("text", "1至60"))}
        {edit.text("floors_down", "地下层数", false, |form| &mut form.floors_down, ("text", ""))}
        {edit.text("entrances", "单元数", true, |form| &mut form.entrances, ("text", "整数"))}
        {edit.text("units_per_floor", "每层户数", false, |form| &mut form.units_per_floor, ("text", ""))}
        {edit.text("height", "高度(m)", false, |form| &mut form.height, ("text", "最多2位小数"))}
        {edit.select("has_elevator", "有无电梯", false, |form| &mut form.has_elevator, coded(ELEVATOR_CHOICES.to_vec()))}
        {edit.text("elevators", "电梯数", false, |form| &mut form.elevators, ("text", ""))}
        {edit.text("build_year", "建成年份", false, |form| &mut form.build_year, ("text", "如 2018"))}
        {edit.text("area", "建筑面积(㎡)", false, |form| &mut form.area, ("text", "最多2位小数"))}
        {edit.text("house_code", "房屋代码", false, |form| &mut form.house_code, ("text", "26位"))}
        {edit.text("completed_on", "竣工日期", false, |form| &mut form.completed_on, ("date", ""))}
        {edit.text("warranty", "保修期限", false, |form| &mut form.warranty, ("text", "如 防水2027-06-30，其他2029-06-30"))}
        {edit.select("status", "状态", true, |form| &mut form.status, coded(UseStatus::choices()))}
    }
}
