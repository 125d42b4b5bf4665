//! The accounts that a keyword names: by the lessee, the account, the contract or the home. Lists of bills and payments look
//! for these and then for what belongs to them, because neither holds a name that an index could find.

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    list::{contains_pattern, push_scope},
    walk::Walk,
};
use domain::list::ListQuery;
use sqlx::{Postgres, QueryBuilder};

/// More accounts than these are not walked one by one.
const FEW: usize = 2_000;
/// More words than these say nothing new.
const WORDS_MAX: usize = 6;

/// The words of a keyword.
pub(crate) fn words(query: &ListQuery) -> Vec<String> {
    query.q.split_whitespace().take(WORDS_MAX).map(ToOwned::to_owned).collect()
}

/// What a keyword comes to.
pub(crate) struct Named {
    words: Vec<String>,
    /// the accounts, when they are few
    pub few: Option<Vec<i64>>,
}

impl Named {
    /// Looks for the accounts in scope that all of the words name.
    pub async fn read(tx: &mut Tx, ctx: &Ctx, words: Vec<String>) -> Result<Self> {
        let mut named = Self { words, few: None };
        if named.has_words() {
            let mut sql = QueryBuilder::new("select a.id from account a where true");
            push_scope(&mut sql, ctx, "a.district_id", "a.estate_id");
            named.push_words(&mut sql);
            sql.push(" limit ").push_bind(FEW as i64 + 1);
            let found: Vec<i64> = sql.build_query_scalar().fetch_all(connection(tx)).await?;
            named.few = (found.len() <= FEW).then_some(found);
        }
        Ok(named)
    }

    /// Whether the keyword names accounts at all.
    pub fn has_words(&self) -> bool {
        !self.words.is_empty()
    }

    /// The walk along the accounts that are meant, or as it was.
    pub fn narrow(&self, walk: Walk) -> Walk {
        match &self.few {
            // One that is walked already is only looked at with the words.
            Some(few) if walk.column == "account_id" => {
                Walk { ids: walk.ids.into_iter().filter(|id| few.contains(id)).collect(), ..walk }
            }
            Some(few) => Walk { column: "account_id", ids: few.clone() },
            None => walk,
        }
    }

    /// That the row `r` belongs to one of the accounts, when they are too many to be walked.
    pub fn push(&self, sql: &mut QueryBuilder<Postgres>) {
        if self.has_words() && self.few.is_none() {
            sql.push(" and r.account_id in (select a.id from account a where true");
            self.push_words(sql);
            sql.push(")");
        }
    }

    /// Every word stands in one of the names of the account `a`.
    pub fn push_words(&self, sql: &mut QueryBuilder<Postgres>) {
        for word in &self.words {
            let pattern = contains_pattern(word);
            sql.push(" and (a.account_no ilike ").push_bind(pattern.clone());
            sql.push(" or a.id in (select c.account_id from contract c where c.lessee_name ilike ")
                .push_bind(pattern.clone());
            sql.push(" or c.contract_no ilike ").push_bind(pattern.clone());
            sql.push(") or a.person_id in (select p.id from person p where p.name ilike ").push_bind(pattern.clone());
            sql.push(") or a.estate_id in (select e.id from estate e where e.name ilike ").push_bind(pattern.clone());
            sql.push(") or exists (select from unit u where u.id = a.unit_id and u.address ilike ").push_bind(pattern);
            sql.push("))");
        }
    }
}
