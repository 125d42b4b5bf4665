// Builds the style sheet, charts and map into one folder: `node style/build.mjs <folder>`.
// Runs in a moment when nothing changed, and leaves a file untouched whose content stays the same.
import { execFile } from "node:child_process";
import { mkdir, readFile, readdir, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const [folder] = process.argv.slice(2);
if (!folder) fail("usage: node style/build.mjs <folder>");
const out = resolve(folder);

// Tailwind 4 itself asks for Chrome 111 and Safari 16.4. esbuild writes older forms (nesting, inset, colours)
// where they exist, so a tenant's older phone gets a plainer page and not a broken one.
const browsers = ["chrome87", "edge88", "firefox78", "safari14"];

const inputs = await stampOf([here, join(here, "../app/src")]);
const stampFile = `${out}.stamp`;
if ((await readFile(stampFile, "utf8").catch(() => "")) === inputs && (await exists(join(out, "housing.css")))) {
  process.exit(0);
}

const esbuild = await import("esbuild").catch(() => fail("node modules are missing; run `.ci/setup`"));
await mkdir(out, { recursive: true });
await Promise.all([styleSheet(), bundle("charts.js", "echarts.js"), bundle("map.js", "map.js"), mapStyle()]);
await writeFile(stampFile, inputs);

async function styleSheet() {
  const raw = `${out}.tailwind.css`;
  const cli = join(here, "node_modules/@tailwindcss/cli/dist/index.mjs");
  await promisify(execFile)(process.execPath, [cli, "--input", join(here, "main.css"), "--output", raw], {
    cwd: here,
  }).catch((error) => fail(`Tailwind: ${error.stderr ?? error}`));
  const css = await readFile(raw, "utf8");
  const { code } = await esbuild.transform(css, {
    loader: "css",
    minify: true,
    target: browsers,
    logLevel: "error",
  });
  await put("housing.css", code);
}

/** One classic script without exports: it sets a global, and a page loads it when it needs it. */
async function bundle(entry, name) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(here, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2018",
    legalComments: "none",
    banner: { js: await licences(entry) },
    logLevel: "error",
  });
  await put(name, outputFiles[0].text);
}

/** Leaflet's style without its three pictures: layer switch and markers are ours. */
async function mapStyle() {
  const css = await readFile(join(here, "node_modules/leaflet/dist/leaflet.css"), "utf8");
  const plain = css.replace(/background-image:\s*url\(images\/[^)]*\);/g, "");
  const { code } = await esbuild.transform(plain, { loader: "css", minify: true, target: browsers });
  await put("map.css", code);
}

/** The licences ask for their notice to travel with the code. */
async function licences(entry) {
  const notice = {
    "charts.js": "Apache ECharts (Apache-2.0) and zrender, tslib (BSD-3-Clause, 0BSD)",
    "map.js": "Leaflet (BSD-2-Clause), (c) Volodymyr Agafonkin, CloudMade",
  };
  return `/*! ${notice[entry]} */`;
}

/** Replaces in one step and only when different, so that the bundle tool sees what really changed. */
async function put(name, text) {
  const path = join(out, name);
  if ((await readFile(path, "utf8").catch(() => null)) === text) return;
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

/** Path, size and time of every input, sorted. */
async function stampOf(roots) {
  const lines = [];
  for (const root of roots) {
    for (const path of await files(root)) {
      const about = await stat(path);
      lines.push(`${relative(here, path)} ${about.size} ${about.mtimeMs}`);
    }
  }
  return lines.sort().join("\n");
}

async function files(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(
    entries
      .filter((entry) => entry.name !== "node_modules" && !entry.name.startsWith("."))
      .map((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? files(path) : [path];
      }),
  );
  return found.flat();
}

async function exists(path) {
  return stat(path).then(() => true, () => false);
}

function fail(message) {
  console.error(`style: ${message}`);
  process.exit(1);
}
