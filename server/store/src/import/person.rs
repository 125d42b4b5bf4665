//! I-08 人员 (domain.md §7.8). Documents are compared by their digests, the whole city at once and answered yes or no:
//! whose record it is stays with who may see it.

use super::{Errors, Importer, Row, Run, name::Organizations};
use crate::{
    Error, Result, Scope,
    ctx::{Tx, connection},
    person::{
        KEEPERS,
        number::{Holder, Index, Numbers, typed},
    },
    platform::cipher::{KeyRing, Kind},
};
use domain::{
    dictionary::{IdType, OrganizationType},
    person::{
        NumberChange, PersonFields, PersonForm, Secret,
        import_sheet::{PERSON_IMPORT, column_of},
    },
    sheet::{ImportSheet, RowError},
};
use sqlx::{Acquire as _, PgConnection};
use std::collections::{HashMap, HashSet};

/// What a row is told whose document somebody holds whose record the actor does not see.
const ELSEWHERE: &str = "该证件号码已由其他机构登记，请联系市住房保障中心办理";

/// The importer of I-08; what a planned row resolved to waits here for its write.
#[derive(Default)]
pub(super) struct Persons {
    /// option 更新
    pub update_known: bool,
    organizations: Organizations,
    resolved: HashMap<u32, Resolved>,
}

struct Resolved {
    fields: PersonFields,
    district: Option<i64>,
    /// of the document, under every key
    digests: Vec<Vec<u8>>,
    /// the record that the row changes
    known: Option<i64>,
}

/// A record in scope whose document a row names.
struct Known {
    id: i64,
    name: String,
    merged: bool,
}

impl Importer<PersonForm> for Persons {
    fn sheet(&self) -> &'static ImportSheet<PersonForm> {
        &PERSON_IMPORT
    }

    fn key(&self, form: &PersonForm) -> String {
        IdType::from_code(&form.id_type).map(|id_type| typed(id_type, &form.id_number)).unwrap_or_default()
    }

    fn taken(&self, _: &PersonForm) -> RowError {
        RowError::says("证件号码", "人员已存在")
    }

    async fn plan(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<PersonForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<PersonForm>>> {
        self.resolved.clear();
        self.organizations.learn(tx, rows.iter().map(|row| row.form.organization.as_str())).await?;
        let ring = run.ctx.database().keys()?;
        let mut planned = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(resolved) = self.resolve(run, ring, &row, errors) {
                self.resolved.insert(row.row_no, resolved);
                planned.push(row);
            }
        }
        self.compare(tx, &mut planned, errors).await?;
        Ok(planned)
    }

    async fn write(&mut self, run: &Run, tx: &mut Tx, rows: Vec<Row<PersonForm>>, errors: &mut Errors) -> Result<()> {
        let ring = run.ctx.database().keys()?;
        let (known, mut fresh): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| self.resolved[&row.row_no].known.is_some());
        self.change(run, tx, ring, &known).await?;
        while !fresh.is_empty() {
            let mut attempt = connection(tx).begin().await?;
            match self.insert(run, &mut attempt, ring, &fresh).await {
                Ok(()) => return Ok(attempt.commit().await?),
                // Somebody entered one of them at this moment: which, the documents tell.
                Err(Error::Database(sqlx::Error::Database(error)))
                    if error.constraint() == Some("person_number_id") =>
                {
                    attempt.rollback().await?;
                    let before = fresh.len();
                    let taken = taken(tx, self.digests(&fresh)).await?;
                    fresh.retain(|row| {
                        let free = self.resolved[&row.row_no].digests.iter().all(|digest| !taken.contains(digest));
                        if !free {
                            errors.push(row.row_no, self.taken(&row.form));
                        }
                        free
                    });
                    if fresh.len() == before {
                        return Err(Error::Broken("a document is taken by nobody".into()));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Persons {
    /// What a row means by itself; complains about everything that it cannot mean.
    fn resolve(&self, run: &Run, ring: &KeyRing, row: &Row<PersonForm>, errors: &mut Errors) -> Option<Resolved> {
        let (row_no, form) = (row.row_no, &row.form);
        let keeper = self.keeper(run, &form.organization);
        let named = PersonForm {
            organization: keeper.as_ref().map(|(id, _)| id.to_string()).unwrap_or_else(|_| "0".to_owned()),
            ..form.clone()
        };
        let checked = named.check_import(run.ctx.today(), run.settings.tolerate_ids);
        if let Err(complaints) = &checked {
            for (field, sentence) in &complaints.0 {
                errors.add(row_no, column_of(field), sentence.clone());
            }
        }
        let (_, district) = keeper.map_err(|sentence| errors.add(row_no, "所属机构", sentence)).ok()?;
        let fields = checked.ok()?;
        let NumberChange::Set { plain, .. } = &fields.id_number else { return None };
        let digests = ring.indexes(Kind::IdNumber, &typed(fields.id_type, plain));
        Some(Resolved { digests, district, known: None, fields })
    }

    /// The organisation that a row names, with its district, when the actor may enter persons for it.
    fn keeper(&self, run: &Run, name: &str) -> std::result::Result<(i64, Option<i64>), String> {
        let found =
            self.organizations.find("所属机构", name, KEEPERS, run.ctx.only_district())?.ok_or("所属机构不存在")?;
        let district = if found.kind == OrganizationType::District { Some(found.id) } else { found.district };
        let seen = match run.ctx.scope() {
            Scope::City { .. } => true,
            Scope::Districts(districts) => district.is_some_and(|district| districts.contains(&district)),
            Scope::Estates(_) => found.id == run.ctx.actor().organization_id.0,
            Scope::Nothing => false,
        };
        if seen { Ok((found.id, district)) } else { Err(format!("无权导入机构【{}】的数据", found.name)) }
    }

    fn digests(&self, rows: &[Row<PersonForm>]) -> Vec<Vec<u8>> {
        rows.iter().flat_map(|row| self.resolved[&row.row_no].digests.iter().cloned()).collect()
    }

    /// Compares the documents with those of the city, and with each other: an old number of 15 digits and its form of
    /// today are one document.
    async fn compare(&mut self, tx: &mut Tx, planned: &mut Vec<Row<PersonForm>>, errors: &mut Errors) -> Result<()> {
        let digests = self.digests(planned);
        let taken = taken(tx, digests.clone()).await?;
        let known = if self.update_known { known(tx, digests).await? } else { HashMap::new() };
        let mut met: HashMap<Vec<u8>, String> = HashMap::new();
        planned.retain(|row| {
            let Some(resolved) = self.resolved.get_mut(&row.row_no) else { return false };
            let key = IdType::from_code(&row.form.id_type).map(|kind| typed(kind, &row.form.id_number));
            let key = key.unwrap_or_default();
            let complaint = if !resolved.digests.iter().any(|digest| taken.contains(digest)) {
                let first = met.entry(resolved.digests[0].clone()).or_insert_with(|| key.clone());
                (*first != key).then_some("人员已存在")
            } else if !self.update_known {
                Some("人员已存在")
            } else {
                match resolved.digests.iter().find_map(|digest| known.get(digest)) {
                    None => Some(ELSEWHERE),
                    Some(known) if known.merged => Some("该记录已合并，请到合并后的人员办理"),
                    // The telephone of another human would be written into this one's record.
                    Some(known) if known.name != resolved.fields.name => Some("姓名与证件号不一致"),
                    Some(known) => {
                        resolved.known = Some(known.id);
                        None
                    }
                }
            };
            if let Some(sentence) = complaint {
                errors.add(row.row_no, "证件号码", sentence);
            }
            complaint.is_none()
        });
        Ok(())
    }

    /// Enters new persons: one statement for them, one for their digests.
    async fn insert(
        &self,
        run: &Run,
        connection: &mut PgConnection,
        ring: &KeyRing,
        rows: &[Row<PersonForm>],
    ) -> Result<()> {
        let ids: Vec<i64> = sqlx::query_scalar!(
            r#"select nextval(pg_get_serial_sequence('person', 'id')) as "id!" from generate_series(1, $1)"#,
            i32::try_from(rows.len()).unwrap_or(i32::MAX)
        )
        .fetch_all(&mut *connection)
        .await?;
        let mut index = Index::default();
        let mut records = Vec::with_capacity(rows.len());
        for (id, row) in ids.into_iter().zip(rows) {
            let resolved = &self.resolved[&row.row_no];
            let mut numbers = Numbers::default();
            numbers.change(ring, &resolved.fields);
            index.add(ring, id, resolved.fields.id_type, &numbers)?;
            records.push(record(id, resolved, &numbers));
        }
        sqlx::query!(
            "insert into person (id, district_id, organization_id, name, person_type, id_type, id_verified, gender, birth,
                                 birth_year, nation, education, employer, emergency_contact, id_number, id_number_mask, phone,
                                 phone_mask, hukou_address, hukou_address_mask, live_address, live_address_mask,
                                 emergency_phone, emergency_phone_mask, key_id, created_by, updated_by, created_at, updated_at)
             overriding system value
             select id, district_id, organization_id, name, person_type, id_type, id_verified, gender, birth, birth_year, nation,
                    education, employer, emergency_contact, id_number, id_number_mask, phone, phone_mask, hukou_address,
                    hukou_address_mask, live_address, live_address_mask, emergency_phone, emergency_phone_mask, $2, $3, $3, $4, $4
             from jsonb_to_recordset($1) as t (id bigint, district_id bigint, organization_id bigint, name text,
                  person_type text, id_type text, id_verified text, gender text, birth date, birth_year int, nation text,
                  education text, employer text, emergency_contact text, id_number bytea, id_number_mask text, phone bytea,
                  phone_mask text, hukou_address bytea, hukou_address_mask text, live_address bytea, live_address_mask text,
                  emergency_phone bytea, emergency_phone_mask text)",
            serde_json::Value::Array(records),
            ring.active(),
            run.ctx.actor().id.0,
            run.ctx.now(),
        )
        .execute(&mut *connection)
        .await?;
        index.write(&mut *connection, false).await
    }

    /// Option 更新: telephone, addresses and employer of records that are there, as far as the rows say something.
    async fn change(&self, run: &Run, tx: &mut Tx, ring: &KeyRing, rows: &[Row<PersonForm>]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let resolved: HashMap<i64, &Resolved> = rows
            .iter()
            .map(|row| &self.resolved[&row.row_no])
            .filter_map(|resolved| Some((resolved.known?, resolved)))
            .collect();
        let ids: Vec<i64> = resolved.keys().copied().collect();
        let mut holders = Numbers::load_all(tx, &ids).await?;
        let mut index = Index::default();
        for Holder { id, id_type, numbers, .. } in &mut holders {
            numbers.update(ring, &resolved[id].fields);
            numbers.renew(ring)?;
            index.add(ring, *id, *id_type, numbers)?;
        }
        let records: Vec<serde_json::Value> = holders
            .iter()
            .map(|holder| {
                let mut record = sealed(&holder.numbers);
                record["id"] = holder.id.into();
                record["employer"] = serde_json::json!(resolved[&holder.id].fields.employer);
                record
            })
            .collect();
        sqlx::query!(
            "update person p set id_number = t.id_number, phone = t.phone, phone_mask = t.phone_mask, phone2 = t.phone2,
                    hukou_address = t.hukou_address, hukou_address_mask = t.hukou_address_mask, live_address = t.live_address,
                    live_address_mask = t.live_address_mask, bank_no = t.bank_no, emergency_phone = t.emergency_phone,
                    employer = coalesce(t.employer, p.employer), key_id = $2, updated_by = $3, updated_at = $4,
                    version = version + 1
             from jsonb_to_recordset($1) as t (id bigint, employer text, id_number bytea, phone bytea, phone_mask text,
                  phone2 bytea, hukou_address bytea, hukou_address_mask text, live_address bytea, live_address_mask text,
                  bank_no bytea, emergency_phone bytea)
             where p.id = t.id",
            serde_json::Value::Array(records),
            ring.active(),
            run.ctx.actor().id.0,
            run.ctx.now(),
        )
        .execute(connection(tx))
        .await?;
        index.write(connection(tx), true).await
    }
}

/// Which of these documents somebody in the city holds.
async fn taken(tx: &mut Tx, digests: Vec<Vec<u8>>) -> Result<HashSet<Vec<u8>>> {
    let taken = sqlx::query_scalar!(r#"select person_digests_taken($1) as "digest!""#, &digests)
        .fetch_all(connection(tx))
        .await?;
    Ok(taken.into_iter().collect())
}

/// The records in scope behind these documents.
async fn known(tx: &mut Tx, digests: Vec<Vec<u8>>) -> Result<HashMap<Vec<u8>, Known>> {
    let rows = sqlx::query!(
        r#"select n.digest, p.id, p.name, p.merged_into is not null as "merged!" from person_number n
           join person p on p.id = n.person_id where n.kind = 'ID' and n.digest = any($1) and p.deleted_at is null"#,
        &digests
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows.into_iter().map(|row| (row.digest, Known { id: row.id, name: row.name, merged: row.merged })).collect())
}

/// The sealed columns and their masks, bytes as PostgreSQL reads them.
fn sealed(numbers: &Numbers) -> serde_json::Value {
    let mut record = serde_json::Map::new();
    for secret in Secret::ALL {
        let bytes = numbers.bytes(secret).map(|bytes| format!("\\x{}", crate::platform::token::hex(&bytes)));
        record.insert(secret.column().to_owned(), bytes.into());
        record.insert(format!("{}_mask", secret.column()), numbers.mask(secret).into());
    }
    record.into()
}

fn record(id: i64, resolved: &Resolved, numbers: &Numbers) -> serde_json::Value {
    let fields = &resolved.fields;
    let mut record = sealed(numbers);
    for (column, value) in [
        ("id", serde_json::json!(id)),
        ("district_id", serde_json::json!(resolved.district)),
        ("organization_id", serde_json::json!(fields.organization_id.0)),
        ("name", serde_json::json!(fields.name)),
        ("person_type", serde_json::json!(fields.person_type.code())),
        ("id_type", serde_json::json!(fields.id_type.code())),
        ("id_verified", serde_json::json!(fields.id_verified.code())),
        ("gender", serde_json::json!(fields.gender.map(|value| value.code()))),
        ("birth", serde_json::json!(fields.birth)),
        ("birth_year", serde_json::json!(fields.birth_year)),
        ("nation", serde_json::json!(fields.nation.map(|value| value.code()))),
        ("education", serde_json::json!(fields.education.map(|value| value.code()))),
        ("employer", serde_json::json!(fields.employer)),
        ("emergency_contact", serde_json::json!(fields.emergency_contact)),
    ] {
        record[column] = value;
    }
    record
}
