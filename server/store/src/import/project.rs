//! I-01 保障项目信息 (domain.md §7.1).

use super::{
    Errors, Importer, Row, Run,
    name::{Districts, Organizations, map_point, operators_named},
};
use crate::{
    Result,
    ctx::{Tx, connection},
};
use domain::{
    dictionary::{HousingCategory, InvestmentType, ProjectStatus, SourceType},
    housing::{project::ProjectImportForm, project_sheet::PROJECT_IMPORT},
    import::OWNER_UNITS,
    sheet::{ImportSheet, RowError},
    value::Point,
};
use std::collections::{HashMap, HashSet};

/// The importer of I-01; what a planned row resolved to waits here for its write.
#[derive(Default)]
pub(super) struct Projects {
    districts: Districts,
    organizations: Organizations,
    resolved: HashMap<u32, Resolved>,
}

struct Resolved {
    district: i64,
    street: Option<String>,
    community: Option<String>,
    owner: i64,
    operator: Option<i64>,
    map: Option<Point>,
}

impl From<Districts> for Projects {
    fn from(districts: Districts) -> Self {
        Self { districts, ..Self::default() }
    }
}

impl Importer<ProjectImportForm> for Projects {
    fn sheet(&self) -> &'static ImportSheet<ProjectImportForm> {
        &PROJECT_IMPORT
    }

    fn key(&self, form: &ProjectImportForm) -> String {
        format!("{}\u{1}{}", self.districts.one_name(&form.district), form.name)
    }

    fn taken(&self, _: &ProjectImportForm) -> RowError {
        RowError::says("项目名称", "项目已存在")
    }

    async fn plan(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<ProjectImportForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<ProjectImportForm>>> {
        self.resolved.clear();
        let named = rows.iter().flat_map(|row| [&row.form.owner_unit, &row.form.street, &row.form.community]);
        self.organizations.learn(tx, named.map(String::as_str)).await?;
        let operators = operators_named(tx, rows.iter().map(|row| row.form.operator.as_str()).collect()).await?;
        let names: Vec<String> = rows.iter().map(|row| row.form.name.clone()).collect();
        let known: HashSet<(i64, String)> =
            sqlx::query!("select district_id, name from project where name = any($1) and deleted_at is null", &names)
                .fetch_all(connection(tx))
                .await?
                .into_iter()
                .map(|row| (row.district_id, row.name))
                .collect();
        let mut planned = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(resolved) = self.resolve(run, &row, &operators, &known, errors)
                && !errors.has(row.row_no)
            {
                self.resolved.insert(row.row_no, resolved);
                planned.push(row);
            }
        }
        Ok(planned)
    }

    async fn write(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<ProjectImportForm>>,
        errors: &mut Errors,
    ) -> Result<()> {
        let records: Vec<serde_json::Value> =
            rows.iter().map(|row| record(&row.form, &self.resolved[&row.row_no])).collect();
        let written: HashSet<(i64, String)> = sqlx::query!(
            "insert into project (district_id, name, street, community, address, lng, lat, coordinate_system, map_lng, map_lat,
                                  category, source, investment, owner_unit_id, builder, operator_id, approval_no, planning_no,
                                  construction_no, land_area, total_area, units_planned, total_invest_fen, start_on, complete_on,
                                  deliver_on, status, remark, created_by, updated_by, created_at, updated_at)
             select district_id, name, street, community, address, lng, lat, coordinate_system, map_lng, map_lat,
                    category, source, investment, owner_unit_id, nullif(builder, ''), operator_id, nullif(approval_no, ''),
                    nullif(planning_no, ''), nullif(construction_no, ''), land_area, total_area, units_planned, total_invest_fen,
                    start_on, complete_on, deliver_on, status, nullif(remark, ''), $2, $2, $3, $3
             from jsonb_to_recordset($1) as t (district_id bigint, name text, street text, community text, address text, lng float8,
                  lat float8, coordinate_system text, map_lng float8, map_lat float8, category text, source text, investment text,
                  owner_unit_id bigint, builder text, operator_id bigint, approval_no text, planning_no text, construction_no text,
                  land_area bigint, total_area bigint, units_planned int, total_invest_fen bigint, start_on date, complete_on date,
                  deliver_on date, status text, remark text)
             on conflict (district_id, name) where deleted_at is null do nothing returning district_id, name",
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
            errors.push(row.row_no, self.taken(&row.form));
        }
        Ok(())
    }
}

impl Projects {
    /// What the names of a row mean; complains about all that mean nothing.
    fn resolve(
        &self,
        run: &Run,
        row: &Row<ProjectImportForm>,
        operators: &HashMap<String, i64>,
        known: &HashSet<(i64, String)>,
        errors: &mut Errors,
    ) -> Option<Resolved> {
        let (row_no, form) = (row.row_no, &row.form);
        let found = self.districts.find(run, &form.district);
        let district = found.map_err(|sentence| errors.add(row_no, "所属区县", sentence)).ok();
        let owner =
            self.organizations.find("产权单位", &form.owner_unit, OWNER_UNITS, district.map(|district| district.id));
        match &owner {
            Ok(None) => errors.add(row_no, "产权单位", "产权单位不存在"),
            // Which of them is meant may hang on the district.
            Err(sentence) if district.is_some() => errors.add(row_no, "产权单位", sentence),
            _ => {}
        }
        let operator = operators.get(&form.operator).copied();
        if operator.is_none() && !form.operator.is_empty() {
            errors.add(row_no, "运营主体", "运营主体不存在");
        }
        let district = district?;
        let streets = (form.street.as_str(), form.community.as_str());
        let (street, community) = self.organizations.street(row_no, district.id, streets, errors);
        let map = map_point(run, district, form.place.place()).unwrap_or_else(|sentence| {
            errors.add(row_no, "经度", sentence);
            None
        });
        if known.contains(&(district.id, form.name.clone())) {
            errors.push(row_no, self.taken(form));
        }
        let owner = owner.ok().flatten()?.id;
        Some(Resolved { district: district.id, street, community, owner, operator, map })
    }
}

fn record(form: &ProjectImportForm, resolved: &Resolved) -> serde_json::Value {
    let place = form.place.place();
    serde_json::json!({
        "district_id": resolved.district, "name": form.name, "street": resolved.street, "community": resolved.community,
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
