//! Why a clerk changes a unit's status by hand (domain.md §3.27 U3, U8): the reason, and of a freeze the paper's number.

use crate::{failure::FieldErrors, form::optional_text, housing::unit_status::UnitEvent};
use serde::{Deserialize, Serialize};

/// Why a clerk changes a status by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grounds {
    pub reason: String,
    /// 文号 (U8)
    pub document: String,
}

impl From<&str> for Grounds {
    fn from(reason: &str) -> Self {
        Self { reason: reason.to_owned(), document: String::new() }
    }
}

impl Grounds {
    /// Reason and document as they are kept.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, event: UnitEvent) -> Result<(Option<String>, Option<String>), FieldErrors> {
        let mut errors = FieldErrors::default();
        let reason = errors.take("reason", optional_text(&self.reason, 200)).flatten();
        let document = errors.take("document", optional_text(&self.document, 50)).flatten();
        if event.needs_reason() && reason.is_none() {
            errors.add("reason", "请填写原因");
        }
        if event.needs_document() && document.is_none() && errors.get("document").is_none() {
            errors.add("document", "请填写文号");
        }
        if errors.is_empty() { Ok((reason, document)) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use UnitEvent as E;

    #[test]
    fn grounds_are_checked() {
        let grounds = |reason: &str, document: &str| Grounds { reason: reason.into(), document: document.into() };
        assert_eq!(
            grounds(" 查封 ", "（2026）1号").check(E::Freeze),
            Ok((Some("查封".into()), Some("（2026）1号".into())))
        );
        assert_eq!(Grounds::default().check(E::Unlock), Ok((None, None)));
        let errors = Grounds::default().check(E::Freeze).unwrap_err();
        assert_eq!((errors.get("reason"), errors.get("document")), (Some("请填写原因"), Some("请填写文号")));
        assert!(grounds("查封", " ").check(E::Freeze).is_err() && grounds("留用", "").check(E::Lock).is_ok());
        let errors = grounds(" ", &"号".repeat(51)).check(E::Lock).unwrap_err();
        assert_eq!((errors.get("reason"), errors.get("document")), (Some("请填写原因"), Some("长度不能超过50")));
        assert_eq!(grounds(&"因".repeat(201), "").check(E::Lock).unwrap_err().get("reason"), Some("长度不能超过200"));
    }
}
