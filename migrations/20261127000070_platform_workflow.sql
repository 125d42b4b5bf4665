-- Workflow definitions (E-127, S1-9.9): how many persons agree at which node, instead of one fixed step. A request
-- keeps the version under which it was made.

-- Rights are rows behind row-level security; a migration works for the platform.
select set_config('app.platform', 'on', true);

alter table approval
    drop constraint approval_kind_check,
    add constraint approval_kind_check check (kind in ('USER_GRANT', 'ROLE', 'PARAMETER', 'WORKFLOW'));

create table workflow (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('USER_GRANT', 'ROLE', 'PARAMETER', 'WORKFLOW')),
    version integer not null check (version > 0),
    status text not null default 'DRAFT' check (status in ('DRAFT', 'ON', 'OFF')),
    -- counts the changes of a draft, so that nobody overwrites or publishes another one than he read
    revision integer not null default 1,
    -- the request that published it; none: it came with the program, or is a draft
    approval_id bigint references approval,
    published_at timestamptz,
    updated_at timestamptz not null default now(),
    updated_by bigint references app_user,
    constraint workflow_version_key unique (kind, version),
    -- what a request refers to: a version of its own kind
    constraint workflow_kind_key unique (id, kind),
    constraint workflow_published check ((status = 'DRAFT') = (published_at is null))
);
-- One version of a kind is in force, and one is being written.
create unique index workflow_on_key on workflow (kind) where status = 'ON';
create unique index workflow_draft_key on workflow (kind) where status = 'DRAFT';

create table workflow_node (
    id bigint generated always as identity primary key,
    workflow_id bigint not null references workflow on delete cascade,
    position smallint not null check (position between 1 and 5),
    name text not null check (char_length(name) between 1 and 20),
    -- how many have to agree (会签)
    persons smallint not null default 1 check (persons between 1 and 3),
    -- time limit in working days; none: no limit
    days smallint check (days between 1 and 90),
    -- the role that they have to hold besides the right to check; none: the right is enough
    role_id bigint references role,
    constraint workflow_node_position_key unique (workflow_id, position),
    constraint workflow_node_name_key unique (workflow_id, name)
);

-- What has been published is what requests under way keep: it is not changed any more.
create function workflow_frozen() returns trigger language plpgsql as $$
declare
    touched jsonb := to_jsonb(case when tg_op = 'DELETE' then old else new end);
begin
    if exists (select from workflow w where w.id = (touched ->> tg_argv[0])::bigint and w.status <> 'DRAFT') then
        raise exception 'a published workflow is not changed' using errcode = 'restrict_violation';
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end
$$;
create trigger workflow_frozen before delete on workflow for each row execute function workflow_frozen('id');
create trigger workflow_node_frozen before insert or update or delete on workflow_node
    for each row execute function workflow_frozen('workflow_id');

-- Version 1: what has been the rule so far, with five working days for it.
insert into workflow (kind, version) select kind, 1 from unnest(array['USER_GRANT', 'ROLE', 'PARAMETER', 'WORKFLOW']) as kind;
insert into workflow_node (workflow_id, position, name, persons, days) select id, 1, '复核', 1, 5 from workflow;
update workflow set status = 'ON', published_at = now();

-- Where a request stands, and since when.
alter table approval
    add column workflow_id bigint,
    add column node smallint not null default 1,
    add column node_at timestamptz;
update approval a set workflow_id = w.id, node_at = a.made_at from workflow w where w.kind = a.kind;
alter table approval
    alter column workflow_id set not null,
    alter column node_at set not null,
    add constraint approval_workflow_fkey foreign key (workflow_id, kind) references workflow (id, kind),
    add constraint approval_node_fkey foreign key (workflow_id, node) references workflow_node (workflow_id, position),
    -- what a task refers to
    add constraint approval_task_key unique (id, workflow_id, made_by);

-- A request begins at the first node of the version that is in force.
create function approval_begin() returns trigger language plpgsql as $$
begin
    new.workflow_id := coalesce(new.workflow_id, (select w.id from workflow w where w.kind = new.kind and w.status = 'ON'));
    new.node_at := coalesce(new.node_at, new.made_at);
    return new;
end
$$;
create trigger approval_begin before insert on approval for each row execute function approval_begin();

-- What each person did at which node. That nobody acts twice on one request, and its maker not at all, holds whatever
-- a query says (domain.md §6.4).
create table approval_task (
    id bigint generated always as identity primary key,
    approval_id bigint not null,
    workflow_id bigint not null,
    node smallint not null,
    made_by bigint not null,
    checker bigint not null references app_user,
    verdict text not null check (verdict in ('APPROVE', 'REJECT')),
    opinion text,
    at timestamptz not null,
    constraint approval_task_checker_key unique (approval_id, checker),
    constraint approval_task_two_persons check (checker <> made_by),
    constraint approval_task_approval_fkey foreign key (approval_id, workflow_id, made_by)
        references approval (id, workflow_id, made_by),
    constraint approval_task_node_fkey foreign key (workflow_id, node) references workflow_node (workflow_id, position)
);
insert into approval_task (approval_id, workflow_id, node, made_by, checker, verdict, opinion, at)
select id, workflow_id, 1, made_by, checked_by, case status when 'APPROVED' then 'APPROVE' else 'REJECT' end, opinion, checked_at
from approval where status in ('APPROVED', 'REJECTED') order by checked_at;

alter table workflow enable row level security;
alter table workflow force row level security;
create policy workflow_scope on workflow for all to public using ((select scope_platform()));
alter table workflow_node enable row level security;
alter table workflow_node force row level security;
create policy workflow_node_scope on workflow_node for all to public using ((select scope_platform()));
alter table approval_task enable row level security;
alter table approval_task force row level security;
create policy approval_task_scope on approval_task for all to public using ((select scope_platform()));
revoke update, delete on approval_task from housing_app;
call audit_attach('workflow');
call audit_attach('workflow_node');
call audit_attach('approval_task');

insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['SYS_ADMIN'], array['platform:workflow:read', 'platform:workflow:write']),
    (array['SEC_ADMIN'], array['platform:workflow:read', 'platform:workflow:check']),
    (array['AUDITOR'], array['platform:workflow:read'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code;
