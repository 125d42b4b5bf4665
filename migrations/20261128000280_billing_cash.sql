-- Cash of a shift is at the bank when somebody else than its cashier has seen it there (E-107, S4-1.11: CASHIER → FINANCE, domain.md
-- §6.4): only then does the ledger move it from CASH to BANK, and what is missing or too much to 现金长短款.

alter table cashier_shift
    -- what the bank's slip says, when and by whom it was confirmed, and why it is not what was to be handed in
    add column banked_fen bigint check (banked_fen >= 0),
    add column banked_at timestamptz,
    add column banked_by bigint references app_user,
    add column banked_note text,
    -- why the slip was given back to the cashier, the last time
    add column returned_reason text,
    add constraint cashier_shift_banked_check check ((banked_at is null) = (banked_fen is null)
        and (banked_at is null) = (banked_by is null) and (banked_at is null or handed_in_at is not null)),
    add constraint cashier_shift_eyes_check check (banked_by <> cashier_id);
-- What waits for an accountant.
create index cashier_shift_handed_in on cashier_shift (district_id, handed_in_at) where handed_in_at is not null and banked_at is null;

-- Such a transfer is of many households and of none: it belongs to the shift, and to the estate whose money it was.
alter table ledger_entry
    alter column account_id drop not null,
    add column shift_id bigint references cashier_shift,
    add constraint ledger_entry_owner_check check ((account_id is null) = (shift_id is not null)),
    add constraint ledger_entry_shift_check check (shift_id is null
        or debit in ('CASH', 'BANK', 'CASH_DIFF') and credit in ('CASH', 'BANK', 'CASH_DIFF'));
-- Whatever is pressed twice, a shift's cash is moved once.
create unique index ledger_entry_shift_key on ledger_entry (shift_id, estate_id, fee_item, debit, credit) where shift_id is not null;
