// The stock written by hand: project → building → units by pattern → rooms, choosing and changing many, the tree, labels,
// the map in a form, and two people at one record.
import { type Page, checkAxe, expect, hydrated, pick, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";
import { downloaded } from "../sheets";

const save = (page: Page) => page.getByRole("button", { name: "保存", exact: true }).click();

/** An estate of the first district with a building that can grow, and who manages there. */
async function place() {
  const [found] = await query<{ estate: string; name: string; district: string; label: string; building: string; no: string }>(
    `select e.id as estate, e.name, d.name as district, d.id as label, b.id as building, b.no
     from estate e join organization d on d.id = e.district_id join building b on b.estate_id = e.id order by e.id, b.no_key limit 1`,
  );
  if (!found) throw new Error("the demo city has no building");
  return found;
}

test("a project, a building, its units by pattern, a room – and taken away again", async ({ page }) => {
  test.setTimeout(120_000);
  await signIn(page, "city");
  const { estate, district } = await place();
  const name = `旅程项目${Date.now()}`;
  await visit(page, "/housing/projects");
  await page.getByRole("link", { name: "新增项目" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("新增项目");
  await save(page);
  await expect(page.locator("#name-error")).toHaveText("不能为空");
  await expect(page.locator("#name"), "the first mistake has the keyboard").toBeFocused();
  await checkAxe(page);
  await page.locator("#name").fill(name);
  await pick(page.locator("#district"), district);
  await page.locator("#address").fill("旅程路1号");
  await page.locator("#category").selectOption("PRH");
  await page.locator("#source").selectOption("NEW");
  await page.locator("#investment").selectOption("GOV");
  await pick(page.locator("#owner_unit"), 1);
  await page.locator("#units_planned").fill("4");
  await page.locator("#status").selectOption("OPERATING");
  await page.locator("#start_on").fill("2026-03-01");
  await page.locator("#complete_on").fill("2026-02-01");
  await save(page);
  await expect(page.locator("#complete_on-error")).toHaveText("竣工日期不能早于开工日期");
  await page.locator("#complete_on").fill("2026-06-01");
  await save(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
  const project = page.url();

  await visit(page, `/housing/estates/${estate}`);
  await page.getByRole("link", { name: "新增楼栋" }).click();
  const no = `旅${Date.now() % 100_000}`;
  await page.locator("#project").selectOption({ label: name });
  await page.locator("#no").fill(no);
  await page.locator("#floors_up").fill("3");
  await page.locator("#units_per_floor").fill("2");
  await save(page);
  await expect(page.getByText("该楼栋暂无房源")).toBeVisible();
  const building = page.url();

  await page.getByRole("link", { name: "批量生成" }).click();
  await expect(page.getByText("将生成6套房源")).toBeVisible();
  await page.locator("#entrances").fill("1、2");
  await expect(page.getByText("将生成12套房源"), "the preview follows").toBeVisible();
  await page.locator("#floor_to").fill("4");
  await page.getByRole("button", { name: /^生成/ }).click();
  await expect(page.locator("#floor_to-error")).toContainText("不能大于楼栋的地上层数");
  await page.locator("#floor_to").fill("2");
  await page.locator("#mgmt_unit").selectOption({ index: 1 });
  await page.locator("#rent_standard").selectOption({ index: 1 });
  for (const index of [0, 1]) {
    await page.locator(`#layout-${index}`).selectOption("ONE");
    await page.locator(`#building_area-${index}`).fill("45");
    await page.locator(`#usable_area-${index}`).fill(index === 0 ? "36" : "46");
  }
  await page.getByRole("button", { name: "生成8套房源" }).click();
  await expect(page.locator("#usable_area-1-error")).toHaveText("使用面积不能大于建筑面积");
  await page.locator("#usable_area-1").fill("36");
  await checkAxe(page);
  await page.getByRole("button", { name: "生成8套房源" }).click();
  await expect(page.locator(".board-unit")).toHaveCount(8);

  // Once more over the same floors: marked, and not to be sent.
  await page.getByRole("link", { name: "批量生成" }).click();
  await expect(page.locator(".planned-unit.is-taken").first()).toContainText("已存在");
  await expect(page.getByRole("button", { name: /^生成/ })).toBeDisabled();
  await visit(page, building);

  await page.locator(".board-unit").first().click();
  await page.getByRole("link", { name: "查看完整资料" }).click();
  await page.getByRole("link", { name: "新增房间" }).click();
  await page.locator("#name").fill("A");
  await page.locator("#capacity").fill("13");
  await save(page);
  await expect(page.locator("#capacity-error")).toHaveText("应为1至12之间的整数");
  await page.locator("#capacity").fill("2");
  await save(page);
  await expect(page.getByRole("cell", { name: "A", exact: true })).toBeVisible();

  await visit(page, project);
  await expect(page.getByText("计划套数（4）少于建成套数（8），请核实")).toBeVisible();
});

test.describe("what has something below it", () => {
  test.use({ expectedProblems: [/status of 422/] });

  test("is not deleted", async ({ page }) => {
    await signIn(page, "city");
    const { building } = await place();
    await visit(page, `/housing/buildings/${building}`);
    await page.getByRole("button", { name: "删除" }).click();
    await expect(page.getByRole("dialog")).toContainText("确定删除楼栋");
    await checkAxe(page);
    await page.getByRole("button", { name: "确定删除" }).click();
    await expect(page.getByRole("dialog")).toContainText("楼栋下存在房源，不能删除");
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  });
});

test("rows are chosen by keyboard and changed together; who was changed meanwhile is named", async ({ page }) => {
  await signIn(page, "city");
  await visit(page, "/housing/units?status=VACANT&size=10");
  const boxes = page.locator("tbody .select-cell input");
  await expect(boxes).toHaveCount(10);
  await expect(page.getByRole("button", { name: "批量处理" })).toBeDisabled();
  await boxes.nth(0).focus();
  await page.keyboard.press("Space");
  await boxes.nth(1).focus();
  await page.keyboard.press("Space");
  await expect(page.getByText("已选2条")).toBeVisible();
  await page.getByLabel("选择本页全部").check();
  await expect(page.getByText("已选10条")).toBeVisible();
  await page.getByRole("button", { name: "批量处理" }).click();
  await expect(page.getByRole("heading", { name: "已选10套房源" })).toBeVisible();
  await checkAxe(page);
  const ids = new URL(page.url()).searchParams.getAll("unit").map((key) => key.split(".")[0]);
  await query("update unit set remark = '他人先改', version = version + 1 where id = $1", [ids[0]]);
  await page.getByRole("button", { name: "修改10套房源" }).click();
  await expect(page.getByText("请至少填写一项要修改的内容")).toBeVisible();
  await page.locator("#supply_pool").fill("人才池");
  await page.getByRole("button", { name: "修改10套房源" }).click();
  await expect(page.getByText("已处理9套，1套未处理")).toBeVisible();
  await expect(page.getByRole("region", { name: "未处理的房源" }).first()).toContainText("记录已被他人修改");
  await checkAxe(page);
  const pools = await query("select 1 from unit where id = any($1) and supply_pool = '人才池'", [ids]);
  expect(pools).toHaveLength(9);

  await visit(page, "/housing/units?status=VACANT&size=10&page=2");
  await page.getByLabel("选择本页全部").check();
  await page.getByRole("button", { name: "批量处理" }).click();
  await page.getByRole("button", { name: "锁定", exact: true }).click();
  await expect(page.locator("#lock-reason-error")).toHaveText("请填写原因");
  await page.locator("#lock-reason").fill("留作周转");
  await page.getByRole("button", { name: "锁定", exact: true }).click();
  await expect(page.getByText("已处理10套", { exact: true })).toBeVisible();
});

test("the tree leads down by keyboard and narrows the list; on a phone it is a drawer", async ({ page }) => {
  await signIn(page, "city");
  await visit(page, "/housing/units");
  const tree = page.getByRole("tree");
  const first = tree.getByRole("treeitem").first();
  // Another journey's estate has nothing below it.
  const estate = tree.getByRole("treeitem").filter({ hasNotText: /旅程/ }).first();
  await estate.focus();
  await page.keyboard.press("ArrowRight");
  await expect(estate).toHaveAttribute("aria-expanded", "true");
  await expect(tree.locator("[aria-level='2']").first()).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(tree.locator("[aria-level='2']").first()).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(tree.locator("[aria-level='3']").first()).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  await expect(tree.locator("[aria-level='4']").first()).toBeVisible();
  await checkAxe(page);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/building=\d+&entrance=/);
  await expect(tree.locator("[aria-current=page]"), "the tree stays as it was opened").toHaveAttribute("aria-level", "3");
  await page.keyboard.press("Home");
  await expect(first).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(first).toHaveAttribute("aria-expanded", "false");

  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/housing/units");
  await hydrated(page);
  await expect(page.getByRole("tree")).toBeHidden();
  await page.getByRole("button", { name: "小区楼栋" }).click();
  await expect(page.getByRole("tree")).toBeVisible();
  await fitsWidth(page);
  await checkAxe(page);
  await page.getByLabel("查找小区").fill("没有这个小区");
  await page.getByRole("button", { name: "查找" }).click();
  await expect(page.getByText("没有符合的小区")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByLabel("查找小区")).toBeHidden();
});

test("labels lead to the unit under the address that one came by", async ({ page, baseURL }) => {
  await signIn(page, "city");
  const { building } = await place();
  await visit(page, `/housing/buildings/${building}/labels`);
  const [{ count } = { count: "" }] = await query<{ count: string }>("select count(*) from unit where building_id = $1 and deleted_at is null", [building]);
  await expect(page.locator(".unit-label")).toHaveCount(Number(count));
  // Read as a camera would: the modules of the first code, decoded by the browser where it can.
  const text = await page.evaluate(async () => {
    const Detector = (window as unknown as { BarcodeDetector?: new (o: object) => { detect(s: ImageBitmapSource): Promise<{ rawValue: string }[]> } }).BarcodeDetector;
    if (!Detector) return null;
    const code = document.querySelector<SVGSVGElement>(".unit-code");
    if (!code) return "";
    const image = new Image(400, 400);
    image.src = `data:image/svg+xml;utf8,${encodeURIComponent(code.outerHTML.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"'))}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [400, 400];
    canvas.getContext("2d")?.drawImage(image, 0, 0, 400, 400);
    return (await new Detector({ formats: ["qr_code"] }).detect(canvas))[0]?.rawValue ?? "";
  });
  if (text !== null) expect(text).toMatch(new RegExp(`^${baseURL}/housing/units/\\d+$`));
});

test("a place is pointed at on the map, or typed", async ({ page }) => {
  await signIn(page, "city");
  const { estate } = await place();
  await visit(page, `/housing/estates/${estate}/edit`);
  await page.locator("#lng").fill("");
  await page.locator("#lat").fill("");
  await page.getByRole("button", { name: "在地图上选择位置" }).click();
  const map = page.locator("#place-map");
  await expect(map.locator(".leaflet-map-pane")).toBeAttached();
  await expect(page.getByText("尚未标注位置")).toBeVisible();
  await expect(map.locator(".district-shape").first()).toBeVisible();
  await map.click({ position: { x: 150, y: 120 } });
  await expect(page.locator("#lng")).toHaveValue(/^\d+\.\d{7}$/);
  await expect(map.locator(".place-pin")).toBeVisible();
  const lat = await page.locator("#lat").inputValue();
  await page.locator("#lat").fill((Number(lat) + 0.01).toFixed(7));
  await expect(page.getByText(/^地图位置：/)).toBeVisible();
  await checkAxe(page);
});

test.describe("two people at one record", () => {
  test.use({ expectedProblems: [/status of 409/] });

  test("the slower one sees both versions and chooses", async ({ page, anotherBrowser }) => {
    await signIn(page, "city");
    const { estate } = await place();
    await visit(page, `/housing/estates/${estate}/edit`);
    const other = await anotherBrowser();
    await signIn(other, "city");
    await visit(other, `/housing/estates/${estate}/edit`);
    await other.locator("#remark").fill("他人写的");
    await save(other);
    await expect(other).toHaveURL(new RegExp(`/housing/estates/${estate}$`));

    await page.locator("#remark").fill("我写的");
    await save(page);
    const conflict = page.locator(".conflict");
    await expect(conflict.getByRole("heading")).toHaveText("记录已被他人修改");
    await expect(conflict.getByRole("row", { name: "备注" })).toContainText("我写的");
    await expect(conflict.getByRole("row", { name: "备注" })).toContainText("他人写的");
    await checkAxe(page);
    await page.getByRole("button", { name: "采用现在的内容" }).click();
    await expect(page.locator("#remark")).toHaveValue("他人写的");
    await page.locator("#remark").fill("我又写的");
    await save(page);
    await expect(page).toHaveURL(new RegExp(`/housing/estates/${estate}$`));

    // And the other way: over what is there now, knowing it.
    await visit(page, `/housing/estates/${estate}/edit`);
    await query("update estate set remark = '第三人', version = version + 1 where id = $1", [estate]);
    await page.locator("#remark").fill("坚持");
    await save(page);
    await page.getByRole("button", { name: "保存我填写的" }).click();
    await expect(page).toHaveURL(new RegExp(`/housing/estates/${estate}$`));
    const [{ remark } = { remark: "" }] = await query<{ remark: string }>("select remark from estate where id = $1", [estate]);
    expect(remark).toBe("坚持");
  });
});

test("the import of rooms has its template", async ({ page }) => {
  await signIn(page, "city");
  await visit(page, "/housing/rooms");
  await page.getByRole("link", { name: "导入", exact: true }).click();
  await expect(page.getByText("导入房间资料")).toBeVisible();
  const sheet = await downloaded(page, () => page.getByRole("link", { name: /模板/ }).first().click());
  expect(sheet[0]?.slice(0, 6)).toEqual(["*小区名称", "*楼栋号", "*单元号", "*房号", "*房间名称", "*类型"]);
});
