//! Two records of one human (S1-5.4): which pairs look like it, and what becomes of their fields.

use super::{Person, REASON_MAX, REASON_MIN};
use crate::{dictionary::LabelBook, failure::FieldErrors, id::PersonId, value::normalize};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Why two records look like one human.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Likeness {
    /// the same name, year of birth and telephone
    Phone,
    /// the same number under another type of document
    Number,
}

impl Likeness {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Phone => "姓名、出生年份和电话相同",
            Self::Number => "证件号码相同、证件类型不同",
        }
    }
}

/// A pair that may be one human; numbers masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Likely {
    pub likeness: Likeness,
    pub pair: [LikelyPerson; 2],
}

/// One of a [`Likely`] pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LikelyPerson {
    pub id: PersonId,
    pub name: String,
    pub id_type: String,
    pub id_number: String,
    pub phone: String,
    pub organization: String,
}

/// What is taken from one of the two records as a whole: a number goes with its type, an account with its bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeField {
    Name,
    PersonType,
    Document,
    Nation,
    Education,
    Marital,
    Phone,
    Phone2,
    HukouType,
    HukouAddress,
    LiveAddress,
    Employer,
    Job,
    Bank,
    Emergency,
}

impl MergeField {
    pub const ALL: [Self; 15] = [
        Self::Name,
        Self::PersonType,
        Self::Document,
        Self::Nation,
        Self::Education,
        Self::Marital,
        Self::Phone,
        Self::Phone2,
        Self::HukouType,
        Self::HukouAddress,
        Self::LiveAddress,
        Self::Employer,
        Self::Job,
        Self::Bank,
        Self::Emergency,
    ];

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "姓名",
            Self::PersonType => "人员类型",
            Self::Document => "证件、性别和出生",
            Self::Nation => "民族",
            Self::Education => "学历",
            Self::Marital => "婚姻状况",
            Self::Phone => "手机号",
            Self::Phone2 => "备用电话",
            Self::HukouType => "户籍类型",
            Self::HukouAddress => "户籍地址",
            Self::LiveAddress => "现住址",
            Self::Employer => "工作单位",
            Self::Job => "职业",
            Self::Bank => "开户行、户名和账号",
            Self::Emergency => "紧急联系人和电话",
        }
    }

    /// The columns that make up the field.
    #[must_use]
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Name => &["name"],
            Self::PersonType => &["person_type"],
            Self::Document => {
                &["id_type", "id_number", "id_number_mask", "id_verified", "gender", "birth", "birth_year"]
            }
            Self::Nation => &["nation"],
            Self::Education => &["education"],
            Self::Marital => &["marital"],
            Self::Phone => &["phone", "phone_mask"],
            Self::Phone2 => &["phone2", "phone2_mask"],
            Self::HukouType => &["hukou_type"],
            Self::HukouAddress => &["hukou_address", "hukou_address_mask"],
            Self::LiveAddress => &["live_address", "live_address_mask"],
            Self::Employer => &["employer"],
            Self::Job => &["job"],
            Self::Bank => &["bank_name", "bank_holder", "bank_no", "bank_no_mask"],
            Self::Emergency => &["emergency_contact", "emergency_phone", "emergency_phone_mask"],
        }
    }

    /// What a record says there, masked and in the city's words; empty when it says nothing.
    #[must_use]
    pub fn text(self, person: &Person, book: &LabelBook) -> String {
        let joined = |parts: &[Option<&str>]| {
            parts.iter().flatten().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ")
        };
        match self {
            Self::Name => person.name.clone(),
            Self::PersonType => book.label(person.person_type),
            Self::Document => {
                let year = person.birth_year.map(|year| format!("{year}年生"));
                let gender = person.gender.map(|gender| book.label(gender));
                joined(&[
                    Some(&book.label(person.id_type)),
                    Some(&person.id_number),
                    Some(&book.label(person.id_verified)),
                    gender.as_deref(),
                    year.as_deref(),
                ])
            }
            Self::Nation => person.nation.map(|value| book.label(value)).unwrap_or_default(),
            Self::Education => person.education.map(|value| book.label(value)).unwrap_or_default(),
            Self::Marital => person.marital.map(|value| book.label(value)).unwrap_or_default(),
            Self::Phone => person.phone.clone(),
            Self::Phone2 => joined(&[person.phone2.as_deref()]),
            Self::HukouType => person.hukou_type.map(|value| book.label(value)).unwrap_or_default(),
            Self::HukouAddress => joined(&[person.hukou_address.as_deref()]),
            Self::LiveAddress => joined(&[person.live_address.as_deref()]),
            Self::Employer => joined(&[person.employer.as_deref()]),
            Self::Job => joined(&[person.job.as_deref()]),
            Self::Bank => {
                joined(&[person.bank_name.as_deref(), person.bank_holder.as_deref(), person.bank_no.as_deref()])
            }
            Self::Emergency => joined(&[person.emergency_contact.as_deref(), person.emergency_phone.as_deref()]),
        }
    }
}

/// The decision about a pair.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MergeForm {
    /// the record that goes on, and the version of it that was looked at
    pub survivor: i64,
    pub survivor_version: i32,
    /// the record that points to it from now on
    pub merged: i64,
    pub merged_version: i32,
    /// what the survivor takes from the other; the other keeps in exchange what the survivor gives up, so that every
    /// number is still found
    pub taken: Vec<MergeField>,
    pub reason: String,
}

/// The reason of a merge or a deletion, checked.
///
/// # Errors
/// A complaint about the field `reason`.
pub fn reason_check(reason: &str) -> Result<String, FieldErrors> {
    let reason = normalize(reason);
    if (REASON_MIN..=REASON_MAX).contains(&reason.chars().count()) {
        Ok(reason)
    } else {
        Err(FieldErrors::from(("reason", "请填写原因，4至200字")))
    }
}

/// A line of a person's timeline (domain.md §0.5 rule 12).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonEvent {
    pub at: DateTime<Utc>,
    pub actor: Option<String>,
    /// what happened, in words
    pub text: String,
    pub reason: String,
}
