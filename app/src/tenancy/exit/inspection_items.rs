//! The list of what stands in the home, line by line, with what is broken and what it costs.

use crate::ui::{
    label::told,
    lines::{LineCell, LineKind, Lines, always},
};
use domain::{
    dictionary::ItemState,
    tenancy::{
        exit_inspection::{InspectedForm, InspectionForm},
        hand_over::ITEMS_MAX,
    },
};

pub(super) static ITEMS: Lines<InspectionForm, InspectedForm> = Lines {
    field: "items",
    title: "验房项目",
    line: "item",
    unit: "项",
    most: ITEMS_MAX,
    read: |form| &form.items,
    write: |form| &mut form.items,
    blank: || InspectedForm {
        quantity: "1".to_owned(),
        state: ItemState::Good.code().to_owned(),
        ..InspectedForm::default()
    },
    add: "添加项目",
    hint: "",
    told: |item| {
        let state = ItemState::from_code(&item.state).map(told).unwrap_or_default();
        format!("{}×{}（{state}{}{}）", item.name, item.quantity, item.damage, item.amount)
    },
    cells: CELLS,
};

#[rustfmt::skip] // a table: one line per cell
const CELLS: &[LineCell<InspectedForm>] = &[
    LineCell { header: "物品", name: "name", says: "物品", kind: LineKind::Text(50), class: "w-full", text: |item| &mut item.name, off: always },
    LineCell { header: "数量", name: "quantity", says: "数量", kind: LineKind::Count, class: "w-16", text: |item| &mut item.quantity, off: always },
    LineCell { header: "状态", name: "state", says: "状态", kind: LineKind::Choice(ItemState::choices), class: "", text: |item| &mut item.state, off: always },
    LineCell { header: "损坏情况", name: "damage", says: "损坏情况", kind: LineKind::Text(100), class: "w-full", text: |item| &mut item.damage, off: always },
    LineCell { header: "赔偿(元)", name: "amount", says: "赔偿金额", kind: LineKind::Money, class: "w-24", text: |item| &mut item.amount, off: always },
];
