-- Accounts from a file (domain.md §7.0): they wait together for one checker, and go when he says no.

alter table app_user add column import_request_id bigint references approval;
create index app_user_import_request on app_user (import_request_id) where import_request_id is not null;

create function audit_account_gone() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor_id, action, object_type, object_id, rows, before)
    values (scope_actor(), tg_op, 'app_user', old.id, 1,
            jsonb_build_object('login', old.login, 'name', old.name, 'status', old.status));
    return null;
end
$$;
create trigger audit_account_gone after delete on app_user for each row execute function audit_account_gone();
