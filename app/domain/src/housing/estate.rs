//! 小区 (E-11): the compound that holds buildings; the level at which operators work.

use crate::{
    failure::FieldErrors,
    form::{optional, optional_text, pick},
    housing::place::{Place, PlaceForm},
    id::{EstateId, OperatorId, OrganizationId},
    value::{Check, Complaint, Phone, Point, normalize, required, text_max},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A row of the estate list (S1-4.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EstateRow {
    pub id: EstateId,
    pub code: String,
    pub name: String,
    pub district: String,
    pub address: String,
    pub operator: Option<String>,
    pub buildings: i64,
    pub units: i64,
    /// units that are let at all (§4.9: without sold, off-shelf and units in preparation)
    pub lettable: i64,
    pub rented: i64,
    pub located: bool,
    pub updated_at: DateTime<Utc>,
}

/// An estate with all its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estate {
    pub id: EstateId,
    pub code: String,
    pub name: String,
    pub district_id: OrganizationId,
    pub district: String,
    pub street: Option<String>,
    pub community: Option<String>,
    pub address: String,
    pub place: Option<Place>,
    /// in the system of the city's map
    pub position: Option<Point>,
    pub property_company_id: Option<OrganizationId>,
    pub property_company: Option<String>,
    pub operator_id: Option<OperatorId>,
    pub operator: Option<String>,
    /// 1/100 %
    pub green_rate: Option<i32>,
    /// 容积率, 1/100
    pub far: Option<i32>,
    pub gates: Option<i32>,
    pub facilities: Vec<String>,
    pub households_planned: Option<i32>,
    pub parking_total: Option<i32>,
    pub contact: Option<String>,
    pub phone: Option<String>,
    pub remark: Option<String>,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
}

/// What a person types into the estate form; every field as text until it is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EstateForm {
    pub name: String,
    /// id of the district
    pub district: String,
    pub street: String,
    pub community: String,
    pub address: String,
    pub property_company: String,
    pub operator: String,
    pub green_rate: String,
    pub far: String,
    pub gates: String,
    pub facilities: String,
    pub households_planned: String,
    pub parking_total: String,
    pub contact: String,
    pub phone: String,
    pub lng: String,
    pub lat: String,
    pub system: String,
    pub remark: String,
}

/// An estate form that passed its check; also what a row of I-03 becomes.
#[derive(Clone, Debug, PartialEq)]
pub struct EstateFields {
    pub name: String,
    pub district_id: OrganizationId,
    pub street: Option<String>,
    pub community: Option<String>,
    pub address: String,
    pub property_company_id: Option<OrganizationId>,
    pub operator_id: Option<OperatorId>,
    pub green_rate: Option<i32>,
    pub far: Option<i32>,
    pub gates: Option<i32>,
    pub facilities: Vec<String>,
    pub households_planned: Option<i32>,
    pub parking_total: Option<i32>,
    pub contact: Option<String>,
    pub phone: Option<String>,
    pub place: Option<Place>,
    pub remark: Option<String>,
}

/// One row of I-03 (domain.md §7.3); names are resolved by the store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EstateImportForm {
    pub name: String,
    pub district: String,
    pub street: String,
    pub community: String,
    pub address: String,
    pub property_company: String,
    pub operator: String,
    pub households_planned: Option<i32>,
    pub parking_total: Option<i32>,
    pub green_rate: Option<i32>,
    pub contact: String,
    pub phone: String,
    pub place: PlaceForm,
}

impl EstateForm {
    /// Checks every field; the browser calls it for speed and the store for truth.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<EstateFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", required(&self.name).and_then(|name| text_max(&name, 100)));
        let district_id = errors.take("district", pick(&self.district, "请选择所属区县").map(OrganizationId));
        let address = errors.take("address", required(&self.address).and_then(|address| text_max(&address, 200)));
        let street = errors.take("street", optional_text(&self.street, 50)).flatten();
        let community = errors.take("community", optional_text(&self.community, 50)).flatten();
        let green_rate = errors.take("green_rate", optional(&self.green_rate, parse_percent)).flatten();
        let far = errors.take("far", optional(&self.far, parse_hundredths)).flatten();
        let gates = errors.take("gates", optional(&self.gates, parse_count)).flatten();
        let facilities = errors.take("facilities", parse_facilities(&self.facilities)).unwrap_or_default();
        let households_planned =
            errors.take("households_planned", optional(&self.households_planned, parse_count)).flatten();
        let parking_total = errors.take("parking_total", optional(&self.parking_total, parse_count)).flatten();
        let contact = errors.take("contact", optional_text(&self.contact, 30)).flatten();
        let phone = errors
            .take("phone", optional(&self.phone, |text| Phone::parse(text).map(|phone| phone.as_str().to_owned())))
            .flatten();
        let remark = errors.take("remark", optional_text(&self.remark, 200)).flatten();
        let property_company_id = errors
            .take(
                "property_company",
                optional(&self.property_company, |text| pick(text, "请选择物业公司").map(OrganizationId)),
            )
            .flatten();
        let operator_id = errors
            .take("operator", optional(&self.operator, |text| pick(text, "请选择运营主体").map(OperatorId)))
            .flatten();
        let place = PlaceForm::of_texts(&self.lng, &self.lat, &self.system, &mut errors);
        match (name, district_id, address) {
            (Some(name), Some(district_id), Some(address)) if errors.is_empty() => Ok(EstateFields {
                name,
                district_id,
                street,
                community,
                address,
                property_company_id,
                operator_id,
                green_rate,
                far,
                gates,
                facilities,
                households_planned,
                parking_total,
                contact,
                phone,
                place,
                remark,
            }),
            _ => Err(errors),
        }
    }
}

impl From<&Estate> for EstateForm {
    fn from(estate: &Estate) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let number = |value: Option<i32>| value.map(|value| value.to_string()).unwrap_or_default();
        Self {
            name: estate.name.clone(),
            district: estate.district_id.to_string(),
            street: text(&estate.street),
            community: text(&estate.community),
            address: estate.address.clone(),
            property_company: estate.property_company_id.map(|id| id.to_string()).unwrap_or_default(),
            operator: estate.operator_id.map(|id| id.to_string()).unwrap_or_default(),
            green_rate: estate.green_rate.map(percent_text).unwrap_or_default(),
            far: estate.far.map(percent_text).unwrap_or_default(),
            gates: number(estate.gates),
            facilities: facilities_text(&estate.facilities),
            households_planned: number(estate.households_planned),
            parking_total: number(estate.parking_total),
            contact: text(&estate.contact),
            phone: text(&estate.phone),
            lng: estate.place.map(|place| place.point.lng.to_string()).unwrap_or_default(),
            lat: estate.place.map(|place| place.point.lat.to_string()).unwrap_or_default(),
            system: estate.place.map(|place| place.system.code().to_owned()).unwrap_or_default(),
            remark: text(&estate.remark),
        }
    }
}

/// A number ≥ 0 of households, spaces and the like.
///
/// # Errors
/// `应为不小于0的整数`.
pub fn parse_count(text: &str) -> Check<i32> {
    text.parse().ok().filter(|count| *count >= 0).ok_or_else(|| Complaint::About("应为不小于0的整数".into()))
}

/// A percentage 0–100 with at most two decimals, as 1/100 %.
///
/// # Errors
/// `应为0到100之间的数字，最多2位小数`.
pub fn parse_percent(text: &str) -> Check<i32> {
    crate::value::Area::parse_or_zero(text)
        .ok()
        .and_then(|hundredths| i32::try_from(hundredths.hundredths()).ok())
        .filter(|rate| *rate <= 10_000)
        .ok_or_else(|| Complaint::About("应为0到100之间的数字，最多2位小数".into()))
}

/// A number ≥ 0 with at most two decimals (容积率), as hundredths.
///
/// # Errors
/// `应为不小于0的数字，最多2位小数`.
pub fn parse_hundredths(text: &str) -> Check<i32> {
    let number = crate::value::Area::parse_or_zero(text)?;
    i32::try_from(number.hundredths()).map_err(|_| Complaint::About("数字过大".into()))
}

/// Facilities as people list them, `健身房、快递柜`: each named once, in the order given.
///
/// # Errors
/// `最多填写20项，每项不超过20字`.
pub fn parse_facilities(text: &str) -> Check<Vec<String>> {
    let mut facilities: Vec<String> = Vec::new();
    for name in text.split(['、', '，', ',', '；', ';']).map(normalize).filter(|name| !name.is_empty()) {
        if !facilities.contains(&name) {
            facilities.push(name);
        }
    }
    if facilities.len() > 20 || facilities.iter().any(|name| name.chars().count() > 20) {
        return Err(Complaint::About("最多填写20项，每项不超过20字".into()));
    }
    Ok(facilities)
}

/// Facilities as a form and a page show them.
#[must_use]
pub fn facilities_text(facilities: &[String]) -> String {
    facilities.join("、")
}

/// 1/100 % as `35.00`.
#[must_use]
pub fn percent_text(rate: i32) -> String {
    format!("{}.{:02}", rate / 100, rate % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facilities_are_listed_once_each() {
        assert_eq!(
            parse_facilities(" 健身房、快递柜，健身房,,充电桩 ；"),
            Ok(vec!["健身房".into(), "快递柜".into(), "充电桩".into()])
        );
        assert_eq!(facilities_text(&parse_facilities("健身房;快递柜").unwrap()), "健身房、快递柜");
        assert_eq!(parse_facilities(" "), Ok(Vec::new()));
        for wrong in ["施".repeat(21), (0..21).map(|n| format!("设施{n}")).collect::<Vec<_>>().join("、")] {
            assert_eq!(parse_facilities(&wrong), Err(Complaint::about("最多填写20项，每项不超过20字")), "{wrong}");
        }
    }

    #[test]
    fn an_estate_form_names_every_mistake() {
        let errors =
            EstateForm { far: "-1".into(), gates: "1.5".into(), green_rate: "101".into(), ..EstateForm::default() }
                .check()
                .unwrap_err();
        for (field, message) in [
            ("name", "不能为空"),
            ("district", "请选择所属区县"),
            ("far", "应为不小于0的数字，最多2位小数"),
            ("gates", "应为不小于0的整数"),
            ("green_rate", "应为0到100之间的数字，最多2位小数"),
        ] {
            assert_eq!(errors.get(field), Some(message), "{field}");
        }
    }
}
