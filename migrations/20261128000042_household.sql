-- Households (domain.md E-05): who belongs together, and the household that a contract was made with.

create table household (
    id bigint generated always as identity primary key,
    household_no text not null,
    -- as the head's record: who keeps it, and its district, none for the whole city
    organization_id bigint not null references organization,
    district_id bigint references organization,
    head_id bigint not null references person,
    -- with the head
    size smallint not null check (size between 1 and 31),
    category text not null,
    special_tags text[] not null default '{}',
    annual_income_fen bigint not null check (annual_income_fen >= 0),
    assets_fen bigint check (assets_fen >= 0),
    -- 1/100 m²
    area_per_head integer check (area_per_head >= 0),
    remark text,
    closed_on date,
    closed_reason text,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    constraint household_no_key unique (household_no),
    constraint household_closed_check check ((closed_on is null) = (closed_reason is null))
);
create index household_scope on household (district_id, updated_at desc, id desc);
create index household_organization on household (organization_id, updated_at desc, id desc);
create index household_head on household (head_id);

-- Who belongs to it, the head too, and who belonged to it.
create table household_member (
    id bigint generated always as identity primary key,
    household_id bigint not null references household,
    person_id bigint not null references person,
    person_name text not null,
    relation text not null,
    joined_on date not null,
    left_on date,
    constraint household_member_days_check check (left_on >= joined_on)
);
-- One household at a time for everybody in the city, one head and one spouse for every household.
create unique index household_member_person_key on household_member (person_id) where left_on is null;
create unique index household_member_head_key on household_member (household_id) where left_on is null and relation = 'SELF';
create unique index household_member_spouse_key on household_member (household_id) where left_on is null and relation = 'SPOUSE';
create index household_member_of on household_member (household_id);
create index household_member_person on household_member (person_id);

-- Its timeline (domain.md §0.5 rule 12), with what every change was and is.
create table household_history (
    id bigint generated always as identity primary key,
    household_id bigint not null references household,
    at timestamptz not null default now(),
    actor_id bigint,
    event text not null,
    reason text,
    changes jsonb not null default '[]'
);
create index household_history_of on household_history (household_id, id);

call audit_attach('household');
call audit_attach('household_member');

alter table household enable row level security;
alter table household force row level security;
create policy household_scope on household for all to public using (
    (select scope_city()) or district_id = any ((select scope_districts())::bigint[])
    or organization_id = (select scope_organization()));
do $$
declare
    tbl text;
begin
    foreach tbl in array array['household_member', 'household_history']
    loop
        execute format('alter table %I enable row level security', tbl);
        execute format('alter table %I force row level security', tbl);
        execute format('create policy %1$s_scope on %1$I for all to public
                        using (exists (select from household h where h.id = household_id))', tbl);
    end loop;
end
$$;
revoke delete on household, household_member from housing_app;
revoke update, delete on household_history from housing_app;

-- With whom a contract was made: the household of its lessee when it was entered.
alter table contract add column household_id bigint references household;
create index contract_by_household on contract (household_id) where household_id is not null;

-- The household that somebody belongs to and how many they are, whoever keeps its record: what a home's layout is
-- compared with (PRM-21), and what a contract notes.
create function person_household(wanted bigint, out household bigint, out people integer) language plpgsql security definer as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
begin
    perform set_config('app.districts', '*', true);
    select h.id, h.size into household, people from household_member m join household h on h.id = m.household_id
    where m.person_id = wanted and m.left_on is null;
    perform set_config('app.districts', scope, true);
end
$$;

-- What a person's record is bound by, in the whole city: the first of it, none when it can be deleted.
create function person_binds(wanted bigint) returns text language plpgsql security definer as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
    kind text;
begin
    perform set_config('app.districts', '*', true);
    kind := case
        when exists (select from contract where person_id = wanted and deleted_at is null)
          or exists (select from contract_resident r join contract c on c.id = r.contract_id
                     where r.person_id = wanted and c.deleted_at is null) then 'CONTRACT'
        when exists (select from assignment where person_id = wanted) then 'ASSIGNMENT'
        when exists (select from account where person_id = wanted) then 'ACCOUNT'
        when exists (select from binding where person_id = wanted) then 'BINDING'
        when exists (select from household_member where person_id = wanted) then 'HOUSEHOLD'
    end;
    perform set_config('app.districts', scope, true);
    return kind;
end
$$;
do $$
declare
    fn text;
begin
    foreach fn in array array['person_household', 'person_binds']
    loop
        execute format('alter function %I(bigint) set search_path = %I, pg_temp', fn, current_schema());
        execute format('revoke execute on function %I(bigint) from public', fn);
        execute format('grant execute on function %I(bigint) to housing_app', fn);
    end loop;
end
$$;

-- What a household has is seen by who judges it and by who works with its contract; it is entered where persons are.
select set_config('app.platform', 'on', true);
insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['CITY', 'CITY_CHECK', 'DISTRICT', 'OPERATOR', 'ENTRY', 'AUDITOR'], array['person:household:read']),
    (array['CITY', 'ENTRY'], array['person:household:write'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code
on conflict do nothing;
