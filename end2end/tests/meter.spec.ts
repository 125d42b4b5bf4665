// Water: a meter is registered, read, checked by another, charged by finance, and a wrong reading is put right.
import { today } from "../day";
import { checkAxe, confirm, expect, hydrated, pick, query, signIn, test, visit } from "../fixtures";
import { lease } from "../lease";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

test("a meter is read by one, checked by another and charged by a third", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  const home = await lease("演示申请人14", "ACTIVE", -60, 400);
  const [unit] = await query<{ code: string; estate: string; district: string }>(
    `select u.code, e.name as estate, u.district_id as district from contract c join unit u on u.id = c.unit_id
     join estate e on e.id = u.estate_id where c.id = $1`,
    [home.contract],
  );
  if (!unit) throw new Error("the home is gone");
  await query(
    `insert into parameter (code, district_id, value, valid_from) values ('WATER_PRICE', $1, '3.15', '2026-01-01')
     on conflict (code, district_id, valid_from) do update set value = excluded.value, version = parameter.version + 1`,
    [unit.district],
  );
  const number = `水-${home.account}`;

  await signIn(page, "entry");
  await visit(page, "/billing/meters");
  await page.locator("main").getByRole("link", { name: "新增表具" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "新增表具" })).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.locator("#meter_no-error")).toHaveText("不能为空");
  await page.getByLabel("表具编号*").fill(number);
  await page.getByLabel("类型*").selectOption("WATER");
  await pick(page.getByLabel("房间", { exact: true }), unit.code);
  await page.getByLabel("期初值", { exact: true }).fill("10.5");
  await page.getByLabel("安装日期*").fill(today.replace(/\d\d$/, "01"));
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page).toHaveURL(/\/billing\/meters\/\d+$/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(number);

  await visit(page, "/billing/meters/periods/new");
  await pick(page.getByLabel("小区*"), unit.estate);
  await page.getByLabel("公共事业费*").selectOption("WATER");
  await page.getByRole("button", { name: "下一步" }).click();
  await expect(page).toHaveURL(/\/billing\/meters\/periods\/\d+$/);
  await hydrated(page);
  await checkAxe(page);
  const period = new URL(page.url()).pathname;
  const closing = page.getByLabel(`${number}期末值`);
  await closing.fill("9");
  await page.getByRole("button", { name: "保存数据" }).click();
  await expect(page.locator(".field-error").filter({ hasText: "期末值" }), "it does not run backwards").toBeVisible();
  await closing.fill("22.5");
  await page.getByRole("button", { name: "保存数据" }).click();
  const line = (of: typeof page) => of.locator("tbody tr").filter({ hasText: number });
  await expect(line(page)).toContainText("12");

  const approver = await anotherBrowser();
  await signIn(approver, "approver");
  await visit(approver, period);
  await confirm(approver, "审核通过");
  await expect(approver.getByRole("button", { name: "审核通过" })).toHaveCount(0);

  const finance = await anotherBrowser();
  await signIn(finance, "finance");
  await visit(finance, period);
  await confirm(finance, "生成账单");
  await expect(line(finance), "12 cubic metres for 3.15").toContainText("37.80");
  await line(finance).getByRole("link", { name: number }).click();
  await expect(finance.locator("main")).toContainText("37.80");
  await hydrated(finance);
  await checkAxe(finance);
  await finance.getByLabel("正确的期末值*").fill("20.5");
  await finance.getByLabel("更正原因*").fill("抄错");
  await finance.getByRole("button", { name: "更正", exact: true }).click();
  await expect(finance.locator("main"), "10 for 3.15").toContainText("31.50");
  await visit(finance, `/billing/accounts/${home.account}`);
  await expect(finance.locator("main")).toContainText("31.50");
  for (const width of [390, 1440, 3840]) {
    await finance.setViewportSize({ width, height: 900 });
    for (const path of ["/billing/meters", "/billing/meters/readings", "/billing/meters/periods", period]) {
      await visit(finance, path);
      await fitsWidth(finance, `${path} at ${width}`);
    }
  }
});

test("a confirmation keeps what is typed in the other rows, and a reading has its photo", async ({ page }) => {
  test.setTimeout(120_000);
  const home = await lease("演示申请人12", "ACTIVE", -60, 400);
  const [place] = await query<{ district: string; estate: string; unit: string; name: string }>(
    `select c.district_id as district, c.estate_id as estate, c.unit_id as unit, e.name
     from contract c join estate e on e.id = c.estate_id where c.id = $1`,
    [home.contract],
  );
  if (!place) throw new Error("the home is gone");
  await query(
    `insert into parameter (code, district_id, value, valid_from) values ('GAS_PRICE', $1, '2.6', '2026-01-01')
     on conflict (code, district_id, valid_from) do nothing`,
    [place.district],
  );
  const own = `气-${home.account}`;
  const shared = `气-总-${home.account}`;
  await query(
    `insert into meter (district_id, estate_id, unit_id, share, meter_no, type, install_on, initial)
     values ($1, $2, $3, null, $4, 'GAS', current_date - 30, 1200), ($1, $2, null, 'EQUAL', $5, 'GAS', current_date - 30, 0)`,
    [place.district, place.estate, place.unit, own, shared],
  );
  await signIn(page, "entry");
  await visit(page, "/billing/meters/periods/new");
  await pick(page.getByLabel("小区*"), place.name);
  await page.getByLabel("公共事业费*").selectOption("GAS");
  await page.getByRole("button", { name: "下一步" }).click();
  await expect(page).toHaveURL(/\/billing\/meters\/periods\/\d+$/);
  await hydrated(page);
  const period = new URL(page.url()).pathname;
  const line = (number: string) => page.locator("tbody tr").filter({ has: page.getByRole("link", { name: number, exact: true }) });
  await page.getByLabel(`${own}期末值`).fill("12");
  await page.getByRole("button", { name: "保存数据" }).click();
  await expect(line(own), "somebody lives there and has used nothing").toContainText("异常待确认");
  await expect(page.getByLabel(`${own}期末值`), "what is saved is no longer typed").toHaveValue("");

  // The reader goes on, and confirms only then.
  await page.getByLabel(`${shared}期末值`).fill("55");
  await page.getByLabel(`${shared}已归零`).check();
  await confirm(page, "确认", "上门核对，未用气");
  await expect(line(own)).toContainText("已确认");
  await expect(page.getByLabel(`${shared}期末值`)).toHaveValue("55");
  await expect(page.getByLabel(`${shared}已归零`)).toBeChecked();
  await page.getByLabel(`${shared}已归零`).uncheck();
  await page.getByRole("button", { name: "保存数据" }).click();
  await expect(line(shared), "it is saved over the row as it was").toContainText("已抄");
  await expect(line(shared)).toContainText("55");

  await line(own).getByRole("link", { name: own, exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(own);
  await hydrated(page);
  const files = page.getByRole("region", { name: "附件" });
  await files.locator("input[type=file]").setInputFiles({ name: "气表.jpg", mimeType: "image/jpeg", buffer: await page.screenshot({ type: "jpeg" }) });
  await expect(files.locator(".attachment")).toHaveCount(1);
  await checkAxe(page);
  await fitsWidth(page, "a reading with its photo");
  await visit(page, period);
  await expect(line(own)).toContainText("照片1张");
  await expect(line(shared)).not.toContainText("照片");
});
