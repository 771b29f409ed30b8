import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyEvent, emptyTranscript, splitReply } from "../../src/client/transcript.ts";
import type { Transcript } from "../../src/client/transcript.ts";
import type { RunEvent } from "../../src/ports/ai-event.ts";

const started: RunEvent = {
  type: "run_started",
  runId: "run_1",
  attempt: 0,
  graphId: "langgraph:research",
  model: "demo/small",
};

function text(messageId: string, delta: string, nodeKey = "writer"): RunEvent {
  return { type: "text_delta", messageId, nodeKey, delta };
}

function play(events: readonly RunEvent[], from: Transcript = emptyTranscript): Transcript {
  return events.reduce(
    (transcript, event) => applyEvent(transcript, transcript.lastSeq + 1, event),
    from,
  );
}

describe("events become a transcript", () => {
  test("deltas of a message join in order, also when messages alternate", () => {
    const transcript = play([text("a", "He"), text("b", "Wor"), text("a", "llo"), text("b", "ld")]);
    expect(transcript.steps.map((step) => step.kind === "text" && step.text)).toEqual([
      "Hello",
      "World",
    ]);
  });

  test("an event that was applied before changes nothing", () => {
    const events = [started, text("a", "one "), text("a", "two "), text("a", "three")];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: events.length })), (repeats) => {
        const once = play(events);
        const again = repeats.reduce(
          (transcript, seq) => applyEvent(transcript, seq, events[seq - 1]!),
          once,
        );
        expect(again).toBe(once);
      }),
    );
  });

  test("any break and replay from an older number leads to the same transcript", () => {
    const events = [started, text("a", "x"), text("b", "y"), text("a", "z"), text("b", "!")];
    fc.assert(
      fc.property(fc.nat(events.length), fc.nat(events.length), (broken, cursor) => {
        let transcript = play(events.slice(0, broken));
        for (let index = Math.min(cursor, broken); index < events.length; index += 1) {
          transcript = applyEvent(transcript, index + 1, events[index]!);
        }
        expect(transcript).toEqual(play(events));
      }),
    );
  });

  test("a text reset takes back what an interrupted call had shown", () => {
    const transcript = play([
      text("a", "half a sen"),
      { type: "text_reset", messageId: "a", nodeKey: "writer" },
      text("a", "The sentence."),
    ]);
    expect(splitReply(transcript, null).reply).toBe("The sentence.");
  });

  test("a tool call keeps its arguments and gets its result", () => {
    const call = { toolCallId: "t1", messageId: "a" };
    const running = play([
      { type: "tool_call_start", ...call, toolName: "core__calculator", args: { sum: "1+1" } },
    ]);
    expect(running.steps).toMatchObject([{ state: "running", args: { sum: "1+1" } }]);
    const failed = play(
      [{ type: "tool_call_result", ...call, result: "no", isError: true }],
      running,
    );
    expect(failed.steps).toMatchObject([{ state: "failed", result: "no", args: { sum: "1+1" } }]);
  });

  test("a result for a call that was never seen is ignored", () => {
    const result: RunEvent = {
      type: "tool_call_result",
      toolCallId: "t9",
      messageId: "a",
      result: 1,
    };
    expect(play([result]).steps).toEqual([]);
  });

  test("questions to the person stay until the run goes on", () => {
    const ask = (interruptId: string): RunEvent => ({
      type: "interrupt",
      interruptId,
      value: "ok?",
    });
    const waiting = play([started, ask("i1"), ask("i2")]);
    expect(waiting.phase).toBe("interrupted");
    expect(waiting.interrupts.map(({ interruptId }) => interruptId)).toEqual(["i1", "i2"]);
    expect(play([{ type: "status", phase: "thinking" }], waiting).interrupts).toEqual([]);
  });

  test("a retry forgets the error and keeps the text that its replayed calls will not send again", () => {
    const usage = { calls: 1, inputTokens: 1, outputTokens: 1 };
    const failed = play([
      text("a", "kept", "planner"),
      { type: "error", code: "timeout", message: "Too slow." },
      { type: "done", status: "error", usage },
    ]);
    expect(failed).toMatchObject({ phase: "ended", done: "error", error: { code: "timeout" } });
    const retried = play([{ ...started, attempt: 1 }], failed);
    expect(retried).toMatchObject({ phase: "thinking", done: null, error: null });
    expect(retried.steps).toHaveLength(1);
  });
});

describe("the reply and the work behind it", () => {
  const events = [
    text("plan", "1. look", "planner"),
    text("answer", "Well", "writer"),
    text("late", "more work", "planner"),
  ];

  test("while it streams, the reply is the newest text of the answering node", () => {
    const { reply, steps } = splitReply(play(events), "writer");
    expect(reply).toBe("Well");
    expect(steps).toHaveLength(2);
  });

  test("without a known answering node, the newest text is the reply", () => {
    expect(splitReply(play(events), null).reply).toBe("more work");
  });

  test("the final answer replaces its streamed text and is no step", () => {
    const final: RunEvent = { type: "assistant_final", messageId: "answer", content: "Well, yes." };
    const { reply, steps } = splitReply(play([...events, final]), "writer");
    expect(reply).toBe("Well, yes.");
    expect(steps.map((step) => step.kind === "text" && step.messageId)).toEqual(["plan", "late"]);
  });

  test("work of other nodes is never shown as the reply", () => {
    expect(splitReply(play([text("plan", "1. look", "planner")]), "writer").reply).toBe("");
  });
});
