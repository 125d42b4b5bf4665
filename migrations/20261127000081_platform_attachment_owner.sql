-- Files of records that were deleted or merged before their files went with them: those of a deleted record are deleted
-- now, so that the sweeper finds them, those of a merged person go to the survivor (S1-5.4).

-- Files are rows behind row-level security; a migration works for the city.
select set_config('app.districts', '*', true);

update attachment a set deleted_at = now(), deleted_by = coalesce(o.updated_by, a.created_by, 0), delete_reason = '所属记录已删除'
from (
    select 'PERSON' as owner, id, updated_by from person where deleted_at is not null
    union all select 'PROJECT', id, updated_by from project where deleted_at is not null
    union all select 'ESTATE', id, updated_by from estate where deleted_at is not null
    union all select 'BUILDING', id, updated_by from building where deleted_at is not null
    union all select 'UNIT', id, updated_by from unit where deleted_at is not null
    union all select 'ASSET_MASTER', id, updated_by from asset_master where deleted_at is not null
) o
where a.owner = o.owner and a.owner_id = o.id and a.deleted_at is null;

update attachment a set owner_id = p.merged_into from person p
where a.owner = 'PERSON' and a.owner_id = p.id and p.merged_into is not null;

select set_config('app.districts', '', true);
