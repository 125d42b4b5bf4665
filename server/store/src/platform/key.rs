//! Going over to a new key (domain.md §2.6): every noun that keeps sealed values, in one list. How each seals anew, and
//! finds what another key sealed, is its own.

use crate::{
    Database, Result,
    housing::room::room_rotate,
    person::person_rotate,
    platform::{
        attachment::attachment_rotate,
        user::{factor_rotate, user_rotate},
    },
};

/// What was sealed anew of one noun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// as people count it: 3人, 2个账号
    pub counted: &'static str,
    pub count: u64,
}

/// Seals with the key in use whatever another key of the ring sealed, noun by noun. A list that is broken off goes on
/// where it was when it is begun again.
///
/// # Errors
/// When the database fails, or a value cannot be opened.
pub async fn keys_rotate(database: &Database) -> Result<Vec<Renewed>> {
    Ok(vec![
        Renewed { counted: "人（含导入文件和失败数据）", count: person_rotate(database).await? },
        Renewed { counted: "个账号", count: user_rotate(database).await? },
        Renewed { counted: "个验证器", count: factor_rotate(database).await? },
        Renewed { counted: "个附件", count: attachment_rotate(database).await? },
        Renewed { counted: "个房间的业主电话", count: room_rotate(database).await? },
    ])
}
