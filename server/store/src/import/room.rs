//! I-04 房间(单元)资料 (domain.md §7.4): rooms of units that are there.

use super::{Errors, Importer, Row, Run};
use crate::{
    Result,
    ctx::{Tx, connection},
    error::stored,
    housing::{room::rate_column, unit::area_column},
    platform::cipher::Kind,
};
use domain::{
    dictionary::{RoomType, UnitStatus},
    housing::room_sheet::{ROOM_IMPORT, RoomImportForm},
    sheet::{ImportSheet, RowError},
    value::Phone,
};
use std::collections::{HashMap, HashSet};

/// How a file names a unit: estate, building, entrance, room number.
type UnitName = (String, String, String, String);

/// The importer of I-04; what the rows of a chunk resolved to waits here for its write.
#[derive(Default)]
pub(super) struct Rooms {
    units: HashMap<UnitName, Vec<Unit>>,
}

#[derive(Clone, Copy)]
struct Unit {
    id: i64,
    status: UnitStatus,
}

fn unit_name(form: &RoomImportForm) -> UnitName {
    (form.estate.clone(), form.building.clone(), form.entrance.clone(), form.room_no.clone())
}

impl Importer<RoomImportForm> for Rooms {
    fn sheet(&self) -> &'static ImportSheet<RoomImportForm> {
        &ROOM_IMPORT
    }

    fn key(&self, form: &RoomImportForm) -> String {
        [&form.estate, &form.building, &form.entrance, &form.room_no, &form.name].map(String::as_str).join("\u{1}")
    }

    fn taken(&self, _: &RoomImportForm) -> RowError {
        RowError::says("房间名称", "房间已存在")
    }

    async fn plan(
        &mut self,
        _: &Run,
        tx: &mut Tx,
        rows: Vec<Row<RoomImportForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<RoomImportForm>>> {
        self.learn_units(tx, &rows).await?;
        let known = self.known_rooms(tx, &rows).await?;
        let mut planned = Vec::with_capacity(rows.len());
        for row in rows {
            match self.judge(&row.form, &known) {
                Ok(()) => planned.push(row),
                Err(error) => errors.push(row.row_no, error),
            }
        }
        Ok(planned)
    }

    async fn write(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<RoomImportForm>>,
        errors: &mut Errors,
    ) -> Result<()> {
        let mut new = NewRooms::default();
        for row in &rows {
            new.push(run, self.units[&unit_name(&row.form)][0].id, &row.form)?;
        }
        let written = new.insert(run, tx).await?;
        for (row, unit) in rows.iter().zip(&new.units) {
            if !written.contains(&(*unit, row.form.name.clone())) {
                errors.push(row.row_no, self.taken(&row.form));
            }
        }
        Ok(())
    }
}

impl Rooms {
    /// Looks up the units that the rows name, as far as the scope lets them be seen.
    async fn learn_units(&mut self, tx: &mut Tx, rows: &[Row<RoomImportForm>]) -> Result<()> {
        self.units.clear();
        let names: HashSet<UnitName> = rows.iter().map(|row| unit_name(&row.form)).collect();
        let mut columns: [Vec<String>; 4] = Default::default();
        for (estate, building, entrance, room) in &names {
            for (column, text) in columns.iter_mut().zip([estate, building, entrance, room]) {
                column.push(text.clone());
            }
        }
        let [estates, buildings, entrances, numbers] = columns;
        let found = sqlx::query!(
            r#"select u.id, u.status, w.estate as "estate!", w.building as "building!", w.entrance as "entrance!", w.room_no as "room_no!"
               from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as w (estate, building, entrance, room_no)
               join estate e on e.name = w.estate and e.deleted_at is null
               join building b on b.estate_id = e.id and b.no = w.building and b.deleted_at is null
               join unit u on u.building_id = b.id and u.entrance = w.entrance and u.room_no = w.room_no and u.deleted_at is null
               order by u.id"#,
            &estates,
            &buildings,
            &entrances,
            &numbers
        )
        .fetch_all(connection(tx))
        .await?;
        for row in found {
            let unit = Unit { id: row.id, status: stored(&row.status, UnitStatus::from_code)? };
            self.units.entry((row.estate, row.building, row.entrance, row.room_no)).or_default().push(unit);
        }
        Ok(())
    }

    /// The rooms that the units of this chunk have already.
    async fn known_rooms(&self, tx: &mut Tx, rows: &[Row<RoomImportForm>]) -> Result<HashSet<(i64, String)>> {
        let units: Vec<i64> = self.units.values().flatten().map(|unit| unit.id).collect();
        let names: Vec<String> = rows.iter().map(|row| row.form.name.clone()).collect();
        let known = sqlx::query!(
            "select unit_id, name from room where unit_id = any($1) and name = any($2) and deleted_at is null",
            &units,
            &names
        )
        .fetch_all(connection(tx))
        .await?;
        Ok(known.into_iter().map(|row| (row.unit_id, row.name)).collect())
    }

    fn judge(&self, form: &RoomImportForm, known: &HashSet<(i64, String)>) -> std::result::Result<(), RowError> {
        let unit = match self.units.get(&unit_name(form)).map(Vec::as_slice) {
            None | Some([]) => return Err(RowError::says("房号", "房源不存在")),
            Some([unit]) => unit,
            // I-04 names no district, and estates of two districts may bear one name.
            Some(_) => return Err(RowError::says("小区名称", "有多个同名小区含该房源，请在房源页面逐个新增房间")),
        };
        if known.contains(&(unit.id, form.name.clone())) {
            return Err(self.taken(form));
        }
        if unit.status != UnitStatus::Sold && !form.owner_name.is_empty() {
            return Err(RowError::says("业主姓名", "房源未售，不能填写业主"));
        }
        Ok(())
    }
}

/// Columns of rooms to be created.
#[derive(Default)]
struct NewRooms {
    units: Vec<i64>,
    names: Vec<String>,
    kinds: Vec<&'static str>,
    areas: Vec<Option<i32>>,
    capacities: Vec<Option<i32>>,
    rates: Vec<Option<i32>>,
    owners: Vec<Option<String>>,
    phones: Vec<Option<Vec<u8>>>,
    masks: Vec<Option<String>>,
    keys: Vec<Option<i16>>,
}

impl NewRooms {
    fn push(&mut self, run: &Run, unit: i64, form: &RoomImportForm) -> Result<()> {
        self.units.push(unit);
        self.names.push(form.name.clone());
        self.kinds.push(form.kind.unwrap_or(RoomType::Room).code());
        self.areas.push(form.area.map(area_column));
        self.capacities.push(form.capacity);
        self.rates.push(form.property_rate.map(rate_column));
        self.owners.push(Some(form.owner_name.clone()).filter(|name| !name.is_empty()));
        // Keys are asked for only where there is something to seal.
        let phone = Phone::parse(&form.owner_phone).ok();
        let ring = phone.as_ref().map(|_| run.ctx.database().keys()).transpose()?;
        self.phones.push(phone.as_ref().zip(ring).map(|(phone, ring)| ring.seal(Kind::Phone, phone.as_str())));
        self.masks.push(phone.as_ref().map(Phone::masked));
        self.keys.push(ring.map(crate::platform::cipher::KeyRing::active));
        Ok(())
    }

    /// Inserts and answers unit and name of the rooms that went in.
    async fn insert(&self, run: &Run, tx: &mut Tx) -> Result<HashSet<(i64, String)>> {
        let written = sqlx::query!(
            "insert into room (district_id, estate_id, unit_id, name, type, area, capacity, property_rate, owner_name, owner_phone,
                               owner_phone_mask, key_id, created_by, updated_by, created_at, updated_at)
             select u.district_id, u.estate_id, u.id, t.name, t.type, t.area, t.capacity, t.rate, t.owner, t.phone, t.mask, t.key,
                    $11, $11, $12, $12
             from unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::int[], $6::int[], $7::text[], $8::bytea[], $9::text[],
                         $10::smallint[]) as t (unit_id, name, type, area, capacity, rate, owner, phone, mask, key)
             join unit u on u.id = t.unit_id and u.deleted_at is null
             on conflict (unit_id, name) where deleted_at is null do nothing returning unit_id, name",
            &self.units,
            &self.names,
            &self.kinds as &[&str],
            &self.areas as &[Option<i32>],
            &self.capacities as &[Option<i32>],
            &self.rates as &[Option<i32>],
            &self.owners as &[Option<String>],
            &self.phones as &[Option<Vec<u8>>],
            &self.masks as &[Option<String>],
            &self.keys as &[Option<i16>],
            run.ctx.actor().id.0,
            run.ctx.now(),
        )
        .fetch_all(connection(tx))
        .await?;
        Ok(written.into_iter().map(|row| (row.unit_id, row.name)).collect())
    }
}
