//! 短信 and 语音 (E-126, S0-19, X-08): written in the transaction of what they tell ([`sms_enqueue`]), sent by the server
//! ([`send`]), shown with their receipts and what they cost ([`read`]), sent once more ([`resend`]), worded by administrators ([`template`]).

mod block;
mod read;
mod resend;
mod send;
mod template;

pub use block::{sms_block_create, sms_block_end, sms_block_list};
pub use read::{sms_get, sms_list, sms_month_list};
pub use resend::{sms_resend, sms_resend_failed};
pub use send::{Outgoing, sms_claim, sms_expire, sms_put_back, sms_receipt, sms_refused, sms_sent, sms_settle};
pub(crate) use template::Templates;
pub use template::{sms_template_list, sms_template_update};

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
};
use domain::billing::sms::{Channel, SmsKind, send_from};
use serde_json::json;

/// A message on its way in.
pub(crate) struct NewSms {
    pub account: i64,
    pub contract: i64,
    pub dunning: Option<i64>,
    pub channel: Channel,
    pub kind: SmsKind,
    /// what it tells is told once
    pub told_key: String,
    pub params: Vec<(&'static str, String)>,
}

/// Puts messages into the outbox; answers how many. Who is on the black list, has no telephone or would get a text that
/// administrators have switched off is left out, and what was told already is not told again. The number is the person's own
/// of the day on which it is sent; one who is registered elsewhere shows the contract's until then.
pub(crate) async fn sms_enqueue(tx: &mut Tx, ctx: &Ctx, templates: &Templates, messages: &[NewSms]) -> Result<u64> {
    let mut rows = Rows::default();
    for message in messages {
        let Some((sign, content)) = templates.text(message.kind, &message.params) else { continue };
        rows.accounts.push(message.account);
        rows.contracts.push(message.contract);
        rows.dunnings.push(message.dunning);
        rows.channels.push(message.channel.code());
        rows.kinds.push(message.kind.code());
        rows.keys.push(message.told_key.clone());
        rows.params.push(message.params.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect());
        rows.parts.push(message.channel.parts(&sign, &content));
        rows.signs.push(sign);
        rows.contents.push(content);
    }
    if rows.keys.is_empty() {
        return Ok(0);
    }
    let done = sqlx::query!(
        "insert into sms (district_id, estate_id, account_id, contract_id, dunning_id, channel, template, told_key, sign, params, content,
                          phone_mask, queued_at, not_before, parts, actor_id)
         select a.district_id, a.estate_id, a.id, c.id, n.dunning, n.channel, n.kind, n.key, n.sign, n.params, n.content,
                coalesce(p.phone_mask, c.phone_mask), $1, $2, n.parts, $3
         from unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::jsonb[], $11::text[],
                     $12::smallint[], $13::text[]) as n (account, contract, dunning, kind, key, sign, params, content, parts, channel)
         join account a on a.id = n.account join contract c on c.id = n.contract left join person p on p.id = a.person_id
         where coalesce(p.phone_mask, c.phone_mask) <> '' and not exists (select from sms_block b where b.account_id = a.id and b.ended_at is null)
         on conflict (told_key) do nothing",
        ctx.now(),
        send_from(ctx.now()),
        ctx.actor_id(),
        &rows.accounts,
        &rows.contracts,
        &rows.dunnings as &[Option<i64>],
        &rows.kinds as &[&str],
        &rows.keys,
        &rows.signs,
        &rows.params as _,
        &rows.contents,
        &rows.parts,
        &rows.channels as &[&str],
    )
    .execute(connection(tx))
    .await?;
    Ok(done.rows_affected())
}

/// Takes back what waits to be told to households; what is on its way to the carrier is past that.
pub(crate) async fn sms_withdraw(tx: &mut Tx, kind: SmsKind, accounts: &[i64], why: &str) -> Result<()> {
    sqlx::query!(
        "update sms set status = 'CANCELLED', message = $3 where account_id = any($1) and template = $2 and status = 'QUEUED'",
        accounts,
        kind.code(),
        why
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

#[derive(Default)]
struct Rows {
    accounts: Vec<i64>,
    contracts: Vec<i64>,
    dunnings: Vec<Option<i64>>,
    channels: Vec<&'static str>,
    kinds: Vec<&'static str>,
    keys: Vec<String>,
    signs: Vec<String>,
    params: Vec<serde_json::Value>,
    contents: Vec<String>,
    parts: Vec<i16>,
}
