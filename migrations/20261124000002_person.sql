-- Persons (E-04): the first table with numbers that are sealed at rest (domain.md §2.6, §2.7). The server seals and
-- opens them; the database holds ciphertext, masks, and keyed digests to find an exact number by.

-- `app.organization`: whose people the actor is one of.
create function scope_organization() returns bigint
    language sql stable parallel safe
    return nullif(current_setting('app.organization', true), '')::bigint;

-- Keys that sealed anything here, by a check value: a key file of another installation is known before it does harm.
create table cipher_key (
    id smallint primary key check (id > 0),
    check_value bytea not null,
    created_at timestamptz not null default now()
);
alter table cipher_key enable row level security;
alter table cipher_key force row level security;
create policy cipher_key_platform on cipher_key for all to public using ((select scope_platform()));

create table person (
    id bigint generated always as identity primary key,
    -- the district of the organisation that keeps the record; none: an organisation of the whole city
    district_id bigint references organization,
    organization_id bigint not null references organization,
    name text not null,
    person_type text not null,
    id_type text not null,
    id_number bytea not null,
    id_number_mask text not null,
    id_verified text not null check (id_verified in ('UNVERIFIED', 'FORMAT_OK', 'REGISTRY_OK')),
    gender text,
    -- of a citizen the number tells the day, which together with its mask would be the number: the year alone is kept
    birth date check (id_type not in ('IDCARD', 'HKMT') or birth is null),
    birth_year integer,
    nation text,
    education text,
    marital text,
    phone bytea not null,
    phone_mask text not null,
    phone2 bytea,
    phone2_mask text,
    hukou_type text,
    hukou_address bytea,
    hukou_address_mask text,
    live_address bytea,
    live_address_mask text,
    employer text,
    job text,
    bank_name text,
    bank_holder text,
    bank_no bytea,
    bank_no_mask text,
    emergency_contact text,
    emergency_phone bytea,
    emergency_phone_mask text,
    -- the key that sealed the numbers of this row
    key_id smallint not null references cipher_key,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    deleted_at timestamptz,
    constraint person_masks_check check (
        (phone2 is null) = (phone2_mask is null) and (hukou_address is null) = (hukou_address_mask is null)
        and (live_address is null) = (live_address_mask is null) and (bank_no is null) = (bank_no_mask is null)
        and (emergency_phone is null) = (emergency_phone_mask is null)
    )
);
create index person_updated on person (district_id, updated_at desc, id desc);
create index person_organization on person (organization_id, updated_at desc, id desc);
create index person_name on person (name collate "C");
create index person_key on person (key_id);
alter table person enable row level security;
alter table person force row level security;
create policy person_scope on person for all to public using (
    (select scope_city()) or district_id = any ((select scope_districts())::bigint[])
    or organization_id = (select scope_organization())
);
call audit_attach('person');

-- Exact numbers by keyed digest. While a key is replaced a number stands here under both keys, so that the one person
-- of a document stays one in the whole city at any moment. A unique index sees past row-level security; a row does not.
create table person_number (
    person_id bigint not null references person,
    kind text not null check (kind in ('ID', 'PHONE', 'BANK')),
    key_id smallint not null references cipher_key,
    digest bytea not null,
    primary key (person_id, kind, key_id, digest)
);
create unique index person_number_id on person_number (digest, key_id) where kind = 'ID';
create index person_number_digest on person_number (digest);
alter table person_number enable row level security;
alter table person_number force row level security;
create policy person_number_scope on person_number for all to public
    using (exists (select from person p where p.id = person_id));

-- Who searched by number, and how often: nobody tries through what a mask hides.
create table person_search (
    id bigint generated always as identity primary key,
    actor_id bigint not null,
    at timestamptz not null,
    hits integer not null check (hits >= 0)
);
create index person_search_actor on person_search (actor_id, at);
alter table person_search enable row level security;
alter table person_search force row level security;
create policy person_search_own on person_search for all to public using (actor_id = (select scope_actor()));
call audit_attach('person_search');

alter table audit_log drop constraint audit_log_action_check;
alter table audit_log add constraint audit_log_action_check
    check (action in ('INSERT', 'UPDATE', 'DELETE', 'EXPORT', 'REVEAL'));

-- S1-5.4: OPERATOR, ENTRY and CITY keep persons; who else works with contracts, bills and reviews reads them. Numbers
-- in clear go to those who need them at work: the document and the telephone to whoever talks to the person, the bank
-- account to finance.
select set_config('app.platform', 'on', true);
insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['CITY', 'DISTRICT', 'OPERATOR', 'ENTRY', 'PROPERTY_APPROVER', 'FINANCE', 'AUDITOR'], array['person:person:read']),
    (array['CITY', 'OPERATOR', 'ENTRY'], array['person:person:write']),
    (array['CITY', 'DISTRICT', 'OPERATOR'], array['person:person:export', 'person:contact:clear']),
    (array['CITY', 'DISTRICT', 'ENTRY'], array['person:id_number:clear']),
    (array['CITY'], array['person:person:assign']),
    (array['CITY', 'FINANCE'], array['person:bank:clear'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code;
