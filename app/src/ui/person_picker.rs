//! Choosing a person by name, or by the whole number of a document, telephone or account. The number goes in a
//! request's body and stays out of every address.

use super::{
    combo::{Pick, search},
    field::Field,
    label::told,
};
use crate::person::api::{person_find, person_list};
use domain::{list::ListQuery, person::PersonRow};
use leptos::prelude::*;
use std::collections::HashMap;

/// How many hits are asked for; who sees none of his writes more of the name.
const HITS: u16 = 10;
/// As short as any number that identifies somebody can be; fewer digits are a part of a name or nothing.
const NUMBER_MIN: usize = 7;

/// A field that holds the id of a person; `present` is what people call the one that is chosen already.
pub fn person_picker(field: Field, present: Option<String>) -> AnyView {
    person_picker_heard(field, present, Callback::new(drop))
}

/// The same; `picked` hears of somebody new before the field holds him, so that a form can note his name.
pub fn person_picker_heard(field: Field, present: Option<String>, picked: Callback<Pick>) -> AnyView {
    // What people call those whom the field has held, by id.
    let names = StoredValue::new(HashMap::from([(field.value.get_untracked(), present.unwrap_or_default())]));
    let named = move |id: &str| names.with_value(|names| names.get(id).cloned()).unwrap_or_default();
    let taken = Callback::new(move |pick: Pick| {
        picked.run(pick.clone());
        names.update_value(|names| drop(names.insert(pick.code, pick.label)));
    });
    let find = |word: String| -> super::form::Call<Vec<Pick>> {
        Box::pin(async move {
            let found = if is_number(&word) {
                person_find(word).await?
            } else {
                person_list(ListQuery { q: word, size: HITS, ..ListQuery::default() }).await?.rows
            };
            Ok(found.iter().map(pick).collect())
        })
    };
    search(field, "姓名，或完整的证件号码、电话、银行账号", named, find, taken)
}

/// Of documents only those of officers bear a character besides letters and digits: 字.
fn is_number(word: &str) -> bool {
    let spelled = word.is_ascii() || word.contains('字');
    spelled && word.chars().filter(char::is_ascii_digit).count() >= NUMBER_MIN
}

fn pick(row: &PersonRow) -> Pick {
    let note = format!("{} · {}", told(row.person_type), row.id_number);
    Pick { code: row.id.to_string(), label: row.name.clone(), note, depth: 0 }
}

#[cfg(test)]
mod tests {
    use super::is_number;

    #[test]
    fn numbers_are_told_from_names() {
        for number in ["99010119900307123X", "13800000000", "E1234567", "军字第1234567号"] {
            assert!(is_number(number), "{number}");
        }
        for name in ["张三", "张三2", "合并人1234567", "zhangsan", "123"] {
            assert!(!is_number(name), "{name}");
        }
    }
}
