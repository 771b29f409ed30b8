import type {
  CallFailure,
  CallIntent,
  CallJournal,
  CallOpening,
  CallSettlement,
  GatewayHeaders,
} from "../../src/ports/completion.ts";
import type { AiError } from "../../src/ports/ai-event.ts";
import type { UsageFact } from "../../src/ports/usage-fact.ts";

export interface JournalledCall {
  callId: string;
  dispatchId: string;
  intent: CallIntent;
  state: "intent" | "dispatched" | "settled" | "failed" | "cancelled";
  headers: GatewayHeaders | null;
  settlement: CallSettlement | null;
  failure: CallFailure | null;
}

/** A call journal in memory, with the rules of the real one: deterministic keys, replay of what settled. */
export class FakeJournal implements CallJournal {
  readonly calls: JournalledCall[] = [];
  readonly #settled = new Map<string, CallSettlement>();
  #occurrences = new Map<string, number>();
  #refusal: AiError | null = null;

  refuseWith(error: AiError): void {
    this.#refusal = error;
  }

  /** What a new driver does after a crash: occurrences are counted anew, what settled stays. */
  restart(): void {
    this.#occurrences = new Map();
  }

  async open(intent: CallIntent): Promise<CallOpening> {
    if (this.#refusal !== null) return { kind: "refused", error: this.#refusal };
    const place = `${intent.checkpointNs}|${intent.requestHash}`;
    const occurrence = this.#occurrences.get(place) ?? 0;
    this.#occurrences.set(place, occurrence + 1);
    const callId = `call_${place}|${occurrence}`;
    const settled = this.#settled.get(callId);
    if (settled !== undefined) return { kind: "replay", ...settled };
    const callIndex = this.calls.length;
    const dispatchId = `dsp-${callIndex}-${intent.requestHash.slice(0, 12)}`;
    this.calls.push({
      callId,
      dispatchId,
      intent,
      state: "intent",
      headers: null,
      settlement: null,
      failure: null,
    });
    return { kind: "dispatch", callId, dispatchId, callIndex, messageId: `msg_${callIndex}` };
  }

  dispatched(callId: string, headers: GatewayHeaders): void {
    const call = this.#openCall(callId);
    call.state = "dispatched";
    call.headers = headers;
  }

  isUnitTaken(usageUnitId: string, callId: string): boolean {
    return this.calls.some(
      (call) => call.callId !== callId && factOf(call)?.usageUnitId === usageUnitId,
    );
  }

  settle(callId: string, settlement: CallSettlement): void {
    const call = this.#openCall(callId);
    call.state = "settled";
    call.settlement = settlement;
    this.#settled.set(callId, settlement);
  }

  fail(callId: string, failure: CallFailure): void {
    const call = this.#openCall(callId);
    call.state = failure.state;
    call.failure = failure;
  }

  /** One for every dispatch that owes a receipt. */
  facts(): UsageFact[] {
    return this.calls.map(factOf).filter((fact) => fact !== null);
  }

  openCalls(): JournalledCall[] {
    return this.calls.filter((call) => call.state === "intent" || call.state === "dispatched");
  }

  #openCall(callId: string): JournalledCall {
    const call = this.openCalls().find((candidate) => candidate.callId === callId);
    if (call === undefined) throw new Error("the call is not open");
    return call;
  }
}

function factOf(call: JournalledCall): UsageFact | null {
  return call.settlement?.fact ?? call.failure?.fact ?? null;
}
