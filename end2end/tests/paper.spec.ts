// Papers: their wording is kept by one and published by another, and what is printed is a PDF that stands in the log.
import { day } from "../day";
import { checkAxe, confirm, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { charge, lease, pay } from "../lease";
import { printed } from "../paper";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

/** What the log says about the prints of something, the first before the last. */
async function log(paper: string, object: string): Promise<string[]> {
  const rows = await query<{ told: string }>(
    "select concat_ws(' ', kind, nth, copies, reason) as told from print_log where paper = $1 and object_id = $2 order by id",
    [paper, object],
  );
  return rows.map(({ told }) => told);
}

test("a wording is written by one, published by another, and stays", async ({ page, anotherBrowser }) => {
  test.setTimeout(180_000);
  await signIn(page, "city");
  await visit(page, "/tenancy/templates");
  const rows = page.locator(".data-table tbody tr");
  await expect(rows.filter({ hasText: "公共租赁住房租赁合同" })).toContainText("V1");
  await page.locator("main").getByRole("link", { name: "新增版本" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "新增模板版本" })).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  const save = page.getByRole("button", { name: "保存", exact: true });
  await save.click();
  await expect(page.locator("#kind-error")).toHaveText("请选择文书类别");
  await expect(page.locator("#name-error")).toHaveText("不能为空");
  await page.locator("select[name=kind]").selectOption("NOTICE");
  await page.getByLabel("模板名称*").fill("演示缴费通知");
  await page.getByLabel("生效日期*").fill(day(0));
  await page.getByLabel("正文*").fill("{缴款人}：请缴纳{没有的}元。");
  await save.click();
  await expect(page.locator("#effective_on-error")).toHaveText("生效日期须晚于今天");
  await expect(page.locator("#body-error")).toHaveText("未知占位符：没有的");
  // No other journey prints so late.
  await page.getByLabel("生效日期*").fill("2099-12-31");
  await page.getByLabel("正文*").fill("{缴款人}：\n{账单明细}\n合计{合计}元。");
  await save.click();
  await expect(page.locator("#body-error")).toHaveText("缺少必备占位符：合计大写");
  await page.getByLabel("正文*").fill("{缴款人}：\n{账单明细}\n合计{合计}元（{合计大写}），请于{缴费截止日期}前缴纳。");
  await save.click();
  await expect(page).toHaveURL(/\/tenancy\/templates\/\d+$/);
  await hydrated(page);
  const template = new URL(page.url()).pathname;
  await expect(page.getByRole("heading", { level: 1, name: "演示缴费通知 V2" })).toBeVisible();
  expect(await printed(page, () => page.getByRole("link", { name: "预览样张" }).click())).toContain("演示缴费通知样张V2");
  await confirm(page, "提交复核");
  await expect(page.locator("main")).toContainText("待复核");
  await expect(page.locator("main").getByRole("link", { name: "修改" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "发布", exact: true }), "nobody publishes his own").toHaveCount(0);
  await checkAxe(page);

  const checker = await anotherBrowser();
  await signIn(checker, "checker");
  await visit(checker, template);
  await confirm(checker, "退回", "");
  await expect(checker.getByText("请填写原因", { exact: true })).toBeVisible();
  await confirm(checker, "发布", "同意");
  await expect(checker.locator("main")).toContainText("已发布");
  await expect(checker.getByRole("button", { name: "发布", exact: true })).toHaveCount(0);
  await checkAxe(checker);
  await visit(page, `${template}/edit`);
  await page.getByLabel("模板名称*").fill("改写");
  await save.click();
  await expect(page.getByText("模板状态为“已发布”，请刷新后再办理"), "what was published stays").toBeVisible();
});

test("a contract and a receipt are printed, and again only for a reason", async ({ page, anotherBrowser }) => {
  test.setTimeout(180_000);
  const home = await lease("演示申请人08", "DRAFT", -30, 1000);
  const contract = `/tenancy/contracts/${home.contract}`;
  try {
    await signIn(page, "entry");
    await visit(page, contract);
    await expect(page.getByRole("button", { name: "打印合同", exact: true }), "it is no contract yet").toHaveCount(0);
    expect(await printed(page, () => confirm(page, "打印草稿", ""))).toContain("租赁合同-待编号");
    await query(
      `update contract set status = 'ACTIVE', contract_no = 'DY' || id, digest = 'x', checker_id = 1, checked_at = now(), active_at = now()
       where id = $1`,
      [home.contract],
    );
    await visit(page, contract);
    expect(await printed(page, () => confirm(page, "打印合同", ""))).toContain(`租赁合同-DY${home.contract}`);
    await visit(page, contract);
    await confirm(page, "打印合同", "");
    await expect(page.getByText("该合同已打印过，请填写补打原因")).toBeVisible();
    await checkAxe(page);
    const again = page.getByRole("form", { name: "打印合同确认" });
    await again.getByRole("textbox").fill("原件遗失");
    await printed(page, () => again.getByRole("button", { name: "确定" }).click());
    expect(await log("CONTRACT", home.contract)).toEqual(["DRAFT 1", "FIRST 1 2", "REPRINT 2 2 原件遗失"]);
    await page.locator("main").getByRole("link", { name: "打印记录" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "打印记录" })).toBeVisible();
    const rows = page.locator(".data-table tbody tr");
    await expect(rows).toHaveCount(3);
    const reprint = rows.filter({ hasText: "补打" });
    for (const text of ["原件遗失", "公共租赁住房租赁合同 V1", "演示录入员"]) await expect(reprint).toContainText(text);
    await expect(rows.filter({ hasText: "草稿" })).toContainText("待编号");
    await checkAxe(page);

    // A receipt says by itself that it was printed before.
    await charge(home, day(0));
    const counter = await anotherBrowser();
    await signIn(counter, "cashier");
    await pay(counter, home, "100");
    const receipt = new URL(counter.url()).pathname;
    expect(await printed(counter, () => confirm(counter, "生成PDF", ""))).toContain("收款收据-");
    await visit(counter, receipt);
    await printed(counter, () => confirm(counter, "生成PDF", "客户要求"));
    const payment = receipt.split("/").pop() ?? "";
    expect(await log("RECEIPT", payment)).toEqual(["FIRST 1 1", "REPRINT 2 1 客户要求"]);
    await visit(counter, `/tenancy/prints?paper=RECEIPT&object=${payment}`);
    await expect(counter.locator(".data-table tbody tr")).toHaveCount(2);

    // What was printed is fetched by who printed it, and by nobody else.
    const [last] = await query<{ id: string }>("select max(id) as id from print_log where paper = 'CONTRACT' and object_id = $1", [home.contract]);
    expect((await page.request.get(`/files/print/${last?.id}`)).status()).toBe(200);
    expect((await counter.request.get(`/files/print/${last?.id}`)).status()).toBe(404);
  } finally {
    // Nobody else's journey bills it or ends it.
    await query("update contract set status = 'EXPIRED' where id = $1 and status = 'ACTIVE'", [home.contract]);
  }
});

test("what waits is skipped or printed together, and a copy is handed out", async ({ page }) => {
  test.setTimeout(180_000);
  const home = await lease("演示申请人23", "DRAFT", -30, 1000);
  const number = `DY${home.contract}`;
  await query(
    `update contract set status = 'ACTIVE', contract_no = 'DY' || id, digest = 'x', checker_id = 1, checked_at = now(), active_at = now()
     where id = $1`,
    [home.contract],
  );
  const choose = async (list: string, button: string): Promise<void> => {
    await visit(page, `${list}&q=${number}`);
    await expect(page.locator(".data-table tbody tr")).toHaveCount(1);
    await page.getByRole("checkbox", { name: "选择本页全部" }).check();
    await page.getByRole("button", { name: button }).click();
    await expect(page.locator("main")).toContainText("已选1份");
    await hydrated(page);
    await checkAxe(page);
  };
  try {
    await signIn(page, "entry");
    await choose("/tenancy/print-queue?paper=CONTRACT", "打印或跳过");
    await confirm(page, "跳过", "");
    await expect(page.getByRole("alert").filter({ hasText: "不能为空" })).toBeVisible();
    const question = page.getByRole("form", { name: "跳过确认" });
    await question.getByRole("textbox").fill("线下已打印");
    await question.getByRole("button", { name: "确定" }).click();
    await expect(page).toHaveURL(/\/tenancy\/print-queue$/);
    await choose("/tenancy/print-queue?state=SKIPPED", "恢复待打印");
    await confirm(page, "恢复待打印");
    await expect(page).toHaveURL(/\/tenancy\/print-queue$/);
    await choose("/tenancy/print-queue?paper=CONTRACT", "打印或跳过");
    expect(await printed(page, () => confirm(page, "打印"))).toContain("批量打印-");
    await expect(page.getByRole("status").filter({ hasText: "已打印1份，未打印0份。" })).toBeVisible();
    await visit(page, `/tenancy/print-queue?paper=CONTRACT&q=${number}`);
    await expect(page.getByText("没有符合条件的记录")).toBeVisible();

    await visit(page, `/tenancy/prints?paper=CONTRACT&object=${home.contract}`);
    await page.getByRole("link", { name: "办理" }).click();
    await expect(page.getByRole("heading", { level: 1, name: `租赁合同 ${number}` })).toBeVisible();
    await hydrated(page);
    await confirm(page, "发放", "本人");
    for (const text of ["已发放", "本人"]) await expect(page.locator("main")).toContainText(text);
    await expect(page.getByRole("button", { name: "发放", exact: true }), "once").toHaveCount(0);
    await confirm(page, "作废", "盖章有误");
    for (const text of ["已作废", "盖章有误"]) await expect(page.locator("main")).toContainText(text);
    await checkAxe(page);
    // The number of which everything is void is told until it is printed again.
    await visit(page, `/tenancy/prints/audit?q=${number}`);
    await expect(page.locator(".data-table tbody tr")).toContainText("已全部作废，未补打");
    await checkAxe(page);
    await visit(page, `/tenancy/prints?paper=CONTRACT&object=${home.contract}`);
    await page.getByRole("link", { name: "办理" }).click();
    await hydrated(page);
    await printed(page, () => confirm(page, "补打", "原件作废"));
    expect(await log("CONTRACT", home.contract)).toEqual(["FIRST 1 2", "REPRINT 2 2 原件作废"]);
    await visit(page, `/tenancy/prints/audit?q=${number}`);
    await expect(page.locator(".data-table tbody tr").filter({ hasText: number })).toHaveCount(0);
  } finally {
    await query("update contract set status = 'EXPIRED' where id = $1 and status = 'ACTIVE'", [home.contract]);
  }
});

test("the pages fit a phone and a wall of screens", async ({ page }) => {
  test.setTimeout(120_000);
  const [template] = await query<{ id: string }>("select min(id) as id from document_template");
  for (const [who, paths] of [
    ["city", ["/tenancy/templates", "/tenancy/templates/new", `/tenancy/templates/${template?.id}`, "/tenancy/prints", "/tenancy/prints/audit"]],
    ["cashier", ["/billing/notices", "/tenancy/print-queue", "/tenancy/print-queue/skipped"]],
  ] as const) {
    await signIn(page, who);
    for (const width of [390, 1440, 3840]) {
      await page.setViewportSize({ width, height: 900 });
      for (const path of paths) {
        await visit(page, path);
        await fitsWidth(page, `${path} at ${width}`);
      }
    }
  }
});
