//! The households of a swap as forms and pages show them, and what stands against it.

use super::super::{read::periods, renewal_is_open};
use crate::{
    Ctx, Error, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    tenancy::{
        assignment::layout_fits,
        contract::{
            Home, home_load, property_stored,
            terms::{Billed, billed_read_one},
        },
    },
};
use chrono::NaiveDate;
use domain::{
    billing::{
        plan::{self, PlannedBill, Rent, Terms},
        reduction::overlay,
    },
    dictionary::{ContractStatus, HousingCategory, LayoutType, UnitStatus},
    failure::Failure,
    id::{ContractId, UnitId},
    platform::permission::Permission,
    tenancy::{
        change::ChangeStatus,
        property_fee::PropertyFee,
        swap::{SwapFacts, SwapHome, SwapOffer, SwapSide},
    },
    value::{Area, Money},
};

/// Days that the form offers.
const DAYS: usize = 12;
/// Books, deposits and numbers are a district's.
const OTHER_DISTRICT: &str = "两套住房不在同一区县，账户、押金和租金分属两个区县，请各自办理退租和新签";

/// One household with all that decides.
pub(super) struct Party {
    pub contract: i64,
    pub district: i64,
    pub unit: i64,
    person: i64,
    pub lessee: String,
    pub contract_no: String,
    pub start_on: NaiveDate,
    pub end_on: NaiveDate,
    reduction: Money,
    property: Option<PropertyFee>,
    account: i64,
}

impl Party {
    /// What the contract takes off of the rent of another home: never more than there is.
    pub fn reduction_of(&self, home: &Home) -> Money {
        self.reduction.min(home.assessed.rent)
    }

    /// 物业费 of the home that this household leaves, for whoever moves in: the price by its area of today, or the amount.
    ///
    /// # Errors
    /// A complaint, when the price comes to nothing for it.
    pub fn property_of(&self, home: &Home) -> Result<Option<PropertyFee>> {
        home.property(self.property.map(PropertyFee::entry))
    }

    fn named(&self, sentence: &str) -> String {
        format!("{}（{}）：{sentence}", self.lessee, self.contract_no)
    }
}

/// A contract in force that the actor sees.
pub(super) async fn party(tx: &mut Tx, id: ContractId) -> Result<Party> {
    let row = sqlx::query!(
        r#"select id, district_id, unit_id, person_id, lessee_name, coalesce(contract_no, '') as "contract_no!", start_on, end_on,
                  reduction_fen, property_rate, property_fee_fen, account_id, status
           from contract where id = $1 and deleted_at is null"#,
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let status = stored(&row.status, ContractStatus::from_code)?;
    let account = row.account_id.filter(|_| status == ContractStatus::Active);
    let account =
        account.ok_or_else(|| Failure::refused(format!("{}的合同状态为“{status}”，不能调换", row.lessee_name)))?;
    Ok(Party {
        contract: row.id,
        district: row.district_id,
        unit: row.unit_id,
        person: row.person_id,
        lessee: row.lessee_name,
        contract_no: row.contract_no,
        start_on: row.start_on,
        end_on: row.end_on,
        reduction: Money::from_fen(row.reduction_fen),
        property: property_stored(row.property_rate, row.property_fee_fen),
        account,
    })
}

/// What stands against a swap on a day, in sentences; `pair`: the request itself, once there is one. The contracts are held, or
/// nothing follows from the answer.
pub(super) async fn obstacles(
    tx: &mut Tx,
    ctx: &Ctx,
    parties: &[Party; 2],
    (day, pair): (NaiveDate, Option<i64>),
) -> Result<Vec<String>> {
    let [first, second] = parties;
    if first.unit == second.unit || first.person == second.person {
        return Ok(vec!["请选择两户不同住房的合同".to_owned()]);
    }
    if first.district != second.district {
        return Ok(vec![OTHER_DISTRICT.to_owned()]);
    }
    let mut told = Vec::new();
    for (party, other) in [(first, second), (second, first)] {
        let facts = facts(tx, ctx, party, other, (day, pair)).await?;
        told.extend(facts.obstacles().into_iter().map(|sentence| party.named(sentence)));
        if let Err(error) = home_load(tx, ctx, party.unit).await {
            match error {
                Error::Failure(_) => told.push(party.named("住房没有执行中的租金标准，请先维护房源")),
                error => return Err(error),
            }
        }
    }
    Ok(told)
}

async fn facts(
    tx: &mut Tx,
    ctx: &Ctx,
    party: &Party,
    other: &Party,
    (day, pair): (NaiveDate, Option<i64>),
) -> Result<SwapFacts> {
    let row = sqlx::query!(
        r#"select u.status, u.category, o.category as other_category,
                  exists (select from contract_change h where h.contract_id = $1 and h.status in ('DRAFT', 'PENDING', 'APPROVED')
                          and h.pair_id is distinct from $5) as "changing!",
                  exists (select from rent_reduction r where r.contract_id = $1
                          and (r.status = 'PENDING' or r.status = 'APPROVED' and r.stop_maker is not null)) as "reducing!",
                  exists (select from rent_change r where r.contract_id = $1
                          and (r.status = 'PENDING' or r.status = 'APPROVED' and r.from_on >= $4)) as "adjusting!",
                  exists (select from bill b where b.account_id = $3 and b.decision is null
                          and b.amount_fen + b.late_fee_fen > b.paid_fen + b.late_paid_fen
                          and (b.due_on < $6 or b.kind = 'DEPOSIT')) as "owes!",
                  exists (select from refund r where r.account_id = $3 and r.status in ('PENDING', 'APPROVED')) as "refunding!"
           from unit u, unit o where u.id = (select unit_id from contract where id = $1) and o.id = $2"#,
        party.contract,
        other.unit,
        party.account,
        day,
        pair,
        ctx.today(),
    )
    .fetch_one(connection(tx))
    .await?;
    let category = |code: &str| stored(code, HousingCategory::from_code);
    Ok(SwapFacts {
        unit: stored(&row.status, UnitStatus::from_code)?,
        category: category(&row.category)?,
        other_category: category(&row.other_category)?,
        layout_fits: layout_fits(tx, ctx, other.unit, party.person).await?,
        renewal_open: renewal_is_open(tx, party.contract).await?,
        change_open: row.changing,
        reduction_open: row.reducing,
        adjustment_open: row.adjusting,
        owes: row.owes,
        refund_open: row.refunding,
    })
}

/// Days on which a bill period of both begins that is not charged yet, and behind which both terms go on.
pub(super) async fn common_days(tx: &mut Tx, ctx: &Ctx, parties: &[Party; 2]) -> Result<Vec<NaiveDate>> {
    let [first, second] = parties;
    let mut days = periods(tx, ctx, ContractId(first.contract)).await?;
    let others = periods(tx, ctx, ContractId(second.contract)).await?;
    let begins = first.start_on.max(second.start_on);
    let ends = first.end_on.min(second.end_on);
    days.retain(|day| others.contains(day) && *day > begins && *day < ends);
    Ok(days)
}

/// What the form shows of two contracts.
///
/// # Errors
/// Without [`Permission::ContractWrite`]; [`Failure::NotFound`] outside the scope; a refusal of one that is not in force.
pub async fn swap_offer(ctx: &Ctx, first: ContractId, second: ContractId) -> Result<SwapOffer> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let parties = [party(&mut tx, first).await?, party(&mut tx, second).await?];
    let mut obstacles = obstacles(&mut tx, ctx, &parties, (ctx.today(), None)).await?;
    let days = common_days(&mut tx, ctx, &parties).await?;
    if days.is_empty() {
        obstacles.push("两份合同没有共同的未出账账期首日，不能调换".to_owned());
    }
    let day = days.first().copied().unwrap_or(ctx.today());
    let sides = [
        side(&mut tx, ctx, &parties[0], &parties[1], day).await?,
        side(&mut tx, ctx, &parties[1], &parties[0], day).await?,
    ];
    tx.commit().await?;
    Ok(SwapOffer { sides, days: days.into_iter().take(DAYS).collect(), obstacles, today: ctx.today() })
}

/// A household before anybody has asked: the rent of the other home is what its standard asks for now.
async fn side(tx: &mut Tx, ctx: &Ctx, party: &Party, other: &Party, day: NaiveDate) -> Result<SwapSide> {
    let mut side = shown(tx, ctx, (party.contract, other.contract)).await?;
    if let Some((area, rent, bill)) = expected(tx, ctx, (party.contract, other.unit), day).await? {
        // By the standard of today, which may count another area than the contract of whoever leaves.
        (side.to.area, side.new_rent, side.first_bill) = (area, rent, bill);
    }
    Ok(side)
}

/// Both households of a request, first that of a change; nobody, where the actor sees one of the two only.
pub(in crate::tenancy::change) async fn sides(tx: &mut Tx, ctx: &Ctx, id: i64) -> Result<Vec<SwapSide>> {
    let rows = sqlx::query!(
        r#"select h.id, h.change_no as "change_no!", h.contract_id, h.status, p.contract_id as other, k.unit_id as other_unit,
                  h.effective_on, h.consent_no, h.new_contract_id, coalesce(n.contract_no, '') as "new_no!",
                  (h.after ->> 'rent')::bigint as "rent!", (h.after ->> 'area')::bigint as "area!"
           from contract_change h join contract_change p on p.pair_id = h.pair_id and p.id <> h.id
           join contract k on k.id = p.contract_id left join contract n on n.id = h.new_contract_id
           where h.pair_id = (select pair_id from contract_change where id = $1) order by h.id <> $1"#,
        id
    )
    .fetch_all(connection(tx))
    .await?;
    let mut sides = Vec::with_capacity(rows.len());
    for row in rows {
        let mut side = shown(tx, ctx, (row.contract_id, row.other)).await?;
        (side.to.area, side.new_rent) = (Area::from_hundredths(row.area), Money::from_fen(row.rent));
        if let Some(new) = row.new_contract_id {
            let (billed, _) = billed_read_one(tx, new).await?;
            let rule = billing_rule(tx, billed.district_id, ctx.today()).await?;
            side.first_bill = plan::bills(&billed.terms(rule.base)).into_iter().next();
            side.follower = Some((ContractId(new), row.new_no));
        } else if stored(&row.status, ChangeStatus::from_code)?.is_open() {
            let about = (row.contract_id, row.other_unit);
            side.first_bill = expected(tx, ctx, about, row.effective_on).await?.and_then(|(.., bill)| bill);
        }
        side.change = Some((row.id, row.change_no));
        side.consent_no = row.consent_no;
        sides.push(side);
    }
    Ok(sides)
}

/// A household with both homes, and what it pays and holds now.
async fn shown(tx: &mut Tx, ctx: &Ctx, (contract, other): (i64, i64)) -> Result<SwapSide> {
    let row = sqlx::query!(
        r#"select c.lessee_name, coalesce(c.contract_no, '') as "contract_no!", c.id_number_mask, c.end_on, a.balance_fen, a.deposit_fen,
                  contract_rent_on(c.id, least($2, coalesce(c.ended_on, $2)), c.monthly_rent_fen) as "rent!"
           from contract c join account a on a.id = c.account_id where c.id = $1"#,
        contract,
        ctx.today(),
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(SwapSide {
        contract_id: ContractId(contract),
        contract_no: row.contract_no,
        lessee: row.lessee_name,
        id_number_mask: row.id_number_mask,
        from: home(tx, contract).await?,
        to: home(tx, other).await?,
        rent: Money::from_fen(row.rent),
        new_rent: Money::ZERO,
        end_on: row.end_on,
        balance: Money::from_fen(row.balance_fen),
        deposit: Money::from_fen(row.deposit_fen),
        first_bill: None,
        change: None,
        consent_no: None,
        follower: None,
    })
}

/// The area that counts in another home, the rent that a household would pay for it, and its first bill there; none, where no standard is in force.
async fn expected(
    tx: &mut Tx,
    ctx: &Ctx,
    (contract, unit): (i64, i64),
    day: NaiveDate,
) -> Result<Option<(Area, Money, Option<PlannedBill>)>> {
    let home = match home_load(tx, ctx, unit).await {
        Ok(home) => home,
        Err(Error::Failure(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let row = sqlx::query!("select reduction_fen, end_on from contract where id = $1", contract)
        .fetch_one(connection(tx))
        .await?;
    let (billed, _) = billed_read_one(tx, contract).await?;
    let rule = billing_rule(tx, billed.district_id, ctx.today()).await?;
    let full = home.assessed.rent;
    let payable = full - Money::from_fen(row.reduction_fen).min(full);
    let cycle = cycle_on(&billed, day);
    let rent = Rent { from: day, full, payable };
    let terms = Terms {
        start_on: day,
        end_on: row.end_on,
        rent_start_on: day,
        split: billed.split,
        cycle,
        first: cycle,
        due_day: u8::try_from(billed.due_day).unwrap_or(1),
        rents: overlay(&[(rent, home.assessed.rate)], home.assessed.area, &billed.offs),
        cycles: Vec::new(),
        charged_to: None,
        base: rule.base,
    };
    Ok(Some((home.assessed.area, payable, plan::bills(&terms).into_iter().next())))
}

/// The home of a contract, with the area that its rent is computed from.
async fn home(tx: &mut Tx, contract: i64) -> Result<SwapHome> {
    let row = sqlx::query!(
        r#"select u.id, e.name as estate, u.address, u.layout, c.rent_area, c.property_fee_fen
           from contract c join unit u on u.id = c.unit_id join estate e on e.id = u.estate_id where c.id = $1"#,
        contract
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(SwapHome {
        unit_id: UnitId(row.id),
        estate: row.estate,
        address: row.address,
        layout: stored(&row.layout, LayoutType::from_code)?,
        area: Area::from_hundredths(row.rent_area.into()),
        property: row.property_fee_fen.map(Money::from_fen),
    })
}

/// The months in one bill that hold on a day (C10).
pub(super) fn cycle_on(billed: &Billed, day: NaiveDate) -> u8 {
    let changed = billed.cycles.iter().rev().find(|cycle| cycle.from <= day).map(|cycle| cycle.months);
    changed.unwrap_or_else(|| u8::try_from(billed.cycle).unwrap_or(1))
}
