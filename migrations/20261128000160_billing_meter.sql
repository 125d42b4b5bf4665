-- Meters and what they are read for (E-101, E-102; domain.md §3.24, §3.26 Z1 to Z6, §4.12). Readings and usages are hundredths,
-- prices are 1/10000 yuan in a text (`domain::billing::meter::Tariff`), money is integer fen.

create table meter (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    -- of a shared meter: whose homes share; none: all homes of the estate
    building_id bigint references building,
    unit_id bigint references unit,
    meter_no text not null,
    type text not null check (type in ('WATER', 'POWER', 'GAS', 'HEAT')),
    -- how what it costs is divided among homes; a home's own meter is not
    share text check (share in ('AREA', 'EQUAL')),
    multiplier integer not null default 100 check (multiplier > 0),
    -- the highest value it shows
    max_value bigint check (max_value > 0),
    install_on date not null,
    -- none: nobody has looked yet, and its first reading says it
    initial bigint check (initial >= 0),
    -- what the meter that it replaced had measured and nobody was charged for yet
    carried bigint not null default 0 check (carried >= 0),
    replaces_id bigint references meter,
    smart boolean not null default false,
    vendor_no text,
    status text not null default 'ON' check (status in ('ON', 'OFF')),
    removed_on date,
    final_value bigint check (final_value >= 0),
    remark text,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    -- 表具编号已存在
    constraint meter_no_key unique (meter_no),
    constraint meter_place_check check ((unit_id is null) = (share is not null) and (unit_id is null or building_id is null)),
    constraint meter_removed_check check ((status = 'OFF') = (removed_on is not null))
);
-- A home has one meter of a type: what is read at its hand-over and at its exit is read from that.
create unique index meter_unit_key on meter (unit_id, type) where status = 'ON';
create index meter_scope on meter (district_id, estate_id, type);
create index meter_estate on meter (estate_id, type, id);

-- 表具编号不能修改
create function meter_hold() returns trigger language plpgsql as $$
begin
    if (new.meter_no, new.type, new.unit_id) is distinct from (old.meter_no, old.type, old.unit_id) then
        raise exception '表具编号不能修改' using errcode = 'P0001', constraint = 'meter_hold';
    end if;
    return new;
end
$$;
create trigger meter_hold before update on meter for each row execute function meter_hold();

-- A month's readings of one type in one estate.
create table meter_period (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    type text not null check (type in ('WATER', 'POWER', 'GAS', 'HEAT')),
    month date not null check (extract(day from month) = 1),
    from_on date not null,
    to_on date not null check (to_on >= from_on),
    status text not null default 'OPEN' check (status in ('OPEN', 'READING', 'CHECKED', 'BILLED', 'CLOSED', 'CANCELLED')),
    -- the price that was in force when it was billed
    tariff text,
    maker_id bigint not null,
    made_at timestamptz not null default now(),
    checker_id bigint,
    checked_at timestamptz,
    billed_by bigint,
    billed_at timestamptz,
    -- why the supervisor sent it back last
    return_reason text,
    version integer not null default 1,
    constraint meter_period_checker_check check (checker_id <> maker_id),
    constraint meter_period_checked_check check ((checker_id is null) = (checked_at is null)
        and (status in ('OPEN', 'READING', 'CANCELLED') or checker_id is not null)),
    constraint meter_period_billed_check check ((status in ('BILLED', 'CLOSED')) = (billed_at is not null)
        and (billed_at is null) = (billed_by is null) and (billed_at is null) = (tariff is null))
);
create unique index meter_period_key on meter_period (estate_id, type, month) where status <> 'CANCELLED';
-- Z1: one open period per meter type and estate.
create unique index meter_period_open_key on meter_period (estate_id, type) where status in ('OPEN', 'READING', 'CHECKED');
create index meter_period_scope on meter_period (district_id, month desc, id desc);
create index meter_period_estate on meter_period (estate_id, month desc, id desc);

-- What a meter showed: in a period, when a home was handed over, when its lessee left. The opening of one is the closing of
-- the one before.
create table meter_reading (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    meter_id bigint not null references meter,
    source text not null check (source in ('PERIOD', 'HAND_OVER', 'EXIT')),
    period_id bigint references meter_period,
    hand_over_id bigint references hand_over,
    exit_id bigint references exit_case,
    from_on date not null,
    -- none: it waits for a first reading, which says it
    opening bigint check (opening >= 0),
    closing bigint check (closing >= 0),
    read_on date,
    -- it went past its highest value
    rolled boolean not null default false,
    carried bigint not null default 0 check (carried >= 0),
    usage bigint check (usage >= 0),
    status text not null default 'EMPTY' check (status in ('EMPTY', 'READ', 'ABNORMAL', 'CONFIRMED', 'BILLED')),
    reader_id bigint,
    -- 抄表人 of a file
    reader text,
    read_at timestamptz,
    confirm_reason text,
    confirmer_id bigint,
    tariff text,
    amount_fen bigint check (amount_fen >= 0),
    version integer not null default 1,
    constraint meter_reading_origin_check check ((source = 'PERIOD') = (period_id is not null)
        and (source = 'HAND_OVER') = (hand_over_id is not null) and (source = 'EXIT') = (exit_id is not null)),
    constraint meter_reading_read_check check ((status = 'EMPTY') = (closing is null) and (closing is null) = (read_on is null)
        and (closing is null) = (usage is null) and (closing is null) = (read_at is null)
        and (closing is null or opening is not null)),
    constraint meter_reading_billed_check check ((status = 'BILLED') = (amount_fen is not null)),
    constraint meter_reading_confirmed_check check ((confirmer_id is null) = (confirm_reason is null)),
    constraint meter_reading_period_key unique (period_id, meter_id),
    constraint meter_reading_hand_over_key unique (hand_over_id, meter_id),
    constraint meter_reading_exit_key unique (exit_id, meter_id)
);
-- The chain of a meter, its last reading first.
create index meter_reading_chain on meter_reading (meter_id, read_on desc, read_at desc, id desc);
create index meter_reading_day on meter_reading (read_on desc nulls last, id desc);
create index meter_reading_scope on meter_reading (district_id, read_on desc nulls last, id desc);
create index meter_reading_estate on meter_reading (estate_id, read_on desc nulls last, id desc);

-- The month that the reading before this one of the same meter was charged for: prices by usage have limits for each month.
create function reading_month_before(wanted bigint) returns date language sql stable as $$
    select coalesce(p.month, date_trunc('month', l.read_on)::date)
    from meter_reading r join meter_reading l on l.meter_id = r.meter_id and l.closing is not null
        and (l.read_on, l.read_at, l.id) < (r.read_on, r.read_at, r.id)
    left join meter_period p on p.id = l.period_id
    where r.id = wanted order by l.read_on desc, l.read_at desc, l.id desc limit 1
$$;

-- Whom a reading was charged to, and by which bill. A correction leaves the old lines, marked.
create table meter_charge (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    reading_id bigint not null references meter_reading,
    account_id bigint not null references account,
    -- none: it came to nothing, or is what a correction gave back of a bill that was paid
    bill_id bigint references bill,
    amount_fen bigint not null,
    taken_back boolean not null default false,
    constraint meter_charge_bill_check check ((amount_fen > 0) = (bill_id is not null))
);
create index meter_charge_reading on meter_charge (reading_id);
create index meter_charge_bill on meter_charge (bill_id);
create index meter_charge_account on meter_charge (account_id);

-- The timeline of a meter and of its readings.
create table meter_history (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    meter_id bigint not null references meter,
    -- none: of the meter itself, or of a period that was cancelled
    reading_id bigint references meter_reading on delete set null,
    at timestamptz not null default now(),
    actor_id bigint,
    event text not null,
    reason text
);
create index meter_history_meter on meter_history (meter_id, id);
create index meter_history_reading on meter_history (reading_id, id) where reading_id is not null;

call audit_attach('meter');
call audit_attach('meter_period');
call audit_attach('meter_reading');

do $$
declare
    tbl text;
begin
    foreach tbl in array array['meter', 'meter_period', 'meter_reading', 'meter_charge', 'meter_history']
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
revoke delete on meter, meter_period, meter_charge from housing_app;
revoke update, delete on meter_history from housing_app;

select set_config('app.platform', 'on', true);
insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['CITY', 'DISTRICT', 'OPERATOR', 'PROPERTY_MGR', 'PROPERTY_APPROVER', 'FINANCE', 'FIN_HEAD', 'AUDITOR', 'ENTRY'],
     array['billing:meter:read']),
    (array['OPERATOR', 'PROPERTY_MGR', 'ENTRY'], array['billing:meter:write']),
    (array['PROPERTY_APPROVER', 'DISTRICT'], array['billing:meter:check'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code
on conflict do nothing;
