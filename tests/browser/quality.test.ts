import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { ask, isOver } from "./chat-page.ts";
import { lowContrast } from "./contrast.ts";
import { watchShifts } from "./layout-shift.ts";
import { describeInBrowser, eventually } from "./suite.ts";

const paths = ["/", "/activity", "/schedules", "/account"];

/** Controls that a screen reader could not name. */
function unnamedControls(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("input, select, textarea, button, a[href]")]
      .filter((control) => control.checkVisibility())
      .filter((control) => {
        const labels = "labels" in control ? (control.labels as NodeList | null) : null;
        return (
          (control.getAttribute("aria-label") ?? "") === "" &&
          (labels?.length ?? 0) === 0 &&
          control.textContent.trim() === ""
        );
      })
      .map((control) => control.outerHTML.slice(0, 80)),
  );
}

async function isLoaded(page: Page) {
  await page.waitForLoadState("networkidle");
  await eventually(() => page.locator('[aria-busy="true"]').count()).toBe(0);
}

describeInBrowser("every page", ({ open, product }) => {
  test.for(paths)("%s has its title, landmarks, one heading and named controls", async (path) => {
    const page = await open(path);
    await isLoaded(page);
    expect(await page.title()).toMatch(/ · Runledger$/);
    expect(await page.getByRole("main").count()).toBe(1);
    expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
    expect(await page.locator('nav [aria-current="page"]').count()).toBe(1);
    expect(await unnamedControls(page)).toEqual([]);
  });

  describe.for(["light", "dark"] as const)("in %s", (colorScheme) => {
    test.for(paths)("%s can be read", async (path) => {
      const page = await open(path, { colorScheme });
      await isLoaded(page);
      const [red = 0] = await page.evaluate(() =>
        getComputedStyle(document.body).backgroundColor.match(/\d+/g)!.map(Number),
      );
      expect(red < 128).toBe(colorScheme === "dark");
      expect(await lowContrast(page)).toEqual([]);
    });
  });

  test.for(paths)("%s does not scroll sideways on a small phone", async (path) => {
    const page = await open(path, { viewport: { width: 360, height: 640 } });
    await isLoaded(page);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(360);
    expect(await page.locator("#balance").innerText()).toMatch(/^\$\d+\.\d\d$/);
    const exact = /^Available \$\d+\.\d{2,7}$/;
    expect(await page.locator("#balance").getAttribute("aria-label")).toMatch(exact);
  });

  test("a chat with long words and wide tables does not scroll sideways on a small phone", async () => {
    const page = await open("/", { viewport: { width: 360, height: 640 } });
    const wide = `${"x".repeat(400)} | a | b | ${"`long code` ".repeat(20)}`;
    await isOver(await ask(page, `[[say:${wide}]]`, "langgraph:poet"));
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(360);
  });

  test.for(paths)("%s does not jump while it loads", async (path) => {
    const page = await open("about:blank");
    const shift = await watchShifts(page);
    await page.goto(`${product().url}${path}`);
    await isLoaded(page);
    expect(await shift()).toBeLessThan(0.05);
  });

  test("an unknown page is told apart from an error, in HTML", async () => {
    const answer = await fetch(`${product().url}/nowhere`, { headers: { accept: "text/html" } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toContain("text/html");
    expect(await answer.text()).toContain("There is nothing");
  });

  test("pages allow no inline script, no foreign host and no frame", async () => {
    for (const path of paths) {
      const answer = await fetch(`${product().url}${path}`);
      const policy = answer.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("style-src 'self'");
      expect(policy).not.toContain("unsafe");
      expect(await answer.text()).not.toMatch(/ style=| on[a-z]+=|<script(?![^>]+src=)/);
    }
  });

  test("the keyboard alone is enough to make a key and to put it away", async () => {
    const page = await open("/account");
    await isLoaded(page);
    const { keyboard } = page;
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
    await keyboard.press("Tab");
    expect(await focused()).toBe("Skip to content");
    await keyboard.press("Enter");
    await keyboard.press("Tab");
    expect(await focused()).toBe("New key");
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle);
    expect(ring).toBe("solid");
    await keyboard.press("Enter");
    await keyboard.type("By keyboard");
    await keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Your new key" }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("secret");
    await keyboard.press("Escape");
    expect(await focused()).toBe("New key");
  });

  test("the keyboard alone is enough to choose a graph, ask, and stop", async () => {
    const page = await open("/");
    await page.locator("#graph:not([disabled])").waitFor();
    const { keyboard } = page;
    const focused = () => page.evaluate(() => document.activeElement?.id);
    expect(await focused()).toBe("message");
    await keyboard.press("Tab");
    expect(await focused()).toBe("graph");
    await keyboard.type("Poet");
    expect(await page.getByLabel("Graph").inputValue()).toBe("langgraph:poet");
    await keyboard.press("Shift+Tab");
    await keyboard.type("Long [[tokens:300]] [[delay:25]]");
    await keyboard.press("Enter");
    expect(await focused()).toBe("message");
    const stop = page.getByRole("button", { name: "Stop" });
    await stop.waitFor();
    for (let presses = 0; presses < 3; presses += 1) await keyboard.press("Tab");
    expect(await focused()).toBe("stop");
    await keyboard.press("Enter");
    await page.getByText("You stopped this reply").waitFor();
    expect(await focused()).toBe("message");
  });

  test("a screen reader is told the reply in whole sentences", async () => {
    const page = await open("/");
    const told: string[] = [];
    await page.exposeFunction("tell", (text: string) => told.push(text));
    await page.evaluate(() => {
      const region = document.getElementById("announcer")!;
      const { tell } = window as unknown as { tell(text: string): void };
      new MutationObserver(() => tell(region.textContent)).observe(region, { childList: true });
    });
    await isOver(await ask(page, "[[say:The sea rises. The sea falls.]]", "langgraph:poet"));
    await eventually(() => told.join(" ")).toContain("The sea falls.");
    expect(told.every((text) => text.endsWith("."))).toBe(true);
  });
});
