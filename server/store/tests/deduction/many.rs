//! A batch that the bank refuses, who is in none, and more items than one portion holds.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_the_bank_refused_is_sent_again_or_given_up() {
    let office = Office::open().await;
    office.household(0).await;
    let id = office.create(Office::due_by()).await.expect("a batch");
    deduction_check(&office.checker, id, office.version(id).await, "").await.expect("checked");
    deduction_send(&office.checker, id, office.version(id).await).await.expect("released");
    let (request, _) = office.sent().await;
    let receipt = |result: &str, digest: &str| Receipt {
        batch_no: request.batch_no.clone(),
        result: result.into(),
        digest: digest.into(),
        message: Some("单位未签约".into()),
    };
    let enter = async |receipt: Receipt, digest: &str| {
        let file = received(BankFileKind::Receipt, &request.batch_no, digest);
        deduction_receipt(office.database(), &file, &receipt, Utc::now()).await
    };
    assert_eq!(enter(receipt("REFUSED", "aa"), "r1").await.expect("entered"), DeductionStatus::FileRejected);
    assert_eq!(office.get(id).await.message.as_deref(), Some("银行未受理：REFUSED 单位未签约"));
    deduction_send(&office.checker, id, office.version(id).await).await.expect("released again");
    let (again, lines) = office.sent().await;
    assert_eq!((again.batch_no.as_str(), lines.len()), (request.batch_no.as_str(), 1));
    // It holds another file than we sent.
    assert_eq!(enter(receipt("ACCEPTED", "bb"), "r2").await.expect("entered"), DeductionStatus::FileRejected);
    assert_eq!(office.get(id).await.message.as_deref(), Some("银行收到的文件与发送的不一致"));
    assert_eq!(refusal(enter(receipt("ACCEPTED", "bb"), "r2").await), "该回盘文件已处理");
    deduction_discard(&office.maker, id, office.version(id).await, "改用柜台收款").await.expect("given up");
    assert_eq!(office.locked().await, 0);
    assert_eq!(office.items(id).await[0].0, DeductStatus::Cancelled);
    assert_eq!(
        refusal(deduction_get(&city::ctx(office.database(), "district-b").await, id).await),
        Failure::NotFound.to_string()
    );
}

/// Makes so many more households as there is one, each of which owes one month: for what is too much for one portion.
async fn multiply(office: &Office, count: i64) {
    sqlx::raw_sql(
        "drop index account_open_key; drop index contract_unit_running_key; drop index contract_person_running_key;",
    )
    .execute(&office.test.admin)
    .await
    .expect("homes for more than one");
    sqlx::query(
        "with one as (select * from contract where status = 'ACTIVE' limit 1),
         accounts as (insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
             select a.district_id, a.estate_id, a.building_id, a.unit_id, a.person_id, a.opened_on
             from account a join one on one.account_id = a.id cross join generate_series(1, $1) returning id),
         contracts as (insert into contract overriding system value
             select (jsonb_populate_record(null::contract, to_jsonb(one) || jsonb_build_object(
                 'id', 1000000 + a.id, 'contract_no', 'HT' || a.id, 'account_id', a.id))).* from one, accounts a
             returning id, account_id)
         insert into bill (district_id, estate_id, unit_id, account_id, kind, fee_item, month, period_from, period_to, due_on, amount_fen)
         select one.district_id, one.estate_id, one.unit_id, a.id, 'RENT', 'RENT', '2026-01-01', '2026-01-01', '2026-01-31', '2026-01-10',
                1000 + a.id from one, accounts a",
    )
    .bind(count)
    .execute(&office.test.admin)
    .await
    .expect("households");
    sqlx::query(
        "insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason, bill_id)
         select district_id, estate_id, account_id, current_date, 'RECEIVABLE', 'INCOME', 'RENT', amount_fen, '转应收', id
         from bill where contract_id is null",
    )
    .execute(&office.test.admin)
    .await
    .expect("booked");
}

/// More items than a portion, every outcome, cut off in the middle and gone on with by two processes: each item ends as the
/// bank said, and the books hold.
#[tokio::test(flavor = "multi_thread")]
async fn many_items_end_as_the_bank_said_however_often_it_is_tried() {
    let office = Office::open().await;
    office.household(0).await;
    multiply(&office, 4_500).await;
    let id = office.create(Office::due_by()).await.expect("a batch");
    deductions_build(office.database(), Utc::now()).await.expect("built to the end");
    let batch = office.get(id).await;
    assert_eq!((batch.row.items, batch.row.built), (4_501, true));
    deduction_check(&office.checker, id, office.version(id).await, "").await.expect("checked");
    deduction_send(&office.checker, id, office.version(id).await).await.expect("released");
    let (request, lines) = office.sent().await;
    let response: Vec<ResponseLine> = lines
        .iter()
        .map(|asked| match asked.seq % 3 {
            0 => line(asked, "NSF", Money::ZERO),
            1 => line(asked, "SUCCESS", asked.amount),
            _ => line(asked, "PARTIAL", Money::from_fen(asked.amount.fen() / 3)),
        })
        .collect();
    // The reader ended in the middle, and begins again.
    let now: DateTime<Utc> = Utc::now();
    let file = received(BankFileKind::Response, &request.batch_no, "d1");
    let mut cut = response_begin(office.database(), &file, &request.batch_no, now).await.expect("begun");
    response_lines(office.database(), &mut cut, &response[..1_000], now).await.expect("kept");
    drop(cut);
    let status = office.respond(&request.batch_no, "d1", &response).await.expect("read");
    assert_eq!(status, DeductionStatus::Reconciled);
    let second = office.test.second().await;
    let (one, two) = tokio::join!(deductions_post(office.database(), now), deductions_post(&second, now));
    one.expect("entered");
    two.expect("entered");
    let batch = office.get(id).await;
    let expected = |rest: i32| i32::try_from(lines.iter().filter(|asked| asked.seq % 3 == rest).count()).expect("few");
    assert_eq!(batch.row.status, DeductionStatus::Posted);
    assert_eq!((batch.row.success, batch.row.partial, batch.row.failed), (expected(1), expected(2), expected(0)));
    assert_eq!(batch.row.deducted, response.iter().map(|line| line.deducted).sum());
    assert_eq!(office.number("select sum(amount_fen)::bigint from payment").await, batch.row.deducted.fen());
    assert_eq!(
        office.number("select count(distinct receipt_no) from payment").await,
        i64::from(expected(1) + expected(2))
    );
    assert_eq!(office.locked().await, 0);
    office.books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_verified_is_in_no_batch() {
    let office = Office::open().await;
    office.household(0).await;
    sqlx::raw_sql("update person set id_verified = 'UNVERIFIED'").execute(&office.test.admin).await.expect("set");
    let id = office.create(Office::due_by()).await.expect("a batch");
    assert_eq!(office.get(id).await.row.items, 0, "R-90");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_changes_nothing_but_the_batchs_state() {
    let office = Office::open().await;
    office.household(0).await;
    let (id, request, lines) = office.at_bank().await;
    let file = received(BankFileKind::Response, &request.batch_no, "cut");
    response_refuse(office.database(), &file, "文件不完整：缺少文件尾", Utc::now()).await.expect("noted");
    response_refuse(office.database(), &file, "文件不完整：缺少文件尾", Utc::now()).await.expect("and once more");
    let batch = office.get(id).await;
    assert_eq!(batch.row.status, DeductionStatus::FileRejected);
    assert_eq!(batch.message.as_deref(), Some("回盘文件无法处理：文件不完整：缺少文件尾"));
    assert!(batch.events.is_empty(), "the bank may have taken the money: {:?}", batch.events);
    let version = batch.version;
    assert!(refusal(deduction_send(&office.checker, id, version).await).contains("不能重新发送"));
    assert!(refusal(deduction_discard(&office.maker, id, version, "重做").await).contains("不能撤销"));
    assert_eq!(office.locked().await, 4);
    // The bank sends it again, whole.
    office.respond(&request.batch_no, "d1", &all_paid(&lines)).await.expect("read");
    deductions_post(office.database(), Utc::now()).await.expect("entered");
    assert_eq!(office.get(id).await.row.status, DeductionStatus::Posted);
    office.books_hold().await;
}
