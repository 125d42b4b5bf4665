-- How a contract ends (domain.md §3.5 C5 to C8, §3.15, §3.26 X1 and X7 to X11, §3.27 U7; E-53, E-80). Money is integer fen,
-- readings are hundredths.

-- 退租: the case, from the request to the bank's answer.
create table exit_case (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    unit_id bigint not null references unit,
    contract_id bigint not null references contract,
    account_id bigint not null references account,
    exit_no text not null generated always as ('TZ' || lpad(id::text, 8, '0')) stored,
    -- D-45
    type text not null check (type in
        ('VOLUNTARY', 'EXPIRED', 'INELIGIBLE', 'VIOLATION', 'ARREARS', 'DECEASED', 'SWAP', 'FORCED', 'FRAUD')),
    -- the last day for which rent is owed
    exit_on date not null,
    reason text not null,
    remark text,
    status text not null default 'APPLIED' check (status in ('APPLIED', 'ACCEPTED', 'INSPECTION', 'SETTLEMENT', 'PAID',
        'REFUND_PENDING', 'KEYS_RETURNED', 'CLOSED', 'REVOKED')),
    maker_id bigint not null,
    made_at timestamptz not null default now(),
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    -- 验房
    inspected_on date,
    inspected_by bigint,
    -- who signed the sheet: the lessee, or whom he sent
    signed_by text,
    inspection_remark text,
    -- 欠款确认: what the household still owes and has acknowledged
    debt_fen bigint check (debt_fen > 0),
    debt_reason text,
    debt_by bigint,
    keys_returned smallint check (keys_returned between 0 and 99),
    cards_returned smallint check (cards_returned between 0 and 99),
    keys_on date,
    keys_by bigint,
    revoked_reason text,
    closed_at timestamptz,
    version integer not null default 1,
    constraint exit_case_checker_check check (checker_id <> maker_id),
    constraint exit_case_checked_check check ((checker_id is null) = (checked_at is null)
        and (status in ('APPLIED', 'REVOKED') or checker_id is not null) and (status <> 'APPLIED' or checker_id is null)),
    constraint exit_case_inspected_check check ((inspected_on is null) = (signed_by is null)
        and (status in ('APPLIED', 'ACCEPTED', 'REVOKED') or inspected_on is not null)),
    constraint exit_case_debt_check check ((debt_fen is null) = (debt_reason is null) and (debt_fen is null) = (debt_by is null)),
    constraint exit_case_keys_check check ((keys_on is null) = (keys_returned is null)
        and (keys_on is null) = (cards_returned is null) and (status in ('KEYS_RETURNED', 'CLOSED')) = (keys_on is not null)),
    constraint exit_case_revoked_check check ((status = 'REVOKED') = (revoked_reason is not null)),
    constraint exit_case_closed_check check ((status = 'CLOSED') = (closed_at is not null))
);
-- 该合同已有办理中的退租
create unique index exit_case_open_key on exit_case (contract_id) where status not in ('CLOSED', 'REVOKED');
create index exit_case_scope on exit_case (district_id, made_at desc, id desc);
create index exit_case_estate on exit_case (estate_id, made_at desc, id desc);
create index exit_case_contract on exit_case (contract_id, id desc);
create index exit_case_account on exit_case (account_id);
create index exit_case_unit on exit_case (unit_id);
-- What waits, for home.
create index exit_case_waiting on exit_case (district_id, estate_id) where status not in ('CLOSED', 'REVOKED');

-- What the meters showed when the lessee left.
create table exit_reading (
    exit_id bigint not null references exit_case,
    meter text not null check (meter in ('WATER', 'POWER', 'GAS', 'HEAT')),
    district_id bigint not null,
    estate_id bigint not null,
    reading bigint not null check (reading >= 0),
    primary key (exit_id, meter)
);

-- What stood in the home, how it was, and what is to be paid for it.
create table exit_item (
    exit_id bigint not null references exit_case,
    seq smallint not null,
    district_id bigint not null,
    estate_id bigint not null,
    name text not null,
    quantity smallint not null check (quantity between 1 and 255),
    state text not null check (state in ('GOOD', 'WORN', 'DAMAGED', 'MISSING')),
    damage text,
    amount_fen bigint not null default 0 check (amount_fen >= 0),
    primary key (exit_id, seq),
    -- what is as it was costs nothing
    constraint exit_item_damage_check check (state in ('DAMAGED', 'MISSING') or (damage is null and amount_fen = 0))
);

create table exit_history (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    exit_id bigint not null references exit_case,
    at timestamptz not null default now(),
    actor_id bigint,
    event text not null,
    from_status text,
    to_status text not null,
    reason text
);
create index exit_history_exit on exit_history (exit_id, id);

-- 退租账单 (E-53): made by one, agreed to by another, and only then entered. Until then it is a proposal, and is held against
-- the books once more when it is agreed to.
create table exit_bill (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    exit_id bigint not null references exit_case,
    account_id bigint not null references account,
    -- 费用结算日: late fees are counted up to it
    settle_on date not null,
    -- the sum of the lines, and what the account held
    charges_fen bigint not null,
    balance_fen bigint not null check (balance_fen >= 0),
    deposit_fen bigint not null check (deposit_fen >= 0),
    -- what is still to be paid; negative: what is given back
    total_fen bigint not null generated always as (charges_fen - balance_fen - deposit_fen) stored,
    status text not null default 'PENDING' check (status in ('PENDING', 'APPROVED', 'REFUSED')),
    maker_id bigint not null,
    made_at timestamptz not null default now(),
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    version integer not null default 1,
    constraint exit_bill_exit_key unique (exit_id),
    constraint exit_bill_checker_check check (checker_id <> maker_id),
    constraint exit_bill_checked_check check (
        (status = 'PENDING') = (checker_id is null) and (checker_id is null) = (checked_at is null)),
    constraint exit_bill_refused_check check (status <> 'REFUSED' or opinion is not null)
);
create index exit_bill_scope on exit_bill (district_id, status);
create index exit_bill_account on exit_bill (account_id);

create table exit_bill_line (
    exit_bill_id bigint not null references exit_bill,
    seq smallint not null,
    district_id bigint not null,
    estate_id bigint not null,
    kind text not null check (kind in ('OWED', 'REVERSE', 'RENT', 'DAMAGE', 'OTHER')),
    fee_item text not null,
    bill_id bigint references bill,
    period_from date,
    period_to date,
    amount_fen bigint not null,
    note text not null,
    primary key (exit_bill_id, seq)
);

call audit_attach('exit_case');
call audit_attach('exit_bill');

do $$
declare
    tbl text;
begin
    foreach tbl in array array['exit_case', 'exit_reading', 'exit_item', 'exit_history', 'exit_bill', 'exit_bill_line']
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
revoke delete on exit_case, exit_bill from housing_app;
revoke update, delete on exit_history from housing_app;

-- A contract whose term is over (C8) may still be left in order, and its lessee may have another home meanwhile: it does not
-- hold his place among those who have one.
alter table contract add column expired_on date;
create or replace function contract_moving() returns text[] language sql immutable parallel safe
    return array['status', 'contract_no', 'account_id', 'filing_no', 'filed_on', 'checker_id', 'checked_at', 'opinion',
                 'digest', 'sync_tries', 'sync_message', 'synced_at', 'active_at', 'ended_on', 'key_id', 'id_number', 'phone',
                 'bank_no', 'version', 'updated_at', 'updated_by', 'deleted_at', 'submitted_at', 'author_ids',
                 'debit_agreement_no', 'expired_on'];
drop index contract_person_running_key;
create unique index contract_person_running_key on contract (person_id)
    where status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING') and expired_on is null;

-- Nor is its lessee housed by it, once its end is asked for.
create or replace function person_is_housed(wanted bigint) returns boolean language plpgsql security definer as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
    housed boolean;
begin
    perform set_config('app.districts', '*', true);
    housed := exists (select from contract where person_id = wanted and deleted_at is null and expired_on is null
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

-- Whether an exit that was agreed to lets its contract go on until a later day: until its bill is made from the books, the
-- household lives there and its rent is charged and collected, as of a contract that nobody ends.
create function exit_goes_on(wanted bigint, day date) returns boolean language sql stable as $$
    select exists (select from exit_case where contract_id = wanted and status in ('ACCEPTED', 'INSPECTION') and exit_on >= day)
$$;

-- What is charged by months: also what goes on until its exit, and the months of a term that were not charged while it ran.
drop index contract_billed;
create index contract_billed on contract (district_id, id, end_on)
    where status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED', 'RENEWED');
drop index contract_debited;
create index contract_debited on contract (district_id, account_id)
    where status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING') and debit_agreement_no is not null;
-- What follows another.
create index contract_previous on contract (prev_contract_id) where prev_contract_id is not null;

-- What the bank was told to do with a contract: know it, or forget it.
alter table contract_told add column action text not null default 'ADD' check (action in ('ADD', 'CANCEL'));

-- Photos and the signed sheet of an inspection.
alter table attachment drop constraint attachment_owner_check;
alter table attachment add constraint attachment_owner_check
    check (owner in ('PERSON', 'PROJECT', 'ESTATE', 'BUILDING', 'UNIT', 'ASSET_MASTER', 'CONTRACT', 'HAND_OVER', 'EXIT'));
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
        when 'EXIT' then exists (select from exit_case o where o.id = owner_id)
        else false
    end);

select set_config('app.platform', 'on', true);
insert into job_plan (code) values ('CONTRACT_EXPIRE');
insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['OPERATOR', 'PROPERTY_MGR'], array['tenancy:exit:inspect']),
    (array['CITY', 'DISTRICT'], array['tenancy:exit:revoke']),
    (array['FINANCE'], array['billing:exit_bill:write', 'billing:exit_bill:check']),
    (array['FIN_HEAD'], array['billing:exit_bill:check'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code
on conflict do nothing;
