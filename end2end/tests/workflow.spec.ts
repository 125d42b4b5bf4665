// Workflow definitions: a second node is written, agreed to by another person, and then walked by a request.
import { type Page, checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 422/] });

/** Whoever checks opens the newest request and agrees. */
async function approveNewest(page: Page): Promise<void> {
  await visit(page, "/platform/approvals?status=PENDING");
  await page.locator(".data-table tbody a").first().click();
  await hydrated(page);
  await expect(page.getByRole("heading", { name: "流转" })).toBeVisible();
  await page.getByRole("button", { name: "通过" }).click();
  await expect(page.getByRole("button", { name: "通过" })).toHaveCount(0);
}

test("nodes are added, moved and published by two persons; a request keeps its version", async ({ page, anotherBrowser }) => {
  // Published versions stay; what a run before has left is one more of them.
  await query("delete from workflow where status = 'DRAFT' and kind = 'PARAMETER'", []);
  const [before] = await query<{ version: number }>(
    "select version from workflow where kind = 'PARAMETER' and status = 'ON'",
    [],
  );
  await signIn(page, "admin");
  await visit(page, "/platform/workflows?kind=PARAMETER&status=ON");
  await checkAxe(page);
  await page.getByRole("link", { name: "参数设置", exact: true }).first().click();
  await hydrated(page);
  await expect(page.getByRole("heading", { name: "历次版本" })).toBeVisible();
  await checkAxe(page);
  await page.getByRole("link", { name: "制定新版本" }).click();
  await hydrated(page);
  await expect(page.getByLabel("节点1名称*")).toHaveValue("复核");

  // By keyboard: the new node's name has the cursor, and moves with its node.
  await page.getByRole("button", { name: "增加节点" }).press("Enter");
  await expect(page.getByLabel("节点2名称*")).toBeFocused();
  await page.keyboard.type("复核");
  await page.keyboard.press("Enter");
  await expect(page.locator("#name-2-error")).toHaveText("节点名称不能重复");
  await checkAxe(page);
  await page.getByLabel("节点2名称*").fill("初审");
  await page.getByLabel("节点2会签人数*").selectOption("3");
  await page.getByLabel("节点2时限（工作日）").fill("2");
  await page.getByRole("button", { name: "上移节点2" }).press("Enter");
  await expect(page.getByLabel("节点1名称*")).toBeFocused();
  await expect(page.getByLabel("节点1名称*")).toHaveValue("初审");
  await expect(page.getByLabel("节点1会签人数*")).toHaveValue("3");
  await expect(page.getByLabel("节点2会签人数*")).toHaveValue("1");
  await fitsWidth(page, "the form");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.getByRole("heading", { name: "发布草稿" })).toBeVisible();

  // Four persons, and fewer have the right: it says so.
  await page.getByLabel("变更原因*").fill("旅程双重复核");
  await page.getByRole("button", { name: "提交发布" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "有权办理的账号只有" })).toBeVisible();
  await page.getByRole("link", { name: "编辑草稿" }).click();
  await hydrated(page);
  await page.getByRole("button", { name: "移除节点1" }).click();
  await expect(page.getByLabel("节点1名称*")).toHaveValue("复核");
  await page.getByLabel("节点1名称*").fill("复核把关");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.getByRole("heading", { name: "发布草稿" })).toBeVisible();
  await hydrated(page);
  await page.getByLabel("变更原因*").fill("旅程改名");
  await page.getByRole("button", { name: "提交发布" }).click();
  await expect(page).toHaveURL(/\/platform\/approvals\/\d+$/);
  await expect(page.locator("main")).toContainText("复核把关，1人");
  await checkAxe(page);

  // A request that waits meanwhile keeps the version under which it was made.
  const maker = await anotherBrowser();
  await signIn(maker, "city");
  await visit(maker, "/platform/parameters/PASSWORD_DAYS");
  await maker.getByLabel("新值").fill("150");
  await maker.getByLabel("生效日期*").fill("2098-01-01");
  await maker.getByLabel("变更原因*").fill("旅程加强管理");
  await maker.getByRole("button", { name: "提交复核" }).click();
  await expect(maker).toHaveURL(/\/platform\/approvals\/\d+$/);

  const security = await anotherBrowser();
  await signIn(security, "security");
  await approveNewest(security);
  const [after] = await query<{ version: number; nodes: string }>(
    `select version, (select string_agg(name, ',') from workflow_node n where n.workflow_id = w.id) as nodes
     from workflow w where kind = 'PARAMETER' and status = 'ON'`,
    [],
  );
  expect(after).toEqual({ version: (before?.version ?? 0) + 1, nodes: "复核把关" });
  await maker.reload();
  await hydrated(maker);
  await expect(maker.locator("main")).toContainText(`按流程第${before?.version}版办理`);
  await checkAxe(maker);

  const checker = await anotherBrowser();
  await signIn(checker, "checker");
  await approveNewest(checker);
  await expect(checker.locator("main")).toContainText("已通过");

  // As it was, for whoever comes next.
  await query("update workflow set status = 'OFF' where kind = 'PARAMETER' and status = 'ON'", []);
  await query("update workflow set status = 'ON' where kind = 'PARAMETER' and version = $1", [before?.version]);
});
