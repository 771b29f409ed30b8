import type { Context } from "hono";
import type { Principal } from "../auth/principal.ts";
import { ApiError } from "../base/errors.ts";
import { getRunRow } from "../billing/statement.ts";
import type { RunRow } from "../billing/statement.ts";
import { getRun, type RunStub } from "../run/get-run.ts";
import type { AppEnv } from "./app-env.ts";

/** The row of a run of the calling account. Another account's run is answered like one that never was. */
export async function ownRun(c: Context<AppEnv>, runId: string): Promise<RunRow> {
  const row = await getRunRow(c.env.DB, c.get("principal").accountId, runId);
  if (row === null) throw new ApiError("not_found", "There is no such run.");
  return row;
}

/** Null: a skipped slot never had a RunObject, and asking would make one. */
export function objectOf(c: Context<AppEnv>, row: RunRow): RunStub | null {
  return isSkipped(row) ? null : getRun(c.env, row.id);
}

/** Whether the caller may have the run's key pay for more. */
export function maySpendOn(
  { isBounded, virtualKeyId }: Pick<Principal, "isBounded" | "virtualKeyId">,
  row: Pick<RunRow, "virtualKeyId">,
): boolean {
  return !isBounded || row.virtualKeyId === virtualKeyId;
}

export function isSkipped({ status }: Pick<RunRow, "status">): boolean {
  return status === "skipped";
}
