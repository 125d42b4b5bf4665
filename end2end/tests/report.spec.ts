// Reports: one page for all of them, from the city down to an estate, on the screen, on paper and as a file.
import { checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";

test("a report leads from the city to an estate and fits every screen", async ({ page }) => {
  await signIn(page, "city");
  await visit(page, "/insight/reports");
  await checkAxe(page);
  await page.getByRole("link", { name: /出租率、入住率、空关率统计表/ }).click();
  await expect(page.getByRole("heading", { name: "出租率、入住率、空关率统计表" })).toBeVisible();
  const [stock] = await query<{ units: string }>("select count(*) as units from unit where deleted_at is null");
  const total = page.locator(".report-total td").first();
  await expect(total).toHaveText(Number(stock?.units).toLocaleString("en-US"));
  for (const width of [1440, 390, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    await fitsWidth(page, `a report at ${width}`);
    await checkAxe(page);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  const district = page.locator(".report-sheet tbody th a").first();
  const name = await district.innerText();
  await district.click();
  await expect(page).toHaveURL(/by=estate&district=\d+/);
  await expect(page.locator(".report-head")).toContainText(`单位：${name}`);
  await page.locator(".report-sheet tbody th a").first().click();
  await expect(page).toHaveURL(/by=building/);
  await page.getByRole("link", { name: "取消小区筛选" }).click();
  await expect(page).toHaveURL(/\/insight\/reports\/occupancy\?district=\d+$/);
});

test("a report stands on paper with its head, and is taken along as a file", async ({ page }) => {
  await signIn(page, "city");
  await visit(page, "/insight/reports/occupancy");
  await hydrated(page);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "导出Excel" }).click()]);
  expect(download.suggestedFilename()).toBe("出租率、入住率、空关率统计表.xlsx");
  await page.emulateMedia({ media: "print" });
  await expect(page.getByText("制表人：")).toBeVisible();
  await expect(page.getByRole("button", { name: "查询" })).toBeHidden();
});
