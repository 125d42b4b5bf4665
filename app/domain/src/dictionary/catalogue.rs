//! Every dictionary of the program, in the order in which administrators find them (domain.md §1.2, S1-9.4).

use super::{
    AcquireMode, ApplicantCategory, ApprovalKind, ApprovalStatus, AreaBasis, ArrearsLevel, AssetClass, AssetStatus,
    AssetUse, AssignmentStatus, AttachmentKind, BillStatus, BindingRelation, ContractStatus, CountResult, CountStatus,
    DayKind, Decoration, DeductFail, DeductStatus, DepreciationMethod, Dictionary, Education, ExitBillStatus,
    ExitLineKind, ExitStatus, ExitType, FeeItem, Gender, HousingCategory, HukouType, IdType, IdVerified,
    InvestmentType, ItemState, LayoutType, LedgerSubject, Marital, MeterType, Nation, NumberKind, NumberPeriod,
    OffshelfGround, OperatorType, OrganizationStatus, OrganizationType, Orientation, PayCycle, PayKind, PayMethod,
    PersonType, ProjectStatus, Relation, RoomType, SignMode, SourceType, SpecialTag, Structure, TitleForm,
    UnitCondition, UnitStatus, UseStatus, UserStatus, ValueType, WorkflowStatus, preloaded,
};
use crate::{
    billing::{adjustment::AdjustType, refund::RefundKind},
    housing::asset_change::{ChangeKind, ChangeState},
};

/// The dictionaries whose labels the city may set: those of domain.md §1.2 in its order, then the others. The verbs of the state
/// machines are no values that are stored, and coordinate systems are names of standards: those stay as they are.
pub static DICTIONARIES: [&Dictionary; 97] = [
    HousingCategory::LIST,
    SourceType::LIST,
    InvestmentType::LIST,
    LayoutType::LIST,
    UnitStatus::LIST,
    Orientation::LIST,
    Structure::LIST,
    Decoration::LIST,
    preloaded::GUARANTEE_MODE,
    ApplicantCategory::LIST,
    SpecialTag::LIST,
    IdType::LIST,
    Gender::LIST,
    Marital::LIST,
    Relation::LIST,
    preloaded::CURRENT_HOUSING,
    preloaded::HOUSING_CHANGE,
    AttachmentKind::LIST,
    preloaded::MATERIAL_FORM,
    preloaded::APPLICATION_STATUS,
    preloaded::VERIFY_TYPE,
    preloaded::VERIFY_STATUS,
    preloaded::WAITLIST_STATUS,
    preloaded::WAITLIST_EXIT,
    preloaded::RENOUNCE_TYPE,
    preloaded::FAMILY_CHANGE,
    preloaded::DISTRIBUTE_MODE,
    ContractStatus::LIST,
    BillStatus::LIST,
    FeeItem::LIST,
    PayMethod::LIST,
    DeductStatus::LIST,
    DeductFail::LIST,
    PayKind::LIST,
    RefundKind::LIST,
    preloaded::CARD_STATUS,
    preloaded::DEVICE_TYPE,
    preloaded::DEVICE_STATUS,
    preloaded::COMMAND_STATUS,
    preloaded::OPEN_METHOD,
    ArrearsLevel::LIST,
    preloaded::REPAIR_STATUS,
    preloaded::REPAIR_SOURCE,
    preloaded::URGENCY,
    preloaded::LIABILITY,
    ExitType::LIST,
    preloaded::REVIEW_RESULT,
    preloaded::INSPECT_COLOR,
    preloaded::CREDIT_LEVEL,
    OperatorType::LIST,
    OrganizationType::LIST,
    preloaded::NOTICE_TYPE,
    PersonType::LIST,
    AdjustType::LIST,
    preloaded::INVOICE_TYPE,
    preloaded::ARCHIVE_PERIOD,
    preloaded::ALARM_LEVEL,
    preloaded::ALARM_STATUS,
    OrganizationStatus::LIST,
    UserStatus::LIST,
    HukouType::LIST,
    ProjectStatus::LIST,
    UseStatus::LIST,
    RoomType::LIST,
    AssetClass::LIST,
    AcquireMode::LIST,
    ValueType::LIST,
    DepreciationMethod::LIST,
    TitleForm::LIST,
    AssetUse::LIST,
    LedgerSubject::LIST,
    AssetStatus::LIST,
    ChangeKind::LIST,
    ChangeState::LIST,
    UnitCondition::LIST,
    CountResult::LIST,
    CountStatus::LIST,
    AssignmentStatus::LIST,
    ExitStatus::LIST,
    ExitBillStatus::LIST,
    ExitLineKind::LIST,
    PayCycle::LIST,
    SignMode::LIST,
    BindingRelation::LIST,
    MeterType::LIST,
    ItemState::LIST,
    AreaBasis::LIST,
    OffshelfGround::LIST,
    IdVerified::LIST,
    Education::LIST,
    Nation::LIST,
    ApprovalKind::LIST,
    ApprovalStatus::LIST,
    WorkflowStatus::LIST,
    DayKind::LIST,
    NumberKind::LIST,
    NumberPeriod::LIST,
];

/// The dictionary of an id.
#[must_use]
pub fn dictionary_of(id: &str) -> Option<&'static Dictionary> {
    DICTIONARIES.into_iter().find(|dictionary| dictionary.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_dictionary_of_the_program_is_listed_once() {
        let ids: BTreeSet<_> = DICTIONARIES.iter().map(|dictionary| dictionary.id).collect();
        assert_eq!(ids.len(), DICTIONARIES.len());
        // An id stands in addresses and is stored.
        assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))), "{ids:?}");
        let sources = [
            include_str!("asset.rs"),
            include_str!("household.rs"),
            include_str!("housing.rs"),
            include_str!("organization.rs"),
            include_str!("platform.rs"),
            include_str!("tenancy.rs"),
            include_str!("../housing/asset_change.rs"),
        ];
        let defined: usize = sources.iter().map(|source| source.matches("\ndictionary! {").count()).sum();
        let preloaded = include_str!("preloaded.rs").matches(" = \"D-").count();
        // AssetEvent is the one that is left out; of attachments, billing, the bank, refunds and adjustments those of §1.2 are here.
        let of_money = ["D-18", "D-29", "D-30", "D-31", "D-32", "D-33", "D-34", "D-34.out", "D-40", "D-53"];
        assert!(of_money.iter().all(|id| ids.contains(id)), "{ids:?}");
        let expected = DICTIONARIES.len() + 1 - of_money.len() - preloaded;
        assert_eq!(defined, expected, "a new dictionary stands in DICTIONARIES");
    }

    /// Code tables to preload (domain.md §1.2): all fifty-six, one of them in two parts, one under the field that holds it.
    #[test]
    fn every_code_table_of_section_1_2_is_there() {
        for number in 1..=56 {
            let ids = match number {
                // The program has kept the city's words for 合同状态 under this id since the beginning.
                28 => vec!["E-40.status".to_owned()],
                56 => vec!["D-56.level".to_owned(), "D-56.status".to_owned()],
                _ => vec![format!("D-{number:02}")],
            };
            for id in ids {
                assert!(dictionary_of(&id).is_some(), "{id}");
            }
        }
        for dictionary in DICTIONARIES {
            let codes: BTreeSet<_> = dictionary.entries.iter().map(|entry| entry.code).collect();
            let labels: BTreeSet<_> = dictionary.entries.iter().map(|entry| entry.label).collect();
            let count = dictionary.entries.len();
            assert_eq!((codes.len(), labels.len()), (count, count), "{}", dictionary.id);
        }
    }

    #[test]
    fn a_dictionary_is_found_by_its_id() {
        assert_eq!(dictionary_of("D-05").map(|dictionary| dictionary.name), Some("房源状态"));
        assert!(dictionary_of("D-99").is_none());
    }
}
