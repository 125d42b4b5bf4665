//! 存量合同接管 (domain.md §3.27): contracts that run already are staged with their balances, deposits and arrears. Rows of one
//! district and cut-off become one batch, which somebody submits and another agrees to; nothing is in force before that.

use super::{
    Errors, Importer, Row, Run,
    lease::{Lease, Leases, Way, home_name, overtaken, records},
};
use crate::{
    Result, Scope,
    ctx::{Tx, connection},
};
use chrono::NaiveDate;
use domain::{
    sheet::{ImportSheet, RowError},
    tenancy::contract_sheet::{LeaseImportForm, TAKE_OVER_IMPORT},
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The importer of a take-over; what the rows of a chunk resolved to waits here for its write.
pub(super) struct TakeOvers {
    leases: Leases,
    resolved: HashMap<u32, Lease>,
    /// the batches that this import has made
    made: Vec<i64>,
}

impl Default for TakeOvers {
    fn default() -> Self {
        Self { leases: Leases::new(Way::TakeOver), resolved: HashMap::new(), made: Vec::new() }
    }
}

/// What rows of one batch have in common: district, estate (of who sees only some), cut-off.
type Batch = (i64, Option<i64>, NaiveDate);

impl Importer<LeaseImportForm> for TakeOvers {
    fn sheet(&self) -> &'static ImportSheet<LeaseImportForm> {
        &TAKE_OVER_IMPORT
    }

    /// A home is taken over once.
    fn key(&self, form: &LeaseImportForm) -> String {
        let (estate, building, entrance, room) = home_name(form);
        [estate, building, entrance, room].join("\u{0}")
    }

    fn taken(&self, _: &LeaseImportForm) -> RowError {
        RowError::says("房号", "房源已在待接管的批次中")
    }

    async fn plan(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<LeaseImportForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<LeaseImportForm>>> {
        let (planned, resolved) = self.leases.plan(run, tx, rows, errors).await?;
        self.resolved = resolved;
        Ok(planned)
    }

    async fn write(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<LeaseImportForm>>,
        errors: &mut Errors,
    ) -> Result<()> {
        self.leases.written();
        let narrow = matches!(run.ctx.scope(), Scope::Estates(_));
        let mut batches: BTreeMap<Batch, Vec<&Row<LeaseImportForm>>> = BTreeMap::new();
        for row in &rows {
            let (Some(lease), Some(cutoff)) = (self.resolved.get(&row.row_no), row.form.cutoff_on) else { continue };
            batches.entry((lease.district, narrow.then_some(lease.estate), cutoff)).or_default().push(row);
        }
        for (batch, rows) in batches {
            let id = match batch_open(run, tx, batch, &self.made).await? {
                Some(known) => known,
                None => {
                    let id = batch_insert(run, tx, batch).await?;
                    self.made.push(id);
                    id
                }
            };
            let staged = stage(run, tx, id, &rows, &self.resolved).await?;
            for row in rows {
                if !self.resolved.get(&row.row_no).is_some_and(|lease| staged.contains(&lease.unit)) {
                    errors.push(row.row_no, overtaken());
                }
            }
        }
        Ok(())
    }
}

/// A batch of this import that was not submitted yet, to which further rows of the same cut-off belong.
async fn batch_open(run: &Run, tx: &mut Tx, (district, estate, cutoff): Batch, made: &[i64]) -> Result<Option<i64>> {
    let known = sqlx::query_scalar!(
        "select id from take_over
         where status = 'DRAFT' and district_id = $1 and estate_id is not distinct from $2 and cutoff_on = $3 and maker_id = $4
             and (id = any($5) or job_id = $6::text::uuid)
         order by id limit 1 for update",
        district,
        estate,
        cutoff,
        run.ctx.actor().id.0,
        made,
        run.job.as_deref(),
    )
    .fetch_optional(connection(tx))
    .await?;
    Ok(known)
}

async fn batch_insert(run: &Run, tx: &mut Tx, (district, estate, cutoff): Batch) -> Result<i64> {
    let id = sqlx::query_scalar!(
        "insert into take_over (district_id, estate_id, cutoff_on, file_name, job_id, maker_id, made_at)
         values ($1, $2, $3, coalesce((select file_name from job where id = $4::text::uuid), '命令行导入'), $4::text::uuid, $5, $6)
         returning id",
        district,
        estate,
        cutoff,
        run.job.as_deref(),
        run.ctx.actor().id.0,
        run.ctx.now(),
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(id)
}

/// Stages rows and adds them to the totals of the batch; answers the homes whose rows went in.
async fn stage(
    run: &Run,
    tx: &mut Tx,
    batch: i64,
    rows: &[&Row<LeaseImportForm>],
    leases: &HashMap<u32, Lease>,
) -> Result<HashSet<i64>> {
    let units = sqlx::query_scalar!(
        r#"with staged as (insert into take_over_row (take_over_id, row_no, district_id, estate_id, unit_id, contract_no, lessor_id, person_id,
                  household_id, lessee_name, id_number, id_number_mask, phone, phone_mask, address, layout, building_area, usable_area,
                  category, rent_standard_id, unit_rate, area_basis, rent_area, base_rent_fen, reduction_fen, monthly_rent_fen,
                  contract_deposit_fen, start_on, end_on, pay_cycle, split, due_day, bank_name, bank_no, bank_no_mask, bank_holder,
                  debit_agreement_no, sign_on, remark, balance_fen, deposit_fen, arrears_fen, arrears_from, arrears_to, charged_to, key_id)
           select $2, r.row_no, r.district_id, r.estate_id, r.unit_id, r.contract_no, r.lessor_id, r.person_id, r.household_id,
                  r.lessee_name, r.id_number, r.id_number_mask, r.phone, r.phone_mask, r.address, r.layout, r.building_area,
                  r.usable_area, r.category, r.rent_standard_id, r.unit_rate, r.area_basis, r.rent_area, r.base_rent_fen,
                  r.reduction_fen, r.monthly_rent_fen, r.deposit_fen, r.start_on, r.end_on, r.pay_cycle, r.split, r.due_day,
                  r.bank_name, r.bank_no, r.bank_no_mask, r.bank_holder, r.debit_agreement_no, r.sign_on, r.remark, r.balance_fen,
                  r.held_fen, r.arrears_fen, r.arrears_from, r.arrears_to, r.charged_to, $3
           from jsonb_to_recordset($1) as r (row_no integer, district_id bigint, estate_id bigint, unit_id bigint, contract_no text,
                  lessor_id bigint, person_id bigint, household_id bigint, lessee_name text, id_number bytea,
                  id_number_mask text, phone bytea, phone_mask text, address text, layout text, building_area integer,
                  usable_area integer, category text, rent_standard_id bigint, unit_rate integer, area_basis text,
                  rent_area integer, base_rent_fen bigint, reduction_fen bigint, monthly_rent_fen bigint, deposit_fen bigint,
                  start_on date, end_on date, pay_cycle smallint, split text, due_day smallint, bank_name text, bank_no bytea,
                  bank_no_mask text, bank_holder text, debit_agreement_no text, sign_on date, remark text, balance_fen bigint,
                  held_fen bigint, arrears_fen bigint, arrears_from date, arrears_to date, charged_to date)
           order by r.row_no
           on conflict do nothing returning unit_id, balance_fen, deposit_fen, arrears_fen),
           summed as (
             update take_over b set rows = b.rows + t.rows, balance_fen = b.balance_fen + t.balance,
                    deposit_fen = b.deposit_fen + t.deposit, arrears_fen = b.arrears_fen + t.arrears, version = b.version + 1
             from (select count(*)::integer as rows, coalesce(sum(balance_fen), 0)::bigint as balance,
                          coalesce(sum(deposit_fen), 0)::bigint as deposit, coalesce(sum(arrears_fen), 0)::bigint as arrears
                   from staged) t
             where b.id = $2)
           select unit_id as "unit_id!" from staged"#,
        records(rows, leases)?,
        batch,
        run.ctx.database().keys()?.active(),
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(units.into_iter().collect())
}
