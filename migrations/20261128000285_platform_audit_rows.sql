-- The operation log with before and after of every row, also of bulk statements (domain.md §0.5 rule 8, E-125), and
-- without telephone numbers in clear (§2.7).
--
-- A statement that changes more rows than `audit_batch_rows` leaves lines of up to `audit_page_rows` rows each: the ids stand in
-- `object_ids`, and the elements of `before` and `after` in the same order. Of an update only what differs is kept. A line
-- per row would cost four index entries and a seal for each of a million flats, and bury what people did.

alter table audit_log
    add column object_ids bigint[],
    add constraint audit_log_object_check check (
        object_ids is null or (object_id is null and cardinality(object_ids) = rows));
create index audit_log_objects on audit_log using gin (object_ids) where object_ids is not null;

-- Two hundred rows of one table are alike: they shrink to a fifth, and with this method almost for nothing.
do $$
begin
    alter table audit_log alter column before set compression lz4, alter column after set compression lz4;
exception
    -- built without it; the usual method is slower and no worse
    when feature_not_supported then null;
end
$$;

-- What was sealed before there were ids of many keeps its hash.
create or replace function audit_row_hash(entry audit_log) returns bytea
    language sql stable parallel safe
    return sha256(convert_to((case when entry.object_ids is null then to_jsonb(entry) - array['xid', 'object_ids']
                                   else to_jsonb(entry) - 'xid' end)::text, 'UTF8'));

-- Rows in one line of the log.
create function audit_page_rows() returns integer language sql immutable parallel safe return 200;

-- `138****5678`, as domain::value::Phone masks it.
create function phone_masked(phone text) returns text language sql immutable parallel safe
    return left(phone, 3) || '****' || right(phone, 4);

-- A row as the log keeps it. Telephones of persons are sealed in their tables; those of organisations, operators and estates
-- are not, and the log outlives both. `before`: what it was; two numbers with one mask are told apart.
create function audit_masked(entry jsonb, before jsonb default null) returns jsonb language sql immutable parallel safe
    return case when (entry ->> 'phone') ~ '^[0-9-]{7,}$'
        then entry || jsonb_build_object('phone', phone_masked(entry ->> 'phone')
            || case when (before ->> 'phone') <> (entry ->> 'phone')
                     and phone_masked(before ->> 'phone') = phone_masked(entry ->> 'phone') then '（已更换）' else '' end)
        else entry end;

create or replace function audit_write() returns trigger language plpgsql as $$
declare
    changed integer;
    source text;
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
        -- `offset 0`: each row becomes JSON once and not for each of its columns.
        source := case tg_op
            when 'INSERT' then
                'select r.id, null::jsonb as was, audit_masked(r.later) as becomes
                 from (select n.id, to_jsonb(n) as later from new_rows n offset 0) r'
            when 'DELETE' then
                'select r.id, audit_masked(r.earlier) as was, null::jsonb as becomes
                 from (select o.id, to_jsonb(o) as earlier from old_rows o offset 0) r'
            else
                $update$select r.id, audit_masked(d.was) as was, audit_masked(d.becomes, d.was) as becomes
                 from (select n.id, to_jsonb(o) as earlier, to_jsonb(n) as later
                       from new_rows n join old_rows o using (id) offset 0) r
                 cross join lateral (
                     select coalesce(jsonb_object_agg(key, r.earlier -> key), '{}') as was,
                            coalesce(jsonb_object_agg(key, value), '{}') as becomes
                     from jsonb_each(r.later) where value is distinct from (r.earlier -> key)) d$update$
            end;
        -- Planned anew each time: a plan that was made for a few rows would compare each of a hundred thousand with each.
        execute format(
            'insert into audit_log (actor_id, action, object_type, rows, object_ids, before, after)
             select scope_actor(), $1, $2, count(*), array_agg(id order by id),
                    case when $1 <> ''INSERT'' then jsonb_agg(was order by id) end,
                    case when $1 <> ''DELETE'' then jsonb_agg(becomes order by id) end
             from (select s.*, (row_number() over (order by id) - 1) / audit_page_rows() as page from (%s) s) p
             group by page order by page', source)
        using tg_op, tg_table_name;
    elsif tg_op = 'INSERT' then
        insert into audit_log (actor_id, action, object_type, object_id, rows, after)
        select scope_actor(), tg_op, tg_table_name, n.id, 1, audit_masked(to_jsonb(n)) from new_rows n;
    elsif tg_op = 'UPDATE' then
        insert into audit_log (actor_id, action, object_type, object_id, rows, before, after)
        select scope_actor(), tg_op, tg_table_name, n.id, 1, audit_masked(to_jsonb(o)), audit_masked(to_jsonb(n), to_jsonb(o))
        from new_rows n join old_rows o using (id);
    else
        insert into audit_log (actor_id, action, object_type, object_id, rows, before)
        select scope_actor(), tg_op, tg_table_name, o.id, 1, audit_masked(to_jsonb(o)) from old_rows o;
    end if;
    return null;
end
$$;
