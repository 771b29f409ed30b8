import type { RunCall } from "../ports/run.ts";
import { alignedAmount, badge, count, time } from "./amount.ts";
import type { Column } from "./data-table.ts";
import { el } from "./dom.ts";
import { formatDuration } from "./format.ts";
import type { Receipt } from "./wire.ts";

export const receiptColumns: readonly Column<Receipt>[] = [
  {
    heading: "Receipt",
    cell: ({ receiptId, usageUnitId }) =>
      el(
        "span",
        { class: "mono", title: `${receiptId}, usage unit ${usageUnitId}`, id: receiptId },
        shortId(receiptId),
      ),
  },
  { heading: "Time", cell: ({ createdAt }) => time(createdAt) },
  { heading: "Model", cell: ({ model }) => model },
  { heading: "Tokens in", numeric: true, cell: ({ inputTokens }) => count(inputTokens) },
  { heading: "Tokens out", numeric: true, cell: ({ outputTokens }) => count(outputTokens) },
  {
    heading: "Cost",
    numeric: true,
    cell: ({ effective, provenance }) =>
      el("span", { class: "number", title: `from ${provenance}` }, `$${effective.costUsd}`),
  },
  {
    heading: "Charged",
    numeric: true,
    cell: ({ effective }) => alignedAmount(effective.chargedCredits),
  },
  { heading: "Settlement", cell: ({ effective }) => badge(effective.settlement) },
  { heading: "Attempt", numeric: true, cell: ({ attempt }) => count(attempt) },
];

export const callColumns: readonly Column<RunCall>[] = [
  { heading: "#", numeric: true, cell: ({ ordinal }) => count(ordinal) },
  { heading: "Node", cell: ({ nodeKey }) => nodeKey },
  { heading: "Model", cell: ({ model }) => model },
  { heading: "State", cell: ({ state }) => badge(state) },
  { heading: "Dispatch", numeric: true, cell: ({ dispatch }) => count(dispatch) },
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

/** Enough of an id to tell rows apart. */
function shortId(id: string): string {
  return id.slice(-6);
}
