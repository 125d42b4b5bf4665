//! What a change of a record changed, field by field, for the record's timeline (domain.md §0.5 rule 12).

use serde::{Deserialize, Serialize};

/// What a field said and says, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub field: String,
    pub before: String,
    pub after: String,
}

/// What differs between two states of one record, each told as the same fields in the same order.
#[must_use]
pub fn changes<const N: usize>(before: [(&str, String); N], after: [(&str, String); N]) -> Vec<Change> {
    std::iter::zip(before, after)
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| Change { field: field.to_owned(), before, after })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let state = |a: &str, b: &str| [("甲", a.to_owned()), ("乙", b.to_owned())];
        assert_eq!(changes(state("1", "2"), state("1", "2")), []);
        let told = changes(state("1", "2"), state("1", ""));
        assert_eq!(told, [Change { field: "乙".into(), before: "2".into(), after: String::new() }]);
    }
}
