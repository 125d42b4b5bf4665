//! Requests as lists and histories show them.

use crate::{
    Ctx, Result, Scope,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id},
};
use chrono::{DateTime, Utc};
use domain::{
    housing::asset_change::{ASSET_CHANGE_LIST, AssetChange, ChangeKind, ChangeState, ChangeValues},
    id::{AssetChangeId, AssetMasterId, AssetSubId},
    list::{ListQuery, Page},
    platform::permission::Permission,
};
use sqlx::{Postgres, QueryBuilder, types::Json};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    kind: String,
    state: String,
    master_id: i64,
    master_no: String,
    master_name: String,
    sub_id: Option<i64>,
    sub_no: Option<String>,
    district: String,
    before: Option<Json<ChangeValues>>,
    after: Option<Json<ChangeValues>>,
    reason: Option<String>,
    document_no: Option<String>,
    maker_id: i64,
    author_ids: Vec<i64>,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    voucher_no: Option<String>,
    opinion: Option<String>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str =
    "c.id, c.kind, c.state, c.master_id, m.card_no as master_no, m.asset_name as master_name, c.sub_id, s.card_no as sub_no,
     d.name as district, c.before, c.after, c.reason, c.document_no, c.maker_id, c.author_ids, user_name(c.maker_id) as maker,
     c.made_at, c.voucher_no, c.opinion, user_name(c.checker_id) as checker, c.checked_at";

impl Record {
    fn read(self, ctx: &Ctx) -> Result<AssetChange> {
        let state = stored(&self.state, ChangeState::from_code)?;
        let own = self.maker_id == ctx.actor().id.0 || self.author_ids.contains(&ctx.actor().id.0);
        Ok(AssetChange {
            id: AssetChangeId(self.id),
            kind: stored(&self.kind, ChangeKind::from_code)?,
            state,
            master_id: AssetMasterId(self.master_id),
            master_no: self.master_no,
            master_name: self.master_name,
            sub: self.sub_id.map(AssetSubId).zip(self.sub_no),
            district: self.district,
            before: self.before.map(|values| values.0),
            after: self.after.map(|values| values.0),
            reason: self.reason,
            document_no: self.document_no,
            maker: self.maker,
            made_at: self.made_at,
            voucher_no: self.voucher_no,
            opinion: self.opinion,
            checker: self.checker,
            checked_at: self.checked_at,
            decidable: state == ChangeState::Pending && !own && ctx.actor().may(Permission::AssetCheck),
        })
    }
}

/// A page of requests in scope.
///
/// # Errors
/// Without [`Permission::AssetRead`].
pub async fn asset_change_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<AssetChange>> {
    ctx.require(Permission::AssetRead)?;
    let (_, descending) = ASSET_CHANGE_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from:
            "from asset_change c join asset_master m on m.id = c.master_id join organization d on d.id = c.district_id
               left join asset_sub s on s.id = c.sub_id where true",
        searched: &["m.card_no", "m.asset_name", "s.card_no", "c.document_no", "c.reason"],
        filter: &|sql| {
            push_change_scope(sql, ctx);
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
            push_id(sql, query, "district", "c.district_id");
            push_code(sql, query, "state", "c.state");
            push_code(sql, query, "kind", "c.kind");
        },
        order: "c.made_at",
        descending,
        tie: "c.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// The first wall of data scope around the request `c`.
pub(crate) fn push_change_scope(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    match ctx.scope() {
        Scope::City { .. } => {}
        Scope::Districts(districts) => {
            sql.push(" and c.district_id = any(").push_bind(districts.clone()).push(")");
        }
        // The policy says which: those of the master cards and of the units in sight.
        Scope::Estates(_) => {}
        Scope::Nothing => {
            sql.push(" and false");
        }
    }
}

/// Adds that the request `c` waits for the actor's decision, none of it being his own work (domain.md §0.5 rule 5): of the
/// reminder and the list behind it.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    let me = ctx.actor().id.0;
    sql.push(" and c.state = 'PENDING' and ").push_bind(ctx.actor().may(Permission::AssetCheck));
    sql.push(" and c.maker_id <> ").push_bind(me);
    sql.push(" and not ").push_bind(me).push(" = any(c.author_ids)");
}

/// The history of a card, newest first. That of a master card names those of its sub cards too; that of a sub card
/// names what was decided about all of them together.
pub(in crate::housing) async fn changes_of(
    tx: &mut Tx,
    ctx: &Ctx,
    master: AssetMasterId,
    sub: Option<AssetSubId>,
) -> Result<Vec<AssetChange>> {
    let mut sql = QueryBuilder::new(format!(
        "select {COLUMNS} from asset_change c join asset_master m on m.id = c.master_id join organization d on d.id = c.district_id
         left join asset_sub s on s.id = c.sub_id where c.master_id = "
    ));
    sql.push_bind(master.0);
    if let Some(sub) = sub {
        sql.push(" and (c.sub_id = ").push_bind(sub.0);
        sql.push(
            " or c.sub_id is null and (c.kind = 'DISPOSE' or c.id = (select registered_with from asset_sub where id = ",
        );
        sql.push_bind(sub.0).push(")))");
    }
    sql.push(" order by c.id desc limit 200");
    let records: Vec<Record> = sql.build_query_as().fetch_all(connection(tx)).await?;
    records.into_iter().map(|record| record.read(ctx)).collect()
}
