import type { D1Migration } from "cloudflare:test";
import type { Env as RunledgerEnv } from "../src/env.ts";

declare global {
  namespace Cloudflare {
    interface Env extends RunledgerEnv {
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}
