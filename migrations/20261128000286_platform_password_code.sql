-- 忘记密码 (S1-1.1): an account's owner proves by a code to the registered telephone who he is, and sets another password.

-- A code that was sent, or would have been: an account that does not exist, is closed or has another telephone leaves the same
-- row, so that all answer alike. Neither the number nor the code stands here.
create table password_code (
    -- A carrier knows a message by its number, so codes count with the other messages.
    id bigint primary key default nextval('sms_id_seq'),
    -- what the next form brings back
    ticket uuid not null default gen_random_uuid(),
    -- as it was entered
    login text not null check (length(login) between 1 and 30),
    phone_digest bytea not null,
    -- signed together with the ticket
    code_signature text not null,
    address text not null,
    sent_at timestamptz not null,
    expires_at timestamptz not null,
    tries smallint not null default 0 check (tries >= 0),
    -- used, or too often guessed at
    ended_at timestamptz,
    -- whose it is; none: nobody's, and nothing was sent
    user_id bigint references app_user on delete cascade,
    -- what the carrier said
    gateway_no text,
    message text,
    constraint password_code_ticket_key unique (ticket)
);
create index password_code_phone on password_code (phone_digest, sent_at desc);
create index password_code_address on password_code (address, sent_at);
create index password_code_sent on password_code (sent_at);
create index password_code_user on password_code (user_id) where user_id is not null;
alter table password_code enable row level security;
alter table password_code force row level security;
create policy password_code_platform on password_code for all to public using ((select scope_platform()));

-- Every try is logged beside those to sign in (domain.md §2.6).
alter table login_attempt
    drop constraint login_attempt_result_check,
    add constraint login_attempt_result_check check (
        result in ('OK', 'RECOVERY', 'CAPTCHA', 'PASSWORD', 'FACTOR_DUE', 'FACTOR', 'LOCKED', 'DISABLED',
                   'RESET_ASKED', 'RESET_CODE', 'RESET'));
