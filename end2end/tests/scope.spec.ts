// Data scope: what one district must never see of another (domain.md §9 check 15).
import { expect, query, signIn, test, visit } from "../fixtures";
import { downloaded } from "../sheets";

test("a district account sees its district only: lists, map, export and chart", async ({ page, request }) => {
  const [mine] = await query<{ id: string; name: string; estates: string; units: string }>(
    `select o.id, o.name, (select count(*) from estate where district_id = o.id) as estates,
            (select count(*) from unit where district_id = o.id) as units
     from app_user a join organization o on o.id = a.organization_id where a.login = 'district'`,
  );
  const others = await query<{ name: string }>("select name from organization where type = 'DISTRICT' and id <> $1", [mine?.id]);
  const [foreign] = await query<{ id: string; building_id: string; estate_id: string }>(
    "select id, building_id, estate_id from unit where district_id <> $1 limit 1",
    [mine?.id],
  );
  expect(others.length).toBeGreaterThan(0);
  await signIn(page, "district");
  const sees = async (what: string) => {
    const text = await page.locator("main").innerText();
    for (const other of others) expect(text, `${what}: ${other.name}`).not.toContain(other.name);
  };

  await expect(page.locator(".home-table")).toContainText(mine?.name ?? "");
  await sees("home and chart");
  await visit(page, "/housing/estates?size=100");
  await expect(page.locator(".pager-total")).toHaveText(`共 ${mine?.estates} 条`);
  await sees("estates");
  await visit(page, "/housing/units");
  await expect(page.locator(".pager-total")).toContainText(Number(mine?.units).toLocaleString("en-US"));
  await sees("units");
  await visit(page, "/map");
  await expect(page.locator(".mark-list a").first()).toBeVisible();
  await sees("map");

  await visit(page, "/housing/units");
  await page.locator("summary", { hasText: "导出" }).click();
  await page.getByLabel("导出条数").fill("5000");
  const sheet = await downloaded(page, () => page.getByRole("button", { name: "导出Excel" }).click());
  expect(sheet.length - 1, "rows exported").toBe(Number(mine?.units));

  // By address, too, another district's records do not exist.
  for (const path of [`/housing/units/${foreign?.id}`, `/housing/buildings/${foreign?.building_id}`, `/housing/estates/${foreign?.estate_id}`]) {
    const cookies = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    const response = await request.get(path, { headers: { cookie: cookies } });
    expect(response.status(), path).toBe(404);
    expect(await response.text()).toContain("记录不存在，或不在您的管辖范围内");
  }
});

test("a system administrator sees no business data", async ({ page }) => {
  await signIn(page, "admin");
  await expect(page.getByRole("link", { name: "组织机构" })).toBeVisible();
  await expect(page.getByRole("link", { name: "房源", exact: true })).toHaveCount(0);
});
