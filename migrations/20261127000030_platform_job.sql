-- Jobs as a noun of the platform (E-124, E-129, S1-9.11): imports become one kind of them, exports another, and what the
-- server does by itself stands in a plan.

select set_config('app.platform', 'on', true);

alter table import_job rename to job;
alter table import_file rename to job_file;
alter policy import_job_scope on job rename to job_scope;
alter policy import_file_scope on job_file rename to job_file_scope;
alter table job rename constraint import_job_request_key to job_request_key;
alter index import_job_created rename to job_created;
alter index import_job_digest rename to job_digest;
alter table job
    add column kind text not null default 'IMPORT',
    -- where a job that failed or was cancelled goes on when it is tried again; none: it cannot
    add column resumes text,
    -- who ended it before its end
    add column cancelled_by bigint references app_user,
    alter column digest set default '',
    add constraint job_kind_check check (kind in ('IMPORT', 'EXPORT')),
    add constraint job_resumes_check
        check (resumes is null or (resumes in ('UPLOADED', 'EXECUTING') and status in ('FAILED', 'CANCELLED')));
create index job_mine on job (actor_id, created_at desc);
-- For reminders: what failed and what waits, of one person.
create index job_open on job (actor_id, status) where status in ('FAILED', 'VALIDATED');

-- What a job was given, or, of a finished export, what it made. Nobody but the person who started the job and the
-- server itself reads it.
alter policy job_file_scope on job_file using (exists (
    select from job j where j.id = job_id and ((select scope_actor()) is null or j.actor_id = (select scope_actor()))));

-- A server of the version before goes on with these names (see README.md); the next release drops them.
create view import_job with (security_invoker = true) as
    select id, request_id, actor_id, district_id, sheet, file_name, digest, dry_run, status, total, done_row, succeeded,
           failed, message, created_at, started_at, finished_at, update_known
    from job where kind = 'IMPORT';
create view import_file with (security_invoker = true) as select job_id, content, key_id from job_file;

-- What the server does by itself, again and again.
create table job_plan (
    id bigint generated always as identity primary key,
    code text not null,
    enabled boolean not null default true,
    -- 立即运行: a run that began before this is not yet the one that was asked for
    asked_at timestamptz,
    asked_by bigint references app_user,
    constraint job_plan_code_key unique (code)
);
alter table job_plan enable row level security;
alter table job_plan force row level security;
create policy job_plan_scope on job_plan for all to public using ((select scope_platform()));
call audit_attach('job_plan');

-- The last run of each; apart from the plan, because it is no deed of a person and not for the operation log.
create table job_plan_run (
    plan_id bigint primary key references job_plan on delete cascade,
    started_at timestamptz not null,
    -- none: it is running, or its process is gone
    ended_at timestamptz,
    ok boolean,
    result text,
    next_at timestamptz
);
alter table job_plan_run enable row level security;
alter table job_plan_run force row level security;
create policy job_plan_run_scope on job_plan_run for all to public using ((select scope_platform()));

insert into job_plan (code) values ('AUDIT_SEAL'), ('SEARCH_INDEX'), ('HOUSEKEEPING'), ('JOB_SETTLE');

insert into role_permission (role_id, permission)
select r.id, p.permission
from role r cross join unnest(array['platform:job:read', 'platform:job:run', 'platform:message_template:write']) as p (permission)
where r.code = 'SYS_ADMIN';
