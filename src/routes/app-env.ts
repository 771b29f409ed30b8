import type { Clock } from "../base/clock.ts";
import type { Config } from "../base/config.ts";
import type { Log } from "../base/log.ts";
import type { Env } from "../env.ts";
import type { RunCatalogs } from "../run/get-run.ts";

export const scopes = ["runs:write", "runs:read", "schedules:write", "account:read"] as const;
export type Scope = (typeof scopes)[number];

export function isScope(value: unknown): value is Scope {
  return scopes.some((scope) => scope === value);
}

/** Who a request acts for. Made only from the credential. */
export interface Principal {
  kind: "person" | "service" | "key";
  accountId: string;
  /** The key that usage is attributed to; people use their account's default key. */
  virtualKeyId: string;
  scopes: ReadonlySet<Scope>;
  /** A person, or a key with every scope, no cap and no expiry: may manage keys. */
  mayManageKeys: boolean;
}

/** What the doors need; made by `compose.ts`, with nothing in it that executes. */
export interface AppDeps {
  config: Config;
  clock: Clock;
  log: Log;
  catalogs: RunCatalogs;
  defaultGraphId: string;
  version: string;
}

export interface AppEnv {
  Bindings: Env;
  Variables: { deps: AppDeps; requestId: string; principal: Principal };
}
