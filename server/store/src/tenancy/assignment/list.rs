//! Assignments as lists, reminders and pages show them.

use crate::{
    Ctx, Result,
    ctx::connection,
    error::stored,
    list::{SmallList, push_code, push_id},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    dictionary::{AreaBasis, AssignmentStatus},
    failure::Failure,
    id::{AssignmentId, ContractId, PersonId, UnitId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    tenancy::{
        assignment::{ASSIGNMENT_LIST, AssignmentRow},
        contract_form::assessed,
    },
    value::{Area, Money, Rate},
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str =
    "a.id, a.status, a.person_id, a.person_name, a.id_number_mask, a.unit_id, u.code as unit_code, e.name as estate, u.address,
     m.name as mgmt_unit, u.usable_area, u.building_area, u.inner_area, r.basis, r.unit_rate, a.reason, a.document_no,
     a.maker_id, user_name(a.maker_id) as maker, a.made_at, user_name(a.checker_id) as checker, a.checked_at, a.opinion,
     a.expires_on, a.ended_reason, a.version,
     (select max(c.id) from contract c where c.assignment_id = a.id and c.deleted_at is null
          and c.status not in ('REJECTED', 'VOID')) as contract_id";
const FROM: &str = "from assignment a join unit u on u.id = a.unit_id join estate e on e.id = a.estate_id
     join organization m on m.id = u.mgmt_unit_id left join rent_standard r on r.id = u.rent_standard_id where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    status: String,
    person_id: i64,
    person_name: String,
    id_number_mask: String,
    unit_id: i64,
    unit_code: String,
    estate: String,
    address: String,
    mgmt_unit: String,
    usable_area: i32,
    building_area: i32,
    inner_area: Option<i32>,
    basis: Option<String>,
    unit_rate: Option<i32>,
    reason: String,
    document_no: Option<String>,
    maker_id: i64,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    opinion: Option<String>,
    expires_on: Option<NaiveDate>,
    ended_reason: Option<String>,
    version: i32,
    contract_id: Option<i64>,
}

impl Record {
    fn read(self, ctx: &Ctx) -> Result<AssignmentRow> {
        let status = stored(&self.status, AssignmentStatus::from_code)?;
        Ok(AssignmentRow {
            id: AssignmentId(self.id),
            status,
            person_id: PersonId(self.person_id),
            unit_id: UnitId(self.unit_id),
            monthly_rent: self.rent()?,
            person: self.person_name,
            id_number_mask: self.id_number_mask,
            unit_code: self.unit_code,
            estate: self.estate,
            address: self.address,
            mgmt_unit: self.mgmt_unit,
            usable_area: Area::from_hundredths(self.usable_area.into()),
            reason: self.reason,
            document_no: self.document_no,
            maker: self.maker,
            made_at: self.made_at,
            checker: self.checker,
            checked_at: self.checked_at,
            opinion: self.opinion,
            expires_on: self.expires_on,
            ended_reason: self.ended_reason,
            version: self.version,
            contract_id: self.contract_id.map(ContractId),
            signable: status == AssignmentStatus::Confirmed
                && self.contract_id.is_none()
                && ctx.actor().may(Permission::ContractWrite),
            decidable: status == AssignmentStatus::Pending
                && self.maker_id != ctx.actor().id.0
                && ctx.actor().may(Permission::AssignmentCheck),
        })
    }

    /// What the home costs a month by its standard.
    fn rent(&self) -> Result<Option<Money>> {
        let (Some(basis), Some(rate)) = (&self.basis, self.unit_rate) else { return Ok(None) };
        let area = |hundredths: i32| Area::from_hundredths(hundredths.into());
        let (usable, building) = (area(self.usable_area), area(self.building_area));
        let basis = stored(basis, AreaBasis::from_code)?;
        let assessed =
            assessed(basis, Rate::from_ten_thousandths(rate.into()), usable, building, self.inner_area.map(area));
        Ok(assessed.map(|assessed| assessed.rent))
    }
}

/// Adds that the assignment `a` waits for the actor's confirmation, not being his own proposal: of the reminder and the list
/// behind it.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    sql.push(" and a.status = 'PENDING' and ").push_bind(ctx.actor().may(Permission::AssignmentCheck));
    sql.push(" and a.maker_id <> ").push_bind(ctx.actor().id.0);
}

/// Adds that the home of the assignment `a` is chosen and no contract about it is under way: 已选房待签约 (S0-3), of the
/// reminder and the list behind it.
pub(crate) fn push_unsigned(sql: &mut QueryBuilder<Postgres>) {
    sql.push(
        " and a.status = 'CONFIRMED' and not exists (select from contract c where c.assignment_id = a.id
          and c.deleted_at is null and c.status not in ('REJECTED', 'VOID'))",
    );
}

/// A page of assignments in scope; those that are confirmed and for which no contract is under way are 已选房待签约 (S0-3).
///
/// # Errors
/// Without [`Permission::AssignmentRead`].
pub async fn assignment_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<AssignmentRow>> {
    ctx.require(Permission::AssignmentRead)?;
    let (sort, descending) = ASSIGNMENT_LIST.sort(query);
    let order = match sort {
        "person" => "a.person_name collate natural_order",
        "checked_at" => "a.checked_at",
        "expires_on" => "a.expires_on",
        _ => "a.made_at",
    };
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["a.person_name", "u.code", "u.address", "a.document_no"],
        filter: &|sql| {
            push_code(sql, query, "status", "a.status");
            push_id(sql, query, "district", "a.district_id");
            push_id(sql, query, "estate", "a.estate_id");
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
            if query.filter("signing").is_some() {
                push_unsigned(sql);
            }
        },
        order,
        descending,
        tie: "a.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// One assignment.
///
/// # Errors
/// Without [`Permission::AssignmentRead`]; [`Failure::NotFound`] outside the scope.
pub async fn assignment_get(ctx: &Ctx, id: AssignmentId) -> Result<AssignmentRow> {
    ctx.require(Permission::AssignmentRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and a.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    record.read(ctx)
}
