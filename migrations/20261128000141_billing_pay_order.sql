-- Paying by telephone (D-31 WECHAT and ALIPAY, §3.7, §4.10): an order, what the payment company tells of it, and the payment
-- that came of it.

create table pay_order (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    account_id bigint not null references account,
    -- by it the payment company knows the order
    order_no text not null,
    -- the client's id of the request, which is also that of the payment: neither comes twice
    request_id uuid not null,
    channel text not null check (channel in ('WECHAT', 'ALIPAY')),
    -- fixed when it was made; the bills that it is for
    amount_fen bigint not null check (amount_fen > 0),
    bill_ids bigint[] not null check (cardinality(bill_ids) > 0),
    subject text not null,
    status text not null default 'NEW' check (status in ('NEW', 'PAYING', 'PAID', 'CLOSED')),
    made_at timestamptz not null,
    expires_at timestamptz not null,
    -- where the payer pays
    pay_url text,
    -- when the payment company is asked what became of it, and how often it was
    ask_at timestamptz,
    asked smallint not null default 0,
    -- the payment company's own number
    trade_no text,
    paid_at timestamptz,
    payment_id bigint references payment,
    closed_at timestamptz,
    message text,
    version integer not null default 1,
    constraint pay_order_no_key unique (order_no),
    constraint pay_order_request_key unique (request_id),
    constraint pay_order_payment_key unique (payment_id),
    constraint pay_order_paid_check check ((status = 'PAID') = (payment_id is not null)
        and (payment_id is null) = (paid_at is null) and (payment_id is null) = (trade_no is null)),
    constraint pay_order_url_check check (status <> 'PAYING' or pay_url is not null),
    constraint pay_order_closed_check check (status <> 'CLOSED' or closed_at is not null)
);
-- 有一笔支付尚未完成: of two that are open both could be paid.
create unique index pay_order_open_key on pay_order (account_id) where status in ('NEW', 'PAYING');
create unique index pay_order_trade_key on pay_order (channel, trade_no) where trade_no is not null;
create index pay_order_scope on pay_order (district_id, made_at desc, id desc);
create index pay_order_estate on pay_order (estate_id, made_at desc, id desc);
create index pay_order_account on pay_order (account_id, id desc);
create index pay_order_ask on pay_order (ask_at) where status in ('NEW', 'PAYING');

-- The order's timeline, with every word of the payment company that was believed: one of them counts once.
create table pay_order_event (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    order_id bigint not null references pay_order,
    at timestamptz not null,
    event text not null,
    -- id of the notice (通知ID) that was its cause
    notice_id text,
    channel text not null,
    message text
);
create index pay_order_event_order on pay_order_event (order_id, id);
create unique index pay_order_event_notice_key on pay_order_event (channel, notice_id) where notice_id is not null;

do $$
declare
    tbl text;
begin
    foreach tbl in array array['pay_order', 'pay_order_event']
    loop
        execute format('alter table %I enable row level security', tbl);
        execute format('alter table %I force row level security', tbl);
        execute format($policy$
            create policy %1$s_scope on %1$I for all to public using (
                (select scope_city())
                or district_id = any ((select scope_districts())::bigint[])
                or estate_id = any ((select scope_estates())::bigint[]))
        $policy$, tbl);
        execute format('revoke delete on %I from housing_app', tbl);
    end loop;
end
$$;
revoke update on pay_order_event from housing_app;
create policy pay_order_tenant on pay_order for select to public using (account_id = any ((select scope_accounts())::bigint[]));
call audit_attach('pay_order');

select set_config('app.platform', 'on', true);
insert into job_plan (code) values ('PAY_QUERY');
