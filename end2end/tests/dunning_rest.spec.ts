// What is done about who is behind: a notice is served, and messages, dunning and arrears rest by two people.
import { day } from "../day";
import { checkAxe, confirm, expect, hydrated, signIn, test, visit } from "../fixtures";
import { behind, rowOf } from "../lease";
import { printed } from "../paper";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

test("a notice is served, and messages, dunning and arrears rest by two people", async ({ page, anotherBrowser }) => {
  test.setTimeout(360_000);
  const counter = await anotherBrowser();
  await signIn(counter, "cashier");
  const home = await behind(counter, "演示申请人10", -40);
  const path = `/billing/dunning/accounts/${home.account}`;
  const district = await anotherBrowser();
  await signIn(district, "district");
  await signIn(page, "finance");
  await visit(page, path);
  await expect(page.getByRole("region", { name: "欠费", exact: true })).toContainText("200.00");
  await page.getByRole("link", { name: "登记催缴" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "登记催缴" })).toBeVisible();
  await hydrated(page);
  await page.getByRole("button", { name: "登记", exact: true }).click();
  await expect(page.locator("#way-error")).toHaveText("请选择催缴方式");
  await page.locator("select[name=way]").selectOption("WRITTEN");
  await page.getByRole("button", { name: "登记", exact: true }).click();
  await expect(page.getByRole("region", { name: "催缴通知书" })).toContainText("欠缴租金2个月，共200.00元");
  await hydrated(page);
  await checkAxe(page);
  expect(await printed(page, () => confirm(page, "打印通知书"))).toContain("催缴通知书-CJ");
  await page.locator("select[name=served_how]").selectOption("DIRECT");
  await page.getByLabel("送达日期*").fill(day(0));
  await page.getByRole("button", { name: "登记送达", exact: true }).click();
  await expect(page.locator("#received_by-error")).toHaveText("直接送达须填写签收人");
  await page.getByLabel("签收人", { exact: true }).fill("本人");
  await page.getByRole("button", { name: "登记送达", exact: true }).click();
  for (const text of ["已办理", "直接送达", "本人"]) await expect(page.locator("main")).toContainText(text);

  // The black list: put there by one, let off by another.
  await visit(page, path);
  await confirm(page, "列入短信黑名单", "");
  await expect(page.getByText("请填写原因", { exact: true })).toBeVisible();
  const question = page.getByRole("form", { name: "列入短信黑名单确认" });
  await question.getByRole("textbox").fill("号码是他人的");
  await question.getByRole("button", { name: "确定" }).click();
  await expect(page.locator("main")).toContainText("已列入");
  await expect(page.getByRole("button", { name: "移出短信黑名单" })).toHaveCount(0);
  await visit(page, "/billing/sms/blocks?state=OPEN");
  await expect(rowOf(page, home)).toContainText("号码是他人的");
  await visit(district, path);
  await confirm(district, "移出短信黑名单", "号码已更正");
  await expect(district.locator("main")).not.toContainText("已列入");

  // A pause, ended before its day.
  await visit(page, `${path}/pause`);
  await page.getByLabel("截止日期*").fill(day(0));
  await page.getByRole("button", { name: "申请", exact: true }).click();
  await expect(page.locator("#ground-error")).toHaveText("请选择暂停原因");
  await expect(page.locator("#until-error")).toHaveText("截止日期须晚于今天");
  await page.locator("select[name=ground]").selectOption("HARDSHIP");
  await page.getByLabel("截止日期*").fill(day(30));
  await page.getByLabel("说明*").fill("低保审批中");
  await page.getByRole("button", { name: "申请", exact: true }).click();
  await expect(page).toHaveURL(/\/billing\/dunning\/pauses\/\d+$/);
  await expect(page.locator("main")).toContainText("待复核");
  await expect(page.getByRole("button", { name: "同意", exact: true }), "nobody checks his own").toHaveCount(0);
  await visit(district, new URL(page.url()).pathname);
  await confirm(district, "同意", "");
  await expect(district.locator("main")).toContainText("暂停中");
  await confirm(district, "恢复催缴", "审批未通过");
  await expect(district.locator("main")).toContainText("已恢复");

  // A plan of instalments: its lines come to the debt, and while it is kept nothing counts as behind.
  await visit(page, `${path}/instalment`);
  await checkAxe(page);
  await page.getByRole("button", { name: "移除第3期" }).click();
  await page.getByLabel("说明*").fill("暂时困难");
  await page.getByLabel("第1期金额", { exact: true }).fill("150");
  await page.getByLabel("第2期金额", { exact: true }).fill("40");
  await page.getByRole("button", { name: "申请", exact: true }).click();
  await expect(page.getByText("各期合计190.00元，须等于欠费200.00元")).toBeVisible();
  await page.getByLabel("第2期金额", { exact: true }).fill("50");
  await page.getByRole("button", { name: "申请", exact: true }).click();
  await expect(page).toHaveURL(/\/billing\/dunning\/instalments\/\d+$/);
  await expect(page.getByRole("region", { name: "分期计划" }).locator("tbody tr")).toHaveCount(2);
  await expect(page.getByRole("button", { name: "同意", exact: true }), "nobody checks his own").toHaveCount(0);
  const plan = new URL(page.url()).pathname;
  await visit(district, plan);
  await confirm(district, "同意", "");
  await expect(district.locator("main")).toContainText("履行中");
  await visit(page, path);
  await expect(page.getByRole("region", { name: "欠费", exact: true })).not.toContainText("200.00");
  await expect(page.getByRole("link", { name: "登记催缴" }), "nothing is overdue").toHaveCount(0);
  await checkAxe(page);
  for (const width of [390, 1440, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    for (const shown of [path, plan, "/billing/dunning/pauses", "/billing/dunning/instalments", "/billing/sms/blocks"]) {
      await visit(page, shown);
      await fitsWidth(page, `${shown} at ${width}`);
    }
  }
});
