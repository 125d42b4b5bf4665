-- One number that cannot be read holds nobody up (domain.md §3.7): what of a file cannot be sent is left out, and whoever works on
-- the batch is told. A file of which nothing is left never goes out.
select set_config('app.platform', 'on', true);
alter table bank_file drop constraint bank_file_direction_state_check;
alter table bank_file add constraint bank_file_direction_state_check check (
    (direction = 'OUT' and state in ('MADE', 'SENT', 'REJECTED')) or (direction = 'IN' and state in ('READING', 'DONE', 'REJECTED')));
alter table bank_file drop constraint bank_file_digest_check;
alter table bank_file add constraint bank_file_digest_check check (
    state = 'MADE' or digest is not null or (direction = 'OUT' and state = 'REJECTED'));
insert into message_template (code, content) values
    ('DEDUCTION_WITHHELD', '代扣批次{批次}中{笔数}笔的账号或证件号码无法读取，未发送银行；请查看代扣明细并重新登记扣款账号');
