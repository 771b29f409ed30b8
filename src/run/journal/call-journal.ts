import { assert } from "../../base/assert.ts";
import { deriveId } from "../../base/ids.ts";
import type { AiError } from "../../ports/ai-event.ts";
import type {
  CallFailure,
  CallIntent,
  CallJournal,
  CallOpening,
  CallSettlement,
  CompletionOutput,
  GatewayHeaders,
} from "../../ports/completion.ts";
import type { RunLimits } from "../../ports/run-context.ts";
import type { CallState } from "../../ports/run.ts";
import type { UsageFact } from "../../ports/usage-fact.ts";
import { isUnitTaken, noTotals, readTotals, type CallCosts } from "./call-rows.ts";
import type { EventLog } from "../viewers/event-log.ts";
import type { CrashPoint } from "../crash-points.ts";
import { decideLease, type LeaseTopUp } from "./lease.ts";
import type { Outbox } from "./outbox.ts";
import { StaleInstance } from "../stale-instance.ts";
import type { RunStorage, SqlValue } from "../storage.ts";

export interface JournalDeps {
  storage: RunStorage;
  events: EventLog;
  outbox: Outbox;
  runId: string;
  attempt: number;
  /** The driver's number: a write is refused when another driver has taken the run over. */
  epoch: number;
  /** No call of the run was ever opened. */
  isEmpty: boolean;
  limits: RunLimits;
  /** Credits charged for a fact: the function that also posts it. */
  priceOf: (fact: UsageFact) => number;
  leaseCredits: () => number;
  /** What the ledger has charged the run and the journal does not know of. */
  ledgerAheadCredits: number;
  /** Raises the lease in D1 to this total; an error when that is refused or not possible now. */
  topUp: (leaseCredits: number) => Promise<AiError | null>;
  /** An error when this driver may dispatch no more: the run is being stopped, or is over. */
  fence: () => AiError | null;
  crashPoint: (point: CrashPoint) => void;
  now: () => number;
}

const isCurrent = "(SELECT epoch FROM run WHERE id = 1) = ?";

interface OpenCall {
  ordinal: number;
  nodeKey: string;
  mostCredits: number;
}

/**
 * The trail of every model call in the RunObject's storage:
 * `intent` before the fetch, `dispatched` when headers arrive, then `settled`, `failed` or `cancelled`.
 *
 * The call id is deterministic (run, node's checkpoint namespace, request hash, occurrence), so that a node which runs
 * again finds its settled calls, and in the same attempt those that failed and owe a receipt: asked again, they would be
 * paid twice. One instance serves one driver: occurrences are counted anew by each.
 */
export class RunCallJournal implements CallJournal {
  readonly #deps: JournalDeps;
  readonly #open = new Map<string, OpenCall>();
  readonly #occurrences = new Map<string, number>();
  #totals: CallCosts;
  /** Over all attempts: what numbers the rows. */
  #dispatches: number;
  /** Of this attempt: what `limits.maxCalls` limits. */
  #ownDispatches: number;

  constructor(deps: JournalDeps) {
    this.#deps = deps;
    const { usage, chargedCredits, books } = deps.isEmpty ? noTotals : readTotals(deps.storage);
    this.#totals = { usage, chargedCredits };
    this.#dispatches = books.dispatches;
    this.#ownDispatches =
      deps.attempt === 0
        ? this.#dispatches
        : this.#count("SELECT count(*) AS total FROM calls WHERE attempt = ?", deps.attempt);
  }

  /** What the run was charged so far, over all attempts, as the ledger has it. */
  get chargedCredits(): number {
    return this.#totals.chargedCredits + this.#deps.ledgerAheadCredits;
  }

  async open(intent: CallIntent): Promise<CallOpening> {
    const callId = this.#callIdOf(intent);
    const replay = this.#replayOf(callId);
    if (replay !== null) return replay;
    for (;;) {
      const error = this.#deps.fence() ?? this.#limitReached();
      if (error !== null) return { kind: "refused", error };
      const lease = decideLease(
        {
          leaseCredits: this.#deps.leaseCredits(),
          chargedCredits: this.chargedCredits,
          openCredits: sum([...this.#open.values()].map((call) => call.mostCredits)),
          maxCredits: this.#deps.limits.maxCredits,
        },
        intent.mostCredits,
      );
      // No await between the decision and the row: parallel calls must not spend the same credit.
      if (lease.kind === "covered") return this.#writeIntent(callId, intent);
      if (lease.kind === "refused") return lease;
      const refused = await this.#topUp(lease);
      if (refused !== null) return { kind: "refused", error: refused };
    }
  }

  dispatched(callId: string, headers: GatewayHeaders): void {
    const { ordinal } = this.#openCall(callId);
    this.#write(
      `UPDATE calls SET state = 'dispatched', usage_unit_id = ? WHERE ordinal = ? AND ${isCurrent}`,
      headers.callId,
      ordinal,
    );
    this.#deps.crashPoint("call.dispatched");
  }

  isUnitTaken(usageUnitId: string, callId: string): boolean {
    const { ordinal } = this.#openCall(callId);
    // A first call has no other to share it with.
    return this.#dispatches > 1 && isUnitTaken(this.#deps.storage, usageUnitId, ordinal);
  }

  settle(callId: string, { output, fact }: CallSettlement): void {
    this.#end(callId, "settled", fact, { output });
  }

  fail(callId: string, { state, error, fact }: CallFailure): void {
    this.#end(callId, state, fact, { error });
  }

  /** Null: the lease covers the call, if nobody else spends it first. */
  async #topUp({ leaseCredits, neededCredits }: LeaseTopUp): Promise<AiError | null> {
    const refused = await this.#deps.topUp(leaseCredits);
    const mayDo = refused?.code === "insufficient_credits" && neededCredits < leaseCredits;
    return mayDo ? this.#deps.topUp(neededCredits) : refused;
  }

  /** The call's text, its row, its usage and the new running cost become durable together or not at all. */
  #end(
    callId: string,
    state: CallState,
    fact: UsageFact | null,
    result: { output: CompletionOutput } | { error: AiError },
  ): void {
    const { events, outbox, now, crashPoint } = this.#deps;
    const { ordinal, nodeKey } = this.#openCall(callId);
    const totals = fact === null ? this.#totals : this.#totalsWith(fact);
    const charged = totals.chargedCredits - this.#totals.chargedCredits;
    crashPoint("call.settling");
    events.atomically(() => {
      if ("error" in result) events.flush();
      else events.complete(result.output.messageId, nodeKey, result.output.text);
      this.#write(
        `UPDATE calls SET state = ?, ended_at = ?, output = ?, charged_credits = ?, input_tokens = ?,
           output_tokens = ?, settlement = ?, outbox_key = ?, usage_unit_id = coalesce(?, usage_unit_id)
         WHERE ordinal = ? AND ${isCurrent}`,
        state,
        now(),
        JSON.stringify("error" in result ? result.error : result.output),
        charged,
        fact?.inputTokens ?? 0,
        fact?.outputTokens ?? 0,
        fact?.settlement ?? null,
        fact === null ? null : outbox.put(fact),
        fact?.usageUnitId ?? null,
        ordinal,
      );
      if (fact !== null) {
        const { usage, chargedCredits } = totals;
        events.append({ type: "cost", ...usage, chargedCredits });
      }
    });
    this.#totals = totals;
    this.#open.delete(callId);
    crashPoint("call.settled");
  }

  #totalsWith(fact: UsageFact): CallCosts {
    const { usage, chargedCredits } = this.#totals;
    return {
      usage: {
        calls: usage.calls + 1,
        inputTokens: usage.inputTokens + fact.inputTokens,
        outputTokens: usage.outputTokens + fact.outputTokens,
      },
      chargedCredits: chargedCredits + this.#deps.priceOf(fact),
    };
  }

  #writeIntent(callId: string, intent: CallIntent): CallOpening {
    const { attempt, now, crashPoint } = this.#deps;
    const callIndex = this.#dispatches;
    const dispatch =
      callIndex === 0
        ? 1
        : 1 + this.#count("SELECT count(*) AS total FROM calls WHERE call_id = ?", callId);
    const dispatchId = `${callId}-${dispatch}`;
    const messageId = deriveId("message", ["message", callId]);
    this.#write(
      `INSERT INTO calls (ordinal, call_id, dispatch, dispatch_id, attempt, node_key, checkpoint_ns, request_hash,
         message_id, state, model, most_credits, started_at)
       SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, 'intent', ?, ?, ? WHERE ${isCurrent}`,
      callIndex + 1,
      callId,
      dispatch,
      dispatchId,
      attempt,
      intent.nodeKey,
      intent.checkpointNs,
      intent.requestHash,
      messageId,
      intent.model,
      intent.mostCredits,
      now(),
    );
    this.#dispatches += 1;
    this.#ownDispatches += 1;
    crashPoint("call.intent");
    const { nodeKey, mostCredits } = intent;
    this.#open.set(callId, { ordinal: callIndex + 1, nodeKey, mostCredits });
    return { kind: "dispatch", callId, dispatchId, callIndex, messageId };
  }

  #callIdOf({ checkpointNs, requestHash }: CallIntent): string {
    const place = `${checkpointNs}\n${requestHash}`;
    const occurrence = this.#occurrences.get(place) ?? 0;
    this.#occurrences.set(place, occurrence + 1);
    return deriveId("call", ["call", this.#deps.runId, checkpointNs, requestHash, occurrence]);
  }

  #replayOf(callId: string): CallOpening | null {
    // A first driver has nothing to replay before its first call.
    if (this.#dispatches === 0) return null;
    const [row] = this.#deps.storage.sql
      .exec<{ state: CallState; output: string; outbox_key: string }>(
        `SELECT state, output, outbox_key FROM calls
         WHERE call_id = ? AND (state = 'settled' OR (state = 'failed' AND attempt = ?))
           AND output IS NOT NULL AND outbox_key IS NOT NULL`,
        callId,
        this.#deps.attempt,
      )
      .toArray();
    if (row === undefined) return null;
    if (row.state === "failed") {
      return { kind: "refused", error: JSON.parse(row.output) as AiError };
    }
    const fact = this.#deps.outbox.read(row.outbox_key);
    assert(fact !== null, "a settled call's usage is in the outbox");
    return { kind: "replay", output: JSON.parse(row.output) as CompletionOutput, fact };
  }

  #limitReached(): AiError | null {
    const { maxCalls } = this.#deps.limits;
    if (this.#ownDispatches < maxCalls) return null;
    return {
      code: "invalid_request",
      message: `The run reached its limit of ${maxCalls} model calls (limits.maxCalls). Raise the limit, then start again.`,
    };
  }

  #openCall(callId: string): OpenCall {
    const call = this.#open.get(callId);
    assert(call !== undefined, "the call is open");
    return call;
  }

  /** A write of this driver's, refused when another one has taken over. */
  #write(query: string, ...bindings: SqlValue[]): void {
    const { storage, epoch } = this.#deps;
    if (storage.sql.exec(query, ...bindings, epoch).rowsWritten === 0) throw new StaleInstance();
  }

  #count(query: string, ...bindings: SqlValue[]): number {
    const [row] = this.#deps.storage.sql.exec<{ total: number }>(query, ...bindings).toArray();
    return row?.total ?? 0;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
