-- 调换 (R-19, domain.md §3.5 C10): two households exchange their homes. One request is two rows, one for each contract and in
-- the scope of its home; they are decided about, and come into force, together or not at all.

alter table contract_change
    -- of both rows the id of the first
    add column pair_id bigint references contract_change,
    -- 承租人同意书: its number, and when it was signed
    add column consent_no text,
    add column signed_on date,
    -- the contract of the household for the home of the other
    add column new_contract_id bigint references contract;
alter table contract_change drop constraint contract_change_kind_check;
alter table contract_change add constraint contract_change_kind_check
    check (kind in ('ACCOUNT', 'PHONE', 'RESIDENTS', 'LESSEE', 'CYCLE', 'TERM', 'SWAP'));
-- The consent of the owner or operator has a number as well.
alter table contract_change add constraint contract_change_swap_check check (
    (pair_id is not null) = (kind = 'SWAP') and (consent_no is not null) = (kind = 'SWAP') and (signed_on is not null) = (kind = 'SWAP')
    and (kind <> 'SWAP' or doc_no is not null) and (new_contract_id is not null) = (kind = 'SWAP' and status = 'EFFECTIVE'));
create unique index contract_change_pair_key on contract_change (pair_id, (id = pair_id)) where pair_id is not null;
create unique index contract_change_new_key on contract_change (new_contract_id) where new_contract_id is not null;

create or replace function contract_change_hold() returns trigger language plpgsql as $$
declare
    moving text[] := array['status', 'submitted_at', 'checker_id', 'checked_at', 'opinion', 'sync_tries', 'message', 'effective_at',
                           'seam_on', 'tell_at', 'updated_at', 'version', 'bank_no', 'phone', 'key_id', 'person_id', 'new_contract_id'];
begin
    if (to_jsonb(new) - moving) is distinct from (to_jsonb(old) - moving) then
        raise exception '合同变更已录入，不能修改' using errcode = 'P0001', constraint = 'contract_change_hold';
    end if;
    return new;
end
$$;

-- Both or neither, whoever writes: at the end of every transaction the two rows stand alike. A request is written seldom, so
-- that a trigger for each row costs nothing.
create function contract_change_pair() returns trigger language plpgsql as $$
begin
    if (select count(*) <> 2 or count(distinct (p.status, p.effective_on, p.maker_id, p.checker_id)) <> 1
               or count(distinct p.contract_id) <> 2
        from contract_change p where p.pair_id = new.pair_id) then
        raise exception '调换的两份合同须一并办理' using errcode = 'P0001', constraint = 'contract_change_pair';
    end if;
    return null;
end
$$;
create constraint trigger contract_change_pair after insert or update on contract_change deferrable initially deferred
    for each row when (new.pair_id is not null) execute function contract_change_pair();

-- A contract that came by a swap: its home goes from one household to the other, and is lived in all the while (§3.27). It stands
-- in the contract because whoever sees only the one home does not see the change of the household that came from the other.
alter table contract add column swapped boolean not null default false;
alter table contract add constraint contract_swapped_check check (not swapped or prev_contract_id is not null);
create index contract_swapped on contract (district_id, estate_id) where swapped and status = 'ACTIVE';

-- Whether the household of a contract that came by a swap waits for its home to be handed over.
create function swap_waits(wanted bigint) returns boolean language sql stable as $$
    select exists (select from contract c where c.id = wanted and c.swapped
                   and not exists (select from hand_over o where o.contract_id = c.id))
$$;
-- Whether the household of a contract that a swap ended still has its old home: until that is handed over to the other.
create function swap_leaving(wanted bigint) returns boolean language sql stable as $$
    select exists (select from contract c join contract n on n.unit_id = c.unit_id and n.start_on = c.ended_on + 1
                   where c.id = wanted and c.status = 'RENEWED' and n.swapped and n.person_id <> c.person_id
                     and n.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED')
                     and not exists (select from hand_over o where o.contract_id = n.id))
$$;
