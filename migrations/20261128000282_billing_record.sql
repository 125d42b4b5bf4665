-- 缴退记录 (S0-13, E-46, E-47): payments and refunds that were paid out are one list, by the moment of each.

alter table refund add column paid_at timestamptz;
-- Of those before only the day is known.
update refund set paid_at = paid_on::timestamp at time zone 'Asia/Shanghai' where status = 'PAID';
alter table refund add constraint refund_paid_at_check check (paid_at is null or status = 'PAID');
-- In the order of the list, in which refunds stand behind zero; the list asks for them along each of these.
create index refund_paid_scope on refund (district_id, paid_at desc, (-id) desc) where paid_at is not null;
create index refund_paid_estate on refund (estate_id, paid_at desc, (-id) desc) where paid_at is not null;

-- Who was paid back may know it.
create policy refund_tenant on refund for select to public using (account_id = any ((select scope_accounts())::bigint[]));
