// Money: charged by an accountant, taken at the counter, taken back, taken again, verified by the accountant.
import { day } from "../day";
import { type Page, checkAxe, confirm, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";
import { downloaded } from "../sheets";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

/** The account of somebody who moved in without a contract of ours: how homes are let is another journey. */
async function household(name: string): Promise<string> {
  const [account] = await query<{ id: string }>(
    `insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
     select u.district_id, u.estate_id, u.building_id, u.id, p.id, current_date
     from person p cross join lateral (
       select u.* from unit u join organization d on d.id = u.district_id
       where d.code = '990104' and u.status = 'OCCUPIED' and not exists (select from account a where a.unit_id = u.id)
       order by u.id limit 1) u
     where p.name = $1 returning id`,
    [name],
  );
  if (!account) throw new Error(`no person ${name}, or no home for him`);
  return account.id;
}

/** Charges a household by hand; ends on the page of the bill, whose address it answers. */
async function charge(page: Page, account: string, item: string, amount: string, due: string): Promise<string> {
  await visit(page, `/billing/accounts/${account}/new-bill`);
  await page.getByLabel("费项*").selectOption({ label: item });
  await page.getByLabel("金额(元)*").fill(amount);
  await page.getByLabel("到期日*").fill(due);
  await page.getByRole("button", { name: "新增", exact: true }).click();
  await expect(page).toHaveURL(/\/billing\/bills\/\d+$/);
  await hydrated(page);
  return new URL(page.url()).pathname;
}

/** Pages that would be printed are counted instead. */
async function countPrints(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    Object.assign(window, { prints: 0, print: () => Object.assign(window, { prints: (window as never as { prints: number }).prints + 1 }) });
  });
  return () => page.evaluate(() => (window as never as { prints: number }).prints);
}

test("what is owed is taken once, taken back, taken again and verified", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  const name = "演示申请人09";
  const account = await household(name);
  await signIn(page, "finance");
  await visit(page, "/billing/accounts");
  await expect(page.locator(".data-table")).toContainText(name);
  await page.getByRole("link", { name, exact: true }).click();
  await expect(page.getByText("没有未缴账单，可办理预存")).toBeVisible();
  await expect(page.getByRole("form", { name: "收款" }), "an accountant takes no money").toHaveCount(0);
  await page.getByRole("link", { name: "新增账单" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "新增账单" })).toBeVisible();
  await hydrated(page);
  await page.getByRole("button", { name: "新增", exact: true }).click();
  await expect(page.locator("#fee_item-error")).toHaveText("请选择费项");
  await expect(page.locator("#amount-error")).toHaveText("不能为空");
  await page.getByLabel("金额(元)*").fill("-1");
  await page.getByLabel("到期日*").fill(day(-1));
  await page.getByRole("button", { name: "新增", exact: true }).click();
  await expect(page.locator("#amount-error")).toHaveText("应为大于0的数字，最多2位小数");
  await expect(page.locator("#due_on-error")).toHaveText("到期日不能早于今天");
  await checkAxe(page);
  const lock = await charge(page, account, "损坏赔偿", "1,120.50", day(0));
  await expect(page.locator("main")).toContainText("损坏赔偿1,120.50元");
  await expect(page.locator("main")).toContainText("租金及其他收入");
  await checkAxe(page);
  const card = await charge(page, account, "卡工本费", "30", day(20));

  const counter = await anotherBrowser();
  const prints = await countPrints(counter);
  await signIn(counter, "cashier");
  await visit(counter, `/billing/accounts?q=${encodeURIComponent(name)}`);
  await counter.getByRole("link", { name, exact: true }).click();
  await hydrated(counter);
  await checkAxe(counter);
  const till = counter.getByRole("form", { name: "收款" });
  const amount = till.getByLabel("收款金额(元)*");
  const take = till.getByRole("button", { name: /^收款/ });
  const preview = till.locator(".counter-preview");
  await expect(amount, "all that is owed").toHaveValue("1,150.50");
  await expect(preview).toContainText("卡工本费");
  for (const [wrong, sentence] of [
    ["-1", "应为大于0的数字，最多2位小数"],
    ["0", "应为大于0的数字，最多2位小数"],
    ["1.234", "应为大于0的数字，最多2位小数"],
    ["99999999", "单笔收款不能超过100万元"],
    ["", "不能为空"],
  ] as const) {
    await amount.fill(wrong);
    await take.click();
    await expect(counter.locator("#amount-error"), wrong).toHaveText(sentence);
  }
  // The debtor designates a bill; the amount follows until somebody writes one.
  await till.getByRole("button", { name: "填入应缴" }).click();
  await counter.getByRole("checkbox", { name: /卡工本费/ }).check();
  await expect(amount).toHaveValue("30.00");
  await expect(preview).not.toContainText("损坏赔偿");
  await counter.getByRole("checkbox", { name: /卡工本费/ }).uncheck();
  await amount.fill("1000");
  await expect(preview).toContainText("仍欠120.50");
  await amount.fill("1200");
  await expect(preview).toContainText("请勾选“转入账户余额”或修改金额");
  await take.click();
  await expect(counter.locator("#amount-error")).toContainText("收款金额与明细不符");
  await till.getByLabel("转入账户余额").check();
  await expect(preview).toContainText("49.50");
  await till.getByLabel("收到现金(元)").fill("1100");
  await expect(till).toContainText("现金不足，还差 100.00 元");
  await till.getByLabel("收到现金(元)").fill("1250");
  await expect(till).toContainText("找零 50.00 元");
  await checkAxe(counter);
  await take.dblclick();
  await expect(counter).toHaveURL(/\/billing\/payments\/\d+$/);
  await hydrated(counter);
  const [count] = await query<{ count: string }>("select count(*) from payment where account_id = $1", [account]);
  expect(count?.count, "pressed twice, taken once").toBe("1");

  // The receipt: in words, on one sheet, and marked when it is printed again.
  const receipt = counter.getByRole("article", { name: "收款收据" });
  await expect(receipt).toContainText("人民币壹仟贰佰元整");
  await expect(receipt).toContainText("转入账户余额");
  await checkAxe(counter);
  await counter.getByRole("button", { name: "打印收据" }).click();
  await expect.poll(prints).toBe(1);
  await expect(receipt.locator(".receipt-again")).toHaveCount(0);
  await counter.getByRole("button", { name: "打印小票（80mm）" }).click();
  await expect.poll(prints).toBe(2);
  await expect(receipt).toContainText("补打第1次");
  await counter.getByRole("button", { name: "打印收据" }).click();
  await expect(receipt).toContainText("补打第2次");
  await counter.emulateMedia({ media: "print" });
  await expect(counter.locator(".app-menu")).toBeHidden();
  const pdf = (await counter.pdf({ preferCSSPageSize: true })).toString("latin1");
  expect(pdf.match(/\/Type \/Page\b/g)?.length, "one sheet of paper").toBe(1);
  expect(pdf, "of A5").toMatch(/\/MediaBox \[0 0 59[45](\.\d+)? 4(19|20)(\.\d+)?\]/);
  await counter.emulateMedia({ media: "screen" });

  // Taken back at the counter: the reason is asked for, the bills are open again.
  await counter.getByRole("link", { name: "返回收款" }).click();
  await expect(counter.getByText("没有未缴账单，可办理预存")).toBeVisible();
  await hydrated(counter);
  await confirm(counter, "作废", "");
  await expect(counter.getByRole("alert").filter({ hasText: "请填写原因" })).toBeVisible();
  await counter.getByRole("form", { name: "作废确认" }).getByRole("textbox").fill("金额录错");
  await counter.getByRole("form", { name: "作废确认" }).getByRole("button", { name: "确定" }).click();
  await expect(counter.getByRole("region", { name: "未缴账单" }).locator("tbody tr")).toHaveCount(2);
  await expect(counter.getByRole("region", { name: "最近缴费记录" })).toContainText("作废");
  await expect(counter.getByRole("button", { name: "作废", exact: true })).toHaveCount(0);

  // Once more, by card: that leaves a slip.
  await till.getByLabel("支付方式*").selectOption({ label: "刷卡" });
  await take.click();
  await expect(counter.locator("#bank_serial-error")).toHaveText("请填写交易流水号");
  await till.getByLabel("交易流水号*").fill("POS-0042");
  await take.click();
  await expect(counter).toHaveURL(/\/billing\/payments\/\d+$/);
  await hydrated(counter);
  await expect(receipt).toContainText("POS-0042");
  const paid = new URL(counter.url()).pathname;

  // The accountant is reminded, chooses it in the list and verifies it.
  await visit(page, "/");
  await page.getByRole("link", { name: /待核销的收款/ }).click();
  await expect(page).toHaveURL(/unverified=1/);
  await hydrated(page);
  const rows = page.locator(".data-table tbody tr");
  await expect(rows.filter({ hasText: name })).toHaveCount(1);
  await rows.filter({ hasText: name }).getByRole("checkbox").check();
  await page.getByRole("button", { name: "核销", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "核销收款" })).toBeVisible();
  await expect(page.locator("main")).toContainText("已选1笔，合计1,150.50元：刷卡1笔1,150.50元");
  await hydrated(page);
  await checkAxe(page);
  await confirm(page, "核销");
  await expect(page).toHaveURL(/\/billing\/payments\?unverified=1$/);
  await expect(rows.filter({ hasText: name })).toHaveCount(0);
  await visit(page, lock);
  await expect(page.locator("main")).toContainText("已核销");
  await expect(page.getByRole("button", { name: "作废", exact: true }), "what is paid is given back first").toHaveCount(0);
  await visit(counter, paid);
  await expect(counter.getByRole("button", { name: "作废", exact: true }), "nor is it voided any more").toHaveCount(0);
  await expect(receipt).toContainText("核销人：演示会计");
  await visit(page, card);
  await expect(page.locator("main")).toContainText("已核销");
});

test("a bill in error is void, and lists are filtered, summed up and taken away", async ({ page }) => {
  test.setTimeout(120_000);
  const account = await household("演示申请人10");
  await signIn(page, "finance");
  const wrong = await charge(page, account, "临时收费", "88", day(5));
  await confirm(page, "作废", "误录");
  await expect(page.locator(".figure-row")).toContainText("作废");
  await expect(page.locator("main")).toContainText("误录");
  await page.getByRole("link", { name: "查看红字账单" }).click();
  await expect(page.locator("main")).toContainText("-88.00");
  await expect(page.getByRole("link", { name: "查看原账单" })).toHaveAttribute("href", wrong);
  await hydrated(page);
  await checkAxe(page);
  const parking = await charge(page, account, "车位费", "200", day(5));
  // Only when it is due, and what is remarked, can be changed; and its timeline says why.
  await page.getByRole("link", { name: "编辑", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "编辑账单" })).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  await page.getByLabel("到期日*").fill(day(6));
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.locator("#reason-error")).toHaveText("不能为空");
  await page.getByLabel("修改原因*").fill("车位下周交付");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page).toHaveURL(new RegExp(`${parking}$`));
  await expect(page.locator("main")).toContainText(`车位下周交付（到期日：${day(5)} → ${day(6)}）`);

  await visit(page, `/billing/bills?account=${account}`);
  const rows = page.locator(".data-table tbody tr");
  await expect(rows).toHaveCount(3);
  await page.locator("select[name=status]").selectOption({ label: "作废" });
  await page.getByRole("button", { name: "查询" }).click();
  await expect(rows).toHaveCount(2);
  await page.locator("select[name=status]").selectOption({ label: "全部" });
  await page.locator("select[name=due]").selectOption({ label: "7天内到期" });
  await page.getByRole("button", { name: "查询" }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("车位费");
  await page.getByRole("button", { name: "合计" }).click();
  await expect(page.getByText("合计1张，应收200.00元，已收0.00元，未收200.00元")).toBeVisible();
  await checkAxe(page);
  await page.locator("select[name=due]").selectOption({ label: "已逾期" });
  await page.getByRole("button", { name: "查询" }).click();
  await expect(page.getByText("没有符合条件的记录")).toBeVisible();
  await expect(page.getByText("合计1张"), "the sum of another question").toHaveCount(0);
  await visit(page, `/billing/bills?account=${account}`);
  await page.locator("summary", { hasText: "导出" }).click();
  const file = await downloaded(page, () => page.getByRole("button", { name: "导出Excel" }).click());
  expect(file.length, "head and three bills").toBe(4);
  for (const width of [390, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    for (const path of ["/billing/bills", "/billing/payments", "/billing/records", "/billing/accounts", `/billing/accounts/${account}`, wrong]) {
      await visit(page, path);
      await fitsWidth(page);
    }
  }
});

test("a month is billed by a job that nobody waits for", async ({ page }) => {
  await signIn(page, "finance");
  await visit(page, "/billing/runs");
  await page.getByRole("button", { name: "生成账单" }).click();
  const dialog = page.getByRole("dialog", { name: "生成账单" });
  await expect(dialog.getByLabel("账期*")).toHaveValue(day(0).slice(0, 7));
  await checkAxe(page);
  await dialog.getByLabel("账期*").fill("2999-01");
  await dialog.getByRole("button", { name: "开始生成" }).click();
  await expect(dialog.locator("#month-error")).toHaveText("该月份尚未开始，不能生成账单");
  await dialog.getByLabel("账期*").fill(day(0).slice(0, 7));
  await dialog.getByRole("button", { name: "开始生成" }).dblclick();
  await expect(page).toHaveURL(/\/platform\/jobs\/[0-9a-f-]{36}$/);
  await expect(page.getByRole("status").filter({ hasText: "本账期累计账单" })).toBeVisible();
  await checkAxe(page);
  const [jobs] = await query<{ count: string }>("select count(*) from job where kind = 'BILL_RUN'");
  expect(jobs?.count, "pressed twice, run once").toBe("1");
  await visit(page, "/billing/runs");
  const row = page.locator(".data-table tbody tr");
  await expect(row).toContainText("已完成");
  await row.getByRole("link", { name: day(0).slice(0, 7) }).click();
  await expect(page).toHaveURL(new RegExp(`month=${day(0).slice(0, 7)}`));
});

test("who has no counter sees what is owed and takes nothing", async ({ page }) => {
  const account = await household("演示申请人11");
  await signIn(page, "district");
  await visit(page, `/billing/accounts/${account}`);
  await expect(page.getByRole("form", { name: "收款" })).toHaveCount(0);
  await expect(page.getByRole("link", { name: "新增账单" })).toHaveCount(0);
  await visit(page, "/billing/runs");
  await expect(page.getByRole("button", { name: "生成账单" })).toHaveCount(0);
  await signIn(page, "admin");
  await page.goto(`/billing/accounts/${account}`);
  await hydrated(page);
  await expect(page.locator("main")).toContainText("没有此项操作的权限");
});
