import type { Books, RunStatus } from "../../../src/ports/run.ts";
import { pause } from "./host.ts";

export const adminToken = "faults-admin";

export interface RunBody {
  runId: string;
  threadId: string | null;
  graphId: string;
  trigger: string;
  scheduledFor: string | null;
  attempt: number;
  status: RunStatus;
  errorCode: string | null;
  errorMessage: string | null;
  output: string | null;
  chargedCredits: number;
  heldCredits: number;
  books: Books;
  billing: string;
}

export interface Receipt {
  receiptId: string;
  usageUnitId: string;
  sourceReference: string;
  settlement: Settlement;
  chargedCredits: number;
  attempt: number;
  /** With its corrections. */
  effective: { settlement: Settlement; costUsd: string; chargedCredits: number };
}

type Settlement = "final" | "estimated" | "unknown";

export interface Call {
  callId: string;
  dispatch: number;
  ordinal: number;
  attempt: number;
  state: string;
  nodeKey: string;
  receiptId: string | null;
}

export interface LedgerEntry {
  entryId: string;
  amountCredits: number;
  balanceAfterCredits: number;
  reason: string;
  receiptId?: string;
}

export interface Answer<Body> {
  status: number;
  body: Body;
}

export interface Sending {
  body?: unknown;
  headers?: Record<string, string>;
  /** Called each time the request has left, before it is answered. */
  onSent?: () => void;
  /** Not sent again when its answer is lost; the status is 0 then. */
  once?: boolean;
}

/** Whether the product can be reached; closed from the moment it is killed until it answers again. */
export class Gate {
  #opening = Promise.withResolvers<void>();
  isOpen = false;

  open(): void {
    this.isOpen = true;
    this.#opening.resolve();
  }

  close(): void {
    this.isOpen = false;
    this.#opening = Promise.withResolvers<void>();
  }

  passable(): Promise<void> {
    return this.isOpen ? Promise.resolve() : this.#opening.promise;
  }
}

const triesMax = 40;

/** The product's HTTP door as a stubborn client uses it: a request whose answer was lost is sent again. */
export class ProductApi {
  readonly url: string;
  readonly gate: Gate;
  /** Answers of 500 and above, by status; nothing but a death excuses them. */
  readonly serverErrors: string[] = [];

  constructor(url: string, gate: Gate) {
    this.url = url;
    this.gate = gate;
  }

  get<Body>(path: string): Promise<Answer<Body>> {
    return this.send<Body>("GET", path);
  }

  async send<Body>(method: string, path: string, options: Sending = {}): Promise<Answer<Body>> {
    for (let tries = 1; tries <= triesMax; tries += 1) {
      await this.gate.passable();
      const answer = await this.#once<Body>(method, path, options);
      if (options.once === true) return answer ?? { status: 0, body: null as Body };
      if (answer !== null && answer.status < 500) return answer;
      if (answer !== null) this.serverErrors.push(`${method} ${path}: ${answer.status}`);
      await pause(50 * tries);
    }
    throw new Error(`${method} ${path} was not answered in ${triesMax} tries`);
  }

  async #once<Body>(
    method: string,
    path: string,
    { body, headers, onSent }: Sending,
  ): Promise<Answer<Body> | null> {
    try {
      const answering = fetch(this.url + path, {
        method,
        headers: {
          ...(method === "GET" ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(20_000),
      });
      onSent?.();
      const answer = await answering;
      const text = await answer.text();
      return { status: answer.status, body: readJson(text) as Body };
    } catch {
      // Refused or broken off: the product is dead, or just died.
      return null;
    }
  }

  /** Every item of a list route, page by page. */
  async list<Item>(path: string): Promise<Item[]> {
    const items: Item[] = [];
    const join = path.includes("?") ? "&" : "?";
    for (let cursor: string | null = ""; cursor !== null;) {
      const more: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const { status, body }: Answer<{ items: Item[]; nextCursor: string | null }> = await this.get(
        `${path}${join}limit=100${more}`,
      );
      if (status !== 200) throw new Error(`${path}: ${status}`);
      items.push(...body.items);
      cursor = body.nextCursor;
    }
    return items;
  }

  /** Credits for the account that a request without credentials acts for. */
  async topUp(credits: number): Promise<void> {
    const { body } = await this.get<{ accountId: string }>("/api/v1/account");
    const { status } = await this.send("POST", `/api/v1/admin/accounts/${body.accountId}/credits`, {
      headers: { authorization: `Bearer ${adminToken}` },
      body: { credits, reason: "top_up", reference: "faults" },
    });
    if (status !== 200) throw new Error(`the top-up was answered ${status}`);
  }

  /** Fires the cron handler once, as the platform would every minute. */
  async tick(): Promise<void> {
    await this.gate.passable();
    await this.#once("GET", "/cdn-cgi/local/scheduled", {});
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
