-- A refused disposal gives the card back what it was (domain.md §3.19 T4): one that was changed before (T3) stays changed.
-- What it was stands in the request, because the card itself waits under DISPOSAL_PENDING.
alter table asset_change add column card_status text
    constraint asset_change_card_status_check check (card_status in ('REGISTERED', 'CHANGED'));

-- Of what waits already it is told by what was decided before: a change of the card, or of a master card a part that left it.
select set_config('app.districts', '*', true);
update asset_change c set card_status = case when exists (
        select from asset_change d where d.master_id = c.master_id and d.state = 'APPROVED'
            and (d.kind = 'CHANGE' and d.sub_id is not distinct from c.sub_id
                 or d.kind = 'DISPOSE' and c.sub_id is null and d.sub_id is not null)
    ) then 'CHANGED' else 'REGISTERED' end
where c.kind = 'DISPOSE' and c.state = 'PENDING';
