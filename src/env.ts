/** Bindings and variables as `wrangler.toml` and the deployment give them; `base/config.ts` parses the variables. */
export interface Env extends Partial<Record<EnvVariable, string>> {
  DB: D1Database;
  /** `run/get-run.ts` names its methods. */
  RUNS: DurableObjectNamespace;
  ASSETS: Fetcher;
  /** Absent where the platform has no rate limiting: then there is no flood guard. */
  API_RATE?: RateLimit;
}

export type EnvVariable =
  | "AUTH_MODE"
  | "ADMIN_TOKEN"
  | "API_KEY_PEPPER"
  | "ACCESS_TEAM_DOMAIN"
  | "ACCESS_AUDIENCE"
  | "ALLOWED_ORIGINS"
  | "GATEWAY_DIALECT"
  | "GATEWAY_BASE_URL"
  | "GATEWAY_API_KEY"
  | "MODEL_CATALOG"
  | "PRICE_MARKUP"
  | "RETENTION_DAYS"
  | "DEMO_PACE_MS";
