-- Menu (E-03, S1-9.1). The program's entries are in the program; rows hold what the city changed of them, and its own.

select set_config('app.platform', 'on', true);

create table menu_entry (
    id bigint generated always as identity primary key,
    -- key of an entry of the program; none: the city's own
    system_key text,
    directory boolean not null,
    -- none: as the program has it
    name text,
    icon text,
    path text,
    permission text,
    parent_key text,
    sort integer,
    visible boolean not null default true,
    version integer not null default 1,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    constraint menu_entry_system_key unique (system_key),
    constraint menu_entry_path_key unique (path),
    constraint menu_entry_path_check check (path ~ '^/[^/]' or path = '/'),
    constraint menu_entry_own_check check (system_key is not null or (name is not null and (path is null) = directory)),
    constraint menu_entry_system_check check (system_key is null or (path is null and permission is null))
);
alter table menu_entry enable row level security;
alter table menu_entry force row level security;
create policy menu_entry_read on menu_entry for select to public using (true);
create policy menu_entry_write on menu_entry for all to public using ((select scope_platform()));
call audit_attach('menu_entry');

insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['SYS_ADMIN'], array['platform:menu:read', 'platform:menu:write']),
    (array['SEC_ADMIN', 'AUDITOR'], array['platform:menu:read'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code;
