// Persons: entered by keyboard, shown masked, found by a number that stays out of the address, shown in clear for a reason.
import { type Page, checkAxe, expect, hydrated, pick, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";
import { downloaded, personWorkbook } from "../sheets";

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
  await pick(page.getByLabel("所属机构*"), 1);
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
  await pick(page.getByLabel("所属机构*"), 2);
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

test("persons are imported, and what failed goes back to whoever brought it", async ({ page, anotherBrowser }) => {
  await signIn(page, "operator");
  const [own] = await query<{ name: string }>(
    "select o.name from organization o join app_user u on u.organization_id = o.id where u.login = 'operator'",
  );
  const keeper = own?.name ?? "";
  const serial = 100 + (Date.now() % 700);
  const row = (place: number, more: Record<string, string> = {}) => ({
    姓名: `导入旅程${place}`, 人员类型: "租户", 证件类型: "居民身份证", 证件号码: idNumber(serial + place), 手机号: `1990000${1000 + place}`,
    所属机构: keeper, ...more,
  });
  const broken = idNumber(serial + 3).slice(0, 17) + (idNumber(serial + 3).endsWith("1") ? "2" : "1");
  const content = await personWorkbook([
    row(1), row(2, { 现住址: "导入路1号0301室" }), row(3, { 证件号码: broken }), row(1), row(4, { 所属机构: "无此机构" }),
  ]);
  await visit(page, "/persons");
  await page.getByRole("link", { name: "导入", exact: true }).click();
  await hydrated(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("导入人员");
  await checkAxe(page);
  const send = async (name: string) => {
    await page.locator("input[type=file]").setInputFiles({ name, mimeType: "application/octet-stream", buffer: content });
    await page.getByRole("button", { name: "确认上传" }).click();
  };
  await send("人员.xlsx");
  await expect(page.getByText("校验完成，尚未写入：2条可以导入，3条有误")).toBeVisible({ timeout: 20_000 });
  await page.getByRole("button", { name: "确认导入2条" }).click();
  await expect(page.getByText("成功2条，失败3条")).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText("失败数据保留30天")).toBeVisible();
  await checkAxe(page);
  const job = page.url();
  const sheet = await downloaded(page, () => page.getByRole("link", { name: "下载失败数据" }).click());
  expect(sheet.slice(1).map((line) => line.at(-1))).toEqual([
    "身份证号码校验位错误", "文件内第2行与第5行重复", "所属机构不存在",
  ]);
  expect(sheet[1]).toContain(broken);
  const clear = await query("select 1 from import_row where raw is not null or position($1::bytea in sealed) > 0", [broken]);
  expect(clear, "what failed lies sealed").toEqual([]);

  // Somebody else sees that it was done, and no numbers.
  const other = await anotherBrowser();
  await signIn(other, "city");
  await visit(other, new URL(job).pathname);
  await expect(other.getByText("失败数据含个人信息，仅上传人可以查看")).toBeVisible();
  await expect(other.locator("main")).not.toContainText(broken);

  // Once more, and with the option: what is there is refused or changed.
  await visit(page, "/imports?new=person");
  await page.getByLabel("更新已有人员").check();
  await send("人员.xlsx");
  await expect(page.getByText("校验完成，尚未写入：2条可以导入，3条有误")).toBeVisible({ timeout: 20_000 });
  await page.getByRole("button", { name: "取消" }).click();
  await visit(page, "/imports?new=person");
  await send("人员.xlsx");
  await expect(page.getByText("0条可以导入，5条有误")).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText("人员已存在").first()).toBeVisible();
});

test("two records of one human become one, and a slip is deleted", async ({ page }) => {
  const stamp = String(Date.now()).slice(-7);
  await signIn(page, "city");
  const enter = async (name: string, type: string, number: string, phone: string) => {
    await visit(page, "/persons/new");
    await page.getByLabel("姓名*").fill(name);
    await pick(page.getByLabel("所属机构*"), 1);
    await page.getByLabel("证件类型*").selectOption(type);
    await page.getByLabel("证件号码*").fill(number);
    await page.getByLabel("出生日期").fill("1990-03-07");
    await page.getByLabel("手机号*").fill(phone);
    await page.getByRole("button", { name: "保存" }).click();
    await expect(page).toHaveURL(/\/persons\/\d+$/);
    await hydrated(page);
    return new URL(page.url()).pathname;
  };
  const name = `合并人${stamp}`;
  const first = await enter(name, "PASSPORT", `E${stamp}`, "19900007777");
  const second = await enter(name, "OFFICER", `旅程字${stamp}`, "19900007777");
  await visit(page, "/persons");
  await page.getByRole("link", { name: "重复人员" }).click();
  await hydrated(page);
  await fitsWidth(page);
  await checkAxe(page);
  // Whoever knows better than the numbers picks the two himself.
  await pick(page.getByLabel("人员*"), name);
  await pick(page.getByLabel("另一条记录*"), name);
  await page.getByRole("button", { name: "对比" }).click();
  await expect(page.locator("#other-error")).toHaveText("请选择两条不同的记录");
  await page.locator("tr", { hasText: name }).getByRole("link", { name: "对比" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("合并人员");
  await hydrated(page);
  await checkAxe(page);
  await fitsWidth(page);
  await page.getByLabel("证件、性别和出生取自第2条").check();
  await page.getByRole("button", { name: "确认合并" }).click();
  await page.getByLabel("合并原因*").fill("看");
  await page.getByRole("button", { name: "确认合并" }).click();
  await expect(page.locator("#merge-reason-error")).toHaveText("请填写原因，4至200字");
  await page.getByLabel("合并原因*").fill("同一人两次登记，已核对");
  await page.getByRole("button", { name: "确认合并" }).click();
  await expect(page).toHaveURL(new RegExp(`${first}$`));
  await expect(page.locator("main")).toContainText("军官/士兵证");
  await expect(page.locator("main")).toContainText("同一人两次登记，已核对");
  await checkAxe(page);
  await visit(page, second);
  await expect(page.getByText("该记录已合并，不再办理业务。")).toBeVisible();
  await page.getByRole("link", { name: "查看合并后的人员" }).click();
  await expect(page).toHaveURL(new RegExp(`${first}$`));

  const slip = await enter(`误录人${stamp}`, "PASSPORT", `F${stamp}`, "19900008888");
  await page.getByRole("button", { name: "删除" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("删除原因*").fill("误录，无此人");
  await checkAxe(page);
  await dialog.getByRole("button", { name: "确认删除" }).click();
  await expect(page).toHaveURL(/\/persons$/);
  const [gone] = await query<{ deleted: boolean }>("select deleted_at is not null as deleted from person where id = $1", [slip.split("/").at(-1)]);
  expect(gone?.deleted).toBe(true);
});
