-- 租金核减 (E-56, domain.md §4.3) and 减免, 坏账核销 of bills (§3.6 L8; §6.4: FINANCE asks, FIN_HEAD agrees, above a limit
-- CITY_LEADER).

-- What is taken off a contract's rent for some months. What is APPROVED lies over the rents of the contract's terms
-- (`domain::billing::reduction::overlay`), so that it ends by itself and follows a rent that changes meanwhile.
create table rent_reduction (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    reduction_no text not null generated always as ('HJ' || lpad(id::text, 8, '0')) stored,
    request_id uuid not null,
    contract_id bigint not null references contract,
    category text not null,
    -- of the rent of the standard area, in percent
    percent smallint not null check (percent between 0 and 99),
    -- 1/100 m²
    standard_area integer not null check (standard_area > 0),
    -- 1/10000 yuan; none: as much as any other square metre
    over_rate integer check (over_rate > 0),
    from_on date not null check (extract(day from from_on) = 1),
    -- the last day of a month
    to_on date not null check (to_on > from_on),
    doc_no text not null,
    remark text,
    -- 应收, 核减 and 实际应缴 a month, as they were when it was asked for
    full_fen bigint not null check (full_fen > 0),
    payable_fen bigint not null check (payable_fen >= 0 and payable_fen < full_fen),
    status text not null default 'PENDING' check (status in ('PENDING', 'APPROVED', 'REFUSED', 'WITHDRAWN', 'STOPPED')),
    maker_id bigint not null,
    made_at timestamptz not null default now(),
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    -- 提前终止 is asked for by one and agreed to by another, like the reduction: to_on is then the last day for which it held
    stop_on date,
    stop_maker bigint,
    stop_reason text,
    stopped_by bigint,
    version integer not null default 1,
    constraint rent_reduction_request_key unique (request_id),
    constraint rent_reduction_checker_check check (checker_id <> maker_id),
    constraint rent_reduction_checked_check check ((checker_id is null) = (checked_at is null)
        and (status in ('APPROVED', 'REFUSED', 'STOPPED')) = (checker_id is not null)),
    constraint rent_reduction_refused_check check (status <> 'REFUSED' or opinion is not null),
    constraint rent_reduction_stopped_check check ((status = 'STOPPED') = (stopped_by is not null)
        and (stopped_by is null or stop_maker is not null) and stopped_by <> stop_maker
        and (stop_maker is null) = (stop_reason is null) and (stop_maker is null) = (stop_on is null))
);
-- 该合同已有待审批的核减; that none lies over another is looked at behind the contract's lock.
create unique index rent_reduction_pending_key on rent_reduction (contract_id) where status = 'PENDING';
create index rent_reduction_contract on rent_reduction (contract_id, from_on);
create index rent_reduction_scope on rent_reduction (district_id, made_at desc, id desc);
create index rent_reduction_estate on rent_reduction (estate_id, made_at desc, id desc);
create index rent_reduction_pending on rent_reduction (district_id) where status = 'PENDING';
create index rent_reduction_stopping on rent_reduction (district_id) where status = 'APPROVED' and stop_maker is not null;

create table rent_reduction_history (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    reduction_id bigint not null references rent_reduction,
    at timestamptz not null default now(),
    actor_id bigint,
    event text not null,
    reason text
);
create index rent_reduction_history_reduction on rent_reduction_history (reduction_id, id);

-- 减免 and 坏账核销: a document about bills of one account.
create table waiver (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    waiver_no text not null generated always as ('JM' || lpad(id::text, 8, '0')) stored,
    request_id uuid not null,
    account_id bigint not null references account,
    kind text not null check (kind in ('WAIVE', 'WRITE_OFF')),
    doc_no text not null,
    reason text not null,
    -- what was open of its bills when it was asked for, and since it was agreed to, what was forgiven
    amount_fen bigint not null check (amount_fen > 0),
    status text not null default 'PENDING' check (status in ('PENDING', 'APPROVED', 'REFUSED', 'WITHDRAWN')),
    maker_id bigint not null,
    made_at timestamptz not null default now(),
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    version integer not null default 1,
    constraint waiver_request_key unique (request_id),
    constraint waiver_checker_check check (checker_id <> maker_id),
    constraint waiver_checked_check check ((checker_id is null) = (checked_at is null)
        and (status in ('APPROVED', 'REFUSED')) = (checker_id is not null)),
    constraint waiver_refused_check check (status <> 'REFUSED' or opinion is not null)
);
create index waiver_scope on waiver (district_id, made_at desc, id desc);
create index waiver_estate on waiver (estate_id, made_at desc, id desc);
create index waiver_pending on waiver (district_id) where status = 'PENDING';
create index waiver_account on waiver (account_id);

create table waiver_bill (
    waiver_id bigint not null references waiver,
    bill_id bigint not null references bill,
    district_id bigint not null,
    estate_id bigint not null,
    principal_fen bigint not null check (principal_fen >= 0),
    late_fee_fen bigint not null check (late_fee_fen >= 0),
    -- still asked for, or agreed to
    live boolean not null default true,
    primary key (waiver_id, bill_id)
);
-- 该账单已申请减免
create unique index waiver_bill_live_key on waiver_bill (bill_id) where live;

create table waiver_history (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    waiver_id bigint not null references waiver,
    at timestamptz not null default now(),
    actor_id bigint,
    event text not null,
    reason text
);
create index waiver_history_waiver on waiver_history (waiver_id, id);

call audit_attach('rent_reduction');
call audit_attach('waiver');

do $$
declare
    tbl text;
begin
    foreach tbl in array array['rent_reduction', 'rent_reduction_history', 'waiver', 'waiver_bill', 'waiver_history']
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
revoke delete on rent_reduction, waiver, waiver_bill from housing_app;
-- A tenant's own contract costs what is left of the rent (`contract_rent_on` below), also on the tenant's telephone.
create policy rent_reduction_tenant on rent_reduction for select to public using (
    (select scope_persons()) is not null
    and exists (select from contract c where c.id = contract_id and c.person_id = any ((select scope_persons())::bigint[])));
revoke update, delete on rent_reduction_history, waiver_history from housing_app;

select set_config('app.platform', 'on', true);
insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['FINANCE'], array['billing:waiver:write']),
    (array['FIN_HEAD'], array['billing:waiver:check']),
    (array['CITY_LEADER'], array['billing:waiver:check', 'billing:waiver:lead'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code
on conflict do nothing;

-- 实际应缴 of an area under a reduction (§4.3), in fen; rates in 1/10000 yuan, areas in 1/100 m².
create function rent_reduced(area integer, rate integer, percent smallint, standard_area integer, over_rate integer) returns bigint
    language sql immutable parallel safe
    return (round(least(area, standard_area)::numeric * rate * percent / 1000000)
            + round(greatest(area - standard_area, 0)::numeric * coalesce(over_rate, rate) / 10000))::bigint;

-- What a contract costs a month on a day: the last rent agreed to, or what was signed, under what is taken off then
-- (`domain::billing::rent::monthly_rent`).
create or replace function contract_rent_on(wanted bigint, day date, signed bigint) returns bigint language sql stable as $$
    select least(coalesce(h.new_rent_fen, signed), (
        select rent_reduced(c.rent_area, coalesce(h.new_rate, c.unit_rate), d.percent, d.standard_area, d.over_rate)
        from rent_reduction d
        where d.contract_id = wanted and d.status in ('APPROVED', 'STOPPED') and day between d.from_on and d.to_on))
    from contract c
    left join lateral (
        select new_rent_fen, new_rate from rent_change
        where contract_id = c.id and status = 'APPROVED' and from_on <= day order by from_on desc limit 1) h on true
    where c.id = wanted
$$;
