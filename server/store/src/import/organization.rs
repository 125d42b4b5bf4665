//! Organisations (E-01). A superior may stand earlier in the same file; companies that run estates or let dormitories
//! become operators (E-84) with the same row.
//!
//! An organisation is known by its code here, which tells those of the database and those of earlier rows apart alike.

use super::{Errors, Importer, Row, Run};
use crate::{
    Result,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{
    dictionary::{OperatorType, OrganizationStatus, OrganizationType},
    platform::{
        organization::{OrganizationForm, operator_type, superior_of},
        organization_sheet::ORGANIZATION_IMPORT,
    },
    sheet::{ImportSheet, RowError},
};
use std::collections::{HashMap, HashSet};

/// What is known of an organisation that others may hang below.
#[derive(Clone, Debug)]
struct Known {
    code: String,
    name: String,
    kind: OrganizationType,
    /// division code of its district; none: it belongs to the whole city
    district: Option<String>,
}

#[derive(Default)]
pub(super) struct Organizations {
    /// what earlier rows of this import (will) bring
    planned: Vec<Known>,
    /// by code and by name: places in `planned`
    planned_names: HashMap<String, Vec<usize>>,
    /// (code of the superior, name) that those rows take
    siblings: HashSet<(String, String)>,
    /// operators' names that those rows take
    operators: HashSet<String>,
    /// codes of the superiors of planned rows
    superiors: HashMap<u32, String>,
}

impl Importer<OrganizationForm> for Organizations {
    fn sheet(&self) -> &'static ImportSheet<OrganizationForm> {
        &ORGANIZATION_IMPORT
    }

    fn key(&self, form: &OrganizationForm) -> String {
        form.code.clone()
    }

    fn taken(&self, _: &OrganizationForm) -> RowError {
        RowError::says("机构编码", "机构编码已存在")
    }

    async fn plan(
        &mut self,
        _: &Run,
        tx: &mut Tx,
        rows: Vec<Row<OrganizationForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<OrganizationForm>>> {
        self.superiors.clear();
        let known = known(tx, rows.iter().map(|row| row.form.parent.as_str()).collect()).await?;
        let there = There::look(tx, &rows).await?;
        let mut planned = Vec::with_capacity(rows.len());
        // Rows that repeat the code of an earlier one are told so afterwards and bring nothing.
        let mut met = HashSet::new();
        for row in rows {
            if !met.contains(&row.form.code) {
                let superior = self.superior(&row, &known, errors);
                self.judge(&row, superior.as_ref(), &there, errors);
                if errors.has(row.row_no) {
                    continue;
                }
                met.insert(row.form.code.clone());
                self.adopt(&row, superior);
            }
            planned.push(row);
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
        // Row by row on purpose: a row may hang below the one before it. Organisations are few.
        for row in &rows {
            let superior = self.superiors.get(&row.row_no).map_or("", String::as_str);
            if !organization_insert(run, tx, &row.form, superior).await? {
                errors.add(row.row_no, "机构名称", "同级机构名称重复");
            }
        }
        Ok(())
    }
}

impl Organizations {
    /// The superior that a row means, by code or by name. Of several of one name that of the row's own district is
    /// meant, then that of the whole city; beyond that only the code tells them apart.
    fn superior(
        &self,
        row: &Row<OrganizationForm>,
        known: &HashMap<String, Vec<Known>>,
        errors: &mut Errors,
    ) -> Option<Known> {
        let form = &row.form;
        if form.parent.is_empty() {
            return None;
        }
        let coming = self.planned_names.get(&form.parent).into_iter().flatten().map(|place| &self.planned[*place]);
        // What an earlier chunk wrote is both planned and there.
        let mut bearers: Vec<&Known> = known.get(&form.parent).into_iter().flatten().collect();
        for other in coming {
            if bearers.iter().all(|bearer| bearer.code != other.code) {
                bearers.push(other);
            }
        }
        if bearers.is_empty() {
            errors.add(row.row_no, "上级", format!("上级机构【{}】不存在", form.parent));
            return None;
        }
        if let Some(above) = form.kind.and_then(superior_of) {
            bearers.retain(|bearer| bearer.kind == above);
            if bearers.is_empty() {
                errors.add(row.row_no, "上级", format!("【上级】应为{}", above.label()));
                return None;
            }
        }
        if let Some(meant) = bearers.iter().find(|bearer| bearer.code == form.parent) {
            return Some((*meant).clone());
        }
        let own = form.division_code.get(..6);
        let nearness = |bearer: &Known| match &bearer.district {
            Some(district) if Some(district.as_str()) == own => 0,
            None => 1,
            Some(_) => 2,
        };
        let nearest = bearers.iter().map(|bearer| nearness(bearer)).min();
        bearers.retain(|bearer| Some(nearness(bearer)) == nearest);
        if bearers.len() > 1 {
            errors.add(row.row_no, "上级", "【上级】有多个同名机构，请填写机构编码");
            return None;
        }
        bearers.first().map(|bearer| (*bearer).clone())
    }

    fn judge(&self, row: &Row<OrganizationForm>, superior: Option<&Known>, there: &There, errors: &mut Errors) {
        let form = &row.form;
        if there.codes.contains(&form.code) {
            errors.push(row.row_no, self.taken(form));
        }
        let place = (superior.map(|superior| superior.code.clone()).unwrap_or_default(), form.name.clone());
        let placed = superior.is_some() || form.parent.is_empty();
        if placed && (there.siblings.contains(&place) || self.siblings.contains(&place)) {
            errors.add(row.row_no, "机构名称", "同级机构名称重复");
        }
        let operates = form.kind.and_then(operator_type).is_some();
        if operates && (there.operators.contains(&form.name) || self.operators.contains(&form.name)) {
            errors.add(row.row_no, "机构名称", "运营主体已存在");
        }
    }

    /// Notes a good row, so that later ones can hang below it and must not repeat it.
    fn adopt(&mut self, row: &Row<OrganizationForm>, superior: Option<Known>) {
        let form = &row.form;
        let kind = form.kind.unwrap_or(OrganizationType::ManagementUnit);
        let district = match kind {
            OrganizationType::District => Some(form.division_code.clone()),
            _ => superior.as_ref().and_then(|superior| superior.district.clone()),
        };
        let superior = superior.map(|superior| superior.code).unwrap_or_default();
        self.siblings.insert((superior.clone(), form.name.clone()));
        if operator_type(kind).is_some() {
            self.operators.insert(form.name.clone());
        }
        for text in [&form.code, &form.name] {
            self.planned_names.entry(text.clone()).or_default().push(self.planned.len());
        }
        self.planned.push(Known { code: form.code.clone(), name: form.name.clone(), kind, district });
        self.superiors.insert(row.row_no, superior);
    }
}

/// Writes one organisation and, if it operates, its operator; false when somebody was faster.
async fn organization_insert(run: &Run, tx: &mut Tx, form: &OrganizationForm, superior: &str) -> Result<bool> {
    let kind = form.kind.unwrap_or(OrganizationType::ManagementUnit);
    let status = form.status.unwrap_or(OrganizationStatus::On);
    let id = sqlx::query_scalar!(
        "insert into organization (code, name, type, parent_id, district_id, division_code, uscc, leader, phone, address, sort,
                                   status, created_by, updated_by, created_at, updated_at)
         select $1, $2, $3, p.id, p.district_id, $5, nullif($6, ''), nullif($7, ''), nullif($8, ''), nullif($9, ''), $10, $11,
                $12, $12, $13, $13
         from (values ($4::text)) as above (code) left join organization p on p.code = above.code and p.deleted_at is null
         where above.code = '' or p.id is not null
         on conflict do nothing returning id",
        form.code,
        form.name,
        kind.code(),
        superior,
        form.division_code,
        form.uscc,
        form.leader,
        form.phone,
        form.address,
        form.sort,
        status.code(),
        run.ctx.actor().id.0,
        run.ctx.now(),
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(id) = id else { return Ok(false) };
    if kind == OrganizationType::District {
        // A district is its own district; everything below inherits it.
        sqlx::query!("update organization set district_id = id where id = $1", id).execute(connection(tx)).await?;
    }
    if let Some(operates) = operator_type(kind) {
        operator_insert(run, tx, id, form, operates, status).await?;
    }
    Ok(true)
}

async fn operator_insert(
    run: &Run,
    tx: &mut Tx,
    organization: i64,
    form: &OrganizationForm,
    kind: OperatorType,
    status: OrganizationStatus,
) -> Result<()> {
    sqlx::query!(
        "insert into operator (organization_id, code, name, type, uscc, contact, phone, status, created_by)
         values ($1, $2, $3, $4, $5, nullif($6, ''), nullif($7, ''), $8, $9)",
        organization,
        form.code,
        form.name,
        kind.code(),
        form.uscc,
        form.leader,
        form.phone,
        status.code(),
        run.ctx.actor().id.0,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// The organisations that bear these names or codes.
async fn known(tx: &mut Tx, names: HashSet<&str>) -> Result<HashMap<String, Vec<Known>>> {
    let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect();
    let rows = sqlx::query!(
        r#"select o.code, o.name, o.type as kind, d.division_code as "district?"
           from organization o left join organization d on d.id = o.district_id
           where (o.code = any($1) or o.name = any($1)) and o.deleted_at is null order by o.id"#,
        &names
    )
    .fetch_all(connection(tx))
    .await?;
    let mut known: HashMap<String, Vec<Known>> = HashMap::new();
    for row in rows {
        let kind = stored(&row.kind, OrganizationType::from_code)?;
        let bearer = Known { code: row.code, name: row.name, kind, district: row.district };
        for text in HashSet::from([bearer.code.clone(), bearer.name.clone()]) {
            known.entry(text).or_default().push(bearer.clone());
        }
    }
    Ok(known)
}

/// What the rows of a chunk could repeat of the database.
struct There {
    codes: HashSet<String>,
    /// (code of the superior, name)
    siblings: HashSet<(String, String)>,
    operators: HashSet<String>,
}

impl There {
    async fn look(tx: &mut Tx, rows: &[Row<OrganizationForm>]) -> Result<Self> {
        let names: Vec<String> = rows.iter().map(|row| row.form.name.clone()).collect();
        let codes: Vec<String> = rows.iter().map(|row| row.form.code.clone()).collect();
        let found = sqlx::query!(
            r#"select o.code as "code!", o.name as "name!", coalesce(p.code, '') as "superior!"
               from organization o left join organization p on p.id = o.parent_id where o.name = any($1) or o.code = any($2)"#,
            &names,
            &codes
        )
        .fetch_all(connection(tx))
        .await?;
        let operators = sqlx::query_scalar!("select name from operator where name = any($1)", &names)
            .fetch_all(connection(tx))
            .await?;
        let mut there =
            Self { codes: HashSet::new(), siblings: HashSet::new(), operators: operators.into_iter().collect() };
        for row in found {
            there.codes.insert(row.code);
            there.siblings.insert((row.superior, row.name));
        }
        Ok(there)
    }
}
