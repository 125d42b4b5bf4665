//! 接管明细: a list that a million rows do not make slow, walked along an index in the order of the file.

use super::{number, people, rows, running_city, staged};
use crate::support::city;
use domain::{
    list::{ListQuery, Position},
    tenancy::take_over::{TAKE_OVER_ITEM_LIST, TakeOverItem},
};
use store::{Ctx, tenancy::take_over::take_over_item_list};

async fn page(ctx: &Ctx, query: &ListQuery) -> Vec<String> {
    let rows = take_over_item_list(ctx, query).await.expect("a page").rows;
    rows.into_iter().map(|row: TakeOverItem| row.contract_no).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_walked_in_the_order_of_the_file_and_asked_for_by_what_they_say() {
    let test = running_city().await;
    let batch = staged(&test, rows()).await.row.id;
    let (entry, _) = people(&test).await;
    let all = page(&entry, &ListQuery::default()).await;
    assert_eq!(all.len(), 3);
    // Nothing is sorted by that no index has.
    let sortable = TAKE_OVER_ITEM_LIST.columns.iter().filter(|column| column.sortable).map(|column| column.key);
    assert_eq!(sortable.collect::<Vec<_>>(), ["row_no"]);
    let of_batch = ListQuery::from_params([("batch", batch.to_string().as_str())]);
    assert_eq!(page(&entry, &of_batch).await, all);
    let mut turned = page(&entry, &ListQuery { sort: "row_no".into(), descending: true, ..of_batch.clone() }).await;
    turned.reverse();
    assert_eq!(turned, all);
    // Page by page, by the cursor that the page before has given.
    for of in [of_batch.clone(), ListQuery::default()] {
        let first = take_over_item_list(&entry, &ListQuery { size: 2, ..of.clone() }).await.expect("a page");
        assert_eq!((first.rows.len(), first.total, first.exact), (2, 3, true));
        let id = number(&test, "select id from take_over_row order by id offset 1 limit 1").await;
        let behind = ListQuery { size: 2, at: Position::After(id.to_string()), ..of.clone() };
        assert_eq!(page(&entry, &behind).await, all[2..]);
        let before = ListQuery { size: 2, at: Position::Before(id.to_string()), ..of };
        assert_eq!(page(&entry, &before).await, all[..1]);
    }
    for (words, found) in
        [("JQ-2", 1), ("JQ-", 3), ("测试租户1", 1), ("JQ-3 测试租户1", 1), ("JQ-3 测试租户0", 0), ("101", 1)]
    {
        let asked = ListQuery { q: words.into(), ..ListQuery::default() };
        assert_eq!(take_over_item_list(&entry, &asked).await.expect("a page").total, found, "{words}");
    }
    for (key, value, found) in [("state", "STAGED", 3), ("state", "FAILED", 0), ("batch", "0", 0), ("batch", "x", 0)] {
        let asked = ListQuery::from_params([(key, value)]);
        assert_eq!(take_over_item_list(&entry, &asked).await.expect("a page").total, found, "{key}={value}");
    }
    // Along its batch a row is still somebody else's.
    for login in ["district-b", "operator"] {
        let other = city::ctx(&test.database, login).await;
        if let Ok(seen) = take_over_item_list(&other, &of_batch).await {
            assert_eq!((seen.rows.len(), seen.total), (0, 0), "{login}");
        }
    }
}

/// With many rows a page is read from the index of its walk, and not sorted.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_reads_no_more_than_it_shows() {
    let test = running_city().await;
    let batch = staged(&test, rows()).await.row.id;
    let more = "insert into take_over_row (take_over_id, row_no, district_id, estate_id, unit_id, contract_no, lessor_id, person_id,
            lessee_name, id_number_mask, phone_mask, address, layout, building_area, usable_area, category, rent_standard_id, unit_rate,
            area_basis, rent_area, base_rent_fen, reduction_fen, monthly_rent_fen, contract_deposit_fen, start_on, end_on, pay_cycle, split,
            due_day, bank_name, bank_no_mask, bank_holder, sign_on, balance_fen, deposit_fen, arrears_fen, charged_to, state)
        select take_over_id, 1000 + n, district_id, estate_id, unit_id, 'DR-' || n, lessor_id, person_id, lessee_name, id_number_mask,
            phone_mask, address, layout, building_area, usable_area, category, rent_standard_id, unit_rate, area_basis, rent_area,
            base_rent_fen, reduction_fen, monthly_rent_fen, contract_deposit_fen, start_on, end_on, pay_cycle, split, due_day, bank_name,
            bank_no_mask, bank_holder, sign_on, 0, 0, 0, charged_to, 'DROPPED'
        from (select * from take_over_row order by id limit 1) r, generate_series(1, 20000) as n;
        analyze take_over_row";
    sqlx::raw_sql(more).execute(&test.admin).await.expect("rows");
    for walk in ["take_over_id", "district_id", "estate_id"] {
        // Single estates have few rows of a state.
        let states = if walk == "estate_id" { &[""][..] } else { &["", " and state = 'STAGED'"] };
        for state in states {
            let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
                "explain select * from take_over_row where {walk} = (select {walk} from take_over_row where take_over_id = {batch} limit 1){state}
                 order by id limit 21"
            )))
            .fetch_all(&test.admin)
            .await
            .expect("a plan");
            let plan = plan.join("\n");
            assert!(!plan.contains("Sort") || plan.contains("staged"), "{walk}{state}:\n{plan}");
        }
    }
    let (entry, _) = people(&test).await;
    let page = take_over_item_list(&entry, &ListQuery::default()).await.expect("a page");
    assert_eq!((page.total, page.exact, page.rows.len()), (10_000, false, usize::from(ListQuery::default().size)));
}
