//! What the forms of the stock offer to choose from.

use serde::{Deserialize, Serialize};

/// One thing to choose: its id and what people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub id: i64,
    pub label: String,
}

/// The choices of the actor's scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockChoices {
    pub districts: Vec<Choice>,
    pub management_units: Vec<Choice>,
    pub property_companies: Vec<Choice>,
    pub operators: Vec<Choice>,
    pub rent_standards: Vec<Choice>,
}
