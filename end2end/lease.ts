// Homes that are let already: how homes are let is a journey of its own.
import type { Locator, Page } from "@playwright/test";
import { day, month } from "./day";
import { expect, hydrated, query, signIn, visit } from "./fixtures";

export interface Applicant {
  id: string;
  name: string;
}

/**
 * The last of the demo's applicants with an account at the bank to whom nothing was given and with whom nobody lives.
 * Journeys that name theirs take the first ones.
 */
export async function applicant(): Promise<Applicant> {
  const [found] = await query<Applicant>(
    `select p.id, p.name from person p where p.name like '演示申请人%' and p.bank_no_mask is not null
       and not exists (select from assignment a where a.person_id = p.id)
       and not exists (select from account a where a.person_id = p.id)
       and not exists (select from household_member m where m.person_id = p.id)
       and not exists (select from contract_resident r where r.person_id = p.id) order by p.id desc limit 1`,
  );
  if (!found) throw new Error("all of the demo's applicants have a home");
  return found;
}

export interface Lease {
  account: string;
  contract: string;
  /** a draft has none */
  number: string;
}

/** A lease of one of the demo's applicants, from and until so many days from today: 43 m² for 2.60, 111.80 yuan a month. */
export async function lease(name: string, status: "DRAFT" | "ACTIVE" | "EXPIRED", from: number, until: number): Promise<Lease> {
  const [made] = await query<Lease>(
    `with home as (
       select u.* from unit u join organization d on d.id = u.district_id
       where d.code = '990104' and u.status = 'OCCUPIED' and not exists (select from account a where a.unit_id = u.id)
       order by u.id limit 1),
     opened as (
       insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
       select h.district_id, h.estate_id, h.building_id, h.id, p.id, current_date from home h, person p where p.name = $1 returning id)
     insert into contract (district_id, estate_id, unit_id, contract_no, account_id, lessor_id, person_id, lessee_name, id_number,
       id_number_mask, phone, phone_mask, address, layout, building_area, usable_area, category, rent_standard_id, unit_rate, area_basis,
       rent_area, base_rent_fen, monthly_rent_fen, deposit_fen, start_on, end_on, rent_start_on, pay_cycle, split, due_day, bank_name,
       bank_no, bank_no_mask, bank_holder, sign_on, sign_mode, key_id, status, digest, active_at)
     select h.district_id, h.estate_id, h.id, case when $2::text <> 'DRAFT' then 'YZ' || o.id end, o.id, h.mgmt_unit_id, p.id, p.name,
       p.id_number, p.id_number_mask, p.phone, p.phone_mask, h.address, h.layout, h.building_area, h.usable_area, 'LOWINC',
       (select min(id) from rent_standard), 26000, 'USABLE', 4300, 11180, 11180, 0, current_date + $3::int, current_date + $4::int,
       current_date + $3::int, 1, 'NATURAL', 10, '演示银行',
       (select bank_no from person where bank_no is not null order by id limit 1), '****', p.name, current_date + $3::int, 'PAPER', p.key_id, $2::text,
       case when $2::text <> 'DRAFT' then 'x' end, case when $2::text <> 'DRAFT' then now() end
     from home h, opened o, person p where p.name = $1
     returning account_id as account, id as contract, coalesce(contract_no, '') as number`,
    [name, status, from, until],
  );
  if (!made) throw new Error(`no person ${name}, or no home for him`);
  return made;
}

/** Calls a server function as the person who is signed in there. */
async function call<T>(page: Page, name: string, data: unknown): Promise<T> {
  const answer = await page.request.post(`/api/${name}`, { data, headers: { accept: "application/json" } });
  expect(answer.ok(), `${name}: ${answer.status()}`).toBe(true);
  return (await answer.json()) as T;
}

export interface Approved {
  contract: number;
  assignment: number;
  unit: string;
  name: string;
}

/**
 * A home of the demo's district is let, by all whom it takes, to somebody who has lived there for two months; the bank is not told
 * of it yet. Ends with the approver signed in.
 */
export async function approved(page: Page): Promise<Approved> {
  const [home] = await query<{ id: string }>(
    `select u.id from unit u join organization d on d.id = u.district_id join rent_standard r on r.id = u.rent_standard_id and r.status = 'ON'
     where d.code = '990104' and u.status = 'VACANT' and not exists (select from assignment a where a.unit_id = u.id)
     order by u.id desc limit 1`,
  );
  if (!home) throw new Error("the demo has no free home");
  const person = await applicant();
  await signIn(page, "city");
  const form = { person: person.id, unit: home.id, reason: "特殊困难家庭", document_no: "" };
  const assignment = await call<number>(page, "assignment_create", { form });
  await signIn(page, "district");
  await call(page, "assignment_decide", { id: assignment, version: 1, approve: true, opinion: "" });
  await signIn(page, "entry");
  const contract = await call<number>(page, "contract_create", {
    submit: true,
    form: {
      assignment: String(assignment), category: "LOWINC", deposit: "1000", start_on: month(-2), end_on: month(58, 0),
      pay_cycle: "MONTH", split: "NATURAL", due_day: "10", sign_on: month(-2), explained_on: month(-2), sign_mode: "PAPER",
    },
  });
  const [row] = await query<{ version: number }>("select version from contract where id = $1", [contract]);
  await signIn(page, "approver");
  await call(page, "contract_decide", { id: contract, version: row?.version, approve: true, opinion: "" });
  return { contract, assignment, unit: home.id, name: person.name };
}

/** Waits until the demo's bank knows a contract, which is in force from then on; answers its account. */
export async function inForce(contract: number): Promise<string> {
  const known = () => query<{ status: string; account: string }>("select status, account_id as account from contract where id = $1", [contract]);
  const status = async () => (await known())[0]?.status;
  await expect.poll(status, { message: "the demo's bank answers within seconds", timeout: 30_000 }).toBe("ACTIVE");
  return (await known())[0]?.account ?? "";
}

/** Charges 100 yuan of rent for a month, due on a day. */
export async function charge({ contract }: Lease, due: string): Promise<void> {
  await query(
    `insert into bill (district_id, estate_id, unit_id, account_id, contract_id, kind, fee_item, month, period_from, period_to, due_on, amount_fen)
     select c.district_id, c.estate_id, c.unit_id, c.account_id, c.id, 'RENT', 'RENT', m, m, m + 27, $2::date, 10000
     from contract c cross join lateral (select date_trunc('month', $2::date)::date as m) month where c.id = $1`,
    [contract, due],
  );
}

/** Takes so much cash from the household at the counter; ends on the receipt. */
export async function pay(counter: Page, { account }: Lease, amount: string): Promise<void> {
  await visit(counter, `/billing/accounts/${account}`);
  const till = counter.getByRole("form", { name: "收款" });
  await till.getByLabel("收款金额(元)*").fill(amount);
  await till.getByRole("button", { name: /^收款/ }).click();
  await expect(counter).toHaveURL(/\/billing\/payments\/\d+$/);
  await hydrated(counter);
}

/** A household whose lease has run out and who owes two months of rent, the last of them since a day; a third one is paid. */
export async function behind(counter: Page, name: string, due: number): Promise<Lease> {
  const home = await lease(name, "EXPIRED", -500, -10);
  for (const before of [0, 31, 62]) await charge(home, day(due - before));
  // Taking money counts the household anew.
  await pay(counter, home, "100");
  return home;
}

/** The row of a household in any of the lists of dunning. */
export function rowOf(page: Page, { account }: Lease): Locator {
  return page.locator(".data-table tbody tr").filter({ has: page.locator(`a[href="/billing/dunning/accounts/${account}"]`) });
}
