//! Going over to a new key (domain.md §2.6): every noun that keeps sealed values, in one list. How each seals anew, and
//! finds what another key sealed, is its own.

use crate::{
    Database, Result,
    person::person_rotate,
    platform::{
        attachment::{Rotated, attachment_rotate},
        cipher::Kind,
        rotate::columns_rotate,
        user::{factor_rotate, user_rotate},
    },
};
use chrono::{DateTime, Utc};

/// What a contract keeps, also when it was approved: what it says, and so its digest, stays.
const CONTRACT: [(&str, Kind); 3] =
    [("id_number", Kind::IdNumber), ("phone", Kind::Phone), ("bank_no", Kind::BankAccount)];

/// What a change of a contract keeps (C10).
const CHANGE: [(&str, Kind); 2] = [("bank_no", Kind::BankAccount), ("phone", Kind::Phone)];

/// What was sealed anew of one noun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// as people count it: 3人, 2个账号
    pub counted: &'static str,
    pub count: u64,
    /// of which there is not what there should be, and which still need their old key
    pub left: u64,
}

/// Seals with the key in use whatever another key of the ring sealed, noun by noun. A list that is broken off goes on
/// where it was when it is begun again. Files come last: their store may fail for itself.
///
/// # Errors
/// When the database or the store of files fails, or a value of a table cannot be opened.
pub async fn keys_rotate(database: &Database, now: DateTime<Utc>) -> Result<Vec<Renewed>> {
    let whole = |counted, count| Renewed { counted, count, left: 0 };
    let mut nouns = vec![
        whole("人（含导入文件和失败数据）", person_rotate(database).await?),
        whole("个账号", user_rotate(database).await?),
        whole("个验证器", factor_rotate(database).await?),
        whole("个房间的业主电话", columns_rotate(database, "room", [("owner_phone", Kind::Phone)]).await?),
        whole("份合同", columns_rotate(database, "contract", CONTRACT).await?),
        whole("份接管数据", columns_rotate(database, "take_over_row", CONTRACT).await?),
        whole("项合同变更", columns_rotate(database, "contract_change", CHANGE).await?),
        whole("笔退费", columns_rotate(database, "refund", [("bank_no", Kind::BankAccount)]).await?),
    ];
    let Rotated { renewed, left } = attachment_rotate(database, now).await?;
    nouns.push(Renewed { counted: "个附件", count: renewed, left });
    Ok(nouns)
}
