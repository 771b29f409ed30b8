import type { GatewayLogEntry } from "../../fake-gateway/log.ts";
import { pause } from "./host.ts";
import { checkAccount } from "./check-account.ts";
import { checkAudit } from "./check-audit.ts";
import { checkCosts, isReconciled } from "./check-costs.ts";
import { checkEnd } from "./check-end.ts";
import { checkReceipts, type ReceiptCounts } from "./check-receipts.ts";
import { checkTranscript } from "./check-transcript.ts";
import type { ProductApi, RunBody } from "./product-api.ts";
import type { Call, Receipt } from "./product-api.ts";
import type { TrackedRun } from "./tracked-run.ts";

const judgesAtOnce = 6;
const reconciledMsMax = 45_000;

export interface Violation {
  /** null: it is about no single run. */
  runId: string | null;
  what: string;
}

/** Everything that can be known of a run once it has ended. */
export interface Evidence {
  run: RunBody;
  /** null: started by a schedule, or by a client that gave it up. */
  tracked: TrackedRun | null;
  receipts: readonly Receipt[];
  calls: readonly Call[];
  /** What the gateway saw of it, in order of arrival. */
  gateway: readonly GatewayLogEntry[];
}

export interface Verdict extends ReceiptCounts {
  runs: number;
  byStatus: Record<string, number>;
  violations: Violation[];
}

/** Compares what the product says of every run with what the gateway and the viewers saw. */
export async function judge(
  api: ProductApi,
  tracked: readonly TrackedRun[],
  log: readonly GatewayLogEntry[],
  toppedUp: number,
): Promise<Verdict> {
  const violations: Violation[] = [];
  const counts: ReceiptCounts = {
    dispatches: 0,
    receipts: 0,
    lost: 0,
    double: 0,
    unknown: 0,
    resent: 0,
  };
  const byStatus: Record<string, number> = {};
  const byRunId = new Map(tracked.map((run) => [run.runId, run]));
  const receipts: Receipt[] = [];
  const runs = await api.list<RunBody>("/api/v1/ai/runs");

  const left = [...runs];
  const judgeOne = async ({ runId }: RunBody) => {
    const evidence = await gatherReconciled(api, runId, byRunId.get(runId) ?? null, log);
    const about = (what: string) => violations.push({ runId, what });
    byStatus[evidence.run.status] = (byStatus[evidence.run.status] ?? 0) + 1;
    receipts.push(...evidence.receipts);
    checkEnd(evidence, about);
    checkReceipts(evidence, counts, about);
    checkCosts(evidence, about);
    if (isOver(evidence.run)) await checkTranscript(api, evidence, about);
  };
  await Promise.all(
    Array.from({ length: judgesAtOnce }, async () => {
      for (let run = left.pop(); run !== undefined; run = left.pop()) await judgeOne(run);
    }),
  );

  const known = new Set(runs.map(({ runId }) => runId));
  for (const run of tracked) {
    if (run.runId !== null && !known.has(run.runId))
      violations.push({ runId: run.runId, what: "was accepted, and the product does not list it" });
  }
  for (const entry of log) {
    if (!known.has(runOf(entry)))
      violations.push({ runId: null, what: `the gateway was called for ${entry.user}, no run` });
  }
  const sayOfAll = (what: string) => violations.push({ runId: null, what });
  await checkAccount(api, receipts, toppedUp, sayOfAll);
  await checkAudit(api, sayOfAll);
  return { ...counts, runs: runs.length, byStatus, violations };
}

/** A look at the gateway's log that a death cut off is made up for half a minute later. */
async function gatherReconciled(...args: Parameters<typeof gather>): Promise<Evidence> {
  const endsAt = Date.now() + reconciledMsMax;
  for (;;) {
    const evidence = await gather(...args);
    if (isReconciled(evidence) || Date.now() > endsAt) return evidence;
    await pause(1_000);
  }
}

async function gather(
  api: ProductApi,
  runId: string,
  tracked: TrackedRun | null,
  log: readonly GatewayLogEntry[],
): Promise<Evidence> {
  const path = `/api/v1/ai/runs/${runId}`;
  const [run, receipts, calls] = await Promise.all([
    api.get<RunBody>(path),
    api.get<{ items: Receipt[] }>(`${path}/receipts`),
    api.get<{ items: Call[] }>(`${path}/calls`),
  ]);
  return {
    run: run.body,
    tracked,
    receipts: receipts.body.items,
    calls: calls.body.items,
    gateway: log.filter((entry) => runOf(entry) === runId),
  };
}

function isOver({ status }: RunBody): boolean {
  return status === "success" || status === "error" || status === "cancelled";
}

function runOf({ user }: GatewayLogEntry): string {
  return user.split("/")[0] ?? "";
}
