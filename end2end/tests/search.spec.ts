// S0-1a: one search for everything; what is asked for stands in the address, a person's number never does.
import { checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";

/** A unit of the demo with what people would call it. */
async function somewhere() {
  const [row] = await query<{ unit: string; estate: string; building: string; room: string; address: string }>(
    `select u.id as unit, e.name as estate, b.no as building, u.room_no as room, u.address
     from unit u join building b on b.id = u.building_id join estate e on e.id = u.estate_id order by u.id limit 1`,
  );
  if (!row) throw new Error("the demo city has no units");
  return row;
}

/** What was changed can be found a moment later. */
async function indexed(): Promise<void> {
  const left = async () => (await query("select 1 from search_dirty limit 1")).length;
  await expect.poll(left, { timeout: 30_000 }).toBe(0);
}

test("Ctrl+K leads to everything: estates, rooms, persons by initials", async ({ page, anotherBrowser }) => {
  const { estate, building, room, unit, address } = await somewhere();
  await signIn(page, "operator");
  await indexed();
  await visit(page, "/housing/estates");
  await page.keyboard.press("Control+k");
  await expect(page).toHaveURL(/\/search$/);
  await hydrated(page);
  const box = page.getByRole("searchbox", { name: "查找内容" });
  await expect(box).toBeFocused();
  await checkAxe(page);
  await fitsWidth(page);
  await box.fill("演示租户07");
  await box.press("Enter");
  await expect(page).toHaveURL(/\/search\?q=/);
  await expect(page.locator("[data-hits=人员] .hit")).toContainText("演示租户07");
  await checkAxe(page);
  await box.fill("yszh");
  await box.press("Enter");
  await expect(page.locator("[data-hits=人员] .hit").first()).toContainText("演示租户");
  await expect(page.locator("[data-hits=人员]").getByRole("link", { name: "更多人员" })).toBeVisible();
  // Initials stand in no list of persons: the search lists them itself.
  await page.getByRole("link", { name: "更多人员" }).click();
  await expect(page).toHaveURL(/kind=person/);
  await expect.poll(() => page.locator("[data-hits=人员] .hit").count()).toBeGreaterThan(10);
  await checkAxe(page);
  await page.getByRole("link", { name: "查看全部种类的结果" }).click();
  await expect(page.locator("[data-hits=人员] .hit")).toHaveCount(10);

  const city = await anotherBrowser();
  await signIn(city, "city");
  await visit(city, `/search?q=${encodeURIComponent(`${estate} ${building}号楼 ${room}`)}`);
  await expect(city.locator("[data-hits=房源] .hit", { hasText: address }).first()).toHaveAttribute("href", `/housing/units/${unit}`);
  await visit(city, "/search?q=没有这样的地方");
  await expect(city.locator("main")).toContainText("没有找到");
});

test("a number is searched for without standing in the address", async ({ page, context }) => {
  const { estate } = await somewhere();
  await signIn(page, "operator");
  await indexed();
  const addresses: string[] = [];
  context.on("request", (request) => addresses.push(request.url()));
  await visit(page, "/search");
  const box = page.getByRole("searchbox", { name: "查找内容" });
  await box.fill("199 0000 0007");
  await box.press("Enter");
  await expect(page.locator("[data-hits=人员] .hit")).toContainText("演示租户07");
  await checkAxe(page);
  await box.fill(estate);
  await box.press("Enter");
  await expect(page).toHaveURL(/q=/);
  await expect(page.locator("[data-hits=人员]")).toHaveCount(0);
  expect(addresses.filter((address) => /1990{3,}7|199%20|199\+0/.test(address))).toEqual([]);
  const [count] = await query<{ hits: number }>("select hits from person_search order by id desc limit 1");
  expect(count?.hits, "it was counted").toBe(1);
});

test.describe("without JavaScript", () => {
  test("the box works, and a number stays out of the address", async ({ browser, baseURL, page }) => {
    await signIn(page, "operator");
    await indexed();
    const state = await page.context().storageState();
    const context = await browser.newContext({ javaScriptEnabled: false, storageState: state, baseURL });
    const plain = await context.newPage();
    await plain.goto("/persons");
    await plain.getByRole("link", { name: "查找" }).first().click();
    await plain.locator("main input[name=q]").fill("19900000007");
    await plain.locator("main form button[type=submit]").click();
    await expect(plain.locator("[data-hits=人员] .hit")).toContainText("演示租户07");
    expect(new URL(plain.url()).search).toBe("");
    await plain.locator("main input[name=q]").fill("演示租户08");
    await plain.locator("main form button[type=submit]").click();
    await expect(plain.locator("[data-hits=人员] .hit")).toContainText("演示租户08");
    expect(decodeURIComponent(plain.url())).toContain("/search?q=演示租户08");
    await context.close();
  });
});
