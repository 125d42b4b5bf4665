//! The form of a project (E-10, S1-4.1).

use crate::{
    dictionary::{HousingCategory, InvestmentType, ProjectStatus, SourceType},
    failure::FieldErrors,
    form::{date, optional, optional_text, pick},
    housing::{
        place::{Place, PlaceForm},
        project::{FundSources, Project},
        project_sheet::{investment, positive},
    },
    id::{OperatorId, OrganizationId},
    value::{Area, Money, required, text_max},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What a person types into the project form; every field as text until it is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectForm {
    pub name: String,
    /// id of the district
    pub district: String,
    pub street: String,
    pub community: String,
    pub address: String,
    pub lng: String,
    pub lat: String,
    pub system: String,
    pub category: String,
    pub source: String,
    pub investment: String,
    pub owner_unit: String,
    pub builder: String,
    pub operator: String,
    pub approval_no: String,
    pub land_no: String,
    pub planning_no: String,
    pub construction_no: String,
    pub land_area: String,
    pub total_area: String,
    pub units_planned: String,
    pub total_invest: String,
    pub fund_central: String,
    pub fund_province: String,
    pub fund_city: String,
    pub fund_loan: String,
    pub fund_own: String,
    pub start_on: String,
    pub complete_on: String,
    pub accept_on: String,
    pub deliver_on: String,
    pub status: String,
    pub remark: String,
}

/// A project form that passed its check.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectFields {
    pub name: String,
    pub district_id: OrganizationId,
    pub address: String,
    pub category: HousingCategory,
    pub source: SourceType,
    pub investment: InvestmentType,
    pub owner_unit_id: OrganizationId,
    pub units_planned: i32,
    pub status: ProjectStatus,
    pub place: Option<Place>,
    pub texts: ProjectTexts,
    pub scale: ProjectScale,
    pub dates: ProjectDates,
}

/// What may be said about a project in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectTexts {
    pub street: Option<String>,
    pub community: Option<String>,
    pub builder: Option<String>,
    pub operator_id: Option<OperatorId>,
    pub approval_no: Option<String>,
    pub land_no: Option<String>,
    pub planning_no: Option<String>,
    pub construction_no: Option<String>,
    pub remark: Option<String>,
}

/// How large it is and what it costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProjectScale {
    pub land_area: Option<Area>,
    pub total_area: Option<Area>,
    pub total_invest: Option<Money>,
    pub funds: FundSources,
}

/// Its days, each not before the one in front of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProjectDates {
    pub start: Option<NaiveDate>,
    pub complete: Option<NaiveDate>,
    pub accept: Option<NaiveDate>,
    pub deliver: Option<NaiveDate>,
}

impl ProjectForm {
    /// Checks every field; the browser calls it for speed and the store for truth.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<ProjectFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", required(&self.name).and_then(|name| text_max(&name, 100)));
        let district_id = errors.take("district", pick(&self.district, "请选择所属区县").map(OrganizationId));
        let address = errors.take("address", required(&self.address).and_then(|address| text_max(&address, 200)));
        let category = errors.take("category", required(&self.category).and_then(|text| HousingCategory::parse(&text)));
        let source = errors.take("source", required(&self.source).and_then(|text| SourceType::parse(&text)));
        let investment =
            errors.take("investment", required(&self.investment).and_then(|text| InvestmentType::parse(&text)));
        let owner_unit_id = errors.take("owner_unit", pick(&self.owner_unit, "请选择产权单位").map(OrganizationId));
        let units_planned =
            errors.take("units_planned", required(&self.units_planned).and_then(|text| positive(&text)));
        let status = errors.take("status", required(&self.status).and_then(|text| ProjectStatus::parse(&text)));
        let texts = self.check_texts(&mut errors);
        let scale = self.check_scale(&mut errors);
        let dates = self.check_dates(&mut errors);
        let place = PlaceForm::of_texts(&self.lng, &self.lat, &self.system, &mut errors);
        match (name, district_id, address, category, source, investment, owner_unit_id, units_planned, status) {
            (
                Some(name),
                Some(district_id),
                Some(address),
                Some(category),
                Some(source),
                Some(investment),
                Some(owner_unit_id),
                Some(units_planned),
                Some(status),
            ) if errors.is_empty() => Ok(ProjectFields {
                name,
                district_id,
                address,
                category,
                source,
                investment,
                owner_unit_id,
                units_planned,
                status,
                place,
                texts,
                scale,
                dates,
            }),
            _ => Err(errors),
        }
    }

    fn check_texts(&self, errors: &mut FieldErrors) -> ProjectTexts {
        let mut text = |field, text, most| errors.take(field, optional_text(text, most)).flatten();
        ProjectTexts {
            street: text("street", &self.street, 50),
            community: text("community", &self.community, 50),
            builder: text("builder", &self.builder, 100),
            approval_no: text("approval_no", &self.approval_no, 50),
            land_no: text("land_no", &self.land_no, 50),
            planning_no: text("planning_no", &self.planning_no, 50),
            construction_no: text("construction_no", &self.construction_no, 50),
            remark: text("remark", &self.remark, 200),
            operator_id: errors
                .take("operator", optional(&self.operator, |text| pick(text, "请选择运营主体").map(OperatorId)))
                .flatten(),
        }
    }

    fn check_scale(&self, errors: &mut FieldErrors) -> ProjectScale {
        let land_area = errors.take("land_area", optional(&self.land_area, Area::parse_or_zero)).flatten();
        let total_area = errors.take("total_area", optional(&self.total_area, Area::parse_or_zero)).flatten();
        let mut money = |field, text| errors.take(field, optional(text, investment)).flatten();
        ProjectScale {
            land_area,
            total_area,
            total_invest: money("total_invest", &self.total_invest),
            funds: FundSources {
                central: money("fund_central", &self.fund_central),
                province: money("fund_province", &self.fund_province),
                city: money("fund_city", &self.fund_city),
                loan: money("fund_loan", &self.fund_loan),
                own: money("fund_own", &self.fund_own),
            },
        }
    }

    fn check_dates(&self, errors: &mut FieldErrors) -> ProjectDates {
        let mut day = |field, text| errors.take(field, optional(text, date)).flatten();
        let dates = ProjectDates {
            start: day("start_on", &self.start_on),
            complete: day("complete_on", &self.complete_on),
            accept: day("accept_on", &self.accept_on),
            deliver: day("deliver_on", &self.deliver_on),
        };
        let before = |later: Option<NaiveDate>, earlier: Option<NaiveDate>| later.is_some() && later < earlier;
        for (field, broken, sentence) in [
            ("complete_on", before(dates.complete, dates.start), "竣工日期不能早于开工日期"),
            ("accept_on", before(dates.accept, dates.complete), "验收日期不能早于竣工日期"),
            ("accept_on", before(dates.accept, dates.start), "验收日期不能早于开工日期"),
            ("deliver_on", before(dates.deliver, dates.complete), "交付日期不能早于竣工日期"),
            ("deliver_on", before(dates.deliver, dates.start), "交付日期不能早于开工日期"),
        ] {
            if broken {
                errors.add(field, sentence);
            }
        }
        dates
    }
}

impl From<&Project> for ProjectForm {
    fn from(project: &Project) -> Self {
        fn text<T: ToString>(value: Option<&T>) -> String {
            value.map(ToString::to_string).unwrap_or_default()
        }
        let funds = &project.funds;
        Self {
            name: project.name.clone(),
            district: project.district_id.to_string(),
            street: text(project.street.as_ref()),
            community: text(project.community.as_ref()),
            address: project.address.clone(),
            lng: text(project.place.map(|place| place.point.lng).as_ref()),
            lat: text(project.place.map(|place| place.point.lat).as_ref()),
            system: project.place.map(|place| place.system.code().to_owned()).unwrap_or_default(),
            category: project.category.code().to_owned(),
            source: project.source.code().to_owned(),
            investment: project.investment.code().to_owned(),
            owner_unit: project.owner_unit_id.to_string(),
            builder: text(project.builder.as_ref()),
            operator: text(project.operator_id.as_ref()),
            approval_no: text(project.approval_no.as_ref()),
            land_no: text(project.land_no.as_ref()),
            planning_no: text(project.planning_no.as_ref()),
            construction_no: text(project.construction_no.as_ref()),
            land_area: text(project.land_area.as_ref()),
            total_area: text(project.total_area.as_ref()),
            units_planned: project.units_planned.to_string(),
            total_invest: text(project.total_invest.as_ref()),
            fund_central: text(funds.central.as_ref()),
            fund_province: text(funds.province.as_ref()),
            fund_city: text(funds.city.as_ref()),
            fund_loan: text(funds.loan.as_ref()),
            fund_own: text(funds.own.as_ref()),
            start_on: text(project.start_on.as_ref()),
            complete_on: text(project.complete_on.as_ref()),
            accept_on: text(project.accept_on.as_ref()),
            deliver_on: text(project.deliver_on.as_ref()),
            status: project.status.code().to_owned(),
            remark: text(project.remark.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::housing::project::planned_warning;

    #[test]
    fn a_project_form_names_every_mistake() {
        let errors = ProjectForm {
            units_planned: "0".into(),
            fund_loan: "-1".into(),
            start_on: "2026-03-01".into(),
            complete_on: "2026-02-01".into(),
            accept_on: "2026-01-01".into(),
            deliver_on: "2026-01-31".into(),
            ..ProjectForm::default()
        }
        .check()
        .unwrap_err();
        for (field, message) in [
            ("name", "不能为空"),
            ("district", "请选择所属区县"),
            ("address", "不能为空"),
            ("owner_unit", "请选择产权单位"),
            ("units_planned", "应为大于0的整数"),
            ("fund_loan", "应为不小于0的数字，最多2位小数"),
            ("complete_on", "竣工日期不能早于开工日期"),
            ("accept_on", "验收日期不能早于竣工日期"),
            ("deliver_on", "交付日期不能早于竣工日期"),
        ] {
            assert_eq!(errors.get(field), Some(message), "{field}");
        }
    }

    #[test]
    fn fewer_planned_than_built_is_a_warning() {
        assert_eq!(planned_warning(100, 100), None);
        assert_eq!(planned_warning(100, 101).as_deref(), Some("计划套数（100）少于建成套数（101），请核实"));
    }
}
