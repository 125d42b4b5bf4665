-- The spine of the housing stock (domain.md §5.1 E-10…E-14, E-17, E-84): project, estate, building,
-- unit, room. Every business row carries its district (the unit and below also the estate), because
-- scope filters start with it. Areas are integers of 1/100 m², money is integer fen.

create table operator (
    id bigint generated always as identity primary key,
    organization_id bigint not null unique references organization,
    code text not null unique,
    name text not null unique,
    type text not null,
    uscc text not null,
    contact text,
    phone text,
    status text not null default 'ON' check (status in ('ON', 'OFF')),
    created_at timestamptz not null default now(),
    created_by bigint
);
alter table operator enable row level security;
alter table operator force row level security;
create policy operator_read on operator for select to public using (true);
create policy operator_write on operator for all to public
    using ((select scope_platform()) or (select scope_city()));
call audit_attach('operator');

create table rent_standard (
    id bigint generated always as identity primary key,
    code text not null,
    name text not null,
    district_id bigint references organization,
    category text,
    -- 1/10000 yuan per m² and month (d4)
    unit_rate integer not null check (unit_rate > 0),
    -- what the market takes for the same, and the part of it that the standard is (both d4)
    market_rate integer check (market_rate > 0),
    ratio integer check (ratio > 0),
    basis text not null check (basis in ('USABLE', 'BUILDING', 'INNER')),
    doc_no text not null,
    valid_from date not null,
    valid_to date check (valid_to >= valid_from),
    status text not null default 'ON' check (status in ('ON', 'OFF')),
    created_at timestamptz not null default now(),
    created_by bigint,
    updated_at timestamptz not null default now(),
    constraint rent_standard_code_key unique (code)
);
alter table rent_standard enable row level security;
alter table rent_standard force row level security;
create policy rent_standard_read on rent_standard for select to public using (true);
create policy rent_standard_write on rent_standard for all to public using ((select scope_city()));
call audit_attach('rent_standard');

-- Codes that people quote; never reused, gaps are harmless (no legal number type).
create sequence project_code_seq;
create sequence estate_code_seq;

create table project (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    code text not null default 'XM' || lpad(nextval('project_code_seq')::text, 6, '0'),
    name text not null,
    street text,
    community text,
    address text not null,
    lng double precision,
    lat double precision,
    coordinate_system text,
    map_lng double precision,
    map_lat double precision,
    category text not null,
    source text not null,
    investment text not null,
    owner_unit_id bigint not null references organization,
    builder text,
    operator_id bigint references operator,
    approval_no text,
    land_no text,
    planning_no text,
    construction_no text,
    land_area bigint check (land_area >= 0),
    total_area bigint check (total_area >= 0),
    units_planned integer not null check (units_planned > 0),
    total_invest_fen bigint check (total_invest_fen >= 0),
    -- where the money comes from
    fund_central_fen bigint check (fund_central_fen >= 0),
    fund_province_fen bigint check (fund_province_fen >= 0),
    fund_city_fen bigint check (fund_city_fen >= 0),
    fund_loan_fen bigint check (fund_loan_fen >= 0),
    fund_own_fen bigint check (fund_own_fen >= 0),
    start_on date,
    complete_on date,
    accept_on date,
    deliver_on date,
    status text not null,
    remark text,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    deleted_at timestamptz,
    constraint project_code_key unique (code),
    constraint project_name_key unique (district_id, name),
    constraint project_geo_check check (num_nulls(lng, lat, coordinate_system, map_lng, map_lat) in (0, 5)),
    constraint project_dates_check check (complete_on >= start_on and deliver_on >= complete_on)
);
create index project_updated on project (district_id, updated_at desc, id desc);

create table estate (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    code text not null default 'XQ' || lpad(nextval('estate_code_seq')::text, 6, '0'),
    name text not null,
    street text,
    community text,
    address text not null,
    lng double precision,
    lat double precision,
    coordinate_system text,
    map_lng double precision,
    map_lat double precision,
    property_company_id bigint references organization,
    operator_id bigint references operator,
    -- percent with two decimals, as 1/100 %
    green_rate integer check (green_rate between 0 and 10000),
    -- floor area ratio with two decimals, as 1/100
    far integer check (far >= 0),
    gates integer check (gates >= 0),
    facilities text[] not null default '{}',
    households_planned integer check (households_planned >= 0),
    parking_total integer check (parking_total >= 0),
    contact text,
    phone text,
    remark text,
    -- how many buildings ever got a number here: gives the next one its place in the unit codes
    building_seq integer not null default 0,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    deleted_at timestamptz,
    constraint estate_code_key unique (code),
    constraint estate_name_key unique (district_id, name),
    constraint estate_geo_check check (num_nulls(lng, lat, coordinate_system, map_lng, map_lat) in (0, 5))
);
create index estate_updated on estate (district_id, updated_at desc, id desc);
create index estate_operator on estate (operator_id);

create table building (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    project_id bigint not null references project,
    seq integer not null,
    no text not null,
    -- natural order of the number: 9号楼 before 10号楼
    no_key text collate "C" not null,
    name text,
    structure text,
    floors_up integer not null check (floors_up between 1 and 60),
    -- false: nobody said how many, it is the highest floor seen so far and grows (domain.md §7.2)
    floors_given boolean not null default true,
    floors_down integer check (floors_down >= 0),
    entrances integer not null default 1 check (entrances > 0),
    units_per_floor integer check (units_per_floor > 0),
    -- 1/100 m
    height integer check (height > 0),
    has_elevator boolean,
    elevators integer check (elevators >= 0),
    build_year integer,
    -- 1/100 m²
    area bigint check (area >= 0),
    house_code text,
    completed_on date,
    -- which part is under warranty until when
    warranty text,
    status text not null default 'ON' check (status in ('ON', 'OFF')),
    lng double precision,
    lat double precision,
    coordinate_system text,
    map_lng double precision,
    map_lat double precision,
    unit_seq integer not null default 0,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    deleted_at timestamptz,
    constraint building_no_key unique (estate_id, no),
    constraint building_seq_key unique (estate_id, seq),
    -- what the units below refer to, so that their copies of estate and district cannot drift
    constraint building_place_key unique (id, estate_id, district_id),
    constraint building_geo_check check (num_nulls(lng, lat, coordinate_system, map_lng, map_lat) in (0, 5))
);
create index building_scope on building (district_id, estate_id, no_key);
create index building_project on building (project_id);

create table unit (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    building_id bigint not null,
    -- estate code + building + running number: the order of the codes is the order of the stock
    code text collate "C" not null,
    entrance text not null,
    floor smallint not null check (floor between -3 and 60 and floor <> 0),
    room_no text not null,
    -- natural order inside the building: entrance, floor, room
    position_key text collate "C" not null,
    address text not null,
    mgmt_unit_id bigint not null references organization,
    title_holder text,
    category text not null,
    layout text not null,
    building_area integer not null check (building_area > 0),
    usable_area integer not null check (usable_area > 0),
    inner_area integer check (inner_area > 0),
    shared_area integer check (shared_area >= 0),
    orientation text,
    decoration text,
    facilities text[] not null default '{}',
    rent_standard_id bigint references rent_standard,
    market_rent_fen bigint check (market_rent_fen >= 0),
    real_estate_no text check (length(real_estate_no) = 28),
    cert_no text,
    house_code text check (length(house_code) = 26),
    deliver_on date,
    supply_pool text,
    status text not null,
    status_since timestamptz not null default now(),
    vacant_since date,
    lock_reason text,
    remark text,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    deleted_at timestamptz,
    constraint unit_code_key unique (code),
    constraint unit_building_fkey foreign key (building_id, estate_id, district_id)
        references building (id, estate_id, district_id),
    constraint unit_position_key unique (building_id, entrance, room_no),
    constraint unit_area_check check (usable_area <= building_area),
    -- one vacancy lasts over VACANT, RESERVED and ASSIGNED
    constraint unit_vacant_check check (status <> 'VACANT' or vacant_since is not null)
);
create index unit_code on unit (district_id, code);
create index unit_updated on unit (district_id, updated_at desc, id desc);
create index unit_status on unit (district_id, status, code);
create index unit_estate on unit (estate_id, code);

create table room (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    unit_id bigint not null references unit,
    name text not null,
    type text not null,
    area integer check (area > 0),
    capacity integer check (capacity between 1 and 12),
    bed_count integer check (bed_count >= 0),
    status text not null default 'ON' check (status in ('ON', 'OFF')),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    constraint room_name_key unique (unit_id, name)
);
create index room_updated on room (district_id, updated_at desc, id desc);
create index room_estate on room (estate_id, id);

-- The unit's timeline (domain.md §0.5 rule 12): who, when, from, to, why.
create table unit_history (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    unit_id bigint not null references unit,
    at timestamptz not null default now(),
    actor_id bigint,
    event text not null,
    from_status text,
    to_status text not null,
    reason text,
    -- 文号 of the court's or the authority's paper (U8)
    document_no text
);
create index unit_history_unit on unit_history (unit_id, id);

-- Counters kept by the database, one row per building × category × layout × status: the map, the
-- boards and the totals of lists read these instead of a million units.
create table building_tally (
    district_id bigint not null,
    estate_id bigint not null,
    building_id bigint not null,
    category text not null,
    layout text not null,
    status text not null,
    units integer not null,
    building_area bigint not null,
    primary key (building_id, category, layout, status)
);
create index building_tally_scope on building_tally (district_id, estate_id)
    include (building_id, category, layout, status, units, building_area);
create index building_tally_estate on building_tally (estate_id);

-- The same by district: home pages and totals of a whole city read a few hundred rows.
create table district_tally (
    district_id bigint not null,
    category text not null,
    layout text not null,
    status text not null,
    units integer not null,
    building_area bigint not null,
    primary key (district_id, category, layout, status)
);

-- They count with the city's scope: an operator sees some estates of a district, but his change counts in
-- the district's sum all the same. Ordered by key, so that two writers take the counters in the
-- same order and cannot deadlock.
create function unit_tally_insert() returns trigger language plpgsql as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
begin
    perform set_config('app.districts', '*', true);
    insert into building_tally as t
    select district_id, estate_id, building_id, category, layout, status, count(*), sum(building_area)
    from new_rows where deleted_at is null group by 1, 2, 3, 4, 5, 6 order by 3, 4, 5, 6
    on conflict (building_id, category, layout, status) do update
    set units = t.units + excluded.units, building_area = t.building_area + excluded.building_area;

    insert into district_tally as t
    select district_id, category, layout, status, count(*), sum(building_area)
    from new_rows where deleted_at is null group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (district_id, category, layout, status) do update
    set units = t.units + excluded.units, building_area = t.building_area + excluded.building_area;
    perform set_config('app.districts', scope, true);
    return null;
end
$$;

create function unit_tally_update() returns trigger language plpgsql as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
begin
    perform set_config('app.districts', '*', true);
    insert into building_tally as t
    select district_id, estate_id, building_id, category, layout, status, sum(n), sum(n * building_area)
    from (select *, 1 as n from new_rows union all select *, -1 from old_rows) change
    where deleted_at is null group by 1, 2, 3, 4, 5, 6
    having sum(n) <> 0 or sum(n * building_area) <> 0 order by 3, 4, 5, 6
    on conflict (building_id, category, layout, status) do update
    set units = t.units + excluded.units, building_area = t.building_area + excluded.building_area;

    insert into district_tally as t
    select district_id, category, layout, status, sum(n), sum(n * building_area)
    from (select *, 1 as n from new_rows union all select *, -1 from old_rows) change
    where deleted_at is null group by 1, 2, 3, 4
    having sum(n) <> 0 or sum(n * building_area) <> 0 order by 1, 2, 3, 4
    on conflict (district_id, category, layout, status) do update
    set units = t.units + excluded.units, building_area = t.building_area + excluded.building_area;
    perform set_config('app.districts', scope, true);
    return null;
end
$$;
create trigger unit_tally_insert after insert on unit referencing new table as new_rows
    for each statement execute function unit_tally_insert();
create trigger unit_tally_update after update on unit referencing old table as old_rows new table as new_rows
    for each statement execute function unit_tally_update();

-- The feed that live views follow (architecture §2): written in the transaction of the change.
-- A row without a unit says "something in this building changed, look again".
create table change (
    seq bigint generated always as identity primary key,
    at timestamptz not null default now(),
    district_id bigint not null,
    estate_id bigint not null,
    building_id bigint not null,
    unit_id bigint,
    status text
);

call audit_attach('project');
call audit_attach('estate');
call audit_attach('building');
call audit_attach('unit');
call audit_attach('room');

do $$
declare
    tbl text;
begin
    foreach tbl in array array['project', 'estate', 'building', 'unit', 'room', 'unit_history', 'building_tally', 'district_tally', 'change']
    loop
        execute format('alter table %I enable row level security', tbl);
        execute format('alter table %I force row level security', tbl);
    end loop;
    -- `id` of an estate is what `estate_id` is elsewhere.
    foreach tbl in array array['building', 'unit', 'room', 'unit_history', 'building_tally', 'change']
    loop
        execute format($policy$
            create policy %1$s_scope on %1$I for all to public using (
                (select scope_city())
                or district_id = any ((select scope_districts())::bigint[])
                or estate_id = any ((select scope_estates())::bigint[]))
        $policy$, tbl);
    end loop;
end
$$;
create policy district_tally_scope on district_tally for all to public using (
    (select scope_city()) or district_id = any ((select scope_districts())::bigint[]));
create policy estate_scope on estate for all to public using (
    (select scope_city())
    or district_id = any ((select scope_districts())::bigint[])
    or id = any ((select scope_estates())::bigint[]));
-- A project is seen by who sees its district or one of its buildings.
create policy project_scope on project for all to public using (
    (select scope_city())
    or district_id = any ((select scope_districts())::bigint[])
    or id in (select b.project_id from building b where b.estate_id = any ((select scope_estates())::bigint[])));

revoke update, delete on unit_history, change from housing_app;
revoke delete on project, estate, building, unit, room from housing_app;

-- Estates a user looks after (负责楼盘); having some narrows the scope to them.
create table user_estate (
    user_id bigint not null references app_user on delete cascade,
    estate_id bigint not null references estate on delete cascade,
    primary key (user_id, estate_id)
);
alter table user_estate enable row level security;
alter table user_estate force row level security;
create policy user_estate_read on user_estate for select to public using (true);
create policy user_estate_write on user_estate for all to public using ((select scope_platform()));
