//! Two records of one human: finding them, and making them one (S1-5.4). City-wide work, because the two may be kept by
//! organisations that do not see each other's.

use super::{binds, number::Index, person_load, rotate::persons_renew};
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    person::number::Numbers,
    platform::attachment::attachments_merge,
};
use domain::{
    dictionary::IdType,
    failure::Failure,
    id::PersonId,
    person::{
        Person,
        merge::{Likely, LikelyPerson, Likeness, MergeField, MergeForm, PersonEvent, reason_check},
    },
    platform::permission::Permission,
};
use sqlx::{Postgres, QueryBuilder};

/// Pairs that are shown at once; the next come when these are decided.
const PAIRS_SHOWN: i64 = 100;

/// What a record is told that another one replaces.
pub(super) fn closed() -> Error {
    Failure::refused("该记录已合并，请到合并后的人员办理").into()
}

/// Pairs of records that look like one human, the newest first.
///
/// # Errors
/// Without [`Permission::PersonMerge`].
pub async fn person_likely(ctx: &Ctx) -> Result<Vec<Likely>> {
    ctx.require(Permission::PersonMerge)?;
    let mut tx = ctx.begin().await?;
    let rows = sqlx::query!(
        r#"with shared as materialized (
             select kind, digest, array_agg(person_id order by person_id) as persons from person_number
             where kind in ('PHONE', 'PAPER') and key_id = $1 group by kind, digest having count(*) > 1
           ), pair as (
             select distinct on (a.id, b.id) s.kind, a.id as a, b.id as b
             from shared s cross join lateral unnest(s.persons) as x (id) cross join lateral unnest(s.persons) as y (id)
             join person a on a.id = x.id and a.deleted_at is null and a.merged_into is null
             join person b on b.id = y.id and b.deleted_at is null and b.merged_into is null
             where x.id < y.id and (s.kind = 'PAPER' or (a.name = b.name and a.birth_year = b.birth_year))
             order by a.id, b.id, s.kind
           )
           select kind, a.id as a_id, a.name as a_name, a.id_type as a_type, a.id_number_mask as a_number, a.phone_mask as a_phone,
                  ao.name as a_organization, b.id as b_id, b.name as b_name, b.id_type as b_type, b.id_number_mask as b_number,
                  b.phone_mask as b_phone, bo.name as b_organization
           from pair join person a on a.id = pair.a join organization ao on ao.id = a.organization_id
           join person b on b.id = pair.b join organization bo on bo.id = b.organization_id
           order by pair.b desc, pair.a limit $2"#,
        ctx.database().keys()?.active(),
        PAIRS_SHOWN
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    rows.into_iter()
        .map(|row| {
            let label = |code: &str| Ok::<_, Error>(stored(code, IdType::from_code)?.label().to_owned());
            Ok(Likely {
                likeness: if row.kind == "PAPER" { Likeness::Number } else { Likeness::Phone },
                pair: [
                    LikelyPerson {
                        id: PersonId(row.a_id),
                        name: row.a_name,
                        id_type: label(&row.a_type)?,
                        id_number: row.a_number,
                        phone: row.a_phone,
                        organization: row.a_organization,
                    },
                    LikelyPerson {
                        id: PersonId(row.b_id),
                        name: row.b_name,
                        id_type: label(&row.b_type)?,
                        id_number: row.b_number,
                        phone: row.b_phone,
                        organization: row.b_organization,
                    },
                ],
            })
        })
        .collect()
}

/// Makes one of two records. The other one stays, closed, and points to it; it goes to the same organisation, so that
/// whoever sees the survivor also finds it by the other's numbers. Of every chosen field the two exchange what they
/// hold: nothing is lost, and both documents lead to the survivor, who also gets the other's files, contracts and rooms.
///
/// # Errors
/// [`Failure::Conflict`] when either was changed since it was looked at; a complaint about the reason; a refusal of a
/// record that is merged already, of a record with itself, and of two that both have what one person has once.
pub async fn person_merge(ctx: &Ctx, form: &MergeForm) -> Result<PersonId> {
    ctx.require(Permission::PersonMerge)?;
    let reason = reason_check(&form.reason)?;
    if form.survivor == form.merged {
        return Err(Failure::refused("不能与自身合并").into());
    }
    let ring = ctx.database().keys()?;
    let mut tx = ctx.begin().await?;
    let ids = [form.survivor, form.merged];
    binds::hold(&mut tx, &ids).await?;
    // Held from here on, and sealed with one key, so that what is exchanged can be opened where it goes.
    persons_renew(&mut tx, ring, &ids).await?;
    for (id, version) in [(form.survivor, form.survivor_version), (form.merged, form.merged_version)] {
        let person: Person = person_load(&mut tx, PersonId(id)).await?;
        if person.merged_into.is_some() {
            return Err(closed());
        }
        if person.version != version {
            return Err(Failure::Conflict.into());
        }
    }
    exchange(&mut tx, form).await?;
    sqlx::query!(
        "update person m set merged_into = s.id, merged_at = $3, district_id = s.district_id, organization_id = s.organization_id
         from person s where s.id = $1 and (m.id = $2 or m.merged_into = $2)",
        form.survivor,
        form.merged,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!(
        "update person set version = version + 1, updated_by = $2, updated_at = $3 where id = any($1)",
        &ids,
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    attachments_merge(&mut tx, form.survivor, form.merged).await?;
    binds::hand_over(&mut tx, ctx, form.survivor, form.merged).await?;
    let mut index = Index::default();
    for holder in Numbers::load_all(&mut tx, &ids).await? {
        index.add(ring, holder.id, holder.id_type, &holder.numbers)?;
    }
    index.write(connection(&mut tx), true).await?;
    sqlx::query!(
        "insert into person_history (person_id, other_id, at, actor_id, event, reason)
         values ($1, $2, $3, $4, 'MERGE', $5), ($2, $1, $3, $4, 'MERGED', $5)",
        form.survivor,
        form.merged,
        ctx.now(),
        ctx.actor().id.0,
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(PersonId(form.survivor))
}

/// The two records exchange what the survivor takes.
async fn exchange(tx: &mut Tx, form: &MergeForm) -> Result<()> {
    let taken = MergeField::ALL.into_iter().filter(|field| form.taken.contains(field));
    let columns: Vec<String> =
        taken.flat_map(MergeField::columns).map(|column| format!("{column} = y.{column}")).collect();
    if columns.is_empty() {
        return Ok(());
    }
    let mut sql = QueryBuilder::<Postgres>::new("update person x set ");
    sql.push(columns.join(", ")).push(" from person y where (x.id = ").push_bind(form.survivor);
    sql.push(" and y.id = ").push_bind(form.merged).push(") or (x.id = ").push_bind(form.merged);
    sql.push(" and y.id = ").push_bind(form.survivor).push(")");
    sql.build().execute(connection(tx)).await?;
    Ok(())
}

/// The merges of a record, oldest first.
pub(super) async fn history(tx: &mut Tx, id: PersonId) -> Result<Vec<PersonEvent>> {
    let rows = sqlx::query!(
        r#"select h.at, user_name(h.actor_id) as actor, h.event, h.reason, p.name as "other?", p.id_number_mask as "number?"
           from person_history h left join person p on p.id = h.other_id where h.person_id = $1 order by h.id"#,
        id.0
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let other = format!("【{} {}】", row.other.unwrap_or_default(), row.number.unwrap_or_default());
            PersonEvent {
                at: row.at,
                actor: row.actor,
                text: match row.event.as_str() {
                    "MERGE" => format!("{other}合并至本人员"),
                    "MERGED" => format!("合并至{other}"),
                    _ => "删除".to_owned(),
                },
                reason: row.reason,
            }
        })
        .collect())
}
