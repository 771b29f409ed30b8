import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  applyEvent,
  beforeNextAttempt,
  emptyTranscript,
  shortfall,
  splitReply,
} from "../../src/client/transcript.ts";
import type { Transcript } from "../../src/client/transcript.ts";
import type { RunEvent } from "../../src/ports/ai-event.ts";
import type { JsonValue } from "../../src/ports/json.ts";

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

  test("a question waits, is answered when the run works again, and is asked again under its own id", () => {
    const ask = (interruptId: string): RunEvent => ({
      type: "interrupt",
      interruptId,
      value: "ok?",
    });
    const states = ({ questions }: Transcript) =>
      questions.map(({ interruptId, state }) => `${interruptId} ${state}`);
    const waiting = play([started, ask("i1"), ask("i2")]);
    expect(waiting.phase).toBe("interrupted");
    expect(states(waiting)).toEqual(["i1 open", "i2 open"]);
    const cost = { calls: 1, inputTokens: 1, outputTokens: 1, chargedCredits: 1 };
    expect(states(play([{ type: "cost", ...cost }], waiting))).toEqual(["i1 open", "i2 open"]);
    const working = play([{ type: "status", phase: "thinking" }], waiting);
    expect(states(working)).toEqual(["i1 answered", "i2 answered"]);
    expect(states(play([ask("i2")], working))).toEqual(["i1 answered", "i2 open"]);
    const stopped = play([{ type: "error", code: "aborted", message: "Stopped." }], waiting);
    expect(states(stopped)).toEqual(["i1 dropped", "i2 dropped"]);
  });

  test("a reset empties its message alone, at once, and is counted", () => {
    const before = play([text("a", "half"), text("b", "kept"), text("a", " more")]);
    const after = play([{ type: "text_reset", messageId: "a", nodeKey: "writer" }], before);
    expect(after.steps).toMatchObject([{ messageId: "b", text: "kept" }]);
    expect([before.resets, after.resets]).toEqual([0, 1]);
  });

  test("a run that recovers says so until it works again", () => {
    const recovering = play([started, { type: "status", phase: "recovering" }]);
    expect(recovering.phase).toBe("recovering");
    expect(play([{ type: "status", phase: "thinking" }], recovering).phase).toBe("thinking");
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
    expect(retried).toMatchObject({ attempt: 1, phase: "thinking", done: null, error: null });
    expect(retried.steps).toHaveLength(1);
  });
});

describe("a log of everything that can happen", () => {
  const message = fc.constantFrom("a", "b");
  const node = fc.constantFrom("planner", "writer");
  const anyEvent: fc.Arbitrary<RunEvent> = fc.oneof(
    fc.record({
      type: fc.constant("text_delta"),
      messageId: message,
      nodeKey: node,
      delta: fc.string(),
    }),
    fc.record({ type: fc.constant("text_reset"), messageId: message, nodeKey: node }),
    fc.record({
      type: fc.constant("tool_call_start"),
      toolCallId: fc.constantFrom("t1", "t2"),
      messageId: message,
      toolName: fc.constant("core__calculator"),
      args: fc.jsonValue() as fc.Arbitrary<JsonValue>,
    }),
    fc.record({
      type: fc.constant("tool_call_result"),
      toolCallId: fc.constantFrom("t1", "t2"),
      messageId: message,
      result: fc.jsonValue() as fc.Arbitrary<JsonValue>,
      isError: fc.boolean(),
    }),
    fc.record({
      type: fc.constant("interrupt"),
      interruptId: fc.constantFrom("i1", "i2"),
      value: fc.jsonValue() as fc.Arbitrary<JsonValue>,
    }),
    fc.record({
      type: fc.constant("status"),
      phase: fc.constantFrom("thinking", "tool_use", "recovering"),
    }),
    fc.constant<RunEvent>({ ...started, attempt: 1 }),
    fc.constant<RunEvent>({ type: "assistant_final", messageId: "a", content: "Done." }),
    fc.constant<RunEvent>({ type: "error", code: "timeout", message: "Too slow." }),
    fc.constant<RunEvent>({
      type: "done",
      status: "error",
      usage: { calls: 1, inputTokens: 1, outputTokens: 1 },
    }),
  );

  test("any prefix, and after a lost connection any part of it again, then the rest, equals the whole", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), fc.nat(30), fc.nat(30), (events, a, b) => {
        const broken = Math.min(a, events.length);
        const cursor = Math.min(b, broken);
        let transcript = play(events.slice(0, broken));
        events.slice(cursor).forEach((event, index) => {
          transcript = applyEvent(transcript, cursor + index + 1, event);
        });
        expect(transcript).toEqual(play(events));
      }),
    );
  });

  test("no event changes a transcript that was shown before", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), anyEvent, (events, next) => {
        const shown = play(events);
        const copy = structuredClone(shown);
        applyEvent(shown, shown.lastSeq + 1, next);
        expect(shown).toEqual(copy);
      }),
    );
  });

  test("a run only waits while a question is open, and no ended run has one", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
        const { phase, questions } = play(events);
        const isOpen = questions.some(({ state }) => state === "open");
        if (phase === "ended") expect(isOpen).toBe(false);
        if (isOpen) expect(phase).toBe("interrupted");
      }),
    );
  });
});

test("until the next attempt is told of, its cursor and its work stay and its failure is gone", () => {
  const failed = play([
    started,
    text("a", "kept"),
    { type: "error", code: "timeout", message: "Too slow." },
    { type: "done", status: "error", usage: { calls: 1, inputTokens: 1, outputTokens: 1 } },
  ]);
  const { lastSeq, steps } = failed;
  const expected = { lastSeq, steps, phase: "waiting", done: null, error: null };
  expect(beforeNextAttempt(failed)).toMatchObject(expected);
});

describe("what a finished reply lacks", () => {
  const usage = { calls: 1, inputTokens: 1, outputTokens: 1 };
  const ended = (finishReason?: string) =>
    play([
      started,
      {
        type: "done",
        status: "success",
        usage,
        ...(finishReason === undefined ? {} : { finishReason }),
      },
    ]);

  test("is said of an answer that was cut off, and of an empty one", () => {
    expect(shortfall(ended("length"), "Once upon a")).toBe("Cut off at the model's limit");
    expect(shortfall(ended("stop"), " \n")).toBe("The model gave an empty answer");
    expect(shortfall(ended(), "Done.")).toBe("");
    expect(shortfall(ended("stop"), "Done.")).toBe("");
  });

  test("is not said while it goes on, of a failure, or where the log is gone", () => {
    expect(shortfall(play([started]), "")).toBe("");
    expect(shortfall(play([{ type: "done", status: "error", usage }]), "")).toBe("");
    expect(shortfall({ ...emptyTranscript, phase: "ended", done: "success" }, "")).toBe("");
  });

  test("is forgotten with the next attempt", () => {
    expect(beforeNextAttempt(ended("length")).finishReason).toBe(null);
    expect(play([{ ...started, attempt: 1 }], ended("length")).finishReason).toBe(null);
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
