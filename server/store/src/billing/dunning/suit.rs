//! 诉讼 (E-52): what there is about a household that a court is gone to.

use super::notice::households;
use crate::{
    Ctx, Result,
    ctx::{Tx, china_day, connection},
    error::stored,
};
use domain::{
    billing::{
        dunning::{DunningStatus, DunningWay, Service},
        dunning_form::Suit,
        suit::{SuitPack, SuitRecord},
    },
    dictionary::AttachmentOwner,
    value::Money,
};

/// What the papers of a lawsuit are made of.
pub(crate) struct SuitFound {
    pub contract: i64,
    /// records whose notices were printed
    pub notices: Vec<i64>,
    pub pack: SuitPack,
}

/// A lawsuit in scope that was entered and not taken back.
pub(crate) async fn suit_read(tx: &mut Tx, ctx: &Ctx, id: i64) -> Result<Option<SuitFound>> {
    let row = sqlx::query!(
        r#"select k.account_id, k.contract_id, k.court as "court!", k.case_no as "case_no!", k.filed_on as "filed_on!",
                  coalesce(c.contract_no, '') as "contract_no!", c.lessee_name
           from dunning_record k join contract c on c.id = k.contract_id
           where k.id = $1 and k.way = 'LAWSUIT' and k.status <> 'CANCELLED'"#,
        id
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(row) = row else { return Ok(None) };
    let Some(household) = households(tx, ctx, &[row.account_id]).await?.pop() else { return Ok(None) };
    let facts = household.into_facts();
    let (records, notices) = records_read(tx, row.account_id).await?;
    let files = sqlx::query!(
        "select t.file_name, encode(t.sha256, 'hex') as digest from attachment t join dunning_record k on k.id = t.owner_id
         where t.owner = $1 and t.deleted_at is null and k.account_id = $2 order by t.id",
        AttachmentOwner::Dunning.code(),
        row.account_id,
    )
    .fetch_all(connection(tx))
    .await?;
    let pack = SuitPack {
        lessee: row.lessee_name,
        address: format!("{}{}", facts.estate, facts.address),
        account_no: facts.account_no,
        contract_no: row.contract_no,
        suit: Suit { court: row.court, case_no: row.case_no, filed_on: row.filed_on },
        today: ctx.today(),
        lines: facts.lines,
        records,
        files: files.into_iter().map(|file| (file.file_name, file.digest.unwrap_or_default())).collect(),
        notices: notices.iter().map(|(_, number)| number.clone()).collect(),
    };
    let notices = notices.into_iter().map(|(id, _)| id).collect();
    Ok(Some(SuitFound { contract: row.contract_id, notices, pack }))
}

/// What was done about an account, the oldest first, and the notices among it that were printed.
async fn records_read(tx: &mut Tx, account: i64) -> Result<(Vec<SuitRecord>, Vec<(i64, String)>)> {
    let rows = sqlx::query!(
        "select id, at, way, amount_fen, status, notice_no, printed_on, served_how, served_on, result from dunning_record
         where account_id = $1 and status <> 'CANCELLED' and way <> 'LAWSUIT' order by at, id limit 1000",
        account
    )
    .fetch_all(connection(tx))
    .await?;
    let printed = rows.iter().filter(|row| row.printed_on.is_some());
    let notices = printed.filter_map(|row| Some((row.id, row.notice_no.clone()?))).collect();
    let records = rows
        .into_iter()
        .map(|row| {
            let how = row.served_how.map(|code| stored(&code, Service::from_code)).transpose()?;
            Ok(SuitRecord {
                on: china_day(row.at),
                way: stored(&row.way, DunningWay::from_code)?,
                amount: Money::from_fen(row.amount_fen),
                status: stored(&row.status, DunningStatus::from_code)?,
                notice_no: row.notice_no,
                served: how.zip(row.served_on),
                result: row.result,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok((records, notices))
}
