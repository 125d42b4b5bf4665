-- An account is signed in at so many places at once and no more (domain.md §2.6); whose oldest place was ended is told.
select set_config('app.platform', 'on', true);
insert into message_template (code, content) values
    ('SESSION_ENDED', '您的账号同时登录超过{上限}处，最久未使用的一处已自动退出；如非本人登录，请立即修改密码');
