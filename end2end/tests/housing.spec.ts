// The spine of the stock: city → estate → building → unit, lists, forms, live boards.
import { type Page, checkAxe, expect, hydrated, pick, query, signIn, test, visit } from "../fixtures";
import { fitsWidth, hide } from "../screen";
import { downloaded } from "../sheets";

/** A vacant unit of a building, with its names. */
async function vacantUnit() {
  const [unit] = await query<{ id: string; building: string; estate: string; estate_name: string; room: string; code: string }>(
    `select u.id, u.building_id as building, u.estate_id as estate, e.name as estate_name, u.room_no as room, u.code
     from unit u join estate e on e.id = u.estate_id where u.status = 'VACANT' order by u.id limit 1`,
  );
  if (!unit) throw new Error("the demo city has no vacant unit");
  return unit;
}

const tile = (page: Page, unit: string) => page.locator(`.board-unit[data-unit="${unit}"]`);

test("down from the city to a unit and back up, the address always tells where", async ({ page }) => {
  await signIn(page, "city");
  await checkAxe(page);
  const unit = await vacantUnit();

  await page.getByRole("link", { name: "房源分布" }).first().click();
  await expect(page).toHaveURL(/\/map/);
  await expect(page.locator(".map-mark").first()).toBeVisible();
  await expect(page.locator(".district-shape").first()).toBeVisible();
  await expect(page).toHaveURL(/lng=.*lat=.*zoom=/);
  await checkAxe(page);

  // Closer, by the address as a colleague might have sent it: single estates instead of districts.
  const [place] = await query<{ lng: number; lat: number }>(
    "select avg(map_lng)::float8 as lng, avg(map_lat)::float8 as lat from building where estate_id = $1",
    [unit.estate],
  );
  await visit(page, `/map?lng=${place?.lng}&lat=${place?.lat}&zoom=15`);
  await page.locator(`.mark-list a[href="/housing/estates/${unit.estate}"]`).click();
  await expect(page.getByRole("heading", { level: 1, name: unit.estate_name })).toBeVisible();
  await checkAxe(page);

  await page.locator(`.building-card[href="/housing/buildings/${unit.building}"]`).click();
  await expect(page).toHaveURL(new RegExp(`/housing/buildings/${unit.building}$`));
  await expect(tile(page, unit.id)).toHaveAttribute("data-status", "vacant");
  await checkAxe(page);

  await tile(page, unit.id).click();
  await expect(page).toHaveURL(new RegExp(`unit=${unit.id}`));
  await expect(page.locator(".unit-drawer")).toContainText(unit.code);
  await page.getByRole("link", { name: "查看完整资料" }).click();
  await expect(page).toHaveURL(new RegExp(`/housing/units/${unit.id}$`));
  await expect(page.getByRole("heading", { name: "状态历史" })).toBeVisible();
  await checkAxe(page);

  await page.locator(".crumbs a").last().click();
  await expect(page, "up again, with the unit still marked").toHaveURL(new RegExp(`/housing/buildings/${unit.building}\\?unit=${unit.id}`));
  await page.keyboard.press("Escape");
  await expect(page.locator(".unit-drawer")).toHaveCount(0);
});

test("the list of units: search, filter, sort, page and export", async ({ page }) => {
  await signIn(page, "city");
  await visit(page, "/housing/units");
  const rows = page.locator(".data-table tbody tr");
  await expect(rows).toHaveCount(20);
  const [status, keyword, search] = [page.locator(".filter-bar [name=status]"), page.getByLabel("关键字"), page.getByRole("button", { name: "查询" })];
  await status.focus();
  // Opens the choices, goes to the second, takes it.
  for (const key of ["ArrowDown", "ArrowDown", "Enter"]) await page.keyboard.press(key);
  await expect(status).not.toHaveValue("");
  await expect(status, "choosing by keys sends nothing and keeps the field").toBeFocused();
  await expect(page).toHaveURL(/units$/);
  await status.selectOption("VACANT");
  await search.click();
  await expect(page).toHaveURL(/status=VACANT/);
  await expect(rows.first()).toContainText("闲置房");
  const [{ count } = { count: "" }] = await query<{ count: string }>("select count(*) from unit where status = 'VACANT'");
  await expect(page.locator(".pager-total")).toHaveText(`共 ${count} 条`);

  const first = await rows.first().innerText();
  await page.getByRole("link", { name: "下一页" }).click();
  await expect(page).toHaveURL(/page=2/);
  await expect(rows.first()).not.toHaveText(first);
  await page.getByRole("link", { name: /更新时间/ }).click();
  await expect(page).toHaveURL(/sort=updated_at/);

  const unit = await vacantUnit();
  await keyword.fill(unit.code);
  await page.keyboard.press("Enter");
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText(unit.code);
  await expect(keyword, "whoever searches again is still in the field").toBeFocused();

  await page.getByRole("link", { name: "重置" }).click();
  await expect(rows).toHaveCount(20);
  await expect(keyword).toHaveValue("");
  await expect(status).toHaveValue("");
  await page.goBack();
  await expect(rows).toHaveCount(1);
  await expect(keyword, "the form says what the list shows").toHaveValue(unit.code);
  await expect(status).toHaveValue("VACANT");
  await page.goForward();
  await expect(keyword).toHaveValue("");
  await keyword.fill("没有查询");
  await page.getByRole("link", { name: "重置" }).click();
  await expect(keyword, "also what was never sent").toHaveValue("");
  await visit(page, `/housing/units?building=${unit.building}`);
  await status.selectOption("VACANT");
  await search.click();
  await expect(page).toHaveURL(/building=.*status=VACANT|status=VACANT.*building=/);
  await page.getByRole("link", { name: /取消.*筛选/ }).click();
  await expect(page).not.toHaveURL(/building=/);
  await expect(page.locator("input[name=building]")).toHaveCount(0);
  await expect(status).toHaveValue("VACANT");
  await page.getByRole("link", { name: "重置" }).click();
  await page.locator("summary", { hasText: "导出" }).click();
  await page.getByLabel("导出条数").fill("7");
  const sheet = await downloaded(page, () => page.getByRole("button", { name: "导出Excel" }).click());
  expect(sheet).toHaveLength(8);
  expect(sheet[0]).toContain("房源编码");
  await page.getByLabel("关键字").fill("没有这样的小区");
  await page.getByRole("button", { name: "查询" }).click();
  await expect(page.getByText("没有符合条件的记录")).toBeVisible();
});

test("the board: one colour alone, a drawer for the keyboard, every screen", async ({ page }) => {
  test.setTimeout(120_000);
  await signIn(page, "city");
  const unit = await vacantUnit();
  await visit(page, `/housing/buildings/${unit.building}`);
  const legend = page.getByRole("button", { name: /闲置房/ });
  const dimmed = page.locator(".board-unit.is-dimmed");
  await expect(dimmed).toHaveCount(0);
  await legend.click();
  await expect(legend).toHaveAttribute("aria-pressed", "true");
  const [{ others } = { others: "" }] = await query<{ others: string }>(
    "select count(*) as others from unit where building_id = $1 and status <> 'VACANT'",
    [unit.building],
  );
  await expect(dimmed).toHaveCount(Number(others));
  await expect(tile(page, unit.id)).not.toHaveClass(/is-dimmed/);
  await checkAxe(page);
  await legend.click();
  await expect(dimmed).toHaveCount(0);

  await tile(page, unit.id).focus();
  const place = await page.evaluate(() => window.scrollY);
  await page.keyboard.press("Enter");
  const drawer = page.locator(".unit-drawer");
  await expect(drawer).toBeFocused();
  await expect(drawer).toContainText(unit.code);
  await expect(tile(page, unit.id)).toHaveAttribute("aria-current", "true");
  expect(Math.abs((await page.evaluate(() => window.scrollY)) - place), "the page does not jump").toBeLessThan(100);
  await checkAxe(page);
  await page.keyboard.press("Shift+Tab");
  await expect(tile(page, unit.id), "back from the drawer's beginning").toBeFocused();
  await page.keyboard.press("Tab");
  await expect(drawer, "and on from the tile").toBeFocused();
  await page.keyboard.press("Escape");
  await expect(drawer).toHaveCount(0);
  await expect(tile(page, unit.id)).toBeFocused();
  await tile(page, unit.id).click();
  await page.getByRole("button", { name: "关闭" }).click();
  await expect(tile(page, unit.id)).toBeFocused();

  for (const size of [{ width: 390, height: 844 }, { width: 3840, height: 2160 }]) {
    await page.setViewportSize(size);
    await visit(page, `/housing/buildings/${unit.building}?unit=${unit.id}`);
    await expect(drawer).toContainText(unit.code);
    await fitsWidth(page, `the board at ${size.width}`);
    await expect(tile(page, unit.id)).toBeInViewport();
  }
});

test("an estate tells its colours in words, and follows changes", async ({ page }) => {
  await signIn(page, "city");
  const unit = await vacantUnit();
  const change = (status: string) =>
    query("update unit set status = $2, vacant_since = case $2 when 'VACANT' then current_date end, version = version + 1 where id = $1", [unit.id, status]);
  await change("REPAIR");
  await visit(page, `/housing/estates/${unit.estate}`);
  const card = page.locator(`.building-card[href="/housing/buildings/${unit.building}"]`);
  await expect(card.getByRole("img")).toHaveAccessibleName(/维修整备中1套/);
  await expect(card.locator("[data-status=repair]"), "its own colour").toHaveCount(1);
  await expect(card.locator("[data-status=prep]")).toHaveCount(0);
  await expect(page.locator(".legend")).toContainText("维修整备中 1");
  await change("VACANT");
  await hide(page, true);
  await hide(page, false);
  await expect(card.locator("[data-status=repair]")).toHaveCount(0);
});

test("a tab behind others holds no connection and catches up when it comes back", async ({ page }) => {
  await signIn(page, "city");
  const unit = await vacantUnit();
  await visit(page, `/housing/buildings/${unit.building}`);
  const mark = page.locator(".live-mark");
  await expect(mark).toHaveText("实时更新");
  await hide(page, true);
  await expect(mark).toHaveText("连接中…");
  // More tabs than a browser has connections to one host; each of them in front while it opens.
  const tabs: Page[] = [];
  for (let count = 0; count < 7; count += 1) {
    const tab = await page.context().newPage();
    await tab.goto(`/housing/buildings/${unit.building}`);
    await hydrated(tab);
    await expect(tab.locator(".live-mark"), `tab ${count + 1}`).toHaveText("实时更新");
    await hide(tab, true);
    tabs.push(tab);
  }
  for (const tab of tabs) await tab.close();
  await query("update unit set status = 'FROZEN', version = version + 1 where id = $1", [unit.id]);
  await hide(page, false);
  await expect(mark).toHaveText("实时更新");
  await expect(tile(page, unit.id)).toHaveAttribute("data-status", "frozen");
  await query("update unit set status = 'VACANT', vacant_since = current_date, version = version + 1 where id = $1", [unit.id]);
});

test("a unit's form shows mistakes beside the fields, and saves", async ({ page }) => {
  await signIn(page, "entry");
  const unit = await vacantUnit();
  const [own] = await query<{ id: string }>(
    "select u.id from unit u join organization o on o.id = u.district_id join app_user a on a.organization_id = o.id where a.login = 'entry' order by u.id limit 1",
  );
  const id = own?.id ?? unit.id;
  await visit(page, `/housing/units/${id}/edit`);
  await page.getByLabel("使用面积(㎡)*").fill("999");
  await page.getByLabel("楼层*").fill("零");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.locator("#usable_area-error")).toHaveText("使用面积不能大于建筑面积");
  await expect(page.locator("#floor-error")).toContainText("应为");
  await page.getByRole("link", { name: "取消" }).click();
  await visit(page, `/housing/units/${id}/edit`);
  await page.getByLabel("备注").fill("旅程测试");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page).toHaveURL(new RegExp(`/housing/units/${id}$`));
  await expect(page.getByText("旅程测试")).toBeVisible();
});

test("an estate is entered, refused twice under one name, and changed", async ({ page }) => {
  await signIn(page, "city");
  await visit(page, "/housing/estates/new");
  const name = `旅程小区${Date.now()}`;
  const fill = async () => {
    await page.getByLabel("小区名称*").fill(name);
    await pick(page.getByLabel("所属区县*"), 1);
    await page.getByLabel("小区地址*").fill("旅程路1号");
    await page.getByRole("button", { name: "保存" }).click();
  };
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.locator("#name-error")).toHaveText("不能为空");
  await fill();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  await page.getByRole("link", { name: "编辑" }).click();
  await page.getByLabel("车位数").fill("88");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.getByText("88", { exact: true })).toBeVisible();
});

test.describe("a name that is taken", () => {
  test.use({ expectedProblems: [/status of 500|status of 4\d\d|the server responded with a status/] });

  test("is named beside the field", async ({ page }) => {
    await signIn(page, "city");
    const [estate] = await query<{ name: string; district: string }>(
      "select e.name, d.name as district from estate e join organization d on d.id = e.district_id order by e.id limit 1",
    );
    await visit(page, "/housing/estates/new");
    await page.getByLabel("小区名称*").fill(estate?.name ?? "");
    await pick(page.getByLabel("所属区县*"), estate?.district ?? "");
    await page.getByLabel("小区地址*").fill("旅程路1号");
    await page.getByRole("button", { name: "保存" }).click();
    await expect(page.locator("#name-error")).toHaveText("小区已存在");
  });
});

test("a change in one browser recolours another within a second, across two servers", async ({ page, anotherBrowser, anotherServer }) => {
  const second = await anotherServer();
  const unit = await vacantUnit();
  await signIn(page, "city");
  await visit(page, `/housing/buildings/${unit.building}`);
  await expect(page.locator(".live-mark")).toHaveText("实时更新");

  const other = await anotherBrowser();
  // The session lives in the database, so the second server knows it too; cookies do not tell ports apart.
  await other.context().addCookies(await page.context().cookies());
  await other.goto(`${second}/housing/buildings/${unit.building}?unit=${unit.id}`);
  await hydrated(other);
  await other.getByRole("button", { name: "锁定", exact: true }).click();
  await other.getByLabel("锁定原因").fill("旅程测试");
  await expect(tile(page, unit.id)).toHaveAttribute("data-status", "vacant");
  await other.getByRole("button", { name: "确定" }).click();
  await expect(tile(page, unit.id), "recoloured without a reload").toHaveAttribute("data-status", "reserved", { timeout: 1_000 });

  await expect(other.locator(".unit-drawer")).toContainText("已锁定");
  await other.getByRole("button", { name: "解锁", exact: true }).click();
  await expect(tile(page, unit.id)).toHaveAttribute("data-status", "vacant", { timeout: 1_000 });
  await expect(other.locator(".unit-drawer")).toContainText("闲置房");
  // Before its server goes: the drawer reads the unit again after a change.
  await other.close();
});

test.describe("a broken connection", () => {
  test.use({ expectedProblems: [/status of 401/] });

  test("is made good by itself", async ({ page }) => {
    test.setTimeout(120_000);
    const unit = await vacantUnit();
    await signIn(page, "city");
    await visit(page, `/housing/buildings/${unit.building}`);
    const mark = page.locator(".live-mark");
    await expect(mark).toHaveText("实时更新");
    // A stream checks its session every 20 seconds and ends with it; then even a new one is refused.
    await query("update session set expires_at = expires_at - interval '1 year'");
    await expect(mark).toHaveText("连接中…", { timeout: 40_000 });
    // Meanwhile something happens that this browser cannot hear of.
    await query("update unit set status = 'FROZEN', version = version + 1 where id = $1", [unit.id]);
    await query("update session set expires_at = expires_at + interval '1 year'");
    await expect(mark).toHaveText("实时更新", { timeout: 20_000 });
    await expect(tile(page, unit.id), "caught up without a reload").toHaveAttribute("data-status", "frozen");
    await query("update unit set status = 'VACANT', vacant_since = current_date, version = version + 1 where id = $1", [unit.id]);
  });
});
