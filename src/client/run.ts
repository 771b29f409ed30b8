import type { RunCall } from "../ports/run.ts";
import { callApi, problemText } from "./api.ts";
import { answerNodeKey, loadCatalog } from "./catalog.ts";
import { button, byId, el, setText } from "./dom.ts";
import { statusWord } from "./format.ts";
import type { LiveRunName, ReplyState } from "./live-reply.ts";
import { createLiveReply } from "./live-reply.ts";
import { runBooks, runSummary } from "./run-view.ts";
import { refreshBalance, showProblem } from "./shell.ts";
import { endedTranscript } from "./thread-history.ts";
import type { Receipt, Run } from "./wire.ts";

const refreshEveryMs = 1_500;
/** While it waits for a person nothing happens, and the answer is heard of by the socket. */
const refreshWaitingEveryMs = 20_000;
const summary = byId("run-summary", HTMLElement);
const output = byId("run-output", HTMLElement);
const books = byId("run-books", HTMLElement);
const runId = byId("main", HTMLElement).dataset["runId"] ?? "";
const path = `/api/v1/ai/runs/${encodeURIComponent(runId)}`;
const catalog = loadCatalog();
let shown = "";
let timer: ReturnType<typeof setTimeout> | undefined;
let replyState: ReplyState = "idle";
/** The state of the run in which it was last given to the reply: to follow it there once more would change nothing. */
let repliedTo: string | null = null;

const reply = createLiveReply({
  onState(state) {
    if (state === replyState) return;
    replyState = state;
    void refresh();
  },
  askAgain: null,
});
output.append(reply.view.element);

async function refresh() {
  clearTimeout(timer);
  const [run, receipts, calls] = await Promise.all([
    callApi<Run>(path),
    callApi<{ items: Receipt[] }>(`${path}/receipts`),
    callApi<{ items: RunCall[] }>(`${path}/calls`),
  ]);
  clearTimeout(timer);
  summary.setAttribute("aria-busy", "false");
  if (!run.ok) {
    showProblem(run.problem.status === 404 ? "There is no such run." : problemText(run.problem));
    if (shown === "") summary.replaceChildren();
    return;
  }
  showProblem(receipts.ok ? null : problemText(receipts.problem));
  show(run.value, receipts.ok ? receipts.value.items : [], calls.ok ? calls.value.items : null);
  await showReply(run.value);
  if (isUnderWay(run.value) && !document.hidden) {
    const isWaiting = run.value.status === "interrupted";
    timer = setTimeout(() => void refresh(), isWaiting ? refreshWaitingEveryMs : refreshEveryMs);
  }
}

/** Until the last receipt is in the ledger, there is something new to see. */
function isUnderWay(run: Run): boolean {
  return isActive(run) || (run.status !== "skipped" && run.billing === "open");
}

function isActive({ status }: Run): boolean {
  return status === "pending" || status === "running" || status === "interrupted";
}

/** The same reply as in the chat, which goes on by itself once it follows the run. */
async function showReply(run: Run) {
  output.hidden = run.status === "skipped";
  const standing = `${run.attempt} ${run.status}`;
  if (output.hidden || replyState !== "idle" || standing === repliedTo) return;
  // What a reply has followed to its end is on the page already.
  if (!isActive(run) && repliedTo !== null) return;
  repliedTo = standing;
  const known = await catalog;
  const { graphId } = run;
  const name: LiveRunName = {
    runId,
    graphId,
    answerNodeKey: answerNodeKey(known.ok ? known.value : null, graphId),
  };
  if (isActive(run)) return reply.follow(name);
  reply.present(name, endedTranscript(run, null));
  reply.replay();
}

function show(run: Run, receipts: readonly Receipt[], calls: readonly RunCall[] | null) {
  const next = JSON.stringify([run, receipts, calls]);
  // Without a change nothing is rebuilt, so that a selection or the focus in a table stays.
  if (next === shown) return;
  shown = next;
  const status = byId("run-status", HTMLElement);
  status.className = `badge badge-${run.status}`;
  setText(status, statusWord(run.status));
  showActions(run);
  summary.replaceChildren(runSummary(run));
  books.replaceChildren(...runBooks(run, receipts, calls));
}

function showActions(run: Run) {
  const box = byId("run-actions", HTMLElement);
  const hadFocus = box.contains(document.activeElement);
  box.replaceChildren(...actions(run));
  if (hadFocus) box.querySelector<HTMLElement>("button, a")?.focus();
}

function actions(run: Run): HTMLElement[] {
  const nodes: HTMLElement[] = [];
  if (isActive(run)) nodes.push(button("Stop", () => void stop()));
  if (run.threadId !== null) {
    nodes.push(el("a", { class: "button", href: `/?thread=${run.threadId}` }, "Open chat"));
  }
  return nodes;
}

async function stop() {
  const answer = await callApi(`${path}/cancel`, { method: "POST" });
  await refresh();
  if (!answer.ok) showProblem(problemText(answer.problem));
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void refresh();
});
addEventListener("online", () => reply.hurry());
void refresh();
void refreshBalance();
