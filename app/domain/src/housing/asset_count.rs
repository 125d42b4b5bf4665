//! Stock-taking of asset cards (盘点, domain.md §3.19 T6): TASK → COUNTED or DIFF → CONFIRMED.

use crate::{
    dictionary::{CountResult, CountStatus, UnitCondition},
    failure::{Failure, FieldErrors},
    form::optional_text,
    id::{AssetCountId, AssetSubId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, TURN, cell_or_empty},
    value::{Complaint, required, text_max},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A count sheet in the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetCountRow {
    pub id: AssetCountId,
    pub title: String,
    pub district: String,
    /// none: made before sheets had numbers
    pub count_no: Option<String>,
    /// master card or estate that is counted
    pub subject: String,
    pub planned_on: NaiveDate,
    pub status: CountStatus,
    pub planned: i64,
    pub counted: i64,
    pub missing: i64,
    pub surplus: i64,
    pub made_by: Option<String>,
    pub made_at: DateTime<Utc>,
}

/// One line: a card that should be there, or something that is there without a card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetCountLine {
    pub id: i64,
    /// none: found without a card
    pub sub: Option<(AssetSubId, String)>,
    pub place: String,
    pub result: Option<CountResult>,
    pub condition: Option<UnitCondition>,
    pub counted_on: Option<NaiveDate>,
    pub note: Option<String>,
}

/// A count sheet with its lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetCount {
    pub row: AssetCountRow,
    pub lines: Vec<AssetCountLine>,
    pub handling: Option<String>,
    pub confirmed_by: Option<String>,
    pub confirmed_at: Option<DateTime<Utc>>,
    pub version: i32,
    /// whether the actor may confirm: it is finished, and he did not count himself
    pub confirmable: bool,
}

impl AssetCount {
    /// Lines without a result yet.
    #[must_use]
    pub fn open(&self) -> usize {
        self.lines.iter().filter(|line| line.result.is_none()).count()
    }
}

/// A new count sheet: of a master card or of an estate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetCountForm {
    pub title: String,
    pub planned_on: String,
    /// `master:1` or `estate:1`
    pub subject: String,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountSubject {
    Master(i64),
    Estate(i64),
}

impl AssetCountForm {
    /// Checks a new sheet.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<(String, NaiveDate, CountSubject), FieldErrors> {
        let mut errors = FieldErrors::default();
        let title = errors.take("title", required(&self.title).and_then(|text| text_max(&text, 50)));
        let planned_on = errors
            .take("planned_on", required(&self.planned_on).and_then(|text| super::asset_master::parse_day(&text)));
        let subject = self.subject.split_once(':').and_then(|(kind, id)| match (kind, id.parse().ok()?) {
            ("master", id) => Some(CountSubject::Master(id)),
            ("estate", id) => Some(CountSubject::Estate(id)),
            _ => None,
        });
        let subject = errors.take("subject", subject.ok_or(Complaint::says("请选择盘点范围")));
        match (title, planned_on, subject) {
            (Some(title), Some(planned_on), Some(subject)) => Ok((title, planned_on, subject)),
            _ => Err(errors),
        }
    }
}

/// What was seen of one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountEntry {
    /// none: a surplus that is noted for the first time
    pub line: Option<i64>,
    pub result: CountResult,
    pub condition: Option<UnitCondition>,
    /// where the surplus is; a planned line has its place
    pub place: String,
    pub note: String,
}

impl CountEntry {
    /// Checks an entry; a difference is explained, what is there has its condition.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<Option<String>, FieldErrors> {
        let mut errors = FieldErrors::default();
        let note = errors.take("note", optional_text(&self.note, 200)).flatten();
        if (self.result == CountResult::Surplus) != self.line.is_none() {
            errors.add("result", "盘盈须作为新增行登记，应盘的卡片只能是账实相符或盘亏");
        }
        if self.line.is_none() {
            errors.take("place", required(&self.place).and_then(|text| text_max(&text, 200)));
        }
        if self.result == CountResult::Found && self.condition.is_none() {
            errors.add("condition", "请选择完好等级");
        }
        if self.result != CountResult::Found && note.is_none() {
            errors.add("note", "有差异时须填写说明");
        }
        if errors.is_empty() { Ok(note) } else { Err(errors) }
    }
}

impl CountStatus {
    /// The status when counting ends: with differences or without.
    ///
    /// # Errors
    /// When it ended before, or lines are still open.
    pub fn finish(self, open: i64, differences: i64) -> Result<Self, Failure> {
        match self {
            Self::Task if open > 0 => Err(Failure::refused(format!("还有{open}项未盘点，请全部登记后再结束盘点"))),
            Self::Task if differences > 0 => Ok(Self::Difference),
            Self::Task => Ok(Self::Counted),
            status => Err(Failure::refused(format!("盘点单为“{status}”，不能结束盘点"))),
        }
    }

    /// The status when a second person confirms.
    ///
    /// # Errors
    /// Before it is finished, and twice.
    pub fn confirm(self) -> Result<Self, Failure> {
        match self {
            Self::Counted | Self::Difference => Ok(Self::Confirmed),
            status => Err(Failure::refused(format!("盘点单为“{status}”，不能确认"))),
        }
    }
}

/// The list of count sheets.
#[rustfmt::skip] // a table: one line per column
pub const ASSET_COUNT_LIST: ListSheet<AssetCountRow> = ListSheet {
    key: "asset_count",
    noun: "资产盘点",
    path: "/assets/counts",
    search_hint: "盘点单名称、单号、盘点范围",
    columns: &[
        ListColumn { key: "title", header: "盘点单", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.title, format!("/assets/counts/{}/sheet", row.id)) },
        ListColumn { key: "count_no", header: "盘点单号", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.count_no.as_deref(), Cell::text) },
        ListColumn { key: "subject", header: "盘点范围", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.subject) },
        ListColumn { key: "district", header: "所属区县", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "planned_on", header: "盘点日期", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Date(row.planned_on) },
        ListColumn { key: "planned", header: "应盘", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.planned) },
        ListColumn { key: "counted", header: "已盘", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.counted) },
        ListColumn { key: "missing", header: "盘亏", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.missing) },
        ListColumn { key: "surplus", header: "盘盈", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.surplus) },
        ListColumn { key: "status", header: "状态", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
        ListColumn { key: "made_by", header: "经办人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.made_by.as_deref(), Cell::text) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "status", label: "状态", choices: Choices::Of(CountStatus::choices) },
        TURN,
    ],
    default_sort: ("planned_on", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_ends_once_and_is_confirmed_once() {
        use CountStatus as S;
        assert_eq!(S::Task.finish(0, 0), Ok(S::Counted));
        assert_eq!(S::Task.finish(0, 2), Ok(S::Difference));
        assert_eq!(S::Task.finish(3, 0), Err(Failure::refused("还有3项未盘点，请全部登记后再结束盘点")));
        for status in [S::Counted, S::Difference, S::Confirmed] {
            assert!(status.finish(0, 0).is_err());
        }
        assert_eq!((S::Counted.confirm(), S::Difference.confirm()), (Ok(S::Confirmed), Ok(S::Confirmed)));
        assert!(S::Task.confirm().is_err() && S::Confirmed.confirm().is_err());
    }

    #[test]
    fn a_difference_is_explained() {
        let entry = |line, result, condition, place: &str, note: &str| {
            CountEntry { line, result, condition, place: place.into(), note: note.into() }.check()
        };
        assert!(entry(Some(1), CountResult::Found, Some(UnitCondition::Good), "", "").is_ok());
        let errors = entry(Some(1), CountResult::Found, None, "", "").unwrap_err();
        assert_eq!(errors.get("condition"), Some("请选择完好等级"));
        let errors = entry(Some(1), CountResult::Missing, None, "", " ").unwrap_err();
        assert_eq!(errors.get("note"), Some("有差异时须填写说明"));
        let errors = entry(None, CountResult::Surplus, None, "", "无卡").unwrap_err();
        assert_eq!(errors.get("place"), Some("不能为空"));
        assert!(entry(Some(1), CountResult::Surplus, None, "x", "x").is_err());
        assert!(entry(None, CountResult::Found, Some(UnitCondition::Good), "x", "").is_err());
    }

    #[test]
    fn a_sheet_is_of_a_card_or_an_estate() {
        let form = |subject: &str| {
            AssetCountForm { title: "2026年度".into(), planned_on: "2026-12-01".into(), subject: subject.into() }
                .check()
        };
        assert_eq!(form("master:3").map(|fields| fields.2), Ok(CountSubject::Master(3)));
        assert_eq!(form("estate:4").map(|fields| fields.2), Ok(CountSubject::Estate(4)));
        for wrong in ["", "3", "unit:3", "master:x"] {
            assert_eq!(form(wrong).unwrap_err().get("subject"), Some("请选择盘点范围"), "{wrong}");
        }
    }
}
