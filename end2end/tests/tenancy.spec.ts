// A home is let: the city assigns it, the district confirms, a clerk draws up the contract, a property approver agrees.
import { today } from "../day";
import { type Page, checkAxe, confirm, expect, hydrated, pick, query, signIn, test, visit } from "../fixtures";
import { applicant } from "../lease";
import { fitsWidth } from "../screen";
import { downloaded } from "../sheets";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

/** A vacant home of the demo's district that nobody is about to get, and a person without one. */
async function free(): Promise<{ unit: string; code: string; place: string; person: string; name: string }> {
  const [home] = await query<{ unit: string; code: string; place: string }>(
    `select u.id as unit, u.code, e.name || ' ' || u.address as place from unit u join estate e on e.id = u.estate_id
     join organization d on d.id = u.district_id join rent_standard r on r.id = u.rent_standard_id and r.status = 'ON'
     where d.code = '990104' and u.status = 'VACANT'
       and not exists (select from assignment a where a.unit_id = u.id) order by u.id limit 1`,
  );
  if (!home) throw new Error("the demo has no free home");
  const { id, name } = await applicant();
  return { ...home, person: id, name };
}

/** The last day of a lease of so many years from today. */
function years(count: number): string {
  const day = new Date(`${today}T00:00:00Z`);
  day.setUTCFullYear(day.getUTCFullYear() + count, day.getUTCMonth(), day.getUTCDate() - 1);
  return day.toISOString().slice(0, 10);
}

/** Proposes the home from its own page; ends on the page of the assignment. */
async function propose(page: Page, { unit, name }: { unit: string; name: string }): Promise<string> {
  await signIn(page, "city");
  await visit(page, `/housing/units/${unit}`);
  await page.locator("main").getByRole("link", { name: "直接分配" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "办理直接分配" })).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(page.locator("#person-error")).toHaveText("请选择人员");
  await expect(page.locator("#reason-error")).toHaveText("不能为空");
  await pick(page.getByLabel("人员*"), name);
  await page.getByLabel("分配原因*").fill("特殊困难家庭");
  await page.getByRole("button", { name: "提交复核" }).click();
  await expect(page).toHaveURL(/\/tenancy\/assignments\/\d+$/);
  await hydrated(page);
  return new URL(page.url()).pathname;
}

/** The second person confirms; the home waits for its contract. */
async function second(page: Page, assignment: string): Promise<void> {
  await signIn(page, "district");
  await visit(page, assignment);
  await confirm(page, "复核通过", "同意");
  await expect(page.locator("main")).toContainText("待签约");
}

/** Fills in what a contract needs besides what the home brings. */
async function fill(page: Page): Promise<void> {
  await page.getByLabel("租赁开始时间*").fill(today);
  await page.getByLabel("租赁结束时间*").fill(years(5));
  await page.getByLabel("保障类别*").selectOption("LOWINC");
  await expect(page.getByLabel("押金(元)*"), "what is usual").toHaveValue("1,000.00");
  await page.getByLabel("每期缴费日*").fill("10");
  await page.getByLabel("签订日期*").fill(today);
  await page.getByLabel("条款说明日期").fill(today);
}

test("a home goes from assignment over contract and approval to the bank", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  const home = await free();
  const assignment = await propose(page, home);
  await expect(page.locator("main")).toContainText("等待其他复核人复核");
  await expect(page.getByRole("button", { name: "复核通过" }), "nobody confirms his own").toHaveCount(0);
  await checkAxe(page);

  const district = await anotherBrowser();
  await signIn(district, "district");
  await expect(district.locator(".reminders", { hasText: "待我复核的直接分配" })).toBeVisible();
  await visit(district, "/tenancy/assignments?turn=MINE");
  await district.getByRole("link", { name: home.name, exact: true }).click();
  await hydrated(district);
  await confirm(district, "驳回", "");
  await expect(district.getByText("请填写原因")).toBeVisible();
  await confirm(district, "复核通过", "同意");
  await expect(district.locator("main")).toContainText("待签约");
  await expect(district.locator("main")).toContainText("同意");
  await checkAxe(district);
  const [unit] = await query<{ status: string }>("select status from unit where id = $1", [home.unit]);
  expect(unit?.status).toBe("ASSIGNED");

  const entry = await anotherBrowser();
  await signIn(entry, "entry");
  await expect(entry.locator(".reminders", { hasText: "已选房待签约" })).toBeVisible();
  await visit(entry, "/tenancy/assignments");
  await entry.getByRole("link", { name: "已选房待签约" }).first().click();
  await expect(entry.locator(".tab-active")).toHaveText("已选房待签约");
  const row = entry.locator("tbody tr", { hasText: home.name });
  await row.getByRole("link", { name: "签订" }).click();
  await expect(entry.getByRole("heading", { level: 1, name: "签订租赁合同" })).toBeVisible();
  await hydrated(entry);
  await checkAxe(entry);
  const rent = entry.getByLabel("月租金(元)", { exact: true });
  const assessed = await rent.inputValue();
  expect(Number(assessed), "the home brings its rent").toBeGreaterThan(0);
  await entry.getByLabel("租金核减(元/月)").fill("1");
  await expect(rent).toHaveValue((Number(assessed) - 1).toFixed(2));
  await entry.getByLabel("租金核减(元/月)").fill("100000");
  await expect(rent).toHaveValue("—");
  await entry.getByRole("button", { name: "重置" }).click();
  await expect(rent).toHaveValue(assessed);
  await entry.getByRole("button", { name: "签订", exact: true }).click();
  await expect(entry.locator("#start_on-error")).toHaveText("不能为空");
  await fill(entry);
  await entry.getByLabel("租赁结束时间*").fill(years(6));
  await entry.getByRole("button", { name: "签订", exact: true }).click();
  await expect(entry.locator("#end_on-error")).toHaveText("租赁期限不得超过60个月");
  await entry.getByLabel("租赁结束时间*").fill(years(5));
  // Who is looked up and not taken over is not left out without a word.
  const [other] = await query<{ name: string }>("select name from person where name like '演示申请人%' order by id desc limit 1");
  await pick(entry.getByLabel("同住人", { exact: true }), other?.name ?? "");
  await entry.getByRole("button", { name: "签订", exact: true }).click();
  await expect(entry.getByText("请点击“添加同住人”")).toBeVisible();
  await entry.getByRole("button", { name: "添加同住人" }).click();
  await expect(entry.locator("#relation-error")).toHaveText("请选择与承租人关系");
  await entry.getByLabel("与承租人关系").selectOption("SPOUSE");
  await entry.getByRole("button", { name: "添加同住人" }).click();
  await expect(entry.getByRole("region", { name: "已添加的同住人" })).toContainText(other?.name ?? "");
  await checkAxe(entry);
  await entry.getByRole("button", { name: "保存草稿" }).click();
  await expect(entry).toHaveURL(/\/tenancy\/contracts\/\d+$/);
  await hydrated(entry);
  const contract = new URL(entry.url()).pathname;
  await expect(entry.locator("main")).toContainText("待提交");
  await expect(entry.locator("main")).toContainText("配偶");

  // A draft is changed, and what was entered is there again.
  await entry.getByRole("link", { name: "修改" }).click();
  await expect(entry.getByRole("heading", { level: 1, name: "修改租赁合同" })).toBeVisible();
  await hydrated(entry);
  await checkAxe(entry);
  await expect(entry.getByLabel("租赁结束时间*")).toHaveValue(years(5));
  await expect(entry.getByLabel("账号"), "an account number is not sent to browsers").toHaveValue("");
  await entry.getByLabel("租金核减(元/月)").fill("1");
  await entry.getByRole("button", { name: "保存" }).click();
  await expect(entry).toHaveURL(new RegExp(`${contract}$`));
  await expect(entry.locator("main")).toContainText((Number(assessed) - 1).toFixed(2));
  await entry.getByRole("link", { name: "费用明细" }).click();
  await expect(entry.getByRole("region", { name: "费用明细" }).locator("tbody tr").first()).toContainText(today);
  await confirm(entry, "提交审批");
  await expect(entry.locator("main")).toContainText("待审批");
  await expect(entry.getByRole("button", { name: "审批通过" })).toHaveCount(0);

  const approver = await anotherBrowser();
  await signIn(approver, "approver");
  await expect(approver.locator(".reminders", { hasText: "待我审批的合同" })).toBeVisible();
  await visit(approver, "/tenancy/contracts");
  await expect(approver.locator("tbody input[type=checkbox]"), "only what waits can be chosen").toHaveCount(0);
  await approver.getByRole("link", { name: "待我审批" }).click();
  await approver.locator("tbody tr", { hasText: home.name }).getByRole("checkbox").check();
  await checkAxe(approver);
  await approver.getByRole("button", { name: "批量审批" }).click();
  await expect(approver.getByRole("heading", { level: 1, name: "批量审批合同" })).toBeVisible();
  await hydrated(approver);
  await checkAxe(approver);
  await confirm(approver, "审批通过");
  await expect(approver.getByText("已通过1份", { exact: true })).toBeVisible();
  await visit(approver, contract);
  await expect(approver.locator("main")).toContainText(/HT\d{4}990104\d{6}/);
  await expect(approver.locator("main")).toContainText("审批通过待同步");
  await expect(approver.locator("main")).toContainText("同步中");

  // What is approved is not changed any more.
  await visit(entry, contract);
  await expect(entry.getByRole("link", { name: "修改" })).toHaveCount(0);
  await visit(entry, `${contract}/edit`);
  await expect(entry.getByText("合同已审批，不能修改或删除")).toBeVisible();
  await visit(page, "/tenancy/contracts");
  await page.locator("summary", { hasText: "导出" }).click();
  const rows = await downloaded(page, () => page.getByRole("button", { name: "导出Excel" }).click());
  expect(JSON.stringify(rows)).toContain(home.name);
  await visit(page, assignment);
  await expect(page.getByRole("link", { name: "查看合同" })).toBeVisible();
});

test("a refused contract can only be deleted, and a home that was given back is free", async ({ page, anotherBrowser }) => {
  test.setTimeout(180_000);
  const home = await free();
  const assignment = await propose(page, home);
  const district = await anotherBrowser();
  await second(district, assignment);

  const entry = await anotherBrowser();
  await signIn(entry, "entry");
  await visit(entry, `/tenancy/contracts/new?assignment=${assignment.split("/").pop()}`);
  await fill(entry);
  await entry.getByRole("button", { name: "签订", exact: true }).click();
  await expect(entry).toHaveURL(/\/tenancy\/contracts\/\d+$/);
  await hydrated(entry);
  const contract = new URL(entry.url()).pathname;
  await expect(entry.locator("main")).toContainText("待审批");
  await visit(page, assignment);
  await expect(page.getByRole("button", { name: "撤销分配" }), "a contract is under way").toHaveCount(0);

  const approver = await anotherBrowser();
  await signIn(approver, "approver");
  await visit(approver, contract);
  await confirm(approver, "审批不通过", "");
  await expect(approver.getByText("请填写原因")).toBeVisible();
  const refusal = approver.getByRole("form", { name: "审批不通过确认" });
  await refusal.getByRole("textbox").fill("资料不全");
  await refusal.getByRole("button", { name: "确定" }).click();
  await expect(approver.locator("main")).toContainText("资料不全");
  await expect(approver.locator("main")).toContainText("审批不通过");
  await visit(entry, `${contract}/edit`);
  await expect(entry.getByText("审批未通过的合同仅可删除")).toBeVisible();
  await visit(entry, contract);
  await confirm(entry, "删除");
  await expect(entry).toHaveURL(/\/tenancy\/contracts$/);

  await visit(page, assignment);
  await confirm(page, "撤销分配", "另行安排");
  await expect(page.locator("main")).toContainText("已撤销");
  const [unit] = await query<{ status: string }>("select status from unit where id = $1", [home.unit]);
  expect(unit?.status).toBe("VACANT");
});

test("the pages fit a phone and a wall of screens", async ({ page }) => {
  test.setTimeout(120_000);
  await signIn(page, "city");
  const [contract] = await query<{ id: string }>("select id from contract where deleted_at is null order by id limit 1");
  const [assignment] = await query<{ id: string }>("select id from assignment order by id limit 1");
  for (const width of [390, 1440, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    for (const path of [
      "/tenancy/assignments",
      "/tenancy/assignments/new",
      `/tenancy/assignments/${assignment?.id}`,
      "/tenancy/contracts",
      `/tenancy/contracts/${contract?.id}`,
      `/tenancy/contracts/${contract?.id}?tab=plan`,
    ]) {
      await visit(page, path);
      await fitsWidth(page, `${path} at ${width}`);
    }
  }
});
