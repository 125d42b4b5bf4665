//! When something of the stock may be deleted (S1-4.1, S1-4.2; domain.md §0.5 rule 4): only what has nothing below it
//! and never had legal or money effect. It is marked and kept; nobody sees it any more.

use crate::dictionary::UnitStatus;

/// A project with buildings (S1-4.1).
pub const PROJECT_HAS_BUILDINGS: &str = "项目下存在楼栋，不能删除";
/// A project stands in the asset ledger (E-15).
pub const PROJECT_HAS_CARD: &str = "项目已建立资产主卡片，不能删除";
/// A unit stands in the asset ledger (E-16) until its card is disposed of.
pub const UNIT_HAS_CARD: &str = "房源已建立资产子卡片，不能删除，请先办理资产处置";
/// An estate with buildings.
pub const ESTATE_HAS_BUILDINGS: &str = "小区下存在楼栋，不能删除";
/// A building with units.
pub const BUILDING_HAS_UNITS: &str = "楼栋下存在房源，不能删除";
/// A unit with rooms besides the one it was entered with.
pub const UNIT_HAS_ROOMS: &str = "房源下存在房间，不能删除，请先删除房间";
/// The last room of a unit: a unit without one has nothing for people, devices and cards to be bound to (E-14).
pub const LAST_ROOM: &str = "房源至少保留一个房间，不能删除";
/// A room where somebody lives.
pub const ROOM_IS_LIVED_IN: &str = "房间有人入住，不能删除，请先办理退租";

/// Whether a unit in this status may be deleted, `ever` being all that its timeline says it was.
///
/// # Errors
/// The sentence that says why not and what to do instead.
pub fn unit_removal(status: UnitStatus, ever: &[UnitStatus]) -> Result<(), String> {
    if !matches!(status, UnitStatus::Prep | UnitStatus::Vacant) {
        return Err(format!("房源状态为“{status}”，不能删除"));
    }
    let bound = [UnitStatus::Assigned, UnitStatus::Signed, UnitStatus::Occupied, UnitStatus::Sold];
    match ever.iter().find(|was| bound.contains(was)) {
        Some(was) => Err(format!("房源曾为“{was}”，须保留记录，不能删除")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use UnitStatus as S;

    #[test]
    fn only_what_never_bound_anybody_is_deleted() {
        for status in S::ALL.iter().copied() {
            let free = matches!(status, S::Prep | S::Vacant);
            assert_eq!(unit_removal(status, &[S::Vacant, S::Reserved, status]).is_ok(), free, "{status}");
        }
        assert_eq!(unit_removal(S::Occupied, &[]).unwrap_err(), "房源状态为“已入住”，不能删除");
        assert_eq!(
            unit_removal(S::Vacant, &[S::Vacant, S::Signed]).unwrap_err(),
            "房源曾为“已签约待入住”，须保留记录，不能删除"
        );
    }
}
