-- A second factor for signing in (domain.md §2.6): a secret that a person's phone shares with us, and recovery codes
-- for the day on which the phone is lost.

create table user_factor (
    id bigint generated always as identity primary key,
    user_id bigint not null references app_user on delete cascade,
    -- sealed; dropped when the factor is taken away
    secret bytea,
    key_id smallint references cipher_key,
    -- digests of the codes that are left, keyed with the secret
    recovery bytea[] not null default '{}',
    -- offered is not yet in use: a first code of the phone confirms it
    offered_at timestamptz not null,
    confirmed_at timestamptz,
    -- the newest time step of which a code was accepted: none up to here is accepted again
    used_step bigint not null default 0,
    removed_at timestamptz,
    -- none: the command line
    removed_by bigint references app_user,
    reason text,
    constraint user_factor_secret_whole check (
        (secret is null) = (key_id is null) and (secret is null) = (removed_at is not null)),
    constraint user_factor_removed_in_use check (removed_at is null or confirmed_at is not null),
    constraint user_factor_reason check ((removed_at is null) = (reason is null))
);
create unique index user_factor_one on user_factor (user_id) where removed_at is null;
create index user_factor_of_user on user_factor (user_id, id desc);
alter table user_factor enable row level security;
alter table user_factor force row level security;
create policy user_factor_scope on user_factor for all to public
    using ((select scope_platform()) or user_id = (select scope_actor()));

-- What happens to a factor stands in the log under its account, without the secret and without what every sign-in moves.
create function audit_factor() returns trigger language plpgsql as $$
declare
    before jsonb;
    after jsonb := jsonb_build_object('confirmed_at', new.confirmed_at, 'removed_at', new.removed_at, 'reason', new.reason,
                                      'recovery_codes', cardinality(new.recovery));
begin
    -- Nothing has happened yet.
    if new.confirmed_at is null then
        return null;
    end if;
    if old.confirmed_at is not null then
        before := jsonb_build_object('confirmed_at', old.confirmed_at, 'removed_at', old.removed_at, 'reason', old.reason,
                                     'recovery_codes', cardinality(old.recovery));
    end if;
    if before is distinct from after then
        insert into audit_log (actor_id, action, object_type, object_id, rows, before, after)
        values (scope_actor(), case when before is null then 'INSERT' else 'UPDATE' end, 'user_factor', new.user_id, 1,
                before, after);
    end if;
    return null;
end
$$;
create trigger audit_factor after update on user_factor for each row execute function audit_factor();

-- The password was right and the code is awaited: such a session opens nothing.
alter table session add column factor_due boolean not null default false;

alter table login_attempt
    drop constraint login_attempt_result_check,
    add constraint login_attempt_result_check check (
        result in ('OK', 'RECOVERY', 'CAPTCHA', 'PASSWORD', 'FACTOR_DUE', 'FACTOR', 'LOCKED', 'DISABLED'));
