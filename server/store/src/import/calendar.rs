//! Public holidays (template I-24).

use super::{Errors, Importer, Row, Run};
use crate::{
    Result,
    ctx::{Tx, connection},
};
use chrono::NaiveDate;
use domain::{
    dictionary::DayKind,
    platform::calendar::{HOLIDAY_IMPORT, HolidayImportForm},
    sheet::{ImportSheet, RowError},
};
use std::collections::HashSet;

#[derive(Default)]
pub(super) struct Holidays {
    /// option 更新: what is entered already becomes what the file says
    pub update_known: bool,
}

impl Importer<HolidayImportForm> for Holidays {
    fn sheet(&self) -> &'static ImportSheet<HolidayImportForm> {
        &HOLIDAY_IMPORT
    }

    fn key(&self, form: &HolidayImportForm) -> String {
        form.date.to_string()
    }

    fn taken(&self, form: &HolidayImportForm) -> RowError {
        RowError::says("日期", format!("{}已录入", form.date))
    }

    async fn plan(
        &mut self,
        _: &Run,
        tx: &mut Tx,
        rows: Vec<Row<HolidayImportForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<HolidayImportForm>>> {
        if self.update_known {
            return Ok(rows);
        }
        let days: Vec<NaiveDate> = rows.iter().map(|row| row.form.date).collect();
        let known: HashSet<NaiveDate> = sqlx::query_scalar!("select date from holiday where date = any($1)", &days)
            .fetch_all(connection(tx))
            .await?
            .into_iter()
            .collect();
        let (taken, free): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| known.contains(&row.form.date));
        for row in taken {
            errors.push(row.row_no, self.taken(&row.form));
        }
        Ok(free)
    }

    async fn write(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<HolidayImportForm>>,
        errors: &mut Errors,
    ) -> Result<()> {
        let days: Vec<NaiveDate> = rows.iter().map(|row| row.form.date).collect();
        let kinds: Vec<String> = rows.iter().map(|row| row.form.kind.map_or("", DayKind::code).to_owned()).collect();
        let names: Vec<String> = rows.iter().map(|row| row.form.name.clone()).collect();
        let written: HashSet<NaiveDate> = sqlx::query_scalar!(
            "insert into holiday (date, kind, name, updated_at, updated_by)
             select t.date, t.kind, t.name, $4, $5 from unnest($1::date[], $2::text[], $3::text[]) as t (date, kind, name)
             on conflict (date) do update set kind = excluded.kind, name = excluded.name,
                 updated_at = excluded.updated_at, updated_by = excluded.updated_by
             where $6
             returning date",
            &days,
            &kinds,
            &names,
            run.ctx.now(),
            run.ctx.actor().id.0,
            self.update_known
        )
        .fetch_all(connection(tx))
        .await?
        .into_iter()
        .collect();
        for row in rows.iter().filter(|row| !written.contains(&row.form.date)) {
            errors.push(row.row_no, self.taken(&row.form));
        }
        Ok(())
    }
}
