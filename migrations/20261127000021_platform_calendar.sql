-- Working-day calendar (E-137, S1-9.13): the days that differ from their weekday.

select set_config('app.platform', 'on', true);

create table holiday (
    id bigint generated always as identity primary key,
    date date not null,
    kind text not null check (kind in ('REST', 'WORK')),
    name text not null default '',
    updated_at timestamptz not null default now(),
    updated_by bigint,
    constraint holiday_date_key unique (date)
);
alter table holiday enable row level security;
alter table holiday force row level security;
create policy holiday_read on holiday for select to public using (true);
create policy holiday_write on holiday for all to public using ((select scope_platform()));
call audit_attach('holiday');

insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['SYS_ADMIN'], array['platform:calendar:read', 'platform:calendar:write']),
    (array['CITY', 'CITY_CHECK', 'DISTRICT', 'STREET', 'AUDITOR'], array['platform:calendar:read'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code;
