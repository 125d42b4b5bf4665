// Playwright in fresh databases: `.ci/e2e` calls this with DATABASE_URL of a cluster that outlives the run.
//
// All journeys together take half an hour one after another, so halves of them run side by side, each in a city of its own
// with a server of its own. Journeys that are named run in one city.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";

const chosen = process.argv.slice(2);
const cities = chosen.length > 0 ? 1 : Math.min(2, availableParallelism());
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

const cluster = new pg.Client({ connectionString: process.env.DATABASE_URL });
await cluster.connect();
for (let city = 1; city <= cities; city++) {
  await cluster.query(`drop database if exists e2e${city} with (force)`);
  await cluster.query(`create database e2e${city}`);
}
await cluster.end();

function run(city) {
  const data = join(process.env.HOUSING_DATA, String(city));
  mkdirSync(data, { recursive: true });
  const half = cities > 1 ? ["--shard", `${city}/${cities}`] : [];
  const playwright = spawn(
    process.execPath,
    [path("node_modules/@playwright/test/cli.js"), "test", "--config", path("playwright.config.ts"), ...half, ...chosen],
    {
      stdio: cities > 1 ? ["ignore", "pipe", "pipe"] : "inherit",
      env: {
        ...process.env,
        DATABASE_URL: process.env.DATABASE_URL.replace(/[^/]*$/, `e2e${city}`),
        HOUSING_DATA: data,
        // A test starts further servers at the ports behind its own.
        E2E_PORT: String(Number(process.env.E2E_PORT ?? 4173) + 20 * (city - 1)),
        E2E_CITY: String(city),
      },
    },
  );
  for (const stream of [playwright.stdout, playwright.stderr]) {
    if (stream) createInterface({ input: stream }).on("line", (line) => console.log(`${city} | ${line}`));
  }
  process.on("SIGTERM", () => playwright.kill("SIGTERM"));
  return new Promise((resolve) => playwright.on("exit", (code) => resolve(code ?? 1)));
}

// The terminal sends Ctrl-C to all of them; this process only waits for the others' end.
process.on("SIGINT", () => {});
const ends = await Promise.all(Array.from({ length: cities }, (_, at) => run(at + 1)));
process.exit(Math.max(...ends));
