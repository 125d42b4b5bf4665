//! The form of a building (E-12, S1-4.2): bound to its estate by the address of the page, and to a project by choice.

use crate::{
    dictionary::{Structure, UseStatus},
    failure::FieldErrors,
    form::{date, optional, optional_text, pick},
    housing::{
        building::{Building, FLOORS_MAX},
        building_sheet::{house_code, parse_between},
        estate::{parse_count, parse_hundredths, percent_text},
        place::{Place, PlaceForm},
    },
    id::ProjectId,
    value::{Area, Check, Complaint, required, text_max},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What a person types into the building form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildingForm {
    /// id of the project
    pub project: String,
    pub no: String,
    pub name: String,
    pub structure: String,
    pub floors_up: String,
    pub floors_down: String,
    pub entrances: String,
    pub units_per_floor: String,
    pub height: String,
    /// `YES`, `NO` or nothing said
    pub has_elevator: String,
    pub elevators: String,
    pub build_year: String,
    pub area: String,
    pub house_code: String,
    pub completed_on: String,
    pub warranty: String,
    pub status: String,
    pub lng: String,
    pub lat: String,
    pub system: String,
}

/// A building form that passed its check.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildingFields {
    pub project_id: ProjectId,
    pub no: String,
    pub name: Option<String>,
    pub structure: Option<Structure>,
    pub floors_up: i32,
    pub floors_down: Option<i32>,
    pub entrances: i32,
    pub units_per_floor: Option<i32>,
    /// 1/100 m
    pub height: Option<i32>,
    pub has_elevator: Option<bool>,
    pub elevators: Option<i32>,
    pub build_year: Option<i32>,
    pub area: Option<Area>,
    pub house_code: Option<String>,
    pub completed_on: Option<NaiveDate>,
    pub warranty: Option<String>,
    pub status: UseStatus,
    pub place: Option<Place>,
}

/// What the field 有无电梯 offers.
pub const ELEVATOR_CHOICES: [(&str, &str); 2] = [("YES", "有"), ("NO", "无")];

impl BuildingForm {
    /// Checks every field.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<BuildingFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        // A building must be bound to a project (E-12).
        let project_id = errors.take("project", pick(&self.project, "请选择项目").map(ProjectId));
        let no = errors.take("no", required(&self.no).and_then(|text| text_max(&text, 20)));
        let floors_up =
            errors.take("floors_up", required(&self.floors_up).and_then(|text| parse_between(&text, 1, FLOORS_MAX)));
        let entrances =
            errors.take("entrances", required(&self.entrances).and_then(|text| parse_between(&text, 1, 99)));
        let status = errors.take("status", optional(&self.status, UseStatus::parse)).flatten();
        let name = errors.take("name", optional_text(&self.name, 50)).flatten();
        let structure = errors.take("structure", optional(&self.structure, Structure::parse)).flatten();
        let floors_down =
            errors.take("floors_down", optional(&self.floors_down, |text| parse_between(text, 0, 9))).flatten();
        let units_per_floor = errors
            .take("units_per_floor", optional(&self.units_per_floor, |text| parse_between(text, 1, 200)))
            .flatten();
        let height = errors.take("height", optional(&self.height, height)).flatten();
        let has_elevator = errors.take("has_elevator", optional(&self.has_elevator, yes_or_no)).flatten();
        let elevators = errors.take("elevators", optional(&self.elevators, parse_count)).flatten();
        let build_year =
            errors.take("build_year", optional(&self.build_year, |text| parse_between(text, 1900, 2100))).flatten();
        let area = errors.take("area", optional(&self.area, Area::parse_or_zero)).flatten();
        let house_code = errors.take("house_code", optional(&self.house_code, house_code)).flatten();
        let completed_on = errors.take("completed_on", optional(&self.completed_on, date)).flatten();
        let warranty = errors.take("warranty", optional_text(&self.warranty, 200)).flatten();
        let place = PlaceForm::of_texts(&self.lng, &self.lat, &self.system, &mut errors);
        if has_elevator == Some(false) && elevators.is_some_and(|count| count > 0) {
            errors.add("elevators", "已填写无电梯，电梯数应为0或为空");
        }
        match (project_id, no, floors_up, entrances) {
            (Some(project_id), Some(no), Some(floors_up), Some(entrances)) if errors.is_empty() => Ok(BuildingFields {
                project_id,
                no,
                name,
                structure,
                floors_up,
                floors_down,
                entrances,
                units_per_floor,
                height,
                has_elevator,
                elevators,
                build_year,
                area,
                house_code,
                completed_on,
                warranty,
                status: status.unwrap_or(UseStatus::On),
                place,
            }),
            _ => Err(errors),
        }
    }
}

/// 楼高 in metres, > 0.
fn height(text: &str) -> Check<i32> {
    parse_hundredths(text)
        .ok()
        .filter(|height| *height > 0)
        .ok_or_else(|| Complaint::About("应为大于0的数字，最多2位小数".into()))
}

fn yes_or_no(text: &str) -> Check<bool> {
    match text {
        "YES" => Ok(true),
        "NO" => Ok(false),
        _ => Err(Complaint::About("请选择有或无".into())),
    }
}

impl From<&Building> for BuildingForm {
    fn from(building: &Building) -> Self {
        fn text<T: ToString>(value: Option<&T>) -> String {
            value.map(ToString::to_string).unwrap_or_default()
        }
        Self {
            project: building.project_id.to_string(),
            no: building.no.clone(),
            name: text(building.name.as_ref()),
            structure: building.structure.map(|value| value.code().to_owned()).unwrap_or_default(),
            floors_up: building.floors_up.to_string(),
            floors_down: text(building.floors_down.as_ref()),
            entrances: building.entrances.to_string(),
            units_per_floor: text(building.units_per_floor.as_ref()),
            height: building.height.map(percent_text).unwrap_or_default(),
            has_elevator: building
                .has_elevator
                .map(|yes| if yes { "YES" } else { "NO" })
                .unwrap_or_default()
                .to_owned(),
            elevators: text(building.elevators.as_ref()),
            build_year: text(building.build_year.as_ref()),
            area: text(building.area.as_ref()),
            house_code: text(building.house_code.as_ref()),
            completed_on: text(building.completed_on.as_ref()),
            warranty: text(building.warranty.as_ref()),
            status: building.status.code().to_owned(),
            lng: text(building.place.map(|place| place.point.lng).as_ref()),
            lat: text(building.place.map(|place| place.point.lat).as_ref()),
            system: building.place.map(|place| place.system.code().to_owned()).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_building_form_names_every_mistake() {
        let errors = BuildingForm {
            floors_up: "61".into(),
            entrances: "0".into(),
            height: "0".into(),
            has_elevator: "NO".into(),
            elevators: "2".into(),
            build_year: "18".into(),
            ..BuildingForm::default()
        }
        .check()
        .unwrap_err();
        for (field, message) in [
            ("project", "请选择项目"),
            ("no", "不能为空"),
            ("floors_up", "应为1至60之间的整数"),
            ("entrances", "应为1至99之间的整数"),
            ("height", "应为大于0的数字，最多2位小数"),
            ("elevators", "已填写无电梯，电梯数应为0或为空"),
            ("build_year", "应为1900至2100之间的整数"),
        ] {
            assert_eq!(errors.get(field), Some(message), "{field}");
        }
    }
}
