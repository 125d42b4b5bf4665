//! The grid of a period (S4-1.6.2): what is typed of its meters, and what of it is saved.

use crate::{
    billing::meter_reading::{ReadingRow, ReadingStatus},
    failure::FieldErrors,
    form::{date, optional},
    tenancy::hand_over::Reading,
    value::required,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What is entered of one meter in the grid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnteredReading {
    pub id: i64,
    pub version: i32,
    /// of a first reading
    pub opening: String,
    pub closing: String,
    pub rolled: bool,
}

/// The values of a page of the grid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadingsForm {
    /// 抄表日期
    pub read_on: String,
    pub readings: Vec<EnteredReading>,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingsFields {
    pub read_on: NaiveDate,
    pub readings: Vec<ReadingFields>,
}

/// What is entered of one meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadingFields {
    pub id: i64,
    pub version: i32,
    pub opening: Option<Reading>,
    pub closing: Reading,
    pub rolled: bool,
}

/// The field of a form that holds what a meter shows: a value of the grid.
#[must_use]
pub fn reading_field(id: i64) -> String {
    format!("closing-{id}")
}

/// The field that holds what a meter showed before its first reading.
#[must_use]
pub fn opening_field(id: i64) -> String {
    format!("opening-{id}")
}

impl ReadingsForm {
    /// What is typed and not saved yet, over the readings as they are now: a deed on one row loads all of them anew and must not
    /// cost the reader what stands in the others. A row keeps the version over which it was typed, so that what somebody
    /// else has entered there meanwhile is not written over unseen – except `own`, which the reader himself has just confirmed.
    #[must_use]
    pub fn over(&self, readings: &[ReadingRow], own: Option<i64>) -> Self {
        let row = |row: &ReadingRow| {
            let fresh =
                EnteredReading { id: row.id, version: row.version, rolled: row.rolled, ..EnteredReading::default() };
            let typed = |entered: &&EnteredReading| {
                entered.id == row.id && !(entered.opening.is_empty() && entered.closing.is_empty())
            };
            match self.readings.iter().find(typed) {
                Some(typed) if row.status != ReadingStatus::Billed => {
                    let version = if own == Some(row.id) { row.version } else { typed.version };
                    EnteredReading { version, ..typed.clone() }
                }
                _ => fresh,
            }
        };
        Self { read_on: self.read_on.clone(), readings: readings.iter().map(row).collect() }
    }

    /// Checks what was entered; what is empty is left out.
    ///
    /// # Errors
    /// One sentence per field, under [`reading_field`].
    pub fn check(&self, today: NaiveDate) -> Result<ReadingsFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let read_on = errors.take("read_on", required(&self.read_on).and_then(|text| date(&text)));
        if read_on.is_some_and(|day| day > today) {
            errors.add("read_on", "抄表日期不能晚于今天");
        }
        let mut readings = Vec::new();
        for entered in self.readings.iter().filter(|entered| !entered.closing.trim().is_empty()) {
            let field = reading_field(entered.id);
            let opening = errors.take(&opening_field(entered.id), optional(&entered.opening, Reading::parse));
            let closing = errors.take(&field, Reading::parse(&entered.closing));
            if let (Some(opening), Some(closing)) = (opening, closing) {
                let (id, version, rolled) = (entered.id, entered.version, entered.rolled);
                readings.push(ReadingFields { id, version, opening, closing, rolled });
            }
        }
        match read_on {
            Some(_) if errors.is_empty() && readings.is_empty() => {
                errors.add("read_on", "请先填写期末值");
                Err(errors)
            }
            Some(read_on) if errors.is_empty() => Ok(ReadingsFields { read_on, readings }),
            _ => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{billing::meter_reading::ReadingSource, dictionary::MeterType};

    #[test]
    fn what_is_typed_names_its_mistakes() {
        let today: NaiveDate = "2026-03-15".parse().unwrap();
        let entered =
            |closing: &str| EnteredReading { id: 7, version: 1, closing: closing.into(), ..EnteredReading::default() };
        let readings = |closing: &str| ReadingsForm {
            read_on: "2026-03-15".into(),
            readings: vec![entered(closing), EnteredReading { id: 8, ..entered("") }],
        };
        let read = ReadingFields { id: 7, version: 1, opening: None, closing: Reading(123_600), rolled: false };
        assert_eq!(readings("1236").check(today).unwrap().readings, [read]);
        assert!(readings("-1").check(today).unwrap_err().get("closing-7").is_some());
        assert_eq!(readings("").check(today).unwrap_err().get("read_on"), Some("请先填写期末值"));
        let late = ReadingsForm { read_on: "2026-03-16".into(), ..readings("1") };
        assert!(late.check(today).unwrap_err().get("read_on").is_some());
    }

    fn row(id: i64, version: i32, status: ReadingStatus) -> ReadingRow {
        ReadingRow {
            id,
            period_id: Some(1),
            meter_id: id,
            meter_no: format!("S{id}"),
            meter: MeterType::Water,
            source: ReadingSource::Period,
            month: None,
            estate: "甲小区".into(),
            place: "101".into(),
            occupant: None,
            from: NaiveDate::default(),
            read_on: None,
            opening: Some(Reading(0)),
            first: false,
            closing: None,
            rolled: false,
            multiplier: 100,
            max: None,
            carried: 0,
            usage: None,
            tariff: None,
            amount: None,
            status,
            note: None,
            reader: None,
            photos: 0,
            version,
        }
    }

    /// One row is confirmed while values of others are typed.
    #[test]
    fn what_is_typed_stays_when_the_rows_are_loaded_anew() {
        let typed = |id, version, closing: &str| EnteredReading {
            id,
            version,
            closing: closing.into(),
            ..EnteredReading::default()
        };
        let form = ReadingsForm {
            read_on: "2026-03-14".into(),
            readings: vec![
                typed(1, 1, "12"),
                typed(2, 1, "99"),
                typed(3, 1, ""),
                typed(4, 1, "7"),
                EnteredReading { rolled: true, opening: "5".into(), ..typed(5, 1, "") },
            ],
        };
        let rows = [
            row(1, 1, ReadingStatus::Empty),
            row(2, 2, ReadingStatus::Confirmed),
            row(3, 4, ReadingStatus::Read),
            row(4, 3, ReadingStatus::Billed),
            row(5, 2, ReadingStatus::Read),
            row(6, 1, ReadingStatus::Empty),
        ];
        let kept = form.over(&rows, Some(2));
        assert_eq!(kept.read_on, "2026-03-14", "the day was chosen");
        assert_eq!(
            kept.readings,
            [
                typed(1, 1, "12"),
                typed(2, 2, "99"),
                typed(3, 4, ""),
                typed(4, 3, ""),
                // Somebody else has entered it meanwhile: saving it is to be a conflict.
                EnteredReading { rolled: true, opening: "5".into(), ..typed(5, 1, "") },
                typed(6, 1, ""),
            ]
        );
    }
}
