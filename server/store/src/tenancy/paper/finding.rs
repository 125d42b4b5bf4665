//! 编号核查 (S1-12.7): numbers of which the log of prints says something odd. Asked of the whole log in scope, and rarely.

use crate::{
    Ctx, Error, Result,
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
};
use chrono::{DateTime, Utc};
use domain::{
    list::{ListQuery, Page},
    platform::{
        permission::Permission,
        print::PaperKind,
        print_queue::{FINDING_LIST, FindingRow, NumberFinding},
    },
};

/// Each paper of a household with its prints. Receipts count the prints of their page as well, which leave no line; what is owed
/// (缴费通知单) says something else every day, so it is not asked about.
const FROM: &str = "from (
     select g.*, case
         when g.last_nth <> g.prints and g.paper <> 'RECEIPT' then 'MISSING'
         when g.numbers > 1 then 'NUMBERS'
         when g.digests > 1 then 'DIFFERS'
         when g.sharing > 1 then 'SHARED'
         when g.void = g.prints then 'ALL_VOID' end as finding
     from (
         select l.district_id, l.estate_id, l.paper, l.object_id, max(l.number) as number, count(*) as prints, max(l.nth) as last_nth,
             count(*) filter (where l.status = 'VOID') as void, count(distinct l.number) as numbers,
             count(distinct l.digest) as digests, max(l.at) as last_at,
             count(*) over (partition by l.paper, max(l.number)) as sharing
         from print_log l where l.kind <> 'DRAFT' and l.paper in ('CONTRACT', 'RECEIPT', 'DUNNING')
         group by l.district_id, l.estate_id, l.paper, l.object_id) g) r
     where r.finding is not null";

#[derive(sqlx::FromRow)]
struct Record {
    paper: String,
    object_id: i64,
    number: String,
    prints: i64,
    void: i64,
    last_at: DateTime<Utc>,
    finding: String,
}

impl TryFrom<Record> for FindingRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            paper: stored(&record.paper, PaperKind::from_code)?,
            object_id: record.object_id,
            number: record.number,
            prints: record.prints,
            void: record.void,
            last_at: record.last_at,
            finding: stored(&record.finding, NumberFinding::from_code)?,
        })
    }
}

/// A page of findings in scope.
///
/// # Errors
/// Without [`Permission::PrintRead`].
pub async fn print_finding_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<FindingRow>> {
    ctx.require(Permission::PrintRead)?;
    let (_, descending) = FINDING_LIST.sort(query);
    let page = SmallList {
        columns: "r.paper, r.object_id, r.number, r.prints, r.void, r.last_at, r.finding",
        from: FROM,
        searched: &["r.number"],
        filter: &|sql| {
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "paper", "r.paper");
            push_code(sql, query, "finding", "r.finding");
            push_id(sql, query, "district", "r.district_id");
        },
        order: "r.last_at",
        descending,
        tie: "r.object_id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(FindingRow::try_from)
}
