//! Batches of direct debits in some of their states, and the pages that show them.

use super::Site;
use domain::id::AccountId;

/// Where the things of a batch are.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    pub batch: i64,
    pub item: i64,
    pub difference: i64,
}

/// A batch of one item as somebody made it, in some state, with a difference that nobody has decided about. Its contract is a
/// draft that was deleted: how contracts come into force is another test's business.
pub async fn batch(site: &Site, account: AccountId, status: &str) -> Batch {
    let contract = site
        .id(&format!(
            "with known as (select max(id) as id from contract where remark = '代扣'), made as (
                 insert into contract (district_id, estate_id, unit_id, lessor_id, person_id, lessee_name, id_number, id_number_mask,
                     phone, phone_mask, address, layout, building_area, usable_area, category, rent_standard_id, unit_rate, area_basis,
                     rent_area, base_rent_fen, monthly_rent_fen, deposit_fen, start_on, end_on, rent_start_on, pay_cycle, split, due_day,
                     bank_name, bank_no, bank_no_mask, bank_holder, sign_on, sign_mode, key_id, deleted_at, remark)
                 select u.district_id, u.estate_id, u.id, u.mgmt_unit_id, a.person_id, '阳光苑租户', '\\x00', '*', '\\x00', '*', u.address,
                     u.layout, u.building_area, u.usable_area, 'LOWINC', s.id, 26000, 'USABLE', u.usable_area, 100, 100, 0, '2026-01-01',
                     '2026-12-31', '2026-01-01', 1, 'NATURAL', 10, '甲', '\\x00', '*', '阳光苑租户', '2026-01-01', 'PAPER', k.id, now(),
                     '代扣'
                 from account a join unit u on u.id = a.unit_id, (select min(id) as id from rent_standard) s,
                      (select min(id) as id from cipher_key) k
                 where a.id = {account} and (select id from known) is null returning id)
             select coalesce((select id from made), (select id from known))"
        ))
        .await;
    let (checker, sender) = match status {
        "CREATED" => ("null, null", "null, null"),
        "CHECKED" => ("1, now()", "null, null"),
        _ => ("1, now()", "1, now()"),
    };
    let batch = site
        .id(&format!(
            "insert into deduction_batch (district_id, batch_no, due_by, month, status, built_at, items, amount_fen, maker_id, made_at,
                 checker_id, checked_at, sender_id, exported_at, message)
             select a.district_id, 'DK阳光苑' || (select count(*) from deduction_batch), '2026-01-15', '2026-01-01', '{status}', now(), 2,
                 23100, -1, now(), {checker}, {sender}, '等待银行' from account a where a.id = {account} returning id"
        ))
        .await;
    let item = site
        .id(&format!(
            "insert into deduction_item (batch_id, seq, district_id, estate_id, account_id, contract_id, payer, month, due_fen, created_at)
             select {batch}, 1, district_id, estate_id, id, {contract}, '阳光苑租户', '2026-01-01', 12050, now()
             from account where id = {account} returning id"
        ))
        .await;
    let file = site
        .id(&format!(
            "insert into bank_file (district_id, direction, kind, name, file_no, state, digest, done_at)
             select district_id, 'IN', 'STATEMENT', 'x', 'LS' || (select count(*) from bank_file), 'DONE', 'x', now() from account
             where id = {account} returning id"
        ))
        .await;
    site.id(&format!(
        "insert into reconciliation (district_id, day, bank_file_id, own_fen, channel_fen, their_fen, lines, differences, made_at)
         select district_id, date '2026-01-15' + {batch}::integer, {file}, 12050, 12050, 12150, 1, 1, now() from account
         where id = {account} returning id"
    ))
    .await;
    let difference = site
        .id(&format!(
            "insert into bank_difference (district_id, kind, batch_id, item_id, seq, own_fen, their_fen, bank_serial, created_at)
             select district_id, 'OVER_DEDUCTED', {batch}, {item}, 1, 12050, 12150, '阳光苑0001', now()
             from account where id = {account} returning id"
        ))
        .await;
    Batch { batch, item, difference }
}

/// Address pattern, address, and texts that stand there, for an account of the city.
pub fn pages(at: Batch) -> Vec<(&'static str, String, Vec<&'static str>)> {
    vec![
        (
            "/billing/deductions",
            "/billing/deductions".into(),
            vec!["银行代扣", "DK阳光苑", "待复核", "231.00", "共 1 条"],
        ),
        ("/billing/deductions", "/billing/deductions?status=CLOSED".into(), vec!["没有符合条件的记录"]),
        (
            "/billing/deductions/:id",
            format!("/billing/deductions/{}", at.batch),
            vec![
                "代扣批次 DK阳光苑",
                "1条差异待处理",
                "等待银行",
                "办理过程",
                "尚未与银行交换文件",
                "阳光苑租户",
                "120.50",
            ],
        ),
        (
            "/billing/deductions/records",
            "/billing/deductions/records".into(),
            vec!["房租扣费记录", "2026", "120.50", "待扣", "共 1 条"],
        ),
        (
            "/billing/deductions/records/:id",
            format!("/billing/deductions/records/{}", at.item),
            vec!["扣费记录 阳光苑租户", "120.50", "银行流水号"],
        ),
        (
            "/billing/deductions/reconciliations",
            "/billing/deductions/reconciliations".into(),
            vec!["银行对账", "120.50", "121.50", "有差异", "共 1 条"],
        ),
        (
            "/billing/deductions/differences",
            "/billing/deductions/differences".into(),
            vec!["银行差异", "实扣大于应扣", "121.50", "待处理", "共 1 条"],
        ),
        (
            "/billing/deductions/differences/:id",
            format!("/billing/deductions/differences/{}", at.difference),
            vec!["银行差异 实扣大于应扣", "阳光苑0001"],
        ),
    ]
}

/// The form of a new batch, which an accountant alone opens.
pub fn pages_of_finance() -> Vec<(&'static str, String, Vec<&'static str>)> {
    vec![(
        "/billing/deductions/new",
        "/billing/deductions/new".into(),
        vec!["制作代扣批次", "甲区", "扣款日", "method=\"post\" novalidate"],
    )]
}
