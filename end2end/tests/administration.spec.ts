// Administration: an account, a role and a parameter, each asked for by one person and agreed to by another.
import { type Page, captchaAnswer, checkAxe, expect, hydrated, pick, query, signIn, test, visit } from "../fixtures";
import { today } from "../day";
import { fitsWidth } from "../screen";
import { downloaded } from "../sheets";

// A refused form and a page without the right to it answer so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

/** Whoever checks opens the newest request and agrees. */
async function approveNewest(page: Page): Promise<void> {
  await visit(page, "/platform/approvals?status=PENDING");
  await page.locator(".data-table tbody a").first().click();
  await hydrated(page);
  await expect(page.getByRole("heading", { name: "变更内容" })).toBeVisible();
  await checkAxe(page);
  await page.getByRole("button", { name: "通过" }).click();
  await expect(page.locator("main")).toContainText("已通过");
}

test("a new account works when the security administrator has agreed", async ({ page, anotherBrowser }) => {
  const login = `desk${Date.now() % 1_000_000}`;
  const phone = `199${String(Date.now()).slice(-8)}`;
  await signIn(page, "admin");
  await visit(page, "/platform/users");
  await fitsWidth(page);
  await page.getByRole("link", { name: "新增用户" }).click();
  await page.getByLabel("账号*").fill("张三");
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(page.locator("#login-error")).toHaveText("账号须为2至30个字母、数字、点、横线或下划线");
  await expect(page.locator("#roles-error")).toHaveText("请至少选择一个角色");
  await checkAxe(page);
  await page.getByLabel("账号*").fill(login);
  await page.getByLabel("姓名*").fill("旅程新员工");
  await page.getByLabel("手机号*").fill(phone);
  await pick(page.getByLabel("所属机构*"), 1);
  await page.getByLabel("区县住房保障部门").check();
  await page.getByLabel("变更原因*").fill("新员工入职");
  await page.getByLabel("变更原因*").press("Enter");
  await expect(page.getByText("账号已建立，授权待复核")).toBeVisible();
  const password = (await page.locator("[data-clear]").textContent()) ?? "";
  await checkAxe(page);
  await page.getByRole("link", { name: "查看账号" }).click();
  await expect(page.getByText("该账号有待复核的授权变更")).toBeVisible();
  await hydrated(page);
  await expect(page.locator("main")).not.toContainText(password);
  await expect(page.locator("main")).not.toContainText(phone);
  await checkAxe(page);
  // The maker reads the request and can only take it back.
  await page.getByRole("link", { name: "查看", exact: true }).click();
  await expect(page.getByRole("button", { name: "撤回" })).toBeVisible();
  await expect(page.getByRole("button", { name: "通过" })).toHaveCount(0);

  const checker = await anotherBrowser();
  await signIn(checker, "security");
  await approveNewest(checker);

  const desk = await anotherBrowser();
  await desk.goto("/sign-in");
  await hydrated(desk);
  await desk.locator("input[name=login]").fill(login);
  await desk.locator("input[name=password]").fill(password);
  await desk.locator("input[name=captcha]").fill(await captchaAnswer(desk));
  await desk.locator("form button[type=submit]").click();
  await expect(desk).toHaveURL(/\/password$/);

  // Reset by the administrator: the open session ends, a new password is shown once.
  const [row] = await query<{ id: string }>("select id from app_user where login = $1", [login]);
  await visit(page, `/platform/users/${row?.id}`);
  await page.getByRole("button", { name: "重置密码" }).click();
  const dialog = page.getByRole("dialog");
  await checkAxe(page);
  await dialog.getByRole("button", { name: "确定" }).click();
  await expect(dialog.locator("[data-clear]")).not.toHaveText(password);
  await dialog.getByRole("button", { name: "已告知，关闭" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.locator("[data-clear]")).toHaveCount(0);
  const sessions = await query("select 1 from session s join app_user u on u.id = s.user_id where u.login = $1", [login]);
  expect(sessions).toHaveLength(0);
  await page.getByRole("button", { name: "停用", exact: true }).click();
  await dialog.getByRole("button", { name: "确定" }).click();
  await expect(page.getByRole("button", { name: "启用", exact: true })).toBeVisible();
});

test("a role is copied, trimmed and agreed to; what excludes each other is refused", async ({ page, anotherBrowser }) => {
  const code = `AREA_${Date.now() % 1_000_000}`;
  await signIn(page, "security");
  await visit(page, "/platform/roles");
  await page.getByRole("link", { name: "街道/镇住保窗口" }).click();
  await hydrated(page);
  await expect(page.getByText("系统内置")).toBeVisible();
  await checkAxe(page);
  await page.getByRole("link", { name: "复制" }).click();
  await expect(page.getByLabel("角色名称*")).toHaveValue("街道/镇住保窗口（副本）");
  await hydrated(page);
  await page.getByLabel("角色名称*").fill(`片区查看${code}`);
  await page.getByLabel("角色编码*").fill(code);
  await page.getByLabel("变更原因*").fill("片区巡查需要");
  await expect(page.getByLabel("查看房源", { exact: true }), "what is granted is marked").toBeChecked();
  await page.reload();
  await hydrated(page);
  await expect(page.getByLabel("查看房源", { exact: true }), "also as the server draws it").toBeChecked();
  await page.getByLabel("角色名称*").fill(`片区查看${code}`);
  await page.getByLabel("角色编码*").fill(code);
  await page.getByLabel("变更原因*").fill("片区巡查需要");
  await page.getByLabel("维护用户").check();
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(page.getByText("角色存在互斥权限：维护用户与查看项目")).toBeVisible();
  await checkAxe(page);
  await page.getByLabel("维护用户").uncheck();
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(page).toHaveURL(/\/platform\/approvals\/\d+$/);
  const checker = await anotherBrowser();
  await signIn(checker, "admin");
  await approveNewest(checker);
  const [made] = await query<{ rights: string }>(
    "select count(*) as rights from role_permission p join role r on r.id = p.role_id where r.code = $1",
    [code],
  );
  expect(Number(made?.rights)).toBeGreaterThan(3);
  await visit(page, "/platform/roles");
  await page.getByRole("link", { name: `片区查看${code}` }).click();
  await page.getByRole("button", { name: "删除" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "删除" }).click();
  await expect(page).toHaveURL(/\/platform\/roles$/);
});

test("a parameter is set from a day on, and never by one person alone", async ({ page, anotherBrowser }) => {
  await signIn(page, "city");
  await visit(page, "/platform/parameters");
  await page.getByRole("link", { name: "密码有效期（天）" }).click();
  await hydrated(page);
  await page.getByLabel("新值").fill("7");
  await page.getByLabel("生效日期*").fill("2020-01-01");
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(page.locator("#value-error")).toHaveText("密码有效期须为30至365天，0表示不限期");
  await expect(page.locator("#valid_from-error")).toHaveText("生效日期不能早于今天");
  await checkAxe(page);
  await page.getByLabel("新值").fill("120");
  await page.getByLabel("生效日期*").fill("2099-01-01");
  await page.getByLabel("变更原因*").fill("旅程加强管理");
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(page).toHaveURL(/\/platform\/approvals\/\d+$/);
  await expect(page.locator("main")).toContainText("2099-01-01");
  const checker = await anotherBrowser();
  await signIn(checker, "checker");
  await approveNewest(checker);
  await visit(page, "/platform/parameters/PASSWORD_DAYS");
  await expect(page.locator("main")).toContainText("2099-01-01");
  await visit(page, "/platform/users");
  await expect(page.getByText("您没有此项操作的权限")).toBeVisible();
});

test("a rent standard is made and ended by two persons", async ({ page, anotherBrowser }) => {
  const code = `GZ-${Date.now() % 1_000_000}`;
  await signIn(page, "city");
  await visit(page, "/housing/rent-standards");
  await page.getByRole("link", { name: "新增" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "新增租金标准" })).toBeVisible();
  await hydrated(page);
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(page.locator("#code-error")).toHaveText("不能为空");
  await checkAxe(page);
  await page.getByLabel("标准编码*").fill(code);
  await page.getByLabel("标准名称*").fill("旅程基准租金");
  await page.getByLabel("单价(元/㎡·月)*").fill("3.2");
  await page.getByLabel("市场租金(元/㎡·月)").fill("3");
  await page.getByLabel("计租面积*").selectOption("USABLE");
  await page.getByLabel("批准文号*").fill("演示发〔2026〕9号");
  await page.getByLabel("生效日期*").fill(today);
  await page.getByLabel("变更原因*").fill("年度调整");
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(page.locator("#unit_rate-error")).toHaveText("租金标准不能高于市场租金");
  await page.getByLabel("市场租金(元/㎡·月)").fill("12.8");
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(page).toHaveURL(/\/platform\/approvals\/\d+$/);
  await expect(page.locator("main")).toContainText("3.20");
  const checker = await anotherBrowser();
  await signIn(checker, "checker");
  await approveNewest(checker);

  await visit(page, `/housing/rent-standards?q=${code}`);
  await page.getByRole("link", { name: code }).click();
  await expect(page.locator("main")).toContainText("0.25");
  await page.getByRole("link", { name: "设置失效日期" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "设置失效日期" })).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  await page.getByLabel("失效日期*").fill("2099-12-31");
  await page.getByLabel("变更原因*").fill("另定标准");
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(page).toHaveURL(/\/platform\/approvals\/\d+$/);
  await approveNewest(checker);
  await visit(page, `/housing/rent-standards?q=${code}`);
  await expect(page.locator(".data-table")).toContainText("2099-12-31");
});

test("the operation log is filtered by account and day, opened, and proves itself", async ({ page, anotherBrowser }) => {
  const clerk = await anotherBrowser();
  const { login } = await signIn(clerk, "city");
  await visit(clerk, "/housing/projects");
  await clerk.locator("summary", { hasText: "导出" }).click();
  await clerk.getByLabel("导出条数").fill("5000");
  const file = await downloaded(clerk, () => clerk.getByRole("button", { name: "导出Excel" }).click());

  await signIn(page, "security");
  await visit(page, "/platform/audit");
  await fitsWidth(page);
  const [bar, rows] = [page.locator(".filter-bar"), page.locator(".data-table tbody tr")];
  const search = page.getByRole("button", { name: "查询" });
  // In capitals too: it is the same account.
  await page.getByLabel("关键字").fill(login.toUpperCase());
  await bar.locator("[name=action]").selectOption("EXPORT");
  await search.click();
  await expect(page).toHaveURL(/action=EXPORT/);
  await expect(rows.first()).toContainText(login);
  await expect(rows.first()).toContainText("导出");
  // On days that have not come nothing was done; until then everything.
  await bar.locator("[name=since]").fill("2099-01-01");
  await search.click();
  await expect(page.getByText("没有符合条件的记录")).toBeVisible();
  await bar.locator("[name=since]").fill("");
  await bar.locator("[name=until]").fill("2099-01-01");
  await search.click();
  await expect(rows.first()).toContainText(login);
  await checkAxe(page);

  await rows.first().getByRole("link").first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("导出项目");
  // What went away, not what was asked for.
  await expect(page.locator("main")).toContainText(`行数${file.length - 1}`);
  await checkAxe(page);
  await page.getByRole("link", { name: "操作日志" }).first().click();
  await hydrated(page);
  await page.getByRole("button", { name: "校验日志" }).click();
  await expect(page.getByRole("status").filter({ hasText: "校验通过" })).toBeVisible({ timeout: 30_000 });
  await checkAxe(page);

  // Whoever may not read it does not find it.
  await visit(clerk, "/platform/audit");
  await expect(clerk.getByText("您没有此项操作的权限")).toBeVisible();
});
