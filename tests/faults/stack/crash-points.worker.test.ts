import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import type { Env } from "../../../src/env.ts";
import type { RunEvent } from "../../../src/ports/ai-event.ts";
import { armCrashPoints, crashPoints, type CrashPoint } from "../../../src/run/crash-points.ts";
import {
  call,
  expectBilledOnce,
  gatewayCalls,
  json,
  newAccount,
  watch,
  type Account,
  type RunRecord,
  type Viewer,
} from "../../stack/product.ts";

interface Seen extends RunRecord {
  runId: string;
  attempt: number;
  interrupts?: { interruptId: string }[];
}

/** Aborted in the middle of these, an object leaves the test runner waiting for ever: it is aborted just afterwards. */
const fromOutside: readonly CrashPoint[] = ["checkpoint.written", "finish.answered"];

let dueForDeath = false;

/** Aborts the object that passes the point for the n-th time, once. */
function crashAt(
  point: CrashPoint,
  pass: number,
): { passed: Set<CrashPoint>; deaths: () => number } {
  const passed = new Set<CrashPoint>();
  let left = pass;
  let deaths = 0;
  armCrashPoints((at, object) => {
    passed.add(at);
    if (at !== point || --left !== 0) return;
    deaths += 1;
    if (fromOutside.includes(point)) {
      dueForDeath = true;
      return;
    }
    object.abort("crash point");
    throw new Error("the object is dead");
  });
  return { passed, deaths: () => deaths };
}

async function dieIfDue(runId: string): Promise<void> {
  if (!dueForDeath) return;
  dueForDeath = false;
  const { RUNS } = env as unknown as Env;
  await runInDurableObject(RUNS.get(RUNS.idFromName(runId)), (_object, state) =>
    state.abort("crash point"),
  ).catch(() => {});
}

afterEach(() => armCrashPoints(null));

/** Starts the run and sees it through: asks for it until it has ended, and answers what it asks. */
async function seeThrough(as: Account, graphId: string, message: string): Promise<Seen> {
  const headers = { "idempotency-key": `crash-${crypto.randomUUID()}` };
  const body = { graphId, message, model: "fake/model" };
  let run: Seen | null = null;
  for (let look = 0; look < 400; look += 1) {
    try {
      if (run === null) {
        const started = await call("POST", "/api/v1/ai/runs", { as, headers, body });
        if (started.status < 300) run = await json<Seen>(started);
      } else {
        await dieIfDue(run.runId);
        run = await json<Seen>(await call("GET", `/api/v1/ai/runs/${run.runId}`, { as }));
        if (run.billing === "settled") return run;
        if (run.status === "interrupted") {
          const value = { approved: true, comment: "shorter" };
          await call("POST", `/api/v1/ai/runs/${run.runId}/resume`, { as, body: { value } });
        }
      }
    } catch {
      // A request that meets the death gets no answer; the next one meets another instance.
    }
    await new Promise((resolve) => setTimeout(resolve, dueForDeath ? 0 : 20));
  }
  throw new Error(`the run did not end: ${JSON.stringify(run)}`);
}

function textOf({ events }: Viewer, messageId: string): string {
  let text = "";
  for (const { event } of events) {
    if (event.type === "text_reset" && event.messageId === messageId) text = "";
    if (event.type === "text_delta" && event.messageId === messageId) text += event.delta;
  }
  return text;
}

async function expectOneText(as: Account, run: Seen): Promise<RunEvent[]> {
  const viewer = await watch(as, run.runId);
  await viewer.settled();
  expect(viewer.events.map(({ seq }) => seq)).toEqual(viewer.events.map((_, index) => index + 1));
  const events = viewer.events.map(({ event }) => event);
  expect(events.filter(({ type }) => type === "done")).toHaveLength(1);
  const final = events.at(-2);
  expect(final).toMatchObject({ type: "assistant_final", content: run.output });
  if (final?.type === "assistant_final") {
    expect(textOf(viewer, final.messageId)).toBe(run.output);
  }
  return events;
}

const cases = crashPoints.flatMap((point) => [
  { point, graphId: "langgraph:approval", pass: 1 },
  { point, graphId: "langgraph:research", pass: 2 },
]);

describe("the whole product, its object killed", () => {
  it.each(cases)("at $point in $graphId (pass $pass) loses and repeats nothing", async (each) => {
    const as = await newAccount();
    const { deaths, passed } = crashAt(each.point, each.pass);
    const run = await seeThrough(as, each.graphId, "[[tokens:12]] [[delay:2]] hello");
    expect(run).toMatchObject({ status: "success", books: { closed: true } });
    const { answered } = await expectBilledOnce(as, run.runId);
    const settled = Number(run.books["settled"]);
    // What was sent beyond the settled calls was open when the object died.
    expect(answered.length - settled).toBeLessThanOrEqual(deaths() === 0 ? 0 : 3);
    await expectOneText(as, run);
    expect(passed.size).toBeGreaterThan(5);
  });

  it("passes every point on the way of a run that asks and dies once", async () => {
    const { passed } = crashAt("call.dispatched", 1);
    await seeThrough(await newAccount(), "langgraph:approval", "[[tokens:12]] hello");
    const rare: CrashPoint[] = ["outbox.answered"];
    expect(crashPoints.filter((point) => !passed.has(point) && !rare.includes(point))).toEqual([]);
  });

  it("sends a settled call never again, whichever the graph", async () => {
    const as = await newAccount();
    crashAt("checkpoint.written", 3);
    const run = await seeThrough(as, "langgraph:ponderer", "[[tokens:5]] hello");
    expect(run).toMatchObject({ status: "success", usage: { calls: run.usage.calls } });
    const calls = await gatewayCalls(run.runId);
    expect(calls).toHaveLength(Number(run.books["dispatches"]));
    await expectOneText(as, run);
  });
});
