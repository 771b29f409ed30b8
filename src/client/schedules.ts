import { callApi, problemText } from "./api.ts";
import { loadCatalog } from "./catalog.ts";
import { confirmLoss } from "./confirm.ts";
import { byId, el } from "./dom.ts";
import { replaceCard } from "./replace-card.ts";
import { scheduleCard } from "./schedule-card.ts";
import { createScheduleForm } from "./schedule-form.ts";
import { refreshDelayMs } from "./schedule-refresh.ts";
import { refreshBalance, showProblem } from "./shell.ts";
import type { Page, Run, Schedule } from "./wire.ts";

const list = byId("schedules", HTMLElement);
const more = byId("schedules-more", HTMLButtonElement);
const note = byId("note", HTMLElement);
const opener = byId("new-schedule", HTMLButtonElement);
let cursor: string | null = null;
/** What the cards show, by schedule. */
const shown = new Map<string, Schedule>();
let timer: ReturnType<typeof setTimeout> | undefined;

async function load(isFirstPage: boolean) {
  const query = new URLSearchParams({ limit: "50" });
  if (!isFirstPage && cursor !== null) query.set("cursor", cursor);
  const answer = await callApi<Page<Schedule>>(`/api/v1/schedules?${query}`);
  list.setAttribute("aria-busy", "false");
  if (!answer.ok) return showProblem(problemText(answer.problem));
  if (isFirstPage) shown.clear();
  const cards = answer.value.items.map((schedule) => {
    shown.set(schedule.scheduleId, schedule);
    return scheduleCard(schedule, actions);
  });
  if (isFirstPage) list.replaceChildren(...cards);
  else list.append(...cards);
  cursor = answer.value.nextCursor;
  more.hidden = cursor === null;
  if (list.children.length === 0) {
    const empty = "No schedule yet. A schedule runs a graph by itself, and is billed like a chat.";
    list.replaceChildren(el("p", { class: "empty" }, empty));
  }
  waitForNews();
}

function waitForNews() {
  clearTimeout(timer);
  const delayMs = refreshDelayMs([...shown.values()], Date.now());
  if (delayMs !== null && !document.hidden) timer = setTimeout(() => void refresh(), delayMs);
}

/** Brings the cards up to date one by one, so that what is being read or used stays in place. */
async function refresh() {
  const answer = await callApi<Page<Schedule>>("/api/v1/schedules?limit=100");
  if (answer.ok) {
    for (const schedule of answer.value.items) {
      const known = shown.get(schedule.scheduleId);
      const card = list.querySelector(`[data-schedule-id="${schedule.scheduleId}"]`);
      if (card === null || JSON.stringify(known) === JSON.stringify(schedule)) continue;
      shown.set(schedule.scheduleId, schedule);
      replaceCard(card, scheduleCard(schedule, actions));
    }
  }
  waitForNews();
}

const actions = {
  async setEnabled({ scheduleId, name }: Schedule, isEnabled: boolean) {
    const done = `${name} is ${isEnabled ? "active" : "paused"}.`;
    const body = { enabled: isEnabled };
    const path = `/api/v1/schedules/${scheduleId}`;
    await change(path, { method: "PATCH", body }, scheduleId, () => [done]);
  },
  async runNow({ scheduleId, name }: Schedule) {
    const path = `/api/v1/schedules/${scheduleId}/run`;
    const headers = { "idempotency-key": crypto.randomUUID() };
    await change(path, { method: "POST", headers }, scheduleId, (run) => [
      `${name} was started. `,
      el("a", { href: `/runs/${(run as Run).runId}` }, "Open run"),
    ]);
  },
  async remove({ scheduleId, name }: Schedule) {
    const consequence = "It runs no more. Its past runs and receipts stay.";
    if (!(await confirmLoss(`Delete “${name}”?`, consequence, "Delete"))) return;
    const path = `/api/v1/schedules/${scheduleId}`;
    await change(path, { method: "DELETE" }, null, () => [`${name} is deleted.`]);
  },
  async loadRuns({ scheduleId }: Schedule) {
    const answer = await callApi<Page<Run>>(`/api/v1/schedules/${scheduleId}/runs?limit=10`);
    return answer.ok ? answer.value.items : problemText(answer.problem);
  },
};

/** One change, then the list as it is now; the focus stays on the button that was used. */
async function change(
  path: string,
  options: Parameters<typeof callApi>[1],
  scheduleId: string | null,
  done: (answer: unknown) => (Node | string)[],
) {
  showProblem(null);
  note.replaceChildren();
  const used = document.activeElement?.textContent ?? "";
  const answer = await callApi(path, options);
  if (!answer.ok) return showProblem(problemText(answer.problem));
  note.replaceChildren(...done(answer.value));
  await load(true);
  const card = list.querySelector(`[data-schedule-id="${scheduleId ?? ""}"]`);
  const buttons = [...(card?.querySelectorAll("button") ?? [])];
  const counterpart = { Pause: "Resume", Resume: "Pause" }[used] ?? used;
  (buttons.find(({ textContent }) => textContent === counterpart) ?? opener).focus();
}

const form = createScheduleForm((name) => {
  note.replaceChildren(`${name} was created.`);
  void load(true);
});
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) void refresh();
});
more.addEventListener("click", () => void load(false));
void load(true);
void refreshBalance();
const catalog = await loadCatalog();
if (catalog.ok) form.offer(catalog.value);
else showProblem(catalog.problem.message);
