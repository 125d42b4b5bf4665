// Judges one page with Lighthouse as on a telephone (its own default: a slow processor, a slow network): `node run.mjs <address> <runs>`,
// the cookie of who is signed in in HOUSING_COOKIE, where a list of processes does not show it. Prints the scores, 0 to 100, as JSON.
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const [address, runs] = process.argv.slice(2);
const categories = ["performance", "accessibility"];
const scores = Object.fromEntries(categories.map((category) => [category, []]));
const complaints = new Set();

const chrome = await launch({
  chromePath: process.env.CHROMIUM || undefined,
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
  logLevel: "silent",
});
try {
  for (let run = 0; run < Number(runs); run++) await judge();
} finally {
  chrome.kill();
}
console.log(JSON.stringify({ ...scores, complaints: [...complaints] }));

async function judge() {
  const { lhr } = await lighthouse(address, {
    port: chrome.port,
    logLevel: "silent",
    onlyCategories: categories,
    extraHeaders: { Cookie: process.env.HOUSING_COOKIE ?? "" },
  });
  if (lhr.runtimeError) throw new Error(`${lhr.runtimeError.code}: ${lhr.runtimeError.message}`);
  // Who is not signed in any more is led to the door, and that is another page.
  if (lhr.finalDisplayedUrl !== address) throw new Error(`it was led away to ${lhr.finalDisplayedUrl}`);
  for (const category of categories) {
    const { score, auditRefs } = lhr.categories[category];
    if (score === null) throw new Error(`${category} has no score`);
    scores[category].push(Math.round(score * 100));
    for (const { id, weight } of auditRefs) {
      const { score, displayValue } = lhr.audits[id];
      if (weight > 0 && score !== null && score < 0.9) complaints.add(`${id} ${displayValue ?? ""}`.trim());
    }
  }
}
