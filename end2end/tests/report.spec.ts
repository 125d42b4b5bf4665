// Reports: one page for all of them, from the city down to an estate, on the screen, on paper and as a file.
import { today } from "../day";
import { checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { charge, lease } from "../lease";
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

test("what is kept is followed from a project to a household, and what is owed from an item to its bills", async ({ page }) => {
  const home = await lease("演示申请人05", "ACTIVE", -60, 400);
  await charge(home, `${today.slice(0, 7)}-10`);
  await query(
    `insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason, bill_id)
     select a.district_id, a.estate_id, a.id, $2::date, v.debit, v.credit, 'RENT', v.fen, '演示', case when v.credit = 'INCOME' then b.id end
     from account a join bill b on b.account_id = a.id
     cross join (values ('CASH', 'BALANCE', 12345), ('RECEIVABLE', 'INCOME', 10000)) as v (debit, credit, fen) where a.id = $1`,
    [home.account, today],
  );
  const [named] = await query<{ project: string; no: string }>(
    `select p.name as project, a.account_no as no from account a join building b on b.id = a.building_id join project p on p.id = b.project_id
     where a.id = $1`,
    [home.account],
  );
  if (!named) throw new Error("the account is gone");
  await signIn(page, "finance");
  await visit(page, "/insight/reports/balance");
  await checkAxe(page);
  const sheet = page.locator(".report-sheet");
  await sheet.getByRole("link", { name: named.project, exact: true }).click();
  await expect(page).toHaveURL(/by=unit&.*project=\d+/);
  await expect(page.locator(".report-head")).toContainText(`单位：${named.project}`);
  await sheet.locator("tbody tr").filter({ hasText: "123.45" }).first().getByRole("link").click();
  await expect(page).toHaveURL(/by=account&.*unit=\d+/);
  await fitsWidth(page, "the households of a door");
  await page.getByRole("link", { name: "取消门牌筛选" }).click();
  await expect(page).toHaveURL(/\?(?!.*unit=)/);
  await page.goBack();
  await sheet.getByRole("link", { name: new RegExp(`^${named.no}`) }).click();
  await expect(page).toHaveURL(new RegExp(`/billing/accounts/${home.account}/entries$`));

  await visit(page, "/insight/reports/receivable");
  await expect(sheet.locator("thead")).toContainText("费项");
  await checkAxe(page);
  await fitsWidth(page, "what is owed by item and month");
  const rent = sheet.locator("tbody tr").filter({ has: page.locator("th", { hasText: /^租金$/ }) });
  await rent.getByRole("link", { name: today.slice(0, 7) }).click();
  await expect(page).toHaveURL(new RegExp(`/billing/bills\\?fee_item=RENT&booked=${today.slice(0, 7)}$`));
  await expect(page.getByRole("link", { name: "取消记账月份筛选" })).toBeVisible();
  await expect(page.locator("main")).toContainText("演示申请人05");
});
