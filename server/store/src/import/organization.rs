//! Organisations (E-01). A superior may stand earlier in the same file; companies that run estates
//! become operators (E-84) with the same row.

use super::{Errors, Importer, Row, Run, operators_named};
use crate::{
    Result,
    ctx::{Tx, connection},
};
use domain::{
    dictionary::{OperatorType, OrganizationType},
    platform::{organization::OrganizationForm, organization_sheet::ORGANIZATION_IMPORT},
    sheet::ImportSheet,
};
use std::collections::{HashMap, HashSet};

/// What is known of an organisation that others may hang below.
#[derive(Clone, Debug)]
struct Known {
    id: i64,
    district: Option<i64>,
}

#[derive(Default)]
pub(super) struct Organizations {
    /// codes and names that earlier rows of this file (will) bring, and the code of each
    planned: HashMap<String, String>,
    /// (superior, name) of those rows, and with an empty superior the operators' names; the code of each
    planned_names: HashMap<(String, String), String>,
}

impl Importer<OrganizationForm> for Organizations {
    fn sheet(&self) -> &'static ImportSheet<OrganizationForm> {
        &ORGANIZATION_IMPORT
    }

    fn key(&self, form: &OrganizationForm) -> String {
        form.code.clone()
    }

    async fn plan(
        &mut self,
        _: &Run,
        tx: &mut Tx,
        rows: Vec<Row<OrganizationForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<OrganizationForm>>> {
        let known =
            known(tx, rows.iter().flat_map(|row| [row.form.code.as_str(), row.form.parent.as_str()]).collect()).await?;
        let siblings = siblings(tx, &rows).await?;
        let operators = operators_named(tx, rows.iter().map(|row| row.form.name.as_str()).collect()).await?;
        let mut planned = Vec::with_capacity(rows.len());
        for row in rows {
            let form = &row.form;
            // Which superior is meant, whether the file names it or gives its code.
            let superior = known
                .get(&form.parent)
                .map(|known| known.id.to_string())
                .or_else(|| self.planned.get(&form.parent).cloned());
            let place = (superior.clone().unwrap_or_default(), form.name.clone());
            let operator = (String::new(), form.name.clone());
            let operates = form.kind == Some(OrganizationType::Operator);
            if siblings.contains(&(String::new(), form.code.clone())) {
                errors.add(row.row_no, "机构编码", "机构编码已存在");
            } else if !form.parent.is_empty() && superior.is_none() {
                errors.add(row.row_no, "上级", format!("上级机构【{}】不存在", form.parent));
            } else if siblings.contains(&(form.parent.clone(), form.name.clone())) || self.others(&place, form) {
                errors.add(row.row_no, "机构名称", "同级机构名称重复");
            } else if operates && (operators.contains_key(&form.name) || self.others(&operator, form)) {
                errors.add(row.row_no, "机构名称", "运营主体已存在");
            } else {
                self.planned.insert(form.code.clone(), form.code.clone());
                self.planned.entry(form.name.clone()).or_insert_with(|| form.code.clone());
                self.planned_names.insert(place, form.code.clone());
                if operates {
                    self.planned_names.insert(operator, form.code.clone());
                }
                planned.push(row);
            }
        }
        Ok(planned)
    }

    async fn write(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<OrganizationForm>>,
        errors: &mut Errors,
    ) -> Result<()> {
        let mut known = known(tx, rows.iter().map(|row| row.form.parent.as_str()).collect()).await?;
        // Row by row on purpose: a row may hang below the one before it. Organisations are few.
        for row in &rows {
            let form = &row.form;
            let parent = known.get(&form.parent).cloned();
            if parent.is_none() && !form.parent.is_empty() {
                errors.add(row.row_no, "上级", format!("上级机构【{}】不存在", form.parent));
                continue;
            }
            match self.insert(run, tx, form, parent).await? {
                Some(inserted) => {
                    known.insert(form.code.clone(), inserted.clone());
                    known.insert(form.name.clone(), inserted);
                }
                None => errors.add(row.row_no, "机构名称", "同级机构名称重复"),
            }
        }
        Ok(())
    }
}

impl Organizations {
    /// Whether an earlier row of this file took the name for another organisation.
    fn others(&self, name: &(String, String), form: &OrganizationForm) -> bool {
        self.planned_names.get(name).is_some_and(|code| *code != form.code)
    }

    async fn insert(
        &self,
        run: &Run,
        tx: &mut Tx,
        form: &OrganizationForm,
        parent: Option<Known>,
    ) -> Result<Option<Known>> {
        let kind = form.kind.unwrap_or(OrganizationType::ManagementUnit);
        let inserted = sqlx::query!(
            "insert into organization (code, name, type, parent_id, district_id, division_code, uscc, leader, phone, address, sort,
                                       created_by, updated_by, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, nullif($7, ''), nullif($8, ''), nullif($9, ''), nullif($10, ''), $11, $12, $12, $13, $13)
             on conflict do nothing returning id",
            form.code,
            form.name,
            kind.code(),
            parent.as_ref().map(|parent| parent.id),
            parent.as_ref().and_then(|parent| parent.district),
            form.division_code,
            form.uscc,
            form.leader,
            form.phone,
            form.address,
            form.sort,
            run.ctx.actor().id.0,
            run.ctx.now(),
        )
        .fetch_optional(connection(tx))
        .await?;
        let Some(inserted) = inserted else { return Ok(None) };
        if kind == OrganizationType::District {
            // A district is its own district; everything below inherits it.
            sqlx::query!("update organization set district_id = id where id = $1", inserted.id)
                .execute(connection(tx))
                .await?;
        }
        if kind == OrganizationType::Operator {
            sqlx::query!(
                "insert into operator (organization_id, code, name, type, uscc, contact, phone, created_by)
                 values ($1, $2, $3, $4, $5, nullif($6, ''), nullif($7, ''), $8)",
                inserted.id,
                form.code,
                form.name,
                OperatorType::State.code(),
                form.uscc,
                form.leader,
                form.phone,
                run.ctx.actor().id.0,
            )
            .execute(connection(tx))
            .await?;
        }
        let district = if kind == OrganizationType::District {
            Some(inserted.id)
        } else {
            parent.and_then(|parent| parent.district)
        };
        Ok(Some(Known { id: inserted.id, district }))
    }
}

async fn known(tx: &mut Tx, names: HashSet<&str>) -> Result<HashMap<String, Known>> {
    let names: Vec<String> = names.into_iter().map(ToOwned::to_owned).collect();
    let rows = sqlx::query!(
        "select id, code, name, district_id from organization where (code = any($1) or name = any($1)) and deleted_at is null order by id desc",
        &names
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows
        .into_iter()
        .flat_map(|row| {
            let known = Known { id: row.id, district: row.district_id };
            [(row.name, known.clone()), (row.code, known)]
        })
        .collect())
}

/// Which (superior, name) pairs exist already, the superior named as the file names it; and, with an
/// empty superior, which codes.
async fn siblings(tx: &mut Tx, rows: &[Row<OrganizationForm>]) -> Result<HashSet<(String, String)>> {
    let names: Vec<String> = rows.iter().map(|row| row.form.name.clone()).collect();
    let codes: Vec<String> = rows.iter().map(|row| row.form.code.clone()).collect();
    let found = sqlx::query!(
        r#"select o.code as "code!", o.name as "name!", coalesce(p.code, '') as "parent_code!", coalesce(p.name, '') as "parent_name!"
           from organization o left join organization p on p.id = o.parent_id where o.name = any($1) or o.code = any($2)"#,
        &names,
        &codes
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(found
        .into_iter()
        .flat_map(|row| [(row.parent_code, row.name.clone()), (row.parent_name, row.name), (String::new(), row.code)])
        .collect())
}
