//! What a row means that names a lease (domain.md §7.10): the home, the lessee, the standard and the rent, and what stands
//! against it. Shared by I-10 and by the take-over of a running city (§3.27), which differ in where the home must stand.

mod record;
mod rules;

pub(super) use record::records;

use super::{Errors, Row, Run};
use crate::{
    Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    person::number::{Numbers, paper_digests},
    platform::cipher::KeyRing,
};
use chrono::NaiveDate;
use domain::{
    dictionary::{ApplicantCategory, AreaBasis, UnitStatus},
    sheet::RowError,
    tenancy::{contract_form::Assessed, contract_sheet::LeaseImportForm},
    value::{IdNumber, Rate},
};
use std::collections::{HashMap, HashSet, hash_map::Entry};

/// How a file names a home: estate, building, entrance, room number.
pub(super) type HomeName = (String, String, String, String);

/// What the rows are to become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Way {
    /// contracts of assigned homes, which wait for their approver
    #[default]
    Fresh,
    /// contracts that run already, staged for a take-over
    TakeOver,
}

/// The rows of a chunk, resolved set by set.
#[derive(Default)]
pub(super) struct Leases {
    way: Way,
    named: HashMap<HomeName, Named>,
    homes: HashMap<i64, Home>,
    /// by digest of the document's number
    people: HashMap<Vec<u8>, Vec<Human>>,
    numbers: HashMap<i64, Numbers>,
    households: HashMap<i64, (i64, Option<ApplicantCategory>)>,
    housed: HashSet<i64>,
    staged: HashSet<i64>,
    known: HashSet<String>,
    standards: Vec<Standard>,
    /// PRM-30 by district
    months: HashMap<i64, u32>,
    /// what rows of this import have taken and is not written: a check writes nothing
    taken_persons: HashSet<i64>,
    taken_numbers: HashSet<String>,
}

#[derive(Default)]
struct Named {
    estate: bool,
    building: bool,
    units: Vec<i64>,
}

struct Home {
    district: i64,
    estate: i64,
    lessor: i64,
    address: String,
    layout: String,
    usable: i32,
    building: i32,
    inner: Option<i32>,
    standard: Option<i64>,
    status: UnitStatus,
    /// a confirmed assignment, and for whom
    assignment: Option<(i64, i64)>,
    staged: bool,
    terms: Vec<Term>,
}

/// A contract of the home that is there already.
struct Term {
    contract_no: Option<String>,
    from: NaiveDate,
    to: NaiveDate,
    open: bool,
}

struct Standard {
    id: i64,
    district: Option<i64>,
    /// whom it is for; none: everybody
    category: Option<ApplicantCategory>,
    basis: AreaBasis,
    rate: Rate,
    from: NaiveDate,
    to: Option<NaiveDate>,
}

#[derive(Clone)]
struct Human {
    id: i64,
    name: String,
}

/// What a row says, by the ids of what it names.
#[derive(Clone)]
pub(super) struct Lease {
    pub unit: i64,
    pub district: i64,
    pub estate: i64,
    pub lessor: i64,
    pub address: String,
    pub layout: String,
    pub building_area: i32,
    pub usable_area: i32,
    pub standard: i64,
    pub assessed: Assessed,
    pub person: i64,
    pub assignment: Option<i64>,
    pub household: Option<i64>,
    pub category: ApplicantCategory,
    pub sealed: Sealed,
}

/// The lessee's numbers and the account, under the key in use.
#[derive(Clone)]
pub(super) struct Sealed {
    pub id_number: Vec<u8>,
    pub id_number_mask: String,
    pub phone: Vec<u8>,
    pub phone_mask: String,
    pub bank_no: Vec<u8>,
    pub bank_no_mask: String,
}

pub(super) fn home_name(form: &LeaseImportForm) -> HomeName {
    (form.estate.clone(), form.building.clone(), form.entrance.clone(), form.room_no.clone())
}

/// The homes are held, so somebody can only have been faster with the person or the number.
pub(super) fn overtaken() -> RowError {
    RowError::says("证件号码", "承租人或合同编号刚刚已用于另一份合同，请重新导入")
}

impl Leases {
    pub fn new(way: Way) -> Self {
        Self { way, ..Self::default() }
    }

    /// Resolves the rows of a chunk; the complaints about those that cannot go in are added to the errors. Of rows about one
    /// home the first good one counts: the course of the import tells the others.
    pub async fn plan(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<LeaseImportForm>>,
        errors: &mut Errors,
    ) -> Result<(Vec<Row<LeaseImportForm>>, HashMap<u32, Lease>)> {
        self.load(run, tx, &rows).await?;
        let ring = run.ctx.database().keys()?;
        let (mut planned, mut leases) = (Vec::with_capacity(rows.len()), HashMap::new());
        let mut met = HashSet::new();
        for row in rows {
            let name = home_name(&row.form);
            match self.resolve(run, ring, &row.form, met.contains(&name))? {
                Ok(lease) => {
                    if met.insert(name) {
                        self.taken_persons.insert(lease.person);
                        self.taken_numbers.extend(row.form.contract_no.clone());
                    }
                    leases.insert(row.row_no, lease);
                    planned.push(row);
                }
                Err(complaints) => complaints.into_iter().for_each(|error| errors.push(row.row_no, error)),
            }
        }
        Ok((planned, leases))
    }

    /// Forgets what rows have taken: what is written is read by the next chunk.
    pub fn written(&mut self) {
        self.taken_persons.clear();
        self.taken_numbers.clear();
    }

    async fn load(&mut self, run: &Run, tx: &mut Tx, rows: &[Row<LeaseImportForm>]) -> Result<()> {
        let units = self.homes_find(tx, rows).await?;
        self.homes_load(tx, &units).await?;
        self.terms_load(tx, &units).await?;
        let persons = self.people_load(run, tx, rows).await?;
        self.persons_ask(tx, &persons).await?;
        let numbers: Vec<String> = rows.iter().filter_map(|row| row.form.contract_no.clone()).collect();
        self.known = numbers_known(tx, &numbers).await?;
        self.standards = standards(tx).await?;
        let districts: HashSet<i64> = self.homes.values().map(|home| home.district).collect();
        for district in districts {
            if let Entry::Vacant(entry) = self.months.entry(district) {
                entry.insert(billing_rule(tx, district, run.ctx.today()).await?.lease_months);
            }
        }
        Ok(())
    }

    /// Looks up the homes that the rows name, as far as the scope lets them be seen.
    async fn homes_find(&mut self, tx: &mut Tx, rows: &[Row<LeaseImportForm>]) -> Result<Vec<i64>> {
        self.named.clear();
        let names: HashSet<HomeName> = rows.iter().map(|row| home_name(&row.form)).collect();
        let mut columns: [Vec<String>; 4] = Default::default();
        for (estate, building, entrance, room) in &names {
            for (column, text) in columns.iter_mut().zip([estate, building, entrance, room]) {
                column.push(text.clone());
            }
        }
        let [estates, buildings, entrances, numbers] = columns;
        let found = sqlx::query!(
            r#"select w.estate as "estate!", w.building as "building!", w.entrance as "entrance!", w.room_no as "room_no!",
                      e.id as "estate_id?", b.id as "building_id?", u.id as "unit_id?"
               from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as w (estate, building, entrance, room_no)
               left join estate e on e.name = w.estate and e.deleted_at is null
               left join building b on b.estate_id = e.id and b.no = w.building and b.deleted_at is null
               left join unit u on u.building_id = b.id and u.entrance = w.entrance and u.room_no = w.room_no
                    and u.deleted_at is null
               order by u.id"#,
            &estates,
            &buildings,
            &entrances,
            &numbers
        )
        .fetch_all(connection(tx))
        .await?;
        let mut units = Vec::new();
        for row in found {
            let named = self.named.entry((row.estate, row.building, row.entrance, row.room_no)).or_default();
            named.estate |= row.estate_id.is_some();
            named.building |= row.building_id.is_some();
            named.units.extend(row.unit_id);
            units.extend(row.unit_id);
        }
        Ok(units)
    }

    /// Whoever works with contracts takes the home first, then its assignment.
    async fn homes_load(&mut self, tx: &mut Tx, units: &[i64]) -> Result<()> {
        self.homes.clear();
        sqlx::query!("select id from unit where id = any($1) order by id for update", units)
            .fetch_all(connection(tx))
            .await?;
        sqlx::query!(
            "select id from assignment where unit_id = any($1) and status = 'CONFIRMED' order by id for update",
            units
        )
        .fetch_all(connection(tx))
        .await?;
        let rows = sqlx::query!(
            r#"select u.id, u.district_id, u.estate_id, u.mgmt_unit_id, e.name || u.address as "address!", u.layout, u.usable_area,
                      u.building_area, u.inner_area, u.rent_standard_id, u.status, a.id as "assignment?", a.person_id as "assignee?",
                      exists (select from take_over_row t where t.unit_id = u.id and t.state = 'STAGED') as "staged!"
               from unit u join estate e on e.id = u.estate_id
               left join assignment a on a.unit_id = u.id and a.status = 'CONFIRMED'
               where u.id = any($1)"#,
            units
        )
        .fetch_all(connection(tx))
        .await?;
        for row in rows {
            let home = Home {
                district: row.district_id,
                estate: row.estate_id,
                lessor: row.mgmt_unit_id,
                address: row.address,
                layout: row.layout,
                usable: row.usable_area,
                building: row.building_area,
                inner: row.inner_area,
                standard: row.rent_standard_id,
                status: stored(&row.status, UnitStatus::from_code)?,
                assignment: row.assignment.zip(row.assignee),
                staged: row.staged,
                terms: Vec::new(),
            };
            self.homes.insert(row.id, home);
        }
        Ok(())
    }

    async fn terms_load(&mut self, tx: &mut Tx, units: &[i64]) -> Result<()> {
        let rows = sqlx::query!(
            r#"select unit_id, contract_no, start_on, coalesce(ended_on, end_on) as "end_on!",
                      status not in ('TERMINATED', 'EXPIRED', 'RENEWED') as "open!"
               from contract where unit_id = any($1) and deleted_at is null and status not in ('REJECTED', 'VOID') order by id"#,
            units
        )
        .fetch_all(connection(tx))
        .await?;
        for row in rows {
            if let Some(home) = self.homes.get_mut(&row.unit_id) {
                let term = Term { contract_no: row.contract_no, from: row.start_on, to: row.end_on, open: row.open };
                home.terms.push(term);
            }
        }
        Ok(())
    }

    /// The people in scope who bear the numbers of the rows.
    async fn people_load(&mut self, run: &Run, tx: &mut Tx, rows: &[Row<LeaseImportForm>]) -> Result<Vec<i64>> {
        let ring = run.ctx.database().keys()?;
        let wanted: Vec<Vec<u8>> = rows.iter().flat_map(|row| digests(run, ring, &row.form.id_number)).collect();
        // A number of a record that was merged leads to the one that goes on.
        let found = sqlx::query!(
            "select n.digest, p.id, p.name from person_number n join person m on m.id = n.person_id
             join person p on p.id = coalesce(m.merged_into, m.id)
             where n.kind = 'PAPER' and n.digest = any($1) and p.deleted_at is null order by p.id",
            &wanted
        )
        .fetch_all(connection(tx))
        .await?;
        self.people.clear();
        let mut ids: Vec<i64> = Vec::with_capacity(found.len());
        for row in found {
            ids.push(row.id);
            self.people.entry(row.digest).or_default().push(Human { id: row.id, name: row.name });
        }
        ids.dedup();
        self.numbers.clear();
        for mut holder in Numbers::load_all(tx, &ids).await? {
            holder.numbers.renew(ring)?;
            self.numbers.insert(holder.id, holder.numbers);
        }
        Ok(ids)
    }

    /// Who of them has a contract or is being taken over, wherever in the city, and to which household each belongs.
    async fn persons_ask(&mut self, tx: &mut Tx, persons: &[i64]) -> Result<()> {
        let rows = sqlx::query!(
            r#"select w.id as "id!", person_is_housed(w.id) as "housed!", person_is_staged(w.id) as "staged!",
                      h.household as "household?", o.category as "category?"
               from unnest($1::bigint[]) as w (id) cross join lateral person_household(w.id) h
               left join household o on o.id = h.household"#,
            persons
        )
        .fetch_all(connection(tx))
        .await?;
        self.housed.clear();
        self.staged.clear();
        self.households.clear();
        for row in rows {
            if row.housed {
                self.housed.insert(row.id);
            }
            if row.staged {
                self.staged.insert(row.id);
            }
            if let Some(household) = row.household {
                let category = row.category.map(|code| stored(&code, ApplicantCategory::from_code)).transpose()?;
                self.households.insert(row.id, (household, category));
            }
        }
        Ok(())
    }
}

async fn numbers_known(tx: &mut Tx, numbers: &[String]) -> Result<HashSet<String>> {
    let known = sqlx::query_scalar!(
        r#"select contract_no as "contract_no!" from contract_numbers_known($1, true) as k (contract_no)"#,
        numbers
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(known.into_iter().collect())
}

async fn standards(tx: &mut Tx) -> Result<Vec<Standard>> {
    let rows = sqlx::query!(
        "select id, district_id, category, basis, unit_rate, valid_from, valid_to from rent_standard where status = 'ON' order by id"
    )
    .fetch_all(connection(tx))
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Standard {
                id: row.id,
                district: row.district_id,
                category: row.category.map(|code| stored(&code, ApplicantCategory::from_code)).transpose()?,
                basis: stored(&row.basis, AreaBasis::from_code)?,
                rate: Rate::from_ten_thousandths(row.unit_rate.into()),
                from: row.valid_from,
                to: row.valid_to,
            })
        })
        .collect()
}

/// A number's digests as it is written, and as an old one of 15 digits is written today (R-90).
fn digests(run: &Run, ring: &KeyRing, number: &str) -> Vec<Vec<u8>> {
    let mut digests = paper_digests(ring, number);
    if let Ok(today) = IdNumber::parse_legacy(number, run.ctx.today()) {
        digests.extend(paper_digests(ring, today.as_str()));
    }
    digests
}
