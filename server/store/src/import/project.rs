//! I-01 保障项目信息 (domain.md §7.1).

use super::{Districts, Errors, Importer, Row, Run, map_point, operators_named, organizations_named};
use crate::{
    Result,
    ctx::{Tx, connection},
};
use domain::{
    dictionary::{HousingCategory, InvestmentType, ProjectStatus, SourceType},
    housing::{project::ProjectForm, project_sheet::PROJECT_IMPORT},
    sheet::ImportSheet,
    value::Point,
};
use std::collections::{HashMap, HashSet};

/// The importer of I-01; what a planned row resolved to waits here for its write.
#[derive(Default)]
pub(super) struct Projects {
    districts: Districts,
    resolved: HashMap<u32, Resolved>,
}

struct Resolved {
    district: i64,
    owner: i64,
    operator: Option<i64>,
    map: Option<Point>,
}

impl From<Districts> for Projects {
    fn from(districts: Districts) -> Self {
        Self { districts, ..Self::default() }
    }
}

impl Importer<ProjectForm> for Projects {
    fn sheet(&self) -> &'static ImportSheet<ProjectForm> {
        &PROJECT_IMPORT
    }

    fn key(&self, form: &ProjectForm) -> String {
        format!("{}\u{1}{}", self.districts.one_name(&form.district), form.name)
    }

    async fn plan(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<ProjectForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<ProjectForm>>> {
        self.resolved.clear();
        let owners = organizations_named(tx, rows.iter().map(|row| row.form.owner_unit.as_str()).collect()).await?;
        let operators = operators_named(tx, rows.iter().map(|row| row.form.operator.as_str()).collect()).await?;
        let names: Vec<String> = rows.iter().map(|row| row.form.name.clone()).collect();
        let known: HashSet<(i64, String)> =
            sqlx::query!("select district_id, name from project where name = any($1)", &names)
                .fetch_all(connection(tx))
                .await?
                .into_iter()
                .map(|row| (row.district_id, row.name))
                .collect();
        let mut planned = Vec::with_capacity(rows.len());
        for row in rows {
            let district = match self.districts.find(run, tx, &row.form.district).await? {
                Ok(district) => district.clone(),
                Err(sentence) => {
                    errors.add(row.row_no, "所属区县", sentence);
                    continue;
                }
            };
            let owner = owners.get(&row.form.owner_unit).copied();
            if owner.is_none() {
                errors.add(row.row_no, "产权单位", "产权单位不存在");
            }
            let operator = operators.get(&row.form.operator).copied();
            if operator.is_none() && !row.form.operator.is_empty() {
                errors.add(row.row_no, "运营主体", "运营主体不存在");
            }
            let map = map_point(run, &district, row.form.place.place()).unwrap_or_else(|sentence| {
                errors.add(row.row_no, "经度", sentence);
                None
            });
            if known.contains(&(district.id, row.form.name.clone())) {
                errors.add(row.row_no, "项目名称", "项目已存在");
            }
            if let (Some(owner), false) = (owner, errors.has(row.row_no)) {
                self.resolved.insert(row.row_no, Resolved { district: district.id, owner, operator, map });
                planned.push(row);
            }
        }
        Ok(planned)
    }

    async fn write(&mut self, run: &Run, tx: &mut Tx, rows: Vec<Row<ProjectForm>>, errors: &mut Errors) -> Result<()> {
        let records: Vec<serde_json::Value> =
            rows.iter().map(|row| record(&row.form, &self.resolved[&row.row_no])).collect();
        let written: HashSet<(i64, String)> = sqlx::query!(
            "insert into project (district_id, name, street, community, address, lng, lat, coordinate_system, map_lng, map_lat,
                                  category, source, investment, owner_unit_id, builder, operator_id, approval_no, planning_no,
                                  construction_no, land_area, total_area, units_planned, total_invest_fen, start_on, complete_on,
                                  deliver_on, status, remark, created_by, updated_by, created_at, updated_at)
             select district_id, name, nullif(street, ''), nullif(community, ''), address, lng, lat, coordinate_system, map_lng, map_lat,
                    category, source, investment, owner_unit_id, nullif(builder, ''), operator_id, nullif(approval_no, ''),
                    nullif(planning_no, ''), nullif(construction_no, ''), land_area, total_area, units_planned, total_invest_fen,
                    start_on, complete_on, deliver_on, status, nullif(remark, ''), $2, $2, $3, $3
             from jsonb_to_recordset($1) as t (district_id bigint, name text, street text, community text, address text, lng float8,
                  lat float8, coordinate_system text, map_lng float8, map_lat float8, category text, source text, investment text,
                  owner_unit_id bigint, builder text, operator_id bigint, approval_no text, planning_no text, construction_no text,
                  land_area bigint, total_area bigint, units_planned int, total_invest_fen bigint, start_on date, complete_on date,
                  deliver_on date, status text, remark text)
             on conflict (district_id, name) do nothing returning district_id, name",
            serde_json::Value::Array(records),
            run.ctx.actor().id.0,
            run.ctx.now(),
        )
        .fetch_all(connection(tx))
        .await?
        .into_iter()
        .map(|row| (row.district_id, row.name))
        .collect();
        for row in
            rows.iter().filter(|row| !written.contains(&(self.resolved[&row.row_no].district, row.form.name.clone())))
        {
            errors.add(row.row_no, "项目名称", "项目已存在");
        }
        Ok(())
    }
}

fn record(form: &ProjectForm, resolved: &Resolved) -> serde_json::Value {
    let place = form.place.place();
    serde_json::json!({
        "district_id": resolved.district, "name": form.name, "street": form.street, "community": form.community,
        "address": form.address, "lng": place.map(|place| place.point.lng), "lat": place.map(|place| place.point.lat),
        "coordinate_system": place.map(|place| place.system.code()),
        "map_lng": resolved.map.map(|point| point.lng), "map_lat": resolved.map.map(|point| point.lat),
        "category": form.category.map(HousingCategory::code), "source": form.source.map(SourceType::code),
        "investment": form.investment.map(InvestmentType::code), "owner_unit_id": resolved.owner, "builder": form.builder,
        "operator_id": resolved.operator, "approval_no": form.approval_no, "planning_no": form.planning_no,
        "construction_no": form.construction_no, "land_area": form.land_area.map(|area| area.hundredths()),
        "total_area": form.total_area.map(|area| area.hundredths()), "units_planned": form.units_planned,
        "total_invest_fen": form.total_invest.map(|money| money.fen()), "start_on": form.start_on,
        "complete_on": form.complete_on, "deliver_on": form.deliver_on, "status": form.status.map(ProjectStatus::code),
        "remark": form.remark,
    })
}
