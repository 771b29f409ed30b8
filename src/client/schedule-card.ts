import { badge, time } from "./amount.ts";
import { button, el } from "./dom.ts";
import { formatSlot, graphName } from "./format.ts";
import type { Run, Schedule } from "./wire.ts";

export interface ScheduleActions {
  setEnabled(schedule: Schedule, isEnabled: boolean): void;
  runNow(schedule: Schedule): void;
  remove(schedule: Schedule): void;
  loadRuns(schedule: Schedule): Promise<readonly Run[] | string>;
}

export function scheduleCard(schedule: Schedule, actions: ScheduleActions): HTMLElement {
  const { scheduleId, name, enabled, pausedReason, cron, timezone, nextRunAt } = schedule;
  const headingId = `name-${scheduleId}`;
  const labelled = (element: HTMLElement) => {
    element.setAttribute("aria-describedby", headingId);
    return element;
  };
  const fact = (label: string, value: Node | string) =>
    el("div", {}, el("dt", {}, label), el("dd", {}, value));
  return el(
    "article",
    { class: "card schedule", "aria-labelledby": headingId, "data-schedule-id": scheduleId },
    el(
      "div",
      { class: "schedule-head" },
      el("h2", { id: headingId }, name),
      badge(enabled ? "active" : "paused"),
    ),
    pausedReason === null ? null : el("p", { class: "paused-reason" }, `Paused: ${pausedReason}`),
    el("p", { class: "schedule-message" }, schedule.message),
    el(
      "dl",
      { class: "facts" },
      fact("When", el("span", {}, el("span", { class: "mono" }, cron), ` in ${timezone}`)),
      fact("Graph", graphName(schedule.graphId)),
      fact("Next run", enabled && nextRunAt !== null ? zonedTime(nextRunAt, timezone) : "–"),
      fact("Last run", lastRun(schedule)),
      fact("Missed", schedule.missedSlots === 0 ? "none" : String(schedule.missedSlots)),
    ),
    runList(schedule, actions),
    el(
      "div",
      { class: "actions" },
      labelled(button("Run now", () => actions.runNow(schedule))),
      labelled(button(enabled ? "Pause" : "Resume", () => actions.setEnabled(schedule, !enabled))),
      labelled(button("Delete", () => actions.remove(schedule), "quiet-button")),
    ),
  );
}

function zonedTime(iso: string, timezone: string): HTMLElement {
  return el("time", { datetime: iso, title: iso }, formatSlot(iso, timezone));
}

function lastRun({ lastRunAt, lastStatus }: Schedule): Node | string {
  if (lastRunAt === null) return "never";
  return el("span", {}, time(lastRunAt), " ", lastStatus === null ? null : badge(lastStatus));
}

/** The runs are asked for when the list is opened, since most cards never are. */
function runList(schedule: Schedule, { loadRuns }: ScheduleActions): HTMLElement {
  const list = el("div", { class: "runs" }, el("p", { class: "quiet" }, "Loading…"));
  const details = el("details", { class: "chart-data" }, el("summary", {}, "Runs"), list);
  async function show() {
    const runs = await loadRuns(schedule);
    if (typeof runs === "string") return list.replaceChildren(el("p", { class: "quiet" }, runs));
    if (runs.length === 0) return list.replaceChildren(el("p", { class: "quiet" }, "None yet."));
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    list.replaceChildren(
      el(
        "ul",
        {},
        ...runs.map((run) =>
          el(
            "li",
            {},
            el("a", { href: `/runs/${run.runId}` }, time(run.scheduledFor ?? run.createdAt)),
            " ",
            badge(run.status),
            run.errorMessage === null ? null : ` ${run.errorMessage}`,
          ),
        ),
      ),
    );
    const href = focused?.getAttribute("href") ?? null;
    if (href !== null) list.querySelector<HTMLElement>(`a[href="${href}"]`)?.focus();
  }
  details.addEventListener("toggle", () => {
    if (details.open) void show();
  });
  return details;
}
