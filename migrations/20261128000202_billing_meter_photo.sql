-- A reading has photos of the meter (E-102 photo), beside whatever had files before. Readings that were never charged are really
-- deleted – with a period that was opened by mistake, with an exit that is revoked – and take their photos along.
do $$
declare
    known text := (select pg_get_constraintdef(oid) from pg_constraint where conname = 'attachment_owner_check');
    seen text := (select pg_get_expr(polqual, polrelid) from pg_policy where polname = 'attachment_scope');
begin
    alter table attachment drop constraint attachment_owner_check;
    execute format('alter table attachment add constraint attachment_owner_check check (owner = ''METER_READING'' or %s)', substring(known from 7));
    -- What is left of a reading that is gone is for the sweeper, which sees the city.
    execute format('alter policy attachment_scope on attachment using (
        (owner = ''METER_READING'' and (exists (select from meter_reading o where o.id = owner_id)
                                      or deleted_at is not null and (select scope_city()))) or (%s))', seen);
end
$$;

create function meter_reading_files() returns trigger language plpgsql as $$
begin
    update attachment set deleted_at = now(), deleted_by = coalesce((select scope_actor()), 0), delete_reason = '所属记录已删除'
    where owner = 'METER_READING' and owner_id = old.id and deleted_at is null;
    return old;
end
$$;
create trigger meter_reading_files before delete on meter_reading for each row execute function meter_reading_files();
