-- 到期处置 (domain.md §3.5 C8, R-26, R-74, PRM-33): what is charged of a household that lives on in a home whose contract has expired.
-- The lessor objects in writing and gives it a time to move at the rent of the contract; then it pays what the market asks, as a
-- bill of its own beside the rent (MARKET_DIFF).

create table contract_stay (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    contract_id bigint not null references contract,
    kind text not null check (kind in ('RELOCATION', 'MARKET')),
    from_on date not null,
    to_on date not null,
    -- the rent of the contract on the first day, and what the market asks for the home, a month
    rent_fen bigint not null check (rent_fen >= 0),
    market_rent_fen bigint,
    -- the objection of the lessor (R-74)
    served_on date,
    served_way text check (served_way in ('HAND', 'MAIL', 'POSTED', 'PUBLIC')),
    doc_no text,
    -- who has another home pays no market rent: he leaves (R-26)
    no_home boolean not null default false,
    reason text not null,
    status text not null default 'PENDING' check (status in ('PENDING', 'APPROVED', 'REFUSED')),
    maker_id bigint not null,
    made_at timestamptz not null default now(),
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    version integer not null default 1,
    constraint contract_stay_days_check check (to_on >= from_on),
    constraint contract_stay_checker_check check (checker_id <> maker_id),
    constraint contract_stay_checked_check check ((checker_id is null) = (checked_at is null)
        and (status = 'PENDING') = (checker_id is null)),
    constraint contract_stay_refused_check check (status <> 'REFUSED' or opinion is not null),
    constraint contract_stay_served_check check ((kind = 'RELOCATION') = (served_on is not null)
        and (served_on is null) = (served_way is null) and (served_on is null) = (doc_no is null)),
    constraint contract_stay_market_check check ((kind = 'MARKET') = (market_rent_fen is not null)
        and (kind <> 'MARKET' or no_home and market_rent_fen > rent_fen))
);
-- 该合同已有待审批的到期处置
create unique index contract_stay_open_key on contract_stay (contract_id) where status = 'PENDING';
create unique index contract_stay_day_key on contract_stay (contract_id, from_on) where status = 'APPROVED';
create index contract_stay_contract on contract_stay (contract_id, from_on);
create index contract_stay_scope on contract_stay (district_id, made_at desc, id desc);
create index contract_stay_estate on contract_stay (estate_id, made_at desc, id desc);

call audit_attach('contract_stay');
alter table contract_stay enable row level security;
alter table contract_stay force row level security;
create policy contract_stay_scope on contract_stay for all to public using (
    (select scope_city())
    or district_id = any ((select scope_districts())::bigint[])
    or estate_id = any ((select scope_estates())::bigint[]));
-- What was entered stays as it was entered: it is decided about, or entered anew.
revoke update, delete on contract_stay from housing_app;
grant update (status, checker_id, checked_at, opinion, version) on contract_stay to housing_app;

-- The last day for which it was agreed to; none: nothing was.
alter table contract add column stay_to date;
alter table contract add constraint contract_stay_to_check check (stay_to > end_on);
create or replace function contract_moving() returns text[] language sql immutable parallel safe
    return array['status', 'contract_no', 'account_id', 'filing_no', 'filed_on', 'checker_id', 'checked_at', 'opinion',
                 'digest', 'sync_tries', 'sync_message', 'synced_at', 'active_at', 'ended_on', 'key_id', 'id_number', 'phone',
                 'bank_no', 'version', 'updated_at', 'updated_by', 'deleted_at', 'submitted_at', 'author_ids',
                 'debit_agreement_no', 'expired_on', 'voided_by', 'voided_at', 'void_reason', 'stay_to'];

-- What is charged by months, now up to that day.
drop index contract_billed;
create index contract_billed on contract (district_id, id, (greatest(end_on, stay_to)))
    where status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED', 'RENEWED');
-- What waits for somebody to object (R-74).
create index contract_overdue on contract (district_id, end_on) where status = 'EXPIRED';
