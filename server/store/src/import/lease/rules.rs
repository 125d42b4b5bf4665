//! The rules of a lease that a file brings (domain.md §7.10), once everything it names is looked up.

use super::{Home, Human, Lease, Leases, Sealed, Standard, Way, digests, home_name};
use crate::{
    Result,
    import::Run,
    platform::cipher::{KeyRing, Kind},
};
use domain::{
    dictionary::{ApplicantCategory, UnitStatus},
    person::Secret,
    sheet::RowError,
    tenancy::{
        contract_form::{Assessed, LEASE_MONTHS_MAX, assessed, is_longer_than},
        contract_sheet::LeaseImportForm,
    },
    value::{Area, Money, Rate},
};
use std::collections::HashMap;

// Sentences that a check of a whole file and an import in chunks both say.
const NUMBER_TAKEN: &str = "合同编号已存在";
const PERSON_TAKEN: &str = "承租人已有待审批或履行中的合同";
const UNIT_TAKEN: &str = "房源已有待审批或履行中的合同";
const PERSON_STAGED: &str = "承租人已在待接管的批次中";
const UNIT_STAGED: &str = "房源已在待接管的批次中";
const NO_STANDARD: &str = "租金标准未批准";
/// The column of the rate.
const RATE: &str = "租金标准(元/㎡·月)";

impl Leases {
    /// What a row means; complains about everything that it cannot mean. `again`: of a home that an earlier row named, so that
    /// what that row has taken does not count.
    pub(super) fn resolve(
        &self,
        run: &Run,
        ring: &KeyRing,
        form: &LeaseImportForm,
        again: bool,
    ) -> Result<std::result::Result<Lease, Vec<RowError>>> {
        let mut complaints = Vec::new();
        let number = form.contract_no.as_ref();
        if number.is_some_and(|number| self.known.contains(number) || !again && self.taken_numbers.contains(number)) {
            complaints.push(RowError::says("合同编号", NUMBER_TAKEN));
        }
        let home = self.home(form).map_err(|error| complaints.push(error)).ok();
        let human = self.human(run, ring, form).map_err(|error| complaints.push(error)).ok();
        if self.way == Way::TakeOver && form.cutoff_on.is_some_and(|day| day > run.ctx.today()) {
            complaints.push(RowError::says("接管日", "接管日不能晚于今天"));
        }
        let (Some((unit, home)), Some(human)) = (home, human) else { return Ok(Err(complaints)) };
        complaints.extend(self.standing(home, human, !again && self.taken_persons.contains(&human.id)));
        complaints.extend(self.term(home, form));
        let priced = self.priced(run, home, form).map_err(|error| complaints.push(error)).ok();
        let household = self.households.get(&human.id);
        let category =
            form.category.or(household.and_then(|(_, category)| *category)).unwrap_or(ApplicantCategory::Special);
        if let Some((standard, _)) = priced {
            complaints.extend(self.suited(standard, category));
        }
        let sealed = self.sealed(ring, human.id, form)?;
        match (priced, sealed) {
            (Some((standard, assessed)), Some(sealed)) if complaints.is_empty() => Ok(Ok(Lease {
                unit,
                district: home.district,
                estate: home.estate,
                lessor: home.lessor,
                address: home.address.clone(),
                layout: home.layout.clone(),
                building_area: home.building,
                usable_area: home.usable,
                standard,
                assessed,
                person: human.id,
                assignment: home.assignment.filter(|_| self.way == Way::Fresh).map(|(id, _)| id),
                household: household.map(|(id, _)| *id),
                category,
                sealed,
            })),
            _ => Ok(Err(complaints)),
        }
    }

    /// The home that a row names.
    fn home(&self, form: &LeaseImportForm) -> std::result::Result<(i64, &Home), RowError> {
        let missing = || RowError::says("房号", "房源不存在");
        let named = self.named.get(&home_name(form)).ok_or_else(missing)?;
        let unit = match named.units.as_slice() {
            [unit] => *unit,
            [] if !named.estate => return Err(RowError::says("小区名称", "小区不存在")),
            [] if !named.building => return Err(RowError::says("楼栋号", "楼栋不存在")),
            [] => return Err(missing()),
            // I-10 names no district, and estates of two districts may bear one name.
            _ => return Err(RowError::says("小区名称", "有多个同名小区含该房源，请在合同页面逐份录入")),
        };
        let home = self.homes.get(&unit).ok_or_else(missing)?;
        Ok((unit, home))
    }

    /// The person whom a row names.
    fn human(&self, run: &Run, ring: &KeyRing, form: &LeaseImportForm) -> std::result::Result<&Human, RowError> {
        let digests = digests(run, ring, &form.id_number);
        let bearers: Vec<&Human> = digests.iter().filter_map(|digest| self.people.get(digest)).flatten().collect();
        if bearers.is_empty() {
            return Err(RowError::says("证件号码", "承租人不存在，请先登记人员"));
        }
        let named: HashMap<i64, &Human> =
            bearers.into_iter().filter(|human| human.name == form.lessee).map(|human| (human.id, human)).collect();
        let mut named = named.into_values();
        match (named.next(), named.next()) {
            (None, _) => Err(RowError::says("承租人姓名", "姓名与证件号不一致")),
            (Some(human), None) => Ok(human),
            (Some(_), Some(_)) => Err(RowError::says("证件号码", "有多条同名同号的人员记录，请先合并")),
        }
    }

    /// Whether home and person may have a contract now; `taken`: an earlier row of the file gives the person one.
    fn standing(&self, home: &Home, human: &Human, taken: bool) -> Option<RowError> {
        let says = |column, sentence| Some(RowError::says(column, sentence));
        match self.way {
            Way::Fresh => match home.assignment.filter(|_| home.status == UnitStatus::Assigned) {
                None => return says("房号", "房屋状态不是已分配"),
                Some((_, person)) if person != human.id => return says("承租人姓名", "该房源未分配给该承租人"),
                Some(_) => {}
            },
            Way::TakeOver if home.status != UnitStatus::Occupied => {
                return says("房号", "房屋状态不是已入住，不能接管");
            }
            Way::TakeOver => {}
        }
        if home.terms.iter().any(|term| term.open) {
            return says("房号", UNIT_TAKEN);
        }
        if self.housed.contains(&human.id) {
            return says("证件号码", PERSON_TAKEN);
        }
        match self.way {
            Way::Fresh if taken => says("证件号码", PERSON_TAKEN),
            Way::TakeOver if home.staged => says("房号", UNIT_STAGED),
            Way::TakeOver if taken || self.staged.contains(&human.id) => says("证件号码", PERSON_STAGED),
            Way::Fresh | Way::TakeOver => None,
        }
    }

    /// PRM-30, and that no two contracts of a home hold on one day.
    fn term(&self, home: &Home, form: &LeaseImportForm) -> Option<RowError> {
        let (start, end) = (form.start_on?, form.end_on?);
        let most = self.months.get(&home.district).copied().unwrap_or(LEASE_MONTHS_MAX);
        // What was agreed to before the system came is as it is.
        if self.way == Way::Fresh && is_longer_than(start, end, most) {
            return Some(RowError::says("租赁结束日期", format!("租赁期限不得超过{most}个月")));
        }
        let other = home.terms.iter().find(|term| term.from <= end && start <= term.to)?;
        let number = other.contract_no.as_deref().unwrap_or("（待编号）");
        Some(RowError::says("租赁开始日期", format!("与合同{number}租期重叠")))
    }

    /// The standard of the rent, and the rent that it asks for (§4.2).
    fn priced(&self, run: &Run, home: &Home, form: &LeaseImportForm) -> std::result::Result<(i64, Assessed), RowError> {
        let rate = form.rate.unwrap_or(Rate::from_ten_thousandths(0));
        let standard = self.standard(run, home, form, rate)?;
        if form.basis.is_some_and(|basis| basis != standard.basis) {
            return Err(RowError::says("计租面积口径", "计租面积口径与租金标准不一致"));
        }
        let area = |hundredths: i32| Area::from_hundredths(hundredths.into());
        let assessed = assessed(standard.basis, rate, area(home.usable), area(home.building), home.inner.map(area))
            .filter(|assessed| assessed.rent > Money::ZERO)
            .ok_or_else(|| RowError::says(RATE, "房源没有该租金标准所用的面积，请先维护房源"))?;
        let rent =
            assessed.less(form.reduction).ok_or_else(|| RowError::says("核减额(元)", "核减额不能大于核定租金"))?;
        if form.rent != Some(rent) {
            return Err(RowError::says("月租金(元)", format!("月租金应为{rent}元")));
        }
        Ok((standard.id, assessed))
    }

    /// Whether a standard is for such households; what was let before the cut-off stays as it was let.
    fn suited(&self, standard: i64, category: ApplicantCategory) -> Option<RowError> {
        let standard = self.standards.iter().find(|known| known.id == standard)?;
        let wanted = standard.category.filter(|wanted| self.way == Way::Fresh && *wanted != category)?;
        Some(RowError::says("保障类别", format!("该房源的租金标准适用于“{}”，与保障类别不一致", wanted.label())))
    }

    /// A standard that is approved: for a new contract the home's own, in force today; for one that is taken over any that was
    /// in force between its signing and the cut-off, the home's own before others.
    fn standard(
        &self,
        run: &Run,
        home: &Home,
        form: &LeaseImportForm,
        rate: Rate,
    ) -> std::result::Result<&Standard, RowError> {
        let (from, to) = match self.way {
            Way::Fresh => (run.ctx.today(), run.ctx.today()),
            Way::TakeOver => (form.sign_on.unwrap_or(run.ctx.today()), form.cutoff_on.unwrap_or(run.ctx.today())),
        };
        let in_force = |standard: &&Standard| {
            standard.district.is_none_or(|district| district == home.district)
                && standard.from <= to
                && standard.to.is_none_or(|last| last >= from)
        };
        let own = self.standards.iter().filter(in_force).find(|standard| home.standard == Some(standard.id));
        let mut same = self
            .standards
            .iter()
            .filter(in_force)
            .filter(|standard| standard.rate == rate && form.basis.is_none_or(|basis| basis == standard.basis));
        match (own, self.way) {
            (Some(own), _) if own.rate == rate => Ok(own),
            (_, Way::TakeOver) => same.next().ok_or_else(|| RowError::says(RATE, NO_STANDARD)),
            (None, Way::Fresh) => Err(RowError::says(RATE, "该房源没有执行中的租金标准，请先维护房源")),
            (Some(_), Way::Fresh) if same.next().is_none() => Err(RowError::says(RATE, NO_STANDARD)),
            (Some(own), Way::Fresh) => Err(RowError::says(RATE, format!("租金标准与房源的租金标准{}不一致", own.rate))),
        }
    }

    fn sealed(&self, ring: &KeyRing, person: i64, form: &LeaseImportForm) -> Result<Option<Sealed>> {
        let Some((numbers, card)) = self.numbers.get(&person).zip(form.bank_no.as_ref()) else { return Ok(None) };
        let of = |secret| numbers.bytes(secret).zip(numbers.mask(secret));
        let Some(((id_number, id_number_mask), (phone, phone_mask))) = of(Secret::IdNumber).zip(of(Secret::Phone))
        else {
            return Ok(None);
        };
        Ok(Some(Sealed {
            id_number,
            id_number_mask,
            phone,
            phone_mask,
            bank_no: ring.seal(Kind::BankAccount, card.as_str()),
            bank_no_mask: card.masked(),
        }))
    }
}
