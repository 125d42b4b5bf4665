-- 作废 (domain.md §3.5 C11): a contract that was concluded by mistake, and on which nobody has paid anything, never was. The city
-- says so, by somebody who neither entered nor approved it; its bills are void, its home is assigned as before, and the bank
-- forgets it.

alter table contract
    add column voided_by bigint,
    add column voided_at timestamptz,
    add column void_reason text;
-- Of one that ran: what follows a contract whose household left is void by itself, and so is a draft, without anybody's word.
alter table contract add constraint contract_void_check check (
    (voided_by is null) = (voided_at is null) and (voided_by is null) = (void_reason is null)
    and (voided_by is null or status = 'VOID'));
alter table contract add constraint contract_void_apart_check check (
    voided_by is null or active_at is null
    or voided_by <> created_by and voided_by <> checker_id and not voided_by = any (author_ids));
create or replace function contract_moving() returns text[] language sql immutable parallel safe
    return array['status', 'contract_no', 'account_id', 'filing_no', 'filed_on', 'checker_id', 'checked_at', 'opinion',
                 'digest', 'sync_tries', 'sync_message', 'synced_at', 'active_at', 'ended_on', 'key_id', 'id_number', 'phone',
                 'bank_no', 'version', 'updated_at', 'updated_by', 'deleted_at', 'submitted_at', 'author_ids',
                 'debit_agreement_no', 'expired_on', 'voided_by', 'voided_at', 'void_reason'];

-- What the bank still knows of them: its queue looks here every time.
create index contract_voided on contract (id) where status = 'VOID' and active_at is not null;

select set_config('app.platform', 'on', true);
insert into role_permission (role_id, permission)
select r.id, 'tenancy:contract:void' from role r where r.code = 'CITY' on conflict do nothing;
