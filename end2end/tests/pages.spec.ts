// Every page once: it opens, says its name, is accessible, complains of nothing, and fits a phone.
import { expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";

test("every page opens on a desk and on a phone", async ({ page }) => {
  test.setTimeout(480_000);
  await signIn(page, "city");
  const [at] = await query<{ unit: string; building: string; estate: string; project: string }>(
    `select u.id as unit, u.building_id as building, u.estate_id as estate, b.project_id as project
     from unit u join building b on b.id = u.building_id where u.status = 'VACANT' order by u.id limit 1`,
  );
  const [card] = await query<{ master: string; sub: string; count: string }>(
    `select s.master_id as master, s.id as sub, (select min(id) from asset_count) as count
     from asset_sub s where s.status = 'REGISTERED' order by s.id limit 1`,
  );
  const pages: [string, string | RegExp][] = [
    ["/", /房源概况/],
    ["/map", "房源分布"],
    ["/housing/projects", "项目管理"],
    [`/housing/projects/${at?.project}`, /./],
    ["/housing/estates", "小区管理"],
    [`/housing/estates/${at?.estate}`, /./],
    [`/housing/estates/${at?.estate}/edit`, /./],
    ["/housing/projects/new", "新增项目"],
    [`/housing/projects/${at?.project}/edit`, "编辑项目"],
    [`/housing/buildings/new?estate=${at?.estate}`, "新增楼栋"],
    [`/housing/buildings/${at?.building}/edit`, "编辑楼栋"],
    [`/housing/buildings/${at?.building}/generate`, "批量生成房源"],
    [`/housing/buildings/${at?.building}/labels`, "房源二维码标签"],
    [`/housing/units/batch?unit=${at?.unit}.1`, "批量处理房源"],
    [`/housing/units/${at?.unit}/label`, "房源二维码标签"],
    [`/housing/units/${at?.unit}/new-room`, "新增房间"],
    ["/housing/buildings", "楼栋管理"],
    [`/housing/buildings/${at?.building}`, /./],
    [`/housing/buildings/${at?.building}/new-unit`, /./],
    ["/housing/units", "房源管理"],
    [`/housing/units/${at?.unit}`, /./],
    [`/housing/units/${at?.unit}/edit`, /./],
    [`/housing/units/${at?.unit}/offshelf`, "申请注销房源"],
    ["/housing/rooms", "房间管理"],
    ["/housing/rent-standards", "租金标准管理"],
    ["/assets/masters", "资产主卡片管理"],
    ["/assets/masters/new", "新增资产主卡片"],
    [`/assets/masters/${card?.master}`, /./],
    [`/assets/masters/${card?.master}?tab=subs`, /./],
    [`/assets/masters/${card?.master}?tab=changes`, /./],
    [`/assets/masters/${card?.master}?tab=depreciation`, /./],
    [`/assets/masters/${card?.master}/print`, /打印/],
    [`/assets/masters/${card?.master}/new-sub`, "新增资产子卡片"],
    [`/assets/masters/${card?.master}/change`, "申请资产变更"],
    ["/assets/subs", "资产子卡片管理"],
    [`/assets/subs/${card?.sub}`, /./],
    ["/assets/changes", "资产审批"],
    ["/assets/depreciation", "折旧计提"],
    ["/assets/counts", "资产盘点管理"],
    ["/assets/counts/new", "新增盘点单"],
    [`/assets/counts/${card?.count}/sheet`, /./],
    ["/operators", /运营主体/],
    ["/platform/organizations", "机构管理"],
    ["/platform/dictionaries", "数据字典管理"],
    ["/platform/dictionaries/D-04", "户型"],
    ["/platform/calendar", "节假日"],
    ["/platform/numbers", "编码规则"],
    ["/imports", /导入/],
    ["/platform/jobs", "我的任务"],
    ["/platform/messages", "消息"],
    ["/imports?new=building", /导入/],
    ["/imports?new=person", /导入/],
    ["/persons/duplicates", "重复人员"],
    ["/search", "查找"],
    ["/search?q=演示", "查找"],
    ["/password", "修改密码"],
    ["/platform/second-factor", "二次验证"],
  ];
  for (const [path, title] of pages) {
    await visit(page, path);
    await expect(page.getByRole("heading", { level: 1 }), path).toHaveText(title);
    await fitsWidth(page, path);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  for (const [path] of pages) {
    await page.goto(path);
    await hydrated(page);
    await fitsWidth(page, `${path} on a phone`);
  }
});

test("the first sign-in of an account leads over a new password to a working home", async ({ page }) => {
  const [kept] = await query<{ password_hash: string }>("select password_hash from app_user where login = 'operator'");
  await query("update app_user set must_change_password = true where login = 'operator'");
  try {
    const { password } = await signIn(page, "operator");
    await expect(page).toHaveURL(/\/password$/);
    await expect(page.getByText("首次登录须修改初始密码")).toBeVisible();
    await expect(page.getByRole("link", { name: "房源", exact: true }), "nothing else is open yet").toHaveCount(0);
    await page.getByLabel("原密码").fill(password);
    await page.getByLabel("新密码", { exact: true }).fill("Fresh-start-2027");
    await page.getByLabel("再次输入新密码").fill("Fresh-start-2027");
    await page.getByRole("button", { name: "确定" }).click();
    await expect(page).toHaveURL(/\/$/);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("房源概况");
    await page.getByRole("link", { name: "房源", exact: true }).click();
    await expect(page.locator(".data-table tbody tr").first()).toBeVisible();
  } finally {
    await query("update app_user set must_change_password = false, password_hash = $1 where login = 'operator'", [kept?.password_hash]);
  }
});
