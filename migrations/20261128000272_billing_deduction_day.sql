-- Batches that the server makes by itself on the days of PRM-46: nobody's, one per district and day. Two people have to do with
-- them all the same: who checked one does not send it.
alter table deduction_batch alter column maker_id drop not null;
create unique index deduction_batch_day_key on deduction_batch (district_id, due_by) where maker_id is null;
alter table deduction_batch add constraint deduction_batch_two_check check (maker_id is not null or sender_id <> checker_id);
