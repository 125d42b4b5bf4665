-- Documents on paper (S0-5, S2-3.7, S1-12.7; E-105, E-106, E-128): the wording that is kept by one
-- and published by another, and the log of what was printed.

create table document_template (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('CONTRACT', 'NOTICE')),
    version integer not null check (version > 0),
    name text not null check (char_length(name) between 1 and 40),
    body text not null check (char_length(body) between 1 and 20000),
    -- first day on which papers are made with it
    effective_on date not null,
    status text not null default 'DRAFT' check (status in ('DRAFT', 'PENDING', 'PUBLISHED')),
    -- none: it came with the program
    maker_id bigint references app_user,
    -- whoever had a hand in it
    author_ids bigint[] not null default '{}',
    checker_id bigint references app_user,
    checked_at timestamptz,
    opinion text,
    -- counts the changes, so that nobody publishes another wording than he read
    revision integer not null default 1,
    updated_at timestamptz not null default now(),
    constraint document_template_version_key unique (kind, version),
    constraint document_template_checker_check check (checker_id <> maker_id and not checker_id = any(author_ids)),
    constraint document_template_published_check
        check (status <> 'PUBLISHED' or maker_id is null or (checker_id is not null and checked_at is not null))
);
-- One version of a kind is being written.
create unique index document_template_draft_key on document_template (kind) where status <> 'PUBLISHED';
-- One version begins on a day.
create unique index document_template_day_key on document_template (kind, effective_on) where status = 'PUBLISHED';

-- What was published is what papers were made with: it stays as it is.
create function document_template_frozen() returns trigger language plpgsql as $$
begin
    if old.status = 'PUBLISHED' then
        raise exception 'a published template is not changed' using errcode = 'restrict_violation';
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end
$$;
create trigger document_template_frozen before update or delete on document_template
    for each row execute function document_template_frozen();

alter table document_template enable row level security;
alter table document_template force row level security;
create policy document_template_read on document_template for select to public using (true);
create policy document_template_write on document_template for all to public using ((select scope_city()));
call audit_attach('document_template');

-- Who printed what. It says nothing about people: numbers of documents only.
create table print_log (
    id bigint generated always as identity primary key,
    district_id bigint not null references organization,
    estate_id bigint not null references estate,
    paper text not null check (paper in ('CONTRACT', 'RECEIPT', 'NOTICE', 'NOTICES')),
    -- the contract, the payment, the account or the estate
    object_id bigint not null,
    number text not null,
    month date check (extract(day from month) = 1),
    template_id bigint references document_template,
    kind text not null check (kind in ('DRAFT', 'FIRST', 'REPRINT')),
    nth integer,
    copies integer not null check (copies > 0),
    reason text,
    -- SHA-256 of what the paper says
    digest text not null,
    printed_by bigint not null references app_user,
    at timestamptz not null default now(),
    constraint print_log_nth_check check ((kind = 'DRAFT') = (nth is null) and (nth is null or nth > 0) and (kind = 'REPRINT') = coalesce(nth > 1, false)),
    constraint print_log_of_month_check check ((paper in ('NOTICE', 'NOTICES')) = (month is not null)),
    constraint print_log_reason_check check (paper not in ('CONTRACT', 'RECEIPT') or kind <> 'REPRINT' or reason is not null)
);
create unique index print_log_nth_key on print_log (paper, object_id, coalesce(month, '-infinity'), nth);
create index print_log_scope on print_log (district_id, at desc, id desc);
create index print_log_estate on print_log (estate_id, at desc, id desc);
alter table print_log enable row level security;
alter table print_log force row level security;
create policy print_log_scope on print_log for all to public using (
    (select scope_city())
    or district_id = any ((select scope_districts())::bigint[])
    or estate_id = any ((select scope_estates())::bigint[]));
revoke update, delete on print_log from housing_app;
call audit_attach('print_log');

-- The wording that comes with the program.
select set_config('app.districts', '*', true);
insert into document_template (kind, version, name, effective_on, status, body) values
('CONTRACT', 1, '公共租赁住房租赁合同', '2000-01-01', 'PUBLISHED', $body$甲方（出租方）：{出租方}
乙方（承租人）：{承租人}　证件号码：{证件号码}　联系电话：{联系电话}
根据《中华人民共和国民法典》《公共租赁住房管理办法》等规定，甲乙双方就公共租赁住房租赁事宜订立本合同。
## 第一条 当事人
乙方属于{保障类别}保障对象，经资格审核和配租确定承租本合同所列住房。与乙方共同居住的人员：{同住人}。
## 第二条 房屋情况
房屋坐落于{小区}{房屋地址}，户型为{户型}，建筑面积{建筑面积}平方米，使用面积{使用面积}平方米。房屋只用于乙方及共同居住人员自住，结构、装修和设施设备以交房时双方签字的交接清单为准。
## 第三条 租赁期限
租赁期限自{租赁开始日期}起至{租赁结束日期}止，自{起租日期}起计收租金。期满需要续租的，乙方应当在期满三个月前提出申请。
## 第四条 租金及支付
租金按{计租面积}平方米、每平方米每月{租金标准}元计算，核定月租金{核定月租金}元，核减{租金核减}元，月租金为{月租金}元（{月租金大写}）。
租金按{缴费周期}缴纳，{账单月}，于每期{每期缴费日}日前由乙方在{开户行}的账户（户名{户名}，账号{银行账号}）代扣或由乙方到收费窗口缴纳。
乙方于签订本合同时缴纳押金{押金}元（{押金大写}）。乙方退回房屋并结清费用后，甲方在七个工作日内无息退还。
## 第五条 维修责任
甲方负责房屋及其设施设备的自然损坏维修；乙方使用不当造成损坏的，由乙方维修或者承担维修费用。
## 第六条 物业服务及水电气暖费用
租赁期间的物业服务费以及水、电、气、暖等费用由乙方按规定缴纳，双方另有约定的除外。
## 第七条 退回房屋
乙方有转借、转租、改变用途、破坏房屋拒不恢复原状、从事违法活动、无正当理由连续六个月以上闲置，或者累计六个月以上拖欠租金等情形的，应当退回房屋；不再符合保障条件的，应当按规定腾退。
## 第八条 违约责任
乙方逾期缴纳租金的，甲方可以催缴并按规定收取滞纳金。{门禁条款}任何一方违反本合同约定的，应当承担相应的违约责任。
## 第九条 争议解决
因本合同产生的争议由双方协商解决；协商不成的，可以向房屋所在地人民法院起诉。
## 第十条 其他
甲方已在签订前向乙方说明责任条款和退回房屋的情形。本合同一式两份，甲乙双方各执一份，自双方签字盖章之日起生效，并于签订之日起三十日内备案。
签订日期：{签订日期}$body$),
('NOTICE', 1, '缴费通知单', '2000-01-01', 'PUBLISHED', $body${缴款人}：
您承租的{小区}{房屋地址}（账户号{账户号}）截至{账期}应缴费用如下：
{账单明细}
其中本期应缴{本期应缴}元，往期欠费{往期欠费}元，滞纳金{滞纳金}元，合计{合计}元（{合计大写}）。账户余额{账户余额}元。
请于{缴费截止日期}前缴纳，也可保证代扣账户余额充足。已缴纳的请忽略本通知。
{管理单位}　{开具日期}$body$);

-- Rights are rows behind row-level security; a migration works for the platform.
select set_config('app.platform', 'on', true);
insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    (array['CITY'], array['tenancy:template:read', 'tenancy:template:write']),
    (array['CITY_CHECK'], array['tenancy:template:read', 'tenancy:template:check']),
    -- S0-5, S1-5.5: whoever makes contracts; others have no need of the numbers in clear
    (array['ENTRY', 'OPERATOR'], array['tenancy:contract:print']),
    (array['ENTRY', 'OPERATOR', 'PROPERTY_MGR'], array['tenancy:template:read', 'tenancy:print:read']),
    (array['OPERATOR', 'PROPERTY_MGR', 'CASHIER', 'FINANCE'], array['billing:notice:print', 'tenancy:print:read']),
    (array['CITY', 'CITY_CHECK', 'DISTRICT', 'AUDITOR'], array['tenancy:print:read'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code
on conflict do nothing;
