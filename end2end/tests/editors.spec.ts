// Two administrators at one record: whoever is slower sees what he typed beside what is there now, and chooses.
import { type Page, account, checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";

test.use({ expectedProblems: [/status of 409/] });

const conflict = (page: Page) => page.locator(".conflict");

/** Opens a page as somebody at another desk. */
async function desk(open: () => Promise<Page>, name: string, path: string): Promise<Page> {
  const other = await open();
  await signIn(other, name);
  await visit(other, path);
  return other;
}

test("an account", async ({ page, anotherBrowser }) => {
  const { login } = account("operator");
  const [user] = await query<{ id: string; name: string }>("select id, name from app_user where login = $1", [login]);
  const path = `/platform/users/${user?.id}/edit`;
  await signIn(page, "admin");
  await visit(page, path);
  // Accounts of the demo have no telephone yet, and no account is saved without one.
  await page.getByLabel("手机号").fill("19900000077");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page).toHaveURL(new RegExp(`/platform/users/${user?.id}$`));
  await visit(page, path);
  const other = await desk(anotherBrowser, "admin", path);
  await other.getByLabel("部门").fill("审计一科");
  await other.getByRole("button", { name: "保存" }).click();
  await expect(other).toHaveURL(new RegExp(`/platform/users/${user?.id}$`));

  await page.getByLabel("部门").fill("审计二科");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(conflict(page).getByRole("heading")).toHaveText("记录已被他人修改");
  await expect(conflict(page).getByRole("row", { name: "部门" })).toContainText("审计二科");
  await expect(conflict(page).getByRole("row", { name: "部门" })).toContainText("审计一科");
  await expect(conflict(page).getByRole("row"), "nothing else differs").toHaveCount(2);
  await checkAxe(page);
  await page.getByRole("button", { name: "采用现在的内容" }).click();
  await expect(page.getByLabel("部门")).toHaveValue("审计一科");
  await page.getByLabel("部门").fill("");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page).toHaveURL(new RegExp(`/platform/users/${user?.id}$`));
});

test("what an account may do", async ({ page }) => {
  const { login } = account("operator");
  const [user] = await query<{ id: string }>("select id from app_user where login = $1", [login]);
  await signIn(page, "admin");
  await visit(page, `/platform/users/${user?.id}/grant`);
  await query("update app_user set version = version + 1 where id = $1", [user?.id]);
  await page.getByLabel("变更原因*").fill("旅程调岗");
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(conflict(page)).toContainText("我填写的");
  await expect(conflict(page).getByRole("row", { name: "变更原因" })).toContainText("旅程调岗");
});

test("a role", async ({ page }) => {
  const code = `DESK_${Date.now() % 1_000_000}`;
  const [role] = await query<{ id: string }>("insert into role (code, name) values ($1, $1) returning id", [code]);
  await query("insert into role_permission values ($1, 'housing:unit:read')", [role?.id]);
  await signIn(page, "security");
  await visit(page, `/platform/roles/${role?.id}/edit`);
  await query("insert into role_permission values ($1, 'housing:room:read')", [role?.id]);
  await query("update role set description = '他人写的', version = version + 1 where id = $1", [role?.id]);
  await page.getByLabel("说明").fill("我写的");
  await page.getByLabel("变更原因*").fill("旅程改名");
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(conflict(page).getByRole("row", { name: "说明" })).toContainText("他人写的");
  await expect(conflict(page).getByRole("row", { name: "公租房房源" }), "by their names").toContainText("查看房间");
  await checkAxe(page);
  await page.getByRole("button", { name: "采用现在的内容" }).click();
  await expect(page.getByLabel("查看房间", { exact: true })).toBeChecked();
  await query("delete from role where id = $1", [role?.id]);
});

test("a parameter", async ({ page }) => {
  await signIn(page, "city");
  await visit(page, "/platform/parameters/PRM-70");
  await query(
    "insert into parameter (code, value, valid_from) values ('PRM-70', '60/40/10', '2026-01-01') on conflict (code, district_id, valid_from) do update set value = excluded.value, version = parameter.version + 1",
  );
  await page.getByLabel("新值").fill("70/40/10");
  await page.getByLabel("生效日期*").fill("2099-01-01");
  await page.getByLabel("变更原因*").fill("旅程延长年限");
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(conflict(page).getByRole("row", { name: "新值" })).toContainText("70/40/10");
  await expect(conflict(page).getByRole("row", { name: "新值" })).toContainText("60/40/10");
  await checkAxe(page);
  await page.getByRole("button", { name: "采用现在的内容" }).click();
  await expect(page.getByLabel("新值")).toHaveValue("60/40/10");
  await query("delete from parameter where code = 'PRM-70' and valid_from = '2026-01-01'");
});

test("a person", async ({ page }) => {
  const [person] = await query<{ id: string }>("select id from person where merged_into is null and deleted_at is null limit 1");
  test.skip(!person, "the demo has no person");
  await signIn(page, "city");
  await visit(page, `/persons/${person?.id}/edit`);
  await query("update person set employer = '他人写的', version = version + 1 where id = $1", [person?.id]);
  await page.getByLabel("工作单位").fill("我写的");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(conflict(page).getByRole("row", { name: "工作单位" })).toContainText("他人写的");
  await expect(conflict(page).getByRole("row"), "what is hidden does not count as a difference").toHaveCount(2);
  await page.getByRole("button", { name: "保存我填写的" }).click();
  await hydrated(page);
  await expect(page.locator("main")).toContainText("我写的");
});
