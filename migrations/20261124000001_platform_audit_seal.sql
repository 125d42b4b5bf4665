-- The audit log as a chain (domain.md §2.6): a sealer adds blocks of committed rows, each with the hash of the
-- one before it. Chaining inside every transaction would make all writers wait for each other.

-- In which transaction a row was written: all transactions below the horizon of a snapshot have ended, so their
-- rows are complete and in one order, whatever number each of them drew.
alter table audit_log add column xid xid8 not null default pg_current_xact_id();
create index audit_log_order on audit_log (xid, id);

create index audit_log_at on audit_log (at, id);

create table audit_block (
    seq bigint primary key check (seq > 0),
    at timestamptz not null default clock_timestamp(),
    -- the last row of the block in the order (xid, id)
    to_xid xid8 not null,
    to_id bigint not null,
    row_ids bigint[] not null,
    -- 32 bytes per row, in the same order
    row_hashes bytea not null check (length(row_hashes) = 32 * cardinality(row_ids)),
    previous bytea not null check (length(previous) = 32),
    hash bytea not null check (length(hash) = 32)
);

alter table audit_block enable row level security;
alter table audit_block force row level security;
create policy audit_block_read on audit_block for select to public using ((select scope_platform()));
create policy audit_block_append on audit_block for insert to public with check ((select scope_platform()));
revoke insert, update, delete on audit_block from housing_app;

-- What is sealed of a row: all of it, in the one spelling that jsonb has for a value.
create function audit_row_hash(entry audit_log) returns bytea
    language sql stable parallel safe
    return sha256(convert_to((to_jsonb(entry) - 'xid')::text, 'UTF8'));

-- Adds one block of at most `most` rows; answers how many it took. One sealer at a time, others leave at once.
create function audit_seal(most integer) returns integer language plpgsql as $$
declare
    last audit_block;
    block audit_block;
begin
    if not pg_try_advisory_xact_lock(hashtext('audit_seal')) then
        return 0;
    end if;
    select * into last from audit_block order by seq desc limit 1;
    select array_agg(r.id order by r.xid, r.id), string_agg(r.hash, ''::bytea order by r.xid, r.id),
           max(r.xid)
    into block.row_ids, block.row_hashes, block.to_xid
    from (
        select a.id, a.xid, audit_row_hash(a) as hash from audit_log a
        where (a.xid, a.id) > (coalesce(last.to_xid, '0'::xid8), coalesce(last.to_id, 0))
          and a.xid < pg_snapshot_xmin(pg_current_snapshot())
        order by a.xid, a.id limit most
    ) r;
    if block.row_ids is null then
        return 0;
    end if;
    block.to_id := block.row_ids[cardinality(block.row_ids)];
    block.previous := coalesce(last.hash, sha256(''::bytea));
    insert into audit_block (seq, to_xid, to_id, row_ids, row_hashes, previous, hash)
    values (coalesce(last.seq, 0) + 1, block.to_xid, block.to_id, block.row_ids, block.row_hashes, block.previous,
            sha256(block.previous || block.row_hashes));
    return cardinality(block.row_ids);
end
$$;

-- Rights are rows behind row-level security; a migration works for the platform.
select set_config('app.platform', 'on', true);
insert into role_permission (role_id, permission)
select id, 'platform:audit:read' from role where code in ('AUDITOR', 'SEC_ADMIN');
