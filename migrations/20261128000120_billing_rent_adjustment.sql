-- Rent adjustment (E-55, S1-7.1; domain.md §6.4: asked for by FINANCE, agreed to by PROPERTY_APPROVER or CITY). Plans are
-- computed from the terms of a contract; what is agreed to here is a further rent in those terms.

create table rent_adjustment (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    -- when all of its contracts lie in one estate: who sees only some estates sees it by that
    estate_id bigint references estate,
    adjustment_no text not null generated always as ('TZ' || lpad(id::text, 8, '0')) stored,
    -- the client's id of the request, or none of one that an import made
    request_id uuid,
    -- the import that made it
    job_id uuid,
    kind text not null check (kind in ('STANDARD', 'CATEGORY', 'REDUCTION', 'MARKET', 'CORRECT')),
    -- which contracts, in words
    target text not null,
    month date not null check (extract(day from month) = 1),
    doc_no text not null,
    remark text,
    contracts integer not null default 0,
    old_total_fen bigint not null default 0,
    new_total_fen bigint not null default 0,
    status text not null default 'PENDING' check (status in ('PENDING', 'APPROVED', 'REFUSED', 'WITHDRAWN')),
    maker_id bigint not null,
    made_at timestamptz not null default now(),
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    version integer not null default 1,
    constraint rent_adjustment_request_key unique (request_id),
    constraint rent_adjustment_checker_check check (checker_id <> maker_id),
    constraint rent_adjustment_checked_check check (
        (checker_id is null) = (checked_at is null) and (status in ('APPROVED', 'REFUSED')) = (checker_id is not null)),
    constraint rent_adjustment_refused_check check (status <> 'REFUSED' or opinion is not null)
);
create index rent_adjustment_scope on rent_adjustment (district_id, made_at desc);
create index rent_adjustment_estate on rent_adjustment (estate_id, made_at desc);
create index rent_adjustment_pending on rent_adjustment (district_id) where status = 'PENDING';

-- A contract's rent from a day on. What is APPROVED is what its plan is computed from, the latest day first.
create table rent_change (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    adjustment_id bigint not null references rent_adjustment,
    contract_id bigint not null references contract,
    -- 1/10000 yuan
    old_rate integer not null check (old_rate > 0),
    new_rate integer not null check (new_rate > 0),
    -- the published standard that the new rate is, if it is one: by it contracts are chosen for the next adjustment
    rent_standard_id bigint references rent_standard,
    -- 应收 and 实际应缴, a month
    old_base_fen bigint not null check (old_base_fen >= 0),
    old_rent_fen bigint not null check (old_rent_fen >= 0),
    new_base_fen bigint not null,
    new_rent_fen bigint not null,
    -- the first day of a bill period
    from_on date not null,
    -- what the checker should look at: the file says another name or address
    remark text,
    -- LAPSED: it was agreed to, but could not be done to this contract any more
    status text not null default 'PENDING' check (status in ('PENDING', 'APPROVED', 'REFUSED', 'WITHDRAWN', 'LAPSED')),
    lapse_reason text,
    constraint rent_change_lapse_check check ((status = 'LAPSED') = (lapse_reason is not null)),
    constraint rent_change_rent_check check (new_base_fen >= 0 and new_rent_fen between 0 and new_base_fen),
    constraint rent_change_once_key unique (adjustment_id, contract_id)
);
-- 该合同已有待审批的租金调整
create unique index rent_change_pending_key on rent_change (contract_id) where status = 'PENDING';
-- One rent from a day on.
create unique index rent_change_from_key on rent_change (contract_id, from_on) where status = 'APPROVED';
create index rent_change_scope on rent_change (district_id, from_on desc, id desc);
create index rent_change_estate on rent_change (estate_id, from_on desc, id desc);

-- What was asked for stays as it was asked for; only whether it holds is decided afterwards.
create function rent_change_hold() returns trigger language plpgsql as $$
declare
    -- who sees it is said by its policy
    moving text[] := array['status', 'lapse_reason', 'district_id', 'estate_id'];
begin
    if (to_jsonb(new) - moving) is distinct from (to_jsonb(old) - moving)
       or old.status <> 'PENDING' and new.status <> old.status then
        raise exception '租金调整已提交，不能修改' using errcode = 'P0001', constraint = 'rent_change_hold';
    end if;
    return new;
end
$$;
create trigger rent_change_hold before update on rent_change for each row execute function rent_change_hold();

-- What a contract costs a month on a day: the last rent agreed to, or what was signed.
create function contract_rent_on(wanted bigint, day date, signed bigint) returns bigint language sql stable as $$
    select coalesce((select c.new_rent_fen from rent_change c
                     where c.contract_id = wanted and c.status = 'APPROVED' and c.from_on <= day
                     order by c.from_on desc limit 1), signed)
$$;

call audit_attach('rent_adjustment');
call audit_attach('rent_change');

do $$
declare
    tbl text;
begin
    foreach tbl in array array['rent_adjustment', 'rent_change']
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
revoke delete on rent_adjustment, rent_change from housing_app;
