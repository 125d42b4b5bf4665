//! I-15 抄表 (domain.md §7.14): values of meters in a period that is open. A meter that rolled over is entered by hand.

use super::{Errors, Importer, Row, Run};
use crate::{
    Result,
    billing::meter::{Imported, readings_import},
    ctx::Tx,
};
use domain::{
    billing::meter_sheet::{READING_IMPORT, ReadingImportForm},
    sheet::{ImportSheet, RowError},
    tenancy::hand_over::Reading,
};

#[derive(Default)]
pub(super) struct MeterReadings;

impl Importer<ReadingImportForm> for MeterReadings {
    fn sheet(&self) -> &'static ImportSheet<ReadingImportForm> {
        &READING_IMPORT
    }

    fn key(&self, form: &ReadingImportForm) -> String {
        format!("{}\u{1f}{}", form.month.unwrap_or_default(), form.meter_no)
    }

    fn taken(&self, _: &ReadingImportForm) -> RowError {
        RowError::says("期间", "本期已抄")
    }

    async fn plan(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<ReadingImportForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<ReadingImportForm>>> {
        let complaints = readings_import(tx, &run.ctx, &values(&rows), false).await?;
        let mut planned = Vec::with_capacity(rows.len());
        for (row, complaint) in rows.into_iter().zip(complaints) {
            match complaint {
                Some((column, sentence)) => errors.add(row.row_no, column, sentence),
                None => planned.push(row),
            }
        }
        Ok(planned)
    }

    async fn write(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<ReadingImportForm>>,
        errors: &mut Errors,
    ) -> Result<()> {
        let complaints = readings_import(tx, &run.ctx, &values(&rows), true).await?;
        for (row, complaint) in rows.iter().zip(complaints) {
            if let Some((column, sentence)) = complaint {
                errors.add(row.row_no, column, sentence);
            }
        }
        Ok(())
    }
}

/// What the rows say; each of them was checked to be complete.
fn values(rows: &[Row<ReadingImportForm>]) -> Vec<Imported<'_>> {
    rows.iter()
        .map(|row| Imported {
            month: row.form.month.unwrap_or_default(),
            meter_no: &row.form.meter_no,
            opening: row.form.opening,
            closing: row.form.closing.unwrap_or(Reading(0)),
            read_on: row.form.read_on.unwrap_or_default(),
            reader: row.form.reader.as_deref(),
        })
        .collect()
}
