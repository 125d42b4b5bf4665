// Two households exchange their homes: one clerk asks, another agrees, and both homes are handed over.
import { month, today } from "../day";
import { checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { lease } from "../lease";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

test("two households exchange their homes when both and the operator agree", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  // Natural months, and terms that go on behind the first of the next.
  const first = await lease("演示申请人21", "ACTIVE", -60, 700);
  const second = await lease("演示申请人22", "ACTIVE", -90, 500);
  // What was due is paid; without bills that is nothing. The next month is not charged yet.
  await signIn(page, "entry");
  await visit(page, `/tenancy/changes/new?contract=${first.contract}`);
  await page.getByRole("link", { name: "与另一户调换住房" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "办理住房调换" })).toBeVisible();
  await hydrated(page);
  await expect(page.getByLabel("合同一*")).toHaveValue(/演示申请人21/);
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page.locator("#second-error")).toBeVisible();
  await page.getByLabel("合同二*").fill("演示申请人22");
  await page.getByRole("option", { name: /演示申请人22/ }).click();
  await expect(page.getByRole("region", { name: "演示申请人22调换前后" })).toBeVisible();
  await checkAxe(page);
  await page.getByLabel("调换日期*").selectOption(month(1));
  await page.getByLabel("同意书签订日期*").fill(today);
  await page.getByLabel("合同一承租人同意书编号*").fill("TY-1");
  await page.getByLabel("合同二承租人同意书编号*").fill("TY-2");
  await page.getByLabel("产权或运营单位同意文号*").fill("住保函〔2026〕20号");
  await page.getByLabel("调换原因*").fill("就近就学、就近就医");
  for (const width of [390, 1440, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    await fitsWidth(page, `the form at ${width}`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole("button", { name: "提交审批" }).click();
  await expect(page).toHaveURL(/\/tenancy\/changes\/\d+$/);
  await hydrated(page);
  await checkAxe(page);
  const path = new URL(page.url()).pathname;
  await expect(page.locator("main")).toContainText("待审批");
  await expect(page.getByRole("button", { name: /^同意/ }), "nobody decides about his own").toHaveCount(0);

  const approver = await anotherBrowser();
  await signIn(approver, "approver");
  await visit(approver, "/tenancy/changes?turn=MINE");
  await expect(approver.locator("tbody")).toContainText("调换住房");
  await visit(approver, path);
  for (const text of ["演示申请人21", "演示申请人22", "TY-1", "TY-2", "首期账单"]) await expect(approver.locator("main")).toContainText(text);
  await approver.getByRole("button", { name: /^同意/ }).click();
  await approver.getByRole("textbox", { name: /意见/ }).fill("双方同意");
  await approver.getByRole("button", { name: "确定" }).click();
  await expect(approver.locator("main")).toContainText(`两份合同将于${month(1)}一并调换`);
  const stand = await query<{ status: string }>(
    "select status from contract_change where contract_id in ($1, $2) order by id",
    [first.contract, second.contract],
  );
  expect(stand.map((row) => row.status)).toEqual(["APPROVED", "APPROVED"]);
  for (const width of [390, 1440, 3840]) {
    await approver.setViewportSize({ width, height: 900 });
    for (const at of ["/tenancy/changes", path]) {
      await visit(approver, at);
      await fitsWidth(approver, `${at} at ${width}`);
    }
  }
});
