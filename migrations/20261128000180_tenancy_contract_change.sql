-- Changes of contracts (domain.md §3.5 C10, E-41): asked for by one, agreed to by another, and from a day on the contract is
-- as they say. Where the account changes the bank is told first, and its answer brings the change into force.

create table contract_change (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    contract_id bigint not null references contract,
    change_no text not null generated always as ('BG' || lpad(id::text, 8, '0')) stored,
    -- the client's id of the request
    request_id uuid not null,
    kind text not null check (kind in ('ACCOUNT', 'PHONE', 'RESIDENTS', 'LESSEE', 'CYCLE', 'TERM')),
    -- what the contract says of it, and what it is to say; numbers masked
    before jsonb not null,
    after jsonb not null,
    -- the new account and telephone; of a kind that has only one of them the other is sealed empty
    bank_no bytea,
    phone bytea,
    key_id smallint references cipher_key,
    -- the new lessee (R-73), and why
    person_id bigint references person,
    ground text check (ground in ('DEATH', 'DIVORCE', 'OTHER')),
    -- months in one bill from the day on
    cycle smallint check (cycle in (1, 3, 6, 12)),
    effective_on date not null,
    reason text not null,
    doc_no text,
    status text not null default 'DRAFT'
        check (status in ('DRAFT', 'PENDING', 'APPROVED', 'REFUSED', 'WITHDRAWN', 'EFFECTIVE', 'LAPSED')),
    maker_id bigint not null,
    made_at timestamptz not null default now(),
    submitted_at timestamptz,
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    -- how often the bank was told of the new account, and what it or our own rules said last
    sync_tries integer not null default 0,
    message text,
    effective_at timestamptz,
    -- of a longer term: the day behind the old one, when the last bill of the old one was made; the next begins there
    seam_on date,
    -- since when the bank is to be told how the contract stands, without anybody waiting for it: the term is another, or the
    -- bank may know an account that did not come into force
    tell_at timestamptz,
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint contract_change_seam_check check (seam_on is null or kind = 'TERM'),
    constraint contract_change_request_key unique (request_id),
    constraint contract_change_checker_check check (checker_id <> maker_id),
    constraint contract_change_checked_check check ((checker_id is null) = (checked_at is null)
        and (status in ('APPROVED', 'REFUSED', 'EFFECTIVE', 'LAPSED')) = (checker_id is not null)),
    constraint contract_change_refused_check check (status <> 'REFUSED' or opinion is not null),
    constraint contract_change_effective_check check ((status = 'EFFECTIVE') = (effective_at is not null)),
    constraint contract_change_sealed_check check ((bank_no is null) = (key_id is null) and (phone is null) = (key_id is null)
        and (key_id is not null) = (kind in ('ACCOUNT', 'PHONE', 'LESSEE'))),
    constraint contract_change_lessee_check check ((person_id is not null) = (kind = 'LESSEE')
        and (ground is not null) = (kind = 'LESSEE')),
    constraint contract_change_months_check check ((cycle is not null) = (kind = 'CYCLE'))
);
-- 该合同已有办理中的变更: a second one would not know what it changes.
create unique index contract_change_open_key on contract_change (contract_id) where status in ('DRAFT', 'PENDING', 'APPROVED');
create unique index contract_change_cycle_key on contract_change (contract_id, effective_on)
    where kind = 'CYCLE' and status in ('APPROVED', 'EFFECTIVE');
create index contract_change_scope on contract_change (district_id, made_at desc, id desc);
create index contract_change_estate on contract_change (estate_id, made_at desc, id desc);
create index contract_change_pending on contract_change (district_id) where status = 'PENDING';
create index contract_change_due on contract_change (effective_on) where status = 'APPROVED';
create index contract_change_tell on contract_change (contract_id) where tell_at is not null;
create index contract_change_person on contract_change (person_id) where person_id is not null;
create index contract_change_key on contract_change (key_id) where key_id is not null;

-- What was asked for stays as it was asked for. Behind the policies, which say first whose rows these are.
create function contract_change_hold() returns trigger language plpgsql as $$
declare
    moving text[] := array['status', 'submitted_at', 'checker_id', 'checked_at', 'opinion', 'sync_tries', 'message', 'effective_at',
                           'seam_on', 'tell_at', 'updated_at', 'version', 'bank_no', 'phone', 'key_id', 'person_id'];
begin
    if (to_jsonb(new) - moving) is distinct from (to_jsonb(old) - moving) then
        raise exception '合同变更已录入，不能修改' using errcode = 'P0001', constraint = 'contract_change_hold';
    end if;
    return new;
end
$$;
create trigger contract_change_hold after update on contract_change for each row execute function contract_change_hold();

call audit_attach('contract_change');
alter table contract_change enable row level security;
alter table contract_change force row level security;
create policy contract_change_scope on contract_change for all to public using (
    (select scope_city())
    or district_id = any ((select scope_districts())::bigint[])
    or estate_id = any ((select scope_estates())::bigint[]));
revoke delete on contract_change from housing_app;

-- The bank is told of a new account, and of another last day, in the same files.
alter table contract_told add column change_id bigint references contract_change;
alter table contract_told drop constraint contract_told_action_check;
alter table contract_told add constraint contract_told_action_check check (action in ('ADD', 'CANCEL', 'CHANGE'));
alter table contract_told add constraint contract_told_change_check check ((change_id is not null) = (action = 'CHANGE'));

-- Whose change waits is found when two records of one human are to become one.
create index contract_change_names on contract_change using gin ((after -> 'residents') jsonb_path_ops)
    where status in ('DRAFT', 'PENDING', 'APPROVED');
