//! Accounts (E-02, domain.md §7.0). What a row may ask for is judged as in the form; what goes in waits for another
//! person, the accounts of a file in requests of up to 200 (`platform::user::import`).

use super::{Errors, Importer, Row, Run, name::Organizations};
use crate::{
    Result,
    ctx::{Tx, connection},
    platform::{
        cipher::{KeyRing, Kind},
        user::import::{NewAccount, accounts_make},
    },
};
use domain::{
    dictionary::OrganizationType,
    id::{OrganizationId, RoleId},
    platform::{
        permission::{Permission, exclusions_check},
        user::roles_check,
        user_sheet::{USER_IMPORT, UserImportForm},
    },
    sheet::{ImportSheet, RowError},
};
use std::collections::{HashMap, HashSet};

const PHONE_TAKEN: &str = "手机号已被使用";

/// A role as rows name it.
struct Role {
    id: RoleId,
    code: String,
    name: String,
    permissions: Vec<Permission>,
}

/// The importer of accounts; what a planned row resolved to waits here for its write.
#[derive(Default)]
pub(super) struct Users {
    organizations: Organizations,
    roles: Vec<Role>,
    /// digests of the telephones of rows that went in before, with their rows in this file
    phones: HashMap<Vec<u8>, Option<u32>>,
    resolved: HashMap<u32, NewAccount>,
}

/// What the database holds of the logins and telephones of a chunk.
struct There {
    logins: HashSet<String>,
    phones: HashSet<Vec<u8>>,
}

impl Importer<UserImportForm> for Users {
    fn sheet(&self) -> &'static ImportSheet<UserImportForm> {
        &USER_IMPORT
    }

    fn key(&self, form: &UserImportForm) -> String {
        form.login.clone()
    }

    fn taken(&self, _: &UserImportForm) -> RowError {
        RowError::says("账号", "账号已存在")
    }

    async fn plan(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<UserImportForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<UserImportForm>>> {
        self.resolved.clear();
        self.organizations.learn(tx, rows.iter().map(|row| row.form.organization.as_str())).await?;
        if self.roles.is_empty() {
            self.roles = roles(tx).await?;
        }
        let ring = run.ctx.database().keys()?;
        let there = There::look(tx, ring, &rows).await?;
        let mut planned = Vec::with_capacity(rows.len());
        // Rows that repeat the login of an earlier one are told so afterwards and bring nothing.
        let mut met = HashSet::new();
        for row in rows {
            if !met.contains(&row.form.login) {
                let Some(account) = self.judge(ring, &row, &there, errors) else { continue };
                for digest in &account.phone_digests {
                    self.phones.insert(digest.clone(), Some(row.row_no));
                }
                met.insert(row.form.login.clone());
                self.resolved.insert(row.row_no, account);
            }
            planned.push(row);
        }
        Ok(planned)
    }

    async fn write(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<UserImportForm>>,
        errors: &mut Errors,
    ) -> Result<()> {
        let accounts = rows.iter().filter_map(|row| Some((row.row_no, self.resolved.remove(&row.row_no)?))).collect();
        for (row_no, column) in accounts_make(tx, &run.ctx, run.job.as_deref(), accounts).await? {
            errors.add(row_no, column, if column == "账号" { "账号已存在" } else { PHONE_TAKEN });
        }
        Ok(())
    }
}

impl Users {
    /// To a further file the rows of the earlier ones are there already.
    pub(super) fn next_file(&mut self) {
        self.phones.values_mut().for_each(|row| *row = None);
    }

    /// What a row asks for; complains about everything that it cannot ask for.
    fn judge(
        &self,
        ring: &KeyRing,
        row: &Row<UserImportForm>,
        there: &There,
        errors: &mut Errors,
    ) -> Option<NewAccount> {
        let (row_no, form) = (row.row_no, &row.form);
        if there.logins.contains(&form.login) {
            errors.push(row_no, self.taken(form));
        }
        let organization = match self.organizations.find("所属机构", &form.organization, OrganizationType::ALL, None)
        {
            Ok(Some(found)) => Some(found),
            Ok(None) => {
                errors.add(row_no, "所属机构", "所属机构不存在或已停用");
                None
            }
            Err(sentence) => {
                errors.add(row_no, "所属机构", sentence);
                None
            }
        };
        let roles = self.roles_of(row_no, &form.roles, errors);
        let phone = form.phone.clone()?;
        let phone_digests = ring.indexes(Kind::Phone, phone.as_str());
        // Earlier rows first: those of this file may be in the database by now.
        if let Some(earlier) = phone_digests.iter().find_map(|digest| self.phones.get(digest)) {
            let sentence = match earlier {
                Some(earlier) => format!("文件内第{earlier}行与第{row_no}行的手机号重复"),
                None => PHONE_TAKEN.to_owned(),
            };
            errors.add(row_no, "手机号", sentence);
        } else if phone_digests.iter().any(|digest| there.phones.contains(digest)) {
            errors.add(row_no, "手机号", PHONE_TAKEN);
        }
        if errors.has(row_no) {
            return None;
        }
        let organization = organization?;
        Some(NewAccount {
            login: form.login.clone(),
            name: form.name.clone(),
            department: form.department.clone(),
            organization: OrganizationId(organization.id),
            organization_name: organization.name.clone(),
            roles: roles.iter().map(|role| role.id).collect(),
            role_names: roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>().join("、"),
            phone_sealed: ring.seal(Kind::Phone, phone.as_str()),
            phone_mask: phone.masked(),
            phone_digests,
        })
    }

    /// The roles that a row names, when one person may hold them together (domain.md §6.4).
    fn roles_of(&self, row_no: u32, names: &[String], errors: &mut Errors) -> Vec<&Role> {
        let mut roles: Vec<&Role> = Vec::with_capacity(names.len());
        for name in names {
            match self.roles.iter().find(|role| role.name == *name || role.code == *name) {
                None => errors.add(row_no, "角色", format!("角色【{name}】不存在")),
                // One role may be named by its name and by its code.
                Some(role) if roles.iter().all(|known| known.id != role.id) => roles.push(role),
                Some(_) => {}
            }
        }
        if roles.is_empty() {
            return roles;
        }
        let codes: Vec<&str> = roles.iter().map(|role| role.code.as_str()).collect();
        let held: Vec<Permission> = roles.iter().flat_map(|role| role.permissions.iter().copied()).collect();
        if let Err(complaint) = roles_check(&codes).and_then(|()| exclusions_check(&held)) {
            errors.push(row_no, RowError::of("角色", &complaint));
        }
        roles.sort_by_key(|role| role.id.0);
        roles
    }
}

impl There {
    async fn look(tx: &mut Tx, ring: &KeyRing, rows: &[Row<UserImportForm>]) -> Result<Self> {
        let logins: Vec<String> = rows.iter().map(|row| row.form.login.clone()).collect();
        let digests: Vec<Vec<u8>> = rows
            .iter()
            .filter_map(|row| row.form.phone.as_ref())
            .flat_map(|phone| ring.indexes(Kind::Phone, phone.as_str()))
            .collect();
        let logins = sqlx::query_scalar!("select login from app_user where login = any($1)", &logins)
            .fetch_all(connection(tx))
            .await?;
        let phones = sqlx::query_scalar!("select digest from user_phone where digest = any($1)", &digests)
            .fetch_all(connection(tx))
            .await?;
        Ok(Self { logins: logins.into_iter().collect(), phones: phones.into_iter().collect() })
    }
}

async fn roles(tx: &mut Tx) -> Result<Vec<Role>> {
    let rows = sqlx::query!(
        r#"select r.id, r.code, r.name,
                  array(select permission from role_permission p where p.role_id = r.id) as "permissions!"
           from role r order by r.id"#
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Role {
            id: RoleId(row.id),
            code: row.code,
            name: row.name,
            permissions: row.permissions.iter().filter_map(|code| Permission::from_code(code)).collect(),
        })
        .collect())
}
