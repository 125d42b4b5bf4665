//! Choosing a unit by searching for it: for every form that is about one unit. Nobody scrolls through a million.

use super::{
    combo::{Pick, search},
    field::Field,
    label::told,
};
use crate::housing::unit_list;
use domain::{dictionary::UnitStatus, housing::unit::UnitRow, list::ListQuery};
use leptos::prelude::*;

/// How many hits are asked for; who sees none of his writes more of the address.
const HITS: u16 = 10;

/// A field that holds the id of a unit. `named` knows what people call it; `picked` hears of a new one before the field
/// holds it, so that a form can note its name and take over its address and areas.
pub fn unit_picker(
    field: Field,
    named: impl Fn(&str) -> String + Send + Sync + 'static,
    picked: Callback<UnitRow>,
) -> AnyView {
    unit_picker_among(field, None, named, picked)
}

/// The same among the units of one status.
pub fn unit_picker_among(
    field: Field,
    status: Option<UnitStatus>,
    named: impl Fn(&str) -> String + Send + Sync + 'static,
    picked: Callback<UnitRow>,
) -> AnyView {
    let rows = StoredValue::new(Vec::<UnitRow>::new());
    let find = move |word: String| -> super::form::Call<Vec<Pick>> {
        Box::pin(async move {
            let mut query = ListQuery { q: word, size: HITS, ..ListQuery::default() };
            query.filter.extend(status.map(|status| ("status".to_owned(), status.code().to_owned())));
            let page = unit_list(query).await?;
            let picks = page.rows.iter().map(pick).collect();
            rows.try_set_value(page.rows);
            Ok(picks)
        })
    };
    let taken = Callback::new(move |pick: Pick| {
        let row = rows.with_value(|rows| rows.iter().find(|row| row.id.to_string() == pick.code).cloned());
        if let Some(row) = row {
            picked.run(row);
        }
    });
    search(field, "小区、楼栋、房号或房源编码", named, find, taken)
}

fn pick(row: &UnitRow) -> Pick {
    Pick {
        code: row.id.to_string(),
        label: format!("{} {}", row.estate, row.address),
        note: format!("{} · {}㎡ · {}", row.code, row.building_area, told(row.status)),
        depth: 0,
    }
}
