import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../../src/ports/ai-event.ts";
import { openRun, type OpenRun } from "../../../src/run/open-run.ts";
import { pauseRun } from "../../../src/run/life/end-run.ts";
import { goOn } from "../../../src/run/life/reopening.ts";
import { openJournal } from "../../../src/run/journal/open-journal.ts";
import { RunState } from "../../../src/run/run-state.ts";
import { factOf } from "../../conformance/fakes.ts";
import { World } from "../../faults/in-process/world.ts";
import { sqliteStorage } from "../sqlite-storage.ts";
import { RecordingLog } from "../../logs.ts";

async function drivenRun(): Promise<OpenRun> {
  const { start } = await World.create({ steps: [] });
  const storage = sqliteStorage();
  const state = new RunState(storage);
  state.create(start, 1);
  state.update({ phase: "driving", status: "running", rev: 1, leaseCredits: 1_000 });
  const unused = () => {
    throw new Error("not used");
  };
  return openRun(
    {
      storage,
      ledger: {
        admit: unused,
        find: unused,
        reopen: unused,
        topUp: unused,
        commit: unused,
        finish: unused,
        recordBooks: unused,
        giveUp: unused,
      },
      reconciler: null,
      buildExecutor: unused,
      priceOf: () => 1,
      describeModel: () => ({ source: "litellm", provider: "fake" }),
      drainsOnStop: () => false,
      needsCredit: () => true,
      viewers: { publish: () => {}, pause: () => {}, settle: () => {} },
      setAlarm: async () => {},
      deleteStorage: async () => {},
      abandon: () => {},
      retentionMs: 1,
      crashPoint: () => {},
      delay: () => () => {},
      clock: { now: () => 1_000 },
      log: new RecordingLog(),
    },
    state,
  );
}

const driver = {
  isFirst: false,
  signal: new AbortController().signal,
  isOver: () => false,
};
const intent = {
  nodeKey: "n",
  checkpointNs: "n:1",
  requestHash: "h",
  model: "fake/model",
  mostCredits: 1,
};

describe("a call that was cut off when its run stopped to ask a person", () => {
  it("says its text anew after the answer, without what was shown of it before", async () => {
    const run = await drivenRun();
    const first = await openJournal(run, driver).open(intent);
    if (first.kind !== "dispatch") throw new Error("it is dispatched");
    const { messageId } = first;
    run.events.append({ type: "text_delta", messageId, nodeKey: "n", delta: "Hel" });
    pauseRun(run, [{ interruptId: "q.0", value: null }]);
    run.state.update({ phase: "reopening" });
    goOn(run, { leaseCredits: 1_000, chargedCredits: 0 });

    const journal = openJournal(run, driver);
    const again = await journal.open(intent);
    if (again.kind !== "dispatch") throw new Error("it is dispatched again");
    expect(again.messageId).toBe(messageId);
    run.events.append({ type: "text_delta", messageId, nodeKey: "n", delta: "Hello" });
    const output = {
      messageId,
      text: "Hello",
      toolCalls: [],
      finishReason: "stop",
      servedModel: null,
    };
    journal.settle(again.callId, { output, fact: factOf({ ...run.state.present.start.context }) });
    let shown = "";
    for (const { json } of run.events.read(0)) {
      const event = JSON.parse(json) as RunEvent;
      if (event.type === "text_reset") shown = "";
      if (event.type === "text_delta") shown += event.delta;
    }
    expect(shown).toBe("Hello");
  });
});
