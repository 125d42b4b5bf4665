// A contract in force is changed by two people, and a running city is taken over from a file.
import { day } from "../day";
import { checkAxe, confirm, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { lease } from "../lease";
import { fitsWidth } from "../screen";
import { downloaded, workbook } from "../sheets";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

test("a term is prolonged when another has agreed", async ({ page, anotherBrowser }) => {
  test.setTimeout(180_000);
  const home = await lease("演示申请人17", "ACTIVE", -60, 400);
  await signIn(page, "entry");
  await visit(page, `/tenancy/contracts/${home.contract}`);
  await page.getByRole("link", { name: "变更", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "办理合同变更" })).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page.locator("#kind-error")).toHaveText(/请选择|不能为空/);
  await page.getByLabel("变更类型*").selectOption("PHONE");
  await page.getByLabel("新联系电话*").fill("123");
  await page.getByLabel("生效日期*").fill(day(0));
  await page.getByLabel("变更原因*").fill("换号");
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page.locator("#phone-error")).toBeVisible();
  await page.getByLabel("变更类型*").selectOption("TERM");
  await expect(page.getByLabel("生效日期*"), "a term changes when it is agreed to").toHaveCount(0);
  await page.getByLabel("新租赁结束日期*").fill(day(500));
  await page.getByLabel("变更原因*").fill("工期顺延");
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page).toHaveURL(/\/tenancy\/changes\/\d+$/);
  await hydrated(page);
  await checkAxe(page);
  const path = new URL(page.url()).pathname;
  await expect(page.locator("main")).toContainText("待审批");
  await expect(page.getByRole("button", { name: "同意变更" }), "nobody decides about his own").toHaveCount(0);

  const approver = await anotherBrowser();
  await signIn(approver, "approver");
  await visit(approver, "/tenancy/changes?turn=MINE");
  await expect(approver.locator("tbody")).toContainText("演示申请人17");
  await visit(approver, path);
  await approver.getByRole("button", { name: /^同意/ }).click();
  await approver.getByRole("textbox", { name: /意见/ }).fill("同意");
  await approver.getByRole("button", { name: "确定" }).click();
  await expect(approver.locator("main")).toContainText("已生效");
  const [told] = await query<{ end: string }>("select end_on::text as end from contract where id = $1", [home.contract]);
  expect(told?.end).toBe(day(500));
  for (const width of [390, 1440, 3840]) {
    await approver.setViewportSize({ width, height: 900 });
    for (const at of ["/tenancy/changes", path]) {
      await visit(approver, at);
      await fitsWidth(approver, `${at} at ${width}`);
    }
  }
});

/** A person of the demo who is nobody: the number after the division, the day of birth, and the check digit. */
function idNumber(applicant: number): string {
  const number = 36 + applicant;
  const two = (value: number) => String(value).padStart(2, "0");
  const digits = `990101${1960 + applicant}${two((number % 12) + 1)}${two((number % 28) + 1)}${String(number).padStart(3, "0")}`;
  const sum = [...digits].reduce((sum, digit, at) => sum + Number(digit) * (2 ** (17 - at) % 11), 0);
  return digits + "10X98765432"[sum % 11];
}

test("contracts of a running city come from a file, and another agrees to their totals", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  const [home] = await query<{ unit: string; estate: string; building: string; entrance: string; room: string; rate: string; rent: string }>(
    `select u.id as unit, e.name as estate, b.no as building, u.entrance as entrance, u.room_no as room,
       trim_scale(s.unit_rate / 10000.0)::text as rate, round(u.usable_area * s.unit_rate / 10000.0 / 100, 2)::text as rent
     from unit u join estate e on e.id = u.estate_id join building b on b.id = u.building_id join organization d on d.id = u.district_id
     join rent_standard s on s.id = u.rent_standard_id
     where d.code = '990104' and u.status = 'OCCUPIED' and s.basis = 'USABLE' and s.status = 'ON' and s.valid_from <= '2026-01-01'
       and not exists (select from account a where a.unit_id = u.id)
     order by u.id desc limit 1`,
  );
  if (!home) throw new Error("no home that is lived in");
  const person = "演示申请人18";
  const number = `JQ-${Date.now()}`;
  const cutoff = `${day(-31).slice(0, 7)}-15`;
  const cells: Record<string, string> = {
    合同编号: number, 承租人姓名: person, 证件号码: idNumber(18), 小区名称: home.estate, 楼栋号: home.building, 单元号: home.entrance,
    房号: home.room, 租赁开始日期: "2026-01-01", 租赁结束日期: "2030-12-31", "租金标准(元/㎡·月)": home.rate, "月租金(元)": home.rent,
    "押金(元)": "1000.00", 缴费周期: "月", 账单拆分: "按自然月", 缴费日: "10", 开户行: "演示银行", 银行卡号: "6217000010000000011", 户名: person,
    签订日期: "2026-01-01", 接管日: cutoff, "账户余额(元)": "12.30", "已收押金(元)": "1000.00",
  };
  await signIn(page, "entry");
  await visit(page, "/imports?new=take_over");
  const template = await downloaded(page, () => page.getByRole("link", { name: "下载模板" }).click());
  const columns = template[0] ?? [];
  const row = columns.map((name) => cells[name.replace("*", "")] ?? "");
  const bad = columns.map((name) => (name.includes("房号") ? "没有此房" : (cells[name.replace("*", "")] ?? "")));
  await page.locator("input[type=file]").setInputFiles({
    name: "存量合同接管.xlsx",
    mimeType: "application/octet-stream",
    buffer: await workbook([columns, row, bad]),
  });
  await page.getByRole("button", { name: "确认上传" }).click();
  await expect(page.getByText("校验完成，尚未写入：1条可以导入，1条有误")).toBeVisible({ timeout: 20_000 });
  await page.getByRole("button", { name: "确认导入1条" }).click();
  await expect(page.getByText("成功1条，失败1条")).toBeVisible({ timeout: 20_000 });

  await visit(page, "/tenancy/take-overs");
  await page.locator("tbody a").first().click();
  await expect(page).toHaveURL(/\/tenancy\/take-overs\/\d+$/);
  await hydrated(page);
  await checkAxe(page);
  const path = new URL(page.url()).pathname;
  await expect(page.locator("main")).toContainText(number);
  await confirm(page, "提交审批");
  await expect(page.locator("main")).toContainText("待审批");
  await expect(page.getByRole("button", { name: "同意接管" }), "nobody decides about his own").toHaveCount(0);

  const approver = await anotherBrowser();
  await signIn(approver, "approver");
  await visit(approver, path);
  await confirm(approver, "同意接管", "合计相符");
  await expect(async () => {
    await approver.reload();
    await expect(approver.getByText("接管完成，各项合计与文件一致。")).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  const [told] = await query<{ status: string }>("select status from contract where contract_no = $1", [number]);
  expect(told?.status).toBe("ACTIVE");
  for (const width of [390, 1440, 3840]) {
    await approver.setViewportSize({ width, height: 900 });
    for (const at of ["/tenancy/take-overs", "/tenancy/take-overs/items", path]) {
      await visit(approver, at);
      await fitsWidth(approver, `${at} at ${width}`);
    }
  }
});
