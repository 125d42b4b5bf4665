// Asset cards: entered by one person, checked by another, depreciated by month, counted, printed.
import { type Page, checkAxe, confirm, expect, hydrated, pick, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";
import { downloaded } from "../sheets";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

const number = `ZC-旅程-${Date.now() % 100_000}`;

test("a card goes from draft over a second person into the books and on paper", async ({ page, anotherBrowser }) => {
  test.setTimeout(180_000);
  await signIn(page, "district");
  await visit(page, "/assets/masters/new");
  await page.getByRole("button", { name: "保存草稿" }).click();
  await expect(page.locator("#asset_code-error")).toHaveText("不能为空");
  await expect(page.locator("#project-error")).toHaveText("请选择项目");
  await checkAxe(page);
  await page.getByLabel("卡片编号").fill(number);
  await page.getByLabel("资产编码*").fill("FW-旅程");
  await page.getByLabel("资产名称*").fill("旅程住宅");
  await page.getByLabel("项目*").selectOption({ index: 1 });
  await expect(page.getByLabel("产权单位*"), "the project brings its owner").not.toHaveValue("");
  await page.getByLabel("管理单位*").fill("旅程管理处");
  await page.getByLabel("使用状况*").selectOption({ label: "出租" });
  await page.getByLabel("取得方式*").selectOption({ label: "自建" });
  await page.getByLabel("取得日期*").fill("2020-01-15");
  await page.getByLabel("账面原值(元)*").fill("180,000.00");
  await page.getByLabel("其中财政性资金(元)").fill("180,000.01");
  await page.getByLabel("建筑结构").selectOption({ label: "钢筋混凝土" });
  await page.getByLabel("折旧年限(年)").fill("49");
  await page.getByLabel("建筑面积(㎡)*").fill("560");
  await page.getByLabel("套数*").fill("10");
  await page.getByRole("button", { name: "保存草稿" }).click();
  await expect(page.locator("#fiscal_part-error")).toHaveText("财政性资金不能大于账面原值");
  await expect(page.locator("#life_years-error")).toHaveText("该建筑结构的折旧年限不能少于50年");
  await page.getByLabel("其中财政性资金(元)").fill("100,000");
  await page.getByLabel("折旧年限(年)").fill("");
  await page.getByLabel("套数*").press("Enter");
  await expect(page).toHaveURL(/\/assets\/masters\/\d+$/);
  await hydrated(page);
  const master = new URL(page.url()).pathname;
  await checkAxe(page);

  // A sub card: its unit is found by searching, and one unit has one card.
  const [taken] = await query<{ code: string }>("select u.code from asset_sub s join unit u on u.id = s.unit_id order by s.id limit 1");
  const [free] = await query<{ code: string }>(
    `select u.code from unit u join building b on b.id = u.building_id join asset_master m on m.project_id = b.project_id
     where m.card_no = $1 and not exists (select from asset_sub s where s.unit_id = u.id) order by u.code limit 1`,
    [number],
  );
  await page.getByRole("link", { name: "新增子卡片" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "新增资产子卡片" })).toBeVisible();
  await hydrated(page);
  await page.getByRole("button", { name: "保存草稿" }).click();
  await expect(page.locator("#unit-error")).toHaveText("请选择房源");
  await pick(page.getByLabel("房源*"), taken?.code ?? "");
  await expect(page.getByLabel("建筑面积(㎡)*"), "the unit brings its area").not.toHaveValue("");
  await checkAxe(page);
  await page.getByLabel("卡片编号").fill(`${number}-1`);
  await page.getByLabel("账面原值(元)*").fill("180,000.01");
  await page.getByRole("button", { name: "保存草稿" }).click();
  await expect(page.locator("#unit-error, #original-error").filter({ hasText: /./ })).toHaveText(/该房源已存在资产子卡片|该房源不属于主卡片的项目|子卡片原值合计超过主卡片/);
  await pick(page.getByLabel("房源*"), free?.code ?? "");
  await page.getByRole("button", { name: "保存草稿" }).click();
  await expect(page.locator("#original-error")).toHaveText("子卡片原值合计超过主卡片");
  await page.getByLabel("账面原值(元)*").fill("60,000");
  await page.getByRole("button", { name: "保存草稿" }).click();
  await expect(page).toHaveURL(/\/assets\/subs\/\d+$/);
  await hydrated(page);

  await visit(page, master);
  await confirm(page, "提交审核");
  await expect(page.locator("main")).toContainText("待审核");
  await page.getByRole("link", { name: "变更记录" }).click();
  await expect(page.getByText("等待其他审核人审核")).toBeVisible();

  const other = await anotherBrowser();
  await signIn(other, "city");
  await visit(other, "/assets/changes?state=PENDING");
  await other.getByRole("link", { name: number, exact: true }).click();
  await hydrated(other);
  const decision = other.getByRole("form", { name: "审核" });
  await decision.getByRole("button", { name: "审核通过" }).click();
  await expect(other.locator("#voucher_no-error")).toHaveText("请填写会计凭证号");
  await checkAxe(other);
  await decision.getByLabel("会计凭证号*").fill("记-旅程-1");
  await decision.getByRole("button", { name: "审核通过" }).click();
  await expect(other.locator("main")).toContainText("已登记");
  await expect(other.locator("main")).toContainText("记-旅程-1");

  await visit(page, `${master}/print`);
  await expect(page.locator(".paper")).toContainText("人民币壹拾捌万元整");
  await page.emulateMedia({ media: "print" });
  await expect(page.locator(".app-menu")).toBeHidden();
  const pdf = await page.pdf({ preferCSSPageSize: true });
  expect(pdf.toString("latin1").match(/\/Type \/Page\b/g)?.length, "one sheet of paper").toBe(1);
  await page.emulateMedia({ media: "screen" });

  await visit(page, `${master}/change`);
  await page.getByRole("button", { name: "提交审核" }).click();
  await expect(page.locator("#document_no-error")).toHaveText("请填写批准文号");
  await page.getByLabel("变更后原值(元)").fill("240,000");
  await page.getByLabel("变更原因*").fill("加装电梯");
  await page.getByLabel("批准文号*").fill("房〔2026〕9号");
  await page.getByRole("button", { name: "提交审核" }).click();
  await expect(page).toHaveURL(/tab=changes/);
  await expect(page.locator("main")).toContainText("180,000.00 → 240,000.00");
  await expect(page.locator("main"), "not yet in the books").not.toContainText("已变更");
});

test("a month is depreciated once, taken back and run again", async ({ page }) => {
  await signIn(page, "city");
  const [next] = await query<{ month: string }>(
    "select to_char(max(period) + interval '1 month', 'YYYY-MM') as month from asset_depreciation_run where reverses_id is null and not reversed",
  );
  const month = next?.month ?? "";
  await visit(page, "/assets/depreciation");
  await confirm(page, "计提折旧", "2026");
  await expect(page.getByRole("alert")).toHaveText("格式应为YYYY-MM");
  await page.getByRole("form", { name: "计提折旧确认" }).getByRole("textbox").fill(month);
  await page.getByRole("form", { name: "计提折旧确认" }).getByRole("button", { name: "确定" }).click();
  await expect(page.getByRole("status").filter({ hasText: "已计提" })).toBeVisible();
  await expect(page.locator(".data-table tbody tr").first()).toContainText(month);
  await confirm(page, "计提折旧", month);
  await expect(page.getByText("该月已计提，无需重复计提")).toBeVisible();
  await checkAxe(page);
  await page.getByText("冲回或结账最近一期").click();
  await confirm(page, "冲回", "旅程冲回");
  await expect(page.locator(".data-table")).toContainText("旅程冲回");
  await page.locator("summary", { hasText: "导出" }).click();
  const rows = await downloaded(page, () => page.getByRole("button", { name: "导出Excel" }).click());
  expect(rows.length).toBeGreaterThan(3);
});

test("a count sheet lists what differs and waits for a second person", async ({ page }) => {
  await signIn(page, "district");
  await visit(page, "/assets/counts/new");
  await page.getByLabel("盘点单名称*").fill("旅程盘点");
  await page.getByLabel("盘点日期*").fill("2026-12-01");
  await page.getByLabel("盘点范围*").fill("ZC-990104-001");
  await page.getByLabel("盘点范围*").press("Enter");
  await page.getByRole("list", { name: "查找结果" }).getByRole("button").first().click();
  await checkAxe(page);
  await page.getByRole("button", { name: "生成盘点单" }).click();
  await expect(page).toHaveURL(/\/assets\/counts\/\d+\/sheet$/);
  await hydrated(page);
  const lines = page.getByRole("region", { name: "盘点明细" }).locator("tbody tr");
  await expect(lines.first()).toBeVisible();
  const planned = await lines.count();
  expect(planned).toBeGreaterThan(1);
  await confirm(page, "结束盘点");
  await expect(page.getByRole("alert")).toContainText(`还有${planned}项未盘点`);
  await page.getByRole("button", { name: "取消" }).click();
  for (let place = 0; place < planned; place += 1) {
    const line = lines.nth(place);
    await line.getByRole("combobox").first().selectOption({ label: place === 0 ? "盘亏" : "账实相符" });
    if (place === 0) {
      await line.getByRole("button", { name: "登记" }).click();
      await expect(line.getByRole("alert")).toHaveText("有差异时须填写说明");
      await line.getByRole("textbox").fill("已拆除");
    } else {
      await line.getByRole("combobox").nth(1).selectOption({ label: "完好" });
    }
    await line.getByRole("button", { name: "登记" }).click();
    await expect(page.locator("dt", { hasText: "未盘" }).locator("xpath=../dd")).toHaveText(String(planned - place - 1));
  }
  await page.getByLabel("所在位置").fill("地下室储藏间");
  await page.getByLabel("说明", { exact: true }).fill("无卡片");
  await page.getByRole("button", { name: "登记盘盈" }).click();
  await expect(page.locator("main")).toContainText("地下室储藏间");
  await checkAxe(page);
  await confirm(page, "结束盘点");
  await expect(page.getByRole("heading", { name: "差异清单" })).toBeVisible();
  await expect(page.getByText("等待其他审核人确认")).toBeVisible();
  await page.setViewportSize({ width: 390, height: 844 });
  await fitsWidth(page);
});

test("an operator reads cards and keeps none", async ({ page }) => {
  await signIn(page, "operator");
  await visit(page, "/assets/masters");
  await expect(page.getByRole("link", { name: "新增主卡片" })).toHaveCount(0);
  await page.goto("/assets/masters/new");
  await hydrated(page);
  await expect(page.locator("main")).toContainText("没有此项操作的权限");
});
