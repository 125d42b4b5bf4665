-- The daily plan that makes the month's bills and pays what is due from balances (PRM-40, PRM-47): without its row the server
-- never got a turn at it. Plans are rows behind row-level security; a migration works for the platform.
select set_config('app.platform', 'on', true);
insert into job_plan (code) values ('BILLING');
