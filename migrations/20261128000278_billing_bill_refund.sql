-- 退款 of a bill (domain.md §3.6 L9): what was paid of a bill that should not have been charged goes back. While it is asked for the bill
-- is 退款中, paid out it is 已退款: bill, payment and receipt stay as they were, and neither is counted any more.

alter table refund add column bill_id bigint references bill;
alter table refund add constraint refund_bill_check check (bill_id is null or kind = 'REFUND_OVER');
-- 该账单已申请退款
create unique index refund_bill_key on refund (bill_id) where bill_id is not null and status in ('PENDING', 'APPROVED', 'PAID');

-- Whether a bill is receivable or received at all (domain.md §4.9). No bill was given back so far, so no sum changes.
create or replace function bill_counts(decision text, reverses bigint) returns boolean language sql immutable parallel safe
    return reverses is null and coalesce(decision, '') not in ('VOID', 'REVERSED', 'REFUNDED');
