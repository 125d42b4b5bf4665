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

test("boards switch to payment colours, keep them, and follow a payment at once", async ({ page, anotherBrowser }) => {
  test.setTimeout(300_000);
  const home = await household("演示申请人07");
  await signIn(page, "district");
  const mode = page.getByRole("navigation", { name: "图例颜色" });
  const board = `/housing/buildings/${home.building}`;
  await visit(page, board);
  await expect(tile(page, home.unit)).toHaveAttribute("data-status", "occupied");
  await mode.getByRole("link", { name: "缴费情况" }).click();
  await expect(page).toHaveURL(`${board}?mode=pay`);
  await expect(mode.getByRole("link", { name: "缴费情况" })).toHaveAttribute("aria-current", "true");
  await expect(tile(page, home.unit), "nothing was counted yet").toHaveAttribute("data-pay", "green");
  // Taken over with tenants in them: let, and nobody knows how they pay.
  const [others] = await query<{ count: string }>(
    "select count(*) from unit u where building_id = $1 and status in ('SIGNED', 'OCCUPIED') and not exists (select from arrears a where a.unit_id = u.id and a.shown)",
    [home.building],
  );
  const unbooked = page.getByRole("button", { name: /已出租未建账/ });
  await expect(unbooked).toContainText(others?.count ?? "");
  await expect(page.locator('.board-unit[data-pay="unbooked"]')).toHaveCount(Number(others?.count));
  await checkAxe(page);

  // Live: a month of three is paid at the counter, two are found to be overdue.
  const counter = await anotherBrowser();
  await signIn(counter, "cashier");
  await pay(counter, home.account, "100");
  await expect(tile(page, home.unit)).toHaveAttribute("data-pay", "yellow");
  await expect(tile(page, home.unit)).toHaveAttribute("aria-label", /已经欠费还未被禁用 · 欧\*\*三 欠费2个月 200\.00元$/);
  await unbooked.click();
  await expect(tile(page, home.unit)).toHaveClass(/is-dimmed/);
  await unbooked.click();
  await checkAxe(page);

  // The drawer keeps the colours, and so do the ways up and down.
  await tile(page, home.unit).click();
  await expect(page).toHaveURL(`${board}?mode=pay&unit=${home.unit}`);
  await expect(page.locator(".unit-drawer")).toBeVisible();
  await page.getByRole("button", { name: "关闭" }).click();
  await expect(page).toHaveURL(`${board}?mode=pay`);
  await page.reload();
  await hydrated(page);
  await expect(tile(page, home.unit)).toHaveAttribute("data-pay", "yellow");
  await page.getByRole("navigation", { name: "面包屑" }).getByRole("link").last().click();
  await expect(page).toHaveURL(`/housing/estates/${home.estate}?mode=pay`);
  const card = page.locator(`.building-card[href="${board}?mode=pay"]`);
  await expect(card.getByRole("img")).toHaveAccessibleName(/已经欠费还未被禁用1套/);
  await expect(card.locator("[data-pay=yellow]")).toHaveCount(1);
  await checkAxe(page);

  await pay(counter, home.account, "200");
  await expect(card.locator("[data-pay=yellow]"), "the estate follows").toHaveCount(0);
  await card.click();
  await expect(tile(page, home.unit)).toHaveAttribute("data-pay", "green");
  await mode.getByRole("link", { name: "入住情况" }).click();
  await expect(page).toHaveURL(new RegExp(`${board}\\??$`));
  await expect(tile(page, home.unit)).toHaveAttribute("data-status", "occupied");
});

test("the map by payment, the list of who is behind, every screen", async ({ page, anotherBrowser }) => {
  test.setTimeout(300_000);
  const home = await household("演示申请人08");
  const counter = await anotherBrowser();
  await signIn(counter, "cashier");
  await pay(counter, home.account, "150");

  await signIn(page, "district");
  const [behind] = await query<{ count: string }>(
    "select count(*) from arrears a join organization d on d.id = a.district_id where d.code = '990104' and a.level <> 'L0'",
  );
  const reminder = page.getByRole("link", { name: /项目欠费/ });
  await expect(reminder.locator("b"), "home says the number of the list").toHaveText(behind?.count ?? "");
  await reminder.click();
  await expect(page.getByRole("heading", { level: 1, name: "欠费台账" })).toBeVisible();
  await hydrated(page);
  const rows = page.locator(".data-table tbody tr");
  await expect(rows).toHaveCount(Number(behind?.count));
  const row = rows.filter({ has: page.locator(`a[href="/billing/accounts/${home.account}"]`) });
  for (const text of ["欧阳小三", "150.00", "欠费两个月"]) await expect(row).toContainText(text);
  await checkAxe(page);
  await page.getByRole("link", { name: "欠费一个月" }).click();
  await expect(row).toHaveCount(0);

  await visit(page, "/map?mode=pay");
  await expect(page.locator(".map-mark.pay-mixed").first()).toBeVisible();
  await expect(page.locator(".map-mark .pay-ring").first()).toBeVisible();
  await expect(page.locator(".map-mark").first()).toContainText(`欠${behind?.count}`);
  await expect(page.locator(".mark-list a").first()).toContainText(`已经欠费还未被禁用${behind?.count}套`);
  await page.locator("label", { hasText: /^缴费情况/ }).getByRole("combobox").selectOption("YELLOW");
  await expect(page).toHaveURL(/mode=pay.*color=YELLOW/);
  await expect(page.locator(".map-mark.pay-yellow").first()).toContainText(behind?.count ?? "");
  await checkAxe(page);
  await page.getByRole("navigation", { name: "图例颜色" }).getByRole("link", { name: "入住情况" }).click();
  await expect(page).not.toHaveURL(/mode=pay|color=/);
  await expect(page.locator(".map-mark.pay-yellow")).toHaveCount(0);
  await expect(page.locator(".map-mark").first()).toBeVisible();

  // Who may not see bills sees the colour, and not who lives there and what is owed.
  const leader = await anotherBrowser();
  await signIn(leader, "leader");
  await visit(leader, `/housing/buildings/${home.building}?mode=pay`);
  await expect(tile(leader, home.unit)).toHaveAttribute("aria-label", /· 已经欠费还未被禁用$/);

  const pages = ["/map?mode=pay", `/housing/estates/${home.estate}?mode=pay`, `/housing/buildings/${home.building}?mode=pay`, "/billing/arrears"];
  for (const size of [{ width: 390, height: 844 }, { width: 1440, height: 900 }, { width: 3840, height: 2160 }]) {
    await page.setViewportSize(size);
    for (const path of pages) {
      await visit(page, path);
      await fitsWidth(page, `${path} at ${size.width}`);
    }
  }
});
