import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Env } from "../../../src/env.ts";
import type { LoggedEvent } from "../../../src/run/viewers/event-log.ts";
import { Sockets } from "../../../src/run/viewers/sockets.ts";

const event = (seq: number): LoggedEvent => ({
  seq,
  type: "status",
  json: JSON.stringify({ type: "status", phase: "thinking", label: "x".repeat(100) }),
});

it("gives a connection only so much, without harm to the others", async () => {
  const { RUNS } = env as unknown as Env;
  const seen = await runInDurableObject(RUNS.get(RUNS.newUniqueId()), async (_object, state) => {
    const sockets = new Sockets(state, 1_000);
    const join = (after: number) => {
      const { webSocket } = sockets.accept(
        {
          hello: {
            kind: "hello",
            protocol: 1,
            runId: "run_1",
            attempt: 0,
            status: "running",
            lastSeq: after,
          },
          events: [],
          settled: null,
        },
        false,
      );
      const frames: { kind: string; seq?: number }[] = [];
      const closed = new Promise<number>((resolve) =>
        webSocket?.addEventListener("close", ({ code }) => resolve(code)),
      );
      webSocket?.addEventListener("message", ({ data }) =>
        frames.push(JSON.parse(String(data)) as { kind: string }),
      );
      webSocket?.accept();
      return { frames, closed };
    };
    const early = join(0);
    for (let seq = 1; seq <= 4; seq += 1) sockets.publish(event(seq));
    const late = join(4);
    for (let seq = 5; seq <= 8; seq += 1) sockets.publish(event(seq));
    const code = await early.closed;
    return {
      code,
      early: early.frames.flatMap(({ seq }) => seq ?? []),
      late: late.frames.flatMap(({ seq }) => seq ?? []),
    };
  });
  expect(seen.code).toBe(1013);
  // It was sent every event up to its end, so its cursor is true.
  expect(seen.early).toEqual(seen.early.map((_, index) => index + 1));
  expect(seen.early.length).toBeLessThan(8);
  expect(seen.late).toEqual([5, 6, 7, 8]);
});
