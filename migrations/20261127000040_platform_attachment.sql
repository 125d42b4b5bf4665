-- Files that belong to a record (附件: E-23, the photo of E-04, files of E-10 to E-15). The content lies in the store of
-- files, sealed; here stands what it is, whose it is, and under which key of the store it is found.

create table attachment (
    id bigint generated always as identity primary key,
    owner text not null check (owner in ('PERSON', 'PROJECT', 'ESTATE', 'BUILDING', 'UNIT', 'ASSET_MASTER')),
    owner_id bigint not null,
    kind text not null,
    file_name text not null check (length(file_name) between 1 and 100),
    -- found by looking at the content
    media text not null check (media in ('JPEG', 'PNG', 'PDF')),
    bytes bigint not null check (bytes between 1 and 10485760),
    -- of the content as it was sent, and of the small picture: what comes back from the store is compared with them
    sha256 bytea not null check (length(sha256) = 32),
    thumbnail_sha256 bytea check (length(thumbnail_sha256) = 32),
    -- where the store of files has it; none: deleted, and dropped since
    object_key text,
    -- the key of the ring that sealed it
    key_id smallint references cipher_key,
    created_by bigint,
    created_at timestamptz not null,
    deleted_by bigint,
    deleted_at timestamptz,
    delete_reason text,
    constraint attachment_object_key unique (object_key),
    constraint attachment_sealed check ((object_key is null) = (key_id is null)),
    constraint attachment_kept check (object_key is not null or deleted_at is not null),
    constraint attachment_deleted check ((deleted_at is null) = (delete_reason is null) and (deleted_at is null) = (deleted_by is null)),
    constraint attachment_thumbnail check ((thumbnail_sha256 is not null) = (media in ('JPEG', 'PNG')))
);
create index attachment_of_owner on attachment (owner, owner_id, id) where deleted_at is null;
create index attachment_sealed_by on attachment (key_id);
create index attachment_to_drop on attachment (deleted_at) where deleted_at is not null and object_key is not null;
alter table attachment enable row level security;
alter table attachment force row level security;
-- Whoever sees the record sees its files: the policies of those tables decide.
create policy attachment_scope on attachment for all to public using (
    case owner
        when 'PERSON' then exists (select from person o where o.id = owner_id)
        when 'PROJECT' then exists (select from project o where o.id = owner_id)
        when 'ESTATE' then exists (select from estate o where o.id = owner_id)
        when 'BUILDING' then exists (select from building o where o.id = owner_id)
        when 'UNIT' then exists (select from unit o where o.id = owner_id)
        when 'ASSET_MASTER' then exists (select from asset_master o where o.id = owner_id)
        else false
    end);
revoke delete on attachment from housing_app;
call audit_attach('attachment');

-- Written before a file goes into the store and removed with the transaction that makes its row: what stands here for
-- long is a file without a row, left by a process that was killed.
create table object_draft (
    object_key text primary key,
    made_by bigint not null,
    made_at timestamptz not null
);
create index object_draft_made on object_draft (made_at);
alter table object_draft enable row level security;
alter table object_draft force row level security;
create policy object_draft_own on object_draft for all to public
    using ((select scope_city()) or made_by = (select scope_actor()));

-- Papers of persons in clear: whoever may see the document's number.
select set_config('app.platform', 'on', true);
insert into role_permission (role_id, permission)
select r.id, 'person:attachment:clear' from role r where r.code in ('CITY', 'DISTRICT', 'ENTRY');
