//! 用户 (E-02, S1-9.3): list, record, and what is entered. What an account may do is a grant of its own, because
//! another person has to agree to it (domain.md §6.4).

use crate::{
    dictionary::UserStatus,
    failure::FieldErrors,
    form::{date, optional, optional_text, pick},
    id::{ApprovalId, EstateId, OrganizationId, RoleId, UserId},
    platform::{
        approval::reason_check,
        organization::OrganizationChoice,
        user::{login_check, name_check},
    },
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
    value::{Check, Complaint, Phone, normalize},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A row of the list. The telephone is masked (domain.md §2.7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserRow {
    pub id: UserId,
    pub login: String,
    pub name: String,
    pub organization: String,
    /// names, joined by 、
    pub roles: String,
    pub phone: Option<String>,
    pub status: UserStatus,
    /// until when wrong passwords keep it shut
    pub locked_until: Option<DateTime<Utc>>,
    pub last_login_at: Option<DateTime<Utc>>,
    /// whether it signs in with a second factor
    pub second_factor: bool,
}

/// An account with everything an administrator decides by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub row: UserRow,
    pub organization_id: OrganizationId,
    pub department: Option<String>,
    pub valid_from: Option<NaiveDate>,
    pub valid_to: Option<NaiveDate>,
    pub must_change_password: bool,
    pub password_changed_at: DateTime<Utc>,
    pub roles: Vec<(RoleId, String)>,
    /// the districts it sees in place of what its organisation sees (自定义范围)
    pub districts: Vec<(OrganizationId, String)>,
    pub estates: Vec<(EstateId, String)>,
    pub sessions: Vec<SessionLine>,
    pub attempts: Vec<AttemptLine>,
    /// the request that waits for a checker
    pub pending: Option<ApprovalId>,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
    pub version: i32,
}

/// Where an account is signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionLine {
    pub kiosk: bool,
    pub created_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
}

/// An attempt to sign in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptLine {
    pub at: DateTime<Utc>,
    pub address: Option<String>,
    /// as people read it
    pub outcome: String,
}

/// What the forms choose from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserChoices {
    /// as a tree: each below its superior
    pub organizations: Vec<OrganizationChoice>,
    pub roles: Vec<(RoleId, String)>,
}

/// Who an account belongs to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserForm {
    pub login: String,
    pub name: String,
    pub department: String,
    /// empty keeps the one that is there
    pub phone: String,
    pub valid_from: String,
    pub valid_to: String,
}

/// What an account may do, and where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GrantForm {
    pub organization: String,
    /// ids
    pub roles: Vec<String>,
    /// ids of the districts it sees (data scope CUSTOM, domain.md §6.2); none: what its organisation sees
    #[serde(default)]
    pub districts: Vec<String>,
    /// ids of the estates it is limited to (负责楼盘); none: all that it would see otherwise
    pub estates: Vec<String>,
    /// for the checker
    pub reason: String,
}

/// A checked account.
#[derive(Clone, Debug, PartialEq)]
pub struct UserFields {
    pub login: String,
    pub name: String,
    pub department: Option<String>,
    /// none: as it is
    pub phone: Option<Phone>,
    pub valid_from: Option<NaiveDate>,
    pub valid_to: Option<NaiveDate>,
}

/// A checked grant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GrantFields {
    pub organization: OrganizationId,
    pub roles: Vec<RoleId>,
    /// absent in requests of before there were any
    #[serde(default)]
    pub districts: Vec<OrganizationId>,
    pub estates: Vec<EstateId>,
}

/// What an account of an organisation can be limited to: districts, where its organisation is one of the administration,
/// and estates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reachable {
    pub districts: Vec<(OrganizationId, String)>,
    pub estates: Vec<(EstateId, String)>,
}

impl From<&User> for UserForm {
    fn from(user: &User) -> Self {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        Self {
            login: user.row.login.clone(),
            name: user.row.name.clone(),
            department: user.department.clone().unwrap_or_default(),
            phone: String::new(),
            valid_from: day(user.valid_from),
            valid_to: day(user.valid_to),
        }
    }
}

impl From<&User> for GrantForm {
    fn from(user: &User) -> Self {
        Self {
            organization: user.organization_id.to_string(),
            roles: user.roles.iter().map(|(id, _)| id.to_string()).collect(),
            districts: user.districts.iter().map(|(id, _)| id.to_string()).collect(),
            estates: user.estates.iter().map(|(id, _)| id.to_string()).collect(),
            reason: String::new(),
        }
    }
}

impl UserForm {
    /// Checks an account; `has_phone` says that it has a telephone, which an empty field then keeps.
    ///
    /// # Errors
    /// Complaints by field.
    pub fn check(&self, has_phone: bool) -> Result<UserFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let login = errors.take("login", login_check(self.login.trim()));
        let name = errors.take("name", name_check(&self.name));
        let department = errors.take("department", optional_text(&self.department, 50));
        let phone = errors.take("phone", optional(&self.phone, Phone::parse));
        if !has_phone && normalize(&self.phone).is_empty() {
            errors.add("phone", "请填写手机号");
        }
        let valid_from = errors.take("valid_from", optional(&self.valid_from, date));
        let valid_to = errors.take("valid_to", optional(&self.valid_to, date));
        if let (Some(Some(from)), Some(Some(to))) = (valid_from, valid_to)
            && to < from
        {
            errors.add("valid_to", "有效期止不能早于有效期起");
        }
        match (login, name, department, phone, valid_from, valid_to) {
            (Some(login), Some(name), Some(department), Some(phone), Some(valid_from), Some(valid_to))
                if errors.is_empty() =>
            {
                Ok(UserFields { login, name, department, phone, valid_from, valid_to })
            }
            _ => Err(errors),
        }
    }
}

impl GrantForm {
    /// Checks a grant; answers it with its reason. Which roles go together is the store's to say, which knows what
    /// they grant.
    ///
    /// # Errors
    /// Complaints by field.
    pub fn check(&self) -> Result<(GrantFields, String), FieldErrors> {
        let mut errors = FieldErrors::default();
        let organization = errors.take("organization", pick(&self.organization, "请选择所属机构"));
        let roles = errors.take("roles", ids(&self.roles, "请至少选择一个角色"));
        if roles.as_ref().is_some_and(Vec::is_empty) {
            errors.add("roles", "请至少选择一个角色");
        }
        let districts = errors.take("districts", ids(&self.districts, "可见区县不存在"));
        let estates = errors.take("estates", ids(&self.estates, "负责楼盘不存在"));
        let reason = errors.take("reason", reason_check(&self.reason));
        match (organization, roles, districts, estates, reason) {
            (Some(organization), Some(roles), Some(districts), Some(estates), Some(reason)) if errors.is_empty() => {
                let grant = GrantFields {
                    organization: OrganizationId(organization),
                    roles: roles.into_iter().map(RoleId).collect(),
                    districts: districts.into_iter().map(OrganizationId).collect(),
                    estates: estates.into_iter().map(EstateId).collect(),
                };
                Ok((grant, reason))
            }
            _ => Err(errors),
        }
    }
}

/// Chosen ids, each once, in order.
fn ids(chosen: &[String], sentence: &'static str) -> Check<Vec<i64>> {
    let mut ids = chosen.iter().map(|id| pick(id, sentence)).collect::<Check<Vec<i64>>>()?;
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > 500 {
        return Err(Complaint::says("最多选择500项"));
    }
    Ok(ids)
}

/// 用户 list (S1-9.3).
#[rustfmt::skip] // a table: one line per column
pub const USER_LIST: ListSheet<UserRow> = ListSheet {
    key: "user",
    noun: "用户",
    path: "/platform/users",
    search_hint: "账号、姓名",
    columns: &[
        ListColumn { key: "login", header: "账号", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.login, format!("/platform/users/{}", row.id)) },
        ListColumn { key: "name", header: "姓名", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::text(&row.name) },
        ListColumn { key: "organization", header: "机构", kind: Kind::Text, sortable: true, essential: false, cell: |row| Cell::text(&row.organization) },
        ListColumn { key: "roles", header: "角色", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.roles) },
        ListColumn { key: "phone", header: "手机号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.phone.as_deref().unwrap_or_default()) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| match row.locked_until {
            Some(_) => Cell::badge("LOCKED", "锁定"),
            None => Cell::status(row.status),
        } },
        ListColumn { key: "second_factor", header: "二次验证", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(if row.second_factor { "已启用" } else { "未启用" }) },
        ListColumn { key: "last_login_at", header: "最后登录", kind: Kind::Time, sortable: true, essential: false, cell: |row| row.last_login_at.map_or(Cell::Empty, Cell::Time) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(UserStatus::choices) },
        Filter { key: "ending", label: "即将到期", choices: Choices::Linked },
    ],
    default_sort: ("login", false),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_a_person_and_a_telephone() {
        let form = UserForm {
            login: " wang.li ".into(),
            name: "王丽".into(),
            phone: "13800000000".into(),
            valid_from: "2026-01-01".into(),
            valid_to: "2026-12-31".into(),
            ..UserForm::default()
        };
        let fields = form.check(false).expect("it is right");
        assert_eq!((fields.login.as_str(), fields.department), ("wang.li", None));
        let without = UserForm { phone: " ".into(), ..form.clone() };
        assert_eq!(without.check(false).unwrap_err().get("phone"), Some("请填写手机号"));
        assert_eq!(without.check(true).map(|fields| fields.phone), Ok(None));
        let backwards = UserForm { valid_to: "2025-12-31".into(), ..form.clone() };
        assert_eq!(backwards.check(true).unwrap_err().get("valid_to"), Some("有效期止不能早于有效期起"));
        assert!(UserForm { login: "王".into(), phone: "1".into(), ..form }.check(true).unwrap_err().0.len() == 2);
    }

    #[test]
    fn a_grant_names_organisation_roles_and_reason() {
        let form = GrantForm {
            organization: "7".into(),
            roles: vec!["3".into(), "2".into(), "3".into()],
            districts: Vec::new(),
            estates: Vec::new(),
            reason: "新员工入职".into(),
        };
        let (grant, _) = form.check().expect("it is right");
        assert_eq!((grant.organization, grant.roles), (OrganizationId(7), vec![RoleId(2), RoleId(3)]));
        let errors = GrantForm { estates: vec!["x".into()], ..GrantForm::default() }.check().unwrap_err();
        for field in ["organization", "roles", "estates", "reason"] {
            assert!(errors.get(field).is_some(), "{field}");
        }
    }
}
