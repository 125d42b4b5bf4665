-- Taking over a running city (domain.md §3.27): contracts, balances, deposits and arrears as at a cut-off day come by a file,
-- are staged, and once another person has agreed to the batch by its digest a job writes them in portions. Money is integer
-- fen, areas are 1/100 m², rates 1/10000 yuan.

create table take_over (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    -- when all of its homes lie in one estate: who sees only some estates sees it by that
    estate_id bigint references estate,
    batch_no text not null generated always as ('JG' || lpad(id::text, 8, '0')) stored,
    -- the last day of which the old system says how things stand
    cutoff_on date not null,
    file_name text not null,
    -- the import that staged it
    job_id uuid,
    -- control totals of what was staged
    rows integer not null default 0,
    balance_fen bigint not null default 0,
    deposit_fen bigint not null default 0,
    arrears_fen bigint not null default 0,
    -- SHA-256 of the staged rows, by which it is agreed to
    digest text,
    status text not null default 'DRAFT' check (status in ('DRAFT', 'PENDING', 'APPROVED', 'DONE', 'REFUSED', 'WITHDRAWN')),
    maker_id bigint not null,
    made_at timestamptz not null default now(),
    submitted_at timestamptz,
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    -- the job that writes it, and what it has written
    write_job_id uuid,
    written_rows integer not null default 0,
    written_balance_fen bigint not null default 0,
    written_deposit_fen bigint not null default 0,
    written_arrears_fen bigint not null default 0,
    failed_rows integer not null default 0,
    finished_at timestamptz,
    -- why what was left was given up
    end_reason text,
    version integer not null default 1,
    constraint take_over_checker_check check (checker_id <> maker_id),
    constraint take_over_checked_check check ((checker_id is null) = (checked_at is null)
        and (status in ('APPROVED', 'DONE', 'REFUSED')) = (checker_id is not null)),
    constraint take_over_refused_check check (status <> 'REFUSED' or opinion is not null),
    constraint take_over_digest_check check (status in ('DRAFT', 'REFUSED', 'WITHDRAWN') or digest is not null),
    constraint take_over_done_check check ((status = 'DONE') = (finished_at is not null)
        and (status <> 'DONE' or written_rows + failed_rows = rows)),
    constraint take_over_written_check check (written_rows >= 0 and failed_rows >= 0 and written_rows + failed_rows <= rows)
);
create index take_over_scope on take_over (district_id, made_at desc, id desc);
create index take_over_estate on take_over (estate_id, made_at desc, id desc);
create index take_over_pending on take_over (district_id) where status = 'PENDING';
create index take_over_open on take_over (district_id, cutoff_on) where status in ('PENDING', 'APPROVED');
create index take_over_job on take_over (job_id) where job_id is not null;

-- A contract that is to be taken over, with all that a contract keeps, and how it stands at the cut-off.
create table take_over_row (
    id bigint generated always as identity primary key,
    take_over_id bigint not null references take_over,
    row_no integer not null,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    unit_id bigint not null references unit,
    contract_no text not null,
    lessor_id bigint not null references organization,
    person_id bigint not null references person,
    household_id bigint references household,
    lessee_name text not null,
    id_number bytea,
    id_number_mask text not null,
    phone bytea,
    phone_mask text not null,
    address text not null,
    layout text not null,
    building_area integer not null,
    usable_area integer not null,
    category text not null,
    rent_standard_id bigint not null references rent_standard,
    unit_rate integer not null,
    area_basis text not null,
    rent_area integer not null,
    base_rent_fen bigint not null,
    reduction_fen bigint not null,
    monthly_rent_fen bigint not null,
    contract_deposit_fen bigint not null,
    start_on date not null,
    end_on date not null,
    pay_cycle smallint not null,
    split text not null,
    due_day smallint not null,
    bank_name text not null,
    bank_no bytea,
    bank_no_mask text not null,
    bank_holder text not null,
    debit_agreement_no text,
    sign_on date not null,
    remark text,
    balance_fen bigint not null check (balance_fen >= 0),
    deposit_fen bigint not null check (deposit_fen >= 0),
    arrears_fen bigint not null check (arrears_fen >= 0),
    arrears_from date check (extract(day from arrears_from) = 1),
    arrears_to date check (extract(day from arrears_to) = 1),
    -- the last day that the old system has charged
    charged_to date not null,
    state text not null default 'STAGED' check (state in ('STAGED', 'WRITTEN', 'FAILED', 'DROPPED')),
    -- why it was not written
    message text,
    contract_id bigint references contract,
    account_id bigint references account,
    key_id smallint references cipher_key,
    constraint take_over_row_no_key unique (take_over_id, row_no),
    constraint take_over_row_arrears_check check ((arrears_fen > 0) = (arrears_from is not null)
        and (arrears_from is null) = (arrears_to is null) and arrears_to >= arrears_from),
    -- once it is decided the contract has the numbers, or nobody needs them
    constraint take_over_row_sealed_check check ((state = 'STAGED') = (key_id is not null) and (key_id is null) = (id_number is null)
        and (key_id is null) = (phone is null) and (key_id is null) = (bank_no is null)),
    constraint take_over_row_written_check check ((state = 'WRITTEN') = (contract_id is not null)
        and (contract_id is null) = (account_id is null) and (state = 'FAILED') = (message is not null))
);
-- Nothing is taken over twice.
create unique index take_over_row_unit_key on take_over_row (unit_id) where state = 'STAGED';
create unique index take_over_row_person_key on take_over_row (person_id) where state = 'STAGED';
create unique index take_over_row_contract_no_key on take_over_row (contract_no) where state = 'STAGED';
create index take_over_row_scope on take_over_row (district_id, take_over_id, row_no);
create index take_over_row_estate on take_over_row (estate_id, take_over_id, row_no);
create index take_over_row_person on take_over_row (person_id);
create index take_over_row_key on take_over_row (key_id) where key_id is not null;
-- What is left to be written, and what could not be.
create index take_over_row_staged on take_over_row (take_over_id, id) where state = 'STAGED';
create index take_over_row_failed on take_over_row (take_over_id, row_no) where state = 'FAILED';

-- What was staged stays as it was staged; keys are replaced under what they sealed.
create function take_over_row_hold() returns trigger language plpgsql as $$
declare
    moving text[] := array['state', 'message', 'contract_id', 'account_id', 'key_id', 'id_number', 'phone', 'bank_no'];
begin
    if (to_jsonb(new) - moving) is distinct from (to_jsonb(old) - moving)
       or old.state <> 'STAGED' and new.state <> old.state then
        raise exception '接管数据已登记，不能修改' using errcode = 'P0001', constraint = 'take_over_row_hold';
    end if;
    return new;
end
$$;
create trigger take_over_row_hold after update on take_over_row for each row execute function take_over_row_hold();

-- The batch's document is in the operation log; its rows are named there by its digest.
call audit_attach('take_over');
do $$
declare
    tbl text;
begin
    foreach tbl in array array['take_over', 'take_over_row']
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
end
$$;
revoke delete on take_over, take_over_row from housing_app;

-- 接管: how a contract came, the day as at which it came, and the day behind which this system charges it.
alter table contract add column take_over_id bigint references take_over;
alter table contract add column taken_over_on date;
alter table contract add column charged_to date;
alter table contract add constraint contract_taken_over_check check ((take_over_id is null) = (taken_over_on is null)
    and (take_over_id is null) = (charged_to is null));
create index contract_take_over on contract (take_over_id) where take_over_id is not null;
-- Whether a period of a contract is one that the system before has charged: no rule of ours makes its bill anew.
create function charged_before(contract bigint, day date) returns boolean language sql stable as
    'select exists (select from contract c where c.id = $1 and c.charged_to >= $2)';

-- The bank is not told of what it knows already, and nobody waits for it.
alter table job drop constraint job_kind_check;
alter table job add constraint job_kind_check check (kind in ('IMPORT', 'EXPORT', 'BILL_RUN', 'TAKE_OVER'));

-- Of some contract numbers those that are given, and with `staged` those that wait to be, wherever in the city.
create function contract_numbers_known(wanted text[], staged boolean) returns setof text language plpgsql security definer as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
begin
    perform set_config('app.districts', '*', true);
    return query
        select c.contract_no from contract c where c.contract_no = any (wanted) and c.deleted_at is null
        union select t.contract_no from take_over_row t where staged and t.contract_no = any (wanted) and t.state = 'STAGED';
    perform set_config('app.districts', scope, true);
end
$$;
-- Whether a job is under way, whoever's it is.
create function take_over_running(wanted uuid) returns boolean language plpgsql security definer as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
    running boolean;
begin
    perform set_config('app.districts', '*', true);
    running := exists (select from job where id = wanted and status not in ('FINISHED', 'FAILED', 'CANCELLED'));
    perform set_config('app.districts', scope, true);
    return running;
end
$$;
-- Whether a contract of somebody is staged, wherever in the city: yes or no.
create function person_is_staged(wanted bigint) returns boolean language plpgsql security definer as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
    staged boolean;
begin
    perform set_config('app.districts', '*', true);
    staged := exists (select from take_over_row where person_id = wanted and state = 'STAGED');
    perform set_config('app.districts', scope, true);
    return staged;
end
$$;

-- What a person's record is bound by, in the whole city: the first of it, none when it can be deleted. What came to nothing –
-- an assignment that was refused, released or lapsed – had no effect and binds nobody (domain.md §0.5 rule 4).
create or replace function person_binds(wanted bigint) returns text language plpgsql security definer as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
    kind text;
begin
    perform set_config('app.districts', '*', true);
    kind := case
        when exists (select from contract where person_id = wanted and deleted_at is null)
          or exists (select from contract_resident r join contract c on c.id = r.contract_id
                     where r.person_id = wanted and c.deleted_at is null) then 'CONTRACT'
        when exists (select from contract_change where person_id = wanted)
          or exists (select from contract_change where status in ('DRAFT', 'PENDING', 'APPROVED')
                     and after -> 'residents' @> jsonb_build_array(jsonb_build_object('person_id', wanted))) then 'CHANGE'
        when exists (select from take_over_row where person_id = wanted and state in ('STAGED', 'WRITTEN')) then 'TAKE_OVER'
        when exists (select from assignment where person_id = wanted
                     and status in ('PENDING', 'CONFIRMED', 'SIGNED')) then 'ASSIGNMENT'
        when exists (select from account where person_id = wanted) then 'ACCOUNT'
        when exists (select from binding where person_id = wanted) then 'BINDING'
        when exists (select from household_member where person_id = wanted) then 'HOUSEHOLD'
    end;
    perform set_config('app.districts', scope, true);
    return kind;
end
$$;
do $$
declare
    fn text;
begin
    foreach fn in array array['contract_numbers_known(text[], boolean)', 'person_is_staged(bigint)', 'person_binds(bigint)',
                             'take_over_running(uuid)']
    loop
        execute format('alter function %s set search_path = %I, pg_temp', fn, current_schema());
        execute format('revoke execute on function %s from public', fn);
        execute format('grant execute on function %s to housing_app', fn);
    end loop;
end
$$;

-- Contracts are entered by ENTRY and agreed to by PROPERTY_APPROVER (§6.4); a whole city's also by the centre.
select set_config('app.platform', 'on', true);
insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['ENTRY'], array['tenancy:take_over:write']),
    (array['PROPERTY_APPROVER', 'CITY'], array['tenancy:take_over:check'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code
on conflict do nothing;
