// Persons: entered by keyboard, shown masked, found by a number that stays out of the address, shown in clear for a reason.
import { type Page, checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";
import { downloaded } from "../sheets";

/** A number of the unassigned division 990102 that ends in these three digits. */
function idNumber(serial: number): string {
  const digits = `99010219900307${String(serial).padStart(3, "0")}`;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, place) => total + weight * Number(digits[place]), 0);
  return digits + "10X98765432"[sum % 11];
}

// A refused form and a page without the right to it answer so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

const reveal = (page: Page, label: string) => page.getByRole("button", { name: `查看${label}明文` });

test("a person is entered, found by number and shown in clear for a reason", async ({ page }) => {
  const number = idNumber(1 + (Date.now() % 900));
  await signIn(page, "city");
  await visit(page, "/persons");
  await fitsWidth(page);
  await page.getByRole("link", { name: "新增人员" }).click();
  await page.getByLabel("姓名*").fill("旅程人");
  await page.getByLabel("所属机构*").selectOption({ index: 1 });
  await page.getByLabel("证件号码*").fill(number.slice(0, 17) + (number.endsWith("1") ? "2" : "1"));
  await page.getByLabel("手机号*").fill("199");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.locator("#id_number-error")).toHaveText("身份证号码校验位错误");
  await expect(page.locator("#phone-error")).toHaveText("格式不正确");
  await checkAxe(page);
  await page.getByLabel("证件号码*").fill(number);
  await page.getByLabel("手机号*").fill("19900001234");
  await page.getByLabel("现住址").fill("旅程路1号2单元0301室");
  await page.getByLabel("手机号*").press("Enter");
  await expect(page).toHaveURL(/\/persons\/\d+$/);
  await hydrated(page);
  await expect(page.getByRole("heading", { level: 1, name: "旅程人" })).toBeVisible();
  const main = page.locator("main");
  await expect(main).toContainText(`${number.slice(0, 6)}********${number.slice(14)}`);
  await expect(main).not.toContainText(number);
  await expect(main).not.toContainText("0301室");
  await checkAxe(page);
  const record = new URL(page.url()).pathname;

  await reveal(page, "证件号码").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("查看原因*").fill("看");
  await dialog.getByRole("button", { name: "查看", exact: true }).click();
  await expect(dialog.getByRole("alert")).toHaveText("请填写查看原因，4至200字");
  await dialog.getByLabel("查看原因*").fill("旅程核对身份");
  await dialog.getByLabel("查看原因*").press("Enter");
  await expect(dialog).toContainText(number);
  await checkAxe(page);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(main, "it is forgotten").not.toContainText(number);
  const [trace] = await query<{ reason: string }>(
    "select after->>'reason' as reason from audit_log where action = 'REVEAL' order by id desc limit 1",
  );
  expect(trace?.reason).toBe("旅程核对身份");

  await visit(page, "/persons");
  await page.getByRole("button", { name: "按号码查找" }).click();
  await page.getByLabel("证件号码、电话或银行账号").fill(number.toLowerCase());
  await page.getByLabel("证件号码、电话或银行账号").press("Enter");
  await expect(page.getByRole("dialog").getByRole("link")).toHaveAttribute("href", record);
  expect(page.url()).not.toContain(number);
  await checkAxe(page);

  // Entered once more, it is there already; the record that is there stays.
  await visit(page, "/persons/new");
  await page.getByLabel("姓名*").fill("旅程人二");
  await page.getByLabel("所属机构*").selectOption({ index: 2 });
  await page.getByLabel("证件号码*").fill(number);
  await page.getByLabel("手机号*").fill("19900001235");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.locator("#id_number-error")).toHaveText("人员已存在");
});

test("a change leaves hidden numbers as they are; the export is masked", async ({ page }) => {
  await signIn(page, "operator");
  const [person] = await query<{ id: string; mask: string; version: number }>(
    "select id, id_number_mask as mask, version from person where name = '演示租户07'",
  );
  if (!person) throw new Error("the demo has no tenants");
  await visit(page, `/persons/${person.id}/edit`);
  await fitsWidth(page);
  await expect(page.getByLabel("证件号码")).toHaveValue("");
  await page.getByLabel("工作单位").fill("旅程单位");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page).toHaveURL(new RegExp(`/persons/${person.id}$`));
  await expect(page.locator("main")).toContainText("旅程单位");
  await expect(page.locator("main")).toContainText(person.mask);
  await expect(reveal(page, "手机号")).toBeVisible();
  await expect(reveal(page, "证件号码"), "an operator may not").toHaveCount(0);

  await visit(page, "/persons?q=演示租户");
  await expect(page.locator("main")).toContainText("共 36 条");
  await page.locator("summary", { hasText: "导出" }).click();
  const rows = await downloaded(page, () => page.getByRole("button", { name: "导出Excel" }).click());
  expect(rows.length).toBeGreaterThan(30);
  expect(JSON.stringify(rows)).not.toMatch(/\d{17}[\dX]|1\d{10}/);
});

test("who reads no persons finds neither menu nor page", async ({ page }) => {
  await signIn(page, "leader");
  await expect(page.getByRole("navigation").getByRole("link", { name: "人员" })).toHaveCount(0);
  await page.goto("/persons");
  await hydrated(page);
  await expect(page.locator("main")).toContainText("没有此项操作的权限");
});
