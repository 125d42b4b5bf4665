-- 催缴通知书 as a paper (domain.md §3.8 L2, E-128): worded by a template, printed for one household or for many at once, and
-- noted in the log of prints. What a notice says is kept with its record, so that a copy of it says the same.

select set_config('app.districts', '*', true);

alter table document_template drop constraint document_template_kind_check;
alter table document_template add constraint document_template_kind_check check (kind in ('CONTRACT', 'NOTICE', 'DUNNING'));

-- Beside whatever papers there were before.
do $$
declare
    known text := (select pg_get_constraintdef(oid) from pg_constraint where conname = 'print_log_paper_check');
begin
    alter table print_log drop constraint print_log_paper_check;
    execute format('alter table print_log add constraint print_log_paper_check check (paper = ''DUNNING'' or %s)', substring(known from 7));
end
$$;
alter table print_log drop constraint print_log_reason_check;
alter table print_log add constraint print_log_reason_check
    check (paper in ('NOTICE', 'NOTICES') or kind <> 'REPRINT' or reason is not null);

-- Prints that go into one file.
create sequence print_batch;
alter table print_log add column batch bigint;
create index print_log_batch on print_log (batch) where batch is not null;

-- Whom a notice names and what it lists, as it was printed first; none: it was printed before there was a paper of it.
alter table dunning_record add column notice jsonb;
alter table dunning_record add constraint dunning_record_notice_check check (notice is null or printed_on is not null);

insert into document_template (kind, version, name, effective_on, status, body) values
('DUNNING', 1, '催缴通知书', '2000-01-01', 'PUBLISHED', $body$承租人：{承租人}　账户号：{账户号}
房屋地址：{小区}{房屋地址}
{催缴内容}
欠缴租金明细如下：
{账单明细}
欠费合计{欠费金额}元（{欠费金额大写}），最早应缴日期{最早应缴日期}。缴清后本通知书自动失效。对欠费有异议的，请持本通知书到管理单位核对。
{管理单位}　{开具日期}$body$);
