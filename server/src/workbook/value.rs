//! Cell values as text: numbers, dates, booleans, and how a number format says that a number is a date.

use chrono::{Days, NaiveDate};

/// What a workbook's number formats say, and where its calendar begins.
#[derive(Default)]
pub(super) struct Formats {
    /// by cell style: whether its numbers are dates
    dates: Vec<bool>,
    /// days count from 1904 (old Macintosh files) instead of 1900
    pub from_1904: bool,
}

impl Formats {
    /// Notes the next cell style. `custom` tells whether the workbook itself defines the format as
    /// one of dates, if it defines it.
    pub fn push(&mut self, format: u32, custom: Option<bool>) {
        self.dates.push(custom.unwrap_or_else(|| is_date_built_in(format)));
    }

    /// A number as the text a person would have typed.
    pub fn text(&self, style: usize, number: f64) -> String {
        if self.dates.get(style).copied().unwrap_or(false)
            && let Some(date) = date_of(number, self.from_1904)
        {
            return date.format("%Y-%m-%d").to_string();
        }
        number_text(number)
    }
}

/// The formats that programs know by number. 27–36 and 50–58 are dates in Chinese Excel and WPS
/// (`2026年11月21日` is 31); 18–21, 32, 33 and 45–47 show only a time of day.
fn is_date_built_in(format: u32) -> bool {
    matches!(format, 14..=17 | 22 | 27..=31 | 34..=36 | 50..=58)
}

/// Whether a custom number format shows a date: its first section has a year or day, outside
/// quotes, escapes and brackets.
pub(super) fn is_date_format(format: &str) -> bool {
    // `General` has an e in it, which would be the year of an era.
    let format = format.to_ascii_lowercase().replace("general", "");
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        match c {
            ';' => return false,
            '"' => drop(chars.by_ref().find(|c| *c == '"')),
            '[' => drop(chars.by_ref().find(|c| *c == ']')),
            '\\' | '_' | '*' => drop(chars.next()),
            'y' | 'd' => return true,
            // 0.00E+00 is a number.
            'e' => return !chars.as_str().starts_with(['+', '-']),
            _ => {}
        }
    }
    false
}

/// The day of a serial number; none for a mere time of day and for what is no date.
fn date_of(serial: f64, from_1904: bool) -> Option<NaiveDate> {
    const LAST: f64 = 2_958_465.0; // 9999-12-31
    if !(1.0..=LAST).contains(&serial) {
        return None;
    }
    let days = serial as u64;
    let (first, days) = match (from_1904, days) {
        (true, days) => (NaiveDate::from_ymd_opt(1904, 1, 1)?, days),
        // Day 60 is 1900-02-29, which never was; the days before it count one less.
        (false, days @ 0..60) => (NaiveDate::from_ymd_opt(1899, 12, 31)?, days),
        (false, days) => (NaiveDate::from_ymd_opt(1899, 12, 30)?, days),
    };
    first.checked_add_days(Days::new(days))
}

/// The shortest text of a number: `43`, `43.1`. Programs show 15 digits and store 17, so that
/// 14.3 + 28.8 is stored as 43.099999999999994; what the person saw is meant.
pub(super) fn number_text(number: f64) -> String {
    if !number.is_finite() {
        return number.to_string();
    }
    let shown = |number: f64| if number == 0.0 { "0".to_owned() } else { number.to_string() };
    let exact = shown(number);
    if exact.len() <= 15 {
        return exact;
    }
    format!("{number:.14e}").parse().map_or(exact, shown)
}

/// The text of a number or, where it is none, the text itself: `NaN` is for the row's check to refuse.
pub(super) fn number_or_text(formats: &Formats, style: usize, text: &str) -> String {
    match text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => formats.text(style, number),
        _ => text.to_owned(),
    }
}

/// Booleans as a Chinese template says them.
pub(super) fn boolean_text(value: bool) -> &'static str {
    if value { "是" } else { "否" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_were_typed() {
        for (number, text) in [
            (43.0, "43"),
            (43.1, "43.1"),
            (-0.0, "0"),
            (0.1 + 0.2, "0.3"),
            (14.3 + 28.8, "43.1"),
            (1.366_941, "1.366941"),
            (103.843_582, "103.843582"),
            (401.0, "401"),
            (13_800_000_000.0, "13800000000"),
            (123_456_789_012_345_680.0, "123456789012346000"),
            (-12.5, "-12.5"),
            (1e-7, "0.0000001"),
        ] {
            assert_eq!(number_text(number), text);
        }
        assert_eq!(number_or_text(&Formats::default(), 0, "NaN"), "NaN");
        assert_eq!(number_or_text(&Formats::default(), 0, " 43.10 "), "43.1");
        assert_eq!(number_or_text(&Formats::default(), 0, "inf"), "inf");
    }

    #[test]
    fn dates_are_days() {
        let mut formats = Formats::default();
        formats.push(14, None);
        formats.push(0, None);
        formats.push(31, None);
        formats.push(176, Some(true));
        for (style, number, text) in [
            (0, 46_082.0, "2026-03-01"),
            (0, 46_082.75, "2026-03-01"),
            (1, 46_082.0, "46082"),
            (2, 46_082.0, "2026-03-01"),
            (3, 46_082.0, "2026-03-01"),
            (9, 46_082.0, "46082"),
            (0, 1.0, "1900-01-01"),
            (0, 59.0, "1900-02-28"),
            (0, 61.0, "1900-03-01"),
            (0, 0.5, "0.5"),
            (0, 1e9, "1000000000"),
            (0, -3.0, "-3"),
        ] {
            assert_eq!(formats.text(style, number), text, "{style} {number}");
        }
        formats.from_1904 = true;
        assert_eq!(formats.text(0, 44_620.0), "2026-03-01");
    }

    #[test]
    fn formats_that_show_a_date() {
        for format in ["yyyy-mm-dd", "yyyy\"年\"m\"月\"d\"日\";@", "[$-804]e/m/d", "m/d", "d-mmm", "yyyy/m/d h:mm"] {
            assert!(is_date_format(format), "{format}");
        }
        for format in [
            "0.00",
            "General",
            "GENERAL",
            "h:mm:ss",
            "@",
            "\"day\"0",
            "0;yyyy",
            "[Red]0.00",
            "0.00E+00",
            "\\d0",
            "#,##0_d",
            "General\"套\"",
        ] {
            assert!(!is_date_format(format), "{format}");
        }
    }
}
