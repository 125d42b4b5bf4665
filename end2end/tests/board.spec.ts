// The board of a building: the menu of a unit, and the board as a picture and on paper.
import { readFileSync } from "node:fs";
import { checkAxe, expect, query, signIn, test, visit } from "../fixtures";

/** A building with a vacant unit. */
async function place() {
  const [found] = await query<{ building: string; unit: string; room: string; title: string }>(
    `select u.building_id as building, u.id as unit, u.room_no as room, e.name as title
     from unit u join estate e on e.id = u.estate_id where u.status = 'VACANT' and u.deleted_at is null order by u.id limit 1`,
  );
  if (!found) throw new Error("the demo city has no vacant unit");
  return found;
}

test("a unit has a menu, by hand and by keyboard", async ({ page }) => {
  test.setTimeout(180_000);
  const { building, unit } = await place();
  await signIn(page, "city");
  await visit(page, `/housing/buildings/${building}`);
  const tile = page.locator(`.board-unit[data-unit="${unit}"]`);
  const menu = page.getByRole("menu", { name: "房源操作" });
  await expect(tile).toContainText("㎡");

  await tile.click({ button: "right" });
  await expect(menu).toBeVisible();
  await expect(menu.getByRole("menuitem", { name: "查看房源" })).toBeFocused();
  await expect(menu.getByRole("menuitem", { name: "锁定" })).toBeVisible();
  await checkAxe(page);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowDown");
  await expect(menu.getByRole("menuitem", { name: "查看房源" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(menu).toHaveCount(0);
  await expect(tile).toBeFocused();

  await page.keyboard.press("Shift+F10");
  await expect(menu).toBeVisible();
  await page.getByRole("heading", { level: 1 }).click();
  await expect(menu, "a press elsewhere closes it").toHaveCount(0);

  await tile.hover();
  await page.locator(".board-cell", { has: tile }).getByRole("button").click();
  await menu.getByRole("menuitem", { name: "锁定" }).click();
  await expect(page.locator(".unit-drawer")).toBeVisible();
  await page.getByLabel("锁定原因").fill("旅程留用");
  await page.getByRole("button", { name: "确定" }).click();
  await expect(tile).toHaveAttribute("data-status", "reserved");
  await tile.click({ button: "right" });
  await menu.getByRole("menuitem", { name: "解锁" }).click();
  await expect(tile).toHaveAttribute("data-status", "vacant");

  await tile.click({ button: "right" });
  await menu.getByRole("menuitem", { name: "打印标签" }).click();
  await expect(page).toHaveURL(new RegExp(`/housing/units/${unit}/label$`));
});

test("the board is saved as a picture and printed", async ({ page }) => {
  test.setTimeout(120_000);
  const { building, room, title } = await place();
  await signIn(page, "city");
  await visit(page, `/housing/buildings/${building}`);
  const link = page.getByRole("link", { name: "导出图片" });
  const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
  expect(download.suggestedFilename()).toMatch(/楼盘表\.svg$/);
  const picture = readFileSync(await download.path(), "utf8");
  expect(picture).toMatch(/^<svg /);
  for (const text of [title, `>${room}<`, "闲置房"]) expect(picture).toContain(text);
  const shown = await page.evaluate((svg) => new DOMParser().parseFromString(svg, "image/svg+xml").querySelector("parsererror")?.textContent, picture);
  expect(shown ?? "", "it is well-formed").toBe("");

  await page.emulateMedia({ media: "print" });
  await expect(page.locator(".board-unit").first()).toBeVisible();
  await expect(page.locator(".page-actions")).toBeHidden();
  await expect(page.locator(".board-more").first()).toBeHidden();
});
