// A household lives on in a home whose contract has run out (C8, R-26, R-74): first it is given time to move at the old rent, then it
// pays what the market asks; one enters each of the two, another agrees.
import type { Page } from "@playwright/test";
import { day } from "../day";
import { checkAxe, confirm, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { lease } from "../lease";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

/** From the page of a contract to the form of what comes next for its household. */
async function begin(page: Page, contract: string): Promise<void> {
  await visit(page, contract);
  await page.getByRole("link", { name: "到期处置", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "到期处置" })).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
}

/** Sends the form; ends on the page of the contract. */
async function enter(page: Page, contract: string): Promise<void> {
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page).toHaveURL(new RegExp(`${contract}$`));
  await hydrated(page);
}

/** What was charged under a contract of an item, in fen, without what was taken back. */
async function charged(contract: string, item: string): Promise<string> {
  const [sum] = await query<{ fen: string }>(
    "select coalesce(sum(amount_fen), 0) as fen from bill where contract_id = $1 and fee_item = $2",
    [contract, item],
  );
  return sum?.fen ?? "";
}

test("who stays behind the end of his contract has time to move, and then pays what the market asks", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  const home = await lease("演示申请人24", "EXPIRED", -500, -10);
  await query("update unit set market_rent_fen = 60000 where id = (select unit_id from contract where id = $1)", [home.contract]);
  const path = `/tenancy/contracts/${home.contract}`;
  await signIn(page, "entry");
  await expect(page.locator(".reminders", { hasText: "到期待处置的合同" })).toBeVisible();
  await visit(page, "/tenancy/contracts?overdue=1&sort=end_on");
  await expect(page.locator(".data-table")).toContainText(home.number);
  await begin(page, path);
  await expect(page.getByLabel("处置方式")).toHaveValue("搬迁期");
  await expect(page.getByLabel("合同月租金(元)")).toHaveValue("111.80");
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page.locator("#served_on-error")).toHaveText("不能为空");
  await expect(page.locator("#served_way-error")).toHaveText("请选择送达方式");
  await expect(page.locator("#doc_no-error")).toHaveText("不能为空");
  await expect(page.locator("#reason-error")).toHaveText("不能为空");
  await page.getByLabel("异议送达日期*").fill(day(1));
  await page.getByLabel("送达方式*").selectOption({ label: "当面送达" });
  await page.getByLabel("通知文号*").fill("腾退〔2026〕1号");
  await page.getByLabel("截止日期*").fill(day(200));
  await page.getByLabel("处置原因*").fill("未申请续签");
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page.locator("#served_on-error")).toHaveText("送达日期不能晚于今天");
  await expect(page.locator("#to-error")).toContainText("截止日期不能晚于");
  await checkAxe(page);
  await page.getByLabel("异议送达日期*").fill(day(-5));
  await page.getByLabel("截止日期*").fill(day(-1));
  await enter(page, path);
  const stays = page.getByRole("region", { name: "到期处置" }).locator("tbody tr");
  await expect(stays).toHaveCount(1);
  for (const said of ["搬迁期", `至 ${day(-1)}`, "111.80", "当面送达 腾退〔2026〕1号", "未申请续签", "待审批"]) await expect(stays).toContainText(said);
  await expect(page.getByRole("button", { name: "同意到期处置" }), "nobody decides about his own").toHaveCount(0);
  await checkAxe(page);
  await visit(page, `${path}/stay`);
  await expect(page.getByText("该合同已有待审批的到期处置"), "one at a time").toBeVisible();

  const approver = await anotherBrowser();
  await signIn(approver, "approver");
  await expect(approver.locator(".reminders", { hasText: "待我审批的到期处置" })).toBeVisible();
  await visit(approver, "/tenancy/contracts?stay=MINE");
  await approver.getByRole("link", { name: home.number, exact: true }).click();
  await expect(approver).toHaveURL(new RegExp(`${path}$`));
  await hydrated(approver);
  await checkAxe(approver);
  await confirm(approver, "驳回到期处置", "");
  await expect(approver.getByText("请填写原因")).toBeVisible();
  await confirm(approver, "同意到期处置", "同意");
  const decided = approver.getByRole("region", { name: "到期处置" }).locator("tbody tr");
  await expect(decided).toContainText("已同意");
  await expect(decided).toContainText("演示物业管理员");
  await expect(approver.getByRole("button", { name: "同意到期处置" })).toHaveCount(0);
  await expect(approver.locator(".figure-row"), "it has expired all the same").toContainText("已到期");
  expect(Number(await charged(home.contract, "RENT")), "what has passed is charged at once").toBeGreaterThan(0);
  expect(await charged(home.contract, "MARKET_DIFF")).toBe("0");

  // Its time is over.
  await begin(page, path);
  await expect(page.getByLabel("处置方式*")).toHaveValue("MARKET");
  await expect(page.getByLabel("起始日期")).toHaveValue(day(0));
  await expect(page.getByLabel("市场月租金(元)")).toHaveValue("600.00");
  await page.getByLabel("截止日期*").fill(day(60));
  await page.getByLabel("处置原因*").fill("逾期未腾退");
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page.locator("#no_home-error")).toContainText("请核实承租人无其他住房");
  await checkAxe(page);
  await page.getByLabel("已核实承租人无其他住房").check();
  await enter(page, path);
  await expect(stays).toHaveCount(2);
  await expect(stays.first()).toContainText("市场租金");
  await expect(stays.first()).toContainText("600.00");

  await visit(approver, path);
  await confirm(approver, "同意到期处置", "");
  await expect(decided.first()).toContainText("已同意");
  expect(Number(await charged(home.contract, "MARKET_DIFF")), "what the market asks above the rent").toBeGreaterThan(0);
  await visit(approver, `${path}?tab=history`);
  await expect(approver.locator(".timeline-list")).toContainText(`市场租金至${day(60)}`);
  await visit(approver, `/billing/bills?contract=${home.contract}`);
  await expect(approver.locator(".data-table")).toContainText("市场租金补差");

  // The household has another home: what was agreed to ends today, and nothing is charged behind it.
  await begin(page, path);
  await page.getByLabel("处置方式*").selectOption("END");
  await expect(page.getByLabel("原截止日期")).toHaveValue(day(60));
  await expect(page.getByLabel("已核实承租人无其他住房")).toHaveCount(0);
  await page.getByLabel("最后计费日期*").fill(day(60));
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page.locator("#last-error")).toHaveText(`最后计费日期须早于原截止日期${day(60)}`);
  await expect(page.locator("#reason-error")).toHaveText("不能为空");
  await checkAxe(page);
  await page.getByLabel("最后计费日期*").fill(day(0));
  await page.getByLabel("处置原因*").fill("承租人已取得其他住房");
  await enter(page, path);
  await expect(stays.first()).toContainText(`计费至 ${day(0)}（原截止 ${day(60)}）`);
  await expect(page.getByRole("button", { name: "同意提前终止" }), "nobody decides about his own").toHaveCount(0);
  await visit(approver, path);
  await checkAxe(approver);
  await confirm(approver, "同意提前终止", "");
  await expect(decided.first()).toContainText("已同意");
  await expect(decided.nth(1), "as much of it as is left").toContainText(`${day(0)} 至 ${day(0)}`);
  await visit(approver, `${path}?tab=plan`);
  await expect(approver.getByRole("region", { name: "费用明细" }).locator("tbody tr").last()).toContainText(day(0));
  const [behind] = await query<{ bills: string }>(
    "select count(*) as bills from bill where contract_id = $1 and decision is null and reverses_id is null and period_to > $2::date",
    [home.contract, day(0)],
  );
  expect(behind?.bills, "nothing is charged behind it").toBe("0");
  for (const width of [390, 1440, 3840]) {
    await approver.setViewportSize({ width, height: 900 });
    await visit(approver, path);
    await fitsWidth(approver, `${path} at ${width}`);
  }
});
