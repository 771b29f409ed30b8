import type { RunCall } from "../ports/run.ts";
import type { Problem } from "./api.ts";
import { callApi, problemText } from "./api.ts";
import { answerNodeKey, loadCatalog } from "./catalog.ts";
import { button, byId, el, setText } from "./dom.ts";
import { formatTime, graphName, statusWord } from "./format.ts";
import { isActive } from "./is-active.ts";
import type { LiveRunName, ReplyState } from "./live-reply.ts";
import { createLiveReply } from "./live-reply.ts";
import { createRunBooks } from "./run-books.ts";
import { refreshDelayMs } from "./run-refresh.ts";
import { runSummary } from "./run-summary.ts";
import type { RunThread } from "./run-thread.ts";
import { loadRunThread } from "./run-thread.ts";
import { refreshBalance, showProblem } from "./shell.ts";
import { endedTranscript } from "./thread-history.ts";
import type { Receipt, Run } from "./wire.ts";

/** After a failure; a page that is looked at once the network is back should know by itself. */
const retryAfterMs = 10_000;
const questionToldAfterMs = 600;
const summary = byId("run-summary", HTMLElement);
const output = byId("run-output", HTMLElement);
const booksPlace = byId("run-books", HTMLElement);
const books = createRunBooks();
const runId = byId("main", HTMLElement).dataset["runId"] ?? "";
const path = `/api/v1/ai/runs/${encodeURIComponent(runId)}`;
const catalog = loadCatalog();
let shown = "";
let thread: RunThread | null = null;
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
  // Without its receipts nothing can be said of a run's charges; what is shown already stays.
  if (!run.ok) return showFailure(run.problem);
  if (!receipts.ok) return showFailure(receipts.problem);
  thread ??= await loadRunThread(run.value);
  showProblem(calls.ok ? null : problemText(calls.problem));
  show(run.value, receipts.value.items, calls.ok ? calls.value.items : null);
  await showReply(run.value);
  refreshIn(refreshDelayMs(run.value));
}

function showFailure(problem: Problem) {
  showProblem(problem.status === 404 ? "There is no such run." : problemText(problem));
  summary.setAttribute("aria-busy", "false");
  if (shown === "") {
    summary.replaceChildren();
    booksPlace.replaceChildren();
  }
  if (isPassing(problem)) refreshIn(retryAfterMs);
}

/** No answer, too many requests, or the server's own trouble. */
function isPassing({ status }: Problem): boolean {
  return status === 0 || status === 429 || status >= 500;
}

function refreshIn(delayMs: number | null) {
  clearTimeout(timer);
  if (delayMs !== null && !document.hidden) timer = setTimeout(() => void refresh(), delayMs);
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
  const isFirst = shown === "";
  shown = next;
  const status = byId("run-status", HTMLElement);
  status.className = `badge badge-${run.status}`;
  setText(status, statusWord(run.status));
  showActions(run);
  summary.replaceChildren(runSummary(run));
  books.show(run, receipts, calls);
  if (isFirst) showFirst(run);
  else void refreshBalance();
}

function showFirst(run: Run) {
  summary.setAttribute("aria-busy", "false");
  const title = `Run of ${graphName(run.graphId)}`;
  const at = formatTime(run.createdAt);
  document.title = `${title}, ${at} · Runledger`;
  setText(byId("run-title", HTMLElement), title);
  setText(byId("run-time", HTMLElement), at);
  const asked = byId("run-asked", HTMLElement);
  setText(asked, thread?.asked ?? "");
  asked.parentElement?.toggleAttribute("hidden", asked.textContent === "");
  // A question takes its room above the books once the log has told it.
  if (run.status === "interrupted") setTimeout(showBooks, questionToldAfterMs);
  else showBooks();
}

function showBooks() {
  booksPlace.replaceChildren(...books.elements);
  // The receipt that the address names was not there when the page was opened.
  if (location.hash.startsWith("#rcpt_")) location.replace(location.hash);
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
  if (run.threadId !== null && thread?.isThere === true) {
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
