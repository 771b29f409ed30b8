import type { Answer } from "./api.ts";
import { callApi, problemText } from "./api.ts";
import type { Catalog } from "./catalog.ts";
import { fillGraphSelect, fillModelSelect, loadCatalog } from "./catalog.ts";
import { byId, el, setText } from "./dom.ts";
import { fieldText } from "./field-text.ts";
import { control, select, submitOnce } from "./form-controls.ts";
import { formatSlot, graphName } from "./format.ts";
import type { Schedule } from "./wire.ts";

const previewDelayMs = 300;
/** The other control, `preset`, only fills in `cron`. */
const sent = [
  "name",
  "graphId",
  "model",
  "message",
  "cron",
  "timezone",
  "overlap",
  "catchUp",
] as const;
type Field = (typeof sent)[number];

interface ScheduleFormEvents {
  onSaved(name: string, isNew: boolean): void;
  /** Where the focus goes when the schedule is no longer edited. */
  editButton(scheduleId: string): HTMLElement;
}

export interface ScheduleForm {
  edit(schedule: Schedule): void;
}

/** The form for a new schedule, or for one that is there. It shows the next times before anything is saved. */
export function createScheduleForm({ onSaved, editButton }: ScheduleFormEvents): ScheduleForm {
  const form = byId("schedule-form", HTMLFormElement);
  const opener = byId("new-schedule", HTMLButtonElement);
  const problem = byId("form-problem", HTMLElement);
  const cron = control(form, "cron");
  const preset = control(form, "preset");
  const timezone = control(form, "timezone");
  let offered: Promise<Answer<Catalog>> | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let generation = 0;
  /** The schedule that is edited, and what the form said of it at first. */
  let edited: { scheduleId: string; before: Record<Field, string> } | null = null;
  let openings = 0;
  /** Whether it holds what a schedule says that was edited, which is no draft of a new one. */
  let isFilled = false;

  /** Offers what can be run, asked for once. */
  function offer(): Promise<Answer<Catalog>> {
    offered ??= loadCatalog().then((answer) => {
      if (answer.ok) offerDefaults(answer.value);
      else offered = null;
      return answer;
    });
    return offered;
  }

  function offerDefaults(catalog: Catalog) {
    fillGraphSelect(select(form, "graphId"), catalog, null);
    fillModelSelect(select(form, "model"), catalog, null);
  }

  async function open(schedule: Schedule | null) {
    const asked = ++openings;
    setText(problem, "");
    form.hidden = false;
    opener.setAttribute("aria-expanded", String(schedule === null));
    setText(byId("form-title", HTMLElement), titleOf(schedule));
    setText(byId("save-schedule", HTMLElement), schedule === null ? "Create schedule" : "Save");
    control(form, "name").focus();
    edited = null;
    const catalog = await offer();
    if (asked !== openings) return;
    if (!catalog.ok) return setText(problem, problemText(catalog.problem));
    if (isFilled) clear(catalog.value);
    if (schedule !== null) fill(schedule);
    await preview();
  }

  function clear(catalog: Catalog) {
    isFilled = false;
    form.reset();
    timezone.querySelector("option[data-own]")?.remove();
    timezone.value = ownTimeZone();
    offerDefaults(catalog);
  }

  function fill(schedule: Schedule) {
    isFilled = true;
    for (const name of sent) {
      const element = control(form, name);
      const value = schedule[name] ?? "";
      element.value = value;
      if (element.value === value || !(element instanceof HTMLSelectElement)) continue;
      // It says what the page does not offer, and keeps saying it unless something else is chosen.
      const label = value === "" ? "The graph's default" : graphName(value);
      element.prepend(el("option", { value, "data-own": true }, label));
      element.value = value;
    }
    showPreset();
    edited = { scheduleId: schedule.scheduleId, before: read() };
  }

  function close() {
    openings += 1;
    form.hidden = true;
    opener.setAttribute("aria-expanded", "false");
    (edited === null ? opener : editButton(edited.scheduleId)).focus();
    edited = null;
  }

  function read(): Record<Field, string> {
    const fields = new FormData(form);
    return Object.fromEntries(sent.map((name) => [name, fieldText(fields, name)])) as Record<
      Field,
      string
    >;
  }

  async function preview() {
    const asked = ++generation;
    const body = { cron: cron.value.trim(), timezone: timezone.value };
    const answer = await callApi<{ nextRuns: string[] }>("/api/v1/schedules/preview", {
      method: "POST",
      body,
    });
    // A later edit overtook this answer.
    if (asked !== generation) return;
    const times = answer.ok ? answer.value.nextRuns : [];
    byId("preview-list", HTMLElement).replaceChildren(
      ...times.map((at) =>
        el("li", {}, el("time", { datetime: at }, formatSlot(at, body.timezone))),
      ),
    );
    const note = answer.ok ? `Times in ${body.timezone}.` : problemText(answer.problem);
    setText(byId("preview-note", HTMLElement), note);
  }

  async function save() {
    setText(problem, "");
    const data = read();
    const before = edited?.before ?? null;
    // A time that is sent again would count from now.
    const changed = sent.filter((name) => data[name] !== before?.[name]);
    const missing = changed.find((name) => data[name] === "");
    if (missing !== undefined) {
      setText(problem, `Fill in the ${missing === "cron" ? "cron expression" : missing}.`);
      return control(form, missing).focus();
    }
    const body = Object.fromEntries(changed.map((name) => [name, data[name]]));
    const answer =
      edited === null
        ? await callApi("/api/v1/schedules", { method: "POST", body: { ...body, enabled: true } })
        : await callApi(`/api/v1/schedules/${edited.scheduleId}`, { method: "PATCH", body });
    if (!answer.ok) return setText(problem, problemText(answer.problem));
    for (const name of ["name", "message"]) control(form, name).value = "";
    close();
    onSaved(data.name, before === null);
  }

  function showPreset() {
    const isPreset = [...preset.querySelectorAll("option")].some(
      ({ value }) => value === cron.value,
    );
    preset.value = isPreset ? cron.value : "";
  }

  preset.addEventListener("change", () => {
    if (preset.value === "") cron.focus();
    else cron.value = preset.value;
  });
  cron.addEventListener("input", showPreset);
  form.addEventListener("input", ({ target }) => {
    if (target !== cron && target !== preset && target !== timezone) return;
    clearTimeout(timer);
    timer = setTimeout(() => void preview(), previewDelayMs);
  });
  submitOnce(form, save);
  opener.addEventListener("click", () => {
    if (form.hidden || edited !== null) void open(null);
    else close();
  });
  byId("cancel-schedule", HTMLButtonElement).addEventListener("click", close);
  fillTimeZones(timezone);
  void offer();

  return { edit: (schedule) => void open(schedule) };
}

function titleOf(schedule: Schedule | null): string {
  return schedule === null ? "New schedule" : `Edit “${schedule.name}”`;
}

function ownTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function fillTimeZones(timezone: Element & { value: string }): void {
  const own = ownTimeZone();
  const zones = new Set(["UTC", own, ...Intl.supportedValuesOf("timeZone")]);
  timezone.replaceChildren(
    ...[...zones]
      .toSorted()
      .map((zone) => el("option", { value: zone }, zone.replaceAll("_", " "))),
  );
  timezone.value = own;
}
