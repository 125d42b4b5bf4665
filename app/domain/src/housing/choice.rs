//! What the forms of the stock offer to choose from.

use serde::{Deserialize, Serialize};

/// One thing to choose: its id and what people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub id: i64,
    pub label: String,
}

/// A rent standard that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandardChoice {
    pub id: i64,
    pub label: String,
    /// the one district it was made for; none: the whole city
    pub district: Option<i64>,
}

impl StandardChoice {
    /// Whether a unit of this district may have it (E-17 `district scope`).
    #[must_use]
    pub fn fits(&self, district: i64) -> bool {
        self.district.is_none_or(|own| own == district)
    }
}

/// The choices of the actor's scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockChoices {
    pub districts: Vec<Choice>,
    pub management_units: Vec<Choice>,
    /// what may own a project
    pub owner_units: Vec<Choice>,
    pub property_companies: Vec<Choice>,
    pub operators: Vec<Choice>,
    pub rent_standards: Vec<StandardChoice>,
}

impl StockChoices {
    /// The rent standards for units of a district.
    #[must_use]
    pub fn rent_standards_of(&self, district: i64) -> Vec<Choice> {
        let fitting = self.rent_standards.iter().filter(|standard| standard.fits(district));
        fitting.map(|standard| Choice { id: standard.id, label: standard.label.clone() }).collect()
    }
}
