-- Handing a home over to its lessee (domain.md S4-1.5.3, §3.27 U6; E-104).

create table hand_over (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    unit_id bigint not null references unit,
    contract_id bigint not null references contract,
    handed_on date not null,
    keys smallint not null check (keys between 1 and 99),
    -- who signed for it: the lessee, or whom he sent
    signed_by text not null,
    remark text,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    constraint hand_over_contract_key unique (contract_id)
);
create index hand_over_scope on hand_over (district_id, handed_on desc, id desc);
create index hand_over_estate on hand_over (estate_id, handed_on desc, id desc);
create index hand_over_unit on hand_over (unit_id);

-- What the meters showed, in hundredths.
create table hand_over_reading (
    hand_over_id bigint not null references hand_over,
    meter text not null check (meter in ('WATER', 'POWER', 'GAS', 'HEAT')),
    district_id bigint not null,
    estate_id bigint not null,
    reading bigint not null check (reading >= 0),
    primary key (hand_over_id, meter)
);

-- What stood in the home, and how it was.
create table hand_over_item (
    hand_over_id bigint not null references hand_over,
    seq smallint not null,
    district_id bigint not null,
    estate_id bigint not null,
    name text not null,
    quantity smallint not null check (quantity between 1 and 255),
    state text not null check (state in ('GOOD', 'WORN', 'DAMAGED', 'MISSING')),
    primary key (hand_over_id, seq)
);

-- Its timeline (domain.md §0.5 rule 12), with what every change was and is.
create table hand_over_history (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    hand_over_id bigint not null references hand_over,
    at timestamptz not null default now(),
    actor_id bigint,
    event text not null,
    changes jsonb not null default '[]'
);
create index hand_over_history_record on hand_over_history (hand_over_id, id);

-- What waits for its hand-over is found by the few homes that are SIGNED.
create index unit_signed on unit (district_id, estate_id) where status = 'SIGNED' and deleted_at is null;

call audit_attach('hand_over');

do $$
declare
    tbl text;
begin
    foreach tbl in array array['hand_over', 'hand_over_reading', 'hand_over_item', 'hand_over_history']
    loop
        execute format('alter table %I enable row level security', tbl);
        execute format('alter table %I force row level security', tbl);
        execute format($policy$
            create policy %1$s_scope on %1$I for all to public using (
                (select scope_city())
                or district_id = any ((select scope_districts())::bigint[])
                or estate_id = any ((select scope_estates())::bigint[]))
        $policy$, tbl);
    end loop;
end
$$;
revoke delete on hand_over from housing_app;
revoke update, delete on hand_over_history from housing_app;

-- Contracts and hand-overs have files.
alter table attachment drop constraint attachment_owner_check;
alter table attachment add constraint attachment_owner_check
    check (owner in ('PERSON', 'PROJECT', 'ESTATE', 'BUILDING', 'UNIT', 'ASSET_MASTER', 'CONTRACT', 'HAND_OVER'));
alter policy attachment_scope on attachment using (
    case owner
        when 'PERSON' then exists (select from person o where o.id = owner_id)
        when 'PROJECT' then exists (select from project o where o.id = owner_id)
        when 'ESTATE' then exists (select from estate o where o.id = owner_id)
        when 'BUILDING' then exists (select from building o where o.id = owner_id)
        when 'UNIT' then exists (select from unit o where o.id = owner_id)
        when 'ASSET_MASTER' then exists (select from asset_master o where o.id = owner_id)
        when 'CONTRACT' then exists (select from contract o where o.id = owner_id)
        when 'HAND_OVER' then exists (select from hand_over o where o.id = owner_id)
        else false
    end);

-- Whoever approves a contract looks at what was signed, for a reason that is written down.
select set_config('app.platform', 'on', true);
insert into role_permission (role_id, permission)
select id, 'person:attachment:clear' from role where code = 'PROPERTY_APPROVER'
on conflict do nothing;
