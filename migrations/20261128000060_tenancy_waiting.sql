-- What waits, and what belongs to an assignment, is found without reading the other contracts: home asks for both at every
-- visit, the list of assignments for the second in every row.
create index contract_waiting on contract (district_id, estate_id)
    where status in ('PENDING', 'CANCEL_PENDING') and deleted_at is null;
create index contract_assignment on contract (assignment_id) where assignment_id is not null and deleted_at is null;
