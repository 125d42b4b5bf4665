//! What the contract said that another follows (S1-5.6): what its approver holds the new one against.

use super::property_stored;
use crate::{
    Result,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{
    dictionary::{ApplicantCategory, PayCycle, RentSplit},
    tenancy::contract_difference::Compared,
    value::{Money, Rate},
};

/// The contract before, as it stands; none when it is not in sight.
pub(super) async fn before(tx: &mut Tx, contract: i64) -> Result<Option<Compared>> {
    let row = sqlx::query!(
        r#"select m.name as lessor, c.lessee_name, e.name || u.address as "address!", c.category, c.start_on, c.end_on, c.unit_rate,
                  c.base_rent_fen, c.reduction_fen, c.monthly_rent_fen, c.property_rate, c.property_fee_fen,
                  c.deposit_fen, c.pay_cycle, c.split, c.due_day, c.bank_name,
                  c.bank_no_mask, c.bank_holder, c.block_access_clause,
                  array(select r.name from contract_resident r where r.contract_id = c.id order by r.name) as "residents!: Vec<String>"
           from contract c join organization m on m.id = c.lessor_id join unit u on u.id = c.unit_id join estate e on e.id = c.estate_id
           where c.id = $1 and c.deleted_at is null"#,
        contract
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Compared {
        lessor: row.lessor,
        lessee: row.lessee_name,
        address: row.address,
        residents: row.residents,
        category: stored(&row.category, ApplicantCategory::from_code)?,
        start_on: row.start_on,
        end_on: row.end_on,
        rate: Rate::from_ten_thousandths(row.unit_rate.into()),
        assessed: Money::from_fen(row.base_rent_fen),
        reduction: Money::from_fen(row.reduction_fen),
        rent: Money::from_fen(row.monthly_rent_fen),
        property: property_stored(row.property_rate, row.property_fee_fen),
        deposit: Money::from_fen(row.deposit_fen),
        pay_cycle: PayCycle::of_months(row.pay_cycle).unwrap_or(PayCycle::Month),
        split: stored(&row.split, RentSplit::from_code)?,
        due_day: u8::try_from(row.due_day).unwrap_or(1),
        bank_name: row.bank_name,
        bank_no_mask: row.bank_no_mask,
        bank_holder: row.bank_holder,
        block_access_clause: row.block_access_clause,
    }))
}
