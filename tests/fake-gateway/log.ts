export interface GatewayLogEntry {
  /** 1-based order of arrival. */
  n: number;
  receivedAt: number;
  user: string;
  model: string;
  headers: {
    callId: string | null;
    spendLogsMetadata: string | null;
    hasAuthorization: boolean;
  };
  body: {
    messages: unknown;
    tools: unknown;
    maxTokens: number | null;
    maxCompletionTokens: number | null;
    stream: boolean;
    includeUsage: boolean;
    /** Names of all fields of the request body. */
    fields: string[];
  };
  /** null until a status line was sent. */
  status: number | null;
  callId: string | null;
  responseId: string | null;
  usage: Record<string, unknown> | null;
  /** What the call really cost, whatever was reported; "0" unless the status was 2xx. */
  costUsd: string;
  /** What the spend log has of the call, and when it shows it; see `spend-log.ts`. */
  spend: {
    inputTokens: number;
    outputTokens: number;
    isZero: boolean;
    lateFor: number;
    downFor: number;
  };
  tokensSent: number;
  /** The whole answer was sent. */
  finished: boolean;
  clientClosedEarly: boolean;
  open: boolean;
}

export class GatewayLog {
  #entries: GatewayLogEntry[] = [];
  #count = 0;

  add(entry: Omit<GatewayLogEntry, "n">): GatewayLogEntry {
    this.#count += 1;
    const added = { n: this.#count, ...entry };
    this.#entries.push(added);
    return added;
  }

  /** Copies; entries of calls still open go on changing inside. */
  list(userPrefix = ""): GatewayLogEntry[] {
    return this.#entries
      .filter((entry) => entry.user.startsWith(userPrefix))
      .map((entry) => structuredClone(entry));
  }

  clear(): void {
    this.#entries = [];
  }
}
