//! 诉讼材料 (domain.md §3.8 L4): what there is about a household that a court is gone to, as one file – how it stands today, the
//! contract, and the notices as they were printed. Files of evidence are named with their digests; they are fetched where they lie.

use super::make::{Made, contract, desk, dunning_made, hex, sealed};
use crate::{Ctx, Result, billing::dunning::suit_read};
use domain::{failure::Failure, platform::permission::Permission};
use sha2::{Digest as _, Sha256};

/// The papers of a lawsuit that was entered, as of today.
pub(super) async fn suit_made(ctx: &Ctx, id: i64) -> Result<Made> {
    ctx.require(Permission::DunningWrite)?;
    ctx.require(Permission::ContractPrint)?;
    let desk = desk(ctx).await?;
    let mut tx = ctx.begin().await?;
    let found = suit_read(&mut tx, ctx, id).await?.ok_or(Failure::NotFound)?;
    let wanted: Vec<_> = found.notices.iter().map(|notice| (*notice, None)).collect();
    let notices = dunning_made(&mut tx, ctx, &desk, &wanted).await?;
    tx.commit().await?;
    let number = format!("SS{id:010}");
    let mut made = contract(ctx, found.contract, None).await?;
    // One copy of it, and none that somebody could sign.
    made.papers.truncate(1);
    for paper in &mut made.papers {
        paper.mark = "复印件".to_owned();
    }
    made.papers.insert(0, found.pack.cover(&number, &desk.labels));
    let mut made = sealed(Made { number, ..made });
    let mut whole = Sha256::new();
    whole.update(made.digest.as_bytes());
    for (_, notice) in notices {
        whole.update(notice.digest.as_bytes());
        made.papers.extend(notice.papers);
    }
    made.digest = hex(&whole.finalize());
    Ok(made)
}
