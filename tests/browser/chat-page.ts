import type { Locator, Page } from "playwright-core";

/** Writes and sends one message to a graph; answers with the reply's element. */
export async function ask(page: Page, message: string, graphId?: string): Promise<Locator> {
  const before = await replies(page).count();
  await page.locator("#graph:not([disabled])").waitFor();
  if (graphId !== undefined) await page.getByLabel("Graph").selectOption(graphId);
  await page.getByLabel("Message", { exact: true }).fill(message);
  await page.keyboard.press("Enter");
  const reply = replies(page).nth(before);
  await reply.waitFor();
  return reply;
}

export function replies(page: Page): Locator {
  return page.getByRole("article", { name: "Reply" });
}

export async function isOver(reply: Locator): Promise<void> {
  await reply.and(reply.page().locator('[data-phase="ended"]')).waitFor({ timeout: 45_000 });
}

export function replyText(reply: Locator): Promise<string> {
  return reply.locator(".reply-text").innerText();
}

/** The numbers of the fake model's words `w1234-0 w1234-1 …`, which show any gap, repeat or disorder. */
export function wordNumbers(text: string): number[] {
  return [...text.matchAll(/w[0-9a-f]{4}-(\d+)/g)].map(([, number]) => Number(number));
}

export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

export function runIdOf(reply: Locator): Promise<string | null> {
  return reply.getAttribute("data-run-id");
}
