// The bank: an approved contract comes into force by its answer, and what is owed is debited, checked by a second accountant.
import { day, today } from "../day";
import { checkAxe, confirm, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { approved, charge, inForce, lease } from "../lease";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

/** Of a household that lives there already: the bank may debit it, and it owes two months. */
async function debited(name: string): Promise<void> {
  const home = await lease(name, "ACTIVE", -90, 800);
  await charge(home, day(-40));
  await charge(home, day(-9));
  await query(
    `with said as (select set_config('app.contract', 'change', true))
     update contract c set bank_no = p.bank_no, debit_agreement_no = 'XY' || c.id
     from (select bank_no from person where bank_no is not null order by id limit 1) p, said where c.id = $1`,
    [home.contract],
  );
}

/** What a batch made of the item with a number, as the page says it. */
interface Item {
  seq: number;
  payer: string;
  status: string;
}

test("a contract comes into force by the bank, and two accountants have its rent debited", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  for (const name of ["演示申请人27", "演示申请人28"]) await debited(name);
  const { contract, name } = await approved(page);
  const account = await inForce(contract);

  // One makes the batch.
  await signIn(page, "finance");
  await visit(page, "/billing/deductions");
  await page.getByRole("link", { name: "制作批次" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "制作代扣批次" })).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  await page.getByLabel("扣款日*").fill("2099-01-01");
  await page.getByRole("button", { name: "生成批次" }).click();
  await expect(page.locator("#due_by-error")).toContainText("扣款日不能晚于");
  await page.getByLabel("扣款日*").fill(today);
  await page.getByRole("button", { name: "生成批次" }).click();
  await expect(page).toHaveURL(/\/billing\/deductions\/\d+$/);
  await hydrated(page);
  const batch = new URL(page.url()).pathname;
  await expect(page.locator("main")).toContainText("待复核");
  await expect(page.getByRole("region", { name: "代扣明细" })).toContainText(name);
  await expect(page.getByRole("button", { name: "复核通过" }), "nobody checks his own").toHaveCount(0);
  await checkAxe(page);
  await fitsWidth(page);

  // The counter is told to wait.
  const cashier = await anotherBrowser();
  await signIn(cashier, "cashier");
  const refused = await cashier.request.post("/api/payment_take", {
    headers: { accept: "application/json" },
    data: {
      account: Number(account),
      form: { request: "5b0c2d1e-8f7a-4b3c-9d2e-00000000dead", amount: "1", method: "CASH", bank_serial: "", bills: [], prepay: true, remark: "" },
    },
  });
  expect(await refused.text()).toContain("该账单正在银行扣款中，请于回盘后再缴");

  // Another checks and sends it, and the bank answers.
  const second = await anotherBrowser();
  await signIn(second, "accountant");
  await visit(second, batch);
  await confirm(second, "复核通过", "金额无误");
  await expect(second.locator("main")).toContainText("已复核");
  await expect(second.locator("main")).toContainText("金额无误");
  await confirm(second, "发送银行");
  await expect.poll(async () => {
    const [row] = await query<{ status: string }>("select status from deduction_batch where id = $1", [batch.split("/").pop()]);
    return row?.status;
  }, { message: "the demo's bank answers", timeout: 30_000 }).toBe("POSTED");
  await visit(second, batch);
  await expect(second.locator("main")).toContainText("已入账");
  await expect(second.getByRole("region", { name: "银行文件" })).toContainText("对账相符");
  // The demo's bank has an account without money among them: every item whose number ends with 3.
  const items = await query<Item>("select seq, payer, status from deduction_item where batch_id = $1 order by seq", [
    batch.split("/").pop(),
  ]);
  const [paid, poor] = [items.find((item) => item.seq === 1), items.find((item) => item.seq === 3)];
  if (!paid || !poor) throw new Error(`a batch of ${items.length} items`);
  const lines = second.getByRole("region", { name: "代扣明细" }).locator("tbody tr");
  await expect(lines.filter({ hasText: paid.payer })).toContainText("成功");
  await expect(lines.filter({ hasText: poor.payer })).toContainText("余额不足");
  for (const width of [390, 1440, 3840]) {
    await second.setViewportSize({ width, height: 900 });
    await fitsWidth(second);
  }
  await second.setViewportSize({ width: 1440, height: 900 });
  await checkAxe(second);
  await second.getByRole("link", { name: "全部明细" }).click();
  await expect(second.getByRole("heading", { level: 1, name: "房租扣费记录" })).toBeVisible();
  await hydrated(second);
  await checkAxe(second);
  await expect(second.locator("tbody tr", { hasText: poor.payer })).toContainText("余额不足");
  const row = second.locator("tbody tr", { hasText: paid.payer });
  await row.locator("a[href^='/billing/deductions/records/']").click();
  await expect(second.getByRole("heading", { level: 1, name: `扣费记录 ${paid.payer}` })).toBeVisible();
  await hydrated(second);
  await checkAxe(second);
  await second.getByRole("link", { name: "查看收据" }).click();
  await expect(second.locator("main")).toContainText("银行代扣");
  // What the bank could not get is free again for the counter.
  const [open] = await query<{ locked: string }>(
    "select count(*) filter (where in_batch is not null) as locked from bill where account_id in (select account_id from deduction_item where batch_id = $1)",
    [batch.split("/").pop()],
  );
  expect(open?.locked).toBe("0");
  await visit(second, batch);
  await confirm(second, "关闭批次");
  await expect(second.locator("main")).toContainText("已关闭");
  for (const [path, empty] of [
    ["/billing/deductions/differences", "没有差异，系统与银行一致"],
    ["/billing/deductions/reconciliations", "暂无对账记录"],
  ] as const) {
    await visit(second, path);
    await expect(second.locator("main")).toContainText(empty);
  }
});
