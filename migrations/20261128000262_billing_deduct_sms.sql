-- SMS(deduct_fail) of domain.md §3.7: a household hears that the bank could not debit it, why, and when it is tried again.
select set_config('app.platform', 'on', true);
insert into sms_template (code, content, sign) values
    ('DEDUCT_FAIL', '{承租人}您好，您承租的{地址}应缴费用{金额}元银行代扣未成功（{原因}），将于{重扣日}再次扣款，请提前备足余额或到收费窗口缴纳。', '公租房中心');
-- What waits to be told to a household that has paid meanwhile.
create index sms_queued on sms (account_id) where status = 'QUEUED';
