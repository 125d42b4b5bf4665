//! Rent standards (E-17), minimal.

use crate::{
    Ctx, Error, Result,
    error::stored,
    list::{SmallList, push_id},
};
use chrono::NaiveDate;
use domain::{
    dictionary::{ApplicantCategory, AreaBasis},
    housing::rent_standard::{RENT_STANDARD_LIST, RentStandardRow},
    id::RentStandardId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Rate,
};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    code: String,
    name: String,
    district: Option<String>,
    category: Option<String>,
    unit_rate: i32,
    basis: String,
    doc_no: String,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
}

impl TryFrom<Record> for RentStandardRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: RentStandardId(record.id),
            code: record.code,
            name: record.name,
            district: record.district,
            category: record.category.as_deref().map(|code| stored(code, ApplicantCategory::from_code)).transpose()?,
            unit_rate: Rate::from_ten_thousandths(record.unit_rate.into()),
            basis: stored(&record.basis, AreaBasis::from_code)?,
            doc_no: record.doc_no,
            valid_from: record.valid_from,
            valid_to: record.valid_to,
        })
    }
}

/// A page of rent standards; they are published, so everybody with the permission sees all.
///
/// # Errors
/// Without [`Permission::RentStandardRead`].
pub async fn rent_standard_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<RentStandardRow>> {
    ctx.require(Permission::RentStandardRead)?;
    let (sort, descending) = RENT_STANDARD_LIST.sort(query);
    let order = match sort {
        "name" => "r.name collate natural_order",
        "unit_rate" => "r.unit_rate",
        "valid_from" => "r.valid_from",
        _ => "r.code collate natural_order",
    };
    let page = SmallList {
        columns: "r.id, r.code, r.name, d.name as district, r.category, r.unit_rate, r.basis, r.doc_no, r.valid_from, r.valid_to",
        from: "from rent_standard r left join organization d on d.id = r.district_id where true",
        searched: &["r.code", "r.name", "r.doc_no"],
        filter: &|sql| push_id(sql, query, "district", "r.district_id"),
        order,
        descending,
        tie: "r.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(RentStandardRow::try_from)
}
