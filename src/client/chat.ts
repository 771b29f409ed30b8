import type { Catalog } from "./catalog.ts";
import { loadCatalog } from "./catalog.ts";
import { createComposer } from "./composer.ts";
import { createConversation } from "./conversation.ts";
import { byId, el, setText } from "./dom.ts";
import { announce, refreshBalance } from "./shell.ts";
import { createThreadList } from "./threads.ts";

const title = byId("thread-title", HTMLElement);
const messages = byId("messages", HTMLElement);
const toggle = byId("threads-toggle", HTMLButtonElement);
const titleLengthMax = 80;
let threadId: string | null = null;

const catalog: Promise<Catalog | null> = loadCatalog().then((answer) => {
  if (answer.ok) composer.offer(answer.value);
  else welcome(answer.problem.message);
  return answer.ok ? answer.value : null;
});

let wasIdle = true;
const conversation = createConversation({
  catalog: () => catalog,
  askAgain: (question) => composer.ask(question),
  onLastRun: (run) => composer.choose(run),
  onState(state) {
    composer.setState(state);
    const isIdle = state === "idle";
    if (!wasIdle && isIdle) void Promise.all([refreshBalance(), threads.refresh()]);
    wasIdle = isIdle;
  },
});

const composer = createComposer({
  send: (wish) => void send(wish),
  stop: () => void conversation.stop(),
});

const threads = createThreadList({
  open(id) {
    history.pushState(null, "", `/?thread=${id}`);
    void showThread(id);
  },
  onDeleted: () => newChat("replace"),
});

async function send(wish: { message: string; graphId: string; model: string }) {
  const answer = await conversation.send({ ...wish, threadId });
  if (!answer.ok) return composer.restore(wish.message);
  if (threadId === answer.value.threadId) return;
  // The address names the thread, so that a reload finds the run again.
  threadId = answer.value.threadId;
  history.replaceState(null, "", `/?thread=${threadId}`);
  threads.markCurrent(threadId);
  setTitle(wish.message.replace(/\s+/g, " ").slice(0, titleLengthMax));
  await threads.refresh();
}

async function showThread(id: string) {
  threadId = id;
  threads.markCurrent(id);
  setThreadsOpen(false);
  setTitle("…");
  const answer = await conversation.open(id);
  if (threadId !== id) return;
  if (answer.ok) {
    setTitle(answer.value.title);
    announce(`Opened ${answer.value.title}`);
    focusPlace();
  } else {
    newChat("replace");
    welcome(answer.problem.status === 404 ? "There is no such chat." : answer.problem.message);
  }
}

function newChat(how: "push" | "replace" | "stay") {
  threadId = null;
  if (how === "push") history.pushState(null, "", "/");
  if (how === "replace") history.replaceState(null, "", "/");
  conversation.clear();
  threads.markCurrent(null);
  setThreadsOpen(false);
  setTitle("New chat");
  welcome("Pick a graph, write a message, and see what the reply costs while it is written.");
  focusPlace();
}

function welcome(note: string) {
  messages.querySelector(".welcome")?.remove();
  messages.prepend(
    el(
      "div",
      { class: "welcome" },
      el("h2", {}, "What should run?"),
      el("p", { class: "quiet" }, note),
    ),
  );
}

function setTitle(text: string) {
  setText(title, text);
  document.title = `${text} · Runledger`;
}

/** On a touch screen the focus would open the keyboard over what is to be read. */
function focusPlace() {
  if (matchMedia("(hover: hover)").matches) composer.focus();
  else title.focus();
}

function setThreadsOpen(isOpen: boolean) {
  document.body.classList.toggle("threads-open", isOpen);
  toggle.setAttribute("aria-expanded", String(isOpen));
}

function showAddress() {
  const id = new URLSearchParams(location.search).get("thread");
  if (id === null) newChat("stay");
  else void showThread(id);
}

toggle.addEventListener("click", () =>
  setThreadsOpen(toggle.getAttribute("aria-expanded") !== "true"),
);
byId("new-chat", HTMLButtonElement).addEventListener("click", () => newChat("push"));
addEventListener("popstate", showAddress);
addEventListener("online", () => conversation.hurry());

showAddress();
void threads.refresh();
void refreshBalance();
