-- How many projects, estates and buildings a district has: the home page, everybody's first, does not count ten thousand
-- buildings. Kept as `district_tally` is.
create table place_tally (
    district_id bigint not null,
    noun text not null check (noun in ('project', 'estate', 'building')),
    places integer not null,
    primary key (district_id, noun)
);

create function place_tally_add() returns trigger language plpgsql as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
begin
    perform set_config('app.districts', '*', true);
    if tg_op = 'INSERT' then
        insert into place_tally as t
        select district_id, tg_table_name, count(*) from new_rows where deleted_at is null group by 1 order by 1
        on conflict (district_id, noun) do update set places = t.places + excluded.places;
    else
        insert into place_tally as t
        select district_id, tg_table_name, sum(n)
        from (select district_id, 1 as n from new_rows where deleted_at is null
              union all select district_id, -1 from old_rows where deleted_at is null) moved
        group by 1 having sum(n) <> 0 order by 1
        on conflict (district_id, noun) do update set places = t.places + excluded.places;
    end if;
    perform set_config('app.districts', scope, true);
    return null;
end
$$;

do $$
declare
    tbl text;
begin
    perform set_config('app.districts', '*', true);
    foreach tbl in array array['project', 'estate', 'building']
    loop
        execute format('create trigger place_tally_insert after insert on %I referencing new table as new_rows
                        for each statement execute function place_tally_add()', tbl);
        execute format('create trigger place_tally_update after update on %I
                        referencing old table as old_rows new table as new_rows
                        for each statement execute function place_tally_add()', tbl);
        execute format('insert into place_tally select district_id, %L, count(*) from %I where deleted_at is null group by 1', tbl, tbl);
    end loop;
end
$$;

alter table place_tally enable row level security;
alter table place_tally force row level security;
create policy place_tally_scope on place_tally for all to public using (
    (select scope_city()) or district_id = any ((select scope_districts())::bigint[]));
