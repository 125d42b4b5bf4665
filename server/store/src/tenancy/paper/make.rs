//! What a paper says (S0-5): made anew from what there is whenever it is asked for, and told by its digest.

use super::super::{
    contract::contract_get,
    exit::exit_get,
    template::{InForce, in_force, printed_with},
};
use super::suit::suit_made;
use crate::{
    Ctx, Error, Result,
    billing::{
        dunning::{NoticeRecord, notices_read},
        notice::{Whose, notices},
        payment::receipt_get,
    },
    ctx::{Tx, china_day, connection},
    platform::{cipher::Kind, dictionary::labels_get, setting::settings_get},
};
use chrono::{DateTime, FixedOffset, Utc};
use domain::{
    billing::{notice::NOTICES_MAX, receipt::receipt_paper},
    dictionary::LabelBook,
    failure::Failure,
    id::{ContractId, ExitId, PaymentId},
    paper::Paper,
    platform::{
        permission::Permission,
        print::{PaperKind, PrintFields},
    },
    tenancy::{
        contract_paper::{LesseeNumbers, contract_papers},
        exit_paper::{inspection_paper, settlement_paper},
        template::TemplateKind,
    },
    value::Complaint,
};
use sha2::{Digest as _, Sha256};
use std::collections::{HashMap, hash_map::Entry};

/// Papers, and what the log says about them.
pub(super) struct Made {
    pub district_id: i64,
    pub estate_id: i64,
    pub number: String,
    pub template: Option<InForce>,
    /// nothing that counts
    pub draft: bool,
    /// the contract whose numbers stand there in clear
    pub reveals: Option<i64>,
    pub papers: Vec<Paper>,
    /// SHA-256 of what they say
    pub digest: String,
}

fn unreadable(complaint: Complaint) -> Error {
    Failure::refused(format!("模板无法使用：{}", complaint.text())).into()
}

/// What every paper is made with.
pub(super) struct Desk {
    pub city: String,
    pub labels: LabelBook,
}

pub(super) async fn desk(ctx: &Ctx) -> Result<Desk> {
    Ok(Desk { city: settings_get(ctx.database()).await?.city_name, labels: labels_get(ctx.database()).await? })
}

/// What is to be printed as it is now; `nth` is which print of it this is, from one.
pub(super) async fn make(ctx: &Ctx, fields: &PrintFields, nth: Option<i32>) -> Result<Made> {
    let made = match fields.paper {
        PaperKind::Contract => contract(ctx, fields.id, nth).await?,
        PaperKind::Receipt => receipt(ctx, fields.id, nth).await?,
        PaperKind::Notice => month_notices(ctx, Whose::Account(fields.id), fields).await?,
        PaperKind::Notices => month_notices(ctx, Whose::Estate(fields.id), fields).await?,
        PaperKind::Dunning => return dunning(ctx, fields.id, nth).await,
        PaperKind::Lawsuit => return suit_made(ctx, fields.id).await,
        PaperKind::ExitBill | PaperKind::ExitSheet => leaving(ctx, fields, nth).await?,
    };
    Ok(sealed(made))
}

/// Writes at the foot of each paper what tells its text, and adds it up.
pub(super) fn sealed(mut made: Made) -> Made {
    let mut whole = Sha256::new();
    for paper in &mut made.papers {
        let digest = hex(&Sha256::digest(paper.content().as_bytes()));
        whole.update(digest.as_bytes());
        let template =
            made.template.as_ref().map(|it| format!("　模板：{} V{}", it.name, it.version)).unwrap_or_default();
        let line = format!("文本摘要(SHA-256)：{digest}{template}");
        paper.foot = if paper.foot.is_empty() { line } else { format!("{}\n{line}", paper.foot) };
    }
    made.digest = hex(&whole.finalize());
    made
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn again(nth: Option<i32>) -> String {
    nth.filter(|nth| *nth > 1).map(|nth| format!("补打第{}次", nth - 1)).unwrap_or_default()
}

/// A contract: approved in clear, before that hidden numbers and 草稿 across it. Its wording stays: that of its first print, and
/// before there was one that in force on the day of its approval, or of its signing when it came from elsewhere.
pub(super) async fn contract(ctx: &Ctx, id: i64, nth: Option<i32>) -> Result<Made> {
    ctx.require(Permission::ContractPrint)?;
    let contract = contract_get(ctx, ContractId(id)).await?;
    let Desk { city, labels } = desk(ctx).await?;
    let draft = !contract.row.status.watermark().is_empty();
    let mut tx = ctx.begin().await?;
    let first = sqlx::query_scalar!(
        r#"select template_id as "id!" from print_log
           where paper = 'CONTRACT' and object_id = $1 and kind = 'FIRST' and template_id is not null"#,
        id
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let template = match first {
        _ if draft => in_force(&mut tx, TemplateKind::Contract, ctx.today()).await?,
        Some(first) => printed_with(&mut tx, first).await?,
        None => {
            let day = contract.checked_at.map_or(contract.sign_on, china_day);
            in_force(&mut tx, TemplateKind::Contract, day).await?
        }
    };
    let row = sqlx::query!("select district_id, estate_id, id_number, phone from contract where id = $1", id)
        .fetch_one(connection(&mut tx))
        .await?;
    tx.commit().await?;
    let numbers = if draft {
        LesseeNumbers { id_number: contract.row.id_number_mask.clone(), phone: contract.phone_mask.clone() }
    } else {
        let ring = ctx.database().keys()?;
        LesseeNumbers {
            id_number: ring.open(Kind::IdNumber, &row.id_number)?,
            phone: ring.open(Kind::Phone, &row.phone)?,
        }
    };
    let wording = (template.name.as_str(), template.body.as_str());
    let papers = contract_papers(wording, &contract, &numbers, (&city, &labels), &again(nth)).map_err(unreadable)?;
    Ok(Made {
        district_id: row.district_id,
        estate_id: row.estate_id,
        number: contract.row.contract_no.unwrap_or_else(|| "待编号".to_owned()),
        template: Some(template),
        draft,
        reveals: Some(id),
        papers,
        digest: String::new(),
    })
}

async fn receipt(ctx: &Ctx, id: i64, nth: Option<i32>) -> Result<Made> {
    let receipt = receipt_get(ctx, PaymentId(id)).await?;
    let Desk { city, labels } = desk(ctx).await?;
    let mut tx = ctx.begin().await?;
    let place = sqlx::query!("select district_id, estate_id from payment where id = $1", id)
        .fetch_one(connection(&mut tx))
        .await?;
    tx.commit().await?;
    let before = nth.map_or(0, |nth| nth - 1);
    Ok(Made {
        district_id: place.district_id,
        estate_id: place.estate_id,
        number: receipt.row.receipt_no.clone(),
        template: None,
        draft: false,
        reveals: None,
        papers: vec![receipt_paper(&receipt, before, china_time(receipt.row.paid_at), (&city, &labels))],
        digest: String::new(),
    })
}

/// A moment as it stands on paper.
fn china_time(at: DateTime<Utc>) -> String {
    let china = FixedOffset::east_opt(8 * 3600).map(|offset| at.with_timezone(&offset));
    china.map(|at| at.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

/// The settlement or the sheet of an exit: by whoever sees its money, and by whoever inspects homes or prints contracts.
async fn leaving(ctx: &Ctx, fields: &PrintFields, nth: Option<i32>) -> Result<Made> {
    let settled = fields.paper == PaperKind::ExitBill;
    if settled {
        ctx.require(Permission::BillRead)?;
    } else if !ctx.actor().may(Permission::ExitInspect) {
        ctx.require(Permission::ContractPrint)?;
    }
    let exit = exit_get(ctx, ExitId(fields.id)).await?;
    let Desk { city, labels } = desk(ctx).await?;
    let made = if settled { settlement_paper } else { inspection_paper };
    let paper = made(&exit, again(nth), (&city, &labels))?;
    let mut tx = ctx.begin().await?;
    let place = sqlx::query!("select district_id, estate_id from exit_case where id = $1", fields.id)
        .fetch_one(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(Made {
        district_id: place.district_id,
        estate_id: place.estate_id,
        number: exit.row.exit_no,
        template: None,
        draft: false,
        reveals: None,
        papers: vec![paper],
        digest: String::new(),
    })
}

async fn month_notices(ctx: &Ctx, whose: Whose, fields: &PrintFields) -> Result<Made> {
    ctx.require(Permission::NoticePrint)?;
    ctx.require(Permission::BillRead)?;
    let month = fields.month.ok_or(Failure::NotFound)?;
    let Desk { city, labels } = desk(ctx).await?;
    let mut tx = ctx.begin().await?;
    let (district_id, estate_id, number) = match whose {
        Whose::Account(id) => {
            let row =
                sqlx::query!(r#"select district_id, estate_id, account_no as "no!" from account where id = $1"#, id)
                    .fetch_optional(connection(&mut tx))
                    .await?
                    .ok_or(Failure::NotFound)?;
            (row.district_id, row.estate_id, row.no)
        }
        Whose::Estate(id) => {
            let row = sqlx::query!("select district_id, name from estate where id = $1 and deleted_at is null", id)
                .fetch_optional(connection(&mut tx))
                .await?
                .ok_or(Failure::NotFound)?;
            (row.district_id, id, row.name)
        }
    };
    let found = notices(&mut tx, ctx, whose, month).await?;
    let template = in_force(&mut tx, TemplateKind::Notice, ctx.today()).await?;
    tx.commit().await?;
    if found.is_empty() {
        return Err(Failure::refused("无欠费，无需生成").into());
    }
    if found.len() > NOTICES_MAX {
        return Err(Failure::refused(format!("该小区欠费超过{NOTICES_MAX}户，请在租金账户中逐户打印")).into());
    }
    let wording = (template.name.as_str(), template.body.as_str());
    let papers = found
        .iter()
        .map(|notice| notice.paper(wording, (month, ctx.today()), (&city, &labels)))
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    Ok(Made {
        district_id,
        estate_id,
        number,
        template: Some(template),
        draft: false,
        reveals: None,
        papers,
        digest: String::new(),
    })
}

async fn dunning(ctx: &Ctx, id: i64, nth: Option<i32>) -> Result<Made> {
    ctx.require(Permission::DunningWrite)?;
    let desk = desk(ctx).await?;
    let mut tx = ctx.begin().await?;
    let made = dunning_made(&mut tx, ctx, &desk, &[(id, nth)]).await?.pop();
    tx.commit().await?;
    Ok(made.ok_or(Failure::NotFound)?.1)
}

/// 催缴通知书 of records that were printed or are about to be, in the same order and sealed; a record outside the scope is missing.
/// Their wording stays that of their first print, and before there was one that in force on the day which they bear.
pub(super) async fn dunning_made(
    tx: &mut Tx,
    ctx: &Ctx,
    desk: &Desk,
    records: &[(i64, Option<i32>)],
) -> Result<Vec<(i64, Made)>> {
    let ids: Vec<i64> = records.iter().map(|(id, _)| *id).collect();
    let mut notices: HashMap<i64, NoticeRecord> =
        notices_read(tx, &ids).await?.into_iter().map(|record| (record.id, record)).collect();
    let first = sqlx::query!(
        r#"select object_id, template_id as "template!" from print_log
           where paper = 'DUNNING' and object_id = any($1) and kind = 'FIRST' and template_id is not null"#,
        &ids
    )
    .fetch_all(connection(tx))
    .await?;
    let first: HashMap<i64, i64> = first.into_iter().map(|row| (row.object_id, row.template)).collect();
    let (mut wordings, mut made) = (HashMap::new(), Vec::with_capacity(records.len()));
    for (id, nth) in records {
        let Some(record) = notices.remove(id) else { continue };
        let Some(notice) = record.notice else {
            return Err(Failure::refused("通知书尚未登记打印，请刷新后再办理").into());
        };
        let key = (first.get(id).copied(), notice.printed_on);
        let template: &InForce = match wordings.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(match key.0 {
                Some(first) => printed_with(tx, first).await?,
                None => in_force(tx, TemplateKind::Dunning, notice.printed_on.min(ctx.today())).await?,
            }),
        };
        let wording = (template.name.as_str(), template.body.as_str());
        let paper = notice.paper(wording, (&desk.city, &desk.labels), &again(*nth)).map_err(unreadable)?;
        made.push((
            *id,
            sealed(Made {
                district_id: record.district_id,
                estate_id: record.estate_id,
                number: notice.number,
                template: Some(template.clone()),
                draft: false,
                reveals: None,
                papers: vec![paper],
                digest: String::new(),
            }),
        ));
    }
    Ok(made)
}
