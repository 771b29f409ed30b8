import type { Answer } from "./api.ts";
import { callApi, problemText } from "./api.ts";
import { confirmLoss } from "./confirm.ts";
import { byId, el } from "./dom.ts";
import { keyedList } from "./keyed-list.ts";
import { showLoadFailure } from "./load-failure.ts";
import { withNewestPage } from "./newest-page.ts";
import type { ShownSchedule } from "./schedule-card.ts";
import { scheduleCard } from "./schedule-card.ts";
import { createScheduleForm } from "./schedule-form.ts";
import { refreshDelayMs } from "./schedule-refresh.ts";
import { refreshBalance, showProblem } from "./shell.ts";
import type { Page, Run, Schedule } from "./wire.ts";

const path = "/api/v1/schedules";
const list = byId("schedules", HTMLElement);
const more = byId("schedules-more", HTMLButtonElement);
const note = byId("note", HTMLElement);
const opener = byId("new-schedule", HTMLButtonElement);
let schedules: Schedule[] | null = null;
let cursor: string | null = null;
let generation = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
/** Schedules of which a change is under way. */
const busy = new Set<string>();
/** What went wrong with a schedule's latest run, by both. */
const problems = new Map<string, string>();
/** Of starts that nobody answered, by schedule: to try again must not start two. */
const unansweredKeys = new Map<string, string>();

const showCards = keyedList<ShownSchedule>(list, {
  keyOf: ({ schedule }) => schedule.scheduleId,
  render: (shown) => scheduleCard(shown, actions),
});

/** Reads the newest schedules, of which everything that happens by itself shows on their cards. */
async function load() {
  const asked = ++generation;
  clearTimeout(timer);
  const answer = await callApi<Page<Schedule>>(`${path}?limit=100`);
  if (asked !== generation) return;
  list.setAttribute("aria-busy", "false");
  if (answer.ok) {
    const before = schedules;
    const next = withNewestPage(before ?? [], answer.value, ({ scheduleId }) => scheduleId);
    if (next.length === answer.value.items.length) cursor = answer.value.nextCursor;
    show(next);
    if (before !== null && runsOf(before) !== runsOf(next)) void refreshBalance();
    void explain(next);
  } else if (schedules === null) {
    showLoadFailure(list, answer.problem, load);
  }
  waitForNews();
}

async function loadMore() {
  const query = new URLSearchParams({ limit: "100", cursor: cursor ?? "" });
  const answer = await callApi<Page<Schedule>>(`${path}?${query}`);
  if (!answer.ok) return showProblem(problemText(answer.problem));
  cursor = answer.value.nextCursor;
  show([...(schedules ?? []), ...answer.value.items]);
  void explain(answer.value.items);
}

/** How far the latest runs are: where that changes, so does the credit. */
function runsOf(listed: readonly Schedule[]): string {
  return JSON.stringify(listed.map(({ lastRunAt, lastStatus }) => [lastRunAt, lastStatus]));
}

function show(next: Schedule[]) {
  schedules = next;
  showCards(
    next.map((schedule) => ({
      schedule,
      isBusy: busy.has(schedule.scheduleId),
      lastProblem: problems.get(lastRunOf(schedule)) ?? null,
    })),
  );
  more.hidden = cursor === null;
  if (next.length > 0) return;
  const empty = "No schedule yet. A schedule runs a graph by itself, and is billed like a chat.";
  list.replaceChildren(el("p", { class: "empty" }, empty));
}

function lastRunOf({ scheduleId, lastRunAt }: Schedule): string {
  return `${scheduleId} ${lastRunAt}`;
}

/** Asks why the latest runs failed or were skipped. */
async function explain(listed: readonly Schedule[]) {
  const unexplained = listed.filter(
    (schedule) =>
      (schedule.lastStatus === "skipped" || schedule.lastStatus === "error") &&
      !problems.has(lastRunOf(schedule)),
  );
  for (const schedule of unexplained) {
    const answer = await callApi<Page<Run>>(`${path}/${schedule.scheduleId}/runs?limit=1`);
    const run = answer.ok ? answer.value.items[0] : undefined;
    if (run?.createdAt !== schedule.lastRunAt || run.errorMessage === null) continue;
    problems.set(lastRunOf(schedule), run.errorMessage);
    show(schedules ?? []);
  }
}

function waitForNews() {
  clearTimeout(timer);
  const delayMs = refreshDelayMs(schedules ?? [], Date.now());
  if (delayMs !== null && !document.hidden) timer = setTimeout(() => void load(), delayMs);
}

const actions = {
  setEnabled(schedule: Schedule, enabled: boolean) {
    const { scheduleId, name } = schedule;
    const send = () =>
      callApi<Schedule>(`${path}/${scheduleId}`, { method: "PATCH", body: { enabled } });
    void change(schedule, send, () => [`${name} is ${enabled ? "active" : "paused"}.`]);
  },
  runNow(schedule: Schedule) {
    void change(
      schedule,
      () => start(schedule),
      ({ runId }) => [
        `${schedule.name} was started. `,
        el("a", { href: `/runs/${runId}` }, "Open run"),
      ],
    );
  },
  edit(schedule: Schedule) {
    form.edit(schedule);
  },
  async remove(schedule: Schedule) {
    const { scheduleId, name } = schedule;
    const consequence = "It runs no more. Its past runs and receipts stay.";
    if (!(await confirmLoss(`Delete “${name}”?`, consequence, "Delete"))) return;
    const send = () => callApi(`${path}/${scheduleId}`, { method: "DELETE" });
    const isGone = await change(schedule, send, () => [`${name} is deleted.`]);
    if (isGone) opener.focus();
  },
  async loadRuns({ scheduleId }: Schedule) {
    const answer = await callApi<Page<Run>>(`${path}/${scheduleId}/runs?limit=10`);
    return answer.ok ? answer.value.items : problemText(answer.problem);
  },
};

async function start({ scheduleId }: Schedule): Promise<Answer<Run>> {
  const key = unansweredKeys.get(scheduleId) ?? crypto.randomUUID();
  unansweredKeys.set(scheduleId, key);
  const headers = { "idempotency-key": key };
  const answer = await callApi<Run>(`${path}/${scheduleId}/run`, { method: "POST", headers });
  if (answer.ok || answer.problem.status !== 0) unansweredKeys.delete(scheduleId);
  return answer;
}

/** One change, then the list as it is now. Until then the schedule takes no other one. */
async function change<T>(
  { scheduleId }: Schedule,
  send: () => Promise<Answer<T>>,
  done: (answer: T) => (Node | string)[],
): Promise<boolean> {
  if (busy.has(scheduleId)) return false;
  busy.add(scheduleId);
  show(schedules ?? []);
  const answer = await send();
  tell(answer.ok ? done(answer.value) : [], answer.ok ? null : problemText(answer.problem));
  busy.delete(scheduleId);
  if (answer.ok) await load();
  show(schedules ?? []);
  return answer.ok;
}

function tell(good: (Node | string)[], problem: string | null) {
  note.replaceChildren(...good);
  showProblem(problem);
}

const form = createScheduleForm({
  onSaved(name, isNew) {
    tell([`${name} was ${isNew ? "created" : "changed"}.`], null);
    void load();
  },
  editButton: (scheduleId) =>
    [...list.querySelectorAll<HTMLElement>(`[data-schedule-id="${scheduleId}"] button`)].find(
      ({ textContent }) => textContent === "Edit",
    ) ?? opener,
});
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) void load();
});
more.addEventListener("click", () => void loadMore());
void load();
void refreshBalance();
