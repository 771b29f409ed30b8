import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  ConsoleMessage,
  Page,
} from "playwright-core";
import { findChromium, installChromium, launchChromium } from "./chromium.ts";
import { startProduct } from "./product.ts";
import type { Product } from "./product.ts";

export interface BrowserSuite {
  product(): Product;
  /** A page in a fresh profile. Whatever it complains about fails the test. */
  open(path: string, options?: PageOptions): Promise<Page>;
  /** A request of the page's own account to the API. */
  api<T>(path: string): Promise<T>;
}

export interface PageOptions extends BrowserContextOptions {
  /** The test keeps the server from answering, which Chromium logs as an error each time. */
  losesAnswers?: boolean;
}

const path = findChromium();
if (path === null) process.stderr.write(`${installChromium}\n`);

/**
 * Tests against the real product in a real browser. After each one, its pages must have logged no error and broken no
 * rule of the content security policy (Chromium reports those as errors).
 */
export function describeInBrowser(name: string, tests: (suite: BrowserSuite) => void): void {
  describe.skipIf(path === null)(
    `${name}${path === null ? ` (skipped: ${installChromium})` : ""}`,
    () => {
      let product: Product;
      let browser: Browser;
      let contexts: BrowserContext[] = [];
      let complaints: string[] = [];

      beforeAll(async () => {
        [product, browser] = await Promise.all([startProduct(), launchChromium(path ?? "")]);
      });
      afterAll(async () => {
        await browser?.close();
        await product?.stop();
      });
      afterEach(async () => {
        for (const context of contexts) await context.close();
        const heard = complaints;
        contexts = [];
        complaints = [];
        expect(heard).toEqual([]);
      });

      tests({
        product: () => product,
        async open(address, { losesAnswers = false, ...options } = {}) {
          const context = await browser.newContext({ baseURL: product.url, ...options });
          contexts.push(context);
          const page = await context.newPage();
          page.on("pageerror", (error) => complaints.push(`${address}: ${error.message}`));
          page.on("console", (message) => {
            if (message.type() !== "error" || isAnsweredRefusal(message)) return;
            if (losesAnswers && message.text().includes("net::ERR_")) return;
            const { url } = message.location();
            complaints.push(`${address}: ${message.text()} (${url})`);
          });
          await page.goto(address);
          return page;
        },
        async api<T>(address: string) {
          const answer = await fetch(`${product.url}${address}`);
          return (await answer.json()) as T;
        },
      });
    },
  );
}

/** For what the product does in its own time. Resolves as soon as it is so. */
export function eventually<T>(read: () => T | Promise<T>) {
  return expect.poll(read, { timeout: 30_000 });
}

/** Chromium logs every refusal of the API as an error; the pages show it to the person, which the tests look at. */
function isAnsweredRefusal(message: ConsoleMessage): boolean {
  const isApi = new URL(message.location().url, "http://none").pathname.startsWith("/api/");
  return isApi && /responded with a status of 4\d\d/.test(message.text());
}

/** Reloads a chat whose graphs do not come until the function that this resolves with is called. */
export async function reloadWithoutGraphs(page: Page): Promise<() => void> {
  await page.locator("#graph:not([disabled])").waitFor();
  const come = Promise.withResolvers<void>();
  await page.route("**/api/v1/ai/agents", async (route) => {
    await come.promise;
    await route.continue();
  });
  await page.reload();
  return () => come.resolve();
}
