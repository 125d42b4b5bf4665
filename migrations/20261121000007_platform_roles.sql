-- Roles and their permissions, seeded from domain.md §6.1 and §6.5 for the areas that exist so far
-- (stock and home). What is not granted is forbidden; `server/store/tests` keeps a snapshot.

-- The owner is ruled by the policies too; this lasts as long as the migration's transaction.
select set_config('app.platform', 'on', true);

insert into role (code, name) values
    ('CITY_LEADER', '市领导/主管局'),
    ('CITY', '市住房保障中心'),
    ('CITY_CHECK', '市级复核岗'),
    ('DISTRICT', '区县住房保障部门'),
    ('STREET', '街道/镇住保窗口'),
    ('OPERATOR', '运营主体管理员'),
    ('ENTRY', '录入管理员'),
    ('PROPERTY_APPROVER', '物业管理员'),
    ('FINANCE', '财务会计'),
    ('AUDITOR', '审计/纪检'),
    ('SYS_ADMIN', '系统管理员'),
    ('SEC_ADMIN', '安全管理员');

insert into role_permission (role_id, permission)
select r.id, p.permission
from (values
    -- everybody who may see the stock
    (array['CITY_LEADER', 'CITY', 'CITY_CHECK', 'DISTRICT', 'STREET', 'OPERATOR', 'ENTRY', 'PROPERTY_APPROVER', 'FINANCE', 'AUDITOR'],
     array['platform:organization:read', 'housing:project:read', 'housing:estate:read', 'housing:building:read',
           'housing:unit:read', 'housing:room:read', 'housing:rent_standard:read', 'operator:operator:read']),
    (array['CITY_LEADER', 'CITY', 'CITY_CHECK', 'DISTRICT', 'OPERATOR', 'ENTRY', 'AUDITOR'],
     array['insight:home:read', 'insight:map:read', 'housing:stock:export']),
    (array['CITY', 'DISTRICT', 'OPERATOR', 'ENTRY'],
     array['housing:estate:write', 'housing:unit:write', 'housing:unit:transition']),
    (array['CITY', 'DISTRICT'], array['housing:project:write', 'housing:estate:assign']),
    (array['CITY'], array['housing:rent_standard:write', 'platform:division:write']),
    (array['CITY_LEADER', 'CITY', 'DISTRICT', 'OPERATOR'], array['platform:session:kiosk']),
    (array['SYS_ADMIN'], array['platform:organization:read', 'platform:organization:write', 'platform:division:write'])
) as g (roles, permissions)
cross join lateral unnest(g.roles) as holder (code)
cross join lateral unnest(g.permissions) as p (permission)
join role r on r.code = holder.code;
