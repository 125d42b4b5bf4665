-- The one search finds contracts too (S0-1a): by number and by the lessee's name, in the scope of the estate.
alter table search_term drop constraint search_term_kind_check;
alter table search_term add constraint search_term_kind_check
    check (kind in ('PROJECT', 'ESTATE', 'BUILDING', 'PERSON', 'CONTRACT'));

-- A contract changes its status many times and its number once: only what it is found by is noted.
create function search_note_contract() returns trigger language plpgsql as $$
begin
    insert into search_dirty (kind, object_id)
    select 'CONTRACT', n.id from new_rows n join old_rows o using (id)
    where (n.contract_no, n.lessee_name, n.deleted_at) is distinct from (o.contract_no, o.lessee_name, o.deleted_at);
    return null;
end
$$;
create trigger search_insert after insert on contract referencing new table as new_rows
    for each statement execute function search_note();
create trigger search_update after update on contract referencing old table as old_rows new table as new_rows
    for each statement execute function search_note_contract();
select set_config('app.districts', '*', true), set_config('app.platform', 'on', true);
insert into search_dirty (kind, object_id) select 'CONTRACT', id from contract;
