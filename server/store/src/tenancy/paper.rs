//! Printing (S0-5, E-128, S1-12.7): what a paper says, and the log of who printed which copy of it. Whoever asks for
//! a print has it noted first and fetches the papers then, for a short time and only as they were noted.

use super::{
    contract::contract_get,
    template::{InForce, in_force, printed_with},
};
use crate::{
    Ctx, Error, Result,
    billing::{
        notice::{Whose, notices},
        payment::receipt_get,
    },
    ctx::{Tx, china_day, connection},
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
    platform::{cipher::Kind, dictionary::labels_get, setting::settings_get},
};
use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, Utc};
use domain::{
    billing::{notice::NOTICES_MAX, receipt::receipt_paper},
    dictionary::LabelBook,
    failure::{Failure, FieldErrors},
    housing::choice::Choice,
    id::{ContractId, PaymentId},
    list::{ListQuery, Page},
    paper::Paper,
    platform::{
        permission::Permission,
        print::{FETCH_MINUTES, PRINT_LIST, PaperKind, PrintFields, PrintForm, PrintKind, PrintRow},
    },
    tenancy::{
        contract_paper::{LesseeNumbers, contract_papers},
        template::TemplateKind,
    },
    value::Complaint,
};
use sha2::{Digest as _, Sha256};

const AGAIN: &str = "内容已变化，请重新打印";

/// Papers, and what the log says about them.
struct Made {
    district_id: i64,
    estate_id: i64,
    number: String,
    template: Option<InForce>,
    /// nothing that counts
    draft: bool,
    papers: Vec<Paper>,
    /// SHA-256 of what they say
    digest: String,
}

fn unreadable(complaint: Complaint) -> Error {
    Failure::refused(format!("模板无法使用：{}", complaint.text())).into()
}

/// What every paper is made with.
struct Desk {
    city: String,
    labels: LabelBook,
}

async fn desk(ctx: &Ctx) -> Result<Desk> {
    Ok(Desk { city: settings_get(ctx.database()).await?.city_name, labels: labels_get(ctx.database()).await? })
}

/// What is to be printed as it is now; `nth` is which print of it this is, from one.
async fn make(ctx: &Ctx, fields: &PrintFields, nth: Option<i32>) -> Result<Made> {
    let mut made = match fields.paper {
        PaperKind::Contract => contract(ctx, fields.id, nth).await?,
        PaperKind::Receipt => receipt(ctx, fields.id, nth).await?,
        PaperKind::Notice => month_notices(ctx, Whose::Account(fields.id), fields).await?,
        PaperKind::Notices => month_notices(ctx, Whose::Estate(fields.id), fields).await?,
    };
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
    Ok(made)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn again(nth: Option<i32>) -> String {
    nth.filter(|nth| *nth > 1).map(|nth| format!("补打第{}次", nth - 1)).unwrap_or_default()
}

/// A contract: approved in clear, before that hidden numbers and 草稿 across it. Its wording stays: that of its first print, and
/// before there was one that in force on the day of its approval, or of its signing when it came from elsewhere.
async fn contract(ctx: &Ctx, id: i64, nth: Option<i32>) -> Result<Made> {
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
        papers: vec![receipt_paper(&receipt, before, china_time(receipt.row.paid_at), (&city, &labels))],
        digest: String::new(),
    })
}

/// A moment as it stands on paper.
fn china_time(at: DateTime<Utc>) -> String {
    let china = FixedOffset::east_opt(8 * 3600).map(|offset| at.with_timezone(&offset));
    china.map(|at| at.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
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
    Ok(Made { district_id, estate_id, number, template: Some(template), draft: false, papers, digest: String::new() })
}

/// Notes a print; answers its id, under which its papers can be fetched for [`FETCH_MINUTES`].
///
/// # Errors
/// Without [`Permission::ContractPrint`], [`Permission::NoticePrint`] or [`Permission::BillRead`]; [`Failure::NotFound`] outside
/// the scope; a missing reason for a contract or a receipt that was printed before; `无欠费，无需生成`.
pub async fn print_create(ctx: &Ctx, form: &PrintForm) -> Result<i64> {
    let fields = form.check()?;
    let made = make(ctx, &fields, None).await?;
    let mut tx = ctx.begin().await?;
    let nth = if made.draft { None } else { Some(next(&mut tx, &fields).await?) };
    let kind = match nth {
        None => PrintKind::Draft,
        Some(1) => PrintKind::First,
        Some(_) => PrintKind::Reprint,
    };
    if kind == PrintKind::Reprint && fields.reason.is_none() {
        match fields.paper {
            PaperKind::Contract => return Err(FieldErrors::from(("reason", "该合同已打印过，请填写补打原因")).into()),
            PaperKind::Receipt => return Err(FieldErrors::from(("reason", "该收据已打印过，请填写补打原因")).into()),
            PaperKind::Notice | PaperKind::Notices => {}
        }
    }
    let copies = i32::try_from(made.papers.len()).unwrap_or(i32::MAX);
    let id = sqlx::query_scalar!(
        "insert into print_log (district_id, estate_id, paper, object_id, number, month, template_id, kind, nth, copies, reason, digest,
                                printed_by, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning id",
        made.district_id,
        made.estate_id,
        fields.paper.code(),
        fields.id,
        made.number,
        fields.month,
        made.template.as_ref().map(|template| template.id),
        kind.code(),
        nth,
        copies,
        fields.reason,
        made.digest,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if fields.paper == PaperKind::Contract && kind != PrintKind::Draft {
        // Its numbers stand there in clear (domain.md §2.7).
        sqlx::query!(
            "insert into audit_log (actor_id, action, object_type, object_id, rows, after)
             values ($1, 'REVEAL', 'contract', $2, 1, 
                     jsonb_build_object('field', 'id_number,phone', 'reason', coalesce($4::text, '打印合同'), 'print', $3::bigint))",
            ctx.actor().id.0,
            fields.id,
            id,
            fields.reason,
        )
        .execute(connection(&mut tx))
        .await?;
    }
    tx.commit().await?;
    Ok(id)
}

/// Which print of a paper comes next; of two who print the same, one waits for the other.
async fn next(tx: &mut Tx, fields: &PrintFields) -> Result<i32> {
    if fields.paper == PaperKind::Receipt {
        // Counted with the prints of its page (R-132).
        let printed =
            sqlx::query_scalar!("update payment set printed = printed + 1 where id = $1 returning printed", fields.id)
                .fetch_one(connection(tx))
                .await?;
        return Ok(printed);
    }
    let name = format!("print {} {} {:?}", fields.paper.code(), fields.id, fields.month);
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", name).execute(connection(tx)).await?;
    let next = sqlx::query_scalar!(
        r#"select coalesce(max(nth), 0) + 1 as "next!" from print_log
           where paper = $1 and object_id = $2 and month is not distinct from $3"#,
        fields.paper.code(),
        fields.id,
        fields.month
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(next)
}

/// The papers of a print, for whoever asked for it.
#[derive(Debug)]
pub struct Printing {
    /// of the file; it says nothing about people
    pub name: String,
    pub papers: Vec<Paper>,
}

/// The papers of a print as they were noted.
///
/// # Errors
/// [`Failure::NotFound`] for everybody else; a refusal when the time is over, and when they would say something else now.
pub async fn print_get(ctx: &Ctx, id: i64) -> Result<Printing> {
    ctx.require_desk()?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!(
        "select paper, object_id, number, month, nth, digest, at from print_log where id = $1 and printed_by = $2",
        id,
        ctx.actor().id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    if ctx.now() - row.at > TimeDelta::minutes(FETCH_MINUTES) {
        return Err(Failure::refused(format!("打印文件仅保留{FETCH_MINUTES}分钟，请重新打印")).into());
    }
    let paper = stored(&row.paper, PaperKind::from_code)?;
    let fields = PrintFields { paper, id: row.object_id, month: row.month, reason: None };
    let made = make(ctx, &fields, row.nth).await?;
    if made.digest != row.digest {
        return Err(Failure::refused(AGAIN).into());
    }
    let month = row.month.map(|month| month.format("-%Y-%m").to_string()).unwrap_or_default();
    Ok(Printing { name: format!("{}-{}{month}.pdf", paper.label(), row.number), papers: made.papers })
}

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    paper: String,
    object_id: i64,
    number: String,
    month: Option<NaiveDate>,
    template: Option<String>,
    kind: String,
    nth: Option<i32>,
    copies: i32,
    reason: Option<String>,
    digest: String,
    printed_by: Option<String>,
    at: DateTime<Utc>,
    open: bool,
}

impl TryFrom<Record> for PrintRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: record.id,
            paper: stored(&record.paper, PaperKind::from_code)?,
            object_id: record.object_id,
            number: record.number,
            month: record.month,
            template: record.template,
            kind: stored(&record.kind, PrintKind::from_code)?,
            nth: record.nth,
            copies: record.copies,
            reason: record.reason,
            digest: record.digest,
            printed_by: record.printed_by,
            at: record.at,
            open: record.open,
        })
    }
}

/// A page of the log (S1-12.7).
///
/// # Errors
/// Without [`Permission::PrintRead`].
pub async fn print_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<PrintRow>> {
    ctx.require(Permission::PrintRead)?;
    let (_, descending) = PRINT_LIST.sort(query);
    // As `print_get` hands it out.
    let since = ctx.now() - TimeDelta::minutes(FETCH_MINUTES);
    let open = format!("r.printed_by = scope_actor() and r.at >= timestamptz '{}' as open", since.to_rfc3339());
    let page = SmallList {
        columns: &format!("r.id, r.paper, r.object_id, r.number, r.month, t.name || ' V' || t.version as template, r.kind, r.nth, r.copies,
                  r.reason, left(r.digest, 16) as digest, user_name(r.printed_by) as printed_by, r.at, {open}"),
        from: "from print_log r left join document_template t on t.id = r.template_id where true",
        searched: &["r.number"],
        filter: &|sql| {
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "paper", "r.paper");
            push_code(sql, query, "kind", "r.kind");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "object", "r.object_id");
        },
        order: "r.at",
        descending,
        tie: "r.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(PrintRow::try_from)
}

/// The estates in scope, for notices of all their households.
///
/// # Errors
/// Without [`Permission::NoticePrint`].
pub async fn print_estates(ctx: &Ctx) -> Result<Vec<Choice>> {
    ctx.require(Permission::NoticePrint)?;
    let mut tx = ctx.begin().await?;
    let estates = sqlx::query!(
        "select id, name from estate where deleted_at is null order by name collate natural_order limit 5000"
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(estates.into_iter().map(|row| Choice { id: row.id, label: row.name }).collect())
}
