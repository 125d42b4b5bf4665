//! A home that is let, step by step as people do it.

use super::{TestDatabase, city, sheet::row};
use chrono::{NaiveDate, Utc};
use domain::{
    billing::deduction::DeductionForm,
    dictionary::ContractStatus,
    id::{AccountId, AssignmentId, ContractId, PersonId, UnitId},
    import::SheetKey,
    person::PersonForm,
    tenancy::{assignment::AssignmentForm, contract_form::ContractForm},
};
use store::{
    person::person_create,
    tenancy::{
        assignment::{assignment_create, assignment_decide},
        contract::{SyncAnswer, contract_create, contract_decide, contract_get, contract_synced},
    },
};

// Numbers with the form of real ones in a division that is not assigned.
const IDS: [&str; 4] = ["810101199003070017", "81010119900307005X", "810101199003070033", "810101199003070076"];
/// An account that the test bank knows.
pub const BANK: &str = "6217000010000000011";

/// One row in every table of contracts and money, in a home of 阳光苑 and in one of 星光苑: for tests of who sees them.
pub const ROWS: &str = "
    create temporary table home as
    select distinct on (u.estate_id) u.*, (select id from person order by id limit 1) as person_id,
           (select id from rent_standard order by id limit 1) as standard_id, (select min(id) from cipher_key) as key_id
    from unit u join estate e on e.id = u.estate_id where e.name in ('阳光苑', '星光苑') order by u.estate_id, u.id;
    insert into assignment (district_id, estate_id, unit_id, person_id, person_name, id_number_mask, reason, maker_id, status, ended_at)
    select district_id, estate_id, id, person_id, '甲', '*', '测试', 1, 'RELEASED', now() from home;
    insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
    select district_id, estate_id, building_id, id, person_id, '2026-01-01' from home;
    insert into contract (district_id, estate_id, unit_id, lessor_id, person_id, lessee_name, id_number, id_number_mask, phone, phone_mask,
        address, layout, building_area, usable_area, category, rent_standard_id, unit_rate, area_basis, rent_area, base_rent_fen,
        monthly_rent_fen, deposit_fen, start_on, end_on, rent_start_on, pay_cycle, split, due_day, bank_name, bank_no, bank_no_mask,
        bank_holder, sign_on, sign_mode, key_id, deleted_at)
    select district_id, estate_id, id, mgmt_unit_id, person_id, '甲', '\\x00', '*', '\\x00', '*', address, layout, building_area,
        usable_area, 'LOWINC', standard_id, 26000, 'USABLE', usable_area, 100, 100, 0, '2026-01-01', '2026-12-31', '2026-01-01', 1,
        'NATURAL', 10, '甲', '\\x00', '*', '甲', '2026-01-01', 'PAPER', key_id, now() from home;
    insert into contract_resident select c.id, c.person_id, c.district_id, c.estate_id, '甲', 'CHILD' from contract c;
    insert into contract_history (district_id, estate_id, contract_id, event, to_status)
    select district_id, estate_id, id, '录入', 'DRAFT' from contract;
    insert into bill (district_id, estate_id, unit_id, account_id, kind, fee_item, month, period_from, period_to, due_on, amount_fen)
    select district_id, estate_id, unit_id, id, 'RENT', 'RENT', '2026-01-01', '2026-01-01', '2026-01-31', '2026-01-10', 100 from account;
    insert into bill_line (bill_id, seq, district_id, estate_id, fee_item, formula, amount_fen)
    select id, 1, district_id, estate_id, 'RENT', '1', 100 from bill;
    insert into bill_history (district_id, estate_id, bill_id, event) select district_id, estate_id, id, '转应收' from bill;
    insert into bill_run (district_id, month) select district_id, '2026-01-01' from home;
    insert into payment (district_id, estate_id, account_id, receipt_no, request_id, kind, method, amount_fen, payer, paid_at)
    select district_id, estate_id, id, 'SJ' || id, gen_random_uuid(), 'RENT_IN', 'CASH', 100, '甲', now() from account;
    insert into payment_share select p.id, b.id, p.district_id, p.estate_id, 100, 0 from payment p join bill b using (account_id);
    insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason)
    select district_id, estate_id, id, '2026-01-10', 'CASH', 'RECEIVABLE', 'RENT', 100, '缴费' from account;
    insert into arrears_history (district_id, estate_id, account_id, from_level, to_level, periods, amount_fen)
    select district_id, estate_id, id, 'L0', 'L1', 1, 100 from account;
    insert into arrears_count (district_id) select district_id from home;
    insert into refund (district_id, estate_id, account_id, request_id, kind, amount_fen, reason, bank_name, bank_holder, bank_no,
        bank_no_mask, key_id, maker_id)
    select a.district_id, a.estate_id, a.id, gen_random_uuid(), 'REFUND_BAL', 100, '测试', '甲', '甲', '\\x00', '*', h.key_id, 1
    from account a join home h on h.id = a.unit_id;
    insert into rent_adjustment (district_id, estate_id, kind, target, month, doc_no, maker_id)
    select district_id, estate_id, 'STANDARD', '测试', '2026-01-01', '测发1号', 1 from home;
    insert into rent_change (district_id, estate_id, adjustment_id, contract_id, old_rate, new_rate, old_base_fen, old_rent_fen,
        new_base_fen, new_rent_fen, from_on)
    select c.district_id, c.estate_id, a.id, c.id, 26000, 30000, 100, 100, 120, 120, '2026-01-01'
    from contract c join rent_adjustment a using (estate_id);
    insert into rent_reduction (district_id, estate_id, request_id, contract_id, category, percent, standard_area, from_on, to_on, doc_no,
        full_fen, payable_fen, maker_id)
    select district_id, estate_id, gen_random_uuid(), id, 'DIBAO', 10, 5000, '2026-01-01', '2026-12-31', '测发1号', 100, 10, 1 from contract;
    insert into user_district (user_id, district_id)
    select u.id, o.id from app_user u, organization o where u.login = 'admin' and o.code = '810101';
    insert into rent_reduction_history (district_id, estate_id, reduction_id, event)
    select district_id, estate_id, id, '提交' from rent_reduction;
    insert into waiver (district_id, estate_id, request_id, account_id, kind, doc_no, reason, amount_fen, maker_id)
    select district_id, estate_id, gen_random_uuid(), id, 'WAIVE', '测发1号', '测试', 100, 1 from account;
    insert into waiver_bill (waiver_id, bill_id, district_id, estate_id, principal_fen, late_fee_fen)
    select w.id, b.id, w.district_id, w.estate_id, 100, 0 from waiver w join bill b using (account_id);
    insert into waiver_history (district_id, estate_id, waiver_id, event) select district_id, estate_id, id, '提交' from waiver;
    insert into meter (district_id, estate_id, unit_id, meter_no, type, install_on)
    select district_id, estate_id, id, 'S' || id, 'WATER', '2026-01-01' from home;
    insert into meter_period (district_id, estate_id, type, month, from_on, to_on, maker_id)
    select district_id, estate_id, 'WATER', '2026-01-01', '2026-01-01', '2026-01-31', 1 from home;
    insert into meter_reading (district_id, estate_id, meter_id, source, period_id, from_on, opening)
    select m.district_id, m.estate_id, m.id, 'PERIOD', p.id, '2026-01-01', 0 from meter m join meter_period p using (estate_id);
    insert into meter_charge (district_id, estate_id, reading_id, account_id, amount_fen)
    select r.district_id, r.estate_id, r.id, a.id, 0 from meter_reading r join account a using (estate_id);
    insert into meter_history (district_id, estate_id, meter_id, event) select district_id, estate_id, id, '登记' from meter;
    insert into contract_change (district_id, estate_id, contract_id, request_id, kind, before, after, effective_on, reason, maker_id)
    select district_id, estate_id, id, gen_random_uuid(), 'TERM', '{}', '{}', '2026-01-01', '测试', 1 from contract;
    insert into contract_stay (district_id, estate_id, contract_id, kind, from_on, to_on, rent_fen, served_on, served_way, doc_no, reason, maker_id)
    select district_id, estate_id, id, 'RELOCATION', '2027-01-01', '2027-03-31', 100, '2027-01-01', 'HAND', '测发1号', '测试', 1 from contract;
    insert into take_over (district_id, estate_id, cutoff_on, file_name, maker_id)
    select district_id, estate_id, '2026-01-31', 'x', 1 from home;
    insert into take_over_row (take_over_id, row_no, district_id, estate_id, unit_id, contract_no, lessor_id, person_id, lessee_name,
        id_number, id_number_mask, phone, phone_mask, address, layout, building_area, usable_area, category, rent_standard_id, unit_rate,
        area_basis, rent_area, base_rent_fen, reduction_fen, monthly_rent_fen, contract_deposit_fen, start_on, end_on, pay_cycle, split,
        due_day, bank_name, bank_no, bank_no_mask, bank_holder, sign_on, balance_fen, deposit_fen, arrears_fen, charged_to, state)
    select b.id, 2, h.district_id, h.estate_id, h.id, 'x', h.mgmt_unit_id, h.person_id, '甲', null, '*', null, '*', h.address,
        h.layout, h.building_area, h.usable_area, 'LOWINC', h.standard_id, 26000, 'USABLE', h.usable_area, 100, 0, 100, 0, '2026-01-01',
        '2026-12-31', 1, 'NATURAL', 10, '甲', null, '*', '甲', '2026-01-01', 0, 0, 0, '2026-01-31', 'DROPPED'
    from home h join take_over b using (estate_id);
    insert into cashier_shift (district_id, cashier_id, opened_at, closed_at, counted_cash_fen, system_cash_fen)
    select district_id, 1, now(), now(), 0, 0 from home;
    insert into ledger_period (district_id, month) select district_id, '2025-12-01' from home;
    insert into bank_file (district_id, direction, kind, name, file_no, state) select district_id, 'OUT', 'CONTRACT', 'x', 'X' || id, 'MADE'
    from home;
    insert into contract_told (bank_file_id, seq, district_id, estate_id, contract_id, contract_no, told_at)
    select f.id, 1, c.district_id, c.estate_id, c.id, 'x', now() from bank_file f join contract c using (district_id);
    insert into deduction_batch (district_id, batch_no, due_by, month, maker_id, made_at)
    select district_id, 'DK' || id, '2026-01-15', '2026-01-01', 1, now() from home;
    insert into deduction_look select district_id, '2026-01-15' from home;
    insert into deduction_item (batch_id, seq, district_id, estate_id, account_id, contract_id, payer, month, due_fen, created_at)
    select b.id, 1, c.district_id, c.estate_id, a.id, c.id, '甲', b.month, 100, now()
    from deduction_batch b join contract c using (district_id) join account a on a.unit_id = c.unit_id;
    insert into deduction_item_bill select i.id, b.id, i.district_id, i.estate_id, 100, 0, 0 from deduction_item i join bill b using (account_id);
    insert into deduction_line (bank_file_id, line, batch_id, district_id, seq, due_fen, result, deducted_fen, verdict)
    select f.id, 2, b.id, b.district_id, 1, 100, 'SUCCESS', 100, 'SUCCESS' from bank_file f join deduction_batch b using (district_id);
    insert into bank_statement_line (bank_file_id, line, district_id, serial, batch_no, amount_fen)
    select id, 2, district_id, 'S1', 'X', 100 from bank_file;
    insert into reconciliation (district_id, day, bank_file_id, own_fen, channel_fen, their_fen, lines, differences, made_at)
    select district_id, '2026-01-15', id, 0, 0, 100, 1, 1, now() from bank_file;
    insert into bank_difference (district_id, kind, own_fen, their_fen, created_at) select district_id, 'BANK_ONLY', 0, 100, now() from home;
    insert into binding (district_id, estate_id, unit_id, room_id, person_id, person_name, relation, from_on, to_on, ended_reason, ended_at)
    select district_id, estate_id, id, (select min(r.id) from room r where r.unit_id = home.id), person_id, '甲', 'LESSEE', '2026-01-01',
        '2026-01-31', '退租', now() from home;
    insert into hand_over (district_id, estate_id, unit_id, contract_id, handed_on, keys, signed_by)
    select district_id, estate_id, unit_id, id, '2026-01-01', 1, '甲' from contract;
    insert into hand_over_reading select id, 'WATER', district_id, estate_id, 0 from hand_over;
    insert into hand_over_item select id, 1, district_id, estate_id, '床', 1, 'GOOD' from hand_over;
    insert into hand_over_history (district_id, estate_id, hand_over_id, event) select district_id, estate_id, id, '办理交房' from hand_over;
    insert into exit_case (district_id, estate_id, unit_id, contract_id, account_id, type, exit_on, reason, maker_id)
    select c.district_id, c.estate_id, c.unit_id, c.id, a.id, 'VOLUNTARY', '2026-01-31', '测试', 1
    from contract c join account a on a.unit_id = c.unit_id;
    insert into exit_reading select id, 'WATER', district_id, estate_id, 0 from exit_case;
    insert into exit_item select id, 1, district_id, estate_id, '床', 1, 'GOOD' from exit_case;
    insert into exit_history (district_id, estate_id, exit_id, event, to_status) select district_id, estate_id, id, '申请退租', 'APPLIED' from exit_case;
    insert into exit_bill (district_id, estate_id, exit_id, account_id, settle_on, charges_fen, balance_fen, deposit_fen, maker_id)
    select district_id, estate_id, id, account_id, '2026-01-31', 0, 0, 0, 1 from exit_case;
    insert into exit_bill_line (exit_bill_id, seq, district_id, estate_id, kind, fee_item, amount_fen, note)
    select id, 1, district_id, estate_id, 'OTHER', 'WATER', 1, '测试' from exit_bill;
    insert into household (household_no, organization_id, district_id, head_id, size, category, annual_income_fen)
    select 'JT1', organization_id, district_id, id, 1, 'LOWINC', 0 from person order by id limit 1;
    insert into household_member (household_id, person_id, person_name, relation, joined_on)
    select id, head_id, '甲', 'SELF', '2026-01-01' from household;
    insert into household_history (household_id, event) select id, '登记' from household;
    insert into print_log (district_id, estate_id, paper, object_id, number, kind, nth, copies, digest, printed_by)
    select district_id, estate_id, 'CONTRACT', id, 'x', 'FIRST', 1, 2, 'x', (select min(id) from app_user) from contract;
    insert into print_skip (district_id, estate_id, paper, object_id, reason, skipped_by, skipped_at)
    select district_id, estate_id, 'CONTRACT', id, '测试', (select min(id) from app_user), now() from contract;
    insert into dunning_rule_set (valid_from, reason, maker_id, made_at) values ('2026-01-01', '测试', 1, now());
    insert into dunning_rule (set_id, seq, anchor, days, way, template) select id, 1, 'DUE', 1, 'SMS', 'OVERDUE' from dunning_rule_set;
    insert into dunning_record (district_id, estate_id, account_id, contract_id, month, way, level, periods, amount_fen, content, at)
    select c.district_id, c.estate_id, a.id, c.id, '2026-01-01', 'PHONE', 'L1', 1, 100, '测试', now()
    from contract c join account a on a.unit_id = c.unit_id;
    insert into sms (district_id, estate_id, account_id, contract_id, template, told_key, sign, params, content, phone_mask, queued_at,
        not_before, parts)
    select c.district_id, c.estate_id, a.id, c.id, 'OVERDUE', 'TEST:' || c.id, '测试', '{}', '测试', '*', now(), now(), 1
    from contract c join account a on a.unit_id = c.unit_id;
    insert into sms_block (district_id, estate_id, account_id, reason, made_at, maker_id)
    select district_id, estate_id, id, '测试', now(), 1 from account;
    insert into dunning_pause (district_id, estate_id, account_id, ground, reason, until, maker_id, made_at)
    select district_id, estate_id, id, 'DISPUTE', '测试', '2026-12-31', 1, now() from account;
    insert into instalment (district_id, estate_id, account_id, request_id, debt_fen, reason, level_before, maker_id, made_at)
    select district_id, estate_id, id, gen_random_uuid(), 100, '测试', 'L1', 1, now() from account;
    insert into instalment_line select id, 1, district_id, estate_id, '2026-12-31', 100 from instalment;
    insert into instalment_bill select i.id, b.id, i.district_id, i.estate_id, 100, 0 from instalment i
    cross join lateral (select id from bill where bill.account_id = i.account_id order by id limit 1) b;
    insert into pay_order (district_id, estate_id, account_id, person_id, order_no, request_id, channel, amount_fen, bill_ids, subject,
        made_at, expires_at)
    select b.district_id, b.estate_id, b.account_id, a.person_id, 'ZF' || b.id, gen_random_uuid(), 'WECHAT', 100, array[b.id], '测试',
        now(), now() from bill b join account a on a.id = b.account_id;
    insert into pay_odd (district_id, estate_id, account_id, order_id, channel, trade_no, order_no, amount_fen, paid_at, reason, found_at)
    select district_id, estate_id, account_id, id, channel, 'T' || id, order_no, 90, now(), 'AMOUNT', now() from pay_order;
    insert into pay_bill (channel, day, digest, lines, amount_fen, refunds, refund_fen, entered, made_at)
    values ('WECHAT', '2026-01-15', 'x', 1, 100, 0, 0, 0, now());
    insert into pay_bill_line (pay_bill_id, line, district_id, channel, trade_no, order_no, amount_fen, paid_at)
    select b.id, o.id, o.district_id, o.channel, 'B' || o.id, o.order_no, 100, now() from pay_bill b cross join pay_order o;
    insert into pay_order_event (district_id, estate_id, order_id, at, event, channel)
    select district_id, estate_id, id, now(), '下单', channel from pay_order;
    insert into ledger_month select district_id, estate_id, '2026-01-01', 'CASH', 'RECEIVABLE', 'RENT', 100 from home;
    insert into estate_money select estate_id, district_id, '2026-01-01', 100, 0, array[0, 0, 0, 0, 100] from home;
    insert into district_money select district_id, '2026-01-01', 100, 0, array[0, 0, 0, 0, 100] from home;
    drop table home;";

/// The working days of this and of the next year are known, without which no last day for signing is.
async fn calendar(test: &TestDatabase) {
    sqlx::query(
        "insert into holiday (date, kind, name) select make_date(extract(year from now())::int + n, 1, 1), 'REST', '元旦'
         from generate_series(0, 1) as n on conflict do nothing",
    )
    .execute(&test.admin)
    .await
    .expect("a calendar");
}

/// A tenant of the register, whom 甲区 keeps.
pub async fn tenant(test: &TestDatabase, nth: usize) -> PersonId {
    calendar(test).await;
    let organization: i64 = sqlx::query_scalar("select id from organization where code = '810101'")
        .fetch_one(&test.admin)
        .await
        .expect("the district");
    let form = PersonForm {
        name: format!("测试租户{nth}"),
        person_type: "TENANT".into(),
        organization: organization.to_string(),
        id_type: "HKMT".into(),
        id_number: IDS[nth].into(),
        phone: format!("1380000120{nth}"),
        bank_name: "测试银行".into(),
        bank_no: BANK.into(),
        ..PersonForm::default()
    };
    person_create(&city::ctx(&test.database, "city").await, &form).await.expect("a person")
}

/// A vacant home of 月光苑, which the entry clerk looks after.
pub async fn vacant(test: &TestDatabase, nth: i64) -> UnitId {
    let id = sqlx::query_scalar(
        "select u.id from unit u join estate e on e.id = u.estate_id
         where e.name = '月光苑' and u.status = 'VACANT' order by u.id offset $1 limit 1",
    )
    .bind(nth)
    .fetch_one(&test.admin)
    .await
    .expect("a vacant home");
    UnitId(id)
}

/// A home that is assigned to a person and confirmed.
pub async fn assigned(test: &TestDatabase, person: PersonId, unit: UnitId) -> AssignmentId {
    let form = AssignmentForm {
        person: person.to_string(),
        unit: unit.to_string(),
        reason: "测试分配".into(),
        ..AssignmentForm::default()
    };
    let id = assignment_create(&city::ctx(&test.database, "city").await, &form).await.expect("an assignment");
    let checker = city::ctx(&test.database, "district-a").await;
    assignment_decide(&checker, id, 1, true, "").await.expect("a confirmation");
    id
}

/// A contract as a clerk fills it in: five years from the first of this month.
pub fn form(assignment: AssignmentId) -> ContractForm {
    let start = domain::billing::plan::month_of(store::ctx::china_day(Utc::now()));
    let end = start.checked_add_months(chrono::Months::new(60)).expect("a day").pred_opt().expect("a day");
    ContractForm {
        assignment: assignment.to_string(),
        category: "LOWINC".into(),
        deposit: "1000.00".into(),
        start_on: start.to_string(),
        end_on: end.to_string(),
        pay_cycle: "MONTH".into(),
        split: "NATURAL".into(),
        due_day: "10".into(),
        sign_on: start.to_string(),
        explained_on: start.to_string(),
        sign_mode: "PAPER".into(),
        ..ContractForm::default()
    }
}

/// An approved contract, of which the bank does not know yet.
pub async fn approved(test: &TestDatabase, form: &ContractForm) -> ContractId {
    let entry = city::ctx(&test.database, "entry").await;
    let id = contract_create(&entry, form, true).await.expect("a contract");
    let version = contract_get(&entry, id).await.expect("it is there").row.version;
    let approver = city::ctx(&test.database, "approver").await;
    let status = contract_decide(&approver, id, version, true, "").await.expect("an approval");
    assert_eq!(status, ContractStatus::ApprovedSyncing);
    id
}

/// A contract in force, and its account.
pub async fn active(test: &TestDatabase, form: &ContractForm) -> (ContractId, AccountId) {
    let id = approved(test, form).await;
    let city = city::ctx(&test.database, "city").await;
    let number = contract_get(&city, id).await.expect("it is there").row.contract_no.expect("a number");
    let answer = SyncAnswer::Known { agreement_no: Some("XY0001".into()) };
    let status = contract_synced(&test.database, &number, answer, Utc::now()).await.expect("the bank's answer");
    assert_eq!(status, ContractStatus::Active);
    let account = contract_get(&city, id).await.expect("it is there").account_id.expect("an account");
    (id, account)
}

/// Asks for a batch of direct debits of what is due by a day, each time anew.
pub fn batch_form(district: impl std::fmt::Display, due_by: NaiveDate) -> DeductionForm {
    static ASKED: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let nth = ASKED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    DeductionForm {
        request: format!("7b0c2d1e-8f7a-4b3c-9d2e-{nth:012x}"),
        district: district.to_string(),
        due_by: due_by.to_string(),
    }
}

/// For a file of contracts: the tenants 0 and 3, and the first vacant home of 月光苑 assigned to the first.
pub async fn lease_data(test: &TestDatabase) {
    tenant(test, 3).await;
    let person = tenant(test, 0).await;
    assigned(test, person, vacant(test, 0).await).await;
}

/// A file of such contracts with good rows, bad rows and duplicates.
pub fn mixed_leases(sheet: SheetKey) -> Vec<Vec<String>> {
    let named = |room, number| row(sheet, &[("房号", room), ("合同编号", number)]);
    if sheet == SheetKey::TakeOver {
        let behind = row(sheet, &[("欠费金额(元)", "1.00")]);
        return vec![named("103", "JQ-1"), named("103", "JQ-1"), named("103", "JQ-2"), named("102", "JQ-3"), behind];
    }
    vec![
        row(sheet, &[("月租金(元)", "1.00")]),
        named("101", "HT-1"),
        named("101", "HT-1"),
        named("101", "HT-2"),
        named("102", "HT-3"),
        named("999", "HT-4"),
    ]
}

/// Two contracts in force in 甲区, `HT-RENT-1` and `HT-RENT-2`, of 43 ㎡ at 2.60, for which nothing was billed yet.
pub async fn rent_data(test: &TestDatabase) {
    for nth in [1, 2] {
        let person = tenant(test, nth).await.0;
        let made = sqlx::query(
            "with home as (select u.*, (select id from rent_standard order by id limit 1) as standard_id,
                    (select min(id) from cipher_key) as key_id
                 from unit u join estate e on e.id = u.estate_id where e.name = '阳光苑' order by u.id offset $1 limit 1),
             acct as (insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
                 select district_id, estate_id, building_id, id, $2, '2026-01-01' from home returning id)
             insert into contract (district_id, estate_id, unit_id, contract_no, account_id, lessor_id, person_id, lessee_name, id_number,
                 id_number_mask, phone, phone_mask, address, layout, building_area, usable_area, category, rent_standard_id, unit_rate,
                 area_basis, rent_area, base_rent_fen, monthly_rent_fen, deposit_fen, start_on, end_on, rent_start_on, pay_cycle, split,
                 due_day, bank_name, bank_no, bank_no_mask, bank_holder, sign_on, sign_mode, key_id, status, digest)
             select district_id, estate_id, home.id, 'HT-RENT-' || $1, acct.id, mgmt_unit_id, $2, '测试租户' || $1, '\\x00', '*', '\\x00',
                 '*', address, layout, building_area, usable_area, 'LOWINC', standard_id, 26000, 'USABLE', 4300, 11180, 11180, 0,
                 '2026-01-01', '2099-12-31', '2026-01-01', 1, 'NATURAL', 10, '甲', '\\x00', '*', '甲', '2026-01-01', 'PAPER', key_id,
                 'ACTIVE', 'x' from home, acct",
        );
        let made = made.bind(i64::try_from(nth).expect("small")).bind(person).execute(&test.admin).await;
        assert_eq!(made.expect("a contract").rows_affected(), 1);
    }
}

/// Two water meters of 阳光苑, `SB-1` and `SB-2`, and this month's period, in which nothing is read yet.
pub async fn meter_data(test: &TestDatabase) {
    for statement in [
        "insert into meter (district_id, estate_id, unit_id, meter_no, type, install_on)
         select district_id, estate_id, id, 'SB-' || row_number() over (order by id), 'WATER', '2020-01-01' from (
             select u.* from unit u join estate e on e.id = u.estate_id where e.name = '阳光苑' order by u.id limit 2) home",
        "insert into meter_period (district_id, estate_id, type, month, from_on, to_on, maker_id)
         select distinct district_id, estate_id, type, date_trunc('month', now() at time zone 'Asia/Shanghai')::date, '2020-01-01'::date,
                current_date, (select min(id) from app_user) from meter",
        "insert into meter_reading (district_id, estate_id, meter_id, source, period_id, from_on, opening)
         select m.district_id, m.estate_id, m.id, 'PERIOD', p.id, m.install_on, 0 from meter m join meter_period p using (estate_id)",
    ] {
        sqlx::query(statement).execute(&test.admin).await.expect("meters");
    }
}
