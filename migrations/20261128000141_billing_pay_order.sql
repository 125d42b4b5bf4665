-- Paying by telephone (D-31 WECHAT and ALIPAY, §3.7, §4.10): an order, what the payment company tells of it, and the payment
-- that came of it.

create table pay_order (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    account_id bigint not null references account,
    -- whose session asked for it
    person_id bigint not null references person,
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
    -- where the payer pays, and since when: WeChat's address is dead after five minutes
    pay_url text,
    placed_at timestamptz,
    -- when the payment company is asked what became of it, and how often it was; also after the order was closed here, as long as
    -- it may have been paid there
    ask_at timestamptz,
    asked smallint not null default 0,
    -- when somebody last pressed a button that asks the company (§0.5 rule 11)
    pressed_at timestamptz,
    -- the payment company's own number
    trade_no text,
    paid_at timestamptz,
    payment_id bigint references payment,
    closed_at timestamptz,
    message text,
    constraint pay_order_no_key unique (order_no),
    constraint pay_order_request_key unique (request_id),
    constraint pay_order_payment_key unique (payment_id),
    constraint pay_order_paid_check check ((status = 'PAID') = (payment_id is not null)
        and (payment_id is null) = (paid_at is null) and (payment_id is null) = (trade_no is null)),
    constraint pay_order_url_check check (status <> 'PAYING' or (pay_url is not null and placed_at is not null)),
    constraint pay_order_closed_check check (status <> 'CLOSED' or closed_at is not null)
);
-- 有一笔支付尚未完成: of two that are open both could be paid.
create unique index pay_order_open_key on pay_order (account_id) where status in ('NEW', 'PAYING');
create unique index pay_order_trade_key on pay_order (channel, trade_no) where trade_no is not null;
create index pay_order_scope on pay_order (district_id, made_at desc, id desc);
create index pay_order_estate on pay_order (estate_id, made_at desc, id desc);
create index pay_order_account on pay_order (account_id, id desc);
create index pay_order_ask on pay_order (ask_at) where ask_at is not null;

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

-- 待核实 (S4-1.21 error pool): money that a payment company has and that is not what an order asked for. Each trade is here once, until
-- one person has said what becomes of it and another has agreed.
create table pay_odd (
    id bigint generated always as identity primary key,
    -- empty: of an order that we do not know, which concerns the city
    district_id bigint,
    estate_id bigint,
    account_id bigint references account,
    order_id bigint references pay_order,
    channel text not null check (channel in ('WECHAT', 'ALIPAY')),
    trade_no text not null,
    -- as the company names it
    order_no text not null,
    amount_fen bigint not null,
    paid_at timestamptz not null,
    notice_id text,
    reason text not null check (reason in ('AMOUNT', 'SECOND', 'UNKNOWN')),
    found_at timestamptz not null,
    -- of the payment that it may become
    request_id uuid not null default gen_random_uuid(),
    status text not null default 'OPEN' check (status in ('OPEN', 'PROPOSED', 'DONE')),
    outcome text check (outcome in ('BALANCE', 'RETURNED')),
    opinion text,
    maker_id bigint references app_user,
    made_at timestamptz,
    checker_id bigint references app_user,
    checked_at timestamptz,
    payment_id bigint references payment,
    version integer not null default 1,
    constraint pay_odd_trade_key unique (channel, trade_no),
    constraint pay_odd_payment_key unique (payment_id),
    constraint pay_odd_place_check check ((account_id is null) = (district_id is null) and (account_id is null) = (estate_id is null)),
    constraint pay_odd_made_check check ((status = 'OPEN') = (maker_id is null) and (maker_id is null) = (outcome is null)),
    constraint pay_odd_checked_check check ((status = 'DONE') = (checker_id is not null)),
    constraint pay_odd_eyes_check check (checker_id <> maker_id),
    constraint pay_odd_payment_check check ((payment_id is not null) = (status = 'DONE' and outcome = 'BALANCE'))
);
create index pay_odd_scope on pay_odd (district_id, found_at desc, id desc);
create index pay_odd_estate on pay_odd (estate_id, found_at desc, id desc);
create index pay_odd_account on pay_odd (account_id) where account_id is not null;
create index pay_odd_order on pay_odd (order_id) where order_id is not null;
create index pay_odd_found on pay_odd (found_at desc, id desc);

-- 线上收款 cannot be taken back as if it lay in a drawer: the money is with the payment company, and goes back as a refund.
alter table payment add constraint payment_online_check
    check (status <> 'VOID' or method not in ('WECHAT', 'ALIPAY') or shift_id is not null);

do $$
declare
    tbl text;
begin
    foreach tbl in array array['pay_order', 'pay_order_event', 'pay_odd']
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
call audit_attach('pay_odd');

select set_config('app.platform', 'on', true);
insert into job_plan (code) values ('PAY_QUERY');
