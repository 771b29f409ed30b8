import { callApi, problemText } from "./api.ts";
import { confirmLoss } from "./confirm.ts";
import { byId, button, el, setText } from "./dom.ts";
import { formatAgo } from "./format.ts";
import type { Page, ThreadSummary } from "./wire.ts";

export interface ThreadListActions {
  open(threadId: string): void;
  /** The thread that is open was deleted. */
  onDeleted(threadId: string): void;
}

export interface ThreadList {
  refresh(): Promise<void>;
  markCurrent(threadId: string | null): void;
}

const searchDelayMs = 200;

export function createThreadList({ open, onDeleted }: ThreadListActions): ThreadList {
  const list = byId("thread-list", HTMLUListElement);
  const note = byId("thread-note", HTMLElement);
  const more = byId("thread-more", HTMLButtonElement);
  const search = byId("thread-search", HTMLInputElement);
  let current: string | null = null;
  let cursor: string | null = null;
  let generation = 0;

  async function load(isFirstPage: boolean) {
    const asked = ++generation;
    const query = new URLSearchParams({ limit: "30" });
    if (search.value.trim() !== "") query.set("q", search.value.trim());
    if (!isFirstPage && cursor !== null) query.set("cursor", cursor);
    const answer = await callApi<Page<ThreadSummary>>(`/api/v1/ai/threads?${query}`);
    // A newer search overtook this one.
    if (asked !== generation) return;
    if (!answer.ok) return setText(note, problemText(answer.problem));
    const items = answer.value.items.map(item);
    if (isFirstPage) list.replaceChildren(...items);
    else list.append(...items);
    cursor = answer.value.nextCursor;
    more.hidden = cursor === null;
    const isSearch = query.has("q");
    setText(note, list.children.length > 0 ? "" : isSearch ? "No chat matches." : "No chats yet.");
  }

  function item({ threadId, title, updatedAt }: ThreadSummary): HTMLLIElement {
    const link = el(
      "a",
      { href: `/?thread=${threadId}`, title },
      el("span", { class: "thread-title", dir: "auto" }, title === "" ? "Untitled" : title),
      el("span", { class: "thread-time" }, formatAgo(updatedAt, Date.now())),
    );
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      open(threadId);
    });
    const remove = button("×", () => void deleteThread(threadId, title), "icon-button");
    remove.setAttribute("aria-label", `Delete ${title}`);
    const element = el("li", { "data-thread-id": threadId }, link, remove);
    mark(element);
    return element;
  }

  async function deleteThread(threadId: string, title: string) {
    const question = `Delete “${title}”?`;
    const consequence = "Its messages are lost. Receipts and costs stay in the ledger.";
    if (!(await confirmLoss(question, consequence, "Delete"))) return;
    const answer = await callApi(`/api/v1/ai/threads/${threadId}`, { method: "DELETE" });
    if (!answer.ok) return setText(note, problemText(answer.problem));
    await load(true);
    search.focus();
    if (threadId === current) onDeleted(threadId);
  }

  function mark(element: Element) {
    const isCurrent = element.getAttribute("data-thread-id") === current;
    const link = element.querySelector("a");
    if (isCurrent) link?.setAttribute("aria-current", "true");
    else link?.removeAttribute("aria-current");
  }

  let timer: ReturnType<typeof setTimeout> | undefined;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void load(true), searchDelayMs);
  });
  more.addEventListener("click", () => void load(false));

  return {
    refresh: () => load(true),
    markCurrent(threadId) {
      current = threadId;
      for (const element of list.children) mark(element);
    },
  };
}
