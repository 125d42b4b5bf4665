//! Reminders of what there is too much of to be counted at every visit.

use crate::{Ctx, billing::arrears, list::push_scope};
use domain::platform::{actor::Actor, permission::Permission};
use sqlx::{Postgres, QueryBuilder};

/// Something of which a city has more than can be counted at every visit, and which kept counters count.
pub(super) struct Tallied {
    pub label: &'static str,
    pub link: &'static str,
    pub text: &'static str,
    pub href: &'static str,
    pub order: &'static str,
    pub concerns: fn(&Actor) -> bool,
    /// the query of the number
    pub count: fn(&mut QueryBuilder<Postgres>, &Ctx),
    /// `from … where …`, with the condition of the list
    pub rows: fn(&mut QueryBuilder<Postgres>, &Ctx),
}

pub(super) const TALLIED: &[Tallied] = &[Tallied {
    // S4-1.1.5
    label: "项目欠费",
    link: "/billing/arrears",
    text: "(select e.name from estate e where e.id = estate_id) || ' ' || (select u.address from unit u where u.id = unit_id)
           || '，欠费' || periods || '个月'",
    href: "'/billing/accounts/' || account_id",
    order: "since, id",
    concerns: |actor| actor.may(Permission::BillRead),
    count: arrears::push_behind_count,
    rows: |sql, ctx| {
        sql.push("from arrears r where true");
        arrears::push_behind(sql);
        push_scope(sql, ctx, "r.district_id", "r.estate_id");
    },
}];
