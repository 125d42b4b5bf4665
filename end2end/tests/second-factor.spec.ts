// domain.md §2.6: a phone is taken into use, asked for at the door, lost and taken away. And accounts from a file (§7.0).
import { createHmac } from "node:crypto";
import { type Page, account, captchaAnswer, checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";
import { downloaded, workbook } from "../sheets";

// A refused code answers so.
test.use({ expectedProblems: [/(status of|a status of) 422/] });

/** The six digits that a phone shows for a key (RFC 6238), so many steps from now. */
function totp(key: string, steps = 0): string {
  const bits = [...key.replace(/\s/g, "")]
    .map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  const secret = Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
  const counter = Buffer.alloc(8);
  counter.writeBigInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac("sha1", secret).update(counter).digest();
  const number = hash.readUInt32BE((hash.at(-1) ?? 0) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** The first step at the door: account, password, captcha. */
async function password(page: Page, login: string, word = account(login).password): Promise<void> {
  await page.goto("/sign-in");
  await hydrated(page);
  await page.locator("input[name=login]").fill(login);
  await page.locator("input[name=password]").fill(word);
  await page.locator("input[name=captcha]").fill(await captchaAnswer(page));
  await page.getByRole("button", { name: "登录", exact: true }).click();
}

async function signOut(page: Page, name: string): Promise<void> {
  await page.getByText(name, { exact: true }).click();
  await page.getByRole("button", { name: "退出登录" }).click();
  await expect(page.locator("input[name=password]")).toBeVisible();
}

test("a phone is taken into use, opens the door, is lost and taken away", async ({ page, anotherBrowser }) => {
  test.setTimeout(120_000);
  await query("delete from user_factor where user_id = (select id from app_user where login = 'entry')");
  await signIn(page, "entry");
  await page.getByText("演示录入员", { exact: true }).click();
  await page.getByRole("link", { name: "二次验证" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("二次验证");
  await hydrated(page);
  await page.getByRole("button", { name: "开始绑定手机" }).click();
  const key = (await page.locator("[data-key]").textContent()) ?? "";
  expect(key).toMatch(/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/);
  await expect(page.getByRole("img", { name: "验证器绑定二维码" })).toBeVisible();
  await checkAxe(page);
  await fitsWidth(page);
  await page.getByLabel("验证码").fill("1");
  await page.getByRole("button", { name: "确认启用" }).click();
  await expect(page.locator("#code-error")).toHaveText("请输入验证器显示的6位验证码");
  await page.getByLabel("验证码").fill(totp(key, -1));
  await page.getByLabel("登录密码").fill("别人的密码");
  await page.getByRole("button", { name: "确认启用" }).click();
  await expect(page.locator("#password-error")).toHaveText("密码错误");
  await page.getByLabel("登录密码").fill(account("entry").password);
  await page.getByLabel("验证码").press("Enter");
  await expect(page.getByRole("heading", { name: "恢复码" })).toBeVisible();
  const codes = await page.locator("[data-clear] li").allTextContents();
  expect(codes).toHaveLength(10);
  await checkAxe(page);
  await page.getByRole("button", { name: "查看二次验证状态" }).click();
  await expect(page.locator("main")).toContainText("10 / 10");
  await expect(page.locator("main"), "they are shown once").not.toContainText(codes[0] ?? "-");

  // At the door again: the password alone leads nowhere.
  await signOut(page, "演示录入员");
  await password(page, "entry");
  await expect(page.getByText("密码正确")).toBeVisible();
  await checkAxe(page);
  await page.goto("/housing/units");
  await expect(page).toHaveURL(/\/sign-in$/);
  await hydrated(page);
  await page.getByLabel("验证码", { exact: true }).fill("000000");
  await page.getByRole("button", { name: "验证并登录" }).click();
  await expect(page.getByText("验证码错误或已使用过")).toBeVisible();
  await page.getByLabel("验证码", { exact: true }).fill(totp(key));
  await page.getByRole("button", { name: "验证并登录" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("房源概况");
  await hydrated(page);

  // The phone lies at home.
  await signOut(page, "演示录入员");
  await password(page, "entry");
  await page.getByLabel("验证码", { exact: true }).fill(codes[0]?.toLowerCase() ?? "");
  await page.getByRole("button", { name: "验证并登录" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("房源概况");
  await visit(page, "/platform/second-factor");
  await expect(page.locator("main")).toContainText("9 / 10");
  await page.getByRole("button", { name: "更换恢复码" }).click();
  await page.getByRole("dialog").getByLabel("验证码").fill(codes[0] ?? "");
  await page.getByRole("dialog").getByRole("button", { name: "确定" }).click();
  await expect(page.getByRole("dialog").locator("#code-error")).toHaveText("恢复码错误或已使用过");
  await checkAxe(page);

  // Phone and list are lost.
  const admin = await anotherBrowser();
  await signIn(admin, "admin");
  const [row] = await query<{ id: string; password_hash: string }>("select id, password_hash from app_user where login = 'entry'");
  await visit(admin, `/platform/users/${row?.id}`);
  await admin.getByRole("button", { name: "解除二次验证" }).click();
  const dialog = admin.getByRole("dialog");
  await dialog.getByRole("button", { name: "确定" }).click();
  await expect(dialog.locator("#deed-reason-error")).toHaveText("请填写变更原因，2至200字");
  await checkAxe(admin);
  await dialog.getByLabel("变更原因").fill("手机遗失，已当面核实");
  await dialog.getByRole("button", { name: "确定" }).click();
  const fresh = (await dialog.locator("[data-clear]").textContent()) ?? "";
  await dialog.getByRole("button", { name: "已告知，关闭" }).click();
  await expect(admin.getByRole("button", { name: "解除二次验证" })).toHaveCount(0);
  await page.goto("/");
  await expect(page, "its sessions have ended").toHaveURL(/\/sign-in$/);
  await password(page, "entry");
  await expect(page.getByText("账号或密码错误"), "the password that stood beside the factor").toBeVisible();
  await password(page, "entry", fresh);
  await expect(page, "a new one is chosen first").toHaveURL(/\/password$/);
  await query("update app_user set password_hash = $2, must_change_password = false where id = $1", [row?.id, row?.password_hash]);
  await visit(page, "/");
  await expect(page, "and another factor has to be set up").toHaveURL(/\/platform\/second-factor$/);
  await expect(page.getByText("您的账号须启用二次验证")).toBeVisible();
  await query("delete from user_factor where user_id = $1", [row?.id]);
});

test("the second step works without JavaScript", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ baseURL, javaScriptEnabled: false });
  const page = await context.newPage();
  const [row] = await query<{ id: string }>("select id from app_user where login = 'checker'");
  // A secret that is in use, without its key: nothing that is typed can fit.
  await query(
    `insert into user_factor (user_id, secret, key_id, offered_at, confirmed_at)
     select $1, '\\x00', id, now(), now() from cipher_key limit 1 on conflict do nothing`,
    [row?.id],
  );
  try {
    await page.goto("/sign-in");
    await page.locator("input[name=login]").fill("checker");
    await page.locator("input[name=password]").fill(account("checker").password);
    await page.locator("input[name=captcha]").fill(await captchaAnswer(page));
    await page.getByRole("button", { name: "登录", exact: true }).click();
    await expect(page.getByText("密码正确")).toBeVisible();
    await page.getByLabel("验证码", { exact: true }).fill("12");
    await page.getByRole("button", { name: "验证并登录" }).click();
    await expect(page.getByText("请输入验证器显示的6位验证码，或一个10位恢复码").last()).toBeVisible();
    await page.getByRole("button", { name: "返回，重新登录" }).click();
    await expect(page.locator("input[name=password]")).toBeVisible();
  } finally {
    await query("delete from user_factor where user_id = $1", [row?.id]);
    await context.close();
  }
});

test("accounts from a file wait for the checker and get their passwords once", async ({ page, anotherBrowser }) => {
  const stamp = String(Date.now()).slice(-7);
  const header = ["*账号", "*姓名", "*所属机构", "*角色", "*手机号", "部门"];
  const line = (login: string, phone: string, role: string) => [login, "旅程导入", "990000", role, phone, ""];
  const content = await workbook([
    header,
    line(`imp${stamp}a`, `1991${stamp}`, "市领导/主管局"),
    line(`imp${stamp}b`, `1992${stamp}`, "市领导/主管局、审计/纪检"),
    line(`imp${stamp}c`, `1993${stamp}`, "街道/镇住保窗口"),
  ]);
  await signIn(page, "admin");
  await visit(page, "/platform/users");
  await page.getByRole("link", { name: "导入", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("导入用户");
  await hydrated(page);
  await page.locator("input[type=file]").setInputFiles({ name: "新员工.xlsx", mimeType: "application/octet-stream", buffer: content });
  await page.getByRole("button", { name: "确认上传" }).click();
  await expect(page.getByText("校验完成，尚未写入：2条可以导入，1条有误")).toBeVisible({ timeout: 20_000 });
  await expect(page.locator("main")).toContainText("互斥，不能授予同一个账号");
  await page.getByRole("button", { name: "确认导入2条" }).click();
  await expect(page.getByText("成功2条，失败1条")).toBeVisible({ timeout: 20_000 });
  await checkAxe(page);

  const [request] = await query<{ id: string }>("select id from approval where subject_key = $1", [`import:imp${stamp}a`]);
  const checker = await anotherBrowser();
  await signIn(checker, "security");
  await visit(checker, `/platform/approvals/${request?.id}`);
  await expect(checker.locator("main")).toContainText(`imp${stamp}c 旅程导入`);
  await expect(checker.locator("main")).toContainText(`1993****${stamp.slice(-4)}`.replace("1993", "199"));
  await checker.getByRole("button", { name: "通过" }).click();
  await expect(checker.locator("main")).toContainText("已通过");
  await expect(checker.getByRole("button", { name: "领取初始密码" })).toHaveCount(0);

  await visit(page, `/platform/approvals/${request?.id}`);
  const passwords = await downloaded(page, () => page.getByRole("button", { name: "领取初始密码" }).click());
  expect(passwords.slice(1).map(([login]) => login)).toEqual([`imp${stamp}a`, `imp${stamp}c`]);
  expect(passwords[1]?.[2]).toHaveLength(16);
  await page.reload();
  await expect(page.getByText("变更内容")).toBeVisible();
  await expect(page.getByRole("button", { name: "领取初始密码" }), "once").toHaveCount(0);
});
