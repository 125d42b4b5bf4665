// Parts of the program that come late, or not at all (frontend/bundle/src/loader.js).
import { type Page, checkAxe, expect, hydrated, signIn, test } from "../fixtures";

/** Every part but the entry. */
const isPart = (url: URL) => url.pathname.endsWith(".wasm") && !url.pathname.endsWith("/housing.wasm");

const notice = (page: Page) => page.getByRole("alert").filter({ hasText: "页面的一部分未能加载" });

test("a page that is left while its part is on its way leaves no error behind", async ({ page }) => {
  await signIn(page, "city");
  await page.route(isPart, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await route.continue().catch(() => undefined);
  });
  // Within the program, and by loading anew in the middle of it.
  await page.getByRole("navigation", { name: "主菜单" }).getByRole("link", { name: "运营主体" }).click();
  await page.goto("/housing/units", { waitUntil: "commit" });
  await page.waitForTimeout(400);
  await page.goto("/persons", { waitUntil: "domcontentloaded" });
  await page.waitForTimeout(400);
  await page.goto("/platform/parameters", { waitUntil: "domcontentloaded" });
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.goto("/operators");
  await hydrated(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("运营主体管理");
  await expect(notice(page)).toBeHidden();
});

test.describe("a part that does not come", () => {
  test.use({ expectedProblems: [/net::ERR_FAILED|\.wasm/] });

  test("is said and asked for again, on a page that lives on", async ({ page }) => {
    await signIn(page, "city");
    const menu = page.getByRole("navigation", { name: "主菜单" });
    await page.route(isPart, (route) => route.abort("failed"));
    await menu.getByRole("link", { name: "运营主体" }).click();
    await expect(notice(page)).toBeVisible();
    await checkAxe(page);
    // The page in front is as alive as before.
    await page.getByText("退出登录").waitFor({ state: "attached" });
    await page.getByRole("link", { name: /查找/ }).focus();
    await notice(page).getByRole("button", { name: "重试" }).click();
    await expect(notice(page), "still away, and still said").toBeVisible();
    await page.unroute(isPart);
    await notice(page).getByRole("button", { name: "重试" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("运营主体管理");
    await expect(notice(page)).toBeHidden();
    await menu.getByRole("link", { name: "人员", exact: true }).first().click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(/人员/);
  });

  test("is said on the first page too, before anything of the program runs", async ({ page }) => {
    await signIn(page, "city");
    await page.route(isPart, (route) => route.abort("failed"));
    await page.goto("/operators");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("运营主体管理");
    await expect(notice(page)).toBeVisible();
    await page.unroute(isPart);
    await notice(page).getByRole("button", { name: "重试" }).click();
    await hydrated(page);
    await expect(notice(page)).toBeHidden();
  });
});
