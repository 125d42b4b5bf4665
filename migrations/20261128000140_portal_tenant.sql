-- Tenants on their own phones (domain.md S4-2.x, S0-12, S0-13; R-93): codes by text message, sessions, and the second wall of
-- what they see.
--
-- A tenant is no user: he has no account, no role and no place in the tree of organisations. Who holds the telephone of a
-- household's record has shown that with a code. His transactions set no district, no estate and no organisation, so every
-- policy of the staff answers with nothing; they set `app.persons` and `app.accounts` instead, and the policies below open the
-- own rows of a few tables to these – for reading alone. What they ask for (to pay) the server writes for them.
create function scope_persons() returns bigint[]
    language sql stable parallel safe
    return string_to_array(nullif(current_setting('app.persons', true), ''), ',')::bigint[];
create function scope_accounts() returns bigint[]
    language sql stable parallel safe
    return string_to_array(nullif(current_setting('app.accounts', true), ''), ',')::bigint[];

-- `any` of nothing is unknown and opens no row: who is no tenant gains nothing from these.
create policy account_tenant on account for select to public using (id = any ((select scope_accounts())::bigint[]));
create policy contract_tenant on contract for select to public using (person_id = any ((select scope_persons())::bigint[]));
create policy bill_tenant on bill for select to public using (account_id = any ((select scope_accounts())::bigint[]));
create policy payment_tenant on payment for select to public using (account_id = any ((select scope_accounts())::bigint[]));
create policy sms_tenant on sms for select to public using (account_id = any ((select scope_accounts())::bigint[]));
create policy deduction_item_tenant on deduction_item for select to public using (account_id = any ((select scope_accounts())::bigint[]));
-- These two name no account. Whoever is no tenant is told so before the table behind it is asked.
create policy payment_share_tenant on payment_share for select to public using (
    (select scope_accounts()) is not null
    and exists (select from payment p where p.id = payment_id and p.account_id = any ((select scope_accounts())::bigint[])));
create policy contract_resident_tenant on contract_resident for select to public using (
    (select scope_persons()) is not null
    and exists (select from contract c where c.id = contract_id and c.person_id = any ((select scope_persons())::bigint[])));
-- A rent that was adjusted is that of the contract.
create policy rent_change_tenant on rent_change for select to public using (
    (select scope_persons()) is not null
    and exists (select from contract c where c.id = contract_id and c.person_id = any ((select scope_persons())::bigint[])));

-- A code that was sent, or would have been: a number that nobody has leaves the same row, so that both answer alike. Neither
-- the number nor the code stands here.
create table tenant_code (
    -- A carrier knows a message by its number, so codes count with the other messages.
    id bigint primary key default nextval('sms_id_seq'),
    -- what the next form brings back
    ticket uuid not null default gen_random_uuid(),
    phone_digest bytea not null,
    -- signed together with the number of this row
    code_signature text not null,
    address text not null,
    sent_at timestamptz not null,
    expires_at timestamptz not null,
    tries smallint not null default 0 check (tries >= 0),
    -- used, or too often guessed at
    ended_at timestamptz,
    -- whose telephone it is; empty: nobody's, and nothing was sent
    person_ids bigint[] not null,
    -- what the carrier said
    gateway_no text,
    message text,
    constraint tenant_code_ticket_key unique (ticket)
);
create index tenant_code_phone on tenant_code (phone_digest, sent_at desc);
create index tenant_code_address on tenant_code (address, sent_at);
create index tenant_code_sent on tenant_code (sent_at);

create table tenant_session (
    token_digest bytea primary key,
    -- by these the persons are found again with every request: a number that was taken out of a record ends the session
    phone_digest bytea not null,
    -- who they were: while the digests are being renewed under another key (README, key rotation) the old one finds nobody
    person_ids bigint[] not null,
    created_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null
);
create index tenant_session_expires on tenant_session (expires_at);
create index tenant_session_seen on tenant_session (seen_at);

-- Every try to sign in (domain.md §2.6: logged, kept three years): who it was where that was known, from where, and how it ended. The
-- number does not stand here either.
create table tenant_attempt (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    person_id bigint,
    address text not null,
    result text not null check (result in ('OK', 'CODE', 'OVER', 'SPENT'))
);
create index tenant_attempt_at on tenant_attempt (at);
create index tenant_attempt_person on tenant_attempt (person_id, at desc) where person_id is not null;

alter table tenant_attempt enable row level security;
alter table tenant_attempt force row level security;
create policy tenant_attempt_platform on tenant_attempt for all to public using ((select scope_platform()));
revoke update, delete on tenant_attempt from housing_app;
alter table tenant_code enable row level security;
alter table tenant_code force row level security;
create policy tenant_code_platform on tenant_code for all to public using ((select scope_platform()));
alter table tenant_session enable row level security;
alter table tenant_session force row level security;
create policy tenant_session_platform on tenant_session for all to public using ((select scope_platform()));
