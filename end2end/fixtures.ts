// What every journey uses instead of Playwright's own `test`: pages that are watched, sign-in, accessibility.
import { type ChildProcess, spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { type BrowserContext, type Locator, type Page, type Response, test as base, expect } from "@playwright/test";
import pg from "pg";

export { expect };

interface Fixtures {
  /** Messages that this test provokes on purpose: `test.use({ expectedProblems: [/status of 422/] })`. */
  expectedProblems: RegExp[];
  /** A page in a browser of its own (another person at another desk), watched like the first. */
  anotherBrowser: () => Promise<Page>;
  /** A second server process on the same database (as behind a load balancer); answers its address. */
  anotherServer: () => Promise<string>;
  /** What went wrong in any page; asserted empty after the test. */
  problems: string[];
}

export const test = base.extend<Fixtures>({
  expectedProblems: [[], { option: true }],

  problems: [
    async ({ expectedProblems }, use) => {
      const problems: string[] = [];
      await use(problems);
      const unexpected = problems.filter((problem) => !expectedProblems.some((pattern) => pattern.test(problem)));
      expect(unexpected, "console errors, exceptions, failed requests, requests to other hosts").toEqual([]);
    },
    { auto: true },
  ],

  context: async ({ context, problems }, use) => {
    watch(context, problems);
    await use(context);
  },

  anotherBrowser: async ({ browser, contextOptions, baseURL, locale, timezoneId, viewport, problems }, use) => {
    const opened: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext({ ...contextOptions, baseURL, locale, timezoneId, viewport });
      opened.push(context);
      watch(context, problems);
      return context.newPage();
    });
    for (const context of opened) await context.close();
  },

  anotherServer: async ({ baseURL, request }, use) => {
    const started: ChildProcess[] = [];
    await use(async () => {
      const { hostname, port } = new URL(baseURL ?? "");
      const listen = `${hostname}:${Number(port) + 1 + started.length}`;
      const log = openSync(join(process.env.HOUSING_DATA ?? ".", `server-${listen.split(":")[1]}.log`), "a");
      started.push(
        spawn("target/debug/server", ["serve"], {
          cwd: fileURLToPath(new URL("..", import.meta.url)),
          env: { ...process.env, HOUSING_LISTEN: listen },
          stdio: ["ignore", log, log],
        }),
      );
      const answers = async () => (await request.get(`http://${listen}/sign-in`).catch(() => null))?.ok() ?? false;
      await expect.poll(answers, { message: `the server at ${listen}`, timeout: 30_000 }).toBe(true);
      return `http://${listen}`;
    });
    for (const server of started) {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      if (server.exitCode === null && server.kill("SIGTERM")) await ended;
    }
  },
});

/** Collects everything that a visitor's browser would complain about. */
function watch(context: BrowserContext, problems: string[]): void {
  context.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  context.on("weberror", (error) => problems.push(`exception: ${error.error().message}`));
  context.on("request", (request) => {
    const url = new URL(request.url());
    // A page never loads anything from another host. A second server process of ours has another port only.
    if (/^(http|ws)s?:$/.test(url.protocol) && url.hostname !== "127.0.0.1") problems.push(`other host: ${url.href}`);
  });
  context.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "";
    // Leaving a page ends its live stream and its downloads; that is no failure.
    if (reason !== "net::ERR_ABORTED") problems.push(`failed: ${request.method()} ${request.url()} ${reason}`);
  });
  context.on("response", (response) => {
    if (response.status() >= 400) {
      problems.push(`status of ${response.status()}: ${response.request().method()} ${response.url()}`);
    }
  });
}

/** Opens a page, waits until it is alive (a click before that is lost) and looks at its accessibility. */
export async function visit(page: Page, path: string): Promise<Response | null> {
  const response = await page.goto(path);
  await hydrated(page);
  await checkAxe(page);
  return response;
}

/** `frontend` sets the mark when the open page's own module is there, so it appears only where WASM has taken over. */
export async function hydrated(page: Page): Promise<void> {
  await page.locator("body[data-hydrated]").waitFor({ state: "attached" });
}

/** Nothing that axe calls serious or critical. Call it again after a step that changes what is shown. */
export async function checkAxe(page: Page): Promise<void> {
  // What still fades in has not the colours that people will read. Spinners turn for ever and are not waited for, and
  // what nobody sees (a closed menu) need not come to an end.
  await page.evaluate(() => {
    const fading = document.getAnimations().filter(({ effect, timeline }) => {
      const seen = effect instanceof KeyframeEffect && effect.target?.checkVisibility();
      return seen && timeline === document.timeline && effect.getComputedTiming().endTime !== Infinity;
    });
    const faded = Promise.all(fading.map((animation) => animation.finished.catch(() => undefined)));
    return Promise.race([faded, new Promise((resolve) => setTimeout(resolve, 3000))]).then(() => undefined);
  });
  // Within the page itself, and told of nothing but what is wrong: a second page that puts the answers of frames together
  // takes most of the time, and there are no frames of others here.
  const axe = new AxeBuilder({ page }).options({ resultTypes: ["violations"] }).setLegacyMode(true);
  const { violations } = await axe.analyze();
  const bad = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
  expect(bad, `accessibility of ${page.url()}`).toEqual([]);
  // Of two elements with one id a label names the first, whichever field it stands at.
  const ids = await page.locator("[id]").evaluateAll((all) => all.map(({ id }) => id));
  expect(ids.filter((id, at) => ids.indexOf(id) !== at), `ids at ${page.url()}`).toEqual([]);
}

/** Presses a deed's button and answers its question. */
export async function confirm(page: Page, label: string, word?: string): Promise<void> {
  await page.getByRole("button", { name: label, exact: true }).click();
  const question = page.getByRole("form", { name: `${label}确认` });
  if (word !== undefined) await question.getByRole("textbox").fill(word);
  await question.getByRole("button", { name: "确定" }).click();
}

/** Takes something in a combobox by keyboard: what its name finds, or the one at this place of the list (from 1). */
export async function pick(field: Locator, wanted: string | number): Promise<void> {
  await field.focus();
  if (typeof wanted === "string") await field.fill(wanted);
  else for (let place = 0; place < wanted; place++) await field.press("ArrowDown");
  const list = field.page().locator(`[id="${await field.getAttribute("aria-controls")}"]`);
  await expect(list.locator(".is-active"), `options of ${field}`).toBeVisible();
  await field.press("Enter");
  await expect(list).toBeHidden();
}

export interface Account {
  login: string;
  password: string;
  role: string;
}

/** The seeded accounts with the passwords that the demo has just drawn. */
export function accounts(): Account[] {
  const lines = readFileSync(accountsFile(), "utf8").split("\n").filter((line) => line.includes("\t"));
  return lines.map((line) => {
    const [login = "", password = "", role = ""] = line.split("\t");
    return { login, password, role };
  });
}

/** By login (`city01`) or, if none has that name, the first with that role (`CITY`). */
export function account(name: string): Account {
  const all = accounts();
  const found = all.find(({ login }) => login === name) ?? all.find(({ role }) => role === name);
  if (!found) throw new Error(`no demo account ${name} in ${accountsFile()}`);
  return found;
}

/** Written by the server when it seeds the demo. */
function accountsFile(): string {
  return join(process.env.HOUSING_DATA ?? "target/e2e", "demo-accounts.txt");
}

/** One statement against the database under test, with its rows. */
export async function query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** What the captcha of the open sign-in page shows. There is no bypass, so a test reads the answer where it lies. */
export async function captchaAnswer(page: Page): Promise<string> {
  const id = await page.locator("input[name=captcha_id]").inputValue();
  const [row] = await query<{ answer: string }>("select answer from captcha where id = $1", [id]);
  if (!row) throw new Error(`no captcha ${id} in the database`);
  return row.answer;
}

/** Signs in as a person would: by login, or by role (`signIn(page, "CITY")`). Ends on the page that follows. */
export async function signIn(page: Page, name: string): Promise<Account> {
  const who = account(name);
  // Who is signed in is shown home, and no form.
  await page.context().clearCookies({ name: "housing_session" });
  await page.goto("/sign-in");
  await hydrated(page);
  await page.locator("input[name=login]").fill(who.login);
  await page.locator("input[name=password]").fill(who.password);
  await page.locator("input[name=captcha]").fill(await captchaAnswer(page));
  await page.locator("form button[type=submit]").click();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  // A journey begins on a page that is there and alive.
  await page.locator("main.page h1").waitFor();
  await hydrated(page);
  return who;
}
