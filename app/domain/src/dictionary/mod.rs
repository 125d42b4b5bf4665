//! Dictionaries (数据字典): closed lists of stable codes with Chinese labels (domain.md §1.2).
//!
//! Owns the macro that makes one, the lookup behind all of them, and the lists themselves, one file
//! per field. A code never changes; a label here is the default that an administrator may replace.

mod asset;
mod attachment;
mod bank;
mod billing;
mod book;
mod catalogue;
mod household;
mod housing;
mod organization;
mod platform;
mod preloaded;
mod tenancy;

pub use asset::{
    AcquireMode, AssetClass, AssetStatus, AssetUse, CountResult, CountStatus, DepreciationMethod, LedgerSubject,
    TitleForm, UnitCondition, ValueType,
};
pub use attachment::{AttachmentKind, AttachmentOwner};
pub use bank::{
    BankFileKind, BankFileState, DeductFail, DeductStatus, DeductionStatus, DifferenceKind, DifferenceStatus,
    Resolution,
};
pub use billing::{
    ArrearsLevel, BillKind, BillStatus, DayBase, FeeItem, PaidFirst, PayColor, PayKind, PayMethod, PaymentStatus,
    RentSplit,
};
pub use book::{Amended, COLORS, LabelBook, Offer, label_check};
pub use catalogue::{DICTIONARIES, dictionary_of};
pub use household::{
    ApplicantCategory, Education, Gender, HukouType, IdType, IdVerified, Marital, Nation, PersonType, SpecialTag,
};
pub use housing::{
    AreaBasis, Decoration, HousingCategory, InvestmentType, LayoutType, OffshelfGround, Orientation, ProjectStatus,
    RoomType, SourceType, Structure, UnitStatus, UseStatus,
};
pub use organization::{OperatorType, OrganizationStatus, OrganizationType};
pub use platform::{ApprovalKind, ApprovalStatus, DayKind, NumberKind, NumberPeriod, UserStatus, WorkflowStatus};
pub use tenancy::{
    AssignmentStatus, BindingRelation, ContractStatus, ExitBillStatus, ExitLineKind, ExitStatus, ExitType, ItemState,
    MeterType, PayCycle, Relation, SignMode,
};

use crate::value::{Check, Complaint, text::normalize};

/// One line of a dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Stored and sent.
    pub code: &'static str,
    /// Shown.
    pub label: &'static str,
    /// Accepted besides code and label.
    pub aliases: &'static [&'static str],
}

/// A dictionary as data: what an administrator finds it by, and what it holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Dictionary {
    /// where domain.md defines it; also the code under which the city's labels are kept
    pub id: &'static str,
    pub name: &'static str,
    pub entries: &'static [Entry],
}

impl Dictionary {
    /// Every value, in order.
    #[must_use]
    pub fn items(&'static self) -> Vec<Item> {
        self.entries.iter().map(|entry| self.item(entry)).collect()
    }

    fn item(&'static self, entry: &Entry) -> Item {
        Item { dictionary: Some(self), code: entry.code, label: entry.label }
    }
}

/// One value on its way to a screen: it knows its dictionary, so the city's label can be found ([`LabelBook`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// none: a choice that no dictionary holds
    pub dictionary: Option<&'static Dictionary>,
    pub code: &'static str,
    /// the program's own
    pub label: &'static str,
}

impl Item {
    /// The dictionary's id, empty without one.
    #[must_use]
    pub fn dictionary_id(&self) -> &'static str {
        self.dictionary.map_or("", |dictionary| dictionary.id)
    }
}

impl From<(&'static str, &'static str)> for Item {
    fn from((code, label): (&'static str, &'static str)) -> Self {
        Self { dictionary: None, code, label }
    }
}

/// Defines a dictionary: `Name = "id" "Chinese name" { Variant = "CODE" "label" | "alias", … }`.
///
/// The variants keep the order of domain.md; it is also their `Ord`. In JSON: the code.
macro_rules! dictionary {
    (
        $(#[$about:meta])*
        $name:ident = $id:literal $chinese:literal {
            $($variant:ident = $code:literal $label:literal $(| $alias:literal)*),+ $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $code, "` ", $label)] $variant,)+
        }

        impl $name {
            /// Where domain.md defines it: a dictionary of §1.2, an entity's field or a parameter.
            pub const DICTIONARY: &'static str = $id;

            /// Its Chinese name.
            pub const NAME: &'static str = $chinese;

            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Every line, in the order of `ALL`.
            pub const ENTRIES: &'static [$crate::dictionary::Entry] = &[$(
                $crate::dictionary::Entry { code: $code, label: $label, aliases: &[$($alias),*] },
            )+];

            /// The dictionary as data.
            pub const LIST: &'static $crate::dictionary::Dictionary =
                &$crate::dictionary::Dictionary { id: $id, name: $chinese, entries: Self::ENTRIES };

            /// Every value: for drop-downs, filters and the lists of import templates.
            #[must_use]
            pub fn choices() -> Vec<$crate::dictionary::Item> {
                Self::LIST.items()
            }

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                Self::ENTRIES[self as usize].code
            }

            /// The Chinese label.
            #[must_use]
            pub const fn label(self) -> &'static str {
                Self::ENTRIES[self as usize].label
            }

            /// The value with exactly this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                $crate::dictionary::position(Self::ENTRIES, code).map(|place| Self::ALL[place])
            }

            /// The value a person means: its label, the label without or only with its parenthesised
            /// part, or its code in upper or lower case.
            ///
            /// # Errors
            /// About `取值不在字典范围内：{值}`.
            pub fn parse(text: &str) -> $crate::value::Check<Self> {
                $crate::dictionary::find(Self::ENTRIES, text).map(|place| Self::ALL[place])
            }
        }

        impl From<$name> for $crate::dictionary::Item {
            fn from(value: $name) -> Self {
                Self { dictionary: Some($name::LIST), code: value.code(), label: value.label() }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.label())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::from_code(&code)
                    .ok_or_else(|| serde::de::Error::custom($crate::dictionary::unknown(&code)))
            }
        }
    };
}
pub(crate) use dictionary;

/// The place of the line with exactly this code.
pub(crate) fn position(entries: &[Entry], code: &str) -> Option<usize> {
    entries.iter().position(|entry| entry.code == code)
}

/// The place of the line a person means.
pub(crate) fn find(entries: &[Entry], text: &str) -> Check<usize> {
    let text = normalize(text);
    let wanted = text.replace('（', "(").replace('）', ")");
    entries.iter().position(|entry| is_meant(entry, &wanted)).ok_or_else(|| unknown(&text))
}

pub(crate) fn unknown(text: &str) -> Complaint {
    Complaint::about(format!("取值不在字典范围内：{text}"))
}

fn is_meant(entry: &Entry, wanted: &str) -> bool {
    // 闲置房(空置): also 闲置房 alone and 空置 alone.
    let part = entry
        .label
        .split_once('(')
        .is_some_and(|(outside, inside)| wanted == outside || inside.strip_suffix(')') == Some(wanted));
    let whole = |name: &str| wanted.eq_ignore_ascii_case(name);
    part || whole(entry.label) || whole(entry.code) || entry.aliases.iter().any(|alias| whole(alias))
}

/// Fails unless the dictionary reads as domain.md prints it (`CODE=label, …`) and no text that is
/// accepted for one line would be accepted for another.
#[cfg(test)]
pub(crate) fn assert_reads(entries: &[Entry], printed: &str) {
    let lines: Vec<String> = entries.iter().map(|entry| format!("{}={}", entry.code, entry.label)).collect();
    assert_eq!(lines.join(", "), printed);
    for entry in entries {
        let (outside, inside) = entry.label.split_once('(').unwrap_or((entry.label, entry.code));
        let texts = [entry.code, entry.label, outside, inside.trim_end_matches(')')];
        for text in texts.iter().chain(entry.aliases) {
            let meant = entries.iter().filter(|other| is_meant(other, text)).collect::<Vec<_>>();
            assert_eq!(meant, [entry], "{text}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_known_by_label_by_part_and_by_code() {
        for text in ["闲置房(空置)", "闲置房（空置）", "闲置房", "空置", "VACANT", "vacant", " ＶＡＣＡＮＴ "]
        {
            assert_eq!(UnitStatus::parse(text), Ok(UnitStatus::Vacant), "{text}");
        }
        for text in ["", "闲置", "房(空置)", "空置)", "(空置)", "闲置房(", "VACANT2"] {
            let complaint = UnitStatus::parse(text).unwrap_err();
            assert_eq!(complaint.text(), format!("取值不在字典范围内：{text}"));
            assert!(complaint.in_column("状态").starts_with("【状态】取值"));
        }
        // The complaint repeats the text as the person wrote it, only cleaned.
        let complaint = UnitStatus::parse(" 闲置（空） ").unwrap_err();
        assert_eq!(complaint.text(), "取值不在字典范围内：闲置（空）");
    }

    #[test]
    fn codes_are_exact() {
        assert_eq!(UnitStatus::from_code("VACANT"), Some(UnitStatus::Vacant));
        assert_eq!(UnitStatus::from_code("vacant"), None);
        assert_eq!(UnitStatus::from_code("空置"), None);
        for status in UnitStatus::ALL {
            assert_eq!(UnitStatus::from_code(status.code()), Some(*status));
            assert_eq!(UnitStatus::parse(status.label()), Ok(*status));
            assert_eq!(status.to_string(), status.label());
        }
        assert_eq!((UnitStatus::DICTIONARY, UnitStatus::NAME), ("D-05", "房源状态"));
    }

    #[test]
    fn json_is_the_code() {
        assert_eq!(serde_json::to_string(&UnitStatus::Vacant).unwrap(), r#""VACANT""#);
        assert_eq!(serde_json::from_str::<UnitStatus>(r#""SOLD""#).unwrap(), UnitStatus::Sold);
        for wrong in [r#""sold""#, r#""已售""#, "8"] {
            assert!(serde_json::from_str::<UnitStatus>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lists_for_screens_and_templates() {
        let choices = AreaBasis::choices();
        let printed: Vec<_> = choices.iter().map(|item| (item.dictionary_id(), item.code, item.label)).collect();
        let written = [("USABLE", "使用面积"), ("BUILDING", "建筑面积"), ("INNER", "套内面积")];
        assert_eq!(printed, written.map(|(code, label)| ("PRM-34", code, label)));
    }

    #[test]
    fn order_is_the_order_of_the_list() {
        assert!(UnitStatus::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
