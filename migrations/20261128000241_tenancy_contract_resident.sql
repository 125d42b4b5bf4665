-- Who lives there with the lessee is a part of what was approved, and of the contract's digest: it changes, like the contract
-- itself, by a change (C10), a take-over or the merge of two records, which say so in `app.contract`.
create function contract_resident_hold() returns trigger language plpgsql as $$
declare
    touched contract_resident := case when tg_op = 'DELETE' then old else new end;
begin
    if coalesce(current_setting('app.contract', true), '') <> 'change'
       and exists (select from contract c where c.id = touched.contract_id and c.status not in ('DRAFT', 'PENDING')) then
        raise exception '合同已审批，不能修改或删除' using errcode = 'P0001', constraint = 'contract_hold';
    end if;
    return touched;
end
$$;
create trigger contract_resident_hold before insert or update or delete on contract_resident
    for each row execute function contract_resident_hold();
