-- The bank (domain.md §3.5 C4, §3.7, E-48, E-49, X-01): files that went out and came in, deduction batches, the response as
-- it was read, and what does not agree. Account numbers are in no table of these: a request is written from the contracts.

-- 银行文件: one row per file, of either direction. What was in it stands in rows; the digest tells it from every other.
create table bank_file (
    id bigint generated always as identity primary key,
    -- none: contracts of the whole city are in it
    district_id bigint references organization,
    direction text not null check (direction in ('OUT', 'IN')),
    kind text not null check (kind in ('CONTRACT', 'CONTRACT_ANSWER', 'REQUEST', 'RECEIPT', 'RESPONSE', 'STATEMENT')),
    name text not null,
    -- the number in its header: of a batch, of a contract file
    file_no text not null,
    state text not null check (state in ('MADE', 'SENT', 'READING', 'DONE', 'REJECTED')),
    -- SHA-256 of its bytes; of one that goes out, once it is written
    digest text,
    lines integer not null default 0,
    amount_fen bigint,
    -- why it was rejected, or what came of it
    message text,
    made_at timestamptz not null default now(),
    done_at timestamptz,
    constraint bank_file_direction_state_check check (
        (direction = 'OUT' and state in ('MADE', 'SENT')) or (direction = 'IN' and state in ('READING', 'DONE', 'REJECTED'))),
    constraint bank_file_digest_check check (state = 'MADE' or digest is not null),
    constraint bank_file_done_check check ((state in ('MADE', 'READING')) = (done_at is null))
);
-- 该回盘文件已处理: what came in once does not come in again.
create unique index bank_file_digest_key on bank_file (kind, file_no, digest) where direction = 'IN' and state <> 'REJECTED';
create unique index bank_file_out_key on bank_file (kind, file_no) where direction = 'OUT';
create index bank_file_no on bank_file (file_no, id);
create index bank_file_unsent on bank_file (id) where state = 'MADE';

-- A contract that was told to the bank (C4), once per telling.
create table contract_told (
    bank_file_id bigint not null references bank_file,
    seq integer not null,
    district_id bigint not null,
    estate_id bigint not null,
    contract_id bigint not null references contract,
    contract_no text not null,
    told_at timestamptz not null,
    answered_at timestamptz,
    -- the bank's result code and words
    result text,
    message text,
    primary key (bank_file_id, seq),
    constraint contract_told_answered_check check ((answered_at is null) = (result is null))
);
create unique index contract_told_key on contract_told (bank_file_id, contract_id);
create index contract_told_contract on contract_told (contract_id, told_at desc);

-- 代扣批次 (E-48): the bills of a district that are due by a day.
create table deduction_batch (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    batch_no text not null,
    -- 扣款日: what is due by it is collected; late fees are counted up to the day on which the batch was made
    due_by date not null,
    -- 年份, 月份 of its items
    month date not null check (extract(day from month) = 1),
    status text not null default 'CREATED' check (status in ('CREATED', 'CHECKED', 'EXPORTED', 'SENT', 'ACCEPTED_BY_BANK',
        'RESPONSE_RECEIVED', 'PARSED', 'RECONCILED', 'POSTED', 'CLOSED', 'FILE_REJECTED', 'RECON_DIFF')),
    -- the last account that was looked at; a batch that was cut off is built on from there
    built_to bigint not null default 0,
    built_at timestamptz,
    items integer not null default 0,
    amount_fen bigint not null default 0,
    -- 余额抵扣 (PRM-47) before the bank was asked
    balance_fen bigint not null default 0,
    maker_id bigint not null,
    made_at timestamptz not null,
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    sender_id bigint,
    exported_at timestamptz,
    sent_at timestamptz,
    accepted_at timestamptz,
    responded_at timestamptz,
    reconciled_at timestamptz,
    posted_at timestamptz,
    closed_at timestamptz,
    closed_by bigint,
    -- the response that is, or was, worked on
    response_id bigint references bank_file,
    success integer not null default 0,
    partial integer not null default 0,
    failed integer not null default 0,
    deducted_fen bigint not null default 0,
    -- the bank's last word, or why its file could not be read
    message text,
    version integer not null default 1,
    constraint deduction_batch_no_key unique (batch_no),
    constraint deduction_batch_checker_check check (checker_id <> maker_id),
    constraint deduction_batch_sender_check check (sender_id <> maker_id),
    constraint deduction_batch_checked_check check ((checker_id is null) = (checked_at is null)
        and (status in ('CREATED', 'CLOSED') or checker_id is not null)),
    constraint deduction_batch_sent_check check ((sender_id is null) = (exported_at is null)
        and (status in ('CREATED', 'CHECKED', 'CLOSED') or sender_id is not null)),
    constraint deduction_batch_built_check check (built_at is not null or status in ('CREATED', 'CLOSED'))
);
-- One that is being built per district: two at once would want the same bills.
create unique index deduction_batch_building_key on deduction_batch (district_id) where built_at is null and status = 'CREATED';
create index deduction_batch_scope on deduction_batch (district_id, id desc);
create index deduction_batch_moving on deduction_batch (id) where status not in ('CLOSED', 'POSTED');

-- 代扣明细, S0-12 房租扣费记录: one per household account.
create table deduction_item (
    id bigint generated always as identity primary key,
    batch_id bigint not null references deduction_batch,
    seq integer not null,
    district_id bigint not null,
    estate_id bigint not null,
    account_id bigint not null references account,
    contract_id bigint not null references contract,
    payer text not null,
    month date not null,
    due_fen bigint not null check (due_fen > 0),
    deducted_fen bigint not null default 0,
    status text not null default 'WAIT' check (status in ('WAIT', 'SENT', 'SUCCESS', 'PARTIAL', 'FAIL', 'CANCELLED')),
    fail_reason text,
    fail_text text,
    -- when it is tried again (PRM-46)
    retry_on date,
    deducted_at timestamptz,
    bank_serial text,
    payment_id bigint references payment,
    created_at timestamptz not null,
    constraint deduction_item_seq_key unique (batch_id, seq),
    constraint deduction_item_account_key unique (batch_id, account_id),
    constraint deduction_item_payment_key unique (payment_id),
    constraint deduction_item_paid_check check ((status in ('SUCCESS', 'PARTIAL')) = (payment_id is not null)
        and (payment_id is not null) = (deducted_fen > 0)),
    constraint deduction_item_failed_check check ((status = 'FAIL') = (fail_reason is not null)
        and (fail_reason is not null or retry_on is null))
);
create index deduction_item_scope on deduction_item (district_id, id desc);
create index deduction_item_estate on deduction_item (estate_id, id desc);
create index deduction_item_account on deduction_item (account_id, id desc);
create index deduction_item_open on deduction_item (batch_id, seq) where status in ('WAIT', 'SENT');

-- What of a bill an item asks for: the late fee as counted to the day of the batch's making, and what of it is charged only
-- with the payment.
create table deduction_item_bill (
    item_id bigint not null references deduction_item,
    bill_id bigint not null references bill,
    district_id bigint not null,
    estate_id bigint not null,
    principal_fen bigint not null check (principal_fen >= 0),
    late_fee_fen bigint not null check (late_fee_fen >= 0),
    accrued_fen bigint not null check (accrued_fen >= 0),
    primary key (item_id, bill_id)
);
create index deduction_item_bill_bill on deduction_item_bill (bill_id);

-- A line of a response, as it was read. `verdict`: what it comes to, or why a person has to look.
create table deduction_line (
    bank_file_id bigint not null references bank_file,
    line integer not null,
    batch_id bigint not null references deduction_batch,
    district_id bigint not null,
    seq bigint not null,
    due_fen bigint not null,
    result text not null,
    deducted_fen bigint not null,
    bank_serial text,
    deducted_at timestamptz,
    message text,
    verdict text not null,
    primary key (bank_file_id, line)
);
create index deduction_line_seq on deduction_line (batch_id, seq);

-- 差异池 (E-49): what our books and the bank's file say differently, until somebody has decided.
create table bank_difference (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    kind text not null check (kind in ('UNKNOWN_SEQ', 'DUPLICATE_SEQ', 'OVER_DEDUCTED', 'AMOUNT_CHANGED', 'CONTRADICTION',
        'MISSING', 'LATE_FILE', 'BANK_ONLY', 'BOOK_ONLY', 'AMOUNT_DIFFERS')),
    batch_id bigint references deduction_batch,
    bank_file_id bigint references bank_file,
    line integer,
    seq bigint,
    item_id bigint references deduction_item,
    own_fen bigint not null,
    their_fen bigint not null,
    bank_serial text,
    status text not null default 'OPEN' check (status in ('OPEN', 'RESOLVED')),
    -- ENTER: as the bank says, NOTE: nothing is entered
    resolution text check (resolution in ('ENTER', 'NOTE')),
    opinion text,
    resolved_at timestamptz,
    resolved_by bigint,
    created_at timestamptz not null,
    version integer not null default 1,
    constraint bank_difference_resolved_check check ((status = 'RESOLVED') = (resolved_at is not null)
        and (resolved_at is null) = (resolution is null) and (resolved_at is null) = (opinion is null))
);
create index bank_difference_scope on bank_difference (district_id, id desc);
create index bank_difference_batch on bank_difference (batch_id);
create index bank_difference_open on bank_difference (district_id) where status = 'OPEN';
create unique index bank_difference_line_key on bank_difference (bank_file_id, line) where line is not null;
create unique index bank_difference_item_key on bank_difference (bank_file_id, item_id) where line is null and item_id is not null;

-- 该账单正在银行扣款中，请于回盘后再缴: the batch that has asked for it.
alter table bill add column in_batch bigint references deduction_batch;
create index bill_in_batch on bill (in_batch) where in_batch is not null;
-- Contracts whose account the bank may debit.
create index contract_debited on contract (district_id, account_id)
    where status in ('ACTIVE', 'CANCEL_PENDING') and debit_agreement_no is not null;

-- Whoever forgets to ask is told by the database: what a batch asked the bank for stays as it is until the answer, but for
-- what the answer itself brings about (it gives the bill free in the same statement).
create function bill_in_batch_hold() returns trigger language plpgsql as $$
begin
    raise exception '该账单正在银行扣款中，请于回盘后再缴' using errcode = 'P0001', constraint = 'bill_in_batch';
end
$$;
create trigger bill_in_batch_hold before update on bill for each row
    when (old.in_batch is not null and new.in_batch is not null
        and (old.amount_fen, old.paid_fen, old.late_fee_fen, old.late_paid_fen, old.decision)
            is distinct from (new.amount_fen, new.paid_fen, new.late_fee_fen, new.late_paid_fen, new.decision))
    execute function bill_in_batch_hold();

call audit_attach('deduction_batch');
call audit_attach('bank_difference');

do $$
declare
    tbl text;
begin
    foreach tbl in array array['contract_told', 'deduction_item', 'deduction_item_bill']
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
    -- A batch is a district's: who sees some estates only sees its items and not what it sums up.
    foreach tbl in array array['bank_file', 'deduction_batch', 'deduction_line', 'bank_difference']
    loop
        execute format('alter table %I enable row level security', tbl);
        execute format('alter table %I force row level security', tbl);
        execute format($policy$
            create policy %1$s_scope on %1$I for all to public using (
                (select scope_city()) or district_id = any ((select scope_districts())::bigint[]))
        $policy$, tbl);
    end loop;
end
$$;
revoke delete on bank_file, contract_told, deduction_batch, deduction_item, deduction_item_bill, deduction_line, bank_difference
    from housing_app;
revoke update on deduction_item_bill, deduction_line from housing_app;

select set_config('app.platform', 'on', true);
insert into job_plan (code) values ('BANK_EXCHANGE');
insert into role_permission (role_id, permission)
select r.id, p.permission
from role r cross join unnest(array['billing:deduction:write', 'billing:deduction:check']) as p (permission)
where r.code = 'FINANCE'
on conflict do nothing;
