import type { RunStatus } from "../../../src/ports/run.ts";
import type { Evidence } from "./oracle.ts";

type Say = (what: string) => void;

/** The run ended as its plan and what was done to it demand, and its books are closed. */
export function checkEnd({ run, tracked }: Evidence, say: Say): void {
  const expected = expectedStatuses({ run, tracked });
  if (!expected.includes(run.status)) {
    const code = run.errorCode === null ? "" : ` (${run.errorCode}: ${run.errorMessage})`;
    say(`ended ${run.status}${code}, expected ${expected.join(" or ")}`);
  }
  // A retry whose answer was lost is sent again, and may find the attempt that it began ended.
  const [least, most] = tracked?.retryAccepted === true ? [1, tracked.retriesSent] : [0, 0];
  if (run.attempt < least || run.attempt > most)
    say(`is in attempt ${run.attempt}, expected ${least} to ${most}`);
  if (!run.books.closed) say(`its books are open: ${JSON.stringify(run.books)}`);
  // A call that never left is known to have cost nothing only an hour later.
  const isSettled =
    run.billing === "settled" || (run.billing === "reconciling" && run.books.unknown > 0);
  if (!isSettled) say(`its billing is ${run.billing}`);
  if (run.heldCredits !== 0) say(`it holds ${run.heldCredits} credits after its end`);
  const output = tracked?.plan.output ?? null;
  if (run.status === "success" && output !== null && run.output !== output)
    say(`its output is ${JSON.stringify(run.output)}, expected ${JSON.stringify(output)}`);
  for (const complaint of tracked?.complaints ?? []) say(complaint);
}

function expectedStatuses({ tracked }: Pick<Evidence, "run" | "tracked">): RunStatus[] {
  // Runs of schedules, and those that their client gave up, are of a kind that succeeds.
  if (tracked === null) return ["success"];
  const { plan, retryAccepted, stopAccepted } = tracked;
  if (retryAccepted) return [plan.endsRetried];
  if (stopAccepted) return ["cancelled"];
  return plan.cancelAfterMs === null ? [plan.endsFirst] : [plan.endsFirst, "cancelled"];
}
