-- The last day on which the server has looked whether it is a day of direct debit (PRM-46), by district: where a day has gone by
-- since on which no server ran, its batch is made on the day on which one runs again.
create table deduction_look (
    district_id bigint primary key references organization,
    looked_on date not null
);
alter table deduction_look enable row level security;
alter table deduction_look force row level security;
create policy deduction_look_scope on deduction_look for all to public using (
    (select scope_city()) or district_id = any ((select scope_districts())::bigint[]));
revoke delete on deduction_look from housing_app;
