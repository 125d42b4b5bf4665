//! I-12 租金数据 (domain.md §7.12): new rents of contracts. Rows of one district, type, month and document become one
//! adjustment, which waits for its checker like any other.

use super::{Errors, Importer, Row, Run};
use crate::{
    Result, Scope,
    billing::adjustment::{
        Change, NewAdjustment, adjustment_insert, changes_add,
        standing::{Adjusted, Candidate, Standard, candidates_numbered, standards_load},
    },
    ctx::{Tx, connection},
};
use chrono::NaiveDate;
use domain::{
    billing::{
        adjustment::{AdjustType, IS_BILLED, IS_LEAVING, IS_PENDING, IS_REDUCED, NO_CONTRACT, NO_STANDARD},
        adjustment_sheet::{RENT_IMPORT, RentImportForm},
    },
    sheet::{ImportSheet, RowError},
};
use std::collections::{BTreeMap, HashMap};

/// The importer of I-12; what the rows of a chunk resolved to waits here for its write.
#[derive(Default)]
pub(super) struct RentAdjustments {
    resolved: HashMap<u32, (Candidate, Adjusted)>,
    /// the documents that this import has made
    made: Vec<i64>,
}

/// What rows of one document have in common: district, estate (of who sees only some), type, month, number.
type Document = (i64, Option<i64>, &'static str, NaiveDate, String);

impl Importer<RentImportForm> for RentAdjustments {
    fn sheet(&self) -> &'static ImportSheet<RentImportForm> {
        &RENT_IMPORT
    }

    fn key(&self, form: &RentImportForm) -> String {
        form.contract_no.clone()
    }

    fn taken(&self, _: &RentImportForm) -> RowError {
        RowError::says("合同编号", IS_PENDING)
    }

    async fn plan(
        &mut self,
        _: &Run,
        tx: &mut Tx,
        rows: Vec<Row<RentImportForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<RentImportForm>>> {
        self.resolved.clear();
        let numbers: Vec<String> = rows.iter().map(|row| row.form.contract_no.clone()).collect();
        let standards = standards_load(tx).await?;
        let mut known: HashMap<String, Candidate> = candidates_numbered(tx, &numbers)
            .await?
            .into_iter()
            .map(|candidate| (candidate.contract_no.clone(), candidate))
            .collect();
        let mut planned = Vec::with_capacity(rows.len());
        for row in rows {
            let form = &row.form;
            let Some(candidate) = known.get(&form.contract_no) else {
                // Of two rows about one contract the second is told so by the course of the import.
                let double = self.resolved.values().any(|(known, _)| known.contract_no == form.contract_no);
                if double {
                    planned.push(row)
                } else {
                    errors.add(row.row_no, "合同编号", NO_CONTRACT)
                }
                continue;
            };
            let mut complaints = Vec::new();
            let present = candidate.standing.rate;
            if form.old_rate.is_some_and(|rate| rate != present) {
                complaints.push(RowError::says("原租金标准", format!("原租金标准与现行标准{present}不一致")));
            }
            let rent = adjusted(candidate, form, &standards);
            match (rent, complaints.is_empty()) {
                (Ok(adjusted), true) => {
                    if let Some(candidate) = known.remove(&form.contract_no) {
                        self.resolved.insert(row.row_no, (candidate, adjusted));
                    }
                    planned.push(row);
                }
                (rent, _) => {
                    complaints.extend(rent.err());
                    complaints.into_iter().for_each(|error| errors.push(row.row_no, error));
                }
            }
        }
        Ok(planned)
    }

    async fn write(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<RentImportForm>>,
        errors: &mut Errors,
    ) -> Result<()> {
        let narrow = matches!(run.ctx.scope(), Scope::Estates(_));
        let mut documents: BTreeMap<Document, Vec<&Row<RentImportForm>>> = BTreeMap::new();
        for row in &rows {
            let (candidate, _) = &self.resolved[&row.row_no];
            let (Some(kind), Some(month)) = (row.form.kind, row.form.month) else { continue };
            let estate = narrow.then_some(candidate.estate);
            let document = (candidate.district, estate, kind.code(), month, row.form.doc_no.clone());
            documents.entry(document).or_default().push(row);
        }
        for (document, rows) in documents {
            let changes: Vec<Change<'_>> = rows
                .iter()
                .map(|row| {
                    let (candidate, adjusted) = &self.resolved[&row.row_no];
                    (candidate, *adjusted, differing(candidate, &row.form))
                })
                .collect();
            let added = match waiting(run, tx, &document, &self.made).await? {
                Some(known) => changes_add(tx, known, &changes).await?,
                None => {
                    let (.., kind, month, doc_no) = &document;
                    let new = NewAdjustment {
                        request: None,
                        job: run.job.as_deref(),
                        kind: AdjustType::from_code(kind).unwrap_or(AdjustType::Standard),
                        target: "导入的合同",
                        month: *month,
                        doc_no,
                        remark: rows.iter().find_map(|row| row.form.remark.as_deref()),
                    };
                    let (id, added) = adjustment_insert(tx, &run.ctx, &new, &changes).await?.unzip();
                    self.made.extend(id);
                    added.unwrap_or_default()
                }
            };
            for (row, (candidate, ..)) in rows.iter().zip(&changes) {
                if !added.contains(&candidate.contract) {
                    errors.push(row.row_no, RowError::says("合同编号", IS_PENDING));
                }
            }
        }
        Ok(())
    }
}

/// What the checker is warned of (domain.md §7.12): names are corrected and addresses written in more than one way, so it does
/// not keep a row out.
fn differing(candidate: &Candidate, form: &RentImportForm) -> Option<&'static str> {
    let lessee = !form.lessee.is_empty() && form.lessee != candidate.lessee;
    // The file may name the estate before it.
    let address = !form.address.is_empty() && !form.address.ends_with(&candidate.address);
    match (lessee, address) {
        (true, true) => Some("导入文件的承租人、房屋地址与合同不一致"),
        (true, false) => Some("导入文件的承租人与合同不一致"),
        (false, true) => Some("导入文件的房屋地址与合同不一致"),
        (false, false) => None,
    }
}

/// The new rent of a row, with the column that a complaint is about.
fn adjusted(
    candidate: &Candidate,
    form: &RentImportForm,
    standards: &[Standard],
) -> std::result::Result<Adjusted, RowError> {
    let (Some(kind), Some(rate), Some(month), Some(wanted)) = (form.kind, form.new_rate, form.month, form.new_rent)
    else {
        return Err(RowError::says("", NO_CONTRACT));
    };
    let payable = kind.names_payable().then_some(wanted);
    let adjusted = candidate.adjusted(kind, rate, month, payable, standards).map_err(|complaint| {
        let column = match complaint.text() {
            IS_LEAVING | IS_PENDING | IS_REDUCED => "合同编号",
            NO_STANDARD => "新租金标准",
            IS_BILLED => "生效月份",
            text if text.contains("月份") || text.contains("生效的租金调整") => "生效月份",
            _ => "新月租金(元)",
        };
        RowError::of(column, &complaint)
    })?;
    let payable = adjusted.rent.payable;
    if payable != wanted {
        return Err(RowError::says("新月租金(元)", format!("新月租金应为{payable}元")));
    }
    Ok(adjusted)
}

/// A document of this import that still waits, to which further rows of the same kind belong.
async fn waiting(run: &Run, tx: &mut Tx, document: &Document, made: &[i64]) -> Result<Option<i64>> {
    let (district, estate, kind, month, doc_no) = document;
    let known = sqlx::query_scalar!(
        "select id from rent_adjustment
         where status = 'PENDING' and district_id = $1 and ($2::bigint is null or estate_id = $2) and kind = $3 and month = $4
             and doc_no = $5 and maker_id = $6 and (id = any($7) or job_id = $8::text::uuid)
         order by id limit 1 for update",
        district,
        *estate,
        kind,
        month,
        doc_no,
        run.ctx.actor().id.0,
        made,
        run.job.as_deref(),
    )
    .fetch_optional(connection(tx))
    .await?;
    Ok(known)
}
