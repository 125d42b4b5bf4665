-- Import of persons (I-08), merging and deleting them, and one search over stock and persons (S0-1a).

-- Uploaded files and failed rows are sealed like the numbers in them (domain.md §2.6). Without a key: written by a
-- server that did not seal yet; such rows are read as they are until they expire.
alter table import_row
    alter column raw drop not null,
    alter column errors drop not null,
    -- {"raw": […], "errors": [{"column": …, "message": …}]}: a message repeats what stood in the cell
    add column sealed bytea,
    add column key_id smallint references cipher_key,
    add constraint import_row_content_check check (
        (sealed is null) = (key_id is null) and (sealed is null) = (raw is not null) and (raw is null) = (errors is null));
create index import_row_key on import_row (key_id) where key_id is not null;
alter table import_file add column key_id smallint references cipher_key;
-- option 更新 of I-08: what is there already is changed instead of refused
alter table import_job add column update_known boolean not null default false;

-- Whether somebody in the city holds documents, by keyed digest: yes or no, whoever keeps the record.
create function person_digests_taken(wanted bytea[]) returns setof bytea language plpgsql security definer as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
begin
    perform set_config('app.districts', '*', true);
    return query select n.digest from person_number n where n.kind = 'ID' and n.digest = any (wanted);
    perform set_config('app.districts', scope, true);
end
$$;
do $$
begin
    -- The caller's temporary tables must not be mistaken for ours.
    execute format('alter function person_digests_taken(bytea[]) set search_path = %I, pg_temp', current_schema());
end
$$;
revoke execute on function person_digests_taken(bytea[]) from public;
grant execute on function person_digests_taken(bytea[]) to housing_app;

-- One human, two records: one of them survives, the other points to it and stays as the source of its numbers.
alter table person
    add column merged_into bigint references person,
    add column merged_at timestamptz,
    add constraint person_merged_check check (merged_into <> id and (merged_into is null) = (merged_at is null));
create index person_merged on person (merged_into) where merged_into is not null;
-- PAPER: a document's number without its type, by which one human under two types of paper is noticed.
alter table person_number drop constraint person_number_kind_check;
alter table person_number add constraint person_number_kind_check check (kind in ('ID', 'PAPER', 'PHONE', 'BANK'));

-- The person's timeline (domain.md §0.5 rule 12).
create table person_history (
    id bigint generated always as identity primary key,
    person_id bigint not null references person,
    at timestamptz not null default now(),
    actor_id bigint,
    event text not null check (event in ('MERGE', 'MERGED', 'DELETE')),
    -- of a merge: the other record
    other_id bigint references person,
    reason text not null
);
create index person_history_person on person_history (person_id, id);
alter table person_history enable row level security;
alter table person_history force row level security;
create policy person_history_scope on person_history for all to public
    using (exists (select from person p where p.id = person_id));
revoke update, delete on person_history from housing_app;

-- What the search finds things by: words, single characters and initials of names and addresses. The first column of
-- the index is the scope; terms are compared by range, which is leakproof, so the index also serves behind the wall.
create table search_term (
    kind text not null check (kind in ('PROJECT', 'ESTATE', 'BUILDING', 'PERSON')),
    object_id bigint not null,
    -- 0: kept by an organisation of the whole city
    district_id bigint not null,
    estate_id bigint,
    organization_id bigint,
    term text collate "C" not null,
    primary key (kind, object_id, term)
);
create index search_term_district on search_term (district_id, kind, term, object_id);
create index search_term_estate on search_term (estate_id, kind, term, object_id) where estate_id is not null;
create index search_term_organization on search_term (organization_id, kind, term, object_id) where organization_id is not null;
alter table search_term enable row level security;
alter table search_term force row level security;
create policy search_term_scope on search_term for all to public using (
    (select scope_city()) or district_id = any ((select scope_districts())::bigint[])
    or estate_id = any ((select scope_estates())::bigint[]) or organization_id = (select scope_organization())
    or (kind = 'PROJECT' and object_id in (
        select b.project_id from building b where b.estate_id = any ((select scope_estates())::bigint[])))
);

-- What has changed since its terms were written. Words are cut by the server, so the database can only note that there
-- is something to do; no writer can forget it.
create table search_dirty (
    id bigint generated always as identity primary key,
    kind text not null,
    object_id bigint not null
);
alter table search_dirty enable row level security;
alter table search_dirty force row level security;
create policy search_dirty_append on search_dirty for insert to public
    with check ((select scope_actor()) is not null or (select scope_city()));
create policy search_dirty_work on search_dirty for all to public using ((select scope_city()));

create function search_note() returns trigger language plpgsql as $$
begin
    insert into search_dirty (kind, object_id) select upper(tg_table_name), n.id from new_rows n;
    if tg_table_name = 'estate' and tg_op = 'UPDATE' then
        -- A building is found by what its estate is called.
        insert into search_dirty (kind, object_id)
        select 'BUILDING', b.id from new_rows n join old_rows o using (id) join building b on b.estate_id = n.id
        where (n.name, n.code, n.address, n.deleted_at) is distinct from (o.name, o.code, o.address, o.deleted_at);
    end if;
    return null;
end
$$;
do $$
declare
    tbl text;
begin
    foreach tbl in array array['project', 'estate', 'building', 'person']
    loop
        execute format('create trigger search_insert after insert on %I referencing new table as new_rows
                        for each statement execute function search_note()', tbl);
        execute format('create trigger search_update after update on %I
                        referencing old table as old_rows new table as new_rows
                        for each statement execute function search_note()', tbl);
    end loop;
end
$$;
select set_config('app.districts', '*', true), set_config('app.platform', 'on', true);
insert into search_dirty (kind, object_id)
select 'PROJECT', id from project union all select 'ESTATE', id from estate union all
select 'BUILDING', id from building union all select 'PERSON', id from person;

-- I-08 is imported by who keeps persons (S1-5.4); that two records are one human is decided by the city.
insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['CITY', 'OPERATOR', 'ENTRY'], array['person:person:import', 'person:person:delete']),
    (array['CITY'], array['person:person:merge'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code;
