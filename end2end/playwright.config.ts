// Browser journeys against the real server (dev build) and a real PostgreSQL; run by `.ci/e2e`, which sets
// DATABASE_URL to a database made for the run, HOUSING_DATA and HOUSING_SITE.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "@playwright/test";

const root = fileURLToPath(new URL("..", import.meta.url));
const port = Number(process.env.E2E_PORT ?? 4173);
const baseURL = `http://127.0.0.1:${port}`;

/** The system's browser; Playwright's own download is not a package registry. */
function browser(): string {
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
  const onPath = names.flatMap((name) => (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)));
  const found = [process.env.CHROMIUM ?? "", ...onPath].find((path) => path !== "" && existsSync(path));
  if (!found) throw new Error("no Chromium found: run `.ci/setup --test`");
  return found;
}

export default defineConfig({
  testDir: "./tests",
  outputDir: "./test-results",
  globalSetup: "./setup.ts",
  globalTeardown: "./teardown.ts",
  // One city in one database: journeys build on it in turn, and two cores are busy with server and browser.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  reporter: [["list"], ["json", { outputFile: join(root, "target/e2e/results.json") }]],
  use: {
    baseURL,
    // A step that waits for something that does not come says so soon, and not at the end of its test.
    actionTimeout: 20_000,
    browserName: "chromium",
    locale: "zh-CN",
    timezoneId: "Asia/Shanghai",
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: browser(),
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  webServer: {
    // `exec`, so that the signal at the end reaches the server and not a shell.
    command: "exec target/debug/server serve --demo >target/e2e/server.log 2>&1",
    cwd: root,
    url: baseURL,
    reuseExistingServer: false,
    timeout: 120_000,
    gracefulShutdown: { signal: "SIGTERM", timeout: 15_000 },
    // One address signs in here for everybody, as often as the journeys are quick.
    env: { HOUSING_LISTEN: `127.0.0.1:${port}`, HOUSING_LIMIT_DOOR: "0" },
  },
});
