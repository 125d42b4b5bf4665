// A contract that was concluded by mistake is voided by the city (C11): not as long as somebody has paid for it, and otherwise
// nothing is left of it.
import { checkAxe, confirm, expect, query, signIn, test, visit } from "../fixtures";
import { approved, inForce, pay } from "../lease";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

test("the city voids a contract that nobody has paid for, and its home is back", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  const { contract, assignment, unit } = await approved(page);
  const account = await inForce(contract);
  const path = `/tenancy/contracts/${contract}`;
  await visit(page, path);
  await expect(page.locator(".figure-row")).toContainText("履行中");
  await expect(page.getByRole("button", { name: "作废", exact: true }), "one in force is the city's").toHaveCount(0);

  const city = await anotherBrowser();
  await signIn(city, "city");
  await visit(city, path);
  // While the city looks at it, the household pays.
  const counter = await anotherBrowser();
  await signIn(counter, "cashier");
  await pay(counter, { account, contract: String(contract), number: "" }, "100");
  await confirm(city, "作废", "");
  const question = city.getByRole("form", { name: "作废确认" });
  await expect(question).toContainText("请填写原因");
  await question.getByRole("textbox").fill("录错承租人");
  await question.getByRole("button", { name: "确定" }).click();
  await expect(question).toContainText("该合同已有收款，不能作废，请办理退租");
  await checkAxe(city);

  // Taken back on its own day, the money stands against it no more.
  await confirm(counter, "作废", "误收");
  await expect(counter.getByRole("article", { name: "收款收据" }).getByRole("status")).toContainText("误收");
  await question.getByRole("button", { name: "确定" }).click();
  await expect(city.locator(".figure-row")).toContainText("作废");
  await expect(city.locator("main")).toContainText("录错承租人");
  await expect(city.getByRole("button", { name: "作废", exact: true })).toHaveCount(0);
  await checkAxe(city);
  await visit(city, `${path}?tab=history`);
  await expect(city.locator(".timeline-list li").filter({ hasText: "录错承租人" })).toContainText("作废");

  // Every bill has its counter-bill.
  await visit(city, `/billing/bills?contract=${contract}&size=100`);
  const bills = city.locator(".data-table tbody tr");
  await expect(bills.first()).toContainText("作废");
  await expect(bills.filter({ hasNotText: "作废" })).toHaveCount(0);
  await expect(bills.filter({ hasText: "-1,000.00" }), "the deposit is asked of nobody").toHaveCount(1);

  // The home is kept for the household as before, until the city gives it back.
  await visit(city, `/housing/units/${unit}`);
  const status = city.locator("main .status-badge").first();
  await expect(status).toContainText("已分配");
  await visit(city, `/tenancy/assignments/${assignment}`);
  await expect(city.locator("main")).toContainText("待签约");
  await confirm(city, "撤销分配", "录错承租人");
  await expect(city.locator("main")).toContainText("已撤销");
  await visit(city, `/housing/units/${unit}`);
  await expect(status).toContainText("闲置房(空置)");

  // The bank is told, and has forgotten it.
  const forgotten = async () => {
    const [told] = await query<{ result: string }>("select result from contract_told where contract_id = $1 and action = 'CANCEL'", [contract]);
    return told?.result;
  };
  await expect.poll(forgotten, { message: "the demo's bank answers within seconds", timeout: 30_000 }).toBe("SUCCESS");
  await visit(city, `${path}?tab=history`);
  await expect(city.locator("main")).toContainText("确认注销同步");
  for (const width of [390, 1440, 3840]) {
    await city.setViewportSize({ width, height: 900 });
    await visit(city, path);
    await fitsWidth(city, `${path} at ${width}`);
  }
  await visit(counter, `/billing/accounts/${account}`);
  await expect(counter.getByText("没有未缴账单")).toBeVisible();
});
