import { expect, test } from "vitest";
import { ask, isOver, replies } from "./chat-page.ts";
import { describeInBrowser, eventually } from "./suite.ts";

describeInBrowser("a chat that is read", ({ open }) => {
  test("stays where it is when the reader opens the steps of a reply", async () => {
    const page = await open("/", { viewport: { width: 1280, height: 540 } });
    const reply = await ask(page, "Ponder [[tokens:60]]", "langgraph:ponderer");
    await isOver(reply);
    await page.getByRole("button", { name: "Send" }).waitFor();
    const transcript = page.locator("#transcript");
    const summary = reply.locator(".steps > summary");
    const top = () => summary.evaluate((element) => element.getBoundingClientRect().top);
    await transcript.evaluate((element) => {
      element.scrollTop = element.scrollHeight;
    });
    const before = await top();
    expect(before).toBeGreaterThan(100);
    await summary.evaluate((element: HTMLElement) => element.click());
    // Two frames: what has grown is told after the first.
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
    expect(await top()).toBeCloseTo(before, 0);
    await summary.evaluate((element: HTMLElement) => element.click());
    await isOver(await ask(page, "Next", "langgraph:poet"));
    const below = () =>
      transcript.evaluate(
        (element) => element.scrollHeight - element.scrollTop - element.clientHeight,
      );
    await eventually(below).toBeLessThan(80);
    await isOver(replies(page).last());
  });

  test("runs in the direction of its own words", async () => {
    const page = await open("/");
    await isOver(await ask(page, "[[say:שלום עולם]] שלום", "langgraph:poet"));
    const direction = (selector: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => getComputedStyle(element).direction);
    expect(await direction(".reply-text")).toBe("rtl");
    await page.getByLabel("Message", { exact: true }).fill("שלום");
    expect(await direction("#message")).toBe("rtl");
  });

  test("names graphs and models in full on a small phone", async () => {
    const page = await open("/", { viewport: { width: 360, height: 640 } });
    await page.locator("#graph:not([disabled])").waitFor();
    for (const id of ["graph", "model"]) {
      const { width, needed } = await page.locator(`#${id}`).evaluate((select: HTMLElement) => {
        const probe = document.createElement("select");
        probe.className = select.className;
        probe.style.cssText = "position: absolute; width: auto; max-width: none; flex: none";
        probe.append(...[...select.children].map((option) => option.cloneNode(true)));
        select.after(probe);
        const measured = { width: select.offsetWidth, needed: probe.offsetWidth };
        probe.remove();
        return measured;
      });
      expect(width).toBeGreaterThanOrEqual(needed);
    }
  });
});
