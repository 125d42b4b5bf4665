-- Districts that are listed for an account (data scope CUSTOM, domain.md §6.2): they stand in place of what its organisation sees.
create table user_district (
    user_id bigint not null references app_user on delete cascade,
    district_id bigint not null references organization,
    primary key (user_id, district_id)
);
alter table user_district enable row level security;
alter table user_district force row level security;
create policy user_district_read on user_district for select to public using (true);
create policy user_district_write on user_district for all to public using ((select scope_platform()));
create trigger audit_grant after insert or delete on user_district for each row execute function audit_grant('user_id');
