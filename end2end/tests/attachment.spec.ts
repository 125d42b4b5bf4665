// Files of records: sent, seen, saved and deleted, as clerks do it.
import { readFileSync } from "node:fs";
import { type Page, checkAxe, expect, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";

const panel = (page: Page) => page.locator(".attachments");
const files = (page: Page) => panel(page).locator(".attachment");

/** What a camera might have sent: a picture of this very page. */
const picture = (page: Page): Promise<Buffer> => page.screenshot({ type: "jpeg" });

async function send(page: Page, ...chosen: { name: string; buffer: Buffer }[]): Promise<void> {
  const input = panel(page).locator("input[type=file]");
  await input.setInputFiles(chosen.map((file) => ({ ...file, mimeType: "application/octet-stream" })));
}

// What these journeys leave would be in the way of others: a button 删除 more on pages that they know.
test.afterEach(async () => {
  await query("update attachment set deleted_at = now(), deleted_by = 1, delete_reason = '测试结束' where deleted_at is null");
});

async function estateId(): Promise<string> {
  const [row] = await query<{ id: string }>("select id from estate where deleted_at is null order by id limit 1");
  return row?.id ?? "";
}

test.describe(() => {
  test.use({ expectedProblems: [/status of 422/] });

  test("a picture of an estate: sent, seen, looked at, saved, deleted; what is no picture gets its sentence", async ({ page }) => {
    await signIn(page, "city");
    const estate = await estateId();
    await visit(page, `/housing/estates/${estate}`);
    await expect(panel(page)).toContainText("暂无附件");
    const taken = await picture(page);
    await panel(page).getByLabel("附件类型").selectOption({ label: "平面图" });
    await send(page, { name: "大门.jpeg", buffer: taken }, { name: "木马.png", buffer: Buffer.from("MZ\x90\x00 no picture") });
    await expect(files(page)).toHaveCount(1);
    await expect(panel(page).locator(".upload-item")).toContainText("文件“木马.png”不是JPG、PNG或PDF文件，请转换格式后再上传");
    await panel(page).getByRole("button", { name: "移除木马.png" }).click();
    await expect(panel(page).locator(".upload-item")).toHaveCount(0);
    await expect(files(page)).toContainText("平面图");
    const small = files(page).locator("img");
    await expect.poll(() => small.evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth)).toBe(320);
    await checkAxe(page);
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      await fitsWidth(page, `attachments at ${width}`);
    }

    await files(page).getByRole("button", { name: "预览大门.jpeg" }).click();
    const large = page.locator(".attachment-preview");
    await expect.poll(() => large.evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth)).toBe(1440);
    await checkAxe(page);
    await page.keyboard.press("Escape");
    await expect(large).toBeHidden();

    const download = page.waitForEvent("download");
    await files(page).getByRole("button", { name: "下载大门.jpeg" }).click();
    const saved = await download;
    expect(saved.suggestedFilename()).toBe("大门.jpeg");
    expect(readFileSync(await saved.path()).equals(taken), "what was sent").toBe(true);
    await expect(page.locator("dialog[open]")).toHaveCount(0);

    await files(page).getByRole("button", { name: "删除大门.jpeg" }).click();
    const reason = page.getByLabel("删除原因");
    await reason.fill("误");
    const remove = page.locator("dialog[open]").getByRole("button", { name: "删除" });
    await remove.click();
    await expect(page.locator("dialog[open]")).toContainText("请填写原因，4至200字");
    await reason.fill("照片上传错误");
    await remove.click();
    await expect(files(page)).toHaveCount(0);
    await expect(panel(page)).toContainText("暂无附件");
  });
});

test("files are dropped onto the page", async ({ page }) => {
  await signIn(page, "city");
  const [unit] = await query<{ id: string }>("select id from unit where status = 'VACANT' order by id limit 1");
  await visit(page, `/housing/units/${unit?.id}`);
  const content = (await picture(page)).toString("base64");
  const data = await page.evaluateHandle((content) => {
    const data = new DataTransfer();
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    for (const name of ["客厅.jpg", "厨房.jpg"]) data.items.add(new File([bytes], name, { type: "image/jpeg" }));
    return data;
  }, content);
  const zone = panel(page).locator(".upload-zone");
  await zone.dispatchEvent("dragover", { dataTransfer: data });
  await expect(zone).toHaveClass(/upload-over/);
  await zone.dispatchEvent("drop", { dataTransfer: data });
  await expect(files(page)).toHaveCount(2);
  await expect(zone).not.toHaveClass(/upload-over/);
});

test("a paper of a person: a reason is asked for, and who may not look does not see it", async ({ page, anotherBrowser }) => {
  await signIn(page, "city");
  const [person] = await query<{ id: string }>("select id from person where name = '演示租户09'");
  await visit(page, `/persons/${person?.id}`);
  await panel(page).getByLabel("附件类型").selectOption({ label: "身份证" });
  await send(page, { name: "身份证.jpg", buffer: await picture(page) });
  await expect(files(page).locator("img")).toHaveCount(1);
  await files(page).getByRole("button", { name: "预览身份证.jpg" }).click();
  await expect(page.locator(".attachment-preview"), "nothing is shown before the reason").toHaveCount(0);
  await page.locator("dialog[open]").getByLabel("查看原因").fill("核对申请人身份");
  await page.locator("dialog[open]").getByRole("button", { name: "预览" }).click();
  await expect(page.locator(".attachment-preview")).toBeVisible();
  const logged = await query("select 1 from audit_log where action = 'REVEAL' and object_type = 'attachment' and after ->> 'reason' = '核对申请人身份'");
  expect(logged).toHaveLength(1);

  const other = await anotherBrowser();
  await signIn(other, "operator");
  await visit(other, `/persons/${person?.id}`);
  await expect(files(other)).toContainText("身份证.jpg");
  await expect(files(other).locator("img")).toHaveCount(0);
  await expect(panel(other)).toContainText("查看原件需要相应权限");
  await expect(files(other).getByRole("button", { name: /预览|下载/ })).toHaveCount(0);
});
