//! Orders as the staff sees them.

use crate::{
    Ctx, Error, Result,
    billing::named::{Named, words},
    ctx::{Tx, connection},
    error::stored,
    list::{push_code, push_id, push_scope},
    long_list::{LongList, Order},
    platform::job::push_days,
    walk::{Walk, time_cursor},
};
use chrono::{DateTime, Utc};
use domain::{
    billing::{
        pay_order::{PayChannel, PayOrderStatus},
        pay_order_sheet::{PAY_ORDER_LIST, PayOrder, PayOrderRow},
        reduction::Note,
    },
    failure::Failure,
    id::{AccountId, PaymentId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};

const COLUMNS: &str =
    "r.id, r.order_no, r.account_id, coalesce(c.lessee_name, n.name, '') as lessee, u.address, r.channel, r.amount_fen,
     r.status, r.made_at, r.paid_at, r.trade_no, r.payment_id, r.message,
     coalesce((select string_agg(b.bill_no, '、' order by b.due_on, b.id) from bill b where b.id = any(r.bill_ids)), '') as bills";
const JOINS: &str = "join account a on a.id = r.account_id join unit u on u.id = a.unit_id left join person n on n.id = a.person_id
     left join lateral (select lessee_name from contract c where c.account_id = a.id order by c.id desc limit 1) c on true";

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    order_no: String,
    account_id: i64,
    lessee: String,
    address: String,
    channel: String,
    amount_fen: i64,
    status: String,
    made_at: DateTime<Utc>,
    paid_at: Option<DateTime<Utc>>,
    trade_no: Option<String>,
    payment_id: Option<i64>,
    message: Option<String>,
    bills: String,
}

impl TryFrom<Row> for PayOrderRow {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            order_no: row.order_no,
            account_id: AccountId(row.account_id),
            lessee: row.lessee,
            address: row.address,
            channel: stored(&row.channel, PayChannel::from_code)?,
            amount: Money::from_fen(row.amount_fen),
            status: stored(&row.status, PayOrderStatus::from_code)?,
            made_at: row.made_at,
            paid_at: row.paid_at,
            trade_no: row.trade_no,
            payment_id: row.payment_id.map(PaymentId),
            message: row.message,
            bills: row.bills,
        })
    }
}

/// The orders that a single word names by its number or by the payment company's own – which is all that the company's statement
/// names – and their accounts; none: it names none.
async fn meant(tx: &mut Tx, words: &[String]) -> Result<(Option<Vec<i64>>, Option<Vec<i64>>)> {
    let [word] = words else { return Ok((None, None)) };
    let rows = sqlx::query!(
        r#"select id as "id!", account_id as "account!" from pay_order where order_no = $1
           union select id, account_id from pay_order where channel in ('WECHAT', 'ALIPAY') and trade_no = $1"#,
        word
    )
    .fetch_all(connection(tx))
    .await?;
    if rows.is_empty() {
        return Ok((None, None));
    }
    Ok((Some(rows.iter().map(|row| row.id).collect()), Some(rows.iter().map(|row| row.account).collect())))
}

/// One order with its timeline.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn pay_order_get(ctx: &Ctx, id: i64) -> Result<PayOrder> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} from pay_order r {JOINS} where r.id = $1");
    let row: Row = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let notes = sqlx::query!("select at, event, message from pay_order_event where order_id = $1 order by id desc", id)
        .map(|note| Note { event: note.event, actor: None, at: note.at, reason: note.message })
        .fetch_all(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(PayOrder { row: row.try_into()?, notes })
}

/// A page of orders in scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn pay_order_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<PayOrderRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = PAY_ORDER_LIST.sort(query);
    let mut tx = ctx.begin().await?;
    let words = words(query);
    let (meant, accounts) = meant(&mut tx, &words).await?;
    let named = Named::read(&mut tx, ctx, if meant.is_some() { Vec::new() } else { words }).await?;
    let walk = match accounts {
        Some(ids) => Walk { column: "account_id", ids },
        None => Walk::new(ctx, query, &[("account", "account_id"), ("estate", "estate_id")]),
    };
    let list = LongList {
        table: "pay_order",
        columns: COLUMNS,
        joins: JOINS,
        filter: &|sql| {
            push_code(sql, query, "status", "r.status");
            push_code(sql, query, "channel", "r.channel");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "estate", "r.estate_id");
            push_id(sql, query, "account", "r.account_id");
            named.push(sql);
            if let Some(meant) = &meant {
                sql.push(" and r.id = any(").push_bind(meant.clone()).push(")");
                push_scope(sql, ctx, "r.district_id", "r.estate_id");
            }
            push_days(sql, query, "r.made_at");
        },
        order: Order::Time("made_at"),
        descending,
    };
    let page = list.page(tx, query, &named.narrow(walk), |row: &Row| time_cursor(row.made_at, row.id)).await?;
    page.try_map(PayOrderRow::try_from)
}
