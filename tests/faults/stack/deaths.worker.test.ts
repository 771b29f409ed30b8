import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Env } from "../../../src/env.ts";
import {
  expectBilledOnce,
  newAccount,
  readRun,
  startRun,
  watch,
  type Account,
  type Viewer,
} from "../../stack/product.ts";

function stubOf(runId: string) {
  const { RUNS } = env as unknown as Env;
  return RUNS.get(RUNS.idFromName(runId));
}

/** The object dies where it stands, its sockets and its upstream with it. */
async function die(runId: string): Promise<void> {
  await runInDurableObject(stubOf(runId), (_object, state) => state.abort("a death")).catch(
    () => {},
  );
}

const body = { graphId: "langgraph:ponderer", message: "[[tokens:12]] [[delay:12]] hello" };

/** The answer as a viewer reads it, with what was taken back left out. */
function answerOf({ events }: Viewer): string {
  const texts = new Map<string, string>();
  for (const { event } of events) {
    if (event.type === "text_reset") texts.set(event.messageId, "");
    if (event.type === "text_delta") {
      texts.set(event.messageId, (texts.get(event.messageId) ?? "") + event.delta);
    }
    if (event.type === "assistant_final") return texts.get(event.messageId) ?? "";
  }
  return "";
}

async function sawEvent(viewer: Viewer, seq: number): Promise<void> {
  await viewer.seen(
    (frame) => frame.kind === "settled" || (frame.kind === "event" && frame.seq >= seq),
  );
}

/** A viewer that comes back with its cursor whenever its socket ends, until the run is settled. */
async function followToTheEnd(as: Account, runId: string): Promise<Viewer> {
  for (let look = 0; look < 100; look += 1) {
    const { billing } = await readRun(as, runId);
    if (billing === "settled") break;
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  const viewer = await watch(as, runId);
  await viewer.settled();
  return viewer;
}

describe("a run whose object dies", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])("after event %i goes on to the same end", async (seq) => {
    const as = await newAccount();
    const { runId } = await startRun(as, body);
    const first = await watch(as, runId);
    await sawEvent(first, seq);
    await die(runId);
    const last = await followToTheEnd(as, runId);
    expect(await readRun(as, runId)).toMatchObject({ status: "success", books: { closed: true } });
    expect(last.events.map((event) => event.seq)).toEqual(last.events.map((_, at) => at + 1));
    expect(
      last.events.some(({ event }) => event.type === "status" && event.phase === "recovering"),
    ).toBe(true);
    // What the first viewer saw is how the log begins.
    expect(last.events.slice(0, first.events.length)).toEqual(first.events);
    expect(answerOf(last)).toBe(
      ((await readRun(as, runId)) as unknown as { output: string }).output,
    );
    await expectBilledOnce(as, runId);
  });

  it("is driven once though its alarm fires twice, together with requests", async () => {
    const as = await newAccount();
    const { runId } = await startRun(as, body);
    await sawEvent(await watch(as, runId), 3);
    await die(runId);
    await Promise.all([
      runDurableObjectAlarm(stubOf(runId)),
      runDurableObjectAlarm(stubOf(runId)),
      readRun(as, runId),
      readRun(as, runId),
    ]);
    await followToTheEnd(as, runId);
    const { receipts, answered } = await expectBilledOnce(as, runId);
    // Three calls, and at most one that was open when the object left.
    expect(answered.length).toBeLessThanOrEqual(4);
    expect(receipts.length).toBe(answered.length);
  });
});
