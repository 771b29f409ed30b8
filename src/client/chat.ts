import type { Answer, Problem } from "./api.ts";
import { problemText } from "./api.ts";
import type { Catalog } from "./catalog.ts";
import { loadCatalog } from "./catalog.ts";
import { createComposer } from "./composer.ts";
import type { RunChoice } from "./conversation.ts";
import { createConversation, isConflict } from "./conversation.ts";
import { button, byId, el, setText } from "./dom.ts";
import { announce, refreshBalance } from "./shell.ts";
import { threadTitle } from "./thread-title.ts";
import { createThreadList } from "./threads.ts";
import type { StartedRun } from "./wire.ts";

const title = byId("thread-title", HTMLElement);
const messages = byId("messages", HTMLElement);
const toggle = byId("threads-toggle", HTMLButtonElement);
let threadId: string | null = null;
/** Counts the chats that were gone to: what comes for an earlier one is not shown in this one. */
let visit = 0;
/** What could not be sent in a chat that was left meanwhile; null: in a new one. */
const unsent = new Map<string | null, string>();
/** What to do again once the server can be reached. */
let retryOpening: (() => void) | null = null;
let retryCatalog: (() => void) | null = null;

let catalog: Promise<Catalog | null>;

function readCatalog() {
  retryCatalog = null;
  catalog = loadCatalog().then((answer) => {
    if (answer.ok) composer.offer(answer.value);
    else {
      composer.lack(`The graphs and models could not be loaded. ${answer.problem.message}`);
      retryCatalog = readCatalog;
    }
    return answer.ok ? answer.value : null;
  });
}

let wasIdle = true;
const conversation = createConversation({
  catalog: () => catalog,
  askAgain: (question, choice) => composer.ask(question, choice),
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
  stop: () => void stop(),
  reload: readCatalog,
});

const threads = createThreadList({
  open(id) {
    history.pushState(null, "", `/?thread=${id}`);
    void showThread(id);
  },
  onDeleted: () => newChat("replace"),
});

async function send(wish: RunChoice & { message: string }) {
  const place = visit;
  const sentTo = threadId;
  const answer = await conversation.send({ ...wish, threadId });
  if (place !== visit) return sentElsewhere(wish.message, sentTo, answer);
  if (!answer.ok) return notSent(wish.message, answer.problem);
  if (threadId === answer.value.threadId) return;
  // The address names the thread, so that a reload finds the run again.
  threadId = answer.value.threadId;
  history.replaceState(null, "", `/?thread=${threadId}`);
  threads.markCurrent(threadId);
  setTitle(threadTitle(wish.message));
  await threads.refresh();
}

/** The person went on to another chat before the message was answered for. */
async function sentElsewhere(message: string, sentTo: string | null, answer: Answer<StartedRun>) {
  if (answer.ok) {
    await Promise.all([threads.refresh(), catchUp(answer.value.threadId)]);
    return;
  }
  unsent.set(sentTo, message);
  if (threadId === sentTo) restoreUnsent();
  composer.warn(`Your last message was not sent. ${answer.problem.message}`);
}

function notSent(message: string, problem: Problem) {
  composer.restore(message);
  if (!isConflict(problem)) return;
  composer.warn(problem.message);
  if (threadId !== null) void catchUp(threadId);
}

/** Shows what other pages and schedules have added to the thread. */
async function catchUp(id: string | null) {
  if (id === null || id !== threadId) return;
  if (await conversation.refresh(id)) await Promise.all([threads.refresh(), refreshBalance()]);
}

async function stop() {
  const place = visit;
  const problem = await conversation.stop();
  if (problem !== null && place === visit) composer.stopFailed(problem.message);
}

async function showThread(id: string) {
  const place = enter(id);
  setTitle("…");
  const answer = await conversation.open(id);
  if (place !== visit) return;
  if (answer.ok) {
    setTitle(answer.value.title);
    announce(`Opened ${answer.value.title}`);
    focusPlace();
  } else if (answer.problem.status === 404) {
    newChat("replace");
    welcome("There is no such chat.");
  } else showUnopened(id, answer.problem);
}

/** The address stays: the chat is where it was, and may be there again in a moment. */
function showUnopened(id: string, problem: Problem) {
  const again = () => void showThread(id);
  retryOpening = again;
  setTitle("Chat not opened");
  messages.replaceChildren(
    el(
      "div",
      { class: "reply-problem" },
      el("p", { role: "alert" }, problemText(problem)),
      button("Try again", again),
    ),
  );
}

/** Leaves the chat that was shown. */
function enter(id: string | null): number {
  visit += 1;
  threadId = id;
  retryOpening = null;
  composer.hold();
  composer.warn(null);
  threads.markCurrent(id);
  setThreadsOpen(false);
  restoreUnsent();
  return visit;
}

function restoreUnsent() {
  composer.restore(unsent.get(threadId) ?? "");
  unsent.delete(threadId);
}

function newChat(how: "push" | "replace" | "stay") {
  enter(null);
  if (how === "push") history.pushState(null, "", "/");
  if (how === "replace") history.replaceState(null, "", "/");
  conversation.clear();
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

function addressedThread(): string | null {
  return new URLSearchParams(location.search).get("thread");
}

function showAddress() {
  const id = addressedThread();
  if (id === null) newChat("stay");
  else void showThread(id);
}

toggle.addEventListener("click", () =>
  setThreadsOpen(toggle.getAttribute("aria-expanded") !== "true"),
);
byId("new-chat", HTMLButtonElement).addEventListener("click", () => newChat("push"));
addEventListener("popstate", () => {
  // Also comes when the fragment alone has changed, as by the link to the content.
  if (addressedThread() !== threadId) showAddress();
});
addEventListener("online", () => {
  conversation.hurry();
  retryCatalog?.();
  retryOpening?.();
});
addEventListener("focus", () => void catchUp(threadId));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void catchUp(threadId);
});

readCatalog();
showAddress();
void threads.refresh();
void refreshBalance();
