//! Where the sums of reports come from, in SQL: for each report the tables, what of them counts, and the aggregates in the
//! order in which the columns of `domain::insight::report_sheet` name them. `{from}`, `{to}`, `{today}` and `{age1}` to
//! `{age4}` stand for days; nothing else is put into the text.

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

/// The branches of a report.
pub(super) fn branches(key: &str) -> &'static [Branch] {
    match key {
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

/// The standard's name with its price.
const STANDARD: &str = "s.name || ' ' || trim_scale(s.unit_rate / 10000.0) || '元/㎡'";

const RENT: &[Branch] = &[
    Branch {
        from: "contract t join rent_standard s on s.id = t.rent_standard_id
               where t.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING')",
        has_estate: true,
        day: "",
        second: STANDARD,
        sums: &[
            (0, "count(*)"),
            (1, "sum(t.rent_area)"),
            (2, "sum(t.base_rent_fen)"),
            (3, "sum(t.reduction_fen)"),
            (4, "sum(t.monthly_rent_fen)"),
        ],
    },
    // A rent that was agreed to later holds instead of the contract's own.
    Branch {
        from: "rent_change t join contract c on c.id = t.contract_id join rent_standard s on s.id = c.rent_standard_id
               where t.status = 'APPROVED' and t.from_on <= {today} and c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING')
                 and not exists (select from rent_change l where l.contract_id = t.contract_id and l.status = 'APPROVED'
                                 and l.from_on > t.from_on and l.from_on <= {today})",
        has_estate: true,
        day: "",
        second: STANDARD,
        sums: &[
            (2, "sum(t.new_base_fen - c.base_rent_fen)"),
            (3, "sum(t.new_base_fen - t.new_rent_fen - c.reduction_fen)"),
            (4, "sum(t.new_rent_fen - c.monthly_rent_fen)"),
        ],
    },
    Branch {
        from: "rent_change t join contract c on c.id = t.contract_id join rent_standard s on s.id = c.rent_standard_id
               where t.status = 'APPROVED' and t.from_on between date_trunc('year', {today})::date and {today}
                 and c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING')",
        has_estate: true,
        day: "",
        second: STANDARD,
        sums: &[(5, "count(*)")],
    },
];

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
            "sum((select sum(l.amount_fen) from exit_bill b join exit_bill_line l on l.exit_bill_id = b.id
                  where b.exit_id = t.id and b.status = 'APPROVED' and l.kind = 'OWED' and l.fee_item <> 'DEPOSIT'))",
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

const RECEIVABLE: &[Branch] = &[Branch {
    from: "ledger_tally t cross join lateral (
               select case 'RECEIVABLE' when t.debit then t.credit else t.debit end as other,
                      case 'RECEIVABLE' when t.debit then t.amount_fen else -t.amount_fen end as fen,
                      t.booked_on >= {from} as now) m
           where 'RECEIVABLE' in (t.debit, t.credit) and t.booked_on <= {to}",
    has_estate: true,
    day: "t.booked_on",
    second: "",
    sums: &[
        (0, "sum(m.fen) filter (where not m.now)"),
        (1, "sum(m.fen) filter (where m.now and m.other in ('INCOME', 'OPENING') and m.fen > 0)"),
        (2, "-sum(m.fen) filter (where m.now and m.other in ('INCOME', 'OPENING') and m.fen < 0)"),
        (3, "-sum(m.fen) filter (where m.now and m.other in ('WAIVER', 'BAD_DEBT'))"),
        (4, "-sum(m.fen) filter (where m.now and m.other not in ('INCOME', 'OPENING', 'WAIVER', 'BAD_DEBT'))"),
        (5, "sum(m.fen)"),
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

/// Of bills themselves, because a household counts once: those that are open are few, and have an index of their own.
const DEBT: &[Branch] = &[Branch {
    from: "bill t where t.decision is null and t.amount_fen + t.late_fee_fen > t.paid_fen + t.late_paid_fen and t.months > 0
             and t.due_on < (date_trunc('month', {today}) + interval '1 month')::date",
    has_estate: true,
    day: "t.due_on",
    second: "extract(year from t.due_on)::integer::text",
    sums: &[
        (0, "count(distinct t.account_id)"),
        (1, "sum(t.amount_fen + t.late_fee_fen - t.paid_fen - t.late_paid_fen)"),
    ],
}];

const BALANCE: &[Branch] = &[Branch {
    from: "ledger_tally t cross join lateral (
               select t.amount_fen * ((t.credit = 'BALANCE')::int - (t.debit = 'BALANCE')::int) as balance,
                      t.amount_fen * ((t.credit = 'DEPOSIT')::int - (t.debit = 'DEPOSIT')::int) as deposit,
                      t.booked_on >= {from} as now) m
           where (t.debit in ('BALANCE', 'DEPOSIT') or t.credit in ('BALANCE', 'DEPOSIT')) and t.booked_on <= {to}",
    has_estate: true,
    day: "t.booked_on",
    second: "",
    sums: &[
        (0, "sum(m.balance) filter (where not m.now)"),
        (1, "sum(m.balance) filter (where m.now and m.balance > 0)"),
        (2, "-sum(m.balance) filter (where m.now and m.balance < 0)"),
        (3, "sum(m.balance)"),
        (4, "sum(m.deposit) filter (where not m.now)"),
        (5, "sum(m.deposit) filter (where m.now and m.deposit > 0)"),
        (6, "-sum(m.deposit) filter (where m.now and m.deposit < 0)"),
        (7, "sum(m.deposit)"),
        (8, "sum(m.balance + m.deposit)"),
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
        sums: &[
            (6, "count(*) filter (where t.fail_reason = 'NSF')"),
            (7, "count(*) filter (where t.fail_reason = 'CLOSED')"),
            (8, "count(*) filter (where t.fail_reason = 'FROZEN')"),
            (9, "count(*) filter (where t.fail_reason = 'MISMATCH')"),
            (10, "count(*) filter (where t.fail_reason = 'UNSIGNED')"),
            (11, "count(*) filter (where t.fail_reason = 'LIMIT')"),
            (
                12,
                "count(*) filter (where t.fail_reason not in ('NSF', 'CLOSED', 'FROZEN', 'MISMATCH', 'UNSIGNED', 'LIMIT'))",
            ),
        ],
    },
];

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
        for sheet in REPORTS {
            let branches = branches(sheet.key);
            let places: Vec<usize> = branches.iter().flat_map(|branch| branch.sums.iter().map(|sum| sum.0)).collect();
            let named: BTreeSet<usize> = places.iter().copied().collect();
            assert_eq!(named, (0..sheet.width()).collect(), "{}", sheet.no);
            assert!(branches.iter().all(|branch| sheet.second.is_some() != branch.second.is_empty()), "{}", sheet.no);
        }
    }
}
