import type { ServerResponse } from "node:http";
import type { GatewayLog, GatewayLogEntry } from "./log.ts";

/** LiteLLM's two ways to read its spend log; a gateway may have only one of them. */
export type SpendRoutes = "both" | "rows" | "none";

const pageSizeMax = 100;

/**
 * The spend log as LiteLLM writes it, made from the fake's own log: a row for every call that has ended with a status.
 * Directives of a call: `[[spend-late:2]]` shows its row from the third look on, `[[spend-never]]` never,
 * `[[spend-zero]]` with a cost of 0; `[[spend-down:2]]` makes the first two looks fail.
 */
export class SpendLog {
  readonly #log: GatewayLog;
  readonly #looks = new Map<string, number>();

  constructor(log: GatewayLog) {
    this.#log = log;
  }

  answer(url: URL, routes: SpendRoutes, response: ServerResponse): void {
    const isPaged = url.pathname === "/spend/logs/v2";
    if (routes === "none" || (isPaged && routes === "rows")) return send(response, 404, {});
    const query = url.searchParams;
    const [from, to] = [timeOf(query.get("start_date")), timeOf(query.get("end_date"))];
    if (from === null || to === null) return send(response, 400, { detail: "dates are required" });
    const pageSize = Number(query.get("page_size") ?? 50);
    if (pageSize > pageSizeMax) return send(response, 422, { detail: "page_size" });

    const endUser = query.get("end_user");
    const entries = this.#log
      .list()
      .filter((entry) => (endUser === null || entry.user === endUser) && !entry.open);
    const look = this.#look(endUser ?? "");
    if (entries.some(({ spend }) => look <= spend.downFor)) {
      return send(response, 503, { error: "database is down" });
    }
    const rows = entries
      .filter(({ status, spend }) => status !== null && look > spend.lateFor)
      .filter(({ receivedAt }) => receivedAt >= from && receivedAt <= to + 999)
      .toSorted((a, b) => b.n - a.n)
      .map((entry) => rowOf(entry, isPaged));
    if (!isPaged) return send(response, 200, rows);
    const page = Number(query.get("page") ?? 1);
    send(response, 200, {
      data: rows.slice((page - 1) * pageSize, page * pageSize),
      total: rows.length,
      page,
      page_size: pageSize,
      total_pages: Math.ceil(rows.length / pageSize),
    });
  }

  #look(endUser: string): number {
    const look = (this.#looks.get(endUser) ?? 0) + 1;
    this.#looks.set(endUser, look);
    return look;
  }
}

function rowOf(entry: GatewayLogEntry, isPaged: boolean): Record<string, unknown> {
  const isFailure = entry.status !== 200;
  const metadata = {
    status: isFailure ? "failure" : "success",
    spend_logs_metadata: JSON.parse(entry.headers.spendLogsMetadata ?? "null") as unknown,
    usage_object: isFailure ? null : { prompt_tokens: entry.spend.inputTokens },
  };
  const at = new Date(entry.receivedAt).toISOString();
  return {
    request_id: entry.responseId ?? entry.callId ?? `req-${entry.n}`,
    call_type: "acompletion",
    end_user: entry.user,
    model: entry.model,
    model_group: entry.model,
    status: metadata.status,
    spend: isFailure || entry.spend.isZero ? 0 : Number(entry.costUsd),
    prompt_tokens: isFailure ? 0 : entry.spend.inputTokens,
    completion_tokens: isFailure ? 0 : entry.spend.outputTokens,
    total_tokens: isFailure ? 0 : entry.spend.inputTokens + entry.spend.outputTokens,
    startTime: at,
    endTime: at,
    metadata: isPaged ? metadata : JSON.stringify(metadata),
  };
}

/** `2026-11-21` or `2026-11-21 12:00:00`, UTC; nothing else, as in the original. */
function timeOf(text: string | null): number | null {
  if (text === null || !/^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?$/.test(text)) return null;
  return Date.parse(text.length === 10 ? `${text}T00:00:00Z` : `${text.replace(" ", "T")}Z`);
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
