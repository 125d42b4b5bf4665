-- The payment companies' daily bills (E-49, X-09, T+1): what they have taken for us on a day, against the orders and against what
-- was entered. What does not agree goes to the pool 待核实到账; each district's three sums are a row of its day.

-- The bill of a company for a day, once. It is of the whole city; its lines are those of the districts' own.
create table pay_bill (
    id bigint generated always as identity primary key,
    channel text not null check (channel in ('WECHAT', 'ALIPAY')),
    day date not null,
    -- SHA-256 of the file; of a day without a bill that of nothing
    digest text not null,
    lines integer not null,
    amount_fen bigint not null,
    -- paid back in the company's own desk: told, and not reconciled
    refunds integer not null,
    refund_fen bigint not null,
    -- orders of which the bill alone has told that they are paid
    entered integer not null,
    made_at timestamptz not null,
    constraint pay_bill_day_key unique (channel, day)
);

-- A payment as a bill names it. Without a district: nobody knows whose money it is.
create table pay_bill_line (
    pay_bill_id bigint not null references pay_bill,
    line integer not null,
    district_id bigint references organization,
    channel text not null,
    trade_no text not null,
    order_no text not null,
    amount_fen bigint not null,
    paid_at timestamptz not null,
    -- the order that it pays; none: it waits in the pool
    order_id bigint references pay_order,
    primary key (pay_bill_id, line)
);
create unique index pay_bill_line_trade_key on pay_bill_line (channel, trade_no);
create unique index pay_bill_line_order_key on pay_bill_line (order_id) where order_id is not null;
create index pay_bill_line_district on pay_bill_line (district_id, pay_bill_id);

-- What was paid on a day through a company.
create index pay_order_paid on pay_order (channel, paid_at) where paid_at is not null;
create index pay_odd_paid on pay_odd (channel, paid_at);

-- 渠道账单无此交易, and what needs nothing but to be explained.
alter table pay_odd drop constraint pay_odd_reason_check,
    add constraint pay_odd_reason_check check (reason in ('AMOUNT', 'SECOND', 'UNKNOWN', 'MISSING'));
alter table pay_odd drop constraint pay_odd_outcome_check,
    add constraint pay_odd_outcome_check check (outcome in ('BALANCE', 'RETURNED', 'NOTED')),
    add constraint pay_odd_missing_check check (reason <> 'MISSING' or outcome is null or outcome = 'NOTED');

-- 对账 (E-49) is of every channel now. 渠道: what the orders say; the third side: what the company's bill says.
alter table reconciliation drop constraint reconciliation_channel_check,
    add constraint reconciliation_channel_check check (channel in ('DEBIT', 'WECHAT', 'ALIPAY')),
    alter column bank_file_id drop not null,
    add column pay_bill_id bigint references pay_bill,
    add constraint reconciliation_source_check check (
        (channel = 'DEBIT') = (bank_file_id is not null) and (channel = 'DEBIT') = (pay_bill_id is null));

alter table pay_bill enable row level security;
alter table pay_bill force row level security;
create policy pay_bill_scope on pay_bill for all to public using ((select scope_city()));
alter table pay_bill_line enable row level security;
alter table pay_bill_line force row level security;
create policy pay_bill_line_scope on pay_bill_line for all to public using (
    (select scope_city()) or district_id = any ((select scope_districts())::bigint[]));
revoke update, delete on pay_bill, pay_bill_line from housing_app;

select set_config('app.platform', 'on', true);
insert into job_plan (code) values ('PAY_BILL');
