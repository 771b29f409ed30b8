import type { D1Migration } from "cloudflare:test";
import type * as productWorker from "../src/worker.ts";
import type { Env as RunledgerEnv } from "../src/env.ts";

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof productWorker;
    }
    interface Env extends RunledgerEnv {
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}
