-- Messages inside the system (E-126, S1-9.8). What they say is a template that administrators word.

select set_config('app.platform', 'on', true);

create table message_template (
    id bigint generated always as identity primary key,
    code text not null,
    channel text not null default 'SITE' check (channel in ('SITE')),
    content text not null,
    enabled boolean not null default true,
    version integer not null default 1,
    updated_at timestamptz not null default now(),
    updated_by bigint references app_user,
    constraint message_template_code_key unique (code)
);
alter table message_template enable row level security;
alter table message_template force row level security;
-- Whoever does something sends the message about it.
create policy message_template_read on message_template for select to public using (true);
create policy message_template_write on message_template for all to public using ((select scope_platform()));
call audit_attach('message_template');

create table message (
    id bigint generated always as identity primary key,
    receiver_id bigint not null references app_user on delete cascade,
    template text not null references message_template (code),
    channel text not null default 'SITE' check (channel in ('SITE')),
    params jsonb not null,
    content text not null,
    -- the page inside the system that it is about
    link text not null check (link like '/%' and link not like '//%'),
    sent_at timestamptz not null,
    read_at timestamptz
);
-- The number at the bell, counted with every request.
create index message_unread on message (receiver_id) where read_at is null;
create index message_newest on message (receiver_id, id desc);
alter table message enable row level security;
alter table message force row level security;
create policy message_own on message for all to public
    using (receiver_id = (select scope_actor()) or (select scope_platform()))
    -- A message goes to somebody else than who writes it.
    with check ((select scope_actor()) is not null or (select scope_platform()));

insert into message_template (code, content) values
    ('JOB_FINISHED', '任务“{任务}”已完成：{结果}'),
    ('JOB_FAILED', '任务“{任务}”未能完成：{原因}'),
    ('JOB_CANCELLED', '任务“{任务}”已被{操作人}取消：{结果}'),
    ('APPROVAL_APPROVED', '您提交的{事项}“{对象}”已由{复核人}通过'),
    ('APPROVAL_REJECTED', '您提交的{事项}“{对象}”被{复核人}驳回：{意见}'),
    ('ASSET_APPROVED', '您提交的资产卡片{卡号}{事项}已由{复核人}通过'),
    ('ASSET_REJECTED', '您提交的资产卡片{卡号}{事项}被{复核人}退回：{意见}'),
    ('COUNT_CONFIRMED', '您编制的盘点单“{盘点单}”已由{复核人}确认');

-- For reminders: who may look soon for the end of something.
create index app_user_valid_to on app_user (valid_to) where valid_to is not null and deleted_at is null;
create index rent_standard_valid_to on rent_standard (valid_to) where valid_to is not null;
create index approval_waiting on approval (kind, made_by) where status = 'PENDING';
create index asset_change_waiting on asset_change (district_id, estate_id) where state = 'PENDING';
create index asset_count_waiting on asset_count (district_id, estate_id) where status in ('COUNTED', 'DIFF');
