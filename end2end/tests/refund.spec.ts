// A bill that was paid by mistake goes back (L9): asked for by the cashier, agreed to by the head of finance, and then paid.
import { day } from "../day";
import { checkAxe, confirm, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { lease, pay } from "../lease";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

test("what was paid of a bill goes back when another has agreed and the bank has paid", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  const name = "演示申请人26";
  const home = await lease(name, "ACTIVE", -60, 300);
  const finance = await anotherBrowser();
  await signIn(finance, "finance");
  await visit(finance, `/billing/accounts/${home.account}/new-bill`);
  await finance.getByLabel("费项*").selectOption({ label: "临时收费" });
  await finance.getByLabel("金额(元)*").fill("100");
  await finance.getByLabel("到期日*").fill(day(0));
  await finance.getByRole("button", { name: "新增", exact: true }).click();
  await expect(finance).toHaveURL(/\/billing\/bills\/\d+$/);
  const bill = new URL(finance.url()).pathname;
  await signIn(page, "cashier");
  await visit(page, bill);
  await expect(page.getByRole("button", { name: "申请退款" }), "nobody has paid it").toHaveCount(0);
  await pay(page, home, "100");
  const receipt = new URL(page.url()).pathname;
  await visit(page, bill);
  const status = page.locator(".figure-item", { hasText: "状态" }).locator(".figure-value");
  await expect(status).toHaveText("已缴");
  await confirm(page, "申请退款", "");
  const question = page.getByRole("form", { name: "申请退款确认" });
  await expect(question).toContainText("请填写原因");
  await checkAxe(page);
  await question.getByRole("textbox").fill("重复收费");
  await question.getByRole("button", { name: "确定" }).click();
  await expect(status).toHaveText("退款中");
  await expect(page.getByRole("button", { name: "申请退款" }), "asked for once").toHaveCount(0);
  await expect(page.locator(".timeline-list li").filter({ hasText: "申请退款" })).toContainText("重复收费");
  await checkAxe(page);

  // Its receipt is not voided meanwhile: the money goes one way only.
  await visit(page, receipt);
  await confirm(page, "作废", "误收");
  await expect(page.getByRole("form", { name: "作废确认" }).getByRole("alert")).toContainText("不能作废其收款");
  await visit(page, "/billing/refunds?status=PENDING");
  await page.getByRole("link", { name, exact: true }).click();
  await expect(page).toHaveURL(/\/billing\/refunds\/\d+$/);
  await hydrated(page);
  const refund = new URL(page.url()).pathname;
  await expect(page.locator("main")).toContainText("待审批");
  await expect(page.getByRole("button", { name: "同意", exact: true }), "nobody decides about his own").toHaveCount(0);
  await checkAxe(page);

  const head = await anotherBrowser();
  await signIn(head, "finhead");
  await expect(head.locator(".reminders", { hasText: "待我办理的退费" })).toBeVisible();
  await visit(head, "/billing/refunds?turn=MINE");
  await head.getByRole("link", { name, exact: true }).click();
  await expect(head).toHaveURL(new RegExp(`${refund}$`));
  await hydrated(head);
  await expect(head.locator("main")).toContainText("退多收");
  await expect(head.locator("main")).toContainText("重复收费");
  await confirm(head, "驳回", "");
  await expect(head.getByText("请填写原因", { exact: true })).toBeVisible();
  await confirm(head, "同意", "同意退款");
  await expect(head.locator("main")).toContainText("待付款");
  await expect(head.getByRole("button", { name: "同意", exact: true })).toHaveCount(0);
  await checkAxe(head);

  // The cashier has it paid: only then has the money gone.
  await visit(page, refund);
  await confirm(page, "登记已付", "");
  const paid = page.getByRole("form", { name: "登记已付确认" });
  await expect(paid).toContainText("请填写原因");
  await paid.getByRole("textbox").fill("TK-0042");
  await paid.getByRole("button", { name: "确定" }).click();
  await expect(page.locator("main")).toContainText("TK-0042");
  await expect(page.getByRole("button", { name: "登记已付" })).toHaveCount(0);
  await checkAxe(page);
  await page.locator(`main a[href="${bill}"]`).click();
  await expect(page).toHaveURL(new RegExp(`${bill}$`));
  await hydrated(page);
  await expect(status).toHaveText("已退款");
  await expect(page.getByRole("region", { name: "缴费记录" }), "bill, payment and receipt stay").toContainText("正常");
  const entries = page.getByRole("region", { name: "账目" }).locator("tbody tr").filter({ hasText: "账单退款" });
  await expect(entries.filter({ hasText: "银行存款" })).toHaveCount(1);
  await checkAxe(page);
  await visit(page, `/billing/accounts/${home.account}`);
  await expect(page.getByText("没有未缴账单，可办理预存"), "nothing is asked for again").toBeVisible();
  const [left] = await query<{ balance: string; receivable: string }>(
    `select balance_fen as balance, (select coalesce(sum(amount_fen * ((debit = 'RECEIVABLE')::int - (credit = 'RECEIVABLE')::int)), 0)
       from ledger_entry where account_id = a.id) as receivable from account a where id = $1`,
    [home.account],
  );
  expect(left, "it has passed through the balance, and all of it has gone").toEqual({ balance: "0", receivable: "0" });
  for (const width of [390, 1440, 3840]) {
    await head.setViewportSize({ width, height: 900 });
    for (const at of ["/billing/refunds", refund, bill]) {
      await visit(head, at);
      await fitsWidth(head, `${at} at ${width}`);
    }
  }
});
