-- Dunning (domain.md §3.8, E-52, E-126, S0-19, S4-3.16): text messages with their receipts, rules of reminding, what was done
-- about each household, and the two ways in which arrears rest: 暂停催缴 (SUSPENDED) and 分期 (INSTALMENT).

select set_config('app.platform', 'on', true);

-- What a text message says; who signs it.
create table sms_template (
    id bigint generated always as identity primary key,
    code text not null,
    content text not null,
    sign text not null,
    enabled boolean not null default true,
    version integer not null default 1,
    updated_at timestamptz not null default now(),
    updated_by bigint references app_user,
    constraint sms_template_code_key unique (code)
);
alter table sms_template enable row level security;
alter table sms_template force row level security;
create policy sms_template_read on sms_template for select to public using (true);
create policy sms_template_write on sms_template for all to public using ((select scope_platform()));
call audit_attach('sms_template');

insert into sms_template (code, content, sign) values
    ('DUE_SOON', '{承租人}您好，您承租的{地址}租金{金额}元将于{到期日}到期，请按时缴纳。', '公租房中心'),
    ('DUE_TODAY', '{承租人}您好，您承租的{地址}租金{金额}元今日到期，请及时缴纳。', '公租房中心'),
    ('OVERDUE', '{承租人}您好，您承租的{地址}租金{金额}元已于{到期日}到期，请尽快缴纳。', '公租房中心'),
    ('ARREARS_L1', '您已经欠费一个月，请尽快补交房租费。欠费金额{金额}元。', '公租房中心'),
    ('ARREARS_L2', '您已经欠费{月数}个月，请尽快补交房租费，共{金额}元。', '公租房中心');

-- 催缴规则 (S0-19): what is in force in a district from a day on. None: the whole city, where no district has its own.
create table dunning_rule_set (
    id bigint generated always as identity primary key,
    district_id bigint references organization,
    valid_from date not null,
    -- of a district that goes back to the rules of the city: a set without lines
    follows boolean not null default false,
    status text not null default 'DRAFT' check (status in ('DRAFT', 'PENDING', 'PUBLISHED', 'REFUSED', 'VOID')),
    reason text not null,
    maker_id bigint not null,
    made_at timestamptz not null,
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    version integer not null default 1,
    constraint dunning_rule_set_follows_check check (not follows or district_id is not null),
    constraint dunning_rule_set_checker_check check (checker_id <> maker_id),
    constraint dunning_rule_set_checked_check check ((checker_id is null) = (checked_at is null)
        and (status not in ('PUBLISHED', 'REFUSED') or checker_id is not null))
);
-- 该日期已有生效的规则
create unique index dunning_rule_set_day_key on dunning_rule_set (coalesce(district_id, 0), valid_from) where status = 'PUBLISHED';
create index dunning_rule_set_pending on dunning_rule_set (made_at) where status = 'PENDING';

create table dunning_rule (
    id bigint generated always as identity primary key,
    set_id bigint not null references dunning_rule_set,
    district_id bigint references organization,
    seq smallint not null,
    -- days from a due day, or the level that is reached
    anchor text not null check (anchor in ('DUE', 'L1', 'L2')),
    days smallint not null check (days between -30 and 365),
    way text not null check (way in ('SMS', 'PHONE', 'VISIT', 'WRITTEN')),
    template text references sms_template (code),
    constraint dunning_rule_seq_key unique (set_id, seq),
    constraint dunning_rule_template_check check ((way = 'SMS') = (template is not null)),
    constraint dunning_rule_level_days_check check (anchor = 'DUE' or days = 0)
);

-- 催缴记录 (E-52): a reminder that waits or was sent, a task, a written notice with its service.
create table dunning_record (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    account_id bigint not null references account,
    contract_id bigint not null references contract,
    -- the bill whose day a rule counted from
    bill_id bigint references bill,
    rule_id bigint references dunning_rule,
    -- made by hand: its request, which makes one
    request_id uuid,
    month date not null check (extract(day from month) = 1),
    way text not null check (way in ('SMS', 'PHONE', 'VISIT', 'WRITTEN')),
    level text not null check (level in ('L0', 'L1', 'L2', 'L3', 'L4')),
    periods integer not null check (periods >= 0),
    amount_fen bigint not null check (amount_fen >= 0),
    due_on date,
    content text not null,
    status text not null default 'OPEN' check (status in ('OPEN', 'DONE', 'CANCELLED')),
    at timestamptz not null,
    actor_id bigint,
    done_at timestamptz,
    done_by bigint,
    result text,
    -- of 催缴通知书
    notice_no text generated always as (case when way = 'WRITTEN' then 'CJ' || lpad(id::text, 10, '0') end) stored,
    printed_on date,
    served_how text check (served_how in ('DIRECT', 'LEFT', 'POST', 'POSTED')),
    served_on date,
    received_by text,
    version integer not null default 1,
    constraint dunning_record_rule_key unique (rule_id, account_id, month),
    constraint dunning_record_request_key unique (request_id),
    constraint dunning_record_done_check check ((status = 'OPEN') = (done_at is null)),
    constraint dunning_record_served_check check ((served_on is null) = (served_how is null)
        and (served_on is null or (way = 'WRITTEN' and status = 'DONE' and printed_on <= served_on)))
);
create index dunning_record_scope on dunning_record (district_id, at desc, id desc);
create index dunning_record_estate on dunning_record (estate_id, at desc, id desc);
create index dunning_record_account on dunning_record (account_id, id desc);
create index dunning_record_open on dunning_record (account_id) where status = 'OPEN';
create index dunning_record_task on dunning_record (district_id, estate_id) where status = 'OPEN' and way <> 'SMS';

-- 短信 (E-126): written in the transaction of what it tells, sent by the server, ended by its receipt. The number stays with
-- the person, sealed, and is read there when it is sent.
create table sms (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    account_id bigint not null references account,
    contract_id bigint not null references contract,
    dunning_id bigint references dunning_record,
    template text not null references sms_template (code),
    -- what it tells is told once
    told_key text not null,
    sign text not null,
    params jsonb not null,
    content text not null,
    phone_mask text not null,
    status text not null default 'QUEUED'
        check (status in ('QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'FAILED', 'SILENT', 'CANCELLED')),
    queued_at timestamptz not null,
    -- quiet hours, and the pause before it is tried again
    not_before timestamptz not null,
    attempts smallint not null default 0,
    claimed_at timestamptz,
    sent_at timestamptz,
    gateway_no text,
    receipt_at timestamptz,
    receipt_code text,
    parts smallint not null check (parts between 1 and 20),
    cost_fen bigint not null default 0 check (cost_fen >= 0),
    message text,
    resend_of bigint references sms,
    actor_id bigint,
    constraint sms_told_key unique (told_key),
    constraint sms_resend_key unique (resend_of),
    constraint sms_attempts_check check (attempts between 0 and 3),
    constraint sms_sent_check check (status not in ('SENT', 'DELIVERED', 'SILENT') or sent_at is not null)
);
create index sms_scope on sms (district_id, queued_at desc, id desc);
create index sms_estate on sms (estate_id, queued_at desc, id desc);
create index sms_due on sms (not_before, id) where status in ('QUEUED', 'SENDING');
create index sms_waiting on sms (sent_at) where status = 'SENT';
create index sms_dunning on sms (dunning_id);
create index sms_account on sms (account_id, queued_at desc, id desc);
-- what can be sent once more
create index sms_failed on sms (district_id, id) where status in ('FAILED', 'SILENT');
-- of what months came to
create index sms_month on sms (district_id, sent_at) where sent_at is not null;

-- 短信黑名单: a household that wants none, or whose number is somebody else's.
create table sms_block (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    account_id bigint not null references account,
    reason text not null,
    made_at timestamptz not null,
    maker_id bigint not null,
    ended_at timestamptz,
    ended_by bigint,
    end_reason text,
    constraint sms_block_ended_check check ((ended_at is null) = (ended_by is null) and (ended_at is null) = (end_reason is null)),
    constraint sms_block_ender_check check (ended_by <> maker_id)
);
-- 已在黑名单中
create unique index sms_block_key on sms_block (account_id) where ended_at is null;

-- 暂停催缴 (SUSPENDED, §3.8): nobody is reminded and no level rises until its last day.
create table dunning_pause (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    account_id bigint not null references account,
    ground text not null check (ground in ('HARDSHIP', 'DISPUTE', 'SUBSIDY')),
    reason text not null,
    until date not null,
    status text not null default 'PENDING' check (status in ('PENDING', 'ACTIVE', 'REFUSED', 'ENDED')),
    maker_id bigint not null,
    made_at timestamptz not null,
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    ended_at timestamptz,
    -- before its day: by whom, and why
    ended_by bigint,
    end_reason text,
    version integer not null default 1,
    constraint dunning_pause_checker_check check (checker_id <> maker_id),
    constraint dunning_pause_checked_check check ((checker_id is null) = (checked_at is null)
        and (status = 'PENDING') = (checker_id is null)),
    constraint dunning_pause_ended_check check ((status = 'ENDED') = (ended_at is not null)
        and (ended_by is null) = (end_reason is null) and (ended_by is null or ended_at is not null))
);
-- 已有暂停催缴
create unique index dunning_pause_key on dunning_pause (account_id) where status in ('PENDING', 'ACTIVE');
create index dunning_pause_scope on dunning_pause (district_id, made_at desc);
create index dunning_pause_pending on dunning_pause (district_id, estate_id) where status = 'PENDING';
create index dunning_pause_ending on dunning_pause (until) where status = 'ACTIVE';

-- 分期还款 (INSTALMENT, §3.8): overdue bills that are paid by dates; while it is kept they count as no arrears.
create table instalment (
    id bigint generated always as identity primary key,
    district_id bigint not null,
    estate_id bigint not null,
    account_id bigint not null references account,
    request_id uuid not null,
    debt_fen bigint not null check (debt_fen > 0),
    reason text not null,
    status text not null default 'PENDING' check (status in ('PENDING', 'ACTIVE', 'REFUSED', 'DONE', 'BROKEN')),
    -- where a broken plan leads back to
    level_before text not null check (level_before in ('L1', 'L2', 'L3', 'L4')),
    maker_id bigint not null,
    made_at timestamptz not null,
    checker_id bigint,
    checked_at timestamptz,
    opinion text,
    ended_on date,
    version integer not null default 1,
    constraint instalment_request_key unique (request_id),
    constraint instalment_checker_check check (checker_id <> maker_id),
    constraint instalment_checked_check check ((checker_id is null) = (checked_at is null)
        and (status = 'PENDING') = (checker_id is null)),
    constraint instalment_ended_check check ((status in ('DONE', 'BROKEN')) = (ended_on is not null))
);
-- 已有分期还款
create unique index instalment_key on instalment (account_id) where status in ('PENDING', 'ACTIVE');
create index instalment_scope on instalment (district_id, made_at desc);
create index instalment_pending on instalment (district_id, estate_id) where status = 'PENDING';
create index instalment_running on instalment (id) where status = 'ACTIVE';
create table instalment_line (
    instalment_id bigint not null references instalment,
    seq smallint not null,
    district_id bigint not null,
    estate_id bigint not null,
    due_on date not null,
    amount_fen bigint not null check (amount_fen > 0),
    primary key (instalment_id, seq)
);
create table instalment_bill (
    instalment_id bigint not null references instalment,
    bill_id bigint not null references bill,
    district_id bigint not null,
    estate_id bigint not null,
    -- what was outstanding when the plan was made, and what had been paid
    outstanding_fen bigint not null check (outstanding_fen > 0),
    paid_fen bigint not null check (paid_fen >= 0),
    primary key (instalment_id, bill_id)
);
create index instalment_bill_bill on instalment_bill (bill_id);
-- The lines, and the bills, come to the debt.
create function instalment_sum() returns trigger language plpgsql as $$
begin
    if (select coalesce(sum(amount_fen), 0) from instalment_line where instalment_id = new.id) <> new.debt_fen
       or (select coalesce(sum(outstanding_fen), 0) from instalment_bill where instalment_id = new.id) <> new.debt_fen then
        raise exception 'the lines of an instalment plan are not its debt' using constraint = 'instalment_sum_check', errcode = '23514';
    end if;
    return null;
end
$$;
create constraint trigger instalment_sum after insert or update on instalment deferrable initially deferred
    for each row execute function instalment_sum();

-- What a reminder that counts from a due day says: of a bill that is not overdue its own rest, and afterwards all that is open up
-- to it without what a plan of instalments holds. The run and what follows a payment ask the same.
create function dunning_owed(account bigint, bill bigint, day date, days integer) returns bigint language sql stable as $$
    select coalesce(sum(b.amount_fen + b.late_fee_fen - b.paid_fen - b.late_paid_fen), 0)::bigint from bill b
    where b.account_id = $1 and b.kind = 'RENT' and b.decision is null and b.reverses_id is null
        and b.amount_fen + b.late_fee_fen > b.paid_fen + b.late_paid_fen
        and case when $4 <= 0 then b.id = $2 else b.due_on <= $3 end
        and not exists (select from instalment_bill ib join instalment i on i.id = ib.instalment_id
                        where ib.bill_id = b.id and i.status = 'ACTIVE')
$$;
-- What a plan of instalments has come to: paid since it was made, what was decided about otherwise counting as if it were, and
-- what is left of its bills.
create function instalment_paid(plan bigint, out paid_fen bigint, out left_fen bigint) language sql stable as $$
    select coalesce(sum(case when b.decision is null then b.paid_fen + b.late_paid_fen - ib.paid_fen else ib.outstanding_fen end), 0)::bigint,
           coalesce(sum(case when b.decision is null then b.amount_fen + b.late_fee_fen - b.paid_fen - b.late_paid_fen else 0 end), 0)::bigint
    from instalment_bill ib join bill b on b.id = ib.bill_id where ib.instalment_id = $1
$$;

-- The run goes along the households of a district.
create index arrears_district on arrears (district_id, account_id);
-- The level to which a broken plan leads back with the next count.
alter table arrears add column returns_to text check (returns_to in ('L1', 'L2', 'L3', 'L4'));

do $$
declare
    tbl text;
begin
    foreach tbl in array array['dunning_record', 'sms', 'sms_block', 'dunning_pause', 'instalment', 'instalment_line', 'instalment_bill']
    loop
        execute format('alter table %I enable row level security', tbl);
        execute format('alter table %I force row level security', tbl);
        execute format($policy$
            create policy %1$s_scope on %1$I for all to public using (
                (select scope_city())
                or district_id = any ((select scope_districts())::bigint[])
                or estate_id = any ((select scope_estates())::bigint[]))
        $policy$, tbl);
        execute format('revoke delete on %I from housing_app', tbl);
    end loop;
    foreach tbl in array array['dunning_rule_set', 'dunning_rule']
    loop
        execute format('alter table %I enable row level security', tbl);
        execute format('alter table %I force row level security', tbl);
        execute format('create policy %1$s_read on %1$I for select to public using (true)', tbl);
        execute format($policy$
            create policy %1$s_write on %1$I for all to public using (
                (select scope_city()) or district_id = any ((select scope_districts())::bigint[]))
        $policy$, tbl);
        execute format('revoke delete on %I from housing_app', tbl);
    end loop;
end
$$;
revoke update on instalment_line, instalment_bill, dunning_rule from housing_app;
call audit_attach('dunning_rule_set');
call audit_attach('dunning_rule');
call audit_attach('dunning_record');
call audit_attach('sms_block');
call audit_attach('dunning_pause');
call audit_attach('instalment');

-- Records of dunning have files, beside whatever had them before.
do $$
declare
    known text := (select pg_get_constraintdef(oid) from pg_constraint where conname = 'attachment_owner_check');
    seen text := (select pg_get_expr(polqual, polrelid) from pg_policy where polname = 'attachment_scope');
begin
    alter table attachment drop constraint attachment_owner_check;
    execute format('alter table attachment add constraint attachment_owner_check check (owner = ''DUNNING'' or %s)', substring(known from 7));
    execute format('alter policy attachment_scope on attachment using (
        (owner = ''DUNNING'' and exists (select from dunning_record o where o.id = owner_id)) or (%s))', seen);
end
$$;

insert into job_plan (code) values ('DUNNING'), ('SMS_SEND');

insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['FINANCE', 'OPERATOR'], array['billing:dunning:write']),
    (array['CITY', 'FINANCE'], array['billing:dunning:rule']),
    (array['DISTRICT', 'FIN_HEAD', 'CITY_CHECK'], array['billing:dunning:check']),
    -- who checks the rules of the city looks at their trial
    (array['CITY_CHECK'], array['billing:bill:read'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code
on conflict do nothing;
