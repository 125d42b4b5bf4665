//! Asking for an adjustment: whom it would concern, and the document with its contracts.

use super::standing::{Adjusted, Candidate, candidates_of, standards_load};
use crate::{
    Ctx, Error, Result, Scope,
    ctx::{Tx, connection},
};
use chrono::{Days, NaiveDate};
use domain::{
    billing::adjustment::{
        AdjustType, AdjustmentFields, AdjustmentForm, AdjustmentOffer, AdjustmentPreview, IS_BILLED, IS_LEAVING,
        IS_PENDING, NO_CONTRACT, NO_STANDARD, NOTICE_DAYS, NewRent, PreviewRow, SHOWN, Target, next_month,
    },
    dictionary::ApplicantCategory,
    failure::{Failure, FieldErrors},
    platform::permission::Permission,
    value::Money,
};
use std::collections::{BTreeMap, HashSet};

/// What the form offers.
///
/// # Errors
/// Without [`Permission::RentAdjust`].
pub async fn adjustment_offer(ctx: &Ctx) -> Result<AdjustmentOffer> {
    ctx.require(Permission::RentAdjust)?;
    let mut tx = ctx.begin().await?;
    let districts = sqlx::query!(
        "select distinct d.id, d.name from organization d join estate e on e.district_id = d.id order by d.name"
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let standards = sqlx::query!(
        r#"select id, code || ' ' || name || case when status = 'ON' then '' else '（停用）' end as "label!" from rent_standard order by code"#
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let estates = sqlx::query!("select id, name from estate where deleted_at is null order by name, id")
        .fetch_all(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(AdjustmentOffer {
        districts: districts.into_iter().map(|row| (row.id, row.name)).collect(),
        standards: standards.into_iter().map(|row| (row.id, row.label)).collect(),
        estates: estates.into_iter().map(|row| (row.id, row.name)).collect(),
        month: next_month(ctx.today()),
    })
}

/// What an adjustment comes to: contracts with their new rent, and how many stay as they are, by the reason.
struct Drafted {
    changes: Vec<(Candidate, Adjusted)>,
    left_out: BTreeMap<String, i32>,
}

async fn drafted(tx: &mut Tx, fields: &AdjustmentFields) -> Result<Drafted> {
    let standards = standards_load(tx).await?;
    let candidates = candidates_of(tx, &fields.target).await?;
    let single = matches!(fields.target, Target::Contract(_));
    if single && candidates.is_empty() {
        return Err(FieldErrors::from(("contract_no", NO_CONTRACT)).into());
    }
    let mut drafted = Drafted { changes: Vec::with_capacity(candidates.len()), left_out: BTreeMap::new() };
    for candidate in candidates {
        match candidate.adjusted(fields.kind, fields.rate, fields.month, None, &standards) {
            Ok(adjusted) => drafted.changes.push((candidate, adjusted)),
            Err(complaint) if single => {
                return Err(FieldErrors::from((field_of(complaint.text()), complaint.text())).into());
            }
            Err(complaint) => *drafted.left_out.entry(complaint.text().to_owned()).or_default() += 1,
        }
    }
    Ok(drafted)
}

/// Beside which field a complaint about one contract stands.
fn field_of(complaint: &str) -> &'static str {
    match complaint {
        IS_BILLED => "month",
        NO_STANDARD => "new_rate",
        IS_LEAVING | IS_PENDING | NO_CONTRACT => "contract_no",
        _ if complaint.contains("月份") => "month",
        _ if complaint.contains("租金相同") => "new_rate",
        _ => "contract_no",
    }
}

fn totals(changes: &[(Candidate, Adjusted)]) -> (Money, Money) {
    let sum = |of: fn(&NewRent) -> Money| changes.iter().map(|(_, adjusted)| of(&adjusted.rent)).sum();
    (sum(|rent| rent.old_payable), sum(|rent| rent.payable))
}

/// Who would be affected, and by how much; nothing is written.
///
/// # Errors
/// Complaints by field; without [`Permission::RentAdjust`].
pub async fn adjustment_preview(ctx: &Ctx, form: &AdjustmentForm) -> Result<AdjustmentPreview> {
    ctx.require(Permission::RentAdjust)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let drafted = drafted(&mut tx, &fields).await?;
    tx.commit().await?;
    let (old_total, new_total) = totals(&drafted.changes);
    let soon = noticed(ctx);
    let shown = drafted.changes.iter().take(SHOWN).map(|(candidate, Adjusted { rent, .. })| PreviewRow {
        contract_no: candidate.contract_no.clone(),
        lessee: candidate.lessee.clone(),
        address: candidate.address.clone(),
        old_rate: candidate.standing.rate,
        old_rent: rent.old_payable,
        new_rent: rent.payable,
        from_on: rent.from,
    });
    Ok(AdjustmentPreview {
        contracts: i32::try_from(drafted.changes.len()).unwrap_or(i32::MAX),
        old_total,
        new_total,
        changes: shown.collect(),
        left_out: drafted.left_out.into_iter().collect(),
        short_notice: drafted
            .changes
            .iter()
            .any(|(_, Adjusted { rent, .. })| rent.payable > rent.old_payable && rent.from < soon),
    })
}

/// The first day of which tenants know in time when they are told today.
pub(super) fn noticed(ctx: &Ctx) -> NaiveDate {
    ctx.today().checked_add_days(Days::new(NOTICE_DAYS.unsigned_abs())).unwrap_or(ctx.today())
}

/// Asks for an adjustment. The same request again finds the first one.
///
/// # Errors
/// Complaints by field; without [`Permission::RentAdjust`]; a refusal when no contract would change.
pub async fn adjustment_create(ctx: &Ctx, form: &AdjustmentForm) -> Result<i64> {
    ctx.require(Permission::RentAdjust)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let known =
        sqlx::query!("select id, maker_id from rent_adjustment where request_id = $1::text::uuid", fields.request)
            .fetch_optional(connection(&mut tx))
            .await?;
    match known {
        Some(row) if row.maker_id == ctx.actor().id.0 => return Ok(row.id),
        Some(_) => return Err(Failure::refused("页面已过期，请刷新后再办理").into()),
        None => {}
    }
    let drafted = drafted(&mut tx, &fields).await?;
    if drafted.changes.is_empty() {
        let reason = drafted.left_out.into_keys().next().unwrap_or_else(|| "所选范围内没有履行中的合同".to_owned());
        return Err(Failure::refused(format!("没有需要调整的合同：{reason}")).into());
    }
    let target = target_words(&mut tx, &fields.target).await?;
    let new = NewAdjustment {
        request: Some(&fields.request),
        job: None,
        kind: fields.kind,
        target: &target,
        month: fields.month,
        doc_no: &fields.doc_no,
        remark: fields.remark.as_deref(),
    };
    let changes: Vec<Change<'_>> =
        drafted.changes.iter().map(|(candidate, adjusted)| (candidate, *adjusted, None)).collect();
    match adjustment_insert(&mut tx, ctx, &new, &changes).await? {
        Some((id, added)) if added.len() == changes.len() => {
            tx.commit().await?;
            Ok(id)
        }
        _ => Err(Failure::refused(IS_PENDING).into()),
    }
}

async fn target_words(tx: &mut Tx, target: &Target) -> Result<String> {
    let (standard, estate, category) = match target {
        Target::Contract(number) => return Ok(format!("合同{number}")),
        Target::All { standard, estate, category, .. } => (standard, estate, category),
    };
    let mut words = Vec::new();
    if let Some(estate) = estate {
        let name = sqlx::query_scalar!("select name from estate where id = $1", estate.0)
            .fetch_optional(connection(tx))
            .await?;
        words.push(name.unwrap_or_default());
    }
    if let Some(standard) = standard {
        let code = sqlx::query_scalar!("select code from rent_standard where id = $1", standard.0)
            .fetch_optional(connection(tx))
            .await?;
        words.push(format!("租金标准{}", code.unwrap_or_default()));
    }
    words.extend(category.map(ApplicantCategory::label).map(ToOwned::to_owned));
    Ok(words.join("、"))
}

/// What a document says of its contracts.
pub(crate) struct NewAdjustment<'a> {
    pub request: Option<&'a str>,
    pub job: Option<&'a str>,
    pub kind: AdjustType,
    pub target: &'a str,
    pub month: NaiveDate,
    pub doc_no: &'a str,
    pub remark: Option<&'a str>,
}

/// A contract of a document, with what its checker should look at.
pub(crate) type Change<'a> = (&'a Candidate, Adjusted, Option<&'a str>);

/// Writes a document with its contracts, which all lie in one district; answers its id and the contracts that went in. When
/// none did, there is no document.
///
/// # Errors
/// A refusal when who sees only some estates asks for several at once.
pub(crate) async fn adjustment_insert(
    tx: &mut Tx,
    ctx: &Ctx,
    new: &NewAdjustment<'_>,
    changes: &[Change<'_>],
) -> Result<Option<(i64, HashSet<i64>)>> {
    let first = changes.first().map(|(candidate, ..)| *candidate).ok_or(Failure::NotFound)?;
    let estate = changes.iter().all(|(candidate, ..)| candidate.estate == first.estate).then_some(first.estate);
    if estate.is_none() && matches!(ctx.scope(), Scope::Estates(_)) {
        return Err(Failure::refused("请按小区分别办理租金调整").into());
    }
    sqlx::query!("savepoint adjustment").execute(connection(tx)).await?;
    let id = sqlx::query_scalar!(
        "insert into rent_adjustment (district_id, estate_id, request_id, job_id, kind, target, month, doc_no, remark, maker_id, made_at)
         values ($1, $2, $3::text::uuid, $4::text::uuid, $5, $6, $7, $8, $9, $10, $11) returning id",
        first.district,
        estate,
        new.request,
        new.job,
        new.kind.code(),
        new.target,
        new.month,
        new.doc_no,
        new.remark,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(tx))
    .await
    .map_err(|error| {
        Error::from(error).or_field(&[("rent_adjustment_request_key", "doc_no", "页面已过期，请刷新后再办理")])
    })?;
    let added = changes_add(tx, id, changes).await?;
    if added.is_empty() {
        // Nobody may delete documents, so it is as if it had not been written.
        sqlx::query!("rollback to savepoint adjustment").execute(connection(tx)).await?;
        return Ok(None);
    }
    Ok(Some((id, added)))
}

/// Adds contracts to a document that waits; answers those that went in: not the ones that got an adjustment meanwhile. Whoever
/// has looked at the document before looks at it again.
pub(crate) async fn changes_add(tx: &mut Tx, adjustment: i64, changes: &[Change<'_>]) -> Result<HashSet<i64>> {
    let number = |of: fn(&Change<'_>) -> i64| changes.iter().map(of).collect::<Vec<i64>>();
    let days: Vec<NaiveDate> = changes.iter().map(|(_, adjusted, _)| adjusted.rent.from).collect();
    let standards: Vec<Option<i64>> = changes.iter().map(|(_, adjusted, _)| adjusted.standard).collect();
    let remarks: Vec<Option<&str>> = changes.iter().map(|(.., remark)| *remark).collect();
    let added = sqlx::query_scalar!(
        "insert into rent_change (district_id, estate_id, adjustment_id, contract_id, old_rate, new_rate, old_base_fen, old_rent_fen,
                                  new_base_fen, new_rent_fen, from_on, rent_standard_id, remark)
         select c.district_id, c.estate_id, $1, c.id, t.old_rate::integer, t.new_rate::integer, t.old_base, t.old_rent, t.new_base,
                t.new_rent, t.from_on, t.standard, t.remark
         from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::date[],
                     $10::bigint[], $11::text[])
              as t (contract, old_rate, new_rate, old_base, old_rent, new_base, new_rent, from_on, standard, remark)
         join contract c on c.id = t.contract order by c.id
         on conflict (contract_id) where status = 'PENDING' do nothing returning contract_id",
        adjustment,
        &number(|(candidate, ..)| candidate.contract),
        &number(|(candidate, ..)| candidate.standing.rate.ten_thousandths()),
        &number(|(_, adjusted, _)| adjusted.rate.ten_thousandths()),
        &number(|(_, adjusted, _)| adjusted.rent.old_full.fen()),
        &number(|(_, adjusted, _)| adjusted.rent.old_payable.fen()),
        &number(|(_, adjusted, _)| adjusted.rent.full.fen()),
        &number(|(_, adjusted, _)| adjusted.rent.payable.fen()),
        &days,
        &standards as &[Option<i64>],
        &remarks as &[Option<&str>],
    )
    .fetch_all(connection(tx))
    .await?;
    sqlx::query!(
        "update rent_adjustment r set contracts = t.contracts, old_total_fen = t.old_total, new_total_fen = t.new_total,
                estate_id = t.estate, version = r.version + (r.contracts > 0)::integer
         from (select count(*)::integer as contracts, case when min(estate_id) = max(estate_id) then min(estate_id) end as estate, coalesce(sum(old_rent_fen), 0)::bigint as old_total,
                      coalesce(sum(new_rent_fen), 0)::bigint as new_total
               from rent_change where adjustment_id = $1) t
         where r.id = $1",
        adjustment
    )
    .execute(connection(tx))
    .await?;
    Ok(added.into_iter().collect())
}
