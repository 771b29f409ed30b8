import type { Context } from "hono";
import type { RunRow } from "../billing/statement.ts";
import { getRun } from "../run/get-run.ts";
import type { AppEnv } from "./app-env.ts";
import { isOver, runBodyOf, type RunBody } from "./run-body.ts";

/** One run as it stands now: its RunObject is asked, unless it never had one. */
export async function presentRun(c: Context<AppEnv>, row: RunRow): Promise<RunBody> {
  // A skipped slot never had a RunObject, and asking would make one.
  const isSkipped = row.status === "skipped";
  return runBodyOf(row, isSkipped ? null : await getRun(c.env, row.id).view(row.billingAccountId));
}

/** A page of runs: those that are over are read from D1 alone, so that a page costs one read and no messages. */
export function presentRuns(c: Context<AppEnv>, rows: readonly RunRow[]): Promise<RunBody[]> {
  return Promise.all(
    rows.map(async (row) => (isOver(row) ? runBodyOf(row, null) : presentRun(c, row))),
  );
}
