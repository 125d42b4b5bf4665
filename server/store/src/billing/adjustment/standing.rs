//! How contracts stand whose rent is to change, and what their rent would be.

use crate::{
    Error, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    tenancy::contract::terms::{Billed, billed_read_many},
};
use chrono::NaiveDate;
use domain::{
    billing::{
        adjustment::{AdjustType, CONTRACTS_MAX, IS_REDUCED, NO_STANDARD, NewRent, Standing, Target},
        reduction::Off,
    },
    dictionary::ApplicantCategory,
    failure::Failure,
    value::{Area, Check, Complaint, Money, Rate},
};
use std::collections::HashMap;

/// A contract in force, as an adjustment needs it.
pub(crate) struct Candidate {
    pub contract: i64,
    pub district: i64,
    pub estate: i64,
    pub contract_no: String,
    pub lessee: String,
    pub address: String,
    basis: String,
    category: String,
    /// the standard that its rate is now
    standard: Option<i64>,
    /// what is taken off for some months (E-56)
    offs: Vec<Off>,
    pub standing: Standing,
}

/// What a contract would cost.
#[derive(Clone, Copy)]
pub(crate) struct Adjusted {
    pub rate: Rate,
    /// the published standard that the rate is, if it is one
    pub standard: Option<i64>,
    pub rent: NewRent,
}

/// A published rent standard (E-17).
pub(crate) struct Standard {
    id: i64,
    district: Option<i64>,
    category: Option<String>,
    basis: String,
    rate: i32,
    from: NaiveDate,
    to: Option<NaiveDate>,
}

/// The standards that are published.
pub(crate) async fn standards_load(tx: &mut Tx) -> Result<Vec<Standard>> {
    let rows = sqlx::query!(
        "select id, district_id, category, basis, unit_rate, valid_from, valid_to from rent_standard where status = 'ON' order by id"
    )
    .fetch_all(connection(tx))
    .await?;
    let standard = rows.into_iter().map(|row| Standard {
        id: row.id,
        district: row.district_id,
        category: row.category,
        basis: row.basis,
        rate: row.unit_rate,
        from: row.valid_from,
        to: row.valid_to,
    });
    Ok(standard.collect())
}

struct Found {
    id: i64,
    district_id: i64,
    estate_id: i64,
    contract_no: Option<String>,
    lessee_name: String,
    address: String,
    area_basis: String,
    category: String,
    rent_area: i32,
    rate: i32,
    billed: Option<NaiveDate>,
    changed_on: Option<NaiveDate>,
    pending: bool,
    leaving: bool,
    standard_id: Option<i64>,
}

/// The contracts in force that an adjustment names, as far as they are in scope.
///
/// # Errors
/// A refusal of more than [`CONTRACTS_MAX`].
pub(crate) async fn candidates_of(tx: &mut Tx, target: &Target) -> Result<Vec<Candidate>> {
    match target {
        Target::Contract(number) => candidates(tx, Some(std::slice::from_ref(number)), [None; 3], None).await,
        Target::All { district, standard, estate, category } => {
            let ids = [Some(district.0), standard.map(|id| id.0), estate.map(|id| id.0)];
            let candidates = candidates(tx, None, ids, *category).await?;
            if candidates.len() as i64 > CONTRACTS_MAX {
                let sentence = format!("范围内合同超过{CONTRACTS_MAX}份，请按小区或保障类别分批办理");
                return Err(Failure::refused(sentence).into());
            }
            Ok(candidates)
        }
    }
}

/// The contracts in force with these numbers.
pub(crate) async fn candidates_numbered(tx: &mut Tx, numbers: &[String]) -> Result<Vec<Candidate>> {
    candidates(tx, Some(numbers), [None; 3], None).await
}

async fn candidates(
    tx: &mut Tx,
    numbers: Option<&[String]>,
    [district, standard, estate]: [Option<i64>; 3],
    category: Option<ApplicantCategory>,
) -> Result<Vec<Candidate>> {
    let found = sqlx::query_as!(
        Found,
        r#"select c.id, c.district_id, c.estate_id, c.contract_no, c.lessee_name, c.address, c.area_basis, c.category, c.rent_area,
                  coalesce(l.new_rate, c.unit_rate) as "rate!", l.from_on as "changed_on?",
                  case when l.id is null then c.rent_standard_id else l.rent_standard_id end as standard_id,
                  (select max(b.month) from bill b where b.contract_id = c.id and b.fee_item = 'RENT' and b.reverses_id is null
                       and b.months > 0 and (b.decision is null or b.decision not in ('VOID', 'REVERSED'))) as billed,
                  exists (select from rent_change h where h.contract_id = c.id and h.status = 'PENDING') as "pending!",
                  exists (select from exit_case x where x.contract_id = c.id and x.status not in ('CLOSED', 'REVOKED')) as "leaving!"
           from contract c
           left join lateral (select h.id, h.new_rate, h.rent_standard_id, h.from_on from rent_change h
                              where h.contract_id = c.id and h.status = 'APPROVED' order by h.from_on desc limit 1) l on true
           where c.status in ('ACTIVE', 'CANCEL_PENDING') and c.deleted_at is null
               and ($1::text[] is null or c.contract_no = any($1)) and ($2::bigint is null or c.district_id = $2)
               and ($3::bigint is null or case when l.id is null then c.rent_standard_id else l.rent_standard_id end = $3) and ($4::bigint is null or c.estate_id = $4)
               and ($5::text is null or c.category = $5)
           order by c.id limit case when $1::text[] is null then $6::bigint end"#,
        numbers as Option<&[String]>,
        district,
        standard,
        estate,
        category.map(ApplicantCategory::code),
        CONTRACTS_MAX + 1,
    )
    .fetch_all(connection(tx))
    .await?;
    let ids: Vec<i64> = found.iter().map(|row| row.id).collect();
    let billed = billed_read_many(tx, &ids).await?;
    let mut bases = HashMap::new();
    let mut candidates = Vec::with_capacity(found.len());
    // Both in the order of the ids.
    for (row, billed) in found.into_iter().zip(billed) {
        let base = match bases.get(&row.district_id) {
            Some(base) => *base,
            None => {
                let rule = billing_rule(tx, row.district_id, billed.start_on).await?;
                bases.insert(row.district_id, rule.base);
                rule.base
            }
        };
        candidates.push(candidate(row, &billed, base)?);
    }
    Ok(candidates)
}

fn candidate(row: Found, billed: &Billed, base: domain::dictionary::DayBase) -> Result<Candidate> {
    if row.id != billed.id {
        return Err(Error::Broken(format!("contract {} was read as {}", row.id, billed.id)));
    }
    Ok(Candidate {
        contract: row.id,
        district: row.district_id,
        estate: row.estate_id,
        contract_no: row.contract_no.unwrap_or_default(),
        lessee: row.lessee_name,
        address: row.address,
        basis: row.area_basis,
        category: row.category,
        standard: row.standard_id,
        offs: billed.offs.clone(),
        standing: Standing {
            terms: billed.terms_plain(base),
            area: Area::from_hundredths(row.rent_area.into()),
            rate: Rate::from_ten_thousandths(row.rate.into()),
            billed: row.billed,
            changed_on: row.changed_on,
            pending: row.pending,
            leaving: row.leaving,
        },
    })
}

impl Candidate {
    /// What the rent of this contract would be. Who belongs to another category now follows a standard of that one.
    pub fn adjusted(
        &self,
        kind: AdjustType,
        rate: Rate,
        month: NaiveDate,
        payable: Option<Money>,
        standards: &[Standard],
    ) -> Check<Adjusted> {
        // Both would take off of the same rent, and the household pays the lesser: one of them has to go.
        if kind.names_payable() && self.offs.iter().any(|off| off.to >= month) {
            return Err(Complaint::says(IS_REDUCED));
        }
        let rent = self.standing.adjusted(month, rate, payable)?;
        let published = |standard: &Standard| {
            i64::from(standard.rate) == rate.ten_thousandths()
                && standard.basis == self.basis
                && standard.district.is_none_or(|district| district == self.district)
                && (kind == AdjustType::Category
                    || standard.category.as_ref().is_none_or(|category| *category == self.category))
                && standard.from <= rent.from
                && standard.to.is_none_or(|to| to >= rent.from)
        };
        let found = standards.iter().find(|standard| published(standard)).map(|standard| standard.id);
        if kind.follows_standard() && found.is_none() {
            return Err(Complaint::says(NO_STANDARD));
        }
        let standard = found.or(self.standard.filter(|_| rate == self.standing.rate));
        Ok(Adjusted { rate, standard, rent })
    }
}
