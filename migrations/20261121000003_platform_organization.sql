-- Administrative divisions (E-07), organisations (E-01), parameters (E-130).

create table division (
    code text primary key check (code ~ '^\d{6}(\d{3}(\d{3})?)?$'),
    name text not null,
    -- GeoJSON MultiPolygon in the coordinate system of the city's map (PRM-07), and its box.
    outline jsonb,
    min_lng double precision,
    min_lat double precision,
    max_lng double precision,
    max_lat double precision,
    -- of the outline; what a density of units is measured by
    area_km2 double precision check (area_km2 >= 0),
    valid_from date not null default '2000-01-01',
    valid_to date,
    check (num_nulls(outline, min_lng, min_lat, max_lng, max_lat, area_km2) in (0, 6))
);

alter table division enable row level security;
alter table division force row level security;
-- Geography is public; only the city and the platform may change it.
create policy division_read on division for select to public using (true);
create policy division_write on division for all to public
    using ((select scope_platform()) or (select scope_city()));

create table organization (
    id bigint generated always as identity primary key,
    code text not null,
    name text not null,
    short_name text,
    type text not null,
    parent_id bigint references organization,
    -- The district the organisation belongs to (itself for a district), null at city level.
    district_id bigint references organization,
    division_code text not null,
    uscc text,
    leader text,
    phone text,
    address text,
    sort integer not null default 0,
    status text not null default 'ON' check (status in ('ON', 'OFF')),
    remark text,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    deleted_at timestamptz,
    constraint organization_code_key unique (code),
    constraint organization_name_key unique nulls not distinct (parent_id, name),
    constraint organization_parent_check check (parent_id <> id)
);

create index organization_district on organization (district_id, type, name);

alter table organization enable row level security;
alter table organization force row level security;
-- Names of organisations are on every form and are no secret; who may write is the question.
create policy organization_read on organization for select to public using (true);
create policy organization_write on organization for all to public
    using ((select scope_platform()) or (select scope_city()));
call audit_attach('organization');

-- Effective-dated, per district overridable (domain.md §2.9). Maker and checker follow with S1-9.6.
create table parameter (
    id bigint generated always as identity primary key,
    code text not null,
    district_id bigint references organization,
    value text not null,
    valid_from date not null default '2000-01-01',
    constraint parameter_code_key unique nulls not distinct (code, district_id, valid_from)
);

alter table parameter enable row level security;
alter table parameter force row level security;
create policy parameter_read on parameter for select to public using (true);
create policy parameter_write on parameter for all to public
    using ((select scope_platform()) or (select scope_city()));
call audit_attach('parameter');
