-- What reports of money add up (domain.md §4.9, §8): bills by day and item, transfers by day and kind, so that a report of a
-- district reads neither the bills of the city nor its ledger.
--
-- A tally here is not one row per key that everybody writes: two cashiers of one estate would wait for each other. Every
-- statement adds rows of its own, and what stands in a table is their sum at every moment; the server melts rows of one key
-- into one from time to time (`store::insight::figure`).

-- Bills by the day on which they are due (RP-06, RP-15, RP-21 to RP-23). What is charged for paying late stands apart, under the
-- fee item LATE, as in the ledger.
create table bill_tally (
    district_id bigint not null,
    estate_id bigint not null,
    due_on date not null,
    fee_item text not null,
    -- not melted yet
    loose boolean not null default true,
    bills integer not null,
    -- 应收; of a waived bill only what was paid before (§4.9)
    charged_fen bigint not null,
    reduction_fen bigint not null,
    paid_fen bigint not null,
    -- 实收: what an accountant has verified
    verified_fen bigint not null,
    -- 未收
    open_fen bigint not null
);
create index bill_tally_scope on bill_tally (district_id, due_on);
create index bill_tally_estate on bill_tally (estate_id, due_on);
-- of the whole city
create index bill_tally_due on bill_tally (due_on);
create index bill_tally_open on bill_tally (district_id, due_on) where open_fen <> 0;
create index bill_tally_owing on bill_tally (estate_id, due_on) where open_fen <> 0;
create index bill_tally_loose on bill_tally (estate_id, due_on) where loose;

-- Whether a bill counts at all: a counter-bill and what it takes back do not.
create function bill_counts(decision text, reverses bigint) returns boolean language sql immutable parallel safe
    return reverses is null and coalesce(decision, '') not in ('VOID', 'REVERSED');

-- What a bill adds to its fee item and to late fees. A deposit adds nothing: it is owed back, and no receivable of the ledger
-- (§4.9 counts what was posted). What is verified is so of the principal first; once all of it is, nothing is left to choose.
create function bill_parts(item text, decision text, amount bigint, reduction bigint, late bigint, paid bigint, late_paid bigint, verified bigint)
    returns table (fee_item text, bills integer, charged_fen bigint, reduction_fen bigint, paid_fen bigint, verified_fen bigint, open_fen bigint)
    language sql immutable parallel safe as $$
    select p.part, p.bills, case decision when 'WAIVED' then p.paid else p.charged end,
           case decision when 'WAIVED' then 0 else p.reduction end, p.paid, p.verified,
           case when decision is null then p.charged - p.paid else 0 end
    from (values (item, 1, amount, reduction, paid, least(verified, paid)),
                 ('LATE', 0, late, 0, late_paid, verified - least(verified, paid))) as p (part, bills, charged, reduction, paid, verified)
    where item <> 'DEPOSIT' and (p.bills = 1 or p.charged <> 0)
$$;

create function bill_tally_insert() returns trigger language plpgsql as $$
begin
    insert into bill_tally (district_id, estate_id, due_on, fee_item, bills, charged_fen, reduction_fen, paid_fen, verified_fen, open_fen)
    select b.district_id, b.estate_id, b.due_on, p.fee_item, sum(p.bills), sum(p.charged_fen), sum(p.reduction_fen), sum(p.paid_fen),
           sum(p.verified_fen), sum(p.open_fen)
    from new_rows b cross join lateral bill_parts(b.fee_item, b.decision, b.amount_fen, b.reduction_fen, b.late_fee_fen, b.paid_fen,
                                                  b.late_paid_fen, b.verified_fen) p
    where bill_counts(b.decision, b.reverses_id) group by 1, 2, 3, 4;
    return null;
end
$$;
create function bill_tally_update() returns trigger language plpgsql as $$
begin
    insert into bill_tally (district_id, estate_id, due_on, fee_item, bills, charged_fen, reduction_fen, paid_fen, verified_fen, open_fen)
    select * from (
        select b.district_id, b.estate_id, b.due_on, p.fee_item, sum(n * p.bills)::integer as bills, sum(n * p.charged_fen)::bigint as charged,
               sum(n * p.reduction_fen)::bigint as reduction, sum(n * p.paid_fen)::bigint as paid, sum(n * p.verified_fen)::bigint as verified,
               sum(n * p.open_fen)::bigint as open
        from (select *, 1 as n from new_rows union all select *, -1 from old_rows) b
        cross join lateral bill_parts(b.fee_item, b.decision, b.amount_fen, b.reduction_fen, b.late_fee_fen, b.paid_fen, b.late_paid_fen,
                                      b.verified_fen) p
        where bill_counts(b.decision, b.reverses_id) group by 1, 2, 3, 4) sums
    where (bills, charged, reduction, paid, verified, open) <> (0, 0, 0, 0, 0, 0);
    return null;
end
$$;
create trigger bill_tally_insert after insert on bill referencing new table as new_rows
    for each statement execute function bill_tally_insert();
create trigger bill_tally_update after update on bill referencing old table as old_rows new table as new_rows
    for each statement execute function bill_tally_update();

-- Transfers by day (RP-06, RP-13, RP-14, RP-16). The ledger is append-only, and so is this.
create table ledger_tally (
    district_id bigint not null,
    estate_id bigint not null,
    booked_on date not null,
    debit text not null,
    credit text not null,
    fee_item text not null,
    -- D-31 and the cashier of the payment that it belongs to; empty: of none
    method text not null,
    cashier_id bigint,
    -- 追缴旧欠: pays a bill that was due in a month before
    old boolean not null,
    loose boolean not null default true,
    -- receipts; one that was taken back counts against them
    receipts integer not null,
    amount_fen bigint not null
);
create index ledger_tally_scope on ledger_tally (district_id, booked_on);
create index ledger_tally_estate on ledger_tally (estate_id, booked_on);
-- of the whole city
create index ledger_tally_day on ledger_tally (booked_on);
create index ledger_tally_loose on ledger_tally (estate_id, booked_on) where loose;

-- The same by month, of what is melted: what an account opens with is the sum of the months before and of what is loose, and not
-- of every day since the first.
create table ledger_month (
    district_id bigint not null,
    estate_id bigint not null,
    month date not null check (extract(day from month) = 1),
    debit text not null,
    credit text not null,
    fee_item text not null,
    amount_fen bigint not null,
    primary key (estate_id, month, debit, credit, fee_item)
);
create index ledger_month_scope on ledger_month (district_id, month);

create function ledger_tally_insert() returns trigger language plpgsql as $$
begin
    insert into ledger_tally (district_id, estate_id, booked_on, debit, credit, fee_item, method, cashier_id, old, receipts, amount_fen)
    select n.district_id, n.estate_id, n.booked_on, n.debit, n.credit, n.fee_item, coalesce(p.method, ''), p.cashier_id,
           coalesce(b.due_on < date_trunc('month', n.booked_on), false),
           sum(case when n.nth > 1 or n.payment_id is null then 0 when n.reverses_id is null then 1 else -1 end), sum(n.amount_fen)
    from (select *, row_number() over (partition by payment_id, reverses_id is null order by id) as nth from new_rows) n
    left join payment p on p.id = n.payment_id
    left join bill b on b.id = n.bill_id and n.payment_id is not null
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9;
    return null;
end
$$;
create trigger ledger_tally_insert after insert on ledger_entry referencing new table as new_rows
    for each statement execute function ledger_tally_insert();

-- What the home page, everybody's first, says of money: one row per estate, counted anew when something of it has moved and on
-- every new day, and their sums by district.
create table estate_money (
    estate_id bigint primary key references estate on delete cascade,
    district_id bigint not null references organization on delete cascade,
    counted_on date not null,
    -- bills that are due in this year, and what of them is verified (§4.9)
    receivable_fen bigint not null,
    verified_fen bigint not null,
    -- what is overdue since up to 1, 3, 6, 12 months and for longer (RP-15)
    age_fen bigint[] not null check (cardinality(age_fen) = 5)
);
create table district_money (
    district_id bigint primary key references organization on delete cascade,
    counted_on date not null,
    receivable_fen bigint not null,
    verified_fen bigint not null,
    age_fen bigint[] not null check (cardinality(age_fen) = 5)
);

do $$
declare
    tbl text;
begin
    foreach tbl in array array['bill_tally', 'ledger_tally', 'ledger_month', 'estate_money']
    loop
        execute format('alter table %I enable row level security', tbl);
        execute format('alter table %I force row level security', tbl);
        execute format($policy$
            create policy %1$s_scope on %1$I for all to public using (
                (select scope_city())
                or district_id = any ((select scope_districts())::bigint[])
                or estate_id = any ((select scope_estates())::bigint[]))
        $policy$, tbl);
    end loop;
end
$$;
alter table district_money enable row level security;
alter table district_money force row level security;
create policy district_money_scope on district_money for all to public using (
    (select scope_city()) or district_id = any ((select scope_districts())::bigint[]));

-- Contracts that run, for the rent of an estate by standard (RP-07); exits that came to their end (RP-08); why the bank
-- could not debit (RP-18).
create index contract_rent on contract (district_id, estate_id, rent_standard_id)
    include (id, unit_rate, rent_start_on, rent_area, base_rent_fen, monthly_rent_fen)
    where status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING');
create index contract_let on contract (unit_id, start_on) where account_id is not null;
create index exit_case_ended on exit_case (district_id, closed_at) where status = 'CLOSED';
create index deduction_item_failed on deduction_item (district_id, month) include (batch_id, fail_reason) where status = 'FAIL';

-- 结清欠租 of an exit bill (RP-08): rent that was owed and stays charged, and of rent that is charged anew until the day of the exit
-- what the taken back bill of the same period had not been paid.
create function exit_rent_owed(bill bigint) returns bigint language sql stable as $$
    select coalesce(sum(case l.kind
               when 'OWED' then case when back.amount_fen is null then l.amount_fen else 0 end
               else greatest(l.amount_fen - coalesce(-back.amount_fen - coalesce(owed.amount_fen, 0), 0), 0) end), 0)::bigint
    from exit_bill_line l
    left join exit_bill_line back on back.exit_bill_id = l.exit_bill_id and back.kind = 'REVERSE' and back.fee_item = 'RENT'
        and case l.kind when 'OWED' then back.bill_id = l.bill_id else back.period_from = l.period_from end
    left join exit_bill_line owed on owed.exit_bill_id = l.exit_bill_id and owed.kind = 'OWED' and owed.bill_id = back.bill_id
    where l.exit_bill_id = bill and l.fee_item = 'RENT' and l.kind in ('OWED', 'RENT')
$$;

-- The login of an account, which tells people of the same name apart.
create function user_login(user_id bigint) returns text language plpgsql as $$
declare
    platform text := coalesce(current_setting('app.platform', true), '');
    found_login text;
begin
    perform set_config('app.platform', 'on', true);
    select login into found_login from app_user where id = user_id;
    perform set_config('app.platform', platform, true);
    return found_login;
end
$$;

-- Counts the tallies anew from bills and ledger, for what was there before them. Nothing of it is loose.
create function money_tally_fill() returns void language plpgsql as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
begin
    perform set_config('app.districts', '*', true);
    delete from bill_tally;
    delete from ledger_tally;
    delete from ledger_month;
    insert into bill_tally (district_id, estate_id, due_on, fee_item, loose, bills, charged_fen, reduction_fen, paid_fen, verified_fen,
                            open_fen)
    select b.district_id, b.estate_id, b.due_on, p.fee_item, false, sum(p.bills), sum(p.charged_fen), sum(p.reduction_fen),
           sum(p.paid_fen), sum(p.verified_fen), sum(p.open_fen)
    from bill b cross join lateral bill_parts(b.fee_item, b.decision, b.amount_fen, b.reduction_fen, b.late_fee_fen, b.paid_fen,
                                              b.late_paid_fen, b.verified_fen) p
    where bill_counts(b.decision, b.reverses_id) group by 1, 2, 3, 4;
    insert into ledger_tally (district_id, estate_id, booked_on, debit, credit, fee_item, method, cashier_id, old, loose, receipts,
                              amount_fen)
    select n.district_id, n.estate_id, n.booked_on, n.debit, n.credit, n.fee_item, coalesce(p.method, ''), p.cashier_id,
           coalesce(b.due_on < date_trunc('month', n.booked_on), false), false,
           sum(case when n.nth > 1 or n.payment_id is null then 0 when n.reverses_id is null then 1 else -1 end), sum(n.amount_fen)
    from (select *, row_number() over (partition by payment_id, reverses_id is null order by id) as nth from ledger_entry) n
    left join payment p on p.id = n.payment_id
    left join bill b on b.id = n.bill_id and n.payment_id is not null
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9;
    insert into ledger_month (district_id, estate_id, month, debit, credit, fee_item, amount_fen)
    select district_id, estate_id, date_trunc('month', booked_on), debit, credit, fee_item, sum(amount_fen)
    from ledger_tally group by 1, 2, 3, 4, 5, 6;
    perform set_config('app.districts', scope, true);
end
$$;
revoke execute on function money_tally_fill from public;
select money_tally_fill();

select set_config('app.platform', 'on', true);
insert into job_plan (code) values ('FIGURES');
-- domain.md §6.5, line "Reports"; whoever works with money takes them along.
insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['CITY_LEADER', 'CITY', 'CITY_CHECK', 'DISTRICT', 'STREET', 'OPERATOR', 'CASHIER', 'FINANCE', 'FIN_HEAD', 'AUDITOR'],
     array['insight:report:read']),
    (array['CITY', 'DISTRICT', 'FINANCE', 'FIN_HEAD'], array['insight:report:export'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code
on conflict do nothing;
