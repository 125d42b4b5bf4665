// A rent is reduced for a year, and a debt is written off: each is asked for by one and agreed to by another.
import { day } from "../day";
import { checkAxe, confirm, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { charge, lease } from "../lease";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

test("a household on 低保 pays a tenth from the next month on", async ({ page, anotherBrowser }) => {
  test.setTimeout(180_000);
  const home = await lease("演示申请人15", "ACTIVE", -60, 800);
  await signIn(page, "finance");
  await visit(page, "/billing/reductions");
  await page.locator("main").getByRole("link", { name: "办理租金核减" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "办理租金核减" })).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page.locator("#percent-error")).toHaveText("不能为空");
  await page.getByLabel("合同编号*").fill(home.number);
  await page.getByLabel("保障类别*").selectOption("DIBAO");
  await page.getByLabel("缴纳比例(%)*").fill("10");
  await page.getByLabel("保障面积(㎡)*").fill("50");
  await page.getByLabel("起始月份*").fill(day(31).slice(0, 7));
  await page.getByLabel("终止月份*").fill(day(200).slice(0, 7));
  await page.getByLabel("批准文号*").fill("演示核〔2026〕1号");
  await page.getByRole("button", { name: "试算" }).click();
  await expect(page.getByRole("region", { name: "试算" })).toContainText("11.18");
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page).toHaveURL(/\/billing\/reductions\/\d+$/);
  const path = new URL(page.url()).pathname;
  await expect(page.getByRole("button", { name: "同意" }), "nobody decides about his own").toHaveCount(0);
  await expect(page.getByRole("region", { name: "月租金" }), "as it is written in the list").toContainText("核减额(元)");
  await expect(page.locator("main")).not.toContainText("-100.62");
  await checkAxe(page);

  const approver = await anotherBrowser();
  await signIn(approver, "approver");
  await visit(approver, path);
  await confirm(approver, "同意", "材料齐全");
  await expect(approver.locator("main")).toContainText("已批准");
  for (const width of [390, 1440, 3840]) {
    await approver.setViewportSize({ width, height: 900 });
    for (const at of ["/billing/reductions", path]) {
      await visit(approver, at);
      await fitsWidth(approver, `${at} at ${width}`);
    }
  }
});

test("what cannot be collected is written off by two people", async ({ page, anotherBrowser }) => {
  test.setTimeout(180_000);
  const home = await lease("演示申请人16", "EXPIRED", -500, -100);
  await charge(home, day(-130));
  await signIn(page, "finance");
  await visit(page, `/billing/accounts/${home.account}`);
  await page.getByRole("link", { name: "申请减免核销" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "申请减免核销" })).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page.locator("#doc_no-error")).toHaveText("不能为空");
  await page.getByLabel("减免类型*").selectOption("WRITE_OFF");
  await page.getByLabel("批准文号*").fill("演示销〔2026〕1号");
  await page.getByLabel("原因*").fill("承租人死亡无遗产");
  await page.getByLabel(/^租金 .*未缴/).check();
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page).toHaveURL(/\/billing\/waivers\/\d+$/);
  const path = new URL(page.url()).pathname;
  await checkAxe(page);

  const head = await anotherBrowser();
  await signIn(head, "finhead");
  await visit(head, "/billing/waivers?turn=MINE");
  await visit(head, path);
  await confirm(head, "同意", "集体研究同意");
  await expect(head.getByRole("button", { name: "同意" })).toHaveCount(0);
  const [left] = await query<{ open: string }>("select count(*) as open from bill_open where account_id = $1", [home.account]).catch(() => [undefined]);
  if (left) expect(Number(left.open), "nothing is owed any more").toBe(0);
  for (const width of [390, 1440, 3840]) {
    await head.setViewportSize({ width, height: 900 });
    for (const at of ["/billing/waivers", path]) {
      await visit(head, at);
      await fitsWidth(head, `${at} at ${width}`);
    }
  }
});
