//! Taking a unit off the shelf (注销, domain.md §3.27 U9): why, by which paper, and what stands against it.

use crate::{
    dictionary::OffshelfGround,
    failure::FieldErrors,
    platform::approval::reason_check,
    value::{required, text_max},
};
use serde::{Deserialize, Serialize};

/// What the clerk enters who asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OffshelfForm {
    /// code of [`OffshelfGround`]
    pub ground: String,
    /// 文号 of what orders or approves it
    pub document: String,
    /// for the checker
    pub reason: String,
}

/// What was entered, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffshelfFields {
    pub ground: OffshelfGround,
    pub document: String,
    pub reason: String,
}

impl OffshelfForm {
    /// Checks what was entered.
    ///
    /// # Errors
    /// Complaints by field.
    pub fn check(&self) -> Result<OffshelfFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let ground = OffshelfGround::from_code(&self.ground);
        if ground.is_none() {
            errors.add("ground", "请选择注销原因");
        }
        let document = errors.take("document", required(&self.document).and_then(|text| text_max(&text, 50)));
        let reason = errors.take("reason", reason_check(&self.reason));
        match (ground, document, reason) {
            (Some(ground), Some(document), Some(reason)) => Ok(OffshelfFields { ground, document, reason }),
            _ => Err(errors),
        }
    }
}

/// What hangs on a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OffshelfTies {
    /// a direct assignment that waits or is to be signed
    pub assignment: bool,
    /// a contract that is under way or in force
    pub contract: bool,
    /// a meter that is read
    pub meter: bool,
}

impl OffshelfTies {
    /// What has to be ended first.
    #[must_use]
    pub fn refusal(self) -> Option<&'static str> {
        match self {
            Self { contract: true, .. } => Some("房源有未结束的合同，不能注销"),
            Self { assignment: true, .. } => Some("房源有未结束的直接分配，请先撤销分配"),
            Self { meter: true, .. } => Some("房源有在用的表具，请先拆除表具"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_a_ground_a_paper_and_a_reason() {
        let form = OffshelfForm {
            ground: "DEMOLISHED".into(),
            document: " （2026）3号 ".into(),
            reason: "旧城改造拆除".into(),
        };
        let fields = form.check().unwrap();
        assert_eq!((fields.ground, fields.document.as_str()), (OffshelfGround::Demolished, "（2026）3号"));
        let errors = OffshelfForm::default().check().unwrap_err();
        assert_eq!(errors.0.keys().collect::<Vec<_>>(), ["document", "ground", "reason"]);
        assert!(OffshelfForm { document: "号".repeat(51), ..form }.check().is_err());
    }

    #[test]
    fn what_hangs_on_it_is_ended_first() {
        assert_eq!(OffshelfTies::default().refusal(), None);
        for ties in [
            OffshelfTies { assignment: true, ..OffshelfTies::default() },
            OffshelfTies { contract: true, ..OffshelfTies::default() },
            OffshelfTies { meter: true, ..OffshelfTies::default() },
        ] {
            assert!(ties.refusal().is_some(), "{ties:?}");
        }
    }
}
