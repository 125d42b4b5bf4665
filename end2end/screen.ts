// What a page looks like on screens of different size, and what happens when nobody looks at it.
import { type Page, expect } from "@playwright/test";

/** Nothing sticks out at the side: a phone would show a page that can be pushed around. */
export async function fitsWidth(page: Page, what = page.url()): Promise<void> {
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  expect(wide, `width of ${what}`).toBeLessThanOrEqual(screen ?? 0);
}

/** The tab goes behind others, or comes back. The headless browser shows all of its pages at once, so it is told. */
export async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}

/** A chart has been drawn: its canvas has a size, stays inside its box, and not all of it is empty. */
export async function expectDrawn(page: Page, id: string): Promise<void> {
  const painted = () =>
    page.evaluate((id) => {
      const box = document.getElementById(id);
      const canvas = box?.querySelector("canvas");
      if (!box || !canvas || canvas.width === 0 || canvas.height === 0) return "no canvas";
      if (canvas.clientWidth > box.clientWidth + 1) return `canvas of ${canvas.clientWidth} in a box of ${box.clientWidth}`;
      const { data } = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      return data.some((value) => value !== 0) ? "painted" : "empty";
    }, id);
  await expect.poll(painted, `the chart ${id}`).toBe("painted");
}
