-- Dictionaries (E-06, S1-9.4). The program's own are in the program; rows hold what the city says about their values,
-- and the dictionaries that it keeps for itself.

select set_config('app.platform', 'on', true);

create table dictionary_type (
    id bigint generated always as identity primary key,
    code text not null check (code ~ '^[A-Za-z0-9._-]{1,50}$'),
    name text not null,
    off boolean not null default false,
    version integer not null default 1,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    constraint dictionary_type_code_key unique (code),
    constraint dictionary_type_name_key unique (name)
);

create table dictionary_item (
    id bigint generated always as identity primary key,
    -- a dictionary of the program or a row of dictionary_type
    type_code text not null,
    code text not null check (code ~ '^[A-Za-z0-9._-]{1,50}$'),
    -- none: as the program calls it
    label text,
    sort integer,
    color text,
    standard_code text,
    is_default boolean not null default false,
    off boolean not null default false,
    version integer not null default 1,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    constraint dictionary_item_code_key unique (type_code, code),
    constraint dictionary_item_default_check check (not (is_default and off))
);
create unique index dictionary_item_label_key on dictionary_item (type_code, label);
create unique index dictionary_item_default_key on dictionary_item (type_code) where is_default;

-- Everybody reads them: they are on every page.
alter table dictionary_type enable row level security;
alter table dictionary_type force row level security;
create policy dictionary_type_read on dictionary_type for select to public using (true);
create policy dictionary_type_write on dictionary_type for all to public using ((select scope_platform()));
alter table dictionary_item enable row level security;
alter table dictionary_item force row level security;
create policy dictionary_item_read on dictionary_item for select to public using (true);
create policy dictionary_item_write on dictionary_item for all to public using ((select scope_platform()));
call audit_attach('dictionary_type');
call audit_attach('dictionary_item');

insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['SYS_ADMIN'], array['platform:dictionary:read', 'platform:dictionary:write']),
    (array['CITY', 'AUDITOR'], array['platform:dictionary:read'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code;
