// After the last journey: a page that reached the browser does not prove that the server was well.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export default function teardown(): void {
  const log = readFileSync(fileURLToPath(new URL("../target/e2e/server.log", import.meta.url)), "utf8");
  const panics = log.split("\n").filter((line) => line.includes("panicked at"));
  if (panics.length > 0) throw new Error(`the server panicked (target/e2e/server.log):\n${panics.join("\n")}`);
}
