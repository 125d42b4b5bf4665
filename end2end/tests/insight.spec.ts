// What the leadership looks at: home page and city map, on every screen, with and without luck.
import { type Page, type Route, account, checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { expectDrawn, fitsWidth, hide } from "../screen";

const WALL = { width: 3840, height: 2160 };
const PHONE = { width: 390, height: 844 };

const stat = (page: Page, label: string) => page.locator(".stat-card", { has: page.locator(`.stat-label:text-is("${label}")`) });

test("the home page draws its charts, says what its figures mean, and fits every screen", async ({ page }) => {
  await signIn(page, "city");
  const [figures] = await query<{ units: string; sold: string; rented: string; lettable: string }>(
    `select count(*) as units, count(*) filter (where status = 'SOLD') as sold,
            count(*) filter (where status in ('SIGNED', 'OCCUPIED')) as rented,
            count(*) filter (where status not in ('PREP', 'SOLD', 'OFFSHELF')) as lettable from unit`,
  );
  const rate = (part: number, whole: number) => `${((part * 100) / whole).toFixed(2)}%`;
  const [units, sold, rented, lettable] = [figures?.units, figures?.sold, figures?.rented, figures?.lettable].map(Number);
  await expect(stat(page, "入住率").locator(".stat-number")).toHaveText(rate((sold ?? 0) + (rented ?? 0), units ?? 0));
  await expect(stat(page, "配租率").locator(".stat-number")).toHaveText(rate(rented ?? 0, lettable ?? 0));

  const definition = stat(page, "配租率").locator(".stat-definition");
  await expect(definition).toBeHidden();
  await stat(page, "配租率").focus();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Tab");
  await expect(definition, "also without a mouse").toBeVisible();
  await page.keyboard.press("Tab");
  await stat(page, "入住率").hover();
  await expect(stat(page, "入住率").locator(".stat-definition")).toBeVisible();

  for (const size of [{ width: 1440, height: 900 }, PHONE, WALL]) {
    await page.setViewportSize(size);
    for (const id of ["chart-districts", "chart-status", "chart-layout"]) await expectDrawn(page, id);
    await fitsWidth(page, `the home page at ${size.width}`);
    await checkAxe(page);
  }
  const room = await page.locator("#chart-districts").evaluate((box) => box.clientWidth);
  const drawn = await page.locator("#chart-districts canvas").evaluate((canvas) => canvas.clientWidth);
  expect(Math.abs(room - drawn), "the chart grew with its box").toBeLessThan(3);

  await page.getByRole("button", { name: "全屏" }).click();
  expect(await page.evaluate(() => document.fullscreenElement !== null)).toBe(true);
});

test("new figures come by themselves and nobody loses his place", async ({ page }) => {
  await signIn(page, "city");
  await expectDrawn(page, "chart-status");
  const vacant = stat(page, "空置").locator(".stat-number");
  const before = await vacant.innerText();
  await page.setViewportSize({ width: 1440, height: 500 });
  const link = page.locator(".home-table tbody a").last();
  await link.focus();
  const place = await page.evaluate(() => {
    window.scrollTo(0, 300);
    (document.querySelector("#chart-status canvas") as HTMLElement).dataset.mark = "same";
    return window.scrollY;
  });
  expect(place).toBeGreaterThan(0);
  const picture = () => page.locator("#chart-status canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
  // Not while it still grows into its place.
  let drawn = "";
  const settled = async () => drawn === (drawn = await picture());
  await expect.poll(settled, { intervals: [400] }).toBe(true);
  const [unit] = await query<{ id: string }>("select id from unit where status = 'VACANT' order by id desc limit 1");
  await query("update unit set status = 'FROZEN', version = version + 1 where id = $1", [unit?.id]);
  await hide(page, true);
  await hide(page, false);
  await expect(vacant).not.toHaveText(before);
  expect(await link.evaluate((link) => link === document.activeElement), "the focus stays").toBe(true);
  expect(await page.evaluate(() => window.scrollY), "the page stays").toBe(place);
  await expect(page.locator("#chart-status canvas"), "the chart is the same, with other figures").toHaveAttribute("data-mark", "same");
  await expect.poll(async () => (await picture()) !== drawn, "the new figures are drawn").toBe(true);
  await query("update unit set status = 'VACANT', vacant_since = current_date, version = version + 1 where id = $1", [unit?.id]);
});

test.describe("bad luck", () => {
  test.use({ expectedProblems: [/ERR_FAILED|status of 500|Failed to load resource/] });

  test("charts that do not load say so", async ({ page }) => {
    await page.route("**/echarts.js", (route) => route.abort());
    await signIn(page, "city");
    await expect(page.getByText("图表加载失败，请刷新重试").first()).toBeVisible();
    await checkAxe(page);
    await page.unroute("**/echarts.js");
    // The next page tries anew, although the first failed.
    await page.getByRole("link", { name: "小区", exact: true }).first().click();
    await page.getByRole("link", { name: "大屏" }).click();
    await expectDrawn(page, "chart-status");
  });

  test("a map that does not load says so and leaves the list", async ({ page }) => {
    await page.route("**/map.js", (route) => route.abort());
    await signIn(page, "city");
    await visit(page, "/map");
    await expect(page.getByText("地图加载失败，请刷新重试")).toBeVisible();
    await expect(page.locator(".mark-list a").first()).toBeVisible();
    await checkAxe(page);
  });

  test("marks that do not come say so, and come back", async ({ page }) => {
    await signIn(page, "city");
    await visit(page, "/map");
    await expect(page.locator(".map-mark").first()).toBeVisible();
    await page.route("**/api/map_marks_get", (route) => route.fulfill({ status: 500, body: "" }));
    await page.getByRole("button", { name: "放大" }).click();
    await expect(page.locator(".map-side").getByRole("alert")).toBeVisible();
    await page.unroute("**/api/map_marks_get");
    await hide(page, true);
    await hide(page, false);
    await expect(page.locator(".mark-list a").first()).toBeVisible();
  });
});

test("the map: the same place twice, filters in the address, every screen", async ({ page }) => {
  await signIn(page, "city");
  const [middle] = await query<{ lng: number; lat: number }>("select avg(map_lng)::float8 as lng, avg(map_lat)::float8 as lat from building");
  await visit(page, `/map?lng=${middle?.lng}&lat=${middle?.lat}&zoom=11`);
  const items = page.locator(".mark-list a");
  const district = items.first();
  await expect(district).toHaveAttribute("href", /zoom=13/);
  await expect(district, "districts tell their density").toContainText("套/km²");
  await district.click();
  await expect(page).toHaveURL(/zoom=13/);
  // A map that is still moving takes no orders; it has arrived when the list shows what is there.
  await expect(district).not.toHaveAttribute("href", /zoom=13/);
  await page.getByRole("button", { name: "缩小" }).click();
  await expect(page).toHaveURL(/zoom=12/);
  await page.getByRole("button", { name: "缩小" }).click();
  await expect(page).toHaveURL(/zoom=11/);
  await expect(district).toHaveAttribute("href", /zoom=13/);
  await district.click();
  await expect(page, "the same district a second time").toHaveURL(/zoom=13/);

  await page.getByLabel("房源状态").selectOption("VACANT");
  await expect(page).toHaveURL(/zoom=13.*status=VACANT/);
  await expect(page.locator(".map-mark.tone-vacant").first()).toBeVisible();
  await page.getByLabel("房源状态").selectOption("FROZEN");
  await expect(page.locator(".map-mark")).toHaveCount(0);
  await expect(page.getByText("当前视野内没有符合条件的房源")).toBeVisible();
  await page.getByLabel("房源状态").selectOption("");
  await page.getByLabel("住房类别").selectOption("PRH");
  await expect(page).toHaveURL(/category=PRH/);
  await page.reload();
  await hydrated(page);
  await expect(page.getByLabel("住房类别"), "the address holds the filter").toHaveValue("PRH");
  await expect(page.locator(".map-mark").first()).toBeVisible();
  expect(await page.locator(".map-mark[tabindex]").count(), "the list is the way of the keyboard").toBe(0);
  // One step back leads out of the map's own page or to an earlier place on it, never through every drag.
  for (const size of [PHONE, WALL]) {
    await page.setViewportSize(size);
    await visit(page, "/map");
    await expect(page.locator(".map-mark").first()).toBeVisible();
    await fitsWidth(page, `the map at ${size.width}`);
  }
});

/** An answer with so many marks, as the server writes it (postcard): `MapMarks` of domain/src/insight. */
function marks(count: number, name: string): { contentType: string; body: Buffer } {
  // Seven bits at a time, the lowest first; whole numbers with a sign lie between each other.
  const length = (number: number): number[] => (number < 128 ? [number] : [(number & 127) | 128, ...length(number >> 7)]);
  const whole = (number: number) => length(number * 2);
  const real = (number: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(number);
    return [...bytes];
  };
  const text = (value: string) => [...length(Buffer.byteLength(value)), ...Buffer.from(value)];
  const [estate, none] = [2, 0];
  const mark = (id: number) => [
    estate, ...whole(id), ...text(`${name}${id}`), ...real(103.85 + id / 10_000), ...real(1.35), ...whole(1),
    ...[0, 1, 0, 0, 0, 9, 0, 0, 0, 0].flatMap(whole), none, none,
  ];
  const all = Array.from({ length: count }, (_, at) => mark(at + 1));
  // Before it the build that answers: none, which is nobody else's.
  return { contentType: "application/x-postcard", body: Buffer.from([0, ...length(count), ...all.flat(), ...whole(0)]) };
}

test("a long list says that it is cut, and a slow older answer does not cover a newer one", async ({ page }) => {
  await signIn(page, "city");
  await visit(page, "/map");
  await expect(page.locator(".map-mark").first()).toBeVisible();
  let held: Route | undefined;
  await page.route("**/api/map_marks_get", async (route) => {
    if (held) return route.fulfill(marks(101, "新"));
    held = route;
  });
  await page.getByRole("button", { name: "放大" }).click();
  await expect.poll(() => held !== undefined).toBe(true);
  await page.getByRole("button", { name: "放大" }).click();
  await expect(page.getByText("共101处，仅列出前100个")).toBeVisible();
  await expect(page.locator(".mark-list li")).toHaveCount(100);
  await held?.fulfill(marks(1, "旧"));
  await expect(page.locator(".mark-list a").first()).toContainText("新");
  await page.waitForTimeout(500);
  await expect(page.locator(".mark-list li"), "the older answer came last").toHaveCount(100);
});

test("an old tab reads nothing of a newer server and asks to be drawn anew", async ({ page }) => {
  await signIn(page, "city");
  await visit(page, "/map");
  await expect(page.locator(".map-mark").first()).toBeVisible();
  const body = Buffer.concat([Buffer.from([5]), Buffer.from("newer"), marks(101, "新").body.subarray(1)]);
  await page.route("**/api/map_marks_get", (route) => route.fulfill({ contentType: "application/x-postcard", body }));
  await page.getByRole("button", { name: "放大" }).click();
  await expect(page.getByText("系统已更新，请刷新页面")).toBeVisible();
  await expect(page.getByText("共101处，仅列出前100个")).toHaveCount(0);
});

test("a city without outlines begins where its stock is", async ({ page }) => {
  await signIn(page, "city");
  await page.route("**/map/outlines", (route) => route.fulfill({ json: { type: "FeatureCollection", features: [] } }));
  await visit(page, "/map");
  await expect(page.locator(".map-mark").first()).toBeVisible();
  const [middle] = await query<{ lng: number }>("select avg(map_lng)::float8 as lng from building");
  await expect(page).toHaveURL(/lng=/);
  const lng = Number(new URL(page.url()).searchParams.get("lng"));
  expect(Math.abs(lng - (middle?.lng ?? 0))).toBeLessThan(0.2);
});

test("a wall: the dark home page has its charts and no trouble", async ({ page }) => {
  await page.setViewportSize(WALL);
  await signIn(page, "leader");
  await page.locator(".app-head summary").click();
  await page.getByRole("button", { name: "开启大屏模式" }).click();
  // The address is the same before and after: only the theme tells that the answer is there.
  await expect(page.locator("[data-theme=wall]")).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  await expectDrawn(page, "chart-districts");
  await fitsWidth(page, "the wall");
  await visit(page, "/map");
  await expect(page.locator(".map-mark").first()).toBeVisible();
  expect(account("leader").role).not.toBe("");
});
