//! What is done about a household by hand: notices, tasks and text messages are made, printed, served, ended.

use super::{
    notice::{households, make_out},
    pause::pause_refuse,
};
use crate::{
    Ctx, Error, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    platform::sms::{NewSms, Templates, sms_enqueue},
    tenancy::{assignment::opinion_check, paper::copy_issued},
};
use chrono::NaiveDate;
use domain::{
    billing::{
        dunning::{DunningStatus, DunningWay, Service},
        dunning_account::{notice_text, suit_text, task_text},
        dunning_form::{DoneForm, DunningFields, DunningForm},
        plan::month_of,
        sms::SmsKind,
    },
    dictionary::{ArrearsLevel, AttachmentOwner},
    failure::{Failure, FieldErrors},
    id::AccountId,
    platform::{permission::Permission, print::PaperKind},
    value::Money,
};

/// A household that is behind, whose count is locked.
struct Debtor {
    contract: i64,
    lessee: String,
    address: String,
    district: i64,
    level: ArrearsLevel,
    periods: i32,
    amount: Money,
}

impl Debtor {
    async fn hold(tx: &mut Tx, account: i64) -> Result<Self> {
        let row = sqlx::query!(
            r#"select r.level, r.periods, r.amount_fen, r.district_id, c.id as contract_id, c.lessee_name, u.address
               from arrears r join unit u on u.id = r.unit_id
               cross join lateral (select id, lessee_name from contract c where c.account_id = r.account_id order by c.id desc limit 1) c
               where r.account_id = $1 for update of r"#,
            account
        )
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
        Ok(Self {
            contract: row.contract_id,
            lessee: row.lessee_name,
            address: row.address,
            district: row.district_id,
            level: stored(&row.level, ArrearsLevel::from_code)?,
            periods: row.periods,
            amount: Money::from_fen(row.amount_fen),
        })
    }

    /// The text of a notice of today.
    async fn notice(&self, tx: &mut Tx, ctx: &Ctx) -> Result<String> {
        let days = billing_rule(tx, self.district, ctx.today()).await?.notice_days;
        let owed = (self.periods.into(), self.amount);
        Ok(notice_text((&self.lessee, &self.address), ctx.today(), owed, days))
    }

    /// Whether a court may be gone to: it stands at L4, or owes as many periods as lead there (R-24).
    async fn suable(&self, tx: &mut Tx, ctx: &Ctx) -> Result<bool> {
        let [.., last] = billing_rule(tx, self.district, ctx.today()).await?.arrears().from;
        Ok(self.level == ArrearsLevel::L4 || i64::from(self.periods) >= last)
    }

    /// What a message says of it.
    fn message(&self) -> (SmsKind, Vec<(&'static str, String)>) {
        let kind = if self.level == ArrearsLevel::L1 { SmsKind::LevelOne } else { SmsKind::LevelTwo };
        let value = |name: &str| match name {
            "承租人" => self.lessee.clone(),
            "地址" => self.address.clone(),
            "金额" => self.amount.to_string(),
            "月数" => self.periods.to_string(),
            _ => String::new(),
        };
        (kind, kind.placeholders().iter().map(|(name, _)| (*name, value(name))).collect())
    }
}

/// Makes a notice, a task of a call or a visit, or a text message (S1-7.2) by hand. The same request again finds the first one.
///
/// # Errors
/// Complaints by field; a refusal for a household that is not behind, whose dunning is paused, or that cannot be sent a text
/// message; [`Failure::NotFound`] outside the scope.
pub async fn dunning_create(ctx: &Ctx, account: AccountId, form: &DunningForm) -> Result<i64> {
    ctx.require(Permission::DunningWrite)?;
    let DunningFields { way, content, suit } = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let debtor = Debtor::hold(&mut tx, account.0).await?;
    let known = sqlx::query_scalar!(
        "select id from dunning_record where request_id::text = $1 and account_id = $2",
        form.request,
        account.0
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    if let Some(known) = known {
        return Ok(known);
    }
    if debtor.level == ArrearsLevel::L0 {
        return Err(Failure::refused("该承租人没有欠费，无需催缴").into());
    }
    pause_refuse(&mut tx, ctx, account.0).await?;
    if suit.is_some() && !debtor.suable(&mut tx, ctx).await? {
        return Err(Failure::refused("诉讼用于累计欠费达到六个月（L4）的承租人").into());
    }
    let templates = Templates::load(&mut tx).await?;
    let content = match (way, content) {
        (DunningWay::Sms | DunningWay::Voice, _) => {
            let (kind, params) = debtor.message();
            templates.text(kind, &params).ok_or(Failure::refused("短信模板已停用"))?.1
        }
        (_, Some(content)) => content,
        (DunningWay::Lawsuit, None) => suit_text(suit.as_ref(), debtor.periods.into(), debtor.amount),
        (DunningWay::Written, None) => debtor.notice(&mut tx, ctx).await?,
        (_, None) => task_text(debtor.periods.into(), debtor.amount),
    };
    let id = sqlx::query_scalar!(
        "insert into dunning_record (district_id, estate_id, account_id, contract_id, request_id, month, way, level, periods, amount_fen,
                                     due_on, content, at, actor_id, court, case_no, filed_on)
         select district_id, estate_id, account_id, $2, $3::text::uuid, $4, $5, level, periods, amount_fen, since, $6, $7, $8, $9, $10, $11
         from arrears where account_id = $1 returning id",
        account.0,
        debtor.contract,
        form.request,
        month_of(ctx.today()),
        way.code(),
        content,
        ctx.now(),
        ctx.actor_id(),
        suit.as_ref().map(|suit| suit.court.as_str()),
        suit.as_ref().map(|suit| suit.case_no.as_str()),
        suit.as_ref().map(|suit| suit.filed_on),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(|error| Error::from(error).or_field(&[("dunning_record_request_key", "way", "页面已过期，请刷新后再办理")]))?;
    if let Some(channel) = way.channel() {
        let (kind, params) = debtor.message();
        let (contract, told_key) = (debtor.contract, format!("DUNNING:{id}"));
        let message = NewSms { account: account.0, contract, dunning: Some(id), channel, kind, told_key, params };
        if sms_enqueue(&mut tx, ctx, &templates, &[message]).await? == 0 {
            return Err(Failure::refused("该承租人在短信黑名单中，或没有手机号").into());
        }
    }
    tx.commit().await?;
    Ok(id)
}

/// A record whose row is locked.
struct Held {
    way: DunningWay,
    printed_on: Option<NaiveDate>,
}

async fn hold(tx: &mut Tx, id: i64, version: i32) -> Result<Held> {
    let row = sqlx::query!("select way, status, printed_on, version from dunning_record where id = $1 for update", id)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    let status = stored(&row.status, DunningStatus::from_code)?;
    if status != DunningStatus::Open {
        return Err(Failure::refused(format!("催缴状态为“{status}”，请刷新后再办理")).into());
    }
    Ok(Held { way: stored(&row.way, DunningWay::from_code)?, printed_on: row.printed_on })
}

/// Notes that a notice was printed, the first time; one that the rules made states what is owed on that day.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for what is no notice, or was ended.
pub async fn dunning_print(ctx: &Ctx, id: i64, version: i32) -> Result<()> {
    print_out(ctx, id, Some(version)).await
}

/// The same as the record stands now, for one of many that are printed.
pub(crate) async fn dunning_make_out(ctx: &Ctx, id: i64) -> Result<()> {
    print_out(ctx, id, None).await
}

async fn print_out(ctx: &Ctx, id: i64, version: Option<i32>) -> Result<()> {
    ctx.require(Permission::DunningWrite)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!("select account_id, version from dunning_record where id = $1", id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    // The count is locked before the record, as a payment does.
    sqlx::query!("select id from arrears where account_id = $1 for update", row.account_id)
        .fetch_optional(connection(&mut tx))
        .await?;
    let held = hold(&mut tx, id, version.unwrap_or(row.version)).await?;
    if held.way != DunningWay::Written {
        return Err(Failure::refused("只有书面催缴可以打印通知书").into());
    }
    if held.printed_on.is_some() {
        return Ok(());
    }
    let households = households(&mut tx, ctx, &[row.account_id]).await?;
    let household = households.first().ok_or(Failure::NotFound)?;
    make_out(&mut tx, ctx, &[(id, household)]).await?;
    tx.commit().await?;
    Ok(())
}

/// Enters what came of a task, or how and when a notice was served.
///
/// # Errors
/// [`Failure::Conflict`]; complaints by field, among them about a service that no file proves; a refusal for what was ended, and
/// for a text message.
pub async fn dunning_done(ctx: &Ctx, id: i64, version: i32, form: &DoneForm) -> Result<()> {
    ctx.require(Permission::DunningWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.way.channel().is_some() {
        return Err(Failure::refused("短信和语音的结果由回执登记").into());
    }
    if held.way == DunningWay::Lawsuit && !proven(&mut tx, id).await? {
        return Err(FieldErrors::from(("result", "请先上传法院文书等诉讼材料")).into());
    }
    let fields = form.check(held.way, held.printed_on, ctx.today())?;
    let (how, day, received) = match fields.served {
        Some((how, day, received)) => {
            proof_require(&mut tx, id, how).await?;
            let to = received.as_deref().unwrap_or(how.label());
            copy_issued(&mut tx, ctx, PaperKind::Dunning, id, to).await?;
            (Some(how.code()), Some(day), received)
        }
        None => (None, None, None),
    };
    sqlx::query!(
        "update dunning_record set status = 'DONE', done_at = $2, done_by = $3, result = $4, served_how = $5, served_on = $6,
             received_by = $7, version = version + 1
         where id = $1",
        id,
        ctx.now(),
        ctx.actor_id(),
        fields.result,
        how,
        day,
        received,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Refuses a service that has to be proven and is not.
async fn proof_require(tx: &mut Tx, id: i64, how: Service) -> Result<()> {
    if how.needs_proof() && !proven(tx, id).await? {
        return Err(FieldErrors::from(("served_how", "请先上传送达凭证")).into());
    }
    Ok(())
}

/// Whether a file proves what was done.
async fn proven(tx: &mut Tx, id: i64) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from attachment where owner = $1 and owner_id = $2 and deleted_at is null) as "proven!""#,
        AttachmentOwner::Dunning.code(),
        id
    )
    .fetch_one(connection(tx))
    .await?)
}

/// Takes back what waits, and a text message that was not sent yet with it.
///
/// # Errors
/// [`Failure::Conflict`]; a missing reason; a refusal for what was ended, and for a message that is on its way.
pub async fn dunning_cancel(ctx: &Ctx, id: i64, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::DunningWrite)?;
    let reason = opinion_check(reason, true)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.way.channel().is_some() {
        sqlx::query!(
            "update sms set status = 'CANCELLED', message = '已取消' where dunning_id = $1 and status = 'QUEUED'",
            id
        )
        .execute(connection(&mut tx))
        .await?;
        let sending = sqlx::query_scalar!(
            r#"select exists (select from sms where dunning_id = $1 and status = 'SENDING') as "sending!""#,
            id
        )
        .fetch_one(connection(&mut tx))
        .await?;
        if sending {
            return Err(Failure::refused("正在发送，不能取消").into());
        }
    }
    sqlx::query!(
        "update dunning_record set status = 'CANCELLED', done_at = $2, done_by = $3, result = $4, version = version + 1 where id = $1",
        id,
        ctx.now(),
        ctx.actor_id(),
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}
