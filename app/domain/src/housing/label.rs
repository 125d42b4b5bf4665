//! What the label on a unit's door says beside its QR code (S1-4.2). Nothing of it is personal.

use crate::{dictionary::LayoutType, id::UnitId, value::Area};
use serde::{Deserialize, Serialize};

/// The text of one label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitLabel {
    pub id: UnitId,
    pub code: String,
    pub estate: String,
    pub address: String,
    pub layout: LayoutType,
    pub building_area: Area,
    pub usable_area: Area,
}
