// S1-3: importing with good and bad rows, and what is refused as a whole.
import { type Page, checkAxe, expect, query, signIn, test, visit } from "../fixtures";
import { buildingWorkbook, downloaded, workbook } from "../sheets";

/** Names that exist in the demo city. */
async function names() {
  const [row] = await query<{ project: string; district: string; unit: string; standard: string }>(
    `select p.name as project, d.name as district, m.name as unit, (select code from rent_standard limit 1) as standard
     from project p join organization d on d.id = p.district_id
     join organization m on m.parent_id = d.id and m.type = 'MGMT_UNIT' order by p.id limit 1`,
  );
  if (!row) throw new Error("the demo city has no project");
  return row;
}

async function upload(page: Page, name: string, content: Buffer): Promise<void> {
  await page.locator("input[type=file]").setInputFiles({ name, mimeType: "application/octet-stream", buffer: content });
  await page.getByRole("button", { name: "确认上传" }).click();
}

test("good rows go in although others fail, and the failures can be taken away", async ({ page }) => {
  await signIn(page, "city");
  const { project, district, unit, standard } = await names();
  const estate = `导入旅程${Date.now()}`;
  const row = (room: string, more: Record<string, string> = {}) => ({
    项目名称: project, 小区名称: estate, 所属区县: district, 小区地址: "导入路1号", 楼栋号: "01", 单元号: "01", 楼层: "1", 房号: room,
    户型: "一居室", "建筑面积(㎡)": "45.5", "使用面积(㎡)": "36", 住房管理单位: unit, 住房类别: "公租房", 租金标准编码: standard, ...more,
  });
  const content = await buildingWorkbook([
    row("0101"),
    row("0102", { "建筑面积(㎡)": "-1" }),
    row("0103", { "使用面积(㎡)": "60" }),
    row("0101"),
    row("０１０４"),
    row("0105", { 户型: "城堡" }),
    row("0106", { 备注: "<b>粗体</b>" }),
  ]);
  await visit(page, "/imports?new=building");
  await upload(page, "建筑信息.xlsx", content);
  await expect(page.getByText("校验完成，尚未写入：3条可以导入，4条有误")).toBeVisible({ timeout: 20_000 });
  expect(await query("select 1 from estate where name = $1", [estate]), "a check writes nothing").toHaveLength(0);
  await checkAxe(page);
  await page.getByRole("button", { name: "确认导入3条" }).click();
  await expect(page.getByText("成功3条，失败4条")).toBeVisible({ timeout: 20_000 });
  const units = await query<{ room_no: string }>("select room_no from unit u join estate e on e.id = u.estate_id where e.name = $1 order by 1", [estate]);
  expect(units.map((found) => found.room_no)).toEqual(["0101", "0104", "0106"]);

  await expect(page.locator(".raw-cells li", { hasText: "户型：城堡" }), "a value stands under its column").toBeVisible();
  await expect(page.getByRole("link", { name: "重新导入" })).toHaveAttribute("href", "/imports?new=building");
  const sheet = await downloaded(page, () => page.getByRole("link", { name: "下载失败数据" }).click());
  const reasons = sheet.slice(1).map((line) => line.at(-1));
  expect(sheet[0]?.at(-1)).toBe("失败原因");
  expect(reasons).toEqual([
    "【建筑面积(㎡)】应为大于0的数字，最多2位小数",
    "使用面积不能大于建筑面积",
    "文件内第2行与第5行重复",
    "【户型】取值不在字典范围内：城堡",
  ]);

  await visit(page, "/imports?operator=city");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("导入日志");
  await expect(page.locator(".data-table tbody tr").first()).toContainText("已完成");
  await visit(page, "/imports?new=building");
  await upload(page, "建筑信息.xlsx", content);
  await expect(page.getByText(/该文件已于.*导入过/)).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText("0条可以导入，7条有误")).toBeVisible({ timeout: 20_000 });
  await page.getByRole("button", { name: "取消" }).click();
  await expect(page.getByText("已取消，未写入任何数据")).toBeVisible();
});

test("what is no such workbook is refused as a whole", async ({ page }) => {
  await signIn(page, "city");
  const cases: [string, Buffer, string][] = [
    ["图片.xlsx", Buffer.from("\x89PNG\r\n\x1a\n0000", "latin1"), "文件类型不正确，请上传.xlsx或.xls文件"],
    ["表头.xlsx", await workbook([["小区", "楼栋"], ["a", "b"]]), "模板格式不正确，请下载最新模板"],
    ["空表.xlsx", await buildingWorkbook([]), "文件中没有数据"],
  ];
  for (const [name, content, sentence] of cases) {
    await visit(page, "/imports?new=building");
    await upload(page, name, content);
    await expect(page.getByText(sentence), name).toBeVisible({ timeout: 20_000 });
  }
});

test("the template downloads with the header of the specification", async ({ page }) => {
  await signIn(page, "city");
  await visit(page, "/imports?new=building");
  const sheet = await downloaded(page, () => page.getByRole("link", { name: "下载模板" }).click());
  expect(sheet[0]?.slice(0, 3)).toEqual(["*项目名称", "*小区名称", "*所属区县"]);
  expect(sheet[1]?.[0]).toMatch(/^示例/);
});
