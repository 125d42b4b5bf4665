-- 反核销 (L7): the supervisor takes a verification back while its month is open, and says why. Kept of the last time; the
-- timeline of the bills and the operation log have all of them.

alter table payment
    add column unverified_at timestamptz,
    add column unverified_by bigint,
    add column unverify_reason text,
    add constraint payment_unverified_check check ((unverified_at is null) = (unverified_by is null)
        and (unverified_at is null) = (unverify_reason is null) and unverified_by <> cashier_id);
