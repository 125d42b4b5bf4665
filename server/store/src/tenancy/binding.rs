//! Who lives in which room (S1-5.4, S1-5.9): entered by a hand-over, ended by an exit; by hand and from files only where a
//! home was taken over, and for co-residents whom its contract names.
//!
//! Whoever writes takes the home's row, then its rooms in the order of their ids: what is free in them stays free until
//! the transaction ends. That somebody lives in one room is a unique index, because the other may be another district's.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id},
};
use chrono::NaiveDate;
use domain::{
    dictionary::{BindingRelation, PersonType, RoomType, UnitStatus},
    failure::{Failure, FieldErrors},
    id::{BindingId, ContractId, PersonId, RoomId, UnitId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    tenancy::{
        binding::{
            BindingForm, BindingOffer, BindingRow, HAS_LESSEE, ROOM_IS_FULL, RoomPlace, Tenants, stay_days, type_fits,
        },
        binding_sheet::RESIDENT_LIST,
    },
};

const COLUMNS: &str =
    "b.id, b.person_id, coalesce(p.name, b.person_name) as person, p.id_number_mask, b.unit_id, b.room_id, e.name as estate,
     u.address || case when r.name = u.room_no then '' else ' ' || r.name end as place, b.relation, b.from_on, b.to_on,
     b.contract_id, c.contract_no, c.end_on as contract_end_on, b.ended_reason";
const FROM: &str =
    "from binding b join unit u on u.id = b.unit_id join room r on r.id = b.room_id join estate e on e.id = b.estate_id
     left join person p on p.id = b.person_id left join contract c on c.id = b.contract_id where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    person_id: i64,
    person: String,
    id_number_mask: Option<String>,
    unit_id: i64,
    room_id: i64,
    estate: String,
    place: String,
    relation: String,
    from_on: NaiveDate,
    to_on: Option<NaiveDate>,
    contract_id: Option<i64>,
    contract_no: Option<String>,
    contract_end_on: Option<NaiveDate>,
    ended_reason: Option<String>,
}

impl Record {
    fn read(self, ctx: &Ctx) -> Result<BindingRow> {
        Ok(BindingRow {
            id: BindingId(self.id),
            person_id: PersonId(self.person_id),
            person: self.person,
            id_number_mask: self.id_number_mask,
            unit_id: UnitId(self.unit_id),
            room_id: RoomId(self.room_id),
            estate: self.estate,
            place: self.place,
            relation: stored(&self.relation, BindingRelation::from_code)?,
            from_on: self.from_on,
            to_on: self.to_on,
            days: stay_days(self.from_on, self.to_on, ctx.today()),
            contract_id: self.contract_id.map(ContractId),
            contract_no: self.contract_no,
            contract_end_on: self.contract_end_on,
            ended_reason: self.ended_reason,
        })
    }
}

/// A page of who lives or lived where, in scope.
///
/// # Errors
/// Without [`Permission::PersonRead`].
pub async fn resident_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<BindingRow>> {
    ctx.require(Permission::PersonRead)?;
    let (sort, descending) = RESIDENT_LIST.sort(query);
    let order = match sort {
        "person" => "coalesce(p.name, b.person_name) collate natural_order",
        "to_on" => "b.to_on",
        "contract_end" => "c.end_on",
        _ => "b.from_on",
    };
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["b.person_name", "u.address"],
        filter: &|sql| {
            push_code(sql, query, "relation", "b.relation");
            push_id(sql, query, "district", "b.district_id");
            push_id(sql, query, "estate", "b.estate_id");
            push_id(sql, query, "unit", "b.unit_id");
            push_id(sql, query, "person", "b.person_id");
            match query.filter("state") {
                Some("LIVING") => drop(sql.push(" and b.to_on is null")),
                Some("LEFT") => drop(sql.push(" and b.to_on is not null")),
                _ => {}
            }
        },
        order,
        descending,
        tie: "b.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// The rooms of a home that are in use, and how many live in each.
pub(super) async fn rooms_load(tx: &mut Tx, unit: i64) -> Result<Vec<RoomPlace>> {
    sqlx::query!(
        r#"select r.id, r.name, r.type as kind, r.capacity,
                  (select count(*) from binding b where b.room_id = r.id and b.to_on is null) as "living!"
           from room r where r.unit_id = $1 and r.deleted_at is null and r.status = 'ON'
           order by r.name collate natural_order, r.id"#,
        unit
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(RoomPlace {
            id: RoomId(row.id),
            name: row.name,
            kind: stored(&row.kind, RoomType::from_code)?,
            capacity: row.capacity,
            living: row.living,
        })
    })
    .collect()
}

/// A home as somebody is to be entered in it.
struct Home {
    offer: BindingOffer,
    contract: Option<i64>,
}

/// The home, held; with whom its contract names: the one that runs, else the last whose term is over, whose household has
/// not left yet.
async fn home_hold(tx: &mut Tx, ctx: &Ctx, id: UnitId) -> Result<Home> {
    let unit = sqlx::query!(
        "select u.status, e.name || u.address as place from unit u join estate e on e.id = u.estate_id
         where u.id = $1 and u.deleted_at is null for update of u",
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let contract = sqlx::query!(
        r#"select c.id, c.person_id, array(select r.person_id from contract_resident r where r.contract_id = c.id) as "residents!"
           from contract c where c.unit_id = $1 and c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED')
           order by c.status = 'EXPIRED', c.id desc limit 1"#,
        id.0
    )
    .fetch_optional(connection(tx))
    .await?;
    Ok(Home {
        contract: contract.as_ref().map(|row| row.id),
        offer: BindingOffer {
            unit_id: id,
            place: unit.place.unwrap_or_default(),
            status: stored(&unit.status, UnitStatus::from_code)?,
            rooms: rooms_load(tx, id.0).await?,
            tenants: contract.map(|row| Tenants { lessee: row.person_id, residents: row.residents }),
            today: ctx.today(),
        },
    })
}

/// What the form shows of a home.
///
/// # Errors
/// Without [`Permission::BindingWrite`]; [`Failure::NotFound`] outside the scope.
pub async fn binding_offer(ctx: &Ctx, unit: UnitId) -> Result<BindingOffer> {
    ctx.require(Permission::BindingWrite)?;
    let mut tx = ctx.begin().await?;
    let home = home_hold(&mut tx, ctx, unit).await?;
    tx.commit().await?;
    Ok(home.offer)
}

/// Enters by hand that somebody lives in a room.
///
/// # Errors
/// Complaints by field.
pub async fn binding_create(ctx: &Ctx, form: &BindingForm) -> Result<BindingId> {
    ctx.require(Permission::BindingWrite)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let home = home_hold(&mut tx, ctx, fields.unit_id).await?;
    // Shared with nobody who makes one of two records.
    let person = sqlx::query!(
        "select name, person_type from person where id = $1 and deleted_at is null and merged_into is null for share",
        fields.person_id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or_else(|| FieldErrors::from(("person", "人员不存在，或不在您的管辖范围内")))?;
    if !type_fits(stored(&person.person_type, PersonType::from_code)?, fields.relation) {
        return Err(FieldErrors::from(("person", "人员类型不是租户，请先在人员管理中变更")).into());
    }
    let mut errors = FieldErrors::default();
    errors.take("relation", home.offer.admits(fields.person_id, fields.relation));
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let entered = MoveIn {
        person_id: fields.person_id.0,
        name: person.name,
        room_id: fields.room_id.0,
        relation: fields.relation,
    };
    let house = House { unit: fields.unit_id.0, contract: home.contract, from_on: fields.from_on };
    let ids = bindings_begin(&mut tx, ctx, &house, &[entered], ("room", "person")).await?;
    tx.commit().await?;
    ids.first().copied().map(BindingId).ok_or_else(|| Error::Broken("a binding was not written".into()))
}

/// Somebody who moves into a room.
pub(super) struct MoveIn {
    pub person_id: i64,
    pub name: String,
    pub room_id: i64,
    pub relation: BindingRelation,
}

/// Where, by what and since when people live.
pub(crate) struct House {
    pub unit: i64,
    pub contract: Option<i64>,
    pub from_on: NaiveDate,
}

/// Enters people in rooms of a home that the caller holds; answers the ids. Complaints are about the two fields that the
/// caller names: that of rooms and that of persons.
///
/// # Errors
/// Complaints by field: a room that is not the home's, is full or has its lessee; somebody who lives elsewhere.
pub(super) async fn bindings_begin(
    tx: &mut Tx,
    ctx: &Ctx,
    house: &House,
    people: &[MoveIn],
    (room_field, person_field): (&str, &str),
) -> Result<Vec<i64>> {
    let wanted: Vec<i64> = people.iter().map(|one| one.room_id).collect();
    // First held, then counted: what a statement counts was there when it began.
    sqlx::query!(
        "select id from room where id = any($1) and unit_id = $2 and deleted_at is null and status = 'ON'
         order by id for no key update",
        &wanted,
        house.unit
    )
    .fetch_all(connection(tx))
    .await?;
    let rooms = rooms_load(tx, house.unit).await?;
    for room in &wanted {
        let more = wanted.iter().filter(|other| *other == room).count();
        let found = rooms.iter().find(|known| known.id.0 == *room);
        let found = found.ok_or_else(|| FieldErrors::from((room_field, "房间不存在，或已停用")))?;
        if !found.has_place(i64::try_from(more).unwrap_or(i64::MAX)) {
            return Err(FieldErrors::from((room_field, ROOM_IS_FULL)).into());
        }
    }
    let ids: Vec<i64> = people.iter().map(|one| one.person_id).collect();
    let bound = persons_bound(tx, &ids).await?;
    if let Some(one) = people.iter().find(|one| bound.contains(&one.person_id)) {
        let sentence = bound_sentence(tx, one.person_id, &one.name).await?;
        return Err(FieldErrors::from((person_field, sentence.as_str())).into());
    }
    let names: Vec<String> = people.iter().map(|one| one.name.clone()).collect();
    let relations: Vec<String> = people.iter().map(|one| one.relation.code().to_owned()).collect();
    sqlx::query_scalar!(
        "insert into binding (district_id, estate_id, unit_id, room_id, person_id, person_name, relation, from_on, contract_id,
                              created_at, created_by)
         select u.district_id, u.estate_id, u.id, n.room, n.person, n.name, n.relation, $6, $7, $8, $9
         from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[]) as n (room, person, name, relation)
         join unit u on u.id = $1
         returning id",
        house.unit,
        &wanted,
        &ids,
        &names,
        &relations,
        house.from_on,
        house.contract,
        ctx.now(),
        ctx.actor_id(),
    )
    .fetch_all(connection(tx))
    .await
    .map_err(|error| {
        Error::from(error).or_field(&[
            ("binding_lessee_key", room_field, HAS_LESSEE),
            ("binding_person_key", person_field, "该人员刚刚在其他房间登记入住，请刷新后再办理"),
        ])
    })
}

/// Which of these persons live in a room somewhere in the city.
pub(crate) async fn persons_bound(tx: &mut Tx, persons: &[i64]) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!(r#"select persons_bound($1) as "person!""#, persons).fetch_all(connection(tx)).await?)
}

/// What is told about somebody who lives in a room; which one it is only to whoever may see it.
async fn bound_sentence(tx: &mut Tx, person: i64, name: &str) -> Result<String> {
    let place = sqlx::query_scalar!(
        r#"select e.name || u.address || case when r.name = u.room_no then '' else ' ' || r.name end as "place!"
           from binding b join room r on r.id = b.room_id join unit u on u.id = b.unit_id join estate e on e.id = b.estate_id
           where b.person_id = $1 and b.to_on is null"#,
        person
    )
    .fetch_optional(connection(tx))
    .await?;
    Ok(match place {
        Some(place) => format!("{name}已绑定房间{place}"),
        None => format!("{name}已绑定其他机构的房间，请联系市住房保障中心办理"),
    })
}

/// Ends what a contract brought into rooms (§3.15): by the exit alone (S1-5.4). A home that was taken over is left with
/// `contract` none. Answers how many moved out.
///
/// Who moved in behind that day left on the day on which he came.
///
/// # Errors
/// When the database fails.
pub(crate) async fn bindings_end(tx: &mut Tx, ctx: &Ctx, house: &House, to_on: NaiveDate, reason: &str) -> Result<u64> {
    let ended = sqlx::query!(
        "update binding set to_on = greatest($3, from_on), ended_reason = $4, ended_at = $5, ended_by = $6
         where unit_id = $1 and contract_id is not distinct from $2 and to_on is null",
        house.unit,
        house.contract,
        to_on,
        reason,
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    Ok(ended.rows_affected())
}
