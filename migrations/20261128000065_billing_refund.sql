-- Giving money back (E-47, S0-11) and the cashier's shift (E-107, S4-1.11).

create table refund (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    account_id bigint not null references account,
    request_id uuid not null,
    kind text not null check (kind in ('REFUND_BAL', 'REFUND_DEP', 'REFUND_OVER')),
    amount_fen bigint not null check (amount_fen > 0),
    reason text not null,
    -- where it goes: the lessee's account as the contract has it
    bank_name text not null,
    bank_holder text not null,
    bank_no bytea not null,
    bank_no_mask text not null,
    key_id smallint not null references cipher_key,
    status text not null default 'PENDING' check (status in ('PENDING', 'APPROVED', 'REFUSED', 'PAID', 'FAILED')),
    maker_id bigint not null,
    made_at timestamptz not null default now(),
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    -- number of the bank's slip, or why it failed
    bank_serial text,
    paid_on date,
    paid_by bigint,
    version integer not null default 1,
    constraint refund_request_key unique (request_id),
    constraint refund_checker_check check (checker_id <> maker_id),
    constraint refund_checked_check check (
        (status = 'PENDING') = (checker_id is null) and (checker_id is null) = (checked_at is null)),
    constraint refund_refused_check check (status <> 'REFUSED' or opinion is not null),
    constraint refund_paid_check check ((status = 'PAID') = (paid_on is not null)
        and (status not in ('PAID', 'FAILED') or bank_serial is not null))
);
create index refund_scope on refund (district_id, status, made_at desc);
create index refund_estate on refund (estate_id, made_at desc);
create index refund_account on refund (account_id, status);
create index refund_key on refund (key_id);
alter table ledger_entry add constraint ledger_entry_refund_fkey foreign key (refund_id) references refund;

create table cashier_shift (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    cashier_id bigint not null,
    opened_at timestamptz not null default now(),
    opening_cash_fen bigint not null default 0 check (opening_cash_fen >= 0),
    closed_at timestamptz,
    -- cash that was counted in the drawer, and what the system says should be there
    counted_cash_fen bigint check (counted_cash_fen >= 0),
    system_cash_fen bigint,
    explanation text,
    -- the slip with which the cash went to the bank
    bank_slip_no text,
    handed_in_at timestamptz,
    version integer not null default 1,
    constraint cashier_shift_closed_check check (
        (closed_at is null) = (counted_cash_fen is null) and (closed_at is null) = (system_cash_fen is null)),
    -- 班次存在差额，请填写说明
    constraint cashier_shift_explained_check check (counted_cash_fen = system_cash_fen or explanation is not null),
    constraint cashier_shift_handed_in_check check (
        (handed_in_at is null) = (bank_slip_no is null) and (handed_in_at is null or closed_at is not null))
);
-- 班次未结，不能重新开班
create unique index cashier_shift_open_key on cashier_shift (cashier_id) where closed_at is null;
create index cashier_shift_scope on cashier_shift (district_id, opened_at desc);
alter table payment add constraint payment_shift_fkey foreign key (shift_id) references cashier_shift;

call audit_attach('refund');
call audit_attach('cashier_shift');
alter table refund enable row level security;
alter table refund force row level security;
create policy refund_scope on refund for all to public using (
    (select scope_city()) or district_id = any ((select scope_districts())::bigint[])
    or estate_id = any ((select scope_estates())::bigint[]));
-- A shift is its cashier's, and of who sees his district.
alter table cashier_shift enable row level security;
alter table cashier_shift force row level security;
create policy cashier_shift_scope on cashier_shift for all to public using (
    (select scope_city()) or district_id = any ((select scope_districts())::bigint[]) or cashier_id = (select scope_actor()));
revoke delete on refund, cashier_shift from housing_app;
