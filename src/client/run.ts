import type { RunCall } from "../ports/run.ts";
import { callApi, problemText } from "./api.ts";
import { button, byId, el, setText } from "./dom.ts";
import { statusWord } from "./format.ts";
import { runView } from "./run-view.ts";
import { refreshBalance, showProblem } from "./shell.ts";
import type { Receipt, Run } from "./wire.ts";

const refreshEveryMs = 1_500;
const body = byId("run-body", HTMLElement);
const runId = byId("main", HTMLElement).dataset["runId"] ?? "";
const path = `/api/v1/ai/runs/${encodeURIComponent(runId)}`;
let shown = "";
let timer: ReturnType<typeof setTimeout> | undefined;

async function refresh() {
  clearTimeout(timer);
  const [run, receipts, calls] = await Promise.all([
    callApi<Run>(path),
    callApi<{ items: Receipt[] }>(`${path}/receipts`),
    callApi<{ items: RunCall[] }>(`${path}/calls`),
  ]);
  body.setAttribute("aria-busy", "false");
  if (!run.ok) {
    showProblem(run.problem.status === 404 ? "There is no such run." : problemText(run.problem));
    body.replaceChildren();
    return;
  }
  showProblem(receipts.ok ? null : problemText(receipts.problem));
  show(run.value, receipts.ok ? receipts.value.items : [], calls.ok ? calls.value.items : null);
  if (isUnderWay(run.value) && !document.hidden) timer = setTimeout(refresh, refreshEveryMs);
}

/** Until the last receipt is in the ledger, there is something new to see. */
function isUnderWay({ status, billing }: Run): boolean {
  if (status === "pending" || status === "running" || status === "interrupted") return true;
  return status !== "skipped" && billing === "open";
}

function show(run: Run, receipts: readonly Receipt[], calls: readonly RunCall[] | null) {
  const next = JSON.stringify([run, receipts, calls]);
  // Without a change nothing is rebuilt, so that a selection or the focus in a table stays.
  if (next === shown) return;
  shown = next;
  const status = byId("run-status", HTMLElement);
  status.className = `badge badge-${run.status}`;
  setText(status, statusWord(run.status));
  byId("run-actions", HTMLElement).replaceChildren(...actions(run));
  body.replaceChildren(...runView(run, receipts, calls));
}

function actions({ status, threadId }: Run): HTMLElement[] {
  const nodes: HTMLElement[] = [];
  if (status === "pending" || status === "running" || status === "interrupted") {
    nodes.push(button("Stop", () => void stop()));
  }
  if (threadId !== null) {
    nodes.push(el("a", { class: "button", href: `/?thread=${threadId}` }, "Open chat"));
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
void refresh();
void refreshBalance();
