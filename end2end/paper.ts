// Papers that come as a file.
import { readFileSync } from "node:fs";
import type { Download, Page } from "@playwright/test";
import { expect } from "./fixtures";

/** Presses what brings a paper, here or in a window of its own: a PDF with something on it. Answers its name. */
export async function printed(page: Page, press: () => Promise<void>): Promise<string> {
  const came = new Promise<Download>((resolve) => {
    page.once("download", resolve);
    page.context().once("page", (tab) => tab.once("download", resolve));
  });
  await press();
  const download = await came;
  const content = readFileSync(await download.path());
  expect(content.subarray(0, 4).toString("latin1"), download.suggestedFilename()).toBe("%PDF");
  expect(content.length, "a page of text with its font").toBeGreaterThan(5_000);
  return download.suggestedFilename();
}
