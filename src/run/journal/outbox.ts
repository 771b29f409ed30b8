import { receiptIdOf, sourceReference } from "../../billing/pricing.ts";
import type { SourceSystem, UsageFact } from "../../ports/usage-fact.ts";
import type { RunStorage } from "../storage.ts";

/** `refused`: the ledger has other content under this fact's key; it is kept here for the audit. */
export type OutboxState = "waiting" | "committed" | "refused";

/** Usage on its way to D1. A fact enters in the transaction that settles its call, and stays until D1 has it. */
export class Outbox {
  readonly #storage: RunStorage;

  constructor(storage: RunStorage) {
    this.#storage = storage;
  }

  /** Idempotent: the same usage unit is kept once. Returns its key. */
  put(fact: UsageFact): string {
    const key = outboxKey(fact);
    this.#storage.sql.exec(
      `INSERT INTO outbox (outbox_key, fact, state) VALUES (?, ?, 'waiting')
       ON CONFLICT (outbox_key) DO NOTHING`,
      key,
      JSON.stringify(fact),
    );
    return key;
  }

  read(key: string): UsageFact | null {
    const [row] = this.#storage.sql
      .exec<{ fact: string }>("SELECT fact FROM outbox WHERE outbox_key = ?", key)
      .toArray();
    return row === undefined ? null : (JSON.parse(row.fact) as UsageFact);
  }

  /** In the order in which they happened, as the ledger's entries are to be. */
  waiting(): UsageFact[] {
    return this.#storage.sql
      .exec<{ fact: string }>("SELECT fact FROM outbox WHERE state = 'waiting'")
      .toArray()
      .map(({ fact }) => JSON.parse(fact) as UsageFact)
      .toSorted((a, b) => Date.parse(a.occurredAt) - Date.parse(b.occurredAt));
  }

  mark(fact: UsageFact, state: OutboxState): void {
    this.#storage.sql.exec(
      "UPDATE outbox SET state = ? WHERE outbox_key = ?",
      state,
      outboxKey(fact),
    );
  }

  count(state: OutboxState): number {
    const [row] = this.#storage.sql
      .exec<{ total: number }>("SELECT count(*) AS total FROM outbox WHERE state = ?", state)
      .toArray();
    return row?.total ?? 0;
  }
}

/** Names a fact as the ledger's unique key does. */
export function outboxKey(
  fact: Pick<UsageFact, "source" | "runId" | "attempt" | "usageUnitId">,
): string {
  return `${fact.source}:${sourceReference(fact)}`;
}

export function receiptIdOfKey(key: string): string {
  const colon = key.indexOf(":");
  return receiptIdOf(key.slice(0, colon) as SourceSystem, key.slice(colon + 1));
}
