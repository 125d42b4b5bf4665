// A rent changes: an accountant asks for it, a property approver agrees, and the plan of the contract follows.
import { month as firstOf } from "../day";
import { checkAxe, confirm, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { lease } from "../lease";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

/** The month so many from this one. */
const month = (later: number) => firstOf(later).slice(0, 7);

test("a rent is adjusted by one and agreed to by another", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  const home = await lease("演示申请人06", "ACTIVE", -60, 1000);
  try {
    await signIn(page, "finance");
    await visit(page, "/billing/adjustments");
    await page.locator("main").getByRole("link", { name: "办理租金调整" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "办理租金调整" })).toBeVisible();
    await hydrated(page);
    await checkAxe(page);
    const submit = page.getByRole("button", { name: "提交审批", exact: true });
    const number = page.getByLabel("合同编号", { exact: true });
    const rate = page.getByLabel("新租金标准(元/㎡·月)*");
    const from = page.getByLabel("生效月份*");
    await expect(from, "the next month is proposed").toHaveValue(month(1));
    await from.fill("");
    await submit.click();
    await expect(page.locator("#kind-error")).toHaveText("请选择调整类型");
    for (const field of ["new_rate", "month", "doc_no"]) await expect(page.locator(`#${field}-error`), field).toHaveText("不能为空");
    await checkAxe(page);
    await number.fill("没有此合同");
    await page.locator("select[name=kind]").selectOption("STANDARD");
    await page.getByLabel("批准文号*").fill("演示发〔2027〕1号");
    await rate.fill("0");
    await from.fill("2999-01");
    await submit.click();
    await expect(page.locator("#new_rate-error")).toHaveText("应为大于0的数字，最多4位小数");
    await expect(page.locator("#month-error")).toHaveText("生效月份不能晚于5年之后");
    await rate.fill("3.33");
    await from.fill(month(1));
    await submit.click();
    await expect(page.locator("#contract_no-error")).toHaveText("合同不存在或未生效");
    await number.fill(home.number);
    await submit.click();
    await expect(page.locator("#new_rate-error"), "no such standard is published").toHaveText("新租金标准未经批准，请先维护租金标准");
    await page.locator("select[name=kind]").selectOption("MARKET");
    await rate.fill("2.60001");
    await submit.click();
    await expect(page.locator("#new_rate-error"), "a rate has four decimals").toHaveText("应为大于0的数字，最多4位小数");

    // Who would be affected is shown first, and then it is asked for: pressed twice, once.
    await rate.fill("3");
    await page.getByRole("button", { name: "预览", exact: true }).click();
    await expect(page.getByRole("region", { name: "预览", exact: true })).toContainText("17.20");
    const affected = page.getByRole("region", { name: /^涉及合同/ }).locator("tbody tr");
    await expect(affected).toHaveCount(1);
    for (const text of [home.number, "111.80", "129.00", `${month(1)}-01`]) await expect(affected).toContainText(text);
    await checkAxe(page);
    await submit.dblclick();
    await expect(page).toHaveURL(/\/billing\/adjustments\/\d+$/);
    await hydrated(page);
    const adjustment = new URL(page.url()).pathname;
    await expect(page.locator("main")).toContainText("待审批");
    await expect(page.getByRole("button", { name: "撤回", exact: true })).toBeVisible();
    await expect(page.getByRole("button", { name: "同意", exact: true }), "nobody decides about his own").toHaveCount(0);
    await checkAxe(page);
    const [asked] = await query<{ count: string }>("select count(*) from rent_change where contract_id = $1", [home.contract]);
    expect(asked?.count).toBe("1");

    const approver = await anotherBrowser();
    await signIn(approver, "approver");
    await expect(approver.locator(".reminders", { hasText: "待我审批的租金调整" })).toBeVisible();
    await visit(approver, "/billing/adjustments?turn=MINE");
    const row = approver.locator(".data-table tbody tr", { hasText: home.number });
    await row.locator(`a[href="${adjustment}"]`).click();
    await expect(approver.getByRole("heading", { level: 1, name: /^租金调整 ZT\d+$/ })).toBeVisible();
    await hydrated(approver);
    await confirm(approver, "驳回", "");
    await expect(approver.getByText("请填写原因", { exact: true })).toBeVisible();
    await confirm(approver, "同意", "依据充分");
    for (const text of ["已批准", "依据充分", "129.00"]) await expect(approver.locator("main")).toContainText(text);
    await expect(approver.getByRole("button", { name: "同意", exact: true })).toHaveCount(0);
    await checkAxe(approver);

    // The lists say it, and so does the contract.
    await visit(page, "/billing/adjustments?status=APPROVED");
    await expect(page.locator(".data-table tbody tr", { hasText: home.number })).toContainText("已批准");
    await visit(page, `/tenancy/contracts/${home.contract}?tab=plan`);
    const plan = page.getByRole("region", { name: "费用明细" }).locator("tbody tr");
    await expect(plan.filter({ hasText: `${month(0)}-01` })).toContainText("111.80");
    await expect(plan.filter({ hasText: `${month(1)}-01` })).toContainText("129.00");
    await visit(page, `/tenancy/contracts/${home.contract}?tab=history`);
    await expect(page.locator("main")).toContainText("起月租金111.80元→129.00元");
    await page.locator("main").getByRole("link", { name: "租金调整", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1, name: "租金调整明细" })).toBeVisible();
    await expect(page.locator(".data-table tbody tr")).toHaveCount(1);
    await expect(page.locator(".data-table tbody tr")).toContainText("已批准");

    // Once more from the same month is refused; what was asked for and is not decided yet can be taken back.
    await visit(page, "/billing/adjustments/new");
    await number.fill(home.number);
    await page.locator("select[name=kind]").selectOption("CORRECT");
    await rate.fill("4");
    await page.getByLabel("批准文号*").fill("演示发〔2027〕2号");
    await submit.click();
    await expect(page.locator("#contract_no-error")).toHaveText("该合同已有同期或更晚生效的租金调整");
    await from.fill(month(2));
    await submit.click();
    await expect(page).toHaveURL(/\/billing\/adjustments\/\d+$/);
    await hydrated(page);
    await confirm(page, "撤回");
    await expect(page.locator("main")).toContainText("已撤回");

    for (const width of [390, 1440, 3840]) {
      await page.setViewportSize({ width, height: 900 });
      for (const path of ["/billing/adjustments", "/billing/adjustments/new", "/billing/adjustments/contracts", adjustment]) {
        await visit(page, path);
        await fitsWidth(page, `${path} at ${width}`);
      }
    }
  } finally {
    // Nobody else's journey bills it, debits it or ends it.
    await query("update contract set status = 'EXPIRED' where id = $1", [home.contract]);
  }
});
