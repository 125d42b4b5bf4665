//! Where the sums of reports come from that open with what was there before: what is owed (RP-13) and what is kept for households
//! (RP-16).

use super::source::Branch;

/// Transfers on receivables, seen from them.
macro_rules! owed {
    ($table:literal, $condition:literal) => {
        concat!(
            $table,
            " t cross join lateral (
                 select case 'RECEIVABLE' when t.debit then t.credit else t.debit end as other,
                        case 'RECEIVABLE' when t.debit then t.amount_fen else -t.amount_fen end as fen) m
             where 'RECEIVABLE' in (t.debit, t.credit) and ",
            $condition
        )
    };
}

/// What was there before – the months before, and what of their days is not melted yet – stands in the first month;
/// `domain::insight::report::carried_on` takes it along.
pub(super) const RECEIVABLE: &[Branch] = &[
    Branch {
        from: owed!("ledger_month", "t.month < {from}"),
        has_estate: true,
        day: "{from}",
        second: "to_char({from}, 'YYYY-MM')",
        sums: &[(0, "sum(m.fen)"), (6, "sum(m.fen)")],
    },
    Branch {
        from: owed!("ledger_tally", "t.loose and t.booked_on < {from}"),
        has_estate: true,
        day: "{from}",
        second: "to_char({from}, 'YYYY-MM')",
        sums: &[(0, "sum(m.fen)"), (6, "sum(m.fen)")],
    },
    Branch {
        from: owed!("ledger_tally", "t.booked_on between {from} and {to}"),
        has_estate: true,
        day: "t.booked_on",
        second: "to_char(t.booked_on, 'YYYY-MM')",
        sums: &[
            (1, "sum(m.fen) filter (where m.other in ('INCOME', 'OPENING') and m.fen > 0)"),
            (
                2,
                "-sum(m.fen) filter (where m.other in ('INCOME', 'OPENING') and m.fen < 0 or m.other in ('WAIVER', 'BAD_DEBT'))",
            ),
            (3, "-sum(m.fen) filter (where m.other in ('INCOME', 'OPENING') and m.fen < 0)"),
            (4, "-sum(m.fen) filter (where m.other in ('WAIVER', 'BAD_DEBT'))"),
            (5, "-sum(m.fen) filter (where m.other not in ('INCOME', 'OPENING', 'WAIVER', 'BAD_DEBT'))"),
            (6, "sum(m.fen)"),
        ],
    },
];

/// Transfers on what is kept for households, seen from it.
macro_rules! kept {
    ($table:literal, $condition:literal) => {
        concat!(
            $table,
            " t cross join lateral (
                 select t.amount_fen * ((t.credit = 'BALANCE')::int - (t.debit = 'BALANCE')::int) as balance,
                        t.amount_fen * ((t.credit = 'DEPOSIT')::int - (t.debit = 'DEPOSIT')::int) as deposit) m
             where (t.debit in ('BALANCE', 'DEPOSIT') or t.credit in ('BALANCE', 'DEPOSIT')) and ",
            $condition
        )
    };
}

const KEPT_BEFORE: &[(usize, &str)] = &[
    (0, "sum(m.balance)"),
    (3, "sum(m.balance)"),
    (4, "sum(m.deposit)"),
    (7, "sum(m.deposit)"),
    (8, "sum(m.balance + m.deposit)"),
    (11, "sum(m.balance + m.deposit)"),
];

pub(super) const BALANCE: &[Branch] = &[
    Branch {
        from: kept!("ledger_month", "t.month < {from}"),
        has_estate: true,
        day: "",
        second: "",
        sums: KEPT_BEFORE,
    },
    Branch {
        from: kept!("ledger_tally", "t.loose and t.booked_on < {from}"),
        has_estate: true,
        day: "",
        second: "",
        sums: KEPT_BEFORE,
    },
    Branch {
        from: kept!("ledger_tally", "t.booked_on between {from} and {to}"),
        has_estate: true,
        day: "",
        second: "",
        sums: &[
            (1, "sum(m.balance) filter (where m.balance > 0)"),
            (2, "-sum(m.balance) filter (where m.balance < 0)"),
            (3, "sum(m.balance)"),
            (5, "sum(m.deposit) filter (where m.deposit > 0)"),
            (6, "-sum(m.deposit) filter (where m.deposit < 0)"),
            (7, "sum(m.deposit)"),
            (9, "sum(greatest(m.balance, 0) + greatest(m.deposit, 0))"),
            (10, "-sum(least(m.balance, 0) + least(m.deposit, 0))"),
            (11, "sum(m.balance + m.deposit)"),
        ],
    },
];

/// Backwards from what the accounts hold now: a tally of every household and month would be larger than the ledger, and mostly a
/// report is of the month that runs or has just ended.
pub(super) const BALANCE_OF_ACCOUNTS: &[Branch] = &[
    Branch {
        from: "(select a.district_id, a.estate_id, a.unit_id, a.id as account_id, b.project_id, a.balance_fen as balance,
                       a.deposit_fen as deposit from account a join building b on b.id = a.building_id) t
               cross join lateral (select t.balance, t.deposit) m where (t.balance <> 0 or t.deposit <> 0)",
        has_estate: true,
        day: "",
        second: "",
        sums: KEPT_BEFORE,
    },
    Branch {
        from: kept!(
            "(select l.district_id, l.estate_id, a.unit_id, a.id as account_id, b.project_id, l.booked_on, l.debit, l.credit, l.amount_fen
              from ledger_entry l join account a on a.id = l.account_id join building b on b.id = a.building_id)",
            "t.booked_on >= {from}"
        ),
        has_estate: true,
        day: "",
        second: "",
        sums: &[
            (0, "-sum(m.balance)"),
            (1, "sum(m.balance) filter (where m.balance > 0 and t.booked_on <= {to})"),
            (2, "-sum(m.balance) filter (where m.balance < 0 and t.booked_on <= {to})"),
            (3, "-sum(m.balance) filter (where t.booked_on > {to})"),
            (4, "-sum(m.deposit)"),
            (5, "sum(m.deposit) filter (where m.deposit > 0 and t.booked_on <= {to})"),
            (6, "-sum(m.deposit) filter (where m.deposit < 0 and t.booked_on <= {to})"),
            (7, "-sum(m.deposit) filter (where t.booked_on > {to})"),
            (8, "-sum(m.balance + m.deposit)"),
            (9, "sum(greatest(m.balance, 0) + greatest(m.deposit, 0)) filter (where t.booked_on <= {to})"),
            (10, "-sum(least(m.balance, 0) + least(m.deposit, 0)) filter (where t.booked_on <= {to})"),
            (11, "-sum(m.balance + m.deposit) filter (where t.booked_on > {to})"),
        ],
    },
];
