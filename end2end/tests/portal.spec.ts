// S4-2.x: a tenant on the own telephone, with JavaScript off all the way: sign in, bills, pay, receipt, large type.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { day } from "../day";
import { checkAxe, expect, test } from "../fixtures";
import { charge, lease } from "../lease";

const NAME = "演示申请人13";
const PHONE = "19900000113";

/** The code on the screen of the demo's telephone. */
async function code(): Promise<string> {
  const file = join(process.env.HOUSING_DATA ?? ".housing", "sms", "telephones.txt");
  const read = () => {
    const lines = readFileSync(file, "utf8").split("\n");
    const own = lines.filter((line) => line.startsWith(`尾号${PHONE.slice(-4)}`) && line.includes("登录验证码"));
    return own.at(-1)?.match(/验证码为(\d{6})/)?.[1] ?? "";
  };
  await expect.poll(() => { try { return read(); } catch { return ""; } }, { timeout: 20_000 }).toMatch(/^\d{6}$/);
  return read();
}

/** The same page in a browser that runs scripts, because the checkers are some. */
async function checked(page: Page): Promise<void> {
  const browser = page.context().browser();
  if (!browser) throw new Error("no browser");
  const context = await browser.newContext({ storageState: await page.context().storageState(), viewport: page.viewportSize() });
  const twin = await context.newPage();
  await twin.goto(page.url());
  await checkAxe(twin);
  const width = await twin.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(width, "nothing sticks out").toBeLessThanOrEqual(0);
  await context.close();
}

test("a tenant signs in by telephone, pays and keeps a receipt, without JavaScript", async ({ browser, baseURL }) => {
  test.setTimeout(120_000);
  const home = await lease(NAME, "ACTIVE", -40, 400);
  await charge(home, day(-3));
  const context = await browser.newContext({ baseURL, javaScriptEnabled: false, viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto("/my/bills");
  await expect(page, "without a session every page leads to the door").toHaveURL(/\/my\/sign-in$/);
  await page.getByLabel("手机号").fill(PHONE);
  await page.getByRole("button", { name: "获取验证码" }).click();
  await page.getByLabel("短信验证码").fill(await code());
  await page.getByRole("button", { name: "登录" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("我的住房");
  await page.getByRole("link", { name: "去缴费" }).click();
  await expect(page.getByText("合计")).toBeVisible();
  await page.getByRole("button", { name: "大字版" }).click();
  await expect(page).toHaveURL(/\/my\/bills$/);
  await checked(page);
  await page.getByRole("button", { name: "微信支付" }).click();
  await expect(page.getByText("待支付")).toBeVisible();
  // WeChat, and the simulator as well, lets nobody pay who comes from nowhere: the page tells its site along.
  await page.getByRole("link", { name: "去微信支付付款" }).click();
  await page.getByRole("button", { name: "支付", exact: true }).click();
  // The company's notice comes a moment later.
  await expect(async () => {
    await page.goto("/my/bills");
    await expect(page.getByText("没有待缴账单")).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 20_000 });
  await page.getByRole("link", { name: "缴退记录" }).click();
  await page.getByRole("link", { name: /微信/ }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("收据");
  await checked(page);
  await page.getByRole("button", { name: "退出" }).click();
  await expect(page).toHaveURL(/\/my\/sign-in$/);
  await context.close();
});
