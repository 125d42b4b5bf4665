-- 接管明细: a city's batch has a million rows, so its list is walked along an index in the order of the rows, as bills are.
-- A batch is staged in the order of its file, so the id says what the row's number says.

drop index take_over_row_scope;
drop index take_over_row_estate;
create index take_over_row_batch on take_over_row (take_over_id, id);
create index take_over_row_scope on take_over_row (district_id, id);
create index take_over_row_estate on take_over_row (estate_id, id);
-- What could not be written is looked for among what could.
create index take_over_row_batch_state on take_over_row (take_over_id, state, id);
create index take_over_row_scope_state on take_over_row (district_id, state, id);
-- Asked for by a number, or its begin.
create index take_over_row_contract_no on take_over_row (contract_no);
