-- Number ranges (S1-9.10): rules where the city has its own, and how far each serial is.

select set_config('app.platform', 'on', true);

create table number_rule (
    id bigint generated always as identity primary key,
    kind text not null,
    prefix text not null,
    date_part text not null check (date_part in ('NONE', 'YEAR', 'MONTH', 'DAY')),
    length smallint not null check (length between 1 and 12),
    reset text not null check (reset in ('NONE', 'YEAR', 'MONTH', 'DAY')),
    version integer not null default 1,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    constraint number_rule_kind_key unique (kind)
);
alter table number_rule enable row level security;
alter table number_rule force row level security;
create policy number_rule_read on number_rule for select to public using (true);
create policy number_rule_write on number_rule for all to public using ((select scope_platform()));
call audit_attach('number_rule');

-- The last serial that was given. Whoever takes a number holds the row until his transaction ends: nobody gets the same
-- one, and what is rolled back gives its number back. `scope` parts a kind, e.g. by district; empty: the whole city.
create table number_serial (
    kind text not null,
    scope text not null,
    period text not null,
    last bigint not null check (last >= 0),
    primary key (kind, scope, period),
    constraint number_serial_period_check check (period ~ '^[0-9]{0,8}$')
);
alter table number_serial enable row level security;
alter table number_serial force row level security;
-- Everybody who works takes numbers.
create policy number_serial_scope on number_serial for all to public
    using ((select scope_platform()) or (select scope_actor()) is not null);
revoke delete on number_serial from housing_app;

-- Counting sheets had no number; those that are there keep none.
alter table asset_count add column count_no text;
create unique index asset_count_no_key on asset_count (count_no);

insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['SYS_ADMIN'], array['platform:numbering:read', 'platform:numbering:write']),
    (array['CITY', 'AUDITOR'], array['platform:numbering:read'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code;
