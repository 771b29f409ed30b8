import type { Context } from "hono";
import type { RunRow } from "../billing/statement.ts";
import type { LiveRun } from "../ports/run.ts";
import type { AppEnv } from "./app-env.ts";
import { objectOf } from "./own-run.ts";
import { isOver, runBodyOf, type RunBody } from "./run-body.ts";

/** One run as it stands now: its RunObject is asked, unless it never had one. */
export async function presentRun(c: Context<AppEnv>, row: RunRow): Promise<RunBody> {
  const live = await objectOf(c, row)?.view(row.billingAccountId);
  return runBodyOf(row, live ?? null);
}

/** A run after something was done to it. A key that may not read it is not shown what it said or asks. */
export function presentActedOn(c: Context<AppEnv>, row: RunRow, live: LiveRun | null): RunBody {
  const body = runBodyOf(row, live);
  if (c.get("principal").scopes.has("runs:read")) return body;
  return { ...body, output: null, ...(body.interrupts && { interrupts: [] }) };
}

/** A page of runs: those that are over are read from D1 alone, so that a page costs one read and no messages. */
export function presentRuns(c: Context<AppEnv>, rows: readonly RunRow[]): Promise<RunBody[]> {
  return Promise.all(
    rows.map(async (row) => (isOver(row) ? runBodyOf(row, null) : presentRun(c, row))),
  );
}
