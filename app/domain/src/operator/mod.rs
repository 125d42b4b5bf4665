//! 运营主体 (E-84), minimal: who is entrusted with running estates.

use crate::{dictionary::OperatorType, id::OperatorId};
use serde::{Deserialize, Serialize};

/// An operator as other records name it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatorRow {
    pub id: OperatorId,
    pub code: String,
    pub name: String,
    pub kind: OperatorType,
    pub uscc: String,
    pub contact: Option<String>,
    pub phone: Option<String>,
    pub estates: i64,
}
