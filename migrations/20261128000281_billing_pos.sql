-- Money taken by card at a counter (D-31 POS) against the bank's statement of the terminals (E-49, domain.md §3.7, T+1): what bills
-- and balances got, what the counter's slips say, what the bank says. What does not agree goes to the pool of differences.

alter table bank_file drop constraint bank_file_kind_check,
    add constraint bank_file_kind_check check (kind in ('CONTRACT', 'CONTRACT_ANSWER', 'REQUEST', 'RECEIPT', 'RESPONSE', 'STATEMENT',
        'POS_STATEMENT'));

-- A line is of a batch of direct debits or of a terminal.
alter table bank_statement_line
    alter column batch_no drop not null,
    add column terminal_no text,
    -- the payment at a counter that it pays; no other line does
    add column payment_id bigint references payment,
    add constraint bank_statement_line_source_check check ((batch_no is null) = (terminal_no is not null)),
    add constraint bank_statement_line_payment_check check (payment_id is null or terminal_no is not null and item_id is null);
create unique index bank_statement_line_payment_key on bank_statement_line (payment_id) where payment_id is not null;

create index payment_pos_serial on payment (bank_serial, paid_at) where method = 'POS';
create index payment_pos_day on payment (paid_at) where method = 'POS';

alter table bank_difference add column payment_id bigint references payment;
create unique index bank_difference_payment_key on bank_difference (bank_file_id, payment_id) where line is null and payment_id is not null;

alter table reconciliation drop constraint reconciliation_channel_check,
    add constraint reconciliation_channel_check check (channel in ('DEBIT', 'POS', 'WECHAT', 'ALIPAY')),
    drop constraint reconciliation_source_check,
    add constraint reconciliation_source_check check (
        (channel in ('DEBIT', 'POS')) = (bank_file_id is not null) and (channel in ('DEBIT', 'POS')) = (pay_bill_id is null));
