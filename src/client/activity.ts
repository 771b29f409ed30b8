import type { Settlement } from "../ports/usage-fact.ts";
import { createSpendChart } from "./activity-chart.ts";
import type { SpendTable } from "./activity-data.ts";
import { spendTable } from "./activity-data.ts";
import type { ActivityFilter } from "./activity-query.ts";
import {
  activityWindow,
  customRange,
  groups,
  rangeProblem,
  ranges,
  readFilter,
  writeFilter,
} from "./activity-query.ts";
import { alignedAmount, amount, count, setAmount, time } from "./amount.ts";
import { callApi, problemText } from "./api.ts";
import { dataTable } from "./data-table.ts";
import { byId, el, setText } from "./dom.ts";
import { fieldText } from "./field-text.ts";
import { control } from "./form-controls.ts";
import { formatCount, formatTime, graphName } from "./format.ts";
import { pagedTable } from "./paged-table.ts";
import { refreshBalance, showProblem } from "./shell.ts";
import type { Activity, Receipt } from "./wire.ts";

const form = byId("filters", HTMLFormElement);
const csv = byId("csv", HTMLAnchorElement);
const totals = byId("totals", HTMLElement);
const chart = createSpendChart(byId("chart", HTMLElement));
let generation = 0;
let shown = readFilter(location.search);

const rows = pagedTable<Receipt>({
  caption: "Receipts, newest first",
  container: byId("rows", HTMLElement),
  moreButton: byId("rows-more", HTMLButtonElement),
  empty: "No model call in this time. Start a run in the chat, and it shows up here with its cost.",
  onProblem: (problem) => showProblem(problemText(problem)),
  columns: [
    { heading: "Time", cell: ({ createdAt }) => time(createdAt) },
    {
      heading: "Charged",
      numeric: true,
      cell: ({ effective: { settlement, chargedCredits } }) =>
        qualified(settlement, alignedAmount(chargedCredits)),
    },
    { heading: "Trigger", cell: ({ trigger }) => trigger },
    { heading: "Graph", cell: ({ graphId }) => el("span", { title: graphId }, graphName(graphId)) },
    { heading: "Model", cell: ({ model }) => model },
    {
      heading: "Tokens in",
      numeric: true,
      cell: ({ effective }) => tokensCell(effective.settlement, effective.inputTokens),
    },
    {
      heading: "Tokens out",
      numeric: true,
      cell: ({ effective }) => tokensCell(effective.settlement, effective.outputTokens),
    },
    {
      heading: "Run",
      cell: ({ runId, receiptId }) => el("a", { href: `/runs/${runId}#${receiptId}` }, "Open run"),
    },
  ],
});

/** A figure with a word beside it where it is not what the gateway told. */
function qualified(settlement: Settlement, figure: HTMLElement): HTMLElement {
  if (settlement === "final") return figure;
  return el("span", {}, el("span", { class: "quiet" }, `${settlement} `), figure);
}

function tokensCell(settlement: Settlement, tokens: number): HTMLElement {
  return settlement === "unknown"
    ? el("span", { class: "quiet" }, "unknown")
    : qualified(settlement, count(tokens));
}

async function load(filter: ActivityFilter) {
  const asked = ++generation;
  shown = filter;
  showProblem(null);
  const wrong = rangeProblem(filter, Date.now());
  showRangeProblem(wrong);
  if (wrong !== null) {
    clearFigures();
    csv.removeAttribute("href");
    return rows.clear("Choose other days to see their calls.");
  }
  totals.setAttribute("aria-busy", "true");
  const range = activityWindow(filter, Date.now());
  const { from, to } = range;
  csv.href = `/api/v1/activity.csv?${new URLSearchParams({ from, to })}`;
  void rows.load(`/api/v1/activity/rows?${new URLSearchParams({ from, to, limit: "25" })}`);
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const query = new URLSearchParams({ ...range, timeZone, groupBy: filter.group });
  const answer = await callApi<Activity>(`/api/v1/activity?${query}`);
  if (asked !== generation) return;
  totals.setAttribute("aria-busy", "false");
  if (answer.ok) return show(answer.value, filter);
  // Those of another range must not be taken for this one's.
  clearFigures();
  showProblem(problemText(answer.problem));
}

function clearFigures() {
  totals.setAttribute("aria-busy", "false");
  for (const figure of totals.querySelectorAll("dd")) {
    setText(figure, "–");
    figure.title = "";
  }
  chart.show(spendTable([]));
  byId("legend", HTMLElement).replaceChildren();
  byId("chart-table", HTMLElement).replaceChildren();
}

function showRangeProblem(message: string | null) {
  setText(byId("range-problem", HTMLElement), message ?? "");
  for (const name of ["from", "to"]) {
    const element = control(form, name);
    element.ariaInvalid = message === null ? null : "true";
    if (message === null) element.removeAttribute("aria-describedby");
    else element.setAttribute("aria-describedby", "range-problem");
  }
}

function show({ totals: sums, series }: Activity, { group }: ActivityFilter) {
  setAmount(byId("total-spend", HTMLElement), sums.chargedCredits);
  setText(byId("total-runs", HTMLElement), formatCount(sums.runs));
  setText(byId("total-calls", HTMLElement), formatCount(sums.calls));
  const tokens = `${formatCount(sums.inputTokens)} / ${formatCount(sums.outputTokens)}`;
  setText(byId("total-tokens", HTMLElement), tokens);
  const table = spendTable(series);
  chart.show(table);
  const label = (key: string) => (group === "graphId" ? graphName(key) : key);
  byId("legend", HTMLElement).replaceChildren(
    ...table.groups.map(({ key, totalCredits }, index) =>
      el(
        "li",
        {},
        el("span", { class: `swatch swatch-${index}`, "aria-hidden": "true" }),
        `${label(key)} `,
        amount(totalCredits),
      ),
    ),
  );
  byId("chart-table", HTMLElement).replaceChildren(spendTableElement(table, label));
}

interface Step {
  at: string;
  credits: number[];
}

/** The chart's numbers for those who cannot see it, or want them exact. Steps without any spend are left out. */
function spendTableElement(table: SpendTable, label: (key: string) => string): HTMLElement {
  const steps = table.at
    .map((at, index) => ({ at, credits: table.groups.map((group) => group.credits[index] ?? 0) }))
    .filter(({ credits }) => credits.some((value) => value > 0));
  if (steps.length === 0) return el("p", { class: "empty" }, "Nothing was charged in this time.");
  return dataTable<Step>(
    "Spend over time",
    [
      { heading: "From", cell: ({ at }) => el("time", { datetime: at }, formatTime(at)) },
      ...table.groups.map(({ key }, index) => ({
        heading: label(key),
        numeric: true,
        cell: ({ credits }: Step) => alignedAmount(credits[index] ?? 0),
      })),
    ],
    steps,
  ).element;
}

function fillForm({ range, group, from, to }: ActivityFilter) {
  for (const input of form.querySelectorAll<HTMLInputElement>("input[name=range]")) {
    input.checked = input.value === range;
  }
  control(form, "group").value = group;
  control(form, "from").value = from;
  control(form, "to").value = to;
  byId("custom-range", HTMLElement).hidden = range !== "custom";
}

function formFilter(): ActivityFilter {
  const data = new FormData(form);
  const text = (name: string) => fieldText(data, name);
  return {
    range: ranges.find((range) => range === text("range")) ?? "7d",
    group: groups.find((group) => group === text("group")) ?? "model",
    from: text("from"),
    to: text("to"),
  };
}

/** An own range starts as the one that is shown, so that there is something to change. */
function withDates(filter: ActivityFilter): ActivityFilter {
  const isNew = filter.range === "custom" && filter.from === "" && filter.to === "";
  return isNew ? { ...filter, ...customRange(shown, Date.now()) } : filter;
}

function showAddress() {
  const filter = readFilter(location.search);
  fillForm(filter);
  void load(filter);
}

form.addEventListener("change", () => {
  const filter = withDates(formFilter());
  const { range, group } = shown;
  // One step back is one choice; the days of an own range are one.
  const isChoice = filter.range !== range || filter.group !== group;
  history[isChoice ? "pushState" : "replaceState"](null, "", writeFilter(filter));
  fillForm(filter);
  void load(filter);
});
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("popstate", showAddress);

showAddress();
void refreshBalance();
