//! What happens at the desks: homes are let, months are charged, rents change, are reduced, meters are read, and terms change.

use super::{
    bank::Bank,
    books::{Item, Lease, Off, Way, allocate, last_day, month_of, rounded, sum},
    world::{RATES, World},
};
use chrono::{Days, Months, NaiveDate};
use domain::{
    billing::{
        adjustment::AdjustmentForm,
        meter_form::MeterForm,
        meter_grid::{EnteredReading, ReadingsForm},
        meter_reading::{PeriodForm, ReadingStatus},
        reduction::ReductionForm,
        run::month_text,
    },
    dictionary::ContractStatus,
    tenancy::{
        assignment::AssignmentForm,
        change::{ChangeForm, ChangeKind},
        contract_form::ContractForm,
        hand_over::{HandOverForm, ItemForm, OccupantForm},
    },
};
use store::{
    billing::{
        adjustment::{adjustment_create, adjustment_decide, adjustment_get},
        meter::{
            meter_create, meter_period_bill, meter_period_check, meter_period_get, meter_period_open, reading_confirm,
            readings_save,
        },
        reduction::{reduction_create, reduction_decide, reduction_get},
        run::bills_run,
    },
    tenancy::{
        assignment::{assignment_create, assignment_decide},
        change::{change_create, change_decide, change_get},
        contract::{SyncAnswer, contract_create, contract_decide, contract_get, contract_synced},
        hand_over::{hand_over_create, hand_over_offer},
    },
};

#[derive(Default)]
pub struct Desk {
    pub bank: Bank,
    /// rents that wait for their approver: document, home, from when, how much
    rents: Vec<(i64, usize, NaiveDate, i64)>,
    /// reductions that wait
    offs: Vec<(i64, usize, Off)>,
    /// what the meters of homes showed, in hundredths
    meters: Vec<(usize, i64)>,
    measured: Option<NaiveDate>,
    pub exits: usize,
}

impl Desk {
    /// Whether something of a home waits for a decision.
    pub fn is_waiting(&self, home: usize) -> bool {
        self.rents.iter().any(|(_, of, ..)| *of == home) || self.offs.iter().any(|(_, of, _)| *of == home)
    }

    pub fn has_meter(&self, home: usize) -> bool {
        self.meters.iter().any(|(of, _)| *of == home)
    }
}

impl World {
    /// A vacant home is let from the first of a month on, to whoever it is assigned to.
    pub async fn let_home(&mut self, home: usize, start: NaiveDate) {
        let (unit, person, now) = (self.homes[home].unit, self.homes[home].person, self.now());
        let person = self.number(&format!("select id from person where name = '测试租户{person}'")).await;
        let (city, checker) = (self.ctx("city").await, self.ctx("district-a").await);
        let form = AssignmentForm {
            person: person.to_string(),
            unit: unit.to_string(),
            reason: "测试分配".into(),
            ..AssignmentForm::default()
        };
        let assignment = assignment_create(&city, &form).await.expect("an assignment");
        assignment_decide(&checker, assignment, 1, true, "").await.expect("a confirmation");
        let (entry, approver) = (self.ctx("entry").await, self.ctx("approver").await);
        let form = ContractForm {
            start_on: start.to_string(),
            end_on: (start + Months::new(60) - Days::new(1)).to_string(),
            sign_on: start.to_string(),
            explained_on: start.to_string(),
            ..crate::support::tenancy::form(assignment)
        };
        let contract = contract_create(&entry, &form, true).await.expect("a contract");
        let version = contract_get(&entry, contract).await.expect("it").row.version;
        contract_decide(&approver, contract, version, true, "").await.expect("an approval");
        let number = contract_get(&entry, contract).await.expect("it").row.contract_no.expect("a number");
        self.say(format!("home {home} is let from {start} on"));
        let database = self.test.database.clone();
        let known = || {
            let answer = SyncAnswer::Known { agreement_no: Some("XY0001".into()) };
            contract_synced(&database, &number, answer, now)
        };
        let status = self.run("the bank knows the contract", true, known).await;
        assert_eq!(status, Some(ContractStatus::Active), "{}", self.story("it is not in force"));
        let account = contract_get(&entry, contract).await.expect("it").account_id.expect("an account").0;
        let account = self.account(account);
        let held = &mut self.books.accounts[account];
        (held.lived_in, held.closed, held.home) = (true, false, home);
        let (area, rate): (i32, i32) = sqlx::query_as("select rent_area, unit_rate from contract where id = $1")
            .bind(contract.0)
            .fetch_one(&self.test.admin)
            .await
            .expect("what it costs");
        let rates = vec![(start, rate.into())];
        let lease = Lease { contract: contract.0, number, account, start, area: area.into(), rates, offs: Vec::new() };
        let mut expected = vec![(account, Item::Deposit, None, start, start, 100_000)];
        let mut month = start;
        while month <= self.day {
            expected.push((account, Item::Rent, Some(contract.0), month, last_day(month), lease.rent(month)));
            month = month + Months::new(1);
        }
        self.homes[home].lease = Some(lease);
        self.posted(&expected).await;
        self.hand_over(home).await;
    }

    async fn hand_over(&mut self, home: usize) {
        let operator = self.ctx("operator").await;
        let contract = self.contract(home);
        let offer = hand_over_offer(&operator, contract).await.expect("an offer");
        let form = HandOverForm {
            handed_on: offer.today.to_string(),
            keys: "2".into(),
            water: "10".into(),
            items: vec![ItemForm { name: "门锁".into(), quantity: "1".into(), state: "GOOD".into() }],
            signed_by: offer.row.lessee.clone(),
            signed: true,
            occupants: vec![OccupantForm {
                person: offer.people[0].person_id.to_string(),
                room: offer.rooms[0].id.to_string(),
            }],
            ..HandOverForm::default()
        };
        hand_over_create(&operator, contract, &form).await.expect("handed over");
    }

    /// The rents of one of the last months that stand not charged: once, and once more for nothing.
    pub async fn bills_run(&mut self) {
        let back = [0, 0, 0, 1, 2][self.dice.roll(5)];
        let month = month_of(self.day) - Months::new(back);
        let mut expected = Vec::new();
        for lease in self.homes.iter().filter_map(|home| home.lease.as_ref()).filter(|lease| lease.start <= month) {
            if !self.is_charged(lease.contract, month) {
                let contract = Some(lease.contract);
                expected.push((lease.account, Item::Rent, contract, month, last_day(month), lease.rent(month)));
            }
        }
        let (finance, district) = (self.ctx("finance").await, self.district);
        for round in ["is charged", "is charged again"] {
            let what = format!("{} {round}: {} bills", month_text(month), expected.len());
            self.run(&what, true, || bills_run(&finance, district, month, |_| {})).await;
            self.posted(&expected).await;
            expected.clear();
        }
    }

    /// Whether a rent bill of the month stands; one that was forgiven does.
    pub fn is_charged(&self, contract: i64, month: NaiveDate) -> bool {
        use super::books::End;
        let stands = |bill: &super::books::Bill| !matches!(bill.end, End::Reversed | End::Void);
        self.books.bills.values().any(|bill| bill.lease == Some(contract) && bill.from == month && stands(bill))
    }

    fn some_home(&mut self) -> Option<usize> {
        let home = self.dice.roll(self.homes.len());
        self.homes[home].lease.is_some().then_some(home)
    }

    /// 租金调整 to a published standard from a month that is not charged, decided about now or when its bills are there.
    pub async fn rent_change(&mut self) {
        if !self.desk.rents.is_empty() && self.dice.roll(2) == 0 {
            return self.rent_decided().await;
        }
        let Some(home) = self.some_home() else { return };
        if self.desk.rents.iter().any(|(_, of, ..)| *of == home) {
            return;
        }
        let month = month_of(self.day) + Months::new(1);
        let lease = self.homes[home].lease.as_ref().expect("a lease");
        let (text, rate) = RATES[self.dice.roll(RATES.len())];
        let latest = lease.rates.last().map_or(month, |(from, _)| *from);
        if lease.rate(month) == rate || latest >= month {
            return;
        }
        let form = AdjustmentForm {
            request: String::new(),
            contract_no: lease.number.clone(),
            kind: "STANDARD".into(),
            new_rate: text.into(),
            month: month_text(month),
            doc_no: "测发〔2026〕2号".into(),
            ..AdjustmentForm::default()
        };
        let form = AdjustmentForm { request: self.request(), ..form };
        let finance = self.ctx("finance").await;
        let what = format!("home {home} is to cost {text} from {month} on");
        if let Some(id) = self.run(&what, true, || adjustment_create(&finance, &form)).await {
            self.desk.rents.push((id, home, month, rate));
        }
    }

    async fn rent_decided(&mut self) {
        let (id, home, from, rate) = self.desk.rents.remove(0);
        let approver = self.ctx("approver").await;
        let version = adjustment_get(&approver, id).await.expect("the document").row.version;
        let lease = self.homes[home].lease.as_ref().expect("nobody leaves while it waits");
        let (contract, account) = (lease.contract, lease.account);
        use super::books::End;
        let stands = |bill: &&super::books::Bill| {
            bill.lease == Some(contract) && bill.from >= from && !matches!(bill.end, End::Reversed | End::Void)
        };
        let posted: Vec<_> = self.books.bills.values().filter(stands).cloned().collect();
        let lapses = posted.iter().any(|bill| bill.paid + bill.late_paid > 0 || bill.end != End::Open);
        let batched = posted.iter().any(|bill| bill.batched);
        let may = !lapses && !batched;
        let what = format!("the rent of home {home} changes, {} bills anew", posted.len());
        self.run(&what, may, || adjustment_decide(&approver, id, version, true, "")).await;
        if !may {
            self.run("it is refused", true, || adjustment_decide(&approver, id, version, false, "不符")).await;
            return;
        }
        self.homes[home].lease.as_mut().expect("a lease").rates.push((from, rate));
        let lease = self.homes[home].lease.clone().expect("a lease");
        let mut expected = Vec::new();
        for bill in posted {
            self.books.take_back(bill.id, End::Reversed);
            expected.push((account, Item::Rent, Some(contract), bill.from, bill.to, lease.rent(bill.from)));
        }
        self.posted(&expected).await;
    }

    /// 租金核减, also of months that are charged or paid already.
    pub async fn reduce(&mut self) {
        if !self.desk.offs.is_empty() && self.dice.roll(2) == 0 {
            return self.reduction_decided().await;
        }
        let Some(home) = self.some_home() else { return };
        let lease = self.homes[home].lease.as_ref().expect("a lease");
        let (start, number, area) = (lease.start, lease.number.clone(), lease.area);
        let from = (month_of(self.day) - Months::new(2) + Months::new(self.dice.roll(5) as u32)).max(start);
        let to = last_day(from + Months::new(self.dice.roll(3) as u32));
        let (percent, standard) = ([10, 30, 60][self.dice.roll(3)], [area + 1_000, area / 2][self.dice.roll(2)]);
        let off = Off { from, to, percent, area: standard };
        let overlaps = |other: &Off| other.from <= to && from <= other.to;
        let lease = self.homes[home].lease.as_ref().expect("a lease");
        let may = !lease.offs.iter().any(overlaps) && !self.desk.offs.iter().any(|(_, of, _)| *of == home);
        let form = ReductionForm {
            request: self.request(),
            contract_no: number,
            category: "DIBAO".into(),
            percent: percent.to_string(),
            standard_area: format!("{}.{:02}", standard / 100, standard % 100),
            from: month_text(from),
            to: month_text(month_of(to)),
            doc_no: "测发〔2026〕3号".into(),
            ..ReductionForm::default()
        };
        let finance = self.ctx("finance").await;
        let what = format!("home {home} is to pay {percent} % from {from} to {to}");
        if let Some(id) = self.run(&what, may, || reduction_create(&finance, &form)).await {
            self.desk.offs.push((id, home, off));
        }
    }

    async fn reduction_decided(&mut self) {
        use super::books::End;
        let (id, home, off) = self.desk.offs.remove(0);
        let approver = self.ctx("approver").await;
        let version = reduction_get(&approver, id).await.expect("the document").row.version;
        let lease = self.homes[home].lease.as_ref().expect("nobody leaves while it waits");
        let (contract, account) = (lease.contract, lease.account);
        let touched = |bill: &&super::books::Bill| {
            bill.lease == Some(contract) && bill.end == End::Open && bill.from <= off.to && bill.to >= off.from
        };
        let posted: Vec<_> = self.books.bills.values().filter(touched).cloned().collect();
        let may = !posted.iter().any(|bill| bill.batched);
        let what = format!("home {home} pays less from {}: {} bills anew", off.from, posted.len());
        self.run(&what, may, || reduction_decide(&approver, id, version, true, "")).await;
        if !may {
            self.run("it is refused", true, || reduction_decide(&approver, id, version, false, "不符")).await;
            return;
        }
        self.homes[home].lease.as_mut().expect("a lease").offs.push(off);
        let lease = self.homes[home].lease.clone().expect("a lease");
        let mut expected = Vec::new();
        let mut paid = 0;
        for bill in posted {
            paid += self.books.take_back(bill.id, End::Reversed);
            expected.push((account, Item::Rent, Some(contract), bill.from, bill.to, lease.rent(bill.from)));
        }
        let fresh = self.posted(&expected).await;
        // What had come in for the old ones pays the new ones at once.
        let debts = self.books.debts(account, self.day, |bill| fresh.contains(&bill.id));
        let (shares, _) = allocate(paid, &debts, true);
        let entered = self.entered().await;
        assert_eq!(entered.len(), usize::from(!shares.is_empty()), "{}", self.story("payments out of the balance"));
        if let Some((payment, _)) = entered.first() {
            let day = self.day;
            self.pay(account, Way::Balance, Some("approver"), (*payment, shares, 0), day);
        }
    }

    /// A home that was handed over today gets a meter.
    pub async fn meter(&mut self, home: usize) {
        let form = MeterForm {
            meter_no: format!("S-{home}"),
            meter: "WATER".into(),
            unit: self.homes[home].unit.to_string(),
            install_on: self.day.to_string(),
            initial: "1200".into(),
            ..MeterForm::default()
        };
        let entry = self.ctx("entry").await;
        meter_create(&entry, &form).await.expect("a meter");
        self.desk.meters.push((home, 120_000));
    }

    /// All meters are read and billed, once a month (§4.12).
    pub async fn measure(&mut self) {
        let month = month_of(self.day);
        if self.desk.measured == Some(month) || self.desk.meters.is_empty() {
            return;
        }
        self.desk.measured = Some(month);
        let estate = self.number("select id from estate where name = '月光苑'").await;
        let form = PeriodForm {
            estate: estate.to_string(),
            meter: "WATER".into(),
            month: month_text(month),
            from: month.to_string(),
            to: last_day(month).to_string(),
        };
        let (entry, approver, finance) =
            (self.ctx("entry").await, self.ctx("approver").await, self.ctx("finance").await);
        self.run("meters are to be read", true, || meter_period_open(&entry, &form)).await;
        let id = self.number("select max(id) from meter_period").await;
        let mut readings = meter_period_get(&entry, id).await.expect("its rows").readings;
        readings.sort_by(|one, other| one.meter_no.cmp(&other.meter_no));
        let mut entered = Vec::new();
        let mut expected = Vec::new();
        for (row, place) in readings.iter().zip(0..) {
            let (home, before) = self.desk.meters[place];
            let used = 600 + i64::try_from(self.dice.roll(400)).expect("small");
            self.desk.meters[place].1 = before + used;
            let closing = before + used;
            let closing = format!("{}.{:02}", closing / 100, closing % 100);
            entered.push(EnteredReading { id: row.id, version: row.version, closing, ..EnteredReading::default() });
            let account = self.homes[home].lease.as_ref().expect("a lease").account;
            expected.push((account, rounded(used * 315, 100)));
        }
        let form = ReadingsForm { read_on: self.day.to_string(), readings: entered };
        self.run("meters are read", true, || readings_save(&entry, id, &form)).await;
        for row in meter_period_get(&entry, id).await.expect("its rows").readings {
            if row.status == ReadingStatus::Abnormal {
                reading_confirm(&entry, row.id, row.version, "人多").await.expect("confirmed");
            }
        }
        let version = meter_period_get(&approver, id).await.expect("it").row.version;
        self.run("readings are checked", true, || meter_period_check(&approver, id, version)).await;
        let version = meter_period_get(&finance, id).await.expect("it").row.version;
        self.run(&format!("water is billed: {expected:?}"), true, || meter_period_bill(&finance, id, version)).await;
        self.water(&expected).await;
    }

    async fn water(&mut self, expected: &[(usize, i64)]) {
        let days: Vec<(i64, NaiveDate, NaiveDate)> = sqlx::query_as(
            "select account_id, period_from, period_to from bill where fee_item = 'WATER' and id > $1 order by id",
        )
        .bind(self.last_bill)
        .fetch_all(&self.test.admin)
        .await
        .expect("bills of water");
        let expected: Vec<_> = days
            .into_iter()
            .map(|(account, from, to)| {
                let account = self.account(account);
                let amount = expected.iter().find(|(of, _)| *of == account).map_or(0, |(_, amount)| *amount);
                (account, Item::Other, None, from, to, amount)
            })
            .collect();
        let posted = self.posted(&expected).await;
        assert_eq!(posted.len(), self.desk.meters.len(), "{}", self.story("a bill for each meter"));
    }

    /// The term becomes shorter or longer, far away: no bill changes.
    pub async fn term(&mut self) {
        let Some(home) = self.some_home() else { return };
        let contract = self.contract(home);
        let start = self.homes[home].lease.as_ref().expect("a lease").start;
        let end = start + Months::new(48 + self.dice.roll(12) as u32) - Days::new(1);
        let entry = self.ctx("entry").await;
        let now = contract_get(&entry, contract).await.expect("it").row.end_on;
        if now == end {
            return;
        }
        let form = ChangeForm {
            request: self.request(),
            kind: ChangeKind::Term.code().into(),
            effective_on: self.day.to_string(),
            end_on: end.to_string(),
            reason: "测试变更".into(),
            ..ChangeForm::default()
        };
        let approver = self.ctx("approver").await;
        let what = format!("the term of home {home} is to end on {end}");
        let Some(id) = self.run(&what, true, || change_create(&entry, contract, &form, true)).await else { return };
        let version = change_get(&approver, id).await.expect("the change").row.version;
        self.run("it ends then", true, || change_decide(&approver, id, version, true, "")).await;
    }

    /// What a balance or a deposit pays when somebody leaves.
    pub async fn fund(&mut self, account: usize, way: Way, entered: &mut std::vec::IntoIter<(i64, usize)>) {
        let mut debts = self.books.debts(account, self.day, |_| true);
        super::books::leaving_order(&mut debts, way == Way::Deposit);
        let held = &self.books.accounts[account];
        let has = if way == Way::Deposit { held.deposit } else { held.balance };
        let (shares, _) = allocate(has, &debts, true);
        if sum(&shares) == 0 {
            return;
        }
        let Some((payment, _)) = entered.next() else { panic!("{}", self.story("nothing paid out of what it held")) };
        let day = self.day;
        self.pay(account, way, Some("finance-2"), (payment, shares, 0), day);
    }
}
