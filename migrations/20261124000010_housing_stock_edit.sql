-- Entering, changing and deleting by hand at every level of the stock (domain.md §5.3 S1-4.1, S1-4.2), and the columns
-- of I-04 (§7.4).

-- A deleted record gives its name or number free (domain.md §0.5 rule 4: it stays, but nobody sees it). The names of the
-- constraints stay, because they are what becomes a complaint beside a field. A server of the version before cannot
-- import while it shares this database: its chunk is rolled back as a whole, and the job goes on with the new one.
alter table project drop constraint project_name_key;
create unique index project_name_key on project (district_id, name) where deleted_at is null;
alter table estate drop constraint estate_name_key;
create unique index estate_name_key on estate (district_id, name) where deleted_at is null;
alter table building drop constraint building_no_key;
create unique index building_no_key on building (estate_id, no) where deleted_at is null;
alter table unit drop constraint unit_position_key;
create unique index unit_position_key on unit (building_id, entrance, room_no) where deleted_at is null;

alter table room
    add column deleted_at timestamptz,
    -- 物业费单价, 1/10000 yuan per m² and month
    add column property_rate integer check (property_rate >= 0),
    -- the owner of a sold flat; the telephone number is sealed as those of persons are (§2.6)
    add column owner_name text,
    add column owner_phone bytea,
    add column owner_phone_mask text,
    add column key_id smallint references cipher_key,
    add constraint room_owner_check check (
        (owner_phone is null) = (owner_phone_mask is null) and (owner_phone is null) = (key_id is null));
alter table room drop constraint room_name_key;
create unique index room_name_key on room (unit_id, name) where deleted_at is null;
create index room_key on room (key_id) where key_id is not null;

select set_config('app.platform', 'on', true);

insert into role_permission (role_id, permission)
select r.id, p.permission
from role r cross join (values ('housing:building:write'), ('housing:room:write')) as p (permission)
where r.code in ('CITY', 'DISTRICT', 'OPERATOR', 'ENTRY');
