import { callApi, problemText } from "./api.ts";
import type { Catalog } from "./catalog.ts";
import { fillGraphSelect, fillModelSelect } from "./catalog.ts";
import { byId, el, setText } from "./dom.ts";
import { control, fieldText, select } from "./form-controls.ts";
import { formatSlot } from "./format.ts";

const previewDelayMs = 300;
/** The other control, `preset`, only fills in `cron`. */
const sent = ["name", "graphId", "model", "message", "cron", "timezone", "overlap", "catchUp"];

export interface ScheduleForm {
  offer(catalog: Catalog): void;
}

/** The form for a new schedule. It shows the next times before anything is saved. */
export function createScheduleForm(onCreated: (name: string) => void): ScheduleForm {
  const form = byId("schedule-form", HTMLFormElement);
  const opener = byId("new-schedule", HTMLButtonElement);
  const problem = byId("form-problem", HTMLElement);
  const cron = control(form, "cron");
  const preset = control(form, "preset");
  const timezone = control(form, "timezone");
  let timer: ReturnType<typeof setTimeout> | undefined;
  let generation = 0;

  function setOpen(isOpen: boolean) {
    form.hidden = !isOpen;
    opener.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) {
      control(form, "name").focus();
      void preview();
    } else {
      opener.focus();
    }
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

  async function create() {
    setText(problem, "");
    const fields = new FormData(form);
    const data = Object.fromEntries(sent.map((name) => [name, fieldText(fields, name)]));
    const missing = sent.find((name) => data[name] === "");
    if (missing !== undefined) {
      setText(problem, `Fill in the ${missing === "cron" ? "cron expression" : missing}.`);
      return control(form, missing).focus();
    }
    const body = { ...data, enabled: true };
    const answer = await callApi("/api/v1/schedules", { method: "POST", body });
    if (!answer.ok) return setText(problem, problemText(answer.problem));
    const name = data["name"] ?? "";
    for (const field of ["name", "message"]) control(form, field).value = "";
    setOpen(false);
    onCreated(name);
  }

  preset.addEventListener("change", () => {
    if (preset.value === "") cron.focus();
    else cron.value = preset.value;
  });
  cron.addEventListener("input", () => {
    const isPreset = [...preset.querySelectorAll("option")].some(
      ({ value }) => value === cron.value,
    );
    preset.value = isPreset ? cron.value : "";
  });
  form.addEventListener("input", ({ target }) => {
    if (target !== cron && target !== preset && target !== timezone) return;
    clearTimeout(timer);
    timer = setTimeout(() => void preview(), previewDelayMs);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void create();
  });
  opener.addEventListener("click", () => setOpen(form.hidden !== false));
  byId("cancel-schedule", HTMLButtonElement).addEventListener("click", () => setOpen(false));
  fillTimeZones(timezone);

  return {
    offer(catalog) {
      fillGraphSelect(select(form, "graphId"), catalog, null);
      fillModelSelect(select(form, "model"), catalog, null);
    },
  };
}

function fillTimeZones(timezone: Element & { value: string }): void {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = new Set(["UTC", own, ...Intl.supportedValuesOf("timeZone")]);
  timezone.replaceChildren(
    ...[...zones]
      .toSorted()
      .map((zone) => el("option", { value: zone }, zone.replaceAll("_", " "))),
  );
  timezone.value = own;
}
