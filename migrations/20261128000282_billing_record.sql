-- 缴退记录 (S0-13, E-46, E-47): payments and refunds that were paid out are one list, by the moment of each.

alter table refund
    add column paid_at timestamptz,
    add constraint refund_paid_at_check check (paid_at is null or status = 'PAID');
-- Of those before only the day is known.
select set_config('app.districts', '*', true);
update refund set paid_at = paid_on::timestamp at time zone 'Asia/Shanghai' where status = 'PAID';

-- Who was paid back may know it.
create policy refund_tenant on refund for select to public using (account_id = any ((select scope_accounts())::bigint[]));
