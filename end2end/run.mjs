// Playwright in a fresh database: `.ci/e2e` calls this with DATABASE_URL of a cluster that outlives the run.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import pg from "pg";

const NAME = "e2e";

const cluster = new pg.Client({ connectionString: process.env.DATABASE_URL });
await cluster.connect();
await cluster.query(`drop database if exists ${NAME} with (force)`);
await cluster.query(`create database ${NAME}`);
await cluster.end();

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const playwright = spawn(
  process.execPath,
  [path("node_modules/@playwright/test/cli.js"), "test", "--config", path("playwright.config.ts"), ...process.argv.slice(2)],
  { stdio: "inherit", env: { ...process.env, DATABASE_URL: process.env.DATABASE_URL.replace(/[^/]*$/, NAME) } },
);
playwright.on("exit", (code) => process.exit(code ?? 1));
// The terminal sends Ctrl-C to both; this process only waits for the other's end.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => playwright.kill("SIGTERM"));
