import { expect, test } from "vitest";
import type { Answer } from "../../src/client/api.ts";
import { createRunStarter } from "../../src/client/start-run.ts";
import type { StartedRun } from "../../src/client/wire.ts";

const wish = { message: "hi", graphId: "langgraph:poet", model: "demo/small", threadId: null };

/** Answers with the statuses in turn, 0 for none. */
function starter(...statuses: number[]) {
  const keys: string[] = [];
  const start = createRunStarter({
    call<T>(_path: string, options: { headers?: Record<string, string> } = {}) {
      keys.push(options.headers?.["idempotency-key"] ?? "");
      const status = statuses[keys.length - 1] ?? 0;
      const answer: Answer<Partial<StartedRun>> =
        status === 201
          ? { ok: true, value: { runId: "run_1" } }
          : { ok: false, problem: { status, code: "internal", message: "", issues: [] } };
      return Promise.resolve(answer as Answer<T>);
    },
    pause: () => Promise.resolve(),
  });
  return { start, keys, distinct: () => new Set(keys).size };
}

test("a lost answer is asked for three times under one key, and under the same when asked again", async () => {
  const { start, keys, distinct } = starter(0, 0, 0, 201);
  expect(await start(wish)).toMatchObject({ ok: false });
  expect(await start(wish)).toMatchObject({ ok: true });
  expect([keys.length, distinct()]).toEqual([4, 1]);
});

test("the server's own trouble leaves open what became of the message", async () => {
  const { start, distinct } = starter(503, 201);
  await start(wish);
  await start(wish);
  expect(distinct()).toBe(1);
});

test.each([201, 402, 409])(
  "after an answer of %i the same words are a new message",
  async (status) => {
    const { start, distinct } = starter(0, status, 201);
    await start(wish);
    await start(wish);
    expect(distinct()).toBe(2);
  },
);

test("another graph, model or thread is another message", async () => {
  const { start, distinct } = starter();
  await start(wish);
  await start({ ...wish, model: "demo/large" });
  await start({ ...wish, threadId: "thr_1" });
  expect(distinct()).toBe(3);
});
