//! Rent standards (E-17).

use super::{Errors, Importer, Row, Run, name::Districts};
use crate::{
    Result,
    ctx::{Tx, connection},
};
use domain::{
    dictionary::{ApplicantCategory, AreaBasis},
    housing::rent_standard::{RENT_STANDARD_IMPORT, RentStandardForm},
    sheet::{ImportSheet, RowError},
};
use std::collections::{HashMap, HashSet};

#[derive(Default)]
pub(super) struct RentStandards {
    districts: Districts,
    resolved: HashMap<u32, Option<i64>>,
}

impl From<Districts> for RentStandards {
    fn from(districts: Districts) -> Self {
        Self { districts, ..Self::default() }
    }
}

impl Importer<RentStandardForm> for RentStandards {
    fn sheet(&self) -> &'static ImportSheet<RentStandardForm> {
        &RENT_STANDARD_IMPORT
    }

    fn key(&self, form: &RentStandardForm) -> String {
        form.code.clone()
    }

    fn taken(&self, _: &RentStandardForm) -> RowError {
        RowError::says("标准编码", "租金标准已存在")
    }

    async fn plan(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<RentStandardForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<RentStandardForm>>> {
        self.resolved.clear();
        let codes: Vec<String> = rows.iter().map(|row| row.form.code.clone()).collect();
        let known: HashSet<String> = sqlx::query_scalar!("select code from rent_standard where code = any($1)", &codes)
            .fetch_all(connection(tx))
            .await?
            .into_iter()
            .collect();
        let mut planned = Vec::with_capacity(rows.len());
        for row in rows {
            let mut district = None;
            if !row.form.district.is_empty() {
                match self.districts.find(run, &row.form.district) {
                    Ok(found) => district = Some(found.id),
                    Err(sentence) => errors.add(row.row_no, "适用区县", sentence),
                }
            }
            if known.contains(&row.form.code) {
                errors.push(row.row_no, self.taken(&row.form));
            }
            if !errors.has(row.row_no) {
                self.resolved.insert(row.row_no, district);
                planned.push(row);
            }
        }
        Ok(planned)
    }

    async fn write(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<RentStandardForm>>,
        errors: &mut Errors,
    ) -> Result<()> {
        let records: Vec<serde_json::Value> = rows
            .iter()
            .map(|row| {
                let form = &row.form;
                serde_json::json!({
                    "code": form.code, "name": form.name, "district_id": self.resolved[&row.row_no],
                    "category": form.category.map(ApplicantCategory::code),
                    "unit_rate": form.unit_rate.map(|rate| rate.ten_thousandths()), "basis": form.basis.map(AreaBasis::code),
                    "doc_no": form.doc_no, "valid_from": form.valid_from, "valid_to": form.valid_to,
                })
            })
            .collect();
        let written: HashSet<String> = sqlx::query_scalar!(
            "insert into rent_standard (code, name, district_id, category, unit_rate, basis, doc_no, valid_from, valid_to, created_by)
             select code, name, district_id, category, unit_rate, basis, doc_no, valid_from, valid_to, $2
             from jsonb_to_recordset($1) as t (code text, name text, district_id bigint, category text, unit_rate int, basis text,
                  doc_no text, valid_from date, valid_to date)
             on conflict (code) do nothing returning code",
            serde_json::Value::Array(records),
            run.ctx.actor().id.0,
        )
        .fetch_all(connection(tx))
        .await?
        .into_iter()
        .collect();
        for row in rows.iter().filter(|row| !written.contains(&row.form.code)) {
            errors.push(row.row_no, self.taken(&row.form));
        }
        Ok(())
    }
}
