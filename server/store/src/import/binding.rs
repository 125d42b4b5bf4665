//! I-09 人员房间关系 (domain.md §7.9): who lived where before the system, and co-residents of contracts.

use super::{Errors, Importer, Row, Run};
use crate::{
    Result,
    ctx::{Tx, connection},
    error::stored,
    person::number::{canonical, paper_digests},
    platform::cipher::KeyRing,
    tenancy::binding::persons_bound,
};
use domain::{
    dictionary::{BindingRelation, PersonType, UnitStatus},
    id::PersonId,
    sheet::{ImportSheet, RowError},
    tenancy::{
        binding::{ALREADY_BOUND, HAS_LESSEE, ROOM_IS_FULL, Tenants, may_live, type_fits},
        binding_sheet::{BINDING_IMPORT, BindingImportForm},
    },
    value::{Complaint, IdNumber},
};
use std::collections::{HashMap, HashSet};

/// How a file names a home: estate, building, entrance, room number.
type HomeName = (String, String, String, String);

/// The importer of I-09; what the rows of a chunk resolved to waits here for its write.
#[derive(Default)]
pub(super) struct Bindings {
    named: HashMap<HomeName, Named>,
    homes: HashMap<i64, Home>,
    /// by digest of the document's number
    people: HashMap<Vec<u8>, Vec<Human>>,
    bound: HashSet<i64>,
    resolved: HashMap<u32, Resolved>,
    /// what rows of this import have taken of rooms and is not written: a check writes nothing
    taken: HashMap<i64, Taken>,
}

/// What there is of a name.
#[derive(Default)]
struct Named {
    estate: bool,
    building: bool,
    units: Vec<i64>,
}

struct Home {
    status: UnitStatus,
    contract: Option<i64>,
    tenants: Option<Tenants>,
    rooms: Vec<Place>,
}

#[derive(Clone)]
struct Place {
    id: i64,
    name: String,
    capacity: Option<i32>,
    living: i64,
    lessee: bool,
}

/// Somebody in scope who bears a number.
#[derive(Clone)]
struct Human {
    id: i64,
    name: String,
    person_type: PersonType,
}

#[derive(Default)]
struct Taken {
    living: i64,
    lessee: bool,
}

struct Resolved {
    unit: i64,
    room: i64,
    contract: Option<i64>,
    person: i64,
    name: String,
}

fn home_name(form: &BindingImportForm) -> HomeName {
    (form.estate.clone(), form.building.clone(), form.entrance.clone(), form.room_no.clone())
}

impl Importer<BindingImportForm> for Bindings {
    fn sheet(&self) -> &'static ImportSheet<BindingImportForm> {
        &BINDING_IMPORT
    }

    /// Somebody lives in one room, so a file names him once.
    fn key(&self, form: &BindingImportForm) -> String {
        canonical(&form.id_number)
    }

    fn taken(&self, _: &BindingImportForm) -> RowError {
        RowError::says("证件号码", ALREADY_BOUND)
    }

    async fn plan(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<BindingImportForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<BindingImportForm>>> {
        let ring = run.ctx.database().keys()?;
        self.resolved.clear();
        self.learn_homes(tx, &rows).await?;
        self.learn_people(run, tx, ring, &rows).await?;
        let mut met = HashSet::new();
        let mut planned = Vec::with_capacity(rows.len());
        for row in rows {
            match self.resolve(run, ring, &row.form) {
                Ok(resolved) => {
                    // Of several good rows about one person the first one counts; the others are told so afterwards.
                    let key = self.key(&row.form);
                    match self.room_take(&resolved, &row.form, !met.contains(&key)) {
                        Ok(()) => {
                            met.insert(key);
                            self.resolved.insert(row.row_no, resolved);
                            planned.push(row);
                        }
                        Err(error) => errors.push(row.row_no, error),
                    }
                }
                Err(complaints) => complaints.into_iter().for_each(|error| errors.push(row.row_no, error)),
            }
        }
        Ok(planned)
    }

    async fn write(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<BindingImportForm>>,
        errors: &mut Errors,
    ) -> Result<()> {
        // What is written is read by the next chunk.
        self.taken.clear();
        let mut columns = NewBindings::default();
        for row in &rows {
            columns.push(&self.resolved[&row.row_no], &row.form, run.ctx.today());
        }
        let written = columns.insert(run, tx).await?;
        for (row, person) in rows.iter().zip(&columns.persons) {
            // The rooms are held, so somebody can only have been faster elsewhere.
            if !written.contains(person) {
                errors.push(row.row_no, self.taken(&row.form));
            }
        }
        Ok(())
    }
}

impl Bindings {
    /// Looks up the homes that the rows name, as far as the scope lets them be seen, with their rooms, which are held.
    async fn learn_homes(&mut self, tx: &mut Tx, rows: &[Row<BindingImportForm>]) -> Result<()> {
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
        self.homes_load(tx, &units).await
    }

    async fn homes_load(&mut self, tx: &mut Tx, units: &[i64]) -> Result<()> {
        self.homes.clear();
        // Held before anything is counted.
        sqlx::query!("select id from unit where id = any($1) order by id for share", units)
            .fetch_all(connection(tx))
            .await?;
        sqlx::query!(
            "select id from room where unit_id = any($1) and deleted_at is null order by id for no key update",
            units
        )
        .fetch_all(connection(tx))
        .await?;
        let homes = sqlx::query!(
            r#"select u.id, u.status, c.id as "contract_id?", c.person_id as "lessee?",
                      array(select r.person_id from contract_resident r where r.contract_id = c.id) as "residents!"
               from unit u left join lateral (
                   select id, person_id from contract
                   where unit_id = u.id and status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED')
                   order by status = 'EXPIRED', id desc limit 1) c on true
               where u.id = any($1)"#,
            units
        )
        .fetch_all(connection(tx))
        .await?;
        for row in homes {
            let home = Home {
                status: stored(&row.status, UnitStatus::from_code)?,
                contract: row.contract_id,
                tenants: row.lessee.map(|lessee| Tenants { lessee, residents: row.residents }),
                rooms: Vec::new(),
            };
            self.homes.insert(row.id, home);
        }
        let rooms = sqlx::query!(
            r#"select r.id, r.unit_id, r.name, r.capacity, count(b.id) as "living!",
                      count(b.id) filter (where b.relation = 'LESSEE') > 0 as "lessee!"
               from room r left join binding b on b.room_id = r.id and b.to_on is null
               where r.unit_id = any($1) and r.deleted_at is null and r.status = 'ON' group by r.id order by r.id"#,
            units
        )
        .fetch_all(connection(tx))
        .await?;
        for row in rooms {
            let place =
                Place { id: row.id, name: row.name, capacity: row.capacity, living: row.living, lessee: row.lessee };
            if let Some(home) = self.homes.get_mut(&row.unit_id) {
                home.rooms.push(place);
            }
        }
        Ok(())
    }

    /// The people in scope who bear the numbers of the rows, and who of them lives in a room somewhere in the city.
    async fn learn_people(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        ring: &KeyRing,
        rows: &[Row<BindingImportForm>],
    ) -> Result<()> {
        let wanted: Vec<Vec<u8>> = rows.iter().flat_map(|row| digests(run, ring, &row.form.id_number)).collect();
        // A number of a record that was merged leads to the one that goes on. Held against somebody who merges it now.
        let found = sqlx::query!(
            "select n.digest, p.id, p.name, p.person_type from person_number n join person m on m.id = n.person_id
             join person p on p.id = coalesce(m.merged_into, m.id)
             where n.kind = 'PAPER' and n.digest = any($1) and p.deleted_at is null order by p.id for share of p",
            &wanted
        )
        .fetch_all(connection(tx))
        .await?;
        self.people.clear();
        let mut ids = Vec::with_capacity(found.len());
        for row in found {
            ids.push(row.id);
            let human =
                Human { id: row.id, name: row.name, person_type: stored(&row.person_type, PersonType::from_code)? };
            self.people.entry(row.digest).or_default().push(human);
        }
        self.bound = persons_bound(tx, &ids).await?.into_iter().collect();
        Ok(())
    }

    /// What a row means; complains about everything that it cannot mean.
    fn resolve(
        &self,
        run: &Run,
        ring: &KeyRing,
        form: &BindingImportForm,
    ) -> std::result::Result<Resolved, Vec<RowError>> {
        let mut complaints = Vec::new();
        let place = self.place(form).map_err(|error| complaints.push(error)).ok();
        let human = self.human(run, ring, form).map_err(|error| complaints.push(error)).ok();
        if form.from_on.is_none_or(|day| day > run.ctx.today()) {
            complaints.push(RowError::of("入住日期", &Complaint::about("不能晚于今天")));
        }
        let (Some((unit, home, room)), Some(human)) = (place, human) else { return Err(complaints) };
        let relation = form.relation.unwrap_or(BindingRelation::CoResident);
        if !type_fits(human.person_type, relation) {
            complaints.push(RowError::says("证件号码", "租户不存在"));
        } else if self.bound.contains(&human.id) {
            complaints.push(self.taken(form));
        } else if let Err(complaint) = may_live(home.status, home.tenants.as_ref(), PersonId(human.id), relation) {
            complaints.push(RowError::of("关系", &complaint));
        }
        if complaints.is_empty() {
            Ok(Resolved { unit, room: room.id, contract: home.contract, person: human.id, name: human.name.clone() })
        } else {
            Err(complaints)
        }
    }

    /// The home and the room that a row names.
    fn place(&self, form: &BindingImportForm) -> std::result::Result<(i64, &Home, &Place), RowError> {
        let missing = || RowError::says("房号", "房间不存在");
        let named = self.named.get(&home_name(form)).ok_or_else(missing)?;
        let unit = match named.units.as_slice() {
            [unit] => *unit,
            [] if !named.estate => return Err(RowError::says("小区名称", "小区不存在")),
            [] if !named.building => return Err(RowError::says("楼栋号", "楼栋不存在")),
            [] => return Err(missing()),
            // I-09 names no district, and estates of two districts may bear one name.
            _ => return Err(RowError::says("小区名称", "有多个同名小区含该房源，请在房源页面逐个登记入住")),
        };
        let home = self.homes.get(&unit).ok_or_else(missing)?;
        let room = match (home.rooms.as_slice(), form.room.as_str()) {
            ([room], "") => room,
            (_, "") => return Err(RowError::says("房间名称", "房源有多个房间，请填写房间名称")),
            (rooms, name) => {
                rooms.iter().find(|room| room.name == name).ok_or_else(|| RowError::says("房间名称", "房间不存在"))?
            }
        };
        Ok((unit, home, room))
    }

    /// The person whom a row names.
    fn human(&self, run: &Run, ring: &KeyRing, form: &BindingImportForm) -> std::result::Result<&Human, RowError> {
        let digests = digests(run, ring, &form.id_number);
        let bearers: Vec<&Human> = digests.iter().filter_map(|digest| self.people.get(digest)).flatten().collect();
        if bearers.is_empty() {
            return Err(RowError::says("证件号码", "租户不存在"));
        }
        let named: HashMap<i64, &Human> =
            bearers.into_iter().filter(|human| human.name == form.name).map(|human| (human.id, human)).collect();
        let mut named = named.into_values();
        match (named.next(), named.next()) {
            (None, _) => Err(RowError::says("姓名", "姓名与证件号不一致")),
            (Some(human), None) => Ok(human),
            // One number under two types of paper, and one name: two records of one human.
            (Some(_), Some(_)) => Err(RowError::says("证件号码", "有多条同名同号的人员记录，请先合并")),
        }
    }

    /// Takes a place in the room, if there is one; a row that will be told of its `first` takes none.
    fn room_take(
        &mut self,
        resolved: &Resolved,
        form: &BindingImportForm,
        first: bool,
    ) -> std::result::Result<(), RowError> {
        let rooms = self.homes.get(&resolved.unit).map(|home| home.rooms.as_slice()).unwrap_or_default();
        let Some(room) = rooms.iter().find(|room| room.id == resolved.room).filter(|_| first) else { return Ok(()) };
        let taken = self.taken.entry(room.id).or_default();
        let lessee = form.relation == Some(BindingRelation::Lessee);
        if lessee && (room.lessee || taken.lessee) {
            return Err(RowError::says("关系", HAS_LESSEE));
        }
        if room.capacity.is_some_and(|capacity| room.living + taken.living >= i64::from(capacity)) {
            return Err(RowError::says("房间名称", ROOM_IS_FULL));
        }
        taken.living += 1;
        taken.lessee |= lessee;
        Ok(())
    }
}

/// A number's digests as it is written, and as an old one of 15 digits is written today (R-90).
fn digests(run: &Run, ring: &KeyRing, number: &str) -> Vec<Vec<u8>> {
    let mut digests = paper_digests(ring, number);
    if let Ok(today) = IdNumber::parse_legacy(number, run.ctx.today()) {
        digests.extend(paper_digests(ring, today.as_str()));
    }
    digests
}

/// Columns of bindings to be written.
#[derive(Default)]
struct NewBindings {
    units: Vec<i64>,
    rooms: Vec<i64>,
    contracts: Vec<Option<i64>>,
    persons: Vec<i64>,
    names: Vec<String>,
    relations: Vec<&'static str>,
    days: Vec<chrono::NaiveDate>,
}

impl NewBindings {
    fn push(&mut self, resolved: &Resolved, form: &BindingImportForm, today: chrono::NaiveDate) {
        self.units.push(resolved.unit);
        self.rooms.push(resolved.room);
        self.contracts.push(resolved.contract);
        self.persons.push(resolved.person);
        self.names.push(resolved.name.clone());
        self.relations.push(form.relation.unwrap_or(BindingRelation::CoResident).code());
        self.days.push(form.from_on.unwrap_or(today));
    }

    /// Inserts and answers whose bindings went in.
    async fn insert(&self, run: &Run, tx: &mut Tx) -> Result<HashSet<i64>> {
        let written = sqlx::query_scalar!(
            "insert into binding (district_id, estate_id, unit_id, room_id, person_id, person_name, relation, from_on, contract_id,
                                  created_at, created_by)
             select u.district_id, u.estate_id, u.id, t.room, t.person, t.name, t.relation, t.day, t.contract, $8, $9
             from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::date[])
                  as t (unit, room, contract, person, name, relation, day)
             join unit u on u.id = t.unit
             on conflict do nothing returning person_id",
            &self.units,
            &self.rooms,
            &self.contracts as &[Option<i64>],
            &self.persons,
            &self.names,
            &self.relations as &[&str],
            &self.days,
            run.ctx.now(),
            run.ctx.actor().id.0,
        )
        .fetch_all(connection(tx))
        .await?;
        Ok(written.into_iter().collect())
    }
}
