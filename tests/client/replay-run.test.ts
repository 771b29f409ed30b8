import { expect, test } from "vitest";
import { replayRun, withReplay } from "../../src/client/replay-run.ts";
import type { RunConnection } from "../../src/client/run-socket.ts";
import { emptyTranscript, splitReply } from "../../src/client/transcript.ts";
import type { Transcript } from "../../src/client/transcript.ts";
import type { RunEvent } from "../../src/ports/ai-event.ts";

const started: RunEvent = {
  type: "run_started",
  runId: "run_1",
  attempt: 0,
  graphId: "langgraph:poet",
  model: "demo/small",
};
const tool = { toolCallId: "t1", messageId: "m1" };
const usage = { calls: 1, inputTokens: 1, outputTokens: 1 };
const stopped: RunEvent[] = [
  started,
  { type: "tool_call_start", ...tool, toolName: "core__calculator", args: {} },
  { type: "tool_call_result", ...tool, result: 2 },
  { type: "text_delta", messageId: "m2", nodeKey: "poet", delta: "Half a poe" },
  { type: "done", status: "cancelled", usage },
];

const books = { dispatches: 1, settled: 1, unknown: 0, voided: 0, open: 0, closed: true };
const settled = { kind: "settled", chargedCredits: 42, receipts: 1, books };

function scene() {
  const paths: string[] = [];
  const timers = new Set<() => void>();
  const replays: Transcript[] = [];
  const connection: RunConnection = { onmessage: null, onclose: null, send() {}, close() {} };
  const socket = replayRun("run_1", (transcript) => replays.push(transcript), {
    connect(path) {
      paths.push(path);
      return connection;
    },
    later(_delayMs, task) {
      timers.add(task);
      return () => timers.delete(task);
    },
    random: () => 0,
  });
  function play(events: readonly RunEvent[]) {
    events.forEach((event, index) =>
      connection.onmessage?.({ data: JSON.stringify({ kind: "event", seq: index + 1, event }) }),
    );
  }
  return {
    paths,
    timers,
    replays,
    socket,
    play,
    settle: () => connection.onmessage?.({ data: JSON.stringify(settled) }),
    end: (code: number) => connection.onclose?.({ code }),
  };
}

test("the log of a stopped run gives back its steps and its partial text, once it is whole", () => {
  const { paths, replays, play, end } = scene();
  expect(paths).toEqual(["/api/v1/ai/runs/run_1/socket?after=0"]);
  play(stopped);
  expect(replays).toEqual([]);
  end(1000);
  expect(replays).toHaveLength(1);
  const { reply, steps } = splitReply(replays[0]!, "poet");
  expect(reply).toBe("Half a poe");
  expect(steps).toMatchObject([{ kind: "tool", state: "ok", result: 2 }]);
});

test("the frame after the last event ends the replay, without waiting for the connection to end", () => {
  const { replays, timers, play, settle, end } = scene();
  play(stopped);
  settle();
  expect([replays.length, timers.size]).toEqual([1, 0]);
  end(1000);
  expect(replays).toHaveLength(1);
});

test.each([4404, 4410])(
  "a log that is gone (%i) changes nothing and is not asked for again",
  (code) => {
    const { paths, replays, timers, end } = scene();
    end(code);
    expect([replays, paths.length, timers.size]).toEqual([[], 1, 0]);
  },
);

test("a replay whose connection breaks is given up", async () => {
  const { paths, replays, timers, play, end } = scene();
  play(stopped.slice(0, 2));
  end(1006);
  await Promise.resolve();
  expect([replays, paths.length, timers.size]).toEqual([[], 1, 0]);
});

test("the record keeps the word on how a run ended and what it cost", () => {
  // The log alone tells why the model ended.
  const cut: RunEvent = { type: "done", status: "cancelled", usage, finishReason: "length" };
  const cost = { ...usage, chargedCredits: 42 };
  const error = { code: "aborted", message: "The run was stopped." } as const;
  const record: Transcript = { ...emptyTranscript, phase: "ended", done: "cancelled", cost, error };
  const { replays, play, end } = scene();
  play([...stopped.slice(0, -1), cut]);
  end(1000);
  const merged = withReplay(record, replays[0]!);
  expect(merged).toMatchObject({ phase: "ended", done: "cancelled", cost, error });
  expect(merged.finishReason).toBe("length");
  expect(merged.steps).toHaveLength(2);
});

test("the final text of the log is no step beside the message that was stored of it", () => {
  const record: Transcript = {
    ...emptyTranscript,
    phase: "ended",
    final: { messageId: "msg_stored", content: "A poem" },
  };
  const { replays, play, end } = scene();
  play([
    started,
    { type: "text_delta", messageId: "m2", nodeKey: "poet", delta: "A poem" },
    { type: "assistant_final", messageId: "m2", content: "A poem" },
    { type: "done", status: "success", usage },
  ]);
  end(1000);
  expect(splitReply(withReplay(record, replays[0]!), "poet")).toEqual({
    reply: "A poem",
    steps: [],
  });
});
