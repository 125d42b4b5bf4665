// Arrears: who pays is green at once on every board, who is behind is in the list, and nobody sees what is not his.
import { type Page, checkAxe, expect, hydrated, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";

interface Home {
  account: string;
  unit: string;
  building: string;
  estate: string;
}

/** A household whose lease has run out while it still lives there, with three months of rent that are long overdue. */
async function household(name: string): Promise<Home> {
  const [home] = await query<Home>(
    `insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
     select u.district_id, u.estate_id, u.building_id, u.id, p.id, current_date
     from person p cross join lateral (
       select u.* from unit u join organization d on d.id = u.district_id
       where d.code = '990104' and u.status = 'OCCUPIED' and not exists (select from account a where a.unit_id = u.id)
       order by u.id desc limit 1) u
     where p.name = $1 returning id as account, unit_id as unit, building_id as building, estate_id as estate`,
    [name],
  );
  if (!home) throw new Error(`no person ${name}, or no home for him`);
  await query(
    `insert into contract (district_id, estate_id, unit_id, account_id, contract_no, digest, lessor_id, person_id, lessee_name, id_number,
         id_number_mask, phone, phone_mask, address, layout, building_area, usable_area, category, rent_standard_id, unit_rate, area_basis,
         rent_area, base_rent_fen, monthly_rent_fen, deposit_fen, start_on, end_on, rent_start_on, pay_cycle, split, due_day, bank_name,
         bank_no, bank_no_mask, bank_holder, sign_on, sign_mode, key_id, status, checker_id, checked_at)
     select u.district_id, u.estate_id, u.id, a.id, 'QF' || a.id, 'x', u.mgmt_unit_id, a.person_id, '欧阳小三', '\\x00', '*', '\\x00', '*',
         u.address, u.layout, u.building_area, u.usable_area, 'LOWINC', (select min(id) from rent_standard), 26000, 'USABLE', u.usable_area,
         10000, 10000, 0, current_date - 400, current_date - 30, current_date - 400, 1, 'NATURAL', 10, '甲', '\\x00', '*', '甲',
         current_date - 400, 'PAPER', (select min(id) from cipher_key), 'EXPIRED', 1, now()
     from account a join unit u on u.id = a.unit_id where a.id = $1`,
    [home.account],
  );
  await query(
    `insert into bill (district_id, estate_id, unit_id, account_id, contract_id, kind, fee_item, month, period_from, period_to, due_on, amount_fen)
     select c.district_id, c.estate_id, c.unit_id, c.account_id, c.id, 'RENT', 'RENT', d, d, d + 27, d + 9, 10000
     from contract c cross join generate_series(2, 4) n
     cross join lateral (select (date_trunc('month', current_date) - n * interval '1 month')::date as d) m where c.account_id = $1`,
    [home.account],
  );
  return home;
}

/** Takes so much cash from the household at the counter. */
async function pay(counter: Page, account: string, amount: string): Promise<void> {
  await visit(counter, `/billing/accounts/${account}`);
  const till = counter.getByRole("form", { name: "收款" });
  await till.getByLabel("收款金额(元)*").fill(amount);
  await till.getByRole("button", { name: /^收款/ }).click();
  await expect(counter).toHaveURL(/\/billing\/payments\/\d+$/);
  await hydrated(counter);
}

const tile = (page: Page, unit: string) => page.locator(`.board-unit[data-unit="${unit}"]`);


test("shots", async ({ page, anotherBrowser }) => {
  test.setTimeout(600_000);
  const homes: Home[] = [];
  for (const nth of ["01", "02", "03", "04", "05", "06"]) homes.push(await household(`演示申请人${nth}`));
  const counter = await anotherBrowser();
  await signIn(counter, "cashier");
  for (const home of homes.slice(0, 4)) await pay(counter, home.account, "100");
  await query("update arrears set level = 'L3' where account_id = $1", [homes[1]?.account]);
  await signIn(page, "district");
  const at = homes[0] as Home;
  const pages: [string, string][] = [["home", "/"], ["map", "/map?mode=pay"], ["estate", `/housing/estates/${at.estate}?mode=pay`], ["building", `/housing/buildings/${at.building}?mode=pay`], ["list", "/billing/arrears"], ["occ", `/housing/buildings/${at.building}`]];
  for (const size of [{ width: 390, height: 844 }, { width: 1440, height: 900 }, { width: 3840, height: 2160 }]) {
    await page.setViewportSize(size);
    for (const [name, path] of pages) {
      await visit(page, path);
      if (name === "map") await page.locator(".map-mark").first().waitFor();
      await page.waitForTimeout(700);
      if (name === "building" && size.width === 1440) await tile(page, at.unit).hover();
      await page.screenshot({ path: `/tmp/shots/${name}-${size.width}.png` });
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  const [place] = await query<{ lng: number; lat: number }>("select avg(map_lng)::float8 as lng, avg(map_lat)::float8 as lat from building where estate_id = $1", [at.estate]);
  for (const zoom of [11, 14, 17]) {
    await visit(page, `/map?mode=pay&lng=${place?.lng}&lat=${place?.lat}&zoom=${zoom}`);
    await page.locator(".map-mark").first().waitFor();
    await page.waitForTimeout(700);
    await page.screenshot({ path: `/tmp/shots/map-zoom${zoom}.png` });
  }
  const wall = await anotherBrowser();
  await wall.setViewportSize({ width: 3840, height: 2160 });
  await signIn(wall, "leader");
  await wall.locator(".app-head summary").click();
  await wall.getByRole("button", { name: "开启大屏模式" }).click();
  await expect(wall.locator("[data-theme=wall]")).toBeVisible();
  await hydrated(wall);
  for (const [name, path] of pages.slice(1, 4)) {
    await visit(wall, path);
    await wall.waitForTimeout(1000);
    await wall.screenshot({ path: `/tmp/shots/wall-${name}.png` });
  }
});
