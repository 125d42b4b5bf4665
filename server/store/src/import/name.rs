//! What a file calls districts, organisations, streets and operators, and whom it means: looked up set-wise,
//! once per chunk, and kept for the whole file.

use super::{Errors, Run};
use crate::{
    Result,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{dictionary::OrganizationType, housing::place::Place, value::Point};
use std::collections::{HashMap, HashSet};

/// A district as imports find it by name or code.
#[derive(Clone, Debug)]
pub(crate) struct District {
    pub id: i64,
    pub name: String,
    pub bounds: Option<domain::value::BoundingBox>,
}

impl District {
    /// What a row is told that may not be written here.
    pub fn forbidden(&self) -> String {
        format!("无权导入机构【{}】的数据", self.name)
    }
}

/// The districts of the city by name and by code; loaded once per import.
#[derive(Default)]
pub(crate) struct Districts(HashMap<String, District>);

impl Districts {
    /// Loads them.
    pub async fn load(tx: &mut Tx) -> Result<Self> {
        let rows = sqlx::query!(
            r#"select o.id, o.code, o.name, o.short_name, o.division_code, v.min_lng as "min_lng?", v.min_lat as "min_lat?",
                      v.max_lng as "max_lng?", v.max_lat as "max_lat?"
               from organization o left join division v on v.code = o.division_code and v.outline is not null
               where o.type = 'DISTRICT' and o.deleted_at is null and o.status = 'ON'"#
        )
        .fetch_all(connection(tx))
        .await?;
        let mut known = HashMap::new();
        for row in rows {
            let bounds = match (row.min_lng, row.min_lat, row.max_lng, row.max_lat) {
                (Some(min_lng), Some(min_lat), Some(max_lng), Some(max_lat)) => {
                    Some(domain::value::BoundingBox { min_lng, min_lat, max_lng, max_lat })
                }
                _ => None,
            };
            let district = District { id: row.id, name: row.name.clone(), bounds };
            for name in [Some(row.division_code), Some(row.code), row.short_name, Some(row.name)].into_iter().flatten()
            {
                known.insert(name, district.clone());
            }
        }
        Ok(Self(known))
    }

    /// The one name of a district for comparing rows: a file may call it by name here and by code there.
    pub fn one_name(&self, name: &str) -> String {
        self.0.get(name).map_or_else(|| name.to_owned(), |district| district.id.to_string())
    }

    /// The district that a row names, whoever asks.
    pub fn named(&self, name: &str) -> Option<&District> {
        self.0.get(name)
    }

    /// The district that a row names, or the complaint about it. New things in a district take the whole district.
    pub fn find(&self, run: &Run, name: &str) -> std::result::Result<&District, String> {
        let district = self.named(name).ok_or("所属区县不存在")?;
        if run.ctx.sees_district(district.id) { Ok(district) } else { Err(district.forbidden()) }
    }
}

/// Where a place stands on the city's map, or the complaint that it lies outside the district.
pub(crate) fn map_point(
    run: &Run,
    district: &District,
    place: Option<Place>,
) -> std::result::Result<Option<Point>, String> {
    let Some(place) = place else { return Ok(None) };
    let point = place.on_map(run.settings.map_system);
    if district.bounds.is_none_or(|bounds| bounds.contains(point)) {
        Ok(Some(point))
    } else {
        Err(format!("坐标不在【{}】范围内", district.name))
    }
}

/// An organisation as imports find it by name or code.
#[derive(Clone, Debug)]
pub(crate) struct Organization {
    pub id: i64,
    pub code: String,
    pub name: String,
    pub kind: OrganizationType,
    parent: Option<i64>,
    pub district: Option<i64>,
}

/// The organisations that a file names: of every text those that bear it as their name or their code.
#[derive(Default)]
pub(crate) struct Organizations(HashMap<String, Vec<Organization>>);

impl Organizations {
    /// Looks up the names that this import has not met yet.
    pub async fn learn<'a>(&mut self, tx: &mut Tx, names: impl Iterator<Item = &'a str>) -> Result<()> {
        let names: HashSet<&str> = names.filter(|name| !name.is_empty() && !self.0.contains_key(*name)).collect();
        if names.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = names.into_iter().map(ToOwned::to_owned).collect();
        let rows = sqlx::query!(
            "select id, code, name, type as kind, parent_id, district_id from organization
             where (name = any($1) or code = any($1)) and deleted_at is null and status = 'ON' order by id",
            &names
        )
        .fetch_all(connection(tx))
        .await?;
        self.0.extend(names.into_iter().map(|name| (name, Vec::new())));
        for row in rows {
            let found = Organization {
                id: row.id,
                kind: stored(&row.kind, OrganizationType::from_code)?,
                parent: row.parent_id,
                district: row.district_id,
                code: row.code,
                name: row.name,
            };
            for text in [&found.code, &found.name] {
                if let Some(bearers) = self.0.get_mut(text)
                    && bearers.iter().all(|known| known.id != found.id)
                {
                    bearers.push(found.clone());
                }
            }
        }
        Ok(())
    }

    /// The organisation of one of these types that a column names, none when there is none. Of several of one name
    /// that of the row's district is meant, then that of the whole city; if that leaves more than one, only the code
    /// tells them apart, and the complaint says so.
    pub fn find(
        &self,
        column: &str,
        name: &str,
        kinds: &[OrganizationType],
        district: Option<i64>,
    ) -> std::result::Result<Option<&Organization>, String> {
        let bearers = || self.of(name).filter(|bearer| kinds.contains(&bearer.kind));
        if let Some(meant) = bearers().find(|bearer| bearer.code == name) {
            return Ok(Some(meant));
        }
        let nearness = |bearer: &Organization| match bearer.district {
            own if own == district => 0,
            None => 1,
            Some(_) => 2,
        };
        let Some(nearest) = bearers().map(nearness).min() else { return Ok(None) };
        let mut meant = bearers().filter(|bearer| nearness(bearer) == nearest);
        match (meant.next(), meant.next()) {
            (_, Some(_)) => Err(format!("【{column}】有多个同名机构，请填写机构编码")),
            (meant, None) => Ok(meant),
        }
    }

    /// The street or community of this name right below another organisation.
    pub fn below(&self, name: &str, kind: OrganizationType, parent: i64) -> Option<&Organization> {
        self.of(name).find(|bearer| bearer.kind == kind && bearer.parent == Some(parent))
    }

    fn of(&self, name: &str) -> impl Iterator<Item = &Organization> {
        self.0.get(name).into_iter().flatten()
    }

    /// 街道 and 社区 of a row by name (domain.md §7.1): a street of the district, a community of the street. Complains
    /// about one that is not there.
    pub fn street(
        &self,
        row_no: u32,
        district: i64,
        (street, community): (&str, &str),
        errors: &mut Errors,
    ) -> (Option<String>, Option<String>) {
        if street.is_empty() {
            return (None, None);
        }
        let Some(street) = self.below(street, OrganizationType::Street, district) else {
            errors.add(row_no, "街道", "街道不存在");
            return (None, None);
        };
        let found = self.below(community, OrganizationType::Community, street.id);
        if found.is_none() && !community.is_empty() {
            errors.add(row_no, "社区", "社区不存在");
        }
        (Some(street.name.clone()), found.map(|community| community.name.clone()))
    }
}

/// Ids of the enabled operators (E-84) by name and by code.
pub(crate) async fn operators_named(tx: &mut Tx, names: HashSet<&str>) -> Result<HashMap<String, i64>> {
    let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        "select id, code, name from operator where (name = any($1) or code = any($1)) and status = 'ON' order by id",
        &names
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows.into_iter().flat_map(|row| [(row.name, row.id), (row.code, row.id)]).collect())
}
