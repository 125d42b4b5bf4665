-- A batch that is asked for twice is made once: it carries the id of its request, as a payment does.
alter table deduction_batch add column request_id uuid;
create unique index deduction_batch_request_key on deduction_batch (request_id);
