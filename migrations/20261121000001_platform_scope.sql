-- The two walls of data scope (architecture §4): the application works as `housing_app`, a role that
-- owns nothing, so every table below answers it through row-level security. The scope of a request
-- is set per transaction by the store (`set_config(…, true)`); without it nothing is visible.

do $$
begin
    create role housing_app nologin nosuperuser nocreatedb nocreaterole nobypassrls;
exception
    -- Roles belong to the cluster: another database of it, or a server starting beside us, was first.
    when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
    -- PostgreSQL 16 gives the creator of a role only its administration: take the right to become it.
    if not pg_has_role(current_user, 'housing_app', 'usage') then
        execute format('grant housing_app to %I', current_user);
    end if;
end
$$;

-- Roles belong to the whole cluster, and so does `housing_app`: the owner of a neighbouring database who
-- may become it (every installation's owner may) could connect here and set himself any scope. PostgreSQL
-- lets everybody connect to everything unless told otherwise, so it is told: this database's owner and
-- superusers come in, others (a backup's or a report's login) only by a `grant connect` to them by name.
-- A copy made with `create database … template …` does not inherit this and has to be told again.
do $$
begin
    execute format('revoke connect on database %I from public', current_database());
end
$$;

do $$
begin
    execute format('grant usage on schema %I to housing_app', current_schema());
    execute format('alter default privileges in schema %I grant select, insert, update, delete on tables to housing_app', current_schema());
    execute format('alter default privileges in schema %I grant usage, select on sequences to housing_app', current_schema());
end
$$;

-- `app.districts`: '*' for the whole city, or district ids, or nothing.
create function scope_city() returns boolean
    language sql stable parallel safe
    return coalesce(current_setting('app.districts', true), '') = '*';

create function scope_districts() returns bigint[]
    language sql stable parallel safe
    return case
        when coalesce(current_setting('app.districts', true), '') in ('', '*') then '{}'::bigint[]
        else string_to_array(current_setting('app.districts', true), ',')::bigint[]
    end;

-- `app.estates`: the estates of an operator or of a clerk who looks after some of them.
create function scope_estates() returns bigint[]
    language sql stable parallel safe
    return case
        when coalesce(current_setting('app.estates', true), '') = '' then '{}'::bigint[]
        else string_to_array(current_setting('app.estates', true), ',')::bigint[]
    end;

-- `app.actor`: who works; written into every history and audit row by the database itself.
create function scope_actor() returns bigint
    language sql stable parallel safe
    return nullif(current_setting('app.actor', true), '')::bigint;

-- `app.platform`: 'on' for system administration and for the server's own work on accounts.
create function scope_platform() returns boolean
    language sql stable parallel safe
    return coalesce(current_setting('app.platform', true), '') = 'on';

-- Lists sort as people count and spell: 9号楼 before 10号楼, Chinese by pinyin.
create collation natural_order (provider = icu, locale = 'zh-u-kn-true');
