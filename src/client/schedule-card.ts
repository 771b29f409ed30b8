import { badge } from "./amount.ts";
import { el } from "./dom.ts";
import { fact } from "./fact.ts";
import { formatSlot, formatTime, graphName, statusWord } from "./format.ts";
import type { Run, Schedule } from "./wire.ts";

export interface ShownSchedule {
  schedule: Schedule;
  /** A change of it is under way. */
  isBusy: boolean;
  /** What its latest run, or its latest slot that was skipped, says went wrong. */
  lastProblem: string | null;
}

export interface ScheduleActions {
  setEnabled(schedule: Schedule, isEnabled: boolean): void;
  runNow(schedule: Schedule): void;
  edit(schedule: Schedule): void;
  remove(schedule: Schedule): void;
  loadRuns(schedule: Schedule): Promise<readonly Run[] | string>;
}

export function scheduleCard(shown: ShownSchedule, actions: ScheduleActions): HTMLElement {
  const { schedule, isBusy, lastProblem } = shown;
  const { scheduleId, name, enabled, pausedReason, cron, timezone, nextRunAt } = schedule;
  const headingId = `name-${scheduleId}`;
  const action = (label: string, act: () => void, className = "") => {
    const element = el(
      "button",
      {
        type: "button",
        class: `button ${className}`.trim(),
        "aria-describedby": headingId,
        "aria-disabled": isBusy ? "true" : null,
      },
      label,
    );
    element.addEventListener("click", ({ detail }) => {
      // The second click of a double-click means nothing more than the first, also when that has been answered already.
      if (detail < 2) act();
    });
    return element;
  };
  return el(
    "article",
    { class: "card schedule", "aria-labelledby": headingId, "data-schedule-id": scheduleId },
    el(
      "div",
      { class: "schedule-head" },
      el("h2", { id: headingId }, name),
      badge(enabled ? "active" : "paused"),
    ),
    pausedReason === null
      ? null
      : el("p", { class: "schedule-warning" }, `Paused: ${pausedReason}`),
    el("p", { class: "schedule-message" }, schedule.message),
    el(
      "dl",
      { class: "facts" },
      fact("When", el("span", {}, el("span", { class: "mono" }, cron), ` in ${timezone}`)),
      fact("Graph", graphName(schedule.graphId)),
      fact("Next run", ...(enabled && nextRunAt !== null ? zoned(nextRunAt, timezone) : ["–"])),
      fact("Last run", ...lastRun(schedule)),
      fact("Missed", schedule.missedSlots === 0 ? "none" : String(schedule.missedSlots)),
    ),
    lastProblem === null || schedule.lastStatus === null
      ? null
      : el(
          "p",
          { class: "schedule-warning" },
          `Last run: ${statusWord(schedule.lastStatus)}. ${lastProblem}`,
        ),
    runList(schedule, actions),
    el(
      "div",
      { class: "actions" },
      action("Run now", () => actions.runNow(schedule)),
      action(enabled ? "Pause" : "Resume", () => actions.setEnabled(schedule, !enabled)),
      action("Edit", () => actions.edit(schedule)),
      action("Delete", () => actions.remove(schedule), "quiet-button"),
    ),
  );
}

/** In the zone of the schedule; in the reader's own on hover. */
function zonedTime(iso: string, timezone: string): HTMLElement {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const title = `${formatTime(iso)} in your time zone, ${own}`;
  return el("time", { datetime: iso, title }, formatSlot(iso, timezone));
}

function zoned(iso: string, timezone: string): (Node | string)[] {
  return [zonedTime(iso, timezone), " ", el("span", { class: "quiet" }, timezone)];
}

function lastRun({ lastRunAt, lastStatus, timezone }: Schedule): (Node | string)[] {
  if (lastRunAt === null) return ["never"];
  return [...zoned(lastRunAt, timezone), ...(lastStatus === null ? [] : [" ", badge(lastStatus)])];
}

/** The runs are asked for when the list is opened, since most cards never are. */
function runList(schedule: Schedule, { loadRuns }: ScheduleActions): HTMLElement {
  const { timezone } = schedule;
  const list = el("div", { class: "runs" }, el("p", { class: "quiet" }, "Loading…"));
  const summary = el("summary", {}, "Runs");
  const details = el("details", { class: "disclosure" }, summary, list);
  async function show() {
    const runs = await loadRuns(schedule);
    if (typeof runs === "string") return list.replaceChildren(el("p", { class: "quiet" }, runs));
    if (runs.length === 0) return list.replaceChildren(el("p", { class: "quiet" }, "None yet."));
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    list.replaceChildren(
      el("p", { class: "quiet" }, `Times in ${timezone}.`),
      el(
        "ul",
        {},
        ...runs.map((run) =>
          el(
            "li",
            {},
            el(
              "a",
              { href: `/runs/${run.runId}` },
              zonedTime(run.scheduledFor ?? run.createdAt, timezone),
            ),
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
