// Who is behind is reminded: rules by two people with a trial before, and the text messages that they send.
import { day } from "../day";
import { checkAxe, confirm, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { behind, pay, rowOf } from "../lease";
import { printed } from "../paper";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

test("rules are tried, published by another, and send what they say", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  // So many days after which no bill of anybody else is due, nor was in the days that a run catches up with.
  const [alone] = await query<{ days: number }>(
    `select n as days from generate_series(40, 200) n where not exists (
       select from bill b where b.due_on between $1::date - n - 3 and $1::date - n + 1) order by n limit 1`,
    [day(0)],
  );
  const days = alone?.days ?? 40;
  const counter = await anotherBrowser();
  await signIn(counter, "cashier");
  const home = await behind(counter, "演示申请人04", -days);
  const { account } = home;
  await signIn(page, "finance");
  await visit(page, "/billing/dunning/rules");
  await page.locator("main").getByRole("link", { name: "编制规则" }).click();
  await expect(page.getByLabel("第9条天数"), "nine are proposed").toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  await page.getByLabel("生效日期*").fill(day(-1));
  await page.getByLabel("第1条天数", { exact: true }).fill("-31");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page.locator("#valid_from-error")).toHaveText("生效日期不能早于今天");
  await expect(page.locator("#reason-error")).toHaveText("不能为空");
  await expect(page.getByText("第1条：天数须为-30至365的整数")).toBeVisible();
  for (let line = 9; line > 1; line--) await page.getByRole("button", { name: `移除第${line}条`, exact: true }).click();
  await page.getByLabel("第1条天数", { exact: true }).fill(String(days));
  await page.locator("select[name=rule-1-template]").selectOption("OVERDUE");
  await page.getByLabel("生效日期*").fill(day(0));
  await page.getByLabel("说明*").fill("演示");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page).toHaveURL(/\/billing\/dunning\/rules\/\d+$/);
  await hydrated(page);
  const rules = new URL(page.url()).pathname;
  try {
    await expect(page.locator("main")).toContainText(`应缴日后${days}天 短信（逾期催缴）`);
    await checkAxe(page);
    await page.getByRole("link", { name: "试算" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "催缴试算" })).toBeVisible();
    await hydrated(page);
    for (const text of ["演示申请人04", "200.00", "将催缴"]) await expect(rowOf(page, home)).toContainText(text);
    await checkAxe(page);
    const made = () => query<{ id: string; status: string }>("select id, status from dunning_record where account_id = $1", [account]);
    expect(await made(), "a trial writes nothing").toEqual([]);
    await visit(page, rules);
    await confirm(page, "提交复核");
    await expect(page.locator("main")).toContainText("待复核");
    await expect(page.getByRole("button", { name: "发布", exact: true }), "nobody publishes his own").toHaveCount(0);

    const district = await anotherBrowser();
    await signIn(district, "district");
    await visit(district, rules);
    await confirm(district, "驳回", "");
    await expect(district.getByText("请填写原因", { exact: true })).toBeVisible();
    await confirm(district, "发布", "同意");
    await expect(district.locator("main")).toContainText("已发布");

    // The daily run, asked for at once; at night the message waits for the morning.
    await query("update job_plan set asked_at = now() where code = 'DUNNING'");
    await expect.poll(async () => (await made()).length, { message: "the run has reminded", timeout: 30_000 }).toBe(1);
    await visit(page, "/billing/dunning");
    for (const text of ["短信", "200.00", "系统"]) await expect(rowOf(page, home)).toContainText(text);
    const sms = async () => (await query<{ id: string; status: string }>("select id, status from sms where account_id = $1 order by id", [account]))[0];
    const hour = Number(new Date(Date.now() + 8 * 60 * 60_000).toISOString().slice(11, 13));
    const awake = hour >= 8 && hour < 21;
    const end = awake ? "DELIVERED" : "QUEUED";
    await expect.poll(async () => (await sms())?.status, { message: "the demo's carrier answers", timeout: 30_000 }).toBe(end);
    await visit(page, "/billing/sms");
    for (const text of ["逾期催缴", awake ? "已送达" : "待发送", "演示申请人04您好"]) await expect(rowOf(page, home)).toContainText(text);
    await checkAxe(page);
    await query("update sms set status = 'FAILED' where account_id = $1", [account]);
    await visit(page, `/billing/sms/${(await sms())?.id}`);
    await confirm(page, "重发");
    await expect(page.getByText("该短信已重发。")).toBeVisible();
    await expect(page.getByRole("button", { name: "重发", exact: true }), "once").toHaveCount(0);
    await checkAxe(page);
    // What was sent again is on its way; what waits is ended by the payment.
    const last = async () => (await query<{ status: string }>("select status from sms where account_id = $1 order by id desc limit 1", [home.account]))[0]?.status;
    await expect.poll(last, { message: "it is sent once more", timeout: 30_000 }).toBe(end);
    await pay(counter, home, "200");
    expect((await made())[0]?.status, "what is paid is not dunned").toBe(awake ? "DONE" : "CANCELLED");
  } finally {
    await query("update dunning_rule_set set status = 'VOID' where id = $1", [rules.split("/").pop()]);
  }
});

test("notices of many are printed at once, and who gets none is named", async ({ page, anotherBrowser }) => {
  test.setTimeout(180_000);
  const counter = await anotherBrowser();
  await signIn(counter, "cashier");
  const [first, second] = [await behind(counter, "演示申请人19", -40), await behind(counter, "演示申请人20", -40)];
  await signIn(page, "finance");
  const address = `/billing/dunning/notices?account=${first.account}&account=${second.account}`;
  await visit(page, address);
  await expect(page.locator("main")).toContainText("已选的2户");
  await checkAxe(page);
  await pay(counter, second, "200");
  expect(await printed(page, () => confirm(page, "打印"))).toContain("批量打印-");
  await expect(page.getByRole("status").filter({ hasText: "已打印1份，未打印1户。" })).toBeVisible();
  const left = page.locator(".data-table tbody tr");
  await expect(left).toHaveCount(1);
  for (const text of ["演示申请人20", "没有欠费"]) await expect(left).toContainText(text);
  await checkAxe(page);
  const [notice] = await query<{ id: string; told: string }>(
    "select k.id, concat_ws(' ', k.status, k.printed_on is not null, l.kind, l.nth) as told from dunning_record k join print_log l on l.paper = 'DUNNING' and l.object_id = k.id and l.batch is not null where k.account_id = $1",
    [first.account],
  );
  expect(notice?.told, "it is noted, and waits for its service").toBe("OPEN t FIRST 1");
  await visit(page, address);
  await confirm(page, "打印");
  await expect(left.filter({ hasText: "演示申请人19" })).toContainText("通知书已打印，待送达");
  // From the list: chosen by its boxes, or all of it as it is filtered.
  await visit(page, "/billing/arrears?level=L2&q=演示申请人19");
  await page.getByRole("checkbox", { name: "选择本页全部" }).check();
  await page.getByRole("button", { name: "打印催缴通知书" }).click();
  await expect(page.locator("main")).toContainText("已选的1户");
  await visit(page, "/billing/arrears?level=L2&q=演示申请人19");
  await page.getByRole("link", { name: "按筛选打印通知书" }).click();
  await expect(page.locator("main")).toContainText("按欠费台账当前筛选");
  await pay(counter, first, "200");
});

test("a text message is worded, and the pages fit a phone and a wall of screens", async ({ page }) => {
  test.setTimeout(180_000);
  await signIn(page, "admin");
  await visit(page, "/platform/sms-templates");
  await page.locator(".data-table").getByRole("link", { name: "逾期催缴" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "逾期催缴" })).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  const content = page.getByLabel("内容*");
  const kept = await content.inputValue();
  await content.fill("{月数}个月未缴");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page.locator("#content-error")).toContainText("没有占位符{月数}，可以使用：{承租人}");
  await content.fill(kept);
  await expect(page.locator("output[for=content]")).toContainText("张三您好");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page).toHaveURL(/\/platform\/sms-templates$/);
  await signIn(page, "finance");
  for (const width of [390, 1440, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    const dunning = ["", "/rules", "/rules/new", "/trial", "/notices"].map((end) => `/billing/dunning${end}`);
    for (const path of [...dunning, "/billing/sms", "/billing/sms/months"]) {
      await visit(page, path);
      await fitsWidth(page, `${path} at ${width}`);
    }
  }
});
