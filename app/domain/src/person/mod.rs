//! 人员 (E-04): the natural persons of the system, and how their numbers are shown.
//!
//! What the law calls sensitive (domain.md §2.7) reaches a page only masked; [`Secret`] names what can be asked for in
//! clear, one field at a time, with a reason.

mod form;
pub mod household;
pub mod import_sheet;
pub mod merge;
pub mod sheet;

pub use form::{KEEP_HINT, NumberChange, PersonFields, PersonForm};

use crate::{
    dictionary::{Education, Gender, HukouType, IdType, IdVerified, Marital, Nation, PersonType},
    failure::FieldErrors,
    id::{OrganizationId, PersonId},
    platform::permission::Permission,
    value::normalize,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A row of the list of persons (S1-5.4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonRow {
    pub id: PersonId,
    pub name: String,
    pub person_type: PersonType,
    pub id_type: IdType,
    /// masked
    pub id_number: String,
    /// masked
    pub phone: String,
    pub organization: String,
    pub district: Option<String>,
    pub id_verified: IdVerified,
    pub updated_at: DateTime<Utc>,
    /// where he lives, as far as the reader sees homes
    pub room: Option<String>,
    pub moved_in_on: Option<NaiveDate>,
}

/// A person; numbers and addresses masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    pub name: String,
    pub person_type: PersonType,
    pub organization_id: OrganizationId,
    pub organization: String,
    pub district: Option<String>,
    pub id_type: IdType,
    pub id_number: String,
    pub id_verified: IdVerified,
    pub gender: Option<Gender>,
    /// only where the number does not tell it: with its mask it would be the number
    pub birth: Option<NaiveDate>,
    pub birth_year: Option<i32>,
    pub nation: Option<Nation>,
    pub education: Option<Education>,
    pub marital: Option<Marital>,
    pub phone: String,
    pub phone2: Option<String>,
    pub hukou_type: Option<HukouType>,
    pub hukou_address: Option<String>,
    pub live_address: Option<String>,
    pub employer: Option<String>,
    pub job: Option<String>,
    pub bank_name: Option<String>,
    pub bank_holder: Option<String>,
    pub bank_no: Option<String>,
    pub emergency_contact: Option<String>,
    pub emergency_phone: Option<String>,
    /// the record that this one was merged into
    pub merged_into: Option<PersonId>,
    /// merges of this record, oldest first
    pub history: Vec<merge::PersonEvent>,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
}

/// What of a person is hidden until somebody with the right to it says why (domain.md §2.7, §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Secret {
    IdNumber,
    Phone,
    Phone2,
    HukouAddress,
    LiveAddress,
    BankNo,
    EmergencyPhone,
}

impl Secret {
    pub const ALL: [Self; 7] = [
        Self::IdNumber,
        Self::Phone,
        Self::Phone2,
        Self::HukouAddress,
        Self::LiveAddress,
        Self::BankNo,
        Self::EmergencyPhone,
    ];

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::IdNumber => "证件号码",
            Self::Phone => "手机号",
            Self::Phone2 => "备用电话",
            Self::HukouAddress => "户籍地址",
            Self::LiveAddress => "现住址",
            Self::BankNo => "银行账号",
            Self::EmergencyPhone => "紧急联系电话",
        }
    }

    /// The column it is stored in, and its name in the operation log.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::IdNumber => "id_number",
            Self::Phone => "phone",
            Self::Phone2 => "phone2",
            Self::HukouAddress => "hukou_address",
            Self::LiveAddress => "live_address",
            Self::BankNo => "bank_no",
            Self::EmergencyPhone => "emergency_phone",
        }
    }

    /// Who may see it in clear.
    #[must_use]
    pub fn permission(self) -> Permission {
        match self {
            Self::IdNumber => Permission::IdNumberClear,
            Self::BankNo => Permission::BankClear,
            Self::Phone | Self::Phone2 | Self::HukouAddress | Self::LiveAddress | Self::EmergencyPhone => {
                Permission::ContactClear
            }
        }
    }
}

/// Shortest reason for looking at a number in clear, in characters.
pub const REASON_MIN: usize = 4;
/// Longest one.
pub const REASON_MAX: usize = 200;

/// The reason for looking at something hidden in clear.
///
/// # Errors
/// A complaint about `reason`.
pub fn reveal_reason(reason: &str) -> Result<String, FieldErrors> {
    let reason = normalize(reason);
    if (REASON_MIN..=REASON_MAX).contains(&reason.chars().count()) {
        Ok(reason)
    } else {
        Err(FieldErrors::from(("reason", "请填写查看原因，4至200字")))
    }
}

/// Characters of a document's number whose structure is not known.
pub const DOCUMENT_MIN: usize = 5;
/// At most so many.
pub const DOCUMENT_MAX: usize = 30;

/// An address inside the authority: the district and the street may stay, the house does not. Nothing from the first
/// digit on, and at most a third of it.
#[must_use]
pub fn masked_address(address: &str) -> String {
    let most = (address.chars().count() / 3).min(6);
    let house = |character: &char| character.is_numeric() || "零〇一二三四五六七八九十百".contains(*character);
    let shown: String = address.chars().take_while(|character| !house(character)).take(most).collect();
    format!("{shown}****")
}

/// A name where it is enough to know it again: `张*三`, of two characters `张*` (domain.md §2.7).
#[must_use]
pub fn masked_name(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    match characters.as_slice() {
        [] => String::new(),
        [_] => "*".to_owned(),
        [first, _] => format!("{first}*"),
        [first, middle @ .., last] => format!("{first}{}{last}", "*".repeat(middle.len())),
    }
}

/// A document's number of no known structure: its ends.
#[must_use]
pub fn masked_document(number: &str) -> String {
    let characters: Vec<char> = number.chars().collect();
    match characters.len() {
        0..=4 => "****".to_owned(),
        length => format!("{}****{}", characters[0], characters[length - 2..].iter().collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_hide_what_tells_one_person_from_another() {
        assert_eq!(masked_address("示例市示例区示例路1号楼2单元0301室"), "示例市示例区****");
        for (address, shown) in [("5栋201室", "****"), ("三号楼302室", "****"), ("示例路8号", "示****"), ("", "****")]
        {
            assert_eq!(masked_address(address), shown);
        }
        assert_eq!(masked_document("E12345678"), "E****78");
        assert_eq!(masked_document("1234"), "****");
        for (name, shown) in [("张小三", "张*三"), ("张三", "张*"), ("欧阳小三", "欧**三"), ("张", "*"), ("", "")]
        {
            assert_eq!(masked_name(name), shown);
        }
    }
}
