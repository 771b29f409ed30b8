import { expect, test } from "vitest";
import { threadHistory } from "../../src/client/thread-history.ts";
import type { Run, ThreadMessage } from "../../src/client/wire.ts";

const at = "2026-03-10T12:00:00Z";

function message(role: "user" | "assistant", content: string, runId: string): ThreadMessage {
  return { messageId: `msg_${content}`, role, content, runId, createdAt: at };
}

function run(runId: string, overrides: Partial<Run> = {}): Run {
  return {
    runId,
    accountId: "acct_1",
    threadId: "thr_1",
    graphId: "langgraph:poet",
    trigger: "chat",
    scheduleId: null,
    scheduledFor: null,
    model: "demo/small",
    attempt: 0,
    status: "success",
    errorCode: null,
    errorMessage: null,
    createdAt: at,
    startedAt: at,
    finishedAt: at,
    output: null,
    usage: { calls: 1, inputTokens: 2, outputTokens: 3 },
    chargedCredits: 42,
    heldCredits: 0,
    books: { dispatches: 1, settled: 1, unknown: 0, voided: 0, open: 0, closed: true },
    billing: "settled",
    ...overrides,
  };
}

test("a finished run is its question, then its reply with its cost", () => {
  const messages = [message("user", "hi", "r1"), message("assistant", "hello", "r1")];
  const [question, reply] = threadHistory(messages, [run("r1")]);
  expect(question).toEqual({ kind: "user", runId: "r1", content: "hi" });
  expect(reply).toMatchObject({
    kind: "reply",
    transcript: { final: { content: "hello" }, cost: { chargedCredits: 42 }, phase: "ended" },
  });
});

test.each(["pending", "running", "interrupted"] as const)("a %s run is followed", (status) => {
  const items = threadHistory([message("user", "hi", "r1")], [run("r1", { status })]);
  expect(items.at(-1)).toMatchObject({ kind: "active", run: { runId: "r1" } });
});

test("a run that failed says so at the place of its reply", () => {
  const failed = run("r1", { status: "error", errorCode: "timeout", errorMessage: "Too slow." });
  const items = threadHistory(
    [message("user", "hi", "r1"), message("user", "again", "r2")],
    [failed],
  );
  expect(items.map(({ kind }) => kind)).toEqual(["user", "reply", "user"]);
  expect(items[1]).toMatchObject({
    transcript: { done: "error", error: { message: "Too slow." } },
  });
});

test("a run that ended between the two answers shows its recorded output", () => {
  const items = threadHistory([message("user", "hi", "r1")], [run("r1", { output: "hello" })]);
  expect(items.at(-1)).toMatchObject({
    kind: "reply",
    transcript: { final: { content: "hello" } },
  });
});

test("several messages of one request have one reply", () => {
  const messages = [
    message("user", "a", "r1"),
    message("user", "b", "r1"),
    message("assistant", "c", "r1"),
  ];
  expect(threadHistory(messages, [run("r1")]).map(({ kind }) => kind)).toEqual([
    "user",
    "user",
    "reply",
  ]);
});

test("a reply is shown also when its run was not loaded", () => {
  const [reply] = threadHistory([message("assistant", "hello", "r1")], []);
  expect(reply).toMatchObject({
    kind: "reply",
    runId: "r1",
    run: null,
    transcript: { cost: null },
  });
});
