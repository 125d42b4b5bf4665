// A cashier counts the drawer and hands its cash in; an accountant has seen it at the bank, and what is missing is booked (S4-1.11).
import type { Locator, Page } from "@playwright/test";
import { day } from "../day";
import { checkAxe, confirm, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { charge, lease, pay } from "../lease";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

/** What stands beside a word among the figures of a page. */
function figure(page: Page, label: string): Locator {
  return page.locator(".figure-item", { hasText: label }).locator(".figure-value");
}

/** An amount among them, in fen. */
async function fen(page: Page, label: string): Promise<number> {
  return Math.round(Number((await figure(page, label).innerText()).replaceAll(",", "")) * 100);
}

/** An amount as people type it. */
function yuan(fen: number): string {
  return (fen / 100).toFixed(2);
}

test("a shift is closed, its cash is confirmed at the bank by another, and what is missing is booked", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  const home = await lease("演示申请人30", "ACTIVE", -60, 300);
  await charge(home, day(0));
  await signIn(page, "cashier");
  await pay(page, home, "100");
  await visit(page, "/billing/shifts?state=OPEN");
  await page.locator(".data-table tbody").getByRole("link", { name: "演示出纳" }).click();
  await expect(page).toHaveURL(/\/billing\/shifts\/\d+$/);
  await hydrated(page);
  await checkAxe(page);
  const shift = new URL(page.url()).pathname;
  const state = figure(page, "状态");
  await expect(state).toHaveText("开班");
  await expect(page.getByRole("region", { name: "按支付方式" })).toContainText("现金");
  await expect(page.getByRole("region", { name: "按费项" })).toContainText("合计");
  const [before, inDrawer] = [await fen(page, "备用金(元)"), await fen(page, "应有现金(元)")];
  const closing = page.getByRole("button", { name: "结班", exact: true });
  await closing.click();
  await expect(page.locator("#counted_cash-error")).toHaveText("不能为空");
  await page.getByLabel("实点现金(元)*").fill(yuan(inDrawer - 150));
  await closing.click();
  await expect(page.locator("#explanation-error")).toHaveText("班次存在差额，请填写说明");
  await checkAxe(page);
  await page.getByLabel("差额说明").fill("找零差错");
  await closing.click();
  await expect(state).toHaveText("已结");
  await expect(figure(page, "差额(元)")).toHaveText("-1.50");
  await expect(page.locator("main")).toContainText("差额说明：找零差错");
  const due = await fen(page, "应交现金(元)");
  expect(due, "what was counted, without the change that stays").toBe(inDrawer - before - 150);
  await confirm(page, "交款", "");
  await expect(page.getByRole("form", { name: "交款确认" })).toContainText("请填写原因");
  await page.getByRole("form", { name: "交款确认" }).getByRole("textbox").fill("JK-0041");
  await page.getByRole("form", { name: "交款确认" }).getByRole("button", { name: "确定" }).click();
  await expect(state).toHaveText("已交款");
  await expect(page.getByRole("button", { name: "确认入账" }), "nobody confirms his own").toHaveCount(0);
  await checkAxe(page);

  // The slip is not that of the bank, and goes back once.
  const finance = await anotherBrowser();
  await signIn(finance, "finance");
  await expect(finance.locator(".reminders", { hasText: "待确认入账的交款" })).toBeVisible();
  await visit(finance, "/billing/shifts?state=HANDED_IN");
  await expect(finance.locator(".data-table")).toContainText("JK-0041");
  await visit(finance, shift);
  await confirm(finance, "退回交款单", "");
  const back = finance.getByRole("form", { name: "退回交款单确认" });
  await expect(back).toContainText("请填写原因");
  await checkAxe(finance);
  await back.getByRole("textbox").fill("单号有误");
  await back.getByRole("button", { name: "确定" }).click();
  const seen = figure(finance, "状态");
  await expect(seen).toHaveText("已结");
  await visit(page, shift);
  await expect(page.locator("main")).toContainText("交款被退回：单号有误");
  await confirm(page, "交款", "JK-0042");
  await expect(state).toHaveText("已交款");

  // The bank has less than was handed in.
  await visit(finance, shift);
  await expect(finance.locator("main")).toContainText("交款单号：JK-0042");
  const amount = finance.getByLabel("银行入账金额(元)*");
  await expect(amount, "what was to be handed in").toHaveValue(await figure(finance, "应交现金(元)").innerText());
  await amount.fill(yuan(due - 50));
  await finance.getByRole("button", { name: "确认入账" }).click();
  await expect(finance.locator("#note-error")).toContainText("不符，请填写说明");
  await checkAxe(finance);
  await finance.getByLabel("入账说明").fill("残币1枚");
  await finance.getByRole("button", { name: "确认入账" }).click();
  await expect(seen).toHaveText("已入账");
  await expect(finance.locator("main")).toContainText("演示会计确认现金已存入银行");
  await expect(finance.locator("main")).toContainText("入账说明：残币1枚");
  await expect(finance.getByRole("button", { name: "退回交款单" })).toHaveCount(0);
  await checkAxe(finance);

  // 1.50 was missing in the drawer, and 0.50 at the bank.
  await finance.getByRole("link", { name: "查看本班次的分录" }).click();
  await expect(finance).toHaveURL(/\/billing\/entries\?shift=\d+$/);
  await hydrated(finance);
  const entries = finance.locator(".data-table tbody tr");
  await expect(entries.filter({ hasText: "现金交存银行" }).first()).toContainText("银行存款");
  const short = entries.filter({ hasText: "现金短款" });
  await expect(short).toHaveCount(1);
  await expect(short).toContainText("待处理现金长短款");
  await expect(short).toContainText("2.00");
  await checkAxe(finance);
  const [drawer] = await query<{ fen: string }>(
    `select coalesce(sum(e.amount_fen * ((e.debit = 'CASH')::int - (e.credit = 'CASH')::int)), 0) as fen from ledger_entry e
     left join payment p on p.id = e.payment_id where coalesce(p.shift_id, e.shift_id) = $1`,
    [shift.split("/").pop()],
  );
  expect(drawer?.fen, "nothing of the shift is in the drawer any more").toBe("0");
  for (const width of [390, 1440, 3840]) {
    await finance.setViewportSize({ width, height: 900 });
    for (const at of ["/billing/shifts", shift]) {
      await visit(finance, at);
      await fitsWidth(finance, `${at} at ${width}`);
    }
  }
});
