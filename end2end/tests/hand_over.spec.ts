// A home is handed over to its lessee, and from then on the pages say who lives there; people who belong together are a
// household.
import { today } from "../day";
import { type Page, checkAxe, expect, hydrated, pick, query, signIn, test, visit } from "../fixtures";
import { fitsWidth } from "../screen";

// A refused form answers so.
test.use({ expectedProblems: [/(status of|a status of) 4(03|22)/] });

interface Let {
  contract: string;
  number: string;
  unit: string;
  lessee: string;
  resident: string;
}

/** A contract in force whose home nobody has moved into, as the bank's answer leaves it. */
async function signed(): Promise<Let> {
  const [found] = await query<Let>(
    `with home as (
       select u.* from unit u join organization d on d.id = u.district_id join rent_standard r on r.id = u.rent_standard_id
       where d.code = '990104' and u.status = 'VACANT' and not exists (select from assignment a where a.unit_id = u.id)
       order by u.id desc limit 1),
     people as (
       select id, name, id_number, id_number_mask, phone, phone_mask, key_id, row_number() over (order by id desc) as place
       from person p where p.name like '演示申请人%' and not exists (select from assignment a where a.person_id = p.id)
         and not exists (select from contract c where c.person_id = p.id)
         and not exists (select from household_member m where m.person_id = p.id) order by id desc limit 2),
     opened as (
       insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
       select h.district_id, h.estate_id, h.building_id, h.id, p.id, current_date from home h, people p where p.place = 1
       returning id),
     made as (
       insert into contract (district_id, estate_id, unit_id, contract_no, account_id, lessor_id, person_id, lessee_name, id_number,
         id_number_mask, phone, phone_mask, address, layout, building_area, usable_area, category, rent_standard_id, unit_rate,
         area_basis, rent_area, base_rent_fen, monthly_rent_fen, deposit_fen, start_on, end_on, rent_start_on, pay_cycle, split,
         due_day, bank_name, bank_no, bank_no_mask, bank_holder, sign_on, sign_mode, key_id, status, digest, active_at)
       select h.district_id, h.estate_id, h.id, 'E2E' || h.id, o.id, h.mgmt_unit_id, p.id, p.name, p.id_number, p.id_number_mask,
         p.phone, p.phone_mask, h.address, h.layout, h.building_area, h.usable_area, 'LOWINC', h.rent_standard_id, 26000, 'USABLE',
         h.usable_area, 10000, 10000, 0, current_date, current_date + 1000, current_date, 1, 'NATURAL', 10, '演示银行',
         (select bank_no from person where bank_no is not null order by id limit 1),
         '****', p.name, current_date, 'PAPER', p.key_id, 'ACTIVE', 'x', now()
       from home h, opened o, people p where p.place = 1
       returning id, contract_no, unit_id, district_id, estate_id, lessee_name),
     lives as (
       insert into contract_resident select m.id, p.id, m.district_id, m.estate_id, p.name, 'SPOUSE'
       from made m, people p where p.place = 2 and set_config('app.contract', 'change', true) <> '' returning name)
     select m.id as contract, m.contract_no as number, m.unit_id as unit, m.lessee_name as lessee, l.name as resident
     from made m, lives l`,
  );
  if (!found) throw new Error("the demo has no free home or nobody to give it to");
  await query("update unit set status = 'SIGNED', vacant_since = null where id = $1", [found.unit]);
  return found;
}

/** From home over the reminder to the form of a contract's hand-over. */
async function begin(page: Page, { lessee }: Let): Promise<void> {
  await signIn(page, "manager");
  await visit(page, "/");
  await expect(page.locator(".reminders", { hasText: "待客户入住" })).toBeVisible();
  await visit(page, "/tenancy/hand-overs");
  await page.getByRole("navigation", { name: "列表分类" }).getByRole("link", { name: "待入住" }).click();
  await expect(page.locator(".tab-active")).toHaveText("待入住");
  await hydrated(page);
  await checkAxe(page);
  await page.getByRole("link", { name: lessee, exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "办理交房入住" })).toBeVisible();
  await hydrated(page);
}

test("a home is handed over, corrected, and its second tenant comes later", async ({ page, anotherBrowser }) => {
  test.setTimeout(240_000);
  const home = await signed();
  await begin(page, home);
  await checkAxe(page);
  await expect(page.getByLabel("交房日期*")).toHaveValue(today);
  await expect(page.getByLabel("签收人*")).toHaveValue(home.lessee);
  await page.getByRole("button", { name: "办理入住" }).click();
  await expect(page.locator("#keys-error")).toHaveText("不能为空");
  await expect(page.locator("#signed-error")).toHaveText("请确认签收人已在交房确认单上签字");
  await checkAxe(page);
  await page.getByLabel("钥匙数*").fill("3");
  await page.getByLabel("水表读数").fill("12.5");
  await page.getByLabel("第1项物品").fill("空调");
  await page.getByRole("button", { name: "添加物品" }).click();
  const last = page.getByLabel(/^第\d+项物品$/).last();
  await last.fill("床");
  await page.getByLabel(/^第\d+项数量$/).last().fill("2");
  await page.getByLabel(/^第\d+项状态$/).last().selectOption("WORN");
  await page.getByRole("button", { name: "添加物品" }).click();
  await page.getByRole("button", { name: /^移除第\d+项$/ }).last().click();
  await page.getByLabel(new RegExp(`^${home.resident}`)).selectOption("");
  await page.getByLabel("签收人已在交房确认单上签字").check();
  await fitsWidth(page);
  await page.getByRole("button", { name: "办理入住" }).click();
  await expect(page).toHaveURL(/\/tenancy\/hand-overs\/\d+$/);
  await hydrated(page);
  const record = new URL(page.url()).pathname;
  await expect(page.locator("main")).toContainText("水 12.50");
  await expect(page.locator("main")).toContainText("有使用痕迹");
  await checkAxe(page);

  // A correction says what was and what is.
  await page.getByRole("link", { name: "修改" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "修改交房记录" })).toBeVisible();
  await hydrated(page);
  await expect(page.getByLabel("钥匙数*")).toHaveValue("3");
  await page.getByLabel("钥匙数*").fill("4");
  await page.getByLabel("签收人已在交房确认单上签字").check();
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page).toHaveURL(new RegExp(`${record}$`));
  await expect(page.locator("main")).toContainText("钥匙数：3 → 4");
  await visit(page, `/tenancy/hand-overs/new?contract=${home.contract}`);
  await expect(page.getByText("该合同已办理交房")).toBeVisible();

  const entry = await anotherBrowser();
  await signIn(entry, "entry");
  await visit(entry, `/housing/units/${home.unit}`);
  const living = entry.getByRole("region", { name: "入住人员" });
  await expect(living).toContainText(home.lessee);
  await expect(living).not.toContainText(home.resident);
  await checkAxe(entry);
  await entry.getByRole("link", { name: "登记入住" }).click();
  await expect(entry.getByText("只能登记合同中的承租人和同住人")).toBeVisible();
  await hydrated(entry);
  await checkAxe(entry);
  await pick(entry.getByLabel("人员*"), home.lessee);
  await entry.getByLabel("关系*").selectOption("CO_RESIDENT");
  await entry.getByRole("button", { name: "保存" }).click();
  await expect(entry.locator("#relation-error")).toHaveText("不是该房屋合同的同住人，请先办理合同变更");
  await pick(entry.getByLabel("人员*"), home.resident);
  await entry.getByRole("button", { name: "保存" }).click();
  await expect(entry).toHaveURL(new RegExp(`/housing/units/${home.unit}$`));
  await expect(living).toContainText(home.resident);
  await visit(entry, "/tenancy/residents?state=LIVING");
  await expect(entry.locator(".data-table")).toContainText(home.resident);
  await checkAxe(entry);
  const [unit] = await query<{ status: string }>("select status from unit where id = $1", [home.unit]);
  expect(unit?.status).toBe("OCCUPIED");
});

test("people who belong together are a household", async ({ page }) => {
  test.setTimeout(120_000);
  const people = await query<{ name: string }>(
    `select name from person p where name like '演示申请人%' and not exists (select from household_member m where m.person_id = p.id)
     order by id limit 2`,
  );
  const [head, spouse] = people.map((person) => person.name);
  if (!head || !spouse) throw new Error("the demo has nobody without a household");
  await signIn(page, "entry");
  await visit(page, "/persons/households");
  await checkAxe(page);
  await page.getByRole("link", { name: "登记家庭" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "登记家庭" })).toBeVisible();
  await hydrated(page);
  await checkAxe(page);
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.locator("#head-error")).toHaveText("请选择户主");
  await pick(page.getByLabel("户主*"), head);
  await page.getByLabel("保障类别*").selectOption("LOWINC");
  await page.getByLabel("家庭年收入(元)*").fill("31200");
  await page.getByLabel("重度残疾").check();
  await pick(page.getByLabel("成员", { exact: true }), spouse);
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.getByText("请点击“添加成员”")).toBeVisible();
  await page.getByLabel("与户主关系").selectOption("SPOUSE");
  await page.getByRole("button", { name: "添加成员" }).click();
  await expect(page.getByLabel("人均月收入(元)")).toHaveValue("1,300.00");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page).toHaveURL(/\/persons\/households\/\d+$/);
  await hydrated(page);
  await expect(page.locator("main")).toContainText("重度残疾");
  await expect(page.getByRole("region", { name: "家庭成员" })).toContainText(spouse);
  await checkAxe(page);
  await fitsWidth(page);
  await page.getByRole("link", { name: "变更", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "变更家庭" })).toBeVisible();
  await hydrated(page);
  await page.getByRole("button", { name: `移除${spouse}` }).click();
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page).toHaveURL(/\/persons\/households\/\d+$/);
  await expect(page.locator("main")).toContainText(`${head}（本人）、${spouse}（配偶） → ${head}（本人）`);
});
