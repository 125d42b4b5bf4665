-- Audit: every write is recorded by the database, with before and after (domain.md §0.5 rule 8).
-- Statement triggers with transition tables: a bulk statement leaves ONE row with its count, which
-- keeps a million imported flats from becoming a million audit rows.

create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    actor_id bigint,
    action text not null check (action in ('INSERT', 'UPDATE', 'DELETE', 'EXPORT')),
    object_type text not null,
    object_id bigint,
    rows integer not null check (rows >= 0),
    before jsonb,
    after jsonb
);

alter table audit_log enable row level security;
alter table audit_log force row level security;
create policy audit_append on audit_log for insert to public with check (true);
create policy audit_read on audit_log for select to public using ((select scope_platform()));
revoke update, delete on audit_log from housing_app;

create index audit_log_object on audit_log (object_type, object_id);

-- Above this many rows a statement counts as bulk work and is audited as one batch.
create function audit_batch_rows() returns integer language sql immutable parallel safe return 20;

create function audit_write() returns trigger language plpgsql as $$
declare
    changed integer;
begin
    if tg_op = 'DELETE' then
        select count(*) into changed from old_rows;
    else
        select count(*) into changed from new_rows;
    end if;
    if changed = 0 then
        return null;
    end if;
    if changed > audit_batch_rows() then
        if tg_op = 'DELETE' then
            insert into audit_log (actor_id, action, object_type, rows, before)
            select scope_actor(), tg_op, tg_table_name, changed,
                   jsonb_build_object('first_id', min(id), 'last_id', max(id)) from old_rows;
        else
            insert into audit_log (actor_id, action, object_type, rows, after)
            select scope_actor(), tg_op, tg_table_name, changed,
                   jsonb_build_object('first_id', min(id), 'last_id', max(id)) from new_rows;
        end if;
    elsif tg_op = 'INSERT' then
        insert into audit_log (actor_id, action, object_type, object_id, rows, after)
        select scope_actor(), tg_op, tg_table_name, n.id, 1, to_jsonb(n) from new_rows n;
    elsif tg_op = 'UPDATE' then
        insert into audit_log (actor_id, action, object_type, object_id, rows, before, after)
        select scope_actor(), tg_op, tg_table_name, n.id, 1, to_jsonb(o), to_jsonb(n)
        from new_rows n join old_rows o using (id);
    else
        insert into audit_log (actor_id, action, object_type, object_id, rows, before)
        select scope_actor(), tg_op, tg_table_name, o.id, 1, to_jsonb(o) from old_rows o;
    end if;
    return null;
end
$$;

-- Puts the three audit triggers on a table that has an `id bigint`.
create procedure audit_attach(tbl regclass) language plpgsql as $$
begin
    execute format('create trigger audit_insert after insert on %s referencing new table as new_rows
                    for each statement execute function audit_write()', tbl);
    execute format('create trigger audit_update after update on %s
                    referencing old table as old_rows new table as new_rows
                    for each statement execute function audit_write()', tbl);
    execute format('create trigger audit_delete after delete on %s referencing old table as old_rows
                    for each statement execute function audit_write()', tbl);
end
$$;
