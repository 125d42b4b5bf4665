//! I-03 小区数据 (domain.md §7.3).

use super::{
    Errors, Importer, Row, Run,
    name::{Districts, Organizations, map_point, operators_named},
};
use crate::{
    Result,
    ctx::{Tx, connection},
};
use domain::{
    housing::{estate::EstateImportForm, estate_sheet::ESTATE_IMPORT},
    import::PROPERTY_COMPANIES,
    platform::permission::Permission,
    sheet::{ImportSheet, RowError},
    value::Point,
};
use std::collections::{HashMap, HashSet};

/// The importer of I-03; what a planned row resolved to waits here for its write.
#[derive(Default)]
pub(super) struct Estates {
    districts: Districts,
    organizations: Organizations,
    resolved: HashMap<u32, Resolved>,
}

struct Resolved {
    district: i64,
    street: Option<String>,
    community: Option<String>,
    company: Option<i64>,
    operator: Option<i64>,
    map: Option<Point>,
}

impl From<Districts> for Estates {
    fn from(districts: Districts) -> Self {
        Self { districts, ..Self::default() }
    }
}

impl Importer<EstateImportForm> for Estates {
    fn sheet(&self) -> &'static ImportSheet<EstateImportForm> {
        &ESTATE_IMPORT
    }

    fn key(&self, form: &EstateImportForm) -> String {
        format!("{}\u{1}{}", self.districts.one_name(&form.district), form.name)
    }

    fn taken(&self, _: &EstateImportForm) -> RowError {
        RowError::says("小区名称", "小区已存在")
    }

    async fn plan(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<EstateImportForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<EstateImportForm>>> {
        self.resolved.clear();
        let named = rows.iter().flat_map(|row| [&row.form.property_company, &row.form.street, &row.form.community]);
        self.organizations.learn(tx, named.map(String::as_str)).await?;
        let operators = operators_named(tx, rows.iter().map(|row| row.form.operator.as_str()).collect()).await?;
        let known = known_estates(tx, &rows).await?;
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
        rows: Vec<Row<EstateImportForm>>,
        errors: &mut Errors,
    ) -> Result<()> {
        // One statement per column set: jsonb carries rows of mixed optional fields without twenty arrays.
        let records: Vec<serde_json::Value> = rows
            .iter()
            .map(|row| {
                let form = &row.form;
                let resolved = &self.resolved[&row.row_no];
                let place = form.place.place();
                serde_json::json!({
                    "district_id": resolved.district, "name": form.name, "street": resolved.street, "community": resolved.community,
                    "address": form.address, "property_company_id": resolved.company, "operator_id": resolved.operator,
                    "households_planned": form.households_planned, "parking_total": form.parking_total, "green_rate": form.green_rate,
                    "contact": form.contact, "phone": form.phone, "lng": place.map(|place| place.point.lng),
                    "lat": place.map(|place| place.point.lat), "coordinate_system": place.map(|place| place.system.code()),
                    "map_lng": resolved.map.map(|point| point.lng), "map_lat": resolved.map.map(|point| point.lat),
                })
            })
            .collect();
        let written: HashSet<(i64, String)> = sqlx::query!(
            "insert into estate (district_id, name, street, community, address, property_company_id, operator_id, households_planned,
                                 parking_total, green_rate, contact, phone, lng, lat, coordinate_system, map_lng, map_lat,
                                 created_by, updated_by, created_at, updated_at)
             select district_id, name, street, community, address, property_company_id, operator_id,
                    households_planned, parking_total, green_rate, nullif(contact, ''), nullif(phone, ''), lng, lat,
                    coordinate_system, map_lng, map_lat, $2, $2, $3, $3
             from jsonb_to_recordset($1) as t (district_id bigint, name text, street text, community text, address text,
                  property_company_id bigint, operator_id bigint, households_planned int, parking_total int, green_rate int,
                  contact text, phone text, lng float8, lat float8, coordinate_system text, map_lng float8, map_lat float8)
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

impl Estates {
    /// What the names of a row mean; complains about all that mean nothing. None without a district to look in.
    fn resolve(
        &self,
        run: &Run,
        row: &Row<EstateImportForm>,
        operators: &HashMap<String, i64>,
        known: &HashSet<(i64, String)>,
        errors: &mut Errors,
    ) -> Option<Resolved> {
        let (row_no, form) = (row.row_no, &row.form);
        let found = self.districts.find(run, &form.district);
        let district = found.map_err(|sentence| errors.add(row_no, "所属区县", sentence)).ok();
        let company = self.organizations.find(
            "物业公司",
            &form.property_company,
            PROPERTY_COMPANIES,
            district.map(|district| district.id),
        );
        match &company {
            Ok(None) if !form.property_company.is_empty() => errors.add(row_no, "物业公司", "物业公司不存在"),
            // Which of them is meant may hang on the district.
            Err(sentence) if district.is_some() => errors.add(row_no, "物业公司", sentence),
            _ => {}
        }
        let operator = operators.get(&form.operator).copied();
        if operator.is_none() && !form.operator.is_empty() {
            errors.add(row_no, "运营主体", "运营主体不存在");
        }
        // As in the form: to entrust an estate is to give sight of it away.
        if !run.ctx.actor().may(Permission::EstateAssign) {
            for (column, name) in [("物业公司", &form.property_company), ("运营主体", &form.operator)] {
                if !name.is_empty() {
                    errors.add(row_no, column, format!("{column}由市、区县住房保障部门指定，请留空"));
                }
            }
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
        let company = company.ok().flatten().map(|company| company.id);
        Some(Resolved { district: district.id, street, community, company, operator, map })
    }
}

async fn known_estates(tx: &mut Tx, rows: &[Row<EstateImportForm>]) -> Result<HashSet<(i64, String)>> {
    let names: Vec<String> = rows.iter().map(|row| row.form.name.clone()).collect();
    let known =
        sqlx::query!("select district_id, name from estate where name = any($1) and deleted_at is null", &names)
            .fetch_all(connection(tx))
            .await?;
    Ok(known.into_iter().map(|row| (row.district_id, row.name)).collect())
}
