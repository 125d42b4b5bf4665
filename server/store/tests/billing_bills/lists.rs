//! Lists of bills and payments: what they find, and for whom.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn lists_find_a_household_by_its_names_and_hold_the_scope() {
    let test = TestDatabase::with_city().await;
    let account = household(&test, 0).await;
    let finance = city::ctx(&test.database, "finance").await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let open = account_get(&finance, account).await.expect("the account");
    let paid: Money = open.debts.iter().map(|debt| debt.total()).sum();
    let payment = payment_take(&cashier, account, &cash(1, paid, Vec::new())).await.expect("a payment");
    let receipt = payments_chosen(&finance, &[payment]).await.expect("a payment")[0].receipt_no.clone();
    let contract = open.row.contract_no.clone().expect("a number");
    let bill = open.bills[0].bill_no.clone();
    let asked = |q: &str| ListQuery { q: q.to_owned(), ..ListQuery::default() };
    for word in ["租户0", contract.as_str(), open.row.account_no.as_str(), "月光苑", &open.row.address, "月光苑 租户0"]
    {
        assert_eq!(account_list(&finance, &asked(word)).await.expect("accounts").total, 1, "{word}");
        assert_eq!(bill_list(&finance, &asked(word)).await.expect("bills").total, open.bills.len() as i64, "{word}");
        assert_eq!(payment_list(&finance, &asked(word)).await.expect("payments").total, 1, "{word}");
    }
    assert_eq!(bill_list(&finance, &asked(&bill)).await.expect("bills").rows[0].bill_no, bill);
    assert_eq!(payment_list(&finance, &asked(&receipt)).await.expect("payments").total, 1);
    assert_eq!(payment_list(&finance, &asked(&receipt[..6])).await.expect("payments").total, 1);
    for word in ["租户9", "月光苑 租户9", "%", "ZD999999999999", "SJ1"] {
        assert_eq!(account_list(&finance, &asked(word)).await.expect("accounts").total, 0, "{word}");
        assert_eq!(bill_list(&finance, &asked(word)).await.expect("bills").total, 0, "{word}");
        assert_eq!(payment_list(&finance, &asked(word)).await.expect("payments").total, 0, "{word}");
    }
    let all = ListQuery::default();
    for (ctx, seen) in [
        (city::ctx(&test.database, "city").await, 1),
        (city::ctx(&test.database, "entry").await, 1),
        (city::ctx(&test.database, "operator").await, 0),
        (city::ctx(&test.database, "district-b").await, 0),
        (stranger(&test).await, 0),
    ] {
        let who = ctx.actor().login.clone();
        assert_eq!(account_list(&ctx, &all).await.expect("accounts").total, seen, "{who}");
        assert_eq!(payment_list(&ctx, &all).await.expect("payments").total, seen, "{who}");
        assert_eq!(bill_list(&ctx, &all).await.expect("bills").total > 0, seen > 0, "{who}");
        assert_eq!(bill_totals(&ctx, &all).await.expect("sums").bills > 0, seen > 0, "{who}");
        let there = ListQuery::from_params([("account", account.to_string().as_str())]);
        assert_eq!(payment_list(&ctx, &there).await.expect("payments").total, seen, "{who}");
    }
    let admin = city::ctx(&test.database, "admin").await;
    assert_eq!(failure(bill_list(&admin, &all).await), Failure::Forbidden);
    assert_eq!(failure(payments_chosen(&cashier, &[payment]).await), Failure::Forbidden);
}

/// The reminder says the number that the list behind it has.
#[tokio::test(flavor = "multi_thread")]
async fn payments_wait_for_an_accountant() {
    let test = TestDatabase::with_city().await;
    let account = household(&test, 0).await;
    let (finance, cashier) = (city::ctx(&test.database, "finance").await, city::ctx(&test.database, "cashier").await);
    let waiting = ListQuery::from_params([("unverified", "1")]);
    let reminded = async |ctx: &Ctx| {
        let all = reminder_list(ctx).await.expect("reminders");
        let found = all.into_iter().find(|reminder| reminder.label == "待核销的收款");
        found.map(|reminder| (reminder.count, reminder.link))
    };
    assert_eq!(reminded(&finance).await, None);
    let mut payments = Vec::new();
    for nth in 1..=3 {
        payments.push(
            payment_take(&cashier, account, &cash(nth, Money::from_fen(100), Vec::new())).await.expect("a payment"),
        );
    }
    payments_verify(&finance, &payments[..1]).await.expect("it is verified");
    let page = payment_list(&finance, &waiting).await.expect("payments");
    assert_eq!((page.total, page.rows.len()), (2, 2));
    assert_eq!(reminded(&finance).await, Some((2, "/billing/payments?unverified=1".to_owned())));
    assert_eq!(reminded(&cashier).await, None, "who takes does not verify");
    assert_eq!(reminded(&stranger(&test).await).await, None, "nor who sees another district");
    // The list is walked by number and by value alike.
    let one = ListQuery { size: 10, at: Position::Last, ..ListQuery::default() };
    assert_eq!(payment_list(&finance, &one).await.expect("payments").rows.len(), 3);
}
