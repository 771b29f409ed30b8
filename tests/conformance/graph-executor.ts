import { describe, expect, it } from "vitest";
import type { AiEvent } from "../../src/ports/ai-event.ts";
import type {
  GraphExecutorPort,
  GraphRun,
  GraphRunRequest,
} from "../../src/ports/graph-executor.ts";

/** What the upstream of a subject does. */
export type Scenario =
  /** Text, a usage report, then success. */
  | "answers"
  /** Text, a usage report, then questions. */
  | "asks"
  /** Ends with `rate_limit`. */
  | "fails"
  /** Some text, then silence until it is closed. */
  | "stalls"
  /** The subject's inner code throws. */
  | "throws";

export interface Subject {
  executor: GraphExecutorPort;
  request: GraphRunRequest;
  /** Aborts the request's signal. */
  cancel: () => void;
  /** How often the upstream was started, and how many are open now. */
  upstream: { started: number; open: number };
}

export interface SubjectFamily {
  name: string;
  make: (scenario: Scenario) => Subject;
  /** Billing swallows usage reports; what lies outside of it never sees one. */
  passesUsageReports: boolean;
  /** How many questions `asks` ends with; 0 where nothing can be asked. */
  questions: number;
}

/** The suite of `GraphExecutorPort`: every transport, every decorator around a fake, and the whole stack pass it. */
export function describeGraphExecutor(family: SubjectFamily): void {
  describe(`${family.name} keeps the executor port's contract`, () => {
    it("does nothing upstream before the first pull", async () => {
      const subject = family.make("answers");
      const run = subject.executor.runGraph(subject.request);
      await Promise.resolve();
      expect(subject.upstream.started).toBe(0);
      await drain(run);
      expect(subject.upstream.started).toBe(1);
    });

    it("ends with done, exactly once, as the last event", async () => {
      const events = await runOf(family.make("answers"));
      expect(events.filter((event) => event.type === "done")).toHaveLength(1);
      expect(events.at(-1)).toMatchObject({ type: "done", status: "success" });
    });

    it("keeps content before its usage report, and reports before the final answer", async () => {
      const types = (await runOf(family.make("answers"))).map((event) => event.type);
      expect(types).toContain("text_delta");
      expect(types.filter((type) => type === "assistant_final")).toHaveLength(1);
      expect(types.lastIndexOf("text_delta")).toBeLessThan(types.indexOf("assistant_final"));
      expect(types.indexOf("assistant_final")).toBe(types.length - 2);
      const report = types.indexOf("usage_report");
      if (family.passesUsageReports) {
        expect(report).toBeGreaterThan(types.lastIndexOf("text_delta"));
        expect(report).toBeLessThan(types.indexOf("assistant_final"));
      } else expect(report).toBe(-1);
    });

    it("resolves final with the answer, the usage and the ingress request id", async () => {
      const subject = family.make("answers");
      const run = subject.executor.runGraph(subject.request);
      const events = await drain(run);
      const last = events.at(-1);
      expect(await run.final).toMatchObject({
        ok: true,
        interrupted: false,
        content: events.find((event) => event.type === "assistant_final")?.content,
        usage: last?.type === "done" ? last.usage : null,
        requestId: subject.request.context.requestId,
      });
    });

    it.skipIf(family.questions === 0)(
      "ends with its questions, after what was used is reported and with the upstream closed",
      async () => {
        const subject = family.make("asks");
        const run = subject.executor.runGraph(subject.request);
        const events: AiEvent[] = [];
        for await (const event of run.stream) {
          events.push(event);
          if (event.type === "interrupt") expect(subject.upstream.open).toBe(0);
        }
        const types = events.map((event) => event.type);
        expect(types.indexOf("interrupt")).toBe(types.length - family.questions);
        expect(new Set(types.slice(-family.questions))).toEqual(new Set(["interrupt"]));
        expect(types.indexOf("usage_report") >= 0).toBe(family.passesUsageReports);
        const asked = events.flatMap((event) =>
          event.type === "interrupt" ? [event.interruptId] : [],
        );
        expect(new Set(asked).size).toBe(family.questions);
        expect(await run.final).toMatchObject({
          ok: true,
          interrupted: true,
          requestId: subject.request.context.requestId,
        });
      },
    );

    it.skipIf(family.questions === 0)("can be closed after its first question", async () => {
      const subject = family.make("asks");
      const run = subject.executor.runGraph(subject.request);
      for await (const event of run.stream) if (event.type === "interrupt") break;
      expect(await drain(run)).toEqual([]);
      expect(subject.upstream.open).toBe(0);
      expect(await run.final).toMatchObject({ ok: true, interrupted: true });
    });

    it("turns a failure into an error event and done", async () => {
      const subject = family.make("fails");
      const run = subject.executor.runGraph(subject.request);
      const events = await drain(run);
      expect(events.slice(-2)).toMatchObject([
        { type: "error", code: "rate_limit" },
        { type: "done", status: "error" },
      ]);
      expect(await run.final).toMatchObject({
        ok: false,
        error: { code: "rate_limit" },
        requestId: subject.request.context.requestId,
      });
    });

    it("never throws, and hides what an unexpected error says", async () => {
      const subject = family.make("throws");
      const run = subject.executor.runGraph(subject.request);
      const events = await drain(run);
      expect(events.slice(-2)).toMatchObject([
        { type: "error", code: "internal" },
        { type: "done", status: "error" },
      ]);
      expect(JSON.stringify(events)).not.toContain("sk-secret");
      expect(await run.final).toMatchObject({ ok: false, error: { code: "internal" } });
    });

    it("ends as aborted and cancelled when the signal aborts, with the upstream closed", async () => {
      const subject = family.make("stalls");
      const run = subject.executor.runGraph(subject.request);
      const events: AiEvent[] = [];
      for await (const event of run.stream) {
        events.push(event);
        if (event.type === "text_delta") subject.cancel();
        if (event.type === "done") expect(subject.upstream.open).toBe(0);
      }
      expect(events.slice(-2)).toMatchObject([
        { type: "error", code: "aborted" },
        { type: "done", status: "cancelled" },
      ]);
      expect(await run.final).toMatchObject({ ok: false, error: { code: "aborted" } });
    });

    it("cancels and closes the upstream when the stream is closed early", async () => {
      const subject = family.make("stalls");
      const run = subject.executor.runGraph(subject.request);
      for await (const event of run.stream) if (event.type === "text_delta") break;
      expect(subject.upstream).toMatchObject({ started: 1, open: 0 });
      expect(await run.final).toMatchObject({ ok: false, error: { code: "aborted" } });
    });

    it("can be closed while it waits for the upstream", async () => {
      const subject = family.make("stalls");
      const run = subject.executor.runGraph(subject.request);
      const iterator = run.stream[Symbol.asyncIterator]();
      let next = await iterator.next();
      while (next.done !== true && next.value.type !== "text_delta") next = await iterator.next();
      const waiting = iterator.next();
      await iterator.return?.();
      expect((await waiting).done).toBe(true);
      expect(subject.upstream.open).toBe(0);
      expect(await run.final).toMatchObject({ ok: false });
    });

    it("resolves final and starts nothing when closed before its first pull", async () => {
      const subject = family.make("answers");
      const run = subject.executor.runGraph(subject.request);
      await run.stream[Symbol.asyncIterator]().return?.();
      expect(await run.final).toMatchObject({ ok: false, error: { code: "aborted" } });
      expect(subject.upstream.started).toBe(0);
      expect(await drain(run)).toEqual([]);
    });
  });
}

export async function drain(run: GraphRun): Promise<AiEvent[]> {
  const events: AiEvent[] = [];
  for await (const event of run.stream) events.push(event);
  return events;
}

function runOf(subject: Subject): Promise<AiEvent[]> {
  return drain(subject.executor.runGraph(subject.request));
}
