-- A rent standard by hand: asked for by the city's clerk, agreed to by the city's checker (domain.md §6.4, E-17).

-- Rights are rows behind row-level security; a migration works for the platform.
select set_config('app.platform', 'on', true);

alter table approval
    drop constraint approval_kind_check,
    add constraint approval_kind_check check (kind in ('USER_GRANT', 'ROLE', 'PARAMETER', 'WORKFLOW', 'RENT_STANDARD'));
alter table workflow
    drop constraint workflow_kind_check,
    add constraint workflow_kind_check check (kind in ('USER_GRANT', 'ROLE', 'PARAMETER', 'WORKFLOW', 'RENT_STANDARD'));

insert into workflow (kind, version) values ('RENT_STANDARD', 1);
insert into workflow_node (workflow_id, position, name, persons, days)
select id, 1, '复核', 1, 5 from workflow where kind = 'RENT_STANDARD';
update workflow set status = 'ON', published_at = now() where kind = 'RENT_STANDARD';

insert into role_permission (role_id, permission)
select id, permission
from role cross join unnest(array['housing:rent_standard:read', 'housing:rent_standard:check']) as permission
where code = 'CITY_CHECK'
on conflict do nothing;
