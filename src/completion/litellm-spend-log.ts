import { z } from "zod";
import type { Log } from "../base/log.ts";
import type { SpendLog, SpendPage, SpendQuery, SpendRow } from "../ports/spend-log.ts";
import { parseSpendRow } from "./litellm-spend-row.ts";

export interface LitellmSpendLogOptions {
  /** The gateway's, ends before `/chat/completions`. */
  baseUrl: string;
  apiKey: string | null;
  log: Log;
  timeoutMsMax?: number;
}

/** The most that LiteLLM gives at once. */
const pageSize = 100;
/** A run's rows are few. A log that goes on beyond this many pages does not heed the end user that was asked for. */
const pagesMax = 200;
const timeoutMsDefault = 20_000;

type Answer =
  | { kind: "json"; value: unknown }
  | Extract<SpendPage, { kind: "unavailable" }>
  | { kind: "no_route" };

const pageSchema = z.object({ data: z.array(z.unknown()) });
const rowsSchema = z.array(z.unknown());

/**
 * LiteLLM's spend log, by its paged route where the gateway has one, else by the older route that gives all rows at
 * once. Both are asked for one end user, and rows of others are left out in any case: older versions ignore the filter.
 */
export function createLitellmSpendLog(options: LitellmSpendLogOptions): SpendLog {
  return {
    source: "litellm",
    async readPage(query, page, signal) {
      const paged = await read(options, signal, "/spend/logs/v2", {
        start_date: utcText(query.from),
        end_date: utcText(query.to),
        end_user: query.endUser,
        page: String(page),
        page_size: String(pageSize),
      });
      if (paged.kind === "unavailable") return paged;
      if (paged.kind === "json") return pageOf(options, query, page, paged.value);
      const dayMs = 24 * 60 * 60 * 1_000;
      const all = await read(options, signal, "/spend/logs", {
        start_date: utcText(query.from).slice(0, 10),
        // The day named as the end is left out from its first second on.
        end_date: utcText(query.to + dayMs).slice(0, 10),
        end_user: query.endUser,
        summarize: "false",
      });
      if (all.kind === "no_route") return { kind: "unavailable", reason: "refused" };
      return all.kind === "json" ? pageOf(options, query, page, all.value) : all;
    },
  };
}

/** Either shape; the paged one ends with a page that is not full, because its totals may be capped. */
function pageOf(
  { log }: LitellmSpendLogOptions,
  { endUser }: SpendQuery,
  page: number,
  value: unknown,
): SpendPage {
  const asPage = pageSchema.safeParse(value);
  const asRows = rowsSchema.safeParse(value);
  if (!asPage.success && !asRows.success) return { kind: "unavailable", reason: "unreadable" };
  const found = asPage.success ? asPage.data.data : (asRows.data ?? []);
  const isFull = asPage.success && found.length >= pageSize;
  if (isFull && page >= pagesMax) return { kind: "unavailable", reason: "unreadable" };
  const rows: SpendRow[] = [];
  let unreadable = 0;
  for (const entry of found) {
    const row = parseSpendRow(entry);
    if (row === null) unreadable += mayBeOf(endUser, entry) ? 1 : 0;
    else if (row.endUser === endUser) rows.push(row);
  }
  if (unreadable > 0) log.log("warn", "reconcile.unreadable_rows", { endUser, rows: unreadable });
  return { kind: "page", rows, unreadable, next: isFull ? page + 1 : null };
}

const ownerSchema = z.object({ end_user: z.string().min(1) });

function mayBeOf(endUser: string, entry: unknown): boolean {
  const owner = ownerSchema.safeParse(entry);
  return !owner.success || owner.data.end_user === endUser;
}

async function read(
  { baseUrl, apiKey, timeoutMsMax = timeoutMsDefault }: LitellmSpendLogOptions,
  signal: AbortSignal | undefined,
  path: string,
  fields: Record<string, string>,
): Promise<Answer> {
  const limit = AbortSignal.timeout(timeoutMsMax);
  const root = baseUrl.replace(/\/+$/, "").replace(/\/v1$/, "");
  try {
    const response = await fetch(`${root}${path}?${new URLSearchParams(fields).toString()}`, {
      headers: {
        accept: "application/json",
        ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      redirect: "manual",
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
    });
    const text = await response.text();
    if (response.status === 404 || response.status === 405) return { kind: "no_route" };
    if (!response.ok) return { kind: "unavailable", reason: "refused" };
    return parseJson(text);
  } catch {
    // No connection, a connection that broke, no answer in time, or a caller that waits no longer: it comes back later.
    return { kind: "unavailable", reason: "unreachable" };
  }
}

/** Costs are kept as they are written, so that no digit of them passes through a float. */
function parseJson(text: string): Answer {
  try {
    return { kind: "json", value: JSON.parse(text, keepSpendText) };
  } catch {
    return { kind: "unavailable", reason: "unreadable" };
  }
}

function keepSpendText(key: string, value: unknown, context?: { source?: string }): unknown {
  return key === "spend" && typeof value === "number" ? (context?.source ?? value) : value;
}

/** `2026-11-21 12:00:00`, the only form of a time that LiteLLM takes. */
function utcText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}
