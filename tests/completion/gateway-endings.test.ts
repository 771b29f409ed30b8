import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { estimateTokens } from "../../src/completion/estimate-tokens.ts";
import { executeCompletionUnit } from "../../src/completion/execute-completion-unit.ts";
import { useFakeGateway } from "./fake-gateway-bench.ts";
import type { Bench } from "./setup.ts";
import { ask } from "./setup.ts";

const { unitAt, seen, seenClosed, expectBooksToMatch, factsOfOne, runIdOfTest } = useFakeGateway();

describe("an upstream that stalls", () => {
  // Long enough that a busy machine's pauses are none.
  const limits = { headersMsMax: 1_000, idleMsMax: 1_000, totalMsMax: 30_000 };

  it("before headers: timeout, closed upstream, one unknown receipt", async () => {
    const unit = unitAt({ limits });
    const { final } = await unit.run(ask("hello [[stall:headers]]"));
    expect(final).toMatchObject({ ok: false, error: { code: "timeout" } });
    expect(await seenClosed()).toMatchObject([{ clientClosedEarly: true }]);
    expect(unit.journal.facts()).toMatchObject([{ settlement: "unknown" }]);
  });

  it("after headers: timeout, one receipt that estimates what was sent", async () => {
    const unit = unitAt({ limits });
    const { final } = await unit.run(ask("hello [[first:5000]]"));
    expect(final).toMatchObject({ ok: false, error: { code: "timeout" } });
    const fact = factsOfOne(unit);
    expect(fact).toMatchObject({ settlement: "estimated", outputTokens: 0 });
    expect(fact.inputTokens).toBeGreaterThan(0);
  });

  it("in mid-stream: timeout, what arrived was shown, one estimated receipt", async () => {
    const unit = unitAt({ limits });
    const { final, text } = await unit.run(ask("[[tokens:9]] [[stall:3]]"));
    expect(final).toMatchObject({ ok: false, error: { code: "timeout" } });
    expect(text.split(" ").filter(Boolean)).toHaveLength(3);
    expect(await seenClosed()).toMatchObject([{ clientClosedEarly: true }]);
    expect(factsOfOne(unit)).toMatchObject({
      settlement: "estimated",
      outputTokens: estimateTokens(text),
      usageUnitId: seen()[0]?.callId,
    });
  });

  it("a stream that never pauses ends at the total limit", async () => {
    const unit = unitAt({ limits: { ...limits, totalMsMax: 300 } });
    const { final } = await unit.run(ask("[[tokens:3000]] [[delay:2]]"));
    expect(final).toMatchObject({ ok: false, error: { code: "timeout" } });
    expect(await seenClosed()).toMatchObject([{ clientClosedEarly: true }]);
    expectBooksToMatch(unit);
  });

  it("a slow consumer is not a stalled upstream", async () => {
    const unit = unitAt({ limits });
    const { stream, final } = executeCompletionUnit(unit.deps, ask("[[tokens:3]] [[delay:150]]"));
    for await (const event of stream) if (event.type === "text_delta") await sleep(1_200);
    expect((await final).ok).toBe(true);
  });
});

it("a gateway that gives up on a malformed answer closes the upstream before it ends", async () => {
  const { deps } = unitAt();
  const events = deps.gateways.configured!.executeStream({
    ...{ model: "paid", tools: [], maxOutputTokens: 10, dispatchId: "dsp_1", runId: runIdOfTest() },
    messages: [{ role: "user", content: "[[tokens:9]] [[bad-json]] [[stall:3]]" }],
    endUser: `${runIdOfTest()}/0`,
    signal: new AbortController().signal,
  });
  for await (const event of events) if (event.type === "end") expect(event.ok).toBe(false);
  expect(await seenClosed()).toMatchObject([{ clientClosedEarly: true }]);
});

describe("stopping a call", () => {
  const usageLines = (unit: Bench) =>
    unit.log.lines.filter(({ event }) => event.startsWith("billing.usage_"));

  /** Runs the call and stops it as soon as these words have come. */
  async function stoppedAfter(unit: Bench, words: string, message: string) {
    const { stream, final } = executeCompletionUnit(unit.deps, ask(message));
    let text = "";
    for await (const event of stream) {
      if (event.type === "text_delta") text += event.delta;
      if (text.includes(words)) unit.stop.abort();
    }
    return { text, final: await final };
  }

  it("before headers, it really closes the upstream and owes an unknown receipt", async () => {
    const unit = unitAt();
    const running = unit.run(ask("[[stall:headers]]"));
    while (seen().length === 0) await sleep(1);
    unit.stop.abort();
    const { final } = await running;
    expect(final).toMatchObject({ ok: false, error: { code: "aborted" } });
    expect(await seenClosed()).toMatchObject([{ clientClosedEarly: true }]);
    expect(unit.journal.calls).toMatchObject([{ state: "cancelled" }]);
    expect(unit.journal.facts()).toMatchObject([{ settlement: "unknown", costUsd: "0" }]);
    expect(usageLines(unit)).toEqual([]);
  });

  it("in the middle, it really closes the upstream and owes an estimate of what came", async () => {
    const unit = unitAt();
    const { text, final } = await stoppedAfter(unit, "-2", "[[tokens:9]] [[stall:3]]");
    expect(final).toMatchObject({ ok: false, error: { code: "aborted" }, usage: null });
    expect(await seenClosed()).toMatchObject([{ clientClosedEarly: true }]);
    expect(unit.journal.calls).toMatchObject([{ state: "cancelled" }]);
    expect(factsOfOne(unit)).toMatchObject({
      ...{ settlement: "estimated", provenance: "estimate" },
      outputTokens: estimateTokens(text),
    });
  });

  it("leaves an estimate that nobody has to look into, unlike a broken stream", async () => {
    const stopped = unitAt();
    await stoppedAfter(stopped, "-2", "[[tokens:9]] [[stall:3]]");
    expect(usageLines(stopped)).toMatchObject([{ level: "info", fields: { why: "stopped" } }]);
    const broken = unitAt();
    await broken.run(ask("[[tokens:9]] [[truncate:3]]"));
    expect(usageLines(broken)).toMatchObject([{ level: "warn" }]);
  });

  it("closing the stream of the unit closes the upstream", async () => {
    const unit = unitAt();
    const { stream, final } = executeCompletionUnit(unit.deps, ask("[[tokens:9]] [[stall:3]]"));
    for await (const event of stream) if (event.type === "text_delta") break;
    expect(await final).toMatchObject({ ok: false, error: { code: "aborted" } });
    expect(await seenClosed()).toMatchObject([{ clientClosedEarly: true }]);
    expectBooksToMatch(unit);
  });

  it("stopped with a model that drains, the gateway is read to its end", async () => {
    const unit = unitAt();
    const request = ask("[[tokens:9]] [[delay:2]]", { model: "drain" });
    const { stream, final } = executeCompletionUnit(unit.deps, request);
    for await (const event of stream) if (event.type === "text_delta") break;
    await final;
    expect(await seenClosed()).toMatchObject([{ finished: true, clientClosedEarly: false }]);
    expect(factsOfOne(unit)).toMatchObject({ settlement: "final", costUsd: seen()[0]?.costUsd });
  });
});
