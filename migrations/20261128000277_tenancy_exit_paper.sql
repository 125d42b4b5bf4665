-- The papers of an exit (S1-7.4, domain.md §3.26 X7, X8): 退租结算单 and 退租验房单, printed and noted like contracts and receipts.
do $$
declare
    known text := (select pg_get_constraintdef(oid) from pg_constraint where conname = 'print_log_paper_check');
begin
    alter table print_log drop constraint print_log_paper_check;
    execute format('alter table print_log add constraint print_log_paper_check check (paper in (''EXIT_BILL'', ''EXIT_SHEET'') or %s)',
                   substring(known from 7));
end
$$;
