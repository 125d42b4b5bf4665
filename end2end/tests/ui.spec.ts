// The kit: the page of all pieces in both themes, and what every list and form does – by keyboard, on paper, and when
// somebody turns away from it.
import { type Page, checkAxe, expect, hydrated, pick, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";
import { downloaded } from "../sheets";

const headers = (page: Page) => page.locator(".data-table thead th").allTextContents();

test.describe("the page of all pieces", () => {
  // One of its lists is broken on purpose.
  test.use({ expectedProblems: [/(status of|a status of) 500/] });

  test("is accessible in both themes and fits a phone", async ({ page }) => {
    test.setTimeout(120_000);
    await signIn(page, "city");
    for (const piece of ["", "/list", "/list-empty", "/list-error", "/form", "/record"]) {
      for (const theme of ["", "?theme=wall"]) {
        await visit(page, `/ui${piece}${theme}`);
        await fitsWidth(page);
      }
    }
    await page.goto("/ui");
    await hydrated(page);
    await page.getByRole("button", { name: "对话框" }).click();
    await expect(page.getByRole("dialog")).toContainText("确定删除吗");
    await checkAxe(page);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await page.locator("#wall-keeper").click();
    await expect(page.locator("#wall-keeper-list [role=option]").first()).toBeVisible();
    await checkAxe(page);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "失败通知" }).click();
    await expect(page.locator(".toast-note")).toHaveText("未能导出，请稍后重试✕");
    await checkAxe(page);
    await page.getByRole("button", { name: "关闭通知" }).click();
    await expect(page.locator(".toast-note")).toHaveCount(0);
    await page.setViewportSize({ width: 390, height: 844 });
    for (const piece of ["", "/list", "/form", "/record"]) {
      await page.goto(`/ui${piece}`);
      await hydrated(page);
      await fitsWidth(page, `/ui${piece} on a phone`);
    }
  });

  test("a combobox finds by a part of the name, below its superiors, and forgets what is not taken", async ({ page }) => {
    await signIn(page, "city");
    await visit(page, "/ui/form");
    const keeper = page.getByLabel("所属机构*");
    await expect(keeper).toHaveValue("样例3区住房保障所");
    await keeper.focus();
    await keeper.fill("5区7号");
    const options = page.locator("#keeper-list [role=option]");
    await expect(options).toHaveText(["样例市住房保障中心", "样例5区住房保障所", "样例5区7号街道办事处"]);
    await expect(page.locator("#keeper-list .is-active"), "what was meant, not what it stands under").toHaveText("样例5区7号街道办事处");
    await page.keyboard.press("Escape");
    await expect(keeper).toHaveValue("样例3区住房保障所");
    await keeper.fill("没有的机构");
    await expect(page.getByText("没有符合的结果")).toBeVisible();
    await page.keyboard.press("Tab");
    await expect(keeper, "and leaving forgets it too").toHaveValue("样例3区住房保障所");
    await pick(keeper, "5区7号");
    await expect(keeper).toHaveValue("样例5区7号街道办事处");
  });

  test("money and days say at once what is wrong with them", async ({ page }) => {
    await signIn(page, "city");
    await visit(page, "/ui/form");
    const rent = page.getByLabel("月租金(元)*");
    await expect(rent, "grouped").toHaveValue("1,234,567.50");
    await rent.focus();
    await expect(rent, "as it was typed").toHaveValue("1234567.5");
    await rent.fill("1,5");
    await page.keyboard.press("Tab");
    await expect(page.locator("#rent-error")).toHaveText("应为数字，最多2位小数");
    await rent.fill("88.5");
    await page.keyboard.press("Tab");
    await expect(page.locator("#rent-error")).toHaveText("");
    await expect(rent).toHaveValue("88.50");
    // A day by half: the browser would hand over nothing at all.
    const end = page.locator("#end_on");
    await end.focus();
    await page.keyboard.type("2026");
    await page.keyboard.press("Enter");
    await expect(page.locator("#end_on-error")).not.toHaveText("");
    await expect(page).toHaveURL(/\/ui\/form$/);
    await end.fill("1800-01-01");
    await end.blur();
    await expect(page.locator("#end_on-error")).toHaveText("日期应在1900-01-01至2199-12-31之间");
    await end.fill("2026-04-01");
    await page.getByRole("button", { name: "清除日期" }).last().click();
    await expect(end).toHaveValue("");
    await page.getByRole("button", { name: "保存" }).click();
    await expect(page.locator(".toast-note")).toContainText("已保存");
  });
});

test("a list shows the chosen columns, keeps them, and exports them", async ({ page, browser, baseURL }) => {
  await signIn(page, "city");
  await visit(page, "/housing/estates?q=区");
  const all = await headers(page);
  await page.getByText("列", { exact: true }).click();
  await page.getByRole("checkbox", { name: all[2] ?? "" }).uncheck();
  await checkAxe(page);
  await page.getByRole("button", { name: "应用" }).click();
  await expect(page).toHaveURL(/cols=/);
  await expect(page).toHaveURL(/q=/);
  const some = all.filter((_, place) => place !== 2);
  await expect.poll(() => headers(page)).toEqual(some);
  // Remembered, and drawn so by the server.
  const answer = await page.request.get("/housing/estates");
  expect(await answer.text()).not.toContain(`>${all[2]}</th>`);
  await visit(page, "/housing/estates");
  expect(await headers(page)).toEqual(some);
  await page.getByText("导出", { exact: true }).click();
  const shown = await downloaded(page, () => page.getByRole("button", { name: "导出Excel" }).click());
  expect(shown[0]).toHaveLength(some.length);
  await page.getByText("导出", { exact: true }).click();
  await page.getByLabel("全部列").check();
  const whole = await downloaded(page, () => page.getByRole("button", { name: "导出Excel" }).click());
  expect(whole[0]).toHaveLength(all.length);
  await page.getByText("列", { exact: true }).click();
  await page.getByRole("link", { name: "全部列" }).click();
  await expect.poll(() => headers(page)).toEqual(all);

  // The same without JavaScript: a form and an address.
  const plain = await browser.newContext({ baseURL, javaScriptEnabled: false, storageState: await page.context().storageState() });
  const still = await plain.newPage();
  await still.goto("/housing/estates");
  await still.getByText("列", { exact: true }).click();
  await still.getByRole("checkbox", { name: all[3] ?? "" }).uncheck();
  await still.getByRole("button", { name: "应用" }).click();
  expect(await headers(still)).toEqual(all.filter((_, place) => place !== 3));
  await plain.close();
});

test("by keyboard alone: find, open, edit, save, back", async ({ page }) => {
  await signIn(page, "city");
  const [estate] = await query<{ id: string; name: string }>("select id, name from estate order by id limit 1");
  await visit(page, "/housing/estates");
  const focused = page.locator(":focus");
  await page.keyboard.press("Tab");
  await expect(focused, "the first stop of every page").toHaveText("跳到正文");
  await page.keyboard.press("Enter");
  /** Goes on until something is reached. */
  const tabTo = async (what: string) => {
    for (let stop = 0; stop < 60; stop++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((what) => document.activeElement?.matches(what), what)) return;
    }
    throw new Error(`the keyboard does not reach ${what}`);
  };
  await tabTo("input[name=q]");
  await page.keyboard.type(estate?.name ?? "");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=/);
  await expect(page.locator(".data-table tbody tr").first()).toContainText(estate?.name ?? "");
  await tabTo(".data-table tbody a");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: estate?.name })).toBeVisible();
  await tabTo(`a[href="/housing/estates/${estate?.id}/edit"]`);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "编辑小区" })).toBeVisible();
  await tabTo("#remark");
  const remark = `键盘${Date.now()}`;
  await page.keyboard.press("Control+a");
  await page.keyboard.type(remark);
  await page.keyboard.press("Enter");
  await expect(page.locator(".toast-note")).toContainText("已保存");
  await expect(page.getByText(remark)).toBeVisible();
  await checkAxe(page);
  await tabTo(".crumbs li:last-child a");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/housing\/estates$/);

  // ↑ and ↓ walk the rows; the columns open and close without the mouse.
  await tabTo(".data-table tbody tr:first-child a");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  expect(await focused.evaluate((link) => link.closest("tr")?.rowIndex)).toBe(3);
  await page.keyboard.press("ArrowUp");
  expect(await focused.evaluate((link) => link.closest("tr")?.rowIndex)).toBe(2);
  const columns = page.locator("summary", { hasText: /^列$/ });
  await columns.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "应用" })).toBeVisible();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "应用" })).toBeHidden();
  await expect(columns).toBeFocused();
});

test("a changed form asks before it is left: by a link and by the browser's back", async ({ page }) => {
  await signIn(page, "city");
  const [estate] = await query<{ id: string }>("select id from estate order by id limit 1");
  await visit(page, `/housing/estates/${estate?.id}`);
  await page.getByRole("link", { name: "编辑" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "编辑小区" })).toBeVisible();
  const remark = page.locator("#remark");
  const question = page.getByRole("dialog");
  const before = await remark.inputValue();
  await remark.fill("还没有保存");
  await page.getByRole("link", { name: "取消" }).click();
  await expect(question).toContainText("内容尚未保存");
  await checkAxe(page);
  await page.getByRole("button", { name: "继续填写" }).click();
  await expect(remark).toHaveValue("还没有保存");
  await page.goBack();
  await expect(question).toContainText("内容尚未保存");
  await expect(page).toHaveURL(/\/edit$/);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("heading", { level: 1, name: "编辑小区" })).toBeVisible();
  await page.goBack();
  await page.getByRole("button", { name: "放弃并离开" }).click();
  await expect(page).toHaveURL(new RegExp(`/housing/estates/${estate?.id}$`));
  await expect(page.getByText("还没有保存")).toHaveCount(0);
  // What is typed and taken back is no change.
  await page.getByRole("link", { name: "编辑" }).click();
  await remark.fill("还没有保存");
  await remark.fill(before);
  await page.getByRole("link", { name: "取消" }).click();
  await expect(page).toHaveURL(new RegExp(`/housing/estates/${estate?.id}$`));
});

test("on paper a list is its rows, with whose it is and of which day", async ({ page }) => {
  await signIn(page, "city");
  await visit(page, "/housing/units?size=50");
  await page.emulateMedia({ media: "print" });
  await expect(page.locator(".paper-only")).toContainText(/打印日期：20\d\d-\d\d-\d\d/);
  for (const gone of [".app-menu", ".app-head", ".filter-bar", ".page-actions", ".crumbs", ".pager nav", ".side-tree"]) {
    await expect(page.locator(gone).first(), gone).toBeHidden();
  }
  await expect(page.locator(".data-table tbody tr")).toHaveCount(50);
  const sheets = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
  // Wide sheets, and more than one: the head of the table stands on each.
  expect(sheets).toMatch(/MediaBox \[0 0 84\d(\.\d+)? 59\d(\.\d+)?\]/);
});
