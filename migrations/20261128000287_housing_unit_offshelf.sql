-- U9 (domain.md §3.27): a unit that is demolished or transferred goes OFFSHELF. The city's clerk asks with the paper's number, the
-- city's checker agrees.

-- Rights are rows behind row-level security; a migration works for the platform.
select set_config('app.platform', 'on', true);

alter table approval
    drop constraint approval_kind_check,
    add constraint approval_kind_check check (
        kind in ('USER_GRANT', 'ROLE', 'PARAMETER', 'WORKFLOW', 'RENT_STANDARD', 'UNIT_OFFSHELF'));
alter table workflow
    drop constraint workflow_kind_check,
    add constraint workflow_kind_check check (
        kind in ('USER_GRANT', 'ROLE', 'PARAMETER', 'WORKFLOW', 'RENT_STANDARD', 'UNIT_OFFSHELF'));

insert into workflow (kind, version) values ('UNIT_OFFSHELF', 1);
insert into workflow_node (workflow_id, position, name, persons, days)
select id, 1, '复核', 1, 5 from workflow where kind = 'UNIT_OFFSHELF';
update workflow set status = 'ON', published_at = now() where kind = 'UNIT_OFFSHELF';

insert into role_permission (role_id, permission)
select r.id, g.permission
from (values ('CITY', 'housing:unit_offshelf:write'), ('CITY_CHECK', 'housing:unit_offshelf:check')) as g (role, permission)
join role r on r.code = g.role
on conflict do nothing;
