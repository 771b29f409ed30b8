import { isId } from "../../src/base/ids.ts";
import type { Env } from "../../src/env.ts";
import type { JsonValue } from "../../src/ports/json.ts";
import type { GoOnOutcome, LiveRun, RunCall, StartOutcome, StartRun } from "../../src/ports/run.ts";

/** Stands in for the RunObjects: keeps what the doors asked for, and answers as a healthy run would. */
export class FakeRuns {
  readonly started: StartRun[] = [];
  /** Every run id whose object was looked up, by any call. */
  readonly touched: string[] = [];
  readonly watched: Request[] = [];
  /** Set to refuse every start. */
  refusal: (StartOutcome & { ok: false }) | null = null;
  /** Set to refuse every answer and every retry. */
  goOnRefusal: (GoOnOutcome & { ok: false }) | null = null;
  /** What runs were answered with, in order. */
  readonly answers: { interruptId: string | null; value: JsonValue }[] = [];
  /** Set to answer viewers with something else than a stream. */
  viewerAnswer: (() => Response) | null = null;
  readonly #db: D1Database;
  readonly #live = new Map<string, { accountId: string; hash: string; run: LiveRun }>();

  constructor(db: D1Database) {
    this.#db = db;
  }

  get namespace(): Env["RUNS"] {
    const namespace = {
      idFromName: (name: string) => name,
      get: (runId: string) => this.#stub(runId),
    };
    return namespace as unknown as Env["RUNS"];
  }

  #stub(runId: string) {
    if (!isId("run", runId)) throw new Error("an object was made for a malformed id");
    this.touched.push(runId);
    const own = (accountId: string) => {
      const known = this.#live.get(runId);
      return known?.accountId === accountId ? known.run : null;
    };
    return {
      start: (start: StartRun) => this.#start(start),
      view: (accountId: string) => Promise.resolve(own(accountId)),
      calls: (accountId: string) =>
        Promise.resolve(own(accountId) === null ? null : [callOf(runId)]),
      cancel: (accountId: string) => {
        const run = own(accountId);
        if (run === null) return Promise.resolve(null);
        const accepted = run.status === "running";
        run.status = "cancelled";
        return Promise.resolve({ accepted, run });
      },
      resume: (accountId: string, answer: { interruptId: string | null; value: JsonValue }) => {
        const run = own(accountId);
        return Promise.resolve(run === null ? null : this.#resume(run, answer));
      },
      retry: (accountId: string) => {
        const run = own(accountId);
        return Promise.resolve(run === null ? null : this.#retry(run));
      },
      fetch: (request: Request) => {
        this.watched.push(request);
        if (this.viewerAnswer !== null) return Promise.resolve(this.viewerAnswer());
        if (new URL(request.url).pathname.endsWith("/socket")) return Promise.resolve(openSocket());
        return Promise.resolve(
          new Response("id: 1\nevent: run_started\ndata: {}\n\n", {
            headers: { "content-type": "text/event-stream" },
          }),
        );
      },
    };
  }

  /** A run as it is known to its object, to be brought into any state. */
  liveRun(runId: string): LiveRun {
    const known = this.#live.get(runId);
    if (known === undefined) throw new Error(`there is no run ${runId}`);
    return known.run;
  }

  #resume(run: LiveRun, answer: { interruptId: string | null; value: JsonValue }): GoOnOutcome {
    if (this.goOnRefusal !== null) return this.goOnRefusal;
    const [open] = run.interrupts;
    if (open === undefined) {
      const last = this.answers.at(-1);
      if (JSON.stringify(last) === JSON.stringify(answer)) return { ok: true, repeated: true, run };
      return { ok: false, code: "conflict", message: "This run waits for no answer." };
    }
    this.answers.push(answer);
    run.status = "running";
    run.interrupts = [];
    return { ok: true, repeated: false, run };
  }

  #retry(run: LiveRun): GoOnOutcome {
    if (this.goOnRefusal !== null) return this.goOnRefusal;
    if (run.status !== "error" && run.status !== "cancelled") {
      return { ok: false, code: "conflict", message: "This run has not failed." };
    }
    run.status = "running";
    run.attempt += 1;
    run.errorCode = null;
    return { ok: true, repeated: false, run };
  }

  async #start(start: StartRun): Promise<StartOutcome> {
    if (this.refusal !== null) return this.refusal;
    const { runId, billingAccountId: accountId } = start.context;
    const known = this.#live.get(runId);
    if (known !== undefined) {
      if (known.hash === start.requestHash) return { ok: true, created: false, run: known.run };
      return { ok: false, code: "idempotency_conflict", message: "Another request." };
    }
    this.started.push(start);
    const run = liveRun(start);
    this.#live.set(runId, { accountId, hash: start.requestHash, run });
    await insertRun(this.#db, start);
    return { ok: true, created: true, run };
  }
}

function openSocket(): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.send("hello");
  return new Response(null, { status: 101, webSocket: client });
}

export async function insertRun(
  db: D1Database,
  { context, threadId, model, requestHash }: StartRun,
  status = "running",
): Promise<void> {
  await db
    .prepare(
      `INSERT INTO graph_runs(id, billing_account_id, virtual_key_id, thread_id, graph_id, model, trigger, request_id,
         request_hash, status, lease_credits, lease_open, created_at)
       VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, 0, 1790000000000)`,
    )
    .bind(
      context.runId,
      context.billingAccountId,
      context.virtualKeyId,
      threadId,
      context.graphId,
      model,
      context.trigger,
      context.requestId,
      requestHash,
      status,
    )
    .run();
}

function liveRun({ context, threadId, model }: StartRun): LiveRun {
  return {
    runId: context.runId,
    threadId,
    graphId: context.graphId,
    model,
    status: "running",
    attempt: 0,
    errorCode: null,
    errorMessage: null,
    output: null,
    startedAt: "2026-11-21T12:00:00.000Z",
    finishedAt: null,
    usage: { calls: 1, inputTokens: 10, outputTokens: 5 },
    chargedCredits: 7,
    heldCredits: 93,
    books: { dispatches: 1, settled: 1, unknown: 0, voided: 0, open: 0, closed: true },
    billing: "open",
    lastSeq: 3,
    interrupts: [],
  };
}

function callOf(runId: string): RunCall {
  return {
    callId: `call_${runId.slice(4)}`,
    nodeKey: "poet",
    ordinal: 1,
    dispatch: 1,
    attempt: 0,
    state: "settled",
    model: "demo/small",
    startedAt: "2026-11-21T12:00:00.000Z",
    endedAt: "2026-11-21T12:00:01.000Z",
    usageUnitId: "unit-1",
    receiptId: null,
  };
}
