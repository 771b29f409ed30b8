import type {
  GraphInvocation,
  GraphOutcome,
  GraphRunner,
  InterruptAnswer,
} from "../../src/ports/graph-runner.ts";
import { sqliteStorage } from "../run/sqlite-storage.ts";

/** Runs a graph to its end, approving of whatever it asks. */
export async function runThrough(
  runner: GraphRunner,
  invocation: GraphInvocation,
): Promise<GraphOutcome> {
  const checkpoints = invocation.checkpoints ?? sqliteStorage();
  let answer: InterruptAnswer | null = null;
  for (;;) {
    const outcome: GraphOutcome = await runner.run({ ...invocation, checkpoints, answer });
    if (outcome.kind !== "interrupted") return outcome;
    const [question] = outcome.interrupts;
    if (question === undefined) throw new Error("an interrupted graph asks something");
    answer = { interruptId: question.interruptId, value: true };
  }
}
