//! Where the sums of reports come from, in SQL: for each report the tables, what of them counts, and the aggregates in the
//! order in which the columns of `domain::insight::report_sheet` name them. `{from}`, `{to}`, `{today}` and `{age1}` to
//! `{age4}` stand for days, `{items}` for fee items; nothing else is put into the text.
//!
//! What is named by more than a code is grouped within the table already: the conditions of the scope go in there, and names
//! are made for groups and not for a million rows.

use super::carried::{BALANCE, BALANCE_OF_ACCOUNTS, RECEIVABLE};
use domain::insight::report::By;

/// One table that is added up; a report may have several.
pub(super) struct Branch {
    /// `… t … where …`, ending in a condition; `t` has the district, and the estate where `has_estate` says so
    pub from: &'static str,
    pub has_estate: bool,
    /// the day by which months and days are told apart
    pub day: &'static str,
    /// what a row is parted into; empty: nothing
    pub second: &'static str,
    /// place in a line, and the aggregate
    pub sums: &'static [(usize, &'static str)],
}

/// The branches of a report. Batches belong to a whole district: of an estate their items are added up. Tallies end at the
/// estate: what is kept of projects, doors and households is told by the accounts.
pub(super) fn branches(key: &str, by: By, of_estates: bool) -> &'static [Branch] {
    match key {
        "balance" if matches!(by, By::Project | By::Unit | By::Account) => BALANCE_OF_ACCOUNTS,
        "deduction" if of_estates => DEDUCTION_OF_ESTATES,
        "income" => INCOME,
        "rent" => RENT,
        "exit" => EXIT,
        "receivable" => RECEIVABLE,
        "receipt" => RECEIPT,
        "ageing" => AGEING,
        "debt" => DEBT,
        "balance" => BALANCE,
        "deduction" => DEDUCTION,
        "collection" => COLLECTION,
        "occupancy" => OCCUPANCY,
        _ => &[],
    }
}

/// Transfers between the city's money (cash, bank, third parties) and something else, seen from the money: what comes in is
/// positive.
macro_rules! moved {
    ($condition:literal) => {
        concat!(
            "ledger_tally t cross join lateral (
                 select case when t.debit in ('CASH', 'BANK', 'CLEARING') then t.credit else t.debit end as other,
                        case when t.debit in ('CASH', 'BANK', 'CLEARING') then t.amount_fen else -t.amount_fen end as fen) m
             where (t.debit in ('CASH', 'BANK', 'CLEARING')) <> (t.credit in ('CASH', 'BANK', 'CLEARING'))
               and t.booked_on between {from} and {to}",
            $condition
        )
    };
}

const INCOME: &[Branch] = &[
    Branch {
        from: "bill_tally t where t.fee_item = 'RENT' and t.due_on between {from} and {to}",
        has_estate: true,
        day: "t.due_on",
        second: "to_char(t.due_on, 'YYYY-MM')",
        sums: &[
            (0, "sum(t.charged_fen + t.reduction_fen)"),
            (1, "sum(t.reduction_fen)"),
            (2, "sum(t.charged_fen)"),
            (5, "sum(t.verified_fen)"),
        ],
    },
    Branch {
        from: moved!(""),
        has_estate: true,
        day: "t.booked_on",
        second: "to_char(t.booked_on, 'YYYY-MM')",
        sums: &[
            (3, "sum(m.fen) filter (where m.other = 'RECEIVABLE' and t.fee_item = 'RENT' and not t.old)"),
            (4, "sum(m.fen) filter (where m.other = 'RECEIVABLE' and t.fee_item = 'RENT' and t.old)"),
            (6, "sum(m.fen) filter (where m.other = 'RECEIVABLE' and t.fee_item = 'PROPERTY')"),
            (7, "sum(m.fen) filter (where m.other = 'DEPOSIT')"),
            (8, "sum(m.fen) filter (where m.other = 'RECEIVABLE' and t.fee_item = 'LATE')"),
            (9, "sum(m.fen) filter (where m.other = 'BALANCE' and t.method <> '')"),
            (
                10,
                "sum(m.fen) filter (where m.other not in ('RECEIVABLE', 'DEPOSIT', 'BALANCE')
                     or m.other = 'RECEIVABLE' and t.fee_item not in ('RENT', 'PROPERTY', 'LATE'))",
            ),
            (11, "-sum(m.fen) filter (where m.other = 'BALANCE' and t.method = '')"),
            (12, "sum(m.fen)"),
        ],
    },
];

/// A rent that was agreed to later holds instead of the contract's own, with the standard that it names, if any (as
/// `store::billing::adjustment` chooses contracts), and over both lies what is taken off today (`contract_rent_on`). Set by set:
/// for a million contracts, looking up the changes of each took three times as long.
const RENT: &[Branch] = &[Branch {
    from: "(select c.district_id, c.estate_id, case when h.id is null then c.rent_standard_id else h.rent_standard_id end as standard_id,
                   coalesce(h.new_rate, c.unit_rate) as rate, count(*) as households, sum(c.rent_area) as area,
                   sum(coalesce(h.new_base_fen, c.base_rent_fen)) as full_fen,
                   sum(least(coalesce(h.new_rent_fen, c.monthly_rent_fen), case when d.id is not null then
                       rent_reduced(c.rent_area, coalesce(h.new_rate, c.unit_rate), d.percent, d.standard_area, d.over_rate) end)) as payable_fen,
                   sum(h.changes) as changes
            from contract c
            left join (select distinct on (contract_id) contract_id, id, rent_standard_id, new_rate, new_base_fen, new_rent_fen,
                              count(*) filter (where from_on >= date_trunc('year', {today})) over (partition by contract_id) as changes
                       from rent_change where status = 'APPROVED' and from_on <= {today}
                       order by contract_id, from_on desc) h on h.contract_id = c.id
            left join rent_reduction d on d.contract_id = c.id and d.status in ('APPROVED', 'STOPPED')
                and {today} between d.from_on and d.to_on
            where c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING') and c.rent_start_on <= {today}
            group by 1, 2, 3, 4) t
           left join rent_standard s on s.id = t.standard_id where true",
    has_estate: true,
    day: "",
    second: "coalesce(s.name, '未公布标准') || ' ' || trim_scale(t.rate / 10000.0) || '元/㎡'",
    sums: &[
        (0, "sum(t.households)"),
        (1, "sum(t.area)"),
        (2, "sum(t.full_fen)"),
        (3, "sum(t.full_fen - t.payable_fen)"),
        (4, "sum(t.payable_fen)"),
        (5, "sum(t.changes)"),
    ],
}];

const EXIT: &[Branch] = &[Branch {
    from: "exit_case t join unit u on u.id = t.unit_id
           left join lateral (select min(c.start_on) as on_day from contract c
                              where c.unit_id = t.unit_id and c.account_id is not null and c.start_on > t.exit_on) next on true
           where t.status = 'CLOSED' and t.closed_at >= {from}::timestamp at time zone 'Asia/Shanghai'
             and t.closed_at < ({to} + 1)::timestamp at time zone 'Asia/Shanghai'",
    has_estate: true,
    day: "(t.closed_at at time zone 'Asia/Shanghai')::date",
    second: "t.type",
    sums: &[
        (0, "count(*)"),
        (1, "sum(u.building_area)"),
        (
            2,
            "sum((select exit_rent_owed(b.id) from exit_bill b where b.exit_id = t.id and b.status = 'APPROVED'))",
        ),
        (
            3,
            "sum((select sum(r.amount_fen) from refund r
                  where r.account_id = t.account_id and r.kind = 'REFUND_DEP' and r.status = 'PAID'))",
        ),
        (
            4,
            "sum((select sum(p.amount_fen) from payment p
                  where p.account_id = t.account_id and p.method = 'DEPOSIT_OFFSET' and p.status = 'NORMAL'))",
        ),
        (
            5,
            "sum((select sum(b.paid_fen) from bill b
                  where b.account_id = t.account_id and b.fee_item = 'MARKET_DIFF' and bill_counts(b.decision, b.reverses_id)))",
        ),
        (6, "count(*) filter (where t.type = 'FORCED')"),
        (7, "sum((t.closed_at at time zone 'Asia/Shanghai')::date - (t.made_at at time zone 'Asia/Shanghai')::date)"),
        (8, "sum(next.on_day - t.exit_on)"),
        (9, "count(next.on_day)"),
    ],
}];

const RECEIPT: &[Branch] = &[Branch {
    from: moved!(" and t.method <> ''"),
    has_estate: true,
    day: "t.booked_on",
    second: "",
    sums: &[
        (0, "sum(t.receipts)"),
        (1, "sum(m.fen) filter (where t.method = 'CASH')"),
        (2, "sum(m.fen) filter (where t.method = 'POS')"),
        (3, "sum(m.fen) filter (where t.method = 'TRANSFER')"),
        (4, "sum(m.fen) filter (where t.method = 'DEBIT')"),
        (5, "sum(m.fen) filter (where t.method = 'WECHAT')"),
        (6, "sum(m.fen) filter (where t.method = 'ALIPAY')"),
        (7, "sum(m.fen) filter (where t.method = 'UNIONPAY')"),
        (8, "sum(m.fen) filter (where t.method = 'SUBSIDY_OFFSET')"),
        (9, "sum(m.fen)"),
    ],
}];

const AGEING: &[Branch] = &[
    Branch {
        from: "bill_tally t where t.open_fen <> 0 and t.due_on < {today}",
        has_estate: true,
        day: "t.due_on",
        second: "",
        sums: &[
            (0, "sum(t.open_fen) filter (where t.due_on >= {age1})"),
            (1, "sum(t.open_fen) filter (where t.due_on < {age1} and t.due_on >= {age2})"),
            (2, "sum(t.open_fen) filter (where t.due_on < {age2} and t.due_on >= {age3})"),
            (3, "sum(t.open_fen) filter (where t.due_on < {age3} and t.due_on >= {age4})"),
            (4, "sum(t.open_fen) filter (where t.due_on < {age4})"),
            (5, "sum(t.open_fen)"),
        ],
    },
    Branch {
        from: "building_arrears_tally t where t.level <> 'L0' and t.accounts > 0",
        has_estate: true,
        day: "",
        second: "",
        sums: &[
            (6, "sum(t.accounts) filter (where t.level = 'L1')"),
            (7, "sum(t.accounts) filter (where t.level = 'L2')"),
            (8, "sum(t.accounts) filter (where t.level = 'L3')"),
            (9, "sum(t.accounts) filter (where t.level = 'L4')"),
        ],
    },
];

/// Of bills themselves, because a household counts once a year, however many it has open. Grouped by household before, it is no
/// faster for a million of them.
const DEBT: &[Branch] = &[Branch {
    from: "bill t where t.decision is null and t.amount_fen + t.late_fee_fen > t.paid_fen + t.late_paid_fen
             and t.fee_item = any({items}) and t.due_on < (date_trunc('month', {today}) + interval '1 month')::date",
    has_estate: true,
    day: "",
    second: "extract(year from t.due_on)::integer::text",
    sums: &[
        (0, "count(distinct t.account_id)"),
        (1, "sum(t.amount_fen + t.late_fee_fen - t.paid_fen - t.late_paid_fen)"),
    ],
}];

const DEDUCTION: &[Branch] = &[
    Branch {
        from: "deduction_batch t where t.sent_at is not null and t.month between {from} and {to}",
        has_estate: false,
        day: "t.month",
        second: "t.batch_no",
        sums: &[
            (0, "sum(t.items)"),
            (1, "sum(t.amount_fen)"),
            (2, "sum(t.success)"),
            (3, "sum(t.partial)"),
            (4, "sum(t.failed)"),
            (5, "sum(t.deducted_fen)"),
        ],
    },
    Branch {
        from: "deduction_item t join deduction_batch b on b.id = t.batch_id and b.sent_at is not null
               where t.status = 'FAIL' and t.month between {from} and {to}",
        has_estate: false,
        day: "t.month",
        second: "b.batch_no",
        sums: &FAILED,
    },
];

/// Why the bank could not debit, in the order of the columns.
const FAILED: [(usize, &str); 7] = [
    (6, "count(*) filter (where t.fail_reason = 'NSF')"),
    (7, "count(*) filter (where t.fail_reason = 'CLOSED')"),
    (8, "count(*) filter (where t.fail_reason = 'FROZEN')"),
    (9, "count(*) filter (where t.fail_reason = 'MISMATCH')"),
    (10, "count(*) filter (where t.fail_reason = 'UNSIGNED')"),
    (11, "count(*) filter (where t.fail_reason = 'LIMIT')"),
    (12, "count(*) filter (where t.fail_reason not in ('NSF', 'CLOSED', 'FROZEN', 'MISMATCH', 'UNSIGNED', 'LIMIT'))"),
];

/// Whoever sees single estates sees no batch and reads its month instead of its number.
const DEDUCTION_OF_ESTATES: &[Branch] = &[Branch {
    from: "deduction_item t left join deduction_batch b on b.id = t.batch_id where t.status in ('SENT', 'SUCCESS', 'PARTIAL', 'FAIL') and t.month between {from} and {to}",
    has_estate: true,
    day: "t.month",
    second: "coalesce(b.batch_no, to_char(t.month, 'YYYY-MM'))",
    sums: &[
        (0, "count(*)"),
        (1, "sum(t.due_fen)"),
        (2, "count(*) filter (where t.status = 'SUCCESS')"),
        (3, "count(*) filter (where t.status = 'PARTIAL')"),
        (4, "count(*) filter (where t.status = 'FAIL')"),
        (5, "sum(t.deducted_fen)"),
        FAILED[0],
        FAILED[1],
        FAILED[2],
        FAILED[3],
        FAILED[4],
        FAILED[5],
        FAILED[6],
    ],
}];

const COLLECTION: &[Branch] = &[Branch {
    from: "bill_tally t where t.due_on between {from} and {to}",
    has_estate: true,
    day: "t.due_on",
    second: "",
    sums: &[
        (0, "sum(t.charged_fen)"),
        (1, "sum(t.verified_fen)"),
        (2, "sum(t.paid_fen)"),
        (3, "sum(t.open_fen)"),
        (4, "sum(t.bills)"),
    ],
}];

/// D-05 as §4.9 maps it.
const OCCUPANCY: &[Branch] = &[Branch {
    from: "building_tally t where t.units > 0",
    has_estate: true,
    day: "",
    second: "",
    sums: &[
        (0, "sum(t.units)"),
        (1, "sum(t.building_area)"),
        (2, "sum(t.units) filter (where t.status in ('SIGNED', 'OCCUPIED'))"),
        (3, "sum(t.units) filter (where t.status = 'SOLD')"),
        (4, "sum(t.units) filter (where t.status in ('SIGNED', 'OCCUPIED', 'SOLD'))"),
        (5, "sum(t.building_area) filter (where t.status in ('SIGNED', 'OCCUPIED', 'SOLD'))"),
        (6, "sum(t.units) filter (where t.status in ('VACANT', 'RESERVED', 'ASSIGNED', 'REPAIR', 'FROZEN'))"),
        (7, "sum(t.building_area) filter (where t.status in ('VACANT', 'RESERVED', 'ASSIGNED', 'REPAIR', 'FROZEN'))"),
    ],
}];

#[cfg(test)]
mod tests {
    use super::*;
    use domain::insight::report_sheet::REPORTS;
    use std::collections::BTreeSet;

    /// Every sum that a column names is counted once, and none besides.
    #[test]
    fn columns_and_sums_belong_together() {
        let every = REPORTS.into_iter().flat_map(|sheet| sheet.groups.iter().map(move |by| (sheet, *by)));
        for (sheet, by, of_estates) in every.flat_map(|(sheet, by)| [(sheet, by, false), (sheet, by, true)]) {
            let branches = branches(sheet.key, by, of_estates);
            let places: Vec<usize> = branches.iter().flat_map(|branch| branch.sums.iter().map(|sum| sum.0)).collect();
            let named: BTreeSet<usize> = places.iter().copied().collect();
            assert_eq!(named, (0..sheet.width()).collect(), "{}", sheet.no);
            assert!(branches.iter().all(|branch| sheet.second.is_some() != branch.second.is_empty()), "{}", sheet.no);
        }
    }
}
