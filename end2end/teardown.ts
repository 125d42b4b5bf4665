// After the last journey: a page that reached the browser does not prove that the server was well.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export default function teardown(): void {
  const file = join(process.env.HOUSING_DATA ?? "target/e2e/1", "server.log");
  const log = readFileSync(file, "utf8");
  const panics = log.split("\n").filter((line) => line.includes("panicked at"));
  if (panics.length > 0) throw new Error(`the server panicked (${file}):\n${panics.join("\n")}`);
}
