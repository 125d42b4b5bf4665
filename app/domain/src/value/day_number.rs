//! A day that travels as its number, counted from the first of the year 1: `#[serde(with = "day_number")]`.

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize as _, Serializer, de::Error as _};

/// # Errors
/// The serializer's own.
pub fn serialize<S: Serializer>(day: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
    day.map(|day| day.num_days_from_ce()).serialize(serializer)
}

/// # Errors
/// The deserializer's own, and a number that is no day.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    let number = Option::<i32>::deserialize(deserializer)?;
    number
        .map(|number| NaiveDate::from_num_days_from_ce_opt(number).ok_or_else(|| D::Error::custom("no day")))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Told {
        #[serde(with = "super")]
        day: Option<NaiveDate>,
    }

    #[test]
    fn a_day_arrives_as_it_was_sent() {
        for day in [None, NaiveDate::from_ymd_opt(2026, 11, 29), Some(NaiveDate::MIN), Some(NaiveDate::MAX)] {
            let text = serde_json::to_string(&Told { day }).expect("written");
            assert_eq!(serde_json::from_str::<Told>(&text).expect("read"), Told { day });
        }
        assert!(serde_json::from_str::<Told>(r#"{"day":2147483647}"#).is_err());
    }
}
