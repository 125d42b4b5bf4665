//! What administrators keep that is on every page: the city's labels and its menu.

use super::{dictionary::labels_get, menu::menu_get};
use crate::{Database, Result};
use domain::{dictionary::LabelBook, platform::menu::MenuChange};

/// Both at once, as a process keeps them at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CityTables {
    pub labels: LabelBook,
    pub menu: Vec<MenuChange>,
}

/// Reads them.
///
/// # Errors
/// When the database fails.
pub async fn tables_get(database: &Database) -> Result<CityTables> {
    Ok(CityTables { labels: labels_get(database).await?, menu: menu_get(database).await? })
}
