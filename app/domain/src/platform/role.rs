//! 角色 (E-03, S1-9.2): a named set of permissions.

use crate::{
    failure::FieldErrors,
    form::optional_text,
    id::RoleId,
    platform::{
        approval::reason_check,
        permission::{Permission, exclusions_check},
    },
    sheet::{Cell, Kind, ListColumn, ListSheet},
    value::{Check, Complaint, required, text_max},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleRow {
    pub id: RoleId,
    pub code: String,
    pub name: String,
    pub description: Option<String>,
    /// accounts that hold it
    pub users: i64,
    /// whether it came with the program
    pub system: bool,
    pub updated_at: DateTime<Utc>,
}

/// A role with what it grants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Role {
    pub row: RoleRow,
    pub permissions: Vec<Permission>,
    pub updated_by: Option<String>,
    pub version: i32,
}

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoleForm {
    pub code: String,
    pub name: String,
    pub description: String,
    /// codes
    pub permissions: Vec<String>,
    /// for the checker
    pub reason: String,
}

/// A checked role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleFields {
    pub code: String,
    pub name: String,
    pub description: Option<String>,
    pub permissions: Vec<Permission>,
}

impl From<&Role> for RoleForm {
    fn from(role: &Role) -> Self {
        Self {
            code: role.row.code.clone(),
            name: role.row.name.clone(),
            description: role.row.description.clone().unwrap_or_default(),
            permissions: role.permissions.iter().map(|permission| permission.code().to_owned()).collect(),
            reason: String::new(),
        }
    }
}

impl RoleForm {
    /// Checks a role; answers it with the reason of the change.
    ///
    /// # Errors
    /// Complaints by field; `permissions` names two that exclude each other (S1-9.2).
    pub fn check(&self) -> Result<(RoleFields, String), FieldErrors> {
        let mut errors = FieldErrors::default();
        let code = errors.take("code", code_check(&self.code));
        let name = required(&self.name).and_then(|name| text_max(&name, 30));
        let name = errors.take("name", name.map_err(|_| Complaint::says("角色名称须为1至30个字")));
        let description = errors.take("description", optional_text(&self.description, 200));
        let mut permissions: Vec<Permission> =
            self.permissions.iter().filter_map(|code| Permission::from_code(code)).collect();
        permissions.sort_unstable();
        permissions.dedup();
        if permissions.is_empty() {
            errors.add("permissions", "请至少选择一项权限");
        }
        errors.take("permissions", exclusions_check(&permissions));
        let reason = errors.take("reason", reason_check(&self.reason));
        match (code, name, description, reason) {
            (Some(code), Some(name), Some(description), Some(reason)) if errors.is_empty() => {
                Ok((RoleFields { code, name, description, permissions }, reason))
            }
            _ => Err(errors),
        }
    }
}

/// A role's code: what command lines and imports name it by.
fn code_check(code: &str) -> Check<String> {
    let plain = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    let starts = code.starts_with(|first: char| first.is_ascii_uppercase());
    if (2..=30).contains(&code.len()) && starts && code.chars().all(plain) {
        Ok(code.to_owned())
    } else {
        Err(Complaint::says("角色编码须为2至30个大写字母、数字或下划线，以字母开头"))
    }
}

/// 角色 list (S1-9.2).
#[rustfmt::skip] // a table: one line per column
pub const ROLE_LIST: ListSheet<RoleRow> = ListSheet {
    key: "role",
    noun: "角色",
    path: "/platform/roles",
    search_hint: "角色名称、编码",
    columns: &[
        ListColumn { key: "name", header: "角色名称", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.name, format!("/platform/roles/{}", row.id)) },
        ListColumn { key: "code", header: "编码", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::text(&row.code) },
        ListColumn { key: "description", header: "说明", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.description.as_deref().unwrap_or_default()) },
        ListColumn { key: "users", header: "用户数", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Number(row.users) },
        ListColumn { key: "system", header: "来源", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(if row.system { "系统内置" } else { "自定义" }) },
        ListColumn { key: "updated_at", header: "更新时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.updated_at) },
    ],
    filters: &[],
    default_sort: ("code", false),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> RoleForm {
        RoleForm {
            code: "AREA_READER".into(),
            name: "片区查看".into(),
            permissions: vec!["housing:unit:read".into(), "housing:unit:read".into(), "housing:unit:burn".into()],
            reason: "片区巡查需要".into(),
            ..RoleForm::default()
        }
    }

    #[test]
    fn a_role_is_named_and_grants_something() {
        let (fields, reason) = form().check().expect("it is right");
        assert_eq!(fields.permissions, [Permission::UnitRead]);
        assert_eq!(reason, "片区巡查需要");
        let bad = RoleForm { code: "area".into(), name: " ".into(), permissions: Vec::new(), ..RoleForm::default() };
        let errors = bad.check().unwrap_err();
        for field in ["code", "name", "permissions", "reason"] {
            assert!(errors.get(field).is_some(), "{field}");
        }
    }

    #[test]
    fn a_role_does_not_hold_maker_and_checker() {
        let codes = ["platform:parameter:write", "platform:parameter:check"];
        let both = RoleForm { permissions: codes.map(str::to_owned).to_vec(), ..form() };
        assert_eq!(both.check().unwrap_err().get("permissions"), Some("角色存在互斥权限：设置参数与复核参数"));
    }
}
