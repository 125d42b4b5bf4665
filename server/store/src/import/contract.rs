//! I-10 合同信息 (domain.md §7.10, S1-5.5): contracts of assigned homes. They wait for their approver like any other; an import
//! never approves.

use super::{
    Errors, Importer, Row, Run,
    lease::{Lease, Leases, Way, home_name, overtaken, records},
};
use crate::{
    Error, Result,
    ctx::{Tx, connection},
};
use domain::{
    sheet::{ImportSheet, RowError},
    tenancy::contract_sheet::{CONTRACT_IMPORT, LeaseImportForm},
};
use std::collections::{HashMap, HashSet};

/// The importer of I-10; what the rows of a chunk resolved to waits here for its write.
pub(super) struct Contracts {
    leases: Leases,
    resolved: HashMap<u32, Lease>,
}

impl Default for Contracts {
    fn default() -> Self {
        Self { leases: Leases::new(Way::Fresh), resolved: HashMap::new() }
    }
}

impl Importer<LeaseImportForm> for Contracts {
    fn sheet(&self) -> &'static ImportSheet<LeaseImportForm> {
        &CONTRACT_IMPORT
    }

    /// A home has one contract that is to come.
    fn key(&self, form: &LeaseImportForm) -> String {
        let (estate, building, entrance, room) = home_name(form);
        [estate, building, entrance, room].join("\u{0}")
    }

    fn taken(&self, _: &LeaseImportForm) -> RowError {
        RowError::says("房号", "房源已有待审批或履行中的合同")
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
        let rows: Vec<&Row<LeaseImportForm>> = rows.iter().collect();
        let written = insert(run, tx, &rows, &self.resolved).await?;
        for row in rows {
            if !self.resolved.get(&row.row_no).is_some_and(|lease| written.contains(&lease.unit)) {
                errors.push(row.row_no, overtaken());
            }
        }
        Ok(())
    }
}

/// Writes the contracts with the first lines of their timelines; answers the homes whose contracts went in. With the day of the
/// signing the file says that the clauses were explained (R-13), as its instructions tell who fills it in.
async fn insert(
    run: &Run,
    tx: &mut Tx,
    rows: &[&Row<LeaseImportForm>],
    leases: &HashMap<u32, Lease>,
) -> Result<HashSet<i64>> {
    let (ctx, key) = (&run.ctx, run.ctx.database().keys()?.active());
    let units = sqlx::query_scalar!(
        r#"with made as (
             insert into contract (district_id, estate_id, unit_id, contract_no, assignment_id, lessor_id, person_id, household_id,
                    lessee_name, id_number, id_number_mask, phone, phone_mask, address, layout, building_area, usable_area, category,
                    rent_standard_id, unit_rate, area_basis, rent_area, base_rent_fen, reduction_fen, monthly_rent_fen, deposit_fen,
                    start_on, end_on, rent_start_on, pay_cycle, first_pay_months, split, due_day, bank_name, bank_no, bank_no_mask, bank_holder,
                    debit_agreement_no, explained_on, sign_on, sign_mode, remark, status, submitted_at, author_ids, key_id,
                    created_at, created_by, updated_at, updated_by)
             select r.district_id, r.estate_id, r.unit_id, r.contract_no, r.assignment_id, r.lessor_id, r.person_id, r.household_id,
                    r.lessee_name, r.id_number, r.id_number_mask, r.phone, r.phone_mask, r.address, r.layout, r.building_area,
                    r.usable_area, r.category, r.rent_standard_id, r.unit_rate, r.area_basis, r.rent_area, r.base_rent_fen,
                    r.reduction_fen, r.monthly_rent_fen, r.deposit_fen, r.start_on, r.end_on, r.start_on, r.pay_cycle, r.pay_cycle, r.split,
                    r.due_day, r.bank_name, r.bank_no, r.bank_no_mask, r.bank_holder, r.debit_agreement_no, r.sign_on, r.sign_on,
                    'PAPER', r.remark, 'PENDING', $2, array[$3]::bigint[], $4, $2, $3, $2, $3
             from jsonb_to_recordset($1) as r (row_no integer, district_id bigint, estate_id bigint, unit_id bigint, contract_no text,
                    assignment_id bigint, lessor_id bigint, person_id bigint, household_id bigint, lessee_name text, id_number bytea,
                    id_number_mask text, phone bytea, phone_mask text, address text, layout text, building_area integer,
                    usable_area integer, category text, rent_standard_id bigint, unit_rate integer, area_basis text,
                    rent_area integer, base_rent_fen bigint, reduction_fen bigint, monthly_rent_fen bigint, deposit_fen bigint,
                    start_on date, end_on date, pay_cycle smallint, split text, due_day smallint, bank_name text, bank_no bytea,
                    bank_no_mask text, bank_holder text, debit_agreement_no text, sign_on date, remark text)
             order by r.row_no
             on conflict do nothing returning id, district_id, estate_id, unit_id),
           told as (
             insert into contract_history (district_id, estate_id, contract_id, at, actor_id, event, from_status, to_status)
             select district_id, estate_id, id, $2, $3, '导入', null, 'PENDING' from made)
           select unit_id as "unit_id!" from made"#,
        records(rows, leases)?,
        ctx.now(),
        ctx.actor().id.0,
        key,
    )
    .fetch_all(connection(tx))
    .await
    .map_err(Error::from)?;
    Ok(units.into_iter().collect())
}
