//! 家庭 (E-05): who belongs together, what they have, and on what grounds they are helped.
//!
//! Somebody belongs to one household at a time. What it was before stands in its timeline and in the members who left.

use crate::{
    change::{Change, changes},
    dictionary::{ApplicantCategory, Relation, SpecialTag},
    failure::FieldErrors,
    form::{optional, optional_text, pick},
    id::{HouseholdId, PersonId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::{Area, Check, Complaint, Money, decimal, normalize, required, round_half_up},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Most members besides the head.
pub const MEMBERS_MAX: usize = 30;

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HouseholdRow {
    pub id: HouseholdId,
    pub household_no: String,
    pub head_id: PersonId,
    pub head: String,
    /// masked
    pub id_number: String,
    /// with the head
    pub size: i32,
    pub category: ApplicantCategory,
    pub annual_income: Money,
    pub area_per_head: Option<Area>,
    pub organization: String,
    pub closed_on: Option<NaiveDate>,
    pub updated_at: DateTime<Utc>,
}

impl HouseholdRow {
    /// 人均月收入.
    #[must_use]
    pub fn income_per_head(&self) -> Money {
        income_per_head(self.annual_income, self.size)
    }
}

/// 人均月收入 (domain.md §4.17): the year's income by twelve months and all members, rounded once.
#[must_use]
pub fn income_per_head(annual: Money, size: i32) -> Money {
    Money::from_fen(round_half_up(annual.fen().into(), 12 * i128::from(size.max(1))))
}

/// A household with all that its page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Household {
    pub row: HouseholdRow,
    /// the head first, then who belongs to it now, then who left
    pub members: Vec<Member>,
    pub special_tags: Vec<SpecialTag>,
    pub assets: Option<Money>,
    pub remark: Option<String>,
    pub closed_reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub history: Vec<HouseholdLine>,
    pub version: i32,
    pub updated_by: Option<String>,
}

/// Somebody of a household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub person_id: PersonId,
    pub name: String,
    /// masked; none where the record is not the reader's
    pub id_number: Option<String>,
    /// to the head, who is 本人
    pub relation: Relation,
    pub joined_on: NaiveDate,
    /// none: belongs to it now
    pub left_on: Option<NaiveDate>,
}

/// A line of the timeline, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HouseholdLine {
    pub at: DateTime<Utc>,
    pub actor: Option<String>,
    pub event: String,
    pub reason: Option<String>,
    pub changes: Vec<Change>,
}

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HouseholdForm {
    pub head: String,
    pub members: Vec<MemberForm>,
    pub category: String,
    pub special_tags: Vec<String>,
    pub annual_income: String,
    pub assets: String,
    pub area_per_head: String,
    pub remark: String,
}

/// A member besides the head: somebody of the register, and what he is to the head.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemberForm {
    pub person: String,
    pub relation: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseholdFields {
    /// the head first
    pub members: Vec<(PersonId, Relation)>,
    pub category: ApplicantCategory,
    pub special_tags: Vec<SpecialTag>,
    pub annual_income: Money,
    pub assets: Option<Money>,
    pub area_per_head: Option<Area>,
    pub remark: Option<String>,
}

impl HouseholdFields {
    /// All members with the head.
    #[must_use]
    pub fn size(&self) -> i32 {
        i32::try_from(self.members.len()).unwrap_or(i32::MAX)
    }

    /// The household's data in words, for its timeline; of the members their names, as the store knows them.
    fn told(&self, names: &str) -> [(&'static str, String); 7] {
        let amount = |money: Option<Money>| money.map(|money| money.to_string()).unwrap_or_default();
        let tags: Vec<_> = self.special_tags.iter().map(|tag| tag.label()).collect();
        [
            ("家庭成员", names.to_owned()),
            ("保障类别", self.category.to_string()),
            ("优先情形", tags.join("、")),
            ("家庭年收入", self.annual_income.to_string()),
            ("家庭财产", amount(self.assets)),
            ("人均住房面积", self.area_per_head.map(|area| area.to_string()).unwrap_or_default()),
            ("备注", self.remark.clone().unwrap_or_default()),
        ]
    }

    /// What a change of the record changes; `names` are the members before and after.
    #[must_use]
    pub fn changes(&self, before: &Self, names: (&str, &str)) -> Vec<Change> {
        changes(before.told(names.0), self.told(names.1))
    }
}

impl HouseholdForm {
    /// Checks every field.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<HouseholdFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let head = errors.take("head", pick(&self.head, "请选择户主"));
        let members = self.members(head, &mut errors);
        let category =
            errors.take("category", required(&self.category).and_then(|text| ApplicantCategory::parse(&text)));
        let mut special_tags = Vec::new();
        for tag in &self.special_tags {
            special_tags.extend(errors.take("special_tags", SpecialTag::parse(tag)));
        }
        special_tags.sort_unstable();
        special_tags.dedup();
        let income = errors.take("annual_income", required(&self.annual_income).and_then(|text| amount(&text)));
        let assets = errors.take("assets", optional(&self.assets, amount)).flatten();
        let area_per_head = errors.take("area_per_head", optional(&self.area_per_head, area)).flatten();
        let remark = errors.take("remark", optional_text(&self.remark, 500)).flatten();
        match (category, income) {
            (Some(category), Some(annual_income)) if errors.is_empty() => {
                Ok(HouseholdFields { members, category, special_tags, annual_income, assets, area_per_head, remark })
            }
            _ => Err(errors),
        }
    }

    /// Everybody once, with one spouse at most (domain.md §7.6).
    fn members(&self, head: Option<i64>, errors: &mut FieldErrors) -> Vec<(PersonId, Relation)> {
        let mut members: Vec<_> = head.map(|head| (PersonId(head), Relation::Oneself)).into_iter().collect();
        if self.members.len() > MEMBERS_MAX {
            errors.add("members", format!("最多{MEMBERS_MAX}名成员"));
        }
        for member in self.members.iter().take(MEMBERS_MAX) {
            let person = errors.take("members", pick(&member.person, "请选择家庭成员"));
            let relation = errors.take("members", Relation::parse(&member.relation));
            let (Some(person), Some(relation)) = (person, relation) else { continue };
            if relation == Relation::Oneself || members.iter().any(|(known, _)| known.0 == person) {
                errors.add("members", "家庭成员不能重复，也不能是户主本人");
            }
            if relation == Relation::Spouse && members.iter().any(|(_, known)| *known == Relation::Spouse) {
                errors.add("members", "配偶只能有一人");
            }
            members.push((PersonId(person), relation));
        }
        members
    }
}

/// An amount from 0 on.
fn amount(text: &str) -> Check<Money> {
    Money::parse_yuan(text)
        .ok()
        .filter(|amount| *amount >= Money::ZERO && amount.fen() <= 100_000_000_000)
        .ok_or(Complaint::about("应为不小于0的数字，最多2位小数"))
}

/// An area from 0 on: who has no home has none.
fn area(text: &str) -> Check<Area> {
    decimal(&normalize(text), 2)
        .filter(|hundredths| (0..=100_000).contains(hundredths))
        .map(Area::from_hundredths)
        .ok_or(Complaint::about("应为0至1000的数字，最多2位小数"))
}

impl From<&Household> for HouseholdForm {
    fn from(household: &Household) -> Self {
        let belongs = household.members.iter().filter(|member| member.left_on.is_none());
        Self {
            head: household.row.head_id.to_string(),
            members: belongs
                .filter(|member| member.relation != Relation::Oneself)
                .map(|member| MemberForm {
                    person: member.person_id.to_string(),
                    relation: member.relation.code().to_owned(),
                })
                .collect(),
            category: household.row.category.code().to_owned(),
            special_tags: household.special_tags.iter().map(|tag| tag.code().to_owned()).collect(),
            annual_income: plain(household.row.annual_income),
            assets: household.assets.map(plain).unwrap_or_default(),
            area_per_head: household.row.area_per_head.map(|area| area.to_string()).unwrap_or_default(),
            remark: household.remark.clone().unwrap_or_default(),
        }
    }
}

/// An amount as it is typed.
fn plain(amount: Money) -> String {
    crate::value::decimal_text(amount.fen(), 2)
}

/// 家庭 list.
#[rustfmt::skip] // a table: one line per column
pub const HOUSEHOLD_LIST: ListSheet<HouseholdRow> = ListSheet {
    key: "household",
    noun: "家庭",
    path: "/persons/households",
    search_hint: "户主姓名、家庭编号",
    columns: &[
        ListColumn { key: "household_no", header: "家庭编号", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.household_no, format!("/persons/households/{}", row.id)) },
        ListColumn { key: "head", header: "户主", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.head, format!("/persons/{}", row.head_id)) },
        ListColumn { key: "id_number", header: "证件号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.id_number) },
        ListColumn { key: "size", header: "家庭人口", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Number(row.size.into()) },
        ListColumn { key: "category", header: "保障类别", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.category) },
        ListColumn { key: "annual_income", header: "家庭年收入(元)", kind: Kind::Number, sortable: true, essential: false, cell: |row| Cell::Money(row.annual_income) },
        ListColumn { key: "income_per_head", header: "人均月收入(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.income_per_head()) },
        ListColumn { key: "area_per_head", header: "人均住房面积(㎡)", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.area_per_head, Cell::Area) },
        ListColumn { key: "organization", header: "所属机构", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.organization) },
        ListColumn { key: "closed_on", header: "销户日期", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.closed_on, Cell::Date) },
        ListColumn { key: "updated_at", header: "更新时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.updated_at) },
    ],
    filters: &[
        Filter { key: "category", label: "保障类别", choices: Choices::Of(ApplicantCategory::choices) },
        Filter { key: "tag", label: "优先情形", choices: Choices::Of(SpecialTag::choices) },
        Filter { key: "state", label: "状态", choices: Choices::Fixed(|| vec![("OPEN", "正常"), ("CLOSED", "已销户")]) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "person", label: "成员", choices: Choices::Linked },
    ],
    default_sort: ("updated_at", true),
    jumps: false,
};

#[cfg(test)]
#[path = "household_tests.rs"]
mod tests;
