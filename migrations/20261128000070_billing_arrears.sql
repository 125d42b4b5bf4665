-- Arrears and payment colours (domain.md §1.3, §3.8, §4.11; E-51): how far every household is behind with the rent, counted
-- anew in the transaction of whatever changes it, and the units of a building and of a district by what follows from it.

-- One row per household account, from its opening on. Levels L3 and L4 are not reached by counting.
create table arrears (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    building_id bigint not null references building,
    unit_id bigint not null references unit,
    account_id bigint not null references account,
    -- the newest one of which rent was counted
    contract_id bigint references contract,
    category text not null,
    -- D-40
    level text not null default 'L0' check (level in ('L0', 'L1', 'L2', 'L3', 'L4')),
    -- rent periods that are overdue, and the longest run of adjacent ones
    periods integer not null default 0 check (periods >= 0),
    consecutive integer not null default 0 check (consecutive between 0 and periods),
    amount_fen bigint not null default 0 check (amount_fen >= 0),
    -- the due day of the oldest
    since date,
    -- none: opened, and nothing was counted yet
    counted_on date,
    -- whether it gives its unit the colour: the unit is let, and this is the account of the contract that runs there
    shown boolean not null default false,
    constraint arrears_account_key unique (account_id),
    constraint arrears_since_check check ((since is null) = (amount_fen = 0) and (level = 'L0' or periods > 0)
        and (periods = 0 or since is not null))
);
create index arrears_unit on arrears (unit_id);
create index arrears_shown on arrears (building_id) where shown;
create index arrears_behind on arrears (district_id, since, id) where level <> 'L0';
create index arrears_oldest on arrears (since, id) where level <> 'L0';
create index arrears_estate on arrears (estate_id, since, id) where level <> 'L0';

-- Every change of the level (domain.md §0.5 rule 12); a payment, a bill or the calendar is why.
create table arrears_history (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    account_id bigint not null references account,
    at timestamptz not null default now(),
    actor_id bigint,
    from_level text not null,
    to_level text not null,
    periods integer not null,
    amount_fen bigint not null
);
create index arrears_history_account on arrears_history (account_id, id);

-- Accounts by level, and whether they colour their unit: kept as `building_tally` and `district_tally` are.
create table building_arrears_tally (
    district_id bigint not null,
    estate_id bigint not null,
    building_id bigint not null,
    category text not null,
    level text not null,
    shown boolean not null,
    accounts integer not null,
    primary key (building_id, category, level, shown)
);
create index building_arrears_tally_scope on building_arrears_tally (district_id, estate_id)
    include (building_id, category, level, shown, accounts);
create index building_arrears_tally_estate on building_arrears_tally (estate_id);
create table district_arrears_tally (
    district_id bigint not null,
    category text not null,
    level text not null,
    shown boolean not null,
    accounts integer not null,
    primary key (district_id, category, level, shown)
);

create function arrears_tally_insert() returns trigger language plpgsql as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
begin
    perform set_config('app.districts', '*', true);
    insert into building_arrears_tally as t
    select district_id, estate_id, building_id, category, level, shown, count(*) from new_rows
    group by 1, 2, 3, 4, 5, 6 order by 3, 4, 5, 6
    on conflict (building_id, category, level, shown) do update set accounts = t.accounts + excluded.accounts;

    insert into district_arrears_tally as t
    select district_id, category, level, shown, count(*) from new_rows group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (district_id, category, level, shown) do update set accounts = t.accounts + excluded.accounts;
    perform set_config('app.districts', scope, true);
    return null;
end
$$;
create function arrears_tally_update() returns trigger language plpgsql as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
begin
    perform set_config('app.districts', '*', true);
    insert into building_arrears_tally as t
    select max(district_id), max(estate_id), building_id, category, level, shown, sum(n)
    from (select *, 1 as n from new_rows union all select *, -1 from old_rows) moved
    group by 3, 4, 5, 6 having sum(n) <> 0 order by 3, 4, 5, 6
    on conflict (building_id, category, level, shown) do update set accounts = t.accounts + excluded.accounts;

    insert into district_arrears_tally as t
    select district_id, category, level, shown, sum(n)
    from (select *, 1 as n from new_rows union all select *, -1 from old_rows) moved
    group by 1, 2, 3, 4 having sum(n) <> 0 order by 1, 2, 3, 4
    on conflict (district_id, category, level, shown) do update set accounts = t.accounts + excluded.accounts;
    perform set_config('app.districts', scope, true);
    return null;
end
$$;
create trigger arrears_tally_insert after insert on arrears referencing new table as new_rows
    for each statement execute function arrears_tally_insert();
create trigger arrears_tally_update after update on arrears referencing old table as old_rows new table as new_rows
    for each statement execute function arrears_tally_update();

-- An account has its row from the beginning.
create function arrears_open() returns trigger language plpgsql as $$
begin
    insert into arrears (district_id, estate_id, building_id, unit_id, account_id, category)
    select n.district_id, n.estate_id, n.building_id, n.unit_id, n.id, u.category
    from new_rows n join unit u on u.id = n.unit_id order by n.id;
    return null;
end
$$;
create trigger arrears_open after insert on account referencing new table as new_rows
    for each statement execute function arrears_open();

-- The account whose household lives in a unit: that of the newest contract there that runs, or has come to its end while
-- they are still in. One that was ended (TERMINATED) has no household there any more, whatever it still owes.
create index contract_household on contract (unit_id, id)
    where account_id is not null and status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED');
create function arrears_show(wanted bigint[]) returns void language plpgsql as $$
begin
    -- In one order, as whoever counts takes them.
    perform 1 from arrears where unit_id = any (wanted) order by account_id for update;
    update arrears a set shown = n.shown, category = n.category
    from (select r.id, u.category,
                 u.deleted_at is null and u.status in ('SIGNED', 'OCCUPIED')
                 and r.account_id is not distinct from (
                     select c.account_id from contract c
                     where c.unit_id = u.id and c.account_id is not null
                       and c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED')
                     order by c.id desc limit 1) as shown
          from arrears r join unit u on u.id = r.unit_id where r.unit_id = any (wanted)) n
    where n.id = a.id and (a.shown, a.category) is distinct from (n.shown, n.category);
end
$$;

create function arrears_follow_unit() returns trigger language plpgsql as $$
declare
    wanted bigint[];
begin
    select array_agg(n.id) into wanted from new_rows n join old_rows o on o.id = n.id
    where (n.status in ('SIGNED', 'OCCUPIED'), n.deleted_at is null, n.category)
          is distinct from (o.status in ('SIGNED', 'OCCUPIED'), o.deleted_at is null, o.category);
    if wanted is not null then
        perform arrears_show(wanted);
    end if;
    return null;
end
$$;
create trigger arrears_follow_unit after update on unit referencing old table as old_rows new table as new_rows
    for each statement execute function arrears_follow_unit();

create function arrears_follow_contract() returns trigger language plpgsql as $$
declare
    wanted bigint[];
begin
    if tg_op = 'INSERT' then
        select array_agg(unit_id) into wanted from new_rows where account_id is not null;
    else
        select array_agg(n.unit_id) into wanted from new_rows n join old_rows o on o.id = n.id
        where n.account_id is not null and (n.account_id, n.status) is distinct from (o.account_id, o.status);
    end if;
    if wanted is not null then
        perform arrears_show(wanted);
    end if;
    return null;
end
$$;
create trigger arrears_follow_contract_insert after insert on contract referencing new table as new_rows
    for each statement execute function arrears_follow_contract();
create trigger arrears_follow_contract_update after update on contract
    referencing old table as old_rows new table as new_rows
    for each statement execute function arrears_follow_contract();

-- How far the calendar was followed in a district (a bill becomes overdue without anybody touching it): the day and the
-- rule of the last count that came to its end, and the one that is under way with the last account that it has done.
create table arrears_count (
    district_id bigint primary key references organization,
    counted_on date,
    rule text,
    doing_on date,
    doing_rule text,
    done_to bigint not null default 0
);

-- A board hears the colour that a unit has taken on.
alter table change add column color text;

do $$
declare
    tbl text;
begin
    foreach tbl in array array['arrears', 'arrears_history', 'building_arrears_tally']
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
    foreach tbl in array array['district_arrears_tally', 'arrears_count']
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
revoke delete on arrears, arrears_count from housing_app;
revoke update, delete on arrears_history from housing_app;

-- What is there already; how far it is behind is counted when the server next looks at the calendar.
do $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
begin
    perform set_config('app.districts', '*', true);
    insert into arrears (district_id, estate_id, building_id, unit_id, account_id, category)
    select a.district_id, a.estate_id, a.building_id, a.unit_id, a.id, u.category
    from account a join unit u on u.id = a.unit_id order by a.id;
    perform arrears_show(array(select distinct unit_id from account));
    perform set_config('app.districts', scope, true);
end
$$;

select set_config('app.platform', 'on', true);
insert into job_plan (code) values ('ARREARS_COUNT');
