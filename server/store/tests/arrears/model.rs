//! Whatever happens, in whatever order: what is kept is what a recount yields.

use super::*;

/// The same numbers in every run: a failure can be looked at again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides
    }
}

/// One step of whatever happens to a household or to its home on a day.
async fn step(test: &TestDatabase, dice: &mut Dice, nth: u64, accounts: &[AccountId], day: &str) {
    let account = accounts[dice.roll(accounts.len())];
    let unit = format!("(select unit_id from account where id = {account})");
    match dice.roll(8) {
        0..=2 => {
            let cashier = ctx_on(test, "cashier", day).await;
            let amount = Money::from_fen([99, 9_950, 10_000, 25_000][dice.roll(4)]);
            let payment = payment_take(&cashier, account, &cash(nth, amount)).await.expect("a payment");
            if dice.roll(3) == 0 {
                payment_void(&cashier, payment, 1, "再来一次").await.expect("it is voided");
            }
        }
        3 => {
            let finance = ctx_on(test, "finance", day).await;
            let open = account_get(&finance, account).await.expect("the account").bills;
            if let Some(bill) = open.iter().find(|bill| bill.fee_item == FeeItem::Rent && bill.paid == Money::ZERO) {
                let version = version(test, bill.id).await;
                bill_reverse(&finance, bill.id, version, TakeBack::Reverse, "重开").await.expect("it is reversed");
            }
        }
        4 => {
            let status = ["OCCUPIED", "SIGNED", "REPAIR", "FROZEN"][dice.roll(4)];
            run(test, &format!("update unit set status = '{status}' where id = {unit}")).await;
        }
        5 => {
            let status = ["EXPIRED", "TERMINATED"][dice.roll(2)];
            run(test, &format!("update contract set status = '{status}' where account_id = {account}")).await;
        }
        6 => {
            let category = ["PRH", "TALENT"][dice.roll(2)];
            run(test, &format!("update unit set category = '{category}' where id = {unit}")).await;
        }
        // Led there by an approval.
        _ => run(test, &format!("update arrears set level = 'L3' where account_id = {account} and periods >= 3")).await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_equal_a_recount_whatever_happens() {
    let test = TestDatabase::with_city().await;
    let accounts = settle(&test).await;
    let mine: Vec<AccountId> = sqlx::query_scalar::<_, i64>(
        "select a.id from account a join organization d on d.id = a.district_id where d.code = '810101' order by a.id",
    )
    .fetch_all(&test.admin)
    .await
    .expect("accounts")
    .into_iter()
    .map(AccountId)
    .collect();
    assert!(mine.len() > 10 && mine.len() < accounts.len());
    let mut dice = Dice(20_261_128);
    let mut nth = 0;
    for day in ["2026-02-16", "2026-03-01", "2026-03-16", "2026-05-20", "2026-06-15", "2026-06-16", "2026-11-28"] {
        arrears_follow(&test.database, noon(day)).await.expect("followed");
        agrees(&test, day).await;
        for _ in 0..12 {
            nth += 1;
            step(&test, &mut dice, nth, &mine, day).await;
        }
        agrees(&test, day).await;
    }
    for way in [">", "<"] {
        let moved = format!("select count(*) from arrears_history where to_level {way} from_level");
        assert!(number(&test, &moved).await > 5, "households moved {way}");
    }
    assert!(number(&test, "select count(*) from arrears where level = 'L3'").await > 0, "some are shut out");
    assert_eq!(number(&test, "select count(*) from building_arrears_tally where accounts < 0").await, 0);
}
