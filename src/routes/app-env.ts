import type { Principal } from "../auth/principal.ts";
import type { Clock } from "../base/clock.ts";
import type { Config } from "../base/config.ts";
import type { Log } from "../base/log.ts";
import type { Env } from "../env.ts";
import type { RunCatalogs } from "../run/get-run.ts";

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
