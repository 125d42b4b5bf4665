// S1-1.1: signing in and out.
import { account, captchaAnswer, checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";

test("a clerk signs in, sees the home page and signs out", async ({ page }) => {
  await page.goto("/housing/units");
  await expect(page, "without a session every page leads to the sign-in").toHaveURL(/\/sign-in$/);
  await signIn(page, "city");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("房源概况");
  await page.getByText("演示市中心经办", { exact: true }).click();
  await page.getByRole("button", { name: "退出登录" }).click();
  await expect(page).toHaveURL(/\/sign-in$/);
  await page.goto("/housing/units");
  await expect(page, "the session is gone").toHaveURL(/\/sign-in$/);
});

test.describe("refusals", () => {
  test.use({ expectedProblems: [/status of 500|status of 4\d\d|the server responded with a status/] });

  test("a wrong captcha is refused, spent, and replaced by a fresh one", async ({ page }) => {
    await visit(page, "/sign-in");
    const { login, password } = account("city");
    const first = await page.locator("input[name=captcha_id]").inputValue();
    await page.locator("input[name=login]").fill(login);
    await page.locator("input[name=password]").fill(password);
    await page.locator("input[name=captcha]").fill("0000");
    await page.getByRole("button", { name: "登录" }).click();
    await expect(page.getByText("验证码错误")).toBeVisible();
    await expect(page.locator("input[name=captcha_id]")).not.toHaveValue(first);
    expect(await query("select 1 from captcha where id = $1", [first]), "single use").toHaveLength(0);
    await page.locator("input[name=captcha]").fill(await captchaAnswer(page));
    await page.getByRole("button", { name: "登录" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("房源概况");
  });

  test("an expired captcha says so, and the picture can be refreshed", async ({ page }) => {
    await visit(page, "/sign-in");
    const { login, password } = account("city");
    const answer = await captchaAnswer(page);
    await query("update captcha set expires_at = now() - interval '1 second'");
    await page.locator("input[name=login]").fill(login);
    await page.locator("input[name=password]").fill(password);
    await page.locator("input[name=captcha]").fill(answer);
    await page.getByRole("button", { name: "登录" }).click();
    await expect(page.getByText("验证码已过期，请刷新")).toBeVisible();
    const shown = await page.locator("input[name=captcha_id]").inputValue();
    await page.getByTitle("看不清？点击刷新").click();
    await expect(page.locator("input[name=captcha_id]")).not.toHaveValue(shown);
  });

  test("a wrong password and an unknown account read the same", async ({ page }) => {
    for (const login of ["leader", "nobody-of-that-name"]) {
      await visit(page, "/sign-in");
      await page.locator("input[name=login]").fill(login);
      await page.locator("input[name=password]").fill("Wrong-password-1");
      await page.locator("input[name=captcha]").fill(await captchaAnswer(page));
      await page.getByRole("button", { name: "登录" }).click();
      await expect(page.getByText("账号或密码错误")).toBeVisible();
    }
  });
});

test.describe("a forgotten password", () => {
  test.use({ expectedProblems: [/status of 4\d\d/] });

  test("is asked about with account and telephone, and everybody is told the same", async ({ page }) => {
    await visit(page, "/sign-in");
    await page.getByRole("link", { name: "忘记密码" }).click();
    await expect(page).toHaveURL(/\/password\/forgotten$/);
    await hydrated(page);
    await checkAxe(page);
    await fitsWidth(page);
    await page.getByLabel("账号").fill(`nobody-${Date.now() % 1_000_000}`);
    await page.getByLabel("手机号").fill("123");
    const first = await page.locator("input[name=captcha_id]").inputValue();
    await page.getByLabel("图形验证码").fill(await captchaAnswer(page));
    await page.getByRole("button", { name: "获取短信验证码" }).click();
    await expect(page.getByText("请输入11位手机号")).toBeVisible();
    await expect(page.locator("input[name=captcha_id]")).not.toHaveValue(first);
    await page.getByLabel("手机号").fill(`139${String(Date.now() % 100_000_000).padStart(8, "0")}`);
    await page.getByLabel("图形验证码").fill(await captchaAnswer(page));
    await page.getByRole("button", { name: "获取短信验证码" }).click();
    await expect(page).toHaveURL(/\?ticket=/);
    await expect(page.getByText("验证码已发送")).toBeVisible();
    await checkAxe(page);
    await page.getByLabel("短信验证码").fill("000000");
    await page.getByLabel("新密码", { exact: true }).fill("Fresh-start-2027");
    await page.getByLabel("再次输入新密码").fill("Fresh-start-2028");
    await page.getByRole("button", { name: "重置密码" }).click();
    await expect(page.getByText("两次输入的密码不一致")).toBeVisible();
    await page.getByLabel("再次输入新密码").fill("Fresh-start-2027");
    await page.getByRole("button", { name: "重置密码" }).click();
    await expect(page.getByText("验证码错误", { exact: true })).toBeVisible();
  });
});

test("signing in works without JavaScript", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ baseURL, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/sign-in");
  const { login, password } = account("leader");
  await page.locator("input[name=login]").fill(login);
  await page.locator("input[name=password]").fill(password);
  await page.locator("input[name=captcha]").fill(await captchaAnswer(page));
  await page.getByRole("button", { name: "登录" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("房源概况");
  await page.goto("/housing/units");
  await expect(page.locator(".data-table tbody tr").first()).toBeVisible();
  await context.close();
});

test("a wall of screens gets the dark theme and nothing to write with", async ({ page }) => {
  await signIn(page, "leader");
  await page.getByText("演示市领导", { exact: true }).click();
  await page.getByRole("button", { name: "开启大屏模式" }).click();
  await page.waitForURL("/");
  await hydrated(page);
  await expect(page.locator("[data-theme=wall]")).toBeVisible();
  await expect(page.getByRole("link", { name: "导入日志" })).toHaveCount(0);
});
