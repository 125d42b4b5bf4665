//! The form of an organisation (S1-9.5): the very columns of its import, so that both are judged alike.

use crate::{
    dictionary::{LabelBook, OrganizationStatus},
    failure::FieldErrors,
    form::optional_text,
    platform::{
        organization::{Organization, OrganizationForm},
        organization_sheet::ORGANIZATION_IMPORT,
    },
};
use serde::{Deserialize, Serialize};

/// The fields, in the order of the template's columns.
const FIELDS: [&str; 11] =
    ["code", "name", "kind", "parent", "division_code", "uscc", "leader", "phone", "address", "sort", "status"];

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationEdit {
    pub code: String,
    pub name: String,
    pub short_name: String,
    pub kind: String,
    /// code or name of the superior
    pub parent: String,
    pub division_code: String,
    pub uscc: String,
    pub leader: String,
    /// empty in the form of a known organisation: it stays
    pub phone: String,
    pub address: String,
    pub sort: String,
    pub status: String,
    pub remark: String,
}

impl OrganizationEdit {
    /// An empty form, below a superior that is known already.
    #[must_use]
    pub fn below(parent: &str) -> Self {
        Self {
            parent: parent.to_owned(),
            sort: "0".into(),
            status: OrganizationStatus::On.code().into(),
            ..Self::default()
        }
    }
}

impl From<&Organization> for OrganizationEdit {
    fn from(organization: &Organization) -> Self {
        let row = &organization.row;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Self {
            code: row.code.clone(),
            name: row.name.clone(),
            short_name: text(&organization.short_name),
            kind: row.kind.code().into(),
            parent: text(&organization.parent_code),
            division_code: row.division_code.clone(),
            uscc: text(&organization.uscc),
            leader: text(&row.leader),
            phone: String::new(),
            address: text(&organization.address),
            sort: organization.sort.to_string(),
            status: row.status.code().into(),
            remark: text(&organization.remark),
        }
    }
}

/// A checked form.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganizationFields {
    /// as a row of an import would say it
    pub row: OrganizationForm,
    pub short_name: Option<String>,
    pub remark: Option<String>,
}

impl OrganizationEdit {
    /// The same as a row of an import.
    #[must_use]
    pub fn cells(&self) -> Vec<String> {
        [
            &self.code,
            &self.name,
            &self.kind,
            &self.parent,
            &self.division_code,
            &self.uscc,
            &self.leader,
            &self.phone,
            &self.address,
            &self.sort,
            &self.status,
        ]
        .map(Clone::clone)
        .to_vec()
    }

    /// Checks every field as an import does.
    ///
    /// # Errors
    /// Complaints by field.
    pub fn check(&self) -> Result<OrganizationFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let short_name = errors.take("short_name", optional_text(&self.short_name, 50));
        let remark = errors.take("remark", optional_text(&self.remark, 200));
        match ORGANIZATION_IMPORT.parse(1, &self.cells(), &LabelBook::default()) {
            Ok(row) if errors.is_empty() => {
                Ok(OrganizationFields { row, short_name: short_name.flatten(), remark: remark.flatten() })
            }
            Ok(_) => Err(errors),
            Err(complaints) => {
                for complaint in complaints {
                    complain(&mut errors, &complaint.column, &complaint.message);
                }
                Err(errors)
            }
        }
    }
}

/// Notes what an import says about a column at the form's field.
pub fn complain(errors: &mut FieldErrors, column: &str, message: &str) {
    let place = ORGANIZATION_IMPORT.columns.iter().position(|known| known.header == column);
    let field = place.and_then(|place| FIELDS.get(place)).copied().unwrap_or("name");
    errors.add(field, message.strip_prefix("第1行").unwrap_or(message));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::OrganizationType;

    #[test]
    fn a_form_is_judged_like_a_row() {
        assert_eq!(FIELDS.len(), ORGANIZATION_IMPORT.columns.len());
        let form = OrganizationEdit {
            code: "D1".into(),
            name: "丁街道办".into(),
            kind: "STREET".into(),
            division_code: "810101001".into(),
            ..OrganizationEdit::below("810101")
        };
        assert_eq!(form.check().expect("it is right").row.kind, Some(OrganizationType::Street));
        let wrong = OrganizationEdit {
            code: String::new(),
            kind: "OPERATOR".into(),
            parent: String::new(),
            division_code: "81".into(),
            short_name: "字".repeat(51),
            sort: "x".into(),
            ..form
        };
        let errors = wrong.check().unwrap_err();
        let told = |field: &str| errors.get(field).unwrap_or_default().to_owned();
        assert_eq!(told("code"), "【机构编码】不能为空");
        assert_eq!(told("division_code"), "【行政区划代码】格式不正确");
        assert_eq!(told("uscc"), "企业须填写【统一社会信用代码】");
        assert_eq!(told("parent"), "除市级机构外须填写【上级】");
        assert_eq!((told("short_name").as_str(), told("sort").as_str()), ("长度不能超过50", "【排序】格式不正确"));
    }
}
