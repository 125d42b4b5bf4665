-- Who lives in which room (domain.md S1-5.4, S1-5.9, §7.9 I-09): one room at a time for a person, in the whole city.

create table binding (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    unit_id bigint not null references unit,
    room_id bigint not null references room,
    person_id bigint not null references person,
    -- as the contract or the record named him: who sees the home need not see the person's record
    person_name text not null,
    relation text not null check (relation in ('LESSEE', 'CO_RESIDENT')),
    from_on date not null,
    -- the last day; none: lives there
    to_on date,
    -- none: the home was taken over without one
    contract_id bigint references contract,
    ended_reason text,
    ended_at timestamptz,
    ended_by bigint,
    created_at timestamptz not null default now(),
    created_by bigint,
    constraint binding_days_check check (to_on >= from_on),
    constraint binding_ended_check check ((to_on is null) = (ended_at is null) and (to_on is null) = (ended_reason is null))
);
create unique index binding_person_key on binding (person_id) where to_on is null;
create unique index binding_lessee_key on binding (room_id) where to_on is null and relation = 'LESSEE';
create index binding_room on binding (room_id) where to_on is null;
create index binding_person on binding (person_id, from_on desc);
create index binding_unit on binding (unit_id, from_on desc);
create index binding_contract on binding (contract_id) where contract_id is not null;
create index binding_scope on binding (district_id, from_on desc, id desc);
create index binding_estate on binding (estate_id, from_on desc, id desc);

call audit_attach('binding');

alter table binding enable row level security;
alter table binding force row level security;
create policy binding_scope on binding for all to public using (
    (select scope_city())
    or district_id = any ((select scope_districts())::bigint[])
    or estate_id = any ((select scope_estates())::bigint[]));
revoke delete on binding from housing_app;

-- Which of these persons live in a room, wherever in the city: yes or no for each.
create function persons_bound(wanted bigint[]) returns setof bigint language plpgsql security definer as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
begin
    perform set_config('app.districts', '*', true);
    return query select b.person_id from binding b where b.person_id = any (wanted) and b.to_on is null;
    perform set_config('app.districts', scope, true);
end
$$;
do $$
begin
    execute format('alter function persons_bound(bigint[]) set search_path = %I, pg_temp', current_schema());
end
$$;
revoke execute on function persons_bound(bigint[]) from public;
grant execute on function persons_bound(bigint[]) to housing_app;

select set_config('app.platform', 'on', true);
insert into role_permission (role_id, permission)
select id, 'tenancy:binding:write' from role where code in ('OPERATOR', 'ENTRY')
on conflict do nothing;
