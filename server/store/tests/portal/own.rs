//! A household's own rows, and nobody else's.

use super::*;

/// A second household, with a payment of 100 yuan of each; answers both accounts.
async fn neighbours(test: &TestDatabase) -> [AccountId; 2] {
    let first = AccountId(count(test, "select id from account").await);
    let (_, second) = active(test, &form(assigned(test, tenant(test, 1).await, vacant(test, 0).await).await)).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    for (nth, account) in [first, second].into_iter().enumerate() {
        let form = PaymentForm {
            request: format!("5b0c2d1e-8f7a-4b3c-9d2e-{nth:012x}"),
            amount: "100".into(),
            method: "CASH".into(),
            ..PaymentForm::default()
        };
        payment_take(&cashier, account, &form).await.expect("a payment");
    }
    [first, second]
}

/// The second wall: whatever a query of a tenant's asked for, the database shows the own rows, and lets none be changed.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_shows_a_tenant_the_own_rows_alone() {
    // A neighbour with a row in every table of money and contracts.
    let test = TestDatabase::with_city().await;
    tenant(&test, 1).await;
    sqlx::raw_sql(crate::support::tenancy::ROWS).execute(&test.admin).await.expect("rows");
    let (_, own_account) =
        active(&test, &form(assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await)).await;
    let pay = PaymentForm {
        request: "5b0c2d1e-8f7a-4b3c-9d2e-000000000001".into(),
        amount: "100".into(),
        method: "CASH".into(),
        ..PaymentForm::default()
    };
    payment_take(&city::ctx(&test.database, "cashier").await, own_account, &pay).await.expect("a payment");
    // One that was paid back, beside the neighbour's own.
    sqlx::query(
        "insert into refund (district_id, estate_id, account_id, request_id, kind, amount_fen, reason, bank_name, bank_holder, bank_no,
                             bank_no_mask, key_id, maker_id)
         select district_id, estate_id, $1, gen_random_uuid(), kind, amount_fen, reason, bank_name, bank_holder, bank_no, '****', key_id,
                maker_id
         from refund limit 1",
    )
    .bind(own_account.0)
    .execute(&test.admin)
    .await
    .expect("a refund");
    let (person, account): (i64, i64) = sqlx::query_as("select person_id, id from account where id = $1")
        .bind(own_account.0)
        .fetch_one(&test.admin)
        .await
        .expect("the household");
    let mut application = test.application().await;
    let mut tx = sqlx::Connection::begin(&mut application).await.expect("a transaction");
    sqlx::query("select set_config('app.persons', $1, true), set_config('app.accounts', $2, true)")
        .bind(person.to_string())
        .bind(account.to_string())
        .execute(&mut *tx)
        .await
        .expect("settings");
    for (table, column) in [
        ("account", "id"),
        ("bill", "account_id"),
        ("payment", "account_id"),
        ("sms", "account_id"),
        ("pay_order", "account_id"),
        ("deduction_item", "account_id"),
        ("refund", "account_id"),
    ] {
        let strange: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select count(*) from {table} where {column} <> {account}"
        )))
        .fetch_one(&mut *tx)
        .await
        .expect("a number");
        assert_eq!(strange, 0, "{table}");
        assert_ne!(
            count(&test, &format!("select count(*) from {table} where {column} <> {account}")).await,
            0,
            "{table}"
        );
    }
    for table in ["contract", "contract_resident", "rent_change", "rent_reduction"] {
        let contract = if table == "contract" { "id" } else { "contract_id" };
        let own = format!(
            "select count(*) from {table} where {contract} in (select id from contract where person_id = {person})"
        );
        let own = count(&test, &own).await;
        let query = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        let seen: i64 = sqlx::query_scalar(query).fetch_one(&mut *tx).await.expect("a number");
        assert!(
            seen == own && own < count(&test, &format!("select count(*) from {table}")).await,
            "{table}: {seen} of {own}"
        );
    }
    let shares = count(
        &test,
        &format!(
            "select count(*) from payment_share s join payment p on p.id = s.payment_id where p.account_id = {account}"
        ),
    )
    .await;
    let seen: i64 =
        sqlx::query_scalar("select count(*) from payment_share").fetch_one(&mut *tx).await.expect("a number");
    assert!(seen == shares && shares < count(&test, "select count(*) from payment_share").await, "{seen} of {shares}");
    let own: i64 = sqlx::query_scalar("select count(*) from bill").fetch_one(&mut *tx).await.expect("a number");
    assert_eq!(own, 2);
    for table in [
        "person",
        "unit",
        "estate",
        "ledger_entry",
        "tenant_code",
        "tenant_session",
        "audit_log",
        "pay_odd",
        "pay_order_event",
        "tenant_attempt",
        "user_phone",
    ] {
        let seen: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&mut *tx)
            .await
            .expect("a number");
        assert_eq!(seen, 0, "{table}");
    }
    for table in ["account", "bill", "contract", "payment", "pay_order", "sms"] {
        let version = match table {
            "sms" => "attempts",
            "pay_order" => "asked",
            _ => "version",
        };
        let done = sqlx::query(sqlx::AssertSqlSafe(format!("update {table} set {version} = {version}")))
            .execute(&mut *tx)
            .await;
        assert_eq!(done.expect("it is tried").rows_affected(), 0, "{table}");
    }
    // Without these two settings there is nothing at all.
    sqlx::query("select set_config('app.persons', '', true), set_config('app.accounts', '', true)")
        .execute(&mut *tx)
        .await
        .expect("settings");
    for table in [
        "account",
        "bill",
        "payment",
        "payment_share",
        "contract",
        "contract_resident",
        "sms",
        "pay_order",
        "rent_change",
    ] {
        let seen: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&mut *tx)
            .await
            .expect("a number");
        assert_eq!(seen, 0, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_receipt_is_not_there() {
    let test = household().await;
    let [own, _] = neighbours(&test).await;
    let receipt = count(&test, &format!("select id from payment where account_id = {own}")).await;
    let now = Utc::now();
    let asked = asked(&test, "13800001201", now).await;
    let secret =
        tenant_sign_in(&test.database, &asked.ticket, &code_of(&asked), NETWORK, now).await.expect("a session");
    let neighbour = tenant_ctx(&test.database, &secret, now).await.expect("asked").expect("a tenant");
    assert!(matches!(paid_get(&neighbour, PaymentId(receipt)).await.map_err(Failure::from), Err(Failure::NotFound)));
    assert_eq!(home_list(&neighbour).await.expect("homes").len(), 1);
    let (_, tenant) = signed_in(&test, now).await;
    let receipt = paid_get(&tenant, PaymentId(receipt)).await.expect("the own one");
    assert_eq!(
        (receipt.row.amount, receipt.lines.len(), receipt.to_balance),
        (Money::from_fen(10_000), 1, Money::ZERO)
    );
    assert!(receipt.address.starts_with("月光苑"), "{}", receipt.address);
}
