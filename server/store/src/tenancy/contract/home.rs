//! The home that is let, and what it costs by its standard and by the contract's own terms.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{
    dictionary::{ApplicantCategory, AreaBasis},
    failure::{Failure, FieldErrors},
    tenancy::{
        contract_form::{Assessed, ContractFields, assessed},
        property_fee::{PropertyEntry, PropertyFee},
    },
    value::{Area, Money, Rate},
};

/// The home that is let, as the contract writes it down.
pub(in crate::tenancy) struct Home {
    pub district_id: i64,
    pub estate_id: i64,
    pub unit_id: i64,
    pub lessor_id: i64,
    pub address: String,
    pub layout: String,
    pub building_area: i32,
    pub usable_area: i32,
    pub standard_id: i64,
    /// whom the standard is for; none: everybody
    pub category: Option<ApplicantCategory>,
    pub assessed: Assessed,
}

impl Home {
    /// What a price or an amount comes to for this home (S4-1.2.1).
    ///
    /// # Errors
    /// A complaint about `property_rate`.
    pub fn property(&self, entry: Option<PropertyEntry>) -> Result<Option<PropertyFee>> {
        let building = Area::from_hundredths(self.building_area.into());
        let fee = entry.map(|entry| entry.of(building)).transpose();
        fee.map_err(|complaint| FieldErrors::from(("property_rate", complaint.text())).into())
    }
}

/// A home with the rent that its standard asks for; the standard must be in force.
pub(in crate::tenancy) async fn home_load(tx: &mut Tx, ctx: &Ctx, unit: i64) -> Result<Home> {
    let row = sqlx::query!(
        "select u.district_id, u.estate_id, u.mgmt_unit_id, e.name || u.address as address, u.layout, u.building_area, u.usable_area,
                u.inner_area, r.id as \"standard?\", r.category as \"category?\", r.basis as \"basis?\", r.unit_rate as \"rate?\"
         from unit u join estate e on e.id = u.estate_id
         left join rent_standard r on r.id = u.rent_standard_id and r.status = 'ON' and r.valid_from <= $2
              and (r.valid_to is null or r.valid_to >= $2)
         where u.id = $1 and u.deleted_at is null",
        unit,
        ctx.today()
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let missing = || Error::from(FieldErrors::from(("assignment", "该房源没有执行中的租金标准，请先维护房源")));
    let (standard_id, basis, rate) =
        row.standard.zip(row.basis).zip(row.rate).map(|((id, basis), rate)| (id, basis, rate)).ok_or_else(missing)?;
    let area = |hundredths: i32| Area::from_hundredths(hundredths.into());
    let assessed = assessed(
        stored(&basis, AreaBasis::from_code)?,
        Rate::from_ten_thousandths(rate.into()),
        area(row.usable_area),
        area(row.building_area),
        row.inner_area.map(area),
    )
    .filter(|assessed| assessed.rent > Money::ZERO)
    .ok_or_else(missing)?;
    Ok(Home {
        district_id: row.district_id,
        estate_id: row.estate_id,
        unit_id: unit,
        lessor_id: row.mgmt_unit_id,
        address: row.address.unwrap_or_default(),
        layout: row.layout,
        building_area: row.building_area,
        usable_area: row.usable_area,
        standard_id,
        category: row.category.map(|code| stored(&code, ApplicantCategory::from_code)).transpose()?,
        assessed,
    })
}

/// What a contract costs a month by its home and its form.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    /// the assessed rent after what is taken off
    pub rent: Money,
    pub property: Option<PropertyFee>,
}

/// What belongs together besides the form's own fields.
///
/// # Errors
/// Complaints by field.
pub(super) fn fits(fields: &ContractFields, home: &Home) -> Result<Cost> {
    if let Some(category) = home.category.filter(|category| *category != fields.category) {
        let sentence = format!("该房源的租金标准适用于“{}”，与所选保障类别不一致", category.label());
        return Err(FieldErrors::from(("category", sentence.as_str())).into());
    }
    let rent = home
        .assessed
        .less(fields.reduction)
        .ok_or_else(|| FieldErrors::from(("reduction", "核减额不能大于核定租金")))?;
    Ok(Cost { rent, property: home.property(fields.property)? })
}

/// A rate that was stored once fits again.
pub(super) fn rate_column(rate: Rate) -> i32 {
    i32::try_from(rate.ten_thousandths()).expect("a stored rate fits")
}

/// The columns of a property fee: the price, and what it comes to a month.
pub(super) fn property_columns(fee: Option<PropertyFee>) -> (Option<i32>, Option<i64>) {
    (fee.and_then(|fee| fee.rate).map(rate_column), fee.map(|fee| fee.monthly.fen()))
}

/// The property fee that stands in those columns.
pub(in crate::tenancy) fn property_stored(rate: Option<i32>, fen: Option<i64>) -> Option<PropertyFee> {
    let rate = rate.map(|rate| Rate::from_ten_thousandths(rate.into()));
    fen.map(|fen| PropertyFee { rate, monthly: Money::from_fen(fen) })
}
