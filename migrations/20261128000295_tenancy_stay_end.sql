-- 提前终止 of days that were agreed to behind the end of a contract (domain.md §3.5 C8, R-26): asked for by one, agreed to by
-- another, as the days were. A row of its own says which days are taken back; what grants none any more is WITHDRAWN.
alter table contract_stay drop constraint contract_stay_kind_check;
alter table contract_stay add constraint contract_stay_kind_check check (kind in ('RELOCATION', 'MARKET', 'END'));
alter table contract_stay drop constraint contract_stay_status_check;
alter table contract_stay add constraint contract_stay_status_check check (status in ('PENDING', 'APPROVED', 'REFUSED', 'WITHDRAWN'));
-- From one day on one thing is granted; what takes days back stands beside what is granted from them on.
drop index contract_stay_day_key;
create unique index contract_stay_day_key on contract_stay (contract_id, from_on) where status = 'APPROVED' and kind <> 'END';
