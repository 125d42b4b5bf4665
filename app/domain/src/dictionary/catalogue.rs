//! Every dictionary of the program, in the order in which administrators find them (domain.md §1.2, S1-9.4).

use super::{
    AcquireMode, ApplicantCategory, ApprovalKind, ApprovalStatus, AreaBasis, AssetClass, AssetStatus, AssetUse,
    AssignmentStatus, BindingRelation, ContractStatus, CountResult, CountStatus, DayKind, Decoration,
    DepreciationMethod, Dictionary, Education, ExitBillStatus, ExitLineKind, ExitStatus, ExitType, Gender,
    HousingCategory, HukouType, IdType, IdVerified, InvestmentType, ItemState, LayoutType, LedgerSubject, Marital,
    MeterType, Nation, NumberKind, NumberPeriod, OperatorType, OrganizationStatus, OrganizationType, Orientation,
    PayCycle, PersonType, ProjectStatus, Relation, RoomType, SignMode, SourceType, SpecialTag, Structure, TitleForm,
    UnitCondition, UnitStatus, UseStatus, UserStatus, ValueType, WorkflowStatus,
};
use crate::housing::asset_change::{ChangeKind, ChangeState};

/// The dictionaries whose labels the city may set. The verbs of the state machines are no values that are stored, and
/// coordinate systems are names of standards: those stay as they are.
pub static DICTIONARIES: [&Dictionary; 57] = [
    HousingCategory::LIST,
    SourceType::LIST,
    InvestmentType::LIST,
    LayoutType::LIST,
    UnitStatus::LIST,
    Orientation::LIST,
    Structure::LIST,
    Decoration::LIST,
    ApplicantCategory::LIST,
    SpecialTag::LIST,
    IdType::LIST,
    Gender::LIST,
    Marital::LIST,
    OperatorType::LIST,
    OrganizationType::LIST,
    PersonType::LIST,
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
    ContractStatus::LIST,
    ExitType::LIST,
    ExitStatus::LIST,
    ExitBillStatus::LIST,
    ExitLineKind::LIST,
    PayCycle::LIST,
    SignMode::LIST,
    Relation::LIST,
    BindingRelation::LIST,
    MeterType::LIST,
    ItemState::LIST,
    AreaBasis::LIST,
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
        // AssetEvent is the one that is left out.
        assert_eq!(defined, DICTIONARIES.len() + 1, "a new dictionary stands in DICTIONARIES");
    }

    #[test]
    fn a_dictionary_is_found_by_its_id() {
        assert_eq!(dictionary_of("D-05").map(|dictionary| dictionary.name), Some("房源状态"));
        assert!(dictionary_of("D-99").is_none());
    }
}
