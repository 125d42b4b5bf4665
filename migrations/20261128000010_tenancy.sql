-- Letting a home (domain.md §3.5, §3.27 U4 to U6; E-40, E-44): directed assignment, contract, household account. Money is
-- integer fen, areas are 1/100 m², rates 1/10000 yuan.

-- Directed assignment (直接分配, U4): one proposes, another confirms; it lasts until the contract, or lapses.
create table assignment (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    unit_id bigint not null references unit,
    person_id bigint not null references person,
    -- of the person when he was chosen: who sees the home's district need not see the person's record
    person_name text not null,
    id_number_mask text not null,
    status text not null default 'PENDING'
        check (status in ('PENDING', 'CONFIRMED', 'REFUSED', 'RELEASED', 'LAPSED', 'SIGNED')),
    reason text not null,
    document_no text,
    maker_id bigint not null,
    made_at timestamptz not null default now(),
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    -- last day for signing (PRM-23); after it the home is free again
    expires_on date,
    -- why it ended without a contract
    ended_reason text,
    ended_at timestamptz,
    ended_by bigint,
    version integer not null default 1,
    constraint assignment_checker_check check (checker_id <> maker_id),
    constraint assignment_checked_check check (
        (checker_id is null) = (checked_at is null) and (status <> 'PENDING' or checker_id is null)
        and (status not in ('CONFIRMED', 'REFUSED', 'LAPSED', 'SIGNED') or checker_id is not null)),
    constraint assignment_refused_check check (status <> 'REFUSED' or opinion is not null),
    constraint assignment_expires_check check (status not in ('CONFIRMED', 'LAPSED', 'SIGNED') or expires_on is not null),
    constraint assignment_ended_check check ((ended_at is not null) = (status in ('RELEASED', 'LAPSED')))
);
-- One home at a time for a person, one person at a time for a home.
create unique index assignment_unit_key on assignment (unit_id) where status in ('PENDING', 'CONFIRMED');
create unique index assignment_person_key on assignment (person_id) where status in ('PENDING', 'CONFIRMED');
create index assignment_scope on assignment (district_id, status, made_at desc);
create index assignment_estate on assignment (estate_id, status);
create index assignment_expires on assignment (expires_on) where status = 'CONFIRMED';

-- The household's account (分户, E-44 level 3). Levels 2 (door) and 1 (project) are sums over their accounts and have no
-- row. Both balances are what the ledger yields; a trigger of the ledger keeps them.
create table account (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    building_id bigint not null references building,
    unit_id bigint not null references unit,
    person_id bigint not null references person,
    account_no text not null generated always as ('ZH' || lpad(id::text, 10, '0')) stored,
    -- 账户余额: paid and not yet used
    balance_fen bigint not null default 0 constraint account_balance_check check (balance_fen >= 0),
    deposit_fen bigint not null default 0 constraint account_deposit_check check (deposit_fen >= 0),
    status text not null default 'ON' check (status in ('ON', 'OFF')),
    opened_on date not null,
    closed_on date,
    version integer not null default 1,
    constraint account_no_key unique (account_no),
    constraint account_closed_check check ((status = 'OFF') = (closed_on is not null))
);
create unique index account_open_key on account (unit_id, person_id) where status = 'ON';
create index account_scope on account (district_id, estate_id);
create index account_unit on account (unit_id);
create index account_person on account (person_id);

create table contract (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    unit_id bigint not null references unit,
    -- HT{yyyy}{district6}{6 digits}; fixed at the approval (C2), unless an import brought one
    contract_no text,
    assignment_id bigint references assignment,
    account_id bigint references account,
    prev_contract_id bigint references contract,
    -- 出租方: who manages the home
    lessor_id bigint not null references organization,
    person_id bigint not null references person,
    -- the lessee as he signs
    lessee_name text not null,
    id_number bytea not null,
    id_number_mask text not null,
    phone bytea not null,
    phone_mask text not null,
    -- the home as it is let
    address text not null,
    layout text not null,
    building_area integer not null check (building_area > 0),
    usable_area integer not null check (usable_area > 0),
    category text not null,
    rent_standard_id bigint not null references rent_standard,
    unit_rate integer not null check (unit_rate > 0),
    area_basis text not null check (area_basis in ('USABLE', 'BUILDING', 'INNER')),
    -- the area that the rent is computed from
    rent_area integer not null check (rent_area > 0),
    base_rent_fen bigint not null check (base_rent_fen > 0),
    reduction_fen bigint not null default 0 check (reduction_fen >= 0),
    monthly_rent_fen bigint not null check (monthly_rent_fen >= 0),
    deposit_fen bigint not null check (deposit_fen >= 0),
    start_on date not null,
    end_on date not null,
    -- the days before it are free (免租)
    rent_start_on date not null,
    -- months in one bill, and in the first one
    pay_cycle smallint not null check (pay_cycle in (1, 3, 6, 12)),
    first_pay_months smallint not null default 1 check (first_pay_months between 1 and 12),
    split text not null check (split in ('NATURAL', 'CONTRACT')),
    due_day smallint not null check (due_day between 1 and 28),
    bank_name text not null,
    bank_no bytea not null,
    bank_no_mask text not null,
    bank_holder text not null,
    debit_agreement_no text,
    -- §2.10: doors may be restricted for arrears only where the contract says so
    block_access_clause boolean not null default false,
    -- R-13: the clauses on liability and on giving back were explained on that day, before signing
    explained_on date,
    sign_on date not null,
    sign_mode text not null check (sign_mode in ('PAPER', 'ELECTRONIC')),
    -- R-14: filed with the authority within 30 days
    filing_no text,
    filed_on date,
    remark text,
    status text not null default 'DRAFT' check (status in ('DRAFT', 'PENDING', 'REJECTED', 'APPROVED_SYNCING',
        'SYNC_FAILED', 'ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'TERMINATED', 'EXPIRED', 'RENEWED', 'VOID')),
    submitted_at timestamptz,
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    -- SHA-256 of what was approved
    digest text,
    -- how often the bank was told, what it said last, and since when it knows
    sync_tries integer not null default 0,
    sync_message text,
    synced_at timestamptz,
    active_at timestamptz,
    ended_on date,
    -- who wrote what is approved: none of them approves it (domain.md §0.5 rule 5)
    author_ids bigint[] not null default '{}',
    key_id smallint not null references cipher_key,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    deleted_at timestamptz,
    constraint contract_area_check check (usable_area <= building_area),
    constraint contract_rent_check check (monthly_rent_fen = base_rent_fen - reduction_fen),
    constraint contract_term_check check (end_on > start_on and rent_start_on between start_on and end_on
        and sign_on <= start_on),
    constraint contract_checker_check check (checker_id <> created_by and not checker_id = any (author_ids)),
    constraint contract_decided_check check ((checker_id is null) = (checked_at is null)
        and (status not in ('DRAFT', 'PENDING') or checker_id is null)),
    constraint contract_rejected_check check (status <> 'REJECTED' or opinion is not null),
    constraint contract_no_check check (status in ('DRAFT', 'PENDING', 'REJECTED', 'VOID') or contract_no is not null),
    constraint contract_digest_check check (status in ('DRAFT', 'PENDING', 'REJECTED', 'VOID') or digest is not null),
    constraint contract_account_check check (
        status in ('DRAFT', 'PENDING', 'REJECTED', 'APPROVED_SYNCING', 'SYNC_FAILED', 'VOID') or account_id is not null),
    constraint contract_deleted_check check (deleted_at is null or status in ('DRAFT', 'PENDING', 'REJECTED'))
);
create unique index contract_no_key on contract (contract_no) where deleted_at is null;
-- 该房间已有履行中的合同, 承租人已有履行中的合同: one that runs, and beside it at most one that is to follow it.
create unique index contract_unit_running_key on contract (unit_id)
    where status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING');
create unique index contract_person_running_key on contract (person_id)
    where status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING');
create unique index contract_unit_coming_key on contract (unit_id)
    where status in ('DRAFT', 'PENDING', 'APPROVED_SYNCING', 'SYNC_FAILED') and deleted_at is null;
create unique index contract_person_coming_key on contract (person_id)
    where status in ('DRAFT', 'PENDING', 'APPROVED_SYNCING', 'SYNC_FAILED') and deleted_at is null;
create index contract_scope on contract (district_id, updated_at desc, id desc) where deleted_at is null;
create index contract_estate on contract (estate_id, updated_at desc, id desc) where deleted_at is null;
create index contract_status on contract (district_id, status) where deleted_at is null;
create index contract_billed on contract (district_id, id) where status in ('ACTIVE', 'CANCEL_PENDING');
create index contract_person on contract (person_id);
create index contract_account on contract (account_id);
create index contract_ending on contract (end_on) where status = 'ACTIVE';
create index contract_key on contract (key_id);

-- Who lives there besides the lessee (同住人).
create table contract_resident (
    contract_id bigint not null references contract,
    person_id bigint not null references person,
    district_id bigint not null,
    estate_id bigint not null,
    name text not null,
    relation text not null,
    primary key (contract_id, person_id)
);

-- The contract's timeline (domain.md §0.5 rule 12).
create table contract_history (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    contract_id bigint not null references contract,
    at timestamptz not null default now(),
    actor_id bigint,
    event text not null,
    from_status text,
    to_status text not null,
    reason text
);
create index contract_history_contract on contract_history (contract_id, id);

-- What was approved stays as it was approved: changes go by a change of contract (C10), which says so in `app.contract`.
-- Keys are replaced under what they sealed.
create function contract_hold() returns trigger language plpgsql as $$
begin
    if old.status not in ('DRAFT', 'PENDING')
       and coalesce(current_setting('app.contract', true), '') <> 'change'
       and (to_jsonb(new) - contract_moving()) is distinct from (to_jsonb(old) - contract_moving()) then
        raise exception '合同已审批，不能修改或删除' using errcode = 'P0001', constraint = 'contract_hold';
    end if;
    return new;
end
$$;
-- The columns that go on after the approval.
create function contract_moving() returns text[] language sql immutable parallel safe
    return array['status', 'contract_no', 'account_id', 'filing_no', 'filed_on', 'checker_id', 'checked_at', 'opinion',
                 'digest', 'sync_tries', 'sync_message', 'synced_at', 'active_at', 'ended_on', 'key_id', 'id_number', 'phone',
                 'bank_no', 'version', 'updated_at', 'updated_by', 'deleted_at', 'submitted_at', 'author_ids',
                 'debit_agreement_no'];
create trigger contract_hold before update on contract for each row execute function contract_hold();

call audit_attach('assignment');
call audit_attach('contract');

do $$
declare
    tbl text;
begin
    foreach tbl in array array['assignment', 'account', 'contract', 'contract_resident', 'contract_history']
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
revoke update, delete on contract_history from housing_app;
revoke delete on assignment, account, contract from housing_app;

-- Whether somebody has a contract that runs, or a home that is being kept for him, anywhere in the city: yes or no.
create function person_is_housed(wanted bigint) returns boolean language plpgsql security definer as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
    housed boolean;
begin
    perform set_config('app.districts', '*', true);
    housed := exists (select from contract where person_id = wanted and deleted_at is null
                          and status not in ('REJECTED', 'TERMINATED', 'EXPIRED', 'RENEWED', 'VOID'));
    perform set_config('app.districts', scope, true);
    return housed;
end
$$;
do $$
begin
    execute format('alter function person_is_housed(bigint) set search_path = %I, pg_temp', current_schema());
end
$$;
revoke execute on function person_is_housed(bigint) from public;
grant execute on function person_is_housed(bigint) to housing_app;

-- Roles of §6.1 that work with contracts and money, and what §6.5 gives them.
select set_config('app.platform', 'on', true);
insert into role (code, name) values
    ('PROPERTY_MGR', '物业经理'), ('CASHIER', '出纳'), ('FIN_HEAD', '财务负责人')
on conflict (code) do nothing;
insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['CASHIER', 'FIN_HEAD', 'PROPERTY_MGR'],
     array['platform:organization:read', 'housing:estate:read', 'housing:building:read', 'housing:unit:read',
           'housing:room:read', 'housing:rent_standard:read', 'operator:operator:read', 'person:person:read']),
    (array['CITY_LEADER', 'CITY', 'CITY_CHECK', 'DISTRICT', 'OPERATOR', 'ENTRY', 'PROPERTY_APPROVER', 'PROPERTY_MGR',
           'CASHIER', 'FINANCE', 'FIN_HEAD', 'AUDITOR'],
     array['tenancy:contract:read']),
    (array['CITY', 'CITY_CHECK', 'DISTRICT', 'OPERATOR', 'ENTRY', 'AUDITOR'], array['tenancy:assignment:read']),
    (array['CITY', 'DISTRICT'], array['tenancy:assignment:write', 'tenancy:assignment:check']),
    (array['ENTRY'], array['tenancy:contract:write']),
    (array['PROPERTY_APPROVER'], array['tenancy:contract:check']),
    (array['CITY', 'DISTRICT', 'OPERATOR', 'FINANCE'], array['tenancy:contract:export']),
    (array['OPERATOR', 'PROPERTY_MGR'], array['tenancy:hand_over:write']),
    (array['CITY', 'DISTRICT', 'OPERATOR', 'ENTRY', 'PROPERTY_APPROVER', 'CASHIER', 'FINANCE', 'FIN_HEAD', 'AUDITOR'],
     array['billing:bill:read']),
    (array['CITY_LEADER', 'CITY', 'DISTRICT', 'FINANCE', 'FIN_HEAD', 'AUDITOR'], array['billing:ledger:read']),
    (array['FINANCE'], array['billing:bill:write', 'billing:payment:verify', 'billing:rent:adjust']),
    (array['PROPERTY_APPROVER', 'CITY'], array['billing:rent:check']),
    (array['CASHIER'], array['billing:payment:take', 'billing:refund:write']),
    (array['FIN_HEAD'], array['billing:refund:check', 'billing:period:close']),
    (array['FINANCE', 'FIN_HEAD', 'CITY'], array['billing:bill:export'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code
on conflict do nothing;
