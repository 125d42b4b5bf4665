-- One home for a household (domain.md §3.5 C1): whether somebody of the household that a person belongs to has a contract that runs, or
-- one that is coming, anywhere in the city: yes or no. Of who lives on in a home whose contract has expired nothing is held against
-- the others, as with himself.
create function household_is_housed(wanted bigint) returns boolean language plpgsql security definer as $$
declare
    scope text := coalesce(current_setting('app.districts', true), '');
    housed boolean;
begin
    perform set_config('app.districts', '*', true);
    housed := exists (
        select from household_member m join household_member o on o.household_id = m.household_id and o.left_on is null
        join contract c on c.person_id = o.person_id
        where m.person_id = wanted and m.left_on is null and c.deleted_at is null and c.expired_on is null
            and c.status not in ('REJECTED', 'TERMINATED', 'EXPIRED', 'RENEWED', 'VOID'));
    perform set_config('app.districts', scope, true);
    return housed;
end
$$;
do $$
begin
    execute format('alter function household_is_housed(bigint) set search_path = %I, pg_temp', current_schema());
end
$$;
revoke execute on function household_is_housed(bigint) from public;
grant execute on function household_is_housed(bigint) to housing_app;
