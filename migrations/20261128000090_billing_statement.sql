-- What really arrived at the city's account (E-49, domain.md §3.7): the bank's statement of a day against the response and
-- against what was entered.

-- A line of a statement. Without a district: nobody knows whose money it is.
create table bank_statement_line (
    bank_file_id bigint not null references bank_file,
    line integer not null,
    district_id bigint references organization,
    serial text not null,
    batch_no text not null,
    amount_fen bigint not null,
    at timestamptz,
    -- the item that it pays, if it is the first line that does
    item_id bigint references deduction_item,
    primary key (bank_file_id, line)
);
create unique index bank_statement_line_item_key on bank_statement_line (bank_file_id, item_id);
create index bank_statement_line_item on bank_statement_line (item_id);

-- 对账 (E-49): a day of a channel and district, on three sides.
create table reconciliation (
    id bigint generated always as identity primary key,
    district_id bigint references organization,
    day date not null,
    channel text not null default 'DEBIT' check (channel = 'DEBIT'),
    bank_file_id bigint not null references bank_file,
    -- 账单: what bills and balances got of it; 渠道: what the responses say; 银行: what the statement says
    own_fen bigint not null,
    channel_fen bigint not null,
    their_fen bigint not null,
    lines integer not null,
    differences integer not null,
    made_at timestamptz not null,
    constraint reconciliation_day_key unique nulls not distinct (district_id, day, channel)
);
create index reconciliation_scope on reconciliation (district_id, day desc, id desc);

alter table bank_difference alter column district_id drop not null;
create index deduction_item_serial on deduction_item (bank_serial) where bank_serial is not null;
create index deduction_item_day on deduction_item (deducted_at) where payment_id is not null;

do $$
declare
    tbl text;
begin
    foreach tbl in array array['bank_statement_line', 'reconciliation']
    loop
        execute format('alter table %I enable row level security', tbl);
        execute format('alter table %I force row level security', tbl);
        execute format($policy$
            create policy %1$s_scope on %1$I for all to public using (
                (select scope_city()) or district_id = any ((select scope_districts())::bigint[]))
        $policy$, tbl);
    end loop;
end
$$;
revoke update, delete on bank_statement_line, reconciliation from housing_app;
