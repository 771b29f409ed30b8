export interface ModelEntry {
  /** The model string, the same in request, gateway call and usage fact. */
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  /** Exact decimal text, USD per million tokens. */
  readonly inputUsdPerMTok: string;
  readonly outputUsdPerMTok: string;
  readonly cacheReadUsdPerMTok: string | null;
  readonly cacheWriteUsdPerMTok: string | null;
  readonly contextTokens: number;
  /** Whether the operator said so: a default bounds nothing. */
  readonly isContextStated: boolean;
  /** Sent upstream as the output limit, so that a hold can cover the most a call can cost. */
  readonly maxOutputTokens: number;
  readonly free: boolean;
  /** What happens upstream when a person stops a run. */
  readonly onStop: "cut" | "drain";
  readonly gateway: "demo" | "configured";
}

export interface ModelCatalog {
  readonly models: readonly ModelEntry[];
  readonly defaultModelId: string;
  find(modelId: string): ModelEntry | null;
}
