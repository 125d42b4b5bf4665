import { hydrated, query, signIn, test } from "../fixtures";

test("shots", async ({ page, anotherBrowser }) => {
  test.setTimeout(180_000);
  await signIn(page, "CITY");
  await query(
    `insert into message (receiver_id, template, params, content, link, sent_at)
     select id, 'JOB_FINISHED', '{}', '任务“导入建筑信息”已完成：成功' || n || '条，失败2条', '/platform/jobs', now() - n * interval '1 hour'
     from app_user, generate_series(1, 12) n where login = (select login from app_user u join user_role r on r.user_id = u.id join role o on o.id = r.role_id where o.code = 'CITY' order by u.id limit 1)`,
  );
  await query(
    `insert into job (request_id, actor_id, sheet, file_name, status, message, created_at, finished_at, total, succeeded, kind)
     select gen_random_uuid(), u.id, f.s, f.name, f.status, f.m, now(), f.at, 8000, 3000, f.k
     from app_user u join user_role r on r.user_id = u.id join role o on o.id = r.role_id,
     (values ('building', '建筑信息2026.xlsx', 'FAILED', '导入进程中断，已导入的行保留', now(), 'IMPORT'), ('estate', '小区.xlsx', 'VALIDATED', null, null, 'IMPORT'),
       ('unit', '房源.xlsx', 'FINISHED', null, now(), 'EXPORT')) as f (s, name, status, m, at, k) where o.code = 'CITY'`,
  );
  await query(
    `insert into approval (kind, subject, subject_key, change, lines, reason, made_by, made_at)
     select 'PARAMETER', '密码有效期（天）' || n, 'shot' || n, '{}', '[]', '截图', u.id, now() from app_user u, generate_series(1, 7) n where u.login = 'city'`,
  );
  const admin = await anotherBrowser();
  await signIn(admin, "SYS_ADMIN");
  const checker = await anotherBrowser();
  await signIn(checker, "CITY_CHECK");
  const list: [typeof page, string, string][] = [
    [page, "/", "home"], [page, "/platform/messages", "messages"], [page, "/platform/jobs", "jobs"], [checker, "/", "home-checker"],
    [admin, "/", "home-admin"], [admin, "/platform/jobs", "jobs-admin"], [admin, "/platform/plans", "plans"], [admin, "/platform/message-templates", "templates"],
    [admin, "/platform/message-templates/JOB_FAILED", "template"],
  ];
  for (const [who, path, name] of list) {
    await who.goto(path);
    await hydrated(who);
    for (const width of [390, 1440, 3840]) {
      await who.setViewportSize({ width, height: width === 3840 ? 2160 : 900 });
      await who.waitForTimeout(300);
      await who.screenshot({ path: `/tmp/keep/work-${name}-${width}.png` });
    }
  }
});
