// 物业费 of a contract (S4-1.2.1): entered as a price or as an amount, shown beside the rent, and planned as bills of its own.
import { checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { lease } from "../lease";
import { fitsWidth } from "../screen";
import { downloaded } from "../sheets";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

test("a contract asks for a property fee beside its rent", async ({ page, anotherBrowser }) => {
  test.setTimeout(180_000);
  const { contract } = await lease("演示申请人26", "DRAFT", -30, 1000);
  const path = `/tenancy/contracts/${contract}`;
  const [home] = await query<{ area: number }>(
    "select u.building_area as area from contract c join unit u on u.id = c.unit_id where c.id = $1",
    [contract],
  );
  // 2.50 a square metre, rounded once to fen.
  const fee = (Math.floor(((home?.area ?? 0) * 25_000 + 5_000) / 10_000) / 100).toFixed(2);
  await signIn(page, "entry");
  await visit(page, `${path}/edit`);
  const rate = page.getByLabel("物业费单价(元/㎡·月)");
  const amount = page.getByLabel("物业费金额(元/月)");
  const monthly = page.getByLabel("每月物业费(元)");
  const save = page.getByRole("button", { name: "保存" });
  await expect(monthly).toHaveValue("—");
  for (const wrong of ["-2.5", "2.50001", "0"]) {
    await rate.fill(wrong);
    await expect(monthly).toHaveValue("—");
    await save.click();
    await expect(page.locator("#property_rate-error")).toHaveText("应为大于0的数字，最多4位小数");
  }
  await rate.fill("2.5");
  await expect(monthly, "by the built area").toHaveValue(fee);
  await amount.fill("80");
  await save.click();
  await expect(page.locator("#property_fee-error")).toHaveText("已填写单价，金额按建筑面积计算，请留空");
  await expect(monthly).toHaveValue("—");
  await checkAxe(page);
  await amount.fill("");
  await expect(monthly).toHaveValue(fee);
  for (const width of [390, 1440, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    await fitsWidth(page, `the form at ${width}`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await save.click();
  await expect(page).toHaveURL(new RegExp(`${path}$`));
  await hydrated(page);
  await expect(page.locator("main")).toContainText("物业费单价(元/㎡·月)");
  await expect(page.locator("main")).toContainText(fee);
  await page.getByRole("link", { name: "费用明细" }).click();
  const plan = page.getByRole("region", { name: "物业费明细" }).locator("tbody tr");
  await expect(plan.nth(1), "a whole month").toContainText(fee);
  expect(await plan.count(), "a bill for each of the rent").toBe(
    await page.getByRole("region", { name: "费用明细", exact: true }).locator("tbody tr").count(),
  );
  await checkAxe(page);
  for (const width of [390, 1440, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    await fitsWidth(page, `the plan at ${width}`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });

  const city = await anotherBrowser();
  await signIn(city, "city");
  await visit(city, "/tenancy/contracts");
  await city.locator("summary", { hasText: "导出" }).click();
  const rows = JSON.stringify(await downloaded(city, () => city.getByRole("button", { name: "导出Excel" }).click()));
  for (const told of ["物业费单价(元/㎡·月)", "物业费(元/月)", "2.50"]) expect(rows).toContain(told);

  // An amount in place of the price; what was entered is there again.
  await visit(page, `${path}/edit`);
  await expect(rate).toHaveValue("2.50");
  await rate.fill("");
  await amount.fill("80");
  await expect(monthly).toHaveValue("80.00");
  await save.click();
  await expect(page).toHaveURL(new RegExp(`${path}$`));
  const [kept] = await query<{ rate: number | null; fee: string }>(
    "select property_rate as rate, property_fee_fen as fee from contract where id = $1",
    [contract],
  );
  expect([kept?.rate, Number(kept?.fee)]).toEqual([null, 8_000]);
});
