// S1-9.11, E-126, S4-1.1: jobs that are stopped and tried again, messages, reminders.
import { type Page, checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { buildingWorkbook, downloaded } from "../sheets";

/** The number at the bell. */
async function unread(page: Page): Promise<number> {
  const label = await page.getByRole("link", { name: /^消息，/ }).getAttribute("aria-label");
  return Number(label?.match(/\d+/)?.[0]);
}

/** So many flats of a new estate in the demo city. */
async function flats(estate: string, count: number): Promise<Buffer> {
  const [row] = await query<{ project: string; district: string; unit: string; standard: string }>(
    `select p.name as project, d.name as district, m.name as unit, (select code from rent_standard limit 1) as standard
     from project p join organization d on d.id = p.district_id
     join organization m on m.parent_id = d.id and m.type = 'MGMT_UNIT' order by p.id limit 1`,
  );
  if (!row) throw new Error("the demo city has no project");
  const lines = Array.from({ length: count }, (_, number) => ({
    项目名称: row.project, 小区名称: estate, 所属区县: row.district, 小区地址: "任务路1号", 楼栋号: String(1 + Math.floor(number / 500)), 单元号: "1",
    楼层: "1", 房号: String(number + 1), 户型: "一居室", "建筑面积(㎡)": "45.5", "使用面积(㎡)": "36", 住房管理单位: row.unit, 住房类别: "公租房",
    租金标准编码: row.standard,
  }));
  return buildingWorkbook(lines);
}

test("an import is stopped under way, goes on, and tells its end", async ({ page }) => {
  test.setTimeout(180_000);
  await signIn(page, "city");
  const estate = `任务旅程${Date.now()}`;
  const content = await flats(estate, 12_000);
  await visit(page, "/imports?new=building");
  await page.locator("input[type=file]").setInputFiles({ name: "任务.xlsx", mimeType: "application/octet-stream", buffer: content });
  await page.getByRole("button", { name: "确认上传" }).click();
  await page.getByRole("button", { name: "确认导入12000条" }).click({ timeout: 90_000 });
  await expect(page.getByText(/^正在导入：[1-9]\d* \/ 12000 行$/)).toBeVisible({ timeout: 60_000 });
  await page.getByRole("button", { name: "取消导入" }).click();
  await expect(page.getByText(/已取消，已导入的行保留：成功[1-9]\d*条，失败0条/)).toBeVisible({ timeout: 30_000 });
  await checkAxe(page);
  const saved = async () => {
    const [row] = await query<{ units: number }>("select count(*)::int as units from unit u join estate e on e.id = u.estate_id where e.name = $1", [estate]);
    return row?.units ?? 0;
  };
  const before = await saved();
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(12_000);
  await page.getByRole("button", { name: "重试" }).click();
  await expect(page.getByText("成功12000条，失败0条")).toBeVisible({ timeout: 90_000 });
  expect(await saved(), "nothing is there twice").toBe(12_000);

  await visit(page, "/");
  const waiting = await unread(page);
  expect(waiting).toBeGreaterThan(0);
  await page.getByRole("link", { name: /^消息，/ }).click();
  await page.getByRole("link", { name: "任务“导入建筑信息”已完成：成功12000条，失败0条" }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("任务完成");
  await expect.poll(() => unread(page), "what was read is not counted").toBe(waiting - 1);
  await checkAxe(page);
  await page.getByRole("link", { name: "查看详情" }).click();
  await expect(page.getByText("成功12000条，失败0条")).toBeVisible();
  await visit(page, "/platform/messages");
  if ((await unread(page)) > 0) await page.getByRole("button", { name: "全部标为已读" }).click();
  await expect.poll(() => unread(page)).toBe(0);

  // Many rows are made in the background, and only then fetched.
  await visit(page, `/housing/units?q=${encodeURIComponent(estate)}`);
  await page.locator("summary", { hasText: "导出" }).click();
  await page.getByLabel("导出条数").fill("12000");
  await page.getByRole("button", { name: "导出Excel" }).click();
  await page.waitForURL(/\/platform\/jobs\//);
  await hydrated(page);
  await expect(page.getByText("共12000条").first()).toBeVisible({ timeout: 60_000 });
  const sheet = await downloaded(page, () => page.getByRole("link", { name: "下载结果文件" }).click());
  expect(sheet).toHaveLength(12_001);
  await visit(page, "/platform/jobs");
  await expect(page.locator(".data-table tbody tr").first()).toContainText("导出房源");
});

test("a request waits for its checker, not for its maker, and its end is told", async ({ page, anotherBrowser }) => {
  const maker = page;
  await signIn(maker, "city");
  await visit(maker, "/platform/parameters/PRM-01");
  await maker.getByLabel("新值").fill("40000");
  await maker.getByLabel("生效日期").fill("2099-01-01");
  await maker.getByLabel("变更原因").fill("旅程检查");
  await maker.getByRole("button", { name: "提交复核" }).click();
  await maker.waitForURL(/\/platform\/approvals\/\d+/);
  await visit(maker, "/");
  await expect(maker.getByRole("link", { name: /待我复核/ })).toHaveCount(0);
  const before = await unread(maker);

  const checker = await anotherBrowser();
  await signIn(checker, "checker");
  const block = checker.locator(".reminders", { hasText: "流程提醒" });
  await expect(block.getByRole("link", { name: /待我复核/ })).toBeVisible();
  await checkAxe(checker);
  await block.getByRole("link", { name: "最大导出条数" }).first().click();
  await checker.getByRole("button", { name: "驳回" }).waitFor();
  await checker.getByLabel("复核意见").fill("旅程不通过");
  await checker.getByRole("button", { name: "驳回" }).click();
  await expect(checker.getByText("已驳回")).toBeVisible();

  await visit(maker, "/");
  expect(await unread(maker)).toBe(before + 1);
  await visit(maker, "/platform/messages");
  await expect(maker.locator(".data-table tbody tr").first()).toContainText("驳回：旅程不通过");
});

test("a system administrator watches over plans and words messages", async ({ page }) => {
  await signIn(page, "admin");
  await visit(page, "/platform/plans");
  const line = page.locator(".data-table tbody tr", { hasText: "过期数据清理" });
  await line.getByRole("button", { name: "立即运行过期数据清理" }).click();
  await expect(async () => {
    await page.getByRole("button", { name: "刷新" }).click();
    await expect(line).toContainText(/清理：|没有需要处理的内容/, { timeout: 1_000 });
    await expect(line).toContainText("已启用", { timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  await visit(page, "/platform/message-templates/JOB_FAILED");
  await checkAxe(page);
  const content = page.getByRole("textbox", { name: "内容" });
  const known = await content.inputValue();
  await content.fill("{任务}没有完成，{不存在}");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.getByText("没有占位符{不存在}，可以使用：{任务}、{原因}")).toBeVisible();
  await content.fill("{任务}没有完成");
  await expect(page.getByText("导入小区数据没有完成")).toBeVisible();
  await content.fill(known);
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page).toHaveURL(/\/platform\/message-templates$/);
  await visit(page, "/platform/jobs");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("任务监控");
});
