-- Contracts in force that were not filed with the authority yet (R-14): what home reminds of.
create index contract_unfiled on contract (district_id, sign_on)
    where status = 'ACTIVE' and filing_no is null and take_over_id is null and deleted_at is null;
