-- Ways of dunning (domain.md E-52): 语音, a message that is spoken by a call and goes the way of text messages (E-126 `channel`,
-- docs/sms.md), and 诉讼, which people enter.

alter table sms add column channel text not null default 'SMS' check (channel in ('SMS', 'VOICE'));
alter table sms add constraint sms_call_check check (channel <> 'VOICE' or parts = 1);

alter table dunning_rule drop constraint dunning_rule_way_check;
alter table dunning_rule add constraint dunning_rule_way_check check (way in ('SMS', 'VOICE', 'PHONE', 'VISIT', 'WRITTEN'));
alter table dunning_rule drop constraint dunning_rule_template_check;
alter table dunning_rule add constraint dunning_rule_template_check check ((way in ('SMS', 'VOICE')) = (template is not null));

alter table dunning_record drop constraint dunning_record_way_check;
alter table dunning_record add constraint dunning_record_way_check
    check (way in ('SMS', 'VOICE', 'PHONE', 'VISIT', 'WRITTEN', 'LAWSUIT'));
alter table dunning_record
    add column court text check (char_length(court) between 1 and 50),
    add column case_no text check (char_length(case_no) between 1 and 50),
    add column filed_on date;
alter table dunning_record add constraint dunning_record_suit_check
    check ((way = 'LAWSUIT') = (court is not null) and (court is null) = (case_no is null) and (court is null) = (filed_on is null));

-- What the carrier ends is no task of people.
drop index dunning_record_task;
create index dunning_record_task on dunning_record (district_id, estate_id) where status = 'OPEN' and way not in ('SMS', 'VOICE');

-- What a court is given, as one file: made anew, as things stand on the day.
do $$
declare
    known text := (select pg_get_constraintdef(oid) from pg_constraint where conname = 'print_log_paper_check');
begin
    alter table print_log drop constraint print_log_paper_check;
    execute format('alter table print_log add constraint print_log_paper_check check (paper = ''LAWSUIT'' or %s)', substring(known from 7));
end
$$;
alter table print_log drop constraint print_log_reason_check;
alter table print_log add constraint print_log_reason_check
    check (paper in ('NOTICE', 'NOTICES', 'LAWSUIT') or kind <> 'REPRINT' or reason is not null);
