-- 预收、押金及账户余额表 of projects, doors and households (domain.md §8 RP-16) is told backwards from what the accounts hold: it
-- reads the transfers on balances and deposits since the first day that it is about, and none of the others, which are many.
create index ledger_entry_kept on ledger_entry (district_id, booked_on) include (estate_id, account_id, debit, credit, amount_fen)
    where debit in ('BALANCE', 'DEPOSIT') or credit in ('BALANCE', 'DEPOSIT');
