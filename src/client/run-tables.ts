import type { RunCall } from "../ports/run.ts";
import { alignedAmount, alignedCost, badge, count, time } from "./amount.ts";
import type { Column } from "./data-table.ts";
import { el } from "./dom.ts";
import { formatDuration } from "./format.ts";
import type { Receipt } from "./wire.ts";

/** An attempt is told only where there was a second one. */
export function receiptColumnsFor(receipts: readonly Receipt[]): readonly Column<Receipt>[] {
  return receipts.some(({ attempt }) => attempt > 0)
    ? [...receiptColumns, attemptColumn]
    : receiptColumns;
}

/** A dispatch is told only where a call was sent more than once, an attempt only where there was a second one. */
export function callColumnsFor(calls: readonly RunCall[]): readonly Column<RunCall>[] {
  const columns = [...callColumns];
  if (calls.some(({ attempt }) => attempt > 0)) columns.push(callAttemptColumn);
  if (calls.some(({ dispatch }) => dispatch > 1)) columns.push(dispatchColumn);
  return columns;
}

const callAttemptColumn: Column<RunCall> = {
  heading: "Attempt",
  numeric: true,
  cell: ({ attempt }) => count(attempt),
};

const receiptColumns: readonly Column<Receipt>[] = [
  {
    heading: "Receipt",
    cell: ({ receiptId, usageUnitId }) =>
      el(
        "span",
        { class: "mono", title: `${receiptId}, usage unit ${usageUnitId}`, id: receiptId },
        shortId(receiptId),
      ),
  },
  {
    heading: "Charged",
    numeric: true,
    cell: ({ effective }) => alignedAmount(effective.chargedCredits),
  },
  { heading: "Time", cell: ({ createdAt }) => time(createdAt) },
  { heading: "Model", cell: ({ model }) => model },
  { heading: "Tokens in", numeric: true, cell: ({ inputTokens }) => count(inputTokens) },
  { heading: "Tokens out", numeric: true, cell: ({ outputTokens }) => count(outputTokens) },
  {
    heading: "Cost",
    numeric: true,
    cell: ({ effective, provenance }) => alignedCost(effective.costUsd, `from ${provenance}`),
  },
  {
    heading: "Settlement",
    cell: ({ effective: { settlement } }) =>
      badge(settlement, settlement === "unknown" ? "not known yet, charged 0" : null),
  },
];

const attemptColumn: Column<Receipt> = {
  heading: "Attempt",
  numeric: true,
  cell: ({ attempt }) => count(attempt),
};

const callColumns: readonly Column<RunCall>[] = [
  { heading: "#", numeric: true, cell: ({ ordinal }) => count(ordinal) },
  { heading: "Node", cell: ({ nodeKey }) => nodeKey },
  { heading: "Model", cell: ({ model }) => model },
  { heading: "State", cell: ({ state }) => badge(state) },
  { heading: "Started", cell: ({ startedAt }) => time(startedAt) },
  {
    heading: "Took",
    numeric: true,
    cell: ({ startedAt, endedAt }) =>
      endedAt === null ? "–" : formatDuration(Date.parse(endedAt) - Date.parse(startedAt)),
  },
  {
    heading: "Receipt",
    cell: ({ receiptId }) =>
      receiptId === null
        ? "–"
        : el("a", { class: "mono", href: `#${receiptId}` }, shortId(receiptId)),
  },
];

const dispatchColumn: Column<RunCall> = {
  heading: "Dispatch",
  numeric: true,
  cell: ({ dispatch }) => count(dispatch),
};

/** Enough of an id to tell rows apart. */
function shortId(id: string): string {
  return id.slice(-6);
}
