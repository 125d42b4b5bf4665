// What administrators keep without a programmer: dictionaries, calendar, number ranges, menu, organisations.
import { checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|09|22)/] });

test("a label that the office changes is read everywhere, and a value that it disables is offered no more", async ({ page, anotherBrowser }) => {
  await signIn(page, "admin");
  await visit(page, "/platform/dictionaries?q=户型");
  await fitsWidth(page);
  await checkAxe(page);
  await page.getByRole("link", { name: "户型", exact: true }).click();
  await hydrated(page);
  await checkAxe(page);
  try {
    await page.getByRole("button", { name: "编辑两居室" }).click();
    const dialog = page.getByRole("dialog");
    await expect(dialog.getByLabel("标签*")).toHaveValue("两居室");
    await checkAxe(page);
    await dialog.getByLabel("标签*").fill("一居室");
    await dialog.getByRole("button", { name: "保存" }).click();
    await expect(dialog.locator("#label-error")).toHaveText("标签与字典项【一居室】重复");
    await dialog.getByLabel("标签*").fill("两室户");
    await dialog.getByLabel("颜色").selectOption("signed");
    await dialog.getByRole("button", { name: "保存" }).click();
    await expect(dialog).toBeHidden();
    await expect(page.locator(".data-table tbody")).toContainText("两室户");
    await page.getByRole("button", { name: "编辑宿舍型" }).click();
    await dialog.getByLabel(/^停用/).check();
    await dialog.getByRole("button", { name: "保存" }).click();
    await expect(dialog).toBeHidden();

    // A clerk reads it in the list, in the filter, in the record and in the form.
    const desk = await anotherBrowser();
    await signIn(desk, "city");
    await visit(desk, "/housing/units?layout=TWO");
    await expect(desk.locator(".data-table tbody tr").first()).toContainText("两室户");
    await expect(desk.locator("select[name=layout] option[value=TWO]")).toHaveText("两室户");
    await desk.locator(".data-table tbody a").first().click();
    await hydrated(desk);
    await expect(desk.locator("main")).toContainText("两室户");
    const [unit] = await query<{ id: string }>("select id from unit where layout = 'TWO' order by id limit 1");
    await visit(desk, `/housing/units/${unit?.id}/edit`);
    await expect(desk.getByLabel("户型*").locator("option:checked")).toHaveText("两室户");
    await expect(desk.getByLabel("户型*").locator("option[value=DORM]")).toBeDisabled();
  } finally {
    await query("delete from dictionary_item where type_code = 'D-04'");
  }
});

test("the city keeps a dictionary of its own", async ({ page }) => {
  const code = `kind_${Date.now() % 1_000_000}`;
  await signIn(page, "admin");
  await visit(page, "/platform/dictionaries");
  await page.getByRole("link", { name: "新增字典" }).click();
  await hydrated(page);
  await page.getByLabel("类型编码*").fill("a b");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.locator("#code-error")).toHaveText("编码须为1至50个字母、数字、点、横线或下划线");
  await expect(page.locator("#name-error")).toHaveText("不能为空");
  await checkAxe(page);
  await page.getByLabel("类型编码*").fill(code);
  await page.getByLabel("类型名称*").fill(`投诉类型${code}`);
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.getByText("暂无字典项")).toBeVisible();
  await page.getByRole("button", { name: "新增字典项" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("字典项编码*").fill("NOISE");
  await dialog.getByLabel("标签*").fill("噪声");
  await dialog.getByRole("button", { name: "保存" }).click();
  await expect(page.locator(".data-table tbody")).toContainText("噪声");
  await page.getByRole("button", { name: "删除噪声" }).click();
  await page.getByRole("button", { name: "确定删除" }).click();
  await expect(page.getByText("暂无字典项")).toBeVisible();
  await page.getByRole("button", { name: "删除", exact: true }).click();
  await page.getByRole("button", { name: "确定删除" }).click();
  await expect(page).toHaveURL(/\/platform\/dictionaries$/);
});

test("a day of the calendar is set, and the deadline follows", async ({ page }) => {
  await signIn(page, "admin");
  await visit(page, "/platform/calendar?year=2026");
  await fitsWidth(page);
  await checkAxe(page);
  await expect(page.getByRole("button", { name: "2026-10-01 放假 国庆节" })).toBeVisible();
  const deadline = async (): Promise<void> => {
    await page.getByLabel("起算日（当日不计）*").fill("2026-09-25");
    await page.getByLabel("工作日数*").fill("5");
    await page.getByRole("button", { name: "计算" }).click();
  };
  await deadline();
  await expect(page.getByText("期限届满日：2026-10-09")).toBeVisible();
  try {
    await page.getByRole("button", { name: "2026-10-09 工作日" }).click();
    const dialog = page.getByRole("dialog");
    await checkAxe(page);
    await dialog.getByLabel("类型").selectOption("REST");
    await dialog.getByLabel("名称").fill("本市调休");
    await dialog.getByRole("button", { name: "保存" }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByRole("button", { name: "2026-10-09 放假 本市调休" })).toBeVisible();
    await deadline();
    await expect(page.getByText("期限届满日：2026-10-10")).toBeVisible();
  } finally {
    await query("delete from holiday where date = '2026-10-09'");
  }
  await page.getByLabel("起算日（当日不计）*").fill("2031-01-01");
  await page.getByRole("button", { name: "计算" }).click();
  await expect(page.getByText("2031年的节假日未录入，无法计算期限，请联系系统管理员")).toBeVisible();
});

test("a number rule is changed, and a serial only goes up", async ({ page }) => {
  await signIn(page, "admin");
  await visit(page, "/platform/numbers");
  await fitsWidth(page);
  await checkAxe(page);
  const dialog = page.getByRole("dialog");
  try {
    await page.getByRole("button", { name: "编辑资产子卡片" }).click();
    await checkAxe(page);
    await dialog.getByLabel("前缀").fill("ZK-");
    await dialog.getByLabel("重置周期*").selectOption("YEAR");
    await dialog.getByRole("button", { name: "保存" }).click();
    await expect(dialog.locator("#reset-error")).toContainText("否则编号会重复");
    await dialog.getByLabel("编号中的日期*").selectOption("YEAR");
    await expect(dialog.getByRole("status")).toHaveText("ZK- + 年 + 8位流水，每年重置");
    await dialog.getByLabel("当前流水*").fill("120");
    await dialog.getByRole("button", { name: "保存" }).click();
    await expect(dialog).toBeHidden();
    await expect(page.locator(".data-table tbody")).toContainText(/ZK-\d{4}00000121/);
    await page.getByRole("button", { name: "编辑资产子卡片" }).click();
    await dialog.getByLabel("当前流水*").fill("1");
    await dialog.getByRole("button", { name: "保存" }).click();
    await expect(dialog.locator("#serial-error")).toHaveText("当前流水不能小于已使用的120");
  } finally {
    await query("delete from number_rule where kind = 'ASSET_SUB'");
    await query("delete from number_serial where kind = 'ASSET_SUB'");
  }
});

test("the menu is the city's: a shortcut, another name, and no page that is not open anyway", async ({ page, anotherBrowser }) => {
  await signIn(page, "admin");
  await visit(page, "/platform/menus");
  await fitsWidth(page);
  await checkAxe(page);
  const dialog = page.getByRole("dialog");
  try {
    await page.getByRole("button", { name: "新增菜单" }).click();
    await checkAxe(page);
    await dialog.getByLabel("菜单名称*").fill("空置房源");
    await dialog.getByLabel("上级目录").selectOption("housing");
    await dialog.getByLabel("路由*").fill("https://elsewhere.example/");
    await dialog.getByRole("button", { name: "保存" }).click();
    await expect(dialog.locator("#path-error")).toContainText("路由须为本站地址");
    await dialog.getByLabel("路由*").fill("/housing/units?status=VACANT");
    await dialog.getByRole("button", { name: "保存" }).click();
    await expect(dialog).toBeHidden();
    await page.getByRole("button", { name: "编辑参数设置" }).click();
    await dialog.getByLabel("菜单名称*").fill("参数");
    await dialog.getByRole("button", { name: "保存" }).click();
    await expect(dialog).toBeHidden();
    const menu = page.getByRole("navigation", { name: "主菜单" });
    await expect(menu.getByRole("link", { name: "参数", exact: true }), "at once").toBeVisible();
    await expect(menu.getByRole("link", { name: "空置房源" }), "no homes for the office").toHaveCount(0);

    const desk = await anotherBrowser();
    await signIn(desk, "city");
    await visit(desk, "/");
    await desk.getByRole("navigation", { name: "主菜单" }).getByRole("link", { name: "空置房源" }).click();
    await expect(desk).toHaveURL(/\/housing\/units\?status=VACANT$/);
    await expect(desk.getByRole("link", { name: "空置房源" })).toHaveAttribute("aria-current", "page");

    await page.getByRole("button", { name: "删除空置房源" }).click();
    await page.getByRole("button", { name: "确定删除" }).click();
    await expect(page.locator(".data-table tbody")).not.toContainText("空置房源");
    await page.getByRole("button", { name: "还原参数" }).click();
    await page.getByRole("button", { name: "确定还原" }).click();
    await expect(menu.getByRole("link", { name: "参数设置" })).toBeVisible();
  } finally {
    await query("delete from menu_entry");
  }
});

test("an organisation is made below another, changed, and deleted while nothing hangs on it", async ({ page }) => {
  const code = `T${Date.now() % 1_000_000}`;
  await signIn(page, "admin");
  await visit(page, "/platform/organizations/tree");
  await fitsWidth(page);
  await checkAxe(page);
  await page.locator("main ul.ps-5 a").first().click();
  await hydrated(page);
  await page.getByRole("link", { name: "添加下级" }).click();
  await hydrated(page);
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.locator("#code-error")).toHaveText("【机构编码】不能为空");
  await checkAxe(page);
  await page.getByLabel("机构编码*").fill(code);
  await page.getByLabel("类型*").selectOption("MGMT_UNIT");
  await page.getByLabel("行政区划代码*").fill("990101");
  await page.getByLabel("机构名称*").fill(`旅程管理站${code}`);
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`旅程管理站${code}`);
  await hydrated(page);
  await page.getByRole("link", { name: "编辑" }).click();
  await expect(page.getByLabel("负责人")).toBeVisible();
  await hydrated(page);
  await page.getByLabel("负责人").fill("张三");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`旅程管理站${code}`);
  await expect(page.locator("main")).toContainText("张三");
  await hydrated(page);
  await page.getByRole("button", { name: "删除" }).click();
  await page.getByRole("button", { name: "确定删除" }).click();
  await expect(page).toHaveURL(/\/platform\/organizations$/);
});
