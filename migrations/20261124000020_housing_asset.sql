-- Asset cards of the housing stock (domain.md E-15, E-16, §3.19, §4.13): master cards of projects, sub cards of units,
-- requests with a second person's decision, monthly depreciation, stock-taking. Money is integer fen.
--
-- The value of a master card is the sum of its sub cards and of a part that no sub card has. That part ("own") and
-- every sub card are depreciated for themselves, so that net master = Σ net subs + net own holds to the fen.

-- What is left at the end of the life; `rate` in 1/100 %. As `domain::housing::asset_depreciation::Schedule`.
create function asset_residual(original bigint, rate integer) returns bigint
    language sql immutable parallel safe
    return floor((original::numeric * rate + 5000) / 10000)::bigint;

-- The amount of every month but the last; the last takes the remainder.
create function asset_monthly(original bigint, rate integer, accumulated bigint, months integer) returns bigint
    language sql immutable parallel safe
    return case when months <= 0 then 0
                else greatest(original - asset_residual(original, rate) - accumulated, 0) / months end;

create table asset_master (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    project_id bigint not null references project,
    card_no text not null,
    asset_code text not null,
    asset_name text not null,
    class_code text not null,
    category text not null,
    owner text not null,
    manager text not null,
    using_unit text,
    acquire_mode text not null,
    acquired_on date not null,
    booked_on date,
    voucher_no text,
    value_type text not null,
    original_fen bigint not null check (original_fen >= 0),
    fiscal_fen bigint check (fiscal_fen >= 0),
    dep_method text not null check (dep_method in ('STRAIGHT', 'NONE')),
    life_years integer not null check (life_years between 0 and 100),
    -- 1/100 % of the original value that stays (PRM-70 on the day of registration)
    residual_rate integer not null default 0 check (residual_rate between 0 and 10000),
    -- first month that is depreciated: that of the entry in the books (R-53)
    dep_from date check (extract(day from dep_from) = 1),
    months_done integer not null default 0 check (months_done >= 0),
    -- of the part without sub cards
    own_accum_fen bigint not null default 0 check (own_accum_fen >= 0),
    own_monthly_fen bigint not null default 0 check (own_monthly_fen >= 0),
    -- kept by the trigger on asset_sub: all cards that are not deleted, and those in the books
    allocated_fen bigint not null default 0,
    subs_booked_fen bigint not null default 0,
    subs_accum_fen bigint not null default 0,
    subs_monthly_fen bigint not null default 0,
    sub_cards integer not null default 0,
    structure text,
    -- 1/100 m²
    total_area bigint not null check (total_area >= 0),
    units_count integer not null check (units_count >= 0),
    land_area bigint check (land_area > 0),
    land_right_type text,
    title_form text,
    cert_no text,
    cert_on date,
    location text not null,
    use_status text not null,
    rent_income_year_fen bigint check (rent_income_year_fen >= 0),
    ledger_subject text not null,
    status text not null default 'DRAFT'
        check (status in ('DRAFT', 'PENDING', 'REGISTERED', 'CHANGED', 'DISPOSAL_PENDING', 'DISPOSED')),
    registered_by bigint,
    disposed_on date,
    remark text,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    -- who touched the contents last; decisions of a checker leave it alone
    edited_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    deleted_at timestamptz,
    constraint asset_master_fiscal_check check (fiscal_fen <= original_fen),
    constraint asset_master_allocation_check check (allocated_fen <= original_fen),
    constraint asset_master_accum_check check (own_accum_fen <= original_fen - subs_booked_fen),
    constraint asset_master_life_check check (dep_method = 'NONE' or life_years > 0),
    constraint asset_master_months_check check (months_done <= life_years * 12),
    constraint asset_master_registered_check check (
        (status in ('DRAFT', 'PENDING')) = (registered_by is null)
        and (registered_by is null or (booked_on is not null and voucher_no is not null and dep_from is not null))),
    constraint asset_master_checker_check check (registered_by <> created_by),
    constraint asset_master_disposed_check check ((status = 'DISPOSED') = (disposed_on is not null)),
    constraint asset_master_deleted_check check (deleted_at is null or status = 'DRAFT')
);
create unique index asset_master_card_no_key on asset_master (card_no) where deleted_at is null;
create index asset_master_scope on asset_master (district_id, card_no);
create index asset_master_project on asset_master (project_id);

create table asset_sub (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    master_id bigint not null references asset_master,
    unit_id bigint not null references unit,
    card_no text not null,
    asset_name text not null,
    location text not null,
    building_area integer not null check (building_area > 0),
    usable_area integer check (usable_area > 0),
    layout text,
    original_fen bigint not null check (original_fen >= 0),
    accum_fen bigint not null default 0 check (accum_fen >= 0),
    monthly_fen bigint not null default 0 check (monthly_fen >= 0),
    cert_no text,
    acquired_on date not null,
    used_from date,
    use_status text not null,
    condition text,
    counted_on date,
    count_result text,
    status text not null default 'DRAFT'
        check (status in ('DRAFT', 'PENDING', 'REGISTERED', 'CHANGED', 'DISPOSAL_PENDING', 'DISPOSED')),
    disposed_on date,
    -- disposed for itself: the master card's value went down by this card's
    left_master boolean not null default false,
    remark text,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    edited_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    deleted_at timestamptz,
    constraint asset_sub_area_check check (usable_area <= building_area),
    constraint asset_sub_accum_check check (accum_fen <= original_fen),
    constraint asset_sub_disposed_check check ((status = 'DISPOSED') = (disposed_on is not null)),
    constraint asset_sub_left_check check (not left_master or status = 'DISPOSED'),
    constraint asset_sub_deleted_check check (deleted_at is null or status = 'DRAFT')
);
create unique index asset_sub_card_no_key on asset_sub (card_no) where deleted_at is null;
-- 该房源已存在资产子卡片: one card per unit; what was disposed of makes room.
create unique index asset_sub_unit_key on asset_sub (unit_id) where deleted_at is null and status <> 'DISPOSED';
create index asset_sub_scope on asset_sub (district_id, card_no);
create index asset_sub_estate on asset_sub (estate_id, card_no);
create index asset_sub_master on asset_sub (master_id, card_no);

-- Sums over the sub cards stand on the master card. The update locks its row, so of two transactions that fill the
-- same master card the second waits, and `asset_master_allocation_check` sees both.
create function asset_sub_sum() returns trigger language plpgsql as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
begin
    perform set_config('app.districts', '*', true);
    if tg_op = 'INSERT' then
        update asset_master m
        set allocated_fen = m.allocated_fen + d.allocated, subs_booked_fen = m.subs_booked_fen + d.booked,
            subs_accum_fen = m.subs_accum_fen + d.accum, subs_monthly_fen = m.subs_monthly_fen + d.monthly,
            sub_cards = m.sub_cards + d.cards
        from (select master_id, sum(original_fen)::bigint as allocated,
                     coalesce(sum(original_fen) filter (where status not in ('DRAFT', 'PENDING')), 0)::bigint as booked,
                     coalesce(sum(accum_fen) filter (where status not in ('DRAFT', 'PENDING')), 0)::bigint as accum,
                     coalesce(sum(monthly_fen) filter (where status not in ('DRAFT', 'PENDING')), 0)::bigint as monthly,
                     count(*) as cards
              from new_rows where deleted_at is null and not left_master group by master_id) d
        where m.id = d.master_id;
    else
        update asset_master m
        set allocated_fen = m.allocated_fen + d.allocated, subs_booked_fen = m.subs_booked_fen + d.booked,
            subs_accum_fen = m.subs_accum_fen + d.accum, subs_monthly_fen = m.subs_monthly_fen + d.monthly,
            sub_cards = m.sub_cards + d.cards
        from (select master_id, sum(n * original_fen)::bigint as allocated,
                     coalesce(sum(n * original_fen) filter (where status not in ('DRAFT', 'PENDING')), 0)::bigint as booked,
                     coalesce(sum(n * accum_fen) filter (where status not in ('DRAFT', 'PENDING')), 0)::bigint as accum,
                     coalesce(sum(n * monthly_fen) filter (where status not in ('DRAFT', 'PENDING')), 0)::bigint as monthly,
                     sum(n)::integer as cards
              from (select master_id, original_fen, accum_fen, monthly_fen, status, 1 as n from new_rows
                    where deleted_at is null and not left_master
                    union all
                    select master_id, original_fen, accum_fen, monthly_fen, status, -1 from old_rows
                    where deleted_at is null and not left_master) moved
              group by master_id) d
        where m.id = d.master_id
          and (d.allocated, d.booked, d.accum, d.monthly, d.cards) is distinct from (0, 0, 0, 0, 0);
    end if;
    perform set_config('app.districts', scope, true);
    return null;
end
$$;
create trigger asset_sub_sum_insert after insert on asset_sub referencing new table as new_rows
    for each statement execute function asset_sub_sum();
create trigger asset_sub_sum_update after update on asset_sub referencing old table as old_rows new table as new_rows
    for each statement execute function asset_sub_sum();

-- Requests and their decisions: the history of the cards (`changes[]`).
create table asset_change (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint,
    master_id bigint not null references asset_master,
    sub_id bigint references asset_sub,
    kind text not null check (kind in ('REGISTER', 'CHANGE', 'DISPOSE')),
    state text not null default 'PENDING' check (state in ('PENDING', 'APPROVED', 'REJECTED')),
    -- {"original", "fiscal_part", "area", "use_status"}
    before jsonb,
    after jsonb,
    reason text,
    document_no text,
    maker_id bigint not null,
    -- who wrote what is to be checked: none of them may check it (domain.md §0.5 rule 5)
    author_ids bigint[] not null default '{}',
    made_at timestamptz not null default now(),
    voucher_no text,
    opinion text,
    checker_id bigint,
    checked_at timestamptz,
    constraint asset_change_checker_check check (checker_id <> maker_id and not checker_id = any (author_ids)),
    constraint asset_change_decided_check check (
        (state = 'PENDING') = (checker_id is null) and (checker_id is null) = (checked_at is null)),
    constraint asset_change_voucher_check check (state <> 'APPROVED' or voucher_no is not null),
    constraint asset_change_opinion_check check (state <> 'REJECTED' or opinion is not null),
    constraint asset_change_document_check check (kind = 'REGISTER' or (document_no is not null and reason is not null))
);
-- The registration that a sub card went through together with others.
alter table asset_sub add column registered_with bigint references asset_change;
create index asset_sub_registered_with on asset_sub (registered_with);
-- One open request per card.
create unique index asset_change_open_key on asset_change (master_id, coalesce(sub_id, 0)) where state = 'PENDING';
create index asset_change_master on asset_change (master_id, id);
create index asset_change_sub on asset_change (sub_id, id);
create index asset_change_scope on asset_change (district_id, state, made_at desc);

-- A month of a district (§3.19 T5). A counter run takes one back with negative lines; a closed one stays.
create table asset_depreciation_run (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    period date not null check (extract(day from period) = 1),
    reverses_id bigint references asset_depreciation_run,
    reversed boolean not null default false,
    closed_at timestamptz,
    closed_by bigint,
    masters integer not null default 0,
    subs integer not null default 0,
    amount_fen bigint not null default 0,
    reason text,
    made_at timestamptz not null default now(),
    made_by bigint,
    constraint asset_depreciation_run_reverse_check check ((reverses_id is null) = (reason is null)),
    constraint asset_depreciation_run_closed_check check (closed_at is null or not reversed and reverses_id is null)
);
create unique index asset_depreciation_run_period_key on asset_depreciation_run (district_id, period)
    where reverses_id is null and not reversed;
create unique index asset_depreciation_run_reverses_key on asset_depreciation_run (reverses_id);

create table asset_depreciation (
    run_id bigint not null references asset_depreciation_run,
    master_id bigint not null references asset_master,
    -- none: the part of the master card that no sub card has
    sub_id bigint references asset_sub,
    district_id bigint not null,
    estate_id bigint,
    period date not null,
    amount_fen bigint not null
);
create unique index asset_depreciation_key on asset_depreciation (run_id, master_id, coalesce(sub_id, 0));
create index asset_depreciation_master on asset_depreciation (master_id, period);
create index asset_depreciation_sub on asset_depreciation (sub_id, period);

create table asset_count (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    -- one of the two is counted
    master_id bigint references asset_master,
    estate_id bigint references estate,
    title text not null,
    planned_on date not null,
    status text not null default 'TASK' check (status in ('TASK', 'COUNTED', 'DIFF', 'CONFIRMED')),
    made_by bigint not null,
    -- everybody who wrote a line
    counter_ids bigint[] not null default '{}',
    handling text,
    confirmed_by bigint,
    confirmed_at timestamptz,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint asset_count_subject_check check (num_nonnulls(master_id, estate_id) = 1),
    constraint asset_count_checker_check check (confirmed_by <> made_by and not confirmed_by = any (counter_ids)),
    constraint asset_count_confirmed_check check ((status = 'CONFIRMED') = (confirmed_by is not null))
);
create index asset_count_scope on asset_count (district_id, planned_on desc, id desc);

create table asset_count_line (
    id bigint generated always as identity primary key,
    count_id bigint not null references asset_count,
    sub_id bigint references asset_sub,
    place text not null,
    result text check (result in ('FOUND', 'MISSING', 'SURPLUS')),
    condition text,
    counted_on date,
    counted_by bigint,
    note text,
    constraint asset_count_line_surplus_check check ((sub_id is null) = (result is not distinct from 'SURPLUS')),
    constraint asset_count_line_sub_key unique (count_id, sub_id)
);
create index asset_count_line_count on asset_count_line (count_id, id);

call audit_attach('asset_master');
call audit_attach('asset_sub');
call audit_attach('asset_change');
call audit_attach('asset_depreciation_run');
call audit_attach('asset_count');
call audit_attach('asset_count_line');

do $$
declare
    tbl text;
begin
    foreach tbl in array array['asset_master', 'asset_sub', 'asset_change', 'asset_depreciation_run',
                               'asset_depreciation', 'asset_count', 'asset_count_line']
    loop
        execute format('alter table %I enable row level security', tbl);
        execute format('alter table %I force row level security', tbl);
    end loop;
end
$$;
-- As a project: seen by who sees its district or one of its buildings.
create policy asset_master_scope on asset_master for all to public using (
    (select scope_city())
    or district_id = any ((select scope_districts())::bigint[])
    or project_id in (select b.project_id from building b where b.estate_id = any ((select scope_estates())::bigint[])));
create policy asset_sub_scope on asset_sub for all to public using (
    (select scope_city())
    or district_id = any ((select scope_districts())::bigint[])
    or estate_id = any ((select scope_estates())::bigint[]));
-- What is about a master card is seen with it; what is about a sub card, with that.
create policy asset_change_scope on asset_change for all to public using (
    (select scope_city())
    or district_id = any ((select scope_districts())::bigint[])
    or estate_id = any ((select scope_estates())::bigint[])
    or (sub_id is null and master_id in (select m.id from asset_master m)));
create policy asset_depreciation_scope on asset_depreciation for all to public using (
    (select scope_city())
    or district_id = any ((select scope_districts())::bigint[])
    or estate_id = any ((select scope_estates())::bigint[])
    or (sub_id is null and master_id in (select m.id from asset_master m)));
-- The books of a district are no single estate's business.
create policy asset_depreciation_run_scope on asset_depreciation_run for all to public using (
    (select scope_city()) or district_id = any ((select scope_districts())::bigint[]));
create policy asset_count_scope on asset_count for all to public using (
    (select scope_city())
    or district_id = any ((select scope_districts())::bigint[])
    or estate_id = any ((select scope_estates())::bigint[]));
create policy asset_count_line_scope on asset_count_line for all to public
    using (exists (select from asset_count c where c.id = count_id));

revoke delete on asset_master, asset_sub, asset_change, asset_depreciation_run, asset_count, asset_count_line from housing_app;
revoke update, delete on asset_depreciation from housing_app;

-- S1-4.3: finance of city and district keep the cards, the city checks (§6.5 M/C), whoever sees the stock reads them.
select set_config('app.platform', 'on', true);
insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['CITY_LEADER', 'CITY', 'CITY_CHECK', 'DISTRICT', 'STREET', 'OPERATOR', 'ENTRY', 'PROPERTY_APPROVER', 'FINANCE', 'AUDITOR'],
     array['housing:asset:read']),
    (array['CITY', 'DISTRICT', 'FINANCE'], array['housing:asset:write', 'housing:asset:depreciate']),
    (array['CITY', 'CITY_CHECK'], array['housing:asset:check']),
    (array['CITY_LEADER', 'CITY', 'CITY_CHECK', 'DISTRICT', 'OPERATOR', 'FINANCE', 'AUDITOR'], array['housing:asset:export'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code;
