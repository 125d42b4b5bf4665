//! How a request can fail, as the person in front of the screen may know it.
//!
//! Internal error text never travels in here: it is logged under an id and only the id is shown.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// Field name (as in the form type) → Chinese sentence to show beside that field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldErrors(pub BTreeMap<String, String>);

impl FieldErrors {
    /// Notes the first complaint about a field; later ones about the same field are dropped.
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.entry(field.to_owned()).or_insert_with(|| message.into());
    }

    /// Keeps the value of a passed check; notes the complaint of a failed one.
    pub fn take<T>(&mut self, field: &str, check: crate::value::Check<T>) -> Option<T> {
        check.map_err(|complaint| self.add(field, complaint.text())).ok()
    }

    /// The message for a field, if there is one.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    /// True when nothing was complained about.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<(&str, &str)> for FieldErrors {
    fn from((field, message): (&str, &str)) -> Self {
        let mut errors = Self::default();
        errors.add(field, message);
        errors
    }
}

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// Nobody is signed in, or the session has ended.
    NotSignedIn,
    /// The actor lacks the permission.
    Forbidden,
    /// It does not exist, or it lies outside the actor's scope: the two look the same from outside.
    NotFound,
    /// Somebody else changed the record since it was read (optimistic version).
    Conflict,
    /// The form has errors; they are shown beside the fields.
    Invalid(FieldErrors),
    /// A rule of the field refuses; the sentence says which and what to do.
    Refused(String),
    /// Something broke on our side; the id finds it in the log.
    Internal(String),
}

impl Failure {
    /// A refusal with its sentence.
    pub fn refused(sentence: impl Into<String>) -> Self {
        Self::Refused(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSignedIn => f.write_str("登录已失效，请重新登录"),
            Self::Forbidden => f.write_str("您没有此项操作的权限，如需办理请联系系统管理员"),
            Self::NotFound => f.write_str("记录不存在，或不在您的管辖范围内"),
            Self::Conflict => f.write_str("该记录已被他人修改，请刷新后重新操作"),
            Self::Invalid(_) => f.write_str("填写内容有误，请按提示修改"),
            Self::Refused(sentence) => f.write_str(sentence),
            Self::Internal(id) => write!(f, "系统出现故障，请稍后重试；如仍不能解决，请将编号{id}告知系统管理员"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<FieldErrors> for Failure {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}
