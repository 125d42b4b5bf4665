// A household leaves: a clerk asks, a property approver agrees, the operator inspects, finance settles by two people.
import { today } from "../day";
import { checkAxe, confirm, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { lease } from "../lease";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });


test("a household leaves, from the request to the settlement", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  const contract = { ...(await lease("演示申请人02", "ACTIVE", -60, 300)), lessee: "演示申请人02" };
  await signIn(page, "entry");
  await visit(page, `/tenancy/contracts/${contract.contract}`);
  await page.getByRole("link", { name: "申请退租" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "申请退租" })).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page.locator("#reason-error")).toHaveText("不能为空");
  await page.getByLabel("退租类型*").selectOption("VOLUNTARY");
  await page.getByLabel("退租日期*").fill(today);
  await page.getByLabel("退租原因*").fill("购买了住房");
  const carry = page.getByLabel(/欠租.*转入退租账单/);
  if (await carry.count()) await carry.check();
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page).toHaveURL(/\/tenancy\/exits\/\d+$/);
  await hydrated(page);
  const exit = new URL(page.url()).pathname;
  await expect(page.locator("main")).toContainText("待审批");
  await expect(page.getByRole("button", { name: "同意退租" }), "nobody decides about his own").toHaveCount(0);
  await checkAxe(page);

  const approver = await anotherBrowser();
  await signIn(approver, "approver");
  await expect(approver.locator(".reminders", { hasText: "待我办理的退租" })).toBeVisible();
  await visit(approver, "/tenancy/exits?turn=MINE");
  await expect(approver.locator("tbody")).toContainText(contract.lessee);
  await visit(approver, exit);
  await confirm(approver, "驳回退租", "");
  await expect(approver.getByText("请填写原因")).toBeVisible();
  await confirm(approver, "同意退租", "同意");
  await expect(approver.locator("main")).toContainText("待验房");

  const operator = await anotherBrowser();
  await signIn(operator, "operator");
  await visit(operator, exit);
  await operator.getByRole("link", { name: "登记验房" }).click();
  await expect(operator.getByRole("heading", { level: 1, name: "登记验房" })).toBeVisible();
  await hydrated(operator);
  await checkAxe(operator);
  await operator.getByLabel("第1项物品", { exact: true }).fill("门锁");
  await operator.getByLabel("第1项状态").selectOption("DAMAGED");
  await operator.getByLabel("第1项赔偿金额").fill("120.50");
  await operator.getByLabel("备注").fill("表具已更换");
  await operator.getByLabel("签字人已在验房单上签字").check();
  await operator.getByRole("button", { name: "登记验房" }).click();
  await expect(operator.getByText("第1项请填写损坏情况")).toBeVisible();
  await operator.getByLabel("第1项损坏情况").fill("锁芯损坏");
  await operator.getByRole("button", { name: "登记验房" }).click();
  await expect(operator).toHaveURL(new RegExp(`${exit}$`));
  await expect(operator.locator("main")).toContainText("锁芯损坏");

  const finance = await anotherBrowser();
  await signIn(finance, "finance");
  await visit(finance, exit);
  await finance.getByRole("link", { name: "制作退租账单" }).click();
  await hydrated(finance);
  await expect(finance.locator("main")).toContainText("门锁×1：锁芯损坏");
  await finance.getByRole("button", { name: "添加费用" }).click();
  await finance.getByLabel("第1项金额").fill("7.50");
  await finance.getByLabel("第1项说明").fill("水表10→12.5");
  await checkAxe(finance);
  await finance.getByRole("button", { name: "提交复核" }).click();
  await expect(finance).toHaveURL(new RegExp(`${exit}\\?tab=bill$`));
  await expect(finance.locator("main")).toContainText("待复核");
  await expect(finance.getByRole("button", { name: "复核入账" }), "nobody checks his own").toHaveCount(0);

  const second = await anotherBrowser();
  await signIn(second, "accountant");
  await visit(second, exit);
  await confirm(second, "复核入账", "");
  await expect(second.getByRole("button", { name: "复核入账" })).toHaveCount(0);
  await visit(second, `${exit}?tab=bill`);
  await expect(second.locator("main")).toContainText("已入账");
  await visit(second, `${exit}?tab=sheet`);
  await expect(second.getByRole("article", { name: "退租结算单" })).toContainText("人民币");
  await checkAxe(second);
  const [told] = await query<{ contract: string; bills: string }>(
    `select c.status as contract, count(b.id) as bills from contract c left join bill b on b.contract_id = c.id
       and b.kind = 'RENT' and b.decision is null and b.period_to > current_date where c.id = $1 group by c.status`,
    [contract.contract],
  );
  expect(told?.contract).toBe("CANCEL_SYNCING");
  expect(Number(told?.bills), "nothing is charged behind the day of the exit").toBe(0);
});

test("the pages fit a phone and a wall of screens", async ({ page }) => {
  test.setTimeout(120_000);
  await signIn(page, "city");
  const [exit] = await query<{ id: string }>("select id from exit_case order by id limit 1");
  for (const width of [390, 1440, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    for (const path of ["/tenancy/exits", `/tenancy/exits/${exit?.id}`, `/tenancy/exits/${exit?.id}?tab=bill`, `/tenancy/exits/${exit?.id}?tab=sheet`]) {
      await visit(page, path);
      await fitsWidth(page, `${path} at ${width}`);
    }
  }
});
