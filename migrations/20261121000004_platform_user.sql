-- Users (E-02), roles (E-03), sessions, captchas and sign-in attempts (S1-1.1).

create table role (
    id bigint generated always as identity primary key,
    code text not null unique,
    name text not null unique
);
-- A permission is a closed enum in the program (`domain::platform::Permission`); what is not granted is forbidden.
create table role_permission (
    role_id bigint not null references role on delete cascade,
    permission text not null,
    primary key (role_id, permission)
);

-- What a role may do is no secret (menus and refusals show it); granting is the platform's alone.
alter table role enable row level security;
alter table role force row level security;
create policy role_read on role for select to public using (true);
create policy role_write on role for all to public using ((select scope_platform()));
alter table role_permission enable row level security;
alter table role_permission force row level security;
create policy role_permission_read on role_permission for select to public using (true);
create policy role_permission_write on role_permission for all to public using ((select scope_platform()));

create table app_user (
    id bigint generated always as identity primary key,
    login text not null,
    name text not null,
    organization_id bigint not null references organization,
    password_hash text not null,
    must_change_password boolean not null default true,
    status text not null default 'ON' check (status in ('ON', 'OFF')),
    failed_attempts integer not null default 0,
    locked_until timestamptz,
    last_login_at timestamptz,
    demo boolean not null default false,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    created_by bigint,
    updated_at timestamptz not null default now(),
    updated_by bigint,
    deleted_at timestamptz,
    constraint app_user_login_key unique (login)
);

alter table app_user enable row level security;
alter table app_user force row level security;
create policy app_user_scope on app_user for all to public
    using ((select scope_platform()) or id = (select scope_actor()));

create table user_role (
    user_id bigint not null references app_user on delete cascade,
    role_id bigint not null references role,
    primary key (user_id, role_id)
);
alter table user_role enable row level security;
alter table user_role force row level security;
create policy user_role_read on user_role for select to public using (true);
create policy user_role_write on user_role for all to public using ((select scope_platform()));

-- Only a digest of the cookie is kept: a copy of this table opens no session.
create table session (
    token_digest bytea primary key,
    user_id bigint not null references app_user on delete cascade,
    kind text not null check (kind in ('DESK', 'KIOSK')),
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index session_of_user on session (user_id);
create index session_expires on session (expires_at);

create table captcha (
    id uuid primary key default gen_random_uuid(),
    answer text not null,
    expires_at timestamptz not null
);
create index captcha_expires on captcha (expires_at);

create table login_attempt (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    login text not null,
    user_id bigint,
    address text,
    result text not null check (result in ('OK', 'CAPTCHA', 'PASSWORD', 'LOCKED', 'DISABLED'))
);
create index login_attempt_at on login_attempt (at);

-- Who tried to come in, and from where, is for the platform alone, and stays as it was written: only the
-- owner drops what is past its retention (`store::housekeeping`).
alter table login_attempt enable row level security;
alter table login_attempt force row level security;
create policy login_attempt_scope on login_attempt for all to public using ((select scope_platform()));
revoke update, delete on login_attempt from housing_app;

-- Who did it is shown in every timeline; the account itself stays out of sight.
create function user_name(user_id bigint) returns text language plpgsql as $$
declare
    platform text := coalesce(current_setting('app.platform', true), '');
    found_name text;
begin
    perform set_config('app.platform', 'on', true);
    select name into found_name from app_user where id = user_id;
    perform set_config('app.platform', platform, true);
    return found_name;
end
$$;
