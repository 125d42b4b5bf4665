-- Bills that are entered by hand and taken back, runs as jobs, and what lists of money look for (domain.md S1-7.2, S1-7.3,
-- §3.6 L10, L11).

-- A temporary bill has the id of the request that made it, so that pressed twice it is made once.
alter table bill add column request_id uuid;
create unique index bill_request_key on bill (request_id) where request_id is not null;

-- A period of a contract is charged once; what is no period (a deposit, a broken lock) may come twice on one day.
drop index bill_period_key;
create unique index bill_period_key on bill (contract_id, fee_item, period_from)
    where reverses_id is null and months > 0 and (decision is null or decision not in ('VOID', 'REVERSED'));

-- What is to be paid, by its day: 即将到期, 已逾期 and the open statuses.
create index bill_due on bill (district_id, due_on)
    where decision is null and amount_fen + late_fee_fen > paid_fen + late_paid_fen;
-- What an accountant has still to verify.
create index payment_unverified on payment (district_id, paid_at) where status = 'NORMAL' and verified_at is null;

-- A run is a job, so that nobody waits for it.
alter table job drop constraint job_kind_check;
alter table job add constraint job_kind_check check (kind in ('IMPORT', 'EXPORT', 'BILL_RUN'));

-- Lists of accounts go by the number, which is the id.
create index account_walk on account (district_id, id);
create index account_estate_walk on account (estate_id, id);
