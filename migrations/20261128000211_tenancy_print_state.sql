-- What waits to be printed, and what becomes of a copy that was (domain.md §3.12, S1-12.6, S1-12.7, E-128).

select set_config('app.districts', '*', true);
select set_config('app.platform', 'on', true);

-- A copy is handed out, comes back, or counts no more. What was printed stays as it was noted: only these columns change.
alter table print_log
    add column status text not null default 'PRINTED' check (status in ('PRINTED', 'ISSUED', 'RETURNED', 'VOID')),
    add column issued_to text check (char_length(issued_to) between 1 and 50),
    add column issued_at timestamptz,
    add column issued_by bigint references app_user,
    add column ended_at timestamptz,
    add column ended_by bigint references app_user,
    add column end_reason text,
    add column version integer not null default 1;
alter table print_log add constraint print_log_issued_check
    check ((issued_at is null) = (issued_to is null) and (issued_at is null) = (issued_by is null)
        and (status <> 'PRINTED' or issued_at is null) and (status not in ('ISSUED', 'RETURNED') or issued_at is not null));
alter table print_log add constraint print_log_ended_check
    check ((status in ('RETURNED', 'VOID')) = (ended_at is not null) and (ended_at is null) = (ended_by is null)
        and (ended_at is null) = (end_reason is null));
-- A draft is nothing that is handed out.
alter table print_log add constraint print_log_draft_check check (kind <> 'DRAFT' or status = 'PRINTED');
grant update (status, issued_to, issued_at, issued_by, ended_at, ended_by, end_reason, version) on print_log to housing_app;

-- What waits follows from contracts, receipts and records of dunning; here is only what somebody took out of the queue.
create table print_skip (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    paper text not null check (paper in ('CONTRACT', 'RECEIPT', 'DUNNING')),
    object_id bigint not null,
    reason text not null,
    skipped_by bigint not null references app_user,
    skipped_at timestamptz not null,
    restored_by bigint references app_user,
    restored_at timestamptz,
    constraint print_skip_restored_check check ((restored_by is null) = (restored_at is null))
);
-- 已跳过
create unique index print_skip_key on print_skip (paper, object_id) where restored_at is null;
create index print_skip_scope on print_skip (district_id, skipped_at desc);
alter table print_skip enable row level security;
alter table print_skip force row level security;
create policy print_skip_scope on print_skip for all to public using (
    (select scope_city())
    or district_id = any ((select scope_districts())::bigint[])
    or estate_id = any ((select scope_estates())::bigint[]));
revoke delete on print_skip from housing_app;
call audit_attach('print_skip');

-- The queue looks at what is new and unprinted.
create index contract_to_print on contract (district_id, checked_at)
    where status in ('APPROVED_SYNCING', 'ACTIVE') and take_over_id is null;
create index payment_to_print on payment (district_id, paid_at)
    where status = 'NORMAL' and printed = 0 and cashier_id is not null;
create index dunning_record_to_print on dunning_record (district_id, id)
    where status = 'OPEN' and way = 'WRITTEN' and printed_on is null;

insert into role_permission (role_id, permission)
select r.id, 'tenancy:print:write'
from role r where r.code in ('ENTRY', 'OPERATOR', 'PROPERTY_MGR', 'CASHIER', 'FINANCE')
on conflict do nothing;
