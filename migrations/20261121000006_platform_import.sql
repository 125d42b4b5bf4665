-- Import jobs and their failed rows (E-124, domain.md §3.25, §7.0).

create table import_job (
    id uuid primary key default gen_random_uuid(),
    -- made by the browser: the same upload sent twice is one job (domain.md §0.5 rule 10)
    request_id uuid not null,
    actor_id bigint not null references app_user,
    district_id bigint references organization,
    sheet text not null,
    file_name text not null,
    digest text not null,
    dry_run boolean not null default false,
    status text not null check (status in ('UPLOADED', 'PARSING', 'VALIDATED', 'EXECUTING', 'FINISHED', 'FAILED', 'CANCELLED')),
    -- rows of the sheet that count; known when it was read through once
    total integer,
    -- worksheet row up to which all is decided: a restart goes on behind it
    done_row integer not null default 0,
    succeeded integer not null default 0,
    failed integer not null default 0,
    message text,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    constraint import_job_request_key unique (actor_id, request_id)
);
create index import_job_created on import_job (created_at desc);
create index import_job_digest on import_job (sheet, digest);

create table import_file (
    job_id uuid primary key references import_job on delete cascade,
    content bytea not null
);

create table import_row (
    job_id uuid not null references import_job on delete cascade,
    row_no integer not null,
    raw text[] not null,
    -- [{"column": …, "message": …}]
    errors jsonb not null,
    primary key (job_id, row_no)
);

alter table import_job enable row level security;
alter table import_job force row level security;
create policy import_job_scope on import_job for all to public using (
    actor_id = (select scope_actor())
    or (select scope_city())
    or district_id = any ((select scope_districts())::bigint[]));
alter table import_file enable row level security;
alter table import_file force row level security;
create policy import_file_scope on import_file for all to public
    using (exists (select from import_job j where j.id = job_id));
alter table import_row enable row level security;
alter table import_row force row level security;
create policy import_row_scope on import_row for all to public
    using (exists (select from import_job j where j.id = job_id));

-- The application puts a job into the queue inside its own transaction; the queue's tables stay closed to it.
create function job_enqueue(task text, payload jsonb, job_key text, max_attempts smallint) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform graphile_worker.add_job(task, payload::json, job_key => job_key, max_attempts => max_attempts);
end
$$;
revoke execute on function job_enqueue(text, jsonb, text, smallint) from public;
grant execute on function job_enqueue(text, jsonb, text, smallint) to housing_app;

-- Whether the queue works on a job or still means to: neither done nor given up after the last attempt.
create function job_queued(wanted_key text) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return exists (
        select from graphile_worker.jobs j
        where j.key = wanted_key and (j.attempts < j.max_attempts or j.locked_at is not null));
end
$$;
revoke execute on function job_queued(text) from public;
grant execute on function job_queued(text) to housing_app;

-- The log is searched by operator (S1-3.2), although the accounts themselves stay out of sight.
create function users_named(pattern text) returns setof bigint language plpgsql as $$
declare
    platform text := coalesce(current_setting('app.platform', true), '');
begin
    perform set_config('app.platform', 'on', true);
    return query select id from app_user where login ilike pattern or name ilike pattern;
    perform set_config('app.platform', platform, true);
end
$$;
