-- Administration by people instead of programmers: accounts (S1-9.3), roles (S1-9.2) and parameters (S1-9.6), each
-- under maker and checker (domain.md §6.4).

-- Rights are rows behind row-level security; a migration works for the platform.
select set_config('app.platform', 'on', true);

-- E-02. A new account waits for the checker of its rights before anybody can sign in with it.
alter table app_user
    drop constraint app_user_status_check,
    add constraint app_user_status_check check (status in ('NEW', 'ON', 'OFF')),
    add column department text,
    -- sealed, as the numbers of persons are; `user_phone` finds it
    add column phone bytea,
    add column phone_mask text,
    add column key_id smallint references cipher_key,
    add column valid_from date,
    add column valid_to date,
    add column password_changed_at timestamptz not null default now(),
    add constraint app_user_valid_order check (valid_to >= valid_from),
    add constraint app_user_phone_whole check ((phone is null) = (phone_mask is null) and (phone is null) = (key_id is null));

-- One account per telephone (手机号已被使用): keyed digests, one per key of the ring.
create table user_phone (
    user_id bigint not null references app_user on delete cascade,
    key_id smallint not null references cipher_key,
    digest bytea not null,
    primary key (user_id, key_id),
    constraint user_phone_digest_key unique (digest)
);
alter table user_phone enable row level security;
alter table user_phone force row level security;
create policy user_phone_scope on user_phone for all to public using ((select scope_platform()));

-- Passwords that may not come back (domain.md §2.6).
create table password_history (
    id bigint generated always as identity primary key,
    user_id bigint not null references app_user on delete cascade,
    password_hash text not null,
    at timestamptz not null default now()
);
create index password_history_of_user on password_history (user_id, id desc);
alter table password_history enable row level security;
alter table password_history force row level security;
create policy password_history_scope on password_history for all to public
    using ((select scope_platform()) or user_id = (select scope_actor()));

-- E-03. What the program relies on is its own: such a role keeps its code and is not deleted.
alter table role
    add column description text,
    add column system boolean not null default false,
    add column version integer not null default 1,
    add column updated_at timestamptz not null default now(),
    add column updated_by bigint,
    add constraint role_code_form check (code ~ '^[A-Z][A-Z0-9_]{1,29}$');
update role set system = true;

-- What one person has asked for and another has to agree to. `change` is what will be done, `lines` what the checker
-- reads; both are written once.
create table approval (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('USER_GRANT', 'ROLE', 'PARAMETER')),
    -- what it is about, in words, and where it can be looked at; none before it exists
    subject text not null,
    subject_key text not null,
    change jsonb not null,
    lines jsonb not null,
    reason text not null,
    status text not null default 'PENDING' check (status in ('PENDING', 'APPROVED', 'REJECTED', 'WITHDRAWN')),
    made_by bigint not null references app_user,
    made_at timestamptz not null,
    checked_by bigint references app_user,
    checked_at timestamptz,
    opinion text,
    constraint approval_ended check ((status = 'PENDING') = (checked_at is null) and (checked_at is null) = (checked_by is null)),
    -- Maker and checker are two persons; only the maker withdraws.
    constraint approval_two_persons check (checked_by is null or (checked_by = made_by) = (status = 'WITHDRAWN'))
);
-- One at a time: a second request would be checked against a state that the first is about to change.
create unique index approval_pending_key on approval (kind, subject_key) where status = 'PENDING';
create index approval_newest on approval (made_at desc, id desc);
alter table approval enable row level security;
alter table approval force row level security;
create policy approval_scope on approval for all to public using ((select scope_platform()));
revoke delete on approval from housing_app;
call audit_attach('approval');
call audit_attach('role');

-- Accounts: a line per account, without secrets, and without what every sign-in moves.
create function audit_account() returns trigger language plpgsql as $$
declare
    quiet constant text[] := array['password_hash', 'phone', 'key_id', 'password_changed_at', 'last_login_at',
                                   'failed_attempts', 'locked_until', 'version', 'updated_at', 'updated_by'];
    before jsonb;
    after jsonb := to_jsonb(new) - quiet;
begin
    if tg_op = 'UPDATE' then
        before := to_jsonb(old) - quiet;
        if new.password_hash <> old.password_hash then
            after := after || '{"password": "已更换"}';
        end if;
        if old.locked_until is not null and new.locked_until is null and scope_actor() <> new.id then
            after := after || '{"unlocked": "已解锁"}';
        end if;
        if before = after then
            return null;
        end if;
    end if;
    insert into audit_log (actor_id, action, object_type, object_id, rows, before, after)
    values (scope_actor(), tg_op, 'app_user', new.id, 1, before, after);
    return null;
end
$$;
create trigger audit_account after insert or update on app_user for each row execute function audit_account();

-- Who got or lost what: a line per grant, under the account or role that it changes.
create function audit_grant() returns trigger language plpgsql as $$
declare
    before jsonb := case when tg_op = 'DELETE' then to_jsonb(old) end;
    after jsonb := case when tg_op = 'INSERT' then to_jsonb(new) end;
begin
    insert into audit_log (actor_id, action, object_type, object_id, rows, before, after)
    values (scope_actor(), tg_op, tg_table_name, (coalesce(before, after) ->> tg_argv[0])::bigint, 1, before, after);
    return null;
end
$$;
create trigger audit_grant after insert or delete on user_role for each row execute function audit_grant('user_id');
create trigger audit_grant after insert or delete on role_permission for each row execute function audit_grant('role_id');
create trigger audit_grant after insert or delete on user_estate for each row execute function audit_grant('user_id');

-- Who set a parameter, and who agreed.
alter table parameter
    add column approval_id bigint references approval,
    add column updated_at timestamptz not null default now();

insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['SYS_ADMIN'], array['platform:user:read', 'platform:user:write', 'platform:role:read', 'platform:role:check', 'platform:parameter:read']),
    (array['SEC_ADMIN'], array['platform:user:read', 'platform:user:check', 'platform:role:read', 'platform:role:write', 'platform:organization:read']),
    (array['CITY'], array['platform:parameter:read', 'platform:parameter:write']),
    (array['CITY_CHECK'], array['platform:parameter:read', 'platform:parameter:check']),
    (array['AUDITOR'], array['platform:user:read', 'platform:role:read', 'platform:parameter:read'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code;
